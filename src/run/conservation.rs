//! Conservation: every message that was accepted is in a countable place, and the places add up.

use super::outcome::{Conservation, GroupConservation};
use super::world::World;
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
        found.stored = in_stores - self.preloaded;
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
        for (pair, (_, queue)) in self.pair_keys.iter().enumerate().filter(|(_, (of, _))| *of == group) {
            let ledger = &self.ledgers[pair];
            let appended = self.appended(*queue);
            let mut held = self.held(group, *queue);
            held.sort_unstable();
            held.dedup_by_key(|(offset, _)| *offset);
            held.retain(|(offset, _)| !ledger.is_consumed(*offset));
            let count = |place: Place| held.iter().filter(|(_, at)| *at == place).count() as u64;
            let (processing, cached, in_flight) =
                (count(Place::Processing), count(Place::Cached), count(Place::InFlight));
            let skipped = ledger.skipped(appended);
            places.stored += appended;
            places.skipped += skipped;
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
            if let Some(position) = self.sole_owner_position(group, *queue) {
                let before = held.partition_point(|(offset, _)| *offset < position) as u64;
                let accounted = ledger.consumed_before(position) + before + skipped.min(position);
                if accounted < position {
                    let missing = position - accounted;
                    violation =
                        Some(self.words(group, *queue, &format!("{missing} messages before {position} are nowhere")));
                }
            }
        }
        (places, violation)
    }

    /// (offset, place) of every message of a queue that a process of the group holds or that is on its way to one.
    fn held(&self, group: GroupIx, queue: QueueIx) -> Vec<(u64, Place)> {
        let mut held = Vec::new();
        for (index, process) in self.processes.iter().enumerate() {
            if self.plan.instances[index].group != group {
                continue;
            }
            for row in process.consumer.rows_of(queue) {
                let place = if row.start <= self.now { Place::Processing } else { Place::Cached };
                if row.end > self.now || process.consumer.frozen() {
                    held.push((row.offset, place));
                }
            }
        }
        for envelope in self.mail.iter() {
            if let Body::PullReply(reply) = &envelope.body
                && reply.queue == queue
                && self.is_member(envelope.to, group)
            {
                held.extend(reply.batch.iter().map(|pulled| (pulled.offset, Place::InFlight)));
            }
        }
        held
    }

    fn is_member(&self, address: crate::protocol::address::Address, group: GroupIx) -> bool {
        match address {
            crate::protocol::address::Address::Consumer(instance) => self.plan.instances[instance.at()].group == group,
            _ => false,
        }
    }

    /// Where the only owner of a queue pulls next; `None` when nobody or more than one owns it.
    fn sole_owner_position(&self, group: GroupIx, queue: QueueIx) -> Option<u64> {
        let mut owners = self
            .processes
            .iter()
            .enumerate()
            .filter(|(index, _)| self.plan.instances[*index].group == group)
            .filter_map(|(_, process)| process.consumer.assigned_to(queue));
        let owner = owners.next()?;
        if owners.next().is_some() || owner.dropped {
            return None;
        }
        Some(owner.next_offset)
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

/// Places a message can be in between store and consumed, the one furthest on first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Processing,
    Cached,
    InFlight,
}
