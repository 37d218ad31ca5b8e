//! Serving pulls (`PullMessageProcessor`): at once when there is something, else held until something arrives.

use super::hold::{Held, SUSPEND_TIMEOUT};
use super::machine::Broker;
use crate::kernel::time::SimTime;
use crate::node::outbox::{Effect, Outbox};
use crate::node::verdicts::Verdicts;
use crate::protocol::address::Channel;
use crate::protocol::message::{Body, Correlation, PullCode, PullReply, PullRequest};
use crate::protocol::route::MASTER_ID;
use crate::store::dispatch::next_dispatch_tick;
use crate::store::ids::{ExpressionIx, QueueIx};
use crate::store::pull_code::{PullAdmission, PullSubscription};

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
        if let Err(code) = self.check(&request, &out.verdicts) {
            let reply = PullReply {
                queue: request.queue,
                token: request.token,
                code,
                next_begin_offset: 0,
                suggest: MASTER_ID,
                batch: Vec::new(),
            };
            out.reply(channel, correlation, Body::PullReply(reply));
            return;
        }
        let local = self.directory.parts(request.queue).local;
        self.dispatch(now, local);
        let reply = self.read(&request, out);
        // A push consumer's pulls always say that they wait.
        if reply.code.is_held(true, true) {
            let suspend =
                if self.config.long_polling_enable { SUSPEND_TIMEOUT } else { self.config.short_polling_time };
            let held = Held { request, channel, correlation, deadline: now + suspend, seen: request.offset };
            self.holds.hold(local as usize, held);
            out.spare_batches.push(reply.batch);
            // Nothing wakes pulls on a slave but the loop of 5 s.
            if !self.is_slave()
                && let Some(stored) = self.store.next_undispatched_at(local as usize)
                && self.holds.arrange_wake(local as usize)
            {
                let tick = next_dispatch_tick(self.started, stored.max(now));
                out.effects.push(Effect::DispatchAt(local, tick));
            }
        } else {
            out.reply(channel, correlation, Body::PullReply(reply));
        }
        if let Some(offset) = request.commit_offset
            && !self.is_slave()
        {
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
        let newest = self.store.max_offset(local);
        let mut held = self.holds.take(local);
        held.retain_mut(|held| {
            let wake = if check.is_some_and(|now| now >= held.deadline) {
                true
            } else if check.is_some() {
                newest > held.request.offset
            } else {
                self.arrived(held, newest, out)
            };
            if wake {
                due.push(*held);
            }
            !wake
        });
        self.holds.put_back(local, held);
        for held in due {
            let reply = match self.check(&held.request, &out.verdicts) {
                Ok(()) => self.read(&held.request, out),
                Err(code) => PullReply {
                    queue: held.request.queue,
                    token: held.request.token,
                    code,
                    next_begin_offset: held.request.offset,
                    suggest: MASTER_ID,
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

    /// Whether something that a held pull waits for has arrived since it was last looked at; what its subscription does not
    /// want leaves it held (`#notifyMessageArriving` with the hash of the arriving message).
    fn arrived(&self, held: &mut Held, newest: u64, out: &mut Outbox) -> bool {
        let expression = self.expression(&held.request);
        let topic = self.directory.parts(held.request.queue).topic;
        if newest <= held.request.offset || out.verdicts.wants_all(expression, topic, &out.catalog) {
            return newest > held.request.offset;
        }
        let local = self.directory.parts(held.request.queue).local as usize;
        let filter = out.verdicts.broker_filter(expression, &out.catalog);
        let mut fresh = held.seen..newest;
        held.seen = newest;
        fresh.any(|offset| self.store.message(local, offset).is_some_and(|message| filter.passes(message)))
    }

    /// The offsets that held pulls will read from, also those of members that have left: a message that their subscription
    /// does not want leaves them where they are.
    pub fn held_offsets(&self) -> impl Iterator<Item = (QueueIx, u64)> + '_ {
        self.holds.all().map(|held| (held.request.queue, held.request.offset))
    }

    /// The held pulls with the connections they came by.
    pub fn held_pulls(&self) -> impl Iterator<Item = (Channel, &PullRequest)> + '_ {
        self.holds.all().map(|held| (held.channel, &held.request))
    }

    /// The checks before the store is read.
    fn check(&self, request: &PullRequest, verdicts: &Verdicts) -> Result<(), PullCode> {
        let parts = self.directory.parts(request.queue);
        let version = self.members(request.group).map(|group| group.sub_version(parts.topic));
        let expression = self.expression(request);
        let admission = PullAdmission {
            broker_readable: true,
            group_consume_enable: Some(true),
            topic: self.topics.get(parts.topic),
            queue_id: parts.queue_id as i32,
            subscription: match version {
                None => PullSubscription::NoGroup,
                Some(None) => PullSubscription::NotSubscribed,
                Some(Some(version)) if version < request.sub_version => PullSubscription::Older,
                Some(Some(_)) => PullSubscription::Registered,
            },
            sql_filter: !verdicts.takes_all(expression) && verdicts.expression(expression).needs_properties(),
            enable_property_filter: self.config.enable_property_filter,
        };
        admission.check()
    }

    /// The expression of the group's subscription, whoever set it last.
    fn expression(&self, request: &PullRequest) -> ExpressionIx {
        let topic = self.directory.parts(request.queue).topic;
        self.members(request.group).map_or(ExpressionIx::ALL, |group| group.expression(topic))
    }

    fn read(&mut self, request: &PullRequest, out: &mut Outbox) -> PullReply {
        let local = self.directory.parts(request.queue).local as usize;
        let mut batch = out.spare_batches.pop().unwrap_or_default();
        let expression = self.expression(request);
        let (offset, most) = (request.offset as i64, request.max_nums);
        let topic = self.directory.parts(request.queue).topic;
        let result = if out.verdicts.wants_all(expression, topic, &out.catalog) {
            self.store.get_message(local, offset, most, &mut batch)
        } else {
            let filter = out.verdicts.broker_filter(expression, &out.catalog);
            self.store.get_message_filtered(local, offset, most, &filter, &mut batch)
        };
        assert!(result.released == 0, "a model released messages that {:?} still needs", request.queue);
        let config = self.store.config();
        let code = PullCode::of(result.status, request.offset as i64, config.broker_role, config.offset_check_in_slave);
        // A slave that does not correct offsets sends the client back to the master (`group.brokerId`).
        let slow = self.config.replication.slave_read_enable && result.suggest_slave;
        let suggest = if slow { self.config.replication.which_broker_when_consume_slowly } else { MASTER_ID };
        PullReply {
            queue: request.queue,
            token: request.token,
            code,
            next_begin_offset: result.next_begin_offset.max(0) as u64,
            suggest,
            batch,
        }
    }
}
