//! How fast a group replicates.

use std::time::Instant;

use super::*;

/// Wall time of the release build: `cargo test --release --test it dledger::speed -- --ignored --nocapture`.
#[test]
#[allow(clippy::disallowed_methods, reason = "the measurement is the purpose")]
#[ignore = "measures the release build"]
fn five_members_replicate_a_million_messages_in_less_than_three_seconds() {
    let text = "duration: 112s\n\
         cluster: {brokers: {broker-a: {dledger: {members: 5}}}}\n\
         topics: {t: {queues: 8}}\n\
         producers: {p: {topic: t, rate: 10000/s, start: 11s}}\n\
         groups: {}\n";
    let overrides = Overrides::default();
    let scenario =
        Scenario::read("dledger.yaml", text, &overrides).unwrap_or_else(|error| panic!("{}", error.one_line()));
    let plan = Arc::new(scenario.plan);
    let from = Instant::now();
    let outcome = simulate(&plan, &mut RunOptions::default()).unwrap();
    let wall = from.elapsed();
    let sent = outcome.counters.get(Counter::SendsOk, None);
    println!("{sent} messages, {} events, {wall:?}", outcome.engine.events);
    assert!(sent >= 1_000_000, "{sent} messages");
    assert!(wall.as_secs_f64() < 3.0, "{wall:?}");
}
