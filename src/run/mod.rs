//! Floor 6: the only place where things happen: world, network, timeline, observers, checks, outcome.

pub mod expect;
pub mod outcome;

use std::sync::Arc;

use crate::kernel::time::SimTime;
use outcome::{Outcome, Plan};

/// How a run is watched; nothing here changes its result.
#[derive(Default)]
pub struct RunOptions<'a> {
    /// Record a fact for every message too (`--trace messages`).
    pub trace_messages: bool,
    /// Called now and then with the simulated time reached.
    pub progress: Option<&'a mut dyn FnMut(SimTime)>,
}

/// Why a run broke off. A plan that resolved always runs; what is left are broken invariants of the simulator itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A message is in no place or in two.
    #[error("conservation broken at {at}: {what}")]
    Conservation {
        /// When it was found.
        at: SimTime,
        /// The sum in words.
        what: String,
    },
}

/// Runs a plan to its end.
///
/// # Errors
/// [`RunError`] when the simulator's own accounting does not add up: a bug, not a property of the scenario.
pub fn simulate(plan: &Arc<Plan>, options: &mut RunOptions<'_>) -> Result<Outcome, RunError> {
    let _ = (plan, options);
    Err(RunError::Conservation { at: SimTime::ZERO, what: "the engine is not built yet".to_owned() })
}
