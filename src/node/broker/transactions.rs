//! Transactions at the broker: half messages, their ends, and the periodic check (`EndTransactionProcessor`,
//! `TransactionalMessageCheckService`).

use std::collections::BTreeSet;

use super::machine::Broker;
use super::outcome::Then;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::counters::Counter;
use crate::node::fact::{Fact, TransactionStep};
use crate::node::outbox::{Outbox, Timer};
use crate::protocol::address::Channel;
use crate::protocol::message::{Body, CheckTransaction, Correlation, EndTransaction, SendReply, SendRequest};
use crate::store::catalog::{CopyFacts, CopyKind, Origin, TransactionOutcome};
use crate::store::ids::{ProducerGroupIx, QueueIx, TopicIx};
use crate::store::message::Draft;
use crate::store::transaction_check::{CheckProgress, CheckSettings, HalfMessage, HalfQueue, Operation, check};

/// `fileReservedTime`: half messages older than this are passed over.
const FILE_RESERVED_TIME: SimDuration = SimDuration::from_secs(72 * 3600);
/// Attempts to find a channel that can be asked (`ProducerManager#getAvailableChannel`).
const CHANNEL_TRIES: usize = 3;
/// Bytes that a half message's properties have beside its own: `TRAN_MSG`, `PGROUP`, `REAL_TOPIC`, `REAL_QID` and their
/// separators, without the values of the group and topic names.
const HALF_PROPERTIES: u32 = 48;

/// What has become of the transactions that began at a broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionStates {
    /// Half messages that producers stored.
    pub begun: u64,
    /// Not decided and not given up.
    pub pending: u64,
    /// Committed, at least once.
    pub committed: u64,
    /// Rolled back.
    pub rolled_back: u64,
    /// Given up after too many checks.
    pub discarded: u64,
}

/// A broker's transactions.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    progress: CheckProgress,
    /// Channels of each producer group (`ProducerManager`).
    producers: Vec<Vec<Channel>>,
    /// `positiveAtomicCounter` of the round robin.
    asked: usize,
    /// First half offsets of the transactions that are not over.
    pending: BTreeSet<u64>,
    states: TransactionStates,
}

impl Transactions {
    pub(super) fn register(&mut self, group: ProducerGroupIx, channel: Channel) {
        if self.producers.len() <= group.at() {
            self.producers.resize(group.at() + 1, Vec::new());
        }
        let channels = &mut self.producers[group.at()];
        if !channels.contains(&channel) {
            channels.push(channel);
        }
    }

    pub(super) fn forget(&mut self, channel: Channel) {
        for channels in &mut self.producers {
            channels.retain(|known| *known != channel);
        }
    }

    /// `ProducerManager#getAvailableChannel`: every channel still known can be asked here.
    fn available(&mut self, group: ProducerGroupIx) -> Option<Channel> {
        let channels = self.producers.get(group.at()).filter(|channels| !channels.is_empty())?;
        self.asked += 1;
        (0..CHANNEL_TRIES).find_map(|try_| channels.get((self.asked + try_) % channels.len()).copied())
    }

    /// How far the check has come.
    pub(super) const fn progress(&self) -> CheckProgress {
        self.progress
    }

    /// The progress as it was read from the disk.
    pub(super) const fn set_progress(&mut self, progress: CheckProgress) {
        self.progress = progress;
    }

    /// The connections are gone.
    pub(super) fn forget_producers(&mut self) {
        self.producers.clear();
        self.asked = 0;
    }

    /// Half messages from this offset on are gone, and their transactions with them.
    pub(super) fn cut(&mut self, from: u64) {
        let gone = self.pending.split_off(&from).len() as u64;
        self.states.begun -= gone;
        self.states.pending -= gone;
    }

    /// Whether this ends the transaction; `false` when it was over before.
    fn end(&mut self, first: u64) -> bool {
        let ends = self.pending.remove(&first);
        self.states.pending -= u64::from(ends);
        ends
    }
}

impl Broker {
    /// The states of the transactions that began here.
    #[must_use]
    pub const fn transaction_states(&self) -> TransactionStates {
        self.transactions.states
    }

    /// Records before these offsets of the half queue and of the operation queue are read by nobody any more, unless a request
    /// that names one is under way: the check is past them, and the transactions that began there are over.
    #[must_use]
    pub fn transaction_floors(&self) -> (u64, u64) {
        let CheckProgress { half_offset, op_offset } = self.transactions.progress;
        let oldest = self.transactions.pending.first().copied().unwrap_or(u64::MAX);
        (half_offset.min(oldest), op_offset)
    }

