//! Words for entries.

use super::draft::{Draft, Process, What};
use super::wave::{Turn, Wave};
use super::{DETAILS_MAX, Detail, Kind, Story};
use crate::kernel::time::{SimDuration, SimTime};
use crate::report::human::{clean, count, counted, duration, moment, rate};
use crate::report::names::Names;
use crate::run::outcome::{ExpiryCause, Outcome, RebalanceTrigger, StopKind};
use crate::store::ids::{GroupIx, InstanceIx, QueueIx};

/// An entry in words.
pub(super) fn story(outcome: &Outcome, names: &Names<'_>, draft: Draft) -> Story {
    let Draft { at, until, what } = draft;
    let (kind, headline, mut details) = match &what {
        What::Action { actions, processes } => action(outcome, names, at, actions, processes),
        What::Process { process, who } => {
            (Kind::Membership, format!("{} {}", names.instances(who), did(*process, who.len() > 1)), Vec::new())
        }
        What::Wave(wave) => wave_story(outcome, names, (at, until), wave),
        What::Quiet { group, count, unanswered, by_timer } => {
            quiet(names, *group, *count, *unanswered, *by_timer, until)
        }
        What::OffsetBack { group, times, instance, queue, from, to } => {
            let more = if *times > 1 { format!(", and {} more like it", count(times - 1)) } else { String::new() };
            let (who, queue, group) = (names.instance(*instance), names.queue(*queue), names.group(*group));
            let (from, to) = (count(*from), count(*to));
            let headline =
                format!("{who} commits an older offset: {queue} of {group} goes back from {from} to {to}{more}");
            (Kind::Trouble, headline, Vec::new())
        }
        What::Notice { .. } | What::Registered { .. } | What::Expired { .. } => membership(outcome, names, &what),
        _ => cluster(names, &what),
    };
    let left = details.len().saturating_sub(DETAILS_MAX);
    if left > 1 {
        details.truncate(DETAILS_MAX);
        details
            .push(Detail { after: until.since(at), text: format!("… and {} more like these", count(left as u64)) });
    }
    Story { at, until, kind, headline, details }
}

type Words = (Kind, String, Vec<Detail>);

fn did(process: Process, several: bool) -> &'static str {
    match (process, several) {
        (Process::Started, false) => "starts",
        (Process::Started, true) => "start",
        (Process::Thawed, false) => "wakes up again",
        (Process::Thawed, true) => "wake up again",
        (Process::Stopped(StopKind::Graceful), false) => "shuts down in good order",
        (Process::Stopped(StopKind::Graceful), true) => "shut down in good order",
        (Process::Stopped(StopKind::Killed), false) => "is killed: its connections close",
        (Process::Stopped(StopKind::Killed), true) => "are killed: their connections close",
        (Process::Stopped(StopKind::Frozen), false) => "freezes: its connections stay open, nothing answers",
        (Process::Stopped(StopKind::Frozen), true) => "freeze: their connections stay open, nothing answers",
    }
}

