//! `groups:` consumer groups and their members.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::settings::with_consumer_settings;
use super::subscriptions::Subscriptions;
use crate::kernel::time::SimDuration;
use crate::scenario::units::{CountOrList, Duration, Names, QueueRefs};

with_consumer_settings! {
    /// A consumer group. Consumer settings written here hold for all members.
    pub struct Group {
        /// The topics it consumes: one, a list, or a mapping of topics to expressions (`{order_topic: A || B}`,
        /// `{order_topic: {sql: price > 5}}`). `%RETRY%group` and `%DLQ%group` name the topics of another group.
        pub topics: Subscriptions,
        /// Whether one member gets a message or every member does. The members of a broadcasting group count each for
        /// itself, as groups named `group/0`, `group/1`, …. RocketMQ: `messageModel`. Default `CLUSTERING`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub message_model: Option<Model>,
        /// The kind of the listener: messages of a queue at once in all threads, or one after the other under the broker's
        /// lock. RocketMQ: `MessageListenerConcurrently`, `MessageListenerOrderly`. Default `CONCURRENTLY`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub consume_mode: Option<Mode>,
        /// Attempts the brokers grant when the consumer does not say how many. RocketMQ: `retryMaxTimes`. Default `16`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub retry_max_times: Option<u32>,
        /// Queues of the retry topic on each broker. RocketMQ: `retryQueueNums`. Default `1`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub retry_queue_nums: Option<u32>,
        /// Whether its members consume the group's retry topic, as real clients always do. Default: when something can come
        /// back: a rule of `listener` fails, or the service time can exceed `consumeTimeout`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub retry_topic: Option<bool>,
        /// How many members run from the beginning, or a list with the settings of each. `scale` may add more.
        /// Default `1`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub instances: Option<CountOrList<Instance>>,
        /// How queues are divided among the members. RocketMQ: `allocateMessageQueueStrategy`. Default `averagely`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub strategy: Option<Strategy>,
        /// When the first member starts. Default `1s`, so that the brokers are registered by then.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub start: Option<Duration>,
        /// Time between the starts of two neighbouring members. Default `0s`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub start_every: Option<Duration>,
        /// A random extra time up to this long before each first start, which spreads the phases of all timers.
        /// Default `0s`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub start_jitter: Option<Duration>,
        /// Where the group's offsets stand in the brokers when the run starts. Default: it has never consumed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub stored_offset: Option<Stored>,
        /// The nameservers that its members know. Default: all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nameservers: Option<Names>,
        /// Who a restarted member is: `host` keeps its IP address and gets a new process id, `pod` gets a new IP address
        /// too and so another place in the sorted member list. Default `host`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub restart_identity: Option<RestartIdentity>,
    }
}

with_consumer_settings! {
    /// One member of a group. Every consumer setting of the group may be given another value here.
    pub struct Instance {
        /// Its client id, at every start. Two members that are given the same one share it, as in RocketMQ. Default:
        /// like RocketMQ's own, `ip@pid#nanoTime`, sorted like the instance numbers.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub client_id: Option<String>,
        /// The topics it subscribes to, with their expressions, when they differ from the group's (a mistake that `check`
        /// warns of).
        #[serde(skip_serializing_if = "Option::is_none")]
        pub topics: Option<Subscriptions>,
        /// The nameservers that it knows. Default: those of the group.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nameservers: Option<Names>,
        /// When it starts, or `never`: only an action of the timeline starts it. Default: as the group says.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub start: Option<StartOf>,
        /// It has been a member for long: its timers last fired this long before its start. For replaying measured
        /// runs. Default: a fresh start.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub phases: Option<Phases>,
    }
}

/// How long before its start the timers of a long-running member last fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Phases {
    /// The heartbeat.
    pub heartbeat: Duration,
    /// The rebalance.
    pub rebalance: Duration,
    /// The route poll.
    pub route_poll: Duration,
    /// The persisting of offsets.
    pub offset_persist: Duration,
}

/// When an instance starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartOf {
    /// At this time.
    At(SimDuration),
    /// Only by an action of the timeline.
    Never,
}

impl<'de> Deserialize<'de> for StartOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = StartOf;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration like 30s, or never")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<StartOf, E> {
                if text == "never" {
                    return Ok(StartOf::Never);
                }
                Duration::deserialize(de::value::StrDeserializer::new(text)).map(|at| StartOf::At(at.0))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<StartOf, E> {
                Duration::deserialize(de::value::I64Deserializer::new(number)).map(|at| StartOf::At(at.0))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl Serialize for StartOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(at) => serializer.collect_str(at),
            Self::Never => serializer.serialize_str("never"),
        }
    }
}

impl JsonSchema for StartOf {
    fn schema_name() -> Cow<'static, str> {
        "Start".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Duration>();
        json_schema!({"description": "A time of the run, or never.", "anyOf": [duration, {"const": "never"}]})
    }
}

/// Who gets a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "MessageModel")]
pub enum Model {
    /// One member; offsets are kept by the brokers.
    Clustering,
    /// Every member; offsets are kept in a file of the member's host, and what fails is dropped.
    Broadcasting,
}

/// The kind of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "ConsumeMode")]
pub enum Mode {
    /// Any number of messages of a queue at the same time.
    Concurrently,
    /// One batch of a queue at a time, in order.
    Orderly,
}

/// Where offsets stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Stored {
    /// At the first message of every queue: whatever is preloaded is a backlog.
    Beginning,
    /// After the last message of every queue.
    End,
}

/// What a restart keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RestartIdentity {
    /// The same address, a new process.
    Host,
    /// A new address and a new process.
    Pod,
}

/// An allocation strategy, as a name or with its settings.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Strategy {
    /// Contiguous blocks (`AllocateMessageQueueAveragely`, the default).
    Averagely,
    /// One queue after the other in turn (`AllocateMessageQueueAveragelyByCircle`).
    AveragelyByCircle,
    /// A fixed list for every member (`AllocateMessageQueueByConfig`).
    ByConfig {
        /// Queues by topic.
        queues: IndexMap<String, QueueRefs>,
    },
    /// Only brokers named `room@name` of some rooms (`AllocateMessageQueueByMachineRoom`).
    ByMachineRoom {
        /// The rooms that take part.
        rooms: Vec<String>,
    },
    /// A hash ring (`AllocateMessageQueueConsistentHash`).
    ConsistentHash {
        /// Points of each member on the ring, 1 to 10,000. Default `10`.
        #[serde(default = "ten")]
        virtual_nodes: u32,
    },
    /// Each room by itself; queues of rooms without members go to all (`AllocateMachineRoomNearby`).
    MachineRoomNearby {
        /// The strategy within a room. Default `averagely`.
        #[serde(default = "averagely")]
        inner: Box<Strategy>,
        /// Room of each broker.
        broker_rooms: IndexMap<String, String>,
        /// Room of each member (`order_consumer/0`).
        client_rooms: IndexMap<String, String>,
    },
}

fn ten() -> u32 {
    10
}

fn averagely() -> Box<Strategy> {
    Box::new(Strategy::Averagely)
}
