//! The only place where commands meet the engine's results and the reports made of them.

use std::sync::Arc;

use super::error::CliError;
use super::progress::Progress;
use crate::kernel::time::SimTime;
use crate::report::{self, Style};
use crate::run::image::StoreImage;
use crate::run::outcome::Outcome;
use crate::run::{self, ImageAt, RunOptions, Watched};
use crate::scenario::Scenario;
use crate::scenario::plan::Plan;

/// One run of a plan, or two that must agree.
pub(super) fn simulate(plan: &Plan, trace: bool, verify: bool, watched: bool) -> Result<Outcome, CliError> {
    let plan = Arc::new(plan.clone());
    let outcome = one_run(&plan, trace, watched)?;
    if verify {
        let again = one_run(&plan, trace, watched)?;
        if fingerprint(&outcome) != fingerprint(&again) {
            let (first, second) = (fingerprint(&outcome), fingerprint(&again));
            return Err(CliError::Nondeterminism { name: plan.name.clone(), first, second });
        }
    }
    Ok(outcome)
}

/// A run of a plan with the facts about one message or one queue.
pub(super) fn simulate_watching(plan: &Plan, watched: bool, watch: Watched) -> Result<Outcome, CliError> {
    let plan = Arc::new(plan.clone());
    let mut progress = Progress::new(&plan.name, plan.duration, watched);
    let mut reached = |now: SimTime| progress.reached(now);
    let mut options =
        RunOptions { trace_messages: true, watch: Some(watch), check_every_sample: true, progress: Some(&mut reached) };
    run::simulate(&plan, &mut options).map_err(|error| CliError::Run { name: plan.name.clone(), error })
}

/// A run of a plan, and the brokers' stores at a moment of it.
pub(super) fn simulate_with_stores(
    plan: &Plan,
    trace: bool,
    watched: bool,
    when: ImageAt,
) -> Result<(Outcome, StoreImage), CliError> {
    let plan = Arc::new(plan.clone());
    let mut progress = Progress::new(&plan.name, plan.duration, watched);
    let mut reached = |now: SimTime| progress.reached(now);
    let mut options = RunOptions {
        trace_messages: trace,
        check_every_sample: true,
        progress: Some(&mut reached),
        ..RunOptions::default()
    };
    let broken = |error| CliError::Run { name: plan.name.clone(), error };
    run::simulate_with_stores(&plan, &mut options, when).map_err(broken)
}

fn one_run(plan: &Arc<Plan>, trace: bool, watched: bool) -> Result<Outcome, CliError> {
    let mut progress = Progress::new(&plan.name, plan.duration, watched);
    let mut reached = |now: SimTime| progress.reached(now);
    // Conservation is cheap beside the rest and the number of checks stands in the report, so every run checks alike.
    let mut options = RunOptions {
        trace_messages: trace,
        check_every_sample: true,
        progress: Some(&mut reached),
        ..RunOptions::default()
    };
    let broken = |error| CliError::Run { name: plan.name.clone(), error };
    let outcome = run::simulate(plan, &mut options).map_err(broken)?;
    match &outcome.conservation.violation {
        Some(what) => Err(broken(run::RunError::Conservation { at: outcome.end, what: what.clone() })),
        None => Ok(outcome),
    }
}

/// What two runs of the same scenario must have in common.
fn fingerprint(outcome: &Outcome) -> String {
    let c = &outcome.conservation;
    let accounted = c.groups.iter().map(|g| g.consumed + g.unread + g.skipped).sum::<u64>();
    format!("digest {:016x}, {} facts, {} stored, {accounted} accounted", outcome.digest, outcome.facts.len(), c.stored)
}

/// What a run prints.
pub(super) fn text(outcome: &Outcome, colour: bool) -> String {
    report::terminal(outcome, if colour { Style::Colour } else { Style::Plain })
}

/// The summary as JSON.
pub(super) fn summary(outcome: &Outcome) -> Vec<u8> {
    report::summary::bytes(outcome)
}

/// The files of a report folder.
pub(super) fn files(outcome: &Outcome, scenario: &Scenario) -> Vec<(String, Vec<u8>)> {
    report::files(outcome, &scenario.resolved_yaml())
}
