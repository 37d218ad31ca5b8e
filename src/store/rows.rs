//! The rows of one consume queue: a growing sequence addressed by queue offset, whose front can be given back.

use std::collections::VecDeque;

use super::message::Message;

/// Rows in a full chunk (5 KiB): large enough that taking one costs nothing per message, small enough that the unused
/// rows at the two ends of a queue stay few.
pub(super) const CHUNK_ROWS: usize = 128;

/// Full-size chunks kept for reuse, 320 KiB; more go back to the allocator, so that memory follows the backlog.
const POOLED_CHUNKS: usize = 64;

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

/// Rows `base..end` by queue offset: full chunks of [`CHUNK_ROWS`], then the one that is being filled.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    base: u64,
    /// Offset of the first row of `tail`.
    tail_base: u64,
    /// Has [`CHUNK_ROWS`] rows at most. It stands here and not in the directory, so that an append touches few lines of
    /// memory.
    tail: Vec<Message>,
    full: VecDeque<Vec<Message>>,
}

impl Rows {
    /// No rows; the first will have offset `start`.
    pub(super) fn new(start: u64) -> Self {
        Self { base: start, tail_base: start, tail: Vec::new(), full: VecDeque::new() }
    }

    /// Offset after the last row.
    pub(super) fn end(&self) -> u64 {
        self.tail_base + self.tail.len() as u64
    }

    /// Appends the row with offset [`Rows::end`].
    #[inline]
    pub(super) fn push(&mut self, row: Message, pool: &mut ChunkPool) {
        if self.tail.len() == self.tail.capacity() || self.tail.len() == CHUNK_ROWS {
            self.make_room(pool);
        }
        self.tail.push(row);
    }

    /// A queue's first chunk starts with 4 rows and doubles, so that thousands of nearly empty queues cost little.
    #[cold]
    fn make_room(&mut self, pool: &mut ChunkPool) {
        if self.tail.len() == CHUNK_ROWS {
            let next = pool.free.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK_ROWS));
            self.full.push_back(std::mem::replace(&mut self.tail, next));
            self.tail_base += CHUNK_ROWS as u64;
        } else if self.tail.capacity() == 0
            && let Some(chunk) = pool.free.pop()
        {
            self.tail = chunk;
        } else {
            let wanted = (self.tail.len() * 2).clamp(4, CHUNK_ROWS);
            self.tail.reserve_exact(wanted - self.tail.len());
        }
    }

    /// The row with this offset, which is retained.
    pub(super) fn get(&self, offset: u64) -> &Message {
        if offset >= self.tail_base {
            &self.tail[(offset - self.tail_base) as usize]
        } else {
            let index = (offset - self.base) as usize;
            &self.full[index / CHUNK_ROWS][index % CHUNK_ROWS]
        }
    }

    /// The retained row with this offset, if it is one.
    pub(super) fn checked(&self, offset: u64) -> Option<&Message> {
        (self.base..self.end()).contains(&offset).then(|| self.get(offset))
    }

    /// The retained rows from `from` on, at most up to `to` and to the end of the chunk that `from` lies in. Empty when
    /// `from >= to`.
    #[inline]
    pub(super) fn slice(&self, from: u64, to: u64) -> &[Message] {
        if from >= to {
            return &[];
        }
        let (chunk, start) = if from >= self.tail_base {
            (&self.tail, (from - self.tail_base) as usize)
        } else {
            let index = (from - self.base) as usize;
            (&self.full[index / CHUNK_ROWS], index % CHUNK_ROWS)
        };
        let wanted = start.saturating_add((to - from) as usize);
        &chunk[start..wanted.min(chunk.len())]
    }

    /// Gives back the chunks that hold only rows before `offset`; an emptied queue keeps nothing but a small chunk.
    pub(super) fn free_before(&mut self, offset: u64, pool: &mut ChunkPool) {
        while offset - self.base >= CHUNK_ROWS as u64 {
            // The chunk being filled stays until every row of it is released.
            let Some(chunk) = self.full.pop_front() else { break };
            pool.give_back(chunk);
            self.base += CHUNK_ROWS as u64;
        }
        if offset == self.end() {
            self.base = offset;
            self.tail_base = offset;
            if self.tail.capacity() < CHUNK_ROWS {
                self.tail.clear();
            } else {
                pool.give_back(std::mem::take(&mut self.tail));
            }
        }
    }

    /// Drops the rows from `end` on.
    pub(super) fn truncate(&mut self, end: u64, pool: &mut ChunkPool) {
        while end < self.tail_base
            && let Some(chunk) = self.full.pop_back()
        {
            pool.give_back(std::mem::replace(&mut self.tail, chunk));
            self.tail_base -= CHUNK_ROWS as u64;
        }
        if end < self.tail_base {
            (self.base, self.tail_base) = (end, end);
        }
        self.tail.truncate((end - self.tail_base) as usize);
    }

    /// Bytes allocated for rows and their directory.
    pub(super) fn bytes(&self) -> usize {
        let tail = self.tail.capacity() * size_of::<Message>();
        self.full.capacity() * size_of::<Vec<Message>>() + tail + rows_bytes(self.full.iter())
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
        assert_eq!(queue.bytes(), 4 * 40);
    }

    #[test]
    fn chunks_in_front_of_the_mark_are_reused_and_offsets_stay() {
        let mut pool = ChunkPool::default();
        let mut queue = filled(500, &mut pool);
        queue.free_before(300, &mut pool);
        assert_eq!((queue.base, pool.free.len()), (256, 2));
        assert_eq!(queue.get(300).physical, 300);
        assert!(queue.checked(255).is_none());
        for offset in 500..700 {
            queue.push(row(offset), &mut pool);
        }
        assert_eq!(pool.free.len(), 0);
        assert_eq!(queue.get(699).physical, 699);
    }

    #[test]
    fn an_emptied_queue_gives_its_last_chunk_back() {
        let mut pool = ChunkPool::default();
        let mut queue = filled(150, &mut pool);
        queue.free_before(150, &mut pool);
        assert_eq!((queue.full.len(), queue.tail.capacity(), pool.free.len()), (0, 0, 2));
        queue.push(row(150), &mut pool);
        assert_eq!(queue.get(150).physical, 150);
    }

    #[test]
    fn rows_cut_off_are_given_back_and_the_next_one_takes_their_place() {
        let mut pool = ChunkPool::default();
        let mut queue = filled(300, &mut pool);
        queue.truncate(130, &mut pool);
        assert_eq!((queue.end(), queue.full.len(), queue.get(129).physical), (130, 1, 129));
        queue.truncate(128, &mut pool);
        queue.push(row(7), &mut pool);
        assert_eq!((queue.get(128).physical, queue.get(127).physical), (7, 127));
        queue.truncate(3, &mut pool);
        assert_eq!((queue.end(), queue.full.len()), (3, 0));
        queue.truncate(0, &mut pool);
        assert_eq!(queue.end(), 0);
    }

    #[test]
    fn a_slice_ends_with_its_chunk() {
        let queue = filled(300, &mut ChunkPool::default());
        assert_eq!(queue.slice(250, 282).len(), 6);
        assert_eq!(queue.slice(256, 282).len(), 26);
        assert_eq!(queue.slice(290, 999).len(), 10);
        assert_eq!(queue.slice(100, 999).len(), 28);
        assert!(queue.slice(7, 7).is_empty());
    }
}
