//! The records that brokers stored, one by one, against what was done with them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::counters::Counter;
use rocketmq_sim::run::outcome::{Fact, Outcome, TransactionStep};
use rocketmq_sim::scenario::plan::TopicRole;
use rocketmq_sim::store::catalog::{Origin, TransactionOutcome};
use rocketmq_sim::store::ids::{GroupIx, QueueIx};

use super::laws::life;
use super::text::Made;

/// A record: its queue and offset.
type Record = (QueueIx, u64);

fn record(origin: Origin) -> Record {
    (origin.queue, origin.offset)
}

/// What a traced run says of its records.
#[derive(Default)]
struct Records {
    stored: BTreeMap<Record, SimTime>,
    /// What a group is done with: consumed, filtered, or sent back.
    done: BTreeMap<GroupIx, BTreeSet<Record>>,
    sent_back: BTreeMap<GroupIx, u64>,
    dead: BTreeMap<GroupIx, BTreeSet<Record>>,
    /// Of the schedule topic.
    delivered: BTreeMap<Record, Record>,
    transactions: BTreeMap<Record, Vec<TransactionStep>>,
}

fn role(outcome: &Outcome, (queue, _): Record) -> TopicRole {
    outcome.plan.topics[outcome.plan.queues[queue.at()].topic.at()].role
}

fn delay(outcome: &Outcome, queue: QueueIx, level: u8) -> SimDuration {
    let broker = outcome.plan.queues[queue.at()].broker;
    let levels = &outcome.plan.brokers[broker.at()].config.message_delay_level;
    levels[usize::from(level) - 1]
}

