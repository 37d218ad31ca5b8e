//! What a report says of the life of messages, and that it is silent where there was none.

use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::report::{Style, terminal};
use rocketmq_sim::run::outcome::*;
use rocketmq_sim::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, QueueIx};

use super::fixture::{Shape, outcome};
use super::{assert_well_formed, summary_json, svg_texts, texts};

const G: GroupIx = GroupIx(0);

fn secs(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

fn lateness(count: u64, longest_ms: u64) -> Percentiles {
    let ms = SimDuration::from_millis;
    Percentiles {
        count,
        min: ms(0),
        mean: ms(longest_ms / 2),
        p50: ms(longest_ms / 2),
        p95: ms(longest_ms * 95 / 100),
        p99: ms(longest_ms * 99 / 100),
        p999: ms(longest_ms),
        max: ms(longest_ms),
        cumulative: (1..=10).map(|tenth| (ms(longest_ms * tenth / 10), count * tenth / 10)).collect(),
    }
}

/// The scale-out with everything a message can go through on top.
fn eventful() -> Outcome {
    let mut outcome = outcome(&Shape::scale_out());
    let samples = outcome.series.times.len();
    let series = &mut outcome.series.groups[0];
    series.failures = (0..samples).map(|sample| u64::from(sample == 120) * 40).collect();
    series.retries = vec![Vec::new(); samples];
    series.retries[130] = vec![0, 38];
    series.retries[160] = vec![0, 0, 6];
    series.dead_letters = (0..samples).map(|sample| u64::from(sample == 161) * 2).collect();
    let group = &mut outcome.groups[0];
    group.attempts.extend([38, 6]);
    for (counter, n) in [
        (Counter::Failures, 46),
        (Counter::SentBack, 44),
        (Counter::Retries, 44),
        (Counter::DeadLetters, 2),
        (Counter::Lost, 900),
        (Counter::LocksDenied, 3),
    ] {
        outcome.counters.add(counter, G, n);
    }
    outcome.conservation.groups[0].lost = 900;
    outcome.conservation.groups[0].stored += 900;
    for (queue, by_client, messages) in [(3, false, 600), (4, true, 300)] {
        outcome.losses.push(Loss {
            group: G,
            queue: QueueIx(queue),
            instance: InstanceIx(1),
            by_client,
            messages,
            first: (10, secs(30)),
            last: (2_000, secs(280)),
        });
    }
    outcome.delay_lateness = lateness(100, 90);
    outcome.delay_by_level = vec![(3, lateness(60, 90)), (4, lateness(40, 80))];
    outcome.transactions =
        TransactionStates { begun: 1_000, pending: 5, committed: 900, rolled_back: 90, discarded: 5 };
    outcome.series.transactions = (0..samples as u64)
        .map(|n| TransactionStates {
            begun: 4 * n,
            pending: n % 60,
            committed: 3 * n,
            rolled_back: n / 4,
            discarded: n / 60,
        })
        .collect();
    outcome.series.transaction_checks = (0..samples as u64).map(|n| n / 60 * 20).collect();
    let lock = |instance: u32, from: u64, to: u64, end: LockEnd| LockInterval {
        group: G,
        queue: QueueIx(5),
        instance: InstanceIx(instance),
        client: ClientIx(instance),
        from: secs(from),
        to: secs(to),
        end,
    };
    outcome.locks = vec![lock(0, 1, 130, LockEnd::Expired), lock(2, 150, 300, LockEnd::Held)];
    let (broker, queue, expired) = (BrokerIx(0), QueueIx(5), true);
    let mut fact = |at: u64, fact: Fact| outcome.facts.push(FactRecord { at: secs(at), fact });
    let denied =
        Fact::LockDenied { broker, group: G, queue, instance: InstanceIx(2), client: ClientIx(2), holder: ClientIx(0) };
    fact(110, denied.clone());
    fact(129, denied);
    fact(150, Fact::LockLost { broker, group: G, queue, client: ClientIx(0), until: secs(130), expired });
    fact(150, Fact::LockTaken { broker, group: G, queue, instance: InstanceIx(2), client: ClientIx(2) });
    fact(170, Fact::OrderViolation { instance: InstanceIx(2), group: G, queue, key: 7, earlier: 40, later: 41 });
    for queue in [0, 1].map(QueueIx) {
        let (instance, client) = (InstanceIx(0), ClientIx(0));
        fact(200, Fact::OffsetReset { instance, group: G, client, queue, from: Some(500), to: 200 });
        fact(200, Fact::OffsetWentBack { instance, group: G, queue, from: 500, to: 200 });
    }
    outcome.facts.sort_by_key(|record| record.at);
    outcome
}

const CHARTS: [&str; 5] = ["retries", "locks", "losses", "transactions", "delay_lateness"];

#[test]
fn charts_of_the_life_of_messages_appear_only_where_there_was_one() {
    let calm = texts(&outcome(&Shape::scale_out()));
    let eventful = texts(&eventful());
    for chart in CHARTS {
        let path = format!("charts/{chart}.svg");
        assert!(!calm.contains_key(&path), "{chart}");
        assert_well_formed(&path, &eventful[&path]);
        assert!(eventful["index.html"].contains(&format!("<figure id=\"{chart}\">")), "{chart}");
    }
    assert!(calm.contains_key("charts/duplicates.svg"), "the scale-out has duplicates");
    let mut never = outcome(&Shape::scale_out());
    never.groups[0].duplicates.clear();
    assert!(!texts(&never).contains_key("charts/duplicates.svg"));
}

#[test]
fn charts_name_what_they_show() {
    let texts = texts(&eventful());
    let labels = |chart: &str| -> Vec<String> {
        svg_texts(&texts[&format!("charts/{chart}.svg")]).into_iter().map(|(text, ..)| text).collect()
    };
    for (chart, expected) in [
        ("retries", &["retry 1", "retry 2", "dead letters"][..]),
        ("locks", &["lock", "nobody", "order_consumer/2"]),
        (
            "losses",
            &[
                "q3",
                "q4",
                "600",
                "left out by the broker for order_consumer/1: 600",
                "dropped by order_consumer/1: 300",
            ],
        ),
        ("transactions", &["pending", "committed", "rolled back", "discarded"]),
        ("delay_lateness", &["level 3 (10 s): 60 messages", "level 4 (30 s): 40 messages", "100 %"]),
        ("duplicates", &["two members owned the queue: 640", "1,280"]),
    ] {
        let found = labels(chart);
        for label in expected {
            assert!(found.iter().any(|text| text == label), "{chart} lacks `{label}`: {found:?}");
        }
    }
    let locks = &texts["charts/locks.svg"];
    assert!(locks.contains("no lock for 20 s, from 130.000 s"), "the gap after the expiry is seen");
}

#[test]
fn the_story_tells_failures_locks_resets_and_losses_in_a_few_entries() {
    let text = terminal(&eventful(), Style::Plain);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "900 lost messages",
        "order_consumer lost 900 messages of order_topic: the broker left 600 out of the pulls of order_consumer/1, by the \
         subscription that another member had set last; order_consumer/1 dropped 300 by its own subscription.",
        "120.000 s ! the listener of order_consumer fails on 40 messages",
        "130.000 s · order_consumer gets 38 messages again: 38 as retry 1",
        "160.000 s · order_consumer gets 6 messages again: 6 as retry 2",
        "161.000 s ! 2 messages of order_consumer are given up and become dead letters",
        "order_consumer/2 gets the lock of q5: 40 s after the first of 2 requests was denied; order_consumer/0 did not renew \
         it any more and it expired at 130.000 s, and it lay free for 20 s",
        "order is broken: order_consumer gets 1 message out of the order of their key",
        "order_consumer/2 is given offset 41 of q5 before 40 is done; both have key-7",
        "order_consumer/0 sets the offsets of 2 queues: 600 messages are to be consumed again",
        "brokers ask about 20 undecided transactions",
        "44 deliveries after a failure",
    ] {
        assert!(flat.contains(part), "missing: {part}\n{text}");
    }
    assert!(!flat.contains("goes back from 500 to 200"), "a reset is no accident");
    let calm = terminal(&outcome(&Shape::scale_out()), Style::Plain);
    for part in ["lost messages", "retry", "dead letter", "Queue locks", "Transactions"] {
        assert!(!calm.contains(part), "`{part}` where nothing of it happened");
    }
}

