//! The listener: messages are submitted to the pool, their calls are known at once, and reported when they are over
//! (`ConsumeMessageConcurrentlyService`).

use std::collections::BTreeMap;

use super::machine::Consumer;
use super::rules::Subject;
use crate::consume::process_queue::{ProcessQueue, Row};
use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::ConsumeMode;
use crate::node::outbox::{Delivery, Fate, Outbox};
use crate::store::get_message::Pulled;
use crate::store::ids::QueueIx;

/// What a consumer's messages are doing at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// Waiting for a thread.
    pub cached: u64,
    /// In the listener.
    pub processing: u64,
    /// Body bytes of both.
    pub bytes: u64,
    /// Listener time spent so far, all calls.
    pub busy: SimDuration,
}

impl Consumer {
    /// Puts a batch into its process queue and submits it in chunks of `consumeMessageBatchMaxSize`.
    pub(super) fn submit(&mut self, now: SimTime, token: u32, batch: &[Pulled], out: &mut Outbox) {
        if self.is_orderly() {
            self.submit_orderly(now, token, batch, out);
            return;
        }
        if !self.rules.is_empty() {
            self.submit_by_rules(now, token, batch, out);
            return;
        }
        let chunk_size = self.config.consume_message_batch_max_size.max(1) as usize;
        let Some(assigned) = self.table.by_token(token) else { return };
        for chunk in batch.chunks(chunk_size) {
            let mut service = self.service_per_call.sample(&mut self.service_stream);
            for _ in chunk {
                service += self.service.sample(&mut self.service_stream);
            }
            let (start, end) = self.pool.submit(now, SimDuration::from_nanos(service));
            let batch = chunk.len() as u16;
            let call = self.next_call;
            self.next_call += 1;
            for pulled in chunk {
                assigned.process.put(Row { start, end, call, batch, ..Row::arrived(now, pulled) });
            }
        }
    }

    /// Reports every call that is over by `now`.
    pub fn settle(&mut self, now: SimTime, out: &mut Outbox) {
        if self.frozen() {
            return;
        }
        let busy = &mut self.busy;
        for assigned in self.table.iter_mut() {
            let queue = assigned.queue;
            assigned.process.report_all(now, |row| report(queue, row, Fate::Acknowledged, busy, out));
            take_floor(assigned, now);
        }
        let orderly = self.config.consume_mode == ConsumeMode::Orderly;
        self.leftovers.retain(|(queue, row)| {
            let over = leftover_is_over(row, orderly, now);
            if over {
                report(*queue, row, leftover_fate(row), busy, out);
            }
            !over
        });
    }

    /// The same for the calls with messages of one queue, those of its dropped windows included.
    pub fn settle_calls_of(&mut self, now: SimTime, queue: QueueIx, out: &mut Outbox) {
        if self.frozen() {
            return;
        }
        let busy = &mut self.busy;
        if let Some(token) = self.table.token(queue)
            && let Some(assigned) = self.table.by_token(token)
        {
            assigned.process.report_all(now, |row| report(queue, row, Fate::Acknowledged, busy, out));
            take_floor(assigned, now);
        }
        let orderly = self.config.consume_mode == ConsumeMode::Orderly;
        self.leftovers.retain(|(of, row)| {
            let over = *of == queue && leftover_is_over(row, orderly, now);
            if over {
                report(queue, row, leftover_fate(row), busy, out);
            }
            !over
        });
    }

    /// The same for what has finished at the front of a process queue.
    #[inline]
    pub(super) fn settle_queue(&mut self, now: SimTime, token: u32, out: &mut Outbox) {
        let busy = &mut self.busy;
        let Some(assigned) = self.table.by_token(token) else { return };
        let queue = assigned.queue;
        assigned.process.settle(now, |row| report(queue, row, Fate::Acknowledged, busy, out));
        take_floor(assigned, now);
    }

    /// What the consumer's messages are doing.
    #[must_use]
    pub fn workload(&self, now: SimTime) -> Workload {
        let now = self.clock(now);
        let mut workload = Workload { busy: self.busy, ..Workload::default() };
        for assigned in self.table.iter() {
            let cached = assigned.process.cached(now);
            workload.cached += cached.count - cached.processing;
            workload.processing += cached.processing;
            workload.bytes += cached.bytes;
            workload.busy += assigned.process.busy(now);
        }
        for (_, row) in &self.leftovers {
            workload.busy += row.busy(now);
        }
        workload.busy = workload.busy.saturating_sub(self.frozen_busy);
        workload
    }

