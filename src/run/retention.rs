//! Giving back messages that nobody will read again, so that memory follows the backlog.
//!
//! A message can still be read if it is not before the lowest offset from which anybody may pull: the committed offset of every
//! group that is meant to read the queue, and every offset that a living or frozen process still has in memory and may commit
//! (a thawed process commits old ones), that is on its way to a broker, or that a held pull waits at. The mark takes effect one
//! period later.

use super::world::{Event, World};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{ConsumeFromWhere, MessageModel};
use crate::protocol::address::Address;
use crate::protocol::message::Body;
use crate::run::outcome::Plan;
use crate::scenario::plan::{Action, QueueKey, TopicRole};
use crate::store::ids::{GroupIx, InstanceIx, QueueIx};

/// How often the marks are computed.
const PERIOD: SimDuration = SimDuration::from_secs(1);
/// From a reset of offsets until everyone has stored the new ones: the members' pause, and time to take the queues anew.
const RESET_TAKES: SimDuration = SimDuration::from_secs(60);

/// Marks waiting to take effect.
#[derive(Debug, Default)]
pub(super) struct RetentionState {
    /// Per queue: messages before this offset are released at the next period.
    pending: Vec<u64>,
    /// Nothing is given back.
    keep_all: bool,
    /// The queues that the brokers' checks of transactions read.
    halves: Vec<(QueueIx, TopicRole)>,
    pub(super) messages_max: u64,
    pub(super) bytes_max: u64,
}

impl RetentionState {
    pub(super) fn new(plan: &Plan) -> Self {
        let role = |(index, queue): (usize, &QueueKey)| (QueueIx::new(index), plan.topics[queue.topic.at()].role);
        let halves = plan.queues.iter().enumerate().map(role);
        let halves = halves.filter(|(_, role)| matches!(role, TopicRole::Half | TopicRole::Op)).collect();
        Self { pending: vec![0; plan.queues.len()], halves, ..Self::default() }
    }
}

impl World {
    /// Nothing is given back in this run, and the stores are looked at at this time.
    pub(super) fn keep_messages(&mut self, at: Option<SimTime>) {
        self.retention.keep_all = true;
        if let Some(at) = at {
            self.queue.push(at, Event::Image);
        }
    }

    /// Releases by the marks of the last period and computes the next ones.
    pub(super) fn give_back(&mut self) {
        if self.plan.fallible {
            // An offset that went back may be read from again: everything is kept.
            return;
        }
        self.measure_retention();
        let marks = self.marks();
        for (index, mark) in marks.into_iter().enumerate() {
            let parts = self.directory.parts(QueueIx::new(index));
            let release = self.retention.pending[index].min(mark);
            self.brokers[parts.broker.at()].broker.store.release(parts.local as usize, release);
            self.retention.pending[index] = mark;
        }
        self.queue.push(self.now + PERIOD, Event::Retention);
    }

    /// Keeps the greatest numbers seen.
    pub(super) fn measure_retention(&mut self) {
        let stores = || self.brokers.iter().map(|host| &host.broker.store);
        let messages: u64 = stores().map(|store| store.retained_messages()).sum();
        let bytes: u64 = stores().map(|store| store.retained_bytes()).sum();
        if messages > self.retention.messages_max {
            self.retention.messages_max = messages;
            self.retention.bytes_max = bytes;
        }
    }

