//! Tables of what messages went through: failures and retries, locks, delays, transactions, losses. Only what happened.

use super::{delay_of, warn_count};
use crate::kernel::time::{SimDuration, SimTime};
use crate::report::counts::{self, words};
use crate::report::human::{count, counted, duration, moment};
use crate::report::names::Names;
use crate::report::table::{Cell, Table, Tone};
use crate::run::outcome::{Counter, LockEnd, LockInterval, Outcome, Percentiles};
use crate::store::ids::GroupIx;

/// Attempts listed one by one.
const ATTEMPTS_MAX: usize = 16;

/// The tables, some of them empty; each has `rows` rows at most.
pub(super) fn tables(outcome: &Outcome, names: &Names<'_>, rows: usize) -> [Table; 6] {
    [
        losses(outcome, names).cut(rows, "losses"),
        messages(outcome, names),
        attempts(outcome, names),
        locks(outcome, names),
        transactions(outcome),
        delays(outcome),
    ]
}

fn groups(outcome: &Outcome) -> impl Iterator<Item = GroupIx> {
    (0..outcome.groups.len()).map(GroupIx::new)
}

fn losses(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table =
        Table::new("Lost messages", &["group", "queue", "in the pulls of", "because", ">messages", ">first", ">last"]);
    for loss in outcome.losses.iter().filter(|loss| loss.messages > 0) {
        let why = if loss.by_client {
            "its own subscription did not want them"
        } else {
            "the broker filtered by another member's subscription"
        };
        table.row(vec![
            names.group(loss.group).into(),
            names.queue(loss.queue).into(),
            names.instance(loss.instance).into(),
            why.into(),
            Cell::toned(count(loss.messages), Tone::Bad),
            moment(loss.first.1).into(),
            moment(loss.last.1).into(),
        ]);
    }
    table.note = Some("Messages that a member of the group wanted, and that were given to nobody.".to_owned());
    table
}

fn messages(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new("What happened to messages on their way", &["group", "what", ">times"]);
    for group in groups(outcome) {
        // Locks have a table of their own.
        for counter in counts::told_of_groups().filter(|counter| *counter != Counter::LocksDenied) {
            let n = outcome.counters.get(counter, Some(group));
            if n > 0 {
                let (what, tone) = words(counter);
                table.row(vec![names.group(group).into(), what.into(), Cell::toned(count(n), tone)]);
            }
        }
    }
    table
}

fn attempts(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new("Deliveries by attempt", &["group", "attempt", ">deliveries"]);
    for (index, group) in outcome.groups.iter().enumerate().filter(|(_, group)| counts::retried(group) > 0) {
        for (attempt, n) in group.attempts.iter().take(ATTEMPTS_MAX + 1).enumerate().filter(|(_, n)| **n > 0) {
            let what = if attempt == 0 { "first".to_owned() } else { format!("retry {attempt}") };
            let cell = if attempt == 0 { count(*n).into() } else { warn_count(*n) };
            table.row(vec![names.group(GroupIx::new(index)).into(), what.into(), cell]);
        }
        let more: u64 = group.attempts.iter().skip(ATTEMPTS_MAX + 1).sum();
        if more > 0 {
            let what = format!("retry {} and later", ATTEMPTS_MAX + 1);
            table.row(vec![names.group(GroupIx::new(index)).into(), what.into(), warn_count(more)]);
        }
    }
    table
}

fn locks(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new(
        "Queue locks",
        &[
            "group",
            ">taken",
            ">given back",
            ">expired",
            ">held at the end",
            ">requests denied",
            ">longest without a holder",
        ],
    );
    for group in groups(outcome) {
        let locks: Vec<&LockInterval> = outcome.locks.iter().filter(|lock| lock.group == group).collect();
        if locks.is_empty() {
            continue;
        }
        let ended = |end: LockEnd| locks.iter().filter(|lock| lock.end == end).count() as u64;
        let longest = longest_free(&locks, outcome.end);
        table.row(vec![
            names.group(group).into(),
            count(locks.len() as u64).into(),
            count(ended(LockEnd::Unlocked)).into(),
            warn_count(ended(LockEnd::Expired)),
            count(ended(LockEnd::Held)).into(),
            warn_count(outcome.counters.get(Counter::LocksDenied, Some(group))),
            Cell::toned(duration(longest), super::trouble(longest)),
        ]);
    }
    table
}

/// The longest time, after its first holder, that a queue's lock was held by nobody.
fn longest_free(locks: &[&LockInterval], end: SimTime) -> SimDuration {
    let mut sorted: Vec<&&LockInterval> = locks.iter().collect();
    sorted.sort_by_key(|lock| (lock.queue, lock.from));
    let of_queue = sorted.chunk_by(|a, b| a.queue == b.queue);
    let longest = of_queue.flat_map(|queue| {
        let nexts = queue.iter().skip(1).map(|next| next.from).chain([end]);
        queue.iter().zip(nexts).map(|(lock, next)| next.since(lock.to))
    });
    longest.max().unwrap_or_default()
}

fn transactions(outcome: &Outcome) -> Table {
    let mut table = Table::new(
        "Transactions",
        &[">begun", ">committed", ">rolled back", ">discarded", ">undecided at the end", ">checks", ">decisions lost"],
    );
    let states = &outcome.transactions;
    if states.begun > 0 {
        table.row(vec![
            count(states.begun).into(),
            count(states.committed).into(),
            count(states.rolled_back).into(),
            Cell::unless_zero(count(states.discarded), states.discarded == 0, Tone::Bad),
            warn_count(states.pending),
            count(outcome.counters.get(Counter::TransactionChecks, None)).into(),
            warn_count(outcome.counters.get(Counter::LostEnds, None)),
        ]);
    }
    table
}

fn delays(outcome: &Outcome) -> Table {
    let mut table = Table::new(
        "Lateness of delayed messages",
        &["delay", ">delivered", ">mean", ">median", ">p95", ">p99", ">longest"],
    );
    let mut row = |what: String, late: &Percentiles, tone: Tone| {
        let mut cells = vec![Cell::toned(what, tone), count(late.count).into()];
        cells.extend([late.mean, late.p50, late.p95, late.p99, late.max].map(|time| duration(time).into()));
        table.row(cells);
    };
    let used = || outcome.delay_by_level.iter().filter(|(_, late)| late.count > 0);
    for (level, late) in used() {
        let delay = delay_of(outcome, *level).map_or_else(String::new, |delay| format!(", {}", duration(delay)));
        row(format!("level {level}{delay}"), late, Tone::Plain);
    }
    if used().count() > 1 {
        row("all".to_owned(), &outcome.delay_lateness, Tone::Strong);
    }
    let waiting = outcome.conservation.scheduled_waiting;
    if waiting > 0 {
        table.note = Some(format!("{} still waiting at the end.", counted(waiting, "message is", "messages are")));
    }
    table
}
