//! From facts to outages.

use super::model::{Blow, Chain, Outage, Victim};
use super::{members, servers, toll};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::NodeStop;
use crate::protocol::address::Address;
use crate::report::human::clean;
use crate::report::names::Names;
use crate::run::outcome::{Fact, FactRecord, Outcome, StopKind};
use crate::scenario::plan::LinkEffect;

/// Outages that are analysed at most; of more, those that lasted longest.
const OUTAGES_MAX: usize = 40;
/// Blows this close together are one.
const TOGETHER: SimDuration = SimDuration::from_millis(1);

/// The facts from a moment on, up to another.
pub(super) fn between(outcome: &Outcome, from: SimTime, to: SimTime) -> &[FactRecord] {
    let facts = &outcome.facts;
    let first = facts.partition_point(|record| record.at < from);
    let last = facts.partition_point(|record| record.at <= to);
    &facts[first.min(last)..last]
}

/// The outages of a run, in order of time. Consumers that only shut down in good order count when something worse happens in
/// the run, so that they can be compared with it.
#[must_use]
pub fn outages(outcome: &Outcome) -> Vec<Outage> {
    let mut found = blows(outcome);
    let graceful =
        |(_, victim): &(SimTime, Victim)| matches!((victim.node, victim.blow), (Address::Consumer(_), Blow::ShutDown));
    if found.iter().all(graceful) {
        found.clear();
    }
    let mut outages: Vec<Outage> = Vec::new();
    for (at, victim) in found {
        match outages.last_mut() {
            Some(last) if at.since(last.at) <= TOGETHER => {
                if !last.victims.iter().any(|other| other.node == victim.node && other.blow == victim.blow) {
                    last.victims.push(victim);
                }
            }
            _ => outages.push(empty(outcome, at, victim)),
        }
    }
    for place in 0..outages.len() {
        let back = back(outcome, &outages[place]);
        let until = outages.get(place + 1).map_or(outcome.end, |next| next.at);
        (outages[place].back, outages[place].until) = (back, until);
        outages[place].last = place + 1 == outages.len();
    }
    let names = Names::new(&outcome.plan);
    for outage in &mut outages {
        outage.label = label(outcome, &names, outage);
        let (mut chains, queues) = members::chains(outcome, &names, outage);
        let (served, stopped, topics) = servers::chains(outcome, &names, outage);
        (outage.queues, outage.topics) = (queues + stopped, topics);
        chains.extend(served);
        chains
            .sort_by_key(|chain: &Chain| (!chain.of.is_standstill(), chain.median, std::cmp::Reverse(chain.length())));
        outage.chains = chains;
        outage.toll = toll::of(outcome, outage);
    }
    if outages.len() > OUTAGES_MAX {
        let mut lengths: Vec<(SimDuration, usize)> =
            outages.iter().enumerate().map(|(place, outage)| (outage.longest(), place)).collect();
        lengths.sort_by_key(|(length, place)| (std::cmp::Reverse(*length), *place));
        let mut kept: Vec<usize> = lengths.into_iter().take(OUTAGES_MAX).map(|(_, place)| place).collect();
        kept.sort_unstable();
        outages = kept.into_iter().map(|place| outages[place].clone()).collect();
    }
    outages
}

fn empty(outcome: &Outcome, at: SimTime, victim: Victim) -> Outage {
    Outage {
        at,
        back: None,
        until: outcome.end,
        last: false,
        label: String::new(),
        victims: vec![victim],
        chains: Vec::new(),
        queues: 0,
        topics: 0,
        toll: toll::Toll::default(),
    }
}

/// Every node that is hit, with its moment.
fn blows(outcome: &Outcome) -> Vec<(SimTime, Victim)> {
    let mut found: Vec<(SimTime, Victim)> = Vec::new();
    // Nodes in the course of a graceful shutdown, whose end is no other blow.
    let mut ending: Vec<Address> = Vec::new();
    for record in &outcome.facts {
        match record.fact {
            Fact::ClientStopped { instance, how, .. } => {
                let blow = match how {
                    StopKind::Graceful => Blow::ShutDown,
                    StopKind::Killed => Blow::Killed,
                    StopKind::Frozen => Blow::Frozen,
                };
                let node = Address::Consumer(instance);
                // The loss of a host tells of its consumer's end, too.
                let told = found.iter().rev().any(|(at, victim)| *at == record.at && victim.node == node);
                if !told {
                    found.push((record.at, Victim { node, blow }));
                }
            }
            Fact::NodeStopped { node, how } => {
                let blow = match how {
                    NodeStop::Graceful if ending.contains(&node) => {
                        ending.retain(|other| *other != node);
                        continue;
                    }
                    NodeStop::Graceful => Blow::ShutDown,
                    NodeStop::ShuttingDown => {
                        ending.push(node);
                        Blow::ShutDown
                    }
                    NodeStop::Killed => Blow::Killed,
                    NodeStop::Frozen => Blow::Frozen,
                    NodeStop::HostLost { disk_lost } => Blow::HostLost { disk_lost },
                };
                found.retain(|(at, victim)| !(*at == record.at && victim.node == node));
                found.push((record.at, Victim { node, blow }));
            }
            Fact::LinkChanged { rule, on: true } => {
                let Some(link) = outcome.plan.link_rules.get(rule as usize) else { continue };
                if link.effect == LinkEffect::Partition {
                    let cut = link.from.iter().chain(&link.to);
                    found.extend(cut.map(|node| (record.at, Victim { node: *node, blow: Blow::CutOff(rule) })));
                }
            }
            _ => {}
        }
    }
    found
}

/// When all victims were back.
fn back(outcome: &Outcome, outage: &Outage) -> Option<SimTime> {
    let mut missing = outage.victims.clone();
    for record in between(outcome, outage.at, outcome.end).iter().filter(|record| record.at > outage.at) {
        missing.retain(|victim| {
            let returned = match (victim.blow, &record.fact) {
                (Blow::CutOff(rule), Fact::LinkChanged { rule: other, on: false }) => rule == *other,
                (Blow::CutOff(_), _) => false,
                (_, Fact::NodeStarted { node, .. } | Fact::NodeThawed { node }) => victim.node == *node,
                (_, Fact::ClientStarted { instance, .. } | Fact::ClientThawed { instance, .. }) => {
                    victim.node == Address::Consumer(*instance)
                }
                _ => false,
            };
            !returned
        });
        if missing.is_empty() {
            return Some(record.at);
        }
    }
    None
}

/// The words of the action at that moment, else who is hit.
fn label(outcome: &Outcome, names: &Names<'_>, outage: &Outage) -> String {
    let action = between(outcome, outage.at, outage.at).iter().find_map(|record| match record.fact {
        Fact::Action(index) => outcome.plan.timeline.get(index as usize),
        _ => None,
    });
    if let Some(action) = action {
        return clean(&action.label).into_owned();
    }
    let nodes: Vec<Address> = outage.victims.iter().map(|victim| victim.node).collect();
    let Some(first) = outage.victims.first() else { return String::new() };
    format!("{} {}", names.nodes(&nodes), super::words::blow(first.blow, nodes.len() > 1))
}
