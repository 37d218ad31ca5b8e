//! Whose log counts, and what becomes of messages that are cut off from it: the recovery point of a run.

use super::observe::pauses::Stay;
use super::world::World;
use crate::node::counters::Counter;
use crate::node::fact::Fact;
use crate::node::outbox::{Delivery, Fate};
use crate::protocol::address::Address;
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, QueueIx};
use crate::store::message::Message;
use crate::store::message_store::MessageStore;

impl World {
    /// The process whose log counts for a broker name: its first one, until another one leads.
    pub(super) fn truth_of(&self, name: BrokerIx) -> BrokerIx {
        self.failing.truth[name.at()]
    }

    /// The store that counts for a queue, and the queue's position in it.
    #[inline]
    pub(super) fn store_of(&self, queue: QueueIx) -> (&MessageStore, usize) {
        let parts = self.directory.parts(queue);
        (&self.brokers[self.truth_of(parts.broker).at()].broker.store, parts.local as usize)
    }

    /// Messages ever given an offset in a queue's log as it is now.
    pub(super) fn appended(&self, queue: QueueIx) -> u64 {
        let (store, local) = self.store_of(queue);
        store.appended_offset(local)
    }

    /// The message that counts at an offset.
    pub(super) fn row_of(&self, queue: QueueIx, offset: u64) -> Option<&Message> {
        let (store, local) = self.store_of(queue);
        store.message(local, offset)
    }

    /// Messages cut off from the queues of the run.
    pub(super) fn cut_off(&self) -> u64 {
        self.failing.cut_off.iter().sum()
    }

    /// A process takes the lead of its broker name: its log counts. What only the former log had is lost.
    pub(super) fn lead(&mut self, process: BrokerIx) {
        if !self.plan.fallible {
            return;
        }
        let name = self.failing.names[process.at()];
        let before = std::mem::replace(&mut self.failing.truth[name.at()], process);
        if before == process {
            return;
        }
        let queues: Vec<(QueueIx, usize)> =
            self.directory.queues_of(name).map(|(queue, parts)| (queue, parts.local as usize)).collect();
        let mut lost = 0;
        for (queue, local) in queues {
            let old = &self.brokers[before.at()].broker.store;
            let new = &self.brokers[process.at()].broker.store;
            let had = old.appended_offset(local);
            let same = |offset: &u64| match (old.message(local, *offset), new.message(local, *offset)) {
                (Some(one), Some(other)) => is_same(one, other),
                _ => false,
            };
            let common = (0..had.min(new.appended_offset(local))).find(|offset| !same(offset));
            let common = common.unwrap_or(had.min(new.appended_offset(local)));
            lost += self.cut_queue(queue, common, had - common, None);
        }
        if lost > 0 {
            self.found_committed_lost(name, lost);
        }
        self.may_pass_over(name);
        self.watch_offsets_anew(name);
        self.on_carriers_changed();
    }

    /// A member of a Raft group is about to lose of its log what was not flushed, or all of it: what counts is what the others
    /// have, as the one of them that is ahead has it.
    pub(super) fn outlive(&mut self, node: Address) {
        let Address::Broker(process) = node else { return };
        let name = self.failing.names[process.at()];
        if !self.failing.raft[name.at()] || self.truth_of(name) != process {
            return;
        }
        let others = (0..self.brokers.len()).map(BrokerIx::new);
        let others = others.filter(|other| *other != process && self.failing.names[other.at()] == name);
        if let Some(ahead) = others.max_by_key(|other| self.brokers[other.at()].broker.ledger_end()) {
            self.lead(ahead);
        }
    }

    /// A broker cut records off its log: of each local queue, from which offset on and how many. Counts when its log does.
    pub(super) fn on_cut(&mut self, process: BrokerIx, queues: &[(u32, u64, u64)], epoch: u32) {
        if !self.plan.fallible {
            return;
        }
        let name = self.failing.names[process.at()];
        if self.truth_of(name) != process {
            return;
        }
        let of_name: Vec<(QueueIx, u32)> =
            self.directory.queues_of(name).map(|(queue, parts)| (queue, parts.local)).collect();
        let mut lost = 0;
        for (local, from, messages) in queues {
            if let Some((queue, _)) = of_name.iter().find(|(_, at)| at == local) {
                lost += self.cut_queue(*queue, *from, *messages, Some(epoch));
            }
        }
        self.may_pass_over(name);
        if lost > 0 {
            self.found_committed_lost(name, lost);
        }
        let now = self.now;
        let told = self.facts.iter_mut().rev().take_while(|record| record.at == now);
        let fact = told.filter_map(|record| match &mut record.fact {
            Fact::LogCut { broker, acknowledged: told @ 0, .. } if *broker == process => Some(told),
            _ => None,
        });
        match fact.last() {
            Some(told) => *told = lost,
            None => self.failing.cut_loss = Some((process, now, lost)),
        }
    }

