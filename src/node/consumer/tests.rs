//! The consumer through its inputs and its outbox.

use std::rc::Rc;

use super::{Consumer, ConsumerParts};
use crate::consume::allocate::Averagely;
use crate::kernel::dist::Distribution;
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::allocation::{Allocations, GroupStrategy, Names};
use crate::node::config::{ClientConfig, ConsumeFromWhere, ConsumerConfig};
use crate::node::fact::{Fact, RebalanceTrigger};
use crate::node::outbox::{Delivery, Effect, Fate, Outbox, Timer};
use crate::protocol::address::{Address, Channel};
use crate::protocol::directory::Directory;
use crate::protocol::message::{Body, Correlation, Envelope, PullCode, PullReply, PullRequest};
use crate::protocol::route::{QueueData, TEMPLATE_TOPIC, TopicRoute};
use crate::store::get_message::Pulled;
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, NameserverIx, QueueIx, TopicIx};
use crate::store::message::{Message, NO_KEY};

const ME: InstanceIx = InstanceIx(0);
const GROUP: GroupIx = GroupIx(0);
const TOPIC: TopicIx = TopicIx(0);
const QUEUES: u32 = 4;

fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

fn constant(millis: u64) -> Distribution {
    Distribution::constant_duration(SimDuration::from_millis(millis))
}

/// A consumer alone with the network: two brokers of two queues each, itself client 1 of 3.
struct Stage {
    consumer: Consumer,
    allocations: Allocations,
    out: Outbox,
    /// The latest request of each kind that waits for an answer.
    asked: Vec<(Address, Correlation, Body)>,
    timers: Vec<(Timer, SimTime)>,
    pulls: Vec<(u32, SimTime)>,
    fixes: Vec<(u32, SimTime)>,
    facts: Vec<Fact>,
    deliveries: Vec<Delivery>,
    exited: bool,
}

impl Stage {
    fn with(config: ConsumerConfig) -> Self {
        let config =
            ConsumerConfig { client: ClientConfig { handling: Distribution::Constant(0), ..config.client }, ..config };
        let queues = (0..2).flat_map(|broker| (0..QUEUES / 2).map(move |id| (TOPIC, BrokerIx(broker), id)));
        let directory = Rc::new(Directory::new(1, 2, queues));
        let names = Names {
            topics: vec!["topic".into()],
            brokers: vec!["a".into(), "b".into()],
            clients: (0..3).map(|client| format!("client-{client}")).collect(),
        };
        let strategy = GroupStrategy { strategy: Box::new(Averagely), configured: Vec::new() };
        let streams = Streams::new(7);
        let consumer = Consumer::new(ConsumerParts {
            me: ME,
            group: GROUP,
            topics: vec![TOPIC],
            config,
            directory,
            nameservers: 1,
            stream: streams.stream("consumer", "client"),
            service_stream: streams.stream("consumer", "service"),
        });
        Self {
            consumer,
            allocations: Allocations::new(names, vec![strategy]),
            out: Outbox::default(),
            asked: Vec::new(),
            timers: Vec::new(),
            pulls: Vec::new(),
            fixes: Vec::new(),
            facts: Vec::new(),
            deliveries: Vec::new(),
            exited: false,
        }
    }

    /// A member that has all four queues of the topic, stored offset 0 each, and whose pulls are out at `now`.
    fn owner(config: ConsumerConfig) -> Self {
        let mut stage = Self::with(config);
        stage.start();
        stage.come_up(at(0), &[1]);
        for (token, when) in std::mem::take(&mut stage.pulls) {
            stage.pull(when, token);
        }
        stage.facts.clear();
        stage
    }

    fn start(&mut self) {
        self.consumer.on_start(at(0), ClientIx(1), &mut self.out);
        self.sort();
    }

    /// Sorts the outbox into what is asked, armed and recorded.
    fn sort(&mut self) {
        for effect in std::mem::take(&mut self.out.effects) {
            match effect {
                Effect::Send { to, correlation, body, .. } => self.asked.push((to, correlation, body)),
                Effect::Arm(timer, when) => {
                    self.timers.retain(|(armed, _)| *armed != timer);
                    self.timers.push((timer, when));
                }
                Effect::Disarm(timer) => self.timers.retain(|(armed, _)| *armed != timer),
                Effect::PullAt(token, when) => self.pulls.push((token, when)),
                Effect::FixOffsetAt(token, when) => self.fixes.push((token, when)),
                Effect::Fact(fact) => self.facts.push(fact),
                Effect::Exit => self.exited = true,
                other => panic!("{other:?}"),
            }
        }
        self.deliveries.append(&mut self.out.deliveries);
    }

