//! What has to hold at the end of every mixed run.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rocketmq_sim::node::config::{ConsumeMode, MessageModel};
use rocketmq_sim::node::counters::Counter;
use rocketmq_sim::run::outcome::{Fact, Outcome, Plan, TransactionStep};
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::{Overrides, load};
use rocketmq_sim::store::ids::GroupIx;

use super::recipe::{Recipe, recipes};
use super::records::check_records;
use super::text::{Life, Made, make};
use crate::laws::cases;

fn run(plan: &Arc<Plan>, closely: bool) -> Outcome {
    let mut options = RunOptions { trace_messages: closely, check_every_sample: closely, ..RunOptions::default() };
    simulate(plan, &mut options).expect("every message is somewhere")
}

fn read(made: &Made) -> Arc<Plan> {
    Arc::new(load("mixed.yaml", &made.yaml, &Overrides::default()).unwrap_or_else(|e| panic!("{}", e.one_line())))
}

/// What the life of a plan's group excuses.
pub(super) fn life<'a>(made: &'a Made, plan: &Plan, group: usize) -> &'a Life {
    let number: usize = plan.groups[group].of_file()[1..].parse().unwrap();
    &made.lives[number]
}

/// Everything a group was to consume has an end with a name.
fn check_complete(made: &Made, outcome: &Outcome) -> TestCaseResult {
    prop_assert_eq!((outcome.conservation.sending, outcome.conservation.scheduled_waiting), (0, 0));
    for (index, places) in outcome.conservation.groups.iter().enumerate() {
        let group = &outcome.plan.groups[index];
        let life = life(made, &outcome.plan, index);
        // Twins take the same share of the queues and leave the others to nobody.
        if !made.shrunk && !life.shared_id {
            prop_assert_eq!(
                (places.unread, places.in_flight, places.cached, places.processing, outcome.groups[index].lag),
                (0, 0, 0, 0, 0),
                "{}",
                group.name
            );
        }
        if !life.differs {
            prop_assert_eq!(places.lost, 0, "{}: all members want the same", group.name);
        }
        let counted = |counter| outcome.counters.get(counter, Some(GroupIx::new(index)));
        prop_assert_eq!(counted(Counter::Lost), places.lost);
        prop_assert_eq!(counted(Counter::Filtered), places.filtered);
        let of_ledger: u64 = outcome.losses.iter().filter(|l| l.group.at() == index).map(|l| l.messages).sum();
        prop_assert!(of_ledger >= places.lost, "{}", group.name);
    }
    Ok(())
}

fn check_sums(outcome: &Outcome, wild: bool) -> TestCaseResult {
    for (group, places) in outcome.groups.iter().zip(&outcome.conservation.groups) {
        let gone = places.skipped + places.filtered + places.lost + places.consumed;
        prop_assert_eq!(places.stored, gone + places.unread + places.in_flight + places.cached + places.processing);
        prop_assert_eq!(group.lag, places.stored - gone);
        let (left, right) = (group.little.mean_in_system, group.little.rate_times_time);
        // A reset that died with its member leaves messages open that are no longer there to be timed.
        prop_assert!(
            wild || (left - right).abs() <= 1e-6 * left.max(right).max(1e-3),
            "Little: {left} against {right}"
        );
        prop_assert_eq!(group.attempts.iter().sum::<u64>(), group.delivered);
    }
    let states = outcome.transactions;
    let of_states = states.pending + states.committed + states.rolled_back + states.discarded;
    prop_assert_eq!(states.begun, of_states, "{:?}", states);
    Ok(())
}

/// Keys stay in order, and stored offsets go on, unless something happened that breaks it in RocketMQ too.
fn check_order(made: &Made, outcome: &Outcome) -> TestCaseResult {
    for (index, group) in outcome.plan.groups.iter().enumerate() {
        let life = life(made, &outcome.plan, index);
        if life.frozen || life.shared_id {
            continue;
        }
        let id = GroupIx::new(index);
        let clustering = group.config.message_model == MessageModel::Clustering;
        if group.config.consume_mode == ConsumeMode::Orderly && clustering && life.resets < 2 && !life.differs {
            prop_assert_eq!(outcome.counters.get(Counter::OrderViolations, Some(id)), 0, "{}", group.name);
        }
        // The query of a new owner may come before the last commit of the former one.
        if life.resets == 0 && clustering {
            for fact in outcome.facts.iter().map(|record| &record.fact) {
                let Fact::OffsetWentBack { group, queue, .. } = fact else { continue };
                let of = outcome.ownership.iter().find(|owned| owned.group == *group && owned.queue == *queue);
                let moved = of.is_some_and(|owned| owned.moves > 0);
                prop_assert!(*group != id || moved, "{:?}", fact);
            }
        }
    }
    Ok(())
}

fn check(recipe: &Recipe) -> TestCaseResult {
    let made = make(recipe);
    let plan = read(&made);
    let outcome = run(&plan, true);
    check_sums(&outcome, recipe.wild)?;
    if !recipe.wild {
        check_complete(&made, &outcome)?;
        check_order(&made, &outcome)?;
    }
    check_records(&made, &outcome, recipe.wild)?;
    let again = run(&plan, false);
    prop_assert_eq!(outcome.digest, again.digest, "the same scenario");
    prop_assert_eq!(outcome.conservation.groups, again.conservation.groups);
    prop_assert_eq!(outcome.counters, again.counters);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(48), max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_mixed_every_message_ends_where_its_cause_says(recipe in recipes(false)) {
        check(&recipe)?;
    }

    #[test]
    fn whatever_is_mixed_without_care_nothing_panics_and_nothing_is_nowhere(recipe in recipes(true)) {
        check(&recipe)?;
    }
}

#[test]
fn a_half_message_that_one_broker_refused_is_committed_on_the_broker_that_took_it() {
    let yaml = "duration: 30s\ncluster: {brokers: 2}\ntopics: {t: {queues: 2}}\nproducers: {p: {topic: t, rate: 5/s, \
                transaction: {}}}\ntimeline: [{at: 3s, setQueues: {topic: t, queues: 1}}]\n";
    let plan = load("refused.yaml", yaml, &Overrides::default()).unwrap_or_else(|e| panic!("{}", e.one_line()));
    let outcome = run(&Arc::new(plan), true);
    assert!(outcome.producers[0].retries > 0);
    let committed = outcome.facts.iter().filter_map(|record| match record.fact {
        Fact::Transaction { broker, step: TransactionStep::Committed { queue, .. }, .. } => Some((broker, queue)),
        _ => None,
    });
    assert!(committed.clone().count() > 100);
    for (broker, queue) in committed {
        assert_eq!(outcome.plan.queues[queue.at()].broker, broker);
    }
}