    /// The process's own time: it stands still while the process is frozen.
    #[must_use]
    pub fn clock(&self, now: SimTime) -> SimTime {
        if self.frozen() { self.frozen_at } else { now }
    }

    /// From now on calls take this time; calls that have begun keep theirs, waiting ones draw anew.
    pub fn set_service_time(&mut self, now: SimTime, service_time: &Distribution, out: &mut Outbox) {
        self.config.service_time = service_time.clone();
        self.service = service_time.sampler();
        if self.frozen() {
            self.redraw_on_thaw = true;
        } else {
            self.reschedule(now, true, out);
        }
    }

    /// The process queue is dropped: calls under way go on and are ignored, the others are discarded
    /// (`ConsumeRequest#run`, steps 1 and 5).
    pub(super) fn drop_window(&mut self, now: SimTime, token: u32, out: &mut Outbox) {
        if self.is_orderly() {
            self.drop_orderly_window(token);
            return;
        }
        self.settle_queue(now, token, out);
        let busy = &mut self.busy;
        let Some(assigned) = self.table.by_token(token) else { return };
        assigned.dropped = true;
        let queue = assigned.queue;
        self.failures.drop_queue(token, queue);
        self.leftovers.iter_mut().filter(|(of, _)| *of == queue).for_each(|(_, row)| row.held = false);
        assigned.process.report_all(now, |row| report(queue, row, Fate::Acknowledged, busy, out));
        let mut discarded = false;
        for row in assigned.process.iter().filter(|row| row.end > now) {
            if row.start <= now {
                self.leftovers.push((queue, Row { held: false, ..*row }));
            } else {
                discarded = true;
            }
        }
        assigned.process = ProcessQueue::new(assigned.next_offset);
        if discarded {
            self.reschedule(now, false, out);
        }
    }

    /// The process ends: what is over counts, calls under way are cut off.
    pub(super) fn interrupt(&mut self, now: SimTime, out: &mut Outbox) {
        self.settle(now, out);
        self.cut_off_all(now, out);
    }

    /// Reports the calls that have begun by `now` as cut off. A frozen process began none after it was frozen; its windows
    /// still say so because starts are only recomputed when it goes on.
    pub(super) fn cut_off_all(&mut self, now: SimTime, out: &mut Outbox) {
        self.failures.clear();
        for assigned in self.table.iter() {
            for row in assigned.process.iter().filter(|row| !row.reported && row.start <= now) {
                out.deliveries.push(delivery(assigned.queue, row, Fate::CutOff));
                self.busy += row.busy(now);
            }
        }
        for (queue, row) in std::mem::take(&mut self.leftovers) {
            out.deliveries.push(delivery(queue, &row, Fate::CutOff));
            self.busy += row.busy(now);
        }
    }

    /// The process goes on after a pause: calls whose time has run out meanwhile end now (a sleeping thread wakes at its
    /// deadline), waiting ones start from now.
    pub(super) fn resume_calls(&mut self, now: SimTime, out: &mut Outbox) {
        let frozen_at = self.frozen_at;
        let rows = self.table.iter_mut().flat_map(|assigned| assigned.process.iter_mut());
        for row in rows.chain(self.leftovers.iter_mut().map(|(_, row)| row)) {
            if !row.reported && row.start <= frozen_at {
                row.end = row.end.max(now);
                self.failures.put_off(row.call, row.end);
                self.frozen_busy += row.busy(now).saturating_sub(row.busy(frozen_at));
            }
        }
        let redraw = std::mem::take(&mut self.redraw_on_thaw);
        self.reschedule_after(frozen_at, now, redraw, out);
    }

    fn draw_service(&mut self, messages: u16) -> SimDuration {
        let mut service = self.service_per_call.sample(&mut self.service_stream);
        for _ in 0..messages {
            service += self.service.sample(&mut self.service_stream);
        }
        SimDuration::from_nanos(service)
    }

    /// Recomputes the calls that have not begun by `now`.
    fn reschedule(&mut self, now: SimTime, redraw: bool, out: &mut Outbox) {
        self.reschedule_after(now, now, redraw, out);
    }

