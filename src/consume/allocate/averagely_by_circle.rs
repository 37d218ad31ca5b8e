//! Averagely by circle: one queue to each client in turn.

use super::check::{check, checked_shares};
use super::{AllocateError, AllocateMessageQueueStrategy, Input, Pick, Shares};

/// The queues dealt out like cards: client `i` of `c` gets positions `i`, `i + c`, `i + 2c` and so on
/// (`AllocateMessageQueueAveragelyByCircle`).
#[derive(Clone, Copy, Debug, Default)]
pub struct AveragelyByCircle;

fn hand(index: usize, input: &Input<'_>) -> impl Iterator<Item = Pick> {
    (index..input.queues.len()).step_by(input.clients.len()).map(|position| Pick::Given(position as u32))
}

impl AllocateMessageQueueStrategy for AveragelyByCircle {
    fn name(&self) -> String {
        "AVG_BY_CIRCLE".to_owned()
    }

    fn allocate(&self, current: &str, input: &Input<'_>) -> Result<Vec<Pick>, AllocateError> {
        let Some(index) = check(current, input)? else { return Ok(Vec::new()) };
        Ok(hand(index, input).collect())
    }

    fn allocate_all(&self, input: &Input<'_>) -> Shares {
        checked_shares(input, |shares, client| shares.push(client, hand(client as usize, input)))
    }
}
