//! Heartbeats, and how leaders and followers give up.

use super::*;
use BeatCode::*;

#[test]
fn a_heartbeat_is_answered_by_term_and_leader() {
    let mut rig = Rig::new(3, &[4]);
    assert_eq!(rig.beat(0, 9, 4), UnknownMember);
    assert_eq!(rig.beat(0, 1, 3), ExpiredTerm);
    assert_eq!(rig.beat(0, 1, 4), Success, "no leader known yet");
    assert_eq!(rig.effects(), [Effect::Role { role: Role::Follower, term: 4, leader: Some(PeerIx(1)) }]);
    assert_eq!(rig.beat(0, 2, 4), InconsistentLeader);
    assert_eq!(rig.beat(0, 2, 5), TermNotReady);
    assert_eq!((rig.server.role(), rig.server.term()), (Role::Candidate, 4));
    rig.tick(10);
    assert_eq!((rig.server.term(), rig.beat(11, 2, 5)), (5, Success));
}

#[test]
fn a_follower_gives_its_leader_up_after_more_than_six_seconds() {
    let mut rig = Rig::following(3, &[1]);
    rig.beat(1_234, 1, 1);
    assert_eq!(rig.server.next_deadline(), ms(7_240), "7234 ms are not more than 6 s");
    rig.run_until(7_239);
    assert_eq!(rig.server.role(), Role::Follower);
    rig.run_until(7_240);
    assert_eq!((rig.server.role(), rig.server.term()), (Role::Candidate, 1));
    rig.run_until(7_250);
    assert_eq!(rig.sent(), ["n1 vote 1", "n2 vote 1"], "in the old term");
}

/// A leader of three in term 1 whose round at `at` ms gets these codes.
fn round(rig: &mut Rig, at: u64, answers: &[(u8, BeatCode)]) {
    rig.run_until(at);
    let call = rig.server.last_call;
    for (peer, code) in answers {
        rig.message(at, *peer, Message::BeatAnswer { call, term: 6, code: *code });
    }
}

fn beats(rig: &mut Rig) -> usize {
    rig.sent().iter().filter(|text| text.contains("beat")).count()
}

#[test]
fn a_leader_beats_when_more_than_two_seconds_have_passed() {
    let mut rig = Rig::leading(3, &[]);
    rig.run_until(10);
    assert_eq!(beats(&mut rig), 2);
    let call = rig.server.last_call;
    rig.message(12, 1, Message::BeatAnswer { call, term: 0, code: Success });
    assert_eq!(rig.server.elector_due(), ms(2_012), "steps at 22, 32, … ms");
    rig.run_until(2_011);
    assert_eq!(beats(&mut rig), 0);
    rig.run_until(2_012);
    assert_eq!(beats(&mut rig), 2);
}

#[test]
fn a_round_of_heartbeats_is_read_by_the_first_rule_that_fits() {
    let after = |answers: &[(u8, BeatCode)]| {
        let mut rig = Rig::leading(3, &[1]);
        round(&mut rig, 10, &[(1, Success)]);
        rig.run_until(2_020);
        rig.forget();
        round(&mut rig, 2_020, answers);
        rig.run_until(2_035);
        (rig.server.role(), beats(&mut rig))
    };
    assert_eq!(after(&[(1, ExpiredTerm), (2, Success)]), (Role::Leader, 0), "a quorum: a later term is not heeded");
    assert_eq!(after(&[(1, TermNotReady)]), (Role::Leader, 2), "again at once");
    assert_eq!(after(&[(1, ExpiredTerm), (2, ExpiredTerm)]).0, Role::Candidate);
    assert_eq!(after(&[(1, InconsistentLeader), (2, UnknownMember)]).0, Role::Candidate);
    assert_eq!(after(&[(1, UnknownMember), (2, UnknownMember)]).0, Role::Leader, "six seconds have not passed");
}

#[test]
fn a_leader_without_quorum_steps_down_after_six_seconds_and_votes_in_its_old_term() {
    let mut rig = Rig::leading(3, &[1]);
    round(&mut rig, 10, &[(1, Success)]);
    rig.run_until(6_000);
    assert_eq!(rig.server.role(), Role::Leader);
    rig.run_until(6_030);
    assert_eq!((rig.server.role(), rig.server.term()), (Role::Candidate, 1), "rounds end at 4020 and 6030 ms");
    rig.run_until(6_040);
    let call = rig.server.last_call;
    rig.message(6_050, 1, Message::VoteAnswer { call, term: 1, result: VoteResult::Accept });
    assert_eq!((rig.server.role(), rig.server.term()), (Role::Leader, 1), "elected twice in one term");
}

#[test]
fn a_new_leader_whose_first_round_fails_steps_down_at_once() {
    let mut rig = Rig::leading(3, &[1]);
    round(&mut rig, 10, &[]);
    rig.server.on_unreachable(ms(11), PeerIx(1), &mut |_| 0, &mut rig.out);
    rig.server.on_unreachable(ms(11), PeerIx(2), &mut |_| 0, &mut rig.out);
    assert_eq!(rig.server.role(), Role::Candidate, "it never had a success");
}

#[test]
fn without_the_elector_nothing_is_due() {
    let config = DLedgerConfig { enable_leader_elector: false, ..DLedgerConfig::default() };
    assert_eq!(Rig::with(config, 3, &[]).server.next_deadline(), SimTime::MAX);
}
