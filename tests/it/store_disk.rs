//! Stores on disk that real brokers wrote: read, written again, and listed by the command.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use rocketmq_sim::store::delay::DelayLevels;
use rocketmq_sim::store::disk::decode::{Listed, Place, decode_log, decode_log_prefix};
use rocketmq_sim::store::disk::folder::{Folder, SeekFile};
use rocketmq_sim::store::disk::index_file::{IndexReader, IndexSizes, query_offset};
use rocketmq_sim::store::disk::memory::MemoryFiles;
use rocketmq_sim::store::disk::properties;
use rocketmq_sim::store::disk::record::{Record, blank};
use rocketmq_sim::store::disk::source::StoreSource;
use rocketmq_sim::store::disk::writer::{Body, Ending, RecordFacts, StoreSizes, StoreWriter};
use serde_json::{Value, json};

use crate::store_oracle::disk::{body, collect, unhex};
use crate::store_oracle::oracle_dir;

fn decode(args: &[&Path], options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rocketmq-sim"));
    command.args(["store", "decode"]).args(options).args(args).output().unwrap()
}

fn lines(output: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(output).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The listing of a recorded store in log order: what was stored, and the body that was put.
fn listed(store: &str) -> Vec<(Value, Option<Vec<u8>>)> {
    let text = fs::read_to_string(oracle_dir().join("store").join(store).join("messages.jsonl")).unwrap();
    let steps = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let stored = steps.filter(|step| !step["stored"].is_null());
    let mut stored: Vec<_> = stored.map(|step| (step["stored"].clone(), body_of(&step))).collect();
    stored.sort_by_key(|(stored, _)| stored["physical_offset"].as_u64());
    stored
}

fn body_of(step: &Value) -> Option<Vec<u8>> {
    let whole = step["put"]["via"] != "store_batch";
    let put = || body(&step["put"]["body"]).filter(|_| whole);
    body(&step["stored"]).or_else(put).filter(|body| step["stored"]["body_len"] == body.len())
}

/// Every field that the listing has is in the decoded line with the same value.
fn assert_equal(decoded: &[Value], store: &str) {
    let listed = listed(store);
    let records: Vec<&Value> =
        decoded.iter().filter(|line| line["kind"] == "record" || line["kind"] == "blank").collect();
    assert_eq!(records.len(), listed.len());
    let mut bodies = 0;
    for (record, (stored, body)) in records.into_iter().zip(&listed) {
        for (field, value) in stored.as_object().unwrap() {
            match field.as_str() {
                "blank" => assert_eq!(record["kind"], "blank"),
                cut if cut.ends_with("_cut") => {}
                _ => assert_eq!(&record[field], value, "{field} of {stored}"),
            }
        }
        if let Some(body) = body {
            bodies += 1;
            assert_eq!(&unhex(record["body_hex"].as_str().unwrap()), body, "{stored}");
        }
    }
    assert!(bodies * 10 > listed.len() * 8, "{bodies} bodies compared");
}

#[test]
fn a_real_store_directory_is_listed_as_it_was_written() {
    let dir = oracle_dir().join("store/small/dir");
    let output = decode(&[&dir], &["--bodies"]);
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    let decoded = lines(&output.stdout);
    assert_equal(&decoded, "small");
    // Each queue entry is the one that its record's line names.
    let of_kind = |kind: &str| decoded.iter().filter(|line| line["kind"] == kind).collect::<Vec<_>>();
    let entry = |e: &Value| json!([e["topic"], e["queue_id"], e["queue_offset"], e["tags_code"]]);
    let mut entries: Vec<_> =
        of_kind("queue_entry").into_iter().map(|e| (e["physical_offset"].as_u64(), entry(e))).collect();
    entries.sort_by_key(|(offset, _)| *offset);
    let named = of_kind("record").into_iter().filter(|record| !record["cq"].is_null());
    let named: Vec<_> = named.map(|record| (record["physical_offset"].as_u64(), entry(&record["cq"]))).collect();
    assert_eq!(entries, named);
    let facts: Value = serde_json::from_str(&fs::read_to_string(dir.join("../facts.json")).unwrap()).unwrap();
    let bounds: Vec<_> = of_kind("queue_bounds")
        .iter()
        .map(|b| json!([b["topic"], b["queue_id"], b["min_offset"], b["max_offset"]]))
        .collect();
    let queues = facts["queues"].as_array().unwrap().iter();
    assert_eq!(
        bounds,
        queues.map(|q| json!([q["topic"], q["queue_id"], q["min_offset"], q["max_offset"]])).collect::<Vec<_>>()
    );
    assert_eq!(of_kind("log_bounds")[0]["commitlog_max_offset"], facts["commitlog_max_offset"]);
    let index: Value = serde_json::from_str(&fs::read_to_string(dir.join("../index.json")).unwrap()).unwrap();
    for (line, file) in of_kind("index").iter().zip(index["files"].as_array().unwrap()) {
        let header = file["header"].as_object().unwrap();
        assert!(header.iter().all(|(field, value)| line[field] == *value), "{line}");
    }
}

#[test]
fn beginnings_of_files_are_listed_as_they_were_written() {
    let main = oracle_dir().join("store/main");
    let log = lines(&decode(&[], &["--bodies", "--commitlog", main.join("commitlog.bin").to_str().unwrap()]).stdout);
    assert_equal(&log, "main");
    for (topic, queue_id) in [("OrderTopic", 2), ("SCHEDULE_TOPIC_XXXX", 17), ("%RETRY%CG_A", 0)] {
        let file = main.join(format!("consumequeue_{topic}_{queue_id}.bin"));
        let entries = lines(&decode(&[], &["--consumequeue", file.to_str().unwrap()]).stdout);
        let of_queue = |record: &&Value| record["cq"]["topic"] == topic && record["cq"]["queue_id"] == queue_id;
        let expected = log.iter().filter(of_queue).map(|record| {
            json!([record["cq"]["queue_offset"], record["physical_offset"], record["size"], record["cq"]["tags_code"]])
        });
        let got = entries.iter().map(|e| json!([e["queue_offset"], e["physical_offset"], e["size"], e["tags_code"]]));
        assert_eq!(got.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{topic} {queue_id}");
    }
}

#[test]
fn decoded_records_encode_to_the_same_bytes() {
    let main = oracle_dir().join("store/main/commitlog.bin");
    let mut again = Vec::new();
    let mut encode = |_: Place<'_>, listed: Listed<'_>| {
        if let Listed::Record(record) = listed {
            record.encode(&mut again);
        }
        Ok(())
    };
    decode_log_prefix("main", Box::new(SeekFile::open(&main).unwrap()), 0, &mut encode).unwrap();
    assert_eq!(again, fs::read(&main).unwrap());

    let small = Folder::new(oracle_dir().join("store/small/dir"));
    let mut again = Vec::new();
    decode_log(&small, &mut |_, listed| {
        match listed {
            Listed::Record(record) => record.encode(&mut again),
            Listed::Blank { size, .. } => {
                let end = again.len() + size as usize;
                again.extend_from_slice(&blank(size as u32));
                again.resize(end, 0);
            }
            _ => {}
        }
        Ok(())
    })
    .unwrap();
    let files = fs::read_dir(small.root().join("commitlog")).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    names.sort();
    let mut whole: Vec<u8> = names.iter().flat_map(|name| fs::read(name).unwrap()).collect();
    assert!(whole[again.len()..].iter().all(|&byte| byte == 0));
    whole.truncate(again.len());
    assert!(again == whole);
}

#[test]
fn texts_that_the_broker_wrote_have_the_order_of_a_hash_map() {
    let mut texts = 0;
    for (stored, _) in listed("main") {
        let text = stored["properties"].as_str().unwrap_or_default();
        if text.contains("CLUSTER") || text.contains("REAL_TOPIC") {
            assert_eq!(properties::encode(&properties::decode(text)), text);
            texts += 1;
        }
    }
    assert!(texts > 10, "{texts}");
}

fn write_again(writer: &mut StoreWriter, record: &Record<'_>) {
    let (topic, properties) = (record.topic(), record.properties());
    let facts = RecordFacts {
        topic: &topic,
        queue_id: record.queue_id,
        queue_offset: record.queue_offset.cast_unsigned(),
        flag: record.flag,
        sys_flag: record.sys_flag,
        born_timestamp: record.born_timestamp,
        born_host: record.born_host,
        store_timestamp: record.store_timestamp,
        store_host: record.store_host,
        reconsume_times: record.reconsume_times,
        prepared_transaction_offset: record.prepared_transaction_offset,
        properties: &properties,
        body: Body::Bytes(record.body),
    };
    assert_eq!(writer.append(&facts).unwrap().cast_signed(), record.physical_offset);
}

#[test]
fn the_writer_writes_what_the_real_store_wrote() {
    let main = oracle_dir().join("store/main");
    let folder = tempfile::tempdir().unwrap();
    let index = IndexSizes { hash_slots: 5_000_000, entries: 20_000_000 };
    let sizes = StoreSizes { commit_log_file_size: 1 << 20, consume_queue_file_size: 6_000_000, index };
    let mut writer = StoreWriter::create(folder.path(), sizes, DelayLevels::default(), 0).unwrap();
    let log = Box::new(SeekFile::open(&main.join("commitlog.bin")).unwrap());
    decode_log_prefix("main", log, 0, &mut |_, listed| {
        if let Listed::Record(record) = listed {
            write_again(&mut writer, record);
        }
        Ok(())
    })
    .unwrap();
    writer.finish(Ending::default()).unwrap();
    let name = "00000000000000000000";
    let starts = |written: &Path, real: &Path| fs::read(written).unwrap().starts_with(&fs::read(real).unwrap());
    assert!(starts(&folder.path().join("commitlog").join(name), &main.join("commitlog.bin")));
    let mut queues = 0;
    for topic in fs::read_dir(folder.path().join("consumequeue")).unwrap() {
        for queue in fs::read_dir(topic.unwrap().path()).unwrap() {
            let queue = queue.unwrap().path();
            let part = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
            let real = format!("consumequeue_{}_{}.bin", part(queue.parent().unwrap()), part(&queue));
            assert!(starts(&queue.join(name), &main.join(&real)), "{real}");
            queues += 1;
        }
    }
    let real = fs::read_dir(&main)
        .unwrap()
        .filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().starts_with("consumequeue"));
    assert_eq!(queues, real.count());
    compare_index(&Folder::new(folder.path()), sizes.index, &main.join("index.json"));
}

/// Header, slots, entries and answers of index files against what was recorded of the real ones.
fn compare_index(store: &dyn StoreSource, sizes: IndexSizes, facts: &Path) {
    let facts: Value = serde_json::from_str(&fs::read_to_string(facts).unwrap()).unwrap();
    let names = store.list("index").unwrap();
    let open = |name: &str| IndexReader::new(store.open(&format!("index/{name}")).unwrap(), sizes).unwrap();
    let readers: Vec<_> = names.iter().map(|entry| open(&entry.name)).collect();
    assert_eq!(readers.len(), facts["files"].as_array().unwrap().len());
    for (reader, file) in readers.iter().zip(facts["files"].as_array().unwrap()) {
        let header = reader.header();
        let got = json!({"begin_timestamp": header.begin_timestamp, "end_timestamp": header.end_timestamp,
            "begin_phy_offset": header.begin_physical_offset, "end_phy_offset": header.end_physical_offset,
            "hash_slot_count": header.hash_slot_count, "index_count": header.index_count});
        assert_eq!(got, file["header"]);
        for slot in file["slots"].as_array().unwrap() {
            assert_eq!(json!(reader.slot(slot[0].as_u64().unwrap() as u32).unwrap()), slot[1]);
        }
        for entry in file["entries"].as_array().unwrap() {
            let got = reader.entry(entry["n"].as_u64().unwrap() as u32).unwrap();
            let got = json!([got.key_hash, got.physical_offset, got.time_diff, got.previous]);
            assert_eq!(
                got,
                json!([entry["key_hash"], entry["phy_offset"], entry["time_diff_s"], entry["prev"]]),
                "{entry}"
            );
        }
    }
    let queries = facts["queries"].as_array().unwrap();
    for query in queries {
        let text = |key: &str| query[key].as_str().unwrap();
        let times = (query["begin"].as_i64().unwrap(), query["end"].as_i64().unwrap());
        let max = query["max_num"].as_u64().unwrap() as usize;
        let found = query_offset(&readers, text("topic"), text("key"), max, times).unwrap();
        assert_eq!(json!(found), query["offsets"], "{query}");
    }
    assert!(!queries.is_empty());
}

#[test]
fn real_index_files_are_read() {
    let small = oracle_dir().join("store/small");
    let sizes = IndexSizes { hash_slots: 16, entries: 20 };
    compare_index(&Folder::new(small.join("dir")), sizes, &small.join("index.json"));
}

/// A copy of the small store that a test may damage.
fn copy() -> tempfile::TempDir {
    let mut files = MemoryFiles::default();
    collect(&oracle_dir().join("store/small/dir"), "", &mut files);
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in &files.0 {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

#[test]
fn damage_ends_the_listing_with_file_and_byte_and_exit_code_2() {
    let store = copy();
    let file = store.path().join("commitlog/00000000000000016384");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..5000]).unwrap();
    let output = decode(&[store.path()], &[]);
    assert_eq!(output.status.code(), Some(2));
    let message =
        format!("error: {}: byte 0: a record of 5361 bytes, but only 5000 are left in the file\n", file.display());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.lines().next().map(|line| format!("{line}\n")), Some(message), "{errors}");
    let listed: Vec<Value> = lines(&output.stdout);
    let of_log = |line: &&Value| ["record", "blank"].contains(&line["kind"].as_str().unwrap());
    let last = listed.iter().rfind(of_log).unwrap();
    assert_eq!((last["kind"].as_str(), last["physical_offset"].as_u64()), (Some("blank"), Some(11_016)));
    for kind in ["queue_entry", "index", "checkpoint"] {
        assert!(listed.iter().any(|line| line["kind"] == kind), "{kind} follows the damage of the log");
    }

    let queues = decode(&[store.path()], &["--only", "index,checkpoint"]);
    assert_eq!(queues.status.code(), Some(0), "the other parts can be listed alone");
    assert_eq!(lines(&queues.stdout).len(), 3);
}

#[test]
fn a_folder_that_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("absent")] {
        let output = decode(&[&path], &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}
