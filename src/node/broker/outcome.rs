//! What happens between an append and its answer: the wait for the flush and for a slave (`CommitLog#asyncPutMessage`,
//! `#submitFlushRequest`, `#submitReplicaRequest`). No thread waits: requests stand in order, and the answer leaves when both
//! outcomes are there. Whatever decides that a record counts belongs here.

use std::collections::VecDeque;

use super::machine::Broker;
use crate::kernel::time::SimTime;
use crate::node::outbox::{Outbox, Timer};
use crate::node::replication_config::{FlushDiskType, Role};
use crate::protocol::address::Channel;
use crate::protocol::message::{Body, Correlation, SendReply, SendStatus};
use crate::store::catalog::CopyFacts;

/// What is done when the outcome is there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// The sender is answered.
    Answer(Channel, Correlation, SendReply),
    /// The consumer that sent the message to its retry topic is answered: it is stored, whatever the status.
    Returned(Channel, Correlation),
    /// The half message with this offset is decided (`TransactionalMessageBridge#writeOp`).
    Operation(u64, CopyFacts),
}

/// A record that waits.
#[derive(Debug)]
struct Wait {
    /// Position after the record.
    end: u64,
    flush: Option<SendStatus>,
    flush_deadline: SimTime,
    replica: Option<SendStatus>,
    replica_deadline: SimTime,
    then: Option<Then>,
}

/// All that wait, in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Waits {
    waits: VecDeque<Wait>,
    /// Before it nothing waits for the flush; and for a slave.
    flush_next: usize,
    replica_next: usize,
    /// Ends of the records whose answer a dead process owed.
    dropped: Vec<u64>,
}

impl Waits {
    /// Whether a put waits for the flush.
    pub(super) fn wants_flush(&self) -> bool {
        self.waits.iter().skip(self.flush_next).any(|wait| wait.flush.is_none())
    }

    /// The process is gone.
    pub(super) fn drop_all(&mut self) {
        self.dropped = self.waits.iter().filter(|wait| wait.then.is_some()).map(|wait| wait.end).collect();
        self.waits.clear();
        (self.flush_next, self.replica_next) = (0, 0);
    }

    /// Records behind `position` that nobody had been told of when the process went.
    pub(super) fn unanswered_from(&self, position: u64) -> u64 {
        self.dropped.iter().filter(|end| **end > position).count() as u64
    }

    fn forget_done(&mut self) {
        while self.waits.front().is_some_and(|wait| wait.then.is_none()) {
            self.waits.pop_front();
            self.flush_next = self.flush_next.saturating_sub(1);
            self.replica_next = self.replica_next.saturating_sub(1);
        }
    }

    /// The next deadline.
    fn deadline(&self) -> Option<SimTime> {
        let flush = self.waits.get(self.flush_next).filter(|wait| wait.flush.is_none()).map(|wait| wait.flush_deadline);
        let replica = self.waits.get(self.replica_next).filter(|wait| wait.replica.is_none());
        flush.into_iter().chain(replica.map(|wait| wait.replica_deadline)).min()
    }
}

impl Broker {
    /// The record that was just appended counts when flush and replicas say so, as configured; then `then` is done.
    pub(super) fn await_outcome(&mut self, now: SimTime, then: Then, out: &mut Outbox) {
        if self.await_quorum(then) {
            return;
        }
        let config = &self.config.replication;
        let end = self.log_max();
        let sync_flush = config.flush_disk_type == FlushDiskType::SyncFlush;
        let ok = Some(SendStatus::SendOk);
        let replica = match self.role {
            Role::SyncMaster if !self.ha_server.is_slave_ok(end, config.ha_slave_fallbehind_max) => {
                Some(SendStatus::SlaveNotAvailable)
            }
            Role::SyncMaster => None,
            _ => ok,
        };
        if !sync_flush && replica.is_some() {
            self.answer(now, then, replica.unwrap_or_default(), out);
            return;
        }
        self.waits.waits.push_back(Wait {
            end,
            flush: if sync_flush { None } else { ok },
            flush_deadline: now + config.sync_flush_timeout,
            replica,
            replica_deadline: now + config.slave_timeout,
            then: Some(then),
        });
        if replica.is_none() {
            self.ship(now, true, out);
        }
        if sync_flush {
            self.wake_flush(now, out);
        }
        self.settle(now, out);
    }

    /// Looks at what waits: what is flushed, what a slave has, what has waited for too long. Each of the two is settled
    /// strictly in order (`CommitLog.FlushDiskWatcher`, `HAService.GroupTransferService`).
    pub(super) fn settle(&mut self, now: SimTime, out: &mut Outbox) {
        let (flushed, pushed) = (self.store.flushed_where(), self.ha_server.pushed());
        let mut done = Vec::new();
        let Waits { waits, flush_next, replica_next, .. } = &mut self.waits;
        while let Some(wait) = waits.get_mut(*flush_next) {
            if wait.flush.is_none() {
                wait.flush = if flushed >= wait.end {
                    Some(SendStatus::SendOk)
                } else if now >= wait.flush_deadline {
                    Some(SendStatus::FlushDiskTimeout)
                } else {
                    break;
                };
                done.extend(outcome(wait));
            }
            *flush_next += 1;
        }
        while let Some(wait) = waits.get_mut(*replica_next) {
            if wait.replica.is_none() {
                wait.replica = if pushed >= wait.end {
                    Some(SendStatus::SendOk)
                } else if now >= wait.replica_deadline {
                    Some(SendStatus::FlushSlaveTimeout)
                } else {
                    break;
                };
                done.extend(outcome(wait));
            }
            *replica_next += 1;
        }
        self.waits.forget_done();
        for (then, status) in done {
            self.answer(now, then, status, out);
        }
        match self.waits.deadline() {
            Some(deadline) => out.arm(Timer::Waits, deadline),
            None => out.disarm(Timer::Waits),
        }
    }

    pub(super) fn answer(&mut self, now: SimTime, then: Then, outcome: SendStatus, out: &mut Outbox) {
        match then {
            Then::Answer(channel, correlation, SendReply::Ok { queue_offset, physical, epoch, .. }) => {
                let reply = SendReply::Ok { queue_offset, physical, status: outcome, epoch };
                self.reply_to(channel, correlation, Body::SendReply(reply), out);
            }
            Then::Answer(channel, correlation, reply) => {
                self.reply_to(channel, correlation, Body::SendReply(reply), out);
            }
            Then::Returned(channel, correlation) => self.reply_to(channel, correlation, Body::Returned(true), out),
            Then::Operation(half_offset, facts) => self.put_operation(now, half_offset, facts, out),
        }
    }

    /// Answers, unless the request was one-way.
    pub(super) fn reply_to(&self, channel: Channel, correlation: Correlation, body: Body, out: &mut Outbox) {
        if correlation != Correlation::ONEWAY {
            out.reply(channel, correlation, body);
        }
    }
}

/// What is to be done when both outcomes are there: that of the replicas counts unless it is fine.
fn outcome(wait: &mut Wait) -> Option<(Then, SendStatus)> {
    let (flush, replica) = (wait.flush?, wait.replica?);
    let status = if replica == SendStatus::SendOk { flush } else { replica };
    Some((wait.then.take()?, status))
}
