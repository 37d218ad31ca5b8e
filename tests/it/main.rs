//! One integration binary; each module reads like its subject.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test by panicking")]

mod allocation;
mod bad_input;
mod broadcast;
mod cli;
mod config_files;
mod determinism;
mod dledger;
mod dledger_core;
mod failing_servers;
mod filter;
mod fuzz;
mod gallery;
mod import;
mod laws;
mod life_laws;
mod life_plan;
mod mixed;
mod orderly;
mod queueing;
mod random_plan;
mod real_runs;
mod replication;
mod report;
mod returns;
mod scenario;
mod scenario_chaos;
mod scenario_failures;
mod scenario_messages;
mod store_disk;
mod store_oracle;
mod stories;
mod tidy;
