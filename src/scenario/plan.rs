//! The frozen plan of a run: every default filled in, every name interned, every instance that will ever exist listed.
//! The run sees only this, never YAML.

mod action;
mod check;
mod load;
mod nodes;

use serde::Serialize;

use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{BrokerConfig, ConsumerConfig, NameserverConfig};
pub use crate::node::counters::Counter;
use crate::protocol::address::Address;
use crate::store::ids::{BrokerIx, ClientIx, ExpressionIx, GroupIx, InstanceIx, NameserverIx, QueueIx, TopicIx};

pub use crate::node::producer::TransactionPlan;
pub use action::{Action, NodeAction, TimedAction};
pub use check::{Check, Expectation};
pub use load::{ArrivalProcess, Arrivals, KeySpace, ProducerPlan, PropertyPlan, RatePoint};
pub use nodes::DLedgerPlan;

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
    /// Broker processes beyond the first of each name: slaves, and the members of Raft groups after `n0`. Their process
    /// numbers follow those of [`Plan::brokers`].
    pub replicas: Vec<ReplicaPlan>,
    /// Servers or links of the plan can fail, or a broker name has several processes. Decides how closely clients watch over
    /// their calls: a plan in which only consumers fail runs as if nothing else could.
    pub fallible: bool,
    /// Links that a timeline can break or slow down.
    pub link_rules: Vec<LinkRule>,
    /// What starts and stops consumers by their lag.
    pub autoscalers: Vec<AutoscalerPlan>,
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
    /// KV namespace `ORDER_TOPIC_CONFIG`: queues per broker name of order topics.
    pub order_topics: Vec<(TopicIx, Vec<(BrokerIx, u32)>)>,
}

/// A broker name and its first process: the master, or `n0` of a Raft group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BrokerPlan {
    /// `brokerName`.
    pub name: String,
    /// Settings.
    pub config: BrokerConfig,
    /// When the process starts; its timers count from here.
    pub start_at: SimTime,
    /// The nameservers it registers with.
    pub nameservers: Vec<NameserverIx>,
    /// Settings of the Raft group, if this name is one.
    pub dledger: Option<DLedgerPlan>,
}

/// A further process of a broker name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplicaPlan {
    /// For people: `broker-a/1` for a slave (its broker id), `broker-a/n1` for the member of a Raft group.
    pub label: String,
    /// `brokerName`.
    pub broker: BrokerIx,
    /// `brokerId` of a slave; the number of a Raft group's member.
    pub id: u32,
    /// Settings.
    pub config: BrokerConfig,
    /// When the process starts.
    pub start_at: SimTime,
    /// The nameservers it registers with.
    pub nameservers: Vec<NameserverIx>,
}

/// Which messages an effect on links meets: from one set of nodes to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkRule {
    /// From these nodes.
    pub from: Vec<Address>,
    /// To these.
    pub to: Vec<Address>,
    /// And the other way round.
    pub both_ways: bool,
    /// What happens to them.
    pub effect: LinkEffect,
}

/// What happens to messages on a link.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LinkEffect {
    /// Nothing gets through.
    Partition,
    /// They take longer by this.
    Latency(Distribution),
    /// This share of packets is lost and sent again (TCP).
    Loss(f64),
    /// No more than so many bytes per second.
    Bandwidth(u64),
}

/// What starts and stops members of a group by its lag.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AutoscalerPlan {
    /// For people.
    pub name: String,
    /// Group.
    pub group: GroupIx,
    /// The members it may run, in order; the first [`AutoscalerPlan::min`] always run.
    pub instances: Vec<(InstanceIx, ClientIx)>,
    /// At least so many members.
    pub min: u32,
    /// At most so many.
    pub max: u32,
    /// Unconsumed messages per member that it aims at.
    pub target_lag: u64,
    /// How often it looks.
    pub interval: SimDuration,
    /// After a change it waits this long before it adds members.
    pub scale_up_cool_down: SimDuration,
    /// After a change it waits this long before it takes members away.
    pub scale_down_cool_down: SimDuration,
    /// Members are stopped by `shutdown()`, else killed.
    pub graceful: bool,
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
    /// No broker has it at the start: a first send creates it after the template (`autoCreateTopicEnable`). The queues are
    /// those that it can get at most.
    pub auto_create: bool,
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
    /// The nameservers it knows.
    pub nameservers: Vec<NameserverIx>,
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
