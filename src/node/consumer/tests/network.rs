//! A consumer whose servers can fail.

use super::*;
use crate::node::fact::{CallKind, Disconnection};
use crate::protocol::message::CallError;
use crate::protocol::route::BrokerData;

const BROKERS: [Address; 2] = [Address::Broker(BrokerIx(0)), Address::Broker(BrokerIx(1))];
/// The slave of name 0.
const SLAVE: Address = Address::Broker(BrokerIx(7));

impl Stage {
    /// A member that has all four queues, with connections to these servers, before its first pulls.
    fn watchful(connected: &[Address]) -> Self {
        let mut stage = Self::with(service(1));
        stage.out.fallible = true;
        stage.start();
        stage.come_up(at(0), &[1]);
        for server in connected {
            stage.tell(at(0), *server, Correlation::ONEWAY, Body::Connected);
        }
        stage
    }

    fn pull_all(&mut self) {
        for (token, when) in std::mem::take(&mut self.pulls) {
            self.pull(when, token);
        }
    }

    /// Takes the pulls that have left.
    fn pulls_under_way(&mut self) -> Vec<(Address, Correlation, PullRequest)> {
        let mut pulls = Vec::new();
        self.asked.retain(|(to, correlation, body)| match body {
            Body::Pull(request) => {
                pulls.push((*to, *correlation, *request));
                false
            }
            _ => true,
        });
        pulls
    }

    fn pulled(
        &mut self,
        now: SimTime,
        (from, correlation, request): (Address, Correlation, PullRequest),
        suggest: u32,
    ) {
        let batch = vec![pulled(request.offset)];
        let PullRequest { queue, token, offset, .. } = request;
        let reply = PullReply { queue, token, code: PullCode::Success, next_begin_offset: offset + 1, suggest, batch };
        self.tell(now, from, correlation, Body::PullReply(reply));
    }

    /// Name 0 is carried by these processes from now on.
    fn carriers(&mut self, addresses: &[(u32, u32)]) {
        let mut route = (*route(TOPIC)).clone();
        let addresses = addresses.iter().map(|(id, process)| (*id, BrokerIx(*process))).collect();
        route.broker_datas[0] = BrokerData { broker: BrokerIx(0), addresses };
        self.consumer.client.preset_route(TOPIC, &Rc::new(route));
    }
}

#[test]
fn a_pull_that_waits_for_its_connection_holds_up_all_others() {
    let mut stage = Stage::watchful(&[]);
    stage.pull_all();
    let first = stage.pulls_under_way();
    assert_eq!(first.len(), 1);
    stage.tell(at(10), first[0].0, Correlation::ONEWAY, Body::Connected);
    let next = stage.pulls_under_way();
    assert_eq!(next.iter().map(|(to, ..)| *to).collect::<Vec<_>>(), BROKERS, "up to the next one that connects");
    stage.tell(at(3_010), BROKERS[1], next[1].1, Body::Failed(CallError::ConnectTimeout));
    assert_eq!(stage.pulls, [(next[1].2.token, at(4_010))]);
    assert_eq!(stage.pulls_under_way().len(), 1, "the last queue's turn, which connects too");
}

#[test]
fn after_a_fin_pulls_wait_for_the_scanner_and_after_a_reset_they_come_again_in_a_second() {
    let mut stage = Stage::watchful(&BROKERS);
    stage.pull_all();
    let pulls = stage.pulls_under_way();
    assert_eq!((pulls.len(), stage.armed(Timer::CallSweep)), (4, Some(at(31_000))));
    stage.consumer.on_closed(at(700), BROKERS[0], Disconnection::Closed, &mut stage.out);
    stage.sort();
    assert!(stage.pulls.is_empty());
    stage.consumer.on_closed(at(800), BROKERS[1], Disconnection::Reset, &mut stage.out);
    stage.sort();
    assert_eq!(stage.pulls.iter().map(|(_, when)| *when).collect::<Vec<_>>(), [at(1_800), at(1_800)]);
    stage.pulls.clear();
    assert_eq!(stage.fire(Timer::CallSweep), at(31_000));
    let again: Vec<(u32, SimTime)> = pulls[..2].iter().map(|(.., request)| (request.token, at(32_000))).collect();
    assert_eq!(stage.pulls, again);
    let timed_out = |fact: &&Fact| matches!(fact, Fact::CallTimedOut { what: CallKind::Pull, .. });
    assert_eq!(stage.facts.iter().filter(timed_out).count(), 2);
    stage.pulls.clear();
    stage.pulled(at(31_500), pulls[0], 0);
    assert_eq!(stage.consumer.rows_of(pulls[0].2.queue).count(), 0, "an answer after the timeout finds nobody");
}

