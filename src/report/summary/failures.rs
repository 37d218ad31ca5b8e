//! The keys of `summary.json` about failures: written only where something was hit or could fail.

use serde_json::{Map, Value, json};

use super::{at, ms};
use crate::kernel::time::SimDuration;
use crate::report::chart::belief_words;
use crate::report::names::Names;
use crate::report::outage::{self, Chain, Outage};
use crate::run::outcome::Outcome;

/// Gaps and beliefs that are written one by one, at most.
const LIST_MAX: usize = 200;

/// The keys of the whole run.
pub(super) fn of_run(into: &mut Value, outcome: &Outcome) {
    let names = Names::new(&outcome.plan);
    let outages = outage::outages(outcome);
    if !outages.is_empty() {
        into["outages"] = outages.iter().map(|outage| outage_value(&names, outage)).collect();
    }
    if outcome.plan.fallible {
        into["availability"] = availability(outcome, &names);
        into["wrong_beliefs"] = beliefs(outcome, &names);
    }
}

fn outage_value(names: &Names<'_>, outage: &Outage) -> Value {
    let nodes: Vec<String> = outage.victims.iter().map(|victim| names.node(victim.node)).collect();
    json!({
        "at_ms": at(outage.at),
        "back_at_ms": outage.back.map(at),
        "what": outage.label,
        "nodes": nodes,
        "queues_that_stood_still": outage.queues,
        "topics_without_a_send": outage.topics,
        "longest_ms": ms(outage.longest()),
        "acknowledged_lost_messages": outage.toll.acknowledged_lost,
        "cut_off_messages": outage.toll.cut,
        "failed_sends": outage.toll.sends_failed,
        "duplicates": outage.toll.duplicates,
        "longest_send_gap_ms": ms(outage.toll.send_gap),
        "longest_consume_gap_ms": ms(outage.toll.consume_gap),
        "chains": outage.chains.iter().map(|chain| chain_value(names, chain)).collect::<Vec<Value>>(),
    })
}

fn chain_value(names: &Names<'_>, chain: &Chain) -> Value {
    let bars: Vec<Value> = chain
        .bars
        .iter()
        .map(|bar| {
            let mut value = json!({
                "from_ms": at(bar.from),
                "took_ms": ms(bar.length()),
                "step": bar.step.word(),
                "until": bar.what,
            });
            if let Some(knob) = &bar.knob {
                value["setting"] = json!(knob.name);
                value["value_ms"] = ms(knob.value);
                value["half_saves_up_to_ms"] = ms(knob.half_saves(bar.length()));
            }
            value
        })
        .collect();
    json!({
        "of": outage::subject(names, &chain.of),
        "median": chain.median,
        "from_ms": at(chain.from),
        "took_ms": ms(chain.length()),
        "ended": chain.ended,
        "bars": bars,
    })
}

fn availability(outcome: &Outcome, names: &Names<'_>) -> Value {
    let failures = &outcome.failures;
    let longest = |lengths: &mut dyn Iterator<Item = SimDuration>| ms(lengths.max().unwrap_or_default());
    let sends: Vec<Value> = failures
        .send_gaps
        .iter()
        .take(LIST_MAX)
        .map(|gap| {
            json!({
                "topic": names.topic(gap.topic),
                "broker": gap.name.map(|name| names.broker(name)),
                "from_ms": at(gap.from),
                "to_ms": at(gap.to),
                "failed_calls": gap.failed,
            })
        })
        .collect();
    let queues: Vec<Value> = failures
        .consume_gaps
        .iter()
        .take(LIST_MAX)
        .map(|gap| {
            json!({
                "group": names.group(gap.group),
                "queue": names.queue_path(gap.queue),
                "from_ms": at(gap.from),
                "to_ms": at(gap.to),
            })
        })
        .collect();
    let whole = failures.send_gaps.iter().filter(|gap| gap.name.is_none());
    json!({
        "longest_send_gap_ms": longest(&mut whole.map(|gap| gap.to.since(gap.from))),
        "longest_consume_gap_ms": longest(&mut failures.consume_gaps.iter().map(|gap| gap.to.since(gap.from))),
        "send_gaps_count": failures.send_gaps.len(),
        "consume_gaps_count": failures.consume_gaps.len(),
        "send_gaps": sends,
        "consume_gaps": queues,
    })
}

/// Who, and what about.
type Pair = (String, String);
/// How often, how long in all, and how long at most.
type Sums = (u64, SimDuration, SimDuration);

/// Per node and thing: how often and how long it was wrong.
fn beliefs(outcome: &Outcome, names: &Names<'_>) -> Value {
    let mut sums: Vec<(Pair, Sums)> = Vec::new();
    let mut all = outcome.failures.beliefs.clone();
    all.sort_by_key(|belief| (belief.of, belief.about));
    for belief in &all {
        let key = (names.node(belief.of), belief_words(names, belief.about));
        let wrong = belief.to.since(belief.from);
        match sums.last_mut() {
            Some((last, (times, sum, longest))) if *last == key => {
                *times += 1;
                *sum += wrong;
                *longest = wrong.max(*longest);
            }
            _ => sums.push((key, (1, wrong, wrong))),
        }
    }
    let value = |((node, about), (times, sum, longest)): ((String, String), (u64, SimDuration, SimDuration))| {
        let mut map = Map::new();
        map.insert("node".to_owned(), json!(node));
        map.insert("about".to_owned(), json!(about));
        map.insert("times".to_owned(), json!(times));
        map.insert("total_ms".to_owned(), ms(sum));
        map.insert("longest_ms".to_owned(), ms(longest));
        Value::Object(map)
    };
    sums.into_iter().take(LIST_MAX).map(value).collect()
}
