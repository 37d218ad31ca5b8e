//! One integration binary; each module reads like its subject.

mod allocation;
mod real_runs;
mod report;
mod scenario;
mod store_oracle;
