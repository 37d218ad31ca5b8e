//! A member is frozen (`SIGSTOP`) and goes on 163 s later.

use std::collections::BTreeMap;

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::scenario::plan::{Action, ArrivalProcess, Phases};
use rocketmq_sim::store::ids::{InstanceIx, QueueIx};
use serde_json::Value;

use super::cluster::{Cluster, Member, Sender, Start, act, client_id};
use super::machine::{Jvm, Machine, log_normal};
use super::measured::Measured;
use super::members::random_start;
use super::seen::{Change, Seen, greatest, least};
use super::trial::{
    ONLY_TOPIC, Quantities, Trial, Zero, before_zero, below, member_phases, open_phases, random_action, random_phases,
    recorded_phases, spread, strategy,
};

/// `SIGCONT` comes this long after `SIGSTOP`.
const PAUSE: SimDuration = SimDuration::from_secs(163);
const THAW_MS: f64 = 163_000.0;
/// The measurement ends about here.
const END_MS: f64 = 200_000.0;

/// Time from `SIGCONT` until the threads run: `victim_first_message_after_thaw_ms`, 4 to 12 ms in the runs in which messages
/// waited in the socket.
fn thawed() -> Distribution {
    log_normal(6.0, 20.0)
}

/// The handling time of the process that is thawed (its pages and caches are cold): its scheduler asks for routes first, so
/// its first heartbeat comes three answers after it runs, `victim_first_heartbeat_after_thaw_ms`, 30/73/1223 ms.
fn thawed_client() -> Distribution {
    log_normal(20.0, 900.0)
}

/// A random member is frozen under random phases.
pub(super) fn draw(measured: &Measured, seed: u64) -> Trial {
    let mut stream = open_phases(seed);
    let action = random_action(&mut stream, 31);
    let group_rebalance = below(&mut stream, 20_000);
    let names = measured.members();
    let victim = names[stream.below(names.len() as u64) as usize].clone();
    trial(measured, seed, action, &victim, &mut |name| {
        let phases = random_phases(&mut stream, group_rebalance);
        // How long ago the victim's last heartbeat was decides most.
        let age = spread(&mut stream, seed, 37, 30_000) as i64;
        if name == victim { member_phases(before_zero(age, action, 30_000), phases.rebalance) } else { phases }
    })
}

/// The member that was frozen, under the recorded phases.
pub(super) fn replay(measured: &Measured, run: &Value, seed: u64) -> Trial {
    let victim = run["summary"]["victim"].as_str().unwrap();
    let action = random_action(&mut open_phases(seed), 31);
    let recorded = &run["phases_before_action"];
    trial(measured, seed, action, victim, &mut |name| recorded_phases(&recorded[name], action))
}

fn trial(
    measured: &Measured,
    seed: u64,
    action: SimTime,
    victim: &str,
    phases: &mut dyn FnMut(&str) -> Phases,
) -> Trial {
    let machine = Machine::busy();
    let mut stream = open_phases(seed ^ 0x5eed);
    let members = measured.members().into_iter().map(|name| {
        let mut jvm = Jvm::warm(&machine);
        if name == victim {
            jvm.handling = thawed_client();
        }
        Member { client_id: client_id(&name), start: Start::Long(phases(&name)), jvm, name }
    });
    let cluster = Cluster {
        name: measured.name.clone(),
        seed,
        members: members.collect(),
        brokers: vec![random_start(&mut stream), random_start(&mut stream)],
        home: 1,
        auto_create: true,
        topics: vec![(measured.queues(), measured.queues())],
        senders: vec![Sender {
            topic: 0,
            rate: measured.rate(),
            threads: measured.send_threads(),
            process: ArrivalProcess::Constant,
            start_at: SimTime::ZERO + below(&mut stream, 3_000),
            limit: None,
        }],
        strategy: strategy(measured),
        listener_ms: measured.listener_ms(),
        duration: (action - SimTime::ZERO) + SimDuration::from_secs(205),
        machine,
        // The measured runs show both orders.
        retry_first: stream.below(2) == 0,
    };
    let subject = cluster.instance(victim);
    let resume = thawed().duration(&mut stream);
    let mut plan = cluster.plan();
    act(&mut plan, action, Action::FreezeConsumer { instance: subject });
    act(&mut plan, action + PAUSE + resume, Action::ThawConsumer { instance: subject });
    Trial {
        plan,
        action,
        zero: Zero::At(action),
        listener_ms: cluster.listener_ms,
        topic: ONLY_TOPIC,
        subject,
        prefix: String::new(),
    }
}

