//! A member joins, shuts down or is killed.

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::rng::Stream;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::run::outcome::{Fact, Outcome};
use rocketmq_sim::scenario::plan::{Action, ArrivalProcess};
use rocketmq_sim::store::ids::InstanceIx;
use serde_json::Value;

use super::cluster::{Cluster, Member, Sender, Start, act, client_id};
use super::freeze::{oldest_age, owned_at_zero, takeovers};
use super::machine::{Jvm, Machine};
use super::measured::Measured;
use super::seen::{Change, Seen, greatest, least, millis};
use super::trial::{
    Kind, ONLY_TOPIC, Quantities, Trial, Zero, below, machine_of, open_phases, random_action, random_phases,
    recorded_phases, strategy,
};

/// Changes later than this belong to nothing that was measured.
const WINDOW_MS: f64 = 18_000.0;

/// Series `q` ran without automatic topic creation: clients know one broker.
fn is_quiet(run: &Value) -> bool {
    run["series"].as_str().is_some_and(|series| series.starts_with("quiet"))
}

/// The name of the member that comes or goes: the victim of the run, the last word of its action, the set-up's joiner, or the
/// last member.
fn subject(measured: &Measured, run: &Value) -> String {
    let members = measured.members();
    let joiner = measured.setup("joiner");
    let last_word = run["action"].as_str().and_then(|action| action.split_whitespace().last()).unwrap_or_default();
    let named = [run["summary"]["victim"].as_str().unwrap_or_default(), last_word, joiner];
    let known = |name: &&str| !name.is_empty() && (*name == joiner || members.iter().any(|member| member == name));
    let found = named.into_iter().find(known).map(str::to_owned);
    found.or_else(|| members.last().cloned()).unwrap_or_else(|| "c3".to_owned())
}

/// Random phases; the seeds are shared out over the series as the measured runs are.
pub(super) fn draw(kind: Kind, measured: &Measured, seed: u64, seeds: u64) -> Trial {
    let runs = measured.runs();
    let like = &runs[(seed as usize * runs.len() / seeds as usize).min(runs.len() - 1)];
    let mut stream = open_phases(seed);
    let action = random_action(&mut stream, 10);
    let group_rebalance = below(&mut stream, 20_000);
    let mut phases = |_: &str| random_phases(&mut stream, group_rebalance);
    let members = long_members(kind, measured, like, &machine_of(like), &mut phases);
    trial(kind, measured, like, seed, members, machine_of(like), action)
}

/// The recorded phases of a run, its start-up time as measured.
pub(super) fn replay(kind: Kind, measured: &Measured, run: &Value, seed: u64) -> Trial {
    let mut machine = machine_of(run);
    if let Some(delay) = run["summary"]["start_call_to_first_heartbeat_ms"].as_u64() {
        machine.start_delay = Distribution::constant_duration(SimDuration::from_millis(delay));
    }
    let action = random_action(&mut open_phases(seed), 10);
    let recorded = &run["phases_before_action"];
    let mut phases = |name: &str| {
        let find = |value: &Value| {
            let entries = value.as_object()?;
            let (_, phases) = entries.iter().find(|(key, _)| key.split('_').next() == Some(name))?;
            Some(recorded_phases(phases, action))
        };
        find(recorded).unwrap_or_else(|| recorded_phases(&Value::Null, action))
    };
    let members = long_members(kind, measured, run, &machine, &mut phases);
    trial(kind, measured, run, seed, members, machine, action)
}

/// The members that run before the action.
fn long_members(
    kind: Kind,
    measured: &Measured,
    run: &Value,
    machine: &Machine,
    phases: &mut dyn FnMut(&str) -> rocketmq_sim::scenario::plan::Phases,
) -> Vec<Member> {
    let mut names = measured.members();
    let subject = subject(measured, run);
    names.retain(|name| *name != subject);
    if kind != Kind::Join {
        names.push(subject);
    }
    names
        .into_iter()
        .map(|name| Member {
            client_id: client_id(&name),
            start: Start::Long(phases(&name)),
            jvm: Jvm::warm(machine),
            name,
        })
        .collect()
}

fn trial(
    kind: Kind,
    measured: &Measured,
    like: &Value,
    seed: u64,
    mut members: Vec<Member>,
    machine: Machine,
    action: SimTime,
) -> Trial {
    let name = subject(measured, like);
    let mut stream = open_phases(seed ^ 0x5eed);
    if kind == Kind::Join {
        members.push(Member {
            client_id: client_id(&name),
            start: Start::At(action),
            jvm: Jvm::cold(&machine),
            name: name.clone(),
        });
    }
    let cluster = Cluster {
        name: measured.name.clone(),
        seed,
        brokers: vec![random_start(&mut stream), random_start(&mut stream)],
        home: 0,
        auto_create: !is_quiet(like),
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
        members,
        duration: (action - SimTime::ZERO) + SimDuration::from_secs(21),
        machine,
        retry_first: true,
    };
    let subject = cluster.instance(&name);
    let mut plan = cluster.plan();
    match kind {
        Kind::Join => {
            plan.duration += start_up_limit(&cluster.machine);
        }
        Kind::Shutdown => {
            let work = cluster.machine.shutdown_work.duration(&mut stream);
            act(&mut plan, action + work, Action::StopConsumer { instance: subject });
        }
        _ => act(&mut plan, action, Action::KillConsumer { instance: subject }),
    }
    let zero = if kind == Kind::Join { Zero::FirstHeartbeatOf(subject) } else { Zero::At(action) };
    Trial { plan, action, zero, listener_ms: cluster.listener_ms, topic: ONLY_TOPIC, subject, prefix: String::new() }
}

