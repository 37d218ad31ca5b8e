//! Failed calls: send-back, fallback, local retry, dropped queues, pauses.

use super::*;
use crate::node::config::{ListenerRule, MessageModel};
use crate::node::counters::Counter;
use crate::protocol::message::SendBackRequest;

fn fails() -> ListenerRule {
    ListenerRule {
        keys: Vec::new(),
        tags: Vec::new(),
        from: SimTime::ZERO,
        until: SimTime::MAX,
        attempts_below: u32::MAX,
        probability: 1.0,
        of_messages: false,
        fails: true,
        service_time: None,
    }
}

fn failing(millis: u64, rule: ListenerRule) -> ConsumerConfig {
    ConsumerConfig { listener: vec![rule], ..service(millis) }
}

impl Stage {
    /// The send-back under way.
    fn send_back(&mut self) -> (Correlation, SendBackRequest) {
        let found =
            self.asked.iter().position(|(.., body)| matches!(body, Body::SendBack(_))).expect("one is under way");
        match self.asked.remove(found) {
            (_, correlation, Body::SendBack(request)) => (correlation, *request),
            other => panic!("{other:?}"),
        }
    }

    fn returned(&mut self, now: SimTime, taken: bool) -> u64 {
        let (correlation, request) = self.send_back();
        self.tell(now, Address::Broker(BrokerIx(0)), correlation, Body::Returned(taken));
        request.offset
    }

    fn fates(&mut self) -> Vec<(u64, Fate)> {
        std::mem::take(&mut self.deliveries).iter().map(|delivery| (delivery.offset, delivery.fate)).collect()
    }

    fn offset(&mut self, now: SimTime) -> Option<u64> {
        self.settle(now);
        self.consumer.assigned_to(QueueIx(0)).unwrap().offset
    }

    fn count(&self, counter: Counter) -> u64 {
        self.out.counters.get(counter, Some(GROUP))
    }
}

#[test]
fn a_failed_message_holds_the_offset_until_the_broker_has_taken_it() {
    let mut stage = Stage::owner(failing(10, ListenerRule { until: at(105), ..fails() }));
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 1);
    stage.found(at(108), PullRequest { offset: 1, ..request }, 1);
    assert_eq!(stage.fire(Timer::ListenerReturn), at(110));
    assert_eq!(stage.fates(), [(0, Fate::Failed)]);
    assert_eq!(stage.offset(at(119)), Some(0), "message 1 is done, message 0 is not");
    let (correlation, sent) = stage.send_back();
    assert_eq!((sent.queue, sent.offset, sent.delay_level, sent.max_reconsume_times), (QueueIx(0), 0, 0, 16));
    stage.tell(at(120), Address::Broker(BrokerIx(0)), correlation, Body::Returned(true));
    assert_eq!(stage.fates(), [(0, Fate::SentBack)]);
    assert_eq!(stage.offset(at(120)), Some(2));
    assert_eq!((stage.count(Counter::Failures), stage.count(Counter::LocalRetries)), (1, 0));
}

#[test]
fn a_whole_batch_is_sent_back_one_after_another_in_its_thread() {
    let mut config = failing(10, ListenerRule { until: at(1_001), ..fails() });
    (config.consume_message_batch_max_size, config.consume_thread_min) = (3, 1);
    let mut stage = Stage::owner(config);
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 4);
    // The first message fails after 10 ms; three send-backs of 1 ms are reserved before the next call begins.
    let starts: Vec<u64> = stage.consumer.rows_of(QueueIx(0)).map(|row| row.start.as_millis()).collect();
    assert_eq!(starts, [1_000, 1_000, 1_000, 1_013]);
    stage.fire(Timer::ListenerReturn);
    for (offset, now) in [(0, 1_012), (1, 1_015), (2, 1_016)] {
        assert!(stage.offset(at(now)).is_none_or(|known| known == 0), "the batch leaves as a whole");
        assert_eq!(stage.returned(at(now), true), offset);
    }
    assert!(!stage.asked.iter().any(|(.., body)| matches!(body, Body::SendBack(_))));
    assert_eq!(stage.offset(at(1_016)), Some(3));
}

#[test]
fn with_an_ack_index_what_came_before_the_failure_is_acknowledged() {
    let mut config = failing(10, ListenerRule { keys: vec![NO_KEY], ..fails() });
    (config.consume_message_batch_max_size, config.ack_index) = (4, true);
    let mut stage = Stage::owner(config);
    let request = one_queue(&mut stage);
    let mut batch: Vec<Pulled> = (0..4).map(pulled).collect();
    (batch[0].message.key, batch[1].message.key, batch[3].message.key) = (1, 1, 1);
    stage.reply(at(1_000), request, PullCode::Success, 4, batch);
    assert_eq!(stage.fire(Timer::ListenerReturn), at(1_030), "the fourth is not worked on");
    assert_eq!((stage.returned(at(1_031), true), stage.returned(at(1_032), true)), (2, 3));
    use Fate::{Acknowledged, Failed, SentBack};
    let expected = [(2, Failed), (3, Failed), (2, SentBack), (3, SentBack), (0, Acknowledged), (1, Acknowledged)];
    assert_eq!(stage.fates(), expected);
    assert_eq!(stage.offset(at(1_032)), Some(4));
}

