//! Entries about sends that failed and queues that stood still.

use super::super::{Detail, Kind, Story};
use crate::kernel::time::{SimDuration, SimTime};
use crate::report::human::{count, counted, duration};
use crate::report::names::Names;
use crate::run::outcome::{ConsumeGap, Fact, Outcome, SendGap};
use crate::store::ids::QueueIx;

/// Standstills of a group that begin this close together are one entry.
const TOGETHER: SimDuration = SimDuration::from_secs(2);
/// A blow this soon after the last success is to blame for a gap.
const BLAMED: SimDuration = SimDuration::from_secs(1);

/// The entries.
pub(super) fn stories(outcome: &Outcome, names: &Names<'_>) -> Vec<Story> {
    let mut stories: Vec<Story> = outcome
        .failures
        .send_gaps
        .iter()
        .filter(|gap| gap.name.is_none())
        .map(|gap| sends(outcome, names, gap))
        .collect();
    let mut gaps: Vec<&ConsumeGap> = outcome.failures.consume_gaps.iter().collect();
    gaps.sort_by_key(|gap| (gap.group, gap.from, gap.queue));
    let together = |a: &&ConsumeGap, b: &&ConsumeGap| a.group == b.group && b.from.since(a.from) <= TOGETHER;
    stories.extend(gaps.chunk_by(together).map(|gaps| queues(outcome, names, gaps)));
    stories
}

/// When a standstill is told: a gap begins at the last success, which may be a moment before the blow that is to blame.
fn told_at(outcome: &Outcome, from: SimTime) -> SimTime {
    let first = outcome.facts.partition_point(|record| record.at < from);
    let soon = outcome.facts[first..].iter().take_while(|record| record.at.since(from) <= BLAMED);
    let blow = |fact: &Fact| {
        matches!(fact, Fact::NodeStopped { .. } | Fact::ClientStopped { .. } | Fact::LinkChanged { on: true, .. })
    };
    soon.filter(|record| blow(&record.fact)).map(|record| record.at).next().unwrap_or(from)
}

fn open(outcome: &Outcome, to: SimTime) -> &'static str {
    if to >= outcome.end { ", to the end of the run" } else { "" }
}

fn sends(outcome: &Outcome, names: &Names<'_>, gap: &SendGap) -> Story {
    let length = duration(gap.to.since(gap.from));
    let failed = counted(gap.failed, "call fails", "calls fail");
    let topic = names.topic(gap.topic);
    Story {
        at: told_at(outcome, gap.from),
        until: gap.to,
        kind: Kind::Trouble,
        headline: format!("no send to {topic} succeeds for {length}{}; {failed}", open(outcome, gap.to)),
        details: Vec::new(),
    }
}

fn queues(outcome: &Outcome, names: &Names<'_>, gaps: &[&ConsumeGap]) -> Story {
    let first = gaps[0];
    let until = gaps.iter().map(|gap| gap.to).max().unwrap_or(first.to);
    let lengths = || gaps.iter().map(|gap| gap.to.since(gap.from));
    let (least, most) = (lengths().min().unwrap_or_default(), lengths().max().unwrap_or_default());
    let mut queues: Vec<QueueIx> = gaps.iter().map(|gap| gap.queue).collect();
    queues.sort_unstable();
    let group = names.group(first.group);
    let headline = match gaps.len() {
        1 => format!("{} stands still for {group} for {}", names.queue(first.queue), duration(most)),
        n => {
            format!("{} queues stand still for {group}, for {} to {}", count(n as u64), duration(least), duration(most))
        }
    };
    let details = if gaps.len() > 1 {
        vec![Detail { after: SimDuration::ZERO, text: names.queues(&queues) }]
    } else {
        Vec::new()
    };
    Story {
        at: told_at(outcome, first.from),
        until,
        kind: Kind::Trouble,
        headline: headline + open(outcome, until),
        details,
    }
}
