//! What an orderly consumer does with the outcome of a listener call (`ConsumeMessageOrderlyService`).

use std::collections::VecDeque;

use crate::kernel::time::{SimDuration, SimTime};

/// `MAX_TIME_CONSUME_CONTINUOUSLY`: a consume request that has gone on for longer makes way for another queue.
pub const MAX_TIME_CONSUME_CONTINUOUSLY: SimDuration = SimDuration::from_secs(60);
/// After which it comes again.
pub const RECONSUME_AFTER_LIMIT: SimDuration = SimDuration::from_millis(10);

/// The pause after a failure, as `submitConsumeRequestLater` limits it.
#[must_use]
pub fn suspension(suspend_current_queue_time: SimDuration) -> SimDuration {
    suspend_current_queue_time.clamp(SimDuration::from_millis(10), SimDuration::from_secs(30))
}

/// Whether a consume request that began then has to make way now.
#[must_use]
pub const fn must_make_way(began: SimTime, now: SimTime) -> bool {
    now.since(began).as_nanos() > MAX_TIME_CONSUME_CONTINUOUSLY.as_nanos()
}

/// `getMaxReconsumeTimes`: -1 is endless.
#[must_use]
pub fn max_reconsume_times(configured: i32) -> u32 {
    if configured == -1 { i32::MAX as u32 } else { configured.max(0) as u32 }
}

/// Attempts made with the messages at the front of a process queue, in memory only: a queue that moves starts from what is
/// stored with its messages (`MessageExt#reconsumeTimes`).
#[derive(Clone, Debug, Default)]
pub struct Attempts(VecDeque<u32>);

impl Attempts {
    /// Attempts with the message at this place from the front, beside those stored with it.
    #[must_use]
    pub fn of(&self, place: usize) -> u32 {
        self.0.get(place).copied().unwrap_or(0)
    }

    /// One more attempt with it.
    pub fn add(&mut self, place: usize) {
        if self.0.len() <= place {
            self.0.resize(place + 1, 0);
        }
        self.0[place] += 1;
    }

    /// So many messages have left the front.
    pub fn left(&mut self, messages: usize) {
        self.0.drain(..messages.min(self.0.len()));
    }

    /// All messages have left.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_a_failure_has_bounds() {
        let pause = |millis| suspension(SimDuration::from_millis(millis)).as_millis();
        assert_eq!((pause(0), pause(1_000), pause(60_000)), (10, 1_000, 30_000));
    }

    #[test]
    fn a_request_goes_on_for_a_minute_and_no_longer() {
        let began = SimTime::from_secs(5);
        assert!(!must_make_way(began, SimTime::from_secs(65)));
        assert!(must_make_way(began, SimTime::from_millis(65_001)));
    }

    #[test]
    fn attempts_follow_their_messages() {
        let mut attempts = Attempts::default();
        attempts.add(1);
        attempts.add(1);
        attempts.add(0);
        assert_eq!((attempts.of(0), attempts.of(1), attempts.of(2)), (1, 2, 0));
        attempts.left(1);
        assert_eq!((attempts.of(0), attempts.of(1)), (2, 0));
        attempts.left(5);
        assert_eq!(attempts.of(0), 0);
        assert_eq!((max_reconsume_times(-1), max_reconsume_times(3)), (2_147_483_647, 3));
    }
}
