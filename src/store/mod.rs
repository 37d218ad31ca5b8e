//! Floor 1: RocketMQ's storage logic as plain data structures. No event queue, no randomness; time is an argument.
//!
//! [`message_store::MessageStore`] is one broker's store. Per message it keeps one row of 40 bytes in the consume queue
//! the message belongs to; the commit log itself is arithmetic on positions, since bodies are virtual.

pub mod catalog;
pub mod commit_log;
pub mod config;
mod consume_queue;
pub mod delay;
pub mod disk;
pub mod dispatch;
pub mod get_message;
pub mod group_topic;
pub mod ids;
#[cfg(test)]
mod laws;
mod log_index;
pub mod log_tail;
pub mod message;
pub mod message_store;
pub mod offset_table;
pub mod property_name;
pub mod pull_code;
pub mod queue_lock;
mod rows;
pub mod schedule;
pub mod send_back;
pub mod topic_table;
pub mod transaction_check;
