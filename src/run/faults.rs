//! Actions of the timeline on everything but consumers: processes, hosts, links, disks, clocks. And what nodes are told of it.

use super::hosts::Power;
use super::world::World;
use crate::node::fact::{Disconnection, Fact, NodeStop};
use crate::node::outbox::Task;
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::{Body, Correlation, Envelope};
use crate::scenario::plan::{Action, NodeAction};
use crate::store::ids::{BrokerIx, NameserverIx};

impl World {
    /// Something happens to servers, hosts or links.
    pub(super) fn act_on_cluster(&mut self, action: &Action) {
        match action {
            Action::Node { node, what } => self.act_on_node(*node, *what),
            Action::Link { rule, on } => {
                self.links.set(*rule, *on);
                self.observe(Fact::LinkChanged { rule: *rule, on: *on });
                if *on {
                    self.watch_links(*rule);
                } else {
                    self.release_stalled();
                }
            }
            Action::ResetConnections { rule } => self.reset_connections(*rule),
            Action::SetWritePerm { broker, nameserver, writable } => {
                let all = (0..self.nameservers.len()).map(NameserverIx::new);
                let asked: Vec<NameserverIx> = all.filter(|of| nameserver.is_none_or(|only| only == *of)).collect();
                for to in asked {
                    self.administer(to, Body::SetWritePerm(*broker, *writable));
                }
            }
            other => self.act_on_broker(other),
        }
    }

    fn act_on_node(&mut self, node: Address, what: NodeAction) {
        let power = self.power(node);
        let lives = matches!(power, Power::Up | Power::Frozen);
        match what {
            NodeAction::Stop if power == Power::Up => {
                self.observe(Fact::NodeStopped { node, how: NodeStop::ShuttingDown });
                self.end_listening(node, true);
                self.tell_stop(node);
            }
            NodeAction::Kill if lives => {
                self.tell_killed(node);
                self.end_process(node, Power::Down, true);
                self.observe(Fact::NodeStopped { node, how: NodeStop::Killed });
            }
            NodeAction::Freeze if power == Power::Up => {
                if let Some(host) = self.host(node) {
                    host.power = Power::Frozen;
                }
                self.observe(Fact::NodeStopped { node, how: NodeStop::Frozen });
                if !matches!(node, Address::Nameserver(_)) {
                    self.watch_silence(node);
                }
            }
            NodeAction::Thaw => self.thaw_host(node),
            NodeAction::LoseHost { disk_lost } if power != Power::Gone => {
                self.tell_host_lost(node, disk_lost);
                self.end_process(node, Power::Gone, false);
                if let Address::Consumer(instance) = node {
                    self.processes[instance.at()].gone = true;
                } else {
                    self.observe(Fact::NodeStopped { node, how: NodeStop::HostLost { disk_lost } });
                }
            }
            NodeAction::Start { empty_disk } if lives => {
                // A start that overtakes a shutdown.
                if let Some(host) = self.host(node).filter(|host| !host.listening) {
                    host.comes_back = Some(empty_disk);
                }
            }
            NodeAction::Start { empty_disk } => {
                self.power_on(node);
                self.tell_restart(node, empty_disk);
            }
            _ => {}
        }
    }

    /// A graceful shutdown is over.
    pub(super) fn shut_down(&mut self, node: Address) {
        self.end_process(node, Power::Down, true);
        self.observe(Fact::NodeStopped { node, how: NodeStop::Graceful });
        if let Some(empty_disk) = self.host(node).and_then(|host| host.comes_back.take()) {
            self.power_on(node);
            self.tell_restart(node, empty_disk);
        }
    }

    /// Connections that a rule meets can fall silent.
    fn watch_links(&mut self, rule: u32) {
        let mut clients: Vec<Address> = (0..self.brokers.len()).map(|at| Address::Broker(BrokerIx::new(at))).collect();
        clients.extend((0..self.producers.len()).map(|at| Address::Producer(crate::store::ids::ProducerIx::new(at))));
        clients.extend((0..self.processes.len()).map(|at| Address::Consumer(crate::store::ids::InstanceIx::new(at))));
        for client in clients {
            for (server, channel, last) in self.network.connections_from(client) {
                if self.links.names(rule, client, server) || self.links.names(rule, server, client) {
                    let at = (last + super::network::CHANNEL_MAX_IDLE_TIME).max(self.now);
                    self.queue.push(at, super::event::Event::Idle(server, channel));
                }
            }
        }
    }

    fn reset_connections(&mut self, rule: u32) {
        let servers = (0..self.nameservers.len()).map(|at| Address::Nameserver(NameserverIx::new(at)));
        let servers: Vec<Address> =
            servers.chain((0..self.brokers.len()).map(|at| Address::Broker(BrokerIx::new(at)))).collect();
        for server in servers {
            for channel in self.network.connections_to(server) {
                let client = channel.client;
                if self.links.names(rule, client, server) || self.links.names(rule, server, client) {
                    self.reset(server, channel);
                }
            }
        }
    }

    /// Both ends of a connection are told that it is reset.
    fn reset(&mut self, server: Address, channel: Channel) {
        let open = self.network.is_open(server, channel);
        if self.network.close_server_end(server, channel) && self.power(server) == Power::Up {
            self.server_closed(server, channel, false);
        }
        if open {
            self.network.close_client_end(channel.client, server);
            self.observe(Fact::Disconnected { client: channel.client, server, how: Disconnection::Reset });
            if self.power(channel.client) == Power::Up {
                self.client_closed(channel.client, server, Disconnection::Reset);
            }
        }
    }

