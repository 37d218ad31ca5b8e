//! The words of actions and checks.

use super::counts::{counter_check, counter_words};
use crate::scenario::raw::{DiskFate, Expect, GroupTopic, SetQueues, StopKinds, Timed};
use crate::scenario::units::{Duration, Names, NamesOr};

fn listed(names: &Names) -> String {
    names.0.join(", ")
}

/// An action as one would say it.
pub(crate) fn of_action(timed: &Timed) -> String {
    if let Some(label) = &timed.label {
        return label.clone();
    }
    let new_host = |fresh: Option<bool>| if fresh == Some(true) { " on a new host" } else { "" };
    if let Some(NamesOr(start)) = &timed.start {
        let empty = if start.empty_disk == Some(true) { " with an empty disk" } else { "" };
        return format!("start {}{}{empty}", listed(&start.instance), new_host(start.fresh_host));
    }
    if let Some(words) = of_failure(timed) {
        return words;
    }
    if let Some(names) = &timed.thaw {
        return format!("thaw {}", listed(names));
    }
    let targets = [("stop", &timed.stop), ("kill", &timed.kill), ("freeze", &timed.freeze)];
    if let Some((verb, NamesOr(targets))) = targets.iter().find_map(|(verb, t)| t.as_ref().map(|t| (verb, t))) {
        let again = if targets.empty_disk == Some(true) { ", then with an empty disk" } else { "" };
        let on = again_on(targets.fresh_host);
        return format!("{verb} {}{}{on}{again}", listed(&targets.instance), lasting(targets.lasts));
    }
    if let Some(scale) = &timed.scale {
        return format!("scale {} to {}", scale.group, scale.instances);
    }
    if let Some(restart) = &timed.rolling_restart {
        let who = restart.group.clone().or_else(|| restart.nodes.as_ref().map(listed)).unwrap_or_default();
        return format!("rolling restart of {who}{}", again_on(restart.fresh_host));
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

fn lasting(lasts: Option<Duration>) -> String {
    lasts.map(|lasts| format!(" for {lasts}")).unwrap_or_default()
}

fn link(between: &[Names], from: Option<&Names>, to: Option<&Names>, one_way: Option<bool>) -> String {
    let set = |names: &Names| names.0.join(" and ");
    match (between, from, to) {
        ([a, b], ..) if one_way == Some(true) => format!("from {} to {}", set(a), set(b)),
        ([a, b], ..) => format!("between {} and {}", set(a), set(b)),
        (_, Some(from), Some(to)) => format!("from {} to {}", set(from), set(to)),
        _ => String::new(),
    }
}

/// Actions on servers, hosts, links, disks and clocks.
fn of_failure(timed: &Timed) -> Option<String> {
    if let Some(NamesOr(restart)) = &timed.restart {
        let by = if restart.by == Some(StopKinds::Kill) { "kill" } else { "stop" };
        let after = restart.after.map(|after| after.to_string()).unwrap_or_default();
        return Some(format!("restart {} ({by}, start after {after})", listed(&restart.instance)));
    }
    if let Some(NamesOr(lost)) = &timed.lose_host {
        let disk = if lost.disk == Some(DiskFate::Lost) { " with its disk" } else { "" };
        return Some(format!("lose the host of {}{disk}{}", listed(&lost.of), lasting(lost.lasts)));
    }
    if let Some(p) = &timed.partition {
        let sides = link(&p.between, p.from.as_ref(), p.to.as_ref(), p.one_way);
        return Some(format!("partition {sides}{}", lasting(p.lasts)));
    }
    if let Some(slow) = &timed.slow_link {
        let sides = link(&slow.between, slow.from.as_ref(), slow.to.as_ref(), slow.one_way);
        let latency = slow.latency.as_ref().map(|latency| format!(", {latency} more"));
        let loss = slow.loss.map(|loss| format!(", {loss} lost"));
        let bandwidth = slow.bandwidth.map(|bandwidth| format!(", {bandwidth}"));
        let how: String = [latency, loss, bandwidth].into_iter().flatten().collect();
        return Some(format!("slow link {sides}{how}{}", lasting(slow.lasts)));
    }
    if let Some(names) = &timed.heal {
        return Some(format!("heal {}", listed(names)));
    }
    if let Some(reset) = &timed.reset_connections {
        let sides = link(&reset.between, reset.from.as_ref(), reset.to.as_ref(), None);
        return Some(format!("reset the connections {sides}"));
    }
    of_load(timed)
}

fn of_load(timed: &Timed) -> Option<String> {
    let times = [
        ("a flush", timed.slow_flush.as_ref().map(|raw| (&raw.broker, raw.time.as_ref(), raw.lasts))),
        ("a send", timed.broker_load.as_ref().map(|raw| (&raw.broker, raw.send.as_ref(), raw.lasts))),
    ];
    for (what, raw) in times {
        if let Some((broker, time, lasts)) = raw {
            let takes = time.map_or("its usual time".to_owned(), |time| time.to_string());
            return Some(format!("{what} of {} takes {takes}{}", listed(broker), lasting(lasts)));
        }
    }
    if let Some(raw) = &timed.page_cache_busy {
        return Some(format!("the page cache of {} is busy for {}", listed(&raw.broker), raw.lasts));
    }
    if let Some(raw) = &timed.disk_used {
        return Some(format!("others use {} of the disk of {}{}", raw.size, listed(&raw.broker), lasting(raw.lasts)));
    }
    if let Some(raw) = &timed.clock {
        return Some(format!("the clock of {} is off by {}{}", listed(&raw.broker), raw.offset, lasting(raw.lasts)));
    }
    let permissions = [("wipe", &timed.wipe_write_perm), ("add", &timed.add_write_perm)];
    let (verb, NamesOr(raw)) = permissions.into_iter().find_map(|(verb, raw)| raw.as_ref().map(|raw| (verb, raw)))?;
    let only = raw.nameservers.as_ref().map(|names| format!(" at {}", listed(names))).unwrap_or_default();
    Some(format!("{verb} the write permission of {}{only}{}", listed(&raw.broker), lasting(raw.lasts)))
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