/// The labels of the timeline's actions, each once.
pub(in crate::report) fn action_labels(outcome: &Outcome, actions: &[u32]) -> String {
    let mut labels: Vec<String> = Vec::new();
    for action in actions.iter().filter_map(|index| outcome.plan.timeline.get(*index as usize)) {
        let label = clean(&action.label).into_owned();
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let left = labels.len().saturating_sub(4);
    labels.truncate(4);
    let more = if left > 0 { format!("; and {left} more") } else { String::new() };
    labels.join("; ") + &more
}

fn action(
    outcome: &Outcome,
    names: &Names<'_>,
    at: SimTime,
    actions: &[u32],
    processes: &[(SimTime, InstanceIx, Process)],
) -> Words {
    let mut details: Vec<Detail> = Vec::new();
    let mut rest = processes;
    while let Some((first_at, _, process)) = rest.first() {
        let end = rest.iter().position(|(_, _, other)| other != process).unwrap_or(rest.len());
        let who: Vec<InstanceIx> = rest[..end].iter().map(|(_, instance, _)| *instance).collect();
        let text = format!("{} {}", names.instances(&who), did(*process, who.len() > 1));
        details.push(Detail { after: first_at.since(at), text });
        rest = &rest[end..];
    }
    (Kind::Action, action_labels(outcome, actions), details)
}

fn wave_story(outcome: &Outcome, names: &Names<'_>, (at, until): (SimTime, SimTime), wave: &Wave) -> Words {
    let members = wave.members();
    let (taken, mut left) = wave.queues();
    // Given up is not left alone: a second owner may have had it all along.
    left.retain(|queue| !owned(outcome, wave.group, *queue, until));
    let who = match members.as_slice() {
        [one] => names.instance(*one),
        _ => format!("{} ({})", names.group(wave.group), counted(members.len() as u64, "member", "members")),
    };
    let mut parts = Vec::new();
    if taken > 0 {
        parts.push(format!("{} taken over", counted(taken as u64, "queue", "queues")));
    }
    if !left.is_empty() {
        let verb = if left.len() == 1 { "is" } else { "are" };
        parts.push(format!("{} {verb} given up and left without an owner", names.queues(&left)));
    }
    if taken == 0 && left.is_empty() {
        parts.push("queues that others own are given up".to_owned());
    }
    if wave.unchanged > 0 {
        parts.push(format!("{} with nothing to change", counted(wave.unchanged, "more rebalance", "more rebalances")));
    }
    let mut turns: Vec<&Turn> = wave.turns.iter().collect();
    turns.sort_by_key(|turn| turn.at);
    let details = turns
        .into_iter()
        .map(|turn| Detail { after: turn.at.since(at), text: turn_words(outcome, names, turn) })
        .collect();
    let ended = wave.turns.iter().all(|turn| turn.saw.is_none());
    let verb = if ended { "lets go" } else { "rebalances" };
    (Kind::Rebalance, format!("{who} {verb}: {}", parts.join("; ")), details)
}

/// Whether the group has an owner for the queue right after `at`.
fn owned(outcome: &Outcome, group: GroupIx, queue: QueueIx, at: SimTime) -> bool {
    let found = outcome.ownership.binary_search_by_key(&(group, queue), |own| (own.group, own.queue));
    found.is_ok_and(|index| outcome.ownership[index].intervals.iter().any(|own| own.from <= at && own.to > at))
}

fn turn_words(outcome: &Outcome, names: &Names<'_>, turn: &Turn) -> String {
    let mut text = names.instance(turn.instance);
    if names.needs_name(turn.topic) {
        text.push_str(&format!(" ({})", names.topic(turn.topic)));
    }
    if let Some((trigger, members, queues)) = turn.saw {
        let why = match trigger {
            RebalanceTrigger::Start => "on its start".to_owned(),
            RebalanceTrigger::Reset => "after the offset reset".to_owned(),
            RebalanceTrigger::Notice(broker) => format!("told by {}", names.process(broker)),
            RebalanceTrigger::Timer => {
                let wait = outcome
                    .plan
                    .instances
                    .get(turn.instance.at())
                    .map_or(SimDuration::ZERO, |instance| instance.config.rebalance_wait_interval);
                format!("by its {} timer", duration(wait))
            }
        };
        let sees = members.map_or_else(
            || "hears of no members".to_owned(),
            |members| {
                format!(
                    "sees {} and {}",
                    counted(members.into(), "member", "members"),
                    counted(queues.into(), "queue", "queues")
                )
            },
        );
        text.push_str(&format!(", {why}, {sees}"));
    }
    if !turn.gained.is_empty() {
        text.push_str(&format!("; takes {}", names.queues(&turn.gained)));
    }
    if !turn.lost.is_empty() {
        text.push_str(&format!("; gives up {}", names.queues(&turn.lost)));
    }
    text
}

fn quiet(names: &Names<'_>, group: GroupIx, times: u64, unanswered: u64, by_timer: u64, until: SimTime) -> Words {
    let timer = match by_timer {
        0 => "",
        n if n == times => " by timer",
        _ => ", most by timer",
    };
    let timer = if by_timer * 2 <= times { "" } else { timer };
    let kind = if unanswered > 0 { Kind::View } else { Kind::Quiet };
    let silence = match unanswered {
        0 => String::new(),
        n => format!("; {} got no list of members and kept what they had", count(n)),
    };
    let span = if times > 1 { format!(" up to {}", moment(until)) } else { String::new() };
    let headline = format!(
        "{}: {}{timer}{span}, nothing to change{silence}",
        names.group(group),
        counted(times, "rebalance", "rebalances")
    );
    (kind, headline, Vec::new())
}

fn membership(outcome: &Outcome, names: &Names<'_>, what: &What) -> Words {
    let (kind, headline) = match what {
        What::Notice { broker, group, who } => (
            Kind::View,
            format!(
                "{} tells {} that the members of {} changed",
                names.process(*broker),
                names.instances(who),
                names.group(*group)
            ),
        ),
        What::Registered { broker, group, who, members } => (
            Kind::Membership,
            format!(
                "{} learns of {}: {} has {} there",
                names.process(*broker),
                names.instances(who),
                names.group(*group),
                counted((*members).into(), "member", "members")
            ),
        ),
        What::Expired { broker, group, cause, who, notified } => {
            let (kind, why) = expiry(outcome, *broker, *cause);
            let told = match notified {
                0 => "nobody is told".to_owned(),
                n => format!("{} of {} told", counted((*n).into(), "member", "members"), names.group(*group)),
            };
            let who = names.instances(who);
            (kind, format!("{} forgets {who}: {why}; {told}", names.process(*broker)))
        }
        _ => unreachable!("only entries about membership come here"),
    };
    (kind, headline, Vec::new())
}

fn expiry(outcome: &Outcome, broker: crate::store::ids::BrokerIx, cause: ExpiryCause) -> (Kind, String) {
    let first = outcome.plan.brokers.iter().map(|broker| &broker.config);
    let mut configs = first.chain(outcome.plan.replicas.iter().map(|replica| &replica.config));
    let limit = configs.nth(broker.at()).map_or_else(String::new, |config| duration(config.channel_expired_timeout));
    match cause {
        ExpiryCause::Unregistered => (Kind::Membership, "it unregistered".to_owned()),
        ExpiryCause::ChannelClosed => (Kind::Membership, "its connection was closed".to_owned()),
        ExpiryCause::ChannelIdle => {
            (Kind::Trouble, format!("its connection was silent for {limit} and the broker closed it"))
        }
        ExpiryCause::ScanExpired => (Kind::Trouble, format!("the scan found its last heartbeat older than {limit}")),
    }
}

fn cluster(names: &Names<'_>, what: &What) -> Words {
    let (kind, headline) = match what {
        What::Route { topic, queues, who, producers } => {
            let mut clients = Vec::new();
            if !producers.is_empty() {
                clients.push(names.producers(producers));
            }
            if !who.is_empty() {
                clients.push(names.instances(who));
            }
            let verb = if who.len() + producers.len() > 1 { "learn" } else { "learns" };
            let queues = match queues {
                0 => "no queue any more".to_owned(),
                n => counted((*n).into(), "queue", "queues"),
            };
            (Kind::View, format!("{} {verb} the route of {}: {queues}", clients.join(", "), names.topic(*topic)))
        }
        What::BrokerRegistered { nameserver, who } => {
            let brokers: Vec<String> = who.iter().take(6).map(|broker| names.process(*broker)).collect();
            let more = if who.len() > 6 { format!(" and {} more", who.len() - 6) } else { String::new() };
            (
                Kind::Cluster,
                format!("{} learns something new from {}{more}", names.nameserver(*nameserver), brokers.join(", ")),
            )
        }
        What::Queues { topic, broker, read, write } => (
            Kind::Cluster,
            format!(
                "{} on {} now has {} to read and {} to write",
                names.topic(*topic),
                names.broker(*broker),
                counted((*read).into(), "queue", "queues"),
                count((*write).into())
            ),
        ),
        What::Rate { who, rate: per_second } => {
            let each = if who.len() > 1 { " each" } else { "" };
            let verb = if who.len() > 1 { "send" } else { "sends" };
            (Kind::Cluster, format!("{} now {verb} {}{each}", names.producers(who), rate(*per_second)))
        }
        What::Service { group } => (Kind::Cluster, format!("the service time of {} changes", names.group(*group))),
        What::SendFailed { count, who } => (
            Kind::Trouble,
            format!("{} of {} failed for good", counted(*count, "message", "messages"), names.producers(who)),
        ),
        _ => unreachable!("only entries about the cluster come here"),
    };
    (kind, headline, Vec::new())
}

/// The entry that stands for those left out.
pub(super) fn skipped(from: SimTime, until: SimTime, kinds: &[(Kind, u64)]) -> Story {
    let total: u64 = kinds.iter().map(|(_, n)| n).sum();
    let parts: Vec<String> = kinds.iter().map(|(kind, n)| format!("{} {}", count(*n), kind.word())).collect();
    Story {
        at: from,
        until,
        kind: Kind::Quiet,
        headline: format!("… {} more entries up to {}: {}", count(total), moment(until), parts.join(", ")),
        details: Vec::new(),
    }
}