    fn tell(&mut self, now: SimTime, from: Address, correlation: Correlation, body: Body) {
        let channel = Channel { client: Address::Consumer(ME), epoch: 1 };
        let envelope = Envelope { from, to: Address::Consumer(ME), channel, correlation, body };
        self.consumer.on_message(now, envelope, &mut self.allocations, &mut self.out);
        self.sort();
    }

    fn fire(&mut self, timer: Timer) -> SimTime {
        let position = self.timers.iter().position(|(armed, _)| *armed == timer).expect("it is armed");
        let (_, when) = self.timers.remove(position);
        self.consumer.on_timer(when, timer, &mut self.allocations, &mut self.out);
        self.sort();
        when
    }

    fn armed(&self, timer: Timer) -> Option<SimTime> {
        self.timers.iter().find(|(armed, _)| *armed == timer).map(|(_, when)| *when)
    }

    fn pull(&mut self, now: SimTime, token: u32) {
        self.consumer.on_pull(now, token, &mut self.out);
        self.sort();
    }

    /// Takes the oldest request that expects an answer.
    fn next_call(&mut self) -> (Address, Correlation, Body) {
        let position = self.asked.iter().position(|(_, correlation, _)| *correlation != Correlation::ONEWAY);
        self.asked.remove(position.expect("a call is under way"))
    }

    /// Takes the one-way messages sent so far.
    fn sent(&mut self) -> Vec<(Address, Body)> {
        let oneway = |entry: &(Address, Correlation, Body)| entry.1 == Correlation::ONEWAY;
        let sent = self.asked.iter().filter(|entry| oneway(entry)).map(|(to, _, body)| (*to, body.clone())).collect();
        self.asked.retain(|entry| !oneway(entry));
        sent
    }

    fn pulls_sent(&mut self) -> Vec<PullRequest> {
        let pull = |(_, body)| match body {
            Body::Pull(request) => Some(request),
            _ => None,
        };
        self.sent().into_iter().filter_map(pull).collect()
    }

    fn offsets_sent(&mut self) -> Vec<(QueueIx, u64)> {
        let offsets = |(_, body)| match body {
            Body::UpdateOffsets { offsets, .. } => Some(offsets),
            _ => None,
        };
        self.sent().into_iter().filter_map(offsets).flatten().collect()
    }

    /// Answers the call under way as a cluster with these members and no stored offsets would; returns what was asked.
    fn answer(&mut self, now: SimTime, members: &[u32]) -> (Address, Body) {
        let (to, correlation, body) = self.next_call();
        let reply = match &body {
            Body::GetRoute(topic) => Body::RouteReply(Some(route(*topic))),
            Body::Heartbeat(_) => Body::HeartbeatReply,
            Body::GetConsumerList(_) => Body::ConsumerList(Some(members.iter().map(|id| ClientIx(*id)).collect())),
            Body::QueryOffset(..) => Body::Offset(Some(0)),
            Body::UnregisterClient(_) => Body::UnregisterReply,
            other => panic!("{other:?}"),
        };
        self.tell(now, to, correlation, reply);
        (to, body)
    }

    /// Answers everything, one call after another.
    fn come_up(&mut self, now: SimTime, members: &[u32]) -> Vec<(Address, Body)> {
        let mut asked = Vec::new();
        while self.asked.iter().any(|(_, correlation, _)| *correlation != Correlation::ONEWAY) {
            asked.push(self.answer(now, members));
        }
        asked
    }

    fn found(&mut self, now: SimTime, request: PullRequest, count: u64) {
        let batch: Vec<Pulled> = (request.offset..request.offset + count).map(pulled).collect();
        self.reply(now, request, PullCode::Success, request.offset + count, batch);
    }

