//! What can be wrong with the command's arguments.

use miette::{LabeledSpan, NamedSource, SourceSpan};

use super::cases::CasesError;
use crate::filter::sql::SqlError;
use crate::filter::tag::TagFilterError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum FilterCommandError {
    /// An argument is missing or makes no sense.
    #[error("{problem}")]
    #[diagnostic()]
    Argument {
        /// What is wrong.
        problem: String,
        /// What to write instead.
        #[help]
        help: String,
    },
    /// The expression does not compile.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Expression(Box<RefusedExpression>),
    /// The tags are no subscription.
    #[error("{0}")]
    Tags(TagFilterError),
    /// The vector file.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cases(#[from] CasesError),
    /// The answer cannot be written.
    #[error("cannot write the answer: {0}")]
    Output(#[from] std::io::Error),
}

/// An expression that does not compile, with its text.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct RefusedExpression {
    error: SqlError,
    text: String,
    source_code: NamedSource<String>,
}

impl miette::Diagnostic for RefusedExpression {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.error.help(&self.text).map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        (!self.text.is_empty()).then_some(&self.source_code as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = SourceSpan::from((self.error.span.start as usize, self.error.span.len().max(1)));
        let label = LabeledSpan::new_with_span(Some("here".to_owned()), place);
        Some(Box::new(std::iter::once(label)))
    }
}

impl FilterCommandError {
    /// A wrong argument with its remedy.
    pub(super) fn argument(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Argument { problem: problem.into(), help: help.into() }
    }

    pub(super) fn expression(error: SqlError, text: &str) -> Self {
        // A fault at the end of the text gets a blank to point at.
        let blank = if error.span.len() == 0 { " " } else { "" };
        let source_code = NamedSource::new("expression", format!("{text}{blank}"));
        Self::Expression(Box::new(RefusedExpression { error, text: text.to_owned(), source_code }))
    }
}
