//! The settings of one broker's store, under RocketMQ's names and with its defaults (`MessageStoreConfig`).

/// `brokerRole`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrokerRole {
    /// `ASYNC_MASTER`, the default.
    #[default]
    AsyncMaster,
    /// `SYNC_MASTER`.
    SyncMaster,
    /// `SLAVE`.
    Slave,
}

/// What decides positions, visibility and read limits of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// `mappedFileSizeCommitLog`, bytes. 1 GiB.
    pub mapped_file_size_commit_log: u64,
    /// `mappedFileSizeConsumeQueue` in entries of 20 bytes. 300,000.
    pub consume_queue_file_entries: u64,
    /// Physical memory of the host, bytes. 16 GiB.
    pub physical_memory: u64,
    /// `accessMessageInMemoryMaxRatio`, percent of the physical memory. 40.
    pub access_message_in_memory_max_ratio: u64,
    /// `maxTransferCountOnMessageInMemory`. 32.
    pub max_transfer_count_on_message_in_memory: u32,
    /// `maxTransferBytesOnMessageInMemory`. 256 KiB.
    pub max_transfer_bytes_on_message_in_memory: u64,
    /// `maxTransferCountOnMessageInDisk`. 8.
    pub max_transfer_count_on_message_in_disk: u32,
    /// `maxTransferBytesOnMessageInDisk`. 64 KiB.
    pub max_transfer_bytes_on_message_in_disk: u64,
    /// `brokerRole`. Master.
    pub broker_role: BrokerRole,
    /// `offsetCheckInSlave`: whether a slave corrects offsets out of range. false.
    pub offset_check_in_slave: bool,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            mapped_file_size_commit_log: 1 << 30,
            consume_queue_file_entries: 300_000,
            physical_memory: 16 << 30,
            access_message_in_memory_max_ratio: 40,
            max_transfer_count_on_message_in_memory: 32,
            max_transfer_bytes_on_message_in_memory: 256 << 10,
            max_transfer_count_on_message_in_disk: 8,
            max_transfer_bytes_on_message_in_disk: 64 << 10,
            broker_role: BrokerRole::AsyncMaster,
            offset_check_in_slave: false,
        }
    }
}

impl StoreConfig {
    /// How many bytes behind the commit log's end a record may lie and still count as in memory
    /// (`DefaultMessageStore#checkInDiskByCommitOffset`).
    #[must_use]
    pub fn in_memory_bytes(&self) -> u64 {
        (self.physical_memory as f64 * (self.access_message_in_memory_max_ratio as f64 / 100.0)) as u64
    }

    /// Whether an offset out of range is answered with a valid one (`DefaultMessageStore#nextOffsetCorrection`).
    #[must_use]
    pub fn corrects_offsets(&self) -> bool {
        self.broker_role != BrokerRole::Slave || self.offset_check_in_slave
    }
}
