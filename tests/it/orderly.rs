//! Orderly consumption in whole runs: takeover under locks, retries in place, and the order of keys.

use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::ListenerRule;
use rocketmq_sim::node::counters::Counter;
use rocketmq_sim::run::outcome::{DuplicateCause, Fact, LockEnd, Outcome};
use rocketmq_sim::scenario::plan::Action;
use rocketmq_sim::store::ids::InstanceIx;

use crate::life_plan::{GROUP, Life, TOPIC, at, count, failing, freeze, kill, ms, rate, start, stop, thaw};

/// When a member first owned each of its queues after a moment.
fn takeovers(outcome: &Outcome, member: u32, after: SimTime) -> Vec<SimDuration> {
    let theirs = |interval: &&rocketmq_sim::run::outcome::OwnInterval| {
        interval.instance == InstanceIx(member) && interval.from > after
    };
    let first = |queue: &rocketmq_sim::run::outcome::QueueOwnership| {
        queue.intervals.iter().find(theirs).map(|interval| interval.from.since(after))
    };
    outcome.ownership.iter().filter_map(first).collect()
}

fn seconds(times: &[SimDuration]) -> Vec<f64> {
    times.iter().map(|time| time.as_secs_f64()).collect()
}

fn duplicates(outcome: &Outcome, wanted: DuplicateCause) -> u64 {
    outcome.groups[0].duplicates.iter().filter(|(cause, _)| *cause == wanted).map(|(_, n)| n).sum()
}

fn everything_is_consumed(outcome: &Outcome) {
    let group = &outcome.groups[0];
    assert_eq!(group.lag, 0, "nothing is left");
    assert_eq!(group.consumed, outcome.conservation.stored + outcome.conservation.preloaded - skipped(outcome));
}

fn skipped(outcome: &Outcome) -> u64 {
    count(outcome, Counter::Skipped)
}

#[test]
fn two_members_consume_in_order_under_locks_that_are_never_lost() {
    let outcome = Life::orderly().run();
    everything_is_consumed(&outcome);
    assert!(outcome.groups[0].consumed > 7_000, "{}", outcome.groups[0].consumed);
    assert_eq!(count(&outcome, Counter::OrderViolations), 0);
    let held = outcome.locks.iter().filter(|lock| lock.end == LockEnd::Held);
    assert_eq!(held.count(), 4, "one lock per queue: {:?}", outcome.locks);
    for owned in &outcome.ownership {
        assert_eq!(owned.double_owner, SimDuration::ZERO);
    }
}

#[test]
fn a_member_that_joins_gets_queues_of_an_idle_one_at_once_or_at_its_next_run() {
    let mut idle = Life::orderly();
    idle.members = vec![Some(at(1)), None];
    idle.rate = 0.0;
    for moment in [25, 31, 37] {
        let outcome = idle.clone().act(at(moment), start(1, 1, false)).run();
        let taken = seconds(&takeovers(&outcome, 1, at(moment)));
        assert_eq!(taken.len(), 2);
        assert!(taken.iter().all(|after| *after < 21.0), "{taken:?}");
    }
}

#[test]
fn a_queue_given_up_with_cached_messages_stays_locked_for_20_seconds() {
    let mut busy = Life::orderly().service(ms(120));
    busy.members = vec![Some(at(1)), None];
    let outcome = busy.act(at(31), start(1, 1, false)).run();
    let taken = seconds(&takeovers(&outcome, 1, at(31)));
    assert_eq!(taken.len(), 2, "{:?}", outcome.ownership);
    assert!(taken.iter().all(|after| (20.0..41.0).contains(after)), "{taken:?}");
    assert!(count(&outcome, Counter::LocksDenied) >= 2);
    assert_eq!(count(&outcome, Counter::OrderViolations), 0);
}