    /// An administrator's request, which takes no time.
    fn administer(&mut self, to: NameserverIx, body: Body) {
        if self.nameservers[to.at()].host.power != Power::Up {
            return;
        }
        let to_node = Address::Nameserver(to);
        let channel = Channel { client: to_node, epoch: 0 };
        let envelope = Envelope { from: to_node, to: to_node, channel, correlation: Correlation::ONEWAY, body };
        self.nameservers[to.at()].nameserver.on_message(self.now, envelope, &mut self.out);
        self.carry_out(to_node);
    }

    fn act_on_broker(&mut self, action: &Action) {
        let (now, out) = (self.now, &mut self.out);
        let brokers = &mut self.brokers;
        let process = match action {
            Action::SetFlushTime { broker: process, flush_time } => {
                brokers[process.at()].broker.set_flush_time(flush_time.clone());
                process
            }
            Action::SetSendHandling { broker: process, handling } => {
                brokers[process.at()].broker.set_send_handling(handling.as_ref());
                process
            }
            Action::PageCacheBusy { broker: process, lasts } => {
                brokers[process.at()].broker.page_cache_busy(now, *lasts, out);
                process
            }
            Action::SetDiskUsed { broker: process, bytes } => {
                brokers[process.at()].broker.set_disk_used(*bytes);
                process
            }
            Action::SetClock { broker: process, offset_ms } => {
                brokers[process.at()].broker.set_clock(now, *offset_ms, out);
                process
            }
            _ => return,
        };
        self.carry_out(Address::Broker(*process));
    }

    fn tell_stop(&mut self, node: Address) {
        let (now, out) = (self.now, &mut self.out);
        match node {
            Address::Nameserver(nameserver) => self.nameservers[nameserver.at()].nameserver.on_stop(now, out),
            Address::Producer(producer) => self.producers[producer.at()].path.producer.on_stop(now, out),
            Address::Broker(broker) => self.brokers[broker.at()].broker.on_stop(now, out),
            Address::Consumer(_) => {
                self.shut_down(node);
                return;
            }
        }
        self.carry_out_changed(node);
    }

    fn tell_killed(&mut self, node: Address) {
        let (now, out) = (self.now, &mut self.out);
        match node {
            Address::Nameserver(nameserver) => self.nameservers[nameserver.at()].nameserver.on_killed(now, out),
            Address::Producer(producer) => self.producers[producer.at()].path.producer.on_killed(now, out),
            Address::Broker(broker) => self.brokers[broker.at()].broker.on_killed(now, out),
            Address::Consumer(_) => {}
        }
        self.carry_out_changed(node);
    }

    fn tell_host_lost(&mut self, node: Address, disk_lost: bool) {
        self.outlive(node);
        let (now, out) = (self.now, &mut self.out);
        match node {
            Address::Nameserver(nameserver) => {
                self.nameservers[nameserver.at()].nameserver.on_host_lost(now, disk_lost, out);
            }
            Address::Producer(producer) => {
                self.producers[producer.at()].path.producer.on_host_lost(now, disk_lost, out);
            }
            Address::Consumer(instance) => self.processes[instance.at()].consumer.on_host_lost(now, out),
            Address::Broker(broker) => self.brokers[broker.at()].broker.on_host_lost(now, disk_lost, out),
        }
        self.carry_out_changed(node);
    }

    fn tell_restart(&mut self, node: Address, empty_disk: bool) {
        if empty_disk {
            self.outlive(node);
        }
        if !matches!(node, Address::Broker(_)) {
            self.observe(Fact::NodeStarted { node, kept: None });
        }
        let (now, out) = (self.now, &mut self.out);
        match node {
            Address::Nameserver(nameserver) => {
                self.nameservers[nameserver.at()].nameserver.on_restart(now, empty_disk, out);
            }
            Address::Producer(producer) => {
                self.producers[producer.at()].path.producer.on_restart(now, empty_disk, out);
            }
            Address::Broker(broker) => self.brokers[broker.at()].broker.on_restart(now, empty_disk, out),
            Address::Consumer(_) => {}
        }
        self.carry_out_changed(node);
    }

    /// What a node wants whose process has begun or ended; a producer sends at other times from now on.
    fn carry_out_changed(&mut self, node: Address) {
        self.carry_out(node);
        if let Address::Producer(producer) = node {
            self.replan_sends(producer);
        }
    }

    pub(super) fn tell_task(&mut self, broker: BrokerIx, task: Task) {
        self.brokers[broker.at()].broker.on_task(self.now, task, &mut self.out);
    }

    /// A client has learnt that a connection is gone.
    pub(super) fn client_closed(&mut self, client: Address, server: Address, how: Disconnection) {
        let (now, out) = (self.now, &mut self.out);
        match client {
            Address::Producer(producer) => {
                self.producers[producer.at()].path.producer.on_closed(now, server, how, out);
            }
            Address::Consumer(instance) => self.processes[instance.at()].consumer.on_closed(now, server, how, out),
            Address::Broker(broker) => {
                let broker = &mut self.brokers[broker.at()].broker;
                broker.on_server_closed(now, server, out);
                if how == Disconnection::Reset {
                    broker.on_peer_reset(now, server, out);
                }
            }
            Address::Nameserver(_) => {}
        }
        self.carry_out(client);
        if let Address::Producer(producer) = client {
            self.leave(producer);
        }
    }

    /// A server has learnt that a connection is gone, or has closed it because it was idle.
    pub(super) fn server_closed(&mut self, server: Address, channel: Channel, idle: bool) {
        match server {
            Address::Nameserver(nameserver) => {
                self.nameservers[nameserver.at()].nameserver.on_closed(channel, &mut self.out);
            }
            Address::Broker(broker) => self.brokers[broker.at()].broker.on_closed(channel, idle, &mut self.out),
            _ => {}
        }
        self.carry_out(server);
    }
}
