//! What a store is written from.

use super::super::checkpoint::Checkpoint;
use super::super::host::Host;
use super::super::index_file::IndexSizes;
use super::super::queue_entry::QUEUE_ENTRY_LEN;

/// Sizes of a store's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSizes {
    /// `mappedFileSizeCommitLog`, bytes. 1 GiB.
    pub commit_log_file_size: u64,
    /// `mappedFileSizeConsumeQueue`, bytes; a multiple of 20. 6,000,000.
    pub consume_queue_file_size: u64,
    /// `maxHashSlotNum` and `maxIndexNum`.
    pub index: IndexSizes,
}

impl Default for StoreSizes {
    fn default() -> Self {
        Self { commit_log_file_size: 1 << 30, consume_queue_file_size: 6_000_000, index: IndexSizes::default() }
    }
}

impl StoreSizes {
    /// What no broker can run with: RocketMQ counts in Java's `int`.
    pub(super) fn check(&self) -> Result<(), String> {
        let most = u64::from(i32::MAX.unsigned_abs());
        let unit = QUEUE_ENTRY_LEN as u64;
        if !(128..=most).contains(&self.commit_log_file_size) {
            return Err(format!("mappedFileSizeCommitLog {} is not within 128 to {most}", self.commit_log_file_size));
        }
        // With one entry a file, RocketMQ's recovery does not end.
        let queue = self.consume_queue_file_size;
        if !queue.is_multiple_of(unit) || !(2 * unit..=most).contains(&queue) {
            return Err(format!("mappedFileSizeConsumeQueue {queue} is not a multiple of {unit} within 40 to {most}"));
        }
        if self.index.hash_slots == 0 || self.index.entries < 2 || self.index.file_len() > most {
            return Err(format!(
                "maxHashSlotNum {} with maxIndexNum {}: at least 1 and 2, and the file at most {most} bytes",
                self.index.hash_slots, self.index.entries
            ));
        }
        Ok(())
    }
}

/// The body of a record to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// Bytes made up for a body that is known only by its size ([`fill_body`](super::super::body::fill_body)).
    Filled {
        /// What they depend on.
        seed: u64,
        /// How many.
        len: u32,
    },
}

impl Body<'_> {
    /// Bytes of the body.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Filled { len, .. } => *len as usize,
        }
    }

    /// Whether the body has no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a record is written from; its physical offset, size and CRC come of themselves.
#[derive(Clone, Copy, Debug)]
pub struct RecordFacts<'a> {
    /// The topic, 127 bytes at most.
    pub topic: &'a str,
    /// The queue id.
    pub queue_id: i32,
    /// The offset in the queue. Prepared and rolled-back messages have none; it is written as 0.
    pub queue_offset: u64,
    /// The producer's flag.
    pub flag: i32,
    /// See [`sys_flag`](super::super::sys_flag); the bits of the hosts' address families come of themselves.
    pub sys_flag: i32,
    /// Milliseconds since 1970.
    pub born_timestamp: i64,
    /// The producer.
    pub born_host: Host,
    /// Milliseconds since 1970.
    pub store_timestamp: i64,
    /// The broker.
    pub store_host: Host,
    /// How often the message was returned.
    pub reconsume_times: i32,
    /// Physical offset of a committed message's half message.
    pub prepared_transaction_offset: i64,
    /// The properties text, 32,767 bytes at most ([`properties`](super::super::properties)).
    pub properties: &'a str,
    /// The body.
    pub body: Body<'a>,
}

/// How the broker ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// The process was killed: `abort` stays.
    pub killed: bool,
    /// What the checkpoint says. Without it: log and queues up to the last record, the index up to the last full file.
    pub checkpoint: Option<Checkpoint>,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where the log ends.
    pub log_end: u64,
    /// Records.
    pub records: u64,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}
