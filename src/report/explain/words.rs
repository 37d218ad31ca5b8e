//! Facts in the words of a biography.

use crate::kernel::time::SimTime;
use crate::report::human::{counted, duration};
use crate::report::names::Names;
use crate::run::outcome::{DuplicateCause, Fact, Outcome, QueueOwnership, StopKind, TransactionStep};
use crate::store::catalog::{Origin, TransactionOutcome};
use crate::store::ids::{InstanceIx, QueueIx};

/// Tells facts of one run.
pub(super) struct Words<'a> {
    names: Names<'a>,
}

impl<'a> Words<'a> {
    pub(super) fn new(outcome: &'a Outcome) -> Self {
        Self { names: Names::new(&outcome.plan) }
    }

    fn record(&self, record: Origin) -> String {
        self.place(record.queue, record.offset)
    }

    fn place(&self, queue: QueueIx, offset: u64) -> String {
        format!("{} at offset {offset}", self.names.queue_path(queue))
    }

    /// A fact in words; `None` for what tells nothing about a message or a queue.
    pub(super) fn tell(&self, fact: &Fact, at: SimTime) -> Option<String> {
        let names = &self.names;
        Some(match fact {
            Fact::Stored { queue, offset, size, .. } => {
                format!("stored in {} ({size} bytes)", self.place(*queue, *offset))
            }
            Fact::Pulled { instance, queue, from, count, .. } => format!(
                "pulled by {} from {}, with {}",
                names.instance(*instance),
                names.queue_path(*queue),
                range(*from, *count)
            ),
            Fact::Consumed { instance, started, latency, .. } => format!(
                "consumed by {}: the listener began {} ago and returns, {} after the send",
                names.instance(*instance),
                duration(at.since(*started)),
                duration(*latency)
            ),
            Fact::Duplicate { instance, cause, .. } => {
                format!("given to the listener of {} again, because {}", names.instance(*instance), because(*cause))
            }
            Fact::ListenerFailed { instance, attempt, .. } => format!(
                "the listener of {} failed with it, {}",
                names.instance(*instance),
                if *attempt == 0 {
                    "the first time".to_owned()
                } else {
                    format!("after {} before", counted(u64::from(*attempt), "attempt", "attempts"))
                }
            ),
            Fact::LocalRetry { instance, .. } => {
                format!("no broker took it back: it stays with {} and is tried again in 5 s", names.instance(*instance))
            }
            Fact::ConsumeTimedOut { instance, waited, .. } => format!(
                "in the listener of {} for {}, longer than consumeTimeout: sent back while the listener goes on",
                names.instance(*instance),
                duration(*waited)
            ),
            Fact::FilteredOut { instance, by_client, wanted, .. } => self.filtered(*instance, *by_client, *wanted),
            Fact::SentBack { broker, attempt, level, due, .. } => format!(
                "{} took it back: attempt {attempt} waits at delay level {level} for {}",
                names.broker(*broker),
                duration(due.since(at))
            ),
            Fact::DelayDelivered { to, late, level, .. } => format!(
                "its time has come at level {level}: delivered to {}, {} late",
                self.record(*to),
                duration(*late)
            ),
            Fact::DeadLettered { to, attempts, .. } => {
                format!(
                    "dead letter after {}: stored in {}",
                    counted(u64::from(*attempts), "attempt", "attempts"),
                    self.record(*to)
                )
            }
            Fact::Transaction { broker, step, .. } => self.transaction(&names.broker(*broker), *step),
            Fact::Assigned { instance, .. } => format!("{} takes the queue", names.instance(*instance)),
            Fact::Revoked { instance, .. } => format!("{} gives the queue up", names.instance(*instance)),
            Fact::OffsetReset { instance, from, to, .. } => match from {
                Some(from) => format!("the offset is reset from {from} to {to} by {}", names.instance(*instance)),
                None => format!("the offset is set to {to} by {}", names.instance(*instance)),
            },
            Fact::OffsetWentBack { instance, from, to, .. } => {
                format!(
                    "the stored offset goes back from {from} to {to}: {} sent an older one",
                    names.instance(*instance)
                )
            }
            Fact::LockTaken { instance, .. } => format!("{} gets the lock", names.instance(*instance)),
            Fact::LockLost { client, expired, .. } => format!(
                "the lock of {} {}",
                names.client(*client),
                if *expired { "has expired" } else { "is given back" }
            ),
            Fact::LockDenied { instance, holder, .. } => {
                format!("{} is refused the lock, which {} holds", names.instance(*instance), names.client(*holder))
            }
            Fact::PullMoved { instance, from, to, .. } => {
                format!(
                    "{} begins to pull at {to} and not at {from}: somebody has stored an offset since",
                    names.instance(*instance)
                )
            }
            Fact::OrderViolation { instance, earlier, later, .. } => {
                format!(
                    "out of order: {} is given offset {later} before it is done with offset {earlier} of the same key",
                    names.instance(*instance)
                )
            }
            Fact::ClientStopped { instance, how, .. } => format!(
                "its owner {} {}",
                names.instance(*instance),
                match how {
                    StopKind::Graceful => "shuts down",
                    StopKind::Killed => "is killed",
                    StopKind::Frozen => "freezes",
                }
            ),
            Fact::ClientThawed { instance, .. } => format!("its owner {} goes on", names.instance(*instance)),
            _ => return None,
        })
    }

