//! The push consumer (`DefaultMQPushConsumerImpl`): clustering and broadcasting, concurrent and orderly.

mod calls;
mod dead_letter;
mod ending;
mod expiry;
mod failures;
mod give_back;
mod listener;
mod local_offsets;
mod locking;
mod machine;
mod network;
mod orderly;
mod parts;
mod preset;
mod pull_thread;
mod pulling;
mod rebalancing;
mod reset;
mod rules;
mod starting;
mod table;
mod taking;
mod view;

pub use listener::Workload;
pub use machine::Consumer;
pub use parts::{ConsumerParts, Counters, Presence};
pub use preset::{PresetState, PresetTimers};
pub use table::Assigned;

#[cfg(test)]
mod tests;
