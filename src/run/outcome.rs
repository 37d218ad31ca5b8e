//! The frozen result of a run: all that reports and expectations see.

mod failures;
mod series;

use std::sync::Arc;

use crate::kernel::time::{SimDuration, SimTime};
pub use crate::node::broker::TransactionStates;
pub use crate::node::counters::{COUNTERS, Counter, Counters};
pub use crate::node::fact::{
    DuplicateCause, ExpiryCause, Fact, FactRecord, RebalanceTrigger, ResetAnswer, RouteOwner, StopKind, TransactionStep,
};
pub use crate::scenario::plan::Plan;
use crate::store::ids::{ClientIx, GroupIx, InstanceIx, QueueIx};
pub use failures::{
    Belief, BeliefAbout, ConsumeGap, FailureOutcome, FailureSeries, GAP, MasterInterval, RaftInterval, SendGap,
};
pub use series::{GroupSeries, Series};

/// What a run produced.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The plan it ran.
    pub plan: Arc<Plan>,
    /// Version of the program.
    pub version: &'static str,
    /// Digest of the event stream.
    pub digest: u64,
    /// When the run ended.
    pub end: SimTime,
    /// Facts in order of time.
    pub facts: Vec<FactRecord>,
    /// Ownership of every queue by every group that is meant to consume it.
    pub ownership: Vec<QueueOwnership>,
    /// Queue locks of orderly groups, in the order of their beginning.
    pub locks: Vec<LockInterval>,
    /// Per consumer instance.
    pub instances: Vec<InstanceOutcome>,
    /// Per group, in plan order.
    pub groups: Vec<GroupOutcome>,
    /// Per producer instance, in plan order.
    pub producers: Vec<ProducerOutcome>,
    /// Time series.
    pub series: Series,
    /// Where every message is.
    pub conservation: Conservation,
    /// The loss ledger, by group, queue and member.
    pub losses: Vec<Loss>,
    /// The states of all transactions.
    pub transactions: TransactionStates,
    /// What failures did.
    pub failures: FailureOutcome,
    /// What was counted.
    pub counters: Counters,
    /// How late the schedule service delivered.
    pub delay_lateness: Percentiles,
    /// The same by delay level, of the levels that were used.
    pub delay_by_level: Vec<(u8, Percentiles)>,
    /// Work of the engine.
    pub engine: EngineStats,
    /// Evaluated expectations, in plan order.
    pub expectations: Vec<ExpectationOutcome>,
}

/// Who owned one queue for one group, over time.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueOwnership {
    /// The group.
    pub group: GroupIx,
    /// The queue.
    pub queue: QueueIx,
    /// From when the queue exists (0 for queues of the start).
    pub exists_from: SimTime,
    /// Until when it is readable (end of the run unless the topic shrinks).
    pub exists_until: SimTime,
    /// Intervals in order of their beginning; they overlap where two members owned the queue.
    pub intervals: Vec<OwnInterval>,
    /// Time without any owner, counted from the group's first start (or the queue's creation if later).
    pub orphan: SimDuration,
    /// The longest single stretch of it.
    pub longest_orphan: SimDuration,
    /// Time with two owners or more.
    pub double_owner: SimDuration,
    /// Times an owner other than the last one took the queue (the first owner does not count).
    pub moves: u32,
}

/// One member's ownership of a queue: its process queue existed and its process ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnInterval {
    /// Who.
    pub instance: InstanceIx,
    /// Under which client id.
    pub client: ClientIx,
    /// From.
    pub from: SimTime,
    /// To (end of the run if still owned).
    pub to: SimTime,
    /// The process was frozen during part of it: it owned the queue in its own view, but did nothing.
    pub frozen: Option<(SimTime, SimTime)>,
}

/// One member's lock of a queue, as its broker keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockInterval {
    /// The group under whose name the lock was asked for: the first member's of a broadcasting group.
    pub group: GroupIx,
    /// The queue.
    pub queue: QueueIx,
    /// Who.
    pub instance: InstanceIx,
    /// Under which client id.
    pub client: ClientIx,
    /// From.
    pub from: SimTime,
    /// Until when it kept others out (end of the run if it still does).
    pub to: SimTime,
    /// How it ended.
    pub end: LockEnd,
}

