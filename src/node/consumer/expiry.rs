//! Messages that stay in the listener for longer than `consumeTimeout`
//! (`ConsumeMessageConcurrentlyService#cleanExpireMsg`, `ProcessQueue#cleanExpiredMsg`).

use super::failures::{Job, Sender, Way};
use super::machine::Consumer;
use super::parts::Presence;
use crate::kernel::time::SimTime;
use crate::node::config::ConsumeMode;
use crate::node::counters::Counter;
use crate::node::fact::Fact;
use crate::node::outbox::{Outbox, Timer};
use crate::store::ids::QueueIx;

/// Messages of one process queue that a run may take.
const AT_ONCE: u32 = 16;

impl Consumer {
    /// The thread starts with the consumer; its first run and its period are `consumeTimeout`. A group that nothing can come
    /// back to does without it.
    pub(super) fn start_cleaning(&self, now: SimTime, out: &mut Outbox) {
        let comes_back = self.deployment.group(self.group).retry_topic.is_some();
        if comes_back && !self.broadcasts() && self.config.consume_mode == ConsumeMode::Concurrently {
            out.arm(Timer::CleanExpired, now + self.config.consume_timeout);
        }
    }

    /// A run of the thread over all process queues.
    pub(super) fn on_clean_expired(&mut self, now: SimTime, out: &mut Outbox) {
        if self.presence() != Presence::Running {
            return;
        }
        out.arm(Timer::CleanExpired, now + self.config.consume_timeout);
        if self.failures.cleaning {
            return;
        }
        let queues: Vec<QueueIx> = self.table.queues().collect();
        let tokens = queues.into_iter().filter_map(|queue| self.table.token(queue)).collect();
        self.failures.cleaning = true;
        self.clean_next(now, Sender::Clean { tokens, left: AT_ONCE }, out);
        self.failures.arm(out);
    }

    /// Goes on with the first process queue: its first message is sent back if it has been in the listener for too long,
    /// and nothing behind it is looked at before.
    pub(super) fn clean_next(&mut self, now: SimTime, sender: Sender, out: &mut Outbox) {
        let Sender::Clean { mut tokens, mut left } = sender else { return };
        while let Some(token) = tokens.front().copied() {
            self.settle_queue(now, token, out);
            let assigned = self.table.by_token(token).filter(|assigned| !assigned.dropped && left > 0);
            let first = assigned.and_then(|assigned| Some((assigned.queue, *assigned.process.iter().next()?)));
            let expired = first.filter(|(_, row)| now.since(row.start) > self.config.consume_timeout);
            let Some((queue, row)) = expired else {
                tokens.pop_front();
                left = AT_ONCE;
                continue;
            };
            let sender = Sender::Clean { tokens, left: left - 1 };
            let rows = [row].into();
            let job = self.failures.add_job(Job { sender, token, queue, rows, way: Way::SendBack, began: now });
            self.send_back_next(now, job, out);
            return;
        }
        self.failures.cleaning = false;
    }

    /// The broker has the message: it leaves the process queue if it is still the first, while its call goes on.
    pub(super) fn take_out_expired(&mut self, now: SimTime, token: u32, offset: u64, out: &mut Outbox) {
        let Some(assigned) = self.table.by_token(token) else { return };
        let queue = assigned.queue;
        let Some(row) = assigned.process.take_first(offset, now) else { return };
        if row.end > now && !row.reported {
            self.leftovers.push((queue, row));
        }
        out.counters.add(Counter::ConsumeTimeouts, self.group, 1);
        let (instance, group, waited) = (self.me, self.group, now.since(row.start));
        out.trace(|| Fact::ConsumeTimedOut { instance, group, queue, offset, waited });
    }
}
