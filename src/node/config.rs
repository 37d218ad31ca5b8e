//! The settings of each node kind, under RocketMQ's own names (in snake case), with RocketMQ's defaults.

use serde::Serialize;

use crate::kernel::dist::Distribution;
use crate::kernel::time::SimDuration;

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
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            client: ClientConfig::default(),
            send_msg_timeout: SimDuration::from_secs(3),
            retry_times_when_send_failed: 2,
            send_threads: 1,
            selector: QueueSelector::RoundRobin,
        }
    }
}
