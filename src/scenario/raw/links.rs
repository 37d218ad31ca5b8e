//! Actions on links.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::units::{Bandwidth, Dist, Duration, Names};

/// A cut between two sets of nodes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Partition {
    /// The two sets of nodes: `[[broker-a], nameservers]`. A set is a name or a list of names of nodes, brokers, groups,
    /// producers, zones, or `nameservers`, `brokers`, `consumers`, `producers`, `others`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub between: Vec<Names>,
    /// Only what leaves these nodes, instead of `between`; with `to`. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Names>,
    /// Only what goes to these nodes. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Names>,
    /// Only from the first set of `between` to the second. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_way: Option<bool>,
    /// Name for `heal`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// It heals after this time. Default: at a `heal`, or never.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
}

/// A bad link between two sets of nodes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlowLink {
    /// The two sets of nodes: `[[broker-a], nameservers]`. A set is a name or a list of names of nodes, brokers, groups,
    /// producers, zones, or `nameservers`, `brokers`, `consumers`, `producers`, `others`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub between: Vec<Names>,
    /// Only what leaves these nodes, instead of `between`; with `to`. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Names>,
    /// Only what goes to these nodes. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Names>,
    /// Only from the first set of `between` to the second. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_way: Option<bool>,
    /// Messages take longer by this, each way. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Dist<Duration>>,
    /// Share of packets that get lost and are sent again, between 0 and 1. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// No more than this gets through per second. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
    /// Name for `heal`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// It heals after this time. Default: at a `heal`, or never.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
}

/// Connections that are reset.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetConnections {
    /// The two sets of nodes: `[[broker-a], nameservers]`. A set is a name or a list of names of nodes, brokers, groups,
    /// producers, zones, or `nameservers`, `brokers`, `consumers`, `producers`, `others`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub between: Vec<Names>,
    /// Only what leaves these nodes, instead of `between`; with `to`. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Names>,
    /// Only what goes to these nodes. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Names>,
}
