//! Floor 4: the machines that combine the floors below: nameserver, broker, producer, consumer.
//!
//! A node never calls another node and never sleeps: it is told `(now, input)`, changes its own state and says what it
//! wants done through an [`outbox::Outbox`]. The run carries it out.

pub mod allocation;
pub mod broker;
pub mod client;
pub mod config;
pub mod consumer;
pub mod counters;
pub mod deployment;
pub mod fact;
pub mod nameserver;
pub mod outbox;
pub mod producer;
pub mod replication_config;
pub mod verdicts;
