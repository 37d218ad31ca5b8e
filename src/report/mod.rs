//! Floor 7: outcome to bytes: terminal text, tables, charts, HTML, CSV, JSON, JUnit. Sees outcomes only.
//!
//! Everything here is a pure function of an [`Outcome`]: the same outcome gives the same bytes on every machine.

pub mod allocation;
pub mod chart;
pub mod events;
pub mod human;
pub mod key;
pub mod names;
pub mod narrate;
pub mod series;
pub mod summary;
pub mod table;
pub mod tables;
pub mod terminal;

use crate::run::outcome::Outcome;
pub use terminal::Style;

/// What a run prints on a terminal.
#[must_use]
pub fn terminal(outcome: &Outcome, style: Style) -> String {
    terminal::render(outcome, style)
}