    /// How far the check has come in the half queue and in the operation queue.
    #[must_use]
    pub const fn transaction_offsets(&self) -> (u64, u64) {
        (self.transactions.progress.half_offset, self.transactions.progress.op_offset)
    }

    /// A half message is sent: it goes to the half topic, and the reply names its place there
    /// (`TransactionalMessageBridge#putHalfMessage`).
    pub(super) fn on_half_send(&mut self, now: SimTime, request: &SendRequest, out: &mut Outbox) -> SendReply {
        let Some(queue) = self.own_queue(self.deployment.half) else { return SendReply::QueueIdIllegal };
        let draft = Draft { size: request.draft.size + HALF_PROPERTIES, ..request.draft };
        let Some(put) = self.append(now, queue, &draft, false, out) else { return SendReply::Lost };
        let origin = Origin { queue, offset: put.offset };
        if let Some(copy) = out.catalog.copy_mut(draft.class) {
            copy.origin = origin;
            // Another broker may have refused it before.
            copy.real_queue = request.queue;
        }
        self.transactions.pending.insert(put.offset);
        self.transactions.states.begun += 1;
        self.transactions.states.pending += 1;
        out.counters.add_to_cluster(Counter::HalfMessages, 1);
        self.tell(origin, TransactionStep::Begun, out);
        SendReply::stored(put.offset, put.physical)
    }

    /// `END_TRANSACTION`. There is no memory of decisions: a second commit stores a second message.
    pub(super) fn on_end_transaction(&mut self, now: SimTime, request: EndTransaction, out: &mut Outbox) {
        if request.outcome == TransactionOutcome::Unknown {
            return;
        }
        if out.fallible && !self.takes_puts() {
            return;
        }
        let Some(half_queue) = self.own_queue(self.deployment.half) else { return };
        let local = self.directory.parts(half_queue).local as usize;
        let Some(half) = self.store.message(local, request.half_offset).copied() else { return };
        let Some(facts) = out.catalog.copy(half.class).copied() else { return };
        if half.physical != request.physical {
            return;
        }
        let EndTransaction { outcome, from_check, .. } = request;
        if outcome == TransactionOutcome::Commit {
            let copy = CopyFacts { kind: CopyKind::Committed, half_offset: Some(request.half_offset), ..facts };
            let class = out.catalog.add_copy(copy);
            let draft = Draft { born_at: half.born_at, size: half.size, body: half.body, key: half.key, class };
            let Some(put) = self.append(now, facts.real_queue, &draft, true, out) else { return };
            out.counters.add_to_cluster(Counter::Committed, 1);
            let step = TransactionStep::Committed { queue: facts.real_queue, offset: put.offset, from_check };
            self.tell(facts.origin, step, out);
        } else {
            out.counters.add_to_cluster(Counter::RolledBack, 1);
            self.tell(facts.origin, TransactionStep::RolledBack { from_check }, out);
        }
        if self.transactions.end(facts.origin.offset) {
            let states = &mut self.transactions.states;
            let state =
                if outcome == TransactionOutcome::Commit { &mut states.committed } else { &mut states.rolled_back };
            *state += 1;
        }
        if out.fallible && outcome == TransactionOutcome::Commit {
            // The operation is written when the message counts, whatever the status.
            self.await_outcome(now, Then::Operation(request.half_offset, facts), out);
        } else {
            self.put_operation(now, request.half_offset, facts, out);
        }
    }

    /// The operation that tells the check that a half message is decided (`TransactionalMessageBridge#writeOp`).
    pub(super) fn put_operation(&mut self, now: SimTime, half_offset: u64, facts: CopyFacts, out: &mut Outbox) {
        let Some(queue) = self.own_queue(self.deployment.op) else { return };
        let class = out.catalog.add_copy(CopyFacts { kind: CopyKind::Op, half_offset: Some(half_offset), ..facts });
        let body = half_offset.checked_ilog10().unwrap_or(0) + 1;
        // Topic `RMQ_SYS_TRANS_OP_HALF_TOPIC` and property `TAGS` = `d`.
        let draft = Draft { born_at: now, size: 91 + body + 27 + 6, body, key: crate::store::message::NO_KEY, class };
        self.append(now, queue, &draft, true, out);
    }

