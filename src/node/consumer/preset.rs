//! A consumer that joined long before the run.

use std::rc::Rc;

use super::machine::Consumer;
use super::parts::Presence;
use crate::kernel::time::SimTime;
use crate::node::fact::Fact;
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::route::TopicRoute;
use crate::store::ids::{ClientIx, QueueIx, TopicIx};

/// What a member that joined long ago knows and owns.
#[derive(Clone, Copy, Debug)]
pub struct PresetState<'a> {
    /// Routes of its topics and of the template.
    pub routes: &'a [(TopicIx, Rc<TopicRoute>)],
    /// Its queues with the offset each is pulled from.
    pub owned: &'a [(QueueIx, u64)],
    /// The members of the group.
    pub members: &'a Rc<[ClientIx]>,
    /// When its timers fire next.
    pub timers: PresetTimers,
}

/// When a member's timers fire next.
#[derive(Clone, Copy, Debug)]
pub struct PresetTimers {
    /// Heartbeat.
    pub heartbeat: SimTime,
    /// End of the rebalance thread's wait.
    pub rebalance: SimTime,
    /// Route poll.
    pub route_poll: SimTime,
    /// Offset persist.
    pub offset_persist: SimTime,
}

impl Consumer {
    /// Puts the consumer into the state of a member that joined long ago and owns these queues from these offsets.
    pub fn preset(&mut self, now: SimTime, id: ClientIx, state: PresetState<'_>, out: &mut Outbox) {
        let PresetState { routes, owned, members, timers: next } = state;
        self.renew_client(id);
        self.presence = Presence::Running;
        self.started = now;
        self.client.set_phases(next.route_poll, next.heartbeat);
        self.persist_at = next.offset_persist;
        for (topic, route) in routes {
            self.client.preset_route(*topic, route);
        }
        self.client.preset_channels();
        self.preset_members(members);
        self.start_cleaning(now, out);
        self.arm_scheduler(out);
        out.arm(Timer::RebalanceWait, next.rebalance);
        out.fact(Fact::ClientStarted { instance: self.me, group: self.group, client: id });
        for (queue, offset) in owned {
            let token = self.assign(now, *queue, *offset, Some(*offset), out);
            out.effects.push(Effect::PullAt(token, now));
        }
        self.set_limits();
    }

    /// Sets what a long-running member believes.
    pub fn preset_members(&mut self, members: &Rc<[ClientIx]>) {
        self.rebalance.believed = Some(Rc::clone(members));
    }
}
