//! Queue allocation: RocketMQ's strategies, one file each, in one list ([`STRATEGIES`]).
//!
//! A strategy is a pure function from the caller's own client id and two lists (the queues of one topic, the client ids
//! of the group) to the queues the caller takes. Every member computes it for itself; they agree only as far as their
//! lists agree. A real client sorts both lists first ([`sort_clients`], [`sorted_queue_positions`]); the strategies
//! take them as they come.
//!
//! To add one: a file with a type that implements [`AllocateMessageQueueStrategy`], and a line in [`STRATEGIES`].

mod averagely;
mod averagely_by_circle;
mod by_config;
mod by_machine_room;
mod check;
mod consistent_hash;
mod error;
mod list;
mod machine_room_nearby;
mod order;
mod shares;
mod strategy;

#[cfg(test)]
mod laws;

pub use averagely::Averagely;
pub use averagely_by_circle::AveragelyByCircle;
pub use by_config::ByConfig;
pub use by_machine_room::{ByMachineRoom, MachineRoomRevision};
pub use consistent_hash::ConsistentHash;
pub use error::AllocateError;
pub use list::{Balance, STRATEGIES, Settings, StrategyEntry, find};
pub use machine_room_nearby::MachineRoomNearby;
pub use order::{compare_queues, java_cmp, sort_clients, sorted_queue_positions};
pub use shares::Shares;
pub use strategy::{AllocateMessageQueueStrategy, Input, MessageQueue, Pick};
