//! The schedule service (`ScheduleMessageService`): one task per delay level takes what is due out of the level's queue and
//! stores it where it belongs. The tasks run independently of each other; a broker wakes when the next one of them has
//! something to do.

use super::machine::Broker;
use crate::kernel::dist::Sampler;
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::counters::Counter;
use crate::node::fact::Fact;
use crate::node::outbox::{Outbox, Timer};
use crate::store::catalog::{CopyFacts, Origin};
use crate::store::delay::DelayLevels;
use crate::store::dispatch::next_dispatch_tick;
use crate::store::ids::QueueIx;
use crate::store::message::Message;
use crate::store::schedule::LevelTask;

/// What an idle run takes, timer and all, in nanoseconds: measured rhythms of a real broker are 100.2 to 100.4 ms on a quiet
/// machine. Each level has its own, so that the levels do not keep step with each other.
const IDLE_RUN: std::ops::Range<u64> = 200_000..400_000;

/// The service's state.
#[derive(Debug)]
pub(super) struct Schedule {
    /// The delay levels, whether or not something waits.
    pub(super) delays: DelayLevels,
    tasks: Vec<Task>,
    deliver: Sampler,
    stream: Stream,
    armed: SimTime,
}

#[derive(Debug)]
struct Task {
    level: i32,
    queue: QueueIx,
    local: usize,
    task: LevelTask,
}

impl Schedule {
    pub(super) fn new(delays: &[SimDuration], deliver: Sampler, stream: Stream) -> Self {
        Self { delays: DelayLevels::of(delays), tasks: Vec::new(), deliver, stream, armed: SimTime::MAX }
    }

    pub(super) fn set_stream(&mut self, stream: Stream) {
        self.stream = stream;
    }
}

impl Broker {
    /// The service starts with the broker (`ScheduleMessageService#start`).
    pub(super) fn start_schedule(&mut self, now: SimTime, out: &mut Outbox) {
        self.schedule.tasks.clear();
        for level in 1..=self.schedule.delays.max_level() {
            let Some(queue) = self.schedule_queue(level) else { continue };
            let local = self.directory.parts(queue).local as usize;
            let saved = self.persisted.delay_offsets.get(level as usize - 1).copied().unwrap_or(0);
            // Corrected into what the queue holds (`ScheduleMessageService#correctDelayOffset`).
            let from = saved.max(self.store.min_offset(local)).min(self.store.appended_offset(local));
            let drawn = self.schedule.stream.below(IDLE_RUN.end - IDLE_RUN.start);
            let work = SimDuration::from_nanos(IDLE_RUN.start + drawn);
            self.schedule.tasks.push(Task { level, queue, local, task: LevelTask::start(now, from, work) });
        }
        for index in 0..self.schedule.tasks.len() {
            self.await_front(now, index);
        }
        self.arm_schedule(out);
    }

    /// Something was stored in a queue; if it is a level's whose task has nothing to wait for, that changes.
    #[inline]
    pub(super) fn on_scheduled(&mut self, now: SimTime, queue: QueueIx, out: &mut Outbox) {
        if Some(self.directory.parts(queue).topic) != self.deployment.schedule {
            return;
        }
        let Some(index) = self.schedule.tasks.iter().position(|task| task.queue == queue) else { return };
        if self.schedule.tasks[index].task.next() == SimTime::MAX {
            self.await_front(now, index);
            self.arm_schedule(out);
        }
    }

    /// The tasks that have something to do now do it.
    pub(super) fn run_schedule(&mut self, now: SimTime, out: &mut Outbox) {
        self.schedule.armed = SimTime::MAX;
        for index in 0..self.schedule.tasks.len() {
            if self.schedule.tasks[index].task.next() <= now {
                self.step_task(now, index, out);
            }
        }
        self.arm_schedule(out);
    }

