//! The end of a consume queue: cut off with the log, or copied from another broker's.

use super::{ConsumeQueue, FileEnd};
use crate::store::message::Message;
use crate::store::rows::ChunkPool;

impl ConsumeQueue {
    /// The first retained entry whose record lies at or behind `physical`.
    pub(in crate::store) fn first_at(&self, physical: u64) -> u64 {
        let (mut low, mut high) = (self.released, self.rows.end());
        while low < high {
            let mid = low + (high - low) / 2;
            if self.rows.get(mid).physical < physical {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        low
    }

    /// Drops the entries from `end` on, visible or not; returns how many they were.
    pub(in crate::store) fn truncate(&mut self, end: u64, pool: &mut ChunkPool) -> u64 {
        let gone = end.max(self.start)..self.rows.end();
        if gone.is_empty() {
            return 0;
        }
        let end = gone.start;
        for offset in gone.clone() {
            self.append_sum -= self.rows.checked(offset).map_or(0, |row| u128::from(row.stored_at.as_nanos()));
        }
        self.rows.truncate(end, pool);
        self.released = self.released.min(end);
        if end < self.visible {
            self.visible = end;
            self.min = self.min.min(end);
            let origin = self.start - self.start % self.file_entries;
            let full = if end == self.start { 0 } else { (end - 1 - origin) / self.file_entries };
            self.last_file_start = origin + full * self.file_entries;
            self.first_file_start = self.first_file_start.min(self.last_file_start);
            self.full_files.truncate(full as usize);
            self.last_file =
                end.checked_sub(1).and_then(|last| self.rows.checked(last)).map_or_else(FileEnd::default, FileEnd::of);
        }
        gone.end - end
    }

    /// Appends the copy of another broker's entry; `false` when it is not the next one of this queue. A queue that never had
    /// an entry begins with it.
    pub(in crate::store) fn accept(&mut self, offset: u64, row: Message, pool: &mut ChunkPool) -> bool {
        if self.rows.end() == self.start && self.visible == self.start && offset != self.start {
            *self = Self::new(self.file_entries, offset);
        }
        let next = self.rows.end() == offset;
        if next {
            self.append_sum += u128::from(row.stored_at.as_nanos());
            self.rows.push(row, pool);
        }
        next
    }
}
