//! The broker: it stores, serves and holds pulls, knows the clients that heartbeat to it, registers with nameservers; copies its
//! log to slaves or from its master; and what is left of it when it fails.

mod clients;
mod clock;
mod copies;
mod disk;
mod dledger;
mod flush;
mod ha_client;
mod ha_server;
mod heartbeats;
mod hold;
mod identity;
mod lifecycle;
mod locks;
mod machine;
mod main_thread;
mod outcome;
mod pull;
mod requests;
mod reset;
mod returns;
mod schedule;
mod send_pool;
mod slave_sync;
mod transactions;

pub use clients::{GroupMembers, Members};
pub use dledger::RaftGroup;
pub use identity::Identity;
pub use machine::Broker;
pub use transactions::TransactionStates;

#[cfg(test)]
mod tests;
