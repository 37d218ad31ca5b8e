//! The files of a log or queue directory, and records looked up by their physical offset.

use super::super::error::StoreError;
use super::super::file_name::{file_name, offset_of};
use super::super::queue_entry::QueueEntry;
use super::super::record::{MESSAGE_MAGIC, MESSAGE_MAGIC_V2};
use super::super::source::{ReadAt, StoreSource};

/// A file whose name is an offset.
pub(super) struct OffsetFile {
    pub(super) path: String,
    pub(super) from: u64,
    pub(super) len: u64,
}

/// The files of a directory whose names are offsets, in their order; other files are none of RocketMQ's.
pub(super) fn offset_files(source: &dyn StoreSource, dir: &str) -> Result<Vec<OffsetFile>, StoreError> {
    let mut files = Vec::new();
    for entry in source.list(dir).map_err(|error| StoreError::new(dir, 0, error))? {
        let Some(from) = offset_of(&entry.name).filter(|_| !entry.is_dir) else { continue };
        let path = format!("{dir}/{}", entry.name);
        let len = source.open(&path).and_then(|file| file.file_len());
        let len = len.map_err(|error| StoreError::new(path.as_str(), 0, error))?;
        files.push(OffsetFile { path, from, len });
    }
    Ok(files)
}

/// Looks up what consume queue entries point at.
pub(super) struct LogLookup<'a> {
    source: &'a dyn StoreSource,
    min: u64,
    end: u64,
    file_size: u64,
    open: Option<(u64, Box<dyn ReadAt + 'a>)>,
}

/// Bytes of a record up to the physical offset.
const HEAD_LEN: usize = 36;

impl<'a> LogLookup<'a> {
    /// `None` for a store without a log.
    pub(super) fn new(source: &'a dyn StoreSource) -> Result<Option<Self>, StoreError> {
        let files = offset_files(source, "commitlog")?;
        let file_size = files.iter().map(|file| file.len).max().unwrap_or(0);
        let (Some(first), Some(last)) = (files.first(), files.last()) else { return Ok(None) };
        let (min, end) = (first.from, last.from + last.len);
        Ok((file_size > 0).then_some(Self { source, min, end, file_size, open: None }))
    }

    /// Why the record of an entry is not where it says; `None` if it is, or if it expired.
    pub(super) fn why_not(
        &mut self,
        entry: &QueueEntry,
        queue_id: i32,
        queue_offset: u64,
    ) -> Result<Option<String>, StoreError> {
        let at = entry.physical_offset.cast_unsigned();
        if at < self.min {
            return Ok(None);
        }
        if entry.end().cast_unsigned() > self.end {
            return Ok(Some(format!("the log ends at {}", self.end)));
        }
        let mut head = [0; HEAD_LEN];
        if !self.read(at, &mut head)? {
            return Ok(Some("no log file has it".to_owned()));
        }
        let int = |at: usize| head[at..].first_chunk().map_or(0, |bytes| i32::from_be_bytes(*bytes));
        let offset = head[20..].first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
        if !matches!(int(4).cast_unsigned(), MESSAGE_MAGIC | MESSAGE_MAGIC_V2) {
            return Ok(Some(format!("magic code {:#010X}", int(4))));
        }
        if int(0) != entry.size {
            return Ok(Some(format!("the record has {} bytes, the entry says {}", int(0), entry.size)));
        }
        if (int(12), offset.cast_unsigned()) != (queue_id, queue_offset) {
            return Ok(Some(format!("the record belongs to queue {}, offset {offset}", int(12))));
        }
        Ok(None)
    }

    fn read(&mut self, at: u64, out: &mut [u8]) -> Result<bool, StoreError> {
        let from = at - at % self.file_size;
        let path = || format!("commitlog/{}", file_name(from));
        if self.open.as_ref().is_none_or(|(open, _)| *open != from) {
            if !self.source.exists(&path()) {
                return Ok(false);
            }
            let file = self.source.open(&path()).map_err(|error| StoreError::new(path(), 0, error))?;
            self.open = Some((from, file));
        }
        let Some((_, file)) = &self.open else { return Ok(false) };
        let read = file.read_at(at - from, out).map_err(|error| StoreError::new(path(), at - from, error))?;
        Ok(read == out.len())
    }
}
