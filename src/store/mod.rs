//! Floor 1: RocketMQ's storage logic as plain data structures. No event queue, no randomness; time is an argument.

pub mod ids;
