//! One integration binary; each module reads like its subject.
mod report;
