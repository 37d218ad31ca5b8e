//! Which actions of a timeline belong together.

use std::collections::BTreeMap;

use crate::protocol::address::Address;
use crate::scenario::plan::{Action, NodeAction, Plan};
use crate::store::ids::{BrokerIx, NameserverIx};

/// What an action begins or ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Process(Address),
    Link(u32),
    Flush(BrokerIx),
    Send(BrokerIx),
    WritePerm(BrokerIx, Option<NameserverIx>),
}

/// The actions of a plan's timeline in units, each of which can be left out as a whole: an end of a process with the start
/// that follows it, a cut with its healing, actions of one entry at one time that change the same for several groups. The
/// numbers are positions in the timeline; every action is in exactly one unit, units are ordered by their first action.
#[must_use]
pub fn units_of(plan: &Plan) -> Vec<Vec<usize>> {
    let mut units: Vec<Vec<usize>> = Vec::new();
    let mut open: BTreeMap<Thing, usize> = BTreeMap::new();
    for (number, timed) in plan.timeline.iter().enumerate() {
        let Some((thing, begins)) = begins(&timed.action) else {
            let before = number.checked_sub(1).map(|before| &plan.timeline[before]);
            let same = before.is_some_and(|before| {
                before.at == timed.at && before.label == timed.label && is_of_many(&before.action, &timed.action)
            });
            match units.iter().position(|unit| same && unit.contains(&(number - 1))) {
                Some(unit) => units[unit].push(number),
                None => units.push(vec![number]),
            }
            continue;
        };
        let unit = match open.get(&thing) {
            Some(unit) => *unit,
            None => {
                units.push(Vec::new());
                units.len() - 1
            }
        };
        units[unit].push(number);
        if begins {
            open.insert(thing, unit);
        } else {
            open.remove(&thing);
        }
    }
    units
}

fn is_of_many(before: &Action, this: &Action) -> bool {
    matches!(
        (before, this),
        (Action::SetServiceTime { .. }, Action::SetServiceTime { .. })
            | (Action::ResetOffset { .. }, Action::ResetOffset { .. })
    )
}

/// What an action is about, and whether another follows that belongs to it.
fn begins(action: &Action) -> Option<(Thing, bool)> {
    let consumer = |instance: crate::store::ids::InstanceIx| Thing::Process(Address::Consumer(instance));
    Some(match action {
        Action::StopConsumer { instance } | Action::KillConsumer { instance } | Action::FreezeConsumer { instance } => {
            (consumer(*instance), true)
        }
        Action::StartConsumer { instance, .. } | Action::ThawConsumer { instance } => (consumer(*instance), false),
        Action::Node { node, what } => {
            let begins = !matches!(what, NodeAction::Thaw | NodeAction::Start { .. });
            (Thing::Process(*node), begins)
        }
        Action::Link { rule, on } => (Thing::Link(*rule), *on),
        Action::SetFlushTime { broker, flush_time } => (Thing::Flush(*broker), flush_time.is_some()),
        Action::SetSendHandling { broker, handling } => (Thing::Send(*broker), handling.is_some()),
        Action::SetWritePerm { broker, nameserver, writable } => (Thing::WritePerm(*broker, *nameserver), !*writable),
        _ => return None,
    })
}
