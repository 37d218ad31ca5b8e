//! A member is told to reset offsets (`MQClientInstance#resetOffset`): it pauses, empties the process queues, waits 10 s for
//! running listener calls, stores the new offsets, removes the process queues and takes them anew.

use std::rc::Rc;

use super::machine::Consumer;
use super::parts::Presence;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::{Fact, RebalanceTrigger};
use crate::node::outbox::{Effect, Outbox, Wake};
use crate::store::ids::{GroupIx, QueueIx};

/// The sleep in the middle.
const PAUSE: SimDuration = SimDuration::from_secs(10);

type Offsets = Rc<[(QueueIx, u64)]>;

/// Resets under way.
#[derive(Debug, Default)]
pub(super) struct Resets {
    begun: u32,
    under_way: Vec<(u32, Offsets)>,
    /// `DefaultMQPushConsumerImpl#pause`.
    pub(super) paused: bool,
}

impl Resets {
    /// The process ends.
    pub(super) fn stop(&mut self) {
        self.under_way.clear();
        self.paused = false;
    }
}

impl Consumer {
    /// Offsets it was told to set and has not yet.
    pub fn resets_under_way(&self) -> impl Iterator<Item = (QueueIx, u64)> + '_ {
        self.resets.under_way.iter().flat_map(|(_, offsets)| offsets.iter().copied())
    }

    /// `RESET_CONSUMER_CLIENT_OFFSET` arrives.
    pub(super) fn on_reset_offset(&mut self, now: SimTime, group: GroupIx, offsets: Offsets, out: &mut Outbox) {
        if self.presence != Presence::Running || group != self.group {
            return;
        }
        self.resets.paused = true;
        for (queue, _) in offsets.iter() {
            if let Some(token) = self.table.token(*queue) {
                self.drop_window(now, token, out);
            }
        }
        self.resets.begun += 1;
        self.resets.under_way.push((self.resets.begun, offsets));
        out.effects.push(Effect::WakeAt(Wake::Reset(self.resets.begun), now + PAUSE));
    }

    /// The pause is over. Queues that went to others meanwhile are theirs.
    pub(super) fn on_reset_pause_over(&mut self, now: SimTime, number: u32, out: &mut Outbox) {
        let Some(position) = self.resets.under_way.iter().position(|(begun, _)| *begun == number) else { return };
        let (_, offsets) = self.resets.under_way.remove(position);
        for (queue, to) in offsets.iter().copied() {
            let Some(from) = self.table.get(queue).map(|assigned| assigned.offset) else { continue };
            self.send_offsets(vec![(queue, to)], out);
            let (instance, group, client) = (self.me, self.group, self.client.id);
            out.fact(Fact::OffsetReset { instance, group, client, queue, from, to });
            if self.renews_locks() && self.in_listener(queue).is_none() {
                self.unlock_left(now, queue, out);
            }
            // Taken anew during the pause of another reset, it still works. (The real one leaves such a process queue to itself.)
            if let Some(token) = self.table.token(queue) {
                self.drop_window(now, token, out);
            }
            self.revoke(now, &[queue], out);
        }
        self.resets.paused = false;
        self.wake_rebalance(now, RebalanceTrigger::Reset, out);
    }
}
