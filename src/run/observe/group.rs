//! What a group's deliveries amount to: counts, latencies, Little's sums.

use crate::kernel::histogram::Histogram;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::DuplicateCause;
use crate::node::outbox::{Delivery, Fate};
use crate::run::outcome::{LatencyParts, Percentiles};

/// Histograms of the parts of a message's latency.
#[derive(Clone, Debug, Default)]
pub struct LatencyTrack {
    end_to_end: Histogram,
    send: Histogram,
    stored_to_pulled: Histogram,
    wait_in_client: Histogram,
    processing: Histogram,
}

impl LatencyTrack {
    #[inline]
    fn record(&mut self, delivery: &Delivery) {
        self.end_to_end.record(delivery.end.since(delivery.born).as_nanos());
        self.send.record(delivery.stored.since(delivery.born).as_nanos());
        self.stored_to_pulled.record(delivery.pulled.since(delivery.stored).as_nanos());
        self.wait_in_client.record(delivery.start.since(delivery.pulled).as_nanos());
        self.processing.record(delivery.end.since(delivery.start).as_nanos());
    }

    /// The percentiles of all parts.
    #[must_use]
    pub fn finish(&self) -> LatencyParts {
        LatencyParts {
            end_to_end: percentiles(&self.end_to_end),
            send: percentiles(&self.send),
            stored_to_pulled: percentiles(&self.stored_to_pulled),
            wait_in_client: percentiles(&self.wait_in_client),
            processing: percentiles(&self.processing),
        }
    }
}

/// The percentiles of a histogram of nanoseconds.
#[must_use]
pub fn percentiles(histogram: &Histogram) -> Percentiles {
    if histogram.count() == 0 {
        return Percentiles::default();
    }
    let at = |hundredths| SimDuration::from_nanos(histogram.quantile(hundredths));
    Percentiles {
        count: histogram.count(),
        min: SimDuration::from_nanos(histogram.min()),
        mean: SimDuration::from_nanos((histogram.sum() / u128::from(histogram.count())) as u64),
        p50: at(5000),
        p95: at(9500),
        p99: at(9900),
        p999: at(9990),
        max: SimDuration::from_nanos(histogram.max()),
        cumulative: histogram
            .cumulative()
            .into_iter()
            .map(|(upper, count)| (SimDuration::from_nanos(upper), count))
            .collect(),
    }
}

/// A group's counts.
#[derive(Clone, Debug, Default)]
pub struct GroupTrack {
    /// Listener deliveries.
    pub delivered: u64,
    /// Listener calls that returned.
    pub returned: u64,
    /// Distinct messages consumed.
    pub consumed: u64,
    /// Distinct messages the group is done with.
    pub departed: u64,
    /// Duplicates by cause, indexed by the cause.
    pub duplicates: [u64; CAUSES.len()],
    /// Whole run.
    pub latency: LatencyTrack,
    /// End-to-end, current window.
    pub window: Histogram,
    /// Deliveries by `reconsumeTimes`, without those of first attempts: whole run, current window.
    attempts: [Vec<u64>; 2],
    /// Σ (end − stored) of distinct messages the group is done with, ns: Little's law, per message.
    pub time_in_system: u128,
    /// Σ end of distinct messages the group is done with, ns: Little's law, by counts.
    pub sum_of_ends: u128,
}

/// The causes in the order of [`GroupTrack::duplicates`].
pub const CAUSES: [DuplicateCause; 6] = [
    DuplicateCause::DoubleOwner,
    DuplicateCause::InFlightAtRevoke,
    DuplicateCause::NotPersistedAtDeath,
    DuplicateCause::OffsetWentBack,
    DuplicateCause::OffsetReset,
    DuplicateCause::StartedOver,
];

impl GroupTrack {
    /// A listener call is over; `first` and `cause` are the ledger's verdict.
    #[inline]
    pub fn on_delivery(&mut self, delivery: &Delivery, first: bool, cause: Option<DuplicateCause>) {
        self.delivered += u64::from(delivery.fate != Fate::SentBack);
        if let Some(cause) = cause {
            self.duplicates[cause as usize] += 1;
        }
        if !matches!(delivery.fate, Fate::CutOff | Fate::SentBack | Fate::Failed) {
            self.returned += 1;
            self.latency.record(delivery);
            self.window.record(delivery.end.since(delivery.born).as_nanos());
        }
        if first {
            self.consumed += u64::from(matches!(delivery.fate, Fate::Acknowledged | Fate::Ignored));
            self.departed += 1;
            self.time_in_system += u128::from(delivery.end.since(delivery.stored).as_nanos());
            self.sum_of_ends += u128::from(delivery.end.as_nanos());
        }
    }

    /// A delivery of a message that was consumed `times` times before.
    pub fn on_retry(&mut self, times: u16) {
        for counts in &mut self.attempts {
            if counts.len() <= usize::from(times) {
                counts.resize(usize::from(times) + 1, 0);
            }
            counts[usize::from(times)] += 1;
        }
    }

    /// The retries of the window, which begins anew.
    pub fn take_retries(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.attempts[1])
    }

    /// Deliveries by `reconsumeTimes`.
    #[must_use]
    pub fn attempts(&self) -> Vec<u64> {
        let mut counts = self.attempts[0].clone();
        let retries: u64 = counts.iter().sum();
        counts.resize(counts.len().max(1), 0);
        counts[0] = self.delivered - retries;
        counts
    }

    /// All duplicates.
    #[must_use]
    pub fn duplicates_total(&self) -> u64 {
        self.duplicates.iter().sum()
    }

    /// p50, p95, p99 and the greatest end-to-end latency of the window, which begins anew; `None` without messages.
    pub fn take_window(&mut self) -> Option<[SimDuration; 4]> {
        let window = &mut self.window;
        if window.count() == 0 {
            return None;
        }
        let at = |hundredths| SimDuration::from_nanos(window.quantile(hundredths));
        let taken = [at(5000), at(9500), at(9900), SimDuration::from_nanos(window.max())];
        window.clear();
        Some(taken)
    }

    /// Percentiles so far.
    #[must_use]
    pub fn end_to_end(&self) -> Percentiles {
        percentiles(&self.latency.end_to_end)
    }
}

/// Mean of a population in a time-average: `sum` of nanoseconds over `span`.
#[must_use]
pub fn time_average(sum: u128, span: SimTime) -> f64 {
    if span == SimTime::ZERO { 0.0 } else { sum as f64 / span.as_nanos() as f64 }
}
