//! What a plan promises.

use serde::Serialize;

use crate::kernel::time::{SimDuration, SimTime};
use crate::node::counters::Counter;
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, QueueIx, TopicIx};

/// What a scenario promises.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expectation {
    /// When it is checked; `None` = at the end of the run.
    pub at: Option<SimTime>,
    /// The promise.
    pub check: Check,
    /// Words of the scenario file.
    pub label: String,
}

/// A checkable statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Check {
    /// These instances own exactly these queues of the topic; instances that are not named own none.
    Allocation {
        /// Group.
        group: GroupIx,
        /// Topic.
        topic: TopicIx,
        /// Instance to its queues.
        owners: Vec<(InstanceIx, Vec<QueueIx>)>,
    },
    /// Each queue of the topic (all topics of the group when `None`) has exactly one owner.
    ExactlyOneOwner {
        /// Group.
        group: GroupIx,
        /// Topic.
        topic: Option<TopicIx>,
    },
    /// Queues of the most and of the least loaded running member differ by at most this.
    BalancedWithin {
        /// Group.
        group: GroupIx,
        /// Topic.
        topic: Option<TopicIx>,
        /// Greatest difference.
        within: u32,
    },
    /// Unconsumed messages of the group at most.
    LagAtMost {
        /// Group.
        group: GroupIx,
        /// Messages.
        messages: u64,
    },
    /// Unconsumed messages of the group at least (a problem the scenario shows).
    LagAtLeast {
        /// Group.
        group: GroupIx,
        /// Messages.
        messages: u64,
    },
    /// Age of the oldest unconsumed message at most.
    LagTimeAtMost {
        /// Group.
        group: GroupIx,
        /// Age.
        age: SimDuration,
    },
    /// End-to-end latency percentile (of messages consumed so far) at most.
    LatencyAtMost {
        /// Group.
        group: GroupIx,
        /// Percentile in hundredths of a percent: 9900 = p99.
        percentile: u32,
        /// Limit.
        limit: SimDuration,
    },
    /// Seconds without an owner, summed over the queues (since `from`), within bounds.
    OrphanTime {
        /// Group.
        group: GroupIx,
        /// Counted from here.
        from: SimTime,
        /// At least.
        at_least: Option<SimDuration>,
        /// At most.
        at_most: Option<SimDuration>,
    },
    /// The longest time one queue had no owner, within bounds, counted from `from`.
    LongestOrphan {
        /// Group.
        group: GroupIx,
        /// Counted from here.
        from: SimTime,
        /// At least.
        at_least: Option<SimDuration>,
        /// At most.
        at_most: Option<SimDuration>,
    },
    /// Duplicate deliveries within bounds.
    Duplicates {
        /// Group.
        group: GroupIx,
        /// At least.
        at_least: Option<u64>,
        /// At most.
        at_most: Option<u64>,
    },
    /// Changes of owner since `from`, over all queues.
    MovedQueues {
        /// Group.
        group: GroupIx,
        /// Counted from here.
        from: SimTime,
        /// At least.
        at_least: Option<u64>,
        /// At most.
        at_most: Option<u64>,
    },
    /// Distinct messages consumed at least.
    ConsumedAtLeast {
        /// Group.
        group: GroupIx,
        /// Messages.
        messages: u64,
    },
    /// After the moment `after`, the allocation last changed within this time, and every queue then has one owner unless
    /// `owned` is false.
    StableWithin {
        /// Group.
        group: GroupIx,
        /// The moment, usually that of an action.
        after: SimTime,
        /// Only changes before this count (the next action); `None` = end.
        until: Option<SimTime>,
        /// At least (a slow takeover the scenario shows).
        at_least: Option<SimDuration>,
        /// At most.
        at_most: SimDuration,
    },
    /// A count within bounds.
    Count {
        /// What is counted.
        counter: Counter,
        /// Of this group; `None`: of the whole cluster.
        group: Option<GroupIx>,
        /// At least.
        at_least: Option<u64>,
        /// At most.
        at_most: Option<u64>,
    },
    /// Messages that a producer was told are stored and that are in no log that counts (recovery point), within bounds.
    AcknowledgedLost {
        /// At least.
        at_least: Option<u64>,
        /// At most.
        at_most: Option<u64>,
    },
    /// Time during which no send of the topic succeeded (in seconds of the run with at least one failure or nothing sent).
    SendOutage {
        /// Topic.
        topic: TopicIx,
        /// At least.
        at_least: Option<SimDuration>,
        /// At most.
        at_most: Option<SimDuration>,
    },
    /// The longest time in which a queue of the topic with unconsumed messages delivered none to a group.
    ConsumeOutage {
        /// Group.
        group: GroupIx,
        /// Topic.
        topic: Option<TopicIx>,
        /// At least.
        at_least: Option<SimDuration>,
        /// At most.
        at_most: Option<SimDuration>,
    },
    /// How long a broker name was without a process that takes sends, at its longest.
    LeaderlessTime {
        /// `brokerName`.
        broker: BrokerIx,
        /// At least.
        at_least: Option<SimDuration>,
        /// At most.
        at_most: Option<SimDuration>,
    },
    /// The most bytes that a replica was behind its master, at sample times.
    ReplicationLag {
        /// `brokerName`.
        broker: BrokerIx,
        /// At least.
        at_least: Option<u64>,
        /// At most.
        at_most: Option<u64>,
    },
    /// How late delayed messages are delivered: a percentile of the time after their due time.
    DelayLateness {
        /// Percentile in hundredths of a percent: 9900 = p99.
        percentile: u32,
        /// Limit.
        at_most: SimDuration,
    },
    /// Members that own no queue.
    IdleConsumers {
        /// Group.
        group: GroupIx,
        /// Exactly this many.
        exactly: u32,
    },
}
