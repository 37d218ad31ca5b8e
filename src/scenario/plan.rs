//! The frozen plan of a run: every default filled in, every name interned, every instance that will ever exist listed.
//! The run sees only this, never YAML.

use serde::Serialize;

use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{BrokerConfig, ConsumerConfig, NameserverConfig, ProducerConfig};
pub use crate::node::counters::Counter;
use crate::store::ids::{
    BrokerIx, ClientIx, ExpressionIx, GroupIx, InstanceIx, ProducerGroupIx, ProducerIx, QueueIx, TopicIx,
};

/// Everything that affects the result of one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Stable name: the file's stem, or `name:` of the scenario. Names the report folder.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What the scenario teaches; Markdown paragraphs.
    pub description: String,
    /// Where the behaviour comes from: `Class#method`, sections, pages.
    pub sources: Vec<String>,
    /// Master seed of all random streams.
    pub seed: u64,
    /// The run ends at this time after its start.
    pub duration: SimDuration,
    /// Distance of the samples of the time series.
    pub sample_interval: SimDuration,
    /// Names of client ids, in the order of their ids.
    pub client_ids: Vec<String>,
    /// Every queue that exists at any time, in `MessageQueue#compareTo` order.
    pub queues: Vec<QueueKey>,
    /// Subscription expressions; the first is `*`.
    pub expressions: Vec<ExpressionPlan>,
    /// Producer groups: the producers of the file, in its order.
    pub producer_groups: Vec<String>,
    /// Links between nodes.
    pub network: NetworkPlan,
    /// Nameservers, at least one.
    pub nameservers: Vec<NameserverPlan>,
    /// Brokers by ascending name, at least one.
    pub brokers: Vec<BrokerPlan>,
    /// Topics by ascending name.
    pub topics: Vec<TopicPlan>,
    /// Producer instances in the order of the file.
    pub producers: Vec<ProducerPlan>,
    /// Groups in the order of the file.
    pub groups: Vec<GroupPlan>,
    /// Consumer instances, group by group, every one that ever runs.
    pub instances: Vec<InstancePlan>,
    /// Actions by ascending time; equal times in the order of the file.
    pub timeline: Vec<TimedAction>,
    /// Expectations in the order of the file.
    pub expect: Vec<Expectation>,
}

/// A message queue's name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueKey {
    /// Topic.
    pub topic: TopicIx,
    /// Broker name.
    pub broker: BrokerIx,
    /// `queueId`, from 0.
    pub queue_id: u32,
}

/// One-way latencies by link class, and how long a connection takes to open is one round trip of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkPlan {
    /// Client to broker and back.
    pub client_broker: Distribution,
    /// Client to nameserver and back.
    pub client_nameserver: Distribution,
    /// Broker to nameserver and back.
    pub broker_nameserver: Distribution,
}

/// A nameserver.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NameserverPlan {
    /// Stable name.
    pub name: String,
    /// Settings.
    pub config: NameserverConfig,
    /// When the process starts.
    pub start_at: SimTime,
}

/// A broker (one master per broker name).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BrokerPlan {
    /// `brokerName`.
    pub name: String,
    /// Settings.
    pub config: BrokerConfig,
    /// When the process starts; its timers count from here.
    pub start_at: SimTime,
}

/// A subscription's expression (`SubscriptionData`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExpressionPlan {
    /// `TAG`.
    Tag(String),
    /// `SQL92`.
    Sql92(String),
}

/// What a topic is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TopicRole {
    /// A topic of the scenario.
    Normal,
    /// `%RETRY%group`: created by the first heartbeat of the group, `retryQueueNums` queues.
    Retry(GroupIx),
    /// `%DLQ%group`: created by the first message that ends there, 1 queue.
    DeadLetter(GroupIx),
    /// `SCHEDULE_TOPIC_XXXX`: one queue per delay level, read by the broker itself.
    Schedule,
    /// `RMQ_SYS_TRANS_HALF_TOPIC`: 1 queue, read by the broker itself.
    Half,
    /// `RMQ_SYS_TRANS_OP_HALF_TOPIC`: 1 queue, read by the broker itself.
    Op,
    /// `TRANS_CHECK_MAX_TIME_TOPIC`: 1 queue.
    Discarded,
}

/// A topic and its queues at the start of the run. Topics that the system makes by itself are there when something in the
/// scenario can use them; their queues are those they get when they are created.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopicPlan {
    /// Name.
    pub name: String,
    /// What it is for.
    pub role: TopicRole,
    /// Per broker that carries it: queue counts at the start.
    pub brokers: Vec<TopicOnBroker>,
    /// Messages stored before the run starts, spread evenly over the queues (a backlog), and their age and body size.
    pub preload: Option<Preload>,
}

