//! Masters and slaves end to end: what a lost master costs, what a send waits for, and what the slave has.

use std::sync::Arc;

use rocketmq_sim::kernel::time::SimTime;
use rocketmq_sim::node::counters::Counter;
use rocketmq_sim::node::fact::Fact;
use rocketmq_sim::run::outcome::Outcome;
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::{Overrides, Scenario};

/// A master and a slave with 200 messages a second, and two consumers.
fn run(master: &str, rest: &str) -> Outcome {
    run_for("90s", master, "1ms", rest)
}

fn run_for(duration: &str, master: &str, service: &str, rest: &str) -> Outcome {
    let text = format!(
        "duration: {duration}\ncluster: {{brokers: {{broker-a: {{{master}, slaves: {{1: {{}}}}}}}}}}\n\
         topics: {{t: {{queues: 4}}}}\nproducers: {{p: {{topic: t, rate: 200/s}}}}\n\
         groups: {{g: {{topics: t, instances: 2, serviceTime: {service}}}}}\ntimeline:\n{rest}"
    );
    let scenario = Scenario::read("x.yaml", &text, &Overrides::default());
    let plan = scenario.unwrap_or_else(|error| panic!("{}\n{text}", error.one_line())).plan;
    let mut options = RunOptions { check_every_sample: true, ..RunOptions::default() };
    simulate(&Arc::new(plan), &mut options).unwrap_or_else(|error| panic!("{error}"))
}

fn count(outcome: &Outcome, counter: Counter) -> u64 {
    outcome.counters.get(counter, None)
}

/// Times at which something was said.
fn times(outcome: &Outcome, what: impl Fn(&Fact) -> bool) -> Vec<SimTime> {
    outcome.facts.iter().filter(|record| what(&record.fact)).map(|record| record.at).collect()
}

#[test]
fn an_async_master_lost_with_its_host_loses_what_it_had_not_flushed_whatever_the_slave_has() {
    let outcome = run("brokerRole: ASYNC_MASTER", "  - {at: 40.1s, loseHost: {of: broker-a, for: 10s}}\n");
    let (cut, lost) = (count(&outcome, Counter::Truncated), count(&outcome, Counter::AcknowledgedLost));
    assert!((1..=130).contains(&lost) && lost <= cut, "half a second of sends: {lost} of {cut}");
    let cut_at = times(&outcome, |fact| matches!(fact, Fact::LogCut { .. }));
    assert_eq!(cut_at, [SimTime::from_millis(40_100)]);
    // The slave has got more than the master now has: it is closed until the master has grown past it.
    let again = times(&outcome, |fact| matches!(fact, Fact::Replicating { connected: true, .. }));
    assert!(!again.is_empty());
}

#[test]
fn a_killed_process_loses_nothing() {
    let outcome = run("brokerRole: ASYNC_MASTER", "  - {at: 40.1s, kill: {node: broker-a, for: 10s}}\n");
    assert_eq!((count(&outcome, Counter::Truncated), count(&outcome, Counter::AcknowledgedLost)), (0, 0));
    assert!(count(&outcome, Counter::SendsOk) > 10_000);
    assert!(count(&outcome, Counter::SendsFailed) > 0, "the only broker was away");
}

#[test]
fn with_sync_flush_a_lost_host_loses_nothing_that_was_acknowledged() {
    let rest = "  - {at: 40.1s, loseHost: {of: broker-a, for: 10s}}\n";
    let outcome = run("flushDiskType: SYNC_FLUSH", rest);
    assert_eq!(count(&outcome, Counter::AcknowledgedLost), 0);
    assert!(count(&outcome, Counter::SendsOk) > 10_000);
}

#[test]
fn a_sync_master_says_that_no_slave_is_there_and_sends_go_on() {
    let outcome = run("brokerRole: SYNC_MASTER", "  - {at: 40s, kill: {node: broker-a/1, for: 10s}}\n");
    let (ok, other) = (count(&outcome, Counter::SendsOk), count(&outcome, Counter::SendsNotOk));
    // The slave's client connects after 5 s and reports 5 to 6 s later, both times.
    assert!((3_000..8_000).contains(&other), "{other} of {ok} + {other}");
    assert!(ok > 8_000);
    // Before that report a send waits for 3 s, which is all the time its caller has: it is stored all the same.
    let failed = count(&outcome, Counter::SendsFailed);
    assert!((1..2_400).contains(&failed), "{failed}");
    assert_eq!(count(&outcome, Counter::FailedButStored), failed);
    assert_eq!(times(&outcome, |fact| matches!(fact, Fact::Replicating { connected: true, .. })).len(), 2);
}

#[test]
fn a_slave_that_was_away_catches_up() {
    let outcome = run("brokerRole: ASYNC_MASTER", "  - {at: 30s, kill: {node: broker-a/1, for: 20s}}\n");
    let lag = &outcome.series.failures.replication_lag[1];
    assert!(lag.iter().copied().max().unwrap_or(0) > 1_000_000, "4,000 messages were not shipped: {lag:?}");
    assert!(lag.last().is_some_and(|behind| *behind < 100_000), "{lag:?}");
}

#[test]
fn what_was_committed_to_the_slave_is_overwritten_when_the_master_returns() {
    // The slave hears of its master at 130 s and copies at 133 s; the clients find the master at their route polls of 150 s.
    let rest = "  - {at: 60s, kill: {node: broker-a, for: 65s}}\n";
    let outcome = run_for("200s", "brokerRole: ASYNC_MASTER", "250ms", rest);
    let pulls = times(&outcome, |fact| matches!(fact, Fact::PullsFrom { .. }));
    assert!(pulls.iter().any(|at| *at > SimTime::from_secs(60)), "the slave serves the backlog");
    let back = times(&outcome, |fact| matches!(fact, Fact::OffsetsTakenOver { .. }));
    assert!(back.iter().any(|at| *at >= SimTime::from_secs(125)), "{back:?}");
}
