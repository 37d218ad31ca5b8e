//! The election loop (`DLedgerLeaderElector.StateMaintainer`): one thread, a step each 10 ms, blocked while it waits for
//! votes or heartbeat answers.

use super::ballot::Ballot;
use super::beat::BeatRound;
use super::grid::{ELECTOR_STEP, elapsed_more, not_before};
use super::log::Payload;
use super::output::Role;
use super::server::{Cx, Server, draw_below};
use crate::kernel::time::SimTime;
use crate::protocol::dledger::{Message, PeerIx};

/// `VoteResponse.ParseResult`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParseResult {
    WaitToRevote,
    RevoteImmediately,
    Passed,
    WaitToVoteNext,
}

/// What the loop waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    /// Its next step.
    Step,
    Votes(Ballot),
    Beats(BeatRound),
}

#[derive(Clone, Debug)]
pub(super) struct Elector {
    /// When the loop's sleep ends; later steps follow each 10 ms.
    pub(super) next_step: SimTime,
    pub(super) wait: Wait,
    pub(super) last_parse: ParseResult,
    /// `nextTimeToRequestVote`.
    pub(super) next_vote: SimTime,
    /// `needIncreaseTermImmediately`.
    pub(super) need_increase_term: bool,
    pub(super) last_leader_beat: SimTime,
    pub(super) last_sent_beat: Option<SimTime>,
    /// `lastSuccHeartBeatTime`; not reset by a new leadership.
    pub(super) last_success: Option<SimTime>,
    /// `peersLiveTable`.
    pub(super) live: Vec<bool>,
}

impl Elector {
    pub(super) fn new(now: SimTime, members: u8) -> Self {
        Self {
            next_step: now,
            wait: Wait::Step,
            last_parse: ParseResult::WaitToRevote,
            next_vote: SimTime::ZERO,
            need_increase_term: false,
            last_leader_beat: now,
            last_sent_beat: None,
            last_success: None,
            live: vec![false; usize::from(members)],
        }
    }
}

impl<E: Payload> Server<E> {
    /// When the loop does something next.
    pub(super) fn elector_due(&self) -> SimTime {
        if !self.config.enable_leader_elector {
            return SimTime::MAX;
        }
        let elector = &self.elector;
        let step = |due| not_before(elector.next_step, ELECTOR_STEP, due);
        match &elector.wait {
            Wait::Votes(ballot) => ballot.deadline,
            Wait::Beats(round) => round.deadline,
            Wait::Step => match self.member.role {
                Role::Candidate if elector.need_increase_term => step(self.now),
                Role::Candidate => step(elector.next_vote.max(self.now)),
                Role::Follower => {
                    elapsed_more(elector.next_step, ELECTOR_STEP, elector.last_leader_beat, self.config.leak())
                }
                Role::Leader => elector.last_sent_beat.map_or_else(
                    || step(self.now),
                    |sent| elapsed_more(elector.next_step, ELECTOR_STEP, sent, self.config.heart_beat_time_interval),
                ),
            },
        }
    }

    pub(super) fn tick_elector(&mut self, cx: &mut Cx<'_, E>) {
        if self.elector_due() > cx.now {
            return;
        }
        match self.elector.wait {
            Wait::Votes(ballot) => self.close_ballot(cx, ballot),
            Wait::Beats(round) => self.close_beats(cx, round),
            Wait::Step => {
                self.elector.next_step = cx.now + ELECTOR_STEP;
                match self.member.role {
                    Role::Candidate => self.step_as_candidate(cx),
                    // `maintainAsFollower`: the leader has been silent for too long.
                    Role::Follower => self.change_to_candidate(cx, self.disk.curr_term),
                    Role::Leader => self.send_beats(cx),
                }
            }
        }
    }

    /// `#maintainAsCandidate` up to the wait for votes.
    fn step_as_candidate(&mut self, cx: &mut Cx<'_, E>) {
        if self.elector.last_parse == ParseResult::WaitToVoteNext || self.elector.need_increase_term {
            self.next_term();
            self.elector.last_parse = ParseResult::WaitToRevote;
        }
        if self.elector.need_increase_term {
            self.elector.next_vote = self.next_time_to_vote(cx);
            self.elector.need_increase_term = false;
            return;
        }
        let (term, call) = (self.disk.curr_term, self.next_call());
        let (ledger_end_term, ledger_end_index) = (self.disk.log.end_term(), self.disk.log.end());
        for peer in self.peers() {
            cx.out.send(peer, Message::Vote { call, term, ledger_end_term, ledger_end_index });
        }
        let wait = self.config.vote_wait + draw_below(cx.draw, self.config.max_vote_interval);
        self.elector.wait = Wait::Votes(Ballot::new(call, term, cx.now + wait));
        let (me, log) = (self.me, (ledger_end_term, ledger_end_index));
        let (answer_term, result) = self.answer_vote(cx, me, false, term, log);
        self.on_vote_answer(cx, call, me, answer_term, result);
    }

    /// `#getNextTimeToRequestVote`.
    pub(super) fn next_time_to_vote(&self, cx: &mut Cx<'_, E>) -> SimTime {
        let config = &self.config;
        let (min, max) = if self.is_taking_leadership() {
            (config.min_take_leadership_vote_interval, config.max_take_leadership_vote_interval)
        } else {
            (config.min_vote_interval, config.max_vote_interval)
        };
        cx.now + min + draw_below(cx.draw, max.saturating_sub(min))
    }

    /// The votes and heartbeat answers of `peer` that are waited for will not come.
    pub(super) fn fail_calls(&mut self, cx: &mut Cx<'_, E>, peer: PeerIx) {
        match &mut self.elector.wait {
            Wait::Step => {}
            Wait::Votes(ballot) => {
                if ballot.note(peer, None) {
                    self.look_at_ballot(cx);
                }
            }
            Wait::Beats(round) => {
                if round.note(peer, None) {
                    self.elector.live[peer.index()] = false;
                    self.look_at_beats(cx);
                }
            }
        }
    }

    /// The loop's wait is over: it sleeps, then goes round.
    pub(super) fn resume_loop(&mut self, cx: &Cx<'_, E>) {
        self.elector.wait = Wait::Step;
        self.elector.next_step = cx.now + ELECTOR_STEP;
    }
}
