//! Index files (`IndexFile`, `IndexHeader`): where the records with a key lie.

use std::io;

use super::source::ReadAt;
use crate::kernel::java::string_hash;

/// Bytes of the header.
pub const INDEX_HEADER_LEN: usize = 40;
/// Bytes of a slot.
pub const INDEX_SLOT_LEN: usize = 4;
/// Bytes of an entry.
pub const INDEX_ENTRY_LEN: usize = 20;

/// The text under which a record is indexed (`IndexService#buildKey`).
#[must_use]
pub fn index_key(topic: &str, key: &str) -> String {
    format!("{topic}#{key}")
}

/// Its hash (`IndexFile#indexKeyHashMethod`): never negative.
#[must_use]
pub fn index_key_hash(text: &str) -> i32 {
    string_hash(text).checked_abs().unwrap_or(0)
}

/// [`index_key_hash`] of [`index_key`].
#[must_use]
pub fn index_hash_of(topic: &str, key: &str) -> i32 {
    let units = topic.encode_utf16().chain([u16::from(b'#')]).chain(key.encode_utf16());
    let hash = units.fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    hash.checked_abs().unwrap_or(0)
}

/// How many slots and entries each file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexSizes {
    /// `maxHashSlotNum`. 5,000,000.
    pub hash_slots: u32,
    /// `maxIndexNum`. 20,000,000.
    pub entries: u32,
}

impl Default for IndexSizes {
    fn default() -> Self {
        Self { hash_slots: 5_000_000, entries: 20_000_000 }
    }
}

impl IndexSizes {
    /// Bytes of a file.
    #[must_use]
    pub const fn file_len(&self) -> u64 {
        self.entry_at(self.entries)
    }

    /// Where a slot lies in the file.
    #[must_use]
    pub const fn slot_at(&self, slot: u32) -> u64 {
        INDEX_HEADER_LEN as u64 + slot as u64 * INDEX_SLOT_LEN as u64
    }

    /// Where an entry lies in the file.
    #[must_use]
    pub const fn entry_at(&self, entry: u32) -> u64 {
        self.slot_at(self.hash_slots) + entry as u64 * INDEX_ENTRY_LEN as u64
    }

    /// The slot of a hash.
    #[must_use]
    pub const fn slot_of(&self, hash: i32) -> u32 {
        hash.cast_unsigned() % if self.hash_slots == 0 { 1 } else { self.hash_slots }
    }
}

/// The header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexHeader {
    /// Store timestamp of the first entry's record.
    pub begin_timestamp: i64,
    /// Store timestamp of the last entry's record.
    pub end_timestamp: i64,
    /// Physical offset of the first entry's record.
    pub begin_physical_offset: i64,
    /// Physical offset of the last entry's record.
    pub end_physical_offset: i64,
    /// Slots in use.
    pub hash_slot_count: i32,
    /// Number of the next entry, as stored: 0 in a file without entries, though the first one is number 1.
    pub index_count: i32,
}

impl IndexHeader {
    /// The 40 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; INDEX_HEADER_LEN] {
        let mut bytes = Vec::with_capacity(INDEX_HEADER_LEN);
        let longs = [self.begin_timestamp, self.end_timestamp, self.begin_physical_offset, self.end_physical_offset];
        longs.iter().for_each(|long| bytes.extend_from_slice(&long.to_be_bytes()));
        [self.hash_slot_count, self.index_count].iter().for_each(|int| bytes.extend_from_slice(&int.to_be_bytes()));
        *bytes.first_chunk().expect("four longs and two ints")
    }

    /// Reads 40 bytes.
    #[must_use]
    pub fn decode(bytes: &[u8; INDEX_HEADER_LEN]) -> Self {
        let (longs, rest) = bytes.as_chunks::<8>();
        let (ints, _) = longs[4].as_chunks::<4>();
        debug_assert!(rest.is_empty());
        Self {
            begin_timestamp: i64::from_be_bytes(longs[0]),
            end_timestamp: i64::from_be_bytes(longs[1]),
            begin_physical_offset: i64::from_be_bytes(longs[2]),
            end_physical_offset: i64::from_be_bytes(longs[3]),
            hash_slot_count: i32::from_be_bytes(ints[0]),
            index_count: i32::from_be_bytes(ints[1]),
        }
    }

    /// The count that a loaded file works with (`IndexHeader#load`).
    #[must_use]
    pub const fn count(&self) -> i32 {
        if self.index_count <= 0 { 1 } else { self.index_count }
    }

    /// The header after another entry (`IndexFile#putKey`); `new_slot` if its slot was empty.
    pub const fn add(&mut self, physical_offset: i64, store_timestamp: i64, new_slot: bool) {
        if self.count() <= 1 {
            self.begin_physical_offset = physical_offset;
            self.begin_timestamp = store_timestamp;
        }
        self.hash_slot_count += new_slot as i32;
        self.index_count = self.count() + 1;
        self.end_physical_offset = physical_offset;
        self.end_timestamp = store_timestamp;
    }

    /// Seconds that an entry of this time would carry, counted from the begin time before the entry is added.
    #[must_use]
    pub fn time_diff(&self, store_timestamp: i64) -> i32 {
        if self.begin_timestamp <= 0 {
            return 0;
        }
        let seconds = store_timestamp.saturating_sub(self.begin_timestamp) / 1000;
        seconds.clamp(0, i64::from(i32::MAX)) as i32
    }

    /// Whether the file may hold records of `begin..=end` (`IndexFile#isTimeMatched`).
    #[must_use]
    pub fn is_time_matched(&self, begin: i64, end: i64) -> bool {
        let around = begin < self.begin_timestamp && end > self.end_timestamp;
        let inside = |time: i64| time >= self.begin_timestamp && time <= self.end_timestamp;
        around || inside(begin) || inside(end)
    }
}

