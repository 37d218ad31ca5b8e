//! Broadcasting in whole runs: every member gets everything, and its offsets are files of its host.

use rocketmq_sim::kernel::time::SimDuration;
use rocketmq_sim::node::config::{ConsumeFromWhere, ConsumeMode};
use rocketmq_sim::node::counters::Counter;
use rocketmq_sim::run::outcome::{DuplicateCause, Outcome};
use rocketmq_sim::store::ids::GroupIx;

use crate::life_plan::{Life, at, kill, ms, start, stop};

fn duplicates(outcome: &Outcome, member: usize) -> Vec<(DuplicateCause, u64)> {
    outcome.groups[member].duplicates.iter().copied().filter(|(_, n)| *n > 0).collect()
}

fn skipped(outcome: &Outcome, member: u32) -> u64 {
    outcome.counters.get(Counter::Skipped, Some(GroupIx(member)))
}

#[test]
fn every_member_consumes_every_message() {
    let outcome = Life::broadcasting().run();
    let stored = outcome.conservation.stored;
    assert!(stored > 7_000);
    for (member, group) in outcome.groups.iter().enumerate() {
        assert_eq!((group.consumed, group.lag, group.orphan > SimDuration::from_secs(1)), (stored, 0, false));
        assert_eq!(duplicates(&outcome, member), []);
    }
}

#[test]
fn a_member_goes_on_from_its_file_after_a_restart() {
    let outcome = Life::broadcasting().act(at(60), stop(0)).act(at(90), start(0, 0, false)).run();
    let stored = outcome.conservation.stored;
    assert_eq!((outcome.groups[0].consumed, outcome.groups[0].lag), (stored, 0));
    let repeated: u64 = duplicates(&outcome, 0).iter().map(|(_, n)| n).sum();
    assert!(repeated <= 8, "what was in the listener: {repeated}");
    assert_eq!(duplicates(&outcome, 1), []);
}

#[test]
fn a_killed_member_repeats_what_it_had_not_written_to_its_file() {
    let outcome = Life::broadcasting().act(at(64), kill(0)).act(at(90), start(0, 0, false)).run();
    let found = duplicates(&outcome, 0);
    let [(DuplicateCause::NotPersistedAtDeath, repeated)] = found[..] else { panic!("{found:?}") };
    assert!((1..=5 * 45).contains(&repeated), "5 s of progress at most: {repeated}");
    assert_eq!(outcome.groups[0].consumed, outcome.conservation.stored);
}

#[test]
fn a_member_on_a_new_host_begins_as_configured() {
    let first = Life::broadcasting().act(at(60), stop(0)).act(at(90), start(0, 0, true)).run();
    let found = duplicates(&first, 0);
    let [(DuplicateCause::StartedOver, repeated)] = found[..] else { panic!("{found:?}") };
    assert!(repeated > 2_000, "all of the first minute: {repeated}");
    assert_eq!((first.groups[0].consumed, skipped(&first, 0)), (first.conservation.stored, 0));

    let mut life = Life::broadcasting();
    life.config.consume_from_where = ConsumeFromWhere::LastOffset;
    let last = life.act(at(60), stop(0)).act(at(90), start(0, 0, true)).run();
    assert_eq!(duplicates(&last, 0), []);
    assert!((1_000..1_400).contains(&skipped(&last, 0)), "30 s of 40 a second: {}", skipped(&last, 0));
    assert_eq!(skipped(&last, 1), 0);
}

#[test]
fn another_client_id_is_another_file() {
    let mut life = Life::broadcasting();
    life.config.consume_from_where = ConsumeFromWhere::LastOffset;
    let outcome = life.act(at(60), stop(0)).act(at(90), start(0, 2, false)).run();
    assert!(skipped(&outcome, 0) > 1_000);
}

#[test]
fn an_orderly_broadcasting_member_locks_once_and_shares_the_lock_with_the_others() {
    let mut life = Life::broadcasting().service(ms(5));
    life.config.consume_mode = ConsumeMode::Orderly;
    let outcome = life.run();
    assert_eq!(outcome.groups[0].consumed, outcome.conservation.stored);
    let denied: u64 = (0..2).map(|member| outcome.counters.get(Counter::LocksDenied, Some(GroupIx(member)))).sum();
    assert!(denied >= 4, "the second member has to wait until the first one's locks expire: {denied}");
    let second = outcome.locks.iter().filter(|lock| lock.from > at(60)).count();
    assert_eq!(second, 4, "nobody renews them: {:?}", outcome.locks);
    assert_eq!(outcome.groups[1].consumed, outcome.conservation.stored);
}
