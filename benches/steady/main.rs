//! The steady scenario against the yardstick: both in one process, interleaved.
//!
//! `cargo bench --bench steady`; without `--bench` (as `cargo test --benches` starts it) a tiny run that only checks.

mod yardstick;

use yardstick::{Load, YardstickResult, yardstick};

/// Interleaved rounds; the median counts.
const ROUNDS: usize = 5;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let bench = std::env::args().any(|argument| argument == "--bench");
    let (messages, rounds) = if bench { (5_000_000, ROUNDS) } else { (20_000, 1) };
    let mut yardsticks: Vec<YardstickResult> = Vec::new();
    for _ in 0..rounds {
        // The simulator's round comes here, before the yardstick's.
        yardsticks.push(yardstick(Load::steady(messages)));
    }
    let speed = median(yardsticks.iter().map(|round| round.messages_per_s).collect());
    let YardstickResult { p50, p99, mean_lag, bytes_per_message, .. } = yardsticks[0];
    println!(
        "yardstick: {messages} messages, p50 {:.3} ms, p99 {:.3} ms, mean lag {mean_lag:.1}, {bytes_per_message:.0} B/message",
        p50 as f64 / 1e6,
        p99 as f64 / 1e6,
    );
    // The closing line becomes: steady: X messages/s, yardstick: Y messages/s, ratio R, bytes per stored message B
    println!("yardstick: {speed:.0} messages/s");
}
