//! The event queue: the earliest event first, first scheduled first among equals.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::time::SimTime;

/// Names a scheduled event, to cancel it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    slot: u32,
    generation: u32,
}

/// A queue of events in total order (time, sequence number).
#[derive(Debug)]
pub struct EventQueue<E> {
    heap: BinaryHeap<Reverse<(SimTime, u64, u32)>>,
    slots: Vec<(u32, Option<E>)>,
    free: Vec<u32>,
    seq: u64,
    pending: usize,
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), seq: 0, pending: 0 }
    }
}

impl<E: Copy> EventQueue<E> {
    /// Schedules `event` at `time`.
    pub fn push(&mut self, time: SimTime, event: E) -> EventId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            (self.slots.len() - 1) as u32
        });
        self.slots[slot as usize].1 = Some(event);
        self.heap.push(Reverse((time, self.seq, slot)));
        self.seq += 1;
        self.pending += 1;
        EventId { slot, generation: self.slots[slot as usize].0 }
    }

    /// Takes a scheduled event out; false when it has already been popped or cancelled.
    pub fn cancel(&mut self, id: EventId) -> bool {
        let entry = &mut self.slots[id.slot as usize];
        if entry.0 != id.generation || entry.1.is_none() {
            return false;
        }
        entry.1 = None;
        self.pending -= 1;
        true
    }

    /// The next event with its time.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        while let Some(Reverse((time, _, slot))) = self.heap.pop() {
            let entry = &mut self.slots[slot as usize];
            entry.0 += 1;
            self.free.push(slot);
            if let Some(event) = entry.1.take() {
                self.pending -= 1;
                return Some((time, event));
            }
        }
        None
    }

    /// The time of the next event.
    pub fn next_time(&mut self) -> Option<SimTime> {
        while let Some(Reverse((time, _, slot))) = self.heap.peek().copied() {
            if self.slots[slot as usize].1.is_some() {
                return Some(time);
            }
            self.heap.pop();
            self.slots[slot as usize].0 += 1;
            self.free.push(slot);
        }
        None
    }

    /// Events scheduled and not yet popped or cancelled.
    pub fn len(&self) -> usize {
        self.pending
    }

    /// Whether nothing is scheduled.
    pub fn is_empty(&self) -> bool {
        self.pending == 0
    }
}