fn gather(outcome: &Outcome) -> Result<Records, TestCaseError> {
    let mut found = Records::default();
    for fact in &outcome.facts {
        match fact.fact {
            Fact::Stored { queue, offset, .. } => {
                prop_assert!(found.stored.insert((queue, offset), fact.at).is_none(), "stored twice");
            }
            Fact::Consumed { group, queue, offset, .. } | Fact::FilteredOut { group, queue, offset, .. } => {
                found.done.entry(group).or_default().insert((queue, offset));
            }
            Fact::SentBack { group, from, attempt, .. } => {
                prop_assert!(attempt >= 1);
                *found.sent_back.entry(group).or_default() += 1;
                found.done.entry(group).or_default().insert(record(from));
            }
            Fact::DeadLettered { group, to, .. } => {
                prop_assert!(found.dead.entry(group).or_default().insert(record(to)), "one record each");
            }
            Fact::DelayDelivered { level, from, to, late, .. } => {
                // Store times are whole milliseconds.
                let stored = found.stored.get(&record(from)).map(|at| SimTime::from_millis(at.as_millis()));
                let due = stored.map(|at| at + delay(outcome, from.queue, level));
                prop_assert_eq!(due.map(|due| due + late), Some(fact.at), "{:?}", fact);
                prop_assert!(found.delivered.insert(record(from), record(to)).is_none(), "delivered twice");
            }
            Fact::Transaction { broker, origin, step } => {
                if let TransactionStep::Committed { queue, .. } = step {
                    prop_assert_eq!(
                        outcome.plan.queues[queue.at()].broker,
                        broker,
                        "a broker stores in its own queues"
                    );
                }
                found.transactions.entry(record(origin)).or_default().push(step);
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Every record and its fate. In a `wild` run not everything has come to its end.
pub(super) fn check_records(made: &Made, outcome: &Outcome, wild: bool) -> TestCaseResult {
    let records = gather(outcome)?;
    let conserved = &outcome.conservation;
    prop_assert_eq!(records.stored.len() as u64, conserved.stored + conserved.copies);
    check_schedule(outcome, &records, wild)?;
    check_returns(outcome, &records, wild)?;
    check_transactions(outcome, &records, wild)?;
    if !wild && !made.shrunk {
        check_groups(made, outcome, &records)?;
    }
    Ok(())
}

/// What waits is delivered, once, to a place that is not the schedule topic.
fn check_schedule(outcome: &Outcome, records: &Records, wild: bool) -> TestCaseResult {
    for (from, to) in &records.delivered {
        prop_assert_eq!(role(outcome, *from), TopicRole::Schedule);
        prop_assert!(role(outcome, *to) != TopicRole::Schedule && records.stored.contains_key(to));
    }
    let scheduled = records.stored.keys().filter(|at| role(outcome, **at) == TopicRole::Schedule).count();
    prop_assert_eq!((scheduled - records.delivered.len()) as u64, outcome.conservation.scheduled_waiting);
    prop_assert!(wild || scheduled == records.delivered.len());
    Ok(())
}

/// Each copy that a broker took back comes once to the retry topic, and dead letters are where they belong.
fn check_returns(outcome: &Outcome, records: &Records, wild: bool) -> TestCaseResult {
    for group in (0..outcome.plan.groups.len()).map(GroupIx::new) {
        let of_role = |wanted| records.stored.keys().filter(|at| role(outcome, **at) == wanted).count() as u64;
        let sent_back = records.sent_back.get(&group).copied().unwrap_or(0);
        prop_assert_eq!(outcome.counters.get(Counter::SentBack, Some(group)), sent_back);
        let returned = of_role(TopicRole::Retry(group));
        prop_assert!(if wild { returned <= sent_back } else { returned == sent_back }, "{returned} of {sent_back}");
        let dead = records.dead.get(&group).map_or(0, |dead| dead.len() as u64);
        prop_assert_eq!(outcome.counters.get(Counter::DeadLetters, Some(group)), dead);
        prop_assert_eq!(of_role(TopicRole::DeadLetter(group)), dead);
    }
    Ok(())
}

/// Every transaction ends once, and its message is seen if it was committed and never if it was not.
fn check_transactions(outcome: &Outcome, records: &Records, wild: bool) -> TestCaseResult {
    let states = outcome.transactions;
    prop_assert_eq!(records.transactions.len() as u64, states.begun);
    let mut committed: BTreeSet<Record> = BTreeSet::new();
    let mut commits = 0_u64;
    for (origin, steps) in &records.transactions {
        let local = steps.iter().find_map(|step| match step {
            TransactionStep::Local { outcome } => Some(*outcome),
            _ => None,
        });
        let seen: Vec<Record> = steps
            .iter()
            .filter_map(|step| match step {
                TransactionStep::Committed { queue, offset, .. } => Some((*queue, *offset)),
                _ => None,
            })
            .collect();
        let answered = |wanted| steps.contains(&TransactionStep::Answered { outcome: wanted });
        let commit = local == Some(TransactionOutcome::Commit) || answered(TransactionOutcome::Commit);
        prop_assert!(seen.is_empty() || commit, "{origin:?} {steps:?}");
        prop_assert!(local != Some(TransactionOutcome::Rollback) || seen.is_empty(), "{origin:?} {steps:?}");
        let arrived = local == Some(TransactionOutcome::Commit) && !steps.contains(&TransactionStep::EndLost);
        prop_assert!(wild || !arrived || !seen.is_empty(), "{origin:?} {steps:?}");
        commits += seen.len() as u64;
        committed.extend(seen);
    }
    prop_assert_eq!(committed.len() as u64, commits, "every commit stores a record of its own");
    prop_assert_eq!(outcome.counters.get(Counter::Committed, None), commits);
    prop_assert!(committed.iter().all(|at| role(outcome, *at) == TopicRole::Normal && records.stored.contains_key(at)));
    prop_assert!(wild || states.pending == 0, "{states:?}");
    Ok(())
}

/// At least once: what was stored in a group's topics is done with, dead, dropped, or was skipped by name.
fn check_groups(made: &Made, outcome: &Outcome, records: &Records) -> TestCaseResult {
    for (index, group) in outcome.plan.groups.iter().enumerate() {
        if life(made, &outcome.plan, index).shared_id {
            continue;
        }
        let id = GroupIx::new(index);
        let done = records.done.get(&id).cloned().unwrap_or_default();
        let topics = |at: &Record| group.topics.contains(&outcome.plan.queues[at.0.at()].topic);
        let stored = records.stored.keys().filter(|at| topics(at));
        let missing = stored.filter(|at| !done.contains(at)).count() as u64;
        let dead = records.dead.get(&id).map_or(0, |dead| dead.len() as u64);
        let skipped = outcome.conservation.groups[index].skipped;
        let dropped = outcome.counters.get(Counter::Dropped, Some(id));
        prop_assert!(missing <= dead + dropped + skipped, "{}: {missing} > {dead} + {dropped} + {skipped}", group.name);
        let retries = outcome.counters.get(Counter::Retries, Some(id));
        let back = records.sent_back.get(&id).copied().unwrap_or(0);
        let calm = life(made, &outcome.plan, index).resets == 0;
        prop_assert!(!calm || retries + skipped >= back, "{}: {retries} of {back} copies came again", group.name);
    }
    Ok(())
}
