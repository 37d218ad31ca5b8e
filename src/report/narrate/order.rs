//! Entries about locks that had to be waited for, offsets that were reset, and broken order.

use std::collections::BTreeMap;

use super::{DETAILS_MAX, Detail, Kind, Story};
use crate::kernel::time::{SimDuration, SimTime};
use crate::report::human::{count, counted, duration, moment};
use crate::report::names::Names;
use crate::run::outcome::{Fact, Outcome, ResetAnswer};
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, QueueIx, TopicIx};

/// Facts of one sort this close together are one entry.
const GAP: SimDuration = SimDuration::from_secs(2);
/// A lock that was free or waited for shorter than this is the price of any change of owner.
const WAIT_TOLD: SimDuration = SimDuration::from_secs(1);
/// Breaks of order told one by one.
const VIOLATIONS_TOLD: usize = 3;

/// What is known of a queue's lock since it was last taken.
#[derive(Clone, Copy, Default)]
struct Waiting {
    /// Who asked in vain first, and when.
    denied: Option<(SimTime, InstanceIx)>,
    /// Requests that were denied.
    denials: u64,
    /// Whose lock ended, when, and whether it expired.
    lost: Option<(ClientIx, SimTime, bool)>,
}

/// A lock that somebody had to wait for.
struct Takeover {
    at: SimTime,
    queue: QueueIx,
    instance: InstanceIx,
    waiting: Waiting,
}

/// Offsets that members set.
struct Reset {
    queue: QueueIx,
    instance: InstanceIx,
    from: Option<u64>,
    to: u64,
}

/// The entries, sort by sort.
pub(super) fn stories(outcome: &Outcome, names: &Names<'_>) -> Vec<Story> {
    let mut reader = Reader::default();
    for record in &outcome.facts {
        reader.take(record.at, &record.fact, outcome, names);
    }
    let mut stories = reader.stories;
    stories.extend(reader.takeovers.into_iter().map(|(group, at, all)| takeover(outcome, names, group, at, &all)));
    stories.extend(reader.resets.into_iter().map(|(_, at, until, all)| reset(names, (at, until), &all)));
    stories.extend(reader.violations.values().map(|found| violations(names, found)));
    stories
}

/// Breaks of order of a group.
struct Violations {
    group: GroupIx,
    at: SimTime,
    until: SimTime,
    count: u64,
    first: Vec<(SimTime, String)>,
}

#[derive(Default)]
struct Reader {
    waiting: BTreeMap<QueueIx, Waiting>,
    takeovers: Vec<(GroupIx, SimTime, Vec<Takeover>)>,
    resets: Vec<(GroupIx, SimTime, SimTime, Vec<Reset>)>,
    violations: BTreeMap<GroupIx, Violations>,
    stories: Vec<Story>,
}

impl Reader {
    fn take(&mut self, at: SimTime, fact: &Fact, outcome: &Outcome, names: &Names<'_>) {
        match *fact {
            Fact::LockDenied { queue, instance, .. } => {
                let waiting = self.waiting.entry(queue).or_default();
                waiting.denied.get_or_insert((at, instance));
                waiting.denials += 1;
            }
            Fact::LockLost { queue, client, until, expired, .. } => {
                self.waiting.entry(queue).or_default().lost = Some((client, until, expired));
            }
            Fact::LockTaken { group, queue, instance, client, .. } => {
                let waiting = self.waiting.remove(&queue).unwrap_or_default();
                self.taken(group, Takeover { at, queue, instance, waiting }, client);
            }
            Fact::ResetAsked { broker, group, topic, answer } => {
                let (kind, headline) = asked(outcome, names, broker, group, topic, answer);
                self.stories.push(Story { at, until: at, kind, headline, details: Vec::new() });
            }
            Fact::OffsetReset { instance, group, queue, from, to, .. } => {
                let reset = Reset { queue, instance, from, to };
                match self.resets.iter_mut().rev().find(|(of, ..)| *of == group) {
                    Some((_, _, until, all)) if at.since(*until) <= GAP => {
                        *until = at;
                        all.push(reset);
                    }
                    _ => self.resets.push((group, at, at, vec![reset])),
                }
            }
            Fact::OrderViolation { instance, group, queue, key, earlier, later } => {
                let found = self.violations.entry(group).or_insert_with(|| Violations {
                    group,
                    at,
                    until: at,
                    count: 0,
                    first: Vec::new(),
                });
                found.until = at;
                found.count += 1;
                if found.first.len() < VIOLATIONS_TOLD {
                    let (who, queue) = (names.instance(instance), names.queue(queue));
                    let (earlier, later) = (count(earlier), count(later));
                    let text = format!(
                        "{who} is given offset {later} of {queue} before {earlier} is done; both have key-{key}"
                    );
                    found.first.push((at, text));
                }
            }
            _ => {}
        }
    }