/// Longer than any start-up that is drawn.
fn start_up_limit(machine: &Machine) -> SimDuration {
    match machine.start_delay {
        Distribution::LogNormal { p99, .. } => SimDuration::from_nanos(p99 * 2),
        Distribution::Constant(nanos) => SimDuration::from_nanos(nanos),
        _ => SimDuration::from_secs(30),
    }
}

/// Broker timers (client scan, hold check) count from a start that nobody recorded.
pub(super) fn random_start(stream: &mut Stream) -> SimTime {
    SimTime::ZERO + below(stream, 10_000)
}

/// Quantities of a scale-out.
pub(super) fn measure_join(trial: &Trial, seen: &Seen, outcome: &Outcome) -> Quantities {
    let joiner = trial.subject;
    let of_joiner = |own: bool| seen.changes_in(0.0, WINDOW_MS).filter(move |change| (change.who == joiner) == own);
    let notified = seen.notices.iter().filter(|(at, who, _)| *at >= 0.0 && *who != joiner).map(|(at, ..)| *at);
    let started = start_call(outcome, joiner);
    let mut quantities = Quantities::new();
    let mut put = |name: &str, value: Option<f64>| quantities.extend(value.map(|value| (name.to_owned(), value)));
    put("start_call_to_first_heartbeat_ms", started.map(|started| seen.zero - started));
    put("first_notified_ms", least(notified));
    put("joiner_first_assigned_ms", least(of_joiner(true).filter(|change| change.gained).map(|change| change.at)));
    put("joiner_last_assigned_ms", greatest(of_joiner(true).filter(|change| change.gained).map(|change| change.at)));
    put("others_first_revoked_ms", least(of_joiner(false).filter(|change| !change.gained).map(|change| change.at)));
    put("others_last_change_ms", greatest(of_joiner(false).map(|change| change.at)));
    put("time_to_stable_ms", greatest(seen.changes_in(0.0, WINDOW_MS).map(|change| change.at)));
    totals(&mut put, seen, None);
    quantities
}

fn start_call(outcome: &Outcome, joiner: InstanceIx) -> Option<f64> {
    let started = |fact: &Fact| matches!(fact, Fact::ClientStarted { instance, .. } if *instance == joiner);
    outcome.facts.iter().find(|record| started(&record.fact)).map(|record| millis(record.at))
}

/// Quantities of a shutdown or a kill.
pub(super) fn measure_leave(trial: &Trial, seen: &Seen, outcome: &Outcome) -> Quantities {
    let leaver = trial.subject;
    let others = || seen.changes_in(0.0, WINDOW_MS).filter(move |change| change.who != leaver);
    let notified = seen.notices.iter().filter(|(at, who, _)| *at >= 0.0 && *who != leaver).map(|(at, ..)| *at);
    let left = |fact: &Fact| matches!(fact, Fact::ClientStopped { instance, .. } if *instance == leaver);
    let unregister = outcome.facts.iter().find(|record| left(&record.fact)).map(|record| millis(record.at));
    let mut quantities = Quantities::new();
    let mut put = |name: &str, value: Option<f64>| quantities.extend(value.map(|value| (name.to_owned(), value)));
    put("unregister_sent_ms", unregister.map(|at| at - millis(trial.action)));
    put("first_notified_ms", least(notified));
    put("others_first_assigned_ms", least(others().filter(|change| change.gained).map(|change| change.at)));
    put("time_to_stable_ms", greatest(others().map(|change| change.at)));
    let taken: Vec<&Change> = takeovers(seen, leaver, &owned_at_zero(seen, leaver), WINDOW_MS);
    put("first_takeover_ms", least(taken.iter().map(|change| change.at)));
    put("last_takeover_ms", greatest(taken.iter().map(|change| change.at)));
    put("oldest_message_age_at_takeover_ms", oldest_age(seen, &taken));
    totals(&mut put, seen, Some(leaver));
    quantities
}

fn totals(put: &mut dyn FnMut(&str, Option<f64>), seen: &Seen, without: Option<InstanceIx>) {
    let count = |gained: bool| {
        let changes = seen.changes_in(0.0, WINDOW_MS);
        changes.filter(|change| change.gained == gained && Some(change.who) != without).count() as f64
    };
    put("queues_assigned_total", Some(count(true)));
    put("queues_revoked_total", Some(count(false)));
    put("moved_queues_longest_gap_ms", greatest(seen.moved_gaps(WINDOW_MS).into_iter()));
    put("duplicates", Some(seen.duplicates_in(0.0, WINDOW_MS).count() as f64));
}
