//! `cluster:` nameservers, brokers, network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::with_broker_settings;
use crate::scenario::units::{CountOrMap, Dist, Duration, Millis};

with_broker_settings! {
    /// Nameservers, brokers and the network. Broker settings written here hold for all brokers.
    pub struct Cluster {
        /// How many nameservers (`nameserver-a`, `nameserver-b`, …), or each by name with its settings. Default `1`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nameservers: Option<CountOrMap<Nameserver>>,
        /// How many brokers (`broker-a`, `broker-b`, …), or each by its `brokerName` with its settings; each is one
        /// master. Default `1`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub brokers: Option<CountOrMap<Broker>>,
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
}

with_broker_settings! {
    /// A broker. Every setting of `cluster` may be given another value here.
    pub struct Broker {
        /// When its process starts; its timers count from here. Default `0s`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub start: Option<Duration>,
        /// Handling times of this broker instead of those of `cluster.handling`.
        #[serde(default, skip_serializing_if = "BrokerHandling::is_empty")]
        pub handling: BrokerHandling,
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
    fn is_empty(&self) -> bool {
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
