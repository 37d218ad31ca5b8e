//! The event queue: the earliest event first, first scheduled first among equals.

mod ladder;

use super::time::SimTime;
use ladder::Ladder;

/// Bits of a key that name the slab entry; above them the sequence number, above that the time.
const SLOT_BITS: u32 = 24;
/// The most events that can be pending, cancelled ones whose time has not come included.
const MAX_PENDING: usize = 1 << SLOT_BITS;
/// The most events that can be scheduled in one run.
const MAX_SEQUENCE: u64 = 1 << (u64::BITS - SLOT_BITS);

/// Names a scheduled event, to cancel it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    slot: u32,
    generation: u32,
}

/// A queue of events in total order (time, sequence number).
///
/// Keys of 16 bytes are ordered, the events themselves rest in a slab. A cancelled event's key stays until its time
/// comes: cancelling costs nothing, but a deadline that moves often should be one event that is armed anew when it
/// comes too early.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    keys: Ladder,
    slab: Vec<Entry<E>>,
    /// Entries without a key.
    free: Vec<u32>,
    sequence: u64,
    pending: usize,
}

/// A place for an event. The generation is odd while the event is pending, so one number tells both whether an entry
/// lives and whether an [`EventId`] still means it. (An id would have to be kept over 2^31 uses of its entry to be
/// mistaken.)
#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    generation: u32,
    event: E,
}

impl<E> Entry<E> {
    #[inline]
    const fn is_pending(&self) -> bool {
        self.generation % 2 == 1
    }
}

/// Whether a key's event is still pending; otherwise the key goes and its entry is free.
#[inline]
fn keep<E>(slab: &[Entry<E>], free: &mut Vec<u32>, key: u128) -> bool {
    let slot = slot_of(key);
    let pending = slab[slot as usize].is_pending();
    if !pending {
        free.push(slot);
    }
    pending
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self { keys: Ladder::default(), slab: Vec::new(), free: Vec::new(), sequence: 0, pending: 0 }
    }
}

/// The slab entry of a key.
#[inline]
const fn slot_of(key: u128) -> u32 {
    key as u32 & (MAX_PENDING as u32 - 1)
}

/// The time of a key.
#[inline]
const fn time_of(key: u128) -> SimTime {
    SimTime::from_nanos((key >> 64) as u64)
}

impl<E: Copy> EventQueue<E> {
    /// Schedules `event` at `time`. A time before the last popped one is allowed and comes next.
    ///
    /// # Panics
    /// Above 2^24 pending events or 2^40 scheduled ones.
    #[inline]
    pub fn push(&mut self, time: SimTime, event: E) -> EventId {
        let slot = self.free.pop().unwrap_or_else(|| self.new_slot(event));
        let entry = &mut self.slab[slot as usize];
        entry.generation = entry.generation.wrapping_add(1);
        entry.event = event;
        let id = EventId { slot, generation: entry.generation };
        assert!(self.sequence < MAX_SEQUENCE, "a run schedules at most 2^40 events");
        let low = (self.sequence << SLOT_BITS) | u64::from(slot);
        self.keys.push((u128::from(time.as_nanos()) << 64) | u128::from(low));
        self.sequence += 1;
        self.pending += 1;
        id
    }

    #[cold]
    fn new_slot(&mut self, event: E) -> u32 {
        assert!(self.slab.len() < MAX_PENDING, "at most 2^24 events are pending");
        self.slab.push(Entry { generation: 0, event });
        (self.slab.len() - 1) as u32
    }

    /// Takes a scheduled event out; false when it has already been popped or cancelled.
    #[inline]
    pub fn cancel(&mut self, id: EventId) -> bool {
        let entry = &mut self.slab[id.slot as usize];
        let alive = entry.generation == id.generation;
        if alive {
            entry.generation = entry.generation.wrapping_add(1);
            self.pending -= 1;
        }
        alive
    }

    /// The next event with its time.
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        loop {
            let key = self.keys.pop(|key| keep(&self.slab, &mut self.free, key))?;
            let slot = slot_of(key);
            self.free.push(slot);
            let entry = &mut self.slab[slot as usize];
            if entry.is_pending() {
                entry.generation = entry.generation.wrapping_add(1);
                self.pending -= 1;
                return Some((time_of(key), entry.event));
            }
        }
    }

    /// The time of the next event.
    #[inline]
    pub fn next_time(&mut self) -> Option<SimTime> {
        loop {
            let key = self.keys.peek(|key| keep(&self.slab, &mut self.free, key))?;
            if self.slab[slot_of(key) as usize].is_pending() {
                return Some(time_of(key));
            }
            self.keys.pop(|_| true);
            self.free.push(slot_of(key));
        }
    }

    /// Events scheduled and not yet popped or cancelled.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.pending
    }

    /// Whether nothing is scheduled.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pending == 0
    }
}

#[cfg(test)]
mod tests;
