//! How a consumer stores its offsets, and how its process ends.

use super::machine::Consumer;
use super::parts::Presence;
use crate::consume::queue_lock::LOCK_TIMEOUT;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::client::Thread;
use crate::node::config::MessageModel;
use crate::node::fact::{Fact, StopKind};
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, Correlation};
use crate::store::ids::QueueIx;

/// `UNREGISTER_CLIENT`'s timeout (`mqClientApiTimeout`).
const UNREGISTER_TIMEOUT: SimDuration = SimDuration::from_secs(3);

impl Consumer {
    /// `shutdown()` is called: running listener calls are interrupted (`awaitTerminationMillisWhenShutdown` 0), offsets are
    /// sent, then every broker is told.
    pub fn on_shutdown(&mut self, now: SimTime, out: &mut Outbox) {
        self.interrupt(now, out);
        let unlock = if self.renews_locks() { self.queues_by_broker() } else { Vec::new() };
        if unlock.is_empty() {
            self.persist_all(now, out);
        } else {
            self.farewell.offsets = self.offsets_in_memory();
        }
        self.table.take_all();
        self.orderly.stop();
        self.resets.stop();
        self.presence = Presence::Stopping;
        for timer in [Timer::Started, Timer::Scheduler, Timer::RebalanceWait, Timer::RebalanceWork, Timer::LockAll] {
            out.disarm(timer);
        }
        self.rebalance.stop();
        self.client.abandon_calls(out);
        self.forget_calls();
        out.fact(self.stopped(StopKind::Graceful));
        self.farewell.unlock = unlock;
        self.farewell.unlock.reverse();
        self.farewell.unregister = self.client.brokers().addresses().map(|(_, process)| process).collect();
        self.farewell.unregister.reverse();
        self.farewell_next(now, out);
    }

    /// The process is killed: nothing is sent; its connections are closed by the kernel.
    pub fn on_killed(&mut self, now: SimTime, out: &mut Outbox) {
        self.on_host_lost(now, out);
        out.effects.push(Effect::Exit);
    }

    /// The host is gone with the process: as killed, but nobody closes its connections.
    pub fn on_host_lost(&mut self, now: SimTime, out: &mut Outbox) {
        let was_frozen = std::mem::take(&mut self.frozen);
        if was_frozen {
            self.cut_off_all(self.frozen_at, out)
        } else {
            self.interrupt(now, out)
        }
        self.table.take_all();
        self.orderly.stop();
        self.resets.stop();
        self.rebalance.stop();
        self.presence = Presence::Absent;
        self.forget_calls();
        out.fact(self.stopped(StopKind::Killed));
    }

    /// Sends the offsets of these queues, one message per broker (`RemoteBrokerOffsetStore#persistAll`).
    pub(super) fn send_offsets(&mut self, offsets: Vec<(QueueIx, u64)>, out: &mut Outbox) {
        if self.config.message_model == MessageModel::Broadcasting {
            // `LocalFileOffsetStore#persist` of single queues does nothing.
            return;
        }
        let mut rest = offsets.as_slice();
        while let Some((first, _)) = rest.first() {
            let broker = self.directory.parts(*first).broker;
            let count = rest.iter().take_while(|(queue, _)| self.directory.parts(*queue).broker == broker).count();
            let (batch, tail) = rest.split_at(count);
            rest = tail;
            let Some(broker) = self.keeper_of(broker, out.fallible) else { continue };
            out.send(
                Address::Broker(broker),
                Correlation::ONEWAY,
                Body::UpdateOffsets { group: self.group, offsets: batch.to_vec() },
            );
            out.fact(Fact::OffsetsPersisted {
                instance: self.me,
                group: self.group,
                client: self.client.id,
                broker,
                queues: count as u32,
            });
        }
    }

    pub(super) fn persist_all(&mut self, now: SimTime, out: &mut Outbox) {
        self.settle(now, out);
        let offsets = self.offsets_in_memory();
        match self.config.message_model {
            MessageModel::Clustering => self.send_offsets(offsets, out),
            MessageModel::Broadcasting => self.local.persist_all(self.client.id, offsets),
        }
    }

    /// Offsets of owned queues that the offset store has in memory, by broker.
    pub(super) fn offsets_in_memory(&self) -> Vec<(QueueIx, u64)> {
        let mut offsets: Vec<(QueueIx, u64)> =
            self.table.queues().filter_map(|queue| Some((queue, self.table.get(queue)?.offset?))).collect();
        offsets.sort_by_key(|(queue, _)| (self.directory.parts(*queue).broker, *queue));
        offsets
    }

    /// The next step of `shutdown()`: an orderly consumer unlocks before it stores its offsets.
    pub(super) fn farewell_next(&mut self, now: SimTime, out: &mut Outbox) {
        if self.presence != Presence::Stopping {
            return;
        }
        while let Some((name, queues)) = self.farewell.unlock.pop() {
            let Some(broker) = self.master_of_name(name, out.fallible) else { continue };
            let body = Body::Unlock(self.group, self.client.id, queues);
            self.client.call(now, Thread::Main, broker, body, LOCK_TIMEOUT, out);
            return;
        }
        let offsets = std::mem::take(&mut self.farewell.offsets);
        self.send_offsets(offsets, out);
        match self.farewell.unregister.pop() {
            Some(broker) => {
                let body = Body::UnregisterClient(Some(self.group));
                self.client.call(now, Thread::Main, Address::Broker(broker), body, UNREGISTER_TIMEOUT, out);
            }
            None => {
                self.presence = Presence::Absent;
                out.effects.push(Effect::Exit);
            }
        }
    }
}
