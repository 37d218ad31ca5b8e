//! Votes: how a member answers a request, and what a candidate reads from the answers.

use super::elector::{ParseResult, Wait};
use super::log::Payload;
use super::server::{Broken, Cx, Server};
use crate::kernel::time::SimTime;
use crate::protocol::dledger::{PeerIx, VoteResult};

/// The answers to one round of vote requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ballot {
    call: u64,
    term: i64,
    pub(super) deadline: SimTime,
    /// Bits of the members that answered or failed.
    answered: u64,
    valid: u32,
    accepted: u32,
    not_ready: u32,
    bigger_ledger: u32,
    already_has_leader: bool,
    known_max_term: i64,
}

impl Ballot {
    pub(super) const fn new(call: u64, term: i64, deadline: SimTime) -> Self {
        Self {
            call,
            term,
            deadline,
            answered: 0,
            valid: 0,
            accepted: 0,
            not_ready: 0,
            bigger_ledger: 0,
            already_has_leader: false,
            known_max_term: term,
        }
    }

    /// Notes a peer's answer with its term, or its failure (`UNKNOWN`). Whether it was the first of this peer.
    pub(super) fn note(&mut self, peer: PeerIx, answer: Option<(i64, VoteResult)>) -> bool {
        let bit = 1_u64 << peer.0;
        if self.answered & bit != 0 {
            return false;
        }
        self.answered |= bit;
        let Some((term, result)) = answer else { return true };
        self.valid += 1;
        match result {
            VoteResult::Accept => self.accepted += 1,
            VoteResult::RejectAlreadyHasLeader => self.already_has_leader = true,
            VoteResult::RejectTermSmallThanLedger | VoteResult::RejectExpiredVoteTerm => {
                self.known_max_term = self.known_max_term.max(term);
            }
            VoteResult::RejectExpiredLedgerTerm | VoteResult::RejectSmallLedgerEndIndex => self.bigger_ledger += 1,
            VoteResult::RejectTermNotReady => self.not_ready += 1,
            VoteResult::RejectAlreadyVoted
            | VoteResult::RejectTakingLeadership
            | VoteResult::RejectUnknownLeader
            | VoteResult::RejectUnexpectedLeader => {}
        }
        true
    }
}

impl<E: Payload> Server<E> {
    /// `#handleVote`: the answering term and the result. `log` is the candidate's last term and index; `outside` tells a
    /// request with the own id that came over the network.
    pub(super) fn answer_vote(
        &mut self,
        cx: &mut Cx<'_, E>,
        candidate: PeerIx,
        outside: bool,
        term: i64,
        log: (i64, i64),
    ) -> (i64, VoteResult) {
        let mine = self.disk.curr_term;
        if candidate.0 >= self.members {
            return (mine, VoteResult::RejectUnknownLeader);
        }
        if outside {
            return (mine, VoteResult::RejectUnexpectedLeader);
        }
        let (end_term, end) = (self.disk.log.end_term(), self.disk.log.end());
        if log.0 < end_term && self.broken != Broken::VotesForShortLogs {
            return (mine, VoteResult::RejectExpiredLedgerTerm);
        }
        if log.0 == end_term && log.1 < end && self.broken != Broken::VotesForShortLogs {
            return (mine, VoteResult::RejectSmallLedgerEndIndex);
        }
        if term < mine {
            return (mine, VoteResult::RejectExpiredVoteTerm);
        }
        if term > mine {
            // Stepped down by a higher term; the vote is given when the own term has risen.
            self.change_to_candidate(cx, term);
            self.elector.need_increase_term = true;
            return (mine, VoteResult::RejectTermNotReady);
        }
        let voted_otherwise = self.disk.vote_for.is_some_and(|voted| voted != candidate);
        if voted_otherwise && self.broken != Broken::VotesTwice {
            let known = self.member.leader.is_some();
            return (mine, if known { VoteResult::RejectAlreadyHasLeader } else { VoteResult::RejectAlreadyVoted });
        }
        if term < end_term {
            return (end_term, VoteResult::RejectTermSmallThanLedger);
        }
        if candidate != self.me && self.is_taking_leadership() && log.0 == end_term && end >= log.1 {
            return (mine, VoteResult::RejectTakingLeadership);
        }
        self.disk.vote_for = Some(candidate);
        (mine, VoteResult::Accept)
    }

    pub(super) fn on_vote_answer(
        &mut self,
        cx: &mut Cx<'_, E>,
        call: u64,
        from: PeerIx,
        term: i64,
        result: VoteResult,
    ) {
        if let Wait::Votes(ballot) = &mut self.elector.wait
            && ballot.call == call
            && ballot.note(from, Some((term, result)))
        {
            self.look_at_ballot(cx);
        }
    }

    /// Whether the wait ends before its time.
    pub(super) fn look_at_ballot(&mut self, cx: &mut Cx<'_, E>) {
        let Wait::Votes(ballot) = self.elector.wait else { return };
        if ballot.already_has_leader
            || self.is_quorum(ballot.accepted)
            || self.is_quorum(ballot.accepted + ballot.not_ready)
            || ballot.answered.count_ones() == u32::from(self.members)
        {
            self.close_ballot(cx, ballot);
        }
    }

    /// The end of `#maintainAsCandidate`: reads the answers, the first rule that fits.
    pub(super) fn close_ballot(&mut self, cx: &mut Cx<'_, E>, ballot: Ballot) {
        self.resume_loop(cx);
        let mut parse = ParseResult::WaitToRevote;
        if ballot.known_max_term > ballot.term {
            parse = ParseResult::WaitToVoteNext;
            self.elector.next_vote = self.next_time_to_vote(cx);
            self.change_to_candidate(cx, ballot.known_max_term);
        } else if ballot.already_has_leader {
            self.elector.next_vote = self.next_time_to_vote(cx) + self.config.leak();
        } else if !self.is_quorum(ballot.valid) {
            self.elector.next_vote = self.next_time_to_vote(cx);
        } else if !self.is_quorum(ballot.valid - ballot.bigger_ledger) {
            self.elector.next_vote = self.next_time_to_vote(cx) + self.config.max_vote_interval;
        } else if self.is_quorum(ballot.accepted) {
            parse = ParseResult::Passed;
        } else if self.is_quorum(ballot.accepted + ballot.not_ready) {
            parse = ParseResult::RevoteImmediately;
        } else {
            parse = ParseResult::WaitToVoteNext;
            self.elector.next_vote = self.next_time_to_vote(cx);
        }
        self.elector.last_parse = parse;
        if parse == ParseResult::Passed {
            self.change_to_leader(cx, ballot.term);
        }
    }
}