#[test]
fn a_member_that_stops_in_good_order_gives_its_locks_back() {
    let outcome = Life::orderly().act(at(60), stop(0)).run();
    let taken = seconds(&takeovers(&outcome, 1, at(60)));
    assert_eq!(taken.len(), 2);
    assert!(taken.iter().all(|after| *after < 1.0), "{taken:?}");
    let unlocked = outcome.locks.iter().filter(|lock| lock.end == LockEnd::Unlocked && lock.to.since(at(60)) < ms(100));
    assert_eq!(unlocked.count(), 2);
    everything_is_consumed(&outcome);
    assert_eq!(count(&outcome, Counter::OrderViolations), 0);
}

#[test]
fn a_killed_consumer_keeps_its_orderly_locks_for_60_seconds() {
    for moment in [60, 67, 74] {
        let outcome = Life::orderly().act(at(moment), kill(0)).run();
        let taken = seconds(&takeovers(&outcome, 1, at(moment)));
        assert_eq!(taken.len(), 2);
        assert!(taken.iter().all(|after| (40.0..81.0).contains(after)), "killed at {moment}: {taken:?}");
        let expired: Vec<_> = outcome.locks.iter().filter(|lock| lock.end == LockEnd::Expired).collect();
        assert_eq!(expired.len(), 2, "{:?}", outcome.locks);
        for lock in expired {
            let lived = lock.to.since(at(moment)).as_secs_f64();
            assert!((40.0..=60.0).contains(&lived), "a lock lives a minute from its last renewal: {lived}");
        }
        assert_eq!(count(&outcome, Counter::OrderViolations), 0);
        everything_is_consumed(&outcome);
    }
}

#[test]
fn a_frozen_owner_is_overtaken_and_its_last_call_breaks_the_order() {
    let life = Life::orderly().service(ms(40));
    let outcome = life.act(at(60), freeze(0)).act(at(250), thaw(0)).run();
    let taken = seconds(&takeovers(&outcome, 1, at(60)));
    assert_eq!(taken.len(), 2);
    // 120 s until the broker closes the idle connection, and then the next run.
    assert!(taken.iter().all(|after| (100.0..145.0).contains(after)), "{taken:?}");
    let violations = count(&outcome, Counter::OrderViolations);
    let named = outcome.facts.iter().filter_map(|record| match record.fact {
        Fact::OrderViolation { instance, earlier, later, .. } => Some((instance, earlier, later)),
        _ => None,
    });
    let named: Vec<_> = named.collect();
    assert_eq!(named.len() as u64, violations);
    assert!(!named.is_empty(), "calls of a frozen process end when it goes on");
    assert!(named.iter().all(|(instance, earlier, later)| *instance == InstanceIx(0) && earlier < later), "{named:?}");
}

#[test]
fn a_message_that_fails_blocks_its_queue_and_no_other() {
    let mut life = Life::orderly();
    life.queues = 1;
    life.members.truncate(1);
    life.config.listener = vec![ListenerRule { keys: vec![3], from: at(50), until: at(80), ..failing() }];
    let outcome = life.run();
    let suspensions = count(&outcome, Counter::Suspensions);
    assert!((25..=31).contains(&suspensions), "one a second: {suspensions}");
    assert_eq!(suspensions, count(&outcome, Counter::Failures));
    assert!(outcome.groups[0].lag_max > 800, "{}", outcome.groups[0].lag_max);
    everything_is_consumed(&outcome);
    assert_eq!(count(&outcome, Counter::OrderViolations), 0);
    assert_eq!(outcome.groups[0].duplicates.iter().map(|(_, n)| n).sum::<u64>(), 0, "an attempt is no duplicate");

    let mut two = Life::orderly();
    two.config.listener = vec![ListenerRule { keys: vec![3], ..failing() }];
    let outcome = two.run();
    assert_eq!(count(&outcome, Counter::DeadLetters) + count(&outcome, Counter::SentBack), 0, "retries are endless");
    let stuck = outcome.series.queue_lag.iter().filter(|lag| lag.last().is_some_and(|last| *last > 0));
    assert_eq!(stuck.count(), 1, "the other queues go on");
}