    fn reply(&mut self, now: SimTime, request: PullRequest, code: PullCode, next: u64, batch: Vec<Pulled>) {
        let reply = PullReply { queue: request.queue, token: request.token, code, next_begin_offset: next, batch };
        self.tell(now, Address::Broker(BrokerIx(0)), Correlation::ONEWAY, Body::PullReply(reply));
    }

    fn notice(&mut self, now: SimTime) {
        let body = Body::NotifyConsumerIdsChanged(GROUP);
        self.tell(now, Address::Broker(BrokerIx(0)), Correlation::ONEWAY, body);
    }

    fn settle(&mut self, now: SimTime) -> Vec<(u64, Fate)> {
        self.consumer.settle(now, &mut self.out);
        self.sort();
        std::mem::take(&mut self.deliveries).iter().map(|delivery| (delivery.offset, delivery.fate)).collect()
    }
}

fn route(topic: TopicIx) -> Rc<TopicRoute> {
    let count = if topic == TEMPLATE_TOPIC { 8 } else { QUEUES / 2 };
    let data = |broker| QueueData { broker: BrokerIx(broker), read_queue_nums: count, write_queue_nums: count };
    Rc::new(TopicRoute { queue_datas: vec![data(0), data(1)] })
}

fn pulled(offset: u64) -> Pulled {
    let message =
        Message { physical: 0, stored_at: at(0), born_at: at(0), size: 600, body: 500, key: NO_KEY, class: 0 };
    Pulled { offset, message }
}

fn one_queue(stage: &mut Stage) -> PullRequest {
    let requests = stage.pulls_sent();
    *requests.iter().find(|request| request.queue == QueueIx(0)).expect("queue 0 is pulled")
}

fn service(millis: u64) -> ConsumerConfig {
    ConsumerConfig { service_time: constant(millis), consume_thread_min: 2, ..ConsumerConfig::default() }
}

#[test]
fn a_start_asks_for_its_routes_heartbeats_to_all_brokers_then_rebalances() {
    let mut stage = Stage::with(ConsumerConfig::default());
    stage.start();
    assert_eq!(stage.armed(Timer::Scheduler), Some(at(10)), "the first route poll");
    assert_eq!(stage.armed(Timer::RebalanceWait), Some(at(20_000)));
    let asked = stage.come_up(at(5), &[0, 1]);
    let words: Vec<String> = asked
        .iter()
        .map(|(to, body)| match (to, body) {
            (_, Body::GetRoute(topic)) => format!("route {}", topic.0),
            (Address::Broker(broker), Body::Heartbeat(_)) => format!("heartbeat {}", broker.0),
            (_, Body::GetConsumerList(_)) => "members".into(),
            (Address::Broker(broker), Body::QueryOffset(_, queue)) => format!("offset {} at {}", queue.0, broker.0),
            other => panic!("{other:?}"),
        })
        .collect();
    // The second of two members gets the second half; the change is told to every broker.
    assert_eq!(
        words,
        [
            "route 0",
            "heartbeat 0",
            "heartbeat 1",
            "members",
            "offset 2 at 1",
            "offset 3 at 1",
            "heartbeat 0",
            "heartbeat 1"
        ]
    );
    assert!(stage.consumer.owns(QueueIx(2)) && stage.consumer.owns(QueueIx(3)) && stage.consumer.owned() == 2);
    assert_eq!(stage.armed(Timer::RebalanceWait), Some(at(20_005)), "20 s after the end of the run");
    assert_eq!(stage.pulls.len(), 2);
}

#[test]
fn a_start_delay_puts_off_everything() {
    let mut stage = Stage::with(ConsumerConfig { start_delay: constant(300), ..ConsumerConfig::default() });
    stage.start();
    assert!(stage.asked.is_empty() && stage.timers == [(Timer::Started, at(300))]);
    stage.fire(Timer::Started);
    assert_eq!(stage.armed(Timer::Scheduler), Some(at(310)));
}

