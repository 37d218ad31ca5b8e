//! The leader's water marks and pending appends (`DLedgerEntryPusher.QuorumAckChecker`).

use std::collections::VecDeque;

use super::grid::{PUSH_STEP, SECOND, elapsed_more, not_before};
use super::log::Payload;
use super::output::{AppendOutcome, Effect, Output, Role};
use super::server::{Broken, Cx, Server};
use crate::kernel::time::SimTime;
use crate::protocol::dledger::PeerIx;

#[derive(Clone, Debug)]
pub(super) struct Acks {
    /// Term of the marks and of the pending appends.
    term: i64,
    /// `peerWaterMarksByTerm`: up to where each member has the log.
    marks: Vec<i64>,
    quorum_index: i64,
    /// `pendingAppendResponsesByTerm`: index and time of each append, timed-out ones (the first `timed_out`) included.
    pending: VecDeque<(i64, SimTime)>,
    timed_out: usize,
    /// A run of the checker.
    anchor: SimTime,
    /// `lastCheckLeakTimeMs`: when the own mark was last set to the log's end.
    last_refresh: SimTime,
}

impl Acks {
    pub(super) fn new(now: SimTime, members: u8) -> Self {
        Self {
            term: -1,
            marks: vec![-1; usize::from(members)],
            quorum_index: -1,
            pending: VecDeque::new(),
            timed_out: 0,
            anchor: now,
            last_refresh: now,
        }
    }

    /// The checker runs as a leader's: marks and appends of another term are thrown away.
    pub(super) fn start_leading<E>(&mut self, now: SimTime, term: i64, out: &mut Output<E>) {
        self.anchor = now;
        if self.term == term {
            return;
        }
        self.term = term;
        self.marks.fill(-1);
        self.quorum_index = -1;
        if let (Some(first), Some(last)) = (self.pending.get(self.timed_out), self.pending.back()) {
            out.effects.push(Effect::Outcome { first: first.0, last: last.0, outcome: AppendOutcome::TermChanged });
        }
        self.pending.clear();
        self.timed_out = 0;
    }

    /// `isPendingFull` counts these.
    pub(super) fn pending_in(&self, term: i64) -> usize {
        if self.term == term { self.pending.len() } else { 0 }
    }

    /// `getPeerWaterMark`.
    pub(super) fn mark_in(&self, term: i64, peer: PeerIx) -> i64 {
        if self.term == term { self.marks.get(peer.index()).copied().unwrap_or(-1) } else { -1 }
    }

    /// Whether the marks are those of a leadership in `term`.
    pub(super) const fn is_of(&self, term: i64) -> bool {
        self.term == term
    }

    /// `updatePeerWaterMark` in the current leadership.
    pub(super) fn raise(&mut self, peer: PeerIx, index: i64) {
        let mark = &mut self.marks[peer.index()];
        *mark = index.max(*mark);
    }

    /// `waitAck`.
    pub(super) fn wait(&mut self, index: i64, now: SimTime) {
        self.pending.push_back((index, now));
    }

    /// The highest index that a quorum has.
    fn quorum_mark(&self) -> i64 {
        let has = |mark: i64| self.marks.iter().filter(|other| **other >= mark).count();
        self.marks.iter().copied().filter(|mark| has(*mark) > self.marks.len() / 2).max().unwrap_or(-1)
    }

    /// Appends up to the quorum index are done; those that timed out before are told nothing more.
    fn complete<E>(&mut self, out: &mut Output<E>) {
        let mut done = None;
        while let Some((index, _)) = self.pending.front().copied().filter(|front| front.0 <= self.quorum_index) {
            self.pending.pop_front();
            if self.timed_out > 0 {
                self.timed_out -= 1;
            } else {
                let (first, _) = done.unwrap_or((index, index));
                done = Some((first, index));
            }
        }
        if let Some((first, last)) = done {
            out.effects.push(Effect::Outcome { first, last, outcome: AppendOutcome::Committed });
        }
    }

    /// The next append that can time out: only appends right behind the quorum index are looked at.
    fn next_to_time_out(&self) -> Option<(i64, SimTime)> {
        let front = self.pending.front()?;
        if front.0 == self.quorum_index + 1 { self.pending.get(self.timed_out).copied() } else { None }
    }
}

