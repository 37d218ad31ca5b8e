//! One simulated run of an experiment, and the experiments that are recognised.

use std::sync::Arc;

use rocketmq_sim::kernel::rng::{Stream, Streams};
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::run::outcome::{Fact, Outcome};
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::plan::{InstancePlan, Phases, Plan, StrategyPlan};
use rocketmq_sim::store::ids::{InstanceIx, TopicIx};
use serde_json::Value;

use super::cluster::FIRST_TOPIC;
use super::machine::Machine;
use super::measured::Measured;
use super::seen::Seen;
use super::{SEEDS, expansion, freeze, latency, members, start};

/// Values of a run by the names that the measured summaries use.
pub(super) type Quantities = Vec<(String, f64)>;

/// A plan with what is needed to read its outcome.
pub(super) struct Trial {
    pub(super) plan: Plan,
    /// When the action of the experiment happens.
    pub(super) action: SimTime,
    pub(super) zero: Zero,
    pub(super) listener_ms: u64,
    pub(super) topic: TopicIx,
    /// Who the action is about: the joiner, the leaver, the frozen one.
    pub(super) subject: InstanceIx,
    pub(super) prefix: String,
}

/// Which moment the times count from.
#[derive(Clone, Copy)]
pub(super) enum Zero {
    At(SimTime),
    /// The first heartbeat that this member sends.
    FirstHeartbeatOf(InstanceIx),
}

/// What was done to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Join,
    Shutdown,
    Kill,
    Freeze,
    Expansion,
    ColdStart,
    SharedClientId,
    LongPolling,
}

impl Kind {
    /// Recognises an experiment by its name, its action and its description; `None`: none of this model's experiments.
    pub(super) fn of(measured: &Measured) -> Option<Self> {
        let part = |key: &str| measured.json[key].as_str().unwrap_or_default().to_lowercase();
        let words = format!("{} {} {}", measured.name.to_lowercase(), part("action"), part("description"));
        let says = |word: &str| words.contains(word);
        let foreign =
            ["orderly", "broadcast", "delay_level", "retry", "transaction", "broker", "namesrv", "name_server"];
        if foreign.iter().any(|word| measured.name.to_lowercase().contains(word)) {
            return None;
        }
        Some(if says("long_poll") {
            Self::LongPolling
        } else if says("same clientid") || says("same_client_id") {
            Self::SharedClientId
        } else if says("sigstop") || says("freeze") {
            Self::Freeze
        } else if says("kill") {
            Self::Kill
        } else if says("updatetopic") || says("expansion") {
            Self::Expansion
        } else if says("same instant") || says("start() in all") || says("cold_start") {
            Self::ColdStart
        } else if says("sigterm") || says("shutdown()") {
            Self::Shutdown
        } else if says("joining")
            || says("scaleout")
            || says("joins")
            || measured.members().len() > measured.queues() as usize
        {
            Self::Join
        } else {
            return None;
        })
    }

    /// A run with random timer phases.
    pub(super) fn draw(self, measured: &Measured, seed: u64, seeds: u64) -> Trial {
        match self {
            Self::Join | Self::Shutdown | Self::Kill => members::draw(self, measured, seed, seeds),
            Self::Freeze => freeze::draw(measured, seed),
            Self::Expansion => expansion::draw(measured, seed),
            Self::ColdStart => start::draw_cold(measured, seed),
            Self::SharedClientId => start::draw_shared(measured, seed),
            Self::LongPolling => latency::draw(measured, seed),
        }
    }

    /// A measured run with its recorded phases, unknown phases drawn by the seed; `None`: the run has none.
    pub(super) fn replay(self, measured: &Measured, run: &Value, seed: u64) -> Option<Trial> {
        run["phases_before_action"].as_object()?;
        match self {
            Self::Join | Self::Shutdown | Self::Kill => Some(members::replay(self, measured, run, seed)),
            Self::Freeze => Some(freeze::replay(measured, run, seed)),
            Self::Expansion => Some(expansion::replay(measured, run, seed)),
            Self::ColdStart | Self::SharedClientId | Self::LongPolling => None,
        }
    }

    /// The quantities of a simulated run.
    pub(super) fn measure(self, trial: &Trial, seen: &Seen, outcome: &Outcome) -> Quantities {
        match self {
            Self::Join => members::measure_join(trial, seen, outcome),
            Self::Shutdown | Self::Kill => members::measure_leave(trial, seen, outcome),
            Self::Freeze => freeze::measure(trial, seen),
            Self::Expansion => expansion::measure(trial, seen),
            Self::ColdStart => start::measure_cold(seen),
            Self::SharedClientId => start::measure_shared(seen, outcome),
            Self::LongPolling => latency::measure(seen, outcome),
        }
        .into_iter()
        .chain(final_assignment(seen, outcome))
        .map(|(name, value)| (format!("{}{name}", trial.prefix), value))
        .collect()
    }

