//! What a transactional producer does after its half message is stored (`DefaultMQProducerImpl#sendMessageInTransaction`,
//! `#checkTransactionState`).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::kernel::alias::Alias;
use crate::kernel::dist::{Distribution, Sampler};
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::counters::Counter;
use crate::node::fact::{Fact, TransactionStep};
use crate::node::outbox::{Effect, Outbox};
use crate::protocol::message::{CheckTransaction, EndTransaction};
use crate::store::catalog::{CopyFacts, CopyKind, Origin, TransactionOutcome};
use crate::store::ids::{BrokerIx, ProducerGroupIx, QueueIx};

/// In the order of the weights.
const OUTCOMES: [TransactionOutcome; 3] =
    [TransactionOutcome::Commit, TransactionOutcome::Rollback, TransactionOutcome::Unknown];

/// The transactions of a producer instance.
#[derive(Debug)]
pub struct Transactions {
    group: ProducerGroupIx,
    local_time: Sampler,
    outcome: Alias,
    lost_end: f64,
    check_time: Sampler,
    check_outcome: Alias,
    stream: Stream,
    /// When the local transactions that may still run are over.
    running: BTreeMap<Origin, SimTime>,
    /// How many of them are looked through for those that are over.
    prune_at: usize,
    /// When the single thread that answers checks is free (`checkExecutor`: one thread by default).
    check_thread: SimTime,
}

/// What a transactional producer does (`TransactionMQProducer`, `TransactionListener`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransactionPlan {
    /// Time of `executeLocalTransaction`.
    pub local_time: Distribution,
    /// Weights of its outcomes: commit, rollback, unknown.
    pub outcome: [f64; 3],
    /// Share of `END_TRANSACTION` requests that get lost.
    pub lost_end: f64,
    /// Time of `checkLocalTransaction`.
    pub check_time: Distribution,
    /// Weights of the answers to a check of a transaction whose local outcome is unknown: commit, rollback, unknown. One
    /// that is decided is answered as decided.
    pub check_outcome: [f64; 3],
}

impl Transactions {
    /// The transactions of an instance of this group.
    #[must_use]
    pub fn new(group: ProducerGroupIx, plan: &TransactionPlan, stream: Stream) -> Self {
        Self {
            group,
            local_time: plan.local_time.sampler(),
            outcome: Alias::new(plan.outcome.into_iter()),
            lost_end: plan.lost_end,
            check_time: plan.check_time.sampler(),
            check_outcome: Alias::new(plan.check_outcome.into_iter()),
            stream,
            running: BTreeMap::new(),
            prune_at: 64,
            check_thread: SimTime::ZERO,
        }
    }

    /// The handle of a half message for a queue: how its local transaction will end is drawn here.
    pub(super) fn half(&mut self, class: u32, queue: QueueIx, out: &mut Outbox) -> u32 {
        out.catalog.add_copy(CopyFacts {
            class,
            kind: CopyKind::Half,
            // Its first record is not stored yet; the broker says where it is.
            origin: Origin { queue, offset: 0 },
            real_queue: queue,
            becomes: CopyKind::Committed,
            reconsume_times: 0,
            delay_level: 0,
            check_times: 0,
            half_offset: None,
            local: OUTCOMES[self.outcome.sample(&mut self.stream)],
        })
    }

    /// The answer to a half message arrives at `now`: the local transaction runs, then its end is sent, one-way.
    pub(super) fn on_stored(
        &mut self,
        now: SimTime,
        broker: BrokerIx,
        (class, half_offset, physical): (u32, u64, u64),
        out: &mut Outbox,
    ) {
        let Some(facts) = out.catalog.copy(class).copied() else { return };
        let over = now + SimDuration::from_nanos(self.local_time.sample(&mut self.stream));
        self.remember(now, facts.origin, over);
        let lost = self.loses();
        let step = TransactionStep::Local { outcome: facts.local };
        tell(broker, facts.origin, step, out);
        if lost {
            out.counters.add_to_cluster(Counter::LostEnds, 1);
            tell(broker, facts.origin, TransactionStep::EndLost, out);
            return;
        }
        let end = EndTransaction { group: self.group, half_offset, physical, outcome: facts.local, from_check: false };
        out.effects.push(Effect::EndTransactionAt(broker, end, over));
    }

    /// The answer to a half message is not `SEND_OK`: no local transaction runs, and it is rolled back.
    pub(super) fn on_doubtful(
        &mut self,
        now: SimTime,
        broker: BrokerIx,
        (class, half_offset, physical): (u32, u64, u64),
        out: &mut Outbox,
    ) {
        let Some(copy) = out.catalog.copy_mut(class) else { return };
        copy.local = TransactionOutcome::Rollback;
        let (origin, outcome) = (copy.origin, copy.local);
        tell(broker, origin, TransactionStep::Local { outcome }, out);
        let end = EndTransaction { group: self.group, half_offset, physical, outcome, from_check: false };
        out.effects.push(Effect::EndTransactionAt(broker, end, now));
    }

    /// Keeps when a local transaction is over; forgets those that are, whenever they have become many.
    fn remember(&mut self, now: SimTime, origin: Origin, over: SimTime) {
        if self.running.len() >= self.prune_at {
            self.running.retain(|_, over| *over > now);
            self.prune_at = 2 * self.running.len() + 64;
        }
        self.running.insert(origin, over);
    }

    /// A broker asks about a half message. While the local transaction runs nobody knows; then what it decided is answered, and
    /// an undecided one draws anew.
    pub(super) fn on_check(&mut self, now: SimTime, broker: BrokerIx, check: CheckTransaction, out: &mut Outbox) {
        let Some(facts) = out.catalog.copy(check.class).copied() else { return };
        let runs = self.running.get(&facts.origin).is_some_and(|over| *over > now);
        let outcome = match facts.local {
            _ if runs => TransactionOutcome::Unknown,
            TransactionOutcome::Unknown => OUTCOMES[self.check_outcome.sample(&mut self.stream)],
            decided => decided,
        };
        if !runs && let Some(copy) = out.catalog.copy_mut(check.class) {
            copy.local = outcome;
        }
        let time = SimDuration::from_nanos(self.check_time.sample(&mut self.stream));
        self.check_thread = self.check_thread.max(now) + time;
        tell(broker, facts.origin, TransactionStep::Answered { outcome }, out);
        let CheckTransaction { group, half_offset, physical, .. } = check;
        let end = EndTransaction { group, half_offset, physical, outcome, from_check: true };
        out.effects.push(Effect::EndTransactionAt(broker, end, self.check_thread));
    }

    fn loses(&mut self) -> bool {
        self.lost_end > 0.0 && self.stream.unit() < self.lost_end
    }
}

fn tell(broker: BrokerIx, origin: Origin, step: TransactionStep, out: &mut Outbox) {
    out.trace(|| Fact::Transaction { broker, origin, step });
}
