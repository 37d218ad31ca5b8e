//! The timeline, compound actions taken apart: who runs at each time is known before the run.

use std::collections::BTreeMap;

use super::Resolver;
use super::clients::Clients;
use super::groups::Members;
use super::labels;
use super::links::Links;
use super::lives::{Effect, Lives, Over, Step};
use super::nodes::{Nodes, Servers};
use crate::kernel::time::SimTime;
use crate::protocol::address::Address;
use crate::scenario::diagnose::Fault;
use crate::scenario::plan::{Action, AutoscalerPlan, LinkRule, ProducerPlan, TimedAction, TopicOnBroker, TopicPlan};
use crate::scenario::raw::{ResetOffset, ResetTo, SetQueues, SetRate, Timed};
use crate::scenario::tree::At;
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, ProducerIx};

/// What became of the instances.
pub(crate) struct Lived {
    /// Simple actions by time.
    pub(crate) actions: Vec<TimedAction>,
    /// Per instance: the start that is not an action.
    pub(crate) first_starts: Vec<Option<(SimTime, ClientIx)>>,
    /// Per instance: the client ids of all its starts.
    pub(crate) clients: Vec<Vec<ClientIx>>,
    /// What actions on links are about.
    pub(crate) rules: Vec<LinkRule>,
    pub(crate) autoscalers: Vec<AutoscalerPlan>,
}

/// The keys of an entry that are actions, with whether they are given.
pub(super) fn given(timed: &Timed) -> Vec<&'static str> {
    let all = [
        ("scale", timed.scale.is_some()),
        ("start", timed.start.is_some()),
        ("stop", timed.stop.is_some()),
        ("kill", timed.kill.is_some()),
        ("freeze", timed.freeze.is_some()),
        ("thaw", timed.thaw.is_some()),
        ("restart", timed.restart.is_some()),
        ("loseHost", timed.lose_host.is_some()),
        ("rollingRestart", timed.rolling_restart.is_some()),
        ("partition", timed.partition.is_some()),
        ("slowLink", timed.slow_link.is_some()),
        ("heal", timed.heal.is_some()),
        ("resetConnections", timed.reset_connections.is_some()),
        ("slowFlush", timed.slow_flush.is_some()),
        ("pageCacheBusy", timed.page_cache_busy.is_some()),
        ("brokerLoad", timed.broker_load.is_some()),
        ("diskUsed", timed.disk_used.is_some()),
        ("clock", timed.clock.is_some()),
        ("wipeWritePerm", timed.wipe_write_perm.is_some()),
        ("addWritePerm", timed.add_write_perm.is_some()),
        ("setQueues", timed.set_queues.is_some()),
        ("setRate", timed.set_rate.is_some()),
        ("setServiceTime", timed.set_service_time.is_some()),
        ("resetOffset", timed.reset_offset.is_some()),
    ];
    all.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect()
}

/// One walk over the timeline.
pub(super) struct Walk<'r, 'a> {
    pub(super) r: &'r Resolver<'a>,
    pub(super) members: &'r Members,
    pub(super) nodes: &'r Nodes,
    pub(super) servers: &'r Servers<'r>,
    pub(super) clients: &'r mut Clients,
    pub(super) lives: Lives<'r>,
    /// Who carries each topic at the time reached.
    carriers: Vec<Vec<BrokerIx>>,
    /// Rules of links, and which of them are in effect, by name.
    pub(super) links: Links,
    /// How often each effect on a broker has been changed.
    pub(super) effects: BTreeMap<(Effect, BrokerIx), u32>,
}