#[test]
fn what_no_broker_takes_is_consumed_again_after_five_seconds() {
    let mut stage = Stage::owner(failing(10, ListenerRule { attempts_below: 2, ..fails() }));
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 1);
    assert_eq!(stage.fire(Timer::ListenerReturn), at(1_010));
    stage.returned(at(1_020), false);
    assert_eq!(stage.fire(Timer::ListenerReturn), at(6_020), "submitted again");
    assert_eq!(stage.fire(Timer::ListenerReturn), at(6_030));
    stage.returned(at(6_040), false);
    assert_eq!(stage.count(Counter::LocalRetries), 2);
    assert_eq!(stage.offset(at(11_000)), Some(0), "nothing has left the process queue");
    assert_eq!(stage.fire(Timer::ListenerReturn), at(11_040));
    assert_eq!(stage.settle(at(11_050)), [(0, Fate::Acknowledged)], "the third attempt succeeds");
    assert_eq!(stage.offset(at(11_050)), Some(1));
}

#[test]
fn a_silent_broker_costs_five_seconds() {
    let mut stage = Stage::owner(failing(10, fails()));
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 1);
    stage.fire(Timer::ListenerReturn);
    assert_eq!(stage.fire(Timer::SendBackTimeout), at(6_010));
    assert_eq!(stage.count(Counter::LocalRetries), 1, "without a route of the retry topic there is no second way");
    stage.returned(at(6_500), true);
    assert!(stage.fates().iter().all(|(_, fate)| *fate == Fate::Failed), "a late answer is nobody's");
    assert_eq!(stage.armed(Timer::ListenerReturn), Some(at(11_010)));
}

#[test]
fn the_failure_of_a_queue_given_up_is_ignored() {
    let mut stage = Stage::owner(failing(50, fails()));
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 4);
    stage.notice(at(1_010));
    stage.come_up(at(1_010), &[0, 1]);
    assert!(!stage.consumer.owns(QueueIx(0)));
    stage.fire(Timer::ListenerReturn);
    assert!(!stage.asked.iter().any(|(.., body)| matches!(body, Body::SendBack(_))));
    assert_eq!(stage.settle(at(2_000)), [(0, Fate::Ignored), (1, Fate::Ignored)], "two threads had begun");
}

#[test]
fn a_broadcasting_member_drops_what_fails() {
    // From the first offset: then a broadcasting member asks nobody where it begins.
    let config = ConsumerConfig {
        message_model: MessageModel::Broadcasting,
        consume_from_where: ConsumeFromWhere::FirstOffset,
        ..failing(10, fails())
    };
    let mut stage = Stage::with(config);
    stage.start();
    stage.come_up(at(0), &[1]);
    stage.fire(Timer::RebalanceWork);
    for (token, when) in std::mem::take(&mut stage.pulls) {
        stage.pull(when, token);
    }
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 2);
    stage.fire(Timer::ListenerReturn);
    assert_eq!(stage.fates(), [(0, Fate::Dropped), (1, Fate::Dropped)]);
    assert_eq!((stage.offset(at(1_010)), stage.count(Counter::Dropped)), (Some(2), 2));
}

#[test]
fn calls_that_a_pause_shifts_are_judged_by_when_they_begin() {
    let mut stage = Stage::owner(failing(100, ListenerRule { until: at(5_000), ..fails() }));
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 4);
    stage.consumer.on_frozen(at(1_050), &mut stage.out);
    stage.consumer.on_thawed(at(10_000), &mut stage.out);
    stage.sort();
    let held: Vec<(u64, bool)> =
        stage.consumer.rows_of(QueueIx(0)).map(|row| (row.end.as_millis(), row.held)).collect();
    // Their threads are reserved for a send-back of 1 ms.
    assert_eq!(held, [(10_000, true), (10_000, true), (10_101, false), (10_101, false)]);
    assert_eq!(stage.fire(Timer::ListenerReturn), at(1_100), "the timer that ran out in the pause");
    assert_eq!(stage.armed(Timer::ListenerReturn), Some(at(10_000)));
    stage.fire(Timer::ListenerReturn);
    assert_eq!((stage.returned(at(10_001), true), stage.returned(at(10_002), true)), (0, 1));
    stage.settle(at(10_101));
    assert_eq!(stage.offset(at(10_101)), Some(4));
}

#[test]
fn a_shutdown_forgets_what_was_to_be_sent_back() {
    let mut stage = Stage::owner(failing(10, fails()));
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 1);
    stage.fire(Timer::ListenerReturn);
    let (correlation, _) = stage.send_back();
    stage.consumer.on_shutdown(at(1_011), &mut stage.out);
    stage.sort();
    stage.tell(at(1_012), Address::Broker(BrokerIx(0)), correlation, Body::Returned(true));
    assert_eq!(stage.fates(), [(0, Fate::Failed)]);
}
