//! The answer as JSON for programs. Field names carry their units and keep their order.

use serde::Serialize;

use super::cases::CaseReport;
use super::division::{Change, Comparison, Division};
use super::situation::Situation;

#[derive(Serialize)]
struct Answer<'a> {
    topic: &'a str,
    queue_count: usize,
    strategies: Vec<Strategy<'a>>,
    left_out: Vec<LeftOut<'a>>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Strategy<'a> {
    strategy: &'a str,
    rocketmq_name: &'a str,
    rocketmq_class: &'a str,
    before: Shares<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Shares<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Moves<'a>>,
}

#[derive(Serialize)]
struct Shares<'a> {
    consumer_count: usize,
    consumers: Vec<Consumer<'a>>,
    max_over_mean_ratio: Option<f64>,
    jain_index: Option<f64>,
    idle_client_ids: Vec<&'a str>,
    unassigned_queues: Vec<Queue<'a>>,
    contested_queues: Vec<Queue<'a>>,
}

#[derive(Serialize)]
struct Consumer<'a> {
    client_id: &'a str,
    holder_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    queue_count: usize,
    queues: Vec<Queue<'a>>,
}

#[derive(Serialize)]
struct Queue<'a> {
    broker: &'a str,
    queue_id: u32,
}

#[derive(Serialize)]
struct Moves<'a> {
    moved_queue_count: usize,
    least_moved_queue_count_for_even_shares: Option<usize>,
    moved_queues: Vec<Move<'a>>,
}

#[derive(Serialize)]
struct Move<'a> {
    broker: &'a str,
    queue_id: u32,
    from_client_ids: Vec<&'a str>,
    to_client_ids: Vec<&'a str>,
}

#[derive(Serialize)]
struct LeftOut<'a> {
    strategy: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Judged<'a> {
    passed_count: usize,
    failed_count: usize,
    failed: Vec<Failed<'a>>,
}

#[derive(Serialize)]
struct Failed<'a> {
    id: &'a str,
    line: usize,
    mismatches: Vec<Mismatch<'a>>,
}

#[derive(Serialize)]
struct Mismatch<'a> {
    caller: Option<&'a str>,
    expected: &'a str,
    got: &'a str,
}

/// The whole answer for a situation.
pub(super) fn comparison(situation: &Situation, comparison: &Comparison) -> String {
    let strategies = comparison.strategies.iter().map(|divided| Strategy {
        strategy: divided.entry.key,
        rocketmq_name: &divided.name,
        rocketmq_class: divided.entry.class,
        before: shares(situation, &divided.before),
        after: divided.after.as_ref().map(|(after, _)| shares(situation, after)),
        change: divided.after.as_ref().map(|(after, change)| moves(situation, &divided.before, after, change)),
    });
    print(&Answer {
        topic: &situation.topic,
        queue_count: situation.queues.len(),
        strategies: strategies.collect(),
        left_out: comparison.left_out.iter().map(|(strategy, reason)| LeftOut { strategy, reason }).collect(),
        warnings: &situation.warnings,
    })
}

fn shares<'a>(situation: &'a Situation, division: &'a Division) -> Shares<'a> {
    let queues = |positions: &[u32]| positions.iter().map(|position| queue(situation, *position)).collect::<Vec<_>>();
    let consumers = division.rows.iter().map(|row| Consumer {
        client_id: &row.client,
        holder_count: row.holders,
        room: situation.client_rooms.get(&row.client).map(String::as_str),
        queue_count: row.queues.len(),
        queues: queues(&row.queues),
    });
    Shares {
        consumer_count: division.rows.iter().map(|row| row.holders).sum(),
        consumers: consumers.collect(),
        max_over_mean_ratio: division.max_over_mean(),
        jain_index: division.jain(),
        idle_client_ids: division.idle(),
        unassigned_queues: queues(&division.unassigned()),
        contested_queues: queues(&division.contested()),
    }
}

fn queue(situation: &Situation, position: u32) -> Queue<'_> {
    let (broker, queue_id) = &situation.queues[position as usize];
    Queue { broker, queue_id: *queue_id }
}

fn moves<'a>(situation: &'a Situation, before: &'a Division, after: &'a Division, change: &Change) -> Moves<'a> {
    let moved = change.moved.iter().map(|position| {
        let Queue { broker, queue_id } = queue(situation, *position);
        Move {
            broker,
            queue_id,
            from_client_ids: before.owner_ids(*position),
            to_client_ids: after.owner_ids(*position),
        }
    });
    Moves {
        moved_queue_count: change.moved.len(),
        least_moved_queue_count_for_even_shares: change.least,
        moved_queues: moved.collect(),
    }
}

/// The judgement of golden vectors.
pub(super) fn cases(report: &CaseReport) -> String {
    let failed = report.failed.iter().map(|case| Failed {
        id: &case.id,
        line: case.line,
        mismatches: case
            .mismatches
            .iter()
            .map(|mismatch| Mismatch {
                caller: mismatch.caller.as_deref(),
                expected: &mismatch.expected,
                got: &mismatch.got,
            })
            .collect(),
    });
    print(&Judged { passed_count: report.passed, failed_count: report.failed.len(), failed: failed.collect() })
}

fn print(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("the types serialise: string keys and finite numbers");
    text.push('\n');
    text
}
