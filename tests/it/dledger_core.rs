//! The DLedger group core in a small network: fail-over times, partitions, restarts, transfers, safety and liveness.

mod checker;
mod net;
mod random;
mod scenes;
mod speed;
