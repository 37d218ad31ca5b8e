//! RocketMQ's JSON configuration files: read and written as its own classes do.
#![allow(clippy::unwrap_used, reason = "a malformed vector should fail the test")]

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use proptest::prelude::*;
use rocketmq_sim::store::disk::config::{
    ConfigError, ConsumerOffsets, DelayOffsets, LocalOffsets, MessageQueue, Problem, SubscriptionGroupConfig,
    SubscriptionGroups, TopicFilterType, TopicSettings, Topics, Version, utf8,
};
use serde_json::{Map, Value, json};

/// The folder of the files: the repository's own, or that of `ORACLE_DIR`.
#[allow(clippy::disallowed_methods, reason = "chooses the vectors of a test, not a result")]
fn folder() -> PathBuf {
    match std::env::var("ORACLE_DIR") {
        Ok(dir) => Path::new(&dir).join("store/config"),
        Err(_) => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config"),
    }
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

fn state() -> Value {
    serde_json::from_str(&text("state.json")).unwrap()
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn int(value: &Value) -> i32 {
    value.as_i64().unwrap().try_into().unwrap()
}

fn numbers(value: &Value) -> IndexMap<i32, i64> {
    object(value).iter().map(|(key, value)| (key.parse().unwrap(), value.as_i64().unwrap())).collect()
}

#[test]
fn real_files_are_written_again_to_the_byte() {
    assert_eq!(Topics::decode("f", &text("topics.json")).unwrap().encode(), text("topics.json"));
    let groups = SubscriptionGroups::decode("f", &text("subscriptionGroup.json")).unwrap();
    assert_eq!(groups.encode(), text("subscriptionGroup.json"));
    let offsets = ConsumerOffsets::decode("f", &text("consumerOffset.json")).unwrap();
    assert_eq!(offsets.encode(), text("consumerOffset.json"));
    assert_eq!(DelayOffsets::decode("f", &text("delayOffset.json")).unwrap().encode(), text("delayOffset.json"));
    assert_eq!(LocalOffsets::decode("f", &text("offsets.json")).unwrap().encode(), text("offsets.json"));
}

#[test]
fn a_state_is_written_as_the_real_broker_writes_it() {
    let (state, version) = (state(), |name: &str| Topics::decode("f", &text(name)).unwrap().data_version);
    let mut topics = Topics { data_version: version("topics.json"), ..Topics::default() };
    for (name, topic) in object(&state["topics"]) {
        let settings = TopicSettings {
            topic_name: Some(name.clone()),
            read_queue_nums: int(&topic["readQueueNums"]),
            write_queue_nums: int(&topic["writeQueueNums"]),
            perm: int(&topic["perm"]),
            topic_filter_type: [TopicFilterType::SingleTag, TopicFilterType::MultiTag]
                .into_iter()
                .find(|kind| topic["topicFilterType"] == kind.name()),
            topic_sys_flag: int(&topic["topicSysFlag"]),
            order: topic["order"].as_bool().unwrap(),
        };
        topics.topic_config_table.insert(name.clone(), settings);
    }
    assert_eq!(json!(topics.data_version.counter), state["topics_version_counter"]);
    topics.in_java_order();
    assert_eq!(topics.encode(), text("topics.json"));

    let mut offsets = ConsumerOffsets::default();
    let table = offsets.offset_table.as_mut().unwrap();
    table.extend(object(&state["consumer_offsets"]).iter().map(|(key, queues)| (key.clone(), numbers(queues))));
    offsets.in_java_order();
    assert_eq!(offsets.encode(), text("consumerOffset.json"));

    let mut delays = DelayOffsets { offset_table: numbers(&state["delay_offsets"]) };
    delays.in_java_order();
    assert_eq!(delays.encode(), text("delayOffset.json"));

    let queue = |entry: &Value| MessageQueue {
        topic: entry["topic"].as_str().map(str::to_owned),
        broker_name: entry["brokerName"].as_str().map(str::to_owned),
        queue_id: int(&entry["queueId"]),
    };
    let entries = state["local_offsets"].as_array().unwrap();
    let offset_table = entries.iter().map(|entry| (queue(entry), entry["offset"].as_i64().unwrap())).collect();
    let mut local = LocalOffsets { offset_table };
    local.in_java_order();
    assert_eq!(local.encode(), text("offsets.json"));
}

#[test]
fn groups_are_read_as_they_were_written() {
    let state = state();
    let mut groups = SubscriptionGroups::decode("f", &text("subscriptionGroup.json")).unwrap();
    assert_eq!(json!(groups.data_version.counter), state["groups_version_counter"]);
    assert_eq!(groups.subscription_group_table.len(), object(&state["subscription_groups"]).len());
    for (name, expected) in object(&state["subscription_groups"]) {
        let group = &groups.subscription_group_table[name];
        let shown = json!({
            "groupName": group.group_name,
            "consumeEnable": group.consume_enable,
            "consumeFromMinEnable": group.consume_from_min_enable,
            "consumeBroadcastEnable": group.consume_broadcast_enable,
            "retryQueueNums": group.retry_queue_nums,
            "retryMaxTimes": group.retry_max_times,
            "brokerId": group.broker_id,
            "whichBrokerWhenConsumeSlowly": group.which_broker_when_consume_slowly,
            "notifyConsumerIdsChangedEnable": group.notify_consumer_ids_changed_enable,
        });
        assert_eq!(shown, *expected, "{name}");
    }
    groups.subscription_group_table.sort_keys();
    groups.in_java_order();
    assert_eq!(groups.encode(), text("subscriptionGroup.json"));
}

fn table_of_numbers(numbers: &IndexMap<i32, i64>) -> Value {
    Value::Object(numbers.iter().map(|(key, value)| (key.to_string(), json!(value))).collect())
}

fn read(kind: &str, text: &str) -> Result<Value, ConfigError> {
    Ok(match kind {
        "decode_consumer_offset" => {
            let offsets = ConsumerOffsets::decode("f", text)?.offset_table;
            let entry = |(key, queues): (&String, &IndexMap<i32, i64>)| (key.clone(), table_of_numbers(queues));
            json!({"table": offsets.map(|table| Value::Object(table.iter().map(entry).collect()))})
        }
        "decode_delay_offset" => json!({"table": table_of_numbers(&DelayOffsets::decode("f", text)?.offset_table)}),
        "decode_topics" => {
            let topics = Topics::decode("f", text)?;
            let entry = |(name, topic): (&String, &TopicSettings)| {
                let shown = json!({
                    "topicName": topic.topic_name, "read": topic.read_queue_nums, "write": topic.write_queue_nums,
                    "perm": topic.perm, "order": topic.order,
                    "filter": topic.topic_filter_type.map(TopicFilterType::name),
                });
                (name.clone(), shown)
            };
            let table: Map<String, Value> = topics.topic_config_table.iter().map(entry).collect();
            json!({"table": table, "counter": topics.data_version.counter})
        }
        "decode_subscription_group" => {
            let groups = SubscriptionGroups::decode("f", text)?;
            json!({"counter": groups.data_version.counter})
        }
        "decode_local_offsets" => json!({"table": LocalOffsets::decode("f", text)?.offset_table.len()}),
        other => panic!("unknown kind {other}"),
    })
}

#[test]
fn other_texts_are_read_as_the_real_readers_read_them() {
    let vectors = text("decode.jsonl");
    let mut seen = 0;
    for line in vectors.lines().filter(|line| !line.is_empty()) {
        let vector: Value = serde_json::from_str(line).unwrap();
        let result = read(vector["kind"].as_str().unwrap(), vector["text"].as_str().unwrap());
        match (result, &vector["error"]) {
            (Ok(read), Value::Null) => {
                for (key, value) in object(&read) {
                    assert_eq!(*value, vector[key], "{line}");
                }
            }
            (Err(_), Value::String(_)) => {}
            (result, error) => panic!("{line}\nexpected error {error}, got {result:?}"),
        }
        seen += 1;
    }
    assert!(seen >= 20, "{seen} vectors");
}

#[test]
fn a_file_as_people_edit_it_is_read_as_fastjson_reads_it() {
    let offsets = |text: &str| ConsumerOffsets::decode("f", text).map(|offsets| offsets.offset_table.unwrap());
    let expected = IndexMap::from([("T@G".to_owned(), IndexMap::from([(0, 5), (1, 6)]))]);
    for text in [
        "{'offsetTable':{'T@G':{'0':5,'1':6}}}",
        "{offsetTable:{\"T@G\":{0:5,1:6,},},}",
        "{,,\"x\":[1,,2,],,\"offsetTable\":{,\"T@G\":{0:5 1:6}}}",
        "\u{feff}/* who */{ // what\n\"offsetTable\":{\"T@G\":{0:5L,1:6.0e0}}}",
        "{\"offsetTable\":{},\"offsetTable\":{\"T\\u0040G\":{0:1,1:6,0:5}}}",
        "{\"offsetTable\":{\"T@G\":{0:1},\"T@G\":{\"0\":\"5\",1:\"6.00\"}}}",
    ] {
        assert_eq!(offsets(text).unwrap(), expected, "{text}");
    }
    for text in ["", "  \n", "null", "[]", "{}"] {
        assert!(offsets(text).unwrap().is_empty(), "{text:?}");
    }
    for text in ["{\"offsetTable\":{1:{0:5}}}", "{\"offsetTable\":{\"T@G\":{0:5,,1:6}}}", "{} {}", "[1]"] {
        assert!(offsets(text).is_err(), "{text}");
    }
    let local =
        LocalOffsets::decode("f", "{\"offsetTable\":{\"{\\\"topic\\\":\\\"T\\\",\\\"queueId\\\":3}\":4}}").unwrap();
    let queue = MessageQueue { topic: Some("T".into()), broker_name: None, queue_id: 3 };
    assert_eq!(local.offset_table, IndexMap::from([(queue, 4)]));
}

#[test]
fn errors_say_where_and_what() {
    let topics = |text: &str| Topics::decode("topics.json", text).unwrap_err().to_string();
    for (text, expected) in [
        (
            "{\n  \"topicConfigTable\": [1]\n}",
            "topics.json:2:23: topicConfigTable: expected an object, found a list of 1",
        ),
        (
            "{\"topicConfigTable\":{\"Ä\":{\"perm\":\"six\"}}}",
            "topics.json:1:34: topicConfigTable.Ä.perm: expected a whole number of 32 bits, found text \"six\"",
        ),
        ("{\"topicConfigTable\":{\"A\":", "topics.json:1:26: expected a value, found the end of the file"),
        ("{\"a\":\"\n", "topics.json:1:6: expected a text with an end, found the end of the file"),
        ("hello there", "topics.json:1:1: expected a value, found \"hello\""),
        ("{\"a\" 1}", "topics.json:1:6: expected `:`, found \"1\""),
        ("{}}", "topics.json:1:3: expected the end of the file, found \"}\""),
        (
            "{\"topicConfigTable\":{\"A\":{\"readQueueNums\":3000000000}}}",
            "topics.json:1:43: topicConfigTable.A.readQueueNums: expected a whole number of 32 bits, found number \
             3000000000",
        ),
        ("{\"dataVersion\":7}", "topics.json:1:16: dataVersion: expected an object, found number 7"),
    ] {
        assert_eq!(topics(text), expected);
    }
    let error = utf8("topics.json", b"{\n\"\xff\"").unwrap_err();
    assert_eq!(error.to_string(), "topics.json:2:2: not UTF-8: byte 0xff");
    assert_eq!(error.offset, 3);
    let deep = "[".repeat(1_000_000);
    let error = Topics::decode("f", &format!("{{\"x\":{deep}")).unwrap_err();
    assert_eq!(error.problem, Problem::TooDeep { most: 100 });
    let wide = Topics::decode("f", &format!("{{\"x\":[{}", "1,".repeat(9_000_000))).unwrap_err();
    assert_eq!(wide.problem, Problem::TooLarge { most: 8_000_000, of: "values" });
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z%|_-][a-zA-Z0-9%|_-]{0,20}", any::<String>()]
}

fn any_topics() -> impl Strategy<Value = Topics> {
    let topic = (any::<i32>(), any::<i32>(), any::<i32>(), any::<i32>(), any::<bool>(), any::<Option<bool>>());
    let topic = (proptest::option::of(any_name()), topic).prop_map(
        |(topic_name, (read_queue_nums, write_queue_nums, perm, topic_sys_flag, order, kind))| TopicSettings {
            topic_name,
            read_queue_nums,
            write_queue_nums,
            perm,
            topic_filter_type: Some(match kind {
                Some(true) => TopicFilterType::MultiTag,
                _ => TopicFilterType::SingleTag,
            }),
            topic_sys_flag,
            order,
        },
    );
    let table = proptest::collection::vec((any_name(), topic), 0..20);
    (any::<i64>(), any::<i64>(), table).prop_map(|(counter, timestamp, table)| Topics {
        data_version: Version { counter, timestamp },
        topic_config_table: table.into_iter().collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read_again(topics in any_topics(), names in proptest::collection::vec(any_name(), 0..9)) {
        prop_assert_eq!(&Topics::decode("f", &topics.encode()).unwrap(), &topics);
        let mut ordered = topics.clone();
        ordered.in_java_order();
        prop_assert_eq!(ordered.topic_config_table, topics.topic_config_table, "the same entries");

        let group = |name: &String| (name.clone(), SubscriptionGroupConfig {
            group_name: Some(name.clone()), broker_id: name.len() as i64, ..SubscriptionGroupConfig::default()
        });
        let groups = SubscriptionGroups {
            data_version: Version::default(), subscription_group_table: names.iter().map(group).collect(),
        };
        prop_assert_eq!(&SubscriptionGroups::decode("f", &groups.encode()).unwrap(), &groups);

        let queues = |name: &String| -> IndexMap<i32, i64> {
            name.bytes().enumerate().map(|(at, byte)| (at as i32 - 2, i64::from(byte) << (at % 50))).collect()
        };
        let offsets = ConsumerOffsets {
            offset_table: Some(names.iter().map(|name| (name.clone(), queues(name))).collect()),
        };
        prop_assert_eq!(&ConsumerOffsets::decode("f", &offsets.encode()).unwrap(), &offsets);

        let queue = |name: &String| MessageQueue {
            topic: Some(name.clone()), broker_name: Some("b".into()), queue_id: name.len() as i32,
        };
        let local = LocalOffsets { offset_table: names.iter().map(|name| (queue(name), 7)).collect() };
        prop_assert_eq!(&LocalOffsets::decode("f", &local.encode()).unwrap(), &local);
    }

    #[test]
    fn no_text_makes_a_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        soup in "[{}\\[\\]:,\"'\\\\/*a0-9.eE+-]{0,60}",
        cut in 0_usize..3000,
        flips in proptest::collection::vec((0_usize..3000, any::<u8>()), 0..4),
    ) {
        let mut broken = std::fs::read(folder().join("topics.json")).unwrap();
        broken.truncate(cut);
        for (at, byte) in flips {
            if let Some(target) = broken.get_mut(at) {
                *target = byte;
            }
        }
        for bytes in [&bytes[..], soup.as_bytes(), &broken] {
            let Ok(text) = utf8("f", bytes) else { continue };
            let errors = [
                Topics::decode("f", text).err(),
                SubscriptionGroups::decode("f", text).err(),
                ConsumerOffsets::decode("f", text).err(),
                DelayOffsets::decode("f", text).err(),
                LocalOffsets::decode("f", text).err(),
            ];
            for error in errors.into_iter().flatten() {
                prop_assert!(error.offset <= text.len() && error.line >= 1 && error.column >= 1, "{}", error);
            }
        }
    }

    #[test]
    fn a_truncated_file_is_an_error(cut in 1_usize..2000) {
        let text = text("topics.json");
        let cut = cut.min(text.len() - 1);
        prop_assert!(Topics::decode("f", &text[..cut]).is_err());
    }
}
