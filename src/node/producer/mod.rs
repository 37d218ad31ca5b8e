//! The producer: when it sends, what, and to which queue.

mod arrivals;
mod calls;
mod delays;
mod faults;
mod lifecycle;
mod machine;
mod mix;
mod open_calls;
mod selection;
mod transactions;

pub use arrivals::{ArrivalLaw, ArrivalTimes, RateSegment};
pub use calls::Tally;
pub use machine::{NextSend, Producer, ProducerLoad, ProducerStreams, SendOutcome};
pub use mix::{Axis, Mix};
pub use transactions::{TransactionPlan, Transactions};

#[cfg(test)]
mod tests;
