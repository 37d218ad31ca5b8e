//! The delay levels that a producer gives to its messages.

use crate::kernel::rng::Stream;
use crate::protocol::message::SendRequest;
use crate::store::catalog::{Catalog, CopyFacts, CopyKind, Origin, TransactionOutcome};

/// Levels with the law of their choice.
#[derive(Debug)]
pub(super) struct Delays {
    /// Each level with the sum of the weights up to it.
    levels: Vec<(u8, f64)>,
    total: f64,
    stream: Stream,
}

impl Delays {
    /// Levels with their weights.
    pub(super) fn new(levels: &[(u8, f64)], stream: Stream) -> Self {
        let mut total = 0.0;
        let sum = |(level, weight): &(u8, f64)| {
            total += *weight;
            (*level, total)
        };
        Self { levels: levels.iter().map(sum).collect(), total, stream }
    }

    /// Draws a level; a delayed message is from now on a copy that waits, whose first record the broker will name.
    pub(super) fn delay(&mut self, request: &mut SendRequest, catalog: &mut Catalog) {
        let drawn = self.stream.unit() * self.total;
        let level = self.levels.iter().find(|(_, sum)| drawn < *sum).map_or(0, |(level, _)| *level);
        if level == 0 {
            return;
        }
        request.draft.class = catalog.add_copy(CopyFacts {
            class: request.draft.class,
            kind: CopyKind::Scheduled,
            origin: Origin { queue: request.queue, offset: 0 },
            real_queue: request.queue,
            becomes: CopyKind::Delivered,
            reconsume_times: 0,
            delay_level: level,
            check_times: 0,
            half_offset: None,
            local: TransactionOutcome::Unknown,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Streams;
    use crate::kernel::time::SimTime;
    use crate::store::ids::QueueIx;
    use crate::store::message::Draft;

    #[test]
    fn levels_come_by_their_weights_and_level_0_leaves_the_message_as_it_is() {
        let mut delays = Delays::new(&[(0, 1.0), (3, 2.0), (5, 1.0)], Streams::new(1).stream("p", "delays"));
        let mut catalog = Catalog::default();
        let mut seen = [0u32; 6];
        for _ in 0..4000 {
            let draft = Draft { born_at: SimTime::ZERO, size: 100, body: 0, key: 0, class: 7 };
            let mut request = SendRequest { queue: QueueIx(1), draft, call: 0, attempt: 0 };
            delays.delay(&mut request, &mut catalog);
            match catalog.copy(request.draft.class) {
                None => assert_eq!(request.draft.class, 7),
                Some(copy) => {
                    assert_eq!((copy.class, copy.kind, copy.becomes), (7, CopyKind::Scheduled, CopyKind::Delivered))
                }
            }
            seen[usize::from(catalog.copy(request.draft.class).map_or(0, |copy| copy.delay_level))] += 1;
        }
        assert_eq!((seen[1], seen[2], seen[4]), (0, 0, 0));
        assert!(
            seen[0].abs_diff(1000) < 120 && seen[3].abs_diff(2000) < 150 && seen[5].abs_diff(1000) < 120,
            "{seen:?}"
        );
    }
}
