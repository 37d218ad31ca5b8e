//! A wall clock that is off. Rows keep simulated time, which observers need; where RocketMQ compares store timestamps with
//! the clock, the offset comes in: the due times of delay levels and the search of offsets by time.

use super::machine::Broker;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::outbox::Outbox;

/// How far the clock of a host has been off, and since when.
#[derive(Debug, Default)]
pub(super) struct WallClock {
    changes: Vec<(SimTime, i64)>,
}

impl WallClock {
    /// Milliseconds by which the clock was ahead at a moment.
    fn offset_ms(&self, at: SimTime) -> i64 {
        self.changes.iter().rev().find(|(from, _)| *from <= at).map_or(0, |(_, offset)| *offset)
    }

    /// When a message stored at `stored` with this delay is due, as seen at `now`
    /// (`DeliverDelayedMessageTimerTask#executeOnTimeup`): at once when that is later than its level can explain, as after a
    /// clock was set back (`#correctDeliverTimestamp`).
    pub(super) fn due(&self, now: SimTime, stored: SimTime, delay: SimDuration) -> SimTime {
        if self.changes.is_empty() {
            return stored + delay;
        }
        let set_forward = self.offset_ms(now) - self.offset_ms(stored);
        let due = shifted(stored + delay, -set_forward);
        if due > now + delay { now } else { due }
    }

    /// The simulated time at which the clock shows what it would show at `wall` if it were right. Exact while the clock has not
    /// been set since then.
    pub(super) fn simulated(&self, wall: SimTime) -> SimTime {
        self.changes.last().map_or(wall, |(_, offset)| shifted(wall, -offset))
    }
}

fn shifted(at: SimTime, millis: i64) -> SimTime {
    let by = SimDuration::from_millis(millis.unsigned_abs());
    if millis < 0 { at.saturating_sub(by) } else { at.saturating_add(by) }
}

impl Broker {
    /// The wall clock is ahead by so many milliseconds from now on; negative: behind.
    pub fn set_clock(&mut self, now: SimTime, offset_ms: i64, out: &mut Outbox) {
        self.clock.changes.push((now, offset_ms));
        self.reconsider_schedule(now, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_forward_makes_what_waits_due_earlier_and_one_set_back_at_once() {
        let at = SimTime::from_secs;
        let delay = SimDuration::from_secs(10);
        let mut clock = WallClock::default();
        assert_eq!(clock.due(at(101), at(100), delay), at(110));
        clock.changes.push((at(102), 4_000));
        assert_eq!(clock.due(at(103), at(100), delay), at(106));
        assert_eq!(clock.due(at(104), at(103), delay), at(113), "stored after the step");
        clock.changes.push((at(104), 0));
        assert_eq!(clock.due(at(104), at(103), delay), at(104), "later than its level can explain");
        assert_eq!(clock.due(at(104), at(100), delay), at(110));
    }

    #[test]
    fn a_time_asked_for_is_found_by_a_clock_that_is_off() {
        let mut clock = WallClock::default();
        clock.changes.push((SimTime::ZERO, 5_000));
        assert_eq!(clock.simulated(SimTime::from_secs(20)), SimTime::from_secs(15));
    }
}
