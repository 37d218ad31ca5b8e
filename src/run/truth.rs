//! The truth against which views are held, and the observation of facts.

use std::rc::Rc;

use super::observe::views::View;
use super::outcome::FactRecord;
use super::world::World;
use crate::kernel::time::SimTime;
use crate::node::consumer::Presence;
use crate::node::counters::Counter;
use crate::node::fact::{Fact, RouteOwner, StopKind};
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, QueueIx, TopicIx};

/// Who is really in a group: processes that have registered somewhere and work.
#[derive(Debug, Default)]
pub(super) struct GroupTruth {
    members: Vec<(InstanceIx, ClientIx)>,
    list: Option<Rc<[ClientIx]>>,
    /// Members whose views are to be checked when the present event is over.
    pub(super) dirty: Vec<InstanceIx>,
    pub(super) all_dirty: bool,
}

impl GroupTruth {
    pub(super) fn insert(&mut self, instance: InstanceIx, client: ClientIx) {
        if !self.members.contains(&(instance, client)) {
            self.members.retain(|(other, _)| *other != instance);
            self.members.push((instance, client));
            self.list = None;
            self.all_dirty = true;
        }
    }

    fn remove(&mut self, instance: InstanceIx) {
        let before = self.members.len();
        self.members.retain(|(other, _)| *other != instance);
        if self.members.len() != before {
            self.list = None;
            self.all_dirty = true;
        }
    }

    /// Client ids of all members, sorted, repetitions kept.
    pub(super) fn list(&mut self) -> Rc<[ClientIx]> {
        let members = &self.members;
        Rc::clone(self.list.get_or_insert_with(|| {
            let mut ids: Vec<ClientIx> = members.iter().map(|(_, client)| *client).collect();
            ids.sort_unstable();
            ids.into()
        }))
    }
}

impl World {
    /// A node reported a fact: observers fold it, and it is kept.
    pub(super) fn observe(&mut self, mut fact: Fact) {
        if self.plan.fallible {
            self.observe_failure(&mut fact);
        }
        match &fact {
            Fact::Assigned { instance, group, client, queues, .. } => {
                for queue in queues {
                    self.on_assigned(*group, *instance, *client, *queue);
                }
            }
            Fact::Revoked { instance, group, queues, .. } => {
                for queue in queues {
                    let pair = self.pairs[group.at()][queue.at()];
                    self.ownership[pair as usize].end(self.now, *instance);
                }
                self.truths[group.at()].dirty.push(*instance);
            }
            Fact::ClientStarted { group, instance, .. } => {
                self.first_start[group.at()].get_or_insert(self.now);
                self.note_presence(*instance);
            }
            Fact::ClientRegistered { group, instance, client, .. } => {
                self.truths[group.at()].insert(*instance, *client);
            }
            Fact::ClientStopped { instance, group, how, .. } => {
                self.note_presence(*instance);
                self.on_stopped(*group, *instance, *how);
            }
            Fact::ClientThawed { instance, group, client } => {
                self.note_presence(*instance);
                self.truths[group.at()].insert(*instance, *client);
                for pair in self.pairs_of(*group) {
                    self.ownership[pair].thaw(self.now, *instance);
                }
            }
            Fact::Rebalanced { instance, group, .. } => {
                self.truths[group.at()].dirty.push(*instance);
            }
            Fact::RouteChanged { owner: RouteOwner::Consumer { instance, group, .. }, .. } => {
                self.truths[group.at()].dirty.push(*instance);
            }
            Fact::QueuesChanged { topic, broker, read, .. } => {
                self.true_queues.remove(topic);
                let name = self.failing.names.get(broker.at()).map_or(*broker, |name| *name);
                if self.truth_of(name) == *broker {
                    self.on_queues_changed(*topic, name, *read);
                }
                if self.plan.fallible {
                    self.on_route_changed(*topic);
                }
            }
            Fact::PullMoved { instance, group, queue, to, .. } => self.on_pull_moved(*instance, *group, *queue, *to),
            Fact::OffsetReset { instance, group, queue, to, .. } => {
                self.on_offset_reset(*instance, *group, *queue, *to);
            }
            Fact::LockTaken { group, queue, instance, client, .. } => {
                self.locks.begin(self.now, *group, *queue, *instance, *client);
            }
            Fact::LockLost { queue, client, until, expired, .. } => {
                self.locks.end(*queue, *client, *until, *expired);
            }
            Fact::OffsetWentBack { group, queue, from, to, .. } => {
                let pair = self.pairs[group.at()][queue.at()];
                self.ledgers[pair as usize].on_regress(*from, *to);
                self.out.counters.add(Counter::OffsetsBack, *group, 1);
            }
            _ => {}
        }
        self.facts.push(FactRecord { at: self.now, fact });
    }

