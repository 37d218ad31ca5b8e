//! Writes the commit log.

use std::fs::File;
use std::path::PathBuf;

use super::super::body::fill_body;
use super::super::error::{StoreError, StoreErrorKind};
use super::super::file_name::file_name;
use super::super::record::{
    END_FILE_MIN_BLANK_LEN, MAX_PROPERTIES_LEN, MAX_TOPIC_LEN, Record, RecordVersion, blank, body_crc, host_flags,
};
use super::file::{create_full, write_at};
use super::{Body, RecordFacts};

/// Bytes gathered before they are written.
const BUFFER: usize = 4 << 20;

/// Where a record's CRC lies.
const CRC_AT: usize = 8;

pub(super) struct LogWriter {
    dir: PathBuf,
    file_size: u64,
    first_offset: u64,
    file: Option<File>,
    /// Where the current file starts, and where in it the buffer does.
    file_from: u64,
    flushed: u64,
    buffer: Vec<u8>,
}

impl LogWriter {
    pub(super) fn new(dir: PathBuf, file_size: u64, first_offset: u64) -> Self {
        let buffer = Vec::with_capacity(BUFFER + (1 << 16));
        Self { dir, file_size, first_offset, file: None, file_from: first_offset, flushed: 0, buffer }
    }

    pub(super) const fn first_offset(&self) -> u64 {
        self.first_offset
    }

    fn path(&self) -> PathBuf {
        self.dir.join(file_name(self.file_from))
    }

    fn refuse(&self, reason: String) -> StoreError {
        let position = self.flushed + self.buffer.len() as u64;
        StoreError::new(self.path().display().to_string(), position, StoreErrorKind::Unwritable(reason))
    }

    /// Appends a record; its physical offset and size.
    pub(super) fn append(&mut self, facts: &RecordFacts<'_>, queue_offset: u64) -> Result<(u64, usize), StoreError> {
        if facts.topic.len() > MAX_TOPIC_LEN {
            return Err(self.refuse(format!("a topic of {} bytes; {MAX_TOPIC_LEN} at most", facts.topic.len())));
        }
        if facts.properties.len() > MAX_PROPERTIES_LEN {
            let len = facts.properties.len();
            return Err(self.refuse(format!("properties of {len} bytes; {MAX_PROPERTIES_LEN} at most")));
        }
        let mut record = Record {
            version: RecordVersion::V1,
            body_crc: 0,
            queue_id: facts.queue_id,
            flag: facts.flag,
            queue_offset: queue_offset.cast_signed(),
            physical_offset: 0,
            sys_flag: facts.sys_flag | host_flags(&facts.born_host, &facts.store_host),
            born_timestamp: facts.born_timestamp,
            born_host: facts.born_host,
            store_timestamp: facts.store_timestamp,
            store_host: facts.store_host,
            reconsume_times: facts.reconsume_times,
            prepared_transaction_offset: facts.prepared_transaction_offset,
            body: &[],
            topic: facts.topic.as_bytes(),
            properties: facts.properties.as_bytes(),
        };
        let size = record.size() + facts.body.len();
        self.make_room(size as u64)?;
        let offset = self.file_from + self.flushed + self.buffer.len() as u64;
        record.physical_offset = offset.cast_signed();
        let start = self.buffer.len();
        record.encode_head(size, facts.body.len(), &mut self.buffer);
        let body_at = self.buffer.len();
        match facts.body {
            Body::Bytes(bytes) => self.buffer.extend_from_slice(bytes),
            Body::Filled { seed, len } => fill_body(seed, len as usize, &mut self.buffer),
        }
        let crc = body_crc(&self.buffer[body_at..]);
        self.buffer[start + CRC_AT..start + CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
        record.encode_tail(&mut self.buffer);
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok((offset, size))
    }

    /// Goes on in the next file if the record and a blank behind it do not fit into this one.
    fn make_room(&mut self, size: u64) -> Result<(), StoreError> {
        let needed = size + END_FILE_MIN_BLANK_LEN;
        if needed > self.file_size {
            let most = self.file_size - END_FILE_MIN_BLANK_LEN;
            return Err(self.refuse(format!("a record of {size} bytes; a file of this size takes {most} at most")));
        }
        let left = self.file_size - self.flushed - self.buffer.len() as u64;
        if needed > left {
            self.buffer.extend_from_slice(&blank(left as u32));
            self.flush()?;
            self.file = None;
            self.file_from += self.file_size;
            self.flushed = 0;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let path = self.path();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(create_full(&path, self.file_size)?),
        };
        write_at(file, &path, self.flushed, &self.buffer)?;
        self.flushed += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes the rest; where the log ends. A log without records has a file only if earlier ones expired.
    pub(super) fn finish(&mut self) -> Result<u64, StoreError> {
        if !self.buffer.is_empty() || (self.file_from > 0 && self.file.is_none()) {
            self.flush()?;
        }
        Ok(self.file_from + self.flushed)
    }
}
