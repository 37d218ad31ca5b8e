//! Floor 0: simulated time, the event queue, named random streams, distributions, the digest. Knows no RocketMQ.

pub mod digest;
pub mod dist;
pub mod histogram;
pub mod java;
pub mod queue;
pub mod rng;
pub mod time;
