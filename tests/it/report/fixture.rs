//! Outcomes made by hand, without the engine: a scale-out with a freeze and a kill, small, big and extreme.

mod history;
mod plan;
mod series;

use std::sync::Arc;

use history::Maker;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::run::outcome::*;
use rocketmq_sim::store::ids::*;
use series::percentiles;

const G: GroupIx = GroupIx(0);
const T: TopicIx = TopicIx(0);

fn ms(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

fn inst(index: usize) -> InstanceIx {
    InstanceIx::new(index)
}

/// `averagely`: the queues of member `index` of `members`.
fn share(queues: usize, members: usize, index: usize) -> std::ops::Range<usize> {
    let (base, extra) = (queues / members, queues % members);
    let from = index * base + index.min(extra);
    from..from + base + usize::from(index < extra)
}

/// What to make.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) topic: &'static str,
    pub(super) group: &'static str,
    pub(super) brokers: usize,
    pub(super) queues: usize,
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) seconds: u64,
    pub(super) rate: f64,
    /// A consumer freezes at 90 s and thaws at 240 s, another is killed at 270 s.
    pub(super) troubled: bool,
    /// Restarts of consumers after the end of the other actions, two actions each.
    pub(super) restarts: u64,
}

impl Shape {
    /// The scale-out of the shipped scenario, with troubles after it.
    pub(super) fn scale_out() -> Self {
        Self {
            name: "scale-out",
            topic: "order_topic",
            group: "order_consumer",
            brokers: 1,
            queues: 16,
            before: 3,
            after: 4,
            seconds: 300,
            rate: 2000.0,
            troubled: true,
            restarts: 0,
        }
    }

    /// A rolling restart: more actions than a chart has room for labels.
    pub(super) fn rolling() -> Self {
        Self { name: "rolling", restarts: 16, ..Self::big() }
    }

    pub(super) fn big() -> Self {
        Self {
            name: "big",
            brokers: 4,
            queues: 64,
            before: 15,
            after: 16,
            seconds: 600,
            rate: 20_000.0,
            ..Self::scale_out()
        }
    }

    pub(super) fn smallest() -> Self {
        Self {
            name: "smallest",
            queues: 1,
            before: 1,
            after: 1,
            seconds: 1,
            rate: 0.0,
            troubled: false,
            ..Self::scale_out()
        }
    }

    pub(super) fn huge() -> Self {
        Self { name: "huge", brokers: 10, queues: 10_000, before: 999, after: 1000, ..Self::scale_out() }
    }
}

fn maker(shape: &Shape) -> Maker {
    let end = SimTime::from_secs(shape.seconds);
    Maker {
        shape: shape.clone(),
        facts: Vec::new(),
        ownership: (0..shape.queues)
            .map(|queue| QueueOwnership {
                group: G,
                queue: QueueIx::new(queue),
                exists_from: SimTime::ZERO,
                exists_until: end,
                intervals: Vec::new(),
                orphan: SimDuration::ZERO,
                longest_orphan: SimDuration::ZERO,
                double_owner: SimDuration::ZERO,
                moves: 0,
            })
            .collect(),
        stale: vec![Default::default(); shape.after],
        rebalances: vec![[0, 0]; shape.after],
    }
}

fn group(shape: &Shape, sent: u64, own: &[QueueOwnership], series: &Series) -> GroupOutcome {
    let duplicates = if shape.troubled { 1_280 } else { 0 };
    GroupOutcome {
        consumed: sent - sent / 1000,
        delivered: sent - sent / 1000 + duplicates,
        attempts: vec![sent - sent / 1000 + duplicates],
        duplicates: vec![
            (DuplicateCause::DoubleOwner, duplicates / 2),
            (DuplicateCause::OffsetWentBack, duplicates / 2),
        ],
        latency: LatencyParts {
            end_to_end: percentiles(sent, 2_400),
            send: percentiles(sent, 1_100),
            stored_to_pulled: percentiles(sent, 1_200),
            wait_in_client: percentiles(sent, 40),
            processing: percentiles(sent, 1_000),
        },
        lag: sent / 1000,
        lag_max: series.groups[0].lag.iter().copied().max().unwrap_or(0),
        lag_time: SimDuration::from_millis(12),
        lag_time_max: SimDuration::from_secs(121),
        orphan: own.iter().map(|o| o.orphan).sum(),
        longest_orphan: own.iter().map(|o| o.longest_orphan).max().unwrap_or_default(),
        double_owner: own.iter().map(|o| o.double_owner).sum(),
        moves: own.iter().map(|o| u64::from(o.moves)).sum(),
        imbalance: Imbalance { max_over_mean: 1.25, jain: 0.961 },
        little: Little { mean_in_system: 812.25, rate_times_time: 812.26 },
    }
}

