//! The push consumer: clustering, concurrent (`DefaultMQPushConsumerImpl`).

mod listener;
mod machine;
mod pulling;
mod rebalancing;
mod table;

pub use listener::Workload;
pub use machine::{Consumer, ConsumerParts, Counters, Presence, PresetState, PresetTimers};
pub use table::Assigned;

#[cfg(test)]
mod tests;
