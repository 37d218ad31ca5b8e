//! The difference a rebalance makes (`RebalanceImpl#updateProcessQueueTableInRebalance`).

use crate::store::ids::QueueIx;

/// Queues to drop and queues to add, each in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Owned now and not allocated.
    pub lost: Vec<QueueIx>,
    /// Allocated and not owned now.
    pub gained: Vec<QueueIx>,
}

/// Compares the queues a consumer owns of a topic with its allocation. Both sorted.
#[must_use]
pub fn difference(owned: &[QueueIx], allocated: &[QueueIx]) -> Difference {
    Difference {
        lost: owned.iter().filter(|queue| allocated.binary_search(queue).is_err()).copied().collect(),
        gained: allocated.iter().filter(|queue| owned.binary_search(queue).is_err()).copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_named() {
        let owned = [QueueIx(1), QueueIx(2), QueueIx(3)];
        let change = difference(&owned, &[QueueIx(2), QueueIx(4)]);
        assert_eq!(change.lost, [QueueIx(1), QueueIx(3)]);
        assert_eq!(change.gained, [QueueIx(4)]);
    }
}
