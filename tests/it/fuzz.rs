//! The search for broken invariants: random failures break none, and one that is broken on purpose is found and shrunk.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use rocketmq_sim::run::Sabotage;
use rocketmq_sim::run::search::{SearchOptions, Searched, search, shrink};
use rocketmq_sim::scenario::{Overrides, Scenario};

/// A small cluster with everything in it that an invariant speaks of.
const RAFT: &str = "title: a Raft group beside a master and its slave
duration: 150s
sampleInterval: 5s
cluster:
  nameservers: 2
  brokers: {broker-a: {dledger: {members: 3}}, broker-b: {slaves: 1}}
topics: {t: {queues: 2}}
producers: {p: {topic: t, rate: 10/s, start: 2s, keys: {count: 50}, selector: keyHash}}
groups:
  g: {topics: t, instances: 2}
  o: {topics: t, instances: 2, consumeMode: ORDERLY}
chaos:
  until: 100s
  outage: {exponential: 8s}
  atOnce: 1
  rates: {killBroker: 2/m, freezeBroker: 1/m, partition: 1/m, killConsumer: 2/m, resetConnections: 1/m, slowLink: 1/m}
";

#[allow(clippy::disallowed_methods, reason = "how many cases a person wants, not what they give")]
fn seeds() -> Vec<u64> {
    let cases = std::env::var("LAWS_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(40);
    (1..=cases).collect()
}

fn read(text: &str, seed: u64) -> Scenario {
    let overrides = Overrides { seed: Some(seed), ..Overrides::default() };
    Scenario::read("fuzz.yaml", text, &overrides).unwrap_or_else(|error| panic!("{}", error.one_line()))
}

fn searched(text: &str, seeds: &[u64], sabotage: Option<Sabotage>) -> Searched {
    search::<String>(seeds, SearchOptions { sabotage }, |seed| Ok(read(text, seed).plan)).unwrap()
}

fn shipped(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name)).unwrap()
}

#[test]
fn random_failures_break_no_invariant() {
    for text in [shipped("chaos-small.yaml"), shipped("chaos-recovers.yaml"), RAFT.to_owned()] {
        let searched = searched(&text, &seeds(), None);
        let first = searched.violations.first().map(|found| (found.seed, found.error.to_string()));
        assert_eq!(first, None, "{}", text.lines().next().unwrap_or_default());
        assert!(searched.actions > searched.runs, "something happens in the runs");
    }
}

#[test]
fn an_invariant_broken_on_purpose_is_found_and_shrunk_to_a_scenario_that_still_breaks_it() {
    let all = [
        Sabotage::CountTwice,
        Sabotage::TwoLeaders,
        Sabotage::DropAcknowledged,
        Sabotage::LockTwice,
        Sabotage::MoveOffset,
        Sabotage::PullTwice,
    ];
    for sabotage in all {
        let options = SearchOptions { sabotage: Some(sabotage) };
        let found = searched(RAFT, &[1, 2, 3, 4, 5, 6], Some(sabotage)).violations;
        let violation = found.first().unwrap_or_else(|| panic!("{sabotage:?} is not found"));
        let (plan, error) = shrink(&violation.plan, &violation.error, options);
        assert!(error.is_like(&violation.error), "{sabotage:?}: {error} after {}", violation.error);
        assert!(plan.timeline.len() <= 2, "{sabotage:?} needs {} actions", plan.timeline.len());
        let text = read(RAFT, violation.seed).with_timeline(&plan.timeline, plan.duration);
        let again = searched(&text, &[violation.seed], Some(sabotage)).violations;
        assert!(again.first().is_some_and(|again| again.error.is_like(&error)), "{sabotage:?}:\n{text}");
    }
}

fn sim() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rocketmq-sim"))
}

#[test]
fn the_fuzz_command_says_how_much_it_has_searched() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/kill-vs-graceful.yaml");
    let run = sim().args(["fuzz", file, "--seeds", "2", "--first-seed", "5"]).output().unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{text}");
    assert!(text.contains(": 2 runs with ") && text.contains("; 0 broke an invariant"), "{text}");
}

#[test]
fn faults_that_make_no_sense_are_refused_with_their_place() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/kill-vs-graceful.yaml");
    for chaos in ["{until: 1h, rates: {killBroker: 1/m}}", "{rates: {}}", "{until: 60s, rates: {kilBroker: 1/m}}", "["]
    {
        let run = sim().args(["fuzz", file, "--chaos", chaos]).output().unwrap();
        let text = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{chaos}: {text}");
        assert!(text.contains("--set chaos="), "{chaos}: {text}");
    }
}