/// How a queue lock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockEnd {
    /// It is held at the end of the run.
    Held,
    /// Its holder gave it back.
    Unlocked,
    /// Its holder did not renew it for a minute.
    Expired,
}

/// One consumer instance.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceOutcome {
    /// Messages whose listener call returned in time (duplicates included).
    pub consumed: u64,
    /// Of them, delivered before to some member.
    pub duplicates: u64,
    /// Time the process ran (not frozen).
    pub alive: SimDuration,
    /// Thread-time in the listener divided by (pool size × alive).
    pub utilisation: f64,
    /// Rebalances that changed something, and all.
    pub rebalances_changed: u32,
    /// All rebalances (one per topic and run).
    pub rebalances: u32,
    /// Notices received.
    pub notices: u32,
    /// Greatest number of cached messages (all queues), at sample times and pulls.
    pub cached_max: u64,
    /// Pulls answered with messages.
    pub pulls_found: u64,
    /// Pulls answered without (long polls that ran out, offsets moved).
    pub pulls_empty: u64,
    /// Times a pull was put off by flow control.
    pub flow_controlled: u64,
    /// Stretches during which its view of the route differed from the truth.
    pub route_stale: ViewStale,
    /// Its view of the members.
    pub members_stale: ViewStale,
    /// Its queues, against those that the strategy gives it on the true route and members.
    pub queues_stale: ViewStale,
}

/// How long a view differed from the truth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ViewStale {
    /// Sum.
    pub total: SimDuration,
    /// Longest stretch.
    pub longest: SimDuration,
    /// The stretches, in order.
    pub stretches: Vec<(SimTime, SimTime)>,
}

/// One group.
#[derive(Clone, Debug)]
pub struct GroupOutcome {
    /// Distinct messages whose listener call returned.
    pub consumed: u64,
    /// Listener deliveries (with duplicates).
    pub delivered: u64,
    /// Listener deliveries by `reconsumeTimes`: the first is that of first attempts.
    pub attempts: Vec<u64>,
    /// Duplicate deliveries by cause.
    pub duplicates: Vec<(DuplicateCause, u64)>,
    /// Latencies of consumed messages (each delivery that returned counts).
    pub latency: LatencyParts,
    /// Unconsumed messages at the end (max offset less distinct consumed).
    pub lag: u64,
    /// Greatest lag at sample times.
    pub lag_max: u64,
    /// Age of the oldest unconsumed message at the end.
    pub lag_time: SimDuration,
    /// Greatest at sample times.
    pub lag_time_max: SimDuration,
    /// Sums over the group's queues.
    pub orphan: SimDuration,
    /// The longest stretch of one queue.
    pub longest_orphan: SimDuration,
    /// Sum.
    pub double_owner: SimDuration,
    /// Sum.
    pub moves: u64,
    /// Consumed per member: max/mean and Jain's index over members that ran.
    pub imbalance: Imbalance,
    /// Mean of queue waiting in messages times etc.: Little's law check, L against λW, both as time-averages.
    pub little: Little,
}

/// Balance of work between members.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Imbalance {
    /// Greatest over mean; 1 is even.
    pub max_over_mean: f64,
    /// Jain's index; 1 is even, 1/n worst.
    pub jain: f64,
}

/// Little's law over the whole run: messages in the system (stored, not yet consumed) against rate times time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Little {
    /// Time-average of messages in the system.
    pub mean_in_system: f64,
    /// Arrivals per second times mean time in the system (unfinished messages counted to the end).
    pub rate_times_time: f64,
}

/// Latency of messages, exact per message, split at the points a message passes.
#[derive(Clone, Debug)]
pub struct LatencyParts {
    /// `send()` call to the end of the listener.
    pub end_to_end: Percentiles,
    /// `send()` call to the append at the broker.
    pub send: Percentiles,
    /// Append to the arrival of the pull's answer at the client.
    pub stored_to_pulled: Percentiles,
    /// Arrival to the start of the listener.
    pub wait_in_client: Percentiles,
    /// The listener.
    pub processing: Percentiles,
}

/// Percentiles with their population. Zero everywhere when the population is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Percentiles {
    /// How many values.
    pub count: u64,
    /// Least.
    pub min: SimDuration,
    /// Arithmetic mean.
    pub mean: SimDuration,
    /// Median.
    pub p50: SimDuration,
    /// 95 %.
    pub p95: SimDuration,
    /// 99 %.
    pub p99: SimDuration,
    /// 99.9 %.
    pub p999: SimDuration,
    /// Greatest.
    pub max: SimDuration,
    /// The distribution as (upper bound of the bucket, cumulative count), for charts and any other percentile.
    pub cumulative: Vec<(SimDuration, u64)>,
}

