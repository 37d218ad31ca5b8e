//! `topics:` and `producers:`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::messages::{Property, Transaction};
use crate::scenario::units::{Bytes, Dist, Duration, Millis, Names, Rate, Weights};

/// A topic.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Topic {
    /// Queues on each broker that carries the topic, both readable and writable. Default `4` (RocketMQ:
    /// `defaultTopicQueueNums`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queues: Option<u32>,
    /// Readable queues on each broker, when they differ. RocketMQ: `readQueueNums`. Default: `queues`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_queue_nums: Option<u32>,
    /// Writable queues on each broker, when they differ. RocketMQ: `writeQueueNums`. Default: `queues`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_queue_nums: Option<u32>,
    /// Brokers that carry it. Default: all brokers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brokers: Option<Names>,
    /// It does not exist at the start: the first send creates it on a broker with `autoCreateTopicEnable`, with as many
    /// queues as the producer's `defaultTopicQueueNums` and the broker's allow. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_create: Option<bool>,
    /// Messages that are stored before the run starts. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preload: Option<Preload>,
}

/// Messages that are stored before the run starts.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Preload {
    /// Messages per queue.
    pub per_queue: u64,
    /// Size of a body. Default `1KiB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_size: Option<Dist<Bytes>>,
}

/// A producer: one or more instances that send to one topic.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Producer {
    /// The topic it sends to.
    pub topic: String,
    /// Processes that share the load evenly. Default `1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances: Option<u32>,
    /// Messages per second, all instances together. Default `100/s`, unless there is a `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// A rate that changes over time, instead of `rate`: points by ascending time. Before the first point nothing is
    /// sent. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profile: Vec<ProfilePoint>,
    /// How the sends are spaced. Default `poisson`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<ArrivalKind>,
    /// Size of a body, at most 4 MiB (RocketMQ: `maxMessageSize`). Default `1KiB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_size: Option<Dist<Bytes>>,
    /// Size of the stored properties (unique key, cluster, keys), at most 32,767 bytes. Default `64B`, with `keys` the
    /// longest key and 6 bytes more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties_bytes: Option<Bytes>,
    /// Keys of the messages. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Keys>,
    /// Tags of the messages: one, a list of equally frequent ones, or a mapping of tags to weights; `none` is a message
    /// without a tag. RocketMQ: `TAGS`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Weights>,
    /// User properties by name, each drawn by itself: `{region: {EU: 3, US: 1}, price: {from: 0, to: 99}}`. Default: none.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub properties: IndexMap<String, Property>,
    /// Delay levels: one, or a mapping of levels to weights; 0 is no delay. A level above the broker's last one counts as the
    /// last. RocketMQ: `DELAY`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_level: Option<Weights>,
    /// Messages are sent in transactions; `{}` for one that commits at once. Default: they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Transaction>,
    /// How the queue of a message is chosen. Default `roundRobin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// Threads that call `send()`; each goes round the queues by itself (RocketMQ: `ThreadLocalIndex`). Default `1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_threads: Option<u32>,
    /// When its processes start; nothing is sent before. Default `2s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Duration>,
    /// Nothing is sent from this time on. Default: the end of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Duration>,
    /// No more than this many messages, all instances together. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Budget of a send call with all its retries. RocketMQ: `sendMsgTimeout`. Default `3s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_msg_timeout: Option<Millis>,
    /// Further attempts after a failed one, 0 to 100. RocketMQ: `retryTimesWhenSendFailed`. Default `2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_times_when_send_failed: Option<u32>,
    /// How the application sends. Default `sync`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<SendKind>,
    /// Further attempts after a failed asynchronous one, 0 to 100. RocketMQ: `retryTimesWhenSendAsyncFailed`. Default `2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_times_when_send_async_failed: Option<u32>,
    /// Whether a message that is stored, but not flushed or replicated in time, is sent to another broker, too. RocketMQ:
    /// `retryAnotherBrokerWhenNotStoreOK`. Default `false`.
    #[serde(rename = "retryAnotherBrokerWhenNotStoreOK", skip_serializing_if = "Option::is_none")]
    pub retry_another_broker_when_not_store_ok: Option<bool>,
    /// Whether brokers that were slow or failed are avoided for a while. RocketMQ: `sendLatencyFaultEnable`. Default
    /// `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_latency_fault_enable: Option<bool>,
    /// Queues that it asks for when its first send creates a topic, 1 to 1000. RocketMQ: `defaultTopicQueueNums`. Default
    /// `4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_topic_queue_nums: Option<u32>,
    /// The nameservers that it knows. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nameservers: Option<Names>,
    /// How often it asks for the routes of its topics. RocketMQ: `pollNameServerInterval`. Default `30s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll_name_server_interval: Option<Millis>,
    /// How often it sends heartbeats. RocketMQ: `heartbeatBrokerInterval`. Default `30s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_broker_interval: Option<Millis>,
    /// Time from the arrival of a message at the client to its effect. Default: `cluster.handling.client`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handling: Option<Dist<Duration>>,
}

/// A point of a rate profile.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfilePoint {
    /// From this time of the run on.
    pub at: Duration,
    /// Messages per second, all instances together.
    pub rate: Rate,
    /// Whether the rate moves in a straight line from here to the next point (a ramp); else it stays (a step).
    /// Default `false`.
    #[serde(default)]
    pub ramp: bool,
}

/// How sends are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ArrivalKind {
    /// Evenly.
    Constant,
    /// Independently of each other (exponential gaps).
    Poisson,
    /// One at a random moment of each slot of 1/rate.
    RandomInSlot,
}

/// Keys of messages.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Keys {
    /// Number of distinct keys (`key-0`, `key-1`, …).
    pub count: u32,
    /// Zipf exponent, 0 to 10; 0 makes all keys equally frequent. Default `0`.
    #[serde(default)]
    pub zipf: f64,
}

/// How the queue of a message is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Selector {
    /// One queue after the other (RocketMQ: `TopicPublishInfo#selectOneMessageQueue`).
    RoundRobin,
    /// By the hash of the key (RocketMQ: `SelectMessageQueueByHash`); needs `keys`. Not retried on another broker.
    KeyHash,
}

/// How an application sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SendKind {
    /// It waits for the answer (RocketMQ: `send(msg)`).
    Sync,
    /// A callback gets the answer (RocketMQ: `send(msg, callback)`).
    Async,
    /// Nobody gets an answer (RocketMQ: `sendOneway(msg)`).
    Oneway,
}
