//! The store, tag subscriptions and pull answers against facts recorded from RocketMQ's own classes.
#![allow(clippy::unwrap_used, reason = "a malformed vector should fail the test")]

pub(crate) mod disk;
mod fixture;
mod logic;
mod queue_bytes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rocketmq_sim::filter::tag::{TagFilter, tags_code};
use rocketmq_sim::kernel::java;
use rocketmq_sim::store::group_topic;
use rocketmq_sim::store::ids::GroupIx;
use rocketmq_sim::store::offset_table::{ConsumerOffsetManager, QueryOffset};
use rocketmq_sim::store::pull_code::{
    PullAdmission, PullCode, PullSubscription, pull_sys_flag, suggest_which_broker_id,
};
use rocketmq_sim::store::topic_table::TopicConfig;
use serde_json::{Value, json};

use self::fixture::{Broker, LOG_MIN, millis, role};

const KINDS: [&str; 23] = [
    "get_message",
    "pull_response",
    "offset_by_time",
    "query_consumer_offset",
    "queue_state",
    "tag_hash",
    "hash_map_order",
    "group_topics",
    "delay_levels",
    "deliver_timestamp",
    "delay_queue",
    "send_back",
    "message_id",
    "unique_key_parse",
    "unique_key_sample",
    "body_crc",
    "file_name",
    "index_key_hash",
    "properties_encode",
    "properties_decode",
    "batch_encode",
    "recovery",
    "consumequeue_bytes",
];

/// The folder of the vectors: the repository's own, or the one that `ORACLE_DIR` names.
#[allow(clippy::disallowed_methods, reason = "chooses the vectors of a test, not a result")]
pub(crate) fn oracle_dir() -> PathBuf {
    match std::env::var("ORACLE_DIR") {
        Ok(dir) => PathBuf::from(dir),
        Err(_) => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle"),
    }
}

