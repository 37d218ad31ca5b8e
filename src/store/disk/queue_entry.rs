//! One entry of a consume queue (`ConsumeQueue`): where a message's record lies.

/// Bytes of an entry (`CQ_STORE_UNIT_SIZE`).
pub const QUEUE_ENTRY_LEN: usize = 20;

/// An entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// Where the record starts in the commit log.
    pub physical_offset: i64,
    /// Bytes of the record.
    pub size: i32,
    /// Hash of the tag, or for a delayed message when it is due.
    pub tags_code: i64,
}

/// What fills a first file in front of a queue that does not start at 0 (`ConsumeQueue#fillPreBlank`).
pub const PRE_BLANK: QueueEntry = QueueEntry { physical_offset: 0, size: i32::MAX, tags_code: 0 };

impl QueueEntry {
    /// The 20 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; QUEUE_ENTRY_LEN] {
        let mut bytes = [0; QUEUE_ENTRY_LEN];
        bytes[..8].copy_from_slice(&self.physical_offset.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.size.to_be_bytes());
        bytes[12..].copy_from_slice(&self.tags_code.to_be_bytes());
        bytes
    }

    /// Reads 20 bytes.
    #[must_use]
    pub fn decode(bytes: &[u8; QUEUE_ENTRY_LEN]) -> Self {
        let long = |at: usize| bytes[at..].first_chunk::<8>().map_or(0, |bytes| i64::from_be_bytes(*bytes));
        let size = bytes[8..].first_chunk::<4>().map_or(0, |bytes| i32::from_be_bytes(*bytes));
        Self { physical_offset: long(0), size, tags_code: long(12) }
    }

    /// Whether recovery takes it for an entry (`ConsumeQueue#recover`).
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        self.physical_offset >= 0 && self.size > 0
    }

    /// The end of the record.
    #[must_use]
    pub const fn end(&self) -> i64 {
        self.physical_offset.wrapping_add(self.size as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_size_and_tags_code_take_20_bytes() {
        let entry = QueueEntry { physical_offset: 128, size: 97, tags_code: -2 };
        assert_eq!(QueueEntry::decode(&entry.encode()), entry);
        assert_eq!(PRE_BLANK.encode()[..12], [0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF]);
    }

    #[test]
    fn zeros_are_no_entry() {
        assert!(!QueueEntry::decode(&[0; 20]).is_valid());
        assert!(PRE_BLANK.is_valid());
    }
}
