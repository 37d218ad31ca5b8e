//! Heartbeats: the leader's rounds and the followers' answers.

use super::elector::Wait;
use super::log::Payload;
use super::server::{Cx, Server};
use crate::kernel::time::SimTime;
use crate::protocol::dledger::{BeatCode, Message, PeerIx};

/// The answers to one round of heartbeats.
#[derive(Clone, Copy, Debug)]
pub(super) struct BeatRound {
    call: u64,
    term: i64,
    pub(super) deadline: SimTime,
    /// Bits of the members that answered or failed.
    answered: u64,
    succeeded: u32,
    not_ready: u32,
    inconsistent: bool,
    max_term: i64,
}

impl BeatRound {
    /// Notes a peer's answer with its term, or its failure. Whether it was the first of this peer.
    pub(super) const fn note(&mut self, peer: PeerIx, answer: Option<(i64, BeatCode)>) -> bool {
        let bit = 1_u64 << peer.0;
        if self.answered & bit != 0 {
            return false;
        }
        self.answered |= bit;
        match answer {
            Some((_, BeatCode::Success)) => self.succeeded += 1,
            Some((_, BeatCode::TermNotReady)) => self.not_ready += 1,
            Some((_, BeatCode::InconsistentLeader)) => self.inconsistent = true,
            // The last one counts, not the highest.
            Some((term, BeatCode::ExpiredTerm)) => self.max_term = term,
            Some((_, BeatCode::UnknownMember)) | None => {}
        }
        true
    }
}

impl<E: Payload> Server<E> {
    /// `#handleHeartBeat`: the answering term and code.
    pub(super) fn answer_beat(&mut self, cx: &mut Cx<'_, E>, leader: PeerIx, term: i64) -> (i64, BeatCode) {
        let mine = self.disk.curr_term;
        let code = if leader.0 >= self.members || leader == self.me {
            BeatCode::UnknownMember
        } else if term < mine {
            BeatCode::ExpiredTerm
        } else if term > mine {
            // Not a follower yet: the election loop raises the term first.
            self.change_to_candidate(cx, term);
            self.elector.need_increase_term = true;
            BeatCode::TermNotReady
        } else if self.member.leader.is_none() {
            self.change_to_follower(cx, term, leader);
            BeatCode::Success
        } else if self.member.leader == Some(leader) {
            self.elector.last_leader_beat = cx.now;
            BeatCode::Success
        } else {
            BeatCode::InconsistentLeader
        };
        (mine, code)
    }

    /// `#sendHeartbeats` up to the wait for answers.
    pub(super) fn send_beats(&mut self, cx: &mut Cx<'_, E>) {
        self.elector.last_sent_beat = Some(cx.now);
        let (term, call) = (self.disk.curr_term, self.next_call());
        for peer in self.peers() {
            cx.out.send(peer, Message::Beat { call, term });
        }
        self.elector.wait = Wait::Beats(BeatRound {
            call,
            term,
            deadline: cx.now + self.config.heart_beat_time_interval,
            answered: 1 << self.me.0,
            succeeded: 1,
            not_ready: 0,
            inconsistent: false,
            max_term: -1,
        });
    }

    pub(super) fn on_beat_answer(&mut self, cx: &mut Cx<'_, E>, call: u64, from: PeerIx, term: i64, code: BeatCode) {
        self.elector.live[from.index()] = true;
        if let Wait::Beats(round) = &mut self.elector.wait
            && round.call == call
            && round.note(from, Some((term, code)))
        {
            self.look_at_beats(cx);
        }
    }

    /// Whether the wait ends before its time.
    pub(super) fn look_at_beats(&mut self, cx: &mut Cx<'_, E>) {
        let Wait::Beats(round) = self.elector.wait else { return };
        if self.is_quorum(round.succeeded)
            || self.is_quorum(round.succeeded + round.not_ready)
            || round.answered.count_ones() == u32::from(self.members)
        {
            self.close_beats(cx, round);
        }
    }

    /// The end of `#sendHeartbeats`: reads the answers, the first rule that fits.
    pub(super) fn close_beats(&mut self, cx: &mut Cx<'_, E>, round: BeatRound) {
        self.resume_loop(cx);
        if self.is_quorum(round.succeeded) {
            self.elector.last_success = Some(cx.now);
        } else if self.is_quorum(round.succeeded + round.not_ready) {
            self.elector.last_sent_beat = None;
        } else if round.max_term > round.term {
            self.change_to_candidate(cx, round.max_term);
        } else if round.inconsistent
            || self.elector.last_success.is_none_or(|success| cx.now.since(success) > self.config.leak())
        {
            self.change_to_candidate(cx, round.term);
        }
    }
}
