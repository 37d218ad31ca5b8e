//! Messages that come back: delays, failures, retries, dead letters, consume timeouts, end to end.

mod delays;
mod retries;
pub(crate) mod setup;