impl Resolver<'_> {
    pub(super) fn timeline(
        &self,
        members: &Members,
        topics: &[TopicPlan],
        servers: &Servers<'_>,
        clients: &mut Clients,
    ) -> Result<Lived, Fault> {
        let nodes = self.nodes(members, servers)?;
        let mut lives = Lives::new(members, &nodes);
        for (index, timed) in self.root.timeline.iter().enumerate() {
            let at = At::default().key("timeline").index(index);
            match given(timed).as_slice() {
                [_] => {}
                [] => {
                    let help = "add one like `kill: broker-a`; docs/scenarios.md lists them";
                    return Err(self.fault(&at.key("at"), "an entry without an action").help(help));
                }
                [_, second, ..] => {
                    return Err(self
                        .key_fault(&at.key(*second), "a second action in the same entry")
                        .help("give it an entry of its own, with the same `at`"));
                }
            }
            let time = self.before_end(timed.at.0, &at.key("at"), "an action")?;
            lives.pending.insert((time, index + 1, 0), Step::Entry(index));
        }
        let carriers = topics.iter().map(|plan| plan.brokers.iter().map(|on| on.broker).collect()).collect();
        let (links, effects) = (Links::default(), BTreeMap::new());
        let mut walk = Walk { r: self, members, nodes: &nodes, servers, clients, lives, carriers, links, effects };
        walk.walk()?;
        walk.chaos()?;
        let autoscalers = walk.autoscalers()?;
        let Lives { mut actions, first_starts, clients, .. } = walk.lives;
        actions.sort_by_key(|action| action.at);
        let rules = walk.links.in_order_of_use(&mut actions);
        Ok(Lived { actions, first_starts, clients, rules, autoscalers })
    }
}

impl Walk<'_, '_> {
    /// Everything that is pending happens.
    pub(super) fn walk(&mut self) -> Result<(), Fault> {
        while let Some(((at, ..), step)) = self.lives.pending.pop_first() {
            self.step(at, step)?;
        }
        Ok(())
    }

    pub(super) fn emit(&mut self, at: SimTime, action: Action, label: &str) {
        self.lives.actions.push(TimedAction { at, action, label: label.to_owned() });
    }

    fn step(&mut self, at: SimTime, step: Step) -> Result<(), Fault> {
        match step {
            Step::First(instance) => {
                if !self.lives.first(at, instance, self.clients) {
                    let name = self.nodes.label(instance);
                    let of = name.split('/').next().unwrap_or_default();
                    let place = match self.nodes.address(instance) {
                        Address::Consumer(_) => At::default().key("groups").key(of).key("instances"),
                        Address::Producer(_) => At::default().key("producers").key(of).key("start"),
                        Address::Broker(_) => self.r.broker_key(of).key("start"),
                        Address::Nameserver(_) => At::default().key("cluster").key("nameservers").key(of).key("start"),
                    };
                    let message = format!("{name} is to start at {at}, but an action has already started it");
                    return Err(self.r.fault(&place, message));
                }
                Ok(())
            }
            Step::Entry(index) => self.entry(at, index),
            Step::Do { verb, instance, entry, label } => self.act(at, verb, instance, entry, label),
            Step::Over(Over::Links { rules, label }) => {
                self.heal_rules(at, &rules, &label);
                Ok(())
            }
            Step::Over(Over::Effect { kind, broker, number, action, label }) => {
                if self.effects.get(&(kind, broker)) == Some(&number) {
                    self.emit(at, action, &label);
                }
                Ok(())
            }
        }
    }

    fn entry(&mut self, at: SimTime, index: usize) -> Result<(), Fault> {
        let timed = &self.r.root.timeline[index];
        let place = At::default().key("timeline").index(index);
        let label = labels::of_action(timed);
        self.processes(at, timed, index, &label)?;
        self.link_actions(at, timed, index, &label)?;
        self.broker_actions(at, timed, index, &label)?;
        if let Some(scale) = &timed.scale {
            self.scale(at, scale, index, &label)?;
        }
        if let Some(restart) = &timed.rolling_restart {
            self.roll(at, restart, index, &label)?;
        }
        if let Some(set) = &timed.set_queues {
            self.queues(at, set, &place.key("setQueues"), &label)?;
        }
        if let Some(reset) = &timed.reset_offset {
            self.reset(at, reset, &place.key("resetOffset"), &label)?;
        }
        self.rates(at, timed, &place, &label)
    }

