use super::fixture::{GROUP, TOPIC, at, outcome, secs};
use super::{orphan_stretches, unserved_stretches};
use crate::kernel::time::SimDuration;
use crate::run::outcome::{Outcome, Percentiles, StopKind};
use crate::scenario::plan::Check;
use crate::store::ids::{InstanceIx, QueueIx};

/// 3 → 4: the fourth member starts at 50 s; q4 to q5 move at 52 s after 1 s without an owner.
fn scale_out() -> Outcome {
    outcome(6, 3).joins(2, 50).owns(0, 0..3, 10, 100).owns(1, 3..4, 12, 100).owns(1, 4..6, 12, 51).owns(
        2,
        4..6,
        52,
        100,
    )
}

fn passes(verdict: (bool, String, String), expected: &str, got: &str) {
    assert_eq!(verdict, (true, expected.to_owned(), got.to_owned()));
}

fn fails(verdict: (bool, String, String), expected: &str, got: &str) {
    assert_eq!(verdict, (false, expected.to_owned(), got.to_owned()));
}

fn queues(range: std::ops::Range<u32>) -> Vec<QueueIx> {
    range.map(QueueIx).collect()
}

#[test]
fn an_allocation_names_every_owner_at_its_time() {
    let run = scale_out();
    let before = || Check::Allocation {
        group: GROUP,
        topic: TOPIC,
        owners: vec![(InstanceIx(0), queues(0..3)), (InstanceIx(1), queues(3..6))],
    };
    passes(run.check(Some(50), before()), "g/0 q0–q2; g/1 q3–q5", "g/0 q0–q2; g/1 q3–q5");
    fails(run.check(None, before()), "g/0 q0–q2; g/1 q3–q5", "g/0 q0–q2; g/1 q3; g/2 q4–q5");
    let after = Check::Allocation {
        group: GROUP,
        topic: TOPIC,
        owners: vec![
            (InstanceIx(2), vec![QueueIx(5), QueueIx(4)]),
            (InstanceIx(0), queues(0..3)),
            (InstanceIx(1), queues(3..4)),
        ],
    };
    assert!(run.check(None, after).0);
}

#[test]
fn an_owner_counts_from_its_first_moment_and_not_at_its_last() {
    let one = || Check::ExactlyOneOwner { group: GROUP, topic: Some(TOPIC) };
    let run = scale_out();
    let expected = "6 queues with one owner each";
    passes(run.check(Some(50), one()), expected, "6 queues with one owner");
    fails(run.check(Some(51), one()), expected, "no owner: q4–q5");
    passes(run.check(Some(52), one()), expected, "6 queues with one owner");
    fails(run.clone().owns(0, 3..4, 60, 70).check(Some(60), one()), expected, "q3 has 2 owners: g/0, g/1");
    passes(run.owns(0, 3..4, 60, 70).check(None, one()), expected, "6 queues with one owner");
}

#[test]
fn a_frozen_member_owns_its_queues_in_its_own_view() {
    let run = outcome(2, 2).owns(0, 0..2, 0, 100).freezes(0, 20, 90).owns(1, 0..2, 60, 100);
    let one = Check::ExactlyOneOwner { group: GROUP, topic: None };
    fails(
        run.check(Some(70), one),
        "2 queues with one owner each",
        "q0 has 2 owners: g/0 (frozen), g/1; q1 has 2 owners: g/0 (frozen), g/1",
    );
}

#[test]
fn a_queue_counts_only_while_it_exists() {
    let mut run = scale_out();
    run.ownership[5].exists_from = at(60);
    run.ownership[5].intervals.clear();
    let one = || Check::ExactlyOneOwner { group: GROUP, topic: None };
    passes(run.check(Some(59), one()), "5 queues with one owner each", "5 queues with one owner");
    fails(run.check(Some(60), one()), "6 queues with one owner each", "no owner: q5");
    let orphan = Check::OrphanTime { group: GROUP, from: at(55), at_least: None, at_most: Some(secs(39)) };
    fails(run.check(None, orphan), "at most 39 s without an owner, over all queues", "40 s");
}

#[test]
fn balance_is_between_the_members_that_run() {
    let balanced = |within| Check::BalancedWithin { group: GROUP, topic: Some(TOPIC), within };
    let run = scale_out();
    fails(run.check(None, balanced(1)), "members differ by at most 1 queue", "g/0 has 3, g/1 has 1");
    passes(run.check(None, balanced(2)), "members differ by at most 2 queues", "g/0 has 3, g/1 has 1");
    // The third member has not started at 40 s, so its nothing does not count.
    passes(run.check(Some(40), balanced(0)), "members differ by at most 0 queues", "every member has 3");
    let stopped = run.stops(1, 80, StopKind::Killed);
    passes(stopped.check(Some(90), balanced(1)), "members differ by at most 1 queue", "g/0 has 3, g/2 has 2");
    let nobody = outcome(1, 1).stops(0, 1, StopKind::Graceful);
    fails(nobody.check(None, balanced(9)), "members differ by at most 9 queues", "no member runs");
}