/// Quantities of a freeze and a thaw.
pub(super) fn measure(trial: &Trial, seen: &Seen) -> Quantities {
    let victim = trial.subject;
    let mut quantities = Quantities::new();
    let mut put = |name: &str, value: Option<f64>| quantities.extend(value.map(|value| (name.to_owned(), value)));
    let last_heartbeat =
        greatest(seen.heartbeats.iter().filter(|(at, who)| *who == victim && *at < 0.0).map(|(at, _)| *at));
    let lost = owned_at_zero(seen, victim);
    let takeovers: Vec<&Change> = takeovers(seen, victim, &lost, THAW_MS);
    let first = least(takeovers.iter().map(|change| change.at));
    let last = greatest(takeovers.iter().map(|change| change.at));
    let after = |at: Option<f64>| Some(at? - last_heartbeat?);
    put("last_heartbeat_before_freeze_ms", last_heartbeat);
    put("first_takeover_ms", first);
    put("last_takeover_ms", last);
    put("first_takeover_after_last_heartbeat_ms", after(first));
    put("last_takeover_after_last_heartbeat_ms", after(last));
    put("stable_after_freeze_ms", greatest(seen.changes_in(0.0, THAW_MS).map(|change| change.at)));
    put("oldest_message_age_at_takeover_ms", oldest_age(seen, &takeovers));
    let notices = seen.notices.iter().filter(|(at, who, _)| *at >= 0.0 && *at < THAW_MS && *who != victim).count();
    put("notifications_to_others_before_thaw", Some(notices as f64));
    put("duplicates_before_thaw", Some(seen.duplicates_in(0.0, THAW_MS).count() as f64));
    thaw(&mut put, seen, victim);
    quantities
}

fn thaw(put: &mut dyn FnMut(&str, Option<f64>), seen: &Seen, victim: InstanceIx) {
    let since = |at: f64| at - THAW_MS;
    put("thaw:thaw_t_ms", Some(THAW_MS));
    let heartbeats = seen.heartbeats.iter().filter(|(at, who)| *who == victim && *at >= THAW_MS);
    put("thaw:victim_first_heartbeat_after_thaw_ms", least(heartbeats.map(|(at, _)| since(*at))));
    let duplicates = |own: Option<bool>| {
        let of = |who: InstanceIx| own.is_none_or(|own| (who == victim) == own);
        Some(seen.duplicates_in(THAW_MS, END_MS).filter(|(_, who, _)| of(*who)).count() as f64)
    };
    put("thaw:duplicates_after_thaw", duplicates(None));
    put("thaw:duplicates_by_victim", duplicates(Some(true)));
    put("thaw:duplicates_by_others", duplicates(Some(false)));
    put("thaw:assignment_changes_after_thaw", Some(change_events(seen) as f64));
    put("thaw:stable_after_thaw_ms", greatest(seen.changes_in(THAW_MS, END_MS).map(|change| since(change.at))));
    let first = seen.deliveries.iter().find(|delivery| delivery.who == victim && delivery.at >= THAW_MS);
    put("thaw:victim_first_message_after_thaw_ms", first.map(|delivery| since(delivery.at)));
    let notices = seen.notices.iter().filter(|(at, ..)| *at >= THAW_MS);
    put("thaw:first_notification_after_thaw_ms", least(notices.map(|(at, ..)| since(*at))));
}

/// Changes of one kind at one member count as one event while they follow each other within the logged resolution.
fn change_events(seen: &Seen) -> usize {
    let mut last: BTreeMap<(InstanceIx, bool), f64> = BTreeMap::new();
    let changes = seen.changes_in(THAW_MS, END_MS);
    changes
        .filter(|change| last.insert((change.who, change.gained), change.at).is_none_or(|at| change.at - at > 30.0))
        .count()
}

/// The queues that a member owned at zero.
pub(super) fn owned_at_zero(seen: &Seen, victim: InstanceIx) -> Vec<QueueIx> {
    let mut owned: Vec<QueueIx> = Vec::new();
    for change in seen.changes.iter().filter(|change| change.who == victim && change.at < 0.0) {
        if change.gained {
            owned.push(change.queue);
        } else {
            owned.retain(|queue| *queue != change.queue);
        }
    }
    owned
}

/// The first taking of each of the victim's queues by somebody else.
pub(super) fn takeovers<'a>(seen: &'a Seen, victim: InstanceIx, lost: &[QueueIx], until: f64) -> Vec<&'a Change> {
    let taken = |queue: &QueueIx| {
        seen.changes_in(0.0, until).find(|change| change.gained && change.who != victim && change.queue == *queue)
    };
    lost.iter().filter_map(taken).collect()
}

/// The age of the oldest message that a new owner gave to its listener.
pub(super) fn oldest_age(seen: &Seen, takeovers: &[&Change]) -> Option<f64> {
    let ages = takeovers.iter().filter_map(|change| {
        let mut deliveries = seen.deliveries.iter().filter(|delivery| delivery.who == change.who);
        deliveries.find(|delivery| delivery.queue == change.queue && delivery.at >= change.at).map(|first| first.age)
    });
    greatest(ages)
}
