//! `series.csv`: the time series, one row per sample, wide.
//!
//! The first column is `t_s`, the sample's time in seconds. Every other column is named `<quantity>_<unit>:<whose>`;
//! rates and utilisation are of the window that ends at the sample, all else is the state at the sample. An empty field
//! means that there was nothing to measure: no message finished, the consumer did not run.
//!
//! | column | meaning |
//! |---|---|
//! | `stored_per_s:<topic>` | messages appended a second |
//! | `consumed_per_s:<group>` | listener calls returned a second |
//! | `lag_messages:<group>` | messages not yet consumed |
//! | `lag_time_ms:<group>` | age of the oldest of them |
//! | `consumed_total:<group>`, `duplicates_total:<group>` | so far |
//! | `latency_p50_ms:<group>`, `_p95_`, `_p99_`, `_max_` | send to consumed, of messages that finished in the window |
//! | `failures:<group>`, `retries:<group>`, `dead_letters:<group>` | messages in failed listener calls, given to a listener again, given up, in the window; only if there were any |
//! | `transactions_pending`, `_committed`, `_rolled_back`, `_discarded` | transactions in each state; only if there were any |
//! | `transaction_checks_total` | checks sent to producers so far |
//! | `sends_ok_per_s:<topic>`, `sends_failed_per_s:<topic>` | `send()` calls that returned or threw; only if servers can fail |
//! | `replication_lag_bytes:<process>`, `raft_term:<process>`, `disk_percent:<process>` | replicas, Raft groups, disks; only where there are some |
//! | `stale_views_clients` | clients whose view of route, members or queues differs from the truth |
//! | `utilisation_percent:<consumer>` | busy threads over all threads |
//! | `owned_queues:<consumer>` | queues it owns |
//! | `queue_lag_messages:<group>/<topic>/<broker>/<queueId>` | messages not yet consumed |

use super::names::Names;
use crate::kernel::time::SimDuration;
use crate::run::outcome::{Outcome, TransactionStates};
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, TopicIx};

/// A column: its heading and its field at a sample.
type Column<'a> = (String, Box<dyn Fn(usize) -> String + 'a>);

/// The file.
#[must_use]
pub fn csv(outcome: &Outcome) -> Vec<u8> {
    let columns = columns(outcome);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut record = csv::ByteRecord::new();
    record.push_field(b"t_s");
    for (name, _) in &columns {
        record.push_field(name.as_bytes());
    }
    // Writing to a vector cannot fail, and every record has the same number of fields.
    writer.write_byte_record(&record).expect("memory takes every record");
    for (index, at) in outcome.series.times.iter().enumerate() {
        record.clear();
        record.push_field(fixed(at.as_nanos(), 1_000_000_000).as_bytes());
        for (_, field) in &columns {
            record.push_field(field(index).as_bytes());
        }
        writer.write_byte_record(&record).expect("memory takes every record");
    }
    writer.into_inner().expect("memory takes every record")
}

fn columns(outcome: &Outcome) -> Vec<Column<'_>> {
    let names = Names::new(&outcome.plan);
    let series = &outcome.series;
    let mut columns: Vec<Column<'_>> = Vec::new();
    for (topic, values) in &series.stored_per_s {
        columns.push((format!("stored_per_s:{}", names.topic(*topic)), Box::new(|i| float(values.get(i).copied()))));
    }
    for (index, group) in series.groups.iter().enumerate() {
        let whose = names.group(GroupIx::new(index));
        let mut add = |what: &str, field| columns.push((format!("{what}:{whose}"), field));
        add("consumed_per_s", Box::new(|i| float(group.consumed_per_s.get(i).copied())));
        add("lag_messages", Box::new(|i| whole(group.lag.get(i))));
        add("lag_time_ms", Box::new(|i| group.lag_time.get(i).map_or_else(String::new, |time| millis(*time))));
        add("consumed_total", Box::new(|i| whole(group.consumed.get(i))));
        add("duplicates_total", Box::new(|i| whole(group.duplicates.get(i))));
        for (place, what) in ["p50", "p95", "p99", "max"].into_iter().enumerate() {
            add(
                &format!("latency_{what}_ms"),
                Box::new(move |i| {
                    group.latency.get(i).and_then(Option::as_ref).map_or_else(String::new, |all| millis(all[place]))
                }),
            );
        }
    }
    life(outcome, &names, &mut columns);
    failures(outcome, &names, &mut columns);
    columns.push(("stale_views_clients".to_owned(), Box::new(|i| whole(series.stale_views.get(i)))));
    for (index, values) in series.utilisation.iter().enumerate() {
        let name = names.instance(InstanceIx::new(index));
        let field = |i: usize| float(values.get(i).copied().flatten().map(|share| share * 100.0));
        columns.push((format!("utilisation_percent:{name}"), Box::new(field)));
    }
    for (index, values) in series.owned.iter().enumerate() {
        let name = names.instance(InstanceIx::new(index));
        columns.push((format!("owned_queues:{name}"), Box::new(|i| whole(values.get(i)))));
    }
    for (own, values) in outcome.ownership.iter().zip(&series.queue_lag) {
        let name = format!("queue_lag_messages:{}/{}", names.group(own.group), names.queue_path(own.queue));
        columns.push((name, Box::new(|i| whole(values.get(i)))));
    }
    columns
}

