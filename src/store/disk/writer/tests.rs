use proptest::prelude::*;

use super::super::decode::{self, Listed, Place, decode_log, decode_queues};
use super::super::dispatch;
use super::super::fixture::{FACTS, SIZES, config, files};
use super::super::host::Host;
use super::super::index_file::IndexSizes;
use super::super::index_file::{IndexReader, query_offset};
use super::super::memory::MemoryFiles;
use super::super::queue_entry::QueueEntry;
use super::super::record::{Record, RecordVersion};
use super::super::recover::open_store;
use super::super::source::StoreSource;
use super::super::sys_flag;
use super::*;
use crate::store::delay::DelayLevels;

fn with_writer<T>(sizes: StoreSizes, first: u64, work: impl FnOnce(StoreWriter) -> T) -> (MemoryFiles, T) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let done = work(StoreWriter::create(&root, sizes, DelayLevels::default(), first).unwrap());
    (files(&root), done)
}

fn refusal(facts: &RecordFacts<'_>) -> String {
    with_writer(SIZES, 0, |mut writer| writer.append(facts).unwrap_err().to_string()).1
}

#[test]
fn files_have_their_full_length_and_offsets_for_names() {
    let (files, written) = with_writer(SIZES, 2048, |mut writer| {
        for number in 0..7 {
            writer.append(&RecordFacts { queue_offset: 100 + number, ..FACTS }).unwrap();
        }
        writer.finish(Ending { killed: true, checkpoint: None }).unwrap()
    });
    let lens: Vec<(&str, usize)> = files.0.iter().map(|(path, bytes)| (path.as_str(), bytes.len())).collect();
    assert_eq!(
        lens[..7],
        [
            ("abort", 0),
            ("checkpoint", 4096),
            ("commitlog/00000000000000002048", 1024),
            ("commitlog/00000000000000003072", 1024),
            ("consumequeue/T/0/00000000000000001980", 60),
            ("consumequeue/T/0/00000000000000002040", 60),
            ("consumequeue/T/0/00000000000000002100", 60),
        ]
    );
    assert_eq!((written.records, written.log_end), (7, 3072 + 160));
    assert_eq!(
        files.0["consumequeue/T/0/00000000000000001980"][..12],
        [0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF]
    );
    let store = open_store(&files, &config()).unwrap().unwrap();
    let queue = store.queues().next().unwrap();
    assert_eq!((queue.min_offset, queue.max_offset), (100, 107));
}

#[test]
fn a_queue_without_records_keeps_its_offset() {
    let (files, ()) = with_writer(SIZES, 1024, |mut writer| {
        writer.append(&FACTS).unwrap();
        writer.keep_queue("T", 0, 1).unwrap();
        writer.keep_queue("T", 1, 8).unwrap();
        writer.keep_queue("T", 2, 0).unwrap();
        assert!(writer.keep_queue("T", 0, 5).is_err());
        writer.finish(Ending::default()).unwrap();
    });
    let store = open_store(&files, &config()).unwrap().unwrap();
    let queues: Vec<_> = store.queues().map(|queue| (queue.queue_id, queue.max_offset)).collect();
    assert_eq!(queues, [(0, 1), (1, 8)]);
    assert_eq!(store.next_put("T", 1, 100).max_offset_after, 9, "the next message is not taken for a known one");
}

#[test]
fn what_the_format_cannot_hold_is_refused() {
    let long = "x".repeat(128);
    let wide = "x".repeat(32_768);
    for (facts, expected) in [
        (RecordFacts { topic: &long, ..FACTS }, "a topic of 128 bytes; 127 at most"),
        (RecordFacts { properties: &wide, ..FACTS }, "properties of 32768 bytes; 32767 at most"),
        (
            RecordFacts { body: Body::Filled { seed: 0, len: 908 }, ..FACTS },
            "a record of 1017 bytes; a file of this size takes 1016",
        ),
        (RecordFacts { topic: "../T", ..FACTS }, "the topic \"../T\" cannot name a folder"),
        (RecordFacts { queue_id: -1, ..FACTS }, "queue -1, offset 0"),
    ] {
        let got = refusal(&facts);
        assert!(got.contains(expected), "expected {expected}\n     got {got}");
    }
    let gap = with_writer(SIZES, 0, |mut writer| {
        writer.append(&FACTS).unwrap();
        writer.append(&RecordFacts { queue_offset: 2, ..FACTS }).unwrap_err().to_string()
    });
    assert!(gap.1.contains("queue offset 2 where 1 comes next"), "{}", gap.1);
}

