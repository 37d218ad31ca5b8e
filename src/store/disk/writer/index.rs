//! Writes the index files.

use std::fs::File;
use std::path::PathBuf;

use super::super::calendar::human_string;
use super::super::dispatch::DispatchProperties;
use super::super::error::StoreError;
use super::super::index_file::{INDEX_ENTRY_LEN, IndexEntry, IndexHeader, IndexSizes, index_hash_of};
use super::super::recover::follow_up;
use super::super::sys_flag;
use super::RecordFacts;
use super::file::{create_full, write_at};

/// Bytes of entries gathered before they are written.
const BUFFER: usize = 1 << 20;

/// Slots that are written together, unless all are empty.
const SLOTS_AT_ONCE: usize = 1024;

pub(super) struct IndexWriter {
    dir: PathBuf,
    sizes: IndexSizes,
    current: Option<IndexFileWriter>,
    /// The latest name in milliseconds: names must differ and ascend.
    named: i64,
    /// End time of the last full file.
    flushed_until: i64,
}

struct IndexFileWriter {
    path: PathBuf,
    file: File,
    header: IndexHeader,
    slots: Vec<i32>,
    buffer: Vec<u8>,
    /// Number of the buffer's first entry.
    buffered_from: u32,
}

impl IndexWriter {
    pub(super) fn new(dir: PathBuf, sizes: IndexSizes) -> Self {
        Self { dir, sizes, current: None, named: i64::MIN, flushed_until: 0 }
    }

    /// Adds a record's keys (`IndexService#buildIndex`).
    pub(super) fn put(
        &mut self,
        facts: &RecordFacts<'_>,
        properties: &DispatchProperties<'_>,
        offset: i64,
    ) -> Result<(), StoreError> {
        self.writable(facts.store_timestamp)?;
        if !sys_flag::is_indexed(facts.sys_flag) {
            return Ok(());
        }
        for key in properties.index_keys() {
            let sizes = self.sizes;
            self.writable(facts.store_timestamp)?.put(index_hash_of(facts.topic, key), offset, facts, sizes)?;
        }
        Ok(())
    }

    /// The file that takes the next entry. As in a broker it is made when a record comes, whether that has keys or not.
    fn writable(&mut self, now: i64) -> Result<&mut IndexFileWriter, StoreError> {
        let entries = self.sizes.entries;
        if let Some(mut full) = self.current.take_if(|file| file.header.count().cast_unsigned() >= entries) {
            full.finish(self.sizes)?;
            self.flushed_until = full.header.end_timestamp;
            self.current = Some(self.open(now, follow_up(Some(full.header)))?);
        }
        if self.current.is_none() {
            self.current = Some(self.open(now, follow_up(None))?);
        }
        Ok(self.current.as_mut().expect("made above"))
    }

    fn open(&mut self, now: i64, header: IndexHeader) -> Result<IndexFileWriter, StoreError> {
        self.named = now.max(self.named.saturating_add(1));
        let path = self.dir.join(human_string(self.named));
        let file = create_full(&path, self.sizes.file_len())?;
        let slots = vec![0; self.sizes.hash_slots as usize];
        Ok(IndexFileWriter { path, file, header, slots, buffer: Vec::new(), buffered_from: 1 })
    }

    /// Writes the rest; the end time of the last full file.
    pub(super) fn finish(&mut self) -> Result<i64, StoreError> {
        if let Some(file) = &mut self.current {
            file.finish(self.sizes)?;
        }
        Ok(self.flushed_until)
    }
}

impl IndexFileWriter {
    /// `IndexFile#putKey`.
    fn put(
        &mut self,
        key_hash: i32,
        physical_offset: i64,
        facts: &RecordFacts<'_>,
        sizes: IndexSizes,
    ) -> Result<(), StoreError> {
        let number = self.header.count();
        let slot = &mut self.slots[sizes.slot_of(key_hash) as usize];
        let previous = std::mem::replace(slot, number);
        let time_diff = self.header.time_diff(facts.store_timestamp);
        let entry = IndexEntry { key_hash, physical_offset, time_diff, previous };
        self.buffer.extend_from_slice(&entry.encode());
        self.header.add(physical_offset, facts.store_timestamp, previous == 0);
        if self.buffer.len() >= BUFFER { self.flush(sizes) } else { Ok(()) }
    }

    fn flush(&mut self, sizes: IndexSizes) -> Result<(), StoreError> {
        write_at(&mut self.file, &self.path, sizes.entry_at(self.buffered_from), &self.buffer)?;
        self.buffered_from += (self.buffer.len() / INDEX_ENTRY_LEN) as u32;
        self.buffer.clear();
        Ok(())
    }

    fn finish(&mut self, sizes: IndexSizes) -> Result<(), StoreError> {
        self.flush(sizes)?;
        write_at(&mut self.file, &self.path, 0, &self.header.encode())?;
        for (index, slots) in self.slots.chunks(SLOTS_AT_ONCE).enumerate() {
            if slots.iter().any(|&slot| slot != 0) {
                let bytes: Vec<u8> = slots.iter().flat_map(|slot| slot.to_be_bytes()).collect();
                write_at(&mut self.file, &self.path, sizes.slot_at((index * SLOTS_AT_ONCE) as u32), &bytes)?;
            }
        }
        Ok(())
    }
}
