//! The keys of `summary.json` about the life of messages: written only where there is something to say.

use serde_json::{Map, Value, json};

use super::{at, percentiles};
use crate::report::counts::{ALL, is_told, retried};
use crate::report::names::Names;
use crate::report::tables::delay_of;
use crate::run::outcome::{Counter, LockEnd, Outcome};
use crate::store::ids::GroupIx;

/// The counts other than 0 of a group or of the cluster, under the names that expectations use; nothing when no message had
/// more of a life than being stored and consumed.
fn counters(outcome: &Outcome, group: Option<GroupIx>) -> Option<Value> {
    let counted = |counter: &Counter| outcome.counters.get(*counter, group) > 0;
    if !ALL.iter().any(|counter| is_told(*counter) && counted(counter)) {
        return None;
    }
    let name = |counter: Counter| match serde_json::to_value(counter) {
        Ok(Value::String(name)) => name,
        other => unreachable!("a counter is written as its name: {other:?}"),
    };
    let counts =
        ALL.into_iter().filter(counted).map(|counter| (name(counter), json!(outcome.counters.get(counter, group))));
    Some(Value::Object(counts.collect::<Map<String, Value>>()))
}

/// The keys of a group.
pub(super) fn of_group(into: &mut Map<String, Value>, outcome: &Outcome, group: GroupIx) {
    let found = &outcome.groups[group.at()];
    if retried(found) > 0 {
        into.insert("deliveries_by_attempt".to_owned(), json!(found.attempts));
    }
    if let Some(counters) = counters(outcome, Some(group)) {
        into.insert("counters".to_owned(), counters);
    }
    let locks: Vec<_> = outcome.locks.iter().filter(|lock| lock.group == group).collect();
    if !locks.is_empty() {
        let ended = |end: LockEnd| locks.iter().filter(|lock| lock.end == end).count();
        let value = json!({
            "taken": locks.len(),
            "unlocked": ended(LockEnd::Unlocked),
            "expired": ended(LockEnd::Expired),
            "held_at_end": ended(LockEnd::Held),
        });
        into.insert("locks".to_owned(), value);
    }
}

/// The keys of the whole run.
pub(super) fn of_run(into: &mut Value, outcome: &Outcome) {
    if let Some(counters) = counters(outcome, None) {
        into["counters"] = counters;
    }
    if !outcome.losses.is_empty() {
        into["losses"] = losses(outcome);
    }
    let states = &outcome.transactions;
    if states.begun > 0 {
        into["transactions"] = json!({
            "begun": states.begun,
            "pending": states.pending,
            "committed": states.committed,
            "rolled_back": states.rolled_back,
            "discarded": states.discarded,
        });
    }
    if outcome.delay_lateness.count > 0 {
        let levels: Vec<Value> = outcome
            .delay_by_level
            .iter()
            .map(|(level, late)| {
                let mut map = Map::new();
                map.insert("delay_level".to_owned(), json!(level));
                map.insert("delay_ms".to_owned(), delay_of(outcome, *level).map_or(Value::Null, super::ms));
                percentiles(&mut map, "lateness", late);
                Value::Object(map)
            })
            .collect();
        let mut map = Map::new();
        percentiles(&mut map, "lateness", &outcome.delay_lateness);
        map.insert("levels".to_owned(), json!(levels));
        map.insert("waiting_messages".to_owned(), json!(outcome.conservation.scheduled_waiting));
        into["delays"] = Value::Object(map);
    }
    if outcome.conservation.copies > 0 {
        into["conservation"]["copies"] = json!(outcome.conservation.copies);
    }
}

fn losses(outcome: &Outcome) -> Value {
    let names = Names::new(&outcome.plan);
    outcome
        .losses
        .iter()
        .map(|loss| {
            json!({
                "group": names.group(loss.group),
                "queue": names.queue_path(loss.queue),
                "consumer": names.instance(loss.instance),
                "filtered_by": if loss.by_client { "consumer" } else { "broker" },
                "messages": loss.messages,
                "first_offset": loss.first.0,
                "first_at_ms": at(loss.first.1),
                "last_offset": loss.last.0,
                "last_at_ms": at(loss.last.1),
            })
        })
        .collect()
}
