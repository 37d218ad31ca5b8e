//! The timeline, compound actions taken apart: who runs at each time is known before the run.

use super::Resolver;
use super::clients::Clients;
use super::groups::Members;
use super::labels;
use super::lives::{Lives, State, Step, Verb};
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::diagnose::{Fault, suggest};
use crate::scenario::plan::{Action, ProducerPlan, TimedAction, TopicOnBroker, TopicPlan};
use crate::scenario::raw::{ResetOffset, ResetTo, Restart, Scale, SetQueues, StopKinds, Targets, Timed};
use crate::scenario::tree::At;
use crate::scenario::units::Names;
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, ProducerIx};

/// What became of the instances.
pub(crate) struct Lived {
    /// Simple actions by time.
    pub(crate) actions: Vec<TimedAction>,
    /// Per instance: the start that is not an action.
    pub(crate) first_starts: Vec<Option<(SimTime, ClientIx)>>,
    /// Per instance: the client ids of all its starts.
    pub(crate) clients: Vec<Vec<ClientIx>>,
}

/// The keys of an entry that are actions, with whether they are given.
fn given(timed: &Timed) -> Vec<&'static str> {
    let all = [
        ("scale", timed.scale.is_some()),
        ("start", timed.start.is_some()),
        ("stop", timed.stop.is_some()),
        ("kill", timed.kill.is_some()),
        ("freeze", timed.freeze.is_some()),
        ("thaw", timed.thaw.is_some()),
        ("rollingRestart", timed.rolling_restart.is_some()),
        ("setQueues", timed.set_queues.is_some()),
        ("setRate", timed.set_rate.is_some()),
        ("setServiceTime", timed.set_service_time.is_some()),
        ("resetOffset", timed.reset_offset.is_some()),
    ];
    all.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect()
}

/// One walk over the timeline.
struct Walk<'r, 'a> {
    r: &'r Resolver<'a>,
    members: &'r Members,
    producers: &'r [ProducerPlan],
    clients: &'r mut Clients,
    lives: Lives<'r>,
    /// Who carries each topic at the time reached.
    carriers: Vec<Vec<BrokerIx>>,
}

