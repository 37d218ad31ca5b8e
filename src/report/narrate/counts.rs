//! Entries about what happens to too many messages for each to be told: failures, retries, dead letters, losses, transactions.
//! They are read off the series, so they begin with the window of their first sample.

use super::{Detail, Kind, Story};
use crate::kernel::time::{SimDuration, SimTime};
use crate::report::human::{count, counted, moment};
use crate::report::names::Names;
use crate::run::outcome::{GroupSeries, Loss, Outcome};
use crate::store::ids::GroupIx;

/// Without a count for this long, the next one is another entry.
const GAP: SimDuration = SimDuration::from_secs(10);
/// More entries of one sort than this become one.
const ENTRIES_MAX: usize = 6;
/// Attempts told of a wave of retries.
const ATTEMPTS_TOLD: usize = 6;

/// Samples with counts that follow closely on one another.
struct Stretch {
    /// The beginning of the first window.
    from: SimTime,
    /// The end of the last one.
    until: SimTime,
    /// Samples of the windows, first and last.
    samples: (usize, usize),
    /// Sum.
    total: u64,
    /// The greatest count of a window, and the window's end.
    peak: (u64, SimTime),
    /// How many stretches it stands for.
    parts: u64,
}

impl Stretch {
    /// ` up to 90.000 s`, or nothing for a single window.
    fn span(&self) -> String {
        let times = if self.parts > 1 { format!(", {} times", count(self.parts)) } else { String::new() };
        if self.samples.0 == self.samples.1 { times } else { format!("{times} up to {}", moment(self.until)) }
    }

    /// When the most came, if that was far more than before and after.
    fn crest(&self) -> String {
        let windows = (self.samples.1 - self.samples.0 + 1) as u64;
        let steep =
            windows > 5 && self.peak.0 > 10 && self.peak.0.saturating_mul(windows) > self.total.saturating_mul(3);
        if steep {
            format!("; the most at once, {}, just before {}", count(self.peak.0), moment(self.peak.1))
        } else {
            String::new()
        }
    }

    fn story(&self, kind: Kind, headline: String) -> Story {
        Story { at: self.from, until: self.until, kind, headline, details: Vec::new() }
    }
}

/// The stretches of a count per window.
fn stretches(outcome: &Outcome, values: impl Fn(usize) -> u64) -> Vec<Stretch> {
    let times = &outcome.series.times;
    let mut found: Vec<Stretch> = Vec::new();
    for (sample, at) in times.iter().enumerate() {
        let n = values(sample);
        if n == 0 {
            continue;
        }
        let from = if sample == 0 { SimTime::ZERO } else { times[sample - 1] };
        match found.last_mut() {
            Some(last) if from.since(last.until) <= GAP || sample <= last.samples.1 + 2 => {
                last.until = *at;
                last.samples.1 = sample;
                last.total += n;
                if n > last.peak.0 {
                    last.peak = (n, *at);
                }
            }
            _ => {
                found.push(Stretch { from, until: *at, samples: (sample, sample), total: n, peak: (n, *at), parts: 1 })
            }
        }
    }
    if found.len() > ENTRIES_MAX {
        let (first, last) = (&found[0], &found[found.len() - 1]);
        let (total, parts) = (found.iter().map(|part| part.total).sum(), found.len() as u64);
        let samples = (first.samples.0, last.samples.1);
        let peak =
            found.iter().map(|part| part.peak).max_by_key(|(n, at)| (*n, std::cmp::Reverse(*at))).unwrap_or_default();
        found = vec![Stretch { from: first.from, until: last.until, samples, total, peak, parts }];
    }
    found
}

/// The entries.
pub(super) fn stories(outcome: &Outcome, names: &Names<'_>) -> Vec<Story> {
    let mut stories = Vec::new();
    for (index, series) in outcome.series.groups.iter().enumerate() {
        let group = names.group(GroupIx::new(index));
        failures(outcome, &group, series, &mut stories);
        retries(outcome, &group, series, &mut stories);
        let dead_letters = stretches(outcome, |sample| series.dead_letters.get(sample).copied().unwrap_or(0));
        stories.extend(dead_letters.iter().map(|stretch| {
            let headline = if stretch.total == 1 {
                format!("a message of {group} is given up and becomes a dead letter")
            } else {
                let messages = count(stretch.total);
                format!("{messages} messages of {group} are given up and become dead letters{}", stretch.span())
            };
            stretch.story(Kind::Trouble, headline)
        }));
        stories.extend(losses(outcome, names, GroupIx::new(index)));
    }
    transactions(outcome, &mut stories);
    stories
}

