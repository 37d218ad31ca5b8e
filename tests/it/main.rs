//! One integration binary; each module reads like its subject.

mod allocation;
mod bad_input;
mod cli;
mod report;
mod scenario;
mod store_oracle;