#[test]
fn the_summary_has_keys_for_the_life_of_messages_only_where_there_was_one() {
    let summary = summary_json(&eventful());
    let group = &summary["groups"][0];
    assert_eq!(group["deliveries_by_attempt"][1], 38);
    assert_eq!(group["counters"]["deadLetters"], 2);
    assert_eq!(group["locks"]["expired"], 1);
    assert_eq!(summary["losses"][0]["filtered_by"], "broker");
    assert_eq!(summary["losses"][1]["messages"], 300);
    assert_eq!(summary["transactions"]["discarded"], 5);
    assert_eq!(summary["delays"]["levels"][0]["delay_ms"], 10_000.0);
    assert_eq!(summary["delays"]["lateness_count"], 100);
    assert_eq!(summary["conservation"]["groups"][0]["lost_messages"], 900);
    let calm = summary_json(&outcome(&Shape::scale_out()));
    for key in ["counters", "losses", "transactions", "delays"] {
        assert!(calm.get(key).is_none(), "{key}");
    }
    assert!(calm["groups"][0].get("deliveries_by_attempt").is_none());
}

#[test]
fn the_series_has_columns_for_failures_and_transactions_only_where_there_were_any() {
    let heads = |outcome: &Outcome| texts(outcome)["series.csv"].lines().next().unwrap().to_owned();
    let (eventful, calm) = (eventful(), outcome(&Shape::scale_out()));
    for column in
        ["failures:order_consumer", "retries:order_consumer", "dead_letters:order_consumer", "transactions_pending"]
    {
        assert!(heads(&eventful).split(',').any(|head| head == column), "{column}");
        assert!(!heads(&calm).contains(column), "{column}");
    }
    let texts = texts(&eventful);
    let mut reader = csv::Reader::from_reader(texts["series.csv"].as_bytes());
    let column = reader.headers().unwrap().iter().position(|head| head == "retries:order_consumer").unwrap();
    let sum: u64 = reader.records().map(|row| row.unwrap()[column].parse::<u64>().unwrap()).sum();
    assert_eq!(sum, 44);
}

#[test]
fn many_bursts_of_one_sort_become_one_entry() {
    let mut outcome = outcome(&Shape::scale_out());
    let samples = outcome.series.times.len();
    outcome.series.groups[0].dead_letters = (0..samples).map(|sample| u64::from(sample % 20 == 7)).collect();
    let text = terminal(&outcome, Style::Plain);
    assert_eq!(text.matches("dead letter").count(), 1, "{text}");
    assert!(
        text.contains("15 messages of order_consumer are given up and become dead letters, 15 times up to"),
        "{text}"
    );
}
