//! All members start at once; two members share a client id.

use std::collections::BTreeMap;

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::run::outcome::Outcome;
use rocketmq_sim::scenario::plan::ArrivalProcess;

use super::cluster::{Cluster, Member, Sender, Start, client_id};
use super::machine::{Jvm, Machine, log_normal};
use super::measured::Measured;
use super::members::random_start;
use super::seen::{Seen, greatest, least};
use super::trial::{ONLY_TOPIC, Quantities, Trial, Zero, below, open_phases, spread, strategy};

/// When the members start, or the second one.
const ACTION: SimTime = SimTime::from_secs(16);

/// The prefix of a quantity's name in front of its first colon and blank, as `4 consumers: `.
pub(super) fn prefixes(measured: &Measured) -> Vec<String> {
    let mut prefixes: Vec<String> =
        measured.summary().iter().filter_map(|(name, _)| Some(format!("{}: ", name.split_once(": ")?.0))).collect();
    prefixes.dedup();
    prefixes
}

/// Half of the seeds for each number of members that was measured.
pub(super) fn draw_cold(measured: &Measured, seed: u64) -> Trial {
    let prefixes = prefixes(measured);
    let prefix = prefixes.get(seed as usize % prefixes.len().max(1)).cloned().unwrap_or_default();
    let count: usize = prefix.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or(4);
    let mut machine = Machine::busy();
    // `first_heartbeat_ms` of every member: the runs' means are 575 to 1024 ms with 4 and 1038 to 1512 ms with 8 members, first
    // and last of a run 98 to 629 and 730 to 1340 ms apart, which are two and three deviations.
    let mut stream = open_phases(seed);
    let (means, deviations) = if count > 4 { ((1_000, 1_550), (200, 440)) } else { ((560, 1_040), (20, 290)) };
    let mut within = |(low, high): (u64, u64)| (low + stream.below(high - low)) * 1_000_000;
    machine.start_delay = Distribution::Normal { mean: within(means), deviation: within(deviations) };
    // Eight JVMs that start on two cores are slower than four: `first_assignment_ms` less the first heartbeat 42 to 219 ms,
    // `stable_after_last_heartbeat_ms` 110/204/278 with 4 and 93/138/411 with 8 members.
    if count > 4 {
        (machine.cold_client, machine.cold_rebalance_work) = (log_normal(6.0, 80.0), log_normal(50.0, 150.0));
    } else {
        (machine.cold_client, machine.cold_rebalance_work) = (log_normal(2.0, 80.0), log_normal(20.0, 120.0));
    }
    // Messages waited for 3 to 8 s, from the pauses between the runs.
    let backlog = SimDuration::from_millis(3_000 + spread(&mut stream, seed, 37, 5_000));
    let members = (0..count).map(|index| {
        let name = format!("c{index}");
        let start = Start::At(ACTION + below(&mut stream, 15));
        Member { client_id: client_id(&name), start, jvm: Jvm::cold(&machine), name }
    });
    let members = members.collect();
    let cluster = Cluster {
        name: measured.name.clone(),
        seed,
        members,
        brokers: vec![random_start(&mut stream), random_start(&mut stream)],
        home: 0,
        auto_create: false,
        topics: vec![(measured.queues(), measured.queues())],
        senders: vec![sender(measured, ACTION.saturating_sub(backlog))],
        strategy: strategy(measured),
        listener_ms: measured.listener_ms(),
        duration: SimDuration::from_secs(26),
        machine,
        retry_first: seed % 4 < 2,
    };
    Trial {
        plan: cluster.plan(),
        action: ACTION,
        zero: Zero::At(ACTION),
        listener_ms: cluster.listener_ms,
        topic: ONLY_TOPIC,
        subject: cluster.instance("c0"),
        prefix,
    }
}

fn sender(measured: &Measured, start_at: SimTime) -> Sender {
    Sender { topic: 0, rate: measured.rate(), threads: 8, process: ArrivalProcess::Constant, start_at, limit: None }
}

