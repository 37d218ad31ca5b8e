//! The search for a run that breaks an invariant, and the shortest timeline that still breaks it.

use std::sync::Arc;

use rayon::prelude::*;

use super::{RunError, RunOptions, simulate};
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::plan::{Plan, TimedAction};

/// How runs are searched.
#[derive(Clone, Copy, Debug, Default)]
pub struct SearchOptions {
    /// Break an invariant on purpose, to see whether the search finds it.
    #[doc(hidden)]
    pub sabotage: Option<super::Sabotage>,
}

/// A run that broke an invariant.
#[derive(Debug)]
pub struct Violation {
    /// Its seed.
    pub seed: u64,
    /// What was broken.
    pub error: RunError,
    /// Its plan.
    pub plan: Plan,
}

/// What a search has seen.
#[derive(Debug, Default)]
pub struct Searched {
    /// Runs.
    pub runs: u64,
    /// Actions of their timelines.
    pub actions: u64,
    /// Events.
    pub events: u64,
    /// The runs that broke an invariant, by ascending seed.
    pub violations: Vec<Violation>,
}

impl Searched {
    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.runs += other.runs;
        self.actions += other.actions;
        self.events += other.events;
        self.violations.extend(other.violations);
        self
    }
}

/// Runs the plan of every seed, on all processors. `plan` makes it: the same plan for the same seed.
///
/// # Errors
/// The first error of `plan`, by seed.
pub fn search<E: Send>(
    seeds: &[u64],
    options: SearchOptions,
    plan: impl Fn(u64) -> Result<Plan, E> + Sync,
) -> Result<Searched, E> {
    let one = |seed: &u64| -> Result<Searched, E> {
        let plan = Arc::new(without_expectations(plan(*seed)?));
        let actions = plan.timeline.len() as u64;
        let (events, error) = match attempt(&plan, options) {
            Ok(events) => (events, None),
            Err(error) => (0, Some(error)),
        };
        let violations = error.map(|error| Violation { seed: *seed, error, plan: Plan::clone(&plan) });
        Ok(Searched { runs: 1, actions, events, violations: violations.into_iter().collect() })
    };
    let all: Result<Vec<Searched>, E> = seeds.par_iter().map(one).collect();
    Ok(all?.into_iter().fold(Searched::default(), Searched::and))
}

/// Random faults do not keep what a scenario promises.
fn without_expectations(mut plan: Plan) -> Plan {
    plan.expect.clear();
    plan
}

fn attempt(plan: &Arc<Plan>, options: SearchOptions) -> Result<u64, RunError> {
    let mut run = RunOptions { check_every_sample: true, sabotage: options.sabotage, ..RunOptions::default() };
    simulate(plan, &mut run).map(|outcome| outcome.engine.events)
}

/// Takes everything out of a plan's timeline that its violation does not need, and ends the run soon after it. The result
/// breaks the same kind of invariant. Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
/// Input", 2002) over the actions.
#[must_use]
pub fn shrink(plan: &Plan, error: &RunError, options: SearchOptions) -> (Plan, RunError) {
    let mut best = Shrunk { plan: plan.clone(), at: error.at(), error: error.clone() };
    best.cut(options);
    let mut pieces = 2;
    while !best.plan.timeline.is_empty() {
        let len = best.plan.timeline.len();
        let size = len.div_ceil(pieces.min(len));
        let without = |start: usize| -> Vec<TimedAction> {
            let kept = |(index, action): (usize, &TimedAction)| {
                (index < start || index >= start + size).then(|| action.clone())
            };
            best.plan.timeline.iter().enumerate().filter_map(kept).collect()
        };
        let smaller = (0..len).step_by(size).map(without).find_map(|timeline| best.with(timeline, options));
        match smaller {
            Some(found) => {
                best = found;
                best.cut(options);
                pieces = (pieces - 1).max(2);
            }
            None if size == 1 => break,
            None => pieces = (pieces * 2).min(len),
        }
    }
    (best.plan, best.error)
}

struct Shrunk {
    plan: Plan,
    at: SimTime,
    error: RunError,
}

impl Shrunk {
    /// The plan with this timeline, if it still fails in the same way.
    fn with(&self, timeline: Vec<TimedAction>, options: SearchOptions) -> Option<Self> {
        let plan = Plan { timeline, ..self.plan.clone() };
        self.fails(plan, options)
    }

    fn fails(&self, plan: Plan, options: SearchOptions) -> Option<Self> {
        let plan = Arc::new(plan);
        let error = attempt(&plan, options).err()?;
        error.is_like(&self.error).then(|| Self { plan: Plan::clone(&plan), at: error.at(), error })
    }

    /// Ends the run at the sample after the violation.
    fn cut(&mut self, options: SearchOptions) {
        let step = self.plan.sample_interval.as_nanos().max(1);
        let end = (self.at.as_nanos() / step + 1) * step;
        if end >= self.plan.duration.as_nanos() {
            return;
        }
        let mut plan = self.plan.clone();
        plan.duration = SimDuration::from_nanos(end);
        plan.timeline.retain(|action| action.at.as_nanos() < end);
        if let Some(found) = self.fails(plan, options) {
            *self = found;
        }
    }
}
