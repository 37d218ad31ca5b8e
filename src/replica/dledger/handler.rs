//! The follower's side of the push (`DLedgerEntryPusher.EntryHandler`): one loop that answers comparisons and truncations
//! and appends in the order of indexes.

use std::collections::VecDeque;
use std::rc::Rc;

use super::grid::{PUSH_STEP, SECOND, not_before};
use super::log::{Entry, Payload};
use super::output::{Effect, Role};
use super::server::{Broken, Cx, Server, after_run};
use crate::kernel::time::SimTime;
use crate::protocol::dledger::{AppendCode, Message, PeerIx};

/// Capacity of `compareOrTruncateRequests`; further requests are lost (upstream blocks their thread).
const CONTROL_CAPACITY: usize = 100;

/// APPEND requests that wait for their turn: entries `first..=last` of a message that starts at `offset_index`.
#[derive(Clone, Debug)]
struct Waiting<E> {
    first: i64,
    last: i64,
    offset_index: i64,
    entries: Rc<[Entry<E>]>,
    from: PeerIx,
    term: i64,
    commit: i64,
    arrived: SimTime,
    /// Refused already because of the gap before it.
    answered: bool,
}

impl<E> Waiting<E> {
    /// The entries that still wait.
    fn entries(&self) -> &[Entry<E>] {
        &self.entries[(self.first - self.offset_index) as usize..=(self.last - self.offset_index) as usize]
    }
}

#[derive(Clone, Debug)]
pub(super) struct Handler<E> {
    /// When the loop's sleep ends; later runs follow each 1 ms.
    next_step: SimTime,
    /// The next of the checks made once a second.
    next_check: SimTime,
    /// `compareOrTruncateRequests`, with COMMITs.
    control: VecDeque<(PeerIx, Message<E>)>,
    /// `writeRequestMap`: without overlaps, by index.
    waiting: VecDeque<Waiting<E>>,
}

impl<E: Payload> Handler<E> {
    pub(super) fn new(now: SimTime) -> Self {
        Self { next_step: now, next_check: now + SECOND, control: VecDeque::new(), waiting: VecDeque::new() }
    }

    /// Takes in what does not wait already (the rest is REPEATED_PUSH, which the leader only logs).
    fn take(&mut self, mut new: Waiting<E>) {
        let mut place = self.waiting.partition_point(|old| old.last < new.first);
        while let Some(old) = self.waiting.get(place) {
            if new.last < old.first {
                break;
            }
            let (old_first, old_last) = (old.first, old.last);
            if new.first < old_first {
                self.waiting.insert(place, Waiting { last: old_first - 1, ..new.clone() });
                place += 1;
            }
            new.first = old_last + 1;
            place += 1;
            if new.first > new.last {
                return;
            }
        }
        self.waiting.insert(place, new);
    }

    /// Takes out the request whose turn it is.
    fn next(&mut self, index: i64) -> Option<Waiting<E>> {
        let place = self.waiting.partition_point(|waiting| waiting.first < index);
        self.waiting.get(place).is_some_and(|waiting| waiting.first == index).then(|| self.waiting.remove(place))?
    }

    fn is_turn_of_one(&self, index: i64) -> bool {
        self.waiting.binary_search_by_key(&index, |waiting| waiting.first).is_ok()
    }
}

impl<E: Payload> Server<E> {
    /// `#handlePush`: requests wait for the loop, whatever the role is.
    pub(super) fn on_push(&mut self, now: SimTime, from: PeerIx, message: Message<E>) {
        match message {
            Message::Append { term, first, entries, commit } => {
                let last = first + entries.len() as i64 - 1;
                if last >= first {
                    let (arrived, answered) = (now, false);
                    let new =
                        Waiting { first, last, offset_index: first, entries, from, term, commit, arrived, answered };
                    self.handler.take(new);
                }
                return;
            }
            Message::Commit { term, commit } => {
                // One that changes nothing need not wait for the loop.
                let log = &self.disk.log;
                let stale = term < self.disk.curr_term || commit.min(log.end()) <= log.committed();
                if stale && self.member.role == Role::Follower && self.handler.control.is_empty() {
                    return;
                }
            }
            _ => self.handler.waiting.clear(),
        }
        if self.handler.control.len() < CONTROL_CAPACITY {
            self.handler.control.push_back((from, message));
        }
    }

    /// When the loop does something next.
    pub(super) fn handler_due(&self) -> SimTime {
        let handler = &self.handler;
        if self.member.role != Role::Follower || (handler.control.is_empty() && handler.waiting.is_empty()) {
            return SimTime::MAX;
        }
        if !handler.control.is_empty() || handler.is_turn_of_one(self.disk.log.end() + 1) {
            return not_before(handler.next_step, PUSH_STEP, self.now);
        }
        not_before(handler.next_check, SECOND, self.now)
    }