impl Percentiles {
    /// The value below or at which `hundredths` of a percent (9900 = 99 %) of the population lie; zero when empty.
    #[must_use]
    pub fn at(&self, hundredths: u32) -> SimDuration {
        let rank = (u128::from(self.count) * u128::from(hundredths)).div_ceil(10_000).max(1);
        self.cumulative
            .iter()
            .find(|(_, cumulative)| u128::from(*cumulative) >= rank)
            .map_or(SimDuration::ZERO, |(value, _)| (*value).min(self.max))
    }
}

/// One producer instance.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerOutcome {
    /// `send()` calls.
    pub offered: u64,
    /// Acknowledged.
    pub accepted: u64,
    /// Failed for good.
    pub failed: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// `send()` call to its answer.
    pub latency: Percentiles,
}

/// Where every message is at the end, per (group, topic); the sum is checked.
#[derive(Clone, Debug, Default)]
pub struct Conservation {
    /// `send()` calls.
    pub offered: u64,
    /// On the way to a broker.
    pub sending: u64,
    /// Acknowledged, in a plan in which servers can fail.
    pub accepted: u64,
    /// Failed for good. Not stored, unless servers can fail.
    pub failed: u64,
    /// Sent one-way, in a plan in which servers can fail.
    pub unknown: u64,
    /// Ever stored in the logs that count (without preloaded ones and copies).
    pub stored: u64,
    /// Of all records, those cut off from a log that counts.
    pub cut_off: u64,
    /// Records that brokers have stored beside the one a message was sent as.
    pub copies: u64,
    /// Of all records, those that wait in the schedule topic.
    pub scheduled_waiting: u64,
    /// Records of the schedule topic that were delivered.
    pub scheduled_delivered: u64,
    /// Preloaded.
    pub preloaded: u64,
    /// Per group: the places of the messages stored in its topics.
    pub groups: Vec<GroupConservation>,
    /// How many times the sums were checked.
    pub checks: u64,
    /// The first violation, in words.
    pub violation: Option<String>,
}

/// The places of the messages of a group's topics. `stored = skipped + filtered + lost + passed_over + unread + in_flight +
/// cached + processing + consumed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupConservation {
    /// Stored in the group's topics (preloaded ones included).
    pub stored: u64,
    /// Before the offset from which the group started: never to be read by it.
    pub skipped: u64,
    /// Passed over by the group's filter; nobody of the group wants them.
    pub filtered: u64,
    /// Passed over by a filter although a member wants them.
    pub lost: u64,
    /// Nobody was given them: after a failure an offset pointed past them.
    pub passed_over: u64,
    /// Not yet given to any client, or to be read again.
    pub unread: u64,
    /// In an answer on its way to a client.
    pub in_flight: u64,
    /// In a process queue, waiting for a thread.
    pub cached: u64,
    /// In the listener.
    pub processing: u64,
    /// The listener returned at least once.
    pub consumed: u64,
}

/// Messages that somebody of a group wanted and nobody was given: one member's pulls of one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Group.
    pub group: GroupIx,
    /// Queue.
    pub queue: QueueIx,
    /// Whose pulls went past them.
    pub instance: InstanceIx,
    /// The member dropped them by its own subscription; else the broker did by the one that another member had set.
    pub by_client: bool,
    /// How many.
    pub messages: u64,
    /// The first one's offset and the time it was passed.
    pub first: (u64, SimTime),
    /// The last one's.
    pub last: (u64, SimTime),
}

/// What the engine did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// Events taken from the queue.
    pub events: u64,
    /// Greatest number of pending events.
    pub pending_max: u64,
    /// Greatest number of messages held in the stores (not yet released).
    pub retained_messages_max: u64,
    /// Greatest size of the stores' message tables in bytes.
    pub retained_bytes_max: u64,
}

/// An evaluated expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectationOutcome {
    /// Words of the scenario file.
    pub label: String,
    /// When it was checked.
    pub at: SimTime,
    /// Whether it held.
    pub passed: bool,
    /// In words.
    pub expected: String,
    /// In words.
    pub got: String,
}
