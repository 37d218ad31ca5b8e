//! Laws that hold in every run, whatever the cluster and whatever is done to it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::run::outcome::{Fact, Outcome, StopKind};
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::store::ids::{GroupIx, InstanceIx, QueueIx};

use crate::random_plan::{END, Made, make, recipes};

fn run(made: &Made, trace_messages: bool) -> Outcome {
    let mut options = RunOptions { trace_messages, check_every_sample: true, ..RunOptions::default() };
    simulate(&made.plan, &mut options).expect("every message is somewhere")
}

/// The group's members that run at the end.
fn members(made: &Made, group: GroupIx) -> Vec<InstanceIx> {
    let plans = &made.plan.instances;
    made.running.iter().copied().filter(|instance| plans[instance.at()].group == group).collect()
}

/// After a long quiet time members agree: every readable queue has exactly one working owner.
fn check_owners(made: &Made, outcome: &Outcome) -> Result<(), TestCaseError> {
    for owned in outcome.ownership.iter().filter(|owned| made.readable.contains(&owned.queue)) {
        let members = members(made, owned.group);
        let owners: Vec<InstanceIx> = owned
            .intervals
            .iter()
            .filter(|interval| interval.to == outcome.end && interval.frozen.is_none())
            .map(|interval| interval.instance)
            .collect();
        let expected = usize::from(!members.is_empty());
        prop_assert_eq!(owners.len(), expected, "{:?} of {:?}: {:?}", owned.queue, owned.group, owned.intervals);
        prop_assert!(owners.iter().all(|owner| members.contains(owner)));
    }
    Ok(())
}

/// Where somebody consumes at the end, nothing readable is left.
fn check_drained(made: &Made, outcome: &Outcome) -> Result<(), TestCaseError> {
    for (owned, lag) in outcome.ownership.iter().zip(&outcome.series.queue_lag) {
        if made.readable.contains(&owned.queue) && !members(made, owned.group).is_empty() {
            prop_assert_eq!(lag.last(), Some(&0), "{:?} of {:?}", owned.queue, owned.group);
        }
    }
    Ok(())
}

/// The counts of a group fit each other and Little's law.
fn check_groups(outcome: &Outcome) -> Result<(), TestCaseError> {
    for (index, group) in outcome.groups.iter().enumerate() {
        let duplicates: u64 = group.duplicates.iter().map(|(_, count)| count).sum();
        prop_assert!(group.delivered - duplicates >= group.consumed);
        let places = outcome.conservation.groups[index];
        prop_assert_eq!(places.consumed, group.consumed);
        prop_assert_eq!(
            places.stored,
            places.skipped + places.unread + places.in_flight + places.cached + places.processing + places.consumed
        );
        prop_assert_eq!(group.lag, places.stored - places.skipped - places.consumed);
        let (left, right) = (group.little.mean_in_system, group.little.rate_times_time);
        prop_assert!((left - right).abs() <= 1e-6 * left.max(right).max(1e-3), "Little: {left} against {right}");
        let parts = &group.latency;
        let mean = |percentiles: &rocketmq_sim::run::outcome::Percentiles| percentiles.mean.as_nanos() as f64;
        let sum =
            mean(&parts.send) + mean(&parts.stored_to_pulled) + mean(&parts.wait_in_client) + mean(&parts.processing);
        prop_assert!(
            (sum - mean(&parts.end_to_end)).abs() <= 5.0,
            "latency parts {sum} of {}",
            mean(&parts.end_to_end)
        );
        let per_instance: u64 = outcome
            .instances
            .iter()
            .zip(&outcome.plan.instances)
            .filter(|(_, plan)| plan.group.at() == index)
            .map(|(instance, _)| instance.consumed)
            .sum();
        prop_assert_eq!(per_instance, parts.end_to_end.count);
        let windows: f64 = outcome.series.groups[index]
            .consumed_per_s
            .iter()
            .zip(&outcome.series.times)
            .scan(SimTime::ZERO, |last, (rate, at)| {
                let window = at.since(std::mem::replace(last, *at)).as_secs_f64();
                Some(rate * window)
            })
            .sum();
        prop_assert!((windows - parts.end_to_end.count as f64).abs() < 0.5, "{windows}");
    }
    Ok(())
}