#[test]
fn the_scheduler_polls_at_10_ms_heartbeats_at_1_s_and_persists_at_10_s_at_fixed_rates() {
    let mut stage = Stage::with(ConsumerConfig::default());
    stage.start();
    stage.come_up(at(1), &[1]);
    let mut kinds = Vec::new();
    while kinds.len() < 9 {
        let when = stage.fire(Timer::Scheduler);
        let asked = stage.come_up(when, &[1]);
        let kind = match asked.first() {
            Some((_, Body::GetRoute(_))) => "poll",
            Some((_, Body::Heartbeat(_))) => "heartbeat",
            _ if !stage.offsets_sent().is_empty() => "persist",
            _ => "nothing",
        };
        kinds.push((when.as_millis(), kind));
    }
    let expected = [
        (10, "poll"),
        (1_000, "heartbeat"),
        (10_000, "persist"),
        (15_000, "persist"),
        (20_000, "persist"),
        (25_000, "persist"),
        (30_000, "persist"),
        (30_010, "poll"),
        (31_000, "heartbeat"),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_shutdown_during_the_start_unregisters_and_ends_instead_of_going_on_with_the_start() {
    let mut stage = Stage::with(ConsumerConfig::default());
    stage.start();
    stage.answer(at(1), &[]);
    let heartbeat = stage.next_call();
    assert!(matches!(heartbeat.2, Body::Heartbeat(_)));
    stage.consumer.on_shutdown(at(2), &mut stage.out);
    stage.sort();
    stage.tell(at(3), heartbeat.0, heartbeat.1, Body::HeartbeatReply);
    let asked = stage.come_up(at(4), &[]);
    let brokers: Vec<Address> = asked.iter().map(|(to, _)| *to).collect();
    assert!(asked.iter().all(|(_, body)| matches!(body, Body::UnregisterClient(Some(GROUP)))), "{asked:?}");
    assert_eq!(brokers, [Address::Broker(BrokerIx(0)), Address::Broker(BrokerIx(1))]);
    assert!(stage.exited && stage.timers.is_empty(), "{:?}", stage.timers);
}

#[test]
fn a_shutdown_sends_the_offsets_before_it_unregisters_and_cuts_listener_calls_off() {
    let mut stage = Stage::owner(service(10));
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 4);
    stage.consumer.on_shutdown(at(115), &mut stage.out);
    stage.sort();
    let fates: Vec<(u64, Fate)> = stage.deliveries.iter().map(|delivery| (delivery.offset, delivery.fate)).collect();
    use Fate::{Acknowledged, CutOff};
    assert_eq!(fates, [(0, Acknowledged), (1, Acknowledged), (2, CutOff), (3, CutOff)]);
    let order: Vec<bool> = stage.asked.iter().map(|(_, _, body)| matches!(body, Body::UnregisterClient(_))).collect();
    assert_eq!(order.last(), Some(&true));
    assert_eq!(stage.offsets_sent()[0], (QueueIx(0), 2));
    assert_eq!(stage.consumer.owned(), 0);
}

#[test]
fn a_notice_during_a_rebalance_runs_one_more_and_several_run_only_one() {
    let mut stage = Stage::owner(ConsumerConfig::default());
    stage.notice(at(50));
    stage.notice(at(51));
    stage.notice(at(52));
    assert_eq!(stage.consumer.counters.notices, 3);
    let asked = stage.come_up(at(60), &[1]);
    assert_eq!(asked.iter().filter(|(_, body)| matches!(body, Body::GetConsumerList(_))).count(), 2);
    let triggers: Vec<RebalanceTrigger> = stage
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Rebalanced { trigger, .. } => Some(*trigger),
            _ => None,
        })
        .collect();
    assert_eq!(triggers, [RebalanceTrigger::Notice(BrokerIx(0)); 2]);
    assert_eq!(stage.armed(Timer::RebalanceWait), Some(at(20_060)));
}

#[test]
fn a_rebalance_without_a_member_list_changes_nothing() {
    let mut stage = Stage::owner(ConsumerConfig::default());
    stage.notice(at(50));
    let (to, correlation, _) = stage.next_call();
    stage.tell(at(51), to, correlation, Body::ConsumerList(None));
    assert_eq!(stage.consumer.owned(), 4);
    stage.notice(at(60));
    assert_eq!(stage.armed(Timer::RebalanceCall), Some(at(3_060)));
    stage.fire(Timer::RebalanceCall);
    assert_eq!(stage.consumer.owned(), 4, "nor does one that times out");
    assert_eq!(stage.armed(Timer::RebalanceWait), Some(at(23_060)));
}

