//! The leader's push to one peer (`DLedgerEntryPusher.EntryDispatcher`): COMPARE, TRUNCATE, APPEND, and COMMIT when idle.

use std::collections::VecDeque;
use std::rc::Rc;

use super::grid::{PUSH_STEP, SECOND, elapsed_more, not_before};
use super::log::{Entry, Payload};
use super::output::Role;
use super::server::{Cx, Server, after_run};
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::dledger::{AppendCode, Message, PeerIx};

/// Sleep after any exception.
const EXCEPTION_SLEEP: SimDuration = SimDuration::from_millis(500);

/// A COMPARE or TRUNCATE whose answer blocks the dispatcher.
#[derive(Clone, Copy, Debug)]
struct Call {
    id: u64,
    /// The index to truncate at, or none for a comparison.
    truncate: Option<i64>,
    deadline: SimTime,
}

/// Pushed entries whose acknowledgement is outstanding.
#[derive(Clone, Copy, Debug)]
struct Sent {
    first: i64,
    last: i64,
    at: SimTime,
}

#[derive(Clone, Debug)]
pub(super) struct Dispatcher {
    /// The leadership it works for.
    term: i64,
    appending: bool,
    compare_index: i64,
    write_index: i64,
    call: Option<Call>,
    /// When the loop's sleep ends; later runs follow each 1 ms.
    next_step: SimTime,
    /// An append has woken it.
    woken: bool,
    last_push_commit: Option<SimTime>,
    sent: VecDeque<Sent>,
    /// `Quota`: bytes pushed in a second of the clock.
    quota: (u64, u64),
}

/// The last range cut out of the log in one run, for the peers that need the same.
type Range<E> = Option<(i64, i64, Rc<[Entry<E>]>)>;

impl Dispatcher {
    pub(super) const fn new(now: SimTime) -> Self {
        Self {
            term: -1,
            appending: false,
            compare_index: -1,
            write_index: -1,
            call: None,
            next_step: now,
            woken: false,
            last_push_commit: None,
            sent: VecDeque::new(),
            quota: (0, 0),
        }
    }

    pub(super) const fn wake(&mut self) {
        self.woken = true;
    }

    fn compare_anew(&mut self) {
        self.appending = false;
        self.compare_index = -1;
        self.sent.clear();
    }

    /// An exception in the loop.
    fn sleep(&mut self, now: SimTime) {
        self.call = None;
        self.next_step = now + EXCEPTION_SLEEP;
    }

    /// Forgets what the water mark covers.
    fn acknowledge(&mut self, mark: i64) {
        while self.sent.front().is_some_and(|sent| sent.last <= mark) {
            self.sent.pop_front();
        }
    }

    /// When the entry behind the water mark was pushed.
    fn pushed_behind(&self, mark: i64) -> Option<SimTime> {
        self.sent.front().filter(|sent| sent.first <= mark + 1 && mark < sent.last).map(|sent| sent.at)
    }

    /// Notes that the entry behind the mark goes out once more.
    fn push_again(&mut self, mark: i64, now: SimTime) {
        if let Some(front) = self.sent.pop_front() {
            if mark + 1 < front.last {
                self.sent.push_front(Sent { first: mark + 2, ..front });
            }
            self.sent.push_front(Sent { first: mark + 1, last: mark + 1, at: now });
        }
        self.last_push_commit = Some(now);
    }

    /// Whether `bytes` more exceed this second's quota; they count in any case.
    const fn exceeds(&mut self, now: SimTime, bytes: u64, quota: u64) -> bool {
        let second = now.as_millis() / SECOND.as_millis();
        let used = if self.quota.0 == second { self.quota.1 } else { 0 };
        self.quota = (second, used + bytes);
        used + bytes >= quota
    }
}

impl<E: Payload> Server<E> {
    pub(super) fn dispatchers_due(&self) -> SimTime {
        if self.member.role != Role::Leader {
            return SimTime::MAX;
        }
        self.peers().map(|peer| self.dispatcher_due(peer)).min().unwrap_or(SimTime::MAX)
    }

    fn dispatcher_due(&self, peer: PeerIx) -> SimTime {
        let dispatcher = &self.dispatchers[peer.index()];
        let step = |due| not_before(dispatcher.next_step, PUSH_STEP, due);
        let elapsed = |from, patience| elapsed_more(dispatcher.next_step, PUSH_STEP, from, patience);
        let soon = if dispatcher.woken { self.now.max(dispatcher.next_step) } else { step(self.now) };
        if let Some(call) = &dispatcher.call {
            return call.deadline;
        }
        if dispatcher.term != self.disk.curr_term {
            return soon;
        }
        let end = self.disk.log.end();
        if !dispatcher.appending {
            return if end < 0 { SimTime::MAX } else { soon };
        }
        let mark = self.acks.mark_in(dispatcher.term, peer);
        let all_pushed = dispatcher.write_index > end;
        if !all_pushed && dispatcher.write_index - 1 - mark < self.config.max_pending_size {
            return soon;
        }
        let again =
            dispatcher.pushed_behind(mark).map_or(SimTime::MAX, |at| elapsed(at, self.config.max_push_time_out));
        let commit = dispatcher.last_push_commit.map_or(soon, |at| elapsed(at, SECOND));
        if all_pushed { again.min(commit) } else { again }
    }