/// A topic's queues on one broker (`TopicConfig`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TopicOnBroker {
    /// The broker.
    pub broker: BrokerIx,
    /// `readQueueNums`.
    pub read_queue_nums: u32,
    /// `writeQueueNums`.
    pub write_queue_nums: u32,
}

/// Messages already in a topic when the run starts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preload {
    /// Messages per queue.
    pub per_queue: u64,
    /// Body size.
    pub body_size: Distribution,
}

/// A producer instance and its load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProducerPlan {
    /// `order_producer/0`.
    pub name: String,
    /// The producer of the scenario file it belongs to (`order_producer`).
    pub producer: String,
    /// Client id.
    pub client_id: ClientIx,
    /// Topic it sends to.
    pub topic: TopicIx,
    /// Settings.
    pub config: ProducerConfig,
    /// Arrivals: times between `send()` calls.
    pub arrivals: Arrivals,
    /// Body size, bytes.
    pub body_size: Distribution,
    /// Length of the topic-independent properties in bytes (keys, unique id, cluster), as stored.
    pub properties_bytes: u32,
    /// Its producer group.
    pub group: ProducerGroupIx,
    /// Keys of the messages; `None`: no key.
    pub keys: Option<KeySpace>,
    /// Tags with their weights, `None` is a message without one; empty: no tags.
    pub tags: Vec<(Option<String>, f64)>,
    /// User properties, each drawn by itself.
    pub properties: Vec<PropertyPlan>,
    /// Delay levels with their weights, 0 is none; empty: no delays.
    pub delay_levels: Vec<(u8, f64)>,
    /// Messages are sent in transactions.
    pub transaction: Option<TransactionPlan>,
    /// First `send()` not before this time (its process starts then).
    pub start_at: SimTime,
    /// No `send()` from this time on.
    pub stop_at: Option<SimTime>,
    /// No more than this many messages.
    pub limit: Option<u64>,
}

/// The arrival process of a producer instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Arrivals {
    /// Spacing law.
    pub process: ArrivalProcess,
    /// Rate over time: piecewise linear, by ascending time, the first at 0. Messages per second of this instance.
    pub profile: Vec<RatePoint>,
}

/// Spacing of arrivals at a given rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ArrivalProcess {
    /// Evenly spaced.
    Constant,
    /// Exponential gaps (a non-homogeneous Poisson process when the rate changes).
    Poisson,
    /// One message at a uniformly random moment of each slot of 1/rate.
    RandomInSlot,
}

/// A point of a rate profile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RatePoint {
    /// From this time on.
    pub at: SimTime,
    /// Messages per second at that time.
    pub rate: f64,
    /// Whether the rate moves in a straight line from here to the next point (a ramp), else it stays (a step).
    pub ramp: bool,
}

/// A user property of messages.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PropertyPlan {
    /// Name.
    pub name: String,
    /// Values with their weights; `None` is a message without the property.
    pub values: Vec<(Option<String>, f64)>,
}

/// What a transactional producer does (`TransactionMQProducer`, `TransactionListener`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransactionPlan {
    /// Time of `executeLocalTransaction`.
    pub local_time: Distribution,
    /// Weights of its outcomes: commit, rollback, unknown.
    pub outcome: [f64; 3],
    /// Share of `END_TRANSACTION` requests that get lost.
    pub lost_end: f64,
    /// Time of `checkLocalTransaction`.
    pub check_time: Distribution,
    /// Weights of the answers to a check of a transaction whose local outcome is unknown: commit, rollback, unknown. One
    /// that is decided is answered as decided.
    pub check_outcome: [f64; 3],
}

/// How keys are drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeySpace {
    /// Number of distinct keys, at least 1; key `k` is written `key-<k>`.
    pub count: u32,
    /// Zipf exponent; 0 = uniform.
    pub zipf: f64,
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupPlan {
    /// Group name.
    pub name: String,
    /// Topics the group is meant to consume (members may differ by mistake).
    pub topics: Vec<TopicIx>,
    /// Allocation strategy.
    pub strategy: StrategyPlan,
    /// Settings of a member.
    pub config: ConsumerConfig,
    /// The broadcasting group of the file this is one member of: every member counts for itself, with offsets of its own.
    pub broadcasting: Option<String>,
    /// `retryMaxTimes` of the subscription group. 16.
    pub retry_max_times: u32,
    /// `retryQueueNums` of the subscription group. 1.
    pub retry_queue_nums: u32,
    /// `%RETRY%group`, if it can be used.
    pub retry_topic: Option<TopicIx>,
    /// `%DLQ%group`, if it can be used.
    pub dead_letter_topic: Option<TopicIx>,
    /// Committed offsets at the start of the run: `None` = never consumed before.
    pub stored_offset: Option<StoredOffset>,
}