#[test]
fn a_member_that_the_list_does_not_name_gives_up_everything() {
    let mut stage = Stage::owner(ConsumerConfig::default());
    stage.notice(at(50));
    stage.come_up(at(51), &[0, 2]);
    assert_eq!(stage.consumer.owned(), 0);
}

#[test]
fn a_queue_given_up_sends_its_lowest_unfinished_offset_and_ignores_later_results() {
    let mut stage = Stage::owner(service(10));
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 4);
    stage.sent();
    // Two threads: 0 and 1 end at 110, 2 and 3 at 120. At 112 the queue goes to another member.
    stage.notice(at(112));
    stage.come_up(at(112), &[0, 1]);
    assert!(!stage.consumer.owns(QueueIx(0)) && stage.consumer.owns(QueueIx(2)));
    assert_eq!(stage.offsets_sent(), [(QueueIx(0), 2), (QueueIx(1), 0)]);
    let revoked = |fact: &Fact| matches!(fact, Fact::Revoked { queues, .. } if *queues == [QueueIx(0), QueueIx(1)]);
    assert!(stage.facts.iter().any(revoked), "{:?}", stage.facts);
    use Fate::{Acknowledged, Ignored};
    assert_eq!(stage.settle(at(500)), [(0, Acknowledged), (1, Acknowledged), (2, Ignored), (3, Ignored)]);
    stage.fire(Timer::Scheduler);
    assert!(stage.offsets_sent().iter().all(|(queue, _)| queue.0 >= 2), "only queues of the table are persisted");
}

#[test]
fn what_waits_for_a_thread_is_discarded_with_its_queue_and_makes_room_for_the_others() {
    let mut stage = Stage::owner(service(1_000));
    let requests = stage.pulls_sent();
    let of = |queue| *requests.iter().find(|request| request.queue == QueueIx(queue)).unwrap();
    stage.found(at(100), of(0), 10);
    stage.found(at(100), of(2), 2);
    // The second of queue 2 would begin after ten of queue 0 on two threads.
    stage.notice(at(200));
    stage.come_up(at(200), &[0, 1]);
    let ends: Vec<u64> = stage.consumer.rows_of(QueueIx(2)).map(|row| row.end.as_millis()).collect();
    assert_eq!(ends, [2_100, 2_100], "both threads are free at 1100");
    use Fate::{Acknowledged, Ignored};
    assert_eq!(stage.settle(at(5_000)), [(0, Acknowledged), (1, Acknowledged), (0, Ignored), (1, Ignored)]);
}

#[test]
fn an_answer_to_a_queue_given_up_and_taken_again_does_not_reach_the_new_one() {
    let mut stage = Stage::owner(service(1));
    let request = one_queue(&mut stage);
    stage.notice(at(50));
    stage.come_up(at(50), &[0, 1]);
    stage.notice(at(60));
    stage.come_up(at(60), &[1]);
    assert!(stage.consumer.owns(QueueIx(0)));
    stage.found(at(70), request, 5);
    assert_eq!(stage.consumer.rows_of(QueueIx(0)).count(), 0);
    assert!(stage.pulls_sent().is_empty(), "the old pull request is dead");
}

#[test]
fn pulls_commit_the_offset_in_memory_only_above_0() {
    let mut stage = Stage::owner(service(1));
    let request = one_queue(&mut stage);
    assert_eq!((request.offset, request.commit_offset), (0, None));
    stage.found(at(100), request, 3);
    let next = stage.pulls_sent();
    assert_eq!((next[0].offset, next[0].commit_offset), (3, None), "nothing is finished");
    stage.found(at(200), next[0], 2);
    let next = stage.pulls_sent();
    assert_eq!((next[0].offset, next[0].commit_offset), (5, Some(3)));
}

