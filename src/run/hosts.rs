//! Processes and their hosts where anything can fail: who is up, what waits for a frozen process, and
//! how one ends.

use super::world::{Closing, Event, World};
use crate::kernel::queue::{EventId, EventQueue};
use crate::kernel::time::SimTime;
use crate::node::consumer::Presence;
use crate::node::fact::{Disconnection, Fact};
use crate::node::outbox::Task;
use crate::protocol::address::Address;
use crate::protocol::message::Body;
use crate::store::ids::BrokerIx;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    /// It runs.
    Up,
    /// It is paused; its kernel goes on.
    Frozen,
    /// It has ended, or not begun; its host is up.
    Down,
    /// Its host is gone.
    Gone,
}

/// A server's or producer's process on its host.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) power: Power,
    /// It takes connections.
    pub(super) listening: bool,
    /// How many processes have ended here.
    pub(super) starts: u32,
    /// What waits for a frozen process.
    pub(super) parked: Vec<Event>,
    /// It starts again when its shutdown is over; with an empty disk or not.
    pub(super) comes_back: Option<bool>,
}

impl Host {
    /// A host whose process runs from the beginning, or starts later.
    pub(super) const fn new(start: SimTime) -> Self {
        let power = if start.as_nanos() == 0 { Power::Up } else { Power::Down };
        Self { power, listening: matches!(power, Power::Up), starts: 0, parked: Vec::new(), comes_back: None }
    }
}

impl World {
    /// The host of a server or producer.
    pub(super) fn host(&mut self, node: Address) -> Option<&mut Host> {
        match node {
            Address::Nameserver(nameserver) => Some(&mut self.nameservers[nameserver.at()].host),
            Address::Broker(broker) => Some(&mut self.brokers[broker.at()].host),
            Address::Producer(producer) => Some(&mut self.producers[producer.at()].host),
            Address::Consumer(_) => None,
        }
    }

    /// What a node's process does.
    pub(super) fn power(&self, node: Address) -> Power {
        match node {
            Address::Nameserver(nameserver) => self.nameservers[nameserver.at()].host.power,
            Address::Broker(broker) => self.brokers[broker.at()].host.power,
            Address::Producer(producer) => self.producers[producer.at()].host.power,
            Address::Consumer(instance) => {
                let process = &self.processes[instance.at()];
                match process.consumer.presence() {
                    _ if process.gone => Power::Gone,
                    Presence::Absent => Power::Down,
                    _ if process.consumer.frozen() => Power::Frozen,
                    _ => Power::Up,
                }
            }
        }
    }

    /// How often processes of a server have ended.
    pub(super) fn starts(&self, server: Address) -> u32 {
        match server {
            Address::Nameserver(nameserver) => self.nameservers[nameserver.at()].host.starts,
            Address::Broker(broker) => self.brokers[broker.at()].host.starts,
            _ => 0,
        }
    }

    /// A process starts for the first time or again.
    pub(super) fn power_on(&mut self, node: Address) {
        if let Some(host) = self.host(node) {
            host.power = Power::Up;
            host.listening = true;
        }
    }

    /// Whether an event for a node is not for it to handle now: it waits for a frozen process, or its process has ended.
    pub(super) fn parks(&mut self, node: Address, event: Event) -> bool {
        let Some(host) = self.host(node) else { return false };
        match host.power {
            Power::Up => false,
            Power::Frozen => {
                host.parked.push(event);
                true
            }
            Power::Down | Power::Gone => true,
        }
    }

    /// A broker's task is due.
    pub(super) fn run_task(&mut self, broker: BrokerIx, task: Task, start: u32, event: Event) {
        let node = Address::Broker(broker);
        if self.starts(node) != start || self.parks(node, event) {
            return;
        }
        self.tell_task(broker, task);
        self.carry_out(node);
    }

    /// The process of a server or producer has ended, or is gone with its host: its timers stop, its connections are closed by
    /// the kernel (`fin`) or left behind.
    pub(super) fn end_process(&mut self, node: Address, power: Power, fin: bool) {
        if let Some(host) = self.host(node) {
            host.power = power;
            host.listening = false;
            host.starts += 1;
            if power != Power::Down || !fin {
                host.comes_back = None;
            }
            for event in std::mem::take(&mut host.parked) {
                match event {
                    Event::Deliver(place) => drop(self.mail.take(place)),
                    Event::Closed(place) => drop(self.closings.take(place)),
                    _ => {}
                }
            }
        }
        self.stop_timers(node);
        if !matches!(node, Address::Producer(_) | Address::Consumer(_)) {
            self.end_listening(node, fin);
        }
        if !matches!(node, Address::Nameserver(_)) {
            self.network.leave_behind(node);
            if fin {
                for (server, channel, _) in self.network.connections_from(node) {
                    self.tell_closed(Closing { to: server, server, channel, how: Disconnection::Closed });
                }
            } else {
                self.watch_silence(node);
            }
        }
    }

    /// A server takes no connections any more and those it has are closed, or left behind.
    pub(super) fn end_listening(&mut self, server: Address, fin: bool) {
        if let Some(host) = self.host(server) {
            host.listening = false;
        }
        for channel in self.network.connections_to(server) {
            if self.network.close_server_end(server, channel) && fin && self.power(channel.client) != Power::Gone {
                self.tell_closed(Closing { to: channel.client, server, channel, how: Disconnection::Closed });
            }
        }
        self.network.forget_left(server);
    }

    fn stop_timers(&mut self, node: Address) {
        let cancel = |timers: &mut [Option<EventId>], queue: &mut EventQueue<Event>| {
            timers.iter_mut().filter_map(Option::take).for_each(|event| {
                queue.cancel(event);
            });
        };
        match node {
            Address::Nameserver(nameserver) => cancel(&mut self.nameservers[nameserver.at()].timers, &mut self.queue),
            Address::Broker(broker) => cancel(&mut self.brokers[broker.at()].timers, &mut self.queue),
            Address::Producer(producer) => {
                let host = &mut self.producers[producer.at()];
                cancel(&mut host.timers, &mut self.queue);
                if let Some(step) = host.step.take() {
                    self.queue.cancel(step);
                }
            }
            Address::Consumer(instance) => cancel(&mut self.processes[instance.at()].timers, &mut self.queue),
        }
    }

    /// A frozen server or producer goes on: what waited comes at once, in order, each message after the time it takes.
    pub(super) fn thaw_host(&mut self, node: Address) {
        let Some(host) = self.host(node).filter(|host| host.power == Power::Frozen) else { return };
        host.power = Power::Up;
        let parked = std::mem::take(&mut host.parked);
        // The end of a connection does not overtake what came over it.
        let mut last = self.now;
        for event in parked {
            let at = match event {
                Event::Deliver(place) => {
                    let pull = self.mail.peek(place).is_some_and(|envelope| matches!(envelope.body, Body::Pull(_)));
                    self.now + self.handling(node, pull)
                }
                _ => self.now,
            };
            last = last.max(at);
            let again = self.queue.push(last, event);
            if let Event::Timer(_, timer) = event {
                let timers = match node {
                    Address::Nameserver(nameserver) => &mut self.nameservers[nameserver.at()].timers,
                    Address::Broker(broker) => &mut self.brokers[broker.at()].timers,
                    Address::Producer(producer) => &mut self.producers[producer.at()].timers,
                    Address::Consumer(_) => continue,
                };
                timers[timer as usize] = Some(again);
            }
        }
        self.observe(Fact::NodeThawed { node });
    }
}
