//! Keeping of all facts about single messages only those about one message, or one queue: a traced run of millions of messages
//! then needs no more memory than an untraced one.

use super::outcome::{Fact, FactRecord, TransactionStep};
use super::world::World;
use crate::store::catalog::Origin;
use crate::store::ids::QueueIx;

/// What a traced run is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The message that has a record here. Its whole life is kept when it is the first record.
    Message(Origin),
    /// This queue.
    Queue(QueueIx),
}

/// The facts looked through so far, and the records of the message.
#[derive(Debug)]
pub(super) struct Watch {
    queue: Option<QueueIx>,
    records: Vec<Origin>,
    looked_through: usize,
}

impl Watch {
    pub(super) fn new(watched: Watched) -> Self {
        let (queue, records) = match watched {
            Watched::Message(record) => (None, vec![record]),
            Watched::Queue(queue) => (Some(queue), Vec::new()),
        };
        Self { queue, records, looked_through: 0 }
    }

    fn keeps(&mut self, fact: &Fact) -> bool {
        match fact {
            Fact::Stored { queue, offset, .. }
            | Fact::Consumed { queue, offset, .. }
            | Fact::Duplicate { queue, offset, .. }
            | Fact::ListenerFailed { queue, offset, .. }
            | Fact::LocalRetry { queue, offset, .. }
            | Fact::FilteredOut { queue, offset, .. }
            | Fact::ConsumeTimedOut { queue, offset, .. } => {
                Some(*queue) == self.queue || self.records.contains(&Origin { queue: *queue, offset: *offset })
            }
            Fact::Pulled { queue, from, count, .. } => {
                let range = *from..from + u64::from(*count);
                Some(*queue) == self.queue
                    || self.records.iter().any(|record| record.queue == *queue && range.contains(&record.offset))
            }
            Fact::SentBack { origin, from, .. } => self.joins(&[*origin, *from]),
            Fact::DelayDelivered { origin, from, to, .. } => self.joins(&[*origin, *from, *to]),
            Fact::DeadLettered { origin, to, .. } => self.joins(&[*origin, *to]),
            Fact::Transaction { origin, step, .. } => match step {
                TransactionStep::Committed { queue, offset, .. } => {
                    self.joins(&[*origin, Origin { queue: *queue, offset: *offset }])
                }
                _ => self.joins(&[*origin]),
            },
            Fact::Sent { .. } | Fact::HeartbeatSent { .. } => false,
            _ => true,
        }
    }

    /// Whether these records are of the message: if one is, all are.
    fn joins(&mut self, records: &[Origin]) -> bool {
        let ours = records.iter().any(|record| self.records.contains(record));
        if ours {
            let fresh: Vec<Origin> = records.iter().filter(|record| !self.records.contains(record)).copied().collect();
            self.records.extend(fresh);
        }
        ours
    }
}

impl World {
    /// Drops the facts that nobody asked about, among those since the last time.
    pub(super) fn forget_facts(&mut self) {
        let Some(watch) = &mut self.watch else { return };
        let fresh = self.facts.split_off(watch.looked_through);
        // A record is stored before it is said whose copy it is: so first the ties, then the rest.
        for FactRecord { fact, .. } in &fresh {
            watch.keeps(fact);
        }
        self.facts.extend(fresh.into_iter().filter(|record| watch.keeps(&record.fact)));
        watch.looked_through = self.facts.len();
    }
}