#[test]
fn one_slow_message_holds_the_offset_back() {
    let slow_first = Distribution::Empirical(vec![(50_000_000, 0.5), (1_000_000, 0.5)]);
    let config = ConsumerConfig { service_time: slow_first, consume_thread_min: 20, ..ConsumerConfig::default() };
    let mut stage = Stage::owner(config);
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 16);
    let slow: Vec<u64> = stage
        .consumer
        .rows_of(QueueIx(0))
        .filter(|row| row.end.since(row.start) == SimDuration::from_millis(50))
        .map(|row| row.offset)
        .collect();
    let first_slow = slow[0];
    assert!(slow.len() > 2 && slow.len() < 14, "{slow:?}");
    let committed = |stage: &mut Stage, now| {
        stage.settle(now);
        stage.consumer.assigned_to(QueueIx(0)).unwrap().offset
    };
    assert_eq!(committed(&mut stage, at(120)), Some(first_slow));
    assert_eq!(committed(&mut stage, at(150)), Some(16));
}

#[test]
fn an_empty_answer_moves_the_offset_when_nothing_is_cached() {
    let mut stage = Stage::owner(service(100));
    let request = one_queue(&mut stage);
    stage.reply(at(50), request, PullCode::PullRetryImmediately, 40, Vec::new());
    let next = stage.pulls_sent();
    assert_eq!((next[0].offset, next[0].commit_offset), (40, Some(40)));
    stage.found(at(60), next[0], 1);
    let next = stage.pulls_sent();
    stage.reply(at(70), next[0], PullCode::PullNotFound, 45, Vec::new());
    let next = stage.pulls_sent();
    assert_eq!((next[0].offset, next[0].commit_offset), (45, Some(40)), "40 is being consumed");
}

#[test]
fn more_messages_than_the_threshold_put_the_pull_off_in_steps_of_50_ms() {
    let mut stage = Stage::owner(ConsumerConfig { pull_threshold_for_queue: 3, ..service(1_000) });
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 3);
    let next = stage.pulls_sent();
    assert_eq!(next.len(), 1, "three are not more than three");
    stage.found(at(100), next[0], 4);
    assert!(stage.pulls_sent().is_empty());
    assert_eq!(stage.pulls, [(request.token, at(150))]);
    stage.pulls.clear();
    stage.pull(at(150), request.token);
    assert_eq!(stage.pulls, [(request.token, at(200))]);
    assert_eq!(stage.consumer.counters.flow_controlled, 2);
    stage.pull(at(3_100), request.token);
    assert_eq!(stage.pulls_sent().len(), 1, "one is left after six of seven");
}

#[test]
fn whole_mebibytes_above_the_limit_put_the_pull_off() {
    let mut stage = Stage::owner(ConsumerConfig { pull_threshold_size_for_queue: 1, ..service(1_000) });
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    let big = |offset, body| {
        let mut big = pulled(offset);
        big.message.body = body;
        big
    };
    stage.reply(at(100), request, PullCode::Success, 1, vec![big(0, (2 << 20) - 1)]);
    let next = stage.pulls_sent();
    assert_eq!(next.len(), 1, "less than two whole MiB");
    stage.reply(at(100), next[0], PullCode::Success, 2, vec![big(1, 1)]);
    assert_eq!((stage.pulls_sent().len(), stage.pulls.len()), (0, 1));
}

#[test]
fn a_span_above_the_limit_puts_the_pull_off_even_when_few_messages_are_left() {
    let law = Distribution::Empirical(vec![(60_000_000_000, 0.1), (1_000_000, 0.9)]);
    let config = ConsumerConfig {
        service_time: law,
        consume_thread_min: 20,
        consume_concurrently_max_span: 60,
        ..ConsumerConfig::default()
    };
    let mut stage = Stage::owner(config);
    stage.pulls.clear();
    let mut request = one_queue(&mut stage);
    for round in 1..10 {
        stage.found(at(round * 100), request, 32);
        let Some(next) = stage.pulls_sent().first().copied() else { break };
        request = next;
    }
    let unfinished: Vec<u64> =
        stage.consumer.rows_of(QueueIx(0)).filter(|row| row.end > at(999)).map(|row| row.offset).collect();
    assert_eq!(stage.pulls.len(), 1);
    assert!(unfinished.last().unwrap() - unfinished[0] > 60, "{unfinished:?}");
    assert!(unfinished.len() < 40, "{unfinished:?}");
}

