//! When the dispatch loop runs (`DefaultMessageStore.ReputMessageService`): it sleeps 1 ms, then moves everything that
//! was appended into the consume queues. Between two runs nothing can be told apart, so only the grid of its runs counts.

use crate::kernel::time::{SimDuration, SimTime};

/// The sleep of the dispatch loop.
pub const DISPATCH_INTERVAL: SimDuration = SimDuration::from_millis(1);

/// The last run at or before `now` of a loop that started at `start`; `start` itself when `now` is earlier.
#[must_use]
pub fn dispatch_tick(start: SimTime, now: SimTime) -> SimTime {
    let elapsed = now.since(start).as_nanos();
    start + SimDuration::from_nanos(elapsed - elapsed % DISPATCH_INTERVAL.as_nanos())
}

/// The first run at or after `now`: what is appended at `now` becomes visible then.
#[must_use]
pub fn next_dispatch_tick(start: SimTime, now: SimTime) -> SimTime {
    let tick = dispatch_tick(start, now);
    if tick < now { tick + DISPATCH_INTERVAL } else { tick }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_whole_milliseconds_after_the_start() {
        let start = SimTime::from_nanos(300);
        let at = SimTime::from_nanos;
        assert_eq!(dispatch_tick(start, at(2_000_299)), at(1_000_300));
        assert_eq!(dispatch_tick(start, at(2_000_300)), at(2_000_300));
        assert_eq!(next_dispatch_tick(start, at(2_000_300)), at(2_000_300));
        assert_eq!(next_dispatch_tick(start, at(2_000_301)), at(3_000_300));
        assert_eq!(next_dispatch_tick(start, at(7)), start);
    }
}
