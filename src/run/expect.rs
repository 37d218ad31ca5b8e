//! Expectations: what a scenario promises, held against what the run produced.
//!
//! Pure: everything comes from the [`Outcome`]. A question of ownership at a time is answered from the intervals, lag and
//! counters from the series, which has a sample at every expectation's time, and at the end from the totals.

mod outages;
mod ownership;
mod words;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use crate::kernel::time::{SimDuration, SimTime};
use crate::run::outcome::{Counter, ExpectationOutcome, GroupSeries, Outcome};
use crate::scenario::plan::Check;
use crate::store::ids::GroupIx;

pub use ownership::{orphan_stretches, unserved_stretches};
use words::{Verdict, bounds_u64, count, duration, duration_near};

/// Evaluates the plan's expectations, in their order.
#[must_use]
pub fn evaluate(outcome: &Outcome) -> Vec<ExpectationOutcome> {
    let evaluated = outcome.plan.expect.iter().map(|expectation| {
        let at = expectation.at.unwrap_or(outcome.end);
        let verdict = judge(outcome, at, &expectation.check);
        ExpectationOutcome {
            label: expectation.label.clone(),
            at,
            passed: verdict.passed,
            expected: verdict.expected,
            got: verdict.got,
        }
    });
    evaluated.collect()
}

fn judge(outcome: &Outcome, at: SimTime, check: &Check) -> Verdict {
    let ownership = |group: GroupIx| ownership::At { outcome, group, at };
    let numbers = |group: GroupIx| Numbers { outcome, group, at };
    let outages = outages::Outages { outcome, at };
    match check {
        Check::Allocation { group, topic, owners } => ownership(*group).allocation(*topic, owners),
        Check::ExactlyOneOwner { group, topic } => ownership(*group).exactly_one_owner(*topic),
        Check::BalancedWithin { group, topic, within } => ownership(*group).balanced_within(*topic, *within),
        Check::IdleConsumers { group, exactly } => ownership(*group).idle_consumers(*exactly),
        Check::OrphanTime { group, from, at_least, at_most } => {
            ownership(*group).orphan_time(*from, (*at_least, *at_most))
        }
        Check::LongestOrphan { group, from, at_least, at_most } => {
            ownership(*group).longest_orphan(*from, (*at_least, *at_most))
        }
        Check::MovedQueues { group, from, at_least, at_most } => {
            ownership(*group).moved_queues(*from, (*at_least, *at_most))
        }
        Check::StableWithin { group, after, until, at_least, at_most } => {
            ownership(*group).stable_within(*after, *until, (*at_least, Some(*at_most)))
        }
        Check::LagAtMost { group, messages } => numbers(*group).lag((None, Some(*messages))),
        Check::LagAtLeast { group, messages } => numbers(*group).lag((Some(*messages), None)),
        Check::LagTimeAtMost { group, age } => numbers(*group).lag_time(*age),
        Check::LatencyAtMost { group, percentile, limit } => numbers(*group).latency(*percentile, *limit),
        Check::Duplicates { group, at_least, at_most } => numbers(*group).duplicates((*at_least, *at_most)),
        Check::ConsumedAtLeast { group, messages } => numbers(*group).consumed(*messages),
        Check::Count { counter, group, at_least, at_most } => {
            counted(outcome, at, *counter, *group, (*at_least, *at_most))
        }
        Check::AcknowledgedLost { at_least, at_most } => {
            counted(outcome, at, Counter::AcknowledgedLost, None, (*at_least, *at_most))
        }
        Check::SendOutage { topic, at_least, at_most } => outages.sends(*topic, (*at_least, *at_most)),
        Check::ConsumeOutage { group, topic, at_least, at_most } => {
            outages.deliveries(*group, *topic, (*at_least, *at_most))
        }
        Check::LeaderlessTime { broker, at_least, at_most } => outages.masters(*broker, (*at_least, *at_most)),
        Check::ReplicationLag { broker, at_least, at_most } => outages.replicas(*broker, (*at_least, *at_most)),
        Check::DelayLateness { percentile, at_most } => lateness(outcome, *percentile, *at_most),
    }
}

fn counted(outcome: &Outcome, at: SimTime, counter: Counter, group: Option<GroupIx>, bounds: Bounds) -> Verdict {
    let snapshots = &outcome.series.counters_at;
    let counters = if at == outcome.end {
        Some(&outcome.counters)
    } else {
        let index = outcome.series.times.binary_search(&at).ok();
        index.and_then(|index| snapshots.iter().find(|(of, _)| *of == index)).map(|(_, counters)| counters)
    };
    let what = words::counter(counter);
    let expected = bounds_u64(bounds, what);
    match counters.map(|counters| counters.get(counter, group)) {
        Some(value) => Verdict::new(within(bounds, value), expected, count(value, what)),
        None => Verdict::new(false, expected, format!("nothing was counted at {}", duration(at.since(SimTime::ZERO)))),
    }
}

