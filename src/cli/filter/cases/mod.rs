//! Golden vectors: recorded outcomes of RocketMQ's own classes, one JSON object a line, held against the filters.

mod file;
mod judge;

pub use file::{Case, CasesError, SqlCase, TagMessage, TagsCase, parse_cases};
pub use judge::{CaseReport, FailedCase, Mismatch, run_cases};

pub(super) use judge::worth_word;
