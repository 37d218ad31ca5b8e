//! Which queue a message goes to (`TopicPublishInfo`, `MQFaultStrategy`, `ThreadLocalIndex`).

use super::machine::Producer;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::Fact;
use crate::node::outbox::Outbox;
use crate::protocol::address::Address;
use crate::store::ids::{BrokerIx, QueueIx};

impl Producer {
    /// `MQFaultStrategy#selectOneMessageQueue`: the next queue, at a retry one of another broker name; with fault tolerance the
    /// next one whose broker is available, whichever was tried before.
    pub(super) fn select(&mut self, now: SimTime, last: Option<BrokerIx>, fallible: bool) -> QueueIx {
        if fallible && self.config.send_latency_fault_enable {
            return self.select_available(now);
        }
        match last {
            None => self.select_next(),
            Some(last) => self.select_avoiding(last),
        }
    }

    /// `TopicPublishInfo#selectOneMessageQueue`: the thread's index, incremented before use.
    #[inline]
    pub(super) fn select_next(&mut self) -> QueueIx {
        let at = self.next_index();
        self.publish[at]
    }

    /// The next thread's index, as a position of the publish list.
    #[inline]
    fn next_index(&mut self) -> usize {
        self.thread = if self.thread + 1 >= self.indexes.len() { 0 } else { self.thread + 1 };
        self.step_index()
    }

    #[inline]
    fn step_index(&mut self) -> usize {
        let index = &mut self.indexes[self.thread];
        *index += 1;
        if *index >= self.publish.len() {
            *index %= self.publish.len();
        }
        *index
    }

    /// `TopicPublishInfo#selectOneMessageQueue(lastBrokerName)`: another broker's queue if there is one.
    pub(super) fn select_avoiding(&mut self, last: BrokerIx) -> QueueIx {
        for _ in 0..self.publish.len() {
            let queue = self.select_next();
            if self.directory.parts(queue).broker != last {
                return queue;
            }
        }
        self.select_next()
    }

    /// With fault tolerance. When no broker is available, the queue that is next is rewritten in the publish list itself to
    /// one of the broker that seems the least bad: until the next route the list has fewer queues of the others.
    fn select_available(&mut self, now: SimTime) -> QueueIx {
        let first = self.next_index();
        for step in 0..self.publish.len() {
            let queue = self.publish[(first + step) % self.publish.len()];
            if self.faults.is_available(now, self.directory.parts(queue).broker) {
                return queue;
            }
        }
        let Some(name) = self.faults.pick_one_at_least(now) else { return self.select_next() };
        let counts = self.route.as_ref().and_then(|route| route.queue_datas.iter().find(|data| data.broker == name));
        let write = counts.map_or(0, |data| data.write_queue_nums);
        if write == 0 {
            self.faults.remove(name);
            return self.select_next();
        }
        let at = self.step_index();
        let id = self.step_index() as u32 % write;
        if let Some(queue) = self.directory.queue(self.load.topic, name, id) {
            self.publish[at] = queue;
        }
        self.publish[at]
    }

    /// An attempt is over: the fault table learns how long it took (`#updateFaultItem`).
    pub(super) fn learn(
        &mut self,
        now: SimTime,
        name: BrokerIx,
        (latency, failed): (SimDuration, bool),
        out: &mut Outbox,
    ) {
        if !self.config.send_latency_fault_enable {
            return;
        }
        let (latency, lasts) = self.faults.update(now, name, latency, failed);
        if let Address::Producer(producer) = self.client.address()
            && !lasts.is_zero()
        {
            out.fact(Fact::Avoided { producer, name, latency, lasts });
        }
    }
}

/// `SelectMessageQueueByHash`: `Math.abs(hash % n)`.
pub(super) fn select_by_hash(hash: i32, publish: &[QueueIx]) -> QueueIx {
    publish[(hash % publish.len() as i32).unsigned_abs() as usize]
}
