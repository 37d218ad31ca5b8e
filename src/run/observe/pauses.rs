//! When a queue with unconsumed messages stood still for a group: none of them was at a member that works.

use crate::kernel::time::SimTime;
use crate::run::outcome::GAP;

/// A pause of one (group, queue) pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Position of the pair.
    pub pair: u32,
    /// From when something could have been delivered.
    pub from: SimTime,
    /// The next arrival at a member.
    pub to: SimTime,
}

/// All pairs.
#[derive(Debug, Default)]
pub struct PauseTrack {
    /// Per pair: until when a member had a message of it.
    busy_until: Vec<SimTime>,
    /// Per instance: its last freeze.
    freezes: Vec<Option<(SimTime, SimTime)>>,
    pauses: Vec<Pause>,
}

/// A message's time at a member.
#[derive(Clone, Copy, Debug)]
pub struct Stay {
    /// Append.
    pub stored: SimTime,
    /// It arrived.
    pub arrived: SimTime,
    /// It left: the listener returned, or the process ended.
    pub left: SimTime,
}

impl PauseTrack {
    /// So many pairs and instances.
    #[must_use]
    pub fn new(pairs: usize, instances: usize) -> Self {
        Self { busy_until: vec![SimTime::ZERO; pairs], freezes: vec![None; instances], pauses: Vec::new() }
    }

    /// A member freezes.
    pub fn on_freeze(&mut self, now: SimTime, instance: usize) {
        self.freezes[instance] = Some((now, SimTime::MAX));
    }

    /// It goes on, or its process ended.
    pub fn on_thaw(&mut self, now: SimTime, instance: usize) {
        if let Some((_, until)) = self.freezes[instance].as_mut().filter(|(_, until)| *until == SimTime::MAX) {
            *until = now;
        }
    }

    /// A message was at a member for a while.
    #[inline]
    pub fn on_stay(&mut self, pair: u32, instance: usize, stay: Stay) {
        match self.freezes[instance] {
            Some((froze, thawed)) if froze < stay.left && thawed > stay.arrived => {
                self.work(pair, stay.stored, stay.arrived, froze);
                if thawed < stay.left {
                    self.work(pair, stay.stored, thawed, stay.left);
                }
            }
            _ => self.work(pair, stay.stored, stay.arrived, stay.left),
        }
    }

    #[inline]
    fn work(&mut self, pair: u32, stored: SimTime, from: SimTime, until: SimTime) {
        if until < from {
            return;
        }
        let idle_from = self.busy_until[pair as usize].max(stored);
        if from > idle_from && from.since(idle_from) >= GAP {
            self.pauses.push(Pause { pair, from: idle_from, to: from });
        }
        let busy = &mut self.busy_until[pair as usize];
        *busy = (*busy).max(until);
    }

    /// At the end of the run a pair's first unconsumed message, appended at `stored`, is at nobody who works.
    pub fn on_left_over(&mut self, pair: u32, stored: SimTime, end: SimTime) {
        self.work(pair, stored, end, end);
    }

    /// All pauses, in the order of their beginning.
    #[must_use]
    pub fn finish(mut self) -> Vec<Pause> {
        self.pauses.sort_by_key(|pause| (pause.from, pause.pair));
        self.pauses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    fn stay(stored: u64, arrived: u64, left: u64) -> Stay {
        Stay { stored: at(stored), arrived: at(arrived), left: at(left) }
    }

    #[test]
    fn a_queue_without_messages_does_not_stand_still_and_one_with_messages_does() {
        let mut track = PauseTrack::new(1, 1);
        track.on_stay(0, 0, stay(1, 1, 2));
        track.on_stay(0, 0, stay(50, 50, 51));
        track.on_stay(0, 0, stay(53, 60, 61));
        assert_eq!(track.finish(), [Pause { pair: 0, from: at(53), to: at(60) }]);
    }

    #[test]
    fn messages_that_wait_in_a_working_member_are_no_pause_but_those_in_a_frozen_one_are() {
        let mut track = PauseTrack::new(2, 2);
        track.on_stay(0, 0, stay(0, 0, 40));
        track.on_freeze(at(10), 1);
        track.on_thaw(at(30), 1);
        track.on_stay(1, 1, stay(0, 0, 40));
        assert_eq!(track.finish(), [Pause { pair: 1, from: at(10), to: at(30) }]);
    }

    #[test]
    fn a_queue_taken_over_during_the_freeze_stood_still_until_then_only() {
        let mut track = PauseTrack::new(1, 2);
        track.on_stay(0, 0, stay(0, 0, 10));
        track.on_freeze(at(10), 0);
        track.on_stay(0, 1, stay(8, 25, 60));
        track.on_thaw(at(40), 0);
        track.on_stay(0, 0, stay(8, 9, 41));
        assert_eq!(track.finish(), [Pause { pair: 0, from: at(10), to: at(25) }]);
    }

    #[test]
    fn what_is_left_over_stands_still_to_the_end() {
        let mut track = PauseTrack::new(1, 1);
        track.on_stay(0, 0, stay(1, 1, 2));
        track.on_left_over(0, at(5), at(9));
        assert_eq!(track.finish(), [Pause { pair: 0, from: at(5), to: at(9) }]);
    }
}