/// Quantities of a cold start.
pub(super) fn measure_cold(seen: &Seen) -> Quantities {
    let mut first: BTreeMap<_, f64> = BTreeMap::new();
    for (at, who) in &seen.heartbeats {
        first.entry(*who).or_insert(*at);
    }
    let stable = greatest(seen.changes.iter().map(|change| change.at));
    let last = greatest(first.values().copied());
    let count = |gained: bool| Some(seen.changes.iter().filter(|change| change.gained == gained).count() as f64);
    let mut quantities = Quantities::new();
    let mut put = |name: &str, value: Option<f64>| quantities.extend(value.map(|value| (name.to_owned(), value)));
    put("first_heartbeat_first_ms", least(first.values().copied()));
    put("first_heartbeat_last_ms", last);
    put("first_assignment_ms", least(seen.changes.iter().filter(|change| change.gained).map(|change| change.at)));
    put("stable_ms", stable);
    put("stable_after_last_heartbeat_ms", stable.zip(last).map(|(stable, last)| stable - last));
    put("queues_assigned_total", count(true));
    put("queues_revoked_total", count(false));
    put("notifications", Some(seen.notices.len() as f64));
    put("first_message_ms", seen.deliveries.first().map(|delivery| delivery.at));
    put("duplicates", Some(seen.duplicates.len() as f64));
    quantities
}

/// Half of the seeds with a third member under another id.
pub(super) fn draw_shared(measured: &Measured, seed: u64) -> Trial {
    let prefixes = prefixes(measured);
    let prefix = prefixes.get(seed as usize % prefixes.len().max(1)).cloned().unwrap_or_default();
    let third = prefix.contains("c1");
    let machine = Machine::busy();
    let mut stream = open_phases(seed);
    // `starts_ms`: the first JVM 9.8 to 14.8 s before the second, the third 11.5 to 15.2 s after it.
    let mut starts = vec![("jvm0", "c0", ACTION.saturating_sub(SimDuration::from_secs(9) + below(&mut stream, 6_000)))];
    starts.push(("jvm1", "c0", ACTION));
    if third {
        starts.push(("jvm2", "c1", ACTION + SimDuration::from_secs(11) + below(&mut stream, 4_200)));
    }
    let members = starts.into_iter().map(|(name, id, at)| Member {
        name: name.to_owned(),
        client_id: client_id(id),
        start: Start::At(at),
        jvm: Jvm::cold(&machine),
    });
    let cluster = Cluster {
        name: measured.name.clone(),
        seed,
        members: members.collect(),
        brokers: vec![random_start(&mut stream)],
        home: 0,
        auto_create: true,
        topics: vec![(measured.queues(), measured.queues())],
        senders: vec![sender(measured, SimTime::ZERO + below(&mut stream, 3_000))],
        strategy: strategy(measured),
        listener_ms: measured.listener_ms(),
        duration: SimDuration::from_secs(76),
        machine,
        retry_first: seed % 4 < 2,
    };
    Trial {
        plan: cluster.plan(),
        action: ACTION,
        zero: Zero::At(ACTION),
        listener_ms: cluster.listener_ms,
        topic: ONLY_TOPIC,
        subject: cluster.instance("jvm0"),
        prefix,
    }
}

/// Quantities of a shared client id. The measured window has 660 messages at 30 a second: 22 s, the last 3 s of the 25 left
/// out because they may still be on their way.
pub(super) fn measure_shared(seen: &Seen, outcome: &Outcome) -> Quantities {
    let end = outcome.end.as_nanos() as f64 / 1e6 - seen.zero;
    let window = |at: f64| at >= end - 25_000.0 && at < end - 3_000.0;
    let mut given: BTreeMap<(_, u64), u32> = BTreeMap::new();
    for delivery in &seen.deliveries {
        *given.entry((delivery.queue, delivery.offset)).or_default() += 1;
    }
    let times: Vec<u32> = seen
        .stored
        .iter()
        .filter(|(at, ..)| window(*at))
        .map(|(_, queue, offset)| given.get(&(*queue, *offset)).copied().unwrap_or_default())
        .collect();
    let owners: Vec<usize> = outcome
        .ownership
        .iter()
        .filter(|owned| outcome.plan.queues[owned.queue.at()].topic == ONLY_TOPIC)
        .map(|owned| owned.intervals.iter().filter(|interval| interval.to == outcome.end).count())
        .collect();
    let count = |wanted: &dyn Fn(u32) -> bool| times.iter().filter(|times| wanted(**times)).count() as f64;
    let queues = |wanted: usize| owners.iter().filter(|owners| **owners == wanted).count() as f64;
    let values = [
        ("last_25s:messages_sent", times.len() as f64),
        ("last_25s:delivered_once", count(&|times| times == 1)),
        ("last_25s:delivered_twice_or_more", count(&|times| times >= 2)),
        ("last_25s:not_delivered", count(&|times| times == 0)),
        ("queues_without_owner", queues(0)),
        ("queues_with_2_owners", queues(2)),
    ];
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
