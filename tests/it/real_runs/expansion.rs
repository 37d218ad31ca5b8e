//! A topic grows from 8 to 16 queues while its producer and its consumers run.

use std::collections::BTreeMap;

use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::run::outcome::RouteOwner;
use rocketmq_sim::scenario::plan::{Action, ArrivalProcess, Phases, TopicOnBroker};
use rocketmq_sim::store::ids::BrokerIx;
use serde_json::Value;

use super::cluster::{Cluster, FIRST_TOPIC, Member, Sender, Start, act, client_id};
use super::machine::{Jvm, Machine};
use super::measured::Measured;
use super::members::random_start;
use super::seen::{Seen, greatest, least};
use super::trial::{
    Quantities, Trial, Zero, below, member_phases, open_phases, random_action, recorded_phases, spread, strategy,
};

const BEFORE: u32 = 8;
const AFTER: u32 = 16;
/// How long the measurement watched: about 425 messages of the new queues at the earliest producer route.
const WINDOW_MS: f64 = 74_000.0;

/// Random phases of the members and of the producer's route poll.
pub(super) fn draw(measured: &Measured, seed: u64) -> Trial {
    let mut stream = open_phases(seed);
    let action = random_action(&mut stream, 10);
    let group_rebalance = SimDuration::from_millis(spread(&mut stream, seed, 71, 20_000));
    let producer = poll_phase(action, spread(&mut stream, seed, 19, 30_000));
    let mut stride = [37, 61, 83].into_iter();
    trial(measured, seed, action, producer, &mut |_| {
        let age = spread(&mut stream, seed, stride.next().unwrap(), 30_000);
        member_phases(age, group_rebalance + below(&mut stream, 30))
    })
}

/// The recorded phases. A producer asks for a route when it first sends, too, so its poll is counted from its heartbeat.
pub(super) fn replay(measured: &Measured, run: &Value, seed: u64) -> Trial {
    let recorded = &run["phases_before_action"];
    let action = random_action(&mut open_phases(seed), 10);
    let polled = 990 - recorded["p0"]["last_heartbeat"].as_i64().unwrap();
    let producer = poll_phase(action, polled as u64);
    trial(measured, seed, action, producer, &mut |name| recorded_phases(&recorded[name], action))
}

/// The start of a producer whose last route poll was `age` ms before the action.
fn poll_phase(action: SimTime, age: u64) -> SimTime {
    let polled = action.as_millis() as i64 - age as i64 - 10;
    SimTime::from_millis(polled.rem_euclid(30_000) as u64)
}

fn trial(
    measured: &Measured,
    seed: u64,
    action: SimTime,
    producer: SimTime,
    phases: &mut dyn FnMut(&str) -> Phases,
) -> Trial {
    let machine = Machine::busy();
    let mut stream = open_phases(seed ^ 0x5eed);
    let member = |name: &str| Member {
        name: name.to_owned(),
        client_id: client_id(name),
        start: Start::Long(phases(name)),
        jvm: Jvm::warm(&machine),
    };
    let cluster = Cluster {
        name: measured.name.clone(),
        seed,
        members: ["c0", "c1", "c2"].map(member).into(),
        brokers: vec![random_start(&mut stream), random_start(&mut stream)],
        home: 0,
        auto_create: false,
        topics: vec![(BEFORE, AFTER), (BEFORE, BEFORE), (BEFORE, BEFORE)],
        senders: vec![Sender {
            topic: 0,
            rate: measured.rate(),
            threads: 1,
            process: ArrivalProcess::Constant,
            start_at: producer,
            limit: None,
        }],
        strategy: strategy(measured),
        listener_ms: measured.listener_ms(),
        duration: (action - SimTime::ZERO) + SimDuration::from_secs(78),
        machine,
        retry_first: true,
    };
    let mut plan = cluster.plan();
    let grown = TopicOnBroker { broker: BrokerIx(0), read_queue_nums: AFTER, write_queue_nums: AFTER };
    act(&mut plan, action, Action::SetTopicQueues { topic: FIRST_TOPIC, queues: grown });
    Trial {
        plan,
        action,
        zero: Zero::At(action),
        listener_ms: cluster.listener_ms,
        topic: FIRST_TOPIC,
        subject: cluster.instance("c0"),
        prefix: String::new(),
    }
}