    fn on_assigned(&mut self, group: GroupIx, instance: InstanceIx, client: ClientIx, queue: QueueIx) {
        let pair = self.pairs[group.at()][queue.at()] as usize;
        let mut begun = 0;
        for owner in self.ownership[pair].recent_owners() {
            self.processes[owner.at()].consumer.settle_calls_of(self.now, queue, &mut self.out);
            self.record_deliveries(owner);
            let rows = self.processes[owner.at()].consumer.rows_of(queue);
            begun = rows.filter(|row| row.start <= self.now).map(|row| row.offset + 1).fold(begun, u64::max);
        }
        let assigned = self.processes[instance.at()].consumer.assigned_to(queue);
        let (mut from, stored) = assigned.map_or((0, None), |assigned| (assigned.first_offset, assigned.offset));
        if self.plan.fallible {
            // A stored offset may point beyond the end of a log that was cut.
            from = from.min(self.appended(queue));
        }
        if self.ledgers[pair].on_assigned(from, begun) {
            self.skip_sums[pair] = self.sum_of_appends_before(queue, from);
        }
        // What a reset opened is passed over again when the reset was gone with its member before it was stored.
        if stored.is_none() || self.ledgers[pair].was_reset() {
            self.jump(pair, queue, from);
        }
        if stored.is_none() && self.processes[instance.at()].consumer.began_without_file() {
            self.ledgers[pair].on_started_over(from);
        }
        self.ownership[pair].begin(self.now, instance, client);
        self.truths[group.at()].dirty.push(instance);
    }

    /// The first pull under a lock begins elsewhere than the queue was taken with.
    fn on_pull_moved(&mut self, instance: InstanceIx, group: GroupIx, queue: QueueIx, to: u64) {
        let pair = self.pairs[group.at()][queue.at()] as usize;
        if self.ledgers[pair].on_moved(to) {
            self.skip_sums[pair] = self.sum_of_appends_before(queue, to);
        }
        let assigned = self.processes[instance.at()].consumer.assigned_to(queue);
        if assigned.is_some_and(|assigned| assigned.offset.is_none()) {
            self.jump(pair, queue, to);
        }
    }

    /// A queue's offset was set on purpose: backwards, messages come again; forwards, they are skipped.
    fn on_offset_reset(&mut self, instance: InstanceIx, group: GroupIx, queue: QueueIx, to: u64) {
        let pair = self.pairs[group.at()][queue.at()] as usize;
        let mut ledger = std::mem::take(&mut self.ledgers[pair]);
        let earlier = ledger.on_reset(to, |offset| self.appended_at(queue, offset));
        self.ledgers[pair] = ledger;
        if earlier {
            self.skip_sums[pair] = self.sum_of_appends_before(queue, to);
        }
        // Another owner (the reset came late, to a member that had been frozen) goes on from where it is.
        let others = self
            .plan
            .instances
            .iter()
            .enumerate()
            .filter(|(index, plan)| plan.group == group && *index != instance.at());
        let positions = others.filter_map(|(index, _)| self.processes[index].consumer.assigned_to(queue));
        let reached = positions.map(|assigned| assigned.next_offset).min();
        self.jump(pair, queue, reached.map_or(to, |reached| reached.max(to)));
    }

    /// What nobody has been given before an offset, nobody will be.
    fn jump(&mut self, pair: usize, queue: QueueIx, to: u64) {
        let to = if self.plan.fallible { to.min(self.appended(queue)) } else { to };
        let mut ledger = std::mem::take(&mut self.ledgers[pair]);
        ledger.on_jump(to, |offset| self.appended_at(queue, offset));
        self.ledgers[pair] = ledger;
    }

    /// Append time of the message that counts at an offset, ns; 0 when there is none.
    pub(super) fn appended_at(&self, queue: QueueIx, offset: u64) -> u128 {
        self.row_of(queue, offset).map_or(0, |message| u128::from(message.stored_at.as_nanos()))
    }

    /// Sum of the append times of a queue's first messages. They are there: nothing is released before a group has started.
    fn sum_of_appends_before(&self, queue: QueueIx, offset: u64) -> u128 {
        let (store, local) = self.store_of(queue);
        (0..offset)
            .filter_map(|index| store.message(local, index))
            .map(|message| u128::from(message.stored_at.as_nanos()))
            .sum()
    }

    fn on_stopped(&mut self, group: GroupIx, instance: InstanceIx, how: StopKind) {
        self.truths[group.at()].remove(instance);
        for pair in self.pairs_of(group) {
            let track = &mut self.ownership[pair];
            if !track.owners().any(|owner| owner == instance) {
                continue;
            }
            if how == StopKind::Frozen {
                track.freeze(self.now, instance);
            } else {
                track.end(self.now, instance);
                if how == StopKind::Killed {
                    self.ledgers[pair].on_owner_died();
                }
            }
        }
        if how != StopKind::Frozen {
            self.processes[instance.at()].views.clear(self.now);
        }
    }

    pub(super) fn on_queues_changed(&mut self, topic: TopicIx, broker: BrokerIx, read: u32) {
        for (pair, (_, queue)) in self.pair_keys.iter().enumerate() {
            let parts = self.directory.parts(*queue);
            if parts.topic != topic || parts.broker != broker {
                continue;
            }
            let track = &mut self.ownership[pair];
            if parts.queue_id < read {
                track.exists_from = track.exists_from.min(self.now);
                track.exists_until = None;
            } else {
                track.exists_until.get_or_insert(self.now);
            }
        }
        for truth in &mut self.truths {
            truth.all_dirty = true;
        }
    }