    /// Per queue: the lowest offset that anybody may still read.
    fn marks(&self) -> Vec<u64> {
        let mut marks: Vec<u64> = (0..self.directory.len())
            .map(|index| {
                if self.retention.keep_all {
                    return 0;
                }
                let parts = self.directory.parts(QueueIx::new(index));
                self.brokers[parts.broker.at()].broker.store.appended_offset(parts.local as usize)
            })
            .collect();
        for (group, queue) in &self.pair_keys {
            let least = self.least_stored(*group, *queue).min(self.least_reset(*group, *queue));
            marks[queue.at()] = marks[queue.at()].min(least);
        }
        for host in &self.brokers {
            for (queue, offset) in host.broker.delay_offsets().chain(host.broker.held_offsets()) {
                marks[queue.at()] = marks[queue.at()].min(offset);
            }
        }
        for (queue, role) in &self.retention.halves {
            let mark = &mut marks[queue.at()];
            *mark = (*mark).min(self.transaction_mark(*queue, *role));
        }
        for process in &self.processes {
            for assigned in process.consumer.assigned() {
                let needed = assigned.offset.unwrap_or(assigned.first_offset);
                let mut mark = marks[assigned.queue.at()].min(needed);
                if assigned.orderly.asks_offset {
                    // The answer may be on its way.
                    mark = mark.min(self.retention.pending[assigned.queue.at()]);
                }
                marks[assigned.queue.at()] = mark;
            }
            for (queue, offset) in process.consumer.resets_under_way() {
                marks[queue.at()] = marks[queue.at()].min(offset);
            }
            // Between the answer to its offset query and its first pull only the member knows from where it will pull.
            if let Some(queue) = process.consumer.asks_offset_of() {
                marks[queue.at()] = marks[queue.at()].min(self.retention.pending[queue.at()]);
            }
        }
        for envelope in self.mail.iter() {
            match &envelope.body {
                Body::Pull(request) => {
                    let least = request.commit_offset.unwrap_or(request.offset).min(request.offset);
                    marks[request.queue.at()] = marks[request.queue.at()].min(least);
                }
                Body::ResetOffset(_, offsets) => {
                    for (queue, offset) in offsets.iter() {
                        marks[queue.at()] = marks[queue.at()].min(*offset);
                    }
                }
                Body::UpdateOffsets { offsets, .. } => {
                    for (queue, offset) in offsets {
                        marks[queue.at()] = marks[queue.at()].min(*offset);
                    }
                }
                _ => {}
            }
        }
        marks
    }

    /// The lowest offset of a half or operation queue that its broker, or a request under way, may still name.
    fn transaction_mark(&self, queue: QueueIx, role: TopicRole) -> u64 {
        let broker = self.directory.parts(queue).broker;
        let (half, operation) = self.brokers[broker.at()].broker.transaction_floors();
        if role == TopicRole::Op {
            return operation;
        }
        let here = Address::Broker(broker);
        let ends = self.ends.iter().filter(|(_, to, _)| *to == broker).map(|(.., end)| end.half_offset);
        let mail = self.mail.iter().filter_map(|envelope| match &envelope.body {
            Body::EndTransaction(end) if envelope.to == here => Some(end.half_offset),
            Body::CheckTransaction(check) if envelope.from == here => Some(check.half_offset),
            _ => None,
        });
        ends.chain(mail).fold(half, u64::min)
    }

    /// The lowest offset that a member of a group may find stored when it starts.
    fn least_stored(&self, group: GroupIx, queue: QueueIx) -> u64 {
        let config = &self.plan.groups[group.at()].config;
        if config.message_model == MessageModel::Clustering {
            let parts = self.directory.parts(queue);
            let committed = self.brokers[parts.broker.at()].broker.offsets.committed(group, parts.local as usize);
            return committed.unwrap_or(0);
        }
        let members = || self.plan.instances.iter().zip(&self.processes).filter(|(plan, _)| plan.group == group);
        let starts_later = |instance: InstanceIx| self.plan.instances[instance.at()].group == group;
        let from_history = config.consume_from_where != ConsumeFromWhere::LastOffset
            && self.plan.timeline.iter().any(|timed| {
                timed.at >= self.now
                    && matches!(timed.action, Action::StartConsumer { instance, .. } if starts_later(instance))
            });
        if from_history {
            return 0;
        }
        members().map(|(_, process)| process.consumer.lowest_local_offset(queue).unwrap_or(0)).min().unwrap_or(0)
    }

    /// The lowest offset to which the timeline will still set a group back.
    fn least_reset(&self, group: GroupIx, queue: QueueIx) -> u64 {
        let parts = self.directory.parts(queue);
        let store = &self.brokers[parts.broker.at()].broker.store;
        let resets = self.plan.timeline.iter().filter(|timed| timed.at + RESET_TAKES >= self.now);
        let targets = resets.filter_map(|timed| match timed.action {
            Action::ResetOffset { group: of, topic, to: Some(to), .. } if of == group && topic == parts.topic => {
                Some(store.offset_by_time(parts.local as usize, to).saturating_sub(1))
            }
            _ => None,
        });
        targets.min().unwrap_or(u64::MAX)
    }
}
