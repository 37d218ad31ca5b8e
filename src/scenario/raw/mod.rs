//! The structs of the file format. Their doc comments are what the JSON Schema and `docs/scenarios.md` show to the people
//! who write scenarios, so they speak of YAML keys, not of Rust.

mod broker_settings;
mod chaos;
mod cluster;
mod counts;
mod expect;
mod groups;
mod links;
mod listener;
mod load;
mod loads;
mod messages;
mod moves;
mod outages;
mod processes;
mod replicas;
mod settings;
mod subscriptions;
mod timeline;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use broker_settings::{BrokerFields, MaybeTimes};
pub use chaos::{Autoscaler, Chaos, ChaosRates};
pub use cluster::{Broker, BrokerHandling, Cluster, Handling, Nameserver, Network};
pub use counts::{CounterCheck, CounterName, LatenessCheck, NamedCount};
pub use expect::{
    AllocationCheck, AtLeastMessages, AtMostMessages, BalancedCheck, CountCheck, Expect, GroupTopic, IdleCheck,
    LagTimeCheck, LatencyCheck, MovedCheck, SpanCheck, StableCheck,
};
pub use groups::{Group, Instance, Mode, Model, Phases, RestartIdentity, StartOf, Stored, Strategy};
pub use links::{Partition, ResetConnections, SlowLink};
pub use listener::Rule;
pub use load::{ArrivalKind, Keys, Preload, Producer, ProfilePoint, Selector, SendKind, Topic};
pub use loads::{BrokerLoad, DiskUsed, PageCacheBusy, SetClock, SlowFlush, WritePerm};
pub use messages::{Outcomes, Property, Transaction};
pub use moves::{ResetOffset, ResetTo};
pub use outages::{ClusterCount, ConsumeOutageCheck, LeaderlessCheck, ReplicationLagCheck, SendOutageCheck};
pub use processes::{DiskFate, LoseHost, Restart, RestartNodes, Starters, StopKinds, Targets};
pub use replicas::{BrokerRole, Dledger, FlushDiskType, Replica};
pub use settings::{BrokerSettings, ConsumerSettings, Where};
pub use subscriptions::{RawExpression, Subscriptions};
pub use timeline::{Scale, SetQueues, SetRate, SetServiceTime, Timed};

use super::units::{Duration, Names};

/// A scenario: one experiment, with everything that affects its result.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "rocketmq-sim scenario")]
pub struct Root {
    /// Stable name; names the report folder. Default: the file's name without its extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// One line for people. Default: the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the scenario teaches; Markdown paragraphs. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where the behaviour comes from: `Class#method`, documents, pages. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Master seed of all random draws. Default `1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The run ends at this time. Time 0 is when the nameservers and brokers start. Default `3m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Duration>,
    /// Stop the run earlier (`--until`): actions from this time on, and expectations that are checked later, are left
    /// out. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
    /// Distance of the samples of the time series. Default `1s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_interval: Option<Duration>,
    /// Servers and links can fail: clients then watch over every call, as real ones do. Default: when something in the file
    /// can fail, beside consumers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallible: Option<bool>,
    /// Nameservers, brokers and the network between them and the clients.
    #[serde(default)]
    pub cluster: Cluster,
    /// Topics by name.
    #[serde(default)]
    pub topics: IndexMap<String, Topic>,
    /// Producers by name. Each is one or more instances (`order_producer/0`, `order_producer/1`, …).
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub producers: IndexMap<String, Producer>,
    /// Consumer groups by name. Each has one or more instances (`order_consumer/0`, `order_consumer/1`, …).
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub groups: IndexMap<String, Group>,
    /// Sets of nodes, for links and host losses: `{az-1: [broker-a, nameserver-a]}`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub zones: IndexMap<String, Names>,
    /// What starts and stops members of groups by their lag, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub autoscalers: IndexMap<String, Autoscaler>,
    /// What happens during the run, each entry at its time; entries of the same time in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Timed>,
    /// Random failures beside those of the timeline. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chaos: Option<Chaos>,
    /// What the scenario promises; `rocketmq-sim test` checks it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expect>,
}
