//! Floor 3: replication logic, pure: no event queue, no randomness of its own, time only as an argument. [`dledger`] is the
//! Raft-like group of DLedger mode; a broker sits on top of it.

pub mod dledger;
