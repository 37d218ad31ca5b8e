//! What a consumer hears from its network layer where servers and links can fail, and which process it means when it speaks
//! to a broker name.

use super::machine::Consumer;
use super::parts::Presence;
use crate::kernel::time::SimTime;
use crate::node::client::Thread;
use crate::node::fact::{CallKind, Disconnection, Fact};
use crate::node::outbox::Outbox;
use crate::protocol::address::Address;
use crate::protocol::message::{Body, CallError, Correlation, Envelope};
use crate::protocol::route::MASTER_ID;
use crate::store::ids::{BrokerIx, QueueIx};

impl Consumer {
    /// The master of a queue's broker name (`findBrokerAddressInPublish`).
    pub(super) fn master_of(&self, queue: QueueIx, fallible: bool) -> Option<Address> {
        self.master_of_name(self.directory.parts(queue).broker, fallible)
    }

    /// The master of a broker name.
    pub(super) fn master_of_name(&self, name: BrokerIx, fallible: bool) -> Option<Address> {
        if fallible { self.client.brokers().in_publish(name).map(Address::Broker) } else { Some(Address::Broker(name)) }
    }

    /// Who keeps the offsets of a broker name: its master, or who else there is (`RemoteBrokerOffsetStore`).
    pub(super) fn keeper_of(&self, name: BrokerIx, fallible: bool) -> Option<BrokerIx> {
        if !fallible {
            return Some(name);
        }
        self.client.brokers().in_subscribe(name, MASTER_ID, false).map(|(_, process)| process)
    }

    /// The same, for a queue.
    pub(super) fn offsets_of(&self, queue: QueueIx, fallible: bool) -> Option<Address> {
        self.keeper_of(self.directory.parts(queue).broker, fallible).map(Address::Broker)
    }

    /// A connection is gone.
    pub fn on_closed(&mut self, now: SimTime, server: Address, how: Disconnection, out: &mut Outbox) {
        self.client.on_closed(now, server, how, out);
        self.fail_reset(now, out);
    }

    /// What the network layer says, and errors for calls that expect no such thing. False: it is something else.
    pub(super) fn on_network(&mut self, now: SimTime, envelope: &Envelope, out: &mut Outbox) -> bool {
        let correlation = envelope.correlation;
        let error = match envelope.body {
            Body::Connected => {
                self.on_connected(now, envelope.from, out);
                return true;
            }
            Body::Failed(error) => Some(error),
            Body::Error(_) => None,
            _ => return false,
        };
        if correlation == Correlation::ONEWAY {
            return true;
        }
        if Self::is_pull(correlation) {
            self.on_pull_error(now, correlation, error, out);
        } else if Self::is_async(correlation) {
            if let Some(error) = error {
                self.client.tell_failed(envelope.from, error, out);
            }
            self.on_async_answer(now, correlation, Some(envelope.body.clone()), out);
        } else if self.failures.is_asked(correlation) {
            if let Some(error) = error {
                self.client.tell_failed(envelope.from, error, out);
            }
            self.on_returned(now, correlation, false, out);
        } else {
            return false;
        }
        self.fail_reset(now, out);
        true
    }

    fn on_connected(&mut self, now: SimTime, server: Address, out: &mut Outbox) {
        let channel = self.client.on_connected(now, server, out);
        self.orderly.calls.connected(channel);
        self.failures.connected(channel);
        self.pulls_connected(now, channel, out);
    }

    /// Calls over connections that were reset fail at once (`NettyRemotingAbstract#failFast`).
    pub(super) fn fail_reset(&mut self, now: SimTime, out: &mut Outbox) {
        while let Some(channel) = self.client.take_reset() {
            if self.presence != Presence::Running {
                continue;
            }
            self.fail_pulls(now, channel, out);
            for correlation in self.orderly.calls.over(channel) {
                self.on_async_answer(now, correlation, Some(Body::Failed(CallError::Reset)), out);
            }
            for correlation in self.failures.over(channel) {
                self.on_returned(now, correlation, false, out);
            }
        }
    }

    /// Offsets of all owned queues are sent by the scheduler thread, one request per queue: where there is no connection each
    /// of them waits for one.
    pub(super) fn persist_on_scheduler(&mut self, now: SimTime, out: &mut Outbox) {
        if !out.fallible || self.broadcasts() {
            self.persist_all(now, out);
            return;
        }
        self.settle(now, out);
        self.persisting = self.offsets_in_memory().into_iter().map(|(queue, _)| queue).collect();
        self.persist_next(now, out);
    }

    /// The scheduler thread goes on sending offsets.
    pub(super) fn persist_next(&mut self, now: SimTime, out: &mut Outbox) {
        while let Some(queue) = self.persisting.pop_front() {
            // `persistAll` reads each offset when it comes to it.
            let Some(offset) = self.table.get(queue).and_then(|assigned| assigned.offset) else { continue };
            let name = self.directory.parts(queue).broker;
            let Some(process) = self.keeper_of(name, true) else { continue };
            let server = Address::Broker(process);
            let mut offsets = vec![(queue, offset)];
            if self.client.channel(server).is_some() {
                while let Some(next) = self.persisting.front().copied()
                    && self.directory.parts(next).broker == name
                {
                    self.persisting.pop_front();
                    offsets.extend(self.table.get(next).and_then(|assigned| assigned.offset).map(|at| (next, at)));
                }
            }
            let (instance, group, client, queues) = (self.me, self.group, self.client.id, offsets.len() as u32);
            out.fact(Fact::OffsetsPersisted { instance, group, client, broker: process, queues });
            let body = Body::UpdateOffsets { group, offsets };
            if self.client.call_oneway(now, Thread::Scheduler, server, body, out) {
                return;
            }
        }
    }

    /// Whether the scheduler thread is in a call.
    pub(super) fn scheduler_busy(&self) -> bool {
        self.client.scheduler_busy() || self.client.is_calling(Thread::Scheduler)
    }

    /// A call on a thread of its own got no answer in time.
    pub(super) fn on_overdue(&mut self, now: SimTime, call: &super::calls::Route, what: CallKind, out: &mut Outbox) {
        if out.fallible {
            self.client.on_call_timed_out(now, (call.server, call.channel), (what, now.since(call.began)), out);
        }
    }
}
