//! Floor 0: simulated time, the event queue, named random streams, distributions, histograms, the digest, and what the
//! Java runtime computes. Knows no RocketMQ.

pub mod alias;
pub mod digest;
pub mod dist;
pub mod histogram;
pub mod java;
pub mod queue;
pub mod rng;
pub mod time;
pub mod ziggurat;
