//! What a broker makes of a store directory when it starts (`DefaultMessageStore#load`, `#start`), damaged or not: where
//! the log and the queues end, what is dispatched again, which index files stay. Nothing is changed on disk.

mod index;
mod log;
mod open;
mod queue;
#[cfg(test)]
mod tests;

pub(super) use self::index::follow_up;
pub use self::open::{NextPut, QueueBounds, RecoverConfig, Recovered, open_store};
