//! The biography of one message, or of one queue, as a person would tell it: every copy, owner, attempt, wait and cause in
//! the order of time.

mod message;
mod queue;
mod words;

use crate::kernel::time::SimTime;

pub use message::{message, origin};
pub use queue::queue;

/// One line of a biography.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: SimTime,
    /// What, in words.
    pub text: String,
}
