//! Why a command could not do its work.

use std::io;
use std::path::Path;

use miette::Diagnostic;

use super::allocate::AllocateCommandError;
use super::exit::Exit;
use super::filter::FilterCommandError;
use crate::run::RunError;
use crate::scenario::ScenarioError;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The scenario is wrong.
    #[error("{0}")]
    Scenario(ScenarioError),
    /// A file cannot be read or written, or an argument makes no sense.
    #[error("{message}")]
    Input {
        /// What is wrong.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The `allocate` command.
    #[error(transparent)]
    Allocate(#[from] AllocateCommandError),
    /// The `filter` command.
    #[error(transparent)]
    Filter(#[from] FilterCommandError),
    /// Two runs of the same scenario differ.
    #[error("{name}: two runs of the same scenario differ: {first} and {second}")]
    Nondeterminism {
        /// The scenario.
        name: String,
        /// What the first run gave.
        first: String,
        /// What the second run gave.
        second: String,
    },
    /// The simulator broke one of its own rules.
    #[error("{name}: {error}")]
    Run {
        /// The scenario.
        name: String,
        /// The rule.
        error: RunError,
    },
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

/// A message with advice, for what has no source text.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
struct Plain {
    message: String,
    #[help]
    help: Option<String>,
}

impl CliError {
    pub(super) fn input(message: impl Into<String>) -> Self {
        Self::Input { message: message.into(), help: None }
    }

    pub(super) fn input_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Input { message: message.into(), help: Some(help.into()) }
    }

    /// A file operation that failed, in the words of a person.
    pub(super) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "no such file or folder".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        Self::input(format!("cannot {doing} {}: {reason}", path.display()))
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Scenario(_) | Self::Input { .. } | Self::Allocate(_) | Self::Filter(_) | Self::Output(_) => {
                Exit::Usage
            }
            Self::Nondeterminism { .. } => Exit::Nondeterminism,
            Self::Run { .. } => Exit::Internal,
        }
    }

    pub(super) fn is_broken_pipe(&self) -> bool {
        match self {
            Self::Output(error)
            | Self::Allocate(AllocateCommandError::Output(error))
            | Self::Filter(FilterCommandError::Output(error)) => error.kind() == io::ErrorKind::BrokenPipe,
            _ => false,
        }
    }

    /// Everything on one line.
    pub(super) fn one_line(&self) -> String {
        match self {
            Self::Scenario(error) => error.one_line(),
            Self::Input { message, help: Some(help) } => format!("{message}; {help}"),
            other => other.to_string(),
        }
    }

    /// For the terminal, with its place in the source.
    pub(super) fn into_report(self) -> miette::Report {
        match self {
            Self::Scenario(error) => error.report(),
            Self::Allocate(error) => miette::Report::new(error),
            Self::Filter(error) => miette::Report::new(error),
            Self::Input { message, help } => miette::Report::new(Plain { message, help }),
            Self::Run { .. } => {
                let help = "this is a bug of the simulator; please report it with the scenario".to_owned();
                miette::Report::new(Plain { message: self.to_string(), help: Some(help) })
            }
            other => miette::Report::new(Plain { message: other.to_string(), help: None }),
        }
    }
}
