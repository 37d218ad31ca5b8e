//! Settings that stand at two places of a scenario: for all brokers and for one, for a group and for one member. A
//! macro gives both structs the same keys, so that an unknown key is still refused where it stands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::dist::Distribution;
use crate::kernel::time::SimDuration;
use crate::node::config::{BrokerConfig, ConsumeFromWhere, ConsumerConfig};
use crate::scenario::units::{Bandwidth, Bytes, DelayLevelText, Dist, Duration, Millis};

/// A key's value as the file writes it, against the value of the plan.
pub(crate) trait Setting<P> {
    fn to_plan(&self) -> P;
    fn from_plan(plan: &P) -> Self;
}

macro_rules! same {
    ($($plain:ty),*) => { $(
        impl Setting<$plain> for $plain {
            fn to_plan(&self) -> $plain { *self }
            fn from_plan(plan: &$plain) -> $plain { *plan }
        }
    )* };
}
same!(bool, u8, u32, u64, i32);

macro_rules! wrapped {
    ($($wrapper:ident of $inner:ty),*) => { $(
        impl Setting<$inner> for $wrapper {
            fn to_plan(&self) -> $inner { self.0 }
            fn from_plan(plan: &$inner) -> Self { $wrapper(*plan) }
        }
    )* };
}
wrapped!(Millis of SimDuration, Duration of SimDuration, Bytes of u64, Bandwidth of u64);

impl Setting<Distribution> for Dist<Duration> {
    fn to_plan(&self) -> Distribution {
        self.to_distribution()
    }
    fn from_plan(plan: &Distribution) -> Self {
        Self::from_distribution(plan)
    }
}

impl Setting<Vec<SimDuration>> for DelayLevelText {
    fn to_plan(&self) -> Vec<SimDuration> {
        self.delays()
    }
    fn from_plan(plan: &Vec<SimDuration>) -> Self {
        Self::of(plan)
    }
}

/// Where a group starts on a queue without a stored offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Where {
    /// From the newest message; on a young queue (whose first message is still in memory) from the first one.
    #[serde(rename = "CONSUME_FROM_LAST_OFFSET")]
    Last,
    /// From the oldest message.
    #[serde(rename = "CONSUME_FROM_FIRST_OFFSET")]
    First,
    /// From the first message stored at `consumeTimestamp` or later.
    #[serde(rename = "CONSUME_FROM_TIMESTAMP")]
    Timestamp,
}

impl Setting<ConsumeFromWhere> for Where {
    fn to_plan(&self) -> ConsumeFromWhere {
        match self {
            Self::Last => ConsumeFromWhere::LastOffset,
            Self::First => ConsumeFromWhere::FirstOffset,
            Self::Timestamp => ConsumeFromWhere::Timestamp,
        }
    }
    fn from_plan(plan: &ConsumeFromWhere) -> Self {
        match plan {
            ConsumeFromWhere::LastOffset => Self::Last,
            ConsumeFromWhere::FirstOffset => Self::First,
            ConsumeFromWhere::Timestamp => Self::Timestamp,
        }
    }
}

/// Lays the keys that are given over a configuration, or fills in those that are not. Behind the `;` are those that no
/// configuration has by default.
macro_rules! impl_settings {
    (
        $trait_name:ident, $name:ident, $config:ty, $($field:ident => $($path:ident).+),* $(,)?
        $(; $($maybe:ident => $($maybe_path:ident).+),*)?
    ) => {
        impl $crate::scenario::raw::settings::$trait_name for $name {
            fn overlay(&self, config: &mut $config) {
                $( if let Some(value) = &self.$field {
                    config.$($path).+ = $crate::scenario::raw::settings::Setting::to_plan(value);
                } )*
                $( $( if let Some(value) = &self.$maybe {
                    config.$($maybe_path).+ = Some($crate::scenario::raw::settings::Setting::to_plan(value));
                } )* )?
            }
            fn fill(&mut self, config: &$config) {
                $( self.$field.get_or_insert_with(
                    || $crate::scenario::raw::settings::Setting::from_plan(&config.$($path).+),
                ); )*
            }
        }
    };
}
pub(crate) use impl_settings;