    /// `#doWork`, until it would wait.
    pub(super) fn tick_handler(&mut self, cx: &mut Cx<'_, E>) {
        if self.handler_due() > cx.now {
            return;
        }
        loop {
            if let Some((from, message)) = self.handler.control.pop_front() {
                self.handle_control(cx, from, message);
            } else if let Some(waiting) = self.handler.next(self.disk.log.end() + 1) {
                self.append_as_follower(cx, &waiting);
            } else {
                break;
            }
        }
        self.handler.next_step = after_run(cx.now);
        let check = not_before(self.handler.next_check, SECOND, cx.now);
        if check <= cx.now {
            self.handler.next_check = check + SECOND;
            self.check_abnormal(cx);
        }
    }

    /// Whether `leader` may write here in `term` (the checks of `appendAsFollower` and `truncate`).
    fn accepts_from(&self, leader: PeerIx, term: i64) -> bool {
        let member = &self.member;
        member.role == Role::Follower && member.leader == Some(leader) && self.disk.curr_term == term && !self.disk_full
    }

    /// `#handleDoAppend`.
    fn append_as_follower(&mut self, cx: &mut Cx<'_, E>, waiting: &Waiting<E>) {
        let Waiting { first, last, from, term, .. } = *waiting;
        if !self.accepts_from(from, term) {
            let code = AppendCode::InconsistentState;
            cx.out.send(from, Message::AppendAnswer { term, index: first, code });
            return;
        }
        self.disk.log.write(cx.now, waiting.entries());
        cx.out.effects.push(Effect::Appended { first, last });
        cx.out.send(from, Message::AppendAnswer { term, index: last, code: AppendCode::Success });
        self.commit_as_follower(cx, term, waiting.commit);
    }

    /// `updateCommittedIndex` with a leader's index.
    fn commit_as_follower(&mut self, cx: &mut Cx<'_, E>, term: i64, index: i64) {
        if term >= self.disk.curr_term {
            self.commit(cx.now, index, cx.out);
        }
    }

    fn handle_control(&mut self, cx: &mut Cx<'_, E>, from: PeerIx, message: Message<E>) {
        match message {
            Message::Compare { call, index, entry, .. } => {
                let equal = self.disk.log.get(index).is_some_and(|mine| mine.same_as(&entry))
                    || (self.broken == Broken::ComparesNothing && index <= self.disk.log.end());
                self.answer_log(cx, from, call, equal);
            }
            Message::Truncate { call, term, index, entry, commit } => {
                let accepted = self.accepts_from(from, term);
                if accepted {
                    self.truncate(cx, index, entry);
                }
                self.answer_log(cx, from, call, accepted);
                if accepted {
                    self.commit_as_follower(cx, term, commit);
                }
            }
            Message::Commit { term, commit } => self.commit_as_follower(cx, term, commit),
            _ => {}
        }
    }

    fn answer_log(&self, cx: &mut Cx<'_, E>, to: PeerIx, call: u64, success: bool) {
        let code = if success { AppendCode::Success } else { AppendCode::InconsistentState };
        let (begin, end) = (self.disk.log.begin(), self.disk.log.end());
        cx.out.send(to, Message::LogAnswer { call, code, begin, end });
    }

    /// `DLedgerMmapFileStore#truncate`: afterwards `entry` at `index` is the last one.
    fn truncate(&mut self, cx: &mut Cx<'_, E>, index: i64, entry: Entry<E>) {
        let log = &mut self.disk.log;
        let end = log.end();
        let present = log.get(index).is_some_and(|mine| mine.same_as(&entry));
        let keep = if present { index } else { index - 1 };
        if end < keep || (!present && index <= log.begin()) {
            log.clear(index, entry.pos);
            cx.out.effects.push(Effect::Cleared { next: index });
        } else if keep < end {
            log.truncate(cx.now, keep);
            cx.out.effects.push(Effect::Truncated { end: keep });
        }
        if !present {
            self.disk.log.write(cx.now, &[entry]);
            cx.out.effects.push(Effect::Appended { first: index, last: index });
        }
    }

    /// `#checkAppendFuture`: requests that came too late or too early.
    fn check_abnormal(&mut self, cx: &mut Cx<'_, E>) {
        let end = self.disk.log.end();
        // Fallen behind: the entries are here already, maybe other ones.
        while let Some(mut front) = self.handler.waiting.front().filter(|front| front.first <= end).cloned() {
            self.handler.waiting.pop_front();
            let last = front.last.min(end);
            let here = self.disk.log.range(front.first, last);
            let equal = here.len() as i64 == last - front.first + 1
                && here.iter().zip(front.entries()).all(|(mine, theirs)| mine.same_as(theirs));
            let code = if equal { AppendCode::Success } else { AppendCode::InconsistentState };
            cx.out.send(front.from, Message::AppendAnswer { term: front.term, index: last, code });
            if front.last > end {
                front.first = end + 1;
                self.handler.waiting.push_front(front);
            }
        }
        // A gap: the smallest one that has waited for too long is refused.
        if let Some(front) = self.handler.waiting.front_mut()
            && front.first > end + 1
            && cx.now.since(front.arrived) >= SECOND
            && !front.answered
        {
            front.answered = true;
            let (term, index) = (front.term, front.first);
            cx.out.send(front.from, Message::AppendAnswer { term, index, code: AppendCode::InconsistentState });
        }
    }
}
