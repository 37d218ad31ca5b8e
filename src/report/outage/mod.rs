//! Outages: what was hit, what stood still for how long, and which timer each part of it was spent on.
//!
//! An [`Outage`] begins with what hits one node or several at once. Its [`Chain`]s follow what stood still (a queue's
//! consumption, a topic's sends) from there to the end, split into [`Bar`]s at the facts that brought it forward: each bar
//! ends with what was waited for, and names the setting that rules how long one waits for it.

mod find;
mod knob;
mod marks;
mod members;
mod model;
mod servers;
mod toll;
mod words;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use find::outages;
pub use knob::{Knob, Law};
pub use model::{Bar, Blow, Chain, Outage, Step, Subject, Victim};
pub use toll::Toll;
pub use words::story;
pub(in crate::report) use words::{blow as blow_words, subject};
