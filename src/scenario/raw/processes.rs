//! Actions on processes and their hosts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::units::{Duration, Names, ShortForm};

/// Processes by name, and for how long.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Targets {
    /// One node or several: `order_consumer/0`, `broker-a`, `broker-a/1`, or many at once: `order_consumer/*`, `brokers`, a
    /// zone. Also written `of` or `node`.
    #[serde(alias = "instances", alias = "of", alias = "node", alias = "nodes")]
    pub instance: Names,
    /// After this time they start again (stop, kill) or go on (freeze). Default: never.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
    /// Consumers start again on other hosts: with new addresses, and without the offset files of a broadcasting group.
    /// Default: on the hosts they ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fresh_host: Option<bool>,
    /// Brokers start again with an empty disk. Default: with what was on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_disk: Option<bool>,
}

impl ShortForm for Targets {
    const EXPECTING: &'static str = "an instance like order_consumer/0, a list of them, or {instance: …, for: 30s}";

    fn of(instance: Names) -> Self {
        Self { instance, ..Self::default() }
    }

    fn short(&self) -> Option<&Names> {
        let plain = self.lasts.is_none() && self.fresh_host.is_none() && self.empty_disk.is_none();
        plain.then_some(&self.instance)
    }
}

/// Processes that start.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Starters {
    /// One node or several. Also written `of` or `node`.
    #[serde(alias = "instances", alias = "of", alias = "node", alias = "nodes")]
    pub instance: Names,
    /// A consumer: on another host, with a new address, and without the offset file of a broadcasting group. Default: on the
    /// host it ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fresh_host: Option<bool>,
    /// A broker: with an empty disk. Default: with what was on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_disk: Option<bool>,
    /// A consumer: under this client id. Default: one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

impl ShortForm for Starters {
    const EXPECTING: &'static str =
        "an instance like order_consumer/0, a list of them, or {instance: …, freshHost: true}";

    fn of(instance: Names) -> Self {
        Self { instance, ..Self::default() }
    }

    fn short(&self) -> Option<&Names> {
        let plain = self.fresh_host.is_none() && self.empty_disk.is_none() && self.client_id.is_none();
        plain.then_some(&self.instance)
    }
}

/// Processes that end and start again.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestartNodes {
    /// One node or several. Also written `of` or `node`.
    #[serde(alias = "instances", alias = "of", alias = "node", alias = "nodes")]
    pub instance: Names,
    /// Time from the end to the start. Default `5s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
    /// How they end. Default `stop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<StopKinds>,
    /// Consumers start again on other hosts. Default: on the hosts they ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fresh_host: Option<bool>,
    /// Brokers start again with an empty disk. Default: with what was on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_disk: Option<bool>,
}

impl ShortForm for RestartNodes {
    const EXPECTING: &'static str = "a node like broker-a, a list of them, or {instance: …, after: 10s}";

    fn of(instance: Names) -> Self {
        Self { instance, ..Self::default() }
    }

    fn short(&self) -> Option<&Names> {
        None
    }
}

/// Hosts that vanish.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoseHost {
    /// The nodes on them: `broker-a`, a list, a zone. Also written `instance` or `node`.
    #[serde(alias = "instance", alias = "instances", alias = "node", alias = "nodes")]
    pub of: Names,
    /// What becomes of their disks. Default `kept`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskFate>,
    /// After this time they are back, and their processes start. Default: never.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
}

impl ShortForm for LoseHost {
    const EXPECTING: &'static str = "a node like broker-a, a zone, a list of them, or {of: …, for: 30s}";

    fn of(of: Names) -> Self {
        Self { of, ..Self::default() }
    }

    fn short(&self) -> Option<&Names> {
        None
    }
}

/// What becomes of the disk of a lost host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DiskFate {
    /// What was flushed is still there when it is back.
    Kept,
    /// It comes back with an empty one.
    Lost,
}

/// A rolling restart.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Restart {
    /// The group whose running members are restarted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Other processes instead of a group: `brokers`, `[broker-a, broker-b]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<Names>,
    /// Time from the beginning of one step to the beginning of the next. Default: `downtime` (with `surge`: `overlap`) and
    /// `pause`, one of them must be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// Time from the end of one step to the beginning of the next, instead of `every`. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Duration>,
    /// Time from a process's stop to its start. Default `5s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downtime: Option<Duration>,
    /// How many are restarted in one step. Default `1`, with `surge` none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<u32>,
    /// New members (with new client ids) that start before as many old ones stop, in each step; the group then has so many
    /// more members for `overlap`. Default `0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surge: Option<u32>,
    /// With `surge`: time from the start of new members to the stop of old ones. Default `5s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Duration>,
    /// How processes end: in good order or not. Default `stop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<StopKinds>,
    /// They start again on other hosts: with new addresses, and without the offset files of a broadcasting group. Default
    /// `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fresh_host: Option<bool>,
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StopKinds {
    /// Gracefully.
    Stop,
    /// `kill -9`.
    Kill,
}
