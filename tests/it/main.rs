//! One integration binary; each module reads like its subject.

mod allocation;
mod report;
mod scenario;
mod store_oracle;
mod tidy;