fn failures(outcome: &Outcome, group: &str, series: &GroupSeries, stories: &mut Vec<Story>) {
    let failed = |sample: usize| series.failures.get(sample).copied().unwrap_or(0);
    for stretch in stretches(outcome, failed) {
        let messages = counted(stretch.total, "message", "messages");
        let headline = format!("the listener of {group} fails on {messages}{}{}", stretch.span(), stretch.crest());
        stories.push(stretch.story(Kind::Trouble, headline));
    }
}

fn retries(outcome: &Outcome, group: &str, series: &GroupSeries, stories: &mut Vec<Story>) {
    let window = |sample: usize| series.retries.get(sample).map_or(&[][..], Vec::as_slice);
    for stretch in stretches(outcome, |sample| window(sample).iter().sum()) {
        let mut attempts: Vec<u64> = Vec::new();
        for sample in stretch.samples.0..=stretch.samples.1 {
            let found = window(sample);
            attempts.resize(attempts.len().max(found.len()), 0);
            attempts.iter_mut().zip(found).for_each(|(sum, n)| *sum += n);
        }
        let told: Vec<(usize, u64)> = attempts.into_iter().enumerate().filter(|(_, n)| *n > 0).collect();
        let mut parts: Vec<String> =
            told.iter().take(ATTEMPTS_TOLD).map(|(attempt, n)| format!("{} as retry {attempt}", count(*n))).collect();
        let more: u64 = told.iter().skip(ATTEMPTS_TOLD).map(|(_, n)| n).sum();
        if more > 0 {
            parts.push(format!("{} as later ones", count(more)));
        }
        let messages = counted(stretch.total, "message", "messages");
        let headline =
            format!("{group} gets {messages} again{}: {}{}", stretch.span(), parts.join(", "), stretch.crest());
        stories.push(stretch.story(Kind::Message, headline));
    }
}

fn losses(outcome: &Outcome, names: &Names<'_>, group: GroupIx) -> Option<Story> {
    let losses: Vec<&Loss> = outcome.losses.iter().filter(|loss| loss.group == group && loss.messages > 0).collect();
    let at = losses.iter().map(|loss| loss.first.1).min()?;
    let until = losses.iter().map(|loss| loss.last.1).max()?;
    let total = losses.iter().map(|loss| loss.messages).sum();
    let mut causes: Vec<(_, SimTime, u64)> = Vec::new();
    for loss in &losses {
        let cause = (loss.by_client, loss.instance);
        match causes.iter_mut().find(|(other, ..)| *other == cause) {
            Some((_, first, n)) => (*first, *n) = ((*first).min(loss.first.1), *n + loss.messages),
            None => causes.push((cause, loss.first.1, loss.messages)),
        }
    }
    causes.sort_by_key(|(cause, first, _)| (*first, *cause));
    let left = causes.len().saturating_sub(ENTRIES_MAX);
    let mut details: Vec<Detail> = causes
        .iter()
        .take(ENTRIES_MAX)
        .map(|((by_client, who), first, n)| {
            let (who, n) = (names.instance(*who), count(*n));
            let text = if *by_client {
                format!("{who} drops {n}, which its own subscription does not want")
            } else {
                format!("the broker leaves {n} out of the pulls of {who}, by another member's subscription")
            };
            Detail { after: first.since(at), text }
        })
        .collect();
    if left > 0 {
        let text = format!("… and {} more members", count(left as u64));
        details.push(Detail { after: until.since(at), text });
    }
    let messages = counted(total, "message", "messages");
    let headline =
        format!("{} loses {messages} up to {}: wanted by a member, given to nobody", names.group(group), moment(until));
    Some(Story { at, until, kind: Kind::Trouble, headline, details })
}

fn transactions(outcome: &Outcome, stories: &mut Vec<Story>) {
    let series = &outcome.series;
    let step = |total: &dyn Fn(usize) -> u64, sample: usize| {
        let before = if sample == 0 { 0 } else { total(sample - 1) };
        total(sample).saturating_sub(before)
    };
    let checks = |sample: usize| series.transaction_checks.get(sample).copied().unwrap_or(0);
    for stretch in stretches(outcome, |sample| step(&checks, sample)) {
        let times = counted(stretch.total, "time", "times");
        let headline = if stretch.parts > 1 {
            let rounds = count(stretch.parts);
            format!(
                "in {rounds} rounds up to {} brokers ask {times} about undecided transactions",
                moment(stretch.until)
            )
        } else {
            format!("brokers ask about {}", counted(stretch.total, "undecided transaction", "undecided transactions"))
        };
        stories.push(stretch.story(Kind::Message, headline));
    }
    let discarded = |sample: usize| series.transactions.get(sample).map_or(0, |states| states.discarded);
    for stretch in stretches(outcome, |sample| step(&discarded, sample)) {
        let transactions = counted(stretch.total, "transaction is", "transactions are");
        let headline = format!("{transactions} given up after too many checks{}: nobody will see them", stretch.span());
        stories.push(stretch.story(Kind::Trouble, headline));
    }
}