/// Quantities of a growing topic.
pub(super) fn measure(trial: &Trial, seen: &Seen) -> Quantities {
    let mut quantities = Quantities::new();
    let mut put = |name: &str, value: Option<f64>| quantities.extend(value.map(|value| (name.to_owned(), value)));
    let routes = |of_producer: bool| {
        let wanted = move |owner: &RouteOwner| matches!(owner, RouteOwner::Producer(_)) == of_producer;
        seen.routes.iter().filter(move |(at, owner)| *at >= 0.0 && wanted(owner)).map(|(at, _)| *at)
    };
    let is_new = |queue: &rocketmq_sim::store::ids::QueueIx| trial.plan.queues[queue.at()].queue_id >= BEFORE;
    let sent_new = || seen.stored.iter().filter(|(at, queue, _)| *at >= 0.0 && *at < WINDOW_MS && is_new(queue));
    let taken: Vec<f64> = {
        let mut first = BTreeMap::new();
        for change in seen.changes_in(0.0, WINDOW_MS).filter(|change| change.gained && is_new(&change.queue)) {
            first.entry(change.queue).or_insert(change.at);
        }
        first.into_values().collect()
    };
    let changes =
        |gained: bool| seen.changes_in(0.0, WINDOW_MS).filter(|change| change.gained == gained).count() as f64;
    put("producer_route_new_ms", least(routes(true)));
    put("first_send_to_a_new_queue_ms", least(sent_new().map(|(at, ..)| *at)));
    put("consumers_last_route_ms", greatest(routes(false)));
    for (at, owner) in &seen.routes {
        if let (true, RouteOwner::Consumer { instance, .. }) = (*at >= 0.0, owner) {
            let name = &trial.plan.instances[instance.at()].name;
            put(&format!("consumer_route_new_ms:{name}"), Some(*at));
        }
    }
    put("first_new_queue_owned_ms", least(taken.iter().copied()));
    put("all_new_queues_owned_ms", greatest(taken.into_iter()));
    put("assignment_stable_ms", greatest(seen.changes_in(0.0, WINDOW_MS).map(|change| change.at)));
    put("longest_wait_in_a_new_queue_ms", longest_wait(seen, &|queue| is_new(queue)));
    put("longest_wait_in_an_old_queue_ms", longest_wait(seen, &|queue| !is_new(queue)));
    put("messages_sent_to_new_queues", Some(sent_new().count() as f64));
    put("messages_skipped", Some(skipped(seen)));
    put("duplicates", Some(seen.duplicates_in(0.0, WINDOW_MS).count() as f64));
    put("queues_revoked_total", Some(changes(false)));
    put("queues_assigned_total", Some(changes(true)));
    quantities
}

/// The greatest age of a message at its first delivery.
fn longest_wait(seen: &Seen, wanted: &dyn Fn(&rocketmq_sim::store::ids::QueueIx) -> bool) -> Option<f64> {
    let mut first = BTreeMap::new();
    for delivery in seen.deliveries.iter().filter(|delivery| delivery.at >= 0.0 && wanted(&delivery.queue)) {
        first.entry((delivery.queue, delivery.offset)).or_insert(delivery.age);
    }
    greatest(first.into_values())
}

/// Messages stored in the window that nobody was given.
fn skipped(seen: &Seen) -> f64 {
    let given: std::collections::BTreeSet<_> =
        seen.deliveries.iter().map(|delivery| (delivery.queue, delivery.offset)).collect();
    let stored = seen.stored.iter().filter(|(at, ..)| *at >= 0.0 && *at < WINDOW_MS);
    stored.filter(|(_, queue, offset)| !given.contains(&(*queue, *offset))).count() as f64
}
