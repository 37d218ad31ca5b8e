//! Single messages into idle queues: the latency of long polling.

use std::collections::BTreeMap;

use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::run::outcome::Outcome;
use rocketmq_sim::scenario::plan::{ArrivalProcess, Phases, StrategyPlan};

use super::cluster::{Cluster, Member, Sender, Start, client_id};
use super::machine::{Jvm, Machine};
use super::measured::{Measured, Range};
use super::members::random_start;
use super::seen::Seen;
use super::trial::{ONLY_TOPIC, Quantities, Trial, Zero, below, open_phases, random_phases};

/// Messages of a measured run.
const MESSAGES: u64 = 300;

/// One message at a random moment of each slot of 500 ms.
pub(super) fn draw(measured: &Measured, seed: u64) -> Trial {
    let machine = Machine::quiet();
    let mut stream = open_phases(seed);
    let group_rebalance = below(&mut stream, 20_000);
    let phases: Phases = random_phases(&mut stream, group_rebalance);
    let cluster = Cluster {
        name: measured.name.clone(),
        seed,
        members: vec![Member {
            name: "c0".to_owned(),
            client_id: client_id("c0"),
            start: Start::Long(phases),
            jvm: Jvm::warm(&machine),
        }],
        brokers: vec![random_start(&mut stream)],
        home: 0,
        auto_create: true,
        topics: vec![(measured.queues(), measured.queues())],
        senders: vec![Sender {
            topic: 0,
            rate: 2.0,
            threads: 1,
            process: ArrivalProcess::RandomInSlot,
            start_at: SimTime::from_secs(5),
            limit: Some(MESSAGES),
        }],
        strategy: StrategyPlan::Averagely,
        listener_ms: 0,
        duration: SimDuration::from_secs(160),
        machine,
        retry_first: true,
    };
    Trial {
        plan: cluster.plan(),
        action: SimTime::ZERO,
        zero: Zero::At(SimTime::ZERO),
        listener_ms: 0,
        topic: ONLY_TOPIC,
        subject: cluster.instance("c0"),
        prefix: String::new(),
    }
}

/// Percentiles of the latencies, each a quantity of the run. The first three messages are left out, as measured.
pub(super) fn measure(seen: &Seen, outcome: &Outcome) -> Quantities {
    let stored: BTreeMap<_, f64> = seen.stored.iter().map(|(at, queue, offset)| ((*queue, *offset), *at)).collect();
    let kept = &seen.deliveries[3.min(seen.deliveries.len())..];
    let to_consume: Vec<f64> =
        kept.iter().map(|delivery| delivery.at - stored[&(delivery.queue, delivery.offset)]).collect();
    let whole: Vec<f64> = kept.iter().map(|delivery| delivery.age).collect();
    let to_store = whole.iter().zip(&to_consume).map(|(whole, rest)| whole - rest).collect();
    let mut quantities = Quantities::new();
    let sends = &outcome.producers[0].latency;
    for (key, share) in PERCENTILES {
        let value = match key {
            "min" => sends.min,
            "max" => sends.max,
            _ => sends.at((share * 10_000.0) as u32),
        };
        quantities.push((format!("send_latency_ms.{key}"), value.as_nanos() as f64 / 1e6));
    }
    for (name, mut values) in
        [("born_to_store_ms", to_store), ("store_to_consume_ms", to_consume), ("born_to_consume_ms", whole)]
    {
        values.sort_by(f64::total_cmp);
        for (key, share) in PERCENTILES {
            let index = ((values.len() as f64 * share) as usize).min(values.len() - 1);
            quantities.push((format!("{name}.{key}"), values[index]));
        }
    }
    quantities
}

/// The measured percentiles of each run, as quantities of it.
pub(super) fn measured_percentiles(measured: &Measured) -> Vec<(String, Range)> {
    let mut ranges = Vec::new();
    for name in ["send_latency_ms", "born_to_store_ms", "store_to_consume_ms", "born_to_consume_ms"] {
        for (key, _) in PERCENTILES {
            let values = measured.runs().iter().filter_map(|run| run["summary"][name][key].as_f64()).collect();
            ranges.extend(Range::of(values).map(|range| (format!("{name}.{key}"), range)));
        }
    }
    ranges
}

const PERCENTILES: [(&str, f64); 8] = [
    ("min", 0.0),
    ("p25", 0.25),
    ("p50", 0.5),
    ("p75", 0.75),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("max", 1.0),
];
