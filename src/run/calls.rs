//! How `send()` calls ended for their callers, and what is in the stores of them.

use super::observe::calls::CallRecord;
use super::world::World;
use crate::node::counters::Counter;
use crate::node::outbox::{CallEnd, CallResult};
use crate::protocol::message::SendStatus;
use crate::store::ids::QueueIx;

/// How the calls of a producer ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    /// The caller was told that the message is stored.
    pub(super) accepted: u64,
    /// In an exception.
    pub(super) failed: u64,
    /// One-way: nobody knows.
    pub(super) unknown: u64,
    /// Attempts beyond the first.
    pub(super) retries: u64,
}

impl Ends {
    /// All calls that are over.
    pub(super) const fn all(&self) -> u64 {
        self.accepted + self.failed + self.unknown
    }
}

impl World {
    /// Takes over which attempts brokers have stored.
    pub(super) fn record_stored_sends(&mut self) {
        for stored in self.out.stored_sends.drain(..) {
            let record = CallRecord { queue: stored.queue, offset: stored.offset, stored_at: stored.at };
            self.failing.calls.on_stored(stored.producer, stored.call, record);
        }
    }

    /// Takes over which calls are over.
    pub(super) fn record_calls(&mut self) {
        let mut calls = std::mem::take(&mut self.out.calls);
        for call in calls.drain(..) {
            self.record_call(call);
        }
        self.out.calls = calls;
    }

    fn record_call(&mut self, call: CallEnd) {
        let CallEnd { producer, born, retries, .. } = call;
        let topic = self.plan.producers[producer.at()].topic;
        let ends = &mut self.failing.ends[producer.at()];
        ends.retries += u64::from(retries);
        self.out.counters.add_to_cluster(Counter::SendRetries, u64::from(retries));
        match call.result {
            CallResult::Stored { queue, offset, status, epoch } => {
                ends.accepted += 1;
                let counter = if status == SendStatus::SendOk { Counter::SendsOk } else { Counter::SendsNotOk };
                self.out.counters.add_to_cluster(counter, 1);
                self.producers[producer.at()].latency.record(self.now.since(born).as_nanos());
                let name = self.directory.parts(queue).broker;
                self.failing.sends.on_call(self.now, topic, born, Some(name));
                let known = self.failing.calls.on_end(producer, call.call, retries, Some(offset));
                self.acknowledge(&call, known, (queue, offset), epoch);
            }
            CallResult::Failed(_) => {
                ends.failed += 1;
                self.out.counters.add_to_cluster(Counter::SendsFailed, 1);
                self.failing.sends.on_call(self.now, topic, born, None);
                self.failing.calls.on_end(producer, call.call, retries, None);
            }
            CallResult::Unknown => {
                ends.unknown += 1;
                self.failing.sends.on_oneway(self.now, topic, born);
                self.failing.calls.on_end(producer, call.call, retries, Some(u64::MAX));
            }
        }
    }

    /// A producer was told that its message is stored at an offset. It may be gone by then.
    fn acknowledge(&mut self, call: &CallEnd, known: Option<CallRecord>, told: (QueueIx, u64), epoch: u32) {
        let (queue, offset) = known.map_or(told, |record| (record.queue, record.offset));
        let row = self.row_of(queue, offset);
        let there = row.is_some_and(|row| match known {
            Some(record) => row.stored_at == record.stored_at,
            None => row.born_at == call.born,
        });
        let cut_since = self.failing.cuts[queue.at()].iter().any(|(cut, from)| *cut > epoch && *from <= offset);
        let name = self.directory.parts(queue).broker;
        // The members of a Raft group count their cuts each for itself.
        if there && (!cut_since || self.failing.raft[name.at()]) {
            self.failing.acknowledged[queue.at()].insert(offset);
            return;
        }
        self.out.counters.add_to_cluster(Counter::AcknowledgedLost, 1);
        self.found_committed_lost(name, 1);
    }

    /// Calls that failed although their message is stored, and messages that are stored more than once.
    pub(super) fn stored_against_belief(&self) -> (u64, u64) {
        let present = |record: &CallRecord| {
            let row = self.row_of(record.queue, record.offset);
            row.is_some_and(|row| row.stored_at == record.stored_at)
        };
        self.failing.calls.counts(present)
    }

    /// Whether the calls add up, in words when they do not: every one is over, or still the producer's.
    pub(super) fn calls_add_up(&self) -> Option<String> {
        self.producers.iter().zip(&self.failing.ends).zip(&self.plan.producers).find_map(|((host, ends), plan)| {
            let (calls, over) = (host.path.producer.calls, ends.all());
            let under_way = host.path.producer.tally().under_way;
            let name = &plan.name;
            let what = || format!("producer {name}: {calls} send() calls, but {over} over + {under_way} under way");
            (over + under_way != calls).then(what)
        })
    }
}
