//! Random scenarios with everything mixed: filters, retries, delays, transactions, order, broadcasting, and a life.
//!
//! A scenario is drawn as a few small numbers ([`recipe`]), written as the text of a scenario file ([`text`]), read like
//! any other, run, and held against laws ([`laws`], [`records`]).

mod laws;
mod recipe;
mod records;
mod text;
