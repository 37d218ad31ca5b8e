//! Actions on processes and hosts, taken apart.

use super::lives::{StartAs, State, Verb};
use super::nodes::Named;
use super::timeline::{Walk, given, has_instances};
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Address;
use crate::scenario::diagnose::{Fault, suggest};
use crate::scenario::raw::{DiskFate, LoseHost, RestartNodes, Scale, Starters, StopKinds, Targets, Timed};
use crate::scenario::tree::At;
use crate::scenario::units::{Duration, Names, NamesOr};

/// The ways to say who an action is about.
const WHO: [&str; 5] = ["instance", "instances", "of", "node", "nodes"];

/// An action that ends processes, and how they come back.
struct End<'t> {
    key: &'static str,
    verb: Verb,
    names: &'t Names,
    lasts: Option<Duration>,
    back: Verb,
}

impl Walk<'_, '_> {
    pub(super) fn act(
        &mut self,
        at: SimTime,
        verb: Verb,
        node: usize,
        entry: usize,
        label: String,
    ) -> Result<(), Fault> {
        self.act_as(at, (verb, StartAs::default()), node, entry, label)
    }

    fn act_as(
        &mut self,
        at: SimTime,
        what: (Verb, StartAs<'_>),
        node: usize,
        entry: usize,
        label: String,
    ) -> Result<(), Fault> {
        let done = match self.scaled_by(node) {
            Some(scaler) => Err(format!("{} is started and stopped by {scaler}", self.nodes.label(node))),
            None => self.lives.act(at, what, node, label, self.clients),
        };
        done.map_err(|why| {
            let timed = &self.r.root.timeline[entry];
            let key = given(timed).first().copied().unwrap_or("at");
            self.r.key_fault(&At::default().key("timeline").index(entry).key(key), why)
        })
    }

    /// The autoscaler that starts and stops a member: one beyond those that always run.
    fn scaled_by(&self, node: usize) -> Option<String> {
        let Address::Consumer(_) = self.nodes.address(node) else { return None };
        let member = &self.members.list[node];
        let group = self.r.groups.name(member.file_group);
        let mut all = self.r.root.autoscalers.iter();
        let (name, _) = all.find(|(_, raw)| raw.group == group && member.number >= raw.min.unwrap_or(1) as usize)?;
        Some(format!("the autoscaler `{name}`"))
    }

    pub(super) fn is_autoscaled(&self, node: usize) -> bool {
        self.scaled_by(node).is_some()
    }

    /// Who runs in such a group is not known before the run.
    pub(super) fn not_autoscaled(&self, group: &str, at: &At) -> Result<(), Fault> {
        match self.r.root.autoscalers.iter().find(|(_, raw)| raw.group == group) {
            None => Ok(()),
            Some((name, _)) => {
                let fault = self.r.fault(at, format!("the autoscaler `{name}` decides who runs in {group}"));
                Err(fault.help("only its first `min` members can be named in the timeline"))
            }
        }
    }

    /// Starts, ends, pauses and losses of an entry.
    pub(super) fn processes(&mut self, at: SimTime, timed: &Timed, entry: usize, label: &str) -> Result<(), Fault> {
        if let Some(NamesOr(start)) = &timed.start {
            self.start(at, start, entry, label)?;
        }
        if let Some(names) = &timed.thaw {
            let place = At::default().key("timeline").index(entry).key("thaw");
            for node in self.targets(names, Verb::Thaw, &place)? {
                self.act(at, Verb::Thaw, node, entry, label.to_owned())?;
            }
        }
        let ends = [
            ("stop", Verb::Stop, &timed.stop),
            ("kill", Verb::Kill, &timed.kill),
            ("freeze", Verb::Freeze, &timed.freeze),
        ];
        for (key, verb, targets) in ends {
            if let Some(NamesOr(targets)) = targets {
                self.targets_end(at, (key, verb), targets, entry, label)?;
            }
        }
        if let Some(NamesOr(restart)) = &timed.restart {
            self.restart(at, restart, entry, label)?;
        }
        if let Some(NamesOr(LoseHost { of: names, disk, lasts })) = &timed.lose_host {
            let verb = if *disk == Some(DiskFate::Lost) { Verb::LoseDisk } else { Verb::LoseHost };
            let end = End { key: "loseHost", verb, names, lasts: *lasts, back: Verb::Start };
            self.end(at, &end, entry, label)?;
        }
        Ok(())
    }

    fn start(&mut self, at: SimTime, start: &Starters, entry: usize, label: &str) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key("start");
        let verb = self.verb_of_start(start.fresh_host, start.empty_disk, &place)?;
        let nodes = self.targets(&start.instance, verb, &place)?;
        self.fits(&nodes, start.fresh_host, start.empty_disk, &place)?;
        if let Some(id) = &start.client_id {
            let [node] = nodes.as_slice() else {
                return Err(self.r.fault(&place.key("clientId"), "one client id for several instances"));
            };
            if id.trim().is_empty() {
                return Err(self.r.fault(&place.key("clientId"), "an empty client id"));
            }
            if !matches!(self.nodes.address(*node), Address::Consumer(_)) {
                return Err(self
                    .r
                    .key_fault(&place.key("clientId"), format!("{} is no consumer", self.nodes.label(*node))));
            }
        }
        let (fresh_host, empty_disk) = (start.fresh_host, start.empty_disk);
        let own = StartAs { fresh_host, empty_disk, client_id: start.client_id.as_deref() };
        for node in nodes {
            self.act_as(at, (verb, own), node, entry, label.to_owned())?;
        }
        Ok(())
    }

