//! An outage in sentences.

use super::model::{Blow, Chain, Outage, Subject};
use crate::kernel::time::SimTime;
use crate::protocol::address::Address;
use crate::report::explain::Line;
use crate::report::human::{count, counted, duration};
use crate::report::names::Names;
use crate::run::outcome::Outcome;

/// What happens to one node or several.
pub(in crate::report) const fn blow(blow: Blow, several: bool) -> &'static str {
    match (blow, several) {
        (Blow::ShutDown, false) => "shuts down in good order",
        (Blow::ShutDown, true) => "shut down in good order",
        (Blow::Killed, false) => "is killed: the kernel closes its connections",
        (Blow::Killed, true) => "are killed: the kernel closes their connections",
        (Blow::Frozen, false) => "freezes: its connections stay open, nothing answers",
        (Blow::Frozen, true) => "freeze: their connections stay open, nothing answers",
        (Blow::HostLost { disk_lost: false }, false) => "is gone with its host: nobody is told",
        (Blow::HostLost { disk_lost: false }, true) => "are gone with their hosts: nobody is told",
        (Blow::HostLost { disk_lost: true }, false) => "is gone with its host and its disk: nobody is told",
        (Blow::HostLost { disk_lost: true }, true) => "are gone with their hosts and disks: nobody is told",
        (Blow::CutOff(_), false) => "is cut off by the network",
        (Blow::CutOff(_), true) => "are cut off from one another by the network",
    }
}

/// What stood still, for a heading.
#[must_use]
pub(in crate::report) fn subject(names: &Names<'_>, of: &Subject) -> String {
    match *of {
        Subject::Queue { group, queue, taker } => {
            let whom = taker.map_or_else(|| names.group(group), |taker| names.instance(taker));
            format!("{} → {whom}", names.queue(queue))
        }
        Subject::Sends { topic, name: None } => format!("sends to {}", names.topic(topic)),
        Subject::Sends { topic, name: Some(name) } => {
            format!("sends to {} on {}", names.topic(topic), names.broker(name))
        }
        Subject::Tries { producer, name } => format!("{} tries {}", names.producer(producer), names.broker(name)),
    }
}

fn sentence(outcome: &Outcome, names: &Names<'_>, chain: &Chain) -> String {
    let length = duration(chain.length());
    let rest = if chain.ended { String::new() } else { ", to the end of the run".to_owned() };
    let which = if chain.median { "half of them stood still no longer than this: " } else { "" };
    let mut text = match chain.of {
        Subject::Queue { group, queue, .. } => {
            let path = if outcome.plan.brokers.len() > 1 || names.needs_name(outcome_topic(outcome, queue)) {
                names.queue_path(queue)
            } else {
                names.queue(queue)
            };
            format!("{which}{path} stands still for {} for {length}{rest}", names.group(group))
        }
        Subject::Sends { topic, name } => {
            let on = name.map_or_else(String::new, |name| format!(" on {}", names.broker(name)));
            format!("{which}no send to {}{on} succeeds for {length}{rest}", names.topic(topic))
        }
        Subject::Tries { producer, name } => {
            format!("{} goes on trying {} for {length}{rest}", names.producer(producer), names.broker(name))
        }
    };
    if let Some(bar) = chain.worst().filter(|_| chain.bars.len() > 1) {
        let share = bar.length().as_nanos().saturating_mul(100).checked_div(chain.length().as_nanos()).unwrap_or(0);
        let blame = match &bar.knob {
            Some(knob) => format!(
                "{} ({}) is to blame: half of it would have saved up to {}",
                knob.name,
                duration(knob.value),
                duration(knob.half_saves(bar.length()))
            ),
            None => format!("most of it passes before {}", bar.what),
        };
        text.push_str(&format!("; {share} % of it is {}: {blame}", bar.step.word()));
    }
    text
}

fn outcome_topic(outcome: &Outcome, queue: crate::store::ids::QueueIx) -> crate::store::ids::TopicIx {
    outcome.plan.queues.get(queue.at()).map(|key| key.topic).unwrap_or_default()
}

/// The story of an outage: what happened, who noticed it when and by what, what stood still for how long, which setting is
/// to blame, and what it cost.
#[must_use]
pub fn story(outcome: &Outcome, outage: &Outage) -> Vec<Line> {
    let names = Names::new(&outcome.plan);
    let mut lines: Vec<Line> = Vec::new();
    let mut say = |at: SimTime, text: String| lines.push(Line { at, text });
    for (place, victim) in outage.victims.iter().enumerate() {
        if outage.victims[..place].iter().any(|other| other.blow == victim.blow) {
            continue;
        }
        let nodes: Vec<Address> =
            outage.victims.iter().filter(|other| other.blow == victim.blow).map(|other| other.node).collect();
        say(outage.at, format!("{} {}", names.nodes(&nodes), blow(victim.blow, nodes.len() > 1)));
    }
    if outage.chains.is_empty() {
        say(outage.at, "nothing stood still for a second or more".to_owned());
    }
    for chain in &outage.chains {
        say(chain.from, sentence(outcome, &names, chain));
        for bar in &chain.bars {
            let knob = match &bar.knob {
                Some(knob) => format!(" ({} = {})", knob.name, duration(knob.value)),
                None => String::new(),
            };
            say(bar.to, format!("  +{}: {}{knob}", duration(bar.length()), bar.what));
        }
    }
    if let Some(back) = outage.back {
        say(back, format!("what was hit is back, {} later", duration(back.since(outage.at))));
    }
    say(outage.until, cost(outage));
    lines
}

/// What it cost, in a sentence.
fn cost(outage: &Outage) -> String {
    let toll = &outage.toll;
    let mut parts = Vec::new();
    if toll.acknowledged_lost > 0 {
        parts
            .push(format!("{} lost", counted(toll.acknowledged_lost, "acknowledged message", "acknowledged messages")));
    }
    if toll.cut > toll.acknowledged_lost {
        parts.push(format!("{} cut off that nobody was told of", count(toll.cut - toll.acknowledged_lost)));
    }
    if toll.sends_failed > 0 {
        parts.push(format!("{} failed", counted(toll.sends_failed, "send", "sends")));
    }
    if toll.duplicates > 0 {
        parts.push(counted(toll.duplicates, "duplicate delivery", "duplicate deliveries"));
    }
    if !toll.belief.is_zero() {
        parts.push(format!("the longest wrong belief lasted {}", duration(toll.belief)));
    }
    if parts.is_empty() {
        parts.push("no message lost, repeated or refused".to_owned());
    }
    format!("the bill: {}", parts.join("; "))
}
