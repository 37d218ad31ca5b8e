//! The division of a whole group's queues.

use std::ops::Range;

use super::{AllocateError, Pick};

/// Who gets what: one share per distinct client id, in the order of the ids' first positions in the input.
///
/// All picks lie in one vector and a share is a stretch of it, so a division of 10,000 queues is three allocations, and
/// shares that are equal by nature ([`ByConfig`](super::ByConfig)) lie on the same stretch.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    picks: Vec<Pick>,
    shares: Vec<Share>,
}

#[derive(Clone, Debug)]
struct Share {
    client: u32,
    outcome: Result<Range<usize>, AllocateError>,
}

impl Shares {
    /// Adds a client's share.
    pub(super) fn push(&mut self, client: u32, picks: impl IntoIterator<Item = Pick>) {
        let from = self.picks.len();
        self.picks.extend(picks);
        self.shares.push(Share { client, outcome: Ok(from..self.picks.len()) });
    }

    /// Adds a client with the same share as the one added before it.
    pub(super) fn push_same(&mut self, client: u32) {
        let outcome = self.shares.last().map_or(Ok(0..0), |share| share.outcome.clone());
        self.shares.push(Share { client, outcome });
    }

    /// Adds a client whose call fails.
    pub(super) fn push_error(&mut self, client: u32, error: AllocateError) {
        self.shares.push(Share { client, outcome: Err(error) });
    }

    /// Number of distinct client ids.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shares.len()
    }

    /// Whether there is no client at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shares.is_empty()
    }

    /// Each distinct client id by its first position in [`Input::clients`](super::Input::clients), with its queues or
    /// the error that its call ends in.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (usize, Result<&[Pick], &AllocateError>)> {
        self.shares.iter().map(|share| (share.client as usize, self.outcome(share)))
    }

    /// The share of the client id that first stands at `position` of the input's client list; `None` when no id does.
    #[must_use]
    pub fn of(&self, position: usize) -> Option<Result<&[Pick], &AllocateError>> {
        let found = self.shares.binary_search_by_key(&position, |share| share.client as usize).ok()?;
        Some(self.outcome(&self.shares[found]))
    }

    fn outcome<'a>(&'a self, share: &'a Share) -> Result<&'a [Pick], &'a AllocateError> {
        share.outcome.as_ref().map(|range| &self.picks[range.clone()])
    }
}
