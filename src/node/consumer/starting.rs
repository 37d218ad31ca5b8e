//! Where pulling begins (`RebalancePushImpl#computePullFromWhereWithException`): at the stored offset, or where
//! `consumeFromWhere` says. The rebalance thread asks for every queue it takes; the pull thread asks again before the first
//! pull under a queue lock.

use super::calls::Pending;
use super::machine::Consumer;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{ConsumeFromWhere, MessageModel};
use crate::node::outbox::Outbox;
use crate::protocol::message::Body;
use crate::store::ids::QueueIx;

/// Timeout of `QUERY_CONSUMER_OFFSET` (`RemoteBrokerOffsetStore#fetchConsumeOffsetFromBroker`).
pub(super) const OFFSET_TIMEOUT: SimDuration = SimDuration::from_secs(5);
/// Timeout of `GET_MAX_OFFSET` and `SEARCH_OFFSET_BY_TIMESTAMP` (`MQAdminImpl`).
pub(super) const SEARCH_TIMEOUT: SimDuration = SimDuration::from_secs(6);
/// `consumeTimestamp`'s default, counted back from the consumer's start.
const DEFAULT_CONSUME_TIMESTAMP_AGE: SimDuration = SimDuration::from_secs(30 * 60);

/// Where a queue without a stored offset begins.
#[derive(Debug)]
pub(super) enum Start {
    /// Here.
    At(u64),
    /// Where the broker's answer to this says.
    Ask(Body),
}

/// What the offset store says of a queue.
#[derive(Debug)]
pub(super) enum Stored {
    /// It knows, or knows that there is none.
    Known(Option<u64>),
    /// It is at the broker.
    Ask(Body),
}

impl Consumer {
    /// `OffsetStore#readOffset(READ_FROM_STORE)`: a broadcasting member reads its file, others ask the broker.
    pub(super) fn stored_offset(&self, queue: QueueIx) -> Stored {
        match self.config.message_model {
            MessageModel::Broadcasting => Stored::Known(self.local.read(self.client.id, queue)),
            MessageModel::Clustering => Stored::Ask(Body::QueryOffset(self.group, queue)),
        }
    }

    /// The rule for a queue without a stored offset. The retry topic of a group that begins at the end begins at 0; of one
    /// that begins at a time, at its end.
    pub(super) fn start_rule(&self, queue: QueueIx) -> Start {
        let retry = self.deployment.group(self.group).retry_topic == Some(self.directory.parts(queue).topic);
        match (self.config.consume_from_where, retry) {
            (ConsumeFromWhere::FirstOffset, _) | (ConsumeFromWhere::LastOffset, true) => Start::At(0),
            (ConsumeFromWhere::LastOffset, false) | (ConsumeFromWhere::Timestamp, true) => {
                Start::Ask(Body::MaxOffset(queue))
            }
            (ConsumeFromWhere::Timestamp, false) => {
                let time = self.config.consume_timestamp.map_or_else(
                    || self.started.saturating_sub(DEFAULT_CONSUME_TIMESTAMP_AGE),
                    |since_start| SimTime::ZERO + since_start,
                );
                Start::Ask(Body::SearchOffset(queue, time))
            }
        }
    }

    /// The pull thread works out where the first pull under lock begins.
    pub(super) fn ask_first_offset(&mut self, now: SimTime, token: u32, queue: QueueIx, out: &mut Outbox) {
        match self.stored_offset(queue) {
            Stored::Known(Some(offset)) => self.begin_under_lock(now, token, offset, Some(offset), out),
            Stored::Known(None) => self.ask_first_start(now, token, queue, out),
            Stored::Ask(body) => {
                let Some(broker) = self.offsets_of(queue, out.fallible) else {
                    self.first_pull_failed(now, token, out);
                    return;
                };
                self.call_async(now, Pending::FirstOffset(token), broker, body, OFFSET_TIMEOUT, out);
            }
        }
    }

    /// The stored offset is known, or that there is none (4.x takes every error of the broker for that).
    pub(super) fn on_first_offset(&mut self, now: SimTime, token: u32, body: Option<Body>, out: &mut Outbox) {
        let Some(queue) = self.table.by_token(token).map(|assigned| assigned.queue) else { return };
        match body {
            Some(Body::Offset(Some(offset))) => self.begin_under_lock(now, token, offset, Some(offset), out),
            Some(Body::Offset(None) | Body::Error(_)) => self.ask_first_start(now, token, queue, out),
            _ => self.first_pull_failed(now, token, out),
        }
    }

    fn ask_first_start(&mut self, now: SimTime, token: u32, queue: QueueIx, out: &mut Outbox) {
        match self.start_rule(queue) {
            Start::At(offset) => self.begin_under_lock(now, token, offset, None, out),
            Start::Ask(body) => {
                let Some(broker) = self.master_of(queue, out.fallible) else {
                    self.first_pull_failed(now, token, out);
                    return;
                };
                self.call_async(now, Pending::FirstStart(token), broker, body, SEARCH_TIMEOUT, out);
            }
        }
    }

    /// The broker has said where its end is, or where a time is.
    pub(super) fn on_first_start(&mut self, now: SimTime, token: u32, body: Option<Body>, out: &mut Outbox) {
        match body {
            Some(Body::Offset(Some(offset))) => self.begin_under_lock(now, token, offset, None, out),
            _ => self.first_pull_failed(now, token, out),
        }
    }
}
