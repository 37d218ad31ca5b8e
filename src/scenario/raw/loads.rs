//! Actions on disks, loads, clocks and permissions of brokers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::units::{Bytes, ClockOffset, Dist, Duration, Names, ShortForm};

/// Slow disks.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlowFlush {
    /// The brokers, one or several: `broker-a`, `broker-a/1`, `brokers`.
    #[serde(alias = "brokers")]
    pub broker: Names,
    /// Time that one flush takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Dist<Duration>>,
    /// For this long. Default: until another entry says otherwise.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
    /// It is over: as configured again. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<bool>,
}

/// A busy page cache.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PageCacheBusy {
    /// The brokers, one or several: `broker-a`, `broker-a/1`, `brokers`.
    #[serde(alias = "brokers")]
    pub broker: Names,
    /// How long.
    #[serde(rename = "for")]
    pub lasts: Duration,
}

/// Sends that take long.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrokerLoad {
    /// The brokers, one or several: `broker-a`, `broker-a/1`, `brokers`.
    #[serde(alias = "brokers")]
    pub broker: Names,
    /// Time that one send takes in the thread pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<Dist<Duration>>,
    /// For this long. Default: until another entry says otherwise.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
    /// It is over: as configured again. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<bool>,
}

/// Disks that others fill.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiskUsed {
    /// The brokers, one or several: `broker-a`, `broker-a/1`, `brokers`.
    #[serde(alias = "brokers")]
    pub broker: Names,
    /// Bytes that others use.
    pub size: Bytes,
    /// For this long, then as configured. Default: until another entry says otherwise.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
}

/// Clocks that are off.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetClock {
    /// The brokers, one or several: `broker-a`, `broker-a/1`, `brokers`.
    #[serde(alias = "brokers")]
    pub broker: Names,
    /// Ahead by this (`5s`) or behind (`-250ms`); `0` is right again.
    pub offset: ClockOffset,
    /// For this long, then right again. Default: until another entry says otherwise.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
}

/// Permissions of brokers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WritePerm {
    /// The `brokerName`, one or several.
    #[serde(alias = "brokers")]
    pub broker: Names,
    /// Only at these nameservers. Default: at all.
    #[serde(alias = "nameserver", skip_serializing_if = "Option::is_none")]
    pub nameservers: Option<Names>,
    /// The opposite follows after this time. Default: never.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
}

impl ShortForm for WritePerm {
    const EXPECTING: &'static str = "a broker name like broker-a, a list of them, or {broker: …, nameservers: …}";

    fn of(broker: Names) -> Self {
        Self { broker, ..Self::default() }
    }

    fn short(&self) -> Option<&Names> {
        (self.nameservers.is_none() && self.lasts.is_none()).then_some(&self.broker)
    }
}
