//! Floor 6: the only place where things happen: world, network, timeline, observers, checks, outcome.

mod autoscale;
mod build;
mod calls;
mod conservation;
mod copies;
mod cuts;
mod delivery;
mod effects;
mod error;
mod event;
pub mod expect;
mod failing;
mod faults;
mod finish;
mod hosts;
pub mod image;
mod invariants;
mod network;
pub mod observe;
pub mod outcome;
mod passed;
mod preset;
mod retention;
mod sampling;
pub mod search;
mod sending;
mod sends;
mod slab;
mod strategies;
mod timeline;
mod transactions;
mod truth;
mod watch;
mod wire;
mod world;

use std::sync::Arc;

use crate::kernel::time::SimTime;
pub use error::RunError;
use image::StoreImage;
#[doc(hidden)]
pub use invariants::Sabotage;
use outcome::{Outcome, Plan};
pub use watch::Watched;
use world::World;

/// How a run is watched; nothing here changes its result.
#[derive(Default)]
pub struct RunOptions<'a> {
    /// Record a fact for every message too (`--trace messages`).
    pub trace_messages: bool,
    /// Of the facts about messages, keep those about this one only.
    pub watch: Option<Watched>,
    /// Check conservation at every sample, not only at the end.
    pub check_every_sample: bool,
    /// Break an invariant on purpose, to see that it is found.
    #[doc(hidden)]
    pub sabotage: Option<Sabotage>,
    /// Called now and then with the simulated time reached.
    pub progress: Option<&'a mut dyn FnMut(SimTime)>,
}

/// When the brokers' stores are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageAt {
    /// At the end of the run.
    End,
    /// At this time; the end if that comes first.
    Time(SimTime),
}

/// Runs a plan to its end and keeps every message, for the brokers' stores at a moment. The result is that of [`simulate`]
/// except for the numbers of messages held in memory.
///
/// # Errors
/// As [`simulate`].
pub fn simulate_with_stores(
    plan: &Arc<Plan>,
    options: &mut RunOptions<'_>,
    when: ImageAt,
) -> Result<(Outcome, StoreImage), RunError> {
    let mut world = World::build(plan, options.trace_messages, options.check_every_sample);
    world.keep_messages(match when {
        ImageAt::End => None,
        ImageAt::Time(at) => Some(at),
    });
    world.run(options.progress.as_deref_mut());
    let end = world.end;
    let (at, brokers) = match world.image.take() {
        Some(image) => image,
        None => (end, world.broker_images()),
    };
    let alive = at < end;
    world.finish_with(|catalog| StoreImage { at, alive, brokers, catalog })
}

/// Runs a plan to its end.
///
/// # Errors
/// [`RunError`] when the simulator's own accounting does not add up: a bug, not a property of the scenario.
pub fn simulate(plan: &Arc<Plan>, options: &mut RunOptions<'_>) -> Result<Outcome, RunError> {
    let mut world = World::build(plan, options.trace_messages, options.check_every_sample);
    world.watch = options.watch.map(watch::Watch::new);
    world.failing.watchdog.sabotage(options.sabotage);
    world.run(options.progress.as_deref_mut());
    world.finish_with(|_| ()).map(|(outcome, ())| outcome)
}
