//! The biography of a queue: who had it and who had not, with what became of its messages in between.

use super::Line;
use super::words::Words;
use crate::kernel::time::SimTime;
use crate::run::outcome::{Fact, FactRecord, Outcome};
use crate::store::ids::{GroupIx, InstanceIx, QueueIx};

/// Tells the life of a queue; the run must have been traced.
#[must_use]
pub fn queue(outcome: &Outcome, queue: QueueIx) -> Vec<Line> {
    let words = Words::new(outcome);
    let mut lines = Vec::new();
    let mut work = Work::default();
    for FactRecord { at, fact } in &outcome.facts {
        if work.takes(fact, *at, queue) {
            continue;
        }
        let here = match fact {
            Fact::Assigned { queues, .. } | Fact::Revoked { queues, .. } => queues.contains(&queue),
            Fact::OffsetWentBack { queue: of, .. }
            | Fact::LockTaken { queue: of, .. }
            | Fact::LockLost { queue: of, .. }
            | Fact::LockDenied { queue: of, .. }
            | Fact::PullMoved { queue: of, .. }
            | Fact::OffsetReset { queue: of, .. }
            | Fact::OrderViolation { queue: of, .. }
            | Fact::ListenerFailed { queue: of, .. } => *of == queue,
            Fact::ClientStopped { instance, .. } | Fact::ClientThawed { instance, .. } => {
                owns(outcome, *instance, queue, *at)
            }
            _ => false,
        };
        if here && let Some(text) = words.tell(fact, *at) {
            work.report(&words, &mut lines);
            lines.push(Line { at: *at, text });
        }
    }
    work.report(&words, &mut lines);
    for owner in outcome.ownership.iter().filter(|owner| owner.queue == queue) {
        lines.push(Line { at: outcome.end, text: words.owned(owner) });
    }
    lines.sort_by_key(|line| line.at);
    lines
}

fn owns(outcome: &Outcome, instance: InstanceIx, queue: QueueIx, at: SimTime) -> bool {
    let here = outcome.ownership.iter().filter(|owner| owner.queue == queue);
    here.flat_map(|owner| &owner.intervals)
        .any(|interval| interval.instance == instance && interval.from <= at && at <= interval.to)
}

/// What was stored and consumed since the last line.
#[derive(Default)]
struct Work {
    stored: u64,
    /// Per (group, member): messages and the last end.
    consumed: Vec<(GroupIx, InstanceIx, u64, SimTime)>,
    duplicates: u64,
    last: SimTime,
}

impl Work {
    fn takes(&mut self, fact: &Fact, at: SimTime, queue: QueueIx) -> bool {
        match fact {
            Fact::Stored { queue: of, .. } if *of == queue => self.stored += 1,
            Fact::Duplicate { queue: of, .. } if *of == queue => self.duplicates += 1,
            Fact::Consumed { queue: of, instance, group, .. } if *of == queue => {
                match self.consumed.iter_mut().find(|(_, member, ..)| member == instance) {
                    Some((.., count, last)) => (*count, *last) = (*count + 1, at),
                    None => self.consumed.push((*group, *instance, 1, at)),
                }
            }
            _ => return false,
        }
        self.last = at;
        true
    }

    fn report(&mut self, words: &Words<'_>, lines: &mut Vec<Line>) {
        let done = std::mem::take(self);
        if done.stored + done.duplicates > 0 || !done.consumed.is_empty() {
            let consumed = done.consumed.iter().map(|(_, instance, count, _)| (*instance, *count));
            lines.push(Line { at: done.last, text: words.work(done.stored, consumed, done.duplicates) });
        }
    }
}
