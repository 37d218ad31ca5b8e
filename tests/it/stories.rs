//! `run --export-store` and `explain`: a run as files and as words.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const SCENARIO: &str = "\
title: A bit of everything
duration: 4m
cluster: {enablePropertyFilter: true}
topics:
  orders: {queues: 2}
  payments: {queues: 1}
producers:
  shop: {topic: orders, rate: 4/s, limit: 200, keys: {count: 9}, tags: [a, b], properties: {price: {from: 1, to: 9}}, delayLevel: {0: 9, 1: 1}}
  bank: {topic: payments, rate: 1/s, limit: 40, transaction: {outcome: {commit: 8, rollback: 1, unknown: 1}}}
groups:
  billing: {topics: {orders: {sql: price > 3}, payments: {tags: '*'}}, maxReconsumeTimes: 1, listener: [{ofMessages: 0.2, fail: true}]}
";

fn sim(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rocketmq-sim"));
    let output = command.current_dir(folder).args(args).env_remove("CLICOLOR_FORCE").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).unwrap();
    folder
}

const SIZES: [&str; 6] = ["--export-log-size", "64KiB", "--export-queue-size", "400B", "--export-index-slots", "50"];

fn export(folder: &Path, to: &str, more: &[&str]) -> Vec<Value> {
    let args = [&["run", "s.yaml", "--no-report", "--quiet", "--export-store", to], &SIZES[..], more].concat();
    assert_eq!(sim(folder, &args), (0, String::new(), String::new()));
    let (code, out, err) = sim(folder, &["store", "decode", &format!("{to}/broker-a")]);
    assert_eq!((code, err.as_str()), (0, ""));
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_kind<'a>(lines: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    lines.iter().filter(move |line| line["kind"] == kind)
}

#[test]
fn an_exported_store_decodes_to_what_the_run_stored() {
    let folder = folder();
    let (_, summary, _) = sim(folder.path(), &["run", "s.yaml", "--no-report", "--format", "json"]);
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let lines = export(folder.path(), "store", &[]);
    let of_topic = |topic: &str| of_kind(&lines, "record").filter(|line| line["topic"] == topic).count();
    let bounds = |topic: &str| {
        let ends = of_kind(&lines, "queue_bounds").filter(|line| line["topic"] == topic);
        ends.map(|line| line["max_offset"].as_u64().unwrap()).sum::<u64>()
    };
    for topic in ["orders", "payments", "%RETRY%billing", "%DLQ%billing", "SCHEDULE_TOPIC_XXXX"] {
        assert!(of_topic(topic) > 0, "{topic}");
        assert_eq!(of_topic(topic) as u64, bounds(topic), "what a broker that opens the store finds of {topic}");
    }
    assert_eq!(of_topic("orders"), 200);
    assert_eq!(Some(of_topic("%DLQ%billing") as u64), summary["counters"]["deadLetters"].as_u64());
    let committed: u64 = of_kind(&lines, "consumer_offset")
        .filter(|line| line["group"] == "billing" && line["topic"] == "orders")
        .map(|line| line["offset"].as_u64().unwrap())
        .sum();
    assert_eq!(committed, 200, "all of the topic is behind the group");
    let commits = of_kind(&lines, "record").filter(|line| line["topic"] == "payments");
    for commit in commits {
        let half = commit["prepared_transaction_offset"].as_u64().unwrap();
        let half = of_kind(&lines, "record").find(|line| line["physical_offset"] == half).unwrap();
        assert_eq!((&half["topic"], &half["body_crc"]), (&"RMQ_SYS_TRANS_HALF_TOPIC".into(), &commit["body_crc"]));
    }
}

#[test]
fn a_store_exported_in_the_middle_is_that_of_a_running_broker() {
    let folder = folder();
    let lines = export(folder.path(), "store", &["--export-at", "30s"]);
    let at = 1_767_225_600_000 + 30_000;
    assert!(of_kind(&lines, "abort").next().is_some(), "it has not shut down");
    let times = of_kind(&lines, "record").map(|line| line["store_timestamp"].as_i64().unwrap());
    let stored: Vec<i64> = times.collect();
    assert!(stored.len() > 100 && stored.iter().all(|time| *time <= at));
    let (code, _, err) = sim(folder.path(), &["run", "s.yaml", "--no-report", "--export-store", "store"]);
    assert_eq!(code, 2);
    assert!(err.contains("there is a store already"), "{err}");
}

#[test]
fn a_dead_letter_is_explained_from_its_first_record_to_its_last() {
    let folder = folder();
    let (code, out, _) =
        sim(folder.path(), &["explain", "s.yaml", "--message", "%DLQ%billing/broker-a/0/0", "--format", "json"]);
    assert_eq!(code, 0);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.is_sorted_by_key(|line| line["at_ns"].as_u64().unwrap()));
    let place = |words: &str| {
        let found = lines.iter().position(|line| line["text"].as_str().unwrap().contains(words));
        found.unwrap_or_else(|| panic!("{words}: {out}"))
    };
    let told = ["stored in ", "pulled by billing/0", "the first time", "attempt 1 waits", "dead letter after"];
    assert!(told.map(place).is_sorted(), "{out}");
    for (args, words) in [
        (["--message", "orders/broker-a/0/9999"], "no message orders/broker-a/0/9999 was stored"),
        (["--message", "orders/broker-a"], "names no message"),
        (["--queue", "orders/broker-b/0"], "did you mean `broker-a`?"),
        (["--queue", "orders/broker-a/7"], "there is no queue 7"),
    ] {
        let (code, _, err) = sim(folder.path(), &["explain", "s.yaml", args[0], args[1]]);
        assert_eq!(code, 2);
        assert!(err.contains(words), "{err}");
    }
}
