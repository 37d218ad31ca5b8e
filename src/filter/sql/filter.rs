//! The compiled filter.

use super::error::{SqlError, SqlErrorKind};
use super::evaluate::{EvalError, Slots};
use super::parser::{Parsed, parse};
use super::token::Span;
use super::tree::{NodeId, Tree};
use crate::filter::properties::Properties;

/// Bytes of an expression. No person writes more, and the compiled form is some dozens of times as large.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// An SQL92 subscription, compiled (`SqlFilter#compile`).
#[derive(Clone, Debug)]
pub struct SqlFilter {
    text: String,
    tree: Tree,
    root: NodeId,
    names: Vec<String>,
    rest: Option<Span>,
}

/// Values looked up by name, each time anew.
struct ByName<'a, P> {
    names: &'a [String],
    properties: &'a P,
}

impl<P: Properties> Slots for ByName<'_, P> {
    #[inline]
    fn slot(&self, position: u32) -> Option<&str> {
        self.properties.get(&self.names[position as usize])
    }
}

/// Values looked up before.
struct Given<'a>(&'a [Option<&'a str>]);

impl Slots for Given<'_> {
    #[inline]
    fn slot(&self, position: u32) -> Option<&str> {
        self.0.get(position as usize).copied().flatten()
    }
}

impl SqlFilter {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`SqlError`] with the first fault that RocketMQ's parser would stop at; and, as limits of this implementation, for
    /// texts above 1 MiB and expressions nested more than 500 levels deep.
    pub fn compile(text: &str) -> Result<Self, SqlError> {
        if text.len() > MAX_TEXT {
            return Err(SqlError::new(SqlErrorKind::TooLong(text.len()), Span::default()));
        }
        let Parsed { tree, root, names, rest } = parse(text)?;
        Ok(Self { text: text.to_owned(), tree, root, names, rest })
    }

    /// The expression as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part of the text that the parser does not look at, because the expression is complete before it. A reason for a
    /// warning: `a LIKE 'x'` means only `a`.
    #[must_use]
    pub fn ignored(&self) -> Option<Span> {
        self.rest
    }

    /// The properties that the expression names, each once, in the order of appearance.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The worth of the expression for a message; `None` = unknown (`Expression#evaluate`).
    ///
    /// # Errors
    /// When a comparison that had to be made cannot be.
    pub fn evaluate(&self, properties: &impl Properties) -> Result<Option<bool>, EvalError> {
        self.tree.truth(self.root, &ByName { names: &self.names, properties })
    }

    /// [`SqlFilter::evaluate`] with the values of [`SqlFilter::names`], in that order; values that are not there are
    /// missing properties.
    ///
    /// # Errors
    /// As [`SqlFilter::evaluate`].
    pub fn evaluate_slots(&self, values: &[Option<&str>]) -> Result<Option<bool>, EvalError> {
        self.tree.truth(self.root, &Given(values))
    }

    /// Whether the broker delivers the message: only true does, unknown and errors do not
    /// (`ExpressionMessageFilter#isMatchedByCommitLog`).
    #[must_use]
    pub fn matches(&self, properties: &impl Properties) -> bool {
        self.evaluate(properties) == Ok(Some(true))
    }

    /// [`SqlFilter::matches`] by values.
    #[must_use]
    pub fn matches_slots(&self, values: &[Option<&str>]) -> bool {
        self.evaluate_slots(values) == Ok(Some(true))
    }
}
