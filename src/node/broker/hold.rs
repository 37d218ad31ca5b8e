//! Pulls that wait for messages (`PullRequestHoldService`).

use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Channel;
use crate::protocol::message::{Correlation, PullRequest};

/// The loop's wait with long polling; without it the loop waits `shortPollingTimeMills`.
pub(super) const HOLD_CHECK_INTERVAL: SimDuration = SimDuration::from_secs(5);

/// `BROKER_SUSPEND_MAX_TIME_MILLIS`, the time a push consumer allows.
pub(super) const SUSPEND_TIMEOUT: SimDuration = SimDuration::from_secs(15);

/// A pull that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// The request.
    pub request: PullRequest,
    /// Where the answer goes.
    pub channel: Channel,
    /// For the answer.
    pub correlation: Correlation,
    /// When it has to be answered at the next check.
    pub deadline: SimTime,
    /// Messages before this offset have been looked at.
    pub seen: u64,
}

/// The waiting pulls of all local queues.
#[derive(Debug)]
pub(super) struct Holds {
    queues: Vec<Vec<Held>>,
    /// Whether a dispatch that will wake the queue's pulls is already arranged.
    waking: Vec<bool>,
}

impl Holds {
    /// Nothing waits.
    #[must_use]
    pub(super) fn new(queues: usize) -> Self {
        Self { queues: vec![Vec::new(); queues], waking: vec![false; queues] }
    }

    /// Keeps a pull.
    pub(super) fn hold(&mut self, queue: usize, held: Held) {
        self.queues[queue].push(held);
    }

    /// Whether an append to this queue must arrange a wake-up; true once per wake-up.
    #[inline]
    pub(super) fn arrange_wake(&mut self, queue: usize) -> bool {
        if self.queues[queue].is_empty() || self.waking[queue] {
            return false;
        }
        self.waking[queue] = true;
        true
    }

    /// Takes the pulls of a queue to look at them.
    pub(super) fn take(&mut self, queue: usize) -> Vec<Held> {
        self.waking[queue] = false;
        std::mem::take(&mut self.queues[queue])
    }

    /// Keeps those that go on waiting, in order.
    pub(super) fn put_back(&mut self, queue: usize, held: Vec<Held>) {
        self.queues[queue] = held;
    }

    /// Queues on which something waits.
    pub(super) fn waiting(&self) -> impl Iterator<Item = usize> + '_ {
        self.queues.iter().enumerate().filter(|(_, held)| !held.is_empty()).map(|(queue, _)| queue)
    }

    /// All that wait.
    pub(super) fn all(&self) -> impl Iterator<Item = &Held> + '_ {
        self.queues.iter().flatten()
    }
}
