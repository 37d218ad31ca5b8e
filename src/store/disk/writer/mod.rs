//! Writes a store as a broker would leave it: log, queues, index, checkpoint, and `abort` after a kill.

mod facts;
mod file;
mod index;
mod log;
mod queues;
mod store_writer;
#[cfg(test)]
mod tests;

pub use self::facts::{Body, Ending, RecordFacts, StoreSizes, Written};
pub use self::store_writer::StoreWriter;
