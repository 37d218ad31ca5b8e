//! The few numbers a reader wants first.

use super::human::{count, duration};
use super::table::Tone;
use super::tables::trouble;
use crate::kernel::time::SimDuration;
use crate::run::outcome::Outcome;

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
    let tone = |time: SimDuration| if time.is_zero() { Tone::Good } else { trouble(time) };
    add("queue time without an owner", duration(orphan), tone(orphan));
    add("longest gap of one queue", duration(longest), tone(longest));
    add("queue time with two owners", duration(double), tone(double));
    add("changes of owner", count(groups.iter().map(|group| group.moves).sum()), Tone::Plain);
    add("duplicate deliveries", count(duplicates), if duplicates == 0 { Tone::Good } else { Tone::Warn });
    add("messages consumed", count(groups.iter().map(|group| group.consumed).sum()), Tone::Plain);
    add("latency, p99", p99.max().map_or_else(|| "–".to_owned(), duration), Tone::Plain);
    add("lag at the end", count(groups.iter().map(|group| group.lag).sum()), Tone::Plain);
    numbers
}

fn total(times: impl Iterator<Item = SimDuration>) -> SimDuration {
    SimDuration::from_nanos(times.fold(0u64, |sum, time| sum.saturating_add(time.as_nanos())))
}