    /// Runs a trial and measures it.
    pub(super) fn run(self, trial: Trial) -> Quantities {
        let plan = Arc::new(trial.plan.clone());
        let mut options = RunOptions { trace_messages: true, ..RunOptions::default() };
        let outcome = simulate(&plan, &mut options).unwrap();
        let zero = match trial.zero {
            Zero::At(at) => at,
            Zero::FirstHeartbeatOf(instance) => first_heartbeat(&outcome, instance),
        };
        let seen = Seen::of(&outcome, zero, trial.listener_ms, trial.topic);
        self.measure(&trial, &seen, &outcome)
    }
}

/// Who owns what at the end.
fn final_assignment(seen: &Seen, outcome: &Outcome) -> Quantities {
    let of = |(index, instance): (usize, &InstancePlan)| {
        (format!("final_assignment:{}", instance.name), seen.owned_at_end(InstanceIx::new(index), outcome))
    };
    outcome.plan.instances.iter().enumerate().map(of).collect()
}

fn first_heartbeat(outcome: &Outcome, wanted: InstanceIx) -> SimTime {
    let sent = |fact: &Fact| matches!(fact, Fact::HeartbeatSent { instance, .. } if *instance == wanted);
    outcome.facts.iter().find(|record| sent(&record.fact)).map_or(outcome.end, |record| record.at)
}

/// The strategy of the set-up.
pub(super) fn strategy(measured: &Measured) -> StrategyPlan {
    let name = measured.setup("strategy");
    if name.contains("ByCircle") {
        StrategyPlan::AveragelyByCircle
    } else if name.contains("ConsistentHash") {
        StrategyPlan::ConsistentHash { virtual_nodes: 10 }
    } else {
        StrategyPlan::Averagely
    }
}

/// A stream for what an experiment leaves open.
pub(super) fn open_phases(seed: u64) -> Stream {
    Streams::new(seed).stream("experiment", "phases")
}

/// A uniformly random duration below `limit_ms`.
pub(super) fn below(stream: &mut Stream, limit_ms: u64) -> SimDuration {
    SimDuration::from_nanos(stream.below(limit_ms * 1_000_000))
}

/// A phase below `period_ms`, spread evenly over the seeds: each seed takes another slice of the period, in an order that
/// differs by `stride` (prime to the number of slices).
pub(super) fn spread(stream: &mut Stream, seed: u64, stride: u64, period_ms: u64) -> u64 {
    let slice = seed * stride % SEEDS;
    (slice * period_ms + stream.below(period_ms)) / SEEDS
}

/// Phases of a member that started at a random time: route poll, heartbeat and persist keep their distances
/// (`MQClientInstance#startScheduledTask`: 10 ms, 1 s and 10 s after the start). Its rebalances go with those of the whole
/// group, because each membership change woke all members at once.
pub(super) fn random_phases(stream: &mut Stream, group_rebalance: SimDuration) -> Phases {
    let heartbeat = stream.below(30_000);
    member_phases(heartbeat, group_rebalance + below(stream, 30))
}

/// The same with a given age of the heartbeat, ms.
pub(super) fn member_phases(heartbeat: u64, rebalance: SimDuration) -> Phases {
    Phases {
        heartbeat: SimDuration::from_millis(heartbeat),
        rebalance,
        route_poll: SimDuration::from_millis((heartbeat + 990) % 30_000),
        offset_persist: SimDuration::from_millis((heartbeat + 1_000) % 5_000),
    }
}

/// A random time of the action from `from_s` seconds on: parked pulls come back every 20 s, and where in this cycle the
/// action falls must not be fixed.
pub(super) fn random_action(stream: &mut Stream, from_s: u64) -> SimTime {
    SimTime::from_secs(from_s) + below(stream, 20_000)
}

/// An age before the action as an age before the run's zero, ms.
pub(super) fn before_zero(age: i64, action: SimTime, period: i64) -> u64 {
    (age - action.as_millis() as i64).rem_euclid(period) as u64
}

/// Recorded phases count back from the action; those of a plan from its zero.
pub(super) fn recorded_phases(value: &Value, action: SimTime) -> Phases {
    let age = |key: &str, period: i64| {
        let age = -value[key].as_i64().unwrap_or_default();
        SimDuration::from_millis(before_zero(age, action, period))
    };
    Phases {
        heartbeat: age("last_heartbeat", 30_000),
        rebalance: age("last_rebalance", 20_000),
        route_poll: age("last_route_poll", 30_000),
        offset_persist: age("last_offset_persist", 5_000),
    }
}

/// The series of a run decides its machine.
pub(super) fn machine_of(run: &Value) -> Machine {
    match run["series"].as_str() {
        Some(series) if series.starts_with("quiet") => Machine::quiet(),
        _ => Machine::busy(),
    }
}

/// The topic of an experiment with one.
pub(super) const ONLY_TOPIC: TopicIx = FIRST_TOPIC;
