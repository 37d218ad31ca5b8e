//! The settings of a broker that decide what a failure costs: replication, flushing, load and disk (`MessageStoreConfig`,
//! `BrokerConfig`).

use serde::Serialize;

use crate::kernel::dist::Distribution;
use crate::kernel::time::SimDuration;

/// What a broker process is among those of its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// `ASYNC_MASTER`: answers as soon as a message is stored here.
    #[default]
    AsyncMaster,
    /// `SYNC_MASTER`: answers when a slave has it, or says that none has.
    SyncMaster,
    /// `SLAVE`.
    Slave,
    /// Member of a Raft group (`enableDLegerCommitLog`): master while it leads.
    Dledger,
}

/// `flushDiskType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FlushDiskType {
    /// `ASYNC_FLUSH`.
    #[default]
    AsyncFlush,
    /// `SYNC_FLUSH`.
    SyncFlush,
}

/// Replication, flush, load and disk settings of a broker.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplicationConfig {
    /// `brokerRole`. ASYNC_MASTER.
    pub broker_role: Role,
    /// `flushDiskType`. ASYNC_FLUSH.
    pub flush_disk_type: FlushDiskType,
    /// `flushIntervalCommitLog`. 500 ms.
    pub flush_interval_commit_log: SimDuration,
    /// `flushCommitLogLeastPages`, pages of 4 KiB. 4.
    pub flush_commit_log_least_pages: u64,
    /// `flushCommitLogThoroughInterval`. 10 s.
    pub flush_commit_log_thorough_interval: SimDuration,
    /// `syncFlushTimeout`. 5 s.
    pub sync_flush_timeout: SimDuration,
    /// Time one flush of the commit log takes. 1 ms.
    pub flush_time: Distribution,
    /// `slaveTimeout`: how long a SYNC_MASTER waits for a slave. 3 s.
    pub slave_timeout: SimDuration,
    /// `haSendHeartbeatInterval`. 5 s.
    pub ha_send_heartbeat_interval: SimDuration,
    /// `haHousekeepingInterval`. 20 s.
    pub ha_housekeeping_interval: SimDuration,
    /// `haTransferBatchSize`, bytes. 32 KiB.
    pub ha_transfer_batch_size: u64,
    /// `haSlaveFallbehindMax`, bytes. 256 MiB.
    pub ha_slave_fallbehind_max: u64,
    /// Bytes per second that one replication connection carries; `None`: as much as there is.
    pub ha_bandwidth: Option<u64>,
    /// `slaveReadEnable`. false.
    pub slave_read_enable: bool,
    /// `whichBrokerWhenConsumeSlowly` of the subscription groups. 1.
    pub which_broker_when_consume_slowly: u32,
    /// `offsetCheckInSlave`. false.
    pub offset_check_in_slave: bool,
    /// Period of `SlaveSynchronize#syncAll` (first run after 3 s). 10 s.
    pub slave_sync_interval: SimDuration,
    /// `flushDelayOffsetInterval` (first run after 10 s). 10 s.
    pub flush_delay_offset_interval: SimDuration,
    /// `registerBrokerTimeoutMills`. 6 s.
    pub register_broker_timeout: SimDuration,
    /// `sendMessageThreadPoolNums`: min(processors, 4). 4.
    pub send_message_thread_pool_nums: u32,
    /// `sendThreadPoolQueueCapacity`. 10,000.
    pub send_thread_pool_queue_capacity: u32,
    /// `brokerFastFailureEnable`. true.
    pub broker_fast_failure_enable: bool,
    /// `waitTimeMillsInSendQueue`. 200 ms.
    pub wait_time_in_send_queue: SimDuration,
    /// `osPageCacheBusyTimeOutMills`. 1 s.
    pub os_page_cache_busy_time_out: SimDuration,
    /// Bytes of the disk that the store lies on; `None`: never full.
    pub disk_size: Option<u64>,
    /// Bytes of it in use by others at the start of the run.
    pub disk_used: u64,
    /// `diskMaxUsedSpaceRatio`, percent. 75.
    pub disk_max_used_space_ratio: u64,
    /// `rocketmq.broker.diskSpaceCleanForciblyRatio`, percent. 85.
    pub disk_space_clean_forcibly_ratio: u64,
    /// `rocketmq.broker.diskSpaceWarningLevelRatio`, percent. 90.
    pub disk_space_warning_level_ratio: u64,
    /// `fileReservedTime`. 72 h.
    pub file_reserved_time: SimDuration,
    /// `defaultTopicQueueNums`: most queues of a topic that is created by a first send. 8.
    pub default_topic_queue_nums: u32,
    /// Time from the start of the process to its first registration. 0.
    pub start_delay: Distribution,
    /// Time that a graceful shutdown takes between closing the connections and the unregistration (store shutdown). 1 s.
    pub shutdown_time: Distribution,
}

impl Default for ReplicationConfig {
    fn default() -> Self {
        Self {
            broker_role: Role::AsyncMaster,
            flush_disk_type: FlushDiskType::AsyncFlush,
            flush_interval_commit_log: SimDuration::from_millis(500),
            flush_commit_log_least_pages: 4,
            flush_commit_log_thorough_interval: SimDuration::from_secs(10),
            sync_flush_timeout: SimDuration::from_secs(5),
            flush_time: Distribution::constant_duration(SimDuration::from_millis(1)),
            slave_timeout: SimDuration::from_secs(3),
            ha_send_heartbeat_interval: SimDuration::from_secs(5),
            ha_housekeeping_interval: SimDuration::from_secs(20),
            ha_transfer_batch_size: 32 << 10,
            ha_slave_fallbehind_max: 256 << 20,
            ha_bandwidth: None,
            slave_read_enable: false,
            which_broker_when_consume_slowly: 1,
            offset_check_in_slave: false,
            slave_sync_interval: SimDuration::from_secs(10),
            flush_delay_offset_interval: SimDuration::from_secs(10),
            register_broker_timeout: SimDuration::from_secs(6),
            send_message_thread_pool_nums: 4,
            send_thread_pool_queue_capacity: 10_000,
            broker_fast_failure_enable: true,
            wait_time_in_send_queue: SimDuration::from_millis(200),
            os_page_cache_busy_time_out: SimDuration::from_secs(1),
            disk_size: None,
            disk_used: 0,
            disk_max_used_space_ratio: 75,
            disk_space_clean_forcibly_ratio: 85,
            disk_space_warning_level_ratio: 90,
            file_reserved_time: SimDuration::from_secs(72 * 3600),
            default_topic_queue_nums: 8,
            start_delay: Distribution::constant_duration(SimDuration::ZERO),
            shutdown_time: Distribution::constant_duration(SimDuration::from_secs(1)),
        }
    }
}
