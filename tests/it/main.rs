//! One integration binary; each module reads like its subject.

mod allocation;
mod determinism;
mod laws;
mod queueing;
mod random_plan;
mod report;
mod scenario;
mod store_oracle;
