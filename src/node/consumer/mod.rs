//! The push consumer: clustering, concurrent (`DefaultMQPushConsumerImpl`).

mod listener;
mod machine;
mod parts;
mod preset;
mod pulling;
mod rebalancing;
mod rules;
mod table;
mod view;

pub use listener::Workload;
pub use machine::Consumer;
pub use parts::{ConsumerParts, Counters, Presence};
pub use preset::{PresetState, PresetTimers};
pub use table::Assigned;

#[cfg(test)]
mod tests;
