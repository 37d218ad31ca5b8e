//! `timeline:` actions at their times.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::moves::{ResetOffset, Starters};
use crate::scenario::units::{Dist, Duration, Names, Rate};

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
    /// Consumers that do not run start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Starters>,
    /// Consumers stop gracefully (`shutdown()`): they commit, unregister and leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Targets>,
    /// Consumer processes die (`kill -9`): their connections close, nothing is committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill: Option<Targets>,
    /// Consumer processes are paused (a silent death, a long pause of a virtual machine): their connections stay open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze: Option<Targets>,
    /// Paused consumer processes go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thaw: Option<Names>,
    /// The members of a group are restarted one after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolling_restart: Option<Restart>,
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

/// Consumers by name: `order_consumer/2`, a list of them, or `order_consumer/*` for all that run; with a mapping for how
/// long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// Names.
    pub instances: Names,
    /// After this time they start again (stop, kill) or go on (freeze).
    pub lasts: Option<Duration>,
    /// They start again on other hosts.
    pub fresh_host: Option<bool>,
}

/// The long form of [`Targets`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LongTargets {
    /// One instance or several.
    #[serde(alias = "instances")]
    instance: Names,
    /// After this time they start again (stop, kill) or go on (freeze). Default: never.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    lasts: Option<Duration>,
    /// They start again on other hosts: with new addresses, and without the offset files of a broadcasting group. Default:
    /// on the hosts they ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    fresh_host: Option<bool>,
}

impl<'de> Deserialize<'de> for Targets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Targets;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an instance like order_consumer/0, a list of them, or {instance: …, for: 30s}")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Targets, E> {
                Ok(Targets { instances: Names(vec![text.to_owned()]), lasts: None, fresh_host: None })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Targets, A::Error> {
                let names = Vec::deserialize(SeqAccessDeserializer::new(access))?;
                Ok(Targets { instances: Names(names), lasts: None, fresh_host: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Targets, A::Error> {
                let long = LongTargets::deserialize(MapAccessDeserializer::new(access))?;
                Ok(Targets { instances: long.instance, lasts: long.lasts, fresh_host: long.fresh_host })
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl Serialize for Targets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.lasts.is_none() && self.fresh_host.is_none() {
            return self.instances.serialize(serializer);
        }
        let Self { instances: instance, lasts, fresh_host } = self.clone();
        LongTargets { instance, lasts, fresh_host }.serialize(serializer)
    }
}

impl JsonSchema for Targets {
    fn schema_name() -> Cow<'static, str> {
        "Targets".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names = generator.subschema_for::<Names>();
        let long = LongTargets::json_schema(generator);
        json_schema!({
            "description": "Instances by name (order_consumer/2), a list of them, order_consumer/* for all that run, or \
                a mapping {instance: …, for: 30s}.",
            "anyOf": [names, long]
        })
    }
}

/// A rolling restart.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Restart {
    /// The group.
    pub group: String,
    /// Time from the stop of one member to the stop of the next.
    pub every: Duration,
    /// Time from a member's stop to its start. Default `5s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downtime: Option<Duration>,
    /// How members end. Default `stop`.
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
    /// The producer.
    pub producer: String,
    /// Messages per second, all instances together; `0/s` pauses it.
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
