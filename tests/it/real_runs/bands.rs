//! Under many seeds with random phases: measured runs inside the simulated range, simulated median inside the measured one.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::measured::{Measured, Range, value_at};
use super::table::{Line, Verdict, print_bands};
use super::trial::Kind;
use super::{latency, start};

/// Process queues were sampled every 3 ms around a rebalance, clocks read in whole milliseconds.
const TIME_RESOLUTION_MS: f64 = 3.0;

/// Quantities that the scenario states instead of predicting, because they are machine time of these very runs or the action
/// itself.
const ASSUMED: [&str; 5] = [
    "start_call_to_first_heartbeat_ms",
    "unregister_sent_ms",
    "first_heartbeat_first_ms",
    "first_heartbeat_last_ms",
    "thaw:thaw_t_ms",
];

/// Quantities that the model says nothing about.
const NOT_MODELLED: [(&str, &str); 2] =
    [("max_stall_ms", "a property of the measured machine"), ("update_request_ms", "start-up of the admin tool's JVM")];

/// What differs although everything else fits: (experiment, quantity, reason).
const KNOWN: [(&str, &str, &str); 8] = [
    ("shutdown_4to3_avg", "first_notified_ms", RUN_B9),
    ("shutdown_4to3_avg", "others_first_assigned_ms", RUN_B9),
    (
        "freeze_consumer_sigstop",
        "oldest_message_age_at_takeover_ms",
        "run b3: latest takeover of all, and its first pull was refused twice; the draws end 1 s earlier",
    ),
    (
        "queue_expansion_8to16",
        "all_new_queues_owned_ms",
        "six runs of two clusters, phases of three runs each depend on each other; each replay fits",
    ),
    (
        "queue_expansion_8to16",
        "longest_wait_in_an_old_queue_ms",
        "whether a first pull is refused for 1 s is a race: in every measured run, in about half of the draws",
    ),
    ("cold_start_simultaneous", "4 consumers: duplicates", "run 6 delivered nearly its whole backlog twice: a race"),
    ("cold_start_simultaneous", "8 consumers: stable_after_last_heartbeat_ms", JIT),
    (
        "long_poll_latency",
        "born_to_consume_ms.max",
        "a stall hits sending and consuming at once; draws are independent",
    ),
];

/// Of 24 shutdowns one had 344 ms between the request and the first notice, without a stall of the machine's probe.
const RUN_B9: &str = "run b9: 344 ms between request and notice, unseen in the other 39 joins and shutdowns";
/// Stated machine time does not change while a process runs.
const JIT: &str = "code gets faster while JVMs warm up: measured starts churn less early and settle sooner";

/// Compares one experiment; what does not fit is told in words.
pub(super) fn compare(measured: &Measured, seeds: u64) -> Vec<String> {
    let Some(kind) = Kind::of(measured) else {
        println!("skipped: {} is none of the experiments of this comparison", measured.name);
        return Vec::new();
    };
    let seeds = seeds * variants(measured);
    let simulated = simulate(kind, measured, seeds);
    let ranges = if kind == Kind::LongPolling { latency::measured_percentiles(measured) } else { measured.summary() };
    let lines: Vec<Line> = ranges
        .into_iter()
        .map(|(quantity, range)| {
            let simulated = simulated.get(&quantity).cloned().and_then(Range::of);
            let runs = stalled(measured, &quantity).unwrap_or_else(|| vec![(range.min, 0.0), (range.max, 0.0)]);
            let verdict = verdict(&measured.name, &quantity, range, &runs, simulated);
            Line { quantity, measured: range, simulated, verdict }
        })
        .collect();
    print_bands(&measured.name, seeds, &lines);
    let misfits = lines.iter().filter(|line| line.verdict == Verdict::Misfit);
    misfits
        .map(|line| format!("bands: {}: measured {:?}, simulated {:?}", line.quantity, line.measured, line.simulated))
        .collect()
}

/// Set-ups within an experiment (quiet and busy series, numbers of members): each gets as many seeds.
fn variants(measured: &Measured) -> u64 {
    let mut series: Vec<&str> = measured.runs().iter().filter_map(|run| run["series"].as_str()).collect();
    series.sort_unstable();
    series.dedup();
    series.len().max(start::prefixes(measured).len()).max(1) as u64
}

/// All values of each quantity over the seeds.
fn simulate(kind: Kind, measured: &Measured, seeds: u64) -> BTreeMap<String, Vec<f64>> {
    let runs: Vec<_> = (0..seeds).into_par_iter().map(|seed| kind.run(kind.draw(measured, seed, seeds))).collect();
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (name, value) in runs.into_iter().flatten() {
        values.entry(name).or_default().push(value);
    }
    values
}

/// The measured value of each run with the longest stall of the machine in that run: `runs with large stalls are late by about
/// that much` (the notes of the measurement).
fn stalled(measured: &Measured, quantity: &str) -> Option<Vec<(f64, f64)>> {
    if quantity.contains(": ") {
        return None;
    }
    let values: Vec<(f64, f64)> = measured
        .runs()
        .iter()
        .filter_map(|run| {
            let stall = if quantity.contains("_ms") { run["summary"]["max_stall_ms"].as_f64() } else { None };
            Some((value_at(&run["summary"], quantity)?, stall.unwrap_or_default()))
        })
        .collect();
    (!values.is_empty()).then_some(values)
}

fn verdict(
    experiment: &str,
    quantity: &str,
    measured: Range,
    runs: &[(f64, f64)],
    simulated: Option<Range>,
) -> Verdict {
    let bare = quantity.split_once(": ").map_or(quantity, |(_, bare)| bare);
    if let Some((_, reason)) = NOT_MODELLED.iter().find(|(name, _)| *name == bare) {
        return Verdict::NotModelled(reason);
    }
    let Some(simulated) = simulated else {
        return Verdict::NotModelled("unknown quantity");
    };
    if ASSUMED.contains(&bare) {
        return Verdict::Assumed;
    }
    let resolution = if quantity.contains("_ms") { TIME_RESOLUTION_MS } else { 0.0 };
    let within = |(value, stall): &(f64, f64)| {
        simulated.min <= value + resolution && value - stall <= simulated.max + resolution
    };
    let inside = runs.iter().all(within);
    let median = measured.min - resolution <= simulated.median && simulated.median <= measured.max + resolution;
    if inside && median {
        return Verdict::Fits;
    }
    let known = KNOWN.iter().find(|(of, name, _)| *of == experiment && *name == quantity);
    known.map_or(Verdict::Misfit, |(.., reason)| Verdict::Known(reason))
}
