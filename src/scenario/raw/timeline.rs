//! `timeline:` actions at their times.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::links::{Partition, ResetConnections, SlowLink};
use super::loads::{BrokerLoad, DiskUsed, PageCacheBusy, SetClock, SlowFlush, WritePerm};
use super::moves::ResetOffset;
use super::processes::{LoseHost, Restart, RestartNodes, Starters, Targets};
use crate::scenario::units::{Dist, Duration, Names, NamesOr, Rate};

/// An entry of the timeline: a time and one action.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timed {
    /// When, before the end of the run.
    pub at: Duration,
    /// Words for the narration. Default: made from the action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// A group gets this many running members: it starts the lowest stopped ones or gracefully stops the highest ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
    /// Processes that do not run start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<NamesOr<Starters>>,
    /// Processes stop in good order: consumers commit, unregister and leave (`shutdown()`), brokers unregister.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<NamesOr<Targets>>,
    /// Processes die (`kill -9`): their connections close, nothing is committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill: Option<NamesOr<Targets>>,
    /// Processes are paused (a silent death, a long pause of a virtual machine): their connections stay open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze: Option<NamesOr<Targets>>,
    /// Paused processes go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thaw: Option<Names>,
    /// Processes end and start again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<NamesOr<RestartNodes>>,
    /// Hosts vanish without a word: nobody's connections are closed, nothing answers, what was not on disk is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lose_host: Option<NamesOr<LoseHost>>,
    /// The members of a group, or other processes, are restarted one after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolling_restart: Option<Restart>,
    /// Nothing gets through between two sets of nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// Messages between two sets of nodes are slow or get lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_link: Option<SlowLink>,
    /// Partitions and slow links end: those of these names, or `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heal: Option<Names>,
    /// All connections between two sets of nodes are reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_connections: Option<ResetConnections>,
    /// Flushes of brokers take another time from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_flush: Option<SlowFlush>,
    /// The page cache of brokers is busy: an append holds the lock of the commit log for this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_cache_busy: Option<PageCacheBusy>,
    /// Sends take brokers another time from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_load: Option<BrokerLoad>,
    /// Others use so much of the disks of brokers from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_used: Option<DiskUsed>,
    /// The wall clocks of brokers are off from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<SetClock>,
    /// Nameservers take the right to write from brokers, so that producers leave them (RocketMQ: `wipeWritePerm`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wipe_write_perm: Option<NamesOr<WritePerm>>,
    /// Nameservers give it back (RocketMQ: `addWritePerm`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_write_perm: Option<NamesOr<WritePerm>>,
    /// A topic gets another number of queues (`updateTopic`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_queues: Option<SetQueues>,
    /// A producer sends at another rate from now on, instead of its `rate` or `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_rate: Option<SetRate>,
    /// The listener of a group takes another time from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_service_time: Option<SetServiceTime>,
    /// The offsets of a group on a topic are set by time, through its running members (RocketMQ: `resetOffsetByTime`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_offset: Option<ResetOffset>,
}

/// How a group is scaled.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scale {
    /// The group.
    pub group: String,
    /// Members that run afterwards.
    pub instances: u32,
    /// Time between two starts or stops. Default `0s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
}

/// A new number of queues.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetQueues {
    /// The topic.
    pub topic: String,
    /// Queues on each of the brokers from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queues: Option<u32>,
    /// Readable queues, when they differ. Default: `queues`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_queue_nums: Option<u32>,
    /// Writable queues, when they differ. Default: `queues`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_queue_nums: Option<u32>,
    /// The brokers it is changed on; a broker that does not carry the topic yet will. Default: those that carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brokers: Option<Names>,
}

/// A new rate.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetRate {
    /// The producer, or one of its instances (`order_producer/0`).
    pub producer: String,
    /// Messages per second, all of them together; `0/s` pauses it.
    pub rate: Rate,
}

/// A new service time.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetServiceTime {
    /// The group.
    pub group: String,
    /// Time per message.
    pub service_time: Dist<Duration>,
}
