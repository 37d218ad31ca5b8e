//! The leader's pushes, quorum and pending appends.

use super::*;
use AppendCode::*;

/// The first message to n1 of a leader of the entries 2..=9 after it compared `compared` and got this answer.
fn after_comparison(compared: i64, code: AppendCode, begin: i64, end: i64) -> String {
    let mut rig = Rig::new(3, &[1; 10]);
    rig.server.expire_before(2);
    let mut rig = rig.elected();
    rig.run_until(1);
    // n1 was asked before n2.
    let mut call = rig.server.last_call - 1;
    if compared != 9 {
        // Led there by a follower that ends there.
        rig.message(1, 1, Message::LogAnswer { call, code: InconsistentState, begin: 0, end: compared });
        call = rig.server.last_call;
    }
    rig.forget();
    rig.message(1, 1, Message::LogAnswer { call, code, begin, end });
    let sent = rig.sent();
    sent.first().cloned().unwrap_or_else(|| format!("mark {}", rig.server.water_mark(PeerIx(1))))
}

#[test]
fn a_comparison_is_read_by_the_first_rule_that_fits() {
    for (compared, code, begin, end, expected) in [
        (9, Success, 0, 9, "mark 9"),
        (9, Success, 0, 12, "n1 truncate 9"),
        (9, InconsistentState, -1, -1, "n1 truncate 2"),
        (9, InconsistentState, 0, 1, "n1 truncate 2"),
        (9, InconsistentState, 10, 20, "n1 truncate 2"),
        (5, InconsistentState, 6, 8, "n1 truncate 2"),
        (9, InconsistentState, 0, 4, "n1 compare 4"),
        (9, InconsistentState, 0, 9, "n1 compare 8"),
        (2, InconsistentState, 0, 4, "n1 truncate 2"),
    ] {
        assert_eq!(after_comparison(compared, code, begin, end), expected, "at {compared}: {code:?} {begin}..{end}");
    }
}

/// A leader of three that appends to n1, whose log is equal.
fn appending() -> Rig {
    let mut rig = Rig::leading(3, &[1]).steady();
    rig.run_until(1);
    let call = rig.server.last_call - 1;
    rig.message(1, 1, Message::LogAnswer { call, code: Success, begin: 0, end: 0 });
    rig.run_until(2);
    rig.forget();
    rig
}

fn to_first(rig: &mut Rig) -> Vec<String> {
    rig.sent().into_iter().filter(|text| text.starts_with("n1") && !text.contains("beat")).collect()
}

fn acknowledge(rig: &mut Rig, at: u64, index: i64) {
    rig.message(at, 1, Message::AppendAnswer { term: 1, index, code: Success });
}

#[test]
fn a_failed_comparison_is_tried_again_after_half_a_second() {
    let mut rig = Rig::leading(3, &[1]).steady();
    rig.run_until(1);
    rig.forget();
    rig.server.on_unreachable(ms(7), PeerIx(1), &mut |_| 0, &mut rig.out);
    rig.run_until(506);
    assert_eq!(to_first(&mut rig), [""; 0]);
    rig.run_until(507);
    assert_eq!(to_first(&mut rig), ["n1 compare 0"]);
    rig.run_until(4_006);
    assert_eq!(to_first(&mut rig), [""; 0], "3 s without an answer and a sleep");
    rig.run_until(4_007);
    assert_eq!(to_first(&mut rig), ["n1 compare 0"]);
}

#[test]
fn appends_go_out_at_once_together_and_shared_and_then_each_millisecond() {
    let mut rig = appending();
    rig.append(50, 3);
    assert_eq!(rig.server.next_deadline(), ms(50));
    rig.run_until(50);
    assert_eq!(to_first(&mut rig), ["n1 append 1+3"]);
    rig.append(50, 2);
    rig.run_until(50);
    assert_eq!(to_first(&mut rig), [""; 0]);
    rig.run_until(51);
    assert_eq!(to_first(&mut rig), ["n1 append 4+2"]);
}

#[test]
fn a_thousand_entries_are_in_flight_at_most() {
    let mut rig = appending();
    rig.append(50, 1_500);
    rig.run_until(60);
    assert_eq!(to_first(&mut rig), ["n1 append 1+1000"]);
    acknowledge(&mut rig, 61, 200);
    rig.run_until(70);
    assert_eq!(to_first(&mut rig), ["n1 append 1001+200"]);
}

