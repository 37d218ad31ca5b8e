//! Leadership transfer, at the transferee and at the leader.

use super::*;
use TransferCode::*;

fn take(rig: &mut Rig, at: u64, from: u8, term: i64, index: i64) {
    rig.message(at, from, Message::TakeLeadership { call: 5, term, index });
}

#[test]
fn a_transferee_checks_leader_and_term() {
    let mut rig = Rig::following(3, &[1]);
    take(&mut rig, 10, 2, 1, 0);
    take(&mut rig, 10, 1, 9, 0);
    assert_eq!(rig.sent(), ["n2 InconsistentLeader", "n1 InconsistentTerm"]);
    assert_eq!(rig.server.role(), Role::Follower);
}

#[test]
fn a_transferee_waits_a_second_for_the_entries_that_it_lacks() {
    let mut rig = Rig::following(3, &[1]);
    take(&mut rig, 15, 1, 1, 3);
    rig.run_until(1_015);
    assert_eq!(rig.sent(), [""; 0]);
    rig.run_until(1_025);
    assert_eq!(rig.sent(), ["n1 TakeLeadershipFailed"], "polled each 10 ms, more than 1 s");
}

#[test]
fn a_transferee_raises_the_term_votes_soon_when_preferred_and_answers_when_it_leads() {
    for (preferred, wait) in [(vec![PeerIx(0)], 30), (vec![], 300)] {
        let config = DLedgerConfig { preferred_leader: preferred, ..DLedgerConfig::default() };
        let mut rig = Rig::with(config, 3, &[1]);
        rig.beat(0, 1, 1);
        take(&mut rig, 15, 1, 1, 0);
        assert_eq!((rig.server.role(), rig.server.term()), (Role::Candidate, 1));
        rig.run_until(20);
        assert_eq!(rig.server.term(), 2);
        assert_eq!(rig.server.elector_due(), ms(20 + wait));
        rig.run_until(20 + wait);
        rig.forget();
        let call = rig.server.last_call;
        rig.message(400, 2, Message::VoteAnswer { call, term: 2, result: VoteResult::Accept });
        assert_eq!(rig.sent(), ["n1 Success"]);
    }
}

#[test]
fn a_preferred_transferee_refuses_its_vote_to_others_with_the_same_log() {
    let config = DLedgerConfig { preferred_leader: vec![PeerIx(0)], ..DLedgerConfig::default() };
    let mut rig = Rig::with(config, 3, &[1]);
    rig.beat(0, 1, 1);
    take(&mut rig, 15, 1, 1, 0);
    rig.run_until(20);
    assert_eq!(rig.vote(21, 2, 2, (1, 0)).1, VoteResult::RejectTakingLeadership);
    assert_eq!(rig.vote(21, 2, 2, (1, 7)).1, VoteResult::Accept, "a longer log");
}

#[test]
fn a_transferee_that_follows_or_is_overtaken_says_so() {
    let taking = || {
        let mut rig = Rig::following(3, &[1]);
        take(&mut rig, 15, 1, 1, 0);
        rig
    };
    let mut follows = taking();
    follows.message(16, 1, Message::Beat { call: 1, term: 1 });
    assert_eq!(follows.sent()[0], "n1 TakeLeadershipFailed");
    let mut overtaken = taking();
    overtaken.message(16, 2, Message::Beat { call: 1, term: 7 });
    assert_eq!(overtaken.sent()[0], "n1 ExpiredTerm");
}

#[test]
fn a_failed_transfer_lets_the_leader_append_again() {
    let mut rig = Rig::leading(3, &[1]).steady();
    rig.server.transfer_leadership(ms(10), PeerIx(1), &mut rig.out).unwrap();
    let append = |rig: &mut Rig, at| rig.server.append(ms(at), 0, 100, &mut Output::default());
    assert_eq!(append(&mut rig, 11), Err(AppendError::Transferring));
    assert_eq!(rig.server.transfer_leadership(ms(12), PeerIx(2), &mut rig.out), Err(AppendError::Transferring));
    rig.run_until(3_009);
    assert_eq!(append(&mut rig, 3_009), Err(AppendError::Transferring));
    rig.forget();
    rig.run_until(3_010);
    assert!(rig.effects().contains(&Effect::Transfer { to: PeerIx(1), code: NetworkError }));
    assert!(append(&mut rig, 3_011).is_ok());
}

#[test]
fn a_leader_hands_over_to_a_live_preferred_member_that_is_not_far_behind() {
    let asks = |live: bool, behind: u64| {
        let config = DLedgerConfig { preferred_leader: vec![PeerIx(2)], ..DLedgerConfig::default() };
        let mut rig = Rig::with(config, 3, &[]).elected();
        rig.append(1, behind);
        rig.run_until(10);
        let call = rig.server.last_call;
        if live {
            rig.message(11, 2, Message::BeatAnswer { call, term: 0, code: BeatCode::Success });
        }
        rig.forget();
        rig.run_until(1_000);
        rig.out
            .messages
            .iter()
            .any(|(to, message)| *to == PeerIx(2) && matches!(message, Message::TakeLeadership { .. }))
    };
    assert!(asks(true, 998));
    assert!(!asks(true, 1_000), "1001 behind a mark of -1");
    assert!(!asks(false, 10));
}