fn check_instances(outcome: &Outcome) -> Result<(), TestCaseError> {
    for (instance, plan) in outcome.instances.iter().zip(&outcome.plan.instances) {
        prop_assert!((0.0..=1.000_001).contains(&instance.utilisation), "{}: {}", plan.name, instance.utilisation);
        prop_assert!(instance.alive <= outcome.plan.duration);
        for stale in [&instance.route_stale, &instance.members_stale, &instance.queues_stale] {
            let total: SimDuration = stale.stretches.iter().map(|(from, to)| to.since(*from)).sum();
            prop_assert_eq!(total, stale.total);
        }
    }
    for series in &outcome.series.utilisation {
        prop_assert!(series.iter().flatten().all(|share| (0.0..=1.000_001).contains(share)), "{series:?}");
    }
    Ok(())
}

/// A queue as a group's.
type OfGroup = (GroupIx, QueueIx);
/// An owner, from when to when.
type Owned = (InstanceIx, SimTime, SimTime);

/// Who owned a queue when, played again from the facts.
fn owners_by_facts(outcome: &Outcome) -> BTreeMap<OfGroup, Vec<Owned>> {
    let mut open: BTreeMap<(GroupIx, QueueIx, InstanceIx), SimTime> = BTreeMap::new();
    let mut done: BTreeMap<OfGroup, Vec<Owned>> = BTreeMap::new();
    let mut close = |open: &mut BTreeMap<(GroupIx, QueueIx, InstanceIx), SimTime>, key, at| {
        let (group, queue, instance) = key;
        if let Some(from) = open.remove(&key) {
            done.entry((group, queue)).or_default().push((instance, from, at));
        }
    };
    for record in &outcome.facts {
        match &record.fact {
            Fact::Assigned { instance, group, queues, .. } => {
                for queue in queues {
                    let before = open.insert((*group, *queue, *instance), record.at);
                    assert_eq!(before, None, "{queue:?} was assigned to {instance:?} twice");
                }
            }
            Fact::Revoked { instance, group, queues, .. } => {
                for queue in queues {
                    assert!(open.contains_key(&(*group, *queue, *instance)), "{queue:?} was not {instance:?}'s");
                    close(&mut open, (*group, *queue, *instance), record.at);
                }
            }
            Fact::ClientStopped { instance, group, how: StopKind::Graceful | StopKind::Killed, .. } => {
                let theirs: Vec<_> = open.keys().filter(|(_, _, who)| who == instance).copied().collect();
                assert!(theirs.iter().all(|(of, ..)| of == group));
                theirs.into_iter().for_each(|key| close(&mut open, key, record.at));
            }
            _ => {}
        }
    }
    for key in open.keys().copied().collect::<Vec<_>>() {
        close(&mut open, key, outcome.end);
    }
    done
}

/// The intervals of ownership are those of the facts (a freeze splits one), and the sums are theirs.
fn check_ownership(outcome: &Outcome) -> Result<(), TestCaseError> {
    let facts = owners_by_facts(outcome);
    for owned in &outcome.ownership {
        let mut from_facts = facts.get(&(owned.group, owned.queue)).cloned().unwrap_or_default();
        from_facts.retain(|(_, from, to)| from < to);
        let mut merged: Vec<Owned> = Vec::new();
        for interval in owned.intervals.iter().filter(|interval| interval.from < interval.to) {
            match merged.iter_mut().rev().find(|(who, _, to)| *who == interval.instance && *to == interval.from) {
                Some((_, _, to)) => *to = interval.to,
                None => merged.push((interval.instance, interval.from, interval.to)),
            }
        }
        merge_touching(&mut from_facts);
        merged.sort_unstable();
        from_facts.sort_unstable();
        prop_assert_eq!(&merged, &from_facts, "{:?} of {:?}", owned.queue, owned.group);
        check_sums(outcome, owned)?;
    }
    Ok(())
}

