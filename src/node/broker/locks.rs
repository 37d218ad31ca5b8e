//! `LOCK_BATCH_MQ` and `UNLOCK_BATCH_MQ` (`AdminBrokerProcessor`, `RebalanceLockManager`).

use super::machine::{Broker, instance};
use crate::kernel::time::SimTime;
use crate::node::counters::Counter;
use crate::node::fact::Fact;
use crate::node::outbox::Outbox;
use crate::protocol::address::Channel;
use crate::store::ids::{ClientIx, GroupIx, QueueIx};
use crate::store::queue_lock::{LockAnswer, LockEntry};

impl Broker {
    /// Locks what can be locked for a client; returns the queues that are.
    pub(super) fn lock_queues(
        &mut self,
        now: SimTime,
        channel: Channel,
        group: GroupIx,
        client: ClientIx,
        queues: Vec<QueueIx>,
        out: &mut Outbox,
    ) -> Vec<QueueIx> {
        let table = self.deployment.lock_group(group);
        let (broker, instance) = (self.me, instance(channel));
        let mut locked = queues;
        locked.retain(|queue| {
            let queue = *queue;
            let answer = self.locks.lock(now, table, queue, client);
            let former = match answer {
                LockAnswer::Renewed => None,
                LockAnswer::Denied(LockEntry { client: holder, .. }) => {
                    out.counters.add(Counter::LocksDenied, group, 1);
                    out.fact(Fact::LockDenied { broker, group, queue, instance, client, holder });
                    None
                }
                LockAnswer::Granted(former) => former,
                LockAnswer::TakenOver(former) => Some(former),
            };
            if let Some(former) = former {
                let (client, until) = (former.client, former.expires());
                out.fact(Fact::LockLost { broker, group, queue, client, until, expired: true });
            }
            if matches!(answer, LockAnswer::Granted(_) | LockAnswer::TakenOver(_)) {
                out.fact(Fact::LockTaken { broker, group, queue, instance, client });
            }
            answer.is_granted()
        });
        locked
    }

    /// Unlocks what the client holds.
    pub(super) fn unlock_queues(
        &mut self,
        now: SimTime,
        group: GroupIx,
        client: ClientIx,
        queues: &[QueueIx],
        out: &mut Outbox,
    ) {
        let table = self.deployment.lock_group(group);
        for queue in queues.iter().copied() {
            if let Some(held) = self.locks.unlock(table, queue, client) {
                let expired = held.is_expired(now);
                let until = now.min(held.expires());
                out.fact(Fact::LockLost { broker: self.me, group, queue, client, until, expired });
            }
        }
    }

    /// A queue's lock, for observers: expired ones too.
    #[must_use]
    pub fn lock_entry(&self, group: GroupIx, queue: QueueIx) -> Option<LockEntry> {
        self.locks.get(self.deployment.lock_group(group), queue)
    }
}
