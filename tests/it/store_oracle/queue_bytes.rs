//! The bytes of a consume queue file, of a queue that does not start at offset 0 too.

use rocketmq_sim::store::delay::DelayLevels;
use rocketmq_sim::store::disk::host::Host;
use rocketmq_sim::store::disk::properties;
use rocketmq_sim::store::disk::writer::{Body, Ending, RecordFacts, StoreSizes, StoreWriter};
use serde_json::{Value, json};

/// Writes the messages of a setup as a store and reads the queue file back.
pub(super) fn answer(setup: &Value, case: &Value) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let int = |value: &Value, key: &str| value[key].as_i64().unwrap();
    let sizes = StoreSizes {
        commit_log_file_size: int(&setup["config"], "commitlog_file_size") as u64,
        consume_queue_file_size: int(&setup["config"], "consumequeue_file_size") as u64,
        ..StoreSizes::default()
    };
    let mut writer = StoreWriter::create(&root, sizes, DelayLevels::of(&[]), 0).unwrap();
    let messages = setup["messages"].as_array().unwrap();
    for message in messages {
        let body: Vec<u8> = (0..int(message, "body_len")).map(|at| (3 * at + 1) as u8).collect();
        let tags = message["tag"].as_str().map(|tag| ("TAGS", tag));
        let facts = RecordFacts {
            topic: message["topic"].as_str().unwrap(),
            queue_id: int(message, "queue_id") as i32,
            queue_offset: int(message, "queue_offset") as u64,
            flag: 0,
            sys_flag: 0,
            born_timestamp: int(message, "store_timestamp"),
            born_host: Host::v4([10, 0, 0, 1], 50_001),
            store_timestamp: int(message, "store_timestamp"),
            store_host: Host::v4([10, 1, 2, 3], 10_911),
            reconsume_times: 0,
            prepared_transaction_offset: 0,
            properties: &properties::encode_in_order(tags),
            body: Body::Bytes(&body),
        };
        assert_eq!(writer.append(&facts).unwrap(), int(message, "physical_offset") as u64);
    }
    writer.finish(Ending::default()).unwrap();
    let first = &messages[0];
    let queue = format!("consumequeue/{}/{}", first["topic"].as_str().unwrap(), first["queue_id"]);
    let bytes = std::fs::read(root.join(queue).join(case["file"].as_str().unwrap())).unwrap();
    let wanted = case["prefix_hex"].as_str().unwrap().len() / 2;
    json!({ "prefix_hex": super::disk::hex(&bytes[..wanted]) })
}
