//! Positions in the commit log: one sequence of bytes cut into files of equal size (`CommitLog`, `MappedFileQueue`).

/// Bytes that stay free at a file's end for the blank record (`CommitLog.END_FILE_MIN_BLANK_LENGTH`).
pub const END_FILE_MIN_BLANK_LENGTH: u64 = 8;

/// Where records go. A record never crosses a file: one that does not fit makes the rest of the file a blank record.
#[derive(Clone, Debug)]
pub struct CommitLog {
    file_size: u64,
    min: u64,
    max: u64,
    /// End of the file that `max` lies in, so that an append needs no division.
    file_end: u64,
}

impl CommitLog {
    /// An empty log in files of `file_size` bytes (`mappedFileSizeCommitLog`).
    ///
    /// # Panics
    /// When `file_size` leaves no room for any record.
    #[must_use]
    pub fn new(file_size: u64) -> Self {
        assert!(file_size > END_FILE_MIN_BLANK_LENGTH, "a commit log file has more than 8 bytes");
        Self { file_size, min: 0, max: 0, file_end: file_size }
    }

    /// Appends a record and returns its position. `None`: it is too big for any file; the log still moves on by the rest
    /// of this file and one whole blank file, and the record is lost (`CommitLog.DefaultAppendMessageCallback#doAppend`
    /// answering `END_OF_FILE` twice).
    pub fn append(&mut self, size: u32) -> Option<u64> {
        let needed = u64::from(size) + END_FILE_MIN_BLANK_LENGTH;
        if self.max + needed > self.file_end {
            self.start_next_file();
            if needed > self.file_size {
                self.start_next_file();
                return None;
            }
        }
        let physical = self.max;
        self.max += u64::from(size);
        Some(physical)
    }

    #[cold]
    fn start_next_file(&mut self) {
        self.max = self.file_end;
        self.file_end += self.file_size;
    }

    /// First position that still exists: the start of the first file (`CommitLog#getMinOffset`).
    #[must_use]
    pub const fn min_offset(&self) -> u64 {
        self.min
    }

    /// End of the log (`CommitLog#getMaxOffset`).
    #[must_use]
    pub const fn max_offset(&self) -> u64 {
        self.max
    }

    /// Start of the file after the one that `physical` lies in (`CommitLog#rollNextFile`).
    #[must_use]
    pub const fn roll_next_file(&self, physical: u64) -> u64 {
        physical + self.file_size - physical % self.file_size
    }

    /// Deletes the files that lie wholly before `physical`, never the last one, and returns the new minimum.
    pub fn delete_files_before(&mut self, physical: u64) -> u64 {
        let last_file = self.file_end - self.file_size;
        let wanted = (physical - physical % self.file_size).min(last_file);
        self.min = self.min.max(wanted);
        self.min
    }

    /// Bytes of a file (`mappedFileSizeCommitLog`).
    #[must_use]
    pub const fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Cuts off what lies at or behind `physical` (`MappedFileQueue#truncateDirtyFiles`).
    pub(super) fn truncate(&mut self, physical: u64) {
        self.set_max(physical.min(self.max));
        self.min = self.min.min(self.max - self.max % self.file_size);
    }

    /// The log ends at `physical` now: bytes of another log were copied into it.
    pub(super) fn set_max(&mut self, physical: u64) {
        self.max = physical;
        self.file_end = physical - physical % self.file_size + self.file_size;
    }

    /// An empty log whose first byte is at `physical`: older files are never copied to a slave.
    pub(super) fn start_at(&mut self, physical: u64) {
        self.set_max(physical);
        self.min = physical - physical % self.file_size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_stay_free_at_the_end_of_a_file() {
        let mut log = CommitLog::new(1000);
        assert_eq!(log.append(492), Some(0));
        assert_eq!(log.append(500), Some(492), "exactly 8 bytes are left");
        assert_eq!(log.append(100), Some(1000), "the 8 bytes become a blank record");
        assert_eq!(log.append(893), Some(2000), "7 bytes left would be too few");
        assert_eq!(log.max_offset(), 2893);
    }

    #[test]
    fn a_record_too_big_for_any_file_costs_a_whole_blank_file() {
        let mut log = CommitLog::new(1000);
        log.append(300);
        assert_eq!(log.append(993), None);
        assert_eq!(log.max_offset(), 2000);
        assert_eq!(log.append(992), Some(2000), "the next record starts a fresh file");
    }

    #[test]
    fn deleting_stops_at_file_borders_and_before_the_last_file() {
        let mut log = CommitLog::new(1000);
        for _ in 0..5 {
            log.append(900);
        }
        assert_eq!(log.delete_files_before(2500), 2000);
        assert_eq!(log.delete_files_before(100), 2000, "deleted files do not come back");
        assert_eq!(log.delete_files_before(99_999), 4000);
        assert_eq!(log.roll_next_file(4000), 5000);
    }
}