    fn verb_of_start(&self, fresh_host: Option<bool>, empty_disk: Option<bool>, at: &At) -> Result<Verb, Fault> {
        match (fresh_host == Some(true), empty_disk == Some(true)) {
            (true, true) => {
                Err(self.r.key_fault(&at.key("emptyDisk"), "`emptyDisk` is for brokers, `freshHost` for consumers"))
            }
            (true, false) => Ok(Verb::Move),
            (false, true) => Ok(Verb::StartEmpty),
            (false, false) => Ok(Verb::Start),
        }
    }

    /// Only consumers move, only brokers have a disk.
    fn fits(&self, nodes: &[usize], fresh: Option<bool>, empty: Option<bool>, at: &At) -> Result<(), Fault> {
        for node in nodes {
            let (name, address) = (self.nodes.label(*node), self.nodes.address(*node));
            if fresh.is_some() && !matches!(address, Address::Consumer(_)) {
                return Err(self.r.key_fault(&at.key("freshHost"), format!("{name} is no consumer")));
            }
            if empty.is_some() && !matches!(address, Address::Broker(_)) {
                return Err(self.r.key_fault(&at.key("emptyDisk"), format!("{name} is no broker")));
            }
        }
        Ok(())
    }

    /// Stop, kill or freeze, and the way back after `for`.
    fn targets_end(
        &mut self,
        at: SimTime,
        (key, verb): (&'static str, Verb),
        targets: &Targets,
        entry: usize,
        label: &str,
    ) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key(key);
        for (said, word) in [(targets.fresh_host, "freshHost"), (targets.empty_disk, "emptyDisk")] {
            if said.is_some() && (targets.lasts.is_none() || verb == Verb::Freeze) {
                let fault = self.r.key_fault(&place.key(word), "nothing starts again here");
                return Err(fault.help("add `for`, or say it where the instance is started"));
            }
        }
        let start = self.verb_of_start(targets.fresh_host, targets.empty_disk, &place)?;
        if targets.fresh_host.or(targets.empty_disk).is_some() {
            let nodes = self.targets(&targets.instance, verb, &place)?;
            self.fits(&nodes, targets.fresh_host, targets.empty_disk, &place)?;
        }
        let back = if verb == Verb::Freeze { Verb::Thaw } else { start };
        let end = End { key, verb, names: &targets.instance, lasts: targets.lasts, back };
        self.end(at, &end, entry, label)
    }

