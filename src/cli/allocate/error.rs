//! What can be wrong with the command's arguments.

use super::cases::CasesError;
use crate::consume::allocate::{AllocateError, STRATEGIES};

/// Why there is no answer.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum AllocateCommandError {
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
    /// The strategy refuses the situation.
    #[error("{strategy} refuses: {error}")]
    Strategy {
        /// Key of the strategy.
        strategy: String,
        /// Its reason, as the Java class words it.
        error: AllocateError,
    },
    /// The vector file.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cases(#[from] CasesError),
    /// The answer cannot be written.
    #[error("cannot write the answer: {0}")]
    Output(#[from] std::io::Error),
}

impl AllocateCommandError {
    /// A wrong argument with its remedy.
    pub(super) fn argument(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Argument { problem: problem.into(), help: help.into() }
    }

    /// A strategy name that is in no list.
    pub(super) fn unknown_strategy(name: &str) -> Self {
        let keys: Vec<&str> = STRATEGIES.iter().map(|entry| entry.key).collect();
        let wanted: String = name.to_ascii_lowercase().replace('-', "_");
        let near = keys.iter().map(|key| (distance(&wanted, key), *key)).min();
        let meant = near.filter(|(distance, key)| *distance <= key.len() / 3);
        let help = match meant {
            Some((_, key)) => format!("did you mean {key}? There are {}", keys.join(", ")),
            None => format!("there are {}", keys.join(", ")),
        };
        Self::argument(format!("unknown strategy `{name}`"), help)
    }
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, r) in right.iter().enumerate() {
            let changed = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
