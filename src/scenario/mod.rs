//! Floor 5: YAML text to a frozen plan.

pub mod plan;
