//! Why a run broke off.

use crate::kernel::time::SimTime;

/// Why a run broke off. A plan that resolved always runs; what is left are broken invariants of the simulator itself.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RunError {
    /// A message is in no place or in two.
    #[error("conservation broken at {at}: {what}")]
    Conservation {
        /// When it was found.
        at: SimTime,
        /// The sum in words.
        what: String,
    },
    /// Something that no failure may break was broken.
    #[error("invariant broken at {at}: {what}")]
    Invariant {
        /// When it was found.
        at: SimTime,
        /// What, in words.
        what: String,
    },
}

impl RunError {
    /// When it was found.
    #[must_use]
    pub const fn at(&self) -> SimTime {
        match self {
            Self::Conservation { at, .. } | Self::Invariant { at, .. } => *at,
        }
    }

    /// Whether the same rule is broken, whatever the numbers and names.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let words = |what: &str| -> Vec<String> {
            let plain = what.split_whitespace().filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
            plain.map(str::to_owned).collect()
        };
        match (self, other) {
            (Self::Conservation { .. }, Self::Conservation { .. }) => true,
            (Self::Invariant { what: one, .. }, Self::Invariant { what: two, .. }) => words(one) == words(two),
            _ => false,
        }
    }
}