    /// Per level queue: how many of its messages are delivered.
    pub fn delay_offsets(&self) -> impl Iterator<Item = (QueueIx, u64)> + '_ {
        self.schedule.tasks.iter().map(|task| (task.queue, task.task.offset()))
    }

    /// Per level: what `delayOffset.json` says at `now`.
    pub fn persisted_delay_offsets(&self, now: SimTime) -> impl Iterator<Item = (i32, u64)> + '_ {
        self.schedule.tasks.iter().map(move |task| (task.level, task.task.persisted(now)))
    }

    /// The clock was set: what waits may be due at another time.
    pub(super) fn reconsider_schedule(&mut self, now: SimTime, out: &mut Outbox) {
        for index in 0..self.schedule.tasks.len() {
            self.await_front(now, index);
        }
        self.schedule.armed = SimTime::MAX;
        self.arm_schedule(out);
    }

    /// The service ends with the process.
    pub(super) fn stop_schedule(&mut self) {
        self.schedule.tasks.clear();
        self.schedule.armed = SimTime::MAX;
    }

    /// `delayOffset.json` as the service has it in memory, by level from 1 on.
    pub(super) fn delay_table(&self) -> Vec<u64> {
        self.delay_offsets_by(|task| task.offset())
    }

    /// The same as it was last written.
    pub(super) fn delay_table_on_disk(&self, now: SimTime) -> Vec<u64> {
        self.delay_offsets_by(|task| task.persisted(now))
    }

    /// Whether the service was started and has levels to serve.
    pub(super) const fn schedule_runs(&self) -> bool {
        !self.schedule.tasks.is_empty()
    }

    /// The service writes its offsets when it is shut down.
    pub(super) fn delay_offsets_to_disk(&mut self) {
        if self.schedule_runs() {
            self.persisted.delay_offsets = self.delay_table();
        }
    }

    fn delay_offsets_by(&self, offset: impl Fn(&LevelTask) -> u64) -> Vec<u64> {
        let mut table = vec![0; self.schedule.delays.max_level().max(0) as usize];
        for task in &self.schedule.tasks {
            table[task.level as usize - 1] = offset(&task.task);
        }
        table
    }

    fn step_task(&mut self, now: SimTime, index: usize, out: &mut Outbox) {
        let local = self.schedule.tasks[index].local;
        let end = match self.schedule.tasks[index].task.run_end() {
            Some(end) => {
                self.deliver_front(now, index, out);
                end
            }
            None => {
                self.dispatch(now, local as u32);
                self.store.max_offset(local)
            }
        };
        let due = self.front(now, index).is_some_and(|(offset, due, _)| offset < end && due <= now);
        // A put that is refused is tried again in 100 ms.
        if due && (!out.fallible || self.takes_puts() && !self.group_refuses()) {
            let handling = SimDuration::from_nanos(self.schedule.deliver.sample(&mut self.schedule.stream));
            self.schedule.tasks[index].task.deliver(now + handling, end);
        } else {
            self.schedule.tasks[index].task.end_run(now);
            self.await_front(now, index);
        }
    }

    /// Stores the first message of a level where it belongs (`#messageTimeup`, `#syncDeliver`).
    fn deliver_front(&mut self, now: SimTime, index: usize, out: &mut Outbox) {
        if self.group_refuses() {
            return;
        }
        let Some((offset, due, message)) = self.front(now, index) else { return };
        let Task { level, queue, .. } = self.schedule.tasks[index];
        self.schedule.tasks[index].task.delivered(now);
        out.counters.add_to_cluster(Counter::DelayedDelivered, 1);
        let Some(copy) = out.catalog.copy(message.class).copied() else { return };
        let facts = CopyFacts { kind: copy.becomes, ..copy };
        let Some(appended) = self.store_copy(now, facts, copy.real_queue, &message, out) else { return };
        let late = now.since(due);
        out.lateness.push((level as u8, late));
        let (broker, origin, from) = (self.me, copy.origin, Origin { queue, offset });
        let to = Origin { queue: appended.queue, offset: appended.offset };
        out.trace(|| Fact::DelayDelivered { broker, level: level as u8, origin, from, to, late });
    }

    /// The first message of a level that is not delivered: offset, due time, facts. Times are whole milliseconds, as the
    /// consume queue entry keeps them.
    fn front(&self, now: SimTime, index: usize) -> Option<(u64, SimTime, Message)> {
        let Task { level, local, ref task, .. } = self.schedule.tasks[index];
        let message = *self.store.message(local, task.offset())?;
        let stored = SimTime::from_millis(message.stored_at.as_millis());
        Some((task.offset(), self.clock.due(now, stored, self.schedule.delays.delay(level)), message))
    }

    /// Plans the next run that finds something.
    fn await_front(&mut self, now: SimTime, index: usize) {
        if let Some((_, due, message)) = self.front(now, index) {
            let visible = next_dispatch_tick(self.started, message.stored_at);
            self.schedule.tasks[index].task.wait_for(due.max(visible));
        }
    }

    fn arm_schedule(&mut self, out: &mut Outbox) {
        let next = self.schedule.tasks.iter().map(|task| task.task.next()).min().unwrap_or(SimTime::MAX);
        if next < self.schedule.armed {
            self.schedule.armed = next;
            out.arm(Timer::Schedule, next);
        }
    }
}
