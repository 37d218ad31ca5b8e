//! The producer: when it sends, what, and to which queue.

mod arrivals;
mod delays;
mod machine;
mod mix;
mod transactions;

pub use arrivals::{ArrivalLaw, ArrivalTimes, RateSegment};
pub use machine::{NextSend, Producer, ProducerLoad, ProducerStreams, SendOutcome};
pub use mix::{Axis, Mix};
pub use transactions::{TransactionPlan, Transactions};

#[cfg(test)]
mod tests;
