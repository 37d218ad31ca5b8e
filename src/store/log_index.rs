//! The records of a log in its order, for who ships them to replicas: a consume queue knows only its own.

/// Queue and offset of every record, 12 bytes each.
#[derive(Clone, Debug, Default)]
pub(super) struct LogIndex {
    queues: Vec<u32>,
    offsets: Vec<u64>,
}

impl LogIndex {
    /// The next record of the log.
    #[inline]
    pub(super) fn push(&mut self, queue: u32, offset: u64) {
        self.queues.push(queue);
        self.offsets.push(offset);
    }

    /// Number of records.
    pub(super) const fn len(&self) -> usize {
        self.queues.len()
    }

    /// Local queue and queue offset of a record.
    pub(super) fn get(&self, at: usize) -> Option<(usize, u64)> {
        Some((*self.queues.get(at)? as usize, *self.offsets.get(at)?))
    }

    /// Keeps the first `len` records.
    pub(super) fn truncate(&mut self, len: usize) {
        self.queues.truncate(len);
        self.offsets.truncate(len);
    }
}
