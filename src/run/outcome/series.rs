//! What was sampled over time.

use super::{Counters, Percentiles, TransactionStates};
use crate::kernel::time::{SimDuration, SimTime};
use crate::store::ids::TopicIx;

/// Time series: one value per sample time (plus the times of expectations).
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Sample times; window `i` is (times[i-1], times[i]].
    pub times: Vec<SimTime>,
    /// Messages stored per second in the window, per topic.
    pub stored_per_s: Vec<(TopicIx, Vec<f64>)>,
    /// Per group.
    pub groups: Vec<GroupSeries>,
    /// Per (group, queue) of `Outcome::ownership`, same order: unconsumed messages.
    pub queue_lag: Vec<Vec<u64>>,
    /// Per instance: busy threads over pool size in the window; `None` while not running.
    pub utilisation: Vec<Vec<Option<f64>>>,
    /// Per instance: queues owned at the sample.
    pub owned: Vec<Vec<u32>>,
    /// The counts at the times of expectations: (sample index, counts so far).
    pub counters_at: Vec<(usize, Counters)>,
    /// The states of all transactions at the sample; empty when nobody sends in transactions.
    pub transactions: Vec<TransactionStates>,
    /// Checks sent to producers so far; empty when nobody sends in transactions.
    pub transaction_checks: Vec<u64>,
    /// Clients whose view of route, members or queues differs from the truth, at the sample.
    pub stale_views: Vec<u32>,
    /// Samples about failures; empty for a plan that is not fallible.
    pub failures: super::FailureSeries,
}

/// One group's series.
#[derive(Clone, Debug, Default)]
pub struct GroupSeries {
    /// Unconsumed messages.
    pub lag: Vec<u64>,
    /// Age of the oldest unconsumed message.
    pub lag_time: Vec<SimDuration>,
    /// Listener calls returned per second in the window.
    pub consumed_per_s: Vec<f64>,
    /// Duplicate deliveries so far.
    pub duplicates: Vec<u64>,
    /// End-to-end latency of messages finished in the window: p50, p95, p99, max; `None` when there were none.
    pub latency: Vec<Option<[SimDuration; 4]>>,
    /// Distinct messages consumed so far.
    pub consumed: Vec<u64>,
    /// Percentile snapshots at the times of latency expectations: (sample index, percentiles so far).
    pub latency_at: Vec<(usize, Percentiles)>,
    /// Deliveries of retried messages in the window by `reconsumeTimes`, which is the index (so the first is 0); empty when
    /// there were none.
    pub retries: Vec<Vec<u64>>,
    /// Messages in failed listener calls in the window.
    pub failures: Vec<u64>,
    /// Messages stored among the group's dead letters in the window.
    pub dead_letters: Vec<u64>,
}