    fn filtered(&self, instance: InstanceIx, by_client: bool, wanted: bool) -> String {
        let instance = self.names.instance(instance);
        let who = if by_client {
            format!("{instance} drops it by its own subscription")
        } else {
            format!("the broker leaves it out of a pull of {instance} by the subscription it has for the group")
        };
        let loss = if wanted { ": lost, although a member wants it" } else { "; nobody of the group wants it" };
        format!("{who}{loss}")
    }

    fn transaction(&self, broker: &str, step: TransactionStep) -> String {
        let outcome = |outcome| match outcome {
            TransactionOutcome::Commit => "commit",
            TransactionOutcome::Rollback => "rollback",
            TransactionOutcome::Unknown => "unknown",
        };
        let by = |from_check: bool| if from_check { " after a check" } else { "" };
        match step {
            TransactionStep::Begun => format!("half message at {broker}: nobody sees it yet"),
            TransactionStep::Local { outcome: was } => {
                format!("the local transaction is begun and will end in {}", outcome(was))
            }
            TransactionStep::EndLost => "the request that ends the transaction gets lost".to_owned(),
            TransactionStep::Checked { times, asked } => format!(
                "{broker} puts it back undecided, check {times}, {}",
                if asked { "and asks a producer" } else { "and finds no producer to ask" }
            ),
            TransactionStep::Answered { outcome: was } => format!("the producer answers the check: {}", outcome(was)),
            TransactionStep::Committed { queue, offset, from_check } => {
                format!("committed{}: visible in {}", by(from_check), self.place(queue, offset))
            }
            TransactionStep::RolledBack { from_check } => format!("rolled back{}: nobody will see it", by(from_check)),
            TransactionStep::Discarded => "given up after too many checks".to_owned(),
        }
    }

    /// What happened to a queue's messages for a while.
    pub(super) fn work(&self, stored: u64, consumed: impl Iterator<Item = (InstanceIx, u64)>, again: u64) -> String {
        let mut parts = vec![format!("{} stored", counted(stored, "message", "messages"))];
        parts
            .extend(consumed.map(|(instance, count)| format!("{count} consumed by {}", self.names.instance(instance))));
        if again > 0 {
            parts.push(format!("{again} of them for another time"));
        }
        parts.join(", ")
    }

    /// The sum of a queue's ownership.
    pub(super) fn owned(&self, owner: &QueueOwnership) -> String {
        format!(
            "in all, for {}: {} of owner, {} without an owner (the longest {}), {} with two",
            self.names.group(owner.group),
            counted(u64::from(owner.moves), "change", "changes"),
            duration(owner.orphan),
            duration(owner.longest_orphan),
            duration(owner.double_owner)
        )
    }
}

fn range(from: u64, count: u32) -> String {
    if count == 1 { format!("offset {from}") } else { format!("offsets {from} to {}", from + u64::from(count) - 1) }
}

fn because(cause: DuplicateCause) -> &'static str {
    match cause {
        DuplicateCause::DoubleOwner => "two members owned the queue at the same time",
        DuplicateCause::InFlightAtRevoke => "the former owner still had it when it gave the queue up",
        DuplicateCause::NotPersistedAtDeath => "the former owner died before its offset was stored",
        DuplicateCause::OffsetWentBack => "an older offset was stored over a newer one",
        DuplicateCause::OffsetReset => "the offset was set back on purpose",
        DuplicateCause::StartedOver => "the member came back without its offset file",
    }
}
