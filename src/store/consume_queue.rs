//! One consume queue: which messages are visible, between which offsets, and in which files (`ConsumeQueue`).

mod tail;

use super::message::Message;
use super::rows::{ChunkPool, Rows};
use crate::kernel::time::SimTime;

/// What is known of a queue file whether or not its rows are released.
#[derive(Clone, Copy, Debug, Default)]
struct FileEnd {
    /// The file's modification time: the store time of its last entry, whose dispatch follows within a millisecond.
    modified_at: SimTime,
    /// The last entry's commit-log position.
    last_physical: u64,
}

impl FileEnd {
    fn of(last: &Message) -> Self {
        Self { modified_at: last.stored_at, last_physical: last.physical }
    }
}

/// Offsets, ascending: `start` ≤ `released` ≤ `visible` ≤ `rows.end()`, and `start` ≤ `min` ≤ `visible`.
#[derive(Clone, Debug)]
pub(super) struct ConsumeQueue {
    rows: Rows,
    /// First offset this queue ever had.
    start: u64,
    /// `minLogicOffset` in entries.
    min: u64,
    /// Rows before it are given back.
    released: u64,
    /// After the last dispatched entry.
    visible: u64,
    file_entries: u64,
    /// First entry of the first file that still exists.
    first_file_start: u64,
    /// First entry of the last file.
    last_file_start: u64,
    /// The files before the last one, from the file `start` lies in.
    full_files: Vec<FileEnd>,
    /// The last file.
    last_file: FileEnd,
    /// Position of the entry `start`.
    first_physical: u64,
    /// Position of the last released entry.
    released_physical: u64,
    /// Sum of the store times of all entries, ns.
    pub(super) append_sum: u128,
}

impl ConsumeQueue {
    pub(super) fn new(file_entries: u64, start: u64) -> Self {
        let file_start = start - start % file_entries;
        Self {
            rows: Rows::new(start),
            start,
            min: start,
            released: start,
            visible: start,
            file_entries,
            first_file_start: file_start,
            last_file_start: file_start,
            full_files: Vec::new(),
            last_file: FileEnd::default(),
            first_physical: 0,
            released_physical: 0,
            append_sum: 0,
        }
    }

    pub(super) fn push(&mut self, row: Message, pool: &mut ChunkPool) -> u64 {
        let offset = self.rows.end();
        self.rows.push(row, pool);
        offset
    }

    pub(super) fn appended(&self) -> u64 {
        self.rows.end()
    }

    pub(super) fn released(&self) -> u64 {
        self.released
    }

    /// `ConsumeQueue#getMinOffsetInQueue`. A queue without a file, so before its first dispatch, has 0.
    pub(super) fn min_offset(&self) -> u64 {
        if self.visible == self.start { 0 } else { self.min }
    }

    /// `ConsumeQueue#getMaxOffsetInQueue`. A queue without a file, so before its first dispatch, has 0.
    pub(super) fn max_offset(&self) -> u64 {
        if self.visible == self.start { 0 } else { self.visible }
    }

    pub(super) fn row(&self, offset: u64) -> Option<&Message> {
        self.rows.checked(offset)
    }

    /// Retained visible rows from `from`, up to `to`, at most to the end of a chunk.
    pub(super) fn slice(&self, from: u64, to: u64) -> &[Message] {
        self.rows.slice(from, to)
    }

    /// End of the readable entries in the file that `offset` lies in; `None` when that file is deleted
    /// (`ConsumeQueue#getIndexBuffer`).
    pub(super) fn file_end(&self, offset: u64) -> Option<u64> {
        if offset >= self.last_file_start {
            Some(self.visible)
        } else if offset >= self.first_file_start {
            Some(self.roll_next_file(offset))
        } else {
            None
        }
    }

    /// `ConsumeQueue#rollNextFile`.
    pub(super) fn roll_next_file(&self, offset: u64) -> u64 {
        offset + self.file_entries - offset % self.file_entries
    }

    pub(super) fn next_undispatched_at(&self) -> Option<SimTime> {
        self.rows.checked(self.visible).map(|row| row.stored_at)
    }

