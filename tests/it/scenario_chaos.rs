//! Random failures, and timelines written anew.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::protocol::address::Address;
use rocketmq_sim::scenario::plan::{Action, NodeAction, Plan, TimedAction};
use rocketmq_sim::scenario::{Overrides, load};
use rocketmq_sim::store::ids::ClientIx;

use super::scenario_failures::{EVERYTHING, SMALL, plan_of, read, read_with, small, story};

/// Starts and ends of each node in order, and that no link or effect stays.
fn check_chaos(plan: &Plan, until: SimTime) {
    let mut down: BTreeMap<Address, SimTime> = BTreeMap::new();
    let mut cut: BTreeMap<u32, SimTime> = BTreeMap::new();
    for timed in &plan.timeline {
        assert!(timed.at <= until, "{timed:?}");
        let (node, ends) = match &timed.action {
            Action::StartConsumer { instance, .. } | Action::ThawConsumer { instance } => {
                (Address::Consumer(*instance), false)
            }
            Action::StopConsumer { instance }
            | Action::KillConsumer { instance }
            | Action::FreezeConsumer { instance } => (Address::Consumer(*instance), true),
            Action::Node { node, what } => (*node, !matches!(what, NodeAction::Start { .. } | NodeAction::Thaw)),
            Action::Link { rule, on: true } => {
                assert!(cut.insert(*rule, timed.at).is_none());
                continue;
            }
            Action::Link { rule, on: false } => {
                assert!(cut.remove(rule).is_some_and(|at| at < timed.at));
                continue;
            }
            _ => continue,
        };
        if ends {
            assert!(down.insert(node, timed.at).is_none(), "{} is down already", plan.node_label(node));
        } else {
            assert!(down.remove(&node).is_some_and(|at| at < timed.at), "{}", timed.label);
        }
    }
    assert!(down.is_empty() && cut.is_empty(), "{down:?} {cut:?}");
}

const CHAOS: &str = "duration: 5m\ncluster: {brokers: 2, slaves: 1, nameservers: 2}\n\
    chaos:\n  from: 20s\n  until: 4m\n  outage: {exponential: 15s}\n  rates:\n    {killBroker: 3/m, freezeBroker: 3/m, \
    hostLoss: 1/m, diskLoss: 1/m, killNameserver: 2/m, killConsumer: 3/m, stopConsumer: 1/m, freezeConsumer: 2/m, \
    killProducer: 1/m, partition: 2/m, slowLink: 2/m, resetConnections: 2/m, slowFlush: 2/m, pageCacheBusy: 1/m, \
    brokerLoad: 1/m}\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn chaos_of_any_seed_brings_everything_back_before_its_quiet_end(seed: u64) {
        let text = format!("{SMALL}{CHAOS}");
        let plan = read_with(&text, Some(seed)).plan;
        prop_assert!(plan.timeline.len() > 20);
        prop_assert!(plan.timeline.iter().all(|timed| timed.at > SimTime::from_secs(20)));
        check_chaos(&plan, SimTime::from_secs(240));
        prop_assert_eq!(plan, read_with(&text, Some(seed)).plan);
    }

    #[test]
    fn a_timeline_written_out_is_the_same_timeline(seed: u64) {
        let scenario = read_with(EVERYTHING, Some(seed));
        let text = scenario.with_timeline(&scenario.plan.timeline, scenario.plan.duration);
        let again = read(&text).plan;
        prop_assert!(!text.contains("chaos:\n"));
        let expected = Plan { expect: Vec::new(), ..scenario.plan };
        prop_assert_eq!(again, expected);
    }

    #[test]
    fn what_is_left_of_a_timeline_reads_as_the_same_actions(seed: u64, left_out: Vec<prop::sample::Index>, end in 100..300_u64) {
        let scenario = read_with(EVERYTHING, Some(seed));
        let mut kept = scenario.plan.timeline.clone();
        for index in left_out {
            if !kept.is_empty() {
                kept.remove(index.index(kept.len()));
            }
        }
        let end = SimDuration::from_secs(end);
        kept.retain(|timed| timed.at < SimTime::ZERO + end);
        let again = read(&scenario.with_timeline(&kept, end)).plan;
        prop_assert!(again.fallible);
        prop_assert_eq!(again.duration, end);
        prop_assert_eq!(again.instances.len(), scenario.plan.instances.len());
        let all: Vec<String> = kept.iter().map(|timed| words(&scenario.plan, timed)).collect();
        let read: Vec<String> = again.timeline.iter().map(|timed| words(&again, timed)).collect();
        // Only what cannot happen any more is missing.
        let mut rest = all.iter();
        for action in &read {
            prop_assert!(rest.any(|known| known == action), "{action} in {all:#?}");
        }
    }
}

/// An action with names instead of numbers.
fn words(plan: &Plan, timed: &TimedAction) -> String {
    let client = |client: ClientIx| plan.client_ids[client.at()].clone();
    let what = match &timed.action {
        Action::StartConsumer { instance, client_id, fresh_host } => {
            format!("start {} as {} {fresh_host}", plan.instances[instance.at()].name, client(*client_id))
        }
        Action::Link { rule, on } => format!("{:?} {on}", plan.link_rules[*rule as usize]),
        Action::ResetConnections { rule } => format!("{:?}", plan.link_rules[*rule as usize]),
        other => format!("{other:?}"),
    };
    format!("{} {what} {}", timed.at, timed.label)
}

#[test]
fn chaos_leaves_alone_what_the_timeline_moves_and_meets_only_its_targets() {
    let text = format!(
        "{SMALL}duration: 5m\ncluster: {{brokers: 3}}\ntimeline:\n- {{at: 100s, kill: {{of: broker-a, for: 5s}}}}\n\
         chaos: {{until: 4m, rates: {{killBroker: 30/m}}, targets: [broker-a, broker-b], outage: 10s}}\n"
    );
    let plan = plan_of(&text);
    let of = |name: &str| story(&plan).iter().filter(|words| words.ends_with(name)).count();
    assert_eq!((of("broker-a"), of("broker-c")), (2, 0));
    assert!(of("broker-b") > 20);
    let one = plan_of(&format!(
        "{SMALL}duration: 5m\ncluster: {{brokers: 9}}\nchaos: {{until: 4m, rates: {{killBroker: 60/m}}, atOnce: 1}}\n"
    ));
    let mut down = 0;
    for timed in &one.timeline {
        down += if matches!(timed.action, Action::Node { what: NodeAction::Kill, .. }) { 1 } else { -1 };
        assert!(down <= 1);
    }
    assert!(one.timeline[0].label.starts_with("chaos: kill broker-"), "{}", one.timeline[0].label);
}

#[test]
fn the_rate_of_one_kind_of_chaos_does_not_move_another() {
    let kills = |rates: &str| -> Vec<String> {
        let plan = small(&format!("chaos: {{until: 150s, rates: {{killNameserver: 6/m{rates}}}}}"));
        story(&plan).into_iter().filter(|words| words.contains("nameserver")).collect()
    };
    let alone = kills("");
    assert!(alone.len() > 4);
    assert_eq!(alone, kills(", killBroker: 9/m, partition: 9/m"));
}

#[test]
fn an_override_of_the_seed_moves_chaos_and_stays_in_the_written_file() {
    let text = format!("{SMALL}{CHAOS}");
    let (one, two) = (read_with(&text, Some(1)), read_with(&text, Some(2)));
    assert_ne!(one.plan.timeline, two.plan.timeline);
    let written = two.with_timeline(&two.plan.timeline, two.plan.duration);
    assert_eq!(load("y.yaml", &written, &Overrides::default()).unwrap().seed, 2);
}
