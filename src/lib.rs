//! A deterministic discrete-event simulator of Apache RocketMQ.
//!
//! A scenario (YAML) is resolved into a frozen [`scenario::plan::Plan`]; [`run`] turns the plan into an
//! [`run::outcome::Outcome`]; [`report`] turns the outcome into bytes. Below them stand the nodes and the logic they
//! share with the real system. The rooms are floors: a room may use rooms on floors below its own, never above, never
//! sideways (`docs/architecture.md`; `tests/it/tidy.rs` checks it).
//!
//! | floor | room | purpose |
//! |---|---|---|
//! | 0 | [`kernel`] | time, event queue, random streams, distributions, digest; knows no RocketMQ |
//! | 1 | [`store`] | storage logic as plain data structures |
//! | 1 | [`filter`] | subscriptions |
//! | 2 | [`protocol`] | the nouns, requests and replies between nodes |
//! | 3 | [`consume`] | client-side logic: allocation, rebalance difference, process queue, offsets |
//! | 3 | [`replica`] | replication logic |
//! | 4 | [`node`] | nameserver, broker, producer, consumer as state machines |
//! | 5 | [`scenario`] | YAML text to a frozen plan |
//! | 6 | [`run`] | the only place where things happen |
//! | 7 | [`report`] | outcome to bytes |
//! | 8 | [`cli`] | commands, files, terminal |
#![forbid(unsafe_code)]

pub mod cli;
pub mod consume;
pub mod filter;
pub mod kernel;
pub mod node;
pub mod protocol;
pub mod replica;
pub mod report;
pub mod run;
pub mod scenario;
pub mod store;