fn lateness(outcome: &Outcome, percentile: u32, limit: SimDuration) -> Verdict {
    let lateness = &outcome.delay_lateness;
    let name = words::percentile(percentile);
    let expected = format!("{name} of the lateness of delayed messages at most {}", duration(limit));
    if lateness.count == 0 {
        return Verdict::new(false, expected, "no delayed message was delivered".to_owned());
    }
    let value = lateness.at(percentile);
    let population = count(lateness.count, "message");
    let got = format!("{name} {} over {population}", duration_near(value, &[limit]));
    Verdict::new(value <= limit, expected, got)
}

/// Lag, counters and latency of a group at a time.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    outcome: &'a Outcome,
    group: GroupIx,
    at: SimTime,
}

type Bounds = (Option<u64>, Option<u64>);

impl<'a> Numbers<'a> {
    /// The group's series and the index of the sample at this time.
    fn sample(self) -> Option<(&'a GroupSeries, usize)> {
        let index = self.outcome.series.times.binary_search(&self.at).ok()?;
        Some((self.outcome.series.groups.get(self.group.at())?, index))
    }

    /// The value at the end, or that of the sample at this time.
    fn value<T>(self, end: impl Fn() -> T, sample: impl Fn(&GroupSeries, usize) -> Option<T>) -> Option<T> {
        if self.at == self.outcome.end {
            return Some(end());
        }
        self.sample().and_then(|(series, index)| sample(series, index))
    }

    fn counted(self, what: &str, bounds: Bounds, value: Option<u64>) -> Verdict {
        let expected = bounds_u64(bounds, what);
        match value {
            Some(value) => Verdict::new(within(bounds, value), expected, count(value, what)),
            None => self.no_sample(expected),
        }
    }

    fn no_sample(self, expected: String) -> Verdict {
        Verdict::new(false, expected, format!("nothing was sampled at {}", duration(self.at.since(SimTime::ZERO))))
    }

    fn lag(self, bounds: Bounds) -> Verdict {
        let value =
            self.value(|| self.outcome.groups[self.group.at()].lag, |series, index| series.lag.get(index).copied());
        self.counted("unconsumed message", bounds, value)
    }

    fn lag_time(self, age: SimDuration) -> Verdict {
        let value = self.value(
            || self.outcome.groups[self.group.at()].lag_time,
            |series, index| series.lag_time.get(index).copied(),
        );
        let expected = format!("oldest unconsumed message at most {} old", duration(age));
        match value {
            Some(value) => Verdict::new(value <= age, expected, format!("{} old", duration_near(value, &[age]))),
            None => self.no_sample(expected),
        }
    }

    fn latency(self, percentile: u32, limit: SimDuration) -> Verdict {
        let percentiles = self.value(|| Some(&self.outcome.groups[self.group.at()].latency.end_to_end), |_, _| None);
        let percentiles = percentiles.flatten().or_else(|| {
            let (series, index) = self.sample()?;
            series.latency_at.iter().find(|(at, _)| *at == index).map(|(_, percentiles)| percentiles)
        });
        let name = words::percentile(percentile);
        let expected = format!("{name} latency at most {}", duration(limit));
        match percentiles {
            None => self.no_sample(expected),
            Some(percentiles) if percentiles.count == 0 => {
                Verdict::new(false, expected, "no message was consumed".to_owned())
            }
            Some(percentiles) => {
                let value = percentiles.at(percentile);
                let population = count(percentiles.count, "message");
                let got = format!("{name} {} over {population}", duration_near(value, &[limit]));
                Verdict::new(value <= limit, expected, got)
            }
        }
    }

    fn duplicates(self, bounds: Bounds) -> Verdict {
        let value = self.value(
            || self.outcome.groups[self.group.at()].duplicates.iter().map(|(_, count)| count).sum(),
            |series, index| series.duplicates.get(index).copied(),
        );
        self.counted("duplicate", bounds, value)
    }

    fn consumed(self, messages: u64) -> Verdict {
        let value = self.value(
            || self.outcome.groups[self.group.at()].consumed,
            |series, index| series.consumed.get(index).copied(),
        );
        self.counted("message consumed", (Some(messages), None), value)
    }
}

fn within<T: PartialOrd>((at_least, at_most): (Option<T>, Option<T>), value: T) -> bool {
    at_least.is_none_or(|least| value >= least) && at_most.is_none_or(|most| value <= most)
}