#[test]
fn the_entry_behind_the_mark_alone_is_pushed_again_after_more_than_a_second() {
    let mut rig = appending();
    rig.append(50, 5);
    rig.run_until(50);
    acknowledge(&mut rig, 60, 2);
    rig.forget();
    rig.run_until(1_050);
    assert_eq!(to_first(&mut rig), [""; 0]);
    rig.run_until(1_060);
    assert_eq!(to_first(&mut rig), ["n1 commit 2", "n1 append 3+1"]);
    acknowledge(&mut rig, 1_070, 3);
    rig.run_until(1_080);
    assert_eq!(to_first(&mut rig), ["n1 append 4+1"], "it went out long ago too");
}

#[test]
fn an_idle_leader_sends_its_committed_index_each_second() {
    let mut rig = appending();
    rig.run_until(5_500);
    let commits = to_first(&mut rig).into_iter().filter(|text| text.contains("commit")).count();
    assert_eq!(commits, 5);
}

#[test]
fn an_inconsistent_follower_is_compared_anew() {
    let mut rig = appending();
    rig.append(50, 5);
    rig.run_until(50);
    rig.forget();
    rig.message(60, 1, Message::AppendAnswer { term: 1, index: 3, code: InconsistentState });
    rig.run_until(61);
    assert_eq!(to_first(&mut rig), ["n1 compare 5"]);
}

#[test]
fn entries_of_older_terms_are_counted_once_the_own_mark_was_refreshed() {
    let mut rig = appending();
    assert_eq!(rig.server.log().committed(), -1, "n1 has entry 0, the own mark is not set yet");
    rig.run_until(1_000);
    assert_eq!(rig.server.log().committed(), -1);
    rig.run_until(1_001);
    assert_eq!(rig.server.log().committed(), 0);
}

#[test]
fn appends_time_out_only_behind_the_quorum_index() {
    let mut rig = appending();
    rig.append(10, 1);
    assert_eq!(rig.server.log().committed(), 0, "the append set the own mark");
    rig.append(500, 1);
    rig.run_until(2_509);
    assert!(rig.effects().iter().all(|effect| !matches!(effect, Effect::Outcome { .. })));
    rig.run_until(2_510);
    let outcome = AppendOutcome::WaitQuorumAckTimeout;
    assert_eq!(rig.effects(), [Effect::Outcome { first: 1, last: 1, outcome }]);
    acknowledge(&mut rig, 2_600, 2);
    let outcome = AppendOutcome::Committed;
    assert_eq!(rig.effects(), [Effect::Committed { index: 2 }, Effect::Outcome { first: 2, last: 2, outcome }]);

    let mut cut_off = Rig::leading(3, &[1]).steady();
    cut_off.append(10, 1);
    cut_off.forget();
    cut_off.run_until(60_000);
    assert!(cut_off.effects().iter().all(|effect| !matches!(effect, Effect::Outcome { .. })), "older entries wait");
}

#[test]
fn appends_are_refused_without_office_without_room_and_without_disk() {
    let config = DLedgerConfig { max_pending_requests_num: 4, ..DLedgerConfig::default() };
    let mut rig = Rig::with(config, 3, &[1]);
    let append = |rig: &mut Rig| rig.server.append(ms(50), 0, 100, &mut Output::default());
    assert_eq!(append(&mut rig), Err(AppendError::NotLeader));
    let mut rig = rig.elected();
    for _ in 0..5 {
        append(&mut rig).unwrap();
    }
    assert_eq!(append(&mut rig), Err(AppendError::PendingFull), "more than 4 pending");
    rig.server.config.max_pending_requests_num = 10;
    rig.server.set_disk_full(true);
    assert_eq!(append(&mut rig), Err(AppendError::DiskFull));
}

#[test]
fn a_peer_far_behind_gets_its_quota_per_second() {
    let config = DLedgerConfig {
        max_pending_size: 10,
        peer_push_throttle_point: 148 * 20,
        peer_push_quota: 148 * 5,
        max_pending_requests_num: 1_000,
        ..DLedgerConfig::default()
    };
    let mut rig = Rig::with(config, 3, &[1]).elected();
    rig.run_until(1);
    let call = rig.server.last_call - 1;
    rig.message(1, 1, Message::LogAnswer { call, code: Success, begin: 0, end: 0 });
    rig.append(50, 100);
    rig.forget();
    rig.run_until(900);
    assert_eq!(to_first(&mut rig), ["n1 append 1+4"], "the fifth reaches the quota and waits for the second to end");
    rig.run_until(1_000);
    assert_eq!(to_first(&mut rig), ["n1 append 5+4"]);
}