#[test]
fn attempts_are_forgotten_when_the_queue_moves_and_a_batch_is_retried_whole() {
    let mut life = Life::orderly();
    life.config.consume_message_batch_max_size = 4;
    life.config.suspend_current_queue_time_millis = ms(1);
    life.config.listener = vec![ListenerRule { attempts_below: 3, probability: 0.05, of_messages: true, ..failing() }];
    let outcome = life.act(at(100), kill(1)).run();
    everything_is_consumed(&outcome);
    assert!(count(&outcome, Counter::Failures) > 3 * count(&outcome, Counter::Suspensions) / 2, "batches");
    assert_eq!(count(&outcome, Counter::OrderViolations), 0);
}

#[test]
fn more_queues_than_threads_take_turns() {
    let mut life = Life::orderly().service(ms(10));
    life.queues = 16;
    life.config.consume_thread_min = 1;
    life.members.truncate(1);
    life.rate = 150.0;
    life.duration = SimDuration::from_secs(700);
    let outcome = life.run();
    everything_is_consumed(&outcome);
    assert_eq!(count(&outcome, Counter::OrderViolations), 0);
}

#[test]
fn members_that_come_and_go_break_no_order() {
    for seed in 1..6 {
        let mut life = Life::orderly().service(ms(30));
        life.seed = seed;
        life.queues = 6;
        life.members = vec![Some(at(1)), Some(at(1)), Some(at(2)), None];
        life.config.listener = vec![ListenerRule { probability: 0.01, ..failing() }];
        let outcome = life
            .act(at(40), start(3, 3, false))
            .act(at(55), stop(0))
            .act(at(90), kill(1))
            .act(at(120), start(0, 4, false))
            .act(at(150), stop(2))
            .run();
        assert_eq!(count(&outcome, Counter::OrderViolations), 0, "seed {seed}");
        everything_is_consumed(&outcome);
    }
}

fn reset(to: Option<SimTime>, force: bool) -> Action {
    Action::ResetOffset { group: GROUP, topic: TOPIC, to, force }
}

#[test]
fn an_offset_reset_backwards_repeats_messages_for_that_reason() {
    let life = Life::orderly().act(at(150), reset(Some(at(50)), false));
    let outcome = life.run();
    everything_is_consumed(&outcome);
    let repeated = duplicates(&outcome, DuplicateCause::OffsetReset);
    assert!((3_800..4_300).contains(&repeated), "100 s of 40 a second: {repeated}");
    assert_eq!(count(&outcome, Counter::OrderViolations), 0, "a repeated sequence is in order");
    assert_eq!(count(&outcome, Counter::OffsetsBack), 4);
    let facts = outcome.facts.iter().filter(|record| matches!(record.fact, Fact::OffsetReset { .. }));
    let times: Vec<SimTime> = facts.map(|record| record.at).collect();
    assert_eq!(times.len(), 4);
    assert!(times.iter().all(|time| time.since(at(160)) < ms(100)), "10 s after the request: {times:?}");
}

#[test]
fn an_offset_reset_forwards_needs_force_and_skips_by_name() {
    let slow = || {
        let mut life = Life::orderly().service(ms(300));
        life.rate = 60.0;
        life
    };
    let kept = slow().act(at(150), reset(None, false)).run();
    assert_eq!(skipped(&kept), 0);
    let forced = slow().act(at(150), reset(None, true)).act(at(170), rate(0.0)).run();
    assert!(skipped(&forced) > 1_000, "{}", skipped(&forced));
    assert_eq!(forced.conservation.groups[0].skipped, skipped(&forced));
}

#[test]
fn a_reset_of_a_group_that_has_stored_nothing_is_refused() {
    let mut life = Life::orderly();
    life.members = vec![Some(at(100))];
    let outcome = life.act(at(20), reset(None, true)).run();
    let refused = outcome.facts.iter().any(|record| {
        matches!(record.fact, Fact::ResetAsked { answer: rocketmq_sim::node::fact::ResetAnswer::NoOffset(_), .. })
    });
    assert!(refused);
    everything_is_consumed(&outcome);
}
