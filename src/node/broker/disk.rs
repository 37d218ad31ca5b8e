//! The disk that a broker's store lies on: when it is too full for writes, and which files go
//! (`DefaultMessageStore.CleanCommitLogService`). Only where a disk is configured; nothing is ever full otherwise.

use super::machine::Broker;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::Fact;
use crate::node::outbox::{Outbox, Timer};
use crate::node::replication_config::ReplicationConfig;

/// First check whether the disk is full, and first look for files to delete.
const CHECK_INITIAL_DELAY: SimDuration = SimDuration::from_secs(1);
const CLEAN_INITIAL_DELAY: SimDuration = SimDuration::from_secs(60);
/// `cleanResourceInterval`, the period of both.
const INTERVAL: SimDuration = SimDuration::from_secs(10);
/// Files deleted in one pass at most (`CommitLog#deleteExpiredFile`).
const FILES_PER_PASS: u64 = 10;

/// The disk.
#[derive(Debug)]
pub(super) struct Disk {
    used_by_others: u64,
    full: bool,
    /// How many of the thresholds were crossed when it was last told.
    told: usize,
}

impl Disk {
    pub(super) fn new(config: &ReplicationConfig) -> Self {
        Self { used_by_others: config.disk_used, full: false, told: 0 }
    }

    /// Whether puts are taken.
    pub(super) const fn writable(&self) -> bool {
        !self.full
    }
}

impl Broker {
    /// Others use so many bytes of the disk from now on; the broker notices at its next check.
    pub const fn set_disk_used(&mut self, bytes: u64) {
        self.disk.used_by_others = bytes;
    }

    /// Percent of the disk in use; `None` without one.
    #[must_use]
    pub fn disk_percent(&self) -> Option<u8> {
        let size = self.config.replication.disk_size?.max(1);
        let own = self.log_max() - self.store.log_min_offset();
        let used = u128::from(self.disk.used_by_others) + u128::from(own);
        Some((used * 100 / u128::from(size)).min(100) as u8)
    }

    pub(super) fn start_disk_checks(&mut self, now: SimTime, out: &mut Outbox) {
        if self.config.replication.disk_size.is_some() {
            out.arm(Timer::DiskCheck, now + CHECK_INITIAL_DELAY);
            out.arm(Timer::Clean, now + CLEAN_INITIAL_DELAY);
        }
    }

    /// `CleanCommitLogService#isSpaceFull`.
    pub(super) fn on_disk_check(&mut self, now: SimTime, out: &mut Outbox) {
        out.arm(Timer::DiskCheck, now + INTERVAL);
        let percent = u64::from(self.disk_percent().unwrap_or(0));
        self.disk.full = percent > self.config.replication.disk_space_warning_level_ratio;
        self.tell_disk(out);
    }

    /// `CleanCommitLogService#run`: above the first threshold files older than `fileReservedTime` go, above the second any but
    /// the last; then the queues follow.
    pub(super) fn on_clean(&mut self, now: SimTime, out: &mut Outbox) {
        out.arm(Timer::Clean, now + INTERVAL);
        let percent = u64::from(self.disk_percent().unwrap_or(0));
        let config = &self.config.replication;
        if percent > config.disk_space_warning_level_ratio {
            self.disk.full = true;
        } else if percent <= config.disk_space_clean_forcibly_ratio {
            self.disk.full = false;
        }
        if percent > config.disk_max_used_space_ratio {
            let at_once = percent > config.disk_space_clean_forcibly_ratio;
            self.delete_files(now, at_once, out);
        }
        self.tell_disk(out);
    }

    fn delete_files(&mut self, now: SimTime, at_once: bool, out: &mut Outbox) {
        let before = self.store.log_min_offset();
        let mut end = before;
        for _ in 0..FILES_PER_PASS {
            let file_end = self.store.log_file_end(end);
            let written = self.store.written_before(file_end).unwrap_or(now);
            let expired = written + self.config.replication.file_reserved_time <= now;
            if file_end > self.log_max() || !(at_once || expired) {
                break;
            }
            end = file_end;
        }
        let min = self.store.delete_log_files_before(end);
        if min > before {
            for local in 0..self.store.queue_count() {
                self.dispatch(now, local as u32);
            }
            self.store.clean_consume_queues();
            out.fact(Fact::FilesDeleted { broker: self.me, min });
        }
    }

    fn tell_disk(&mut self, out: &mut Outbox) {
        let Some(percent) = self.disk_percent() else { return };
        let config = &self.config.replication;
        let thresholds = [
            config.disk_max_used_space_ratio,
            config.disk_space_clean_forcibly_ratio,
            config.disk_space_warning_level_ratio,
        ];
        let crossed = thresholds.iter().filter(|limit| u64::from(percent) > **limit).count();
        let level = crossed * 2 + usize::from(self.disk.full);
        if level != self.disk.told {
            self.disk.told = level;
            out.fact(Fact::DiskLevel { broker: self.me, percent, writable: !self.disk.full });
        }
    }
}
