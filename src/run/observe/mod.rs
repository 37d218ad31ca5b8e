//! Observers: they fold what nodes report into what a run measures. They see facts and shared references, never change a
//! node, and a run would be the same without them.

pub mod beliefs;
pub mod calls;
pub mod group;
pub mod intervals;
pub mod ledger;
pub mod locks;
pub mod masters;
pub mod order;
pub mod ownership;
pub mod pauses;
pub mod raft;
pub mod send_gaps;
pub mod views;
