//! `summary.json`: everything in the tables, with units in the key names. Keys are sorted.

mod failures;
mod life;

use serde_json::{Map, Value, json};

use super::allocation::{self, owners_before};
use super::events::cause_key;
use super::names::Names;
use crate::kernel::time::{SimDuration, SimTime};
use crate::run::outcome::{GroupOutcome, Outcome, Percentiles, ViewStale};
use crate::store::ids::{GroupIx, InstanceIx, ProducerIx, QueueIx};

/// Changes of the allocation that are written.
const ALLOCATIONS_MAX: usize = 64;

/// The file's value.
#[must_use]
pub fn summary(outcome: &Outcome) -> Value {
    let plan = &outcome.plan;
    let mut summary = json!({
        "scenario": plan.name,
        "title": plan.title,
        "seed": plan.seed,
        "version": outcome.version,
        "digest": format!("{:016x}", outcome.digest),
        "duration_ms": at(outcome.end),
        "groups": groups(outcome),
        "allocations": allocations(outcome),
        "queues": queues(outcome),
        "consumers": consumers(outcome),
        "producers": producers(outcome),
        "conservation": conservation(outcome),
        "expectations": expectations(outcome),
        "engine": {
            "events": outcome.engine.events,
            "pending_events_max": outcome.engine.pending_max,
            "retained_messages_max": outcome.engine.retained_messages_max,
            "retained_bytes_max": outcome.engine.retained_bytes_max,
        },
    });
    life::of_run(&mut summary, outcome);
    failures::of_run(&mut summary, outcome);
    summary
}

/// The file's bytes, indented.
#[must_use]
pub fn bytes(outcome: &Outcome) -> Vec<u8> {
    let mut text = format!("{:#}", summary(outcome));
    text.push('\n');
    text.into_bytes()
}

/// A finite number to six decimals, else `null`.
#[must_use]
pub fn number(value: f64) -> Value {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded.is_finite() { json!(rounded) } else { Value::Null }
}

/// Milliseconds, exact to the nanosecond as far as a double goes.
fn ms(time: SimDuration) -> Value {
    number(time.as_nanos() as f64 / 1e6)
}

fn at(time: SimTime) -> Value {
    ms(time.since(SimTime::ZERO))
}

/// `<what>_count`, `<what>_p99_ms`, … of a population.
fn percentiles(into: &mut Map<String, Value>, what: &str, values: &Percentiles) {
    into.insert(format!("{what}_count"), json!(values.count));
    for (name, value) in [
        ("min", values.min),
        ("mean", values.mean),
        ("p50", values.p50),
        ("p95", values.p95),
        ("p99", values.p99),
        ("p999", values.p999),
        ("max", values.max),
    ] {
        // No population, no percentile.
        into.insert(format!("{what}_{name}_ms"), if values.count == 0 { Value::Null } else { ms(value) });
    }
}

fn groups(outcome: &Outcome) -> Value {
    let names = Names::new(&outcome.plan);
    let group = |(index, group): (usize, &GroupOutcome)| {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            map.insert(key.to_owned(), value);
        };
        put("group", json!(names.group(GroupIx::new(index))));
        put("consumed_messages", json!(group.consumed));
        put("delivered_messages", json!(group.delivered));
        let causes: Map<String, Value> =
            group.duplicates.iter().map(|(cause, n)| (cause_key(*cause).to_owned(), json!(n))).collect();
        put("duplicates_by_cause", Value::Object(causes));
        put("duplicates", json!(group.duplicates.iter().map(|(_, n)| n).sum::<u64>()));
        put("lag_messages", json!(group.lag));
        put("lag_max_messages", json!(group.lag_max));
        put("lag_time_ms", ms(group.lag_time));
        put("lag_time_max_ms", ms(group.lag_time_max));
        put("orphan_ms", ms(group.orphan));
        put("longest_orphan_ms", ms(group.longest_orphan));
        put("double_owner_ms", ms(group.double_owner));
        put("moves", json!(group.moves));
        put("imbalance_max_over_mean", number(group.imbalance.max_over_mean));
        put("imbalance_jain_index", number(group.imbalance.jain));
        put("little_mean_in_system_messages", number(group.little.mean_in_system));
        put("little_rate_times_time_messages", number(group.little.rate_times_time));
        percentiles(&mut map, "latency", &group.latency.end_to_end);
        percentiles(&mut map, "latency_send", &group.latency.send);
        percentiles(&mut map, "latency_stored_to_pulled", &group.latency.stored_to_pulled);
        percentiles(&mut map, "latency_wait_in_client", &group.latency.wait_in_client);
        percentiles(&mut map, "latency_processing", &group.latency.processing);
        life::of_group(&mut map, outcome, GroupIx::new(index));
        Value::Object(map)
    };
    outcome.groups.iter().enumerate().map(group).collect()
}

/// Who has which queues before each action that concerns an allocation, and just before the next one.
fn allocations(outcome: &Outcome) -> Value {
    let names = Names::new(&outcome.plan);
    let (changes, _) = allocation::changes(outcome, ALLOCATIONS_MAX);
    // A member that does not run is `null`; one that runs without a queue has an empty text.
    let side = |members: &[allocation::MemberChange], pick: fn(&allocation::MemberChange) -> &allocation::Side| {
        let queues = |queues: &Vec<QueueIx>| json!(names.queues_in_full(queues).join("; "));
        members
            .iter()
            .map(|member| (names.instance(member.instance), pick(member).as_ref().map_or(Value::Null, queues)))
            .collect::<Map<String, Value>>()
    };
    changes
        .iter()
        .map(|change| {
            let groups: Vec<Value> = change
                .groups
                .iter()
                .map(|group| {
                    json!({
                        "group": names.group(group.group),
                        "settled_at_ms": group.settled.map(at),
                        "queues_without_owner": group.orphans.len(),
                        "queues_with_two_owners": group.doubles.len(),
                        "before": side(&group.members, |member| &member.before),
                        "after": side(&group.members, |member| &member.after),
                    })
                })
                .collect();
            json!({
                "at_ms": at(change.at),
                "until_ms": at(change.until),
                "action": change.label,
                "groups": groups,
            })
        })
        .collect()
}

