//! Conservation: every message that was accepted is in a countable place, and the places add up.

use super::RunError;
use super::cuts::is_same;
use super::observe::intervals::Intervals;
use super::outcome::{Conservation, GroupConservation};
use super::world::World;
use crate::consume::process_queue::Row;
use crate::protocol::message::Body;
use crate::store::get_message::Pulled;
use crate::store::ids::{GroupIx, QueueIx};
use crate::store::message::Message;

impl World {
    /// Checks the sums now; the first violation ends the run.
    pub(super) fn check_conservation(&mut self) {
        self.checks += 1;
        if self.plan.fallible {
            self.note_passed_over();
        }
        let found = self.conservation();
        if let Some(what) = found.violation {
            let at = self.now;
            self.violation.get_or_insert(RunError::Conservation { at, what });
        }
    }

    /// Counts every place. Everything must have been settled to the present.
    pub(super) fn conservation(&self) -> Conservation {
        let mut found = Conservation { checks: self.checks, preloaded: self.preloaded, ..Conservation::default() };
        for host in self.producers.iter().filter(|_| !self.plan.fallible) {
            found.offered += host.path.producer.calls;
            found.sending += host.path.sending();
            found.failed += host.path.failed;
        }
        let in_stores: u64 = (0..self.directory.len()).map(|index| self.appended(QueueIx::new(index))).sum();
        found.copies = self.copies.copies;
        found.cut_off = self.cut_off();
        (found.scheduled_waiting, found.scheduled_delivered, found.violation) = self.scheduled();
        if self.plan.fallible {
            self.add_calls(&mut found);
            // A record can be cut off that was stored before the run, or as a copy.
            found.stored = (in_stores + found.cut_off).saturating_sub(self.preloaded + found.copies);
        } else {
            found.stored = in_stores - self.preloaded - found.copies;
            if found.offered != found.sending + found.failed + found.stored {
                found.violation = Some(format!(
                    "{} send() calls, but {} under way + {} failed + {} stored",
                    found.offered, found.sending, found.failed, found.stored
                ));
            }
        }
        for group in 0..self.groups.len() {
            let (places, violation) = self.group_conservation(GroupIx::new(group));
            found.groups.push(places);
            found.violation = found.violation.or(violation);
        }
        found
    }

    /// The calls of a plan in which servers can fail: what became of a message is not what its caller was told, so the calls
    /// add up by themselves.
    fn add_calls(&self, found: &mut Conservation) {
        for (host, ends) in self.producers.iter().zip(&self.failing.ends) {
            found.offered += host.path.producer.calls;
            found.accepted += ends.accepted;
            found.failed += ends.failed;
            found.unknown += ends.unknown;
            found.sending += host.path.producer.tally().under_way;
        }
        found.violation = found.violation.take().or_else(|| self.calls_add_up());
    }

    /// The places of a group's messages. A message in several places (owned twice, delivered again) counts in the one
    /// furthest on. What is left after consumed, processing, cached and in flight has to be readable: before the pull position
    /// of a living owner there may be no message that is in none of the places.
    fn group_conservation(&self, group: GroupIx) -> (GroupConservation, Option<String>) {
        let mut places = GroupConservation::default();
        let mut violation = None;
        let mut holdings = self.holdings(group);
        for (pair, (_, queue)) in self.pair_keys.iter().enumerate().filter(|(_, (of, _))| *of == group) {
            let ledger = &self.ledgers[pair];
            let appended = self.appended(*queue);
            let Holding { mut held, owners, mut position } = std::mem::take(&mut holdings[queue.at()]);
            held.sort_unstable();
            held.dedup_by_key(|(offset, _)| *offset);
            held.retain(|(offset, _)| !ledger.is_consumed(*offset) && !ledger.is_passed(*offset));
            if self.plan.fallible {
                // An offset may point beyond the end of a log that was cut.
                position = position.min(appended);
            }
            if !ledger.is_sound() {
                violation = Some(self.words(group, *queue, "a message is counted twice"));
            }
            let count = |place: Place| held.iter().filter(|(_, at)| *at == place).count() as u64;
            let (processing, cached, in_flight) =
                (count(Place::Processing), count(Place::Cached), count(Place::InFlight));
            let skipped = ledger.skipped(appended);
            places.stored += appended;
            let (filtered, lost) = ledger.filtered();
            let over = ledger.passed_over();
            places.skipped += skipped - filtered - lost - over;
            places.passed_over += over;
            places.filtered += filtered;
            places.lost += lost;
            places.processing += processing;
            places.cached += cached;
            places.in_flight += in_flight;
            places.consumed += ledger.consumed();
            let elsewhere = skipped + ledger.consumed() + held.len() as u64;
            let Some(unread) = appended.checked_sub(elsewhere) else {
                let what = "more messages in places than were stored";
                violation = violation.or_else(|| Some(self.words(group, *queue, what)));
                continue;
            };
            places.unread += unread;
            if owners == 1 {
                let before = held.partition_point(|(offset, _)| *offset < position) as u64;
                let accounted = ledger.consumed_before(position) + before + ledger.skipped_before(position);
                if accounted < position {
                    let missing = position - accounted;
                    let why = if self.plan.fallible { ": the offset moved forward without a cause" } else { "" };
                    let what = format!("{missing} messages before {position} are nowhere{why}");
                    violation = Some(self.words(group, *queue, &what));
                }
            }
        }
        (places, violation)
    }

