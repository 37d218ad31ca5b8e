//! Floor 4: the machines that combine the floors below: nameserver, broker, producer, consumer.

pub mod config;
pub mod fact;