    /// Makes visible what was appended at or before `until` and lies before the position `below`; returns how many entries
    /// that are.
    pub(super) fn dispatch(&mut self, until: SimTime, below: u64) -> u64 {
        let (from, mut end) = (self.visible, self.rows.end());
        if from < end && self.rows.get(end - 1).physical >= below {
            end = self.first_at(below).max(from);
        }
        if from == end {
            return 0;
        }
        let mut to = end;
        if self.rows.get(end - 1).stored_at > until {
            to = from;
            while self.rows.get(to).stored_at <= until {
                to += 1;
            }
            if to == from {
                return 0;
            }
        }
        if from == self.start {
            self.first_physical = self.rows.get(from).physical;
        }
        while to - self.last_file_start > self.file_entries {
            self.last_file_start += self.file_entries;
            // A file that was full before ends with an entry that may be released by now.
            let last = if self.last_file_start > from {
                FileEnd::of(self.rows.get(self.last_file_start - 1))
            } else {
                self.last_file
            };
            self.full_files.push(last);
        }
        self.last_file = FileEnd::of(self.rows.get(to - 1));
        self.visible = to;
        to - from
    }

    /// Gives back the visible rows before `up_to`; returns how many were not given back before.
    pub(super) fn release(&mut self, up_to: u64, pool: &mut ChunkPool) -> u64 {
        let up_to = up_to.min(self.visible);
        if up_to <= self.released {
            return 0;
        }
        let newly = up_to - self.released;
        self.released_physical = self.rows.get(up_to - 1).physical;
        self.released = up_to;
        self.rows.free_before(up_to, pool);
        newly
    }

    /// Commit-log position of the first entry, known although the entry may be released.
    pub(super) fn physical_of_start(&self) -> Option<u64> {
        (self.visible > self.start).then_some(self.first_physical)
    }

    /// First offset of this queue.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Deletes the files whose last entry points before `min_physical`, never the last file
    /// (`MappedFileQueue#deleteExpiredFileByOffset`).
    pub(super) fn delete_files(&mut self, min_physical: u64) {
        let origin = self.start - self.start % self.file_entries;
        while self.first_file_start < self.last_file_start {
            let file = &self.full_files[((self.first_file_start - origin) / self.file_entries) as usize];
            if file.last_physical >= min_physical {
                break;
            }
            self.first_file_start += self.file_entries;
        }
    }