    /// The periodic check of undecided half messages.
    pub(super) fn on_transaction_check(&mut self, now: SimTime, out: &mut Outbox) {
        out.arm(Timer::TransactionCheck, now + self.config.transaction_check_interval);
        if out.fallible && !self.takes_puts() {
            // What cannot be put back is tried again; nothing gets past it.
            return;
        }
        let (Some(half), Some(op)) = (self.own_queue(self.deployment.half), self.own_queue(self.deployment.op)) else {
            return;
        };
        let settings = CheckSettings {
            time_out: self.config.transaction_time_out,
            check_max: self.config.transaction_check_max,
            reserved: FILE_RESERVED_TIME,
        };
        for queue in [half, op] {
            let local = self.directory.parts(queue).local;
            self.dispatch(now, local);
        }
        let mut progress = self.transactions.progress;
        check(&mut progress, now, &settings, &mut Halves { broker: self, out, now, half, op });
        self.transactions.progress = progress;
    }

    /// The single queue of a system topic here.
    fn own_queue(&self, topic: Option<TopicIx>) -> Option<QueueIx> {
        self.directory.queue(topic?, self.name, 0)
    }

    fn tell(&self, origin: Origin, step: TransactionStep, out: &mut Outbox) {
        let broker = self.me;
        out.trace(|| Fact::Transaction { broker, origin, step });
    }
}

/// The half and operation queues of a broker during a check.
struct Halves<'a> {
    broker: &'a mut Broker,
    out: &'a mut Outbox,
    now: SimTime,
    half: QueueIx,
    op: QueueIx,
}

impl Halves<'_> {
    /// The draft and facts of a visible record.
    fn record(&self, queue: QueueIx, offset: u64) -> Option<(Draft, SimTime, u64, CopyFacts)> {
        let local = self.broker.directory.parts(queue).local as usize;
        if offset >= self.broker.store.max_offset(local) {
            return None;
        }
        let row = self.broker.store.message(local, offset)?;
        let facts = *self.out.catalog.copy(row.class)?;
        let draft = Draft { born_at: row.born_at, size: row.size, body: row.body, key: row.key, class: row.class };
        Some((draft, row.stored_at, row.physical, facts))
    }
}

impl HalfQueue for Halves<'_> {
    fn half(&mut self, offset: u64) -> Option<HalfMessage> {
        let (draft, stored, _, facts) = self.record(self.half, offset)?;
        let CopyFacts { check_times, half_offset, .. } = facts;
        Some(HalfMessage { born: draft.born_at, stored, check_times, immunity: None, prepared_offset: half_offset })
    }

    fn operation(&mut self, offset: u64) -> Option<Operation> {
        let (draft, .., facts) = self.record(self.op, offset)?;
        Some(Operation { offset, half_offset: facts.half_offset?, born: draft.born_at })
    }

    fn put_back(&mut self, offset: u64, check_times: u8, prepared_offset: Option<u64>) -> u64 {
        let Some((draft, _, _, facts)) = self.record(self.half, offset) else { return offset };
        let copy = CopyFacts { check_times, half_offset: prepared_offset, ..facts };
        let class = self.out.catalog.add_copy(copy);
        self.broker
            .append(self.now, self.half, &Draft { class, ..draft }, true, self.out)
            .map_or(offset, |put| put.offset)
    }

    fn ask(&mut self, offset: u64) {
        // The copy was put back just now and is not dispatched yet.
        let local = self.broker.directory.parts(self.half).local as usize;
        let Some(row) = self.broker.store.message(local, offset).copied() else { return };
        let Some(facts) = self.out.catalog.copy(row.class).copied() else { return };
        let Some(group) = self.out.catalog.class(row.class).producer else { return };
        let asked = self.broker.transactions.available(group);
        let step = TransactionStep::Checked { times: facts.check_times, asked: asked.is_some() };
        self.broker.tell(facts.origin, step, self.out);
        let Some(channel) = asked else { return };
        self.out.counters.add_to_cluster(Counter::TransactionChecks, 1);
        let check = CheckTransaction { group, half_offset: offset, physical: row.physical, class: row.class };
        self.out.reply(channel, Correlation::ONEWAY, Body::CheckTransaction(check));
    }

    fn discard(&mut self, offset: u64) {
        let Some((draft, _, _, facts)) = self.record(self.half, offset) else { return };
        self.out.counters.add_to_cluster(Counter::Discarded, 1);
        self.broker.tell(facts.origin, TransactionStep::Discarded, self.out);
        if self.broker.transactions.end(facts.origin.offset) {
            self.broker.transactions.states.discarded += 1;
        }
        let Some(topic) = self.broker.deployment.discarded else { return };
        self.broker.ensure_topic(self.now, topic, 1, self.out);
        if let Some(queue) = self.broker.own_queue(Some(topic)) {
            let class = self.out.catalog.add_copy(CopyFacts { kind: CopyKind::Discarded, ..facts });
            self.broker.append(self.now, queue, &Draft { class, ..draft }, true, self.out);
        }
    }
}
