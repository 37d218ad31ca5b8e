//! Who has which queues before an action and when all is quiet again.

use super::human::{count, counted, duration, moment};
use super::names::Names;
use super::narrate;
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
    /// A table for each group that changed or has nothing to show but this change.
    pub tables: Vec<Table>,
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
    let built = moments
        .into_iter()
        .map(|(at, until, label)| {
            let mut tables: Vec<(bool, Table)> =
                (0..outcome.groups.len()).map(|g| table(outcome, &lives, GroupIx::new(g), at, until)).collect();
            if tables.iter().any(|(changed, _)| *changed) {
                tables.retain(|(changed, _)| *changed);
            }
            Change { at, label, until, tables: tables.into_iter().map(|(_, table)| table).collect() }
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

/// The group's table around a change, and whether anything in it changed.
fn table(
    outcome: &Outcome,
    lives: &[Vec<(SimTime, SimTime)>],
    group: GroupIx,
    at: SimTime,
    until: SimTime,
) -> (bool, Table) {
    let names = Names::new(&outcome.plan);
    let members = outcome.plan.instances.len();
    let mut before: Vec<Vec<QueueIx>> = vec![Vec::new(); members];
    let mut after = before.clone();
    let (mut orphans, mut doubles) = (Vec::new(), Vec::new());
    let mut settled: Option<SimTime> = None;
    for own in outcome.ownership.iter().filter(|own| own.group == group) {
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
    let stable = settled.map_or_else(|| moment(at), moment);
    let mut table = Table::new(
        names.group(group),
        &["member", &format!("before, {}", moment(at)), ">", &format!("after, {stable}"), ">", "gained", "lost"],
    );
    let runs = |member: usize, when: SimTime| {
        lives.get(member).is_some_and(|life| life.iter().any(|(from, to)| *from < when && *to >= when))
    };
    let mut changed = false;
    for (member, plan) in outcome.plan.instances.iter().enumerate().filter(|(_, plan)| plan.group == group) {
        let (old, new) = (&before[member], &after[member]);
        let (was, is) = (runs(member, at) || !old.is_empty(), runs(member, until) || !new.is_empty());
        if !was && !is {
            continue;
        }
        let gained: Vec<QueueIx> = new.iter().copied().filter(|queue| old.binary_search(queue).is_err()).collect();
        let lost: Vec<QueueIx> = old.iter().copied().filter(|queue| new.binary_search(queue).is_err()).collect();
        changed |= was != is || !gained.is_empty() || !lost.is_empty();
        let [old, old_count] = side(&names, old, was);
        let [new, new_count] = side(&names, new, is);
        let list = |queues: &[QueueIx]| if queues.is_empty() { String::new() } else { names.queues(queues) };
        table.row(vec![
            super::human::clean(&plan.name).into_owned().into(),
            old,
            old_count,
            new,
            new_count,
            Cell::toned(list(&gained), Tone::Good),
            Cell::toned(list(&lost), Tone::Warn),
        ]);
    }
    table.note = note(&names, &orphans, &doubles, settled, at);
    (changed, table)
}

fn side(names: &Names<'_>, queues: &[QueueIx], runs: bool) -> [Cell; 2] {
    if !runs {
        return [Cell::toned("not running", Tone::Faint), Cell::default()];
    }
    if queues.is_empty() {
        return [Cell::toned("idle", Tone::Warn), "0".into()];
    }
    [names.queues(queues).into(), count(queues.len() as u64).into()]
}

fn note(
    names: &Names<'_>,
    orphans: &[QueueIx],
    doubles: &[QueueIx],
    settled: Option<SimTime>,
    at: SimTime,
) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(settled) = settled {
        parts.push(format!("The last change came {} after the beginning.", duration(settled.since(at))));
    }
    if !orphans.is_empty() {
        let queues = counted(orphans.len() as u64, "queue has", "queues have");
        parts.push(format!("{queues} no owner: {}.", names.queues(orphans)));
    }
    if !doubles.is_empty() {
        let queues = counted(doubles.len() as u64, "queue has", "queues have");
        parts.push(format!("{queues} two owners: {}.", names.queues(doubles)));
    }
    if parts.is_empty() { None } else { Some(parts.join(" ")) }
}