    /// Moves the minimum to the first entry of the first file that points at or behind `min_physical`; unchanged when
    /// there is none in that file (`ConsumeQueue#correctMinOffset`). Also unchanged when that entry is among the
    /// released ones, whose positions are not kept.
    pub(super) fn correct_min(&mut self, min_physical: u64) {
        let file_end = self.file_end(self.first_file_start).unwrap_or(self.visible).min(self.visible);
        let released_reach_it = self.released > self.first_file_start && self.released_physical >= min_physical;
        if released_reach_it {
            return;
        }
        let (mut low, mut high) = (self.first_file_start.max(self.released), file_end);
        while low < high {
            let mid = low + (high - low) / 2;
            if self.rows.get(mid).physical < min_physical {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        if low < file_end {
            self.min = low;
        }
    }

    /// The offset near a store time (`ConsumeQueue#getOffsetInQueueByTime`), by whole milliseconds as the broker keeps
    /// them: an exact hit of the binary search, else the nearer neighbour, the earlier one on a tie.
    ///
    /// Entries whose record is deleted from the log, and released ones, count as earlier without a time of their own.
    pub(super) fn offset_by_time(&self, time: SimTime, min_physical: u64) -> u64 {
        if self.visible == self.start {
            return 0;
        }
        let wanted = time.as_millis();
        let (file_start, file_end) = self.file_by_time(wanted);
        // Half-open where upstream is closed, so that nothing becomes negative.
        let (mut low, mut end) = (self.min.max(file_start), file_end);
        let (mut left, mut right) = (None, None);
        while low < end {
            // Upstream halves byte positions inside the file.
            let mid = file_start + (low + end - 1 - 2 * file_start) / 2;
            match self.rows.checked(mid).filter(|row| mid >= self.released && row.physical >= min_physical) {
                None => low = mid + 1,
                Some(row) => {
                    let stored = row.stored_at.as_millis();
                    if stored == wanted {
                        return mid;
                    } else if stored > wanted {
                        end = mid;
                        right = Some((mid, stored - wanted));
                    } else {
                        low = mid + 1;
                        left = Some((mid, wanted - stored));
                    }
                }
            }
        }
        match (left, right) {
            (None, Some((right, _))) => right,
            (Some((left, _)), None) => left,
            (Some((left, before)), Some((right, after))) => {
                if before > after {
                    right
                } else {
                    left
                }
            }
            (None, None) if self.released > file_start => self.released.min(file_end - 1),
            // Every record of the file is deleted: upstream computes (first byte - 1) / 20, rounded towards zero.
            (None, None) => file_start.saturating_sub(1),
        }
    }

    /// First entry and end of the first file modified at or after `wanted` milliseconds, else of the last file
    /// (`MappedFileQueue#getMappedFileByTime`).
    fn file_by_time(&self, wanted: u64) -> (u64, u64) {
        let origin = self.start - self.start % self.file_entries;
        let first = ((self.first_file_start - origin) / self.file_entries) as usize;
        let index =
            (first..self.full_files.len()).find(|&file| self.full_files[file].modified_at.as_millis() >= wanted);
        match index {
            Some(index) => {
                let start = origin + index as u64 * self.file_entries;
                (start, start + self.file_entries)
            }
            None => (self.last_file_start, self.visible),
        }
    }

    /// Bytes allocated for this queue.
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes() + self.full_files.capacity() * size_of::<FileEnd>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries at these milliseconds, 100 bytes apart, in files of 4 entries, all visible.
    fn queue(start: u64, millis: &[u64]) -> ConsumeQueue {
        let (mut queue, mut pool) = (ConsumeQueue::new(4, start), ChunkPool::default());
        for (number, &at) in millis.iter().enumerate() {
            let stored_at = SimTime::from_millis(at);
            let physical = number as u64 * 100;
            let row = Message { physical, stored_at, born_at: stored_at, size: 100, body: 0, key: 0, class: 0 };
            queue.push(row, &mut pool);
        }
        queue.dispatch(SimTime::MAX, u64::MAX);
        queue
    }

    fn by_time(queue: &ConsumeQueue, millis: u64) -> u64 {
        queue.offset_by_time(SimTime::from_millis(millis), 0)
    }

    #[test]
    fn the_nearer_neighbour_is_found_and_the_earlier_on_a_tie() {
        let queue = queue(0, &[10, 20, 40]);
        assert_eq!((by_time(&queue, 14), by_time(&queue, 15), by_time(&queue, 16)), (0, 0, 1));
        assert_eq!((by_time(&queue, 20), by_time(&queue, 0), by_time(&queue, 99)), (1, 0, 2));
        assert_eq!(queue.offset_by_time(SimTime::from_nanos(20_999_999), 0), 1, "a broker knows whole milliseconds");
    }

    #[test]
    fn only_the_first_file_written_at_or_after_the_time_is_searched() {
        let queue = queue(0, &[10, 20, 30, 40, 90, 100]);
        assert_eq!(by_time(&queue, 40), 3);
        assert_eq!(by_time(&queue, 41), 4, "the entry before is nearer, in the other file");
    }

    #[test]
    fn entries_whose_record_is_deleted_have_no_time() {
        let queue = queue(0, &[10, 20, 30]);
        assert_eq!(queue.offset_by_time(SimTime::from_millis(10), 200), 2);
        assert_eq!(queue.offset_by_time(SimTime::from_millis(10), 300), 0, "all are deleted");
    }

    #[test]
    fn released_entries_have_no_time() {
        let mut queue = queue(0, &[10, 20, 30, 40, 50, 60]);
        assert_eq!(queue.release(5, &mut ChunkPool::default()), 5);
        assert_eq!((by_time(&queue, 10), by_time(&queue, 45)), (3, 5), "the end of a released file; the first left");
    }

    #[test]
    fn a_queue_that_starts_late_has_no_bounds_before_its_first_dispatch() {
        let empty = ConsumeQueue::new(4, 7);
        assert_eq!((empty.min_offset(), empty.max_offset(), empty.appended()), (0, 0, 7));
        let queue = queue(7, &[10, 20, 30]);
        assert_eq!((queue.min_offset(), queue.max_offset()), (7, 10));
        assert_eq!((by_time(&queue, 10), by_time(&queue, 11)), (7, 8), "the file of entry 7 was last written at 10");
    }

    #[test]
    fn a_minimum_stays_when_every_record_is_deleted() {
        let mut queue = queue(0, &[10, 20, 30]);
        queue.correct_min(150);
        assert_eq!(queue.min_offset(), 2);
        queue.correct_min(999);
        assert_eq!(queue.min_offset(), 2);
    }
}
