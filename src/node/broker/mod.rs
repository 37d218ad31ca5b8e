//! The broker, one master per broker name: it stores, serves and holds pulls, knows the clients that heartbeat to it, and
//! registers with every nameserver.

mod clients;
mod copies;
mod heartbeats;
mod hold;
mod locks;
mod machine;
mod pull;
mod reset;
mod returns;
mod schedule;
mod transactions;

pub use clients::{GroupMembers, Members};
pub use machine::Broker;
pub use transactions::TransactionStates;

#[cfg(test)]
mod tests;
