//! The rows of one consume queue: a growing sequence addressed by queue offset, whose front can be given back.

use std::collections::VecDeque;

use super::message::Message;

/// Rows in a full chunk (10 KiB): large enough that taking one costs nothing per message, small enough that the unused
/// rows at the two ends of a queue stay few.
pub(super) const CHUNK_ROWS: usize = 256;

/// Full-size chunks kept for reuse, 2.5 MiB; more go back to the allocator, so that memory follows the backlog.
const POOLED_CHUNKS: usize = 256;

/// Empty full-size chunks, shared by the queues of a store.
#[derive(Clone, Debug, Default)]
pub(super) struct ChunkPool {
    free: Vec<Vec<Message>>,
}

impl ChunkPool {
    fn give_back(&mut self, mut chunk: Vec<Message>) {
        if self.free.len() < POOLED_CHUNKS && chunk.capacity() >= CHUNK_ROWS {
            chunk.clear();
            self.free.push(chunk);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.free.capacity() * size_of::<Vec<Message>>() + rows_bytes(self.free.iter())
    }
}

fn rows_bytes<'a>(chunks: impl Iterator<Item = &'a Vec<Message>>) -> usize {
    chunks.map(|chunk| chunk.capacity() * size_of::<Message>()).sum()
}

/// Rows `base..end` by queue offset, in chunks of [`CHUNK_ROWS`]; every chunk but the last is full.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    base: u64,
    end: u64,
    chunks: VecDeque<Vec<Message>>,
}

impl Rows {
    /// No rows; the first will have offset `start`.
    pub(super) fn new(start: u64) -> Self {
        Self { base: start, end: start, chunks: VecDeque::new() }
    }

    /// Offset after the last row.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Appends the row with offset [`Rows::end`].
    pub(super) fn push(&mut self, row: Message, pool: &mut ChunkPool) {
        match self.chunks.back_mut() {
            Some(chunk) if chunk.len() < chunk.capacity() && chunk.len() < CHUNK_ROWS => chunk.push(row),
            _ => self.push_growing(row, pool),
        }
        self.end += 1;
    }

    /// A queue's first chunk starts with 4 rows and doubles, so that thousands of nearly empty queues cost little.
    #[cold]
    fn push_growing(&mut self, row: Message, pool: &mut ChunkPool) {
        if let Some(chunk) = self.chunks.back_mut().filter(|chunk| chunk.len() < CHUNK_ROWS) {
            let grown = (chunk.len() * 2).clamp(4, CHUNK_ROWS);
            chunk.reserve_exact(grown - chunk.len());
            chunk.push(row);
            return;
        }
        let first = if self.chunks.is_empty() { 4 } else { CHUNK_ROWS };
        let mut chunk = pool.free.pop().unwrap_or_else(|| Vec::with_capacity(first));
        chunk.push(row);
        self.chunks.push_back(chunk);
    }

    /// The row with this offset, which is retained.
    pub(super) fn get(&self, offset: u64) -> &Message {
        let index = (offset - self.base) as usize;
        &self.chunks[index / CHUNK_ROWS][index % CHUNK_ROWS]
    }

    /// The retained row with this offset, if it is one.
    pub(super) fn checked(&self, offset: u64) -> Option<&Message> {
        (self.base..self.end).contains(&offset).then(|| self.get(offset))
    }

    /// The retained rows from `from` on, at most up to `to` and to the end of the chunk that `from` lies in. Empty when
    /// `from >= to`.
    pub(super) fn slice(&self, from: u64, to: u64) -> &[Message] {
        if from >= to {
            return &[];
        }
        let index = (from - self.base) as usize;
        let chunk = &self.chunks[index / CHUNK_ROWS];
        let start = index % CHUNK_ROWS;
        let wanted = start.saturating_add((to - from) as usize);
        &chunk[start..wanted.min(chunk.len())]
    }

    /// Gives back the chunks that hold only rows before `offset`; an emptied queue keeps nothing but a small chunk.
    pub(super) fn free_before(&mut self, offset: u64, pool: &mut ChunkPool) {
        while offset - self.base >= CHUNK_ROWS as u64 {
            // Only full chunks can end at or before `offset <= end`.
            let Some(chunk) = self.chunks.pop_front() else { break };
            pool.give_back(chunk);
            self.base += CHUNK_ROWS as u64;
        }
        if offset == self.end {
            self.base = self.end;
            if let Some(mut chunk) = self.chunks.pop_front() {
                if chunk.capacity() < CHUNK_ROWS {
                    chunk.clear();
                    self.chunks.push_back(chunk);
                } else {
                    pool.give_back(chunk);
                }
            }
        }
    }

    /// Bytes allocated for rows and their directory.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.capacity() * size_of::<Vec<Message>>() + rows_bytes(self.chunks.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimTime;

    fn row(physical: u64) -> Message {
        Message { physical, stored_at: SimTime::ZERO, born_at: SimTime::ZERO, size: 1, body: 0, key: 0, class: 0 }
    }

    fn filled(rows: u64, pool: &mut ChunkPool) -> Rows {
        let mut queue = Rows::new(0);
        for offset in 0..rows {
            queue.push(row(offset), pool);
        }
        queue
    }

    #[test]
    fn a_nearly_empty_queue_has_room_for_four_rows_only() {
        let queue = filled(3, &mut ChunkPool::default());
        assert_eq!(queue.chunks[0].capacity(), 4);
        assert!(queue.bytes() <= 4 * 40 + 4 * 24, "{}", queue.bytes());
    }

    #[test]
    fn chunks_in_front_of_the_mark_are_reused_and_offsets_stay() {
        let mut pool = ChunkPool::default();
        let mut queue = filled(1000, &mut pool);
        queue.free_before(600, &mut pool);
        assert_eq!((queue.base, pool.free.len()), (512, 2));
        assert_eq!(queue.get(600).physical, 600);
        assert!(queue.checked(511).is_none());
        for offset in 1000..1400 {
            queue.push(row(offset), &mut pool);
        }
        assert_eq!(pool.free.len(), 0);
        assert_eq!(queue.get(1399).physical, 1399);
    }

    #[test]
    fn an_emptied_queue_gives_its_last_chunk_back() {
        let mut pool = ChunkPool::default();
        let mut queue = filled(300, &mut pool);
        queue.free_before(300, &mut pool);
        assert_eq!((queue.chunks.len(), pool.free.len()), (0, 2));
        queue.push(row(300), &mut pool);
        assert_eq!(queue.get(300).physical, 300);
    }

    #[test]
    fn a_slice_ends_with_its_chunk() {
        let queue = filled(300, &mut ChunkPool::default());
        assert_eq!(queue.slice(250, 282).len(), 6);
        assert_eq!(queue.slice(256, 282).len(), 26);
        assert_eq!(queue.slice(290, 999).len(), 10);
        assert!(queue.slice(7, 7).is_empty());
    }
}