    fn pairs_of(&self, group: GroupIx) -> Vec<usize> {
        self.pairs[group.at()].iter().filter(|pair| **pair != u32::MAX).map(|pair| *pair as usize).collect()
    }

    /// Compares views with the truth where something has changed since the last time.
    #[inline]
    pub(super) fn check_views(&mut self) {
        for group in 0..self.truths.len() {
            if self.truths[group].all_dirty || !self.truths[group].dirty.is_empty() {
                self.check_group_views(GroupIx::new(group));
            }
        }
    }

    fn check_group_views(&mut self, group: GroupIx) {
        let truth = &mut self.truths[group.at()];
        let all = std::mem::take(&mut truth.all_dirty);
        let mut dirty = std::mem::take(&mut truth.dirty);
        let members = truth.list();
        if all {
            dirty.clear();
            let instances = self.plan.instances.iter().enumerate();
            dirty.extend(instances.filter(|(_, plan)| plan.group == group).map(|(index, _)| InstanceIx::new(index)));
        } else {
            dirty.sort_unstable();
            dirty.dedup();
        }
        dirty.retain(|instance| self.processes[instance.at()].consumer.presence() == Presence::Running);
        self.check_instance_views(group, &dirty, &members);
        dirty.clear();
        self.truths[group.at()].dirty = dirty;
    }

    /// What all members have in common is worked out once: groups can be large, and every joining member changes the truth.
    fn check_instance_views(&mut self, group: GroupIx, instances: &[InstanceIx], members: &Rc<[ClientIx]>) {
        let mut topics: Vec<TopicIx> = Vec::new();
        for instance in instances {
            let theirs = self.processes[instance.at()].consumer.topics();
            topics.extend(theirs.iter().filter(|topic| !topics.contains(topic)).copied().collect::<Vec<_>>());
        }
        let mut verdicts = vec![(true, true); instances.len()];
        for topic in topics {
            let readable = self.readable(topic);
            let route: Vec<(BrokerIx, u32)> = self.readable_on(topic).collect();
            let shares = self.allocations.shares(group, &self.directory, &readable, members);
            for (instance, (route_true, queues_true)) in instances.iter().zip(&mut verdicts) {
                let consumer = &self.processes[instance.at()].consumer;
                if !consumer.topics().contains(&topic) {
                    continue;
                }
                *route_true &= consumer.believed_route(topic).map_or(route.is_empty(), |believed| {
                    let counts = believed.queue_datas.iter().map(|data| (data.broker, data.read_queue_nums));
                    counts.filter(|(_, read)| *read > 0).eq(route.iter().copied())
                });
                *queues_true &= match shares.binary_search_by_key(&consumer.client_id(), |(client, _)| *client) {
                    Ok(position) => {
                        let share = shares[position].1.as_ref();
                        share.is_ok_and(|share| consumer.owned_of(topic).eq(share.iter().copied()))
                    }
                    Err(_) => consumer.owned_of(topic).next().is_none(),
                };
            }
        }
        let now = self.now;
        for (instance, (route_true, queues_true)) in instances.iter().zip(verdicts) {
            let process = &mut self.processes[instance.at()];
            let members_true = process.consumer.believed_members().is_some_and(|believed| believed == members);
            process.views.set(now, View::Route, route_true);
            process.views.set(now, View::Members, members_true);
            process.views.set(now, View::Queues, queues_true);
        }
    }

    /// The queues of a topic that are really readable, sorted.
    fn readable(&mut self, topic: TopicIx) -> Rc<[QueueIx]> {
        if let Some(known) = self.true_queues.get(&topic) {
            return Rc::clone(known);
        }
        let directory = &self.directory;
        let queues: Rc<[QueueIx]> = self
            .readable_on(topic)
            .flat_map(|(broker, count)| (0..count).filter_map(move |id| directory.queue(topic, broker, id)))
            .collect();
        self.true_queues.insert(topic, Rc::clone(&queues));
        queues
    }

    /// Broker names that carry a topic and of which a process runs, with the number of its readable queues there.
    pub(super) fn readable_on(&self, topic: TopicIx) -> impl Iterator<Item = (BrokerIx, u32)> + '_ {
        let names = (0..self.failing.truth.len()).map(BrokerIx::new);
        let carries = |name: &BrokerIx| !self.plan.fallible || self.failing.masters.any_up(*name);
        let counts = move |name: BrokerIx| {
            let broker = &self.brokers[self.truth_of(name).at()].broker;
            (name, broker.topic(topic).map_or(0, |data| data.read_queue_nums))
        };
        names.filter(carries).map(counts).filter(|(_, count)| *count > 0)
    }

    /// Reports the listener calls of an instance that are over by now.
    pub(super) fn settle(&mut self, instance: InstanceIx) {
        let now: SimTime = self.now;
        self.processes[instance.at()].consumer.settle(now, &mut self.out);
        self.record_deliveries(instance);
    }
}