    fn end(&mut self, at: SimTime, end: &End<'_>, entry: usize, label: &str) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key(end.key);
        for node in self.targets(end.names, end.verb, &place)? {
            self.act(at, end.verb, node, entry, label.to_owned())?;
            let Some(lasts) = end.lasts else { continue };
            if lasts.0.is_zero() {
                return Err(self.r.fault(&place.key("for"), "for no time at all"));
            }
            let back = at.saturating_add(lasts.0);
            // Beyond the end of the run it simply lasts to the end.
            if back < SimTime::ZERO + self.r.duration {
                let label = format!("{} {} again", end.back.word(), self.nodes.label(node));
                self.lives.later(back, entry, end.back, node, label);
            }
        }
        Ok(())
    }

    fn restart(&mut self, at: SimTime, restart: &RestartNodes, entry: usize, label: &str) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key("restart");
        let verb = if restart.by == Some(StopKinds::Kill) { Verb::Kill } else { Verb::Stop };
        let back = self.verb_of_start(restart.fresh_host, restart.empty_disk, &place)?;
        let nodes = self.targets(&restart.instance, verb, &place)?;
        self.fits(&nodes, restart.fresh_host, restart.empty_disk, &place)?;
        let up = at.saturating_add(restart.after.expect("filled in").0);
        let up = self.r.before_end(up.since(SimTime::ZERO), &place.key("after"), "the end of the restart")?;
        for node in nodes {
            self.act(at, verb, node, entry, label.to_owned())?;
            self.lives.later(up, entry, back, node, format!("start {} again", self.nodes.label(node)));
        }
        Ok(())
    }

    /// The nodes that `names` names; of a word for many, those to which the verb applies.
    pub(super) fn targets(&self, names: &Names, verb: Verb, place: &At) -> Result<Vec<usize>, Fault> {
        let said = WHO.iter().map(|key| place.key(*key)).find(|at| self.r.tree.has(at));
        let at = said.unwrap_or_else(|| place.clone());
        let mut nodes = Vec::new();
        for (index, name) in names.0.iter().enumerate() {
            match self.nodes.find(name) {
                Some(Named::One(node)) => nodes.push(node),
                Some(Named::Many(many)) => {
                    let fit =
                        |node: &&usize| verb.applies_to(self.lives.state(**node)) && self.scaled_by(**node).is_none();
                    nodes.extend(many.iter().filter(fit));
                }
                None => return Err(self.unknown(name, &at.index(index))),
            }
        }
        if names.0.is_empty() {
            return Err(self.r.fault(&at, "no instance is named"));
        }
        let mut seen = nodes.clone();
        seen.sort_unstable();
        if let Some(twice) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(self.r.fault(&at, format!("{} is named twice", self.nodes.label(twice[0]))));
        }
        Ok(nodes)
    }

    fn unknown(&self, name: &str, at: &At) -> Fault {
        let Some((group, number)) = name.split_once('/') else { return self.r.unknown_node(self.nodes, name, at) };
        if number == "*" {
            let groups = self.r.groups.iter().chain(self.r.brokers.iter()).chain(self.r.producers.iter());
            return self.r.fault(at, format!("undefined group `{group}`")).maybe_help(suggest(group, groups));
        }
        let fault = self.r.fault(at, format!("undefined instance `{name}`"));
        match self.r.groups.find(group) {
            Some(known) => fault.help(has_instances(group, self.members.of_group[known].len())),
            None => fault.maybe_help(self.near(group, name)),
        }
    }

    /// The processes of the broker that is meant, or what is written nearly alike.
    fn near(&self, broker: &str, name: &str) -> Option<String> {
        if let Some(Named::Many(processes)) =
            self.nodes.find(&format!("{broker}/*")).filter(|_| self.r.brokers.find(broker).is_some())
        {
            let labels: Vec<&str> = processes.iter().map(|node| self.nodes.label(*node)).collect();
            return Some(format!("its processes are {}", labels.join(", ")));
        }
        suggest(name, self.nodes.words().filter(|word| word.contains('/') && !word.ends_with("/*")))
    }

    pub(super) fn scale(&mut self, at: SimTime, scale: &Scale, entry: usize, label: &str) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key("scale");
        let group = self.r.find(&self.r.groups, &scale.group, &place.key("group"))?;
        self.not_autoscaled(&scale.group, &place.key("group"))?;
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

    /// The `number`-th time of a repeated action.
    pub(super) fn in_time(
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
}
