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
    let options = RunOptions { trace_messages: true, watch: Some(watch), ..RunOptions::default() };
    observed(&Arc::new(plan.clone()), watched, options, run::simulate)
}

/// A run of a plan, and the brokers' stores at a moment of it.
pub(super) fn simulate_with_stores(
    plan: &Plan,
    trace: bool,
    watched: bool,
    when: ImageAt,
) -> Result<(Outcome, StoreImage), CliError> {
    let options = RunOptions { trace_messages: trace, ..RunOptions::default() };
    observed(&Arc::new(plan.clone()), watched, options, |plan, options| run::simulate_with_stores(plan, options, when))
}

fn one_run(plan: &Arc<Plan>, trace: bool, watched: bool) -> Result<Outcome, CliError> {
    let options = RunOptions { trace_messages: trace, ..RunOptions::default() };
    let outcome = observed(plan, watched, options, run::simulate)?;
    match outcome.conservation.violation.clone() {
        Some(what) => Err(broken(plan, run::RunError::Conservation { at: outcome.end, what })),
        None => Ok(outcome),
    }
}

/// Simulates with a progress display, as every command does.
fn observed<T>(
    plan: &Arc<Plan>,
    watched: bool,
    options: RunOptions<'_>,
    simulate: impl FnOnce(&Arc<Plan>, &mut RunOptions<'_>) -> Result<T, run::RunError>,
) -> Result<T, CliError> {
    let mut progress = Progress::new(&plan.name, plan.duration, watched);
    let mut reached = |now: SimTime| progress.reached(now);
    // Conservation is cheap beside the rest and the number of checks stands in the report, so every run checks alike.
    let mut options = RunOptions { check_every_sample: true, progress: Some(&mut reached), ..options };
    simulate(plan, &mut options).map_err(|error| broken(plan, error))
}

fn broken(plan: &Plan, error: run::RunError) -> CliError {
    CliError::Run { name: plan.name.clone(), error }
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