impl GroupPlan {
    /// The name of the group in the file: its own, or that of the broadcasting group whose member it is.
    #[must_use]
    pub fn of_file(&self) -> &str {
        self.broadcasting.as_deref().unwrap_or(&self.name)
    }
}

/// Where the group's offsets stand in the brokers' tables when the run starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StoredOffset {
    /// At the beginning of every queue: the preloaded backlog is unread.
    Beginning,
    /// At the end of every queue.
    End,
}

/// A strategy by RocketMQ's name with its settings (`AllocateMessageQueueStrategy#getName`).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StrategyPlan {
    /// `AVG`.
    Averagely,
    /// `AVG_BY_CIRCLE`.
    AveragelyByCircle,
    /// `CONFIG`: every member gets these queues.
    ByConfig {
        /// The queues.
        queues: Vec<QueueIx>,
    },
    /// `MACHINE_ROOM`.
    ByMachineRoom {
        /// Room names that take part.
        rooms: Vec<String>,
    },
    /// `CONSISTENT_HASH`.
    ConsistentHash {
        /// Virtual nodes per client id; 10 in RocketMQ.
        virtual_nodes: u32,
    },
    /// `MACHINE_ROOM_NEARBY-…`.
    MachineRoomNearby {
        /// Strategy within a room.
        inner: Box<StrategyPlan>,
        /// Room of each broker name.
        broker_rooms: Vec<(String, String)>,
        /// Room of each client id.
        client_rooms: Vec<(String, String)>,
    },
}

/// A consumer instance that runs at some time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InstancePlan {
    /// `order_consumer/0`.
    pub name: String,
    /// Its group.
    pub group: GroupIx,
    /// Topics this member subscribes to, ascending; the retry topic among them if it takes part.
    pub topics: Vec<TopicIx>,
    /// The expression of each of them.
    pub expressions: Vec<ExpressionIx>,
    /// Settings of this member.
    pub config: ConsumerConfig,
    /// First start, if it runs from the beginning; the client id of that start.
    pub start: Option<(SimTime, ClientIx)>,
    /// Phases at `start` instead of those that follow from a full start-up: the member joined long ago and its timers
    /// last fired at these times before the run's zero. For replaying measured runs.
    pub phases: Option<Phases>,
}

/// When a member's timers last fired before time zero of a replayed run; all at or before `SimTime` zero, so stored as ages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Phases {
    /// Age of the last heartbeat.
    pub heartbeat: SimDuration,
    /// Age of the last rebalance.
    pub rebalance: SimDuration,
    /// Age of the last route poll.
    pub route_poll: SimDuration,
    /// Age of the last offset persist.
    pub offset_persist: SimDuration,
}

/// An action of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimedAction {
    /// When.
    pub at: SimTime,
    /// What.
    pub action: Action,
    /// Words of the scenario file for the narration (`scale order_consumer to 4`).
    pub label: String,
}

/// What happens to the cluster. Compound actions of the file (`scale`, `rollingRestart`) are already taken apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// A consumer process calls `start()` under this client id.
    StartConsumer {
        /// Who.
        instance: InstanceIx,
        /// Under which id.
        client_id: ClientIx,
        /// On a host without the offset file of a broadcasting member.
        fresh_host: bool,
    },
    /// A consumer process calls `shutdown()` and ends.
    StopConsumer {
        /// Who.
        instance: InstanceIx,
    },
    /// `kill -9`: the process ends, the kernel closes its connections.
    KillConsumer {
        /// Who.
        instance: InstanceIx,
    },
    /// `SIGSTOP`, a long pause or a stalled host: connections stay open, nothing answers.
    FreezeConsumer {
        /// Who.
        instance: InstanceIx,
    },
    /// The frozen process goes on.
    ThawConsumer {
        /// Who.
        instance: InstanceIx,
    },
    /// `updateTopic`: the queue counts of a topic on a broker change and are registered at once.
    SetTopicQueues {
        /// Topic.
        topic: TopicIx,
        /// New counts.
        queues: TopicOnBroker,
    },
    /// From now on this rate instead of the profile.
    SetProducerRate {
        /// Instance.
        producer: ProducerIx,
        /// Messages per second of this instance; 0 pauses it.
        rate: f64,
    },
    /// From now on listener calls of all members take this time (calls that have begun keep theirs).
    SetServiceTime {
        /// Group.
        group: GroupIx,
        /// Time per message.
        service_time: Distribution,
    },
    /// The offsets of a group on a topic are set by time through its running members (`resetOffsetByTime`).
    ResetOffset {
        /// Group.
        group: GroupIx,
        /// Topic.
        topic: TopicIx,
        /// To the messages stored at or after this time; `None`: to the end.
        to: Option<SimTime>,
        /// Also forwards (`force`).
        force: bool,
    },
}

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