fn queues(outcome: &Outcome) -> Value {
    let names = Names::new(&outcome.plan);
    outcome
        .ownership
        .iter()
        .map(|own| {
            let until = own.exists_until.min(outcome.end);
            let owners: Vec<String> = owners_before(own, until).into_iter().map(|i| names.instance(i)).collect();
            json!({
                "group": names.group(own.group),
                "queue": names.queue_path(own.queue),
                "orphan_ms": ms(own.orphan),
                "longest_orphan_ms": ms(own.longest_orphan),
                "double_owner_ms": ms(own.double_owner),
                "moves": own.moves,
                "owners_at_end": owners,
            })
        })
        .collect()
}

fn consumers(outcome: &Outcome) -> Value {
    let names = Names::new(&outcome.plan);
    outcome
        .instances
        .iter()
        .enumerate()
        .map(|(index, instance)| {
            let mut value = json!({
                "consumer": names.instance(InstanceIx::new(index)),
                "consumed_messages": instance.consumed,
                "duplicates": instance.duplicates,
                "alive_ms": ms(instance.alive),
                "utilisation_percent": number(instance.utilisation * 100.0),
                "rebalances": instance.rebalances,
                "rebalances_with_changes": instance.rebalances_changed,
                "notices": instance.notices,
                "cached_max_messages": instance.cached_max,
                "pulls_with_messages": instance.pulls_found,
                "pulls_without_messages": instance.pulls_empty,
                "pulls_held_back": instance.flow_controlled,
            });
            for (view, stale) in [
                ("route", &instance.route_stale),
                ("members", &instance.members_stale),
                ("queues", &instance.queues_stale),
            ] {
                stale_view(&mut value, view, stale);
            }
            value
        })
        .collect()
}

fn stale_view(value: &mut Value, view: &str, stale: &ViewStale) {
    value[format!("stale_{view}_ms")] = ms(stale.total);
    value[format!("stale_{view}_longest_ms")] = ms(stale.longest);
    value[format!("stale_{view}_times")] = json!(stale.stretches.len());
}

fn producers(outcome: &Outcome) -> Value {
    let names = Names::new(&outcome.plan);
    outcome
        .producers
        .iter()
        .enumerate()
        .map(|(index, producer)| {
            let mut map = Map::new();
            map.insert("producer".to_owned(), json!(names.producer(ProducerIx::new(index))));
            map.insert("offered_messages".to_owned(), json!(producer.offered));
            map.insert("accepted_messages".to_owned(), json!(producer.accepted));
            map.insert("failed_messages".to_owned(), json!(producer.failed));
            map.insert("retries".to_owned(), json!(producer.retries));
            percentiles(&mut map, "latency", &producer.latency);
            Value::Object(map)
        })
        .collect()
}

fn conservation(outcome: &Outcome) -> Value {
    let names = Names::new(&outcome.plan);
    let sum = &outcome.conservation;
    let groups: Vec<Value> = sum
        .groups
        .iter()
        .enumerate()
        .map(|(index, group)| {
            let mut places = json!({
                "group": names.group(GroupIx::new(index)),
                "stored_messages": group.stored,
                "skipped_messages": group.skipped,
                "unread_messages": group.unread,
                "in_flight_messages": group.in_flight,
                "cached_messages": group.cached,
                "processing_messages": group.processing,
                "consumed_messages": group.consumed,
            });
            if group.filtered + group.lost > 0 {
                places["filtered_messages"] = json!(group.filtered);
                places["lost_messages"] = json!(group.lost);
            }
            if group.passed_over > 0 {
                places["passed_over_messages"] = json!(group.passed_over);
            }
            places
        })
        .collect();
    let mut value = json!({
        "offered_messages": sum.offered,
        "sending_messages": sum.sending,
        "failed_messages": sum.failed,
        "stored_messages": sum.stored,
        "preloaded_messages": sum.preloaded,
        "checks": sum.checks,
        "violation": sum.violation,
        "groups": groups,
    });
    if outcome.plan.fallible {
        value["accepted_messages"] = json!(sum.accepted);
        value["unknown_messages"] = json!(sum.unknown);
        value["cut_off_messages"] = json!(sum.cut_off);
    }
    value
}

fn expectations(outcome: &Outcome) -> Value {
    let list: Vec<Value> = outcome
        .expectations
        .iter()
        .map(|check| {
            json!({
                "label": check.label,
                "checked_at_ms": at(check.at),
                "passed": check.passed,
                "expected": check.expected,
                "got": check.got,
            })
        })
        .collect();
    json!({
        "passed": outcome.expectations.iter().filter(|check| check.passed).count(),
        "failed": outcome.expectations.iter().filter(|check| !check.passed).count(),
        "list": list,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_null_and_numbers_are_rounded() {
        assert_eq!(number(f64::NAN), Value::Null);
        assert_eq!(number(0.1 + 0.2), json!(0.3));
        assert_eq!(ms(SimDuration::from_nanos(1_500_000)), json!(1.5));
    }
}
