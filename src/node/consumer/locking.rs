//! How an orderly consumer gets, renews and gives back queue locks (`RebalanceImpl#lock`, `#lockAll`, `#unlock`;
//! `ConsumeMessageOrderlyService#lockMQPeriodically`, `#tryLockLaterAndReconsume`), and gives queues up under them.

use super::calls::Pending;
use super::machine::Consumer;
use super::orderly::{Phase, Request};
use super::parts::Presence;
use super::rebalancing::Step;
use crate::consume::flow::EXCEPTION_DELAY;
use crate::consume::queue_lock::{
    CONSUME_LOCK_WAIT, LOCK_ALL_INTERVAL, LOCK_TIMEOUT, RECONSUME_DENIED, RECONSUME_LOCKED, UNLOCK_DELAY,
};
use crate::kernel::time::SimTime;
use crate::node::client::Thread;
use crate::node::fact::Fact;
use crate::node::outbox::{Effect, Outbox, Timer, Wake};
use crate::protocol::message::{Body, Correlation};
use crate::store::ids::{BrokerIx, QueueIx};

impl Consumer {
    /// All queues' locks are asked for, one request per broker; dropped process queues that could not be removed are
    /// among them (4.x).
    pub(super) fn lock_all(&mut self, now: SimTime, out: &mut Outbox) {
        out.arm(Timer::LockAll, now + LOCK_ALL_INTERVAL);
        for (name, queues) in self.queues_by_broker() {
            let Some(broker) = self.master_of_name(name, out.fallible) else { continue };
            let body = Body::Lock(self.group, self.client.id, queues.clone());
            self.call_async(now, Pending::LockAll(queues), broker, body, LOCK_TIMEOUT, out);
        }
    }

    /// What is not in the answer is not locked; without an answer nothing changes.
    pub(super) fn on_all_locked(&mut self, now: SimTime, queues: &[QueueIx], answer: Option<Body>) {
        let Some(Body::Locked(locked)) = answer else { return };
        for queue in queues {
            if let Some(token) = self.table.token(*queue)
                && let Some(assigned) = self.table.by_token(token)
            {
                if locked.contains(queue) {
                    assigned.orderly.lock.grant(now);
                } else {
                    assigned.orderly.lock.lose();
                }
            }
        }
    }

    /// Owned queues by broker.
    pub(super) fn queues_by_broker(&self) -> Vec<(BrokerIx, Vec<QueueIx>)> {
        let mut by_broker: Vec<(BrokerIx, Vec<QueueIx>)> = Vec::new();
        for queue in self.table.queues() {
            let broker = self.directory.parts(queue).broker;
            match by_broker.iter_mut().find(|(known, _)| *known == broker) {
                Some((_, queues)) => queues.push(queue),
                None => by_broker.push((broker, vec![queue])),
            }
        }
        by_broker
    }

    /// A consume request without a valid lock asks for it.
    pub(super) fn lock_later(&mut self, now: SimTime, token: u32, out: &mut Outbox) {
        let Some(queue) = self.table.by_token(token).map(|assigned| assigned.queue) else {
            self.orderly.requests.remove(&token);
            return;
        };
        let turn = self.orderly.step(token, Phase::Locking);
        let Some(broker) = self.master_of(queue, out.fallible) else {
            self.on_locked_later(now, token, turn, None, out);
            return;
        };
        let body = Body::Lock(self.group, self.client.id, vec![queue]);
        self.call_async(now, Pending::LockLater(token, turn), broker, body, LOCK_TIMEOUT, out);
    }

    /// Its answer: the request is submitted again, soon or after a while.
    pub(super) fn on_locked_later(
        &mut self,
        now: SimTime,
        token: u32,
        turn: u32,
        body: Option<Body>,
        out: &mut Outbox,
    ) {
        if self.orderly.at(token, turn).is_none() {
            return;
        }
        let Some(assigned) = self.table.by_token(token) else {
            self.orderly.requests.remove(&token);
            return;
        };
        let granted = matches!(body, Some(Body::Locked(locked)) if locked.contains(&assigned.queue));
        if granted {
            assigned.orderly.lock.grant(now);
        }
        let after = if granted { RECONSUME_LOCKED } else { RECONSUME_DENIED };
        self.wake_request(now, token, Phase::Later, after, out);
    }

    /// The rebalance thread wants a queue: its lock comes first; false when there is no master to ask for it.
    pub(super) fn lock_for_rebalance(&mut self, now: SimTime, queue: QueueIx, out: &mut Outbox) -> bool {
        let Some(broker) = self.master_of(queue, out.fallible) else { return false };
        let body = Body::Lock(self.group, self.client.id, vec![queue]);
        self.client.call(now, Thread::Rebalance, broker, body, LOCK_TIMEOUT, out);
        true
    }