/// An entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexEntry {
    /// [`index_key_hash`].
    pub key_hash: i32,
    /// Where the record lies.
    pub physical_offset: i64,
    /// Seconds since the header's begin time.
    pub time_diff: i32,
    /// Number of the entry before it in the same slot; 0 for none.
    pub previous: i32,
}

impl IndexEntry {
    /// The 20 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; INDEX_ENTRY_LEN] {
        let mut bytes = [0; INDEX_ENTRY_LEN];
        bytes[..4].copy_from_slice(&self.key_hash.to_be_bytes());
        bytes[4..12].copy_from_slice(&self.physical_offset.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.time_diff.to_be_bytes());
        bytes[16..].copy_from_slice(&self.previous.to_be_bytes());
        bytes
    }

    /// Reads 20 bytes.
    #[must_use]
    pub fn decode(bytes: &[u8; INDEX_ENTRY_LEN]) -> Self {
        let (words, _) = bytes.as_chunks::<4>();
        let int = |word: usize| i32::from_be_bytes(words[word]);
        let physical_offset = i64::from(int(1)) << 32 | i64::from(u32::from_be_bytes(words[2]));
        Self { key_hash: int(0), physical_offset, time_diff: int(3), previous: int(4) }
    }
}

/// An index file that is read.
pub struct IndexReader<'a> {
    file: Box<dyn ReadAt + 'a>,
    sizes: IndexSizes,
    header: IndexHeader,
}

impl<'a> IndexReader<'a> {
    /// Reads the header. What is missing in a short file is zero, since the real store extends it.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn new(file: Box<dyn ReadAt + 'a>, sizes: IndexSizes) -> io::Result<Self> {
        let mut bytes = [0; INDEX_HEADER_LEN];
        file.read_at(0, &mut bytes)?;
        Ok(Self { file, sizes, header: IndexHeader::decode(&bytes) })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &IndexHeader {
        &self.header
    }

    /// Number of a slot's newest entry, 0 for none.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn slot(&self, slot: u32) -> io::Result<i32> {
        let mut bytes = [0; INDEX_SLOT_LEN];
        self.file.read_at(self.sizes.slot_at(slot), &mut bytes)?;
        Ok(i32::from_be_bytes(bytes))
    }

    /// An entry.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn entry(&self, entry: u32) -> io::Result<IndexEntry> {
        let mut bytes = [0; INDEX_ENTRY_LEN];
        self.file.read_at(self.sizes.entry_at(entry), &mut bytes)?;
        Ok(IndexEntry::decode(&bytes))
    }

    /// Adds the physical offsets of records with a key's hash between two times, newest first, until `found` has
    /// `max_num` (`IndexFile#selectPhyOffset`). A chain that does not lead to ever older entries ends there.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn select(&self, text: &str, max_num: usize, times: (i64, i64), found: &mut Vec<i64>) -> io::Result<()> {
        let hash = index_key_hash(text);
        let count = self.header.count();
        let mut next = self.slot(self.sizes.slot_of(hash))?;
        if next <= 0 || next > count || count <= 1 {
            return Ok(());
        }
        while found.len() < max_num {
            let entry = self.entry(next.cast_unsigned())?;
            if entry.time_diff < 0 {
                break;
            }
            let time = self.header.begin_timestamp.saturating_add(i64::from(entry.time_diff) * 1000);
            if entry.key_hash == hash && time >= times.0 && time <= times.1 {
                found.push(entry.physical_offset);
            }
            if entry.previous <= 0 || entry.previous >= next || time < times.0 {
                break;
            }
            next = entry.previous;
        }
        Ok(())
    }
}

/// Physical offsets of up to `max_num` records with a key between two times, in ascending order; `files` from oldest to
/// newest, the newest entries are taken first (`IndexService#queryOffset`).
///
/// # Errors
/// If a file cannot be read.
pub fn query_offset(
    files: &[IndexReader<'_>],
    topic: &str,
    key: &str,
    max_num: usize,
    times: (i64, i64),
) -> io::Result<Vec<i64>> {
    let text = index_key(topic, key);
    let mut found = Vec::new();
    for file in files.iter().rev() {
        if file.header.is_time_matched(times.0, times.1) {
            file.select(&text, max_num, times, &mut found)?;
        }
        if file.header.begin_timestamp < times.0 || found.len() >= max_num {
            break;
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_never_negative() {
        assert_eq!(index_key_hash("OrderTopic#order-1"), 344_427_120);
        assert_eq!(index_key_hash("polygenelubricants"), 0, "its hash is the least int");
        assert_eq!(index_hash_of("订单", "键"), index_key_hash(&index_key("订单", "键")));
    }

    #[test]
    fn a_default_file_has_420_million_and_40_bytes() {
        assert_eq!(IndexSizes::default().file_len(), 420_000_040);
    }

    #[test]
    fn headers_and_entries_are_read_as_written() {
        let mut header = IndexHeader::default();
        header.add(100, 5000, true);
        header.add(300, 9000, false);
        assert_eq!((header.index_count, header.hash_slot_count, header.begin_physical_offset), (3, 1, 100));
        assert_eq!(IndexHeader::decode(&header.encode()), header);
        assert_eq!((header.time_diff(8999), header.time_diff(0), header.time_diff(i64::MAX)), (3, 0, i32::MAX));
        let entry = IndexEntry { key_hash: 5, physical_offset: 0x1_8000_0001, time_diff: 3, previous: 2 };
        assert_eq!(IndexEntry::decode(&entry.encode()), entry);
    }
}
