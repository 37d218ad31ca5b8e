//! `chaos:` and `autoscalers:`, what acts by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::units::{Dist, Duration, Names, Rate};

/// Random failures, drawn from the seed before the run; a part of the timeline like what is written there. Nodes that the
/// timeline itself starts or ends are left alone.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Chaos {
    /// From this time on. Default `10s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Duration>,
    /// The quiet end: by this time every node is back and every link is healed.
    pub until: Duration,
    /// How often things happen, by kind.
    #[serde(default)]
    pub rates: ChaosRates,
    /// How long each of them lasts. Default `{exponential: 20s}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage: Option<Dist<Duration>>,
    /// The nodes that it can happen to. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Names>,
    /// Most nodes that are down or frozen at the same time. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
}

/// How often each kind of failure happens, in the whole cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChaosRates {
    /// Broker processes are killed. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_broker: Option<Rate>,
    /// Broker processes are stopped in good order. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_broker: Option<Rate>,
    /// Broker processes are frozen. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_broker: Option<Rate>,
    /// Hosts of brokers are lost, their disks are kept. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_loss: Option<Rate>,
    /// Hosts of brokers are lost with their disks. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_loss: Option<Rate>,
    /// Nameservers are killed. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_nameserver: Option<Rate>,
    /// Nameservers are frozen. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_nameserver: Option<Rate>,
    /// Consumers are killed. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_consumer: Option<Rate>,
    /// Consumers are stopped in good order. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_consumer: Option<Rate>,
    /// Consumers are frozen. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_consumer: Option<Rate>,
    /// Producers are killed. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_producer: Option<Rate>,
    /// Producers are frozen. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_producer: Option<Rate>,
    /// A random set of nodes is cut off from the others, one way in a quarter of the cases. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<Rate>,
    /// A random set of nodes has bad links to the others: latency, loss, or little bandwidth. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_link: Option<Rate>,
    /// Connections between a random set of nodes and the others are reset. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_connections: Option<Rate>,
    /// Flushes of a broker take 10 to 1000 times as long. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_flush: Option<Rate>,
    /// The page cache of a broker is busy. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_cache_busy: Option<Rate>,
    /// Sends take a broker 10 to 1000 times as long. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_load: Option<Rate>,
}

/// What starts and stops members of a group by its lag.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Autoscaler {
    /// The group.
    pub group: String,
    /// Unconsumed messages per member that it aims at.
    pub target_lag: u64,
    /// At least so many members. Default `1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// At most so many members.
    pub max: u32,
    /// How often it looks. Default `15s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
    /// After a change it waits this long before it adds members. Default `0s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_up_cool_down: Option<Duration>,
    /// After a change it waits this long before it takes members away. Default `5m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_cool_down: Option<Duration>,
    /// Whether members are stopped in good order; else they are killed. Default `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graceful: Option<bool>,
}
