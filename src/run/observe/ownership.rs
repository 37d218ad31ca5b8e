//! Who owned each queue at each moment: 0, 1 or 2 owners.

use crate::kernel::time::{SimDuration, SimTime};
use crate::run::outcome::{OwnInterval, QueueOwnership};
use crate::store::ids::{ClientIx, GroupIx, InstanceIx, QueueIx};

/// The ownership of one queue by one group, growing.
#[derive(Clone, Debug)]
pub struct OwnershipTrack {
    group: GroupIx,
    queue: QueueIx,
    /// From when the queue exists.
    pub exists_from: SimTime,
    /// Until when it is readable.
    pub exists_until: Option<SimTime>,
    intervals: Vec<OwnInterval>,
}

impl OwnershipTrack {
    /// A queue that nobody owns.
    #[must_use]
    pub const fn new(group: GroupIx, queue: QueueIx, exists_from: SimTime) -> Self {
        Self { group, queue, exists_from, exists_until: None, intervals: Vec::new() }
    }

    /// An instance takes the queue.
    pub fn begin(&mut self, now: SimTime, instance: InstanceIx, client: ClientIx) {
        self.intervals.push(OwnInterval { instance, client, from: now, to: SimTime::MAX, frozen: None });
    }

    /// An instance gives it up, or its process ends.
    pub fn end(&mut self, now: SimTime, instance: InstanceIx) {
        if let Some(open) = self.open(instance) {
            open.to = now;
            if let Some((_, until)) = &mut open.frozen {
                *until = now;
            }
        }
    }

    /// The owner's process freezes: a new interval says that it owns the queue in its own view only.
    pub fn freeze(&mut self, now: SimTime, instance: InstanceIx) {
        if let Some(open) = self.open(instance) {
            let client = open.client;
            open.to = now;
            let frozen = Some((now, SimTime::MAX));
            self.intervals.push(OwnInterval { instance, client, from: now, to: SimTime::MAX, frozen });
        }
    }

    /// The owner's process goes on.
    pub fn thaw(&mut self, now: SimTime, instance: InstanceIx) {
        if let Some(open) = self.open(instance) {
            let client = open.client;
            open.to = now;
            if let Some((_, until)) = &mut open.frozen {
                *until = now;
            }
            self.begin(now, instance, client);
        }
    }

    /// Whoever owns the queue now.
    pub fn owners(&self) -> impl Iterator<Item = InstanceIx> + '_ {
        self.intervals.iter().filter(|interval| interval.to == SimTime::MAX).map(|interval| interval.instance)
    }

    /// Instances that own it now or were among its latest owners: those that may still have messages of it.
    #[must_use]
    pub fn recent_owners(&self) -> Vec<InstanceIx> {
        let latest = self.intervals.iter().rev().take(4);
        let mut recent: Vec<InstanceIx> = latest.map(|interval| interval.instance).chain(self.owners()).collect();
        recent.sort_unstable();
        recent.dedup();
        recent
    }

    fn open(&mut self, instance: InstanceIx) -> Option<&mut OwnInterval> {
        self.intervals.iter_mut().rev().find(|open| open.instance == instance && open.to == SimTime::MAX)
    }

    /// The sums, up to `end`; time without an owner counts from `from` (the group's first start).
    #[must_use]
    pub fn finish(mut self, from: SimTime, end: SimTime) -> QueueOwnership {
        let exists_until = self.exists_until.unwrap_or(end);
        for interval in &mut self.intervals {
            interval.to = interval.to.min(end);
            if let Some((_, until)) = &mut interval.frozen {
                *until = (*until).min(end);
            }
        }
        self.intervals.retain(|interval| interval.to > interval.from || interval.to == end);
        let sums = sums(&self.intervals, from.max(self.exists_from), exists_until);
        let mut moves = 0;
        let mut last: Option<InstanceIx> = None;
        for interval in &self.intervals {
            moves += u32::from(last.is_some_and(|last| last != interval.instance));
            last = Some(interval.instance);
        }
        QueueOwnership {
            group: self.group,
            queue: self.queue,
            exists_from: self.exists_from,
            exists_until,
            intervals: self.intervals,
            orphan: sums.0,
            longest_orphan: sums.1,
            double_owner: sums.2,
            moves,
        }
    }
}

/// (time without a working owner, its longest stretch, time with two or more) between `from` and `until`.
fn sums(intervals: &[OwnInterval], from: SimTime, until: SimTime) -> (SimDuration, SimDuration, SimDuration) {
    let mut changes: Vec<(SimTime, i32)> = Vec::new();
    for interval in intervals.iter().filter(|interval| interval.frozen.is_none()) {
        let (start, stop) = (interval.from.max(from), interval.to.min(until));
        if start < stop {
            changes.push((start, 1));
            changes.push((stop, -1));
        }
    }
    changes.sort_unstable();
    let (mut orphan, mut longest, mut double) = (SimDuration::ZERO, SimDuration::ZERO, SimDuration::ZERO);
    let (mut owners, mut since) = (0, from);
    let mut orphan_since = Some(from);
    for (at, change) in changes.into_iter().chain([(until.max(from), 0)]) {
        let length = at.since(since);
        match owners {
            0 => orphan += length,
            1 => {}
            _ => double += length,
        }
        owners += change;
        since = at;
        // Two changes at one moment are a hand-over, not a gap: the longest stretch is measured between real owners.
        if owners == 0 {
            orphan_since = orphan_since.or(Some(at));
        } else if let Some(began) = orphan_since.take() {
            longest = longest.max(at.since(began));
        }
    }
    if let Some(began) = orphan_since {
        longest = longest.max(until.since(began));
    }
    (orphan, longest, double)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    #[test]
    fn a_frozen_owner_is_no_owner() {
        let mut track = OwnershipTrack::new(GroupIx(0), QueueIx(0), at(0));
        track.begin(at(1), InstanceIx(0), ClientIx(0));
        track.freeze(at(10), InstanceIx(0));
        track.begin(at(30), InstanceIx(1), ClientIx(1));
        track.thaw(at(40), InstanceIx(0));
        track.end(at(42), InstanceIx(1));
        let done = track.finish(at(0), at(50));
        assert_eq!(done.orphan, SimDuration::from_secs(1 + 20));
        assert_eq!(done.longest_orphan, SimDuration::from_secs(20));
        assert_eq!(done.double_owner, SimDuration::from_secs(2));
        assert_eq!(done.moves, 2);
    }
}