    /// Per queue: what processes of a group hold or is on its way to one, and who pulls it.
    pub(super) fn holdings(&self, group: GroupIx) -> Vec<Holding> {
        let mut holdings: Vec<Holding> = Vec::new();
        holdings.resize_with(self.directory.len(), Holding::default);
        for (index, process) in self.processes.iter().enumerate() {
            if self.plan.instances[index].group != group {
                continue;
            }
            let now = process.consumer.clock(self.now);
            let hold = |holding: &mut Holding, queue: QueueIx, row: &Row| {
                if self.plan.fallible && !self.row_of(queue, row.offset).is_some_and(|counts| is_row(counts, row)) {
                    return;
                }
                let place = if row.start <= now && row.end > now { Place::Processing } else { Place::Cached };
                if row.end > now || row.held || process.consumer.frozen() {
                    holding.held.push((row.offset, place));
                }
            };
            for assigned in process.consumer.assigned() {
                let holding = &mut holdings[assigned.queue.at()];
                // A queue that an illegal offset has stopped is pulled by nobody for the time being: as if owned by many.
                holding.owners += if assigned.dropped { 2 } else { 1 };
                holding.position = assigned.next_offset;
                assigned.process.iter().for_each(|row| hold(holding, assigned.queue, row));
            }
            process.consumer.leftovers().for_each(|(queue, row)| hold(&mut holdings[queue.at()], *queue, row));
        }
        for envelope in self.mail.iter() {
            if let Body::PullReply(reply) = &envelope.body
                && self.is_member(envelope.to, group)
            {
                let held = &mut holdings[reply.queue.at()].held;
                let counts = |pulled: &&Pulled| {
                    let row = || self.row_of(reply.queue, pulled.offset);
                    !self.plan.fallible || row().is_some_and(|row| is_same(row, &pulled.message))
                };
                held.extend(reply.batch.iter().filter(counts).map(|pulled| (pulled.offset, Place::InFlight)));
            }
        }
        holdings
    }

    fn is_member(&self, address: crate::protocol::address::Address, group: GroupIx) -> bool {
        match address {
            crate::protocol::address::Address::Consumer(instance) => self.plan.instances[instance.at()].group == group,
            _ => false,
        }
    }

    fn words(&self, group: GroupIx, queue: QueueIx, what: &str) -> String {
        let parts = self.directory.parts(queue);
        format!(
            "group {} topic {} broker {} queue {}: {what}",
            self.plan.groups[group.at()].name,
            self.plan.topics[parts.topic.at()].name,
            self.plan.brokers[parts.broker.at()].name,
            parts.queue_id
        )
    }
}

/// What a group's processes hold of a queue.
#[derive(Debug, Default)]
pub(super) struct Holding {
    /// (offset, place) of every message that a process holds or that is on its way to one.
    held: Vec<(u64, Place)>,
    owners: u32,
    /// Where an owner pulls next.
    position: u64,
}

impl Holding {
    /// Where the only owner pulls next, and what is held; `None` when there is no owner, or several.
    pub(super) fn of_one_owner(self) -> Option<(u64, Intervals)> {
        let mut offsets: Vec<u64> = self.held.iter().map(|(offset, _)| *offset).collect();
        offsets.sort_unstable();
        let mut held = Intervals::default();
        for offset in offsets {
            held.insert(offset);
        }
        (self.owners == 1).then_some((self.position, held))
    }
}

/// Whether what a process holds is the record that counts at its offset.
fn is_row(counts: &Message, row: &Row) -> bool {
    (counts.stored_at, counts.born_at, counts.class, counts.key) == (row.stored, row.born, row.class, row.key)
}

/// Places a message can be in between store and consumed, the one furthest on first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Processing,
    Cached,
    InFlight,
}