fn lines(file: &str) -> Option<Vec<Value>> {
    let path = oracle_dir().join(file);
    if !path.exists() {
        println!("skipped: {} is absent", path.display());
        return None;
    }
    let text = std::fs::read_to_string(&path).unwrap();
    Some(text.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn get_message(broker: &mut Broker, case: &Value) -> Option<Value> {
    let filter = &case["filter"];
    let kind = filter["type"].as_str().unwrap_or("TAG");
    let (result, out) = broker.read(case, kind, filter["expr"].as_str())?;
    Some(json!({
        "status": result.status.name(),
        "next_begin_offset": result.next_begin_offset,
        "min_offset": result.min_offset,
        "max_offset": result.max_offset,
        "count": result.count,
        "bytes": result.bytes,
        "queue_offsets": out.iter().map(|pulled| pulled.offset).collect::<Vec<_>>(),
        "suggest_slave": result.suggest_slave,
    }))
}

/// A master or slave with topic `T` of 4 queues and no heartbeat of any group.
fn pull_response(broker: &mut Broker, case: &Value) -> Option<Value> {
    let flag = case["sys_flag"].as_u64().unwrap() as u32;
    let kind = case["expr_type"].as_str().unwrap_or("TAG");
    let expr = case["expr"].as_str();
    let readable = match kind {
        "TAG" => TagFilter::parse(expr).is_ok(),
        _ => expr.is_some_and(|expr| !expr.is_empty()),
    };
    let topic = TopicConfig::with_queues(4);
    let admission = PullAdmission {
        broker_readable: true,
        group_consume_enable: Some(true),
        topic: (case["topic"] == "T").then_some(&topic),
        queue_id: case["queue_id"].as_i64().unwrap() as i32,
        subscription: match (flag & pull_sys_flag::SUBSCRIPTION != 0, readable) {
            (true, true) => PullSubscription::InRequest,
            (true, false) => PullSubscription::Unreadable,
            (false, _) => PullSubscription::NoGroup,
        },
        sql_filter: kind != "TAG",
        enable_property_filter: broker.enable_property_filter,
    };
    if let Err(code) = admission.check() {
        return Some(json!({"held": false, "code": code.number(), "next_begin_offset": null, "min_offset": null,
            "max_offset": null, "suggest_broker_id": null, "body_bytes": 0}));
    }
    let (result, _) = broker.read(case, kind, expr)?;
    let offset = case["offset"].as_i64().unwrap();
    let code = PullCode::of(result.status, offset, role(case), case["offset_check_in_slave"] == true);
    if code.is_held(true, flag & pull_sys_flag::SUSPEND != 0) {
        return Some(json!({"held": true}));
    }
    Some(json!({
        "held": false,
        "code": code.number(),
        "remark": result.status.name(),
        "next_begin_offset": result.next_begin_offset,
        "min_offset": result.min_offset,
        "max_offset": result.max_offset,
        "suggest_broker_id": suggest_which_broker_id(&result, case["slave_read_enable"] == true),
        "body_bytes": result.bytes,
    }))
}

fn query_consumer_offset(broker: &mut Broker, case: &Value) -> Value {
    let queue = broker.queue(case);
    let mut offsets = ConsumerOffsetManager::new();
    if let Some(committed) = case["committed"].as_u64() {
        offsets.commit(GroupIx(0), queue, committed);
    }
    let (code, offset) = match offsets.query_offset(GroupIx(0), queue, &broker.store) {
        QueryOffset::Found(offset) => (0, Some(offset)),
        QueryOffset::NotFound => (22, None),
    };
    json!({
        "queue_min": broker.store.min_offset(queue),
        "queue_max": broker.store.max_offset(queue),
        "offset0_in_disk": broker.store.offset_zero_in_disk(queue),
        "code": code,
        "offset": offset,
    })
}

fn queue_state(broker: &mut Broker, case: &Value) -> Value {
    let states = case["queue_min_max"].as_array().unwrap().iter().map(|state| {
        let queue = broker.queue(&json!({"queue_id": state[0]}));
        json!([state[0], broker.store.min_offset(queue), broker.store.max_offset(queue)])
    });
    json!({ "queue_min_max": states.collect::<Vec<_>>() })
}

/// A set-up with the states of deleted log files that follow it.
struct Setup {
    line: Value,
    history: Vec<String>,
}

fn setups(lines: &[Value]) -> BTreeMap<String, Setup> {
    let mut setups: BTreeMap<String, Setup> = BTreeMap::new();
    for line in lines {
        if line["kind"] == "setup" {
            let id = line["id"].as_str().unwrap().to_owned();
            setups.insert(id, Setup { line: line.clone(), history: Vec::new() });
        } else if let (Some(id), Some(after)) = (line["setup"].as_str(), line["after"].as_str()) {
            let history = &mut setups.get_mut(id).expect("a set-up stands before its lines").history;
            if after.starts_with(LOG_MIN) && !history.iter().any(|state| state == after) {
                history.push(after.to_owned());
            }
        }
    }
    setups
}

/// What the crate says to a line, in the line's own fields. `None`: this test cannot judge it.
fn answer(setups: &BTreeMap<String, Setup>, case: &Value) -> Option<Value> {
    let mut broker = case["setup"].as_str().map(|id| Broker::build(&setups[id].line, case, &setups[id].history));
    let text = |key: &str| case[key].as_str().unwrap();
    match text("kind") {
        "get_message" => get_message(broker.as_mut()?, case),
        "pull_response" => pull_response(broker.as_mut()?, case),
        "offset_by_time" => {
            let broker = broker.as_mut()?;
            let queue = broker.queue(case);
            Some(json!({"offset": broker.store.offset_by_time(queue, millis(&case["timestamp"]))}))
        }
        "query_consumer_offset" => Some(query_consumer_offset(broker.as_mut()?, case)),
        "queue_state" => Some(queue_state(broker.as_mut()?, case)),
        "tag_hash" => Some(json!({"tags_code": tags_code(Some(text("tag"))),
            "utf16_units": text("tag").encode_utf16().count()})),
        "hash_map_order" => {
            let keys: Vec<&str> = case["inserted"].as_array()?.iter().filter_map(Value::as_str).collect();
            Some(json!({"iterated": java::hash_map_order(&keys)}))
        }
        "group_topics" => Some(json!({"retry": group_topic::retry_topic(text("group")),
            "dlq": group_topic::dlq_topic(text("group"))})),
        _ => logic::answer(case).or_else(|| disk::answer(&oracle_dir(), case)),
    }
}

/// The fields in which an answer and a line differ.
fn differences(answer: &Value, case: &Value) -> Vec<String> {
    let answer = answer.as_object().unwrap();
    let wrong = answer.iter().filter(|&(key, got)| case[key] != *got);
    wrong.map(|(key, got)| format!("{key}: expected {}, got {got}", case[key])).collect()
}

#[test]
fn the_store_answers_as_the_recorded_java_classes() {
    let Some(lines) = lines("misc.jsonl") else { return };
    let of_kind = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).cloned().collect::<Vec<_>>();
    let setups = setups(&lines);
    let mut failed = Vec::new();
    for kind in KINDS {
        let (cases, mut passed) = (of_kind(kind), 0);
        for case in &cases {
            let answered = if kind == "consumequeue_bytes" {
                let setup = lines.iter().find(|line| line["kind"] == "setup" && line["id"] == case["setup"]);
                setup.map(|setup| queue_bytes::answer(setup, case))
            } else {
                answer(&setups, case)
            };
            match answered {
                None => println!("not judged: {case}"),
                Some(answer) => match differences(&answer, case) {
                    wrong if wrong.is_empty() => passed += 1,
                    wrong => failed.push(format!("{case}\n    {}", wrong.join("; "))),
                },
            }
        }
        println!("{kind}: {passed} of {} passed", cases.len());
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed[..failed.len().min(20)].join("\n"));
}

#[test]
fn tag_subscriptions_answer_as_the_recorded_java_classes() {
    let Some(lines) = lines("filter/tags.jsonl") else { return };
    for case in &lines {
        let parsed = TagFilter::parse(case["expr"].as_str());
        let Ok(filter) = parsed else {
            assert!(case["error"].is_string(), "{case}");
            continue;
        };
        assert!(case["error"].is_null(), "{case}");
        assert_eq!(json!([filter.sub_string(), filter.codes()]), json!([case["sub_string"], case["code_set"]]));
        assert_eq!(json!(filter.tags()), case["tags_set"]);
        for message in case["messages"].as_array().unwrap() {
            let code = tags_code(message["tag"].as_str());
            let got = json!([code, filter.matches_code(code), filter.matches_tag(message["tag"].as_str())]);
            assert_eq!(got, json!([message["tags_code"], message["broker"], message["client"]]), "{case}");
        }
    }
    println!("{} passed", lines.len());
}
