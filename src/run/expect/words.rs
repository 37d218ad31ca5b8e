//! Expected and got, in words.

use crate::kernel::time::SimDuration;
use crate::node::counters::Counter;
use crate::scenario::plan::Plan;
use crate::store::ids::QueueIx;

/// Runs of queues beyond which a list is cut.
const LIST_LIMIT: usize = 24;

/// Whether a promise held, and both sides in words.
pub(super) struct Verdict {
    pub(super) passed: bool,
    pub(super) expected: String,
    pub(super) got: String,
}

impl Verdict {
    pub(super) fn new(passed: bool, expected: String, got: String) -> Self {
        Self { passed, expected, got }
    }
}

/// A number with its noun: `1 queue`, `2 messages consumed`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    match noun.split_once(' ') {
        Some((noun, rest)) if FOLLOWS_A_NOUN.iter().any(|word| rest.starts_with(word)) => {
            format!("{number} {} {rest}", plural(noun))
        }
        _ => format!("{number} {}", plural(noun)),
    }
}

/// What says more of a noun before it.
const FOLLOWS_A_NOUN: [&str; 12] =
    ["consumed", "sent", "filtered", "moved", "put", "cut", "passed", "stored", "refused", "with ", "that ", "of "];

fn plural(noun: &str) -> String {
    noun.strip_suffix('y').map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"))
}

/// Bounds of a number: `at most 5 duplicates`.
pub(super) fn bounds_u64(bounds: (Option<u64>, Option<u64>), noun: &str) -> String {
    match bounds {
        (Some(least), Some(most)) if least == most => format!("exactly {}", count(least, noun)),
        (Some(least), Some(most)) => format!("{least} to {}", count(most, noun)),
        (Some(least), None) => format!("at least {}", count(least, noun)),
        (None, Some(most)) => format!("at most {}", count(most, noun)),
        (None, None) => format!("any number of {}", count(0, noun).trim_start_matches("0 ")),
    }
}

/// Bounds of a duration: `at most 2 s`.
pub(super) fn bounds_duration(bounds: (Option<SimDuration>, Option<SimDuration>)) -> String {
    match bounds {
        (Some(least), Some(most)) => format!("{} to {}", duration(least), duration(most)),
        (Some(least), None) => format!("at least {}", duration(least)),
        (None, Some(most)) => format!("at most {}", duration(most)),
        (None, None) => "any time".to_owned(),
    }
}

/// A duration to about three digits: `850 ns`, `1.2 ms`, `12.3 s`, `1m 30s`, `2h 05m 00s`.
pub(super) fn duration(duration: SimDuration) -> String {
    let nanos = duration.as_nanos();
    for (unit, size, limit) in
        [("ns", 1, 1_000), ("µs", 1_000, 1_000), ("ms", 1_000_000, 1_000), ("s", 1_000_000_000, 60)]
    {
        if nanos < size * limit && nanos > 0 {
            let scale = match nanos / size {
                100.. => 1,
                10.. => 10,
                _ => 100,
            };
            let scaled = (nanos * scale + size / 2) / size;
            let text = format!("{:.2}", scaled as f64 / scale as f64);
            return format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'));
        }
    }
    if nanos == 0 {
        return "0 s".to_owned();
    }
    let tenths = (nanos + 50_000_000) / 100_000_000;
    let (hours, minutes, tenths) = (tenths / 36_000, tenths / 600 % 60, tenths % 600);
    let seconds = match tenths % 10 {
        0 => format!("{:02}s", tenths / 10),
        tenth => format!("{:02}.{tenth}s", tenths / 10),
    };
    if hours > 0 { format!("{hours}h {minutes:02}m {seconds}") } else { format!("{minutes}m {seconds}") }
}

/// A duration that is compared to limits: exact where it would else read like one that it is not.
pub(super) fn duration_near(value: SimDuration, limits: &[SimDuration]) -> String {
    let rounded = duration(value);
    let misread = limits.iter().any(|limit| *limit != value && duration(*limit) == rounded);
    if misread { value.to_string() } else { rounded }
}

/// `p99`, `p99.9`.
pub(super) fn percentile(hundredths: u32) -> String {
    let text = format!("p{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Queues in order, neighbours as runs: `q0–q5, q9`; with topic and broker where the plan has several.
pub(super) fn queues(plan: &Plan, queues: &[QueueIx]) -> String {
    let mut sorted = queues.to_vec();
    sorted.sort_unstable();
    let mut runs: Vec<(String, u32, u32)> = Vec::new();
    for queue in sorted {
        let key = &plan.queues[queue.at()];
        let mut place = String::new();
        if plan.topics.len() > 1 {
            place = format!("{} ", plan.topics[key.topic.at()].name);
        }
        if plan.brokers.len() > 1 {
            place = format!("{place}{} ", plan.brokers[key.broker.at()].name);
        }
        match runs.last_mut() {
            Some((last, _, to)) if *last == place && *to + 1 == key.queue_id => *to = key.queue_id,
            _ => runs.push((place, key.queue_id, key.queue_id)),
        }
    }
    let mut text = String::new();
    let mut before = None;
    for (place, from, to) in runs.iter().take(LIST_LIMIT) {
        if before.is_some() {
            text.push_str(", ");
        }
        if before != Some(place) {
            text.push_str(place);
        }
        before = Some(place);
        let run = if from == to { format!("q{from}") } else { format!("q{from}–q{to}") };
        text.push_str(&run);
    }
    if runs.len() > LIST_LIMIT {
        text.push_str(", …");
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

/// What a counter counts, in the singular.
pub(super) const fn counter(counter: Counter) -> &'static str {
    match counter {
        Counter::Failures => "failed message",
        Counter::SentBack => "message sent back",
        Counter::LocalRetries => "local retry",
        Counter::Retries => "retry",
        Counter::DeadLetters => "dead letter",
        Counter::Dropped => "dropped message",
        Counter::ConsumeTimeouts => "consume timeout",
        Counter::Lost => "lost message",
        Counter::Filtered => "filtered message",
        Counter::ClientFiltered => "message filtered by a client",
        Counter::OrderViolations => "order violation",
        Counter::LocksDenied => "denied lock",
        Counter::Suspensions => "suspension",
        Counter::Skipped => "skipped message",
        Counter::OffsetsBack => "offset moved back",
        Counter::FlowControlled => "pull put off",
        Counter::CachedMax => "cached message",
        Counter::CachedBytesMax => "cached byte",
        Counter::HalfMessages => "half message",
        Counter::Committed => "committed transaction",
        Counter::RolledBack => "rolled back transaction",
        Counter::TransactionChecks => "transaction check",
        Counter::Discarded => "discarded half message",
        Counter::LostEnds => "lost decision",
        Counter::DelayedDelivered => "delayed message",
        Counter::SendsOk => "send with SEND_OK",
        Counter::SendsNotOk => "send with another status than SEND_OK",
        Counter::SendsFailed => "failed send",
        Counter::FailedButStored => "send that failed and is stored",
        Counter::StoredTwice => "message stored again",
        Counter::SendRetries => "send retry",
        Counter::Truncated => "message cut off",
        Counter::AcknowledgedLost => "lost acknowledged message",
        Counter::StaleDeliveries => "delivery of a lost message",
        Counter::PassedOver => "message passed over",
        Counter::SendsBusy => "send refused by a busy broker",
        Counter::Elections => "election",
        Counter::ScaleActions => "action of an autoscaler",
    }
}