    /// Gives up the queues of the run one after another (`RebalancePushImpl#removeUnnecessaryMessageQueue`): a queue whose
    /// listener runs is waited for, and left for the next run if that takes too long.
    pub(super) fn leave_next(&mut self, now: SimTime, out: &mut Outbox) {
        loop {
            let Some(run) = &mut self.rebalance.run else { return };
            let waited = std::mem::take(&mut run.waited);
            let Some(queue) = run.to_leave.front().copied() else {
                let mut to_take = std::mem::take(&mut run.to_take);
                // A process queue that could not be removed keeps its queue from being taken anew.
                to_take.retain(|queue| self.table.token(*queue).is_none());
                run.to_take = to_take;
                self.take_next(now, out);
                return;
            };
            if !waited {
                self.persist_dropped(queue, out);
            }
            if let Some(until) = self.in_listener(queue) {
                if !waited {
                    if let Some(run) = &mut self.rebalance.run {
                        (run.waited, run.step) = (true, Step::GiveUp);
                    }
                    out.arm(Timer::RebalanceWork, until.min(now + CONSUME_LOCK_WAIT).max(now));
                    return;
                }
            } else {
                self.unlock_left(now, queue, out);
                self.revoke(now, &[queue], out);
                if let Some(run) = &mut self.rebalance.run {
                    run.lost += 1;
                }
            }
            if let Some(run) = &mut self.rebalance.run {
                run.to_leave.pop_front();
            }
        }
    }

    /// Steps before the process queue can be removed: it is dropped, its offset stored and forgotten.
    fn persist_dropped(&mut self, queue: QueueIx, out: &mut Outbox) {
        let Some(token) = self.table.token(queue) else { return };
        let Some(assigned) = self.table.by_token(token) else { return };
        assigned.dropped = true;
        if let Some(offset) = assigned.offset.take() {
            assigned.first_offset = offset;
            self.send_offsets(vec![(queue, offset)], out);
        }
    }

    /// When the listener call of a queue ends, if one is under way: its consume lock is taken.
    pub(super) fn in_listener(&self, queue: QueueIx) -> Option<SimTime> {
        match self.orderly.requests.get(&self.table.token(queue)?) {
            Some(Request { phase: Phase::Calling { until, .. }, .. }) => Some(*until),
            _ => None,
        }
    }

    /// A queue given up is unlocked at once, or, with messages in its cache, after a while.
    pub(super) fn unlock_left(&mut self, now: SimTime, queue: QueueIx, out: &mut Outbox) {
        let Some(token) = self.table.token(queue) else { return };
        let on_the_way = match self.orderly.requests.get(&token) {
            Some(Request { phase: Phase::Sending { messages, .. }, .. }) => *messages,
            _ => 0,
        };
        let cached = self.table.by_token(token).map_or(0, |assigned| assigned.process.rows());
        if cached > on_the_way {
            out.effects.push(Effect::WakeAt(Wake::Unlock(queue, self.starts), now + UNLOCK_DELAY));
        } else {
            self.unlock(queue, out);
        }
    }

    /// The delayed unlock, whoever has the queue by now; it dies with the process.
    pub(super) fn on_unlock_delayed(&mut self, queue: QueueIx, starts: u32, out: &mut Outbox) {
        if self.presence == Presence::Running && starts == self.starts {
            self.unlock(queue, out);
        }
    }

    pub(super) fn unlock(&self, queue: QueueIx, out: &mut Outbox) {
        let Some(broker) = self.master_of(queue, out.fallible) else { return };
        out.send(broker, Correlation::ONEWAY, Body::Unlock(self.group, self.client.id, vec![queue]));
    }

    /// Whether a pull may go out as far as the lock is concerned. Under a lock that was not there before, the offset is
    /// worked out once more: the former owner may have stored one in between. Else the pull comes again by itself.
    pub(super) fn pulls_under_lock(&mut self, now: SimTime, token: u32, out: &mut Outbox) -> bool {
        let Some(assigned) = self.table.by_token(token) else { return false };
        if !assigned.orderly.lock.is_locked() {
            out.effects.push(Effect::PullAt(token, now + EXCEPTION_DELAY));
            return false;
        }
        if assigned.orderly.previously_locked {
            return true;
        }
        assigned.orderly.asks_offset = true;
        let queue = assigned.queue;
        self.ask_first_offset(now, token, queue, out);
        false
    }

    /// Pulling under the lock begins here.
    pub(super) fn begin_under_lock(
        &mut self,
        now: SimTime,
        token: u32,
        from: u64,
        stored: Option<u64>,
        out: &mut Outbox,
    ) {
        let Some(assigned) = self.table.by_token(token) else { return };
        (assigned.orderly.previously_locked, assigned.orderly.asks_offset) = (true, false);
        if assigned.dropped {
            return;
        }
        let (queue, before) = (assigned.queue, assigned.next_offset);
        (assigned.next_offset, assigned.first_offset) = (from, from);
        assigned.offset = stored.or(assigned.offset);
        if from != before {
            assigned.process = crate::consume::process_queue::ProcessQueue::new(from);
            let (instance, group, client) = (self.me, self.group, self.client.id);
            out.fact(Fact::PullMoved { instance, group, client, queue, from: before, to: from });
        }
        self.on_pull(now, token, out);
    }

    /// The offset could not be had: the pull comes again.
    pub(super) fn first_pull_failed(&mut self, now: SimTime, token: u32, out: &mut Outbox) {
        if let Some(assigned) = self.table.by_token(token) {
            assigned.orderly.asks_offset = false;
            out.effects.push(Effect::PullAt(token, now + EXCEPTION_DELAY));
        }
    }
}
