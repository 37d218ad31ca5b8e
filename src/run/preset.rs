//! Members that joined long before the run: their state and the phases of their timers are given instead of played. Used to
//! replay measured runs.

use std::rc::Rc;

use super::build::next_phase;
use super::world::World;
use crate::kernel::time::SimTime;
use crate::node::consumer::{PresetState, PresetTimers};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::Heartbeat;
use crate::protocol::route::{TEMPLATE_TOPIC, TopicRoute};
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, QueueIx, TopicIx};

impl World {
    /// Puts every instance with phases into the state it would have after a long and quiet time: routes known, registered at
    /// every broker it knows, queues allocated among those members, nothing pulled yet.
    pub(super) fn preset_members(&mut self) {
        let present: Vec<InstanceIx> = (0..self.plan.instances.len())
            .map(InstanceIx::new)
            .filter(|instance| self.plan.instances[instance.at()].phases.is_some())
            .collect();
        if present.is_empty() {
            return;
        }
        self.preset_retry_topics(&present);
        self.preset_nameservers();
        for group in 0..self.plan.groups.len() {
            let group = GroupIx::new(group);
            let members: Vec<(InstanceIx, ClientIx)> = present
                .iter()
                .filter(|instance| self.plan.instances[instance.at()].group == group)
                .filter_map(|instance| Some((*instance, self.plan.instances[instance.at()].start?.1)))
                .collect();
            let mut ids: Vec<ClientIx> = members.iter().map(|(_, client)| *client).collect();
            ids.sort_unstable();
            let ids: Rc<[ClientIx]> = ids.into();
            for (instance, client) in members {
                self.preset_member(group, instance, client, &ids);
            }
        }
    }

    /// The retry topics of groups that have been there for long exist.
    fn preset_retry_topics(&mut self, present: &[InstanceIx]) {
        for instance in present {
            let group = self.plan.instances[instance.at()].group;
            for index in 0..self.plan.brokers.len() {
                if let Some((topic, queues)) = self.brokers[index].broker.preset_retry_topic(group) {
                    self.on_queues_changed(topic, BrokerIx::new(index), queues);
                }
            }
        }
    }

    /// Every broker has registered everywhere.
    fn preset_nameservers(&mut self) {
        for host in &self.brokers {
            let identity = host.broker.identity();
            let table = host.broker.topic_table();
            for nameserver in &identity.nameservers {
                let server = Address::Nameserver(*nameserver);
                let (channel, _) = self.network.up(SimTime::ZERO, Address::Broker(identity.process), server);
                let process = (identity.process, identity.id);
                self.nameservers[nameserver.at()].nameserver.preset_process(identity.name, process, &table, channel);
            }
        }
    }

    fn preset_member(&mut self, group: GroupIx, instance: InstanceIx, client: ClientIx, ids: &Rc<[ClientIx]>) {
        let plan = self.plan.instances[instance.at()].clone();
        let Some(phases) = plan.phases else { return };
        let routes: Vec<(TopicIx, Rc<TopicRoute>)> = plan
            .topics
            .iter()
            .chain(&[TEMPLATE_TOPIC])
            .filter_map(|topic| Some((*topic, self.nameservers[0].nameserver.route(*topic)?)))
            .collect();
        let shares: Vec<QueueIx> = routes
            .iter()
            .filter(|(topic, _)| *topic != TEMPLATE_TOPIC)
            .flat_map(|(topic, route)| {
                let queues = route.subscribe_queues(*topic, &self.directory);
                self.allocations.share(group, &self.directory, &queues, ids, client).unwrap_or_default()
            })
            .collect();
        let owned: Vec<(QueueIx, u64)> =
            shares.into_iter().map(|queue| (queue, self.preset_offset(group, queue))).collect();
        let config = &plan.config;
        let timers = PresetTimers {
            heartbeat: next_phase(phases.heartbeat, config.client.heartbeat_broker_interval),
            rebalance: next_phase(phases.rebalance, config.rebalance_wait_interval),
            route_poll: next_phase(phases.route_poll, config.client.poll_name_server_interval),
            offset_persist: next_phase(phases.offset_persist, config.persist_consumer_offset_interval),
        };
        let process = &mut self.processes[instance.at()];
        let state = PresetState { routes: &routes, owned: &owned, members: ids, timers };
        process.consumer.preset(SimTime::ZERO, client, state, &mut self.out);
        self.preset_registrations(instance, client, &routes, phases.heartbeat);
        self.carry_out(Address::Consumer(instance));
        self.truths[group.at()].insert(instance, client);
        self.check_views();
    }

    fn preset_offset(&self, group: GroupIx, queue: QueueIx) -> u64 {
        let parts = self.directory.parts(queue);
        self.brokers[parts.broker.at()].broker.offsets.committed(group, parts.local as usize).unwrap_or(0)
    }

    /// Every broker the member knows has its last heartbeat, `age` ago; before the run's start that is the start.
    fn preset_registrations(
        &mut self,
        instance: InstanceIx,
        client: ClientIx,
        routes: &[(TopicIx, Rc<TopicRoute>)],
        age: crate::kernel::time::SimDuration,
    ) {
        let consumer = self.processes[instance.at()].consumer.consumer_data().cloned();
        let heartbeat = Heartbeat { client, consumer, producer: None };
        let mut brokers: Vec<BrokerIx> = routes.iter().flat_map(|(_, route)| route.processes()).collect();
        brokers.sort_unstable();
        brokers.dedup();
        for broker in brokers {
            let me = Address::Consumer(instance);
            let (channel, _): (Channel, SimTime) = self.network.up(SimTime::ZERO, me, Address::Broker(broker));
            let last = SimTime::ZERO.saturating_sub(age);
            self.brokers[broker.at()].broker.preset_member(last, channel, &heartbeat);
        }
    }
}
