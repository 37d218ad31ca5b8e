//! Who owned each queue at each moment: 0, 1 or 2 owners.

use crate::kernel::time::{SimDuration, SimTime};
use crate::run::expect::unserved_stretches;
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

    /// Whether at most one owner ever took it.
    #[must_use]
    pub const fn is_undivided(&self) -> bool {
        self.intervals.len() <= 1
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
        let mut moves = 0;
        let mut last: Option<InstanceIx> = None;
        for interval in &self.intervals {
            moves += u32::from(last.is_some_and(|last| last != interval.instance));
            last = Some(interval.instance);
        }
        let mut owned = QueueOwnership {
            group: self.group,
            queue: self.queue,
            exists_from: self.exists_from,
            exists_until,
            intervals: self.intervals,
            orphan: SimDuration::ZERO,
            longest_orphan: SimDuration::ZERO,
            double_owner: SimDuration::ZERO,
            moves,
        };
        let counted_from = from.max(owned.exists_from);
        let unserved = || unserved_stretches(&owned, counted_from, exists_until).into_iter();
        let orphan = unserved().map(|(began, ended)| ended - began).sum();
        let longest_orphan = unserved().map(|(began, ended)| ended - began).max().unwrap_or_default();
        let double_owner = double_owner(&owned.intervals, counted_from, exists_until);
        (owned.orphan, owned.longest_orphan, owned.double_owner) = (orphan, longest_orphan, double_owner);
        owned
    }
}

/// Time with two working owners or more between `from` and `until`.
fn double_owner(intervals: &[OwnInterval], from: SimTime, until: SimTime) -> SimDuration {
    let mut changes: Vec<(SimTime, i32)> = Vec::new();
    for interval in intervals.iter().filter(|interval| interval.frozen.is_none()) {
        let (start, stop) = (interval.from.max(from), interval.to.min(until));
        if start < stop {
            changes.push((start, 1));
            changes.push((stop, -1));
        }
    }
    changes.sort_unstable();
    let (mut double, mut owners, mut since) = (SimDuration::ZERO, 0, from);
    for (at, change) in changes {
        if owners > 1 {
            double += at.since(since);
        }
        owners += change;
        since = at;
    }
    double
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