/// The columns of failures and transactions, where there were any.
fn life<'a>(outcome: &'a Outcome, names: &Names<'_>, columns: &mut Vec<Column<'a>>) {
    let series = &outcome.series;
    for (index, group) in series.groups.iter().enumerate() {
        let whose = names.group(GroupIx::new(index));
        let mut add = |what: &str, any: bool, field: Box<dyn Fn(usize) -> String + 'a>| {
            if any {
                columns.push((format!("{what}:{whose}"), field));
            }
        };
        add("failures", group.failures.iter().any(|n| *n > 0), Box::new(|i| whole(group.failures.get(i))));
        let retries = |window: &Vec<u64>| window.iter().sum::<u64>();
        let retried = group.retries.iter().any(|window| retries(window) > 0);
        add("retries", retried, Box::new(move |i| whole(group.retries.get(i).map(retries).as_ref())));
        add("dead_letters", group.dead_letters.iter().any(|n| *n > 0), Box::new(|i| whole(group.dead_letters.get(i))));
    }
    if series.transactions.iter().all(|states| states.begun == 0) {
        return;
    }
    type Pick = fn(&TransactionStates) -> u64;
    let states: [(&str, Pick); 4] = [
        ("pending", |states| states.pending),
        ("committed", |states| states.committed),
        ("rolled_back", |states| states.rolled_back),
        ("discarded", |states| states.discarded),
    ];
    for (name, pick) in states {
        let field = move |i: usize| whole(series.transactions.get(i).map(pick).as_ref());
        columns.push((format!("transactions_{name}"), Box::new(field)));
    }
    columns.push(("transaction_checks_total".to_owned(), Box::new(|i| whole(series.transaction_checks.get(i)))));
}

/// The columns of sends, replicas and disks, where they can fail.
fn failures<'a>(outcome: &'a Outcome, names: &Names<'_>, columns: &mut Vec<Column<'a>>) {
    let series = &outcome.series.failures;
    for (what, rates) in [("sends_ok_per_s", &series.sends_ok), ("sends_failed_per_s", &series.sends_failed)] {
        for (index, values) in rates.iter().enumerate().filter(|(_, values)| values.iter().any(|rate| *rate > 0.0)) {
            let topic = names.topic(TopicIx::new(index));
            columns.push((format!("{what}:{topic}"), Box::new(|i| float(values.get(i).copied()))));
        }
    }
    for (what, states) in [("replication_lag_bytes", &series.replication_lag), ("raft_term", &series.terms)] {
        for (index, values) in states.iter().enumerate().filter(|(_, values)| values.iter().any(|n| *n > 0)) {
            let process = names.process(BrokerIx::new(index));
            columns.push((format!("{what}:{process}"), Box::new(|i| whole(values.get(i)))));
        }
    }
    for (index, values) in series.disk.iter().enumerate().filter(|(_, values)| !values.is_empty()) {
        let process = names.process(BrokerIx::new(index));
        columns.push((format!("disk_percent:{process}"), Box::new(|i| whole(values.get(i)))));
    }
}

fn whole<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(String::new, ToString::to_string)
}

/// Three decimals at most; an empty field for what is no number.
fn float(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_finite() => trimmed(&format!("{value:.3}")),
        _ => String::new(),
    }
}

fn millis(time: SimDuration) -> String {
    fixed(time.as_nanos(), 1_000_000)
}

/// `nanos` in units, exact, without trailing zeros.
fn fixed(nanos: u64, unit: u64) -> String {
    let digits = if unit == 1_000_000 { 6 } else { 9 };
    trimmed(&format!("{}.{:0digits$}", nanos / unit, nanos % unit))
}

fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_and_short() {
        assert_eq!(fixed(1_500_000_000, 1_000_000_000), "1.5");
        assert_eq!(fixed(2_000_000_000, 1_000_000_000), "2");
        assert_eq!(fixed(1, 1_000_000), "0.000001");
        assert_eq!(float(Some(f64::INFINITY)), "");
        assert_eq!(float(Some(100.0)), "100");
    }
}
