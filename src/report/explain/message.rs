//! The biography of a message.

use super::Line;
use super::words::Words;
use crate::kernel::time::SimTime;
use crate::run::outcome::{Fact, FactRecord, Outcome, TransactionStep};
use crate::store::catalog::Origin;
use crate::store::ids::QueueIx;

/// Tells the life of the message whose record (first or copy) lies at `record`; the run must have been traced. `None` when no
/// such record was stored.
#[must_use]
pub fn message(outcome: &Outcome, record: Origin) -> Option<Vec<Line>> {
    let life = Life::of(outcome, record)?;
    let words = Words::new(outcome);
    let mut lines: Vec<Line> = Vec::new();
    for FactRecord { at, fact } in &outcome.facts {
        let text = match about(fact) {
            Some(About::Record(of)) if life.records.contains(&of) => words.tell(fact, *at),
            Some(About::Origin(of)) if of == life.origin => words.tell(fact, *at),
            Some(About::Range(queue, from, to)) if life.record_in(queue, from, to) => words.tell(fact, *at),
            Some(About::Queues(queues)) if life.lives_in(queues, *at) => words.tell(fact, *at),
            _ => None,
        };
        lines.extend(text.map(|text| Line { at: *at, text }));
    }
    lines.sort_by_key(|line| line.at);
    Some(lines)
}

/// What a fact is about.
enum About<'a> {
    Record(Origin),
    Origin(Origin),
    Range(QueueIx, u64, u64),
    Queues(&'a [QueueIx]),
}

fn about(fact: &Fact) -> Option<About<'_>> {
    Some(match fact {
        Fact::Stored { queue, offset, .. }
        | Fact::Consumed { queue, offset, .. }
        | Fact::Duplicate { queue, offset, .. }
        | Fact::ListenerFailed { queue, offset, .. }
        | Fact::LocalRetry { queue, offset, .. }
        | Fact::FilteredOut { queue, offset, .. }
        | Fact::ConsumeTimedOut { queue, offset, .. } => About::Record(Origin { queue: *queue, offset: *offset }),
        Fact::OrderViolation { queue, later, .. } => About::Record(Origin { queue: *queue, offset: *later }),
        Fact::Pulled { queue, from, count, .. } => About::Range(*queue, *from, from + u64::from(*count)),
        Fact::SentBack { origin, .. }
        | Fact::DelayDelivered { origin, .. }
        | Fact::DeadLettered { origin, .. }
        | Fact::Transaction { origin, .. } => About::Origin(*origin),
        Fact::Assigned { queues, .. } | Fact::Revoked { queues, .. } => About::Queues(queues),
        Fact::OffsetReset { queue, .. } | Fact::OffsetWentBack { queue, .. } | Fact::LockDenied { queue, .. } => {
            About::Queues(std::slice::from_ref(queue))
        }
        _ => return None,
    })
}

/// The message's first record, as far as the facts say whose copy the record is.
#[must_use]
pub fn origin(outcome: &Outcome, record: Origin) -> Origin {
    tied(outcome, record).unwrap_or(record)
}

fn tied(outcome: &Outcome, record: Origin) -> Option<Origin> {
    outcome.facts.iter().find_map(|known| match &known.fact {
        Fact::SentBack { origin, from, .. } if *from == record => Some(*origin),
        Fact::DelayDelivered { origin, from, to, .. } if *from == record || *to == record => Some(*origin),
        Fact::DeadLettered { origin, to, .. } if *to == record => Some(*origin),
        Fact::Transaction { origin, step, .. } => match step {
            TransactionStep::Committed { queue, offset, .. } if *queue == record.queue && *offset == record.offset => {
                Some(*origin)
            }
            _ => None,
        },
        _ => None,
    })
}

/// The records of a message and when each was the one that somebody had to read.
struct Life {
    origin: Origin,
    records: Vec<Origin>,
    /// Queue, from, until: the time between the storing of a record and the end of its last mention.
    stays: Vec<(QueueIx, SimTime, SimTime)>,
}

impl Life {
    fn of(outcome: &Outcome, record: Origin) -> Option<Self> {
        let facts = || outcome.facts.iter().map(|record| &record.fact);
        let stored = facts().any(|fact| {
            matches!(fact, Fact::Stored { queue, offset, .. } if *queue == record.queue && *offset == record.offset)
        });
        let named = tied(outcome, record);
        let origin = named.unwrap_or(record);
        if !stored && named.is_none() {
            return None;
        }
        let mut records = vec![origin, record];
        for fact in facts() {
            match fact {
                Fact::SentBack { origin: of, from, .. } if *of == origin => records.push(*from),
                Fact::DelayDelivered { origin: of, from, to, .. } if *of == origin => records.extend([*from, *to]),
                Fact::DeadLettered { origin: of, to, .. } if *of == origin => records.push(*to),
                Fact::Transaction { origin: of, step: TransactionStep::Committed { queue, offset, .. }, .. }
                    if *of == origin =>
                {
                    records.push(Origin { queue: *queue, offset: *offset });
                }
                _ => {}
            }
        }
        records.sort_unstable();
        records.dedup();
        let stays = stays(outcome, &records);
        Some(Self { origin, records, stays })
    }

    fn record_in(&self, queue: QueueIx, from: u64, to: u64) -> bool {
        self.records.iter().any(|record| record.queue == queue && (from..to).contains(&record.offset))
    }

    fn lives_in(&self, queues: &[QueueIx], at: SimTime) -> bool {
        self.stays.iter().any(|(queue, from, until)| queues.contains(queue) && (*from..=*until).contains(&at))
    }
}

fn stays(outcome: &Outcome, records: &[Origin]) -> Vec<(QueueIx, SimTime, SimTime)> {
    let stay = |record: &Origin| {
        let mut mentions = outcome.facts.iter().filter(|known| match about(&known.fact) {
            Some(About::Record(of)) => of == *record,
            Some(About::Range(queue, from, to)) => queue == record.queue && (from..to).contains(&record.offset),
            _ => false,
        });
        let first = mentions.next()?.at;
        let finished = outcome.facts.iter().rev().find(|known| {
            matches!(&known.fact, Fact::Consumed { queue, offset, .. } if *queue == record.queue && *offset == record.offset)
        });
        let last = finished.map_or(outcome.end, |known| known.at);
        Some((record.queue, first, last))
    };
    records.iter().filter_map(stay).collect()
}
