//! Expectations on what failures cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::units::{Bytes, Duration};

/// A count of the whole cluster within bounds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterCount {
    /// At least so many. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// At most so many. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
    /// Exactly so many, instead of the bounds. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<u64>,
}

/// How long nothing could be sent.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendOutageCheck {
    /// The topic.
    pub topic: String,
    /// At least this long. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Duration>,
    /// At most this long. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Duration>,
}

/// How long a queue stood still.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsumeOutageCheck {
    /// The group.
    pub group: String,
    /// The topic. Default: all topics of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// At least this long. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Duration>,
    /// At most this long. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Duration>,
}

/// How long a broker had no leader.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeaderlessCheck {
    /// The `brokerName`.
    pub broker: String,
    /// At least this long. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Duration>,
    /// At most this long. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Duration>,
}

/// How far replicas fell behind.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplicationLagCheck {
    /// The `brokerName`.
    pub broker: String,
    /// At least so many bytes. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Bytes>,
    /// At most so many bytes. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Bytes>,
}
