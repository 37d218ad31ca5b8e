//! The producer: when it sends, what, and to which queue.

mod arrivals;
mod delays;
mod machine;

pub use arrivals::{ArrivalLaw, ArrivalTimes, RateSegment};
pub use machine::{NextSend, Producer, ProducerLoad, ProducerStreams, SendOutcome};

#[cfg(test)]
mod tests;
