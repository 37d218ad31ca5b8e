//! Actions of the timeline: what is done to the cluster from outside.

use super::hosts::Power;
use super::network::CHANNEL_MAX_IDLE_TIME;
use super::world::{Closing, Event, World};
use crate::node::consumer::Presence;
use crate::node::fact::{Disconnection, Fact};
use crate::protocol::address::Address;
use crate::scenario::plan::Action;
use crate::store::ids::{BrokerIx, InstanceIx};

impl World {
    /// The action at this place of the timeline takes effect.
    pub(super) fn act(&mut self, index: u32) {
        self.observe(Fact::Action(index));
        let action = self.plan.timeline[index as usize].action.clone();
        match action {
            Action::StartConsumer { instance, client_id, fresh_host } => {
                if fresh_host {
                    self.processes[instance.at()].consumer.move_to_fresh_host();
                }
                self.start_consumer(instance, client_id);
            }
            Action::StopConsumer { instance } => {
                if self.is_present(instance) {
                    let process = &mut self.processes[instance.at()];
                    process.consumer.on_shutdown(self.now, &mut self.out);
                    self.carry_out(Address::Consumer(instance));
                }
            }
            Action::KillConsumer { instance } => {
                if self.is_present(instance) {
                    let process = &mut self.processes[instance.at()];
                    process.consumer.on_killed(self.now, &mut self.out);
                    self.carry_out(Address::Consumer(instance));
                }
            }
            Action::FreezeConsumer { instance } => self.freeze(instance),
            Action::ThawConsumer { instance } => self.thaw(instance),
            Action::SetTopicQueues { topic, queues } => {
                let broker = &mut self.brokers[queues.broker.at()].broker;
                let (read, write) = (queues.read_queue_nums, queues.write_queue_nums);
                broker.set_topic_queues(self.now, topic, read, write, &mut self.out);
                self.carry_out(Address::Broker(queues.broker));
            }
            Action::SetProducerRate { producer, rate } => {
                self.producers[producer.at()].path.producer.set_rate(self.now, rate);
                self.replan_sends(producer);
                self.observe(Fact::RateChanged { producer, rate });
            }
            Action::SetServiceTime { group, service_time } => {
                for index in 0..self.processes.len() {
                    if self.plan.instances[index].group == group {
                        self.settle(InstanceIx::new(index));
                        let consumer = &mut self.processes[index].consumer;
                        consumer.set_service_time(self.now, &service_time, &mut self.out);
                        self.carry_out(Address::Consumer(InstanceIx::new(index)));
                    }
                }
                self.observe(Fact::ServiceTimeChanged { group });
            }
            Action::ResetOffset { group, topic, to, force } => {
                for index in 0..self.brokers.len() {
                    let broker = &mut self.brokers[index].broker;
                    broker.on_reset_offset(self.now, group, topic, to, force, &mut self.out);
                    self.carry_out(Address::Broker(BrokerIx::new(index)));
                }
            }
            other => self.act_on_cluster(&other),
        }
        self.check_views();
    }

    fn is_present(&self, instance: InstanceIx) -> bool {
        matches!(self.processes[instance.at()].consumer.presence(), Presence::Starting | Presence::Running)
    }

    /// The process stops where it is. Its silent connections will be closed by the servers when they have been idle for
    /// too long, so that is looked at when it can first be the case.
    fn freeze(&mut self, instance: InstanceIx) {
        let process = &mut self.processes[instance.at()];
        if process.consumer.frozen() || process.consumer.presence() == Presence::Absent {
            return;
        }
        process.consumer.on_frozen(self.now, &mut self.out);
        self.carry_out(Address::Consumer(instance));
        for (server, channel, last) in self.network.open_connections(Address::Consumer(instance)) {
            self.queue.push((last + CHANNEL_MAX_IDLE_TIME).max(self.now), Event::Idle(server, channel));
        }
    }

    /// The process goes on: every overdue timer comes at once, in order, and so does what arrived meanwhile, each message after
    /// the time it takes to handle it.
    fn thaw(&mut self, instance: InstanceIx) {
        let process = &mut self.processes[instance.at()];
        if !process.consumer.frozen() {
            return;
        }
        process.consumer.on_thawed(self.now, &mut self.out);
        // The end of a connection does not overtake what came over it, where that can happen.
        let (now, keeps_order) = (self.now, self.plan.fallible);
        let mut last = now;
        for event in std::mem::take(&mut process.parked) {
            match event {
                Event::Timer(_, timer) => {
                    process.timers[timer as usize] = Some(self.queue.push(self.now, event));
                }
                Event::Deliver(_) => {
                    let handling = process.handling.duration(&mut process.handling_stream);
                    let at = now + handling;
                    last = last.max(at);
                    self.queue.push(if keeps_order { last } else { at }, event);
                }
                _ => {
                    self.queue.push(if keeps_order { last } else { now }, event);
                }
            }
        }
        self.carry_out(Address::Consumer(instance));
    }

    /// A client's process is gone: its connections close, its timers stop.
    pub(super) fn exit(&mut self, client: Address) {
        if !matches!(client, Address::Consumer(_)) {
            self.shut_down(client);
            return;
        }
        if self.plan.fallible {
            self.end_process(client, Power::Down, true);
        }
        for (server, channel, at) in self.network.close_by_client(self.now, client) {
            let place = self.closings.put(Closing { to: server, server, channel, how: Disconnection::Closed });
            self.queue.push(at, Event::Closed(place));
        }
        if let Address::Consumer(instance) = client {
            let process = &mut self.processes[instance.at()];
            process.consumer.on_exit();
            process.views.clear(self.now);
            for timer in &mut process.timers {
                if let Some(event) = timer.take() {
                    self.queue.cancel(event);
                }
            }
            for event in std::mem::take(&mut process.parked) {
                match event {
                    Event::Deliver(place) => drop(self.mail.take(place)),
                    Event::Closed(place) => drop(self.closings.take(place)),
                    _ => {}
                }
            }
        }
    }
}