    pub(super) fn tick_dispatchers(&mut self, cx: &mut Cx<'_, E>) {
        if self.member.role != Role::Leader {
            return;
        }
        let mut range = None;
        for peer in self.peers() {
            if self.dispatcher_due(peer) <= cx.now {
                self.run_dispatcher(cx, peer, &mut range);
            }
        }
    }

    /// `#doWork`.
    fn run_dispatcher(&mut self, cx: &mut Cx<'_, E>, peer: PeerIx, range: &mut Range<E>) {
        let term = self.disk.curr_term;
        let dispatcher = &mut self.dispatchers[peer.index()];
        dispatcher.woken = false;
        if dispatcher.call.is_some() {
            // The answer did not come in time.
            dispatcher.sleep(cx.now);
            return;
        }
        dispatcher.next_step = after_run(cx.now);
        if dispatcher.term != term {
            dispatcher.term = term;
            dispatcher.compare_anew();
        }
        if dispatcher.appending { self.push_appends(cx, peer, range) } else { self.compare(cx, peer) }
    }

    /// `#doAppend`.
    fn push_appends(&mut self, cx: &mut Cx<'_, E>, peer: PeerIx, range: &mut Range<E>) {
        let (end, term, commit) = (self.disk.log.end(), self.disk.curr_term, self.disk.log.committed());
        let mark = self.acks.mark_in(term, peer);
        let first = self.dispatchers[peer.index()].write_index;
        let in_flight = (first - 1 - mark).max(0);
        if first <= end && in_flight < self.config.max_pending_size {
            let last = self.throttled(cx.now, peer, end.min(first + self.config.max_pending_size - in_flight - 1));
            if last < first {
                return;
            }
            let entries = self.cut(first, last, range);
            cx.out.send(peer, Message::Append { term, first, entries, commit });
            let dispatcher = &mut self.dispatchers[peer.index()];
            dispatcher.sent.push_back(Sent { first, last, at: cx.now });
            dispatcher.write_index = last + 1;
            dispatcher.last_push_commit = Some(cx.now);
            return;
        }
        let dispatcher = &mut self.dispatchers[peer.index()];
        if first > end && dispatcher.last_push_commit.is_none_or(|at| cx.now.since(at) > SECOND) {
            cx.out.send(peer, Message::Commit { term, commit });
            dispatcher.last_push_commit = Some(cx.now);
        }
        // `doCheckAppendResponse`: one entry alone goes out again.
        let patience = self.config.max_push_time_out;
        if dispatcher.pushed_behind(mark).is_some_and(|at| cx.now.since(at) > patience) {
            dispatcher.push_again(mark, cx.now);
            let entries = self.cut(mark + 1, mark + 1, &mut None);
            cx.out.send(peer, Message::Append { term, first: mark + 1, entries, commit });
        }
    }

    /// `#checkQuotaAndWait`: how far up to `last` may be pushed now to a peer that is far behind.
    fn throttled(&mut self, now: SimTime, peer: PeerIx, last: i64) -> i64 {
        let log = &self.disk.log;
        let dispatcher = &mut self.dispatchers[peer.index()];
        for index in dispatcher.write_index..=last {
            let Some(entry) = log.get(index) else { return last };
            if log.end() - index <= self.config.max_pending_size
                || log.end_pos() - entry.pos < self.config.peer_push_throttle_point
            {
                return last;
            }
            if dispatcher.exceeds(now, entry.bytes(), self.config.peer_push_quota) {
                // Upstream sleeps until the second ends and then pushes this entry.
                let next_second = (now.as_millis() / SECOND.as_millis() + 1) * SECOND.as_millis();
                dispatcher.next_step = SimTime::from_millis(next_second);
                return index - 1;
            }
        }
        last
    }

    /// The entries `first..=last`, shared with the peer that was served before if it got the same.
    fn cut(&self, first: i64, last: i64, range: &mut Range<E>) -> Rc<[Entry<E>]> {
        match range {
            Some((from, to, entries)) if (*from, *to) == (first, last) => Rc::clone(entries),
            _ => {
                let entries: Rc<[Entry<E>]> = Rc::from(self.disk.log.range(first, last));
                *range = Some((first, last, Rc::clone(&entries)));
                entries
            }
        }
    }

