//! The few numbers a reader wants first.

use super::counts;
use super::human::{count, duration};
use super::table::Tone;
use super::tables::trouble;
use crate::kernel::time::SimDuration;
use crate::run::outcome::{Counter, Outcome};

/// A number with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNumber {
    /// What it is.
    pub label: &'static str,
    /// In words.
    pub value: String,
    /// Whether it is good.
    pub tone: Tone,
}

/// The key numbers, over all groups.
#[must_use]
pub fn numbers(outcome: &Outcome) -> Vec<KeyNumber> {
    let groups = &outcome.groups;
    let longest = groups.iter().map(|group| group.longest_orphan).max().unwrap_or_default();
    let orphan = total(groups.iter().map(|group| group.orphan));
    let double = total(groups.iter().map(|group| group.double_owner));
    let duplicates: u64 = groups.iter().flat_map(|group| group.duplicates.iter().map(|(_, n)| n)).sum();
    let p99 =
        groups.iter().filter(|group| group.latency.end_to_end.count > 0).map(|group| group.latency.end_to_end.p99);
    let mut numbers = Vec::new();
    if !outcome.expectations.is_empty() {
        let held = outcome.expectations.iter().filter(|check| check.passed).count();
        let all = held == outcome.expectations.len();
        numbers.push(KeyNumber {
            label: "expectations hold",
            value: format!("{held} of {}", outcome.expectations.len()),
            tone: if all { Tone::Good } else { Tone::Bad },
        });
    }
    let mut add = |label, value, tone| numbers.push(KeyNumber { label, value, tone });
    let lost = counts::lost(outcome);
    if lost > 0 {
        add("lost messages", count(lost), Tone::Bad);
    }
    for number in failures(outcome) {
        add(number.label, number.value, number.tone);
    }
    let tone = |time: SimDuration| if time.is_zero() { Tone::Good } else { trouble(time) };
    add("queue time without an owner", duration(orphan), tone(orphan));
    add("longest gap of one queue", duration(longest), tone(longest));
    add("queue time with two owners", duration(double), tone(double));
    add("changes of owner", count(groups.iter().map(|group| group.moves).sum()), Tone::Plain);
    add("duplicate deliveries", count(duplicates), if duplicates == 0 { Tone::Good } else { Tone::Warn });
    add("messages consumed", count(groups.iter().map(|group| group.consumed).sum()), Tone::Plain);
    add("latency, p99", p99.max().map_or_else(|| "–".to_owned(), duration), Tone::Plain);
    add("lag at the end", count(groups.iter().map(|group| group.lag).sum()), Tone::Plain);
    numbers.extend(life(outcome));
    numbers
}

/// What failures cost: the recovery point and the recovery times.
fn failures(outcome: &Outcome) -> Vec<KeyNumber> {
    if !outcome.plan.fallible {
        return Vec::new();
    }
    let failures = &outcome.failures;
    let counted = |counter| outcome.counters.get(counter, None);
    let whole = failures.send_gaps.iter().filter(|gap| gap.name.is_none());
    let sends = whole.map(|gap| gap.to.since(gap.from)).max().unwrap_or_default();
    let queues = failures.consume_gaps.iter().map(|gap| gap.to.since(gap.from)).max().unwrap_or_default();
    let time = |label, time: SimDuration| {
        let tone = if time.is_zero() { Tone::Good } else { trouble(time) };
        KeyNumber { label, value: if time.is_zero() { "below 1 s".to_owned() } else { duration(time) }, tone }
    };
    let bad = |n: u64, tone| if n == 0 { Tone::Good } else { tone };
    let lost = counted(Counter::AcknowledgedLost);
    let failed = counted(Counter::SendsFailed);
    vec![
        KeyNumber { label: "acknowledged messages lost", value: count(lost), tone: bad(lost, Tone::Bad) },
        time("longest time without a send", sends),
        time("longest standstill of a queue", queues),
        KeyNumber { label: "sends that failed", value: count(failed), tone: bad(failed, Tone::Warn) },
    ]
}

/// What messages went through, if they did.
fn life(outcome: &Outcome) -> Vec<KeyNumber> {
    let counted = |counter| outcome.counters.get(counter, None);
    let retried = outcome.groups.iter().map(counts::retried).sum();
    let mut numbers: Vec<KeyNumber> = [
        ("deliveries after a failure", retried, Tone::Warn),
        ("dead letters", counted(Counter::DeadLetters), Tone::Bad),
        ("messages dropped after a failure", counted(Counter::Dropped), Tone::Bad),
        ("deliveries out of order", counted(Counter::OrderViolations), Tone::Bad),
        ("transactions given up", outcome.transactions.discarded, Tone::Bad),
        ("transactions undecided at the end", outcome.transactions.pending, Tone::Warn),
    ]
    .into_iter()
    .filter(|(_, n, _)| *n > 0)
    .map(|(label, n, tone)| KeyNumber { label, value: count(n), tone })
    .collect();
    if outcome.delay_lateness.count > 0 {
        let value = duration(outcome.delay_lateness.p99);
        numbers.push(KeyNumber { label: "lateness of delayed messages, p99", value, tone: Tone::Plain });
    }
    numbers
}

fn total(times: impl Iterator<Item = SimDuration>) -> SimDuration {
    SimDuration::from_nanos(times.fold(0u64, |sum, time| sum.saturating_add(time.as_nanos())))
}
