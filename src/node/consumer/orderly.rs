//! Orderly consumption (`ConsumeMessageOrderlyService`): one consume request per queue at a time, out of a pool that all
//! queues share. A request takes one batch after another from the front of its process queue and calls the listener; a
//! batch that fails goes back to the front and blocks the queue.
//!
//! Rows of an orderly process queue are `held` and have no times until their call begins: nothing but the commit of their
//! batch finishes them.

use std::collections::{BTreeMap, VecDeque};

use super::calls::AsyncCalls;
use super::listener::{delivery, report};
use super::machine::Consumer;
use super::rules::{Occasion, Subject};
use crate::consume::orderly::{RECONSUME_AFTER_LIMIT, must_make_way, suspension};
use crate::consume::process_queue::{ProcessQueue, Row};
use crate::consume::queue_lock::{LOCK_LATER_AT_BEGIN, LOCK_LATER_IN_LOOP};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{ConsumeMode, MessageModel};
use crate::node::counters::Counter;
use crate::node::outbox::{Effect, Fate, Outbox, Wake};
use crate::store::get_message::Pulled;
use crate::store::ids::QueueIx;

/// The consume requests of a consumer.
#[derive(Debug, Default)]
pub(super) struct OrderlyService {
    /// Threads that run a request.
    busy: usize,
    /// Tokens of requests that wait for a thread.
    waiting: VecDeque<u32>,
    /// By token of the process queue.
    pub(super) requests: BTreeMap<u32, Request>,
    /// Whose requests run: per queue one at a time, whatever its process queue (`MessageQueueLock`).
    running: BTreeMap<QueueIx, u32>,
    /// Requests with a thread that can go on.
    unblocked: Vec<u32>,
    turns: u32,
    pub(super) calls: AsyncCalls,
}

/// A consume request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// Number of its latest step.
    pub(super) turn: u32,
    queue: QueueIx,
    /// When its thread took it.
    began: SimTime,
    pub(super) phase: Phase,
}

/// What a request is doing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Waits for a thread.
    Queued,
    /// Its thread waits for the request of a former process queue of the same queue (`MessageQueueLock`).
    Blocked,
    /// Its thread is in the listener with this many messages from the front.
    Calling { messages: usize, fails: bool, until: SimTime },
    /// Its thread sends one of the failed messages to the retry topic.
    Sending { messages: usize, at: usize, suspend: bool },
    /// Without a thread: it will be submitted again.
    Later,
    /// Without a thread: it will try to get the lock.
    LockLater,
    /// The lock is asked for.
    Locking,
}

impl OrderlyService {
    /// The process ends: its threads and what they waited for are gone.
    pub(super) fn stop(&mut self) {
        self.busy = 0;
        self.waiting.clear();
        self.running.clear();
        self.unblocked.clear();
        self.requests.clear();
        self.calls.clear();
    }

    /// The thread of a request is free, and so is its queue.
    fn stop_running(&mut self, token: u32) {
        self.busy -= 1;
        let Some(queue) = self.requests.get(&token).map(|request| request.queue) else { return };
        self.running.remove(&queue);
        let blocked = |(_, other): &(&u32, &Request)| other.queue == queue && matches!(other.phase, Phase::Blocked);
        if let Some(next) = self.requests.iter().find(blocked).map(|(token, _)| *token) {
            self.step(next, Phase::Queued);
            self.unblocked.push(next);
        }
    }

    /// A new step of a request; returns its number.
    pub(super) fn step(&mut self, token: u32, phase: Phase) -> u32 {
        self.turns = self.turns.wrapping_add(1);
        let turn = self.turns;
        if let Some(request) = self.requests.get_mut(&token) {
            (request.turn, request.phase) = (turn, phase);
        }
        turn
    }

    /// The request of this token, if the step is its latest.
    pub(super) fn at(&self, token: u32, turn: u32) -> Option<Request> {
        self.requests.get(&token).copied().filter(|request| request.turn == turn)
    }
}

impl Consumer {
    /// Whether the listener is an orderly one.
    pub(super) fn is_orderly(&self) -> bool {
        self.config.consume_mode == ConsumeMode::Orderly
    }

    /// Whether queues are consumed under renewed locks: orderly broadcasting members lock once and never ask again.
    pub(super) fn renews_locks(&self) -> bool {
        self.is_orderly() && self.config.message_model == MessageModel::Clustering
    }

    /// Puts a batch into its process queue; a queue that nobody consumes gets a request (`putMessage`,
    /// `submitConsumeRequest`).
    pub(super) fn submit_orderly(&mut self, now: SimTime, token: u32, batch: &[Pulled], out: &mut Outbox) {
        let Some(assigned) = self.table.by_token(token) else { return };
        for pulled in batch {
            assigned.process.put(Row { held: true, ..Row::arrived(now, pulled) });
        }
        if !assigned.orderly.consuming && !assigned.process.is_empty() {
            assigned.orderly.consuming = true;
            let request = Request { turn: 0, queue: assigned.queue, began: now, phase: Phase::Queued };
            self.orderly.requests.insert(token, request);
            self.resubmit(token);
            self.serve_requests(now, out);
        }
    }