#[test]
fn a_store_is_never_written_over_another_nor_with_impossible_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let create = |sizes, first| StoreWriter::create(folder.path(), sizes, DelayLevels::default(), first);
    let queue = StoreSizes { consume_queue_file_size: 50, ..SIZES };
    assert!(create(queue, 0).is_err());
    assert!(create(StoreSizes { commit_log_file_size: 100, ..SIZES }, 0).is_err());
    assert!(create(StoreSizes { index: IndexSizes { hash_slots: 0, entries: 5 }, ..SIZES }, 0).is_err());
    assert!(create(SIZES, 100).is_err(), "no file starts there");
    let mut writer = create(SIZES, 0).unwrap();
    writer.append(&FACTS).unwrap();
    writer.finish(Ending::default()).unwrap();
    assert!(create(SIZES, 0).is_err());
}

#[test]
fn keys_lead_to_their_records() {
    let (files, ()) = with_writer(SIZES, 0, |mut writer| {
        for number in 0..12_u64 {
            let properties = format!("UNIQ_KEY\u{1}u{number}\u{2}KEYS\u{1}even{}", number % 2);
            let store_timestamp = FACTS.store_timestamp + 1000 * number.cast_signed();
            let facts = RecordFacts { queue_offset: number, store_timestamp, properties: &properties, ..FACTS };
            writer.append(&facts).unwrap();
        }
        writer.finish(Ending::default()).unwrap();
    });
    let paths = files.0.keys().filter(|path| path.starts_with("index/"));
    let readers: Vec<_> = paths.map(|path| IndexReader::new(files.open(path).unwrap(), SIZES.index).unwrap()).collect();
    assert!(readers.len() > 2);
    let mut all = Vec::new();
    decode_log(&files, &mut |_: Place<'_>, listed: Listed<'_>| {
        if let Listed::Record(record) = listed {
            all.push(record.physical_offset);
        }
        Ok(())
    })
    .unwrap();
    let query = |key: &str, most| query_offset(&readers, "T", key, most, (0, i64::MAX)).unwrap();
    let even: Vec<i64> = all.iter().copied().step_by(2).collect();
    assert_eq!((query("even0", 64), query("u5", 64)), (even.clone(), vec![all[5]]));
    assert_eq!(query("even0", 2), even[4..], "the newest first");
}

/// A record to write: what a property test draws.
#[derive(Clone, Debug)]
struct Drawn {
    topic: usize,
    queue_id: i32,
    kind: i32,
    v6: bool,
    body: Result<Vec<u8>, (u64, u32)>,
    pairs: Vec<(String, String)>,
    number: i64,
}

const TOPICS: [&str; 4] = ["T", "%RETRY%组", "SCHEDULE_TOPIC_XXXX", "OrderTopic"];

