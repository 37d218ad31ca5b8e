//! What an outage cost in messages, from its blow to the next one.

use super::Outage;
use super::find::between;
use super::servers::within;
use crate::kernel::time::{SimDuration, SimTime};
use crate::run::outcome::{Fact, Outcome};

/// The cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toll {
    /// Acknowledged messages that were cut off from a log that counts: the recovery point.
    pub acknowledged_lost: u64,
    /// Messages cut off in all.
    pub cut: u64,
    /// Calls that ended in an exception.
    pub sends_failed: u64,
    /// Deliveries of messages that had been delivered before.
    pub duplicates: u64,
    /// The longest time in which no send of a topic succeeded.
    pub send_gap: SimDuration,
    /// The longest time in which a queue with unconsumed messages stood still.
    pub consume_gap: SimDuration,
    /// The longest wrong belief that began in it.
    pub belief: SimDuration,
}

/// Between the blow and its end. What was there a moment before belongs to it: gaps begin at the last success.
pub(super) fn of(outcome: &Outcome, outage: &Outage) -> Toll {
    let length = |from: SimTime, to: SimTime| to.since(from.max(outage.at));
    let failures = &outcome.failures;
    let mut toll = Toll {
        send_gap: failures
            .send_gaps
            .iter()
            .filter(|gap| gap.name.is_none() && within(outage, gap.from, gap.to))
            .map(|gap| length(gap.from, gap.to))
            .max()
            .unwrap_or_default(),
        consume_gap: failures
            .consume_gaps
            .iter()
            .filter(|gap| within(outage, gap.from, gap.to))
            .map(|gap| length(gap.from, gap.to))
            .max()
            .unwrap_or_default(),
        belief: failures
            .beliefs
            .iter()
            .filter(|belief| belief.from >= outage.at && belief.from < outage.until)
            .map(|belief| belief.to.since(belief.from))
            .max()
            .unwrap_or_default(),
        duplicates: duplicates(outcome, outage.at, outage.until),
        ..Toll::default()
    };
    for record in between(outcome, outage.at, outage.until).iter().filter(|record| record.at < outage.until) {
        match record.fact {
            Fact::LogCut { messages, acknowledged, .. } => {
                toll.cut += messages;
                toll.acknowledged_lost += acknowledged;
            }
            Fact::SendFailed { .. } => toll.sends_failed += 1,
            _ => {}
        }
    }
    toll
}

/// From the last sample before to the first one after.
fn duplicates(outcome: &Outcome, from: SimTime, to: SimTime) -> u64 {
    let times = &outcome.series.times;
    let before = times.partition_point(|at| *at <= from).checked_sub(1);
    let Some(after) = times.len().checked_sub(1).map(|last| times.partition_point(|at| *at < to).min(last)) else {
        return 0;
    };
    let counted = |series: &crate::run::outcome::GroupSeries| {
        let at = |sample: usize| series.duplicates.get(sample).copied().unwrap_or(0);
        at(after).saturating_sub(before.map_or(0, at))
    };
    outcome.series.groups.iter().map(counted).sum()
}
