//! `expect:` what a scenario promises.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::counts::{CounterCheck, LatenessCheck, NamedCount};
use super::outages::{ClusterCount, ConsumeOutageCheck, LeaderlessCheck, ReplicationLagCheck, SendOutageCheck};
use crate::scenario::units::{Duration, Percentile, QueueRefs};

/// An expectation: one check, at a time or at the end.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expect {
    /// When it is checked. Default: at the end of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Duration>,
    /// Words for the result. Default: made from the check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// These instances own exactly these queues of a topic; instances that are not named own none of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation: Option<AllocationCheck>,
    /// Each queue has exactly one owner. Write the group, or `{group, topic}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exactly_one_owner: Option<GroupTopic>,
    /// The numbers of queues of the most and the least loaded running member differ by at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balanced_within: Option<BalancedCheck>,
    /// At most this many messages of the group are unconsumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_at_most: Option<AtMostMessages>,
    /// At least this many messages of the group are unconsumed (a problem that the scenario shows).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_at_least: Option<AtLeastMessages>,
    /// The oldest unconsumed message of the group is at most this old.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_time_at_most: Option<LagTimeCheck>,
    /// A percentile of the end-to-end latency of all messages consumed so far is at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_at_most: Option<LatencyCheck>,
    /// Time without an owner, summed over the queues of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orphan_time: Option<SpanCheck>,
    /// The longest time that one queue of the group had no owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_orphan: Option<SpanCheck>,
    /// Messages delivered again, so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<CountCheck>,
    /// Changes of owner over all queues of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_queues: Option<MovedCheck>,
    /// At least this many different messages have been consumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumed_at_least: Option<AtLeastMessages>,
    /// After a moment the allocation reached its final state within this time, with one owner for every queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_within: Option<StableCheck>,
    /// Exactly this many running members own no queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_consumers: Option<IdleCheck>,
    /// What was counted so far, of a group or of the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<CounterCheck>,
    /// Messages in the dead-letter topic so far; short for `count` of `deadLetters`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<NamedCount>,
    /// Messages that a member wanted and nobody was given; short for `count` of `lost`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_messages: Option<NamedCount>,
    /// Deliveries of one key's messages out of order; short for `count` of `orderViolations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_violations: Option<NamedCount>,
    /// Deliveries from the retry topic so far; short for `count` of `retries`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<NamedCount>,
    /// A percentile of the time by which delayed messages were delivered after their due time is at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_lateness: Option<LatenessCheck>,
    /// Messages that a producer was told are stored and that are in no log that counts (the recovery point).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_lost: Option<ClusterCount>,
    /// Time during which no send of a topic succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_outage: Option<SendOutageCheck>,
    /// The longest time in which a queue with unconsumed messages delivered none to a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consume_outage: Option<ConsumeOutageCheck>,
    /// The longest time that a broker name was without a process that takes sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaderless_time: Option<LeaderlessCheck>,
    /// The most that a replica was behind its master, in bytes of the commit log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replication_lag: Option<ReplicationLagCheck>,
}

/// Who owns what.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AllocationCheck {
    /// The group.
    pub group: String,
    /// The topic. Default: the group's only topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Instance to its queues: `order_consumer/0: q0-q5`, or `broker-a:0-3` when several brokers carry the topic.
    pub owners: IndexMap<String, QueueRefs>,
}

/// A group, and one of its topics or all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupTopic {
    /// The group.
    pub group: String,
    /// The topic; all topics of the group when not given.
    pub topic: Option<String>,
}

/// The long form of [`GroupTopic`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LongGroupTopic {
    /// The group.
    group: String,
    /// The topic. Default: all topics of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
}

impl<'de> Deserialize<'de> for GroupTopic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = GroupTopic;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a group or {group: …, topic: …}")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<GroupTopic, E> {
                Ok(GroupTopic { group: text.to_owned(), topic: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<GroupTopic, A::Error> {
                let long = LongGroupTopic::deserialize(MapAccessDeserializer::new(access))?;
                Ok(GroupTopic { group: long.group, topic: long.topic })
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl Serialize for GroupTopic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.topic {
            None => serializer.serialize_str(&self.group),
            Some(_) => LongGroupTopic { group: self.group.clone(), topic: self.topic.clone() }.serialize(serializer),
        }
    }
}

impl JsonSchema for GroupTopic {
    fn schema_name() -> Cow<'static, str> {
        "GroupTopic".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let long = LongGroupTopic::json_schema(generator);
        json_schema!({"description": "A group, or a group and one of its topics.", "anyOf": [{"type": "string"}, long]})
    }
}

/// How even the queues are divided.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BalancedCheck {
    /// The group.
    pub group: String,
    /// The topic. Default: all topics of the group together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Greatest difference in queues.
    pub within: u32,
}

/// At most so many messages.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AtMostMessages {
    /// The group.
    pub group: String,
    /// Messages at most.
    pub messages: u64,
}

/// At least so many messages.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AtLeastMessages {
    /// The group.
    pub group: String,
    /// Messages at least.
    pub messages: u64,
}

/// An age.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LagTimeCheck {
    /// The group.
    pub group: String,
    /// Age at most.
    pub age: Duration,
}

/// A latency percentile.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LatencyCheck {
    /// The group.
    pub group: String,
    /// The percentile: `p99`.
    pub percentile: Percentile,
    /// Latency at most.
    pub limit: Duration,
}

/// A length of time within bounds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpanCheck {
    /// The group.
    pub group: String,
    /// Counted from this time. Default `0s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Duration>,
    /// At least this long. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Duration>,
    /// At most this long. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Duration>,
}

/// A count within bounds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CountCheck {
    /// The group.
    pub group: String,
    /// At least so many. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// At most so many. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
}

/// A count within bounds, since a time.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MovedCheck {
    /// The group.
    pub group: String,
    /// Counted from this time. Default `0s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Duration>,
    /// At least so many. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// At most so many. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
}

/// When the allocation came to rest.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StableCheck {
    /// The group.
    pub group: String,
    /// The moment, usually that of an action.
    pub after: Duration,
    /// Only changes before this time count (the next action). Default: when the expectation is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
    /// It took at least this long (a slow takeover that the scenario shows). Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Duration>,
    /// It took at most this long.
    pub at_most: Duration,
}

/// Members without a queue.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdleCheck {
    /// The group.
    pub group: String,
    /// Exactly so many.
    pub exactly: u32,
}
