//! Lists the consume queues.

use super::super::error::{StoreError, StoreErrorKind};
use super::super::log_cursor::first_data;
use super::super::queue_entry::{PRE_BLANK, QUEUE_ENTRY_LEN, QueueEntry};
use super::super::source::{ReadAt, StoreSource, Window};
use super::lookup::{LogLookup, offset_files};
use super::{DecodeError, Listed, Place, Sink, find_sizes};

const UNIT: u64 = QUEUE_ENTRY_LEN as u64;

/// Prefix of light queues, whose entries point at records of other topics (`MixAll.LMQ_PREFIX`).
const LMQ_PREFIX: &str = "%LMQ%";

/// Topic, queue id and directory of each consume queue, in the order of the names.
pub(super) fn queue_dirs(source: &dyn StoreSource) -> Result<Vec<(String, i32, String)>, StoreError> {
    const ROOT: &str = "consumequeue";
    let list = |dir: &str| source.list(dir).map_err(|error| StoreError::new(dir, 0, error));
    let mut dirs = Vec::new();
    for topic in list(ROOT)?.into_iter().filter(|entry| entry.is_dir) {
        let topic_dir = format!("{ROOT}/{}", topic.name);
        let queues = list(&topic_dir)?.into_iter().filter(|entry| entry.is_dir);
        let mut ids: Vec<i32> = queues.filter_map(|entry| entry.name.parse().ok()).collect();
        ids.sort_unstable();
        dirs.extend(ids.into_iter().map(|id| (topic.name.clone(), id, format!("{topic_dir}/{id}"))));
    }
    Ok(dirs)
}

/// Lists the entries of all consume queues of a store; `check` compares each with the record it points at.
///
/// # Errors
/// The first damage, after everything before it was listed.
pub fn decode_queues(source: &dyn StoreSource, check: bool, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let expected = find_sizes(source)?.consume_queue.unwrap_or(0);
    let mut lookup = if check { LogLookup::new(source)? } else { None };
    for (topic, queue_id, dir) in queue_dirs(source)? {
        let light = topic.starts_with(LMQ_PREFIX);
        let files = offset_files(source, &dir)?;
        let mut next = None;
        for (index, file) in files.iter().enumerate() {
            if let Some(next) = next
                && next != file.from
            {
                let kind = StoreErrorKind::MissingFile { actual: file.from, expected: next };
                return Err(StoreError::new(file.path.as_str(), 0, kind).into());
            }
            next = Some(file.from + expected);
            let open = source.open(&file.path).map_err(|error| StoreError::new(file.path.as_str(), 0, error))?;
            let mut listing = Listing {
                name: &file.path,
                queue: Some((&topic, queue_id)),
                from: file.from,
                last: index + 1 == files.len(),
                lookup: lookup.as_mut().filter(|_| !light),
            };
            listing.decode(open, sink)?;
            if file.len != expected {
                let kind = StoreErrorKind::FileLength { actual: file.len, expected };
                return Err(StoreError::new(file.path.as_str(), file.len, kind).into());
            }
        }
    }
    Ok(())
}

/// Lists the entries of one queue file that may have been cut after any entry; the entries are numbered from 0.
///
/// # Errors
/// The first damage, after everything before it was listed.
pub fn decode_queue_prefix(name: &str, file: Box<dyn ReadAt + '_>, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    Listing { name, queue: None, from: 0, last: true, lookup: None }.decode(file, sink)
}

struct Listing<'a, 's> {
    name: &'a str,
    queue: Option<(&'a str, i32)>,
    from: u64,
    last: bool,
    lookup: Option<&'a mut LogLookup<'s>>,
}

impl Listing<'_, '_> {
    fn damage(&self, position: u64, kind: impl Into<StoreErrorKind>) -> StoreError {
        StoreError::new(self.name, position, kind)
    }

    fn decode(&mut self, file: Box<dyn ReadAt + '_>, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let mut window = Window::new(file).map_err(|error| self.damage(0, error))?;
        let mut position = 0;
        let mut blanks = 0;
        while position < window.len() {
            let bytes = window.bytes(position, QUEUE_ENTRY_LEN).map_err(|error| self.damage(position, error))?;
            let Some(bytes) = bytes.first_chunk() else {
                self.list_blanks(&mut blanks, position, sink)?;
                return Err(self.damage(position, StoreErrorKind::IncompleteEntry { left: bytes.len() as u64 }).into());
            };
            let entry = QueueEntry::decode(bytes);
            if entry == PRE_BLANK {
                blanks += 1;
                position += UNIT;
                continue;
            }
            let zeros = *bytes == [0; QUEUE_ENTRY_LEN];
            self.list_blanks(&mut blanks, position, sink)?;
            if zeros {
                return Ok(self.check_unwritten(&mut window, position)?);
            }
            self.check_entry(&entry, position)?;
            let queue_offset = (self.from + position) / UNIT;
            let listed = Listed::QueueEntry { queue: self.queue, queue_offset, entry };
            sink(Place { file: self.name, position }, listed)?;
            position += UNIT;
        }
        self.list_blanks(&mut blanks, position, sink)
    }

    fn list_blanks(&self, blanks: &mut u64, position: u64, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let count = std::mem::take(blanks);
        if count > 0 {
            let position = position - count * UNIT;
            let queue_offset = (self.from + position) / UNIT;
            let listed = Listed::QueueBlanks { queue: self.queue, queue_offset, count };
            sink(Place { file: self.name, position }, listed)?;
        }
        Ok(())
    }

    fn check_unwritten(&self, window: &mut Window<'_>, position: u64) -> Result<(), StoreError> {
        match first_data(window, position).map_err(|error| self.damage(position, error))? {
            Some(data_at) => Err(self.damage(position, StoreErrorKind::Hole { data_at })),
            None if self.last => Ok(()),
            None => Err(self.damage(position, StoreErrorKind::EndsEarly)),
        }
    }

    fn check_entry(&mut self, entry: &QueueEntry, position: u64) -> Result<(), StoreError> {
        let QueueEntry { physical_offset, size, .. } = *entry;
        if !entry.is_valid() {
            return Err(self.damage(position, StoreErrorKind::IllegalEntry { physical_offset, size }));
        }
        let (Some(lookup), Some((_, queue_id))) = (self.lookup.as_mut(), self.queue) else { return Ok(()) };
        match lookup.why_not(entry, queue_id, (self.from + position) / UNIT)? {
            Some(reason) => Err(self.damage(position, StoreErrorKind::DanglingEntry { physical_offset, reason })),
            None => Ok(()),
        }
    }
}
