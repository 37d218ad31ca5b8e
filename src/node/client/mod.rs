//! What every client instance does, whatever it hosts (`MQClientInstance`): it holds routes, polls the nameserver, heartbeats
//! to brokers. Its threads are serial servers: a thread with a synchronous call under way does nothing else.

mod broker_table;
mod channels;
mod instance;
mod routes;
#[cfg(test)]
mod tests;
mod threads;

pub use broker_table::BrokerTable;
pub use channels::ChannelId;
pub use instance::ClientInstance;
pub use threads::{Answer, Finished, Thread, call_kind};
