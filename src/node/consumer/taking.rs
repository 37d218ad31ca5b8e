//! How the rebalance thread takes queues (`RebalanceImpl#updateProcessQueueTableInRebalance`, part 2): one after another, each
//! with its lock and its starting offset first. What cannot be had, or asked for, is tried again at the next run.

use super::machine::Consumer;
use super::rebalancing::Step;
use super::starting::{OFFSET_TIMEOUT, SEARCH_TIMEOUT, Start, Stored};
use super::table::{Assigned, OrderlyQueue};
use crate::consume::process_queue::ProcessQueue;
use crate::consume::queue_lock::ClientLock;
use crate::kernel::time::SimTime;
use crate::node::client::Thread;
use crate::node::fact::Fact;
use crate::node::outbox::Outbox;
use crate::store::ids::QueueIx;

impl Consumer {
    /// Part 2: each gained queue needs its lock, if it is orderly, and its offset first, one call after another.
    pub(super) fn take_next(&mut self, now: SimTime, out: &mut Outbox) {
        let orderly = self.is_orderly();
        loop {
            let Some(run) = &mut self.rebalance.run else { return };
            let Some(queue) = run.to_take.front().copied() else {
                self.end_topic(now, out);
                return;
            };
            let asked = if orderly {
                run.step = Step::Lock;
                self.lock_for_rebalance(now, queue, out)
            } else {
                self.ask_offset(now, out)
            };
            if asked {
                return;
            }
            if let Some(run) = &mut self.rebalance.run {
                run.to_take.pop_front();
            }
        }
    }

    /// The stored offset of the queue at the front is looked up; false when there is nobody to ask.
    pub(super) fn ask_offset(&mut self, now: SimTime, out: &mut Outbox) -> bool {
        let Some(run) = &mut self.rebalance.run else { return true };
        let Some(queue) = run.to_take.front().copied() else { return true };
        run.step = Step::QueryOffset;
        match self.stored_offset(queue) {
            Stored::Known(Some(offset)) => self.take_front(now, offset, Some(offset), out),
            Stored::Known(None) => return self.start_without_offset(now, out),
            Stored::Ask(body) => {
                let Some(broker) = self.offsets_of(queue, out.fallible) else { return false };
                self.client.call(now, Thread::Rebalance, broker, body, OFFSET_TIMEOUT, out);
            }
        }
        true
    }

    /// `RebalancePushImpl#computePullFromWhereWithException` when the broker knows no offset; false when nobody can be asked.
    pub(super) fn start_without_offset(&mut self, now: SimTime, out: &mut Outbox) -> bool {
        let Some(run) = &mut self.rebalance.run else { return true };
        let Some(queue) = run.to_take.front().copied() else { return true };
        run.step = Step::StartOffset;
        match self.start_rule(queue) {
            Start::At(offset) => self.take_front(now, offset, None, out),
            Start::Ask(body) => {
                let Some(broker) = self.master_of(queue, out.fallible) else { return false };
                self.client.call(now, Thread::Rebalance, broker, body, SEARCH_TIMEOUT, out);
            }
        }
        true
    }

    pub(super) fn take_front(&mut self, now: SimTime, from: u64, stored: Option<u64>, out: &mut Outbox) {
        let Some(queue) = self.rebalance.run.as_mut().and_then(|run| run.to_take.pop_front()) else { return };
        let token = self.assign(now, queue, from, stored, out);
        if let Some(run) = &mut self.rebalance.run {
            run.gained += 1;
            run.pulls.push(token);
        }
        self.take_next(now, out);
    }

    /// The queue at the front is left for the next run.
    pub(super) fn skip_front(&mut self, now: SimTime, out: &mut Outbox) {
        if let Some(run) = &mut self.rebalance.run {
            run.to_take.pop_front();
            self.take_next(now, out);
        }
    }

    /// Creates a process queue; its pull request goes to the pull thread when the whole topic is done.
    pub(super) fn assign(
        &mut self,
        now: SimTime,
        queue: QueueIx,
        from: u64,
        stored: Option<u64>,
        out: &mut Outbox,
    ) -> u32 {
        // Since 4.9.5 a process queue made under a lock is locked from its beginning.
        let lock = if self.is_orderly() { ClientLock::granted(now) } else { ClientLock::default() };
        let token = self.table.insert(Assigned {
            orderly: OrderlyQueue { lock, ..OrderlyQueue::default() },
            queue,
            process: ProcessQueue::new(from),
            next_offset: from,
            first_offset: from,
            offset: stored,
            suggest: 0,
            last_pull: now,
            dropped: false,
        });
        let parts = self.directory.parts(queue);
        out.fact(Fact::Assigned {
            instance: self.me,
            group: self.group,
            client: self.client.id,
            topic: parts.topic,
            broker: parts.broker,
            queues: vec![queue],
        });
        token
    }
}
