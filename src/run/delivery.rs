//! Handing messages, timers and the ends of connections to the nodes they are for.

use super::network::CHANNEL_MAX_IDLE_TIME;
use super::world::{Closing, Event, World};
use crate::node::consumer::Presence;
use crate::node::fact::Disconnection;
use crate::node::outbox::Timer;
use crate::protocol::address::{Address, Channel};

impl World {
    pub(super) fn deliver(&mut self, place: u32, event: Event) {
        if self.plan.fallible && !self.admit(place, event) {
            return;
        }
        let Some(to) = self.mail.peek(place).map(|envelope| envelope.to) else { return };
        if let Address::Consumer(instance) = to
            && self.processes[instance.at()].consumer.frozen()
        {
            self.processes[instance.at()].parked.push(event);
            return;
        }
        let Some(envelope) = self.mail.take(place) else { return };
        match to {
            Address::Nameserver(nameserver) => {
                if self.now < self.plan.nameservers[nameserver.at()].start_at {
                    // Nobody is there yet: the caller waits out its timeout.
                    return;
                }
                self.nameservers[nameserver.at()].nameserver.on_message(self.now, envelope, &mut self.out);
            }
            Address::Broker(broker) => {
                let heard = matches!(envelope.body, crate::protocol::message::Body::RegisterBrokerReply(_));
                if self.plan.fallible || !heard {
                    self.brokers[broker.at()].broker.on_message(self.now, envelope, &mut self.out);
                }
            }
            Address::Producer(producer) => {
                let host = &mut self.producers[producer.at()];
                let failed = host.path.producer.on_message(self.now, envelope, &mut self.out, &mut self.sends);
                host.path.failed += failed;
                self.leave(producer);
            }
            Address::Consumer(instance) => {
                if !self.network.belongs(envelope.from, envelope.channel)
                    || self.processes[instance.at()].consumer.presence() == Presence::Absent
                {
                    return;
                }
                let consumer = &mut self.processes[instance.at()].consumer;
                consumer.on_message(self.now, envelope, &mut self.allocations, &mut self.out);
            }
        }
        self.carry_out(to);
    }

    pub(super) fn fire(&mut self, node: Address, timer: Timer, event: Event) {
        if self.plan.fallible && self.parks(node, event) {
            return;
        }
        match node {
            Address::Nameserver(nameserver) => {
                let host = &mut self.nameservers[nameserver.at()];
                host.timers[timer as usize] = None;
                host.nameserver.on_broker_scan(self.now, &mut self.out);
            }
            Address::Broker(broker) => {
                let host = &mut self.brokers[broker.at()];
                host.timers[timer as usize] = None;
                host.broker.on_timer(self.now, timer, &mut self.out);
            }
            Address::Producer(producer) => {
                let host = &mut self.producers[producer.at()];
                host.timers[timer as usize] = None;
                host.path.failed += host.path.producer.on_timer(self.now, timer, &mut self.out, &mut self.sends);
                self.leave(producer);
            }
            Address::Consumer(instance) => {
                let process = &mut self.processes[instance.at()];
                if !process.consumer.frozen() {
                    process.timers[timer as usize] = None;
                }
                self.with_consumer(instance, event, |consumer, now, allocations, out| {
                    consumer.on_timer(now, timer, allocations, out);
                });
                return;
            }
        }
        self.carry_out(node);
    }

    pub(super) fn closed(&mut self, place: u32, event: Event) {
        if self.plan.fallible {
            self.closed_somewhere(place, event);
            return;
        }
        let Some(closing) = self.closings.peek(place).copied() else { return };
        if let Address::Consumer(instance) = closing.to
            && self.processes[instance.at()].consumer.frozen()
        {
            self.processes[instance.at()].parked.push(event);
            return;
        }
        self.closings.take(place);
        match closing.to {
            Address::Nameserver(nameserver) => {
                self.nameservers[nameserver.at()].nameserver.on_closed(closing.channel, &mut self.out);
            }
            Address::Broker(broker) => {
                self.brokers[broker.at()].broker.on_closed(
                    closing.channel,
                    closing.how == Disconnection::Idle,
                    &mut self.out,
                );
            }
            Address::Producer(_) | Address::Consumer(_) => {
                self.client_closed(closing.to, closing.server, closing.how);
                return;
            }
        }
        self.carry_out(closing.to);
    }

    /// Nothing was read or written on a connection since its client froze: the server closes it.
    pub(super) fn check_idle(&mut self, server: Address, channel: Channel) {
        if self.plan.fallible {
            self.check_silence(server, channel);
            return;
        }
        let Address::Consumer(instance) = channel.client else { return };
        if !self.processes[instance.at()].consumer.frozen() {
            return;
        }
        let open = self.network.open_connections(channel.client);
        let Some((.., last)) = open.into_iter().find(|(to, open, _)| *to == server && *open == channel) else {
            return;
        };
        let idle_at = last + CHANNEL_MAX_IDLE_TIME;
        if idle_at > self.now {
            self.queue.push(idle_at, Event::Idle(server, channel));
            return;
        }
        self.close_from_server(server, channel);
        match server {
            Address::Broker(broker) => {
                self.brokers[broker.at()].broker.on_closed(channel, true, &mut self.out);
            }
            Address::Nameserver(nameserver) => {
                self.nameservers[nameserver.at()].nameserver.on_closed(channel, &mut self.out);
            }
            _ => {}
        }
        self.carry_out(server);
    }

    pub(super) fn close_from_server(&mut self, server: Address, channel: Channel) {
        if self.plan.fallible {
            self.server_closes(server, channel, Disconnection::Closed);
            return;
        }
        if let Some(at) = self.network.close_by_server(self.now, server, channel) {
            let closing = Closing { to: channel.client, server, channel, how: Disconnection::Closed };
            let place = self.closings.put(closing);
            self.queue.push(at, Event::Closed(place));
        }
    }
}