    fn taken(&mut self, group: GroupIx, takeover: Takeover, client: ClientIx) {
        let Waiting { denied, lost, .. } = takeover.waiting;
        let waited = denied.map_or(SimDuration::ZERO, |(since, _)| takeover.at.since(since));
        let free = lost.map_or(SimDuration::ZERO, |(_, until, _)| takeover.at.since(until));
        let own = lost.is_some_and(|(former, ..)| former == client);
        if waited.max(free) < WAIT_TOLD || (own && denied.is_none()) {
            return;
        }
        match self.takeovers.iter_mut().rev().find(|(of, ..)| *of == group) {
            Some((_, at, all)) if takeover.at.since(*at) <= GAP => all.push(takeover),
            _ => self.takeovers.push((group, takeover.at, vec![takeover])),
        }
    }
}

/// Why a lock came late: (who had it, how it ended, when).
fn why(outcome: &Outcome, names: &Names<'_>, takeover: &Takeover) -> String {
    let Waiting { denied, denials, lost } = takeover.waiting;
    let mut text = String::new();
    if let Some((since, first)) = denied {
        let who = if first == takeover.instance { String::new() } else { format!(" of {}", names.instance(first)) };
        let request = match denials {
            1 => format!("a request{who}"),
            n => format!("the first of {} requests{who}", count(n)),
        };
        text = format!("{} after {request} was denied", duration(takeover.at.since(since)));
    }
    let Some((client, until, expired)) = lost else { return text };
    if !text.is_empty() {
        text.push_str("; ");
    }
    let mut holders = outcome.locks.iter().filter(|lock| lock.client == client).map(|lock| lock.instance);
    let former = holders.next_back().map_or_else(|| names.client(client), |holder| names.instance(holder));
    let how = if expired { "did not renew it any more and it expired at" } else { "gave it back at" };
    let free = takeover.at.since(until);
    let idle = if free < WAIT_TOLD { String::new() } else { format!(", and it lay free for {}", duration(free)) };
    text + &format!("{former} {how} {}{idle}", moment(until))
}

fn takeover(outcome: &Outcome, names: &Names<'_>, group: GroupIx, at: SimTime, all: &[Takeover]) -> Story {
    // Queues with the same story share a line.
    let mut lines: Vec<(String, SimTime, Vec<InstanceIx>, Vec<QueueIx>)> = Vec::new();
    for takeover in all {
        let why = why(outcome, names, takeover);
        match lines.iter_mut().find(|(other, ..)| *other == why) {
            Some((.., who, queues)) => {
                who.push(takeover.instance);
                queues.push(takeover.queue);
            }
            None => lines.push((why, takeover.at, vec![takeover.instance], vec![takeover.queue])),
        }
    }
    let told = |who: &[InstanceIx], queues: &[QueueIx]| {
        let (mut who, mut queues) = (who.to_vec(), queues.to_vec());
        who.sort_unstable();
        who.dedup();
        queues.sort_unstable();
        let verb = if who.len() == 1 { "gets" } else { "get" };
        let locks = if queues.len() == 1 { "lock" } else { "locks" };
        format!("{} {verb} the {locks} of {}", names.instances(&who), names.queues(&queues))
    };
    let until = all.last().map_or(at, |last| last.at);
    let (headline, details) = match lines.as_slice() {
        [(why, _, who, queues)] => (format!("{}: {why}", told(who, queues)), Vec::new()),
        _ => {
            let locks = count(all.len() as u64);
            let headline = format!("members of {} get {locks} locks that they had to wait for", names.group(group));
            let detail = |(why, taken, who, queues): &(String, SimTime, Vec<InstanceIx>, Vec<QueueIx>)| Detail {
                after: taken.since(at),
                text: format!("{}: {why}", told(who, queues)),
            };
            (headline, cut(lines.iter().map(detail).collect()))
        }
    };
    Story { at, until, kind: Kind::Rebalance, headline, details }
}

