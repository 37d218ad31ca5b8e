//! Writes a store as a broker would leave it: log, queues, index, checkpoint, and `abort` after a kill.

mod file;
mod index;
mod log;
mod queues;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use self::file::io_error;
use self::index::IndexWriter;
use self::log::LogWriter;
use self::queues::QueueWriters;
use super::checkpoint::Checkpoint;
use super::dispatch;
use super::error::{StoreError, StoreErrorKind};
use super::host::Host;
use super::index_file::IndexSizes;
use super::queue_entry::{QUEUE_ENTRY_LEN, QueueEntry};
use super::sys_flag;
use crate::store::delay::DelayLevels;

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
    fn check(&self) -> Result<(), String> {
        let most = u64::from(i32::MAX.unsigned_abs());
        let unit = QUEUE_ENTRY_LEN as u64;
        if !(128..=most).contains(&self.commit_log_file_size) {
            return Err(format!("mappedFileSizeCommitLog {} is not within 128 to {most}", self.commit_log_file_size));
        }
        // With one entry a file, RocketMQ's recovery does not end.
        let queue = self.consume_queue_file_size;
        if queue % unit != 0 || !(2 * unit..=most).contains(&queue) {
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
    /// Bytes made up for a body that is known only by its size ([`super::body::fill_body`]).
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
    /// See [`sys_flag`]; the bits of the hosts' address families come of themselves.
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
    /// The properties text, 32,767 bytes at most ([`super::properties`]).
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

/// Writes a store record by record, through buffers of bounded size. Files get their full length at once and take up
/// space only where something is written, on file systems that can do so.
pub struct StoreWriter {
    root: PathBuf,
    levels: DelayLevels,
    log: LogWriter,
    queues: QueueWriters,
    index: IndexWriter,
    records: u64,
    last_store_timestamp: i64,
}

impl StoreWriter {
    /// Starts a store in `root`, which is created if absent and must hold no store yet. `first_offset` is where the log
    /// begins: the start of a file, above 0 if earlier files have expired.
    ///
    /// # Errors
    /// If the folder holds a store, a size makes no sense, or something cannot be written.
    pub fn create(root: &Path, sizes: StoreSizes, levels: DelayLevels, first_offset: u64) -> Result<Self, StoreError> {
        let unwritable =
            |reason: String| StoreError::new(root.display().to_string(), 0, StoreErrorKind::Unwritable(reason));
        sizes.check().map_err(unwritable)?;
        if first_offset % sizes.commit_log_file_size != 0 || first_offset >= 1 << 61 {
            return Err(unwritable(format!("the log cannot start at {first_offset}: no file starts there")));
        }
        for part in ["commitlog", "consumequeue", "index", "checkpoint", "abort"] {
            if root.join(part).exists() {
                return Err(unwritable(format!("there is a store already: {part} exists")));
            }
        }
        fs::create_dir_all(root).map_err(|error| io_error(root, error))?;
        Ok(Self {
            root: root.to_owned(),
            levels,
            log: LogWriter::new(root.join("commitlog"), sizes.commit_log_file_size, first_offset),
            queues: QueueWriters::new(root.join("consumequeue"), sizes.consume_queue_file_size),
            index: IndexWriter::new(root.join("index"), sizes.index),
            records: 0,
            last_store_timestamp: 0,
        })
    }

    /// Appends a record to log, queue and index and says where it lies. Records come in the order of the log.
    ///
    /// # Errors
    /// If a part is too long for its field or the record for a file, if the queue offset does not follow the last one of
    /// its queue, or if something cannot be written.
    pub fn append(&mut self, facts: &RecordFacts<'_>) -> Result<u64, StoreError> {
        let queued = sys_flag::is_queued(facts.sys_flag);
        if queued {
            self.queues.check(facts.topic, facts.queue_id, facts.queue_offset)?;
        }
        let (offset, size) = self.log.append(facts, if queued { facts.queue_offset } else { 0 })?;
        if queued {
            let tags_code = dispatch::tags_code(facts.topic, facts.properties, facts.store_timestamp, &self.levels);
            let entry = QueueEntry {
                physical_offset: offset.cast_signed(),
                size: size as i32,
                tags_code: tags_code.unwrap_or(0),
            };
            self.queues.put(facts.topic, facts.queue_id, facts.queue_offset, entry)?;
        }
        self.index.put(facts, offset.cast_signed())?;
        self.records += 1;
        self.last_store_timestamp = facts.store_timestamp;
        Ok(offset)
    }

    /// Makes sure that a queue's next offset is `next_offset` although none of its records is left in the log. A queue
    /// that has entries must have that many already; one that starts at 0 has no files until its first message.
    ///
    /// # Errors
    /// If the queue has another next offset, or something cannot be written.
    pub fn keep_queue(&mut self, topic: &str, queue_id: i32, next_offset: u64) -> Result<(), StoreError> {
        self.queues.keep(topic, queue_id, next_offset, self.log.first_offset())
    }

    /// Writes what is still buffered, the checkpoint and, after a kill, `abort`.
    ///
    /// # Errors
    /// If something cannot be written.
    pub fn finish(mut self, ending: Ending) -> Result<Written, StoreError> {
        let log_end = self.log.finish()?;
        self.queues.finish()?;
        let index_msg_timestamp = self.index.finish()?;
        let checkpoint = ending.checkpoint.unwrap_or(Checkpoint {
            physic_msg_timestamp: self.last_store_timestamp,
            logics_msg_timestamp: self.last_store_timestamp,
            index_msg_timestamp,
        });
        let write = |name: &str, bytes: &[u8]| {
            let path = self.root.join(name);
            fs::write(&path, bytes).map_err(|error| io_error(&path, error))
        };
        write("checkpoint", &checkpoint.encode())?;
        if ending.killed {
            write("abort", &[])?;
        }
        Ok(Written { log_end, records: self.records, checkpoint })
    }
}
