//! Serving pulls (`PullMessageProcessor`): at once when there is something, else held until something arrives.

use super::hold::{Held, SUSPEND_TIMEOUT};
use super::machine::Broker;
use crate::kernel::time::SimTime;
use crate::node::outbox::{Effect, Outbox};
use crate::protocol::address::Channel;
use crate::protocol::message::{Body, Correlation, PullCode, PullReply, PullRequest};
use crate::store::dispatch::next_dispatch_tick;

impl Broker {
    /// First processing of a pull: it may be held, and its piggy-backed offset is stored.
    pub(super) fn on_pull(
        &mut self,
        now: SimTime,
        channel: Channel,
        correlation: Correlation,
        request: PullRequest,
        out: &mut Outbox,
    ) {
        if let Err(code) = self.check(&request) {
            let reply =
                PullReply { queue: request.queue, token: request.token, code, next_begin_offset: 0, batch: Vec::new() };
            out.reply(channel, correlation, Body::PullReply(reply));
            return;
        }
        let local = self.directory.parts(request.queue).local;
        self.dispatch(now, local);
        let reply = self.read(&request, out);
        if reply.code == PullCode::PullNotFound {
            let suspend =
                if self.config.long_polling_enable { SUSPEND_TIMEOUT } else { self.config.short_polling_time };
            let held = Held { request, channel, correlation, deadline: now + suspend };
            self.holds.hold(local as usize, held);
            out.spare_batches.push(reply.batch);
            if let Some(stored) = self.store.next_undispatched_at(local as usize)
                && self.holds.arrange_wake(local as usize)
            {
                let tick = next_dispatch_tick(self.started, stored.max(now));
                out.effects.push(Effect::DispatchAt(local, tick));
            }
        } else {
            out.reply(channel, correlation, Body::PullReply(reply));
        }
        if let Some(offset) = request.commit_offset {
            self.commit(channel, request.group, request.queue, offset, out);
        }
    }

    /// The dispatch loop has moved what was appended to a queue: its held pulls that have something now are answered
    /// (`#notifyMessageArriving`).
    pub fn on_dispatch(&mut self, now: SimTime, local: u32, out: &mut Outbox) {
        self.dispatch(now, local);
        self.wake(local as usize, None, out);
    }

    /// The loop of 5 s: pulls with something to read or past their time are answered (`PullRequestHoldService#checkHoldRequest`).
    pub(super) fn check_holds(&mut self, now: SimTime, out: &mut Outbox) {
        let waiting: Vec<usize> = self.holds.waiting().collect();
        for local in waiting {
            self.dispatch(now, local as u32);
            self.wake(local, Some(now), out);
        }
    }

    /// Re-runs the due pulls without suspension and without committing.
    fn wake(&mut self, local: usize, check: Option<SimTime>, out: &mut Outbox) {
        let mut due = Vec::new();
        self.holds.take_due(local, self.store.max_offset(local), check, &mut due);
        for held in due {
            let reply = match self.check(&held.request) {
                Ok(()) => self.read(&held.request, out),
                Err(code) => PullReply {
                    queue: held.request.queue,
                    token: held.request.token,
                    code,
                    next_begin_offset: held.request.offset,
                    batch: Vec::new(),
                },
            };
            let after = self.config.pull_handling.duration(&mut self.stream);
            out.effects.push(Effect::Reply {
                channel: held.channel,
                correlation: held.correlation,
                body: Body::PullReply(reply),
                after,
            });
        }
    }

    /// The checks before the store is read, in `PullMessageProcessor#processRequest`'s order.
    fn check(&self, request: &PullRequest) -> Result<(), PullCode> {
        let parts = self.directory.parts(request.queue);
        let readable = self.topic(parts.topic).map_or(0, |data| data.read_queue_nums);
        if parts.queue_id >= readable {
            return Err(PullCode::SystemError);
        }
        let version = self.members(request.group).and_then(|group| group.sub_version(parts.topic));
        match version {
            None => Err(PullCode::SubscriptionNotExist),
            Some(version) if version < request.sub_version => Err(PullCode::SubscriptionNotLatest),
            Some(_) => Ok(()),
        }
    }

    fn read(&mut self, request: &PullRequest, out: &mut Outbox) -> PullReply {
        let local = self.directory.parts(request.queue).local as usize;
        let mut batch = out.spare_batches.pop().unwrap_or_default();
        let result = self.store.get_message(local, request.offset as i64, request.max_nums, &mut batch);
        assert!(result.released == 0, "a model released messages that {:?} still needs", request.queue);
        let config = self.store.config();
        let code = PullCode::of(result.status, request.offset as i64, config.broker_role, config.offset_check_in_slave);
        PullReply {
            queue: request.queue,
            token: request.token,
            code,
            next_begin_offset: result.next_begin_offset.max(0) as u64,
            batch,
        }
    }
}