/// A struct with the keys of a consumer.
pub trait ConsumerSettings {
    /// Lays the keys that are given over `config`.
    fn overlay(&self, config: &mut ConsumerConfig);
    /// Gives every key that is not given its value of `config`.
    fn fill(&mut self, config: &ConsumerConfig);
}

/// A struct with the keys of a broker.
pub trait BrokerSettings {
    /// Lays the keys that are given over `config`.
    fn overlay(&self, config: &mut BrokerConfig);
    /// Gives every key that is not given its value of `config`.
    fn fill(&mut self, config: &BrokerConfig);
}

/// Gives a struct its own keys and those of a consumer.
macro_rules! with_consumer_settings {
    ($(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($own)*
            /// How often a client asks for the routes of its topics (first 10 ms after its start). RocketMQ:
            /// `pollNameServerInterval`. Default `30s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub poll_name_server_interval: Option<$crate::scenario::units::Millis>,
            /// How often a client sends heartbeats to all brokers (first 1 s after its start). RocketMQ:
            /// `heartbeatBrokerInterval`. Default `30s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub heartbeat_broker_interval: Option<$crate::scenario::units::Millis>,
            /// Time from the arrival of a message at the client to its effect (decoding, thread hand-over). Default:
            /// `cluster.handling.client`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub handling: Option<$crate::scenario::units::Dist<$crate::scenario::units::Duration>>,
            /// Longest wait between two rebalances. RocketMQ: system property `rocketmq.client.rebalance.waitInterval`.
            /// Default `20s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub rebalance_wait_interval: Option<$crate::scenario::units::Millis>,
            /// How often a member sends its offsets to the brokers (first 10 s after its start). RocketMQ:
            /// `persistConsumerOffsetInterval`. Default `5s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub persist_consumer_offset_interval: Option<$crate::scenario::units::Millis>,
            /// Where a group starts on a queue without a stored offset. RocketMQ: `consumeFromWhere`. Default
            /// `CONSUME_FROM_LAST_OFFSET`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub consume_from_where: Option<$crate::scenario::raw::Where>,
            /// Size of the thread pool that runs the listener, 1 to 1000. RocketMQ: `consumeThreadMin`. Default `20`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub consume_thread_min: Option<u32>,
            /// Messages given to the listener at once, 1 to 1024. RocketMQ: `consumeMessageBatchMaxSize`. Default `1`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub consume_message_batch_max_size: Option<u32>,
            /// Messages asked for by one pull, 1 to 1024. RocketMQ: `pullBatchSize`. Default `32`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub pull_batch_size: Option<u32>,
            /// Pause between the answer of a pull and the next one, up to 65,535 ms. RocketMQ: `pullInterval`. Default
            /// `0s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub pull_interval: Option<$crate::scenario::units::Millis>,
            /// Flow control: most messages cached per queue, 1 to 65535. RocketMQ: `pullThresholdForQueue`. Default `1000`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub pull_threshold_for_queue: Option<u32>,
            /// Flow control: most MiB cached per queue, 1 to 1024. RocketMQ: `pullThresholdSizeForQueue`. Default `100`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub pull_threshold_size_for_queue: Option<u32>,
            /// Flow control: most messages cached per topic, spread over the queues; -1 is off. RocketMQ:
            /// `pullThresholdForTopic`. Default `-1`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub pull_threshold_for_topic: Option<i32>,
            /// Flow control: most MiB cached per topic, spread over the queues; -1 is off. RocketMQ:
            /// `pullThresholdSizeForTopic`. Default `-1`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub pull_threshold_size_for_topic: Option<i32>,
            /// Flow control: greatest distance between the first and the last cached offset of a queue, 1 to 65535.
            /// RocketMQ: `consumeConcurrentlyMaxSpan`. Default `2000`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub consume_concurrently_max_span: Option<u32>,
            /// Attempts before a message goes to the dead-letter topic; -1 is 16 for concurrent and endless for orderly
            /// consumption. RocketMQ: `maxReconsumeTimes`. Default `-1`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub max_reconsume_times: Option<i32>,
            /// The delay level that the listener asks for when it fails: 0 lets the broker choose (3 + attempts), -1 is the
            /// dead-letter topic at once. RocketMQ: `delayLevelWhenNextConsume`. Default `0`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub delay_level_when_next_consume: Option<i32>,
            /// Whether a listener that fails within a batch says how far it came, so that only the rest comes back; else the
            /// whole batch does. RocketMQ: `ackIndex`. Default `false`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub ack_index: Option<bool>,
            /// A message that is in the listener for longer is sent back and dropped; looked at as often as this. RocketMQ:
            /// `consumeTimeout` (there in minutes). Default `15m`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub consume_timeout: Option<$crate::scenario::units::Duration>,
            /// Pause of an orderly queue after a failure; counts as 10 ms to 30 s. RocketMQ: `suspendCurrentQueueTimeMillis`.
            /// Default `1s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub suspend_current_queue_time_millis: Option<$crate::scenario::units::Millis>,
            /// What the listener does differently with some messages; the first rule that applies decides. Default: none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub listener: Option<Vec<$crate::scenario::raw::Rule>>,
            /// Time the listener takes per message. Default `1ms`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub service_time: Option<$crate::scenario::units::Dist<$crate::scenario::units::Duration>>,
            /// Further time per listener call, whatever its batch. Default `0s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub service_time_per_call: Option<$crate::scenario::units::Dist<$crate::scenario::units::Duration>>,
            /// Time inside `start()` before its first request leaves (work of the process; an assumption about the
            /// machine). Default `0s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub start_delay: Option<$crate::scenario::units::Dist<$crate::scenario::units::Duration>>,
            /// Time the rebalance thread works on one topic between its answers and its changes (an assumption about the
            /// machine). Default `0s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub rebalance_work: Option<$crate::scenario::units::Dist<$crate::scenario::units::Duration>>,
            /// As a time of the run: where `CONSUME_FROM_TIMESTAMP` starts. RocketMQ: `consumeTimestamp`. Default: 30
            /// minutes before the start of the consumer.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub consume_timestamp: Option<$crate::scenario::units::Duration>,
            /// Accepted because RocketMQ has it; without effect there too, since the queue of its pool has no bound. At
            /// least `consumeThreadMin`. RocketMQ: `consumeThreadMax`. Default: not set.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub consume_thread_max: Option<u32>,
        }

        $crate::scenario::raw::settings::impl_settings!(
            ConsumerSettings, $name, $crate::node::config::ConsumerConfig,
            poll_name_server_interval => client.poll_name_server_interval,
            heartbeat_broker_interval => client.heartbeat_broker_interval,
            handling => client.handling,
            rebalance_wait_interval => rebalance_wait_interval,
            persist_consumer_offset_interval => persist_consumer_offset_interval,
            consume_from_where => consume_from_where,
            consume_thread_min => consume_thread_min,
            consume_message_batch_max_size => consume_message_batch_max_size,
            pull_batch_size => pull_batch_size,
            pull_interval => pull_interval,
            pull_threshold_for_queue => pull_threshold_for_queue,
            pull_threshold_size_for_queue => pull_threshold_size_for_queue,
            pull_threshold_for_topic => pull_threshold_for_topic,
            pull_threshold_size_for_topic => pull_threshold_size_for_topic,
            consume_concurrently_max_span => consume_concurrently_max_span,
            max_reconsume_times => max_reconsume_times,
            delay_level_when_next_consume => delay_level_when_next_consume,
            ack_index => ack_index,
            consume_timeout => consume_timeout,
            suspend_current_queue_time_millis => suspend_current_queue_time_millis,
            service_time => service_time,
            service_time_per_call => service_time_per_call,
            start_delay => start_delay,
            rebalance_work => rebalance_work,
        );
    };
}
pub(crate) use with_consumer_settings;
