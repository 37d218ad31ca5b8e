//! The summary tables: what a run measured, in words that need no manual.

mod life;
mod outages;

use super::allocation::owners_before;
use super::human::{bytes, clean, count, duration, moment, number, percent};
use super::names::Names;
use super::queues::{count_of, shown};
use super::table::{Cell, Table, Tone};
use crate::kernel::time::SimDuration;
use crate::run::outcome::{DuplicateCause, InstanceOutcome, Outcome, Percentiles, QueueOwnership, ViewStale};
use crate::store::ids::{GroupIx, InstanceIx, ProducerIx};

/// All summary tables but the expectations, in the order of a reader's questions; each has `rows` rows at most.
#[must_use]
pub fn summary(outcome: &Outcome, rows: usize) -> Vec<Table> {
    let names = Names::new(&outcome.plan);
    let [losses, rest @ ..] = life::tables(outcome, &names, rows);
    let failures = outages::tables(outcome, &names, rows);
    let common = [
        ownership(outcome, &names),
        queues(outcome, &names).cut(rows, "queues"),
        latency(outcome, &names),
        lag(outcome, &names),
        duplicates(outcome, &names),
        consumers(outcome, &names).cut(rows, "consumers"),
        views(outcome, &names).cut(rows, "consumers"),
        producers(outcome, &names).cut(rows, "producers"),
        conservation(outcome, &names),
        balance(outcome, &names),
    ];
    let (first, last) = common.split_at(5);
    [&[losses][..], &failures, first, &rest, last].concat().into_iter().filter(|table| !table.rows.is_empty()).collect()
}

/// Words for why a message came again.
#[must_use]
pub fn cause(cause: DuplicateCause) -> &'static str {
    match cause {
        DuplicateCause::DoubleOwner => "two members owned the queue",
        DuplicateCause::InFlightAtRevoke => "the former owner still had it when it gave the queue up",
        DuplicateCause::NotPersistedAtDeath => "the former owner died before it had stored its offset",
        DuplicateCause::OffsetWentBack => "an older offset was stored over a newer one",
        DuplicateCause::OffsetReset => "the offset was reset",
        DuplicateCause::StartedOver => "a broadcasting member began without its offset file",
    }
}

/// The delay of a level at the brokers.
#[must_use]
pub fn delay_of(outcome: &Outcome, level: u8) -> Option<SimDuration> {
    let broker = outcome.plan.brokers.first()?;
    broker.config.message_delay_level.get(usize::from(level).checked_sub(1)?).copied()
}

/// How bad it is that this lasted so long: under a second is the price of any change.
#[must_use]
pub fn trouble(time: SimDuration) -> Tone {
    match time.as_nanos() {
        0 => Tone::Plain,
        1..1_000_000_000 => Tone::Warn,
        _ => Tone::Bad,
    }
}

fn bad_time(time: SimDuration) -> Cell {
    Cell::toned(duration(time), trouble(time))
}

fn warn_count(n: u64) -> Cell {
    Cell::unless_zero(count(n), n == 0, Tone::Warn)
}

/// What the scenario promised, and whether it held.
#[must_use]
pub fn expectations(outcome: &Outcome) -> Table {
    let mut table = Table::new("Expectations", &["", "expectation", ">checked at", "expected", "got"]);
    for check in &outcome.expectations {
        let (word, tone) = if check.passed { ("holds", Tone::Good) } else { ("FAILS", Tone::Bad) };
        table.row(vec![
            Cell::toned(word, tone),
            clean(&check.label).into_owned().into(),
            moment(check.at).into(),
            clean(&check.expected).into_owned().into(),
            Cell::toned(clean(&check.got), if check.passed { Tone::Plain } else { Tone::Bad }),
        ]);
    }
    table
}

fn ownership(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new(
        "Ownership",
        &["group", ">queues", ">without owner", ">longest, one queue", ">with two owners", ">changes of owner"],
    );
    let shown = shown(outcome);
    for (index, group) in outcome.groups.iter().enumerate() {
        let group_ix = GroupIx::new(index);
        let queues = count_of(outcome, &shown, group_ix);
        table.row(vec![
            names.group(group_ix).into(),
            count(queues as u64).into(),
            bad_time(group.orphan),
            bad_time(group.longest_orphan),
            bad_time(group.double_owner),
            count(group.moves).into(),
        ]);
    }
    table.note = Some("Times are summed over the group's queues, from its first start on.".to_owned());
    table
}

/// Queues with the most trouble first, to the second; those of equal trouble in their own order.
fn by_trouble(outcome: &Outcome) -> Vec<&QueueOwnership> {
    let mut queues: Vec<&QueueOwnership> = shown(outcome).into_iter().map(|place| &outcome.ownership[place]).collect();
    queues.sort_by_key(|own| {
        std::cmp::Reverse(own.orphan.as_nanos().saturating_add(own.double_owner.as_nanos()) / 1_000_000_000)
    });
    queues
}

