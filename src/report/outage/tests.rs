//! Outages whose timelines are known.

use super::fixture::{BROKER, GROUP, Hand, NAMESERVER, long, ms};
use super::{Chain, Knob, Law, Outage, Step, Subject, outages, story};
use crate::kernel::time::SimDuration;
use crate::node::fact::{CallKind, NodeStop, RaftRoleNow, RoleNow};
use crate::protocol::address::Address;
use crate::run::outcome::{ExpiryCause, Fact, RebalanceTrigger, StopKind};
use crate::scenario::plan::{Action, NodeAction};
use crate::store::ids::{ClientIx, InstanceIx, QueueIx};

const MEMBER: Address = Address::Consumer(InstanceIx(0));

/// The steps of a chain with their lengths in milliseconds and their settings.
fn bars(chain: &Chain) -> Vec<(Step, u64, &'static str)> {
    let setting = |knob: &Option<Knob>| knob.as_ref().map_or("", |knob| knob.name);
    chain.bars.iter().map(|bar| (bar.step, bar.length().as_millis(), setting(&bar.knob))).collect()
}

fn only(hand: &Hand) -> Outage {
    let mut found = outages(&hand.outcome);
    assert_eq!(found.len(), 1, "{found:?}");
    let outage = found.remove(0);
    for chain in &outage.chains {
        let mut reached = chain.from;
        for bar in &chain.bars {
            assert_eq!(bar.from, reached, "bars leave no gap: {chain:?}");
            reached = bar.to;
        }
        assert_eq!(reached, chain.to, "bars reach to the end: {chain:?}");
    }
    outage
}

fn broker_stops(hand: &mut Hand, at: u64, how: NodeStop) {
    hand.fact(at, Fact::NodeStopped { node: Address::Broker(BROKER), how });
}

fn expires(hand: &mut Hand, at: u64) {
    hand.fact(at, Fact::BrokerExpired { nameserver: NAMESERVER, broker: BROKER });
}

#[test]
fn queues_of_a_killed_consumer_are_others_as_soon_as_the_notice_has_come() {
    let mut hand = Hand::new();
    hand.stopped(100_000, 0, StopKind::Killed);
    hand.lose(0, 100_000);
    hand.expired(100_001, 0, ExpiryCause::ChannelClosed);
    hand.notice(100_002, 1);
    hand.takes(100_006, 1, 0, RebalanceTrigger::Notice(BROKER));
    let outage = only(&hand);
    assert_eq!(outage.chains.len(), 1);
    assert_eq!(
        bars(&outage.chains[0]),
        [(Step::Detection, 1, ""), (Step::Notice, 1, ""), (Step::Rebalance, 4, "")],
        "no timer is to blame"
    );
    assert_eq!(outage.chains[0].of, Subject::Queue { group: GROUP, queue: QueueIx(0), taker: Some(InstanceIx(1)) });
}

#[test]
fn queues_of_a_frozen_consumer_wait_for_the_scan_and_the_tick() {
    let mut hand = Hand::new();
    hand.stopped(100_000, 0, StopKind::Frozen);
    hand.lose(0, 214_000);
    hand.expired(212_000, 0, ExpiryCause::ScanExpired);
    hand.takes(226_000, 1, 0, RebalanceTrigger::Timer);
    let outage = only(&hand);
    let chain = &outage.chains[0];
    assert_eq!(
        bars(chain),
        [
            (Step::Detection, 112_000, "CHANNEL_EXPIRED_TIMEOUT"),
            (Step::Rebalance, 14_000, "rocketmq.client.rebalance.waitInterval"),
        ]
    );
    assert!(chain.length() >= long(90_000) && chain.length() <= long(150_000));
    let saves: Vec<SimDuration> =
        chain.bars.iter().filter_map(|bar| bar.knob.as_ref().map(|knob| knob.half_saves(bar.length()))).collect();
    assert_eq!(saves, [long(60_000), long(7_000)]);
}

#[test]
fn an_orderly_queue_of_a_killed_consumer_waits_for_its_lock() {
    let mut hand = Hand::new();
    hand.stopped(100_000, 0, StopKind::Killed);
    hand.lose(0, 100_000);
    hand.expired(100_001, 0, ExpiryCause::ChannelClosed);
    hand.notice(100_002, 1);
    let (client, until) = (ClientIx(0), ms(152_000));
    let lost = Fact::LockLost { broker: BROKER, group: GROUP, queue: QueueIx(0), client, until, expired: true };
    hand.fact(160_004, lost);
    hand.takes(160_006, 1, 0, RebalanceTrigger::Timer);
    let chain = &only(&hand).chains[0];
    assert_eq!(
        bars(chain),
        [
            (Step::Detection, 1, ""),
            (Step::LockExpiry, 51_999, "rocketmq.broker.rebalance.lockMaxLiveTime"),
            (Step::Rebalance, 8_006, "rocketmq.client.rebalance.waitInterval"),
        ]
    );
    assert!(chain.length() >= long(40_000) && chain.length() <= long(80_000));
}