    /// `#doCompare` up to the wait for its answer.
    fn compare(&mut self, cx: &mut Cx<'_, E>, peer: PeerIx) {
        let log = &self.disk.log;
        let (begin, end) = (log.begin(), log.end());
        let dispatcher = &mut self.dispatchers[peer.index()];
        if !(begin..=end).contains(&dispatcher.compare_index) {
            dispatcher.compare_index = end;
        }
        let index = dispatcher.compare_index;
        let Some(entry) = log.get(index).copied() else { return };
        let (id, term) = (self.next_call(), self.disk.curr_term);
        cx.out.send(peer, Message::Compare { call: id, term, index, entry });
        self.dispatchers[peer.index()].call =
            Some(Call { id, truncate: None, deadline: cx.now + self.config.rpc_timeout });
    }

    /// `#doTruncate` up to the wait for its answer.
    fn truncate_peer(&mut self, cx: &mut Cx<'_, E>, peer: PeerIx, index: i64) {
        let Some(entry) = self.disk.log.get(index).copied() else { return };
        let (id, term, commit) = (self.next_call(), self.disk.curr_term, self.disk.log.committed());
        cx.out.send(peer, Message::Truncate { call: id, term, index, entry, commit });
        let dispatcher = &mut self.dispatchers[peer.index()];
        dispatcher.compare_index = -1;
        dispatcher.call = Some(Call { id, truncate: Some(index), deadline: cx.now + self.config.rpc_timeout });
    }

    /// The answer to a COMPARE or TRUNCATE, with the follower's first and last index.
    pub(super) fn on_log_answer(
        &mut self,
        cx: &mut Cx<'_, E>,
        call: u64,
        from: PeerIx,
        code: AppendCode,
        follower: (i64, i64),
    ) {
        let Some(dispatcher) = self.dispatchers.get_mut(from.index()) else { return };
        let Some(asked) = dispatcher.call.filter(|asked| asked.id == call) else { return };
        dispatcher.call = None;
        dispatcher.next_step = after_run(cx.now);
        match asked.truncate {
            Some(index) if code == AppendCode::Success => {
                dispatcher.last_push_commit = Some(cx.now);
                self.start_appending(cx, from, index);
            }
            Some(_) => dispatcher.sleep(cx.now),
            None if self.member.role == Role::Leader && dispatcher.term == self.disk.curr_term => {
                self.read_comparison(cx, from, code, follower);
            }
            None => {}
        }
    }

    /// What follows from a comparison, the first rule that fits.
    fn read_comparison(&mut self, cx: &mut Cx<'_, E>, peer: PeerIx, code: AppendCode, follower: (i64, i64)) {
        let (begin, end) = (self.disk.log.begin(), self.disk.log.end());
        let compared = self.dispatchers[peer.index()].compare_index;
        if code == AppendCode::Success {
            if follower.1 == compared {
                self.start_appending(cx, peer, compared);
            } else {
                self.truncate_peer(cx, peer, compared);
            }
            return;
        }
        if follower.1 < begin || follower.0 > end || compared < follower.0 {
            self.truncate_peer(cx, peer, begin);
            return;
        }
        let next = if compared > follower.1 { follower.1 } else { compared - 1 };
        if next < begin {
            self.truncate_peer(cx, peer, begin);
        } else {
            self.dispatchers[peer.index()].compare_index = next;
            self.compare(cx, peer);
        }
    }

    /// `#changeState` to APPEND: the peer has the log up to `index`.
    fn start_appending(&mut self, cx: &mut Cx<'_, E>, peer: PeerIx, index: i64) {
        let dispatcher = &mut self.dispatchers[peer.index()];
        dispatcher.appending = true;
        dispatcher.compare_index = -1;
        dispatcher.write_index = index + 1;
        let term = dispatcher.term;
        self.raise_mark(cx, peer, term, index);
    }

    fn raise_mark(&mut self, cx: &mut Cx<'_, E>, peer: PeerIx, term: i64, index: i64) {
        if self.acks.is_of(term) {
            self.acks.raise(peer, index);
            self.check_quorum(cx.now, cx.out);
        }
    }

    pub(super) fn on_append_answer(
        &mut self,
        cx: &mut Cx<'_, E>,
        from: PeerIx,
        term: i64,
        index: i64,
        code: AppendCode,
    ) {
        match code {
            AppendCode::Success => {
                self.raise_mark(cx, from, term, index);
                let dispatcher = &mut self.dispatchers[from.index()];
                dispatcher.acknowledge(self.acks.mark_in(dispatcher.term, from));
            }
            AppendCode::InconsistentState if self.dispatchers[from.index()].appending => {
                self.dispatchers[from.index()].compare_anew();
            }
            AppendCode::InconsistentState => {}
        }
    }

    /// The COMPARE or TRUNCATE that waits for `peer` fails; pushes that fail are only logged.
    pub(super) fn fail_push(&mut self, now: SimTime, peer: PeerIx) {
        if let Some(dispatcher) = self.dispatchers.get_mut(peer.index())
            && dispatcher.call.is_some()
        {
            dispatcher.sleep(now);
        }
    }
}