fn queues(outcome: &Outcome, names: &Names<'_>) -> Table {
    let many = outcome.groups.len() > 1;
    let mut columns = vec!["queue"];
    if many {
        columns.push("group");
    }
    columns.extend([">without owner", ">longest", ">with two owners", ">changes of owner", "owner at the end"]);
    let mut table = Table::new("Queues, those with the most trouble first", &columns);
    for own in by_trouble(outcome) {
        let mut row: Vec<Cell> = vec![names.queue(own.queue).into()];
        if many {
            row.push(names.group(own.group).into());
        }
        let owners = owners_before(own, own.exists_until.min(outcome.end));
        row.extend([
            bad_time(own.orphan),
            bad_time(own.longest_orphan),
            bad_time(own.double_owner),
            count(own.moves.into()).into(),
            Cell::toned(names.instances(&owners), if owners.len() == 1 { Tone::Plain } else { Tone::Bad }),
        ]);
        table.row(row);
    }
    table
}

fn latency(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table =
        Table::new("Latency", &["of", ">messages", ">mean", ">median", ">p95", ">p99", ">p99.9", ">longest"]);
    let mut row = |what: String, values: &Percentiles, tone: Tone| {
        if values.count == 0 {
            let dash = || Cell::toned("–", Tone::Faint);
            table.row(vec![what.into(), "0".into(), dash(), dash(), dash(), dash(), dash(), dash()]);
            return;
        }
        let mut cells = vec![Cell::toned(what, tone), count(values.count).into()];
        for value in [values.mean, values.p50, values.p95, values.p99, values.p999, values.max] {
            cells.push(duration(value).into());
        }
        table.row(cells);
    };
    for (index, group) in outcome.groups.iter().enumerate() {
        let latency = &group.latency;
        row(format!("{}: send to consumed", names.group(GroupIx::new(index))), &latency.end_to_end, Tone::Strong);
        row("  send to stored".to_owned(), &latency.send, Tone::Plain);
        row("  stored to pulled".to_owned(), &latency.stored_to_pulled, Tone::Plain);
        row("  waiting in the client".to_owned(), &latency.wait_in_client, Tone::Plain);
        row("  in the listener".to_owned(), &latency.processing, Tone::Plain);
    }
    table.note = Some("Every delivery whose listener call returned counts once, with its exact time.".to_owned());
    table
}

fn lag(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new(
        "Lag and consumption",
        &["group", ">consumed", ">delivered", ">lag at the end", ">greatest lag", ">oldest at the end", ">oldest ever"],
    );
    for (index, group) in outcome.groups.iter().enumerate() {
        table.row(vec![
            names.group(GroupIx::new(index)).into(),
            count(group.consumed).into(),
            count(group.delivered).into(),
            count(group.lag).into(),
            count(group.lag_max).into(),
            duration(group.lag_time).into(),
            duration(group.lag_time_max).into(),
        ]);
    }
    table.note = Some("Lag is in messages; \"oldest\" is the age of the oldest message not yet consumed.".to_owned());
    table
}

fn duplicates(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new("Duplicate deliveries", &["group", "because", ">deliveries"]);
    for (index, group) in outcome.groups.iter().enumerate() {
        let mut any = false;
        for (why, times) in group.duplicates.iter().filter(|(_, times)| *times > 0) {
            any = true;
            table.row(vec![names.group(GroupIx::new(index)).into(), cause(*why).into(), warn_count(*times)]);
        }
        if !any {
            let nothing = Cell::toned("no message was delivered twice", Tone::Good);
            table.row(vec![names.group(GroupIx::new(index)).into(), nothing, "0".into()]);
        }
    }
    table
}

fn instances(outcome: &Outcome) -> impl Iterator<Item = (InstanceIx, &InstanceOutcome)> {
    outcome.instances.iter().enumerate().map(|(index, instance)| (InstanceIx::new(index), instance))
}

fn consumers(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new(
        "Consumers",
        &[
            "consumer",
            ">ran",
            ">consumed",
            ">duplicates",
            ">threads in use",
            ">most cached",
            ">pulls with messages",
            ">without",
            ">held back",
        ],
    );
    for (index, instance) in instances(outcome) {
        table.row(vec![
            names.instance(index).into(),
            duration(instance.alive).into(),
            count(instance.consumed).into(),
            warn_count(instance.duplicates),
            percent(instance.utilisation).into(),
            count(instance.cached_max).into(),
            count(instance.pulls_found).into(),
            count(instance.pulls_empty).into(),
            warn_count(instance.flow_controlled),
        ]);
    }
    table.note = Some("\"Held back\" counts pulls that flow control put off.".to_owned());
    table
}