#[test]
fn a_broker_restarted_within_seconds_stalls_pulls_until_the_hanging_one_times_out() {
    let mut hand = Hand::new();
    broker_stops(&mut hand, 100_000, NodeStop::Killed);
    hand.fact(105_000, Fact::NodeStarted { node: Address::Broker(BROKER), kept: Some(1_000) });
    let (instance, client) = (InstanceIx(0), ClientIx(0));
    hand.fact(118_000, Fact::ClientRegistered { broker: BROKER, group: GROUP, instance, client, members: 1 });
    let timed_out = Fact::CallTimedOut {
        client: MEMBER,
        server: Address::Broker(BROKER),
        what: CallKind::Pull,
        waited: long(30_900),
    };
    hand.fact(130_900, timed_out);
    hand.stands_still(0, 100_200, 131_900);
    let outage = only(&hand);
    assert_eq!(outage.back, Some(ms(105_000)));
    let chain = &outage.chains[0];
    assert_eq!(
        bars(chain),
        [
            (Step::Return, 5_000, ""),
            (Step::Heartbeat, 13_000, "heartbeatBrokerInterval"),
            (Step::PullTimeout, 12_900, "consumerTimeoutMillisWhenSuspend"),
            (Step::Message, 1_000, ""),
        ]
    );
    assert!(chain.length() >= long(11_000) && chain.length() <= long(33_000));
}

#[test]
fn a_lost_broker_host_is_noticed_by_nobody_until_its_silence_is_too_long() {
    let mut hand = Hand::new();
    broker_stops(&mut hand, 100_000, NodeStop::HostLost { disk_lost: false });
    expires(&mut hand, 205_000);
    hand.loses_route(220_000, 0);
    hand.gives_up(231_000, 0, 0);
    hand.stands_still(0, 100_500, 300_000);
    let outage = only(&hand);
    let chain = &outage.chains[0];
    assert!(!chain.ended);
    assert_eq!(
        bars(chain),
        [
            (Step::Detection, 105_000, "brokerChannelExpiredTime"),
            (Step::Poll, 15_000, "pollNameServerInterval"),
            (Step::Rebalance, 11_000, "rocketmq.client.rebalance.waitInterval"),
            (Step::Never, 69_000, ""),
        ]
    );
    let dropped = chain.bars[2].to.since(outage.at);
    assert!(dropped >= long(90_000) && dropped <= long(170_000));
}

#[test]
fn pulls_go_to_the_slave_when_the_route_has_no_master_and_the_hanging_pull_is_over() {
    let mut hand = Hand::new();
    let slave = hand.replica("broker-a/1");
    broker_stops(&mut hand, 100_000, NodeStop::Killed);
    expires(&mut hand, 100_000);
    hand.polls(112_000, MEMBER, None);
    let instance = InstanceIx(0);
    hand.fact(131_000, Fact::PullsFrom { instance, group: GROUP, name: BROKER, process: slave });
    hand.stands_still(0, 100_000, 131_010);
    let chain = &only(&hand).chains[0];
    assert_eq!(
        bars(chain),
        [
            (Step::Poll, 12_000, "pollNameServerInterval"),
            (Step::Redirect, 19_000, "consumerTimeoutMillisWhenSuspend"),
            (Step::Message, 10, ""),
        ]
    );
    assert!(chain.bars[1].what.ends_with("go to broker-a/1"));
    assert!(chain.length() <= long(33_000));
}

