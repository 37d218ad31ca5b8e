//! Answers to vote requests, and what a candidate makes of the answers.

use super::*;
use VoteResult::*;

#[test]
fn a_vote_is_answered_by_the_first_rule_that_fits() {
    // The voter: term 5, log of 3 entries that ends in term 4.
    let voter = || {
        let mut rig = Rig::new(3, &[1, 4, 4]);
        rig.server.disk.curr_term = 5;
        rig
    };
    for (from, term, log, expected) in [
        (7, 5, (4, 2), (5, RejectUnknownLeader)),
        (0, 5, (4, 2), (5, RejectUnexpectedLeader)),
        (1, 5, (3, 9), (5, RejectExpiredLedgerTerm)),
        (1, 5, (4, 1), (5, RejectSmallLedgerEndIndex)),
        (1, 9, (4, 1), (5, RejectSmallLedgerEndIndex)),
        (1, 4, (4, 2), (5, RejectExpiredVoteTerm)),
        (1, 6, (4, 2), (5, RejectTermNotReady)),
        (1, 5, (4, 2), (5, Accept)),
        (1, 5, (5, 0), (5, Accept)),
    ] {
        assert_eq!(voter().vote(0, from, term, log), expected, "n{from}, term {term}, log {log:?}");
    }
    let mut voted = voter();
    assert_eq!(voted.vote(0, 1, 5, (4, 2)), (5, Accept));
    assert_eq!(voted.vote(0, 1, 5, (4, 2)), (5, Accept), "the same one again");
    assert_eq!(voted.vote(0, 2, 5, (4, 2)), (5, RejectAlreadyVoted));
    voted.beat(0, 1, 5);
    assert_eq!(voted.vote(0, 2, 5, (4, 2)), (5, RejectAlreadyHasLeader));
    let mut behind = voter();
    behind.server.disk.curr_term = 3;
    assert_eq!(behind.vote(0, 1, 3, (4, 2)), (4, RejectTermSmallThanLedger), "the answer carries the log's term");
}

#[test]
fn a_higher_term_steps_down_at_once_and_raises_the_own_term_when_the_loop_comes_round() {
    let mut rig = Rig::following(3, &[1]);
    assert_eq!(rig.vote(15, 2, 6, (1, 0)), (1, RejectTermNotReady));
    assert_eq!((rig.server.role(), rig.server.term(), rig.server.leader()), (Role::Candidate, 1, None));
    assert_eq!(rig.server.next_deadline(), ms(20), "the next step of 10 ms");
    rig.tick(20);
    assert_eq!((rig.server.term(), rig.sent()), (6, vec![]), "no vote in this step");
    assert_eq!(rig.server.next_deadline(), ms(320), "300 ms later");
    assert_eq!(rig.vote(21, 2, 6, (1, 0)), (6, Accept));
}

#[test]
fn the_first_vote_is_in_the_stored_term() {
    let mut rig = Rig::new(3, &[4]);
    rig.tick(0);
    assert_eq!(rig.sent(), ["n1 vote 4", "n2 vote 4"]);
    assert_eq!(rig.server.next_deadline(), ms(2_000), "the wait for votes");
}

/// The next vote's time in ms and its term, after a ballot in term 3 that got these answers of n1 to n4 (none: failed).
fn next_vote(answers: &[Option<(i64, VoteResult)>]) -> (Role, u64, i64) {
    let mut rig = Rig::new(5, &[3]);
    rig.tick(0);
    rig.forget();
    let call = rig.server.last_call;
    for (peer, answer) in (1..).zip(answers) {
        match *answer {
            Some((term, result)) => rig.message(0, peer, Message::VoteAnswer { call, term, result }),
            None => rig.server.on_unreachable(SimTime::ZERO, PeerIx(peer), &mut |_| 0, &mut rig.out),
        }
    }
    if rig.server.role() == Role::Leader {
        return (Role::Leader, 0, rig.server.term());
    }
    let at = rig.server.next_deadline();
    rig.forget();
    rig.server.on_tick(at, &mut |_| 0, &mut rig.out);
    let term = rig.out.messages.iter().find_map(|(_, message)| match message {
        Message::Vote { term, .. } => Some(*term),
        _ => None,
    });
    (rig.server.role(), at.as_millis(), term.expect("a vote"))
}

#[test]
fn the_answers_to_a_vote_are_read_by_the_first_rule_that_fits() {
    let is = |result| Some((3, result));
    let accept = is(Accept);
    for (answers, expected, why) in [
        (vec![accept, accept], (Role::Leader, 0, 3), "a quorum"),
        (vec![is(RejectTermNotReady), accept], (Role::Candidate, 10, 3), "at once, same term"),
        (vec![Some((8, RejectExpiredVoteTerm)), None, None, None], (Role::Candidate, 300, 8), "a known higher term"),
        (vec![is(RejectAlreadyHasLeader)], (Role::Candidate, 6_300, 3), "a leader is known: a long pause"),
        (vec![None, None, None, is(RejectAlreadyVoted)], (Role::Candidate, 300, 3), "too few valid answers"),
        (
            vec![is(RejectSmallLedgerEndIndex), is(RejectExpiredLedgerTerm), is(RejectSmallLedgerEndIndex), accept],
            (Role::Candidate, 1_300, 3),
            "logs that are longer",
        ),
        (vec![is(RejectAlreadyVoted), is(RejectAlreadyVoted), None, None], (Role::Candidate, 300, 4), "lost: term + 1"),
    ] {
        assert_eq!(next_vote(&answers), expected, "{why}");
    }
}

#[test]
fn votes_that_do_not_come_are_waited_for_and_late_ones_ignored() {
    let mut rig = Rig::new(3, &[3]);
    rig.tick(0);
    let call = rig.server.last_call;
    rig.run_until(2_000);
    rig.message(2_001, 1, Message::VoteAnswer { call, term: 3, result: Accept });
    assert_eq!(rig.server.role(), Role::Candidate);
    assert_eq!(rig.server.next_deadline(), ms(2_300));
}

#[test]
fn a_term_announced_during_the_wait_for_votes_counts_when_the_wait_is_over() {
    let mut rig = Rig::new(3, &[3]);
    rig.tick(0);
    assert_eq!(rig.vote(500, 1, 7, (3, 0)), (3, RejectTermNotReady));
    assert_eq!(rig.vote(1_900, 1, 7, (3, 0)), (3, RejectTermNotReady), "blocked");
    rig.run_until(2_000);
    assert_eq!(rig.server.term(), 3);
    rig.run_until(2_010);
    assert_eq!(rig.server.term(), 7);
}