fn views(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new(
        "Views of the cluster",
        &[
            "consumer",
            ">rebalances",
            ">with changes",
            ">notices",
            ">wrong route",
            ">wrong members",
            ">wrong queues",
            ">longest",
        ],
    );
    let stale = |view: &ViewStale| Cell::unless_zero(duration(view.total), view.total.is_zero(), Tone::Warn);
    for (index, instance) in instances(outcome) {
        let longest =
            instance.route_stale.longest.max(instance.members_stale.longest).max(instance.queues_stale.longest);
        table.row(vec![
            names.instance(index).into(),
            count(instance.rebalances.into()).into(),
            count(instance.rebalances_changed.into()).into(),
            count(instance.notices.into()).into(),
            stale(&instance.route_stale),
            stale(&instance.members_stale),
            stale(&instance.queues_stale),
            duration(longest).into(),
        ]);
    }
    table.note = Some("How long each consumer's view differed from the truth.".to_owned());
    table
}

fn producers(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new(
        "Producers",
        &["producer", ">sent", ">accepted", ">failed", ">retries", ">median answer", ">p99", ">longest"],
    );
    for (index, producer) in outcome.producers.iter().enumerate() {
        table.row(vec![
            names.producer(ProducerIx::new(index)).into(),
            count(producer.offered).into(),
            count(producer.accepted).into(),
            Cell::unless_zero(count(producer.failed), producer.failed == 0, Tone::Bad),
            warn_count(producer.retries),
            duration(producer.latency.p50).into(),
            duration(producer.latency.p99).into(),
            duration(producer.latency.max).into(),
        ]);
    }
    table
}

fn conservation(outcome: &Outcome, names: &Names<'_>) -> Table {
    let sum = &outcome.conservation;
    let filters = sum.groups.iter().any(|group| group.filtered + group.lost > 0);
    let passed = sum.groups.iter().any(|group| group.passed_over > 0);
    let mut columns = vec!["group", ">stored", ">skipped"];
    if filters {
        columns.extend([">filtered", ">lost"]);
    }
    if passed {
        columns.push(">passed over");
    }
    columns.extend([">unread", ">on the way", ">cached", ">in the listener", ">consumed", ">balance"]);
    let mut table = Table::new("Where every message is at the end", &columns);
    for (index, group) in sum.groups.iter().enumerate() {
        let mut places = vec![group.skipped];
        if filters {
            places.extend([group.filtered, group.lost]);
        }
        if passed {
            places.push(group.passed_over);
        }
        places.extend([group.unread, group.in_flight, group.cached, group.processing, group.consumed]);
        let placed: u64 = places.iter().sum();
        let mut row: Vec<Cell> = vec![names.group(GroupIx::new(index)).into(), count(group.stored).into()];
        row.extend(places.iter().map(|n| count(*n).into()));
        row.push(if placed == group.stored {
            Cell::toned("adds up", Tone::Good)
        } else {
            Cell::toned(format!("{} counted", count(placed)), Tone::Bad)
        });
        table.row(row);
    }
    let mut note = format!(
        "Sent {}: stored {}, failed {}, still on the way {}. Stored before the start: {}. Checked {} times",
        count(sum.offered),
        count(sum.stored),
        count(sum.failed),
        count(sum.sending),
        count(sum.preloaded),
        count(sum.checks),
    );
    if sum.cut_off + sum.unknown > 0 {
        note.push_str(&format!(" (sent one-way {}, cut off from a log {})", count(sum.unknown), count(sum.cut_off)));
    }
    note.push_str(&match &sum.violation {
        None => ", always right.".to_owned(),
        Some(violation) => format!("; first violation: {}.", clean(violation)),
    });
    table.note = Some(note);
    table
}

fn balance(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new(
        "Balance and cross-checks",
        &["group", ">busiest / mean", ">Jain's index", ">mean in the system", ">rate × time"],
    );
    for (index, group) in outcome.groups.iter().enumerate() {
        table.row(vec![
            names.group(GroupIx::new(index)).into(),
            number(group.imbalance.max_over_mean).into(),
            number(group.imbalance.jain).into(),
            number(group.little.mean_in_system).into(),
            number(group.little.rate_times_time).into(),
        ]);
    }
    let engine = &outcome.engine;
    table.note = Some(format!(
        "1 and 1 are an even balance; by Little's law the last two columns agree. The engine took {} events, {} pending \
         at most; the stores held {} messages at most ({}).",
        count(engine.events),
        count(engine.pending_max),
        count(engine.retained_messages_max),
        bytes(engine.retained_bytes_max),
    ));
    table
}