    /// Recomputes the calls that had not begun by `begun`, to start at `now` or later, in the order of their submission.
    fn reschedule_after(&mut self, begun: SimTime, now: SimTime, redraw: bool, out: &mut Outbox) {
        if self.is_orderly() {
            // Its calls have no times before they begin.
            return;
        }
        if !self.rules.is_empty() {
            self.reschedule_by_rules(begun, now, out);
            return;
        }
        let mut waiting: Vec<(u64, SimDuration, u16)> = Vec::new();
        let mut running: Vec<(u64, SimTime)> = Vec::new();
        for row in self.table.iter().flat_map(|assigned| assigned.process.iter()) {
            if row.reported {
                continue;
            }
            if row.start <= begun {
                running.push((row.call, row.end));
            } else {
                waiting.push((row.call, row.end - row.start, row.batch));
            }
        }
        running.extend(self.leftovers.iter().map(|(_, row)| (row.call, row.end)));
        running.sort_unstable();
        running.dedup();
        waiting.sort_unstable();
        waiting.dedup_by_key(|(call, ..)| *call);
        self.pool.restart(now, running.iter().filter(|(_, end)| *end > now).map(|(_, end)| *end));
        let mut calls: Vec<(u64, SimTime, SimTime)> = Vec::with_capacity(waiting.len());
        for (call, service, messages) in waiting {
            let service = if redraw { self.draw_service(messages) } else { service };
            let (start, end) = self.pool.submit(now, service);
            calls.push((call, start, end));
        }
        for row in self.table.iter_mut().flat_map(|assigned| assigned.process.iter_mut()) {
            if row.start > begun
                && let Ok(index) = calls.binary_search_by_key(&row.call, |(call, ..)| *call)
            {
                (row.start, row.end) = (calls[index].1, calls[index].2);
            }
        }
    }
}

impl Consumer {
    /// [`Consumer::reschedule_after`] where calls may fail: those that have not begun are judged anew, since rules depend
    /// on when a call starts, with new draws.
    fn reschedule_by_rules(&mut self, begun: SimTime, now: SimTime, out: &mut Outbox) {
        let mut waiting: BTreeMap<u64, Vec<Subject>> = BTreeMap::new();
        let mut running: BTreeMap<u64, SimTime> = BTreeMap::new();
        for assigned in self.table.iter() {
            for row in assigned.process.iter().filter(|row| !row.reported) {
                if row.start <= begun {
                    running.insert(row.call, row.end);
                } else {
                    waiting.entry(row.call).or_default().push(self.subject(assigned.queue, row));
                }
            }
        }
        running.extend(self.leftovers.iter().map(|(_, row)| (row.call, row.end)));
        for (call, end) in &mut running {
            if let Some(failing) = self.failures.calls.get(call) {
                *end += self.reservation(failing.fails_at, failing.offsets.len());
            }
        }
        // Threads that are sending messages back now.
        let sending = self.failures.jobs.values().map(|job| now + self.failures.round_trip * job.rows.len() as u64);
        self.pool.restart(now, running.into_values().filter(|end| *end > now).chain(sending));
        for (call, subjects) in waiting {
            let Some(token) = self.table.token(subjects[0].queue) else { continue };
            self.failures.calls.remove(&call);
            let (start, end, held) = self.submit_judged(now, call, token, &subjects, &out.catalog);
            let Some(assigned) = self.table.by_token(token) else { continue };
            for subject in subjects {
                if let Some(row) = assigned.process.row_mut(subject.offset) {
                    (row.start, row.end, row.held) = (start, end, held);
                }
            }
        }
        self.failures.arm(out);
    }
}

/// `updateOffset(mq, offset, increaseOnly = true)` with the result of the latest `removeMessage`.
#[inline]
pub(super) fn take_floor(assigned: &mut super::table::Assigned, now: SimTime) {
    if let Some(floor) = assigned.process.ack_floor(now) {
        assigned.offset = Some(assigned.offset.unwrap_or(0).max(floor));
    }
}

/// Whether a listener call of a queue that was given up is over. In a concurrent consumer a held one still has to be sent back
/// (`consumeTimeout` took it out of its queue); in an orderly one nothing follows.
const fn leftover_is_over(row: &Row, orderly: bool, now: SimTime) -> bool {
    if orderly { row.end.as_nanos() <= now.as_nanos() } else { row.finished(now) }
}

/// What became of a listener call of a queue that was given up: `held` says that it fails.
const fn leftover_fate(row: &Row) -> Fate {
    if row.held { Fate::Failed } else { Fate::Ignored }
}

#[inline]
pub(super) fn report(queue: QueueIx, row: &Row, fate: Fate, busy: &mut SimDuration, out: &mut Outbox) {
    *busy += row.busy(row.end);
    out.deliveries.push(delivery(queue, row, fate));
}

pub(super) const fn delivery(queue: QueueIx, row: &Row, fate: Fate) -> Delivery {
    Delivery {
        queue,
        offset: row.offset,
        born: row.born,
        stored: row.stored,
        pulled: row.pulled,
        start: row.start,
        end: row.end,
        key: row.key,
        class: row.class,
        fate,
    }
}
