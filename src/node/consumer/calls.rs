//! Calls that no thread of the client instance waits for: those of the orderly service's own thread and of its consume
//! threads, and of the pull thread.
//!
//! A departure: in the real client a call holds up what else its thread has to do, here it does not. That shows only while
//! a broker is slow to answer.

use std::collections::BTreeMap;

use super::machine::Consumer;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::client::ChannelId;
use crate::node::fact::CallKind;
use crate::node::outbox::{Effect, Outbox, Wake};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, Correlation};
use crate::store::ids::QueueIx;

/// Tells these calls from those of [`crate::node::client::ClientInstance`].
const MARK: u32 = 1 << 31;

/// What an answer is for.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    /// All locks of one broker were asked for.
    LockAll(Vec<QueueIx>),
    /// A consume request without a valid lock tries to get it: token and turn.
    LockLater(u32, u32),
    /// The stored offset, before the first pull under lock: token.
    FirstOffset(u32),
    /// Where to start without one.
    FirstStart(u32),
    /// A message sent to the retry topic: token and turn of the consume request.
    RetrySend(u32, u32),
}

impl Pending {
    const fn kind(&self) -> CallKind {
        match self {
            Self::LockAll(_) | Self::LockLater(..) => CallKind::Lock,
            Self::FirstOffset(_) | Self::FirstStart(_) => CallKind::Offset,
            Self::RetrySend(..) => CallKind::Send,
        }
    }
}

/// Where a call went and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) server: Address,
    /// The connection, once there is one.
    pub(super) channel: Option<ChannelId>,
    pub(super) began: SimTime,
}

impl Route {
    /// When the call is given up: a connection that has to be made first is waited for whatever the timeout.
    pub(super) fn patience(&self, deadline: SimTime, fallible: bool) -> SimTime {
        let connects = fallible && self.channel.is_none();
        if connects { deadline.max(self.began + CONNECT_WAIT) } else { deadline }
    }

    /// A connection is there.
    pub(super) fn connected(&mut self, channel: ChannelId) {
        if self.server == channel.server && self.channel.is_none() {
            self.channel = Some(channel);
        }
    }
}

/// `connectTimeoutMillis` and a moment: by then the network has said whether there is a connection.
const CONNECT_WAIT: SimDuration = SimDuration::from_millis(3100);

/// Calls under way.
#[derive(Debug, Default)]
pub(super) struct AsyncCalls {
    made: u32,
    pending: BTreeMap<u32, (Pending, Route)>,
}

impl AsyncCalls {
    /// Nobody waits for an answer any more.
    pub(super) fn clear(&mut self) {
        self.pending.clear();
    }

    /// Calls that waited for a connection have left.
    pub(super) fn connected(&mut self, channel: ChannelId) {
        self.pending.values_mut().for_each(|(_, route)| route.connected(channel));
    }

    /// The calls over a connection.
    pub(super) fn over(&self, channel: ChannelId) -> Vec<Correlation> {
        let over = self.pending.iter().filter(|(_, (_, route))| route.channel == Some(channel));
        over.map(|(number, _)| Correlation(MARK | *number)).collect()
    }
}

impl Consumer {
    pub(super) fn call_async(
        &mut self,
        now: SimTime,
        pending: Pending,
        to: Address,
        body: Body,
        timeout: SimDuration,
        out: &mut Outbox,
    ) {
        let route = Route { server: to, channel: self.client.channel(to), began: now };
        let calls = &mut self.orderly.calls;
        calls.made += 1;
        calls.pending.insert(calls.made, (pending, route));
        let correlation = Correlation(MARK | calls.made);
        out.send(to, correlation, body);
        let until = route.patience(now + timeout, out.fallible);
        out.effects.push(Effect::WakeAt(Wake::Overdue(correlation), until));
    }

    /// Whether an answer belongs to one of these calls.
    pub(super) const fn is_async(correlation: Correlation) -> bool {
        correlation.0 & MARK != 0
    }

    /// The answer, or `None` when it is overdue.
    pub(super) fn on_async_answer(
        &mut self,
        now: SimTime,
        correlation: Correlation,
        body: Option<Body>,
        out: &mut Outbox,
    ) {
        let Some((pending, route)) = self.orderly.calls.pending.remove(&(correlation.0 & !MARK)) else { return };
        if body.is_none() {
            self.on_overdue(now, &route, pending.kind(), out);
        }
        match pending {
            Pending::LockAll(queues) => self.on_all_locked(now, &queues, body),
            Pending::LockLater(token, turn) => self.on_locked_later(now, token, turn, body, out),
            Pending::FirstOffset(token) => self.on_first_offset(now, token, body, out),
            Pending::FirstStart(token) => self.on_first_start(now, token, body, out),
            Pending::RetrySend(token, turn) => {
                self.on_retry_sent(now, token, turn, matches!(body, Some(Body::Returned(true))), out);
            }
        }
    }

    /// Something the consumer wanted to be woken for.
    pub fn on_wake(&mut self, now: SimTime, wake: Wake, out: &mut Outbox) {
        match wake {
            Wake::Consume(token, turn) => self.on_consume(now, token, turn, out),
            Wake::Overdue(correlation) => {
                self.on_async_answer(now, correlation, None, out);
                self.fail_reset(now, out);
            }
            Wake::Unlock(queue, starts) => self.on_unlock_delayed(queue, starts, out),
            Wake::Reset(number) => self.on_reset_pause_over(now, number, out),
        }
    }
}