    /// A step of a request is due.
    pub(super) fn on_consume(&mut self, now: SimTime, token: u32, turn: u32, out: &mut Outbox) {
        let Some(request) = self.orderly.at(token, turn) else { return };
        match request.phase {
            Phase::Calling { messages, fails, .. } => self.call_over(now, token, messages, fails, out),
            Phase::Later => self.resubmit(token),
            Phase::LockLater => self.lock_later(now, token, out),
            Phase::Queued | Phase::Blocked | Phase::Sending { .. } | Phase::Locking => {}
        }
        self.serve_requests(now, out);
    }

    /// The request waits for a thread again.
    fn resubmit(&mut self, token: u32) {
        self.orderly.step(token, Phase::Queued);
        self.orderly.waiting.push_back(token);
    }

    /// Free threads take requests, first in, first out.
    pub(super) fn serve_requests(&mut self, now: SimTime, out: &mut Outbox) {
        loop {
            let token = match self.orderly.unblocked.pop() {
                Some(token) => token,
                None if self.orderly.busy < self.pool.threads() => {
                    let Some(token) = self.orderly.waiting.pop_front() else { return };
                    self.orderly.busy += 1;
                    token
                }
                None => return,
            };
            match self.orderly.requests.get(&token).map(|request| request.queue) {
                None => self.orderly.busy -= 1,
                Some(queue) => self.run_request(now, token, queue, out),
            }
        }
    }

    /// `ConsumeRequest#run`, on a thread of its own.
    fn run_request(&mut self, now: SimTime, token: u32, queue: QueueIx, out: &mut Outbox) {
        if *self.orderly.running.entry(queue).or_insert(token) != token {
            self.orderly.step(token, Phase::Blocked);
        } else if self.is_gone(token) {
            self.end_request(token);
        } else if !self.may_consume(now, token) {
            self.leave_thread(now, token, Phase::LockLater, LOCK_LATER_AT_BEGIN, out);
        } else {
            if let Some(request) = self.orderly.requests.get_mut(&token) {
                request.began = now;
            }
            self.next_batch(now, token, out);
        }
    }

    fn is_gone(&mut self, token: u32) -> bool {
        self.table.by_token(token).is_none_or(|assigned| assigned.dropped)
    }

    fn may_consume(&mut self, now: SimTime, token: u32) -> bool {
        !self.renews_locks() || self.table.by_token(token).is_some_and(|assigned| assigned.orderly.lock.is_valid(now))
    }

    /// The request is over; its thread is free.
    fn end_request(&mut self, token: u32) {
        self.orderly.stop_running(token);
        self.orderly.requests.remove(&token);
    }

    /// The request gives its thread back and comes again later.
    fn leave_thread(&mut self, now: SimTime, token: u32, phase: Phase, after: SimDuration, out: &mut Outbox) {
        self.orderly.stop_running(token);
        self.wake_request(now, token, phase, after, out);
    }

    pub(super) fn wake_request(
        &mut self,
        now: SimTime,
        token: u32,
        phase: Phase,
        after: SimDuration,
        out: &mut Outbox,
    ) {
        let turn = self.orderly.step(token, phase);
        out.effects.push(Effect::WakeAt(Wake::Consume(token, turn), now + after));
    }

    /// The loop of `ConsumeRequest#run`, from one listener call to the next.
    fn next_batch(&mut self, now: SimTime, token: u32, out: &mut Outbox) {
        let Some(request) = self.orderly.requests.get(&token).copied() else { return };
        if self.is_gone(token) {
            self.end_request(token);
        } else if !self.may_consume(now, token) {
            self.leave_thread(now, token, Phase::LockLater, LOCK_LATER_IN_LOOP, out);
        } else if must_make_way(request.began, now) {
            self.leave_thread(now, token, Phase::Later, RECONSUME_AFTER_LIMIT, out);
        } else {
            self.call_listener(now, token, out);
        }
    }

    fn call_listener(&mut self, now: SimTime, token: u32, out: &mut Outbox) {
        let Some(assigned) = self.table.by_token(token) else { return };
        let messages = assigned.process.rows().min(self.config.consume_message_batch_max_size.max(1) as usize);
        if messages == 0 {
            assigned.orderly.consuming = false;
            self.end_request(token);
            return;
        }
        let call = self.next_call;
        self.next_call += 1;
        let (service, fails) = self.judge_batch(now, token, call, messages, out);
        let Some(assigned) = self.table.by_token(token) else { return };
        let until = now + service;
        for row in assigned.process.iter_mut().take(messages) {
            (row.start, row.end, row.call, row.batch) = (now, until, call, messages as u16);
        }
        let turn = self.orderly.step(token, Phase::Calling { messages, fails, until });
        out.effects.push(Effect::WakeAt(Wake::Consume(token, turn), until));
    }

