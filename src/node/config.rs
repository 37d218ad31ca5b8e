//! The settings of each node kind, under RocketMQ's own names (in snake case), with RocketMQ's defaults.

use serde::Serialize;

pub use super::replication_config::{FlushDiskType, ReplicationConfig, Role};
use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};

/// Settings of a nameserver (`NamesrvConfig`, `RouteInfoManager`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NameserverConfig {
    /// `BROKER_CHANNEL_EXPIRED_TIME`: a broker silent for longer is forgotten. 120 s.
    pub broker_channel_expired_time: SimDuration,
    /// Period of the expiry scan (first run after 5 s). 10 s.
    pub scan_not_active_broker_interval: SimDuration,
    /// Time from a request's arrival to its effect and reply.
    pub handling: Distribution,
}

impl Default for NameserverConfig {
    fn default() -> Self {
        Self {
            broker_channel_expired_time: SimDuration::from_secs(120),
            scan_not_active_broker_interval: SimDuration::from_secs(10),
            handling: Distribution::constant_duration(SimDuration::from_micros(100)),
        }
    }
}

/// The default of `messageDelayLevel`, seconds.
pub const DELAY_LEVELS: [u64; 18] =
    [1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200];

/// Settings of a broker (`BrokerConfig`, `MessageStoreConfig`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BrokerConfig {
    /// `autoCreateTopicEnable`: the broker publishes the template topic `TBW102`, so that every client learns and
    /// heartbeats it even without a topic of its own there. true.
    pub auto_create_topic_enable: bool,
    /// `registerNameServerPeriod` (first run after 10 s), clamped to 10..60 s. 30 s.
    pub register_name_server_period: SimDuration,
    /// `notifyConsumerIdsChangedEnable`. true.
    pub notify_consumer_ids_changed_enable: bool,
    /// `longPollingEnable`. true.
    pub long_polling_enable: bool,
    /// `shortPollingTimeMills`, used when long polling is off. 1 s.
    pub short_polling_time: SimDuration,
    /// `flushConsumerOffsetInterval` (first run after 10 s). 5 s.
    pub flush_consumer_offset_interval: SimDuration,
    /// `CHANNEL_EXPIRED_TIMEOUT` of client channels. 120 s.
    pub channel_expired_timeout: SimDuration,
    /// `mappedFileSizeCommitLog`, bytes. 1 GiB.
    pub mapped_file_size_commit_log: u64,
    /// `mappedFileSizeConsumeQueue` in entries of 20 bytes. 300,000.
    pub consume_queue_file_entries: u64,
    /// Physical memory of the host in bytes: decides what counts as "on disk" (`accessMessageInMemoryMaxRatio`). 16 GiB.
    pub physical_memory: u64,
    /// `accessMessageInMemoryMaxRatio`, percent. 40.
    pub access_message_in_memory_max_ratio: u64,
    /// `maxTransferCountOnMessageInMemory`. 32.
    pub max_transfer_count_on_message_in_memory: u32,
    /// `maxTransferBytesOnMessageInMemory`. 256 KiB.
    pub max_transfer_bytes_on_message_in_memory: u64,
    /// `maxTransferCountOnMessageInDisk`. 8.
    pub max_transfer_count_on_message_in_disk: u32,
    /// `maxTransferBytesOnMessageInDisk`. 64 KiB.
    pub max_transfer_bytes_on_message_in_disk: u64,
    /// `messageDelayLevel`: the delays of the levels from 1 on. The 18 of RocketMQ.
    pub message_delay_level: Vec<SimDuration>,
    /// Time the schedule service takes to deliver one message (read, put, wait for the result). 50 µs.
    pub deliver_handling: Distribution,
    /// `enablePropertyFilter`: whether SQL92 subscriptions are served. false.
    pub enable_property_filter: bool,
    /// What decides what a failure costs.
    pub replication: ReplicationConfig,
    /// `transactionCheckInterval` (first check one interval after the start). 60 s.
    pub transaction_check_interval: SimDuration,
    /// `transactionTimeOut`: a younger half message is not checked. 6 s.
    pub transaction_time_out: SimDuration,
    /// `transactionCheckMax`: after so many checks a half message is discarded. 15.
    pub transaction_check_max: u8,
    /// Time from the arrival of a send request to its append.
    pub send_handling: Distribution,
    /// Time from the arrival of a pull request to its reply or hold.
    pub pull_handling: Distribution,
    /// Time from the arrival of any other request to its effect.
    pub admin_handling: Distribution,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        let handling = Distribution::constant_duration(SimDuration::from_micros(100));
        Self {
            auto_create_topic_enable: true,
            register_name_server_period: SimDuration::from_secs(30),
            notify_consumer_ids_changed_enable: true,
            long_polling_enable: true,
            short_polling_time: SimDuration::from_secs(1),
            flush_consumer_offset_interval: SimDuration::from_secs(5),
            channel_expired_timeout: SimDuration::from_secs(120),
            mapped_file_size_commit_log: 1 << 30,
            consume_queue_file_entries: 300_000,
            physical_memory: 16 << 30,
            access_message_in_memory_max_ratio: 40,
            max_transfer_count_on_message_in_memory: 32,
            max_transfer_bytes_on_message_in_memory: 256 << 10,
            max_transfer_count_on_message_in_disk: 8,
            max_transfer_bytes_on_message_in_disk: 64 << 10,
            message_delay_level: DELAY_LEVELS.iter().map(|seconds| SimDuration::from_secs(*seconds)).collect(),
            deliver_handling: Distribution::constant_duration(SimDuration::from_micros(50)),
            enable_property_filter: false,
            replication: ReplicationConfig::default(),
            transaction_check_interval: SimDuration::from_secs(60),
            transaction_time_out: SimDuration::from_secs(6),
            transaction_check_max: 15,
            send_handling: handling.clone(),
            pull_handling: handling.clone(),
            admin_handling: handling,
        }
    }
}

