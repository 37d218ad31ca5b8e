//! Taking queues and giving them up.

use super::*;

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