fn instances(shape: &Shape, sent: u64, maker: &Maker) -> Vec<InstanceOutcome> {
    let duplicates = if shape.troubled { 1_280 } else { 0 };
    maker
        .stale
        .iter()
        .zip(&maker.rebalances)
        .map(|([route, members, queues], [all, changed])| InstanceOutcome {
            consumed: sent / shape.after as u64,
            duplicates: duplicates / shape.after as u64,
            alive: SimDuration::from_secs(shape.seconds),
            utilisation: 0.42,
            rebalances_changed: *changed,
            rebalances: *all,
            notices: 2,
            cached_max: 512,
            pulls_found: 41_000,
            pulls_empty: 130,
            flow_controlled: 7,
            route_stale: route.clone(),
            members_stale: members.clone(),
            queues_stale: queues.clone(),
        })
        .collect()
}

fn expectations(end: SimTime) -> Vec<ExpectationOutcome> {
    vec![
        ExpectationOutcome {
            label: "each queue of order_topic has one owner".to_owned(),
            at: end,
            passed: true,
            expected: "16 queues with exactly one owner".to_owned(),
            got: "16".to_owned(),
        },
        ExpectationOutcome {
            label: "latency p99 of order_consumer below 10ms".to_owned(),
            at: end,
            passed: false,
            expected: "at most 10 ms".to_owned(),
            got: "28.8 ms".to_owned(),
        },
    ]
}

/// The outcome of a shape.
pub(super) fn outcome(shape: &Shape) -> Outcome {
    let end = SimTime::from_secs(shape.seconds);
    let mut maker = maker(shape);
    maker.history();
    maker.gaps();
    let series = series::series(shape, &maker.ownership);
    let sent = (shape.rate * shape.seconds as f64) as u64;
    let group = group(shape, sent, &maker.ownership, &series);
    let instances = instances(shape, sent, &maker);
    maker.facts.sort_by_key(|record| record.at);
    Outcome {
        failures: Default::default(),
        locks: Vec::new(),
        plan: Arc::new(plan::plan(shape)),
        version: "0.1.0",
        digest: 0x0123_4567_89ab_cdef,
        end,
        facts: maker.facts,
        ownership: maker.ownership,
        instances,
        groups: vec![group],
        producers: vec![ProducerOutcome {
            offered: sent,
            accepted: sent,
            failed: 0,
            retries: 0,
            latency: percentiles(sent, 1_300),
        }],
        series,
        losses: Vec::new(),
        transactions: TransactionStates::default(),
        counters: Counters::default(),
        delay_lateness: Percentiles::default(),
        delay_by_level: Vec::new(),
        conservation: Conservation {
            offered: sent,
            sending: 0,
            failed: 0,
            accepted: 0,
            unknown: 0,
            stored: sent,
            cut_off: 0,
            copies: 0,
            scheduled_waiting: 0,
            scheduled_delivered: 0,
            preloaded: 0,
            groups: vec![GroupConservation {
                stored: sent,
                unread: sent / 1000,
                consumed: sent - sent / 1000,
                ..GroupConservation::default()
            }],
            checks: 301,
            violation: None,
        },
        engine: EngineStats {
            events: 3_412_876,
            pending_max: 412,
            retained_messages_max: 9_812,
            retained_bytes_max: 470_976,
        },
        expectations: expectations(end),
    }
}