/// As many details as an entry holds, and how many more there are.
fn cut(mut details: Vec<Detail>) -> Vec<Detail> {
    let left = details.len().saturating_sub(DETAILS_MAX);
    if left > 1 {
        details.truncate(DETAILS_MAX);
        let after = details.last().map_or(SimDuration::ZERO, |last| last.after);
        details.push(Detail { after, text: format!("… and {} more like these", count(left as u64)) });
    }
    details
}

fn asked(
    outcome: &Outcome,
    names: &Names<'_>,
    broker: BrokerIx,
    group: GroupIx,
    topic: TopicIx,
    answer: ResetAnswer,
) -> (Kind, String) {
    let (broker, topic) = (names.broker(broker), names.topic(topic));
    let name = outcome.plan.groups.get(group.at()).map_or_else(|| names.group(group), |of| of.of_file().to_owned());
    match answer {
        ResetAnswer::Sent { members } => {
            let members = counted(members.into(), "member", "members");
            (Kind::Cluster, format!("{broker} sends new offsets of {topic} to {members} of {name}"))
        }
        ResetAnswer::NoOffset(queue) => {
            let queue = names.queue(queue);
            (Kind::Trouble, format!("{broker} refuses to reset {name} on {topic}: it has no offset of {queue}"))
        }
        ResetAnswer::NotOnline => {
            (Kind::Trouble, format!("{broker} refuses to reset {name} on {topic}: no member is connected"))
        }
    }
}

fn reset(names: &Names<'_>, (at, until): (SimTime, SimTime), all: &[Reset]) -> Story {
    let mut members: Vec<InstanceIx> = all.iter().map(|reset| reset.instance).collect();
    members.sort_unstable();
    members.dedup();
    let (mut back, mut ahead) = (0u64, 0u64);
    for reset in all {
        let from = reset.from.unwrap_or(reset.to);
        back += from.saturating_sub(reset.to);
        ahead += reset.to.saturating_sub(from);
    }
    let mut moves = Vec::new();
    if back > 0 {
        moves.push(format!("{} are to be consumed again", counted(back, "message", "messages")));
    }
    if ahead > 0 {
        moves.push(format!("{} are passed over", counted(ahead, "message", "messages")));
    }
    if moves.is_empty() {
        moves.push("they stay where they were".to_owned());
    }
    let verb = if members.len() == 1 { "sets" } else { "set" };
    let queues = counted(all.len() as u64, "queue", "queues");
    let headline = format!("{} {verb} the offsets of {queues}: {}", names.instances(&members), moves.join(", "));
    let details = all
        .iter()
        .map(|reset| {
            let from = reset.from.map_or_else(String::new, |from| format!(" from {}", count(from)));
            Detail {
                after: SimDuration::ZERO,
                text: format!("{}{from} to {}", names.queue(reset.queue), count(reset.to)),
            }
        })
        .collect();
    Story { at, until, kind: Kind::Cluster, headline, details: cut(details) }
}

fn violations(names: &Names<'_>, found: &Violations) -> Story {
    let span = if found.until > found.at { format!(" up to {}", moment(found.until)) } else { String::new() };
    let left = found.count - found.first.len() as u64;
    let mut details: Vec<Detail> =
        found.first.iter().map(|(at, text)| Detail { after: at.since(found.at), text: text.clone() }).collect();
    if left > 0 {
        let after = found.until.since(found.at);
        details.push(Detail { after, text: format!("… and {} more like these", count(left)) });
    }
    Story {
        at: found.at,
        until: found.until,
        kind: Kind::Trouble,
        headline: format!(
            "order is broken: {} gets {} out of the order of their key{span}",
            names.group(found.group),
            counted(found.count, "message", "messages")
        ),
        details,
    }
}
