//! One integration binary; each module reads like its subject.

mod allocation;
mod laws;
mod random_plan;
mod report;
mod scenario;
mod store_oracle;
