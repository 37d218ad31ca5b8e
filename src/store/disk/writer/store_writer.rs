//! The writer of a whole store.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::checkpoint::Checkpoint;
use super::super::dispatch::DispatchProperties;
use super::super::error::{StoreError, StoreErrorKind};
use super::super::queue_entry::QueueEntry;
use super::super::sys_flag;
use super::facts::{Ending, RecordFacts, StoreSizes, Written};
use super::file::io_error;
use super::index::IndexWriter;
use super::log::LogWriter;
use super::queues::QueueWriters;
use crate::store::delay::DelayLevels;

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
        if !first_offset.is_multiple_of(sizes.commit_log_file_size) || first_offset >= 1 << 61 {
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
        let properties = DispatchProperties::of(facts.properties);
        let (offset, size) = self.log.append(facts, if queued { facts.queue_offset } else { 0 })?;
        if queued {
            let tags_code = properties.tags_code(facts.topic, facts.store_timestamp, &self.levels);
            let entry = QueueEntry {
                physical_offset: offset.cast_signed(),
                size: size as i32,
                tags_code: tags_code.unwrap_or(0),
            };
            self.queues.put(facts.topic, facts.queue_id, facts.queue_offset, entry)?;
        }
        self.index.put(facts, &properties, offset.cast_signed())?;
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
