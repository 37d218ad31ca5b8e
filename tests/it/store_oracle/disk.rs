//! Kinds about the store on disk: ids, properties, batches, hashes, and stores that are opened damaged.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use rocketmq_sim::kernel::java::string_hash;
use rocketmq_sim::store::disk::batch::{self, BatchMessage};
use rocketmq_sim::store::disk::calendar::month_start;
use rocketmq_sim::store::disk::file_name::{file_name, offset_of};
use rocketmq_sim::store::disk::host::Host;
use rocketmq_sim::store::disk::index_file::{IndexSizes, index_key_hash};
use rocketmq_sim::store::disk::memory::MemoryFiles;
use rocketmq_sim::store::disk::message_id::{UniqueKey, message_id, parse_message_id};
use rocketmq_sim::store::disk::properties;
use rocketmq_sim::store::disk::record::body_crc;
use rocketmq_sim::store::disk::recover::{RecoverConfig, open_store};
use serde_json::{Value, json};

/// What the crate says to a line, in the line's own fields.
pub(super) fn answer(oracle: &Path, case: &Value) -> Option<Value> {
    let text = |key: &str| case[key].as_str().unwrap();
    match text("kind") {
        "message_id" => Some(id_of_message(case)),
        "unique_key_parse" => {
            let key = UniqueKey::parse(text("id"))?;
            assert_eq!(key.text(), text("id"));
            Some(json!({"ip": key.ip.to_string(), "pid": key.pid, "loader_hash": key.loader_hash,
                "ms_since_month_start": key.ms_since_month_start, "counter": key.counter}))
        }
        "unique_key_sample" => {
            let key = UniqueKey::parse(text("id"))?;
            let made = case["created_between_first"].as_i64().unwrap();
            let again = UniqueKey::made_at(key.ip, key.pid, key.loader_hash, made, key.counter);
            Some(json!({"id": again.text(), "length": again.text().len(), "month_start_utc": month_start(made),
                "ms_since_month_start": key.ms_since_month_start, "counter": key.counter}))
        }
        "body_crc" => Some(json!({"crc": body_crc(&body(case).unwrap())})),
        "file_name" => {
            let offset = case["offset"].as_u64().unwrap();
            Some(json!({"name": file_name(offset), "offset": offset_of(text("name"))}))
        }
        "index_key_hash" => {
            let hash = index_key_hash(text("key"));
            Some(json!({"string_hash": string_hash(text("key")), "index_hash": hash,
                "slot_of_5000000": IndexSizes::default().slot_of(hash)}))
        }
        "properties_encode" => {
            let pairs = case["pairs"].as_array().unwrap();
            let pairs = pairs.iter().filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str()?)));
            let encoded = properties::encode_in_order(pairs);
            Some(json!({"decoded_again": map(&encoded), "text": encoded}))
        }
        "properties_decode" => Some(json!({"map": map(case["text"].as_str().unwrap_or_default())})),
        "batch_encode" => Some(json!({"hex": hex(&encoded_batch(case))})),
        "recovery" => Some(recovery(oracle, case)),
        _ => None,
    }
}

fn map(text: &str) -> BTreeMap<&str, &str> {
    properties::decode(text).into_iter().collect()
}

fn id_of_message(case: &Value) -> Value {
    let host = Host::from(case["host"].as_str().unwrap().parse::<SocketAddr>().unwrap());
    let id = message_id(&host, case["offset"].as_i64().unwrap());
    let (host, offset) = parse_message_id(&id).unwrap();
    json!({"msg_id": id, "decoded_host": host.to_string(), "decoded_offset": offset})
}

fn encoded_batch(case: &Value) -> Vec<u8> {
    let mut encoded = Vec::new();
    let mut messages = 0;
    for message in case["messages"].as_array().unwrap() {
        let body = unhex(message["body_hex"].as_str().unwrap());
        let properties = message["properties"].as_str().unwrap().as_bytes();
        let flag = message["flag"].as_i64().unwrap() as i32;
        batch::encode(&BatchMessage { flag, body: &body, properties }, &mut encoded);
        messages += 1;
    }
    let mut rest = &encoded[..];
    while let Some((_, behind)) = batch::decode(rest) {
        (rest, messages) = (behind, messages - 1);
    }
    assert_eq!((rest, messages), (&[][..], 0));
    encoded
}

fn recovery(oracle: &Path, case: &Value) -> Value {
    let mut files = MemoryFiles::default();
    collect(&oracle.join(case["base"].as_str().unwrap()), "", &mut files);
    for damage in case["damage"].as_array().unwrap() {
        harm(&mut files, damage);
    }
    let config = RecoverConfig {
        commit_log_file_size: 8192,
        consume_queue_file_size: 100,
        index: IndexSizes { hash_slots: 16, entries: 20 },
        ..RecoverConfig::default()
    };
    let Some(store) = open_store(&files, &config).unwrap() else { return json!({"loaded": false}) };
    let queues = store.queues().map(|q| json!([q.topic, q.queue_id, q.min_offset, q.max_offset]));
    let put = store.next_put("SmallTopic", 1, 120);
    let mut answer = json!({
        "loaded": true,
        "start": "ok",
        "commitlog_min_offset": store.log_min_offset(),
        "commitlog_max_offset": store.log_max_offset(),
        "queues": queues.collect::<Vec<_>>(),
        "next_put_on_queue_1": {
            "wrote_offset": put.physical_offset, "queue_offset": put.queue_offset, "put_status": "PUT_OK",
        },
        "queue_1_max_after_put": put.max_offset_after,
    });
    if !case["index_files_begin_end_count"].is_null() {
        let headers = store.index_headers().iter();
        let headers = headers.map(|h| json!([h.begin_physical_offset, h.end_physical_offset, h.index_count]));
        answer["index_files_begin_end_count"] = json!(headers.collect::<Vec<_>>());
    }
    answer
}

fn harm(files: &mut MemoryFiles, damage: &Value) {
    let path = damage[1].as_str().unwrap();
    let number = |index: usize| damage[index].as_u64().unwrap() as usize;
    match damage[0].as_str().unwrap() {
        "create" => {
            files.0.insert(path.to_owned(), Vec::new());
        }
        "delete" => files.0.retain(|other, _| other != path && !other.starts_with(&format!("{path}/"))),
        "zero" => files.0.get_mut(path).unwrap()[number(2)..][..number(3)].fill(0),
        "truncate" => files.0.get_mut(path).unwrap().truncate(number(2)),
        "write" => {
            let bytes = unhex(damage[3].as_str().unwrap());
            files.0.get_mut(path).unwrap()[number(2)..][..bytes.len()].copy_from_slice(&bytes);
        }
        other => panic!("unknown damage {other}"),
    }
}

/// All files below a folder.
pub(crate) fn collect(folder: &Path, prefix: &str, files: &mut MemoryFiles) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else {
            files.0.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

/// The bytes of `body_hex`, or those that `affine` describes.
pub(crate) fn body(case: &Value) -> Option<Vec<u8>> {
    if let Some(hex) = case["body_hex"].as_str() {
        return Some(unhex(hex));
    }
    let number = |key: &str| case["affine"][key].as_u64();
    let (a, b, len) = (number("a")?, number("b")?, number("len")?);
    Some((0..len).map(|i| (a.wrapping_mul(i).wrapping_add(b) & 255) as u8).collect())
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
