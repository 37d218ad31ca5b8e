//! `cluster:` nameservers, brokers, network.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::broker_settings::with_broker_settings;
use super::replicas::{Dledger, Replica};
use crate::scenario::units::{CountOrMap, Dist, Duration, Millis, Names};

with_broker_settings! {
    /// Nameservers, brokers and the network. Broker settings written here hold for all brokers.
    pub struct Cluster {
        /// How many nameservers (`nameserver-a`, `nameserver-b`, …), or each by name with its settings. Default `1`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nameservers: Option<CountOrMap<Nameserver>>,
        /// How many brokers (`broker-a`, `broker-b`, …), or each by its `brokerName` with its settings. Default `1`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub brokers: Option<CountOrMap<Broker>>,
        /// Slaves of every broker that says nothing else: how many, or each by its `brokerId`. Default: none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub slaves: Option<CountOrMap<Replica>>,
        /// Every broker that says nothing else is a Raft group; `{}` for one of three members. Default: none is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dledger: Option<Dledger>,
        /// One-way latencies.
        #[serde(default)]
        pub network: Network,
        /// Time the machines need to handle a request (assumptions about the machines, not about RocketMQ).
        #[serde(default)]
        pub handling: Handling,
    }
}

/// A nameserver.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Nameserver {
    /// When its process starts. Default `0s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Duration>,
    /// A broker that has been silent for longer is forgotten. RocketMQ: constant `BROKER_CHANNEL_EXPIRED_TIME`.
    /// Default `2m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_channel_expired_time: Option<Millis>,
    /// How often it looks for silent brokers (first after 5 s). RocketMQ: `scanNotActiveBrokerInterval`. Default `10s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan_not_active_broker_interval: Option<Millis>,
    /// Time from a request's arrival to its effect and reply. Default: `cluster.handling.nameserver`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handling: Option<Dist<Duration>>,
    /// Order topics: queues of each broker by topic (`{order_topic: {broker-a: 4}}`). RocketMQ: namespace
    /// `ORDER_TOPIC_CONFIG`. Default: none.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub order_topics: IndexMap<String, IndexMap<String, u32>>,
}

with_broker_settings! {
    /// A broker: its first process, and what its slaves or the members of its Raft group begin with. Every setting of `cluster` may be given another value here.
    pub struct Broker {
        /// When its process starts; its timers count from here. Default `0s`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub start: Option<Duration>,
        /// Handling times of this broker instead of those of `cluster.handling`.
        #[serde(default, skip_serializing_if = "BrokerHandling::is_empty")]
        pub handling: BrokerHandling,
        /// The nameservers it registers with. Default: all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nameservers: Option<Names>,
        /// How many slaves it has (`broker-a/1`, `broker-a/2`, …), or each by its `brokerId` with its settings. Default:
        /// `cluster.slaves`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub slaves: Option<CountOrMap<Replica>>,
        /// It is a Raft group (`broker-a/n0`, `broker-a/n1`, …); `{}` for one of three members. RocketMQ:
        /// `enableDLegerCommitLog`. Default: `cluster.dledger`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dledger: Option<Dledger>,
    }
}

/// Time a broker needs to handle a request.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrokerHandling {
    /// From the arrival of a send request to its append. Default: `cluster.handling.send`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<Dist<Duration>>,
    /// From the arrival of a pull request to its reply or hold. Default: `cluster.handling.pull`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<Dist<Duration>>,
    /// From the arrival of any other request to its effect. Default: `cluster.handling.admin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<Dist<Duration>>,
    /// Delivery of one delayed message by the schedule service. Default: `cluster.handling.deliver`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliver: Option<Dist<Duration>>,
}

impl BrokerHandling {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Time the machines need to handle a request.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Handling {
    /// A nameserver, any request. Default `100us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nameserver: Option<Dist<Duration>>,
    /// A broker, from the arrival of a send request to its append. Default `100us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<Dist<Duration>>,
    /// A broker, from the arrival of a pull request to its reply or hold. Default `100us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<Dist<Duration>>,
    /// A broker, from the arrival of any other request to its effect. Default `100us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<Dist<Duration>>,
    /// A broker, the delivery of one delayed message by its schedule service. Default `50us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliver: Option<Dist<Duration>>,
    /// A client, from the arrival of a message to its effect. Default `50us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Dist<Duration>>,
}

/// One-way latencies by link class. Opening a connection takes one round trip.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    /// Between clients and brokers. Default `500us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_to_broker: Option<Dist<Duration>>,
    /// Between clients and nameservers. Default `500us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_to_nameserver: Option<Dist<Duration>>,
    /// Between brokers and nameservers. Default `500us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_to_nameserver: Option<Dist<Duration>>,
}
