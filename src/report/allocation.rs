//! Who has which queues before an action and when all is quiet again.

use super::human::{count, counted, duration, moment};
use super::names::Names;
use super::narrate;
use super::queues::shown;
use super::table::{Cell, Table, Tone};
use crate::kernel::time::{SimDuration, SimTime};
use crate::run::outcome::{Fact, Outcome, QueueOwnership, StopKind};
use crate::scenario::plan::Action;
use crate::store::ids::{GroupIx, InstanceIx, QueueIx};

/// Actions this close together are one change.
const TOGETHER: SimDuration = SimDuration::from_secs(1);

/// A moment at which the allocation had reason to change, and what became of it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The (first) action.
    pub at: SimTime,
    /// Its words.
    pub label: String,
    /// The next change, or the end.
    pub until: SimTime,
    /// The groups that changed; all when none did.
    pub groups: Vec<GroupChange>,
}

/// What became of one group.
#[derive(Clone, Debug)]
pub struct GroupChange {
    /// The group.
    pub group: GroupIx,
    /// The last change of an owner; `None` when there was none.
    pub settled: Option<SimTime>,
    /// Queues without an owner just before the next change.
    pub orphans: Vec<QueueIx>,
    /// Queues with several.
    pub doubles: Vec<QueueIx>,
    /// Members that ran before or after.
    pub members: Vec<MemberChange>,
}

/// When a process ran: from, to.
type Lives = Vec<(SimTime, SimTime)>;

/// A member's queues; `None` while it does not run.
pub type Side = Option<Vec<QueueIx>>;

/// What became of one member.
#[derive(Clone, Debug)]
pub struct MemberChange {
    /// Who.
    pub instance: InstanceIx,
    /// Just before the action.
    pub before: Side,
    /// Just before the next one.
    pub after: Side,
}

/// When each instance's process ran (frozen time included), from the facts.
#[must_use]
pub fn lifetimes(outcome: &Outcome) -> Vec<Vec<(SimTime, SimTime)>> {
    let mut lives: Vec<Vec<(SimTime, SimTime)>> = vec![Vec::new(); outcome.plan.instances.len()];
    for record in &outcome.facts {
        match record.fact {
            Fact::ClientStarted { instance, .. } => {
                if let Some(life) = lives.get_mut(instance.at()) {
                    life.push((record.at, outcome.end));
                }
            }
            Fact::ClientStopped { instance, how: StopKind::Graceful | StopKind::Killed, .. } => {
                if let Some((_, to)) = lives.get_mut(instance.at()).and_then(|life| life.last_mut()) {
                    *to = record.at;
                }
            }
            _ => {}
        }
    }
    lives
}

