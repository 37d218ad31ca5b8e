//! Averagely: contiguous runs of nearly equal length.

use std::ops::Range;

use super::check::{check, checked_shares};
use super::{AllocateError, AllocateMessageQueueStrategy, Input, Pick, Shares};

/// Contiguous runs in list order; the first clients take one more when it does not divide
/// (`AllocateMessageQueueAveragely`, RocketMQ's default).
#[derive(Clone, Copy, Debug, Default)]
pub struct Averagely;

/// The run of the client at position `index` among `clients`.
fn run(index: usize, clients: usize, queues: usize) -> Range<u32> {
    let (base, extra) = (queues / clients, queues % clients);
    let from = index * base + index.min(extra);
    let length = base + usize::from(index < extra);
    from as u32..(from + length) as u32
}

impl AllocateMessageQueueStrategy for Averagely {
    fn name(&self) -> String {
        "AVG".to_owned()
    }

    fn allocate(&self, current: &str, input: &Input<'_>) -> Result<Vec<Pick>, AllocateError> {
        let Some(index) = check(current, input)? else { return Ok(Vec::new()) };
        Ok(run(index, input.clients.len(), input.queues.len()).map(Pick::Given).collect())
    }

    fn allocate_all(&self, input: &Input<'_>) -> Shares {
        checked_shares(input, |shares, client| {
            shares.push(client, run(client as usize, input.clients.len(), input.queues.len()).map(Pick::Given));
        })
    }
}
