//! Rolling restarts, taken apart.

use super::lives::{State, Verb};
use super::timeline::Walk;
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Address;
use crate::scenario::diagnose::Fault;
use crate::scenario::raw::{Restart, StopKinds};
use crate::scenario::tree::At;

impl Walk<'_, '_> {
    pub(super) fn roll(&mut self, at: SimTime, restart: &Restart, entry: usize, label: &str) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key("rollingRestart");
        let running = self.who_rolls(at, restart, &place)?;
        let surge = restart.surge.unwrap_or(0) as usize;
        let (step_time, step_key) = match surge {
            0 => (restart.downtime.expect("filled in").0, "downtime"),
            _ => (restart.overlap.expect("filled in").0, "overlap"),
        };
        let every = self.step_length(restart, step_time, &place)?;
        if surge > 0 {
            if restart.unavailable.is_some() {
                let fault = self.r.key_fault(&place.key("unavailable"), "`unavailable` beside `surge`");
                return Err(fault.help("new members replace the old ones; remove one of them"));
            }
            if every <= step_time {
                let message = format!("steps of {every} are not longer than the `overlap` {step_time}");
                return Err(self.r.fault(&place.key("every"), message));
            }
            return self.surge(at, (restart, every, surge), running, entry, label);
        }
        let at_once = restart.unavailable.unwrap_or(1) as usize;
        if at_once == 0 {
            return Err(self.r.fault(&place.key("unavailable"), "steps in which nobody is restarted"));
        }
        let verb = end_verb(restart);
        let key = if restart.every.is_some() { "every" } else { step_key };
        for (number, node) in running.into_iter().enumerate() {
            let (step, place) = (number / at_once, place.key(key));
            let down = self.in_time(at, every, step, SimDuration::ZERO, &place, "the restart")?;
            let up = self.in_time(at, every, step, step_time, &place, "the restart")?;
            self.lives.later(down, entry, verb, node, label.to_owned());
            let start = if restart.fresh_host == Some(true) { Verb::Move } else { Verb::Start };
            self.lives.later(up, entry, start, node, label.to_owned());
        }
        Ok(())
    }

    fn who_rolls(&self, at: SimTime, restart: &Restart, place: &At) -> Result<Vec<usize>, Fault> {
        match (&restart.group, &restart.nodes) {
            (Some(name), None) => {
                let group = self.r.find(&self.r.groups, name, &place.key("group"))?;
                self.not_autoscaled(name, &place.key("group"))?;
                let range = self.members.of_group[group].clone();
                let running: Vec<usize> = range.filter(|i| self.lives.state(*i) == State::Running).collect();
                if running.is_empty() {
                    return Err(self.r.fault(&place.key("group"), format!("no member of {name} runs at {at}")));
                }
                Ok(running)
            }
            (None, Some(names)) => {
                let nodes = self.targets(names, end_verb(restart), place)?;
                if restart.surge.unwrap_or(0) > 0 {
                    return Err(self.r.key_fault(&place.key("surge"), "`surge` is for groups of consumers"));
                }
                let moves = restart.fresh_host == Some(true);
                if let Some(server) = nodes.iter().find(|node| moves && !self.is_consumer(**node)) {
                    let message = format!("{} is no consumer", self.nodes.label(*server));
                    return Err(self.r.key_fault(&place.key("freshHost"), message));
                }
                Ok(nodes)
            }
            (Some(_), Some(_)) => Err(self.r.key_fault(&place.key("nodes"), "both `group` and `nodes` are given")),
            (None, None) => {
                let fault = self.r.key_fault(place, "nobody is named");
                Err(fault.help("add `group: order_consumer` or `nodes: brokers`"))
            }
        }
    }

    fn is_consumer(&self, node: usize) -> bool {
        matches!(self.nodes.address(node), Address::Consumer(_))
    }

    /// Time from step to step.
    fn step_length(&self, restart: &Restart, step_time: SimDuration, place: &At) -> Result<SimDuration, Fault> {
        match (restart.every, restart.pause) {
            (Some(every), None) => Ok(every.0),
            (None, Some(pause)) => Ok(SimDuration::from_nanos(step_time.as_nanos().saturating_add(pause.0.as_nanos()))),
            (Some(_), Some(_)) => Err(self.r.key_fault(&place.key("pause"), "both `every` and `pause` are given")),
            (None, None) => {
                Err(self.r.key_fault(place, "missing key `every`").help("or say the `pause` between two steps"))
            }
        }
    }

    /// New members start before old ones stop.
    fn surge(
        &mut self,
        at: SimTime,
        (restart, every, surge): (&Restart, SimDuration, usize),
        old: Vec<usize>,
        entry: usize,
        label: &str,
    ) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key("rollingRestart");
        let group = self.members.list[old[0]].file_group;
        let range = self.members.of_group[group].clone();
        let fresh: Vec<usize> = range.rev().filter(|i| self.lives.state(*i) == State::Down).take(surge).collect();
        let overlap = restart.overlap.expect("filled in").0;
        // Who has stopped starts again as somebody new in the next step.
        let mut free: Vec<usize> = fresh.into_iter().rev().collect();
        for (number, step) in old.chunks(surge).enumerate() {
            let key = place.key(if restart.every.is_some() { "every" } else { "pause" });
            let up = self.in_time(at, every, number, SimDuration::ZERO, &key, "the restart")?;
            let down = self.in_time(at, every, number, overlap, &key, "the restart")?;
            for node in free.drain(..step.len().min(free.len())) {
                let start = if restart.fresh_host == Some(true) { Verb::Move } else { Verb::Start };
                self.lives.later(up, entry, start, node, label.to_owned());
            }
            for node in step {
                self.lives.later(down, entry, end_verb(restart), *node, label.to_owned());
            }
            free.extend(step);
        }
        Ok(())
    }
}

fn end_verb(restart: &Restart) -> Verb {
    match restart.by.expect("filled in") {
        StopKinds::Stop => Verb::Stop,
        StopKinds::Kill => Verb::Kill,
    }
}
