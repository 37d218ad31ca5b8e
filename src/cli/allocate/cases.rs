//! Golden vectors: recorded outcomes of RocketMQ's own classes, one JSON object a line, held against the strategies.

mod file;
mod judge;

pub use file::{Answer, Case, CasesError, parse_cases};
pub use judge::{CaseReport, FailedCase, Mismatch, run_cases};
