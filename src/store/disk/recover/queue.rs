//! A consume queue's files while a store is opened (`ConsumeQueue`). What is dispatched is kept beside what the files
//! hold.

use super::log::file_offsets;
use crate::store::disk::error::StoreError;
use crate::store::disk::file_name::file_name;
use crate::store::disk::queue_entry::{PRE_BLANK, QUEUE_ENTRY_LEN, QueueEntry};
use crate::store::disk::source::{StoreSource, Window};

const UNIT: i64 = QUEUE_ENTRY_LEN as i64;

/// A file: where it starts, up to where it is written, and what was put on top of its content.
#[derive(Clone, Debug, Default)]
struct QueueFile {
    from: i64,
    wrote: i64,
    on_disk: bool,
    /// Blank entries at the file's start, put before a late first entry.
    blanks: i64,
    /// Entries put since the store was opened, and where in the file the first of them lies. Dropped when the file is
    /// neither the first nor the last: nobody looks at those.
    put: Vec<QueueEntry>,
    put_at: i64,
}

/// The files of a queue in the order of their offsets.
pub(super) struct QueueModel {
    dir: String,
    file_size: i64,
    files: Vec<QueueFile>,
    max_physical: i64,
    min_logic: i64,
}

impl QueueModel {
    pub(super) fn empty(dir: String, file_size: u64) -> Self {
        Self { dir, file_size: file_size.cast_signed(), files: Vec::new(), max_physical: -1, min_logic: 0 }
    }

    pub(super) fn load(source: &dyn StoreSource, dir: String, file_size: u64) -> Result<Option<Self>, StoreError> {
        let Some(offsets) = file_offsets(source, &dir, file_size)? else { return Ok(None) };
        let mut queue = Self::empty(dir, file_size);
        let wrote = queue.file_size;
        let file = |from| QueueFile { from, wrote, on_disk: true, ..QueueFile::default() };
        queue.files = offsets.into_iter().map(file).collect();
        Ok(Some(queue))
    }

    pub(super) const fn max_physical(&self) -> i64 {
        self.max_physical
    }

    pub(super) const fn min_offset(&self) -> i64 {
        self.min_logic / UNIT
    }

    pub(super) fn max_offset(&self) -> i64 {
        self.files.last().map_or(0, |file| file.from + file.wrote) / UNIT
    }

    /// Reads the entries of a file in order until `each` says to stop, or the file's end.
    fn scan(
        &self,
        source: &dyn StoreSource,
        index: usize,
        mut each: impl FnMut(i64, QueueEntry) -> bool,
    ) -> Result<(), StoreError> {
        let file = &self.files[index];
        let path = format!("{}/{}", self.dir, file_name(file.from.cast_unsigned()));
        let failed = |error| StoreError::new(path.clone(), 0, error);
        let mut window = match file.on_disk {
            true => Some(source.open(&path).and_then(Window::new).map_err(failed)?),
            false => None,
        };
        for at in (0..self.file_size / UNIT).map(|entry| entry * UNIT) {
            let put = usize::try_from((at - file.put_at) / UNIT).ok().filter(|_| at >= file.put_at);
            let entry = match (put.and_then(|put| file.put.get(put)), &mut window) {
                (Some(entry), _) => *entry,
                (None, _) if at < file.blanks => PRE_BLANK,
                (None, Some(window)) => {
                    let bytes = window.bytes(at.cast_unsigned(), QUEUE_ENTRY_LEN).map_err(failed)?;
                    QueueEntry::decode(bytes.first_chunk().unwrap_or(&[0; QUEUE_ENTRY_LEN]))
                }
                (None, None) => QueueEntry::decode(&[0; QUEUE_ENTRY_LEN]),
            };
            if !each(at, entry) {
                break;
            }
        }
        Ok(())
    }

