//! A radix ladder: a monotone priority queue of packed 128-bit keys, constant time for a push and a pop at any size.
//!
//! A base time moves forward only. A key waits at the level of the highest digit in which its time differs from the
//! base, in the slot of that digit; so every key of a lower level is earlier than every key of a higher one, and within
//! a level the slots are in order. The earliest keys stand sorted in a small array, `bottom`, and leave from its end.
//! When it is empty, the first occupied slot of the lowest occupied level is sorted into it, or, if it holds many keys
//! of different times, first distributed over the levels below. Slots are lists of pooled chunks: nothing is allocated
//! once the pool has reached the high-water mark.

/// Bits of a digit.
const BITS: u32 = 8;
/// Slots of a level.
const WIDTH: usize = 1 << BITS;
/// Digits of a time.
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;
/// Keys of a chunk: with its header it fills eight cache lines.
const CHUNK: usize = 31;
/// `bottom` gives its later part back above this length.
const SPILL: usize = 128;
/// What stays in `bottom` then.
const KEEP: usize = 48;
/// No chunk.
const NIL: u32 = u32::MAX;

/// Part of a slot's keys, in no order.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
struct Chunk {
    next: u32,
    len: u32,
    keys: [u128; CHUNK],
}

/// The keys in order of their value; the upper 64 bits are the time.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    /// Sorted, the earliest last. No key is later than `limit`.
    bottom: Vec<u128>,
    /// Keys before it belong to `bottom`; from it on, to the levels. Keys of equal time enter in the order of their
    /// value, so one at the limit itself is after all of `bottom`.
    limit: u64,
    /// Not after `limit`; not after any key in the levels.
    base: u64,
    /// First chunk of each slot.
    heads: Box<[u32; LEVELS * WIDTH]>,
    /// Occupied slots of each level.
    occupied: [[u64; WIDTH / 64]; LEVELS],
    /// Occupied levels.
    levels: u32,
    chunks: Vec<Chunk>,
    /// First unused chunk.
    pool: u32,
}

/// The time of a key.
#[inline]
const fn time_of(key: u128) -> u64 {
    (key >> 64) as u64
}

/// All bits below the digit of `level`.
#[inline]
const fn below(level: usize) -> u64 {
    (1 << (level as u32 * BITS)) - 1
}

/// The level of a time that differs from the base in these bits.
#[inline]
const fn level_of(difference: u64) -> usize {
    ((63 - (difference | 1).leading_zeros()) / BITS) as usize
}

impl Default for Ladder {
    fn default() -> Self {
        Self {
            bottom: Vec::with_capacity(SPILL * 2),
            limit: 0,
            base: 0,
            heads: Box::new([NIL; LEVELS * WIDTH]),
            occupied: [[0; WIDTH / 64]; LEVELS],
            levels: 0,
            chunks: Vec::new(),
            pool: NIL,
        }
    }
}

impl Ladder {
    /// Adds a key. Among keys of equal time it must be the greatest so far.
    #[inline]
    pub(super) fn push(&mut self, key: u128) {
        if time_of(key) >= self.limit {
            self.place(key);
        } else {
            self.insert(key);
        }
    }

    /// The least key. Those for which `keep` is false may be dropped on the way.
    #[inline]
    pub(super) fn peek(&mut self, keep: impl FnMut(u128) -> bool) -> Option<u128> {
        if self.bottom.is_empty() {
            self.refill(keep);
        }
        self.bottom.last().copied()
    }

    /// Takes the least key out. Those for which `keep` is false may be dropped on the way.
    #[inline]
    pub(super) fn pop(&mut self, keep: impl FnMut(u128) -> bool) -> Option<u128> {
        if self.bottom.is_empty() {
            self.refill(keep);
        }
        self.bottom.pop()
    }

    /// Puts a key, not before the base, into the slot where it belongs.
    #[inline]
    fn place(&mut self, key: u128) {
        let time = time_of(key);
        let level = level_of(time ^ self.base);
        let digit = (time >> (level as u32 * BITS)) as usize % WIDTH;
        let slot = (level * WIDTH + digit) % (LEVELS * WIDTH);
        let head = self.heads[slot];
        if head != NIL {
            let chunk = &mut self.chunks[head as usize];
            let len = chunk.len as usize;
            if len < CHUNK {
                chunk.keys[len] = key;
                chunk.len += 1;
                return;
            }
        } else {
            self.occupied[level % LEVELS][digit / 64] |= 1 << (digit % 64);
            self.levels |= 1 << level;
        }
        self.heads[slot] = self.new_chunk(key, head);
    }

    fn new_chunk(&mut self, key: u128, next: u32) -> u32 {
        let index = self.pool;
        if index == NIL {
            let mut keys = [0; CHUNK];
            keys[0] = key;
            self.chunks.push(Chunk { next, len: 1, keys });
            return (self.chunks.len() - 1) as u32;
        }
        let chunk = &mut self.chunks[index as usize];
        self.pool = chunk.next;
        chunk.next = next;
        chunk.len = 1;
        chunk.keys[0] = key;
        index
    }

