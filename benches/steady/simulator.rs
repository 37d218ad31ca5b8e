//! The simulator's half: the whole model of `steady.yaml`, every measure on, reports off.

use std::sync::Arc;
use std::time::Instant;

use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::{Overrides, Scenario};

const SCENARIO: &str = include_str!("steady.yaml");

/// One round.
pub(crate) struct SimulatorResult {
    /// Messages consumed per second of wall time.
    pub(crate) messages_per_s: f64,
    /// Nanoseconds.
    pub(crate) p50: u64,
    /// Nanoseconds.
    pub(crate) p99: u64,
    /// Bytes of the stores' message tables per message held, at their fullest.
    pub(crate) bytes_per_message: f64,
    /// Events taken from the queue per message.
    pub(crate) events_per_message: f64,
}

/// Plays the scenario with this many messages.
pub(crate) fn simulator(messages: u64) -> SimulatorResult {
    // Six seconds more than the messages take: start-up before, the last deliveries after.
    let seconds = messages / 64_000 + 6;
    let set = vec![format!("producers.order_producer.limit={messages}"), format!("duration={seconds}s")];
    let overrides = Overrides { set, ..Overrides::default() };
    let scenario = Scenario::read("steady.yaml", SCENARIO, &overrides).expect("the scenario is valid");
    let plan = Arc::new(scenario.plan);
    #[allow(clippy::disallowed_methods, reason = "a bench measures wall time")]
    let start = Instant::now();
    let outcome = simulate(&plan, &mut RunOptions::default()).expect("the accounting adds up");
    let elapsed = start.elapsed();
    let group = &outcome.groups[0];
    assert_eq!(group.consumed, messages, "every message is consumed");
    SimulatorResult {
        messages_per_s: messages as f64 / elapsed.as_secs_f64(),
        p50: group.latency.end_to_end.p50.as_nanos(),
        p99: group.latency.end_to_end.p99.as_nanos(),
        bytes_per_message: outcome.engine.retained_bytes_max as f64 / outcome.engine.retained_messages_max as f64,
        events_per_message: outcome.engine.events as f64 / messages as f64,
    }
}
