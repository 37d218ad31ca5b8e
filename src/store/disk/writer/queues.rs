//! Writes the consume queues.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::error::{StoreError, StoreErrorKind};
use super::super::file_name::file_name;
use super::super::queue_entry::{PRE_BLANK, QUEUE_ENTRY_LEN, QueueEntry};
use super::file::{create_full, reopen, write_at};

const UNIT: u64 = QUEUE_ENTRY_LEN as u64;

/// Bytes gathered per queue before its file is opened and written: there may be thousands of queues.
const BUFFER: usize = 8 << 10;

/// Size of the record that stands in for the last expired one of a queue: the smallest there is.
const SMALLEST_RECORD: i64 = 91;

pub(super) struct QueueWriters {
    dir: PathBuf,
    file_size: u64,
    queues: BTreeMap<String, BTreeMap<i32, QueueWriter>>,
}

struct QueueWriter {
    dir: PathBuf,
    /// Where the current file starts, where in it the buffer does, and whether the file exists.
    file_from: u64,
    flushed: u64,
    exists: bool,
    buffer: Vec<u8>,
}

impl QueueWriters {
    pub(super) fn new(dir: PathBuf, file_size: u64) -> Self {
        Self { dir, file_size, queues: BTreeMap::new() }
    }

    fn find(&mut self, topic: &str, queue_id: i32) -> Option<&mut QueueWriter> {
        self.queues.get_mut(topic)?.get_mut(&queue_id)
    }

    fn refuse(&self, topic: &str, queue_id: i32, reason: String) -> StoreError {
        let path = self.dir.join(topic).join(queue_id.to_string());
        StoreError::new(path.display().to_string(), 0, StoreErrorKind::Unwritable(reason))
    }

    /// Whether an entry can come next in a queue.
    pub(super) fn check(&mut self, topic: &str, queue_id: i32, queue_offset: u64) -> Result<(), StoreError> {
        match self.find(topic, queue_id).map(|queue| queue.next_offset()) {
            Some(next) if next != queue_offset => {
                Err(self.refuse(topic, queue_id, format!("queue offset {queue_offset} where {next} comes next")))
            }
            Some(_) => Ok(()),
            None if !is_folder_name(topic) => {
                Err(self.refuse(topic, queue_id, format!("the topic {topic:?} cannot name a folder")))
            }
            None if queue_id < 0 || queue_offset >= (1 << 61) / UNIT => {
                Err(self.refuse(topic, queue_id, format!("queue {queue_id}, offset {queue_offset}")))
            }
            None => Ok(()),
        }
    }

    /// The queue, made if absent so that its next offset is `queue_offset`.
    fn queue(&mut self, topic: &str, queue_id: i32, queue_offset: u64) -> Result<&mut QueueWriter, StoreError> {
        if self.find(topic, queue_id).is_none() {
            let dir = self.dir.join(topic).join(queue_id.to_string());
            let queue = QueueWriter::starting_at(dir, queue_offset, self.file_size)?;
            self.queues.entry(topic.to_owned()).or_default().insert(queue_id, queue);
        }
        Ok(self.find(topic, queue_id).expect("made above"))
    }

    pub(super) fn put(
        &mut self,
        topic: &str,
        queue_id: i32,
        queue_offset: u64,
        entry: QueueEntry,
    ) -> Result<(), StoreError> {
        let file_size = self.file_size;
        self.queue(topic, queue_id, queue_offset)?.put(entry, file_size)
    }

    pub(super) fn keep(
        &mut self,
        topic: &str,
        queue_id: i32,
        next_offset: u64,
        log_start: u64,
    ) -> Result<(), StoreError> {
        self.check(topic, queue_id, next_offset)?;
        if next_offset == 0 || self.find(topic, queue_id).is_some() {
            return Ok(());
        }
        // The last entry must not be a blank: recovery would take its end for the end of what the queue knows.
        let physical_offset = (log_start.cast_signed() - SMALLEST_RECORD).max(0);
        let last = QueueEntry { physical_offset, size: SMALLEST_RECORD as i32, tags_code: 0 };
        self.put(topic, queue_id, next_offset - 1, last)
    }

    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        let file_size = self.file_size;
        self.queues.values_mut().flat_map(BTreeMap::values_mut).try_for_each(|queue| queue.flush(file_size))
    }
}

/// Whether a topic's folder lies where it should. RocketMQ allows no such characters in names.
fn is_folder_name(topic: &str) -> bool {
    !topic.is_empty() && topic != "." && topic != ".." && !topic.contains(['/', '\\', '\0'])
}

impl QueueWriter {
    fn starting_at(dir: PathBuf, queue_offset: u64, file_size: u64) -> Result<Self, StoreError> {
        let at = queue_offset * UNIT;
        let file_from = at - at % file_size;
        let mut queue = Self { dir, file_from, flushed: 0, exists: false, buffer: Vec::new() };
        for _ in 0..(at - file_from) / UNIT {
            queue.put(PRE_BLANK, file_size)?;
        }
        Ok(queue)
    }

    fn next_offset(&self) -> u64 {
        (self.file_from + self.flushed + self.buffer.len() as u64) / UNIT
    }

    fn put(&mut self, entry: QueueEntry, file_size: u64) -> Result<(), StoreError> {
        if self.flushed + self.buffer.len() as u64 == file_size {
            self.flush(file_size)?;
            self.file_from += file_size;
            self.flushed = 0;
            self.exists = false;
        }
        self.buffer.extend_from_slice(&entry.encode());
        if self.buffer.len() >= BUFFER {
            self.flush(file_size)?;
        }
        Ok(())
    }

    fn flush(&mut self, file_size: u64) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let path = self.dir.join(file_name(self.file_from));
        let mut file = if self.exists { reopen(&path)? } else { create_full(&path, file_size)? };
        self.exists = true;
        write_at(&mut file, &path, self.flushed, &self.buffer)?;
        self.flushed += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