#[test]
fn idle_members_run_and_own_nothing() {
    let idle = |exactly| Check::IdleConsumers { group: GROUP, exactly };
    let run = outcome(2, 3).owns(0, 0..2, 0, 100);
    passes(run.check(None, idle(2)), "exactly 2 idle members", "2 idle members: g/1, g/2");
    fails(run.stops(1, 50, StopKind::Graceful).check(None, idle(2)), "exactly 2 idle members", "1 idle member: g/2");
}

#[test]
fn lag_and_counters_come_from_the_sample_or_from_the_end() {
    let run = outcome(1, 1);
    let lag = |messages| Check::LagAtMost { group: GROUP, messages };
    passes(run.check(Some(30), lag(30)), "at most 30 unconsumed messages", "30 unconsumed messages");
    fails(run.check(Some(40), lag(30)), "at most 30 unconsumed messages", "40 unconsumed messages");
    passes(run.check(None, lag(12)), "at most 12 unconsumed messages", "12 unconsumed messages");
    fails(run.check(Some(33), lag(30)), "at most 30 unconsumed messages", "nothing was sampled at 33 s");
    let least = Check::LagAtLeast { group: GROUP, messages: 13 };
    fails(run.check(None, least), "at least 13 unconsumed messages", "12 unconsumed messages");
    let age = |limit| Check::LagTimeAtMost { group: GROUP, age: limit };
    passes(run.check(Some(50), age(secs(5))), "oldest unconsumed message at most 5 s old", "5 s old");
    let close = SimDuration::from_nanos(2_999_999_999);
    fails(run.check(None, age(close)), "oldest unconsumed message at most 3 s old", "3s old");
    let duplicates = |at_least, at_most| Check::Duplicates { group: GROUP, at_least, at_most };
    passes(run.check(None, duplicates(Some(1), Some(7))), "1 to 7 duplicates", "7 duplicates");
    fails(run.check(Some(10), duplicates(None, Some(0))), "at most 0 duplicates", "1 duplicate");
    let consumed = |messages| Check::ConsumedAtLeast { group: GROUP, messages };
    passes(run.check(Some(70), consumed(700)), "at least 700 messages consumed", "700 messages consumed");
    fails(run.check(None, consumed(1001)), "at least 1001 messages consumed", "1000 messages consumed");
}

#[test]
fn latency_comes_from_the_snapshot_at_its_time() {
    let ms = SimDuration::from_millis;
    let percentiles = |last| Percentiles {
        count: 1000,
        max: ms(last),
        cumulative: vec![(ms(10), 990), (ms(last), 1000)],
        ..Percentiles::default()
    };
    let mut run = outcome(1, 1);
    let latency = |percentile| Check::LatencyAtMost { group: GROUP, percentile, limit: ms(100) };
    fails(run.check(None, latency(9900)), "p99 latency at most 100 ms", "no message was consumed");
    run.groups[0].latency.end_to_end = percentiles(250);
    run.series.groups[0].latency_at = vec![(3, percentiles(80))];
    passes(run.check(None, latency(9900)), "p99 latency at most 100 ms", "p99 10 ms over 1000 messages");
    fails(run.check(None, latency(9990)), "p99.9 latency at most 100 ms", "p99.9 250 ms over 1000 messages");
    passes(run.check(Some(30), latency(9990)), "p99.9 latency at most 100 ms", "p99.9 80 ms over 1000 messages");
    fails(run.check(Some(40), latency(9990)), "p99.9 latency at most 100 ms", "nothing was sampled at 40 s");
}

#[test]
fn orphan_time_is_counted_from_its_start_to_the_check() {
    let orphan =
        |from, at_most| Check::OrphanTime { group: GROUP, from: at(from), at_least: None, at_most: Some(at_most) };
    let expected = "at most 2 s without an owner, over all queues";
    let run = scale_out();
    passes(run.check(None, orphan(40, secs(2))), expected, "2 s");
    passes(run.check(Some(51), orphan(40, secs(2))), expected, "0 s");
    // From the group's first start on: 3 queues for 10 s and 3 for 12 s, and the move.
    fails(run.check(None, orphan(0, secs(2))), expected, "1m 08s");
    let longest =
        |from, least| Check::LongestOrphan { group: GROUP, from: at(from), at_least: Some(secs(least)), at_most: None };
    passes(run.check(None, longest(0, 12)), "one queue without an owner for at least 12 s", "12 s (q3)");
    fails(run.check(None, longest(20, 12)), "one queue without an owner for at least 12 s", "1 s (q4)");
}

