//! SQL92 over message properties, as RocketMQ 4.9 understands it: a small language of its own with three-valued logic, in
//! which text is read as a number wherever it meets one.
//!
//! [`SqlFilter::compile`] reads the text (`lexer`, `parser`, `check`) into a flat tree (`tree`); evaluation (`evaluate`,
//! `value`) walks it without allocating. `number` reads numbers as Java does. What is surprising about the language is told
//! in `docs/filters.md`.

mod check;
mod error;
mod evaluate;
mod filter;
mod lexer;
mod number;
mod parser;
#[cfg(test)]
mod tests;
mod token;
mod tree;
mod value;

pub use error::{SqlError, SqlErrorKind};
pub use evaluate::{EvalError, EvalErrorKind};
pub use filter::SqlFilter;
pub use token::Span;