fn merge_touching(intervals: &mut Vec<Owned>) {
    intervals.sort_unstable();
    intervals.dedup_by(|next, last| {
        let touch = last.0 == next.0 && last.2 == next.1;
        if touch {
            last.2 = next.2;
        }
        touch
    });
}

fn check_sums(outcome: &Outcome, owned: &rocketmq_sim::run::outcome::QueueOwnership) -> Result<(), TestCaseError> {
    let start = outcome
        .facts
        .iter()
        .find(|record| matches!(record.fact, Fact::ClientStarted { group, .. } if group == owned.group))
        .map_or(outcome.end, |record| record.at);
    let from = start.max(owned.exists_from);
    let mut cuts: Vec<SimTime> = owned.intervals.iter().flat_map(|interval| [interval.from, interval.to]).collect();
    cuts.extend([from, owned.exists_until]);
    cuts.retain(|at| (from..=owned.exists_until).contains(at));
    cuts.sort_unstable();
    let (mut orphan, mut double) = (SimDuration::ZERO, SimDuration::ZERO);
    for pair in cuts.windows(2) {
        let owners = owned
            .intervals
            .iter()
            .filter(|interval| interval.frozen.is_none() && interval.from <= pair[0] && pair[1] <= interval.to)
            .count();
        match owners {
            0 => orphan += pair[1].since(pair[0]),
            1 => {}
            _ => double += pair[1].since(pair[0]),
        }
    }
    prop_assert_eq!((owned.orphan, owned.double_owner), (orphan, double), "{:?}", owned);
    prop_assert!(owned.longest_orphan <= owned.orphan);
    Ok(())
}

/// Every message fact of a traced run fits the counts.
fn check_trace(outcome: &Outcome) -> Result<(), TestCaseError> {
    let mut consumed: BTreeMap<GroupIx, Vec<(QueueIx, u64)>> = BTreeMap::new();
    let mut duplicates: BTreeMap<GroupIx, u64> = BTreeMap::new();
    for record in &outcome.facts {
        match record.fact {
            Fact::Consumed { group, queue, offset, .. } => consumed.entry(group).or_default().push((queue, offset)),
            Fact::Duplicate { group, .. } => *duplicates.entry(group).or_default() += 1,
            _ => {}
        }
    }
    for (index, group) in outcome.groups.iter().enumerate() {
        let offsets = consumed.entry(GroupIx::new(index)).or_default();
        prop_assert_eq!(offsets.len() as u64, group.latency.end_to_end.count);
        offsets.sort_unstable();
        offsets.dedup();
        prop_assert_eq!(offsets.len() as u64, group.consumed);
        let counted: u64 = group.duplicates.iter().map(|(_, count)| count).sum();
        prop_assert_eq!(duplicates.get(&GroupIx::new(index)).copied().unwrap_or(0), counted);
    }
    Ok(())
}

fn check_all(made: &Made, trace: bool) -> Result<(), TestCaseError> {
    let outcome = run(made, trace);
    prop_assert_eq!(outcome.end, SimTime::ZERO + END);
    prop_assert!(outcome.facts.is_sorted_by_key(|record| record.at));
    prop_assert_eq!(outcome.conservation.sending, 0);
    let offered: u64 = outcome.producers.iter().map(|producer| producer.accepted + producer.failed).sum();
    prop_assert_eq!(outcome.conservation.offered, offered);
    check_owners(made, &outcome)?;
    check_drained(made, &outcome)?;
    check_groups(&outcome)?;
    check_instances(&outcome)?;
    check_ownership(&outcome)?;
    if trace {
        check_trace(&outcome)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_conserves_messages_agrees_on_owners_and_adds_up(recipe in recipes(), trace in any::<bool>()) {
        check_all(&make(&recipe), trace)?;
    }
}

/// How many cases are tried: `LAWS_CASES`, or the default.
#[allow(clippy::disallowed_methods, reason = "how many plans are tried, not what a run gives")]
pub(crate) fn cases(default: u32) -> u32 {
    std::env::var("LAWS_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(default)
}