#[test]
fn nobody_works_on_a_frozen_members_queues() {
    let run = outcome(1, 2).owns(0, 0..1, 0, 95).freezes(0, 20, 90).owns(1, 0..1, 60, 80);
    assert_eq!(orphan_stretches(&run.ownership[0], at(10), at(100)), [(at(95), at(100))]);
    assert_eq!(
        unserved_stretches(&run.ownership[0], at(10), at(100)),
        [(at(20), at(60)), (at(80), at(90)), (at(95), at(100))]
    );
    assert_eq!(unserved_stretches(&run.ownership[0], at(30), at(50)), [(at(30), at(50))]);
    let longest =
        Check::LongestOrphan { group: GROUP, from: at(10), at_least: Some(secs(40)), at_most: Some(secs(40)) };
    passes(run.check(None, longest), "one queue without an owner for 40 s to 40 s", "40 s (q0)");
}

#[test]
fn a_group_that_never_starts_has_no_orphans() {
    let mut run = outcome(2, 1).joins(0, 50);
    run.facts.clear();
    let orphan = Check::OrphanTime { group: GROUP, from: at(0), at_least: None, at_most: Some(secs(0)) };
    assert!(run.check(None, orphan).0);
}

#[test]
fn moves_are_changes_of_owner_and_the_first_owner_is_none() {
    let moved =
        |from, at_most| Check::MovedQueues { group: GROUP, from: at(from), at_least: None, at_most: Some(at_most) };
    // The last owner takes q5 again: no move.
    let run = scale_out().owns(2, 5..6, 100, 100);
    passes(run.check(None, moved(0, 2)), "at most 2 moves", "2 moves");
    passes(run.check(None, moved(52, 2)), "at most 2 moves", "2 moves");
    passes(run.check(None, moved(53, 0)), "at most 0 moves", "0 moves");
    passes(run.check(Some(51), moved(0, 0)), "at most 0 moves", "0 moves");
    fails(run.check(Some(52), moved(0, 1)), "at most 1 move", "2 moves");
}

#[test]
fn the_allocation_settles_at_its_last_change_before_the_next_action() {
    let stable = |until: Option<u64>, at_most| Check::StableWithin {
        group: GROUP,
        after: at(50),
        until: until.map(at),
        at_least: Some(secs(1)),
        at_most: secs(at_most),
    };
    let run = scale_out();
    let expected = "settled after 1 s to 2 s, each queue with one owner";
    passes(run.check(None, stable(None, 2)), expected, "settled after 2 s");
    let later = run.owns(1, 0..1, 80, 100);
    fails(later.check(None, stable(None, 2)), expected, "settled after 30 s, then q0 has 2 owners: g/0, g/1");
    passes(later.check(None, stable(Some(80), 2)), expected, "settled after 2 s");
    passes(later.check(Some(70), stable(None, 2)), expected, "settled after 2 s");
    fails(later.check(None, stable(Some(52), 2)), expected, "settled after 1 s, then no owner: q4–q5");
}

#[test]
fn a_takeover_from_a_frozen_member_settles_though_it_still_believes() {
    let run = outcome(1, 2).owns(0, 0..1, 0, 100).freezes(0, 20, 100).owns(1, 0..1, 60, 100);
    let stable = Check::StableWithin { group: GROUP, after: at(20), until: None, at_least: None, at_most: secs(40) };
    passes(run.check(None, stable), "settled after at most 40 s, each queue with one owner", "settled after 40 s");
}

#[test]
fn words_round_durations_for_people() {
    let nanos = SimDuration::from_nanos;
    for (value, text) in [
        (0, "0 s"),
        (850, "850 ns"),
        (1_234_000, "1.23 ms"),
        (250_000_000, "250 ms"),
        (12_345_000_000, "12.3 s"),
        (90_000_000_000, "1m 30s"),
        (131_234_000_000, "2m 11.2s"),
        (7_500_000_000_000, "2h 05m 00s"),
    ] {
        assert_eq!(super::duration(nanos(value)), text);
    }
    assert_eq!(super::words::percentile(9990), "p99.9");
    assert_eq!(super::words::percentile(5000), "p50");
}