impl<E: Payload> Server<E> {
    /// When the checker has something to do without an acknowledgement.
    pub(super) fn acks_due(&self) -> SimTime {
        if self.member.role != Role::Leader {
            return SimTime::MAX;
        }
        self.refresh_due().min(self.time_out_due())
    }

    fn refresh_due(&self) -> SimTime {
        let acks = &self.acks;
        if acks.marks[self.me.index()] >= self.disk.log.end() {
            return SimTime::MAX;
        }
        elapsed_more(acks.anchor, PUSH_STEP, acks.last_refresh, SECOND)
    }

    fn time_out_due(&self) -> SimTime {
        self.acks.next_to_time_out().map_or(SimTime::MAX, |(_, since)| {
            not_before(self.acks.anchor, PUSH_STEP, since + self.config.max_wait_ack_time)
        })
    }

    pub(super) fn tick_acks(&mut self, cx: &mut Cx<'_, E>) {
        if self.acks_due() > cx.now {
            return;
        }
        if self.refresh_due() <= cx.now {
            self.acks.last_refresh = cx.now;
            self.acks.raise(self.me, self.disk.log.end());
            self.check_quorum(cx.now, cx.out);
        }
        let mut late = None;
        while let Some((index, _)) = self.acks.next_to_time_out().filter(|_| self.time_out_due() <= cx.now) {
            self.acks.timed_out += 1;
            late = Some((late.map_or(index, |(first, _)| first), index));
        }
        if let Some((first, last)) = late {
            cx.out.effects.push(Effect::Outcome { first, last, outcome: AppendOutcome::WaitQuorumAckTimeout });
        }
    }

    /// Whether an append would let the own mark jump over entries that were not counted.
    pub(super) fn own_mark_lags(&self) -> bool {
        self.acks.marks[self.me.index()] < self.disk.log.end()
    }

    /// One run of the checker: entries of whatever term that a quorum has are committed.
    pub(super) fn check_quorum(&mut self, now: SimTime, out: &mut Output<E>) {
        if self.member.role != Role::Leader {
            return;
        }
        let alone = self.broken == Broken::CommitsAlone;
        let index = if alone { self.acks.marks[self.me.index()] } else { self.acks.quorum_mark() };
        if index > self.acks.quorum_index {
            self.acks.quorum_index = index;
            self.commit(now, index, out);
            self.acks.complete(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quorum_mark_is_what_a_majority_reaches() {
        for (marks, expected) in [
            (vec![5, 3, -1], 3),
            (vec![5, -1, -1], -1),
            (vec![7], 7),
            (vec![9, 4], 4),
            (vec![9, 8, 4, 2], 4),
            (vec![9, 8, 7, 2, 1], 7),
        ] {
            let mut acks = Acks::new(SimTime::ZERO, marks.len() as u8);
            acks.marks.clone_from(&marks);
            assert_eq!(acks.quorum_mark(), expected, "{marks:?}");
        }
    }

    #[test]
    fn appends_that_timed_out_are_not_reported_again() {
        let mut acks = Acks::new(SimTime::ZERO, 3);
        let mut out = Output::<()>::default();
        (4..8).for_each(|index| acks.wait(index, SimTime::ZERO));
        acks.timed_out = 2;
        acks.quorum_index = 4;
        acks.complete(&mut out);
        assert!(out.effects.is_empty() && acks.timed_out == 1);
        acks.quorum_index = 6;
        acks.complete(&mut out);
        assert_eq!(out.effects, [Effect::Outcome { first: 6, last: 6, outcome: AppendOutcome::Committed }]);
        acks.start_leading(SimTime::ZERO, 9, &mut out);
        assert_eq!(out.effects[1], Effect::Outcome { first: 7, last: 7, outcome: AppendOutcome::TermChanged });
    }

    #[test]
    fn only_appends_right_behind_the_quorum_index_time_out() {
        let mut acks = Acks::new(SimTime::ZERO, 3);
        acks.wait(5, SimTime::ZERO);
        assert_eq!(acks.next_to_time_out(), None, "entry 0 to 4 are not committed");
        acks.quorum_index = 4;
        assert_eq!(acks.next_to_time_out(), Some((5, SimTime::ZERO)));
    }
}
