//! The push consumer: clustering, concurrent (`DefaultMQPushConsumerImpl`).

mod listener;
mod machine;
mod pulling;
mod rebalancing;
mod table;

pub use machine::{Consumer, ConsumerParts, Counters, Presence, PresetTimers};
pub use table::Assigned;