    /// A queue's log ends at `from` now. Returns how many acknowledged messages went.
    pub(super) fn cut_queue(&mut self, queue: QueueIx, from: u64, messages: u64, epoch: Option<u32>) -> u64 {
        if messages == 0 {
            return 0;
        }
        for (group, _) in self.plan.groups.iter().enumerate() {
            if let Some(pair) = self.pairs[group].get(queue.at()).filter(|pair| **pair != u32::MAX) {
                self.ledgers[*pair as usize].truncate(from);
            }
        }
        let failing = &mut self.failing;
        failing.cut_off[queue.at()] += messages;
        failing.cuts[queue.at()].extend(epoch.map(|epoch| (epoch, from)));
        failing.caused[queue.at()] = true;
        let gone = failing.acknowledged[queue.at()].cut(from);
        let lost = gone.iter().map(|(start, end)| end - start).sum();
        self.out.counters.add_to_cluster(Counter::Truncated, messages);
        self.out.counters.add_to_cluster(Counter::AcknowledgedLost, lost);
        lost
    }

    /// From now on offsets of a broker name's queues may point past messages for a known cause.
    pub(super) fn may_pass_over(&mut self, name: BrokerIx) {
        for (queue, _) in self.directory.queues_of(name) {
            self.failing.caused[queue.at()] = true;
        }
    }

    /// Takes the listener calls with messages that are in no log that counts out of what the ledgers are told; notes how long
    /// messages were at a member.
    pub(super) fn set_aside_stale(&mut self, instance: InstanceIx, deliveries: &mut Vec<Delivery>) {
        let group = self.plan.instances[instance.at()].group;
        let mut stale = 0;
        deliveries.retain(|delivery| {
            let pair = self.pairs[group.at()][delivery.queue.at()];
            let left = if delivery.fate == Fate::CutOff { self.now } else { delivery.end.min(self.now) };
            // What the group is done with could not have been delivered before.
            let again = self.ledgers[pair as usize].is_consumed(delivery.offset);
            let stored = if again { delivery.pulled } else { delivery.stored };
            let stay = Stay { stored, arrived: delivery.pulled, left };
            self.failing.pauses.on_stay(pair, instance.at(), stay);
            let counts = self.row_of(delivery.queue, delivery.offset).is_some_and(|row| is_row(row, delivery));
            if !counts {
                stale += u64::from(delivery.fate != Fate::SentBack);
                self.digest.fold(!(delivery.end.as_nanos() ^ (delivery.offset << 40) ^ u64::from(delivery.queue.0)));
            }
            counts
        });
        if stale > 0 {
            self.groups[group.at()].delivered += stale;
            self.out.counters.add_to_cluster(Counter::StaleDeliveries, stale);
        }
    }

    /// Enters the messages that an offset pointed past for a known cause: they are behind the position of the only owner and
    /// nobody holds them.
    pub(super) fn note_passed_over(&mut self) {
        for group in (0..self.plan.groups.len()).map(GroupIx::new) {
            let caused = |(of, queue): &(GroupIx, QueueIx)| *of == group && self.failing.caused[queue.at()];
            let pairs: Vec<usize> = (0..self.pair_keys.len()).filter(|pair| caused(&self.pair_keys[*pair])).collect();
            if pairs.is_empty() {
                continue;
            }
            let mut holdings = self.holdings(group);
            for pair in pairs {
                let queue = self.pair_keys[pair].1;
                let holding = std::mem::take(&mut holdings[queue.at()]);
                let Some((position, held)) = holding.of_one_owner() else { continue };
                let position = position.min(self.appended(queue));
                let mut ledger = std::mem::take(&mut self.ledgers[pair]);
                let (store, local) = self.store_of(queue);
                for offset in ledger.first_unconsumed()..position {
                    if !held.contains(offset)
                        && let Some(row) = store.message(local, offset)
                    {
                        ledger.on_passed_over(offset, u128::from(row.stored_at.as_nanos()));
                    }
                }
                self.ledgers[pair] = ledger;
            }
        }
    }
}

/// Whether two rows are the same record.
pub(super) fn is_same(one: &Message, other: &Message) -> bool {
    (one.stored_at, one.born_at, one.class, one.key) == (other.stored_at, other.born_at, other.class, other.key)
}

/// Whether a delivery is that of this record.
fn is_row(row: &Message, delivery: &Delivery) -> bool {
    (row.stored_at, row.born_at, row.class, row.key) == (delivery.stored, delivery.born, delivery.class, delivery.key)
}

#[cfg(test)]
mod tests;