#[test]
fn thresholds_for_a_topic_are_divided_by_the_queues_of_the_consumer() {
    let mut stage = Stage::owner(ConsumerConfig { pull_threshold_for_topic: 9, ..service(1_000) });
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 3);
    assert_eq!((stage.pulls_sent().len(), stage.pulls.len()), (0, 1), "three are more than 9 / 4");
}

#[test]
fn a_refused_pull_is_tried_again_after_a_second() {
    let mut stage = Stage::owner(service(1));
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.reply(at(100), request, PullCode::SubscriptionNotLatest, 0, Vec::new());
    assert_eq!(stage.pulls, [(request.token, at(1_100))]);
    stage.pull(at(1_100), request.token);
    assert_eq!(stage.pulls_sent()[0].offset, request.offset);
}

#[test]
fn a_pull_interval_separates_pulls_that_found_something() {
    let mut stage = Stage::owner(ConsumerConfig { pull_interval: SimDuration::from_millis(30), ..service(1) });
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 1);
    assert_eq!(stage.pulls, [(request.token, at(130))]);
    assert!(stage.pulls_sent().is_empty());
}

#[test]
fn an_illegal_offset_stops_its_queue_for_10_s_then_it_is_stored_and_the_queue_removed() {
    let mut stage = Stage::owner(service(1));
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.reply(at(100), request, PullCode::PullOffsetMoved, 777, Vec::new());
    assert!(stage.pulls.is_empty() && stage.pulls_sent().is_empty());
    assert_eq!(stage.fixes, [(request.token, at(10_100))]);
    assert!(stage.consumer.owns(QueueIx(0)));
    stage.consumer.on_fix_offset(at(10_100), request.token, &mut stage.out);
    stage.sort();
    assert_eq!(stage.offsets_sent(), [(QueueIx(0), 777)]);
    assert!(!stage.consumer.owns(QueueIx(0)), "the next rebalance brings it back");
    stage.notice(at(10_200));
    stage.come_up(at(10_200), &[1]);
    assert!(stage.consumer.owns(QueueIx(0)));
}

#[test]
fn a_process_queue_not_pulled_for_more_than_120_s_is_rebuilt() {
    let mut stage = Stage::owner(ConsumerConfig::default());
    for now in [120_000, 120_001] {
        stage.facts.clear();
        stage.notice(at(now));
        stage.come_up(at(now), &[1]);
        let taken = stage.facts.iter().filter(|fact| matches!(fact, Fact::Assigned { .. })).count();
        assert_eq!(taken, if now == 120_000 { 0 } else { 4 }, "{now}");
    }
}

#[test]
fn where_nothing_is_stored_consume_from_where_decides() {
    let begin = |from, at_start: Option<u64>| {
        let config = ConsumerConfig {
            consume_from_where: from,
            consume_timestamp: at_start.map(SimDuration::from_secs),
            ..ConsumerConfig::default()
        };
        let mut stage = Stage::with(config);
        stage.start();
        while !matches!(stage.asked.last(), Some((_, _, Body::QueryOffset(..)))) {
            stage.answer(at(5), &[1]);
        }
        let (to, correlation, _) = stage.next_call();
        stage.tell(at(6), to, correlation, Body::Offset(None));
        stage
    };
    let stage = begin(ConsumeFromWhere::FirstOffset, None);
    let first = stage.consumer.assigned_to(QueueIx(0)).expect("taken at once");
    assert_eq!((first.next_offset, first.offset), (0, None), "not stored, so nothing to commit yet");
    let mut stage = begin(ConsumeFromWhere::LastOffset, None);
    let (to, correlation, body) = stage.next_call();
    assert!(matches!(body, Body::MaxOffset(QueueIx(0))));
    stage.tell(at(7), to, correlation, Body::Offset(Some(42)));
    assert_eq!(stage.consumer.assigned_to(QueueIx(0)).map(|held| held.next_offset), Some(42));
    let mut stage = begin(ConsumeFromWhere::Timestamp, Some(3));
    assert!(matches!(stage.next_call().2, Body::SearchOffset(QueueIx(0), time) if time == at(3_000)));
    let mut stage = begin(ConsumeFromWhere::LastOffset, None);
    stage.next_call();
    stage.fire(Timer::RebalanceCall);
    assert!(!stage.consumer.owns(QueueIx(0)), "no answer: tried again at the next run");
    assert!(matches!(stage.next_call().2, Body::QueryOffset(GROUP, QueueIx(1))), "the others go on");
}

