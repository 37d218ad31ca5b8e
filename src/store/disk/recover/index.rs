//! The index files while a store is opened (`IndexService`): their headers, and how many entries are added again.

use crate::store::disk::dispatch::DispatchProperties;
use crate::store::disk::error::StoreError;
use crate::store::disk::index_file::{IndexHeader, IndexReader, IndexSizes};
use crate::store::disk::record::Record;
use crate::store::disk::source::StoreSource;
use crate::store::disk::sys_flag;

/// The headers of the files, oldest first.
pub(super) struct IndexModel {
    sizes: IndexSizes,
    headers: Vec<IndexHeader>,
}

impl IndexModel {
    /// Loads the files (`IndexService#load`). After an unclean exit `latest` is the index time of the checkpoint, and
    /// files that go further are deleted.
    pub(super) fn load(source: &dyn StoreSource, sizes: IndexSizes, latest: Option<i64>) -> Result<Self, StoreError> {
        let mut headers = Vec::new();
        let entries = source.list("index").map_err(|error| StoreError::new("index", 0, error))?;
        for entry in entries.into_iter().filter(|entry| !entry.is_dir) {
            let path = format!("index/{}", entry.name);
            let reader = source.open(&path).and_then(|file| IndexReader::new(file, sizes));
            let header = *reader.map_err(|error| StoreError::new(path, 0, error))?.header();
            if latest.is_none_or(|latest| header.end_timestamp <= latest) {
                headers.push(header);
            }
        }
        Ok(Self { sizes, headers })
    }

    pub(super) fn headers(&self) -> &[IndexHeader] {
        &self.headers
    }

    /// The file that takes the next entry; a new one starts where the last, full one ended.
    fn writable(&mut self) -> &mut IndexHeader {
        let entries = i32::try_from(self.sizes.entries).unwrap_or(i32::MAX);
        let last = self.headers.last().copied();
        if last.is_none_or(|last| last.count() >= entries) {
            self.headers.push(follow_up(last));
        }
        self.headers.last_mut().expect("one was added if there was none")
    }

    /// Adds a record's keys (`IndexService#buildIndex`); a record before the last indexed one is known already.
    pub(super) fn put(&mut self, record: &Record<'_>) {
        // Entry 0 is never used: a file of one entry is always full.
        if self.sizes.entries < 2 || record.physical_offset < self.writable().end_physical_offset {
            return;
        }
        if !sys_flag::is_indexed(record.sys_flag) {
            return;
        }
        let properties = record.properties();
        for _ in DispatchProperties::of(&properties).index_keys() {
            // Whether the slot was empty is not known without the slots; the count of used slots is not kept up.
            self.writable().add(record.physical_offset, record.store_timestamp, false);
        }
    }
}

/// The header of the file that follows a full one (`IndexService#getAndCreateLastIndexFile`).
pub(in crate::store::disk) fn follow_up(last: Option<IndexHeader>) -> IndexHeader {
    let Some(last) = last else { return IndexHeader::default() };
    let time = last.end_timestamp.max(0);
    let offset = last.end_physical_offset.max(0);
    IndexHeader {
        begin_timestamp: time,
        end_timestamp: time,
        begin_physical_offset: offset,
        end_physical_offset: offset,
        ..IndexHeader::default()
    }
}