    /// How long the listener takes with the first messages of a queue, and whether it fails.
    fn judge_batch(
        &mut self,
        now: SimTime,
        token: u32,
        call: u64,
        messages: usize,
        out: &Outbox,
    ) -> (SimDuration, bool) {
        let mut of_call = self.service_per_call.duration(&mut self.service_stream);
        if self.rules.is_empty() {
            for _ in 0..messages {
                of_call += self.service.duration(&mut self.service_stream);
            }
            return (of_call, false);
        }
        let Some(assigned) = self.table.by_token(token) else { return (of_call, false) };
        let mut subjects = Vec::with_capacity(messages);
        for (place, row) in assigned.process.iter().take(messages).enumerate() {
            let local = u16::try_from(assigned.orderly.attempts.of(place)).unwrap_or(u16::MAX);
            let Row { offset, key, class, .. } = *row;
            let subject = Subject { queue: assigned.queue, offset, key, class, local };
            subjects.push((subject, self.service.duration(&mut self.service_stream)));
        }
        let occasion = Occasion { start: now, call };
        let verdict = self.rules.judge(occasion, of_call, &subjects, &out.catalog, &mut self.service_stream);
        (verdict.service, verdict.fails_at.is_some())
    }

    /// The listener has returned (`#processConsumeResult` with `autoCommit`).
    fn call_over(&mut self, now: SimTime, token: u32, messages: usize, fails: bool, out: &mut Outbox) {
        let Some(assigned) = self.table.by_token(token).filter(|assigned| assigned.process.rows() >= messages) else {
            // The queue went away under the listener; the call is reported with those of former queues.
            self.end_request(token);
            return;
        };
        if !fails {
            let fate = if assigned.dropped { Fate::Ignored } else { Fate::Acknowledged };
            self.commit_batch(token, messages, |row, queue, busy, out| report(queue, row, fate, busy, out), out);
            self.next_batch(now, token, out);
            return;
        }
        let (queue, busy) = (assigned.queue, &mut self.busy);
        for row in assigned.process.iter_mut().take(messages) {
            report(queue, row, Fate::Failed, busy, out);
            (row.start, row.end, row.call, row.batch) = (SimTime::MAX, SimTime::MAX, u64::MAX, 1);
        }
        out.counters.add(Counter::Failures, self.group, messages as u64);
        self.check_reconsume_times(now, token, (messages, 0, false), out);
    }

    /// The failed batch goes back to the front and the queue waits (`SUSPEND_CURRENT_QUEUE_A_MOMENT`).
    pub(super) fn suspend(&mut self, now: SimTime, token: u32, out: &mut Outbox) {
        out.counters.add(Counter::Suspensions, self.group, 1);
        let pause = suspension(self.config.suspend_current_queue_time_millis);
        self.leave_thread(now, token, Phase::Later, pause, out);
    }

    /// The queue is gone while one of its messages was on the way to the retry topic.
    pub(super) fn abandon_request(&mut self, token: u32) {
        self.end_request(token);
    }

    /// The whole batch was sent to the retry topic: it is committed like one that succeeded.
    pub(super) fn commit_sent_back(&mut self, now: SimTime, token: u32, messages: usize, out: &mut Outbox) {
        let sent = |row: &Row, queue, _: &mut SimDuration, out: &mut Outbox| {
            out.deliveries.push(delivery(queue, &Row { start: now, end: now, ..*row }, Fate::SentBack));
        };
        self.commit_batch(token, messages, sent, out);
        self.next_batch(now, token, out);
    }

    /// `ProcessQueue#commit` and `updateOffset(…, increaseOnly = false)`, which a dropped queue goes without.
    fn commit_batch(
        &mut self,
        token: u32,
        messages: usize,
        tell: impl Fn(&Row, QueueIx, &mut SimDuration, &mut Outbox),
        out: &mut Outbox,
    ) {
        let busy = &mut self.busy;
        let Some(assigned) = self.table.by_token(token) else { return };
        let queue = assigned.queue;
        let after = assigned.process.take_front(messages, |row| tell(row, queue, busy, out));
        assigned.orderly.attempts.left(messages);
        if !assigned.dropped {
            assigned.offset = after.or(assigned.offset);
        }
    }

    /// The process queue is dropped and emptied: a call under way goes on and is ignored.
    pub(super) fn drop_orderly_window(&mut self, token: u32) {
        let fails = match self.orderly.requests.get(&token) {
            Some(Request { phase: Phase::Calling { fails, .. }, .. }) => *fails,
            _ => false,
        };
        let Some(assigned) = self.table.by_token(token) else { return };
        assigned.dropped = true;
        let calling = assigned.process.iter().filter(|row| row.start < SimTime::MAX);
        // Of a call of a former queue, `held` says that it fails.
        self.leftovers.extend(calling.map(|row| (assigned.queue, Row { held: fails, ..*row })));
        assigned.process = ProcessQueue::new(assigned.next_offset);
        assigned.orderly.attempts.clear();
    }
}
