//! Exit codes: a promise to scripts.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// Everything is as it should be.
    Fine,
    /// An expectation or a golden vector failed.
    Failed,
    /// The command line, a file or a scenario is wrong.
    Usage,
    /// The same scenario gave two results.
    Nondeterminism,
    /// A bug of the program.
    Internal,
}

impl Exit {
    /// The code of the process.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Nondeterminism => 3,
            Self::Internal => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
