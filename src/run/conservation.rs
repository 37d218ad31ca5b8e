//! Conservation: every message that was accepted is in a countable place, and the places add up.

use super::outcome::{Conservation, GroupConservation};
use super::world::World;
use crate::consume::process_queue::Row;
use crate::protocol::message::Body;
use crate::store::ids::{GroupIx, QueueIx};

impl World {
    /// Checks the sums now; the first violation ends the run.
    pub(super) fn check_conservation(&mut self) {
        self.checks += 1;
        let found = self.conservation();
        if let Some(violation) = found.violation
            && self.violation.is_none()
        {
            self.violation = Some((self.now, violation));
        }
    }

    /// Counts every place. Everything must have been settled to the present.
    pub(super) fn conservation(&self) -> Conservation {
        let mut found = Conservation { checks: self.checks, preloaded: self.preloaded, ..Conservation::default() };
        for host in &self.producers {
            found.offered += host.path.producer.calls;
            found.sending += host.path.sending();
            found.failed += host.path.failed;
        }
        let in_stores: u64 = (0..self.directory.len()).map(|index| self.appended(QueueIx::new(index))).sum();
        found.copies = self.copies.copies;
        found.stored = in_stores - self.preloaded - found.copies;
        (found.scheduled_waiting, found.scheduled_delivered, found.violation) = self.scheduled();
        if found.offered != found.sending + found.failed + found.stored {
            found.violation = Some(format!(
                "{} send() calls, but {} under way + {} failed + {} stored",
                found.offered, found.sending, found.failed, found.stored
            ));
        }
        for group in 0..self.groups.len() {
            let (places, violation) = self.group_conservation(GroupIx::new(group));
            found.groups.push(places);
            found.violation = found.violation.or(violation);
        }
        found
    }

    pub(super) fn appended(&self, queue: QueueIx) -> u64 {
        let parts = self.directory.parts(queue);
        self.brokers[parts.broker.at()].broker.store.appended_offset(parts.local as usize)
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
            let Holding { mut held, owners, position } = std::mem::take(&mut holdings[queue.at()]);
            held.sort_unstable();
            held.dedup_by_key(|(offset, _)| *offset);
            held.retain(|(offset, _)| !ledger.is_consumed(*offset) && !ledger.is_passed(*offset));
            let count = |place: Place| held.iter().filter(|(_, at)| *at == place).count() as u64;
            let (processing, cached, in_flight) =
                (count(Place::Processing), count(Place::Cached), count(Place::InFlight));
            let skipped = ledger.skipped(appended);
            places.stored += appended;
            let (filtered, lost) = ledger.filtered();
            places.skipped += skipped - filtered - lost;
            places.filtered += filtered;
            places.lost += lost;
            places.processing += processing;
            places.cached += cached;
            places.in_flight += in_flight;
            places.consumed += ledger.consumed();
            let elsewhere = skipped + ledger.consumed() + held.len() as u64;
            let Some(unread) = appended.checked_sub(elsewhere) else {
                violation = Some(self.words(group, *queue, "more messages in places than were stored"));
                continue;
            };
            places.unread += unread;
            if owners == 1 {
                let before = held.partition_point(|(offset, _)| *offset < position) as u64;
                let accounted = ledger.consumed_before(position) + before + ledger.skipped_before(position);
                if accounted < position {
                    let missing = position - accounted;
                    violation =
                        Some(self.words(group, *queue, &format!("{missing} messages before {position} are nowhere")));
                }
            }
        }
        (places, violation)
    }

    /// Per queue: what processes of a group hold or is on its way to one, and who pulls it.
    fn holdings(&self, group: GroupIx) -> Vec<Holding> {
        let mut holdings: Vec<Holding> = Vec::new();
        holdings.resize_with(self.directory.len(), Holding::default);
        for (index, process) in self.processes.iter().enumerate() {
            if self.plan.instances[index].group != group {
                continue;
            }
            let now = process.consumer.clock(self.now);
            let hold = |holding: &mut Holding, row: &Row| {
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
                assigned.process.iter().for_each(|row| hold(holding, row));
            }
            process.consumer.leftovers().for_each(|(queue, row)| hold(&mut holdings[queue.at()], row));
        }
        for envelope in self.mail.iter() {
            if let Body::PullReply(reply) = &envelope.body
                && self.is_member(envelope.to, group)
            {
                let held = &mut holdings[reply.queue.at()].held;
                held.extend(reply.batch.iter().map(|pulled| (pulled.offset, Place::InFlight)));
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
struct Holding {
    /// (offset, place) of every message that a process holds or that is on its way to one.
    held: Vec<(u64, Place)>,
    owners: u32,
    /// Where an owner pulls next.
    position: u64,
}

/// Places a message can be in between store and consumed, the one furthest on first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Processing,
    Cached,
    InFlight,
}