    /// Finds the end of the last files' entries (`ConsumeQueue#recover`).
    pub(super) fn recover(&mut self, source: &dyn StoreSource) -> Result<(), StoreError> {
        if self.files.is_empty() {
            return Ok(());
        }
        let mut max_physical = self.max_physical;
        let mut end = 0;
        for index in self.files.len().saturating_sub(3)..self.files.len() {
            let mut wrote = 0;
            self.scan(source, index, |at, entry| {
                if entry.is_valid() {
                    wrote = at + UNIT;
                    max_physical = entry.end();
                }
                entry.is_valid()
            })?;
            end = self.files[index].from + wrote;
            if wrote != self.file_size {
                break;
            }
        }
        self.max_physical = max_physical;
        let size = self.file_size;
        self.files.retain_mut(|file| {
            if file.from + size > end && end >= file.from {
                file.wrote = end % size;
            }
            file.from + size <= end || end >= file.from
        });
        Ok(())
    }

    /// Drops the entries of records at `physical` and behind it (`ConsumeQueue#truncateDirtyLogicFiles`).
    pub(super) fn truncate_dirty(&mut self, source: &dyn StoreSource, physical: i64) -> Result<(), StoreError> {
        self.max_physical = physical;
        while let Some(index) = self.files.len().checked_sub(1) {
            let (mut wrote, mut max_physical) = (0, self.max_physical);
            self.scan(source, index, |at, entry| {
                // The first entry counts as it is, without a look at its size.
                let keep = entry.physical_offset < physical && (at == 0 || entry.is_valid());
                if keep {
                    wrote = at + UNIT;
                    max_physical = entry.end();
                }
                keep
            })?;
            self.max_physical = max_physical;
            if wrote == 0 {
                self.files.pop();
                continue;
            }
            self.files[index].wrote = wrote;
            break;
        }
        Ok(())
    }

    /// Appends an entry (`ConsumeQueue#putMessagePositionInfo`). One that is there already is left out; one that does
    /// not follow the last is appended all the same.
    pub(super) fn put(&mut self, source: &dyn StoreSource, entry: QueueEntry, offset: i64) -> Result<(), StoreError> {
        let expected = offset.wrapping_mul(UNIT);
        // An offset that no file could have comes from a damaged record.
        let possible = (0..1 << 62).contains(&offset.saturating_mul(UNIT)) && self.file_size >= UNIT;
        if entry.end() <= self.max_physical || !possible {
            return Ok(());
        }
        let first = self.files.is_empty();
        let from = match self.files.last() {
            None => Some(expected - expected % self.file_size),
            Some(last) if last.wrote >= self.file_size => Some(last.from + self.file_size),
            Some(_) => None,
        };
        if let Some(from) = from {
            self.forget_middle();
            // The file may be there still, after an earlier one was missing.
            let on_disk = source.exists(&format!("{}/{}", self.dir, file_name(from.cast_unsigned())));
            self.files.push(QueueFile { from, on_disk, ..QueueFile::default() });
        }
        let Some(file) = self.files.last_mut() else { return Ok(()) };
        if first && offset != 0 && file.wrote == 0 {
            self.min_logic = expected;
            file.blanks = expected % self.file_size;
            file.wrote = file.blanks;
        }
        if offset != 0 && expected < file.wrote + file.from {
            return Ok(());
        }
        if file.put.is_empty() {
            file.put_at = file.wrote;
        }
        file.put.push(entry);
        file.wrote += UNIT;
        self.max_physical = entry.end();
        Ok(())
    }

    /// Drops what was put into the last file when another one follows, unless it is also the first.
    fn forget_middle(&mut self) {
        if self.files.len() > 1
            && let Some(last) = self.files.last_mut()
        {
            last.put = Vec::new();
        }
    }

    /// Finds the first entry whose record is still there (`ConsumeQueue#correctMinOffset`); without one in the first
    /// file the minimum stays.
    pub(super) fn correct_min_offset(&mut self, source: &dyn StoreSource, log_min: i64) -> Result<(), StoreError> {
        let Some(first) = self.files.first() else { return Ok(()) };
        let (from, wrote) = (first.from, first.wrote);
        let mut found = None;
        self.scan(source, 0, |at, entry| {
            if at < wrote && entry.physical_offset >= log_min {
                found = Some(from + at);
            }
            at < wrote && found.is_none()
        })?;
        self.min_logic = found.unwrap_or(self.min_logic);
        Ok(())
    }
}