/// Settings every client instance has (`ClientConfig`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClientConfig {
    /// `pollNameServerInterval` (first run 10 ms after start). 30 s.
    pub poll_name_server_interval: SimDuration,
    /// `heartbeatBrokerInterval` (first run 1 s after start). 30 s.
    pub heartbeat_broker_interval: SimDuration,
    /// Time from a message's arrival at the client to its effect (decoding, thread hand-over).
    pub handling: Distribution,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            poll_name_server_interval: SimDuration::from_secs(30),
            heartbeat_broker_interval: SimDuration::from_secs(30),
            handling: Distribution::constant_duration(SimDuration::from_micros(50)),
        }
    }
}

/// Where a group starts on a queue without a stored offset (`ConsumeFromWhere`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ConsumeFromWhere {
    /// `CONSUME_FROM_LAST_OFFSET`, the default.
    #[serde(rename = "CONSUME_FROM_LAST_OFFSET")]
    LastOffset,
    /// `CONSUME_FROM_FIRST_OFFSET`.
    #[serde(rename = "CONSUME_FROM_FIRST_OFFSET")]
    FirstOffset,
    /// `CONSUME_FROM_TIMESTAMP`.
    #[serde(rename = "CONSUME_FROM_TIMESTAMP")]
    Timestamp,
}

/// Who gets a message of a group (`MessageModel`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MessageModel {
    /// One member, the default.
    Clustering,
    /// Every member; offsets are kept in a file of the member's host.
    Broadcasting,
}

/// How the listener of a group is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConsumeMode {
    /// `MessageListenerConcurrently`, the default.
    Concurrently,
    /// `MessageListenerOrderly`: one message batch at a time per queue, under the broker's lock.
    Orderly,
}

