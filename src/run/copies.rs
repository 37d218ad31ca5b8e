//! What the world keeps of records that brokers store by themselves: further records of messages, and messages that wait for
//! their time.

use super::observe::group::percentiles;
use super::outcome::{FactRecord, Percentiles};
use super::world::World;
use crate::kernel::histogram::Histogram;
use crate::node::counters::Counter;
use crate::node::fact::Fact;

/// Counts of copies.
#[derive(Debug, Default)]
pub(super) struct CopyTrack {
    /// Records beside the one that a message was sent as.
    pub(super) copies: u64,
    /// How late the schedule service delivered, ns.
    lateness: Histogram,
    /// The same by level; level 1 is the first.
    by_level: Vec<Histogram>,
}

impl CopyTrack {
    fn late(&mut self, level: u8, nanos: u64) {
        self.lateness.record(nanos);
        let index = usize::from(level.max(1)) - 1;
        if self.by_level.len() <= index {
            self.by_level.resize_with(index + 1, Histogram::default);
        }
        self.by_level[index].record(nanos);
    }

    /// The lateness of all deliveries.
    pub(super) fn lateness(&self) -> Percentiles {
        percentiles(&self.lateness)
    }

    /// The lateness by level, of the levels that something was delivered from.
    pub(super) fn by_level(&self) -> Vec<(u8, Percentiles)> {
        let levels = (1..=u8::MAX).zip(&self.by_level).filter(|(_, histogram)| histogram.count() > 0);
        levels.map(|(level, histogram)| (level, percentiles(histogram))).collect()
    }
}

impl World {
    /// Takes over what brokers have stored by themselves.
    pub(super) fn record_copies(&mut self) {
        for appended in self.out.appended.drain(..) {
            let at = appended.at.as_nanos();
            self.copies.copies += u64::from(appended.copy);
            self.digest.fold(at ^ (appended.offset << 40) ^ (u64::from(appended.queue.0) << 1));
            if self.trace {
                let (queue, offset) = (appended.queue, appended.offset);
                let fact = Fact::Stored { queue, offset, physical: appended.physical, size: appended.size };
                self.facts.push(FactRecord { at: appended.at, fact });
            }
        }
        for (level, late) in self.out.lateness.drain(..) {
            self.copies.late(level, late.as_nanos());
        }
    }

    /// Messages that wait for their time, and how many the schedule service has delivered; in words what is wrong with that.
    pub(super) fn scheduled(&self) -> (u64, u64, Option<String>) {
        let delivered = self.out.counters.get(Counter::DelayedDelivered, None);
        if self.plan.fallible {
            // Offsets of the schedule service go back with its process, and it delivers again.
            return (self.scheduled_behind(), delivered, None);
        }
        let (mut waiting, mut passed) = (0, 0);
        for host in &self.brokers {
            for (queue, offset) in host.broker.delay_offsets() {
                passed += offset;
                match self.appended(queue).checked_sub(offset) {
                    Some(behind) => waiting += behind,
                    None => return (waiting, delivered, Some(format!("{queue:?} is delivered beyond its end"))),
                }
            }
        }
        let wrong = format!("the schedule service delivered {delivered} messages and passed {passed}");
        (waiting, delivered, (passed != delivered).then_some(wrong))
    }

    /// Messages that wait for their time where processes can fail: at those whose log counts.
    fn scheduled_behind(&self) -> u64 {
        let names = (0..self.failing.truth.len()).map(crate::store::ids::BrokerIx::new);
        let hosts = names.map(|name| &self.brokers[self.truth_of(name).at()]);
        let offsets = hosts.flat_map(|host| host.broker.delay_offsets());
        offsets.map(|(queue, offset)| self.appended(queue).saturating_sub(offset)).sum()
    }
}
