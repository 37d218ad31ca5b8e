//! One integration binary; each module reads like its subject.

mod scenario;
mod allocation;
mod store_oracle;
mod report;