fn drawn() -> impl Strategy<Value = Drawn> {
    let body =
        prop_oneof![prop::collection::vec(any::<u8>(), 0..300).prop_map(Ok), (any::<u64>(), 0..300_u32).prop_map(Err)];
    let pairs = prop::collection::vec(("(KEYS|TAGS|UNIQ_KEY|DELAY|[a-z]{1,3})", "[0-9a-z ]{1,6}"), 0..5);
    (0..4_usize, 0..3_i32, 0..4_i32, any::<bool>(), body, pairs, any::<i32>()).prop_map(
        |(topic, queue_id, kind, v6, body, pairs, number)| {
            let number = i64::from(number);
            Drawn { topic, queue_id, kind: kind << 2, v6, body, pairs, number }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// What was written is read back, field by field, and the broker would find the same bounds.
    #[test]
    fn a_written_store_decodes_to_the_same_facts(
        records in prop::collection::vec(drawn(), 0..60),
        first in 0..3_u64,
        killed: bool,
    ) {
        let mut next = std::collections::BTreeMap::<(usize, i32), u64>::new();
        let v6 = Host::from("[2001:db8::1]:9".parse::<std::net::SocketAddr>().unwrap());
        let mut expected = Vec::new();
        let mut entries = Vec::new();
        let texts: Vec<(String, Vec<u8>)> = records.iter().map(|record| {
            let pairs = record.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let body = record.body.clone().unwrap_or_else(|(seed, len)| {
                let mut bytes = Vec::new();
                super::super::body::fill_body(seed, len as usize, &mut bytes);
                bytes
            });
            (super::super::properties::encode_in_order(pairs), body)
        }).collect();
        let (files, written) = with_writer(SIZES, first * SIZES.commit_log_file_size, |mut writer| {
            for (record, (properties, body)) in records.iter().zip(&texts) {
                let queued = sys_flag::is_queued(record.kind);
                let offset = next.entry((record.topic, record.queue_id)).or_insert(first * 7);
                let facts = RecordFacts {
                    topic: TOPICS[record.topic],
                    queue_id: record.queue_id,
                    queue_offset: *offset,
                    flag: record.number as i32,
                    sys_flag: record.kind,
                    born_timestamp: record.number,
                    born_host: if record.v6 { v6 } else { FACTS.born_host },
                    reconsume_times: record.queue_id,
                    prepared_transaction_offset: -record.number,
                    properties,
                    body: match &record.body {
                        Ok(bytes) => Body::Bytes(bytes),
                        Err((seed, len)) => Body::Filled { seed: *seed, len: *len },
                    },
                    ..FACTS
                };
                let physical = writer.append(&facts).unwrap();
                let entry = Record {
                    version: RecordVersion::V1,
                    body_crc: super::super::record::body_crc(body),
                    queue_id: facts.queue_id,
                    flag: facts.flag,
                    queue_offset: if queued { offset.cast_signed() } else { 0 },
                    physical_offset: physical.cast_signed(),
                    sys_flag: record.kind | if record.v6 { sys_flag::BORN_HOST_V6 } else { 0 },
                    born_timestamp: facts.born_timestamp,
                    born_host: facts.born_host,
                    store_timestamp: facts.store_timestamp,
                    store_host: facts.store_host,
                    reconsume_times: facts.reconsume_times,
                    prepared_transaction_offset: facts.prepared_transaction_offset,
                    body,
                    topic: facts.topic.as_bytes(),
                    properties: properties.as_bytes(),
                };
                if queued {
                    let tags_code = dispatch::tags_code(facts.topic, properties, facts.store_timestamp, &DelayLevels::default());
                    let place = (facts.topic.to_owned(), facts.queue_id, *offset);
                    let size = entry.size() as i32;
                    entries.push((place, QueueEntry { physical_offset: entry.physical_offset, size, tags_code: tags_code.unwrap_or(0) }));
                    *offset += 1;
                }
                expected.push(format!("{entry:?}"));
            }
            writer.finish(Ending { killed, checkpoint: None }).unwrap()
        });
        let (mut got, mut got_entries) = (Vec::new(), Vec::new());
        let mut sink = |_: Place<'_>, listed: Listed<'_>| {
            match listed {
                Listed::Record(record) => got.push(format!("{record:?}")),
                Listed::QueueEntry { queue: Some((topic, id)), queue_offset, entry } => {
                    got_entries.push(((topic.to_owned(), id, queue_offset), entry));
                }
                _ => {}
            }
            Ok(())
        };
        decode_log(&files, &mut sink).unwrap();
        decode_queues(&files, true, &mut sink).unwrap();
        decode::decode_index(&files, &mut sink).unwrap();
        prop_assert_eq!(got, expected);
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        got_entries.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(&got_entries, &entries);
        let store = open_store(&files, &config()).unwrap().expect("every file has its length");
        // A delay level that is no number stops RocketMQ's own recovery.
        let readable = entries.len() == got_entries.len() && records.iter().all(|record| {
            TOPICS[record.topic] != TOPICS[2] || record.pairs.iter().all(|(name, _)| name != "DELAY")
        });
        if readable && !records.is_empty() {
            prop_assert_eq!(store.log_max_offset().cast_unsigned(), written.log_end);
            for queue in store.queues() {
                let topic = TOPICS.iter().position(|topic| *topic == queue.topic).unwrap();
                prop_assert_eq!(queue.max_offset.cast_unsigned(), next[&(topic, queue.queue_id)]);
            }
        }
    }
}
