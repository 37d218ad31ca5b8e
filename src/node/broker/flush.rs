//! When the commit log reaches the disk (`CommitLog.FlushRealTimeService`, `CommitLog.GroupCommitService`). A loop that would
//! find nothing to flush is not run: its rhythm is computed when something is appended again.

use super::machine::Broker;
use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::outbox::{Outbox, Timer};
use crate::node::replication_config::FlushDiskType;

/// `MappedFile.OS_PAGE_SIZE`.
const PAGE: u64 = 4096;
/// How long the group-commit loop waits for a request before it flushes without one.
const GROUP_COMMIT_WAIT: SimDuration = SimDuration::from_millis(10);

/// The flush thread.
#[derive(Debug, Default)]
pub(super) struct Flush {
    /// When the present round of the loop of `ASYNC_FLUSH` began, with its sleep.
    round: SimTime,
    /// Whether the present round flushes whatever there is.
    thorough: bool,
    last_thorough: Option<SimTime>,
    /// The flush under way: its end, and up to where it reaches.
    running: Option<(SimTime, u64)>,
    armed: bool,
    /// Set for a time instead of the configured one.
    time: Option<Distribution>,
}

impl Flush {
    pub(super) fn start(&mut self, now: SimTime) {
        *self = Self { time: self.time.take(), ..Self::default() };
        self.begin_round(now, SimDuration::ZERO);
    }

    /// The thread is gone; a flush under way does not count.
    pub(super) fn stop(&mut self) {
        self.running = None;
        self.armed = false;
    }

    /// A round begins: whether it is thorough is decided before its sleep.
    fn begin_round(&mut self, now: SimTime, thorough_interval: SimDuration) {
        self.round = now;
        self.thorough = self.last_thorough.is_none_or(|last| now >= last + thorough_interval);
        if self.thorough {
            self.last_thorough = Some(now);
        }
    }
}

impl Broker {
    /// From now on a flush takes this long; `None`: as configured. One under way keeps its time.
    pub fn set_flush_time(&mut self, time: Option<Distribution>) {
        self.flush.time = time;
    }

    /// Something was appended: the loop will find it.
    pub(super) fn arrange_flush(&mut self, now: SimTime, out: &mut Outbox) {
        if self.dledger.is_some()
            || self.flush.running.is_some()
            || self.flush.armed
            || !self.life.runs()
            || self.unflushed() == 0
        {
            return;
        }
        self.flush.armed = true;
        if self.config.replication.flush_disk_type == FlushDiskType::SyncFlush {
            out.arm(Timer::Flush, now + GROUP_COMMIT_WAIT);
            return;
        }
        let (interval, thorough) = self.flush_intervals();
        while self.flush.round + interval < now {
            let next = self.flush.round + interval;
            self.flush.begin_round(next, thorough);
        }
        out.arm(Timer::Flush, self.flush.round + interval);
    }

    /// A put waits for the group commit: the thread is woken.
    pub(super) fn wake_flush(&mut self, now: SimTime, out: &mut Outbox) {
        if self.flush.running.is_none() {
            self.start_flush(now, out);
        }
    }

    /// The sleep of the loop, or a flush, is over.
    pub(super) fn on_flush(&mut self, now: SimTime, out: &mut Outbox) {
        self.flush.armed = false;
        if let Some((_, to)) = self.flush.running.take() {
            self.flushed(now, to, out);
        } else if self.is_able_to_flush() {
            self.start_flush(now, out);
        } else {
            self.next_round(now, out);
        }
    }

    fn start_flush(&mut self, now: SimTime, out: &mut Outbox) {
        // One call reaches no further than the end of a file; group commit makes a second one for the next file.
        let end = self.log_max();
        let file_end = self.store.log_file_end(self.store.flushed_where());
        let sync = self.config.replication.flush_disk_type == FlushDiskType::SyncFlush;
        let to = if sync { end } else { end.min(file_end) };
        let law = self.flush.time.as_ref().unwrap_or(&self.config.replication.flush_time);
        let time = law.sampler().duration(&mut self.stream);
        if time.is_zero() {
            self.flushed(now, to, out);
        } else {
            self.flush.running = Some((now + time, to));
            self.flush.armed = true;
            out.arm(Timer::Flush, now + time);
        }
    }

    fn flushed(&mut self, now: SimTime, to: u64, out: &mut Outbox) {
        self.store.set_flushed(to);
        self.settle(now, out);
        if self.config.replication.flush_disk_type == FlushDiskType::SyncFlush && self.waits.wants_flush() {
            self.start_flush(now, out);
        } else {
            self.next_round(now, out);
        }
    }

    fn next_round(&mut self, now: SimTime, out: &mut Outbox) {
        let (_, thorough) = self.flush_intervals();
        self.flush.begin_round(now, thorough);
        self.arrange_flush(now, out);
    }

    fn unflushed(&self) -> u64 {
        self.log_max() - self.store.flushed_where()
    }

    /// `MappedFile#isAbleToFlush`.
    fn is_able_to_flush(&self) -> bool {
        let (end, flushed) = (self.log_max(), self.store.flushed_where());
        let least = self.config.replication.flush_commit_log_least_pages;
        let all =
            self.flush.thorough || self.config.replication.flush_disk_type == FlushDiskType::SyncFlush || least == 0;
        let full = end >= self.store.log_file_end(flushed);
        end > flushed && (all || full || end / PAGE - flushed / PAGE >= least)
    }

    const fn flush_intervals(&self) -> (SimDuration, SimDuration) {
        let config = &self.config.replication;
        (config.flush_interval_commit_log, config.flush_commit_log_thorough_interval)
    }
}