#[test]
fn a_freeze_lets_running_calls_end_at_the_thaw_and_shifts_the_waiting_ones() {
    let mut stage = Stage::owner(service(100));
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 4);
    stage.consumer.on_frozen(at(1_050), &mut stage.out);
    assert!(stage.settle(at(9_000)).is_empty(), "nothing happens");
    let busy = stage.consumer.workload(at(9_000));
    assert_eq!((busy.busy, busy.processing, busy.cached), (SimDuration::from_millis(100), 2, 2));
    stage.consumer.on_thawed(at(10_000), &mut stage.out);
    stage.sort();
    let times: Vec<(u64, u64)> =
        stage.consumer.rows_of(QueueIx(0)).map(|row| (row.start.as_millis(), row.end.as_millis())).collect();
    assert_eq!(times, [(1_000, 10_000), (1_000, 10_000), (10_000, 10_100), (10_000, 10_100)]);
    stage.settle(at(20_000));
    assert_eq!(stage.consumer.workload(at(20_000)).busy, SimDuration::from_millis(300), "a pause is not work");
}

#[test]
fn a_new_service_time_is_for_calls_that_have_not_begun_frozen_ones_included() {
    for frozen in [false, true] {
        let mut stage = Stage::owner(service(100));
        let request = one_queue(&mut stage);
        stage.found(at(1_000), request, 4);
        let frozen_at = at(1_050);
        if frozen {
            stage.consumer.on_frozen(frozen_at, &mut stage.out);
        }
        stage.consumer.set_service_time(at(1_050), &constant(7));
        if frozen {
            stage.consumer.on_thawed(at(1_060), &mut stage.out);
        }
        let ends: Vec<u64> = stage.consumer.rows_of(QueueIx(0)).map(|row| row.end.as_millis()).collect();
        assert_eq!(ends, [1_100, 1_100, 1_107, 1_107], "frozen: {frozen}");
    }
}

#[test]
fn a_batch_is_one_call_whose_messages_end_together() {
    let config =
        ConsumerConfig { consume_message_batch_max_size: 3, service_time_per_call: constant(50), ..service(10) };
    let mut stage = Stage::owner(config);
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 7);
    let times: Vec<(u64, u64, u16)> =
        stage.consumer.rows_of(QueueIx(0)).map(|row| (row.start.as_millis(), row.end.as_millis(), row.batch)).collect();
    let (first, second, third) = ((1_000, 1_080, 3), (1_000, 1_080, 3), (1_080, 1_140, 1));
    assert_eq!(times, [first, first, first, second, second, second, third]);
}

#[test]
fn a_topic_without_a_route_is_asked_for_and_used_only_at_the_next_run() {
    let mut stage = Stage::with(ConsumerConfig::default());
    stage.start();
    let (to, correlation, _) = stage.next_call();
    stage.tell(at(1), to, correlation, Body::RouteReply(None));
    // No broker is known, so there is nobody to heartbeat to: the first run begins, and asks for the route.
    let (to, correlation, body) = stage.next_call();
    assert!(matches!((to, &body), (Address::Nameserver(NameserverIx(0)), Body::GetRoute(TOPIC))));
    stage.tell(at(2), to, correlation, Body::RouteReply(Some(route(TOPIC))));
    assert!(stage.asked.is_empty(), "{:?}", stage.asked);
    assert_eq!(stage.armed(Timer::RebalanceWait), Some(at(20_002)));
    stage.fire(Timer::RebalanceWait);
    assert!(matches!(stage.next_call().2, Body::GetConsumerList(GROUP)));
}

#[test]
fn a_killed_process_says_nothing() {
    let mut stage = Stage::owner(service(100));
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 4);
    stage.sent();
    stage.consumer.on_killed(at(1_050), &mut stage.out);
    stage.sort();
    assert!(stage.asked.is_empty() && stage.exited);
    let fates: Vec<(u64, Fate)> = stage.deliveries.iter().map(|delivery| (delivery.offset, delivery.fate)).collect();
    assert_eq!(fates, [(0, Fate::CutOff), (1, Fate::CutOff)], "the others had not begun");
}