/// The owners of a queue just before `at`, each once.
#[must_use]
pub fn owners_before(ownership: &QueueOwnership, at: SimTime) -> Vec<InstanceIx> {
    let mut owners: Vec<InstanceIx> =
        ownership.intervals.iter().filter(|own| own.from < at && own.to >= at).map(|own| own.instance).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

/// The changes of a run, `max` at most (the first and the last), and how many were left out.
#[must_use]
pub fn changes(outcome: &Outcome, max: usize) -> (Vec<Change>, usize) {
    let mut moments = moments(outcome);
    let left = moments.len().saturating_sub(max);
    if left > 0 {
        moments.drain(max - 1..moments.len() - 1);
    }
    let lives = lifetimes(outcome);
    let mut seen = vec![false; outcome.ownership.len()];
    shown(outcome).into_iter().for_each(|place| seen[place] = true);
    let queues: Vec<&QueueOwnership> =
        outcome.ownership.iter().zip(&seen).filter(|(_, seen)| **seen).map(|(own, _)| own).collect();
    let built = moments
        .into_iter()
        .map(|(at, until, label)| {
            let mut groups: Vec<GroupChange> = (0..outcome.groups.len())
                .map(|group| group_change(outcome, (&queues, &lives), GroupIx::new(group), at, until))
                .collect();
            if groups.iter().any(GroupChange::changed) {
                groups.retain(GroupChange::changed);
            }
            Change { at, label, until, groups }
        })
        .collect();
    (built, left)
}

/// (beginning, end, words) of each change; one for the start when no action concerns an allocation.
fn moments(outcome: &Outcome) -> Vec<(SimTime, SimTime, String)> {
    let mut moments: Vec<(SimTime, SimTime, Vec<u32>)> = Vec::new();
    let concerning = outcome.plan.timeline.iter().enumerate().filter(|(_, timed)| {
        timed.at <= outcome.end
            && !matches!(timed.action, Action::SetProducerRate { .. } | Action::SetServiceTime { .. })
    });
    for (index, timed) in concerning {
        let index = index as u32;
        match moments.last_mut() {
            Some((_, last, actions)) if timed.at.since(*last) <= TOGETHER => {
                *last = timed.at;
                actions.push(index);
            }
            _ => moments.push((timed.at, timed.at, vec![index])),
        }
    }
    if moments.is_empty() {
        return vec![(SimTime::ZERO, outcome.end, "start".to_owned())];
    }
    let ends: Vec<SimTime> = moments.iter().skip(1).map(|(at, ..)| *at).chain([outcome.end]).collect();
    moments
        .into_iter()
        .zip(ends)
        .map(|((at, _, actions), until)| (at, until, narrate::action_labels(outcome, &actions)))
        .collect()
}

fn group_change(
    outcome: &Outcome,
    (queues, lives): (&[&QueueOwnership], &[Lives]),
    group: GroupIx,
    at: SimTime,
    until: SimTime,
) -> GroupChange {
    let members = outcome.plan.instances.len();
    let mut before: Vec<Vec<QueueIx>> = vec![Vec::new(); members];
    let mut after = before.clone();
    let (mut orphans, mut doubles) = (Vec::new(), Vec::new());
    let mut settled: Option<SimTime> = None;
    for own in queues.iter().filter(|own| own.group == group) {
        for owner in owners_before(own, at) {
            before[owner.at()].push(own.queue);
        }
        let owners = owners_before(own, until);
        if own.exists_from < until && own.exists_until >= until {
            match owners.len() {
                0 => orphans.push(own.queue),
                1 => {}
                _ => doubles.push(own.queue),
            }
        }
        for owner in owners {
            after[owner.at()].push(own.queue);
        }
        let edges = own.intervals.iter().flat_map(|own| [own.from, own.to]);
        settled = edges.filter(|edge| *edge > at && *edge < until).max().max(settled);
    }
    let side = |member: usize, when: SimTime, queues: Vec<QueueIx>| {
        let runs = lives.get(member).is_some_and(|life| life.iter().any(|(from, to)| *from < when && *to >= when));
        (runs || !queues.is_empty()).then_some(queues)
    };
    let members = outcome
        .plan
        .instances
        .iter()
        .enumerate()
        .filter(|(_, plan)| plan.group == group)
        .map(|(member, _)| MemberChange {
            instance: InstanceIx::new(member),
            before: side(member, at, std::mem::take(&mut before[member])),
            after: side(member, until, std::mem::take(&mut after[member])),
        })
        .filter(|member| member.before.is_some() || member.after.is_some())
        .collect();
    GroupChange { group, settled, orphans, doubles, members }
}

impl MemberChange {
    fn changed(&self) -> bool {
        self.before != self.after
    }

    /// Queues of one side that the other has not.
    fn only(one: &Side, other: &Side) -> Vec<QueueIx> {
        let (one, other) = (one.as_deref().unwrap_or(&[]), other.as_deref().unwrap_or(&[]));
        one.iter().copied().filter(|queue| other.binary_search(queue).is_err()).collect()
    }
}

impl GroupChange {
    fn changed(&self) -> bool {
        self.members.iter().any(MemberChange::changed)
    }

    /// The change as a table of `rows` rows at most; when there are more members, those that changed come first.
    #[must_use]
    pub fn table(&self, outcome: &Outcome, change: &Change, rows: usize) -> Table {
        let names = Names::new(&outcome.plan);
        let stable = moment(self.settled.unwrap_or(change.at));
        let mut table = Table::new(
            names.group(self.group),
            &["member", &format!("before, {}", moment(change.at)), &format!("after, {stable}"), "gained", "lost"],
        );
        let mut members: Vec<&MemberChange> = self.members.iter().collect();
        if members.len() > rows {
            members.sort_by_key(|member| !member.changed());
        }
        for member in members {
            let list = |queues: Vec<QueueIx>| if queues.is_empty() { String::new() } else { names.queues(&queues) };
            table.row(vec![
                names.instance(member.instance).into(),
                side_cell(&names, &member.before),
                side_cell(&names, &member.after),
                Cell::toned(list(MemberChange::only(&member.after, &member.before)), Tone::Good),
                Cell::toned(list(MemberChange::only(&member.before, &member.after)), Tone::Warn),
            ]);
        }
        table.note = self.note(&names, change.at);
        table.cut(rows, "members")
    }

    fn note(&self, names: &Names<'_>, at: SimTime) -> Option<String> {
        let mut parts = Vec::new();
        if let Some(settled) = self.settled {
            parts.push(format!("The last change came {} after the beginning.", duration(settled.since(at))));
        }
        for (queues, how_many) in [(&self.orphans, "no owner"), (&self.doubles, "two owners")] {
            if !queues.is_empty() {
                let have = counted(queues.len() as u64, "queue has", "queues have");
                parts.push(format!("{have} {how_many}: {}.", names.queues(queues)));
            }
        }
        if parts.is_empty() { None } else { Some(parts.join(" ")) }
    }
}

fn side_cell(names: &Names<'_>, side: &Side) -> Cell {
    match side.as_deref() {
        None => Cell::toned("not running", Tone::Faint),
        Some([]) => Cell::toned("idle", Tone::Warn),
        Some(queues) => format!("{} ({})", names.queues(queues), count(queues.len() as u64)).into(),
    }
}
