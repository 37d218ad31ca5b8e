//! Who held the lock of each queue: what the brokers granted, until it was given back or had expired.

use crate::kernel::time::SimTime;
use crate::run::outcome::{LockEnd, LockInterval};
use crate::store::ids::{ClientIx, GroupIx, InstanceIx, QueueIx};

/// All lock intervals, growing.
#[derive(Debug, Default)]
pub struct LockTrack {
    intervals: Vec<LockInterval>,
}

impl LockTrack {
    /// A broker gave a lock.
    pub fn begin(&mut self, now: SimTime, group: GroupIx, queue: QueueIx, instance: InstanceIx, client: ClientIx) {
        let (from, to, end) = (now, SimTime::MAX, LockEnd::Held);
        self.intervals.push(LockInterval { group, queue, instance, client, from, to, end });
    }

    /// It ended.
    pub fn end(&mut self, queue: QueueIx, client: ClientIx, until: SimTime, expired: bool) {
        let open = self.intervals.iter_mut().rev();
        let mut open = open.filter(|held| held.queue == queue && held.client == client && held.to == SimTime::MAX);
        if let Some(held) = open.next() {
            held.to = until.max(held.from);
            held.end = if expired { LockEnd::Expired } else { LockEnd::Unlocked };
        }
    }

    /// The intervals; locks still held end with the run, or when they expired unnoticed: `expires` says when.
    pub fn finish(mut self, end: SimTime, expires: impl Fn(GroupIx, QueueIx) -> Option<SimTime>) -> Vec<LockInterval> {
        for held in self.intervals.iter_mut().filter(|held| held.to == SimTime::MAX) {
            let until = expires(held.group, held.queue).unwrap_or(end);
            if until < end {
                held.end = LockEnd::Expired;
            }
            held.to = until.min(end);
        }
        self.intervals
    }
}
