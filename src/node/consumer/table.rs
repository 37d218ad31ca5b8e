//! The process queue table of a consumer (`RebalanceImpl#processQueueTable`).

use std::collections::BTreeMap;

use crate::consume::orderly::Attempts;
use crate::consume::process_queue::ProcessQueue;
use crate::consume::queue_lock::ClientLock;
use crate::kernel::time::SimTime;
use crate::store::ids::QueueIx;

/// A process queue with its circulating pull request and its entry of the offset store.
#[derive(Clone, Debug)]
pub struct Assigned {
    /// The queue.
    pub queue: QueueIx,
    /// The window.
    pub process: ProcessQueue,
    /// `PullRequest#nextOffset`.
    pub next_offset: u64,
    /// Where pulling began.
    pub first_offset: u64,
    /// The offset store's entry (`RemoteBrokerOffsetStore#offsetTable`).
    pub offset: Option<u64>,
    /// The broker id that the last answer suggested (`PullAPIWrapper#pullFromWhichNodeTable`).
    pub suggest: u32,
    /// `ProcessQueue#lastPullTimestamp`.
    pub last_pull: SimTime,
    /// Dropped but still in the table: an illegal offset, a reset, or a listener call that could not be waited for. It is
    /// removed when that is over.
    pub dropped: bool,
    /// What orderly consumption needs.
    pub orderly: OrderlyQueue,
}

/// The orderly part of a process queue.
#[derive(Clone, Debug, Default)]
pub struct OrderlyQueue {
    /// Its lock.
    pub lock: ClientLock,
    /// `PullRequest#previouslyLocked`: pulling under the lock has begun.
    pub previously_locked: bool,
    /// The offset of the first pull under lock is being asked for.
    pub asks_offset: bool,
    /// `ProcessQueue#consuming`: there is a consume request.
    pub consuming: bool,
    /// Attempts with the messages at the front.
    pub attempts: Attempts,
}

/// Assigned queues by slot and by queue. A token names a slot and its use, so that an answer to a queue that was dropped and
/// assigned again does not reach the new process queue.
#[derive(Clone, Debug, Default)]
pub(super) struct QueueTable {
    slots: Vec<(u32, Option<Assigned>)>,
    free: Vec<u32>,
    by_queue: BTreeMap<QueueIx, u32>,
}

const SLOT_BITS: u32 = 18;

impl QueueTable {
    /// Adds a process queue and returns its token.
    pub(super) fn insert(&mut self, assigned: Assigned) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            (self.slots.len() - 1) as u32
        });
        self.by_queue.insert(assigned.queue, slot);
        let entry = &mut self.slots[slot as usize];
        entry.1 = Some(assigned);
        (entry.0 << SLOT_BITS) | slot
    }

    /// The process queue a token names, if it still exists.
    #[inline]
    pub(super) fn by_token(&mut self, token: u32) -> Option<&mut Assigned> {
        let (generation, assigned) = self.slots.get_mut((token & ((1 << SLOT_BITS) - 1)) as usize)?;
        if *generation == token >> SLOT_BITS { assigned.as_mut() } else { None }
    }

    /// Takes a queue out.
    pub(super) fn remove(&mut self, queue: QueueIx) -> Option<Assigned> {
        let slot = self.by_queue.remove(&queue)?;
        let entry = &mut self.slots[slot as usize];
        entry.0 = (entry.0 + 1) & ((1 << (32 - SLOT_BITS)) - 1);
        self.free.push(slot);
        entry.1.take()
    }

    /// The token of a queue's process queue.
    #[must_use]
    pub(super) fn token(&self, queue: QueueIx) -> Option<u32> {
        let slot = *self.by_queue.get(&queue)?;
        Some((self.slots[slot as usize].0 << SLOT_BITS) | slot)
    }

    /// Owned queues, ascending.
    pub(super) fn queues(&self) -> impl Iterator<Item = QueueIx> + '_ {
        self.by_queue.keys().copied()
    }

    /// A queue's entry.
    #[must_use]
    pub(super) fn get(&self, queue: QueueIx) -> Option<&Assigned> {
        self.slots[*self.by_queue.get(&queue)? as usize].1.as_ref()
    }

    /// All entries by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Assigned> {
        self.slots.iter().filter_map(|(_, assigned)| assigned.as_ref())
    }

    /// All entries by slot.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Assigned> {
        self.slots.iter_mut().filter_map(|(_, assigned)| assigned.as_mut())
    }

    /// Number of queues.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.by_queue.len()
    }

    /// Removes everything and returns it in slot order.
    pub(super) fn take_all(&mut self) -> Vec<Assigned> {
        let queues: Vec<QueueIx> = self.queues().collect();
        queues.into_iter().filter_map(|queue| self.remove(queue)).collect()
    }
}