#[test]
fn a_suggested_slave_is_pulled_from_without_committing_there() {
    let mut stage = Stage::watchful(&[BROKERS[0], BROKERS[1], SLAVE]);
    stage.carriers(&[(0, 0), (1, 7)]);
    stage.pull_all();
    let pulls = stage.pulls_under_way();
    stage.pulled(at(100), pulls[0], 0);
    let next = stage.pulls_under_way()[0];
    stage.pulled(at(200), next, 1);
    let slave = stage.pulls_under_way()[0];
    assert_eq!((slave.0, slave.2.commit_offset), (SLAVE, None));
    assert!(stage.facts.iter().any(|fact| matches!(fact, Fact::PullsFrom { process: BrokerIx(7), .. })));
    stage.pulled(at(300), slave, 0);
    let master = stage.pulls_under_way()[0];
    assert_eq!(master.0, BROKERS[0]);
    assert!(master.2.commit_offset.is_some());
}

#[test]
fn without_a_master_pulls_and_offsets_go_to_the_slave() {
    let mut stage = Stage::watchful(&[BROKERS[0], BROKERS[1], SLAVE]);
    stage.pull_all();
    let pulls = stage.pulls_under_way();
    stage.carriers(&[(1, 7)]);
    stage.pulled(at(100), pulls[0], 0);
    assert_eq!(stage.pulls_under_way()[0].0, SLAVE);
    stage.consumer.persist_on_scheduler(at(10_000), &mut stage.out);
    stage.sort();
    let told: Vec<Address> = stage.sent().into_iter().map(|(to, _)| to).collect();
    assert_eq!(told, [SLAVE, BROKERS[1]]);
}

#[test]
fn offsets_for_an_unreachable_broker_hold_the_scheduler_thread_up_once_per_queue() {
    let mut stage = Stage::watchful(&[BROKERS[1]]);
    stage.consumer.persist_on_scheduler(at(10_000), &mut stage.out);
    stage.sort();
    for queue in 0..2 {
        assert!(stage.consumer.scheduler_busy() && stage.sent().is_empty());
        let (to, correlation, body) = stage.next_call();
        assert_eq!(to, BROKERS[0]);
        assert!(matches!(&body, Body::UpdateOffsets { offsets, .. } if offsets[0].0 == QueueIx(queue)), "{body:?}");
        let failed = Body::Failed(CallError::ConnectTimeout);
        stage.tell(at(13_000 + u64::from(queue) * 3_000), to, correlation, failed);
    }
    assert_eq!(stage.sent().len(), 1, "then those of the other broker, in one go");
    assert!(matches!(stage.next_call().2, Body::GetRoute(_)), "then the polls that were due meanwhile");
}

#[test]
fn a_member_list_comes_from_a_slave_where_there_is_no_master() {
    let mut stage = Stage::watchful(&[]);
    let mut only = (*route(TOPIC)).clone();
    only.queue_datas.truncate(1);
    only.broker_datas = vec![BrokerData { broker: BrokerIx(0), addresses: vec![(1, BrokerIx(7))] }];
    stage.consumer.client.preset_route(TOPIC, &Rc::new(only));
    stage.notice(at(100));
    let (to, _, body) = stage.next_call();
    assert!(to == SLAVE && matches!(body, Body::GetConsumerList(_)), "{to:?} {body:?}");
}

#[test]
fn a_queue_without_stored_offset_cannot_begin_while_its_master_is_gone() {
    let mut stage = Stage::with(service(1));
    stage.out.fallible = true;
    stage.start();
    while !matches!(stage.asked[0].2, Body::QueryOffset(..)) {
        stage.answer(at(0), &[1]);
    }
    stage.carriers(&[(1, 7)]);
    let (to, correlation, _) = stage.next_call();
    stage.tell(at(10), to, correlation, Body::Offset(None));
    assert!(!stage.consumer.owns(QueueIx(0)), "the end of the queue only the master knows");
    let (to, _, body) = stage.next_call();
    assert!(to == SLAVE && matches!(body, Body::QueryOffset(_, QueueIx(1))), "{to:?} {body:?}");
}

#[test]
fn without_a_master_a_failed_message_costs_five_seconds_at_a_nameserver_and_its_connection() {
    let always = crate::node::config::ListenerRule {
        keys: Vec::new(),
        tags: Vec::new(),
        from: SimTime::ZERO,
        until: SimTime::MAX,
        attempts_below: u32::MAX,
        probability: 1.0,
        of_messages: false,
        fails: true,
        service_time: None,
    };
    let nameserver = Address::Nameserver(NameserverIx(0));
    let mut stage = Stage::with(ConsumerConfig { listener: vec![always], ..service(10) });
    stage.out.fallible = true;
    stage.start();
    stage.come_up(at(0), &[1]);
    for server in [BROKERS[0], BROKERS[1], nameserver] {
        stage.tell(at(0), server, Correlation::ONEWAY, Body::Connected);
    }
    stage.pull_all();
    let pulls = stage.pulls_under_way();
    stage.pulled(at(1_000), pulls[0], 0);
    stage.carriers(&[(1, 7)]);
    assert_eq!(stage.fire(Timer::ListenerReturn), at(1_010));
    let back = stage.asked.iter().find(|(.., body)| matches!(body, Body::SendBack(_))).expect("it is sent back");
    assert_eq!(back.0, nameserver, "a null address");
    assert_eq!(stage.fire(Timer::SendBackTimeout), at(6_010));
    assert_eq!(stage.closed, [nameserver]);
}
