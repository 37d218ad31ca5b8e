//! Groups: idle members, shared client ids, different subscriptions, too much load.

use std::collections::BTreeMap;

use super::Lints;
use crate::kernel::time::SimTime;
use crate::scenario::plan::{Action, Plan};
use crate::scenario::tree::At;
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, TopicIx};

/// Who runs and which queues can be read, as time goes by.
struct Scene<'a> {
    plan: &'a Plan,
    running: Vec<bool>,
    readable: BTreeMap<(TopicIx, BrokerIx), u32>,
}

impl<'a> Scene<'a> {
    fn new(plan: &'a Plan) -> Self {
        let running = plan.instances.iter().map(|instance| instance.start.is_some()).collect();
        let readable = plan.topics.iter().enumerate().flat_map(|(topic, plan)| {
            plan.brokers.iter().map(move |on| ((TopicIx::new(topic), on.broker), on.read_queue_nums))
        });
        Self { plan, running, readable: readable.collect() }
    }

    fn apply(&mut self, action: &Action) {
        match action {
            Action::StartConsumer { instance, .. } => self.running[instance.at()] = true,
            Action::StopConsumer { instance } | Action::KillConsumer { instance } => {
                self.running[instance.at()] = false;
            }
            Action::SetTopicQueues { topic, queues } => {
                self.readable.insert((*topic, queues.broker), queues.read_queue_nums);
            }
            _ => {}
        }
    }

    fn members(&self, group: GroupIx) -> u64 {
        let runs = |(number, running): &(usize, &bool)| **running && self.plan.instances[*number].group == group;
        self.running.iter().enumerate().filter(runs).count() as u64
    }

    /// Queues of the group's topic with the most queues: no more members than these can have one of every topic.
    fn most_queues(&self, group: GroupIx) -> u64 {
        let queues = |topic: &TopicIx| -> u64 {
            self.readable.iter().filter(|((of, _), _)| of == topic).map(|(_, count)| u64::from(*count)).sum()
        };
        self.plan.groups[group.at()].topics.iter().map(queues).max().unwrap_or(0)
    }
}

impl Lints<'_> {
    pub(super) fn groups(&mut self) {
        self.shared_clients();
        for number in 0..self.plan.groups.len() {
            self.idle(GroupIx::new(number));
            self.utilisation(GroupIx::new(number));
        }
    }

    pub(super) fn instance_at(&self, instance: InstanceIx) -> At {
        let name = &self.plan.instances[instance.at()].name;
        let (group, number) = name.rsplit_once('/').expect("instance names are group/number");
        At::default().key("groups").key(group).key("instances").index(number.parse().unwrap_or(0))
    }

    fn shared_clients(&mut self) {
        let plan = self.plan;
        let mut seen: BTreeMap<(GroupIx, ClientIx), InstanceIx> = BTreeMap::new();
        let starts = plan.timeline.iter().filter_map(|timed| match timed.action {
            Action::StartConsumer { instance, client_id, .. } => Some((instance, client_id)),
            _ => None,
        });
        let first = plan
            .instances
            .iter()
            .enumerate()
            .filter_map(|(number, instance)| instance.start.map(|(_, client)| (InstanceIx::new(number), client)));
        for (instance, client) in first.chain(starts).collect::<Vec<_>>() {
            let other = *seen.entry((plan.instances[instance.at()].group, client)).or_insert(instance);
            if other != instance {
                let message = format!(
                    "{} and {} share the client id {}",
                    plan.instances[other.at()].name,
                    plan.instances[instance.at()].name,
                    plan.client_ids[client.at()]
                );
                let help = "both take the same share of the queues, and another share has nobody";
                self.warn(&self.instance_at(instance).key("clientId"), message, help);
            }
        }
    }

    fn idle(&mut self, group: GroupIx) {
        let plan = self.plan;
        let mut scene = Scene::new(plan);
        let mut at = SimTime::ZERO;
        let mut actions = plan.timeline.iter().peekable();
        loop {
            let (members, queues) = (scene.members(group), scene.most_queues(group));
            if members > queues && queues > 0 {
                let name = plan.groups[group.at()].of_file();
                let place = self.cause(name, at);
                let when = if at == SimTime::ZERO { String::new() } else { format!(" from {at} on") };
                let message = format!("{name} has {members} members for {queues} queues{when}");
                let help = format!("{} of them will be idle", members - queues);
                self.warn(&place, message, help);
                return;
            }
            let Some(next) = actions.peek().map(|action| action.at) else { return };
            at = next;
            while let Some(action) = actions.next_if(|action| action.at == at) {
                scene.apply(&action.action);
            }
        }
    }

    /// The entry that gave the group its number of members at this time.
    fn cause(&self, group: &str, at: SimTime) -> At {
        let entry = self.root.timeline.iter().position(|timed| {
            SimTime::ZERO + timed.at.0 == at && timed.scale.as_ref().is_some_and(|scale| scale.group == group)
        });
        match entry {
            Some(index) => At::default().key("timeline").index(index).key("scale").key("instances"),
            None => At::default().key("groups").key(group).key("instances"),
        }
    }

    /// Offered load over capacity with the members of the start and the producers' greatest rates.
    fn utilisation(&mut self, group: GroupIx) {
        let plan = self.plan;
        let scene = Scene::new(plan);
        let of_group = &plan.groups[group.at()];
        let (members, queues) = (scene.members(group), scene.most_queues(group));
        let working = members.min(queues);
        if working == 0 {
            return;
        }
        let feeding = plan.producers.iter().filter(|producer| of_group.topics.contains(&producer.topic));
        let greatest = |points: &[crate::scenario::plan::RatePoint]| points.iter().map(|p| p.rate).fold(0.0, f64::max);
        let rate: f64 = feeding.map(|producer| greatest(&producer.arrivals.profile)).sum();
        let config = &of_group.config;
        let batch = f64::from(config.consume_message_batch_max_size);
        let seconds = (config.service_time.mean() + config.service_time_per_call.mean() / batch) / 1e9;
        let threads = (working * u64::from(config.consume_thread_min)) as f64;
        if seconds <= 0.0 {
            return;
        }
        let load = rate * seconds / threads;
        if load >= 1.0 {
            let at = At::default().key("groups").key(of_group.of_file());
            let place = if self.tree.has(&at.key("serviceTime")) { at.key("serviceTime") } else { at };
            let message = format!(
                "{} cannot keep up: {rate:.0} messages a second arrive, {threads} threads of {working} working members \
                 handle {:.0}",
                of_group.name,
                threads / seconds
            );
            let help = format!("expected utilisation {:.0} %; the backlog grows while that lasts", load * 100.0);
            self.warn_key(&place, message, help);
        }
    }
}
