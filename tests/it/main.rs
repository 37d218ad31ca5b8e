//! One integration binary; each module reads like its subject.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test by panicking")]

mod allocation;
mod bad_input;
mod cli;
mod determinism;
mod gallery;
mod laws;
mod queueing;
mod random_plan;
mod real_runs;
mod report;
mod scenario;
mod store_disk;
mod store_oracle;
mod tidy;