/// What the listener does with some messages. The first rule of a list that applies decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListenerRule {
    /// Only messages with one of these keys (numbers); empty: any.
    pub keys: Vec<u32>,
    /// Only messages with one of these tags; empty: any.
    pub tags: Vec<String>,
    /// Only calls that start at or after this time.
    pub from: SimTime,
    /// Only calls that start before this time.
    pub until: SimTime,
    /// Only deliveries with fewer than this many attempts before (`reconsumeTimes`).
    pub attempts_below: u32,
    /// Share of the messages or calls it applies to, 0 to 1.
    pub probability: f64,
    /// Whether the share is one of messages, drawn once for all attempts of a message (a poisonous message), and not of calls.
    pub of_messages: bool,
    /// The listener throws or answers `RECONSUME_LATER` (orderly: `SUSPEND_CURRENT_QUEUE_A_MOMENT`).
    pub fails: bool,
    /// It takes this long instead of the service time.
    pub service_time: Option<Distribution>,
}

/// Settings of a push consumer (`DefaultMQPushConsumer`), the same for all members of a group unless a member overrides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConsumerConfig {
    /// Timers and handling shared with producers.
    pub client: ClientConfig,
    /// `RebalanceService` wait interval (`rocketmq.client.rebalance.waitInterval`). 20 s.
    pub rebalance_wait_interval: SimDuration,
    /// `persistConsumerOffsetInterval` (first run 10 s after start). 5 s.
    pub persist_consumer_offset_interval: SimDuration,
    /// `consumeFromWhere`.
    pub consume_from_where: ConsumeFromWhere,
    /// `consumeTimestamp` as time of the run; before its start counts as 30 minutes before the consumer's start.
    pub consume_timestamp: Option<SimDuration>,
    /// `consumeThreadMin`: size of the pool (`consumeThreadMax` is without effect, `ConsumeMessageConcurrentlyService`). 20.
    pub consume_thread_min: u32,
    /// `consumeMessageBatchMaxSize`. 1.
    pub consume_message_batch_max_size: u32,
    /// `pullBatchSize`. 32.
    pub pull_batch_size: u32,
    /// `pullInterval`. 0.
    pub pull_interval: SimDuration,
    /// `pullThresholdForQueue`, messages. 1000.
    pub pull_threshold_for_queue: u32,
    /// `pullThresholdSizeForQueue`, MiB. 100.
    pub pull_threshold_size_for_queue: u32,
    /// `pullThresholdForTopic`, messages, -1 = off.
    pub pull_threshold_for_topic: i32,
    /// `pullThresholdSizeForTopic`, MiB, -1 = off.
    pub pull_threshold_size_for_topic: i32,
    /// `consumeConcurrentlyMaxSpan`. 2000.
    pub consume_concurrently_max_span: u32,
    /// `messageModel`. Clustering.
    pub message_model: MessageModel,
    /// Kind of the registered listener. Concurrently.
    pub consume_mode: ConsumeMode,
    /// `maxReconsumeTimes`; -1 is 16 for concurrent and endless for orderly consumption. -1.
    pub max_reconsume_times: i32,
    /// `delayLevelWhenNextConsume` as the listener sets it: 0 lets the broker choose, -1 is the dead-letter queue. 0.
    pub delay_level_when_next_consume: i32,
    /// Whether a listener that fails in the middle of a batch reports what it did (`ackIndex`), so that only the rest is
    /// consumed again; else the whole batch is. false.
    pub ack_index: bool,
    /// `consumeTimeout`. 15 min.
    pub consume_timeout: SimDuration,
    /// `suspendCurrentQueueTimeMillis`. 1 s.
    pub suspend_current_queue_time_millis: SimDuration,
    /// What the listener does differently with some messages.
    pub listener: Vec<ListenerRule>,
    /// Whether the member takes part in consuming the group's retry topic: a group that nothing can come back to may do
    /// without, which real clients never do.
    pub retry_topic: bool,
    /// Time the listener takes per message.
    pub service_time: Distribution,
    /// Extra time per listener call whatever its batch size. 0.
    pub service_time_per_call: Distribution,
    /// Time inside `start()` before the first request leaves (JVM work). 0.
    pub start_delay: Distribution,
    /// Time the rebalance thread works on one topic between its answers and its changes (JVM work). 0.
    pub rebalance_work: Distribution,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            client: ClientConfig::default(),
            rebalance_wait_interval: SimDuration::from_secs(20),
            persist_consumer_offset_interval: SimDuration::from_secs(5),
            consume_from_where: ConsumeFromWhere::LastOffset,
            consume_timestamp: None,
            consume_thread_min: 20,
            consume_message_batch_max_size: 1,
            pull_batch_size: 32,
            pull_interval: SimDuration::ZERO,
            pull_threshold_for_queue: 1000,
            pull_threshold_size_for_queue: 100,
            pull_threshold_for_topic: -1,
            pull_threshold_size_for_topic: -1,
            consume_concurrently_max_span: 2000,
            message_model: MessageModel::Clustering,
            consume_mode: ConsumeMode::Concurrently,
            max_reconsume_times: -1,
            delay_level_when_next_consume: 0,
            ack_index: false,
            consume_timeout: SimDuration::from_secs(15 * 60),
            suspend_current_queue_time_millis: SimDuration::from_secs(1),
            listener: Vec::new(),
            retry_topic: false,
            service_time: Distribution::constant_duration(SimDuration::from_millis(1)),
            service_time_per_call: Distribution::constant_duration(SimDuration::ZERO),
            start_delay: Distribution::constant_duration(SimDuration::ZERO),
            rebalance_work: Distribution::constant_duration(SimDuration::ZERO),
        }
    }
}

