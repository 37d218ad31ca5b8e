//! The `send()` calls under way, and when each runs out of time.

use std::collections::VecDeque;

use crate::kernel::time::SimTime;
use crate::node::client::ChannelId;
use crate::node::outbox::{CallResult, SendError};
use crate::protocol::address::Address;
use crate::protocol::message::{Correlation, SendRequest};

/// Tells sends from the calls of the client instance.
const MARK: u32 = 1 << 31;
const SLOT_BITS: u32 = 20;

/// A `send()` call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// What is sent, with the number of the call and of the attempt.
    pub(super) request: SendRequest,
    /// Where the attempt goes.
    pub(super) server: Address,
    /// The connection it went out by, once there is one.
    pub(super) channel: Option<ChannelId>,
    /// When the attempt began.
    pub(super) sent: SimTime,
    /// When it is given up.
    pub(super) deadline: SimTime,
    /// What an earlier attempt brought that was not good enough.
    pub(super) stored: Option<CallResult>,
    /// What the latest failed attempt met.
    pub(super) error: SendError,
    /// Half messages of earlier attempts.
    pub(super) halves: Vec<u32>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct OpenCalls {
    slots: Vec<(u32, Option<Call>)>,
    free: Vec<u32>,
    /// Deadlines, ascending; those of calls that are over stay until they are due.
    due: VecDeque<(SimTime, u32)>,
    pub(super) armed: SimTime,
}

impl Default for OpenCalls {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), due: VecDeque::new(), armed: SimTime::MAX }
    }
}

impl OpenCalls {
    /// Adds a call and returns its token; `None` when there are too many.
    pub(super) fn insert(&mut self, call: Call) -> Option<u32> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < 1 << SLOT_BITS => {
                self.slots.push((0, None));
                (self.slots.len() - 1) as u32
            }
            None => return None,
        };
        let entry = &mut self.slots[slot as usize];
        entry.1 = Some(call);
        Some((entry.0 << SLOT_BITS) | slot)
    }

    /// The call of a token, if it is still under way.
    #[inline]
    pub(super) fn get_mut(&mut self, token: u32) -> Option<&mut Call> {
        let (generation, call) = self.slots.get_mut((token & ((1 << SLOT_BITS) - 1)) as usize)?;
        if *generation == token >> SLOT_BITS { call.as_mut() } else { None }
    }

    /// Ends a call.
    pub(super) fn remove(&mut self, token: u32) -> Option<Call> {
        let slot = token & ((1 << SLOT_BITS) - 1);
        let entry = self.slots.get_mut(slot as usize).filter(|entry| entry.0 == token >> SLOT_BITS)?;
        let call = entry.1.take()?;
        entry.0 = (entry.0 + 1) & ((1 << (31 - SLOT_BITS)) - 1);
        self.free.push(slot);
        Some(call)
    }

    /// Number of calls under way.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The tokens of the calls that `wanted` picks, by slot.
    pub(super) fn tokens(&self, wanted: impl Fn(&Call) -> bool) -> Vec<u32> {
        let token = |(slot, (generation, call)): (usize, &(u32, Option<Call>))| {
            call.as_ref().filter(|call| wanted(call)).map(|_| (*generation << SLOT_BITS) | slot as u32)
        };
        self.slots.iter().enumerate().filter_map(token).collect()
    }

    /// The correlation of a call's requests.
    pub(super) const fn correlation(token: u32) -> Correlation {
        Correlation(MARK | token)
    }

    /// The token an answer belongs to.
    #[inline]
    pub(super) const fn token(correlation: Correlation) -> Option<u32> {
        if correlation.0 & MARK == 0 { None } else { Some(correlation.0 & !MARK) }
    }

    /// A call is given up at this time.
    pub(super) fn set_deadline(&mut self, token: u32, deadline: SimTime) {
        let Some(call) = self.get_mut(token) else { return };
        call.deadline = deadline;
        let at = self.due.iter().rposition(|(earlier, _)| *earlier <= deadline).map_or(0, |last| last + 1);
        self.due.insert(at, (deadline, token));
    }

    /// Takes a call whose deadline has passed.
    pub(super) fn take_due(&mut self, now: SimTime) -> Option<u32> {
        while let Some((deadline, token)) = self.due.front().copied() {
            let live = self.get_mut(token).is_some_and(|call| call.deadline == deadline);
            if live && deadline > now {
                return None;
            }
            self.due.pop_front();
            if live {
                return Some(token);
            }
        }
        None
    }

    /// The next deadline.
    pub(super) fn next_due(&self) -> Option<SimTime> {
        self.due.front().map(|(deadline, _)| *deadline)
    }
}