    fn queues(&mut self, at: SimTime, set: &SetQueues, place: &At, label: &str) -> Result<(), Fault> {
        let topic = self.r.own_topic(&set.topic, &place.key("topic"))?;
        let (read_queue_nums, write_queue_nums) = self.r.new_counts(set, place)?;
        let mut brokers = match &set.brokers {
            None => self.carriers[topic.at()].clone(),
            Some(names) => {
                let mut brokers = Vec::new();
                for (index, name) in names.0.iter().enumerate() {
                    let at = place.key("brokers").index(index);
                    brokers.push(BrokerIx::new(self.r.find(&self.r.brokers, name, &at)?));
                }
                brokers
            }
        };
        brokers.sort_unstable();
        brokers.dedup();
        for broker in brokers {
            let carriers = &mut self.carriers[topic.at()];
            if !carriers.contains(&broker) {
                carriers.push(broker);
            }
            let queues = TopicOnBroker { broker, read_queue_nums, write_queue_nums };
            let action = Action::SetTopicQueues { topic, queues };
            self.lives.actions.push(TimedAction { at, action, label: label.to_owned() });
        }
        Ok(())
    }

    fn rates(&mut self, at: SimTime, timed: &Timed, place: &At, label: &str) -> Result<(), Fault> {
        if let Some(set) = &timed.set_rate {
            let instances = self.producers_of(set, &place.key("setRate").key("producer"))?;
            for instance in &instances {
                let rate = set.rate.0 / instances.len() as f64;
                let action = Action::SetProducerRate { producer: ProducerIx::new(*instance), rate };
                self.lives.actions.push(TimedAction { at, action, label: label.to_owned() });
            }
        }
        if let Some(set) = &timed.set_service_time {
            let place = place.key("setServiceTime");
            let group = self.r.find(&self.r.groups, &set.group, &place.key("group"))?;
            let service_time = self.r.times(Some(&set.service_time), &place.key("serviceTime"))?;
            for group in self.r.plan_groups.of_file[group].clone().map(GroupIx::new) {
                let action = Action::SetServiceTime { group, service_time: service_time.clone() };
                self.lives.actions.push(TimedAction { at, action, label: label.to_owned() });
            }
        }
        Ok(())
    }

    /// The instances of a producer, or the one that is named.
    fn producers_of(&self, set: &SetRate, at: &At) -> Result<Vec<usize>, Fault> {
        let all = self.servers.producers.iter().enumerate();
        let of = |named: &dyn Fn(&ProducerPlan) -> bool| -> Vec<usize> {
            all.clone().filter(|(_, plan)| named(plan)).map(|(instance, _)| instance).collect()
        };
        let instances = of(&|plan| plan.name == set.producer);
        if !instances.is_empty() {
            return Ok(instances);
        }
        let name = self.r.producers.name(self.r.find(&self.r.producers, &set.producer, at)?);
        Ok(of(&|plan| plan.producer == name))
    }

    fn reset(&mut self, at: SimTime, reset: &ResetOffset, place: &At, label: &str) -> Result<(), Fault> {
        let file = self.r.find(&self.r.groups, &reset.group, &place.key("group"))?;
        let topic = self.r.readable_topic(&reset.topic, &place.key("topic"))?;
        let members = &self.members.list[self.members.of_group[file].clone()];
        if !members.iter().any(|member| member.plan.topics.contains(&topic)) {
            let message = format!("{} does not consume {}", reset.group, reset.topic);
            return Err(self.r.fault(&place.key("topic"), message));
        }
        let to = match reset.to {
            ResetTo::Beginning => Some(SimTime::ZERO),
            ResetTo::End => None,
            ResetTo::Time(time) if SimTime::ZERO + time > at => {
                let message = format!("{time} is still to come at {at}");
                return Err(self.r.fault(&place.key("to"), message).help("write `end` for what is newest then"));
            }
            ResetTo::Time(time) => Some(SimTime::ZERO + time),
        };
        for group in self.r.plan_groups.of_file[file].clone().map(GroupIx::new) {
            let action = Action::ResetOffset { group, topic, to, force: reset.force.expect("filled in") };
            self.lives.actions.push(TimedAction { at, action, label: label.to_owned() });
        }
        Ok(())
    }
}

/// Which instances a group has, in words.
pub(crate) fn has_instances(group: &str, count: usize) -> String {
    match count {
        0 => format!("{group} has no instances"),
        1 => format!("{group} has one instance, `{group}/0`"),
        n => format!("{group} has the instances `{group}/0` to `{group}/{}`", n - 1),
    }
}
