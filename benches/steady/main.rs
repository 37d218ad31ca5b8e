//! The steady scenario against the yardstick: both in one process, interleaved.
//!
//! `cargo bench --bench steady`; without `--bench` (as `cargo test --benches` starts it) a tiny run that only checks. A number as
//! argument is the count of messages (5,000,000 without).

mod simulator;
mod yardstick;

use simulator::{SimulatorResult, simulator};
use yardstick::{Load, YardstickResult, yardstick};

/// Interleaved rounds; the median counts.
const ROUNDS: usize = 5;

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let bench = std::env::args().any(|argument| argument == "--bench");
    let given = std::env::args().find_map(|argument| argument.parse().ok());
    let (messages, rounds) = if bench { (given.unwrap_or(5_000_000), ROUNDS) } else { (20_000, 1) };
    let mut simulators: Vec<SimulatorResult> = Vec::new();
    let mut yardsticks: Vec<YardstickResult> = Vec::new();
    for _ in 0..rounds {
        simulators.push(simulator(messages));
        yardsticks.push(yardstick(Load::steady(messages)));
    }
    let steady = median(simulators.iter().map(|round| round.messages_per_s));
    let pipeline = median(yardsticks.iter().map(|round| round.messages_per_s));
    let ratio =
        median(simulators.iter().zip(&yardsticks).map(|(ours, bare)| ours.messages_per_s / bare.messages_per_s));
    let SimulatorResult { p50, p99, events_per_message, bytes_per_message, .. } = simulators[0];
    let milliseconds = |nanos: u64| nanos as f64 / 1e6;
    println!(
        "steady: {messages} messages, p50 {:.3} ms, p99 {:.3} ms, {events_per_message:.2} events a message",
        milliseconds(p50),
        milliseconds(p99),
    );
    let bare = &yardsticks[0];
    println!(
        "yardstick: {messages} messages, p50 {:.3} ms, p99 {:.3} ms, mean lag {:.1}, {:.0} B/message",
        milliseconds(bare.p50),
        milliseconds(bare.p99),
        bare.mean_lag,
        bare.bytes_per_message,
    );
    println!(
        "steady: {steady:.0} messages/s, yardstick: {pipeline:.0} messages/s, ratio {ratio:.2}, \
         bytes per stored message {bytes_per_message:.1}"
    );
}
