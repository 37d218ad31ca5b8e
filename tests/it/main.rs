//! One integration binary; each module reads like its subject.
mod allocation;
mod store_oracle;
