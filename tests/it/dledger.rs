//! Raft groups as brokers: who leads, what is acknowledged, what clients make of it.

mod failover;
mod speed;

use std::sync::Arc;

use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::run::outcome::{Counter, Outcome, RaftInterval};
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::{Overrides, Scenario};
use rocketmq_sim::store::ids::BrokerIx;

/// A group of so many members, with other settings, a load of 200 messages a second, and what happens to it.
fn scene(members: u32, settings: &str, seconds: u32, timeline: &str) -> String {
    format!(
        "duration: {seconds}s\n\
         cluster: {{brokers: {{broker-a: {{dledger: {{members: {members}{settings}}}}}}}}}\n\
         topics: {{t: {{queues: 4}}}}\n\
         producers: {{p: {{topic: t, rate: 200/s}}}}\n\
         groups: {{g: {{topics: t, instances: 2, serviceTime: 1ms}}}}\n\
         timeline: [{timeline}]\n"
    )
}

fn run(text: &str, seed: u64) -> Outcome {
    let overrides = Overrides { seed: Some(seed), ..Overrides::default() };
    let scenario =
        Scenario::read("dledger.yaml", text, &overrides).unwrap_or_else(|error| panic!("{}", error.one_line()));
    let mut options = RunOptions { check_every_sample: true, ..RunOptions::default() };
    simulate(&Arc::new(scenario.plan), &mut options).unwrap_or_else(|error| panic!("seed {seed}: {error}"))
}

fn at(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

/// The member that takes sends at a time.
fn master(outcome: &Outcome, at: SimTime) -> Option<BrokerIx> {
    let there = outcome.failures.masters.iter().filter(|interval| interval.from <= at && at < interval.to);
    there.map(|interval| interval.process).next_back()
}

/// How long from `since` on nobody takes sends.
fn leaderless(outcome: &Outcome, since: SimTime) -> SimDuration {
    let mut next: Vec<SimTime> = outcome
        .failures
        .masters
        .iter()
        .filter(|interval| interval.to > since)
        .map(|interval| interval.from.max(since))
        .collect();
    next.sort_unstable();
    next.first().map_or(SimDuration::MAX, |first| first.since(since))
}

/// What no failure may break, and that work goes on at the end.
fn assert_safe(outcome: &Outcome, what: &str) {
    let count = |counter| outcome.counters.get(counter, None);
    assert_eq!(count(Counter::AcknowledgedLost), 0, "{what}: acknowledged messages are lost");
    let raft = &outcome.failures.raft;
    for one in raft.iter().filter(|of| leads(of)) {
        let other = raft.iter().find(|of| leads(of) && of.term == one.term && of.process != one.process);
        assert!(other.is_none(), "{what}: two leaders in term {}: {one:?} and {other:?}", one.term);
    }
    let sent: f64 = outcome.series.failures.sends_ok[0].iter().rev().take(3).sum();
    assert!(sent > 0.0, "{what}: nothing is sent at the end; masters {:?}", outcome.failures.masters);
}

fn leads(interval: &RaftInterval) -> bool {
    interval.role == rocketmq_sim::node::fact::RaftRoleNow::Leader
}