    /// Inserts a key earlier than the limit into `bottom`, from the near end.
    #[inline]
    fn insert(&mut self, key: u128) {
        self.bottom.push(key);
        let mut at = self.bottom.len() - 1;
        while at > 0 && self.bottom[at - 1] < key {
            self.bottom[at] = self.bottom[at - 1];
            at -= 1;
        }
        self.bottom[at] = key;
        if self.bottom.len() > SPILL {
            self.spill();
        }
    }

    /// Moves the later part of `bottom` to the levels.
    #[cold]
    fn spill(&mut self) {
        let cut = time_of(self.bottom[self.bottom.len() - KEEP]);
        if cut >= time_of(self.bottom[0]) {
            return;
        }
        if cut < self.base {
            self.lower(cut);
        }
        // A key at the cut itself stays: only what is later than the new limit may go.
        let gone = self.bottom.partition_point(|key| time_of(*key) > cut);
        self.limit = cut;
        for index in 0..gone {
            let key = self.bottom[index];
            self.place(key);
        }
        self.bottom.drain(..gone);
    }

    /// Moves the base back. Happens only when many keys came earlier than a time that had already been looked up.
    fn lower(&mut self, base: u64) {
        let level = level_of(self.base ^ base);
        self.base = base;
        while self.levels != 0 && (self.levels.trailing_zeros() as usize) < level {
            let lower = self.levels.trailing_zeros() as usize;
            let (_, head) = self.take_first_slot(lower);
            self.distribute(head);
        }
    }

    /// Fills the empty `bottom` from the first occupied slots.
    #[inline(never)]
    fn refill(&mut self, mut keep: impl FnMut(u128) -> bool) {
        while self.levels != 0 {
            let level = self.levels.trailing_zeros() as usize;
            let (digit, head) = self.take_first_slot(level);
            self.advance(level, digit);
            if level > 0 && !self.is_short(head) {
                self.distribute(head);
                continue;
            }
            self.limit = self.base | below(level);
            self.collect(head, &mut keep);
            if self.bottom.len() > 1 {
                self.bottom.sort_unstable_by(|a, b| b.cmp(a));
            }
            if !self.bottom.is_empty() {
                return;
            }
        }
    }

    /// Moves the base to the start of a slot.
    #[inline]
    fn advance(&mut self, level: usize, digit: usize) {
        let shift = level as u32 * BITS;
        let digits = below(level) | ((WIDTH as u64 - 1) << shift);
        self.base = (self.base & !digits) | ((digit as u64) << shift);
    }

    /// Unlinks the first occupied slot of an occupied level.
    #[inline]
    fn take_first_slot(&mut self, level: usize) -> (usize, u32) {
        let words = &mut self.occupied[level % LEVELS];
        let word = words.iter().position(|word| *word != 0).unwrap_or(0);
        let digit = word * 64 + words[word].trailing_zeros() as usize % 64;
        words[word] &= words[word].wrapping_sub(1);
        if *words == [0; WIDTH / 64] {
            self.levels &= !(1 << level);
        }
        let slot = (level * WIDTH + digit) % (LEVELS * WIDTH);
        (digit, std::mem::replace(&mut self.heads[slot], NIL))
    }

    /// Whether a slot has at most two chunks.
    #[inline]
    fn is_short(&self, head: u32) -> bool {
        let next = self.chunks[head as usize].next;
        next == NIL || self.chunks[next as usize].next == NIL
    }

    /// Appends a slot's keys to `bottom`, unsorted. Asking for each of them here, in a row, also lets the memory behind
    /// them be fetched side by side instead of one at a pop.
    #[inline]
    fn collect(&mut self, mut head: u32, keep: &mut impl FnMut(u128) -> bool) {
        while head != NIL {
            let chunk = &mut self.chunks[head as usize];
            for key in &chunk.keys[..(chunk.len as usize).min(CHUNK)] {
                if keep(*key) {
                    self.bottom.push(*key);
                }
            }
            let next = std::mem::replace(&mut chunk.next, self.pool);
            self.pool = head;
            head = next;
        }
    }

    /// Places a slot's keys anew.
    fn distribute(&mut self, mut head: u32) {
        while head != NIL {
            let (len, next) = (self.chunks[head as usize].len as usize, self.chunks[head as usize].next);
            for index in 0..len {
                let key = self.chunks[head as usize].keys[index];
                self.place(key);
            }
            self.chunks[head as usize].next = self.pool;
            self.pool = head;
            head = next;
        }
    }

    /// Reserved places of `bottom` and of the chunks.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> (usize, usize) {
        (self.bottom.capacity(), self.chunks.capacity())
    }
}
