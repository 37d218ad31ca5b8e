//! When a polling loop would notice: due moments rounded up to the loop's steps.

use crate::kernel::time::{SimDuration, SimTime};

/// Sleep between two runs of `StateMaintainer`.
pub(super) const ELECTOR_STEP: SimDuration = SimDuration::from_millis(10);
/// Longest wait of the dispatchers, the entry handler and the quorum checker between two runs.
pub(super) const PUSH_STEP: SimDuration = SimDuration::from_millis(1);
/// Period of the checks that upstream makes once a second.
pub(super) const SECOND: SimDuration = SimDuration::from_millis(1_000);

/// The first of the moments `first`, `first + step`, … that is not before `due`.
pub(super) fn not_before(first: SimTime, step: SimDuration, due: SimTime) -> SimTime {
    let late = due.since(first).as_nanos();
    let steps = late.div_ceil(step.as_nanos().max(1));
    first.saturating_add(SimDuration::from_nanos(steps.saturating_mul(step.as_nanos())))
}

/// The first of these moments at which more than `patience` has passed since `from`.
pub(super) fn elapsed_more(first: SimTime, step: SimDuration, from: SimTime, patience: SimDuration) -> SimTime {
    not_before(first, step, from.saturating_add(patience).saturating_add(SimDuration::from_nanos(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> SimTime = SimTime::from_millis;

    #[test]
    fn a_due_moment_waits_for_the_next_step() {
        for (due, step) in [(0, 3), (3, 3), (4, 13), (13, 13), (14, 23)] {
            assert_eq!(not_before(MS(3), ELECTOR_STEP, MS(due)), MS(step), "due at {due} ms");
        }
        assert_eq!(not_before(MS(0), PUSH_STEP, SimTime::from_nanos(1)), MS(1));
    }

    #[test]
    fn more_than_a_time_excludes_that_time() {
        assert_eq!(elapsed_more(MS(0), PUSH_STEP, MS(5), SECOND), MS(1_006));
        assert_eq!(elapsed_more(MS(2), ELECTOR_STEP, MS(2), SimDuration::from_millis(2_000)), MS(2_012));
    }
}