impl Resolver<'_> {
    pub(super) fn timeline(
        &self,
        members: &Members,
        topics: &[TopicPlan],
        producers: &[ProducerPlan],
        clients: &mut Clients,
    ) -> Result<Lived, Fault> {
        let mut lives = Lives::new(members);
        for (index, timed) in self.root.timeline.iter().enumerate() {
            let at = At::default().key("timeline").index(index);
            match given(timed).as_slice() {
                [_] => {}
                [] => {
                    return Err(self.fault(&at.key("at"), "an entry without an action").help(
                        "add one of scale, start, stop, kill, freeze, thaw, rollingRestart, setQueues, setRate, \
                               setServiceTime, resetOffset",
                    ));
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
        let mut walk = Walk { r: self, members, producers, clients, lives, carriers };
        while let Some(((at, ..), step)) = walk.lives.pending.pop_first() {
            walk.step(at, step)?;
        }
        let Lives { actions, first_starts, clients, .. } = walk.lives;
        Ok(Lived { actions, first_starts, clients })
    }
}

impl Walk<'_, '_> {
    fn step(&mut self, at: SimTime, step: Step) -> Result<(), Fault> {
        match step {
            Step::First(instance) => {
                if !self.lives.first(at, instance, self.clients) {
                    let name = self.members.names.name(instance);
                    let group = name.split('/').next().unwrap_or_default();
                    let place = At::default().key("groups").key(group).key("instances");
                    let message = format!("{name} is to start at {at}, but an action has already started it");
                    return Err(self.r.fault(&place, message));
                }
                Ok(())
            }
            Step::Entry(index) => self.entry(at, index),
            Step::Do { verb, instance, entry, label } => self.act(at, verb, instance, entry, label),
        }
    }

    fn act(&mut self, at: SimTime, verb: Verb, instance: usize, entry: usize, label: String) -> Result<(), Fault> {
        self.lives.act(at, verb, instance, label, self.clients).map_err(|why| {
            let timed = &self.r.root.timeline[entry];
            let key = given(timed).first().copied().unwrap_or("at");
            self.r.key_fault(&At::default().key("timeline").index(entry).key(key), why)
        })
    }

    fn entry(&mut self, at: SimTime, index: usize) -> Result<(), Fault> {
        let timed = &self.r.root.timeline[index];
        let place = At::default().key("timeline").index(index);
        let label = labels::of_action(timed);
        let start = timed
            .start
            .as_ref()
            .map(|start| (if start.fresh_host == Some(true) { Verb::Move } else { Verb::Start }, &start.instances));
        for (verb, names) in start.into_iter().chain(timed.thaw.as_ref().map(|names| (Verb::Thaw, names))) {
            let place = place.key(verb.word());
            let place = if self.r.tree.has(&place.key("instance")) { place.key("instance") } else { place };
            for instance in self.instances(names, verb, &place)? {
                self.act(at, verb, instance, index, label.clone())?;
            }
        }
        for (verb, targets) in [(Verb::Stop, &timed.stop), (Verb::Kill, &timed.kill), (Verb::Freeze, &timed.freeze)] {
            if let Some(targets) = targets {
                self.end(at, verb, targets, index, &label)?;
            }
        }
        if let Some(scale) = &timed.scale {
            self.scale(at, scale, index, &label)?;
        }
        if let Some(restart) = &timed.rolling_restart {
            self.restart(at, restart, index, &label)?;
        }
        if let Some(set) = &timed.set_queues {
            self.queues(at, set, &place.key("setQueues"), &label)?;
        }
        if let Some(reset) = &timed.reset_offset {
            self.reset(at, reset, &place.key("resetOffset"), &label)?;
        }
        self.rates(at, timed, &place, &label)
    }

    /// Stop, kill or freeze, and the way back after `for`.
    fn end(&mut self, at: SimTime, verb: Verb, targets: &Targets, entry: usize, label: &str) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key(verb.word());
        let names_at = if self.r.tree.has(&place.key("instance")) { place.key("instance") } else { place.clone() };
        if targets.fresh_host.is_some() && (targets.lasts.is_none() || verb == Verb::Freeze) {
            let fault = self.r.key_fault(&place.key("freshHost"), "nothing starts again here");
            return Err(fault.help("add `for`, or say it where the instance is started"));
        }
        for instance in self.instances(&targets.instances, verb, &names_at)? {
            self.act(at, verb, instance, entry, label.to_owned())?;
            let Some(lasts) = targets.lasts else { continue };
            if lasts.0.is_zero() {
                return Err(self.r.fault(&place.key("for"), "for no time at all"));
            }
            let back = at.saturating_add(lasts.0);
            let (verb, words) = match verb {
                Verb::Freeze => (Verb::Thaw, "thaw"),
                _ if targets.fresh_host == Some(true) => (Verb::Move, "start"),
                _ => (Verb::Start, "start"),
            };
            // Beyond the end of the run it simply lasts to the end.
            if back < SimTime::ZERO + self.r.duration {
                let label = format!("{words} {} again", self.members.names.name(instance));
                self.lives.later(back, entry, verb, instance, label);
            }
        }
        Ok(())
    }

    /// The instances that `names` names; `group/*` are those to which the verb applies.
    fn instances(&self, names: &Names, verb: Verb, at: &At) -> Result<Vec<usize>, Fault> {
        let mut instances = Vec::new();
        for (index, name) in names.0.iter().enumerate() {
            let at = at.index(index);
            match name.strip_suffix("/*") {
                Some(group) => {
                    let group = self.r.find(&self.r.groups, group, &at)?;
                    let wanted = match verb {
                        Verb::Start | Verb::Move => State::Down,
                        Verb::Thaw => State::Frozen,
                        _ => State::Running,
                    };
                    let range = self.members.of_group[group].clone();
                    instances.extend(range.filter(|instance| self.lives.state(*instance) == wanted));
                }
                None => instances.push(self.instance(name, &at)?),
            }
        }
        if names.0.is_empty() {
            return Err(self.r.fault(at, "no instance is named"));
        }
        Ok(instances)
    }

    fn instance(&self, name: &str, at: &At) -> Result<usize, Fault> {
        if let Some(instance) = self.members.names.find(name) {
            return Ok(instance);
        }
        let fault = self.r.fault(at, format!("undefined instance `{name}`"));
        let known_group = name.split('/').next().and_then(|group| self.r.groups.find(group));
        Err(match known_group {
            Some(group) => fault.help(has_instances(self.r.groups.name(group), self.members.of_group[group].len())),
            None => fault.maybe_help(suggest(name, self.members.names.iter())),
        })
    }

    fn scale(&mut self, at: SimTime, scale: &Scale, entry: usize, label: &str) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key("scale");
        let group = self.r.find(&self.r.groups, &scale.group, &place.key("group"))?;
        let range = self.members.of_group[group].clone();
        let up: Vec<usize> = range.clone().filter(|i| self.lives.state(*i) != State::Down).collect();
        let wanted = scale.instances as usize;
        let (verb, chosen): (Verb, Vec<usize>) = if wanted >= up.len() {
            let down = range.filter(|i| self.lives.state(*i) == State::Down);
            (Verb::Start, down.take(wanted - up.len()).collect())
        } else {
            let running = up.iter().rev().copied().filter(|i| self.lives.state(*i) == State::Running);
            let chosen: Vec<usize> = running.take(up.len() - wanted).collect();
            if chosen.len() < up.len() - wanted {
                let message = format!("{} has too few running members to stop, the others are frozen", scale.group);
                return Err(self.r.fault(&place.key("instances"), message).help("kill or thaw them first"));
            }
            (Verb::Stop, chosen)
        };
        let every = scale.every.expect("filled in").0;
        for (number, instance) in chosen.into_iter().enumerate() {
            let time = self.in_time(at, every, number, SimDuration::ZERO, &place.key("every"), "scaling")?;
            if time == at {
                self.act(at, verb, instance, entry, label.to_owned())?;
            } else {
                self.lives.later(time, entry, verb, instance, label.to_owned());
            }
        }
        Ok(())
    }

    fn restart(&mut self, at: SimTime, restart: &Restart, entry: usize, label: &str) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key("rollingRestart");
        let group = self.r.find(&self.r.groups, &restart.group, &place.key("group"))?;
        let range = self.members.of_group[group].clone();
        let running: Vec<usize> = range.filter(|i| self.lives.state(*i) == State::Running).collect();
        if running.is_empty() {
            return Err(self.r.fault(&place.key("group"), format!("no member of {} runs at {at}", restart.group)));
        }
        let verb = match restart.by.expect("filled in") {
            StopKinds::Stop => Verb::Stop,
            StopKinds::Kill => Verb::Kill,
        };
        let downtime = restart.downtime.expect("filled in").0;
        for (number, instance) in running.into_iter().enumerate() {
            let every = restart.every.0;
            let down = self.in_time(at, every, number, SimDuration::ZERO, &place.key("every"), "the restart")?;
            let up = self.in_time(at, every, number, downtime, &place.key("every"), "the restart")?;
            self.lives.later(down, entry, verb, instance, label.to_owned());
            let start = if restart.fresh_host == Some(true) { Verb::Move } else { Verb::Start };
            self.lives.later(up, entry, start, instance, label.to_owned());
        }
        Ok(())
    }

    /// The `number`-th time of a repeated action.
    fn in_time(
        &self,
        at: SimTime,
        every: SimDuration,
        number: usize,
        more: SimDuration,
        place: &At,
        what: &str,
    ) -> Result<SimTime, Fault> {
        let nanos = every.as_nanos().saturating_mul(number as u64).saturating_add(more.as_nanos());
        let time = at.saturating_add(SimDuration::from_nanos(nanos));
        self.r.before_end(time.since(SimTime::ZERO), place, &format!("the end of {what}"))
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
            let place = place.key("setRate").key("producer");
            let number = self.r.find(&self.r.producers, &set.producer, &place)?;
            let name = self.r.producers.name(number);
            let of_name = self.producers.iter().enumerate().filter(|(_, plan)| plan.producer == name);
            let instances: Vec<usize> = of_name.map(|(instance, _)| instance).collect();
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
