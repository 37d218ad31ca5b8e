//! Latency fault tolerance (`LatencyFaultToleranceImpl`, `MQFaultStrategy`): which broker names a producer avoids, and for
//! how long.

use std::collections::BTreeMap;

use crate::kernel::time::{SimDuration, SimTime};
use crate::store::ids::BrokerIx;

/// `latencyMax` and `notAvailableDuration`, milliseconds.
const TABLE: [(u64, u64); 7] =
    [(50, 0), (100, 0), (550, 30_000), (1000, 60_000), (2000, 120_000), (3000, 180_000), (15_000, 600_000)];
/// What a failed attempt counts as.
const FAILED: SimDuration = SimDuration::from_secs(30);

/// `FaultItem`.
#[derive(Clone, Copy, Debug)]
struct Item {
    latency: SimDuration,
    /// `startTimestamp`: available from then on.
    from: SimTime,
}

/// `faultItemTable`.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    items: BTreeMap<BrokerIx, Item>,
    /// `whichItemWorst`.
    which: usize,
}

/// How long a broker name is avoided after an attempt that took so long (`#computeNotAvailableDuration`).
fn avoided_for(latency: SimDuration) -> SimDuration {
    let millis = latency.as_nanos() / 1_000_000;
    let row = TABLE.iter().rev().find(|(from, _)| millis >= *from);
    SimDuration::from_millis(row.map_or(0, |(_, lasts)| *lasts))
}

impl Faults {
    /// An attempt is over (`#updateFaultItem`). Returns the latency it counts with and how long the name is avoided.
    pub(super) fn update(
        &mut self,
        now: SimTime,
        name: BrokerIx,
        latency: SimDuration,
        failed: bool,
    ) -> (SimDuration, SimDuration) {
        let lasts = avoided_for(if failed { FAILED } else { latency });
        self.items.insert(name, Item { latency, from: now + lasts });
        (latency, lasts)
    }

    /// `#isAvailable`.
    pub(super) fn is_available(&self, now: SimTime, name: BrokerIx) -> bool {
        self.items.get(&name).is_none_or(|item| now >= item.from)
    }

    /// `#pickOneAtLeast`: round-robin among the better half of the known names.
    pub(super) fn pick_one_at_least(&mut self, now: SimTime) -> Option<BrokerIx> {
        let mut names: Vec<(bool, SimDuration, SimTime, BrokerIx)> =
            self.items.iter().map(|(name, item)| (now < item.from, item.latency, item.from, *name)).collect();
        names.sort_unstable();
        let half = names.len() / 2;
        if half == 0 {
            return names.first().map(|(.., name)| *name);
        }
        self.which += 1;
        Some(names[self.which % half].3)
    }

    /// `#remove`.
    pub(super) fn remove(&mut self, name: BrokerIx) {
        self.items.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> SimDuration {
        SimDuration::from_millis(millis)
    }

    #[test]
    fn the_time_a_broker_is_avoided_follows_the_table() {
        let lasts = [0, 99, 549, 550, 999, 1000, 2000, 3000, 14_999, 15_000].map(|latency| avoided_for(ms(latency)));
        assert_eq!(lasts.map(|time| time.as_nanos() / 1_000_000_000), [0, 0, 0, 30, 30, 60, 120, 180, 180, 600]);
    }

    #[test]
    fn a_failure_is_avoided_for_ten_minutes_and_a_success_ends_it() {
        let mut faults = Faults::default();
        let name = BrokerIx(1);
        assert_eq!(faults.update(SimTime::ZERO, name, ms(3), true), (ms(3), ms(600_000)));
        assert!(!faults.is_available(SimTime::from_secs(599), name));
        assert!(faults.is_available(SimTime::from_secs(600), name));
        faults.update(SimTime::from_secs(10), name, ms(3), false);
        assert!(faults.is_available(SimTime::from_secs(10), name));
    }

    #[test]
    fn when_none_is_available_the_better_half_takes_turns() {
        let mut faults = Faults::default();
        assert_eq!(faults.pick_one_at_least(SimTime::ZERO), None);
        for (name, latency) in [(0, 900), (1, 600), (2, 700), (3, 800)] {
            faults.update(SimTime::ZERO, BrokerIx(name), ms(latency), false);
        }
        let picked: Vec<u32> =
            (0..4).filter_map(|_| faults.pick_one_at_least(SimTime::ZERO)).map(|name| name.0).collect();
        assert_eq!(picked, [2, 1, 2, 1]);
    }
}
