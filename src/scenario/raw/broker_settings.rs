//! The keys that stand at `cluster`, at a broker, and at a replica.

use crate::scenario::units::{Bytes, DelayLevelText, Dist, Duration};

/// A distribution of times, if the file has it.
pub(crate) type MaybeTimes<'a> = Option<&'a Dist<Duration>>;

/// What has to be looked at beside laying settings over a configuration.
pub(crate) trait BrokerFields {
    /// `mappedFileSizeConsumeQueue`.
    fn consume_queue_size(&self) -> Option<Bytes>;
    /// `messageDelayLevel`.
    fn delay_levels(&self) -> Option<&DelayLevelText>;
    /// Assumptions about the machine, with their keys.
    fn times(&self) -> [(MaybeTimes<'_>, &'static str); 3];
    /// `brokerRole`.
    fn role(&self) -> Option<super::BrokerRole>;
}

/// Gives a struct its own keys and those of a broker.
macro_rules! with_broker_settings {
    ($(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($own)*
            /// Whether the broker publishes the template topic TBW102, so that every client learns of the broker and
            /// heartbeats it even without a topic there. RocketMQ: `autoCreateTopicEnable`. Default `true`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub auto_create_topic_enable: Option<bool>,
            /// How often a broker registers with all nameservers (at its start, then first after 10 s); RocketMQ clamps it
            /// to 10 s to 60 s. RocketMQ: `registerNameServerPeriod`. Default `30s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub register_name_server_period: Option<$crate::scenario::units::Millis>,
            /// Whether a broker tells the members of a group at once that the group changed. RocketMQ:
            /// `notifyConsumerIdsChangedEnable`. Default `true`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub notify_consumer_ids_changed_enable: Option<bool>,
            /// Whether a pull without messages is held until one arrives. RocketMQ: `longPollingEnable`. Default `true`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub long_polling_enable: Option<bool>,
            /// How long a pull without messages is held when long polling is off. RocketMQ: `shortPollingTimeMills`.
            /// Default `1s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub short_polling_time_mills: Option<$crate::scenario::units::Millis>,
            /// How often a broker writes its offset table to disk (first after 10 s). RocketMQ:
            /// `flushConsumerOffsetInterval`. Default `5s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub flush_consumer_offset_interval: Option<$crate::scenario::units::Millis>,
            /// A client that has been silent for longer is forgotten. RocketMQ: constant `CHANNEL_EXPIRED_TIMEOUT`. Default
            /// `2m`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub channel_expired_timeout: Option<$crate::scenario::units::Millis>,
            /// Size of a commit log segment, at least 64 KiB. RocketMQ: `mappedFileSizeCommitLog`. Default `1GiB`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub mapped_file_size_commit_log: Option<$crate::scenario::units::Bytes>,
            /// Memory of the broker's host; decides which messages count as being on disk. Default `16GiB`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub physical_memory: Option<$crate::scenario::units::Bytes>,
            /// Part of the memory in percent within which messages count as being in memory. RocketMQ:
            /// `accessMessageInMemoryMaxRatio`. Default `40`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub access_message_in_memory_max_ratio: Option<u64>,
            /// Most messages of one pull from memory. RocketMQ: `maxTransferCountOnMessageInMemory`. Default `32`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub max_transfer_count_on_message_in_memory: Option<u32>,
            /// Most bytes of one pull from memory. RocketMQ: `maxTransferBytesOnMessageInMemory`. Default `256KiB`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub max_transfer_bytes_on_message_in_memory: Option<$crate::scenario::units::Bytes>,
            /// Most messages of one pull from disk. RocketMQ: `maxTransferCountOnMessageInDisk`. Default `8`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub max_transfer_count_on_message_in_disk: Option<u32>,
            /// Most bytes of one pull from disk. RocketMQ: `maxTransferBytesOnMessageInDisk`. Default `64KiB`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub max_transfer_bytes_on_message_in_disk: Option<$crate::scenario::units::Bytes>,
            /// Size of a consume queue file; rounded up to whole entries of 20 bytes. RocketMQ:
            /// `mappedFileSizeConsumeQueue`. Default `6000000B`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub mapped_file_size_consume_queue: Option<$crate::scenario::units::Bytes>,
            /// The delays of the levels from 1 on, with the units s, m, h, d. RocketMQ: `messageDelayLevel`. Default
            /// `1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub message_delay_level: Option<$crate::scenario::units::DelayLevelText>,
            /// Whether the broker serves SQL92 subscriptions. RocketMQ: `enablePropertyFilter`. Default `false`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub enable_property_filter: Option<bool>,
            /// How often the broker checks transactions that are not decided. RocketMQ: `transactionCheckInterval`. Default
            /// `1m`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub transaction_check_interval: Option<$crate::scenario::units::Millis>,
            /// A transaction that is younger is not checked. RocketMQ: `transactionTimeOut`. Default `6s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub transaction_time_out: Option<$crate::scenario::units::Millis>,
            /// After so many checks the message of a transaction is given up, 1 to 255. RocketMQ: `transactionCheckMax`.
            /// Default `15`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub transaction_check_max: Option<u8>,
            /// Whether a master answers at once or waits for a slave. RocketMQ: `brokerRole`. Default `ASYNC_MASTER`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub broker_role: Option<$crate::scenario::raw::BrokerRole>,
            /// Whether a broker answers at once or waits until the message is on disk. RocketMQ: `flushDiskType`. Default
            /// `ASYNC_FLUSH`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub flush_disk_type: Option<$crate::scenario::raw::FlushDiskType>,
            /// How often the commit log is flushed with `ASYNC_FLUSH`. RocketMQ: `flushIntervalCommitLog`. Default
            /// `500ms`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub flush_interval_commit_log: Option<$crate::scenario::units::Millis>,
            /// Pages of 4 KiB that must be waiting for a flush to be worth it. RocketMQ: `flushCommitLogLeastPages`.
            /// Default `4`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub flush_commit_log_least_pages: Option<u64>,
            /// After this time they are flushed however few they are. RocketMQ: `flushCommitLogThoroughInterval`. Default
            /// `10s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub flush_commit_log_thorough_interval: Option<$crate::scenario::units::Millis>,
            /// How long a send waits for the disk with `SYNC_FLUSH`. RocketMQ: `syncFlushTimeout`. Default `5s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub sync_flush_timeout: Option<$crate::scenario::units::Millis>,
            /// Time that one flush takes (an assumption about the machine). Default `1ms`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub flush_time: Option<$crate::scenario::units::Dist<$crate::scenario::units::Duration>>,
            /// How long a send waits for a slave with `SYNC_MASTER`. RocketMQ: `slaveTimeout`. Default `3s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub slave_timeout: Option<$crate::scenario::units::Millis>,
            /// How often master and slave send something over a silent connection. RocketMQ: `haSendHeartbeatInterval`.
            /// Default `5s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub ha_send_heartbeat_interval: Option<$crate::scenario::units::Millis>,
            /// A replication connection that has been silent for longer is closed. RocketMQ: `haHousekeepingInterval`.
            /// Default `20s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub ha_housekeeping_interval: Option<$crate::scenario::units::Millis>,
            /// Most bytes that are shipped to a slave at once. RocketMQ: `haTransferBatchSize`. Default `32KiB`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub ha_transfer_batch_size: Option<$crate::scenario::units::Bytes>,
            /// A slave that is further behind does not count for `SYNC_MASTER`. RocketMQ: `haSlaveFallbehindMax`. Default
            /// `256MiB`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub ha_slave_fallbehind_max: Option<$crate::scenario::units::Bytes>,
            /// Whether consumers are sent to a slave when a master is under memory pressure. RocketMQ: `slaveReadEnable`.
            /// Default `false`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub slave_read_enable: Option<bool>,
            /// The broker id that consumers are sent to then. RocketMQ: `whichBrokerWhenConsumeSlowly`. Default `1`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub which_broker_when_consume_slowly: Option<u32>,
            /// Whether a slave, too, corrects offsets that it does not have. RocketMQ: `offsetCheckInSlave`. Default
            /// `false`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub offset_check_in_slave: Option<bool>,
            /// How often a slave copies topics, offsets and groups from its master (first after 3 s). RocketMQ: constant.
            /// Default `10s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub slave_sync_interval: Option<$crate::scenario::units::Duration>,
            /// How often the offsets of delayed messages are written to disk (first after 10 s). RocketMQ:
            /// `flushDelayOffsetInterval`. Default `10s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub flush_delay_offset_interval: Option<$crate::scenario::units::Millis>,
            /// How long a broker waits for the answers of the nameservers. RocketMQ: `registerBrokerTimeoutMills`.
            /// Default `6s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub register_broker_timeout_mills: Option<$crate::scenario::units::Millis>,
            /// Threads that handle sends. RocketMQ: `sendMessageThreadPoolNums`. Default `4`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub send_message_thread_pool_nums: Option<u32>,
            /// Sends that may wait for a thread. RocketMQ: `sendThreadPoolQueueCapacity`. Default `10000`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub send_thread_pool_queue_capacity: Option<u32>,
            /// Whether sends that have waited too long are refused with `SYSTEM_BUSY`. RocketMQ:
            /// `brokerFastFailureEnable`. Default `true`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub broker_fast_failure_enable: Option<bool>,
            /// After this time in the queue they are. RocketMQ: `waitTimeMillsInSendQueue`. Default `200ms`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub wait_time_mills_in_send_queue: Option<$crate::scenario::units::Millis>,
            /// While an append has held the lock of the commit log for longer, sends are refused. RocketMQ:
            /// `osPageCacheBusyTimeOutMills`. Default `1s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub os_page_cache_busy_time_out_mills: Option<$crate::scenario::units::Millis>,
            /// Bytes of the disk that others use. Default `0B`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub disk_used: Option<$crate::scenario::units::Bytes>,
            /// Above this percentage of the disk old files are deleted at any hour. RocketMQ: `diskMaxUsedSpaceRatio`.
            /// Default `75`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub disk_max_used_space_ratio: Option<u64>,
            /// Above this percentage files are deleted however young. RocketMQ:
            /// `rocketmq.broker.diskSpaceCleanForciblyRatio`. Default `85`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub disk_space_clean_forcibly_ratio: Option<u64>,
            /// Above this percentage sends are refused. RocketMQ: `rocketmq.broker.diskSpaceWarningLevelRatio`. Default
            /// `90`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub disk_space_warning_level_ratio: Option<u64>,
            /// Files are deleted when they are older. RocketMQ: `fileReservedTime` (there in hours). Default `3d`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub file_reserved_time: Option<$crate::scenario::units::Duration>,
            /// Most queues of a topic that a first send creates. RocketMQ: `defaultTopicQueueNums`. Default `8`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub default_topic_queue_nums: Option<u32>,
            /// Time from the start of the process to its first registration (an assumption about the machine). Default
            /// `0s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub start_delay: Option<$crate::scenario::units::Dist<$crate::scenario::units::Duration>>,
            /// Time that a graceful shutdown takes before the broker unregisters (an assumption about the machine).
            /// Default `1s`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub shutdown_time: Option<$crate::scenario::units::Dist<$crate::scenario::units::Duration>>,
            /// Bytes per second that one replication connection carries. Default: as much as there is.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub ha_bandwidth: Option<$crate::scenario::units::Bandwidth>,
            /// Size of the disk of the store. Default: never full.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub disk_size: Option<$crate::scenario::units::Bytes>,
        }

        impl $crate::scenario::raw::BrokerFields for $name {
            fn consume_queue_size(&self) -> Option<$crate::scenario::units::Bytes> {
                self.mapped_file_size_consume_queue
            }
            fn delay_levels(&self) -> Option<&$crate::scenario::units::DelayLevelText> {
                self.message_delay_level.as_ref()
            }
            fn times(&self) -> [($crate::scenario::raw::MaybeTimes<'_>, &'static str); 3] {
                [
                    (self.flush_time.as_ref(), "flushTime"),
                    (self.start_delay.as_ref(), "startDelay"),
                    (self.shutdown_time.as_ref(), "shutdownTime"),
                ]
            }
            fn role(&self) -> Option<$crate::scenario::raw::BrokerRole> {
                self.broker_role
            }
        }

        $crate::scenario::raw::settings::impl_settings!(
            BrokerSettings, $name, $crate::node::config::BrokerConfig,
            auto_create_topic_enable => auto_create_topic_enable,
            register_name_server_period => register_name_server_period,
            notify_consumer_ids_changed_enable => notify_consumer_ids_changed_enable,
            long_polling_enable => long_polling_enable,
            short_polling_time_mills => short_polling_time,
            flush_consumer_offset_interval => flush_consumer_offset_interval,
            channel_expired_timeout => channel_expired_timeout,
            mapped_file_size_commit_log => mapped_file_size_commit_log,
            physical_memory => physical_memory,
            access_message_in_memory_max_ratio => access_message_in_memory_max_ratio,
            max_transfer_count_on_message_in_memory => max_transfer_count_on_message_in_memory,
            max_transfer_bytes_on_message_in_memory => max_transfer_bytes_on_message_in_memory,
            max_transfer_count_on_message_in_disk => max_transfer_count_on_message_in_disk,
            max_transfer_bytes_on_message_in_disk => max_transfer_bytes_on_message_in_disk,
            message_delay_level => message_delay_level,
            enable_property_filter => enable_property_filter,
            transaction_check_interval => transaction_check_interval,
            transaction_time_out => transaction_time_out,
            transaction_check_max => transaction_check_max,
            broker_role => replication.broker_role,
            flush_disk_type => replication.flush_disk_type,
            flush_interval_commit_log => replication.flush_interval_commit_log,
            flush_commit_log_least_pages => replication.flush_commit_log_least_pages,
            flush_commit_log_thorough_interval => replication.flush_commit_log_thorough_interval,
            sync_flush_timeout => replication.sync_flush_timeout,
            flush_time => replication.flush_time,
            slave_timeout => replication.slave_timeout,
            ha_send_heartbeat_interval => replication.ha_send_heartbeat_interval,
            ha_housekeeping_interval => replication.ha_housekeeping_interval,
            ha_transfer_batch_size => replication.ha_transfer_batch_size,
            ha_slave_fallbehind_max => replication.ha_slave_fallbehind_max,
            slave_read_enable => replication.slave_read_enable,
            which_broker_when_consume_slowly => replication.which_broker_when_consume_slowly,
            offset_check_in_slave => replication.offset_check_in_slave,
            slave_sync_interval => replication.slave_sync_interval,
            flush_delay_offset_interval => replication.flush_delay_offset_interval,
            register_broker_timeout_mills => replication.register_broker_timeout,
            send_message_thread_pool_nums => replication.send_message_thread_pool_nums,
            send_thread_pool_queue_capacity => replication.send_thread_pool_queue_capacity,
            broker_fast_failure_enable => replication.broker_fast_failure_enable,
            wait_time_mills_in_send_queue => replication.wait_time_in_send_queue,
            os_page_cache_busy_time_out_mills => replication.os_page_cache_busy_time_out,
            disk_used => replication.disk_used,
            disk_max_used_space_ratio => replication.disk_max_used_space_ratio,
            disk_space_clean_forcibly_ratio => replication.disk_space_clean_forcibly_ratio,
            disk_space_warning_level_ratio => replication.disk_space_warning_level_ratio,
            file_reserved_time => replication.file_reserved_time,
            default_topic_queue_nums => replication.default_topic_queue_nums,
            start_delay => replication.start_delay,
            shutdown_time => replication.shutdown_time,
            ; ha_bandwidth => replication.ha_bandwidth, disk_size => replication.disk_size
        );
    };
}
pub(crate) use with_broker_settings;
