//! The words of actions and checks.

use super::counts::{counter_check, counter_words};
use crate::scenario::raw::{Expect, GroupTopic, SetQueues, Timed};
use crate::scenario::units::{Duration, Names};

fn listed(names: &Names) -> String {
    names.0.join(", ")
}

/// An action as one would say it.
pub(crate) fn of_action(timed: &Timed) -> String {
    if let Some(label) = &timed.label {
        return label.clone();
    }
    let new_host = |fresh: Option<bool>| if fresh == Some(true) { " on a new host" } else { "" };
    if let Some(start) = &timed.start {
        return format!("start {}{}", listed(&start.instances), new_host(start.fresh_host));
    }
    if let Some(names) = &timed.thaw {
        return format!("thaw {}", listed(names));
    }
    let targets = [("stop", &timed.stop), ("kill", &timed.kill), ("freeze", &timed.freeze)];
    if let Some((verb, targets)) = targets.iter().find_map(|(verb, t)| t.as_ref().map(|t| (verb, t))) {
        let lasts = targets.lasts.map(|lasts| format!(" for {lasts}")).unwrap_or_default();
        return format!("{verb} {}{lasts}{}", listed(&targets.instances), again_on(targets.fresh_host));
    }
    if let Some(scale) = &timed.scale {
        return format!("scale {} to {}", scale.group, scale.instances);
    }
    if let Some(restart) = &timed.rolling_restart {
        return format!("rolling restart of {}{}", restart.group, again_on(restart.fresh_host));
    }
    if let Some(set) = &timed.set_queues {
        return queues(set);
    }
    if let Some(set) = &timed.set_rate {
        return format!("set the rate of {} to {}", set.producer, set.rate);
    }
    if let Some(reset) = &timed.reset_offset {
        let only = if reset.force == Some(false) { ", only back" } else { "" };
        return format!("reset the offsets of {} on {} to {}{only}", reset.group, reset.topic, reset.to);
    }
    match &timed.set_service_time {
        Some(set) => format!("set the service time of {} to {}", set.group, set.service_time),
        None => String::new(),
    }
}

fn again_on(fresh: Option<bool>) -> &'static str {
    if fresh == Some(true) { ", then on a new host" } else { "" }
}

fn queues(set: &SetQueues) -> String {
    let read = set.read_queue_nums.or(set.queues).unwrap_or_default();
    let write = set.write_queue_nums.or(set.queues).unwrap_or_default();
    let on = set.brokers.as_ref().map(|brokers| format!(" on {}", listed(brokers))).unwrap_or_default();
    if read == write {
        format!("set {} to {read} queues{on}", set.topic)
    } else {
        format!("set {} to {read} readable and {write} writable queues{on}", set.topic)
    }
}

fn bounds(least: Option<String>, most: Option<String>) -> String {
    match (least, most) {
        (Some(least), Some(most)) if least == most => format!("exactly {least}"),
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => String::new(),
    }
}

fn since(since: Option<Duration>) -> String {
    since.filter(|since| !since.0.is_zero()).map(|since| format!(" since {since}")).unwrap_or_default()
}

fn of_topic(group: &str, topic: Option<&String>) -> String {
    topic.map_or_else(|| group.to_owned(), |topic| format!("{group} on {topic}"))
}

/// An expectation as one would say it.
pub(crate) fn of_check(expect: &Expect) -> String {
    if let Some(label) = &expect.label {
        return label.clone();
    }
    if let Some(c) = &expect.allocation {
        return format!("{}: the named owners have exactly their queues", of_topic(&c.group, c.topic.as_ref()));
    }
    if let Some(GroupTopic { group, topic }) = &expect.exactly_one_owner {
        return format!("{}: each queue has exactly one owner", of_topic(group, topic.as_ref()));
    }
    if let Some(c) = &expect.balanced_within {
        return format!("{}: balanced within {} queues", of_topic(&c.group, c.topic.as_ref()), c.within);
    }
    if let Some(c) = &expect.lag_at_most {
        return format!("{}: lag at most {} messages", c.group, c.messages);
    }
    if let Some(c) = &expect.lag_at_least {
        return format!("{}: lag at least {} messages", c.group, c.messages);
    }
    if let Some(c) = &expect.lag_time_at_most {
        return format!("{}: oldest unconsumed message at most {} old", c.group, c.age);
    }
    if let Some(c) = &expect.latency_at_most {
        return format!("{}: {} latency at most {}", c.group, c.percentile, c.limit);
    }
    for (what, check) in
        [("time without owner", &expect.orphan_time), ("longest time without owner", &expect.longest_orphan)]
    {
        if let Some(c) = check {
            let bounds = bounds(c.at_least.map(|t| t.to_string()), c.at_most.map(|t| t.to_string()));
            return format!("{}: {what}{} {bounds}", c.group, since(c.since));
        }
    }
    if let Some(c) = &expect.duplicates {
        return format!("{}: duplicates {}", c.group, counts(c.at_least, c.at_most));
    }
    if let Some(c) = &expect.moved_queues {
        return format!("{}: moved queues{} {}", c.group, since(c.since), counts(c.at_least, c.at_most));
    }
    if let Some(c) = &expect.consumed_at_least {
        return format!("{}: consumed at least {} messages", c.group, c.messages);
    }
    if let Some(c) = &expect.stable_within {
        let bounds = bounds(c.at_least.map(|t| t.to_string()), Some(c.at_most.to_string()));
        return format!("{}: stable after {} in {bounds}", c.group, c.after);
    }
    if let Some(c) = counter_check(expect) {
        let of = c.group.as_ref().map_or(String::new(), |group| format!("{group}: "));
        let (least, most) = c.equals.map_or((c.at_least, c.at_most), |n| (Some(n), Some(n)));
        return format!("{of}{} {}", counter_words(c.counter), counts(least, most));
    }
    if let Some(c) = &expect.delay_lateness {
        return format!("{} of the lateness of delayed messages at most {}", c.percentile, c.at_most);
    }
    if let Some(words) = of_outage(expect) {
        return words;
    }
    match &expect.idle_consumers {
        Some(c) => format!("{}: exactly {} idle consumers", c.group, c.exactly),
        None => String::new(),
    }
}

fn of_outage(expect: &Expect) -> Option<String> {
    let times = |least: Option<Duration>, most: Option<Duration>| {
        bounds(least.map(|time| time.to_string()), most.map(|time| time.to_string()))
    };
    if let Some(c) = &expect.acknowledged_lost {
        let (least, most) = c.equals.map_or((c.at_least, c.at_most), |n| (Some(n), Some(n)));
        return Some(format!("acknowledged messages lost {}", counts(least, most)));
    }
    if let Some(c) = &expect.send_outage {
        return Some(format!("{}: no send succeeded for {}", c.topic, times(c.at_least, c.at_most)));
    }
    if let Some(c) = &expect.consume_outage {
        let of = of_topic(&c.group, c.topic.as_ref());
        return Some(format!("{of}: a queue stood still for {}", times(c.at_least, c.at_most)));
    }
    if let Some(c) = &expect.leaderless_time {
        return Some(format!("{}: nobody took sends for {}", c.broker, times(c.at_least, c.at_most)));
    }
    let c = expect.replication_lag.as_ref()?;
    let bounds = bounds(c.at_least.map(|bytes| bytes.to_string()), c.at_most.map(|bytes| bytes.to_string()));
    Some(format!("{}: replication lag {bounds}", c.broker))
}

fn counts(least: Option<u64>, most: Option<u64>) -> String {
    bounds(least.map(|n| n.to_string()), most.map(|n| n.to_string()))
}