#[test]
fn a_new_leader_is_missed_elected_registered_and_polled() {
    let mut hand = Hand::new();
    hand.raft();
    let second = hand.replica("broker-a/n1");
    let producer = hand.producer();
    broker_stops(&mut hand, 100_000, NodeStop::Killed);
    let role = |role, term| Fact::RaftRole { broker: second, role, term };
    hand.fact(105_500, role(RaftRoleNow::Candidate, 1));
    hand.fact(106_100, role(RaftRoleNow::Leader, 2));
    hand.fact(106_150, Fact::RoleChanged { broker: second, role: RoleNow::Master, term: 2 });
    hand.fact(106_160, Fact::BrokerRegistered { nameserver: NAMESERVER, broker: second, changed: true });
    hand.polls(120_000, producer, Some(second));
    hand.no_sends(99_950, 120_003, 70);
    let outage = only(&hand);
    let chain = outage.chains.iter().find(|chain| matches!(chain.of, Subject::Sends { .. })).unwrap();
    assert_eq!(
        bars(chain),
        [
            (Step::Leaderless, 5_500, "heartBeatTimeIntervalMs × maxHeartBeatLeak"),
            (Step::Vote, 600, "maxVoteIntervalMs"),
            (Step::Role, 50, ""),
            (Step::Register, 10, ""),
            (Step::Poll, 13_840, "pollNameServerInterval"),
            (Step::Message, 3, ""),
        ]
    );
    assert!(chain.bars[1].what.contains("broker-a/n1 is elected in term 2"));
    assert_eq!(outage.toll.send_gap, long(20_003), "counted from the blow");
}

#[test]
fn consumers_that_only_shut_down_are_outages_when_something_worse_happens_too() {
    let mut hand = Hand::new();
    hand.stopped(50_000, 1, StopKind::Graceful);
    assert!(outages(&hand.outcome).is_empty());
    hand.stopped(100_000, 0, StopKind::Killed);
    assert_eq!(outages(&hand.outcome).len(), 2);
}

#[test]
fn a_graceful_shutdown_of_a_broker_is_one_outage_although_it_has_two_facts() {
    let mut hand = Hand::new();
    broker_stops(&mut hand, 100_000, NodeStop::ShuttingDown);
    broker_stops(&mut hand, 101_000, NodeStop::Graceful);
    hand.stands_still(0, 100_100, 300_000);
    let outage = only(&hand);
    assert_eq!(bars(&outage.chains[0])[0], (Step::ShutDown, 1_000, ""));
}

#[test]
fn the_median_is_told_beside_the_slowest_only_if_it_differs() {
    let picked =
        |ends: &[u64]| super::servers::slowest_and_median(&ends.iter().map(|end| ms(*end)).collect::<Vec<_>>());
    assert_eq!(picked(&[]), []);
    assert_eq!(picked(&[5_000, 5_010, 5_050]), [(2, false)]);
    assert_eq!(picked(&[1_000, 9_000, 5_000]), [(1, false), (2, true)]);
}

#[test]
fn half_a_period_saves_half_the_wait_and_half_a_timeout_the_half_of_it() {
    let period = Knob { name: "p", value: long(30_000), law: Law::Period };
    let timeout = Knob { name: "t", value: long(120_000), law: Law::Timeout };
    assert_eq!(period.half_saves(long(20_000)), long(10_000));
    assert_eq!(timeout.half_saves(long(95_000)), long(60_000));
    assert_eq!(timeout.half_saves(long(40_000)), long(40_000));
}

#[test]
fn the_story_says_who_noticed_when_what_stood_still_and_which_setting_is_to_blame() {
    let mut hand = Hand::new();
    let what = NodeAction::LoseHost { disk_lost: true };
    hand.action(100_000, "lose the host of broker-a", Action::Node { node: Address::Broker(BROKER), what });
    broker_stops(&mut hand, 100_000, NodeStop::HostLost { disk_lost: true });
    expires(&mut hand, 205_000);
    hand.fact(250_000, Fact::NodeStarted { node: Address::Broker(BROKER), kept: Some(0) });
    hand.fact(250_000, Fact::LogCut { broker: BROKER, from: 900, to: 0, messages: 9, acknowledged: 7 });
    hand.stands_still(0, 100_500, 260_000);
    let outage = only(&hand);
    assert_eq!(outage.label, "lose the host of broker-a");
    let text: Vec<String> = story(&hand.outcome, &outage).into_iter().map(|line| line.text).collect();
    let text = text.join("\n");
    for part in [
        "broker-a is gone with its host and its disk: nobody is told",
        "q0 stands still for g for 2m 40s; 65 % of it is detection: brokerChannelExpiredTime (2m 00s) is to blame: half of \
         it would have saved up to 1m 00s",
        "+1m 45s: n forgets broker-a: no sign of life for too long (brokerChannelExpiredTime = 2m 00s)",
        "what was hit is back, 2m 30s later",
        "the bill: 7 acknowledged messages lost; 2 cut off that nobody was told of",
    ] {
        assert!(text.contains(part), "missing: {part}\n{text}");
    }
}
