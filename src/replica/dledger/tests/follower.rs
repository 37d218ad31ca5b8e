//! The follower's side of the push.

use std::rc::Rc;

use super::*;

const fn entry(index: i64, term: i64) -> Entry<u64> {
    Entry { pos: index as u64 * 148, term, size: 100, payload: 0 }
}

fn push(rig: &mut Rig, at: u64, from: u8, term: i64, first: i64, count: i64) {
    let entries: Rc<[_]> = (first..first + count).map(|index| entry(index, term)).collect();
    rig.message(at, from, Message::Append { term, first, entries, commit: 1 });
}

#[test]
fn pushes_are_appended_in_order_at_the_next_run_of_the_loop() {
    let mut rig = Rig::following(3, &[1]);
    push(&mut rig, 10, 1, 1, 4, 2);
    assert_eq!(rig.server.next_deadline(), ms(1_000), "a gap: nothing but the check of each second");
    rig.server.on_tick(ms(20), &mut |_| 0, &mut rig.out);
    rig.server.on_message(
        SimTime::from_nanos(20_400_000),
        PeerIx(1),
        Message::Append { term: 1, first: 1, entries: (1..4).map(|index| entry(index, 1)).collect(), commit: 1 },
        &mut |_| 0,
        &mut rig.out,
    );
    assert_eq!(rig.server.next_deadline(), ms(21));
    rig.tick(21);
    assert_eq!(rig.sent(), ["n1 Success 3", "n1 Success 5"]);
    assert_eq!(
        rig.effects(),
        [
            Effect::Appended { first: 1, last: 3 },
            Effect::Committed { index: 1 },
            Effect::Appended { first: 4, last: 5 }
        ]
    );
}

#[test]
fn pushes_of_another_leader_or_term_or_without_disk_are_inconsistent() {
    for (from, term, full) in [(2, 1, false), (1, 2, false), (1, 0, false), (1, 1, true)] {
        let mut rig = Rig::following(3, &[1]);
        rig.server.set_disk_full(full);
        push(&mut rig, 10, from, term, 1, 1);
        rig.run_until(20);
        assert_eq!(rig.sent(), [format!("n{from} InconsistentState 1")], "n{from} term {term}");
        assert_eq!(rig.server.log().end(), 0);
    }
}

#[test]
fn a_gap_is_refused_when_it_is_a_second_old_and_only_once() {
    let mut rig = Rig::following(3, &[1]);
    push(&mut rig, 10, 1, 1, 4, 2);
    rig.run_until(1_999);
    assert_eq!(rig.sent(), [""; 0]);
    rig.run_until(5_000);
    assert_eq!(rig.sent(), ["n1 InconsistentState 4"]);
}

#[test]
fn entries_that_are_here_already_are_acknowledged_by_the_check_of_each_second() {
    let mut rig = Rig::following(3, &[1, 1, 1]);
    push(&mut rig, 10, 1, 1, 1, 1);
    rig.run_until(999);
    assert_eq!(rig.sent(), [""; 0]);
    rig.run_until(1_000);
    assert_eq!(rig.sent(), ["n1 Success 1"]);
    let mut other = Rig::following(3, &[1, 1, 1]);
    push(&mut other, 10, 1, 2, 1, 1);
    other.run_until(1_000);
    assert_eq!(other.sent(), ["n1 InconsistentState 1"]);
}

#[test]
fn a_repeated_push_is_dropped_as_far_as_it_waits_already() {
    let mut rig = Rig::following(3, &[1]);
    push(&mut rig, 10, 1, 1, 3, 2);
    push(&mut rig, 11, 1, 1, 3, 1);
    push(&mut rig, 12, 1, 1, 2, 5);
    push(&mut rig, 13, 1, 1, 1, 1);
    rig.run_until(20);
    assert_eq!(rig.sent(), ["n1 Success 1", "n1 Success 2", "n1 Success 4", "n1 Success 6"]);
}

#[test]
fn a_comparison_throws_waiting_pushes_away_and_needs_a_follower_of_anybody() {
    let compare = |index, term| Message::Compare { call: 1, term: 9, index, entry: entry(index, term) };
    let mut rig = Rig::following(3, &[1, 1]);
    push(&mut rig, 10, 1, 1, 4, 1);
    rig.message(11, 2, compare(1, 1));
    rig.message(11, 2, compare(1, 5));
    rig.message(11, 2, compare(7, 1));
    rig.run_until(5_000);
    assert_eq!(rig.sent(), ["n2 Success 0..1", "n2 InconsistentState 0..1", "n2 InconsistentState 0..1"]);
    let mut candidate = Rig::new(3, &[1, 1]);
    candidate.message(0, 2, compare(1, 1));
    assert_eq!(candidate.server.handler_due(), SimTime::MAX, "it waits");
    candidate.beat(500, 2, 1);
    assert_eq!(candidate.server.handler_due(), ms(500));
}

#[test]
fn a_truncation_cuts_behind_its_entry_and_writes_it_if_absent() {
    let after = |terms: &[i64], index, term| {
        let mut rig = Rig::following(3, terms);
        rig.message(10, 1, Message::Truncate { call: 1, term: 1, index, entry: entry(index, term), commit: -1 });
        rig.run_until(20);
        assert_eq!(rig.sent(), [format!("n1 Success {}..{index}", rig.server.log().begin())]);
        rig.effects()
    };
    let written = |index| Effect::Appended { first: index, last: index };
    assert_eq!(after(&[1, 1, 1, 1], 1, 1), [Effect::Truncated { end: 1 }]);
    assert_eq!(after(&[1, 1, 1, 1], 2, 9), [Effect::Truncated { end: 1 }, written(2)]);
    assert_eq!(after(&[1, 1, 1, 1], 0, 9), [Effect::Cleared { next: 0 }, written(0)]);
    assert_eq!(after(&[1, 1, 1, 1], 50, 1), [Effect::Cleared { next: 50 }, written(50)]);
    assert_eq!(after(&[1, 1], 2, 1), [written(2)]);
    let mut stranger = Rig::following(3, &[1]);
    stranger.message(10, 2, Message::Truncate { call: 1, term: 1, index: 0, entry: entry(0, 9), commit: -1 });
    stranger.run_until(20);
    assert_eq!(stranger.sent(), ["n2 InconsistentState 0..0"]);
}

#[test]
fn a_commit_is_bounded_by_the_own_end() {
    let mut rig = Rig::following(3, &[1, 1]);
    rig.message(10, 1, Message::Commit { term: 0, commit: 1 });
    assert_eq!(rig.server.handler_due(), SimTime::MAX, "of an old term");
    rig.message(10, 1, Message::Commit { term: 1, commit: 9 });
    rig.run_until(20);
    assert_eq!((rig.server.log().committed(), rig.effects()), (1, vec![Effect::Committed { index: 1 }]));
}
