//! Floor 5: YAML text to a frozen plan.
//!
//! Text becomes a tree of values that know their place ([`tree`]), overrides are laid over it ([`overrides`]), the tree is
//! decoded into the structs of the file format ([`raw`]), defaults are filled in ([`fill`]) and names, times and
//! compound actions are resolved into a [`plan::Plan`] ([`resolve`]). Whatever is wrong is said once, with its place.

mod decode;
pub mod diagnose;
mod fill;
pub mod import;
mod lint;
mod load;
mod overrides;
pub mod plan;
pub mod raw;
pub mod reference;
mod resolve;
mod rewrite;
pub mod schema;
mod tree;
pub mod units;

pub use diagnose::{ScenarioError, Warning, nearest};
pub use load::{Overrides, Scenario, load};