/// How a producer chooses the queue of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum QueueSelector {
    /// Per-thread round robin over the publish list (`TopicPublishInfo#selectOneMessageQueue`).
    RoundRobin,
    /// `SelectMessageQueueByHash`: |hash of the key| modulo the publish list. No retry on another broker.
    KeyHash,
}

/// How an application calls `send()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SendMode {
    /// `send(msg)`.
    #[default]
    Sync,
    /// `send(msg, callback)`.
    Async,
    /// `sendOneway(msg)`.
    Oneway,
}

/// Settings of a producer (`DefaultMQProducer`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProducerConfig {
    /// Timers and handling shared with consumers.
    pub client: ClientConfig,
    /// `sendMsgTimeout`: the budget of a send call with all its retries. 3 s.
    pub send_msg_timeout: SimDuration,
    /// `retryTimesWhenSendFailed`. 2.
    pub retry_times_when_send_failed: u32,
    /// Threads that call `send()`; each has its own round-robin index (`ThreadLocalIndex`). 1.
    pub send_threads: u32,
    /// How the queue is chosen.
    pub selector: QueueSelector,
    /// How the application sends. Synchronously.
    pub mode: SendMode,
    /// `retryTimesWhenSendAsyncFailed`. 2.
    pub retry_times_when_send_async_failed: u32,
    /// `retryAnotherBrokerWhenNotStoreOK`. false.
    pub retry_another_broker_when_not_store_ok: bool,
    /// `sendLatencyFaultEnable`. false.
    pub send_latency_fault_enable: bool,
    /// `defaultTopicQueueNums` of the client, for topics that do not exist yet. 4.
    pub default_topic_queue_nums: u32,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            client: ClientConfig::default(),
            send_msg_timeout: SimDuration::from_secs(3),
            retry_times_when_send_failed: 2,
            send_threads: 1,
            selector: QueueSelector::RoundRobin,
            mode: SendMode::Sync,
            retry_times_when_send_async_failed: 2,
            retry_another_broker_when_not_store_ok: false,
            send_latency_fault_enable: false,
            default_topic_queue_nums: 4,
        }
    }
}
