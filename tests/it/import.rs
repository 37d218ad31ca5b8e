//! `rocketmq-sim import`: configuration files of real brokers become scenarios that hold, or are refused with a reason.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use assert_cmd::Command;
use indexmap::IndexMap;
use proptest::prelude::*;
use rocketmq_sim::kernel::time::SimDuration;
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::import::{BrokerFiles, ImportError, import};
use rocketmq_sim::scenario::plan::StoredOffset;
use rocketmq_sim::scenario::{Overrides, Scenario};
use rocketmq_sim::store::disk::config::{
    ConsumerOffsets, SubscriptionGroupConfig, SubscriptionGroups, TopicSettings, Topics,
};

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config")
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn sim(folder: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rocketmq-sim"));
    let output = command.current_dir(folder).arg("import").args(args).env_remove("CLICOLOR_FORCE").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn read(text: &str) -> Scenario {
    Scenario::read("imported.yaml", text, &Overrides::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Runs a scenario up to a time.
fn run(text: &str, until: SimDuration) {
    let overrides = Overrides { until: Some(until), ..Overrides::default() };
    let scenario = Scenario::read("imported.yaml", text, &overrides).unwrap();
    simulate(&Arc::new(scenario.plan), &mut RunOptions::default()).expect("conserved");
}

fn topic(read: i32, write: i32, perm: i32) -> TopicSettings {
    TopicSettings { read_queue_nums: read, write_queue_nums: write, perm, ..TopicSettings::default() }
}

fn broker(name: &str, topics: &[(&str, TopicSettings)], offsets: &[(&str, &[(i32, i64)])]) -> BrokerFiles {
    let table = topics.iter().map(|(name, topic)| ((*name).to_owned(), topic.clone())).collect();
    let of_key = |(key, queues): &(&str, &[(i32, i64)])| ((*key).to_owned(), queues.iter().copied().collect());
    BrokerFiles {
        name: Some(name.to_owned()),
        topics: Topics { topic_config_table: table, ..Topics::default() },
        offsets: Some(ConsumerOffsets { offset_table: Some(offsets.iter().map(of_key).collect()) }),
        groups: None,
        sources: vec!["files".to_owned()],
    }
}

const FILES: [&str; 6] =
    ["--topics", "topics.json", "--offsets", "consumerOffset.json", "--groups", "subscriptionGroup.json"];

#[test]
fn the_files_of_a_real_broker_become_the_scenario_of_the_documentation() {
    let ran = sim(&config(), &FILES);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let plan = read(&ran.out).plan;
    let names: Vec<&str> = plan.topics.iter().map(|topic| topic.name.as_str()).collect();
    assert_eq!(names, ["MultiTag", "OrderTopic", "PayTopic"]);
    assert_eq!(plan.brokers.iter().map(|broker| broker.name.as_str()).collect::<Vec<_>>(), ["broker-a"]);
    let groups: Vec<&str> = plan.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(groups, ["CG_A", "CG_B"]);
    for left in ["SCHEDULE_TOPIC_XXXX", "%RETRY%CG_A", "TOOLS_CONSUMER"] {
        assert!(ran.out.contains(left), "{left} is named in a comment");
    }
    run(&ran.out, SimDuration::from_secs(8));
    let docs = std::fs::read_to_string(config().join("../../../docs/import.md")).unwrap();
    assert!(docs.contains(&format!("```yaml\n{}```\n", ran.out)), "docs/import.md is not current:\n{}", ran.out);
}

#[test]
fn brokers_that_differ_become_brokers_that_differ() {
    let a = broker("a", &[("t", topic(4, 4, 6)), ("only-a", topic(2, 2, 6)), ("a", topic(1, 1, 7))], &[]);
    let b = broker("b@x", &[("t", topic(8, 6, 6)), ("%odd|t", topic(3, 3, 4))], &[]);
    let made = import(&[a, b]).unwrap();
    let plan = read(&made.text).plan;
    let of = |name: &str| plan.topics.iter().find(|topic| topic.name == name).unwrap();
    assert_eq!(plan.topics.len(), 3, "the topic of the broker's own name is not one of them");
    assert_eq!((of("t").brokers.len(), of("only-a").brokers.len(), of("%odd|t").brokers.len()), (2, 1, 1));
    assert_eq!(of("t").brokers[1].read_queue_nums, 4);
    assert!(made.text.contains("setQueues: {topic: t, readQueueNums: 8, writeQueueNums: 6, brokers: [\"b@x\"]}"));
    assert!(made.text.contains("{topic: \"%odd|t\", readQueueNums: 3, writeQueueNums: 0, brokers: [\"b@x\"]}"));
    assert_eq!(plan.timeline.len(), 2);
    run(&made.text, SimDuration::from_secs(4));
}

#[test]
fn a_group_that_is_behind_another_has_that_backlog() {
    let offsets: [(&str, &[(i32, i64)]); 4] = [
        ("t@fast", &[(0, 1000), (1, 900)]),
        ("t@slow", &[(0, 400), (1, 700)]),
        ("t@other", &[(1, 890)]),
        ("%RETRY%slow@slow", &[(0, 17)]),
    ];
    let made = import(&[broker("a", &[("t", topic(2, 2, 6))], &offsets)]).unwrap();
    let plan = read(&made.text).plan;
    assert_eq!(plan.topics[0].preload.as_ref().unwrap().per_queue, 400, "800 messages in two queues");
    let stored: Vec<(&str, Option<StoredOffset>)> =
        plan.groups.iter().map(|group| (group.name.as_str(), group.stored_offset)).collect();
    let (beginning, end) = (Some(StoredOffset::Beginning), Some(StoredOffset::End));
    assert_eq!(stored, [("fast", end), ("other", end), ("slow", beginning)]);
    assert!(made.text.contains("at least 800 messages behind"), "{}", made.text);
    assert!(made.text.contains("its retry topic sum to 17"), "{}", made.text);
}

#[test]
fn an_endless_backlog_is_scaled_down() {
    let offsets: [(&str, &[(i32, i64)]); 2] = [("t@fast", &[(0, i64::MAX)]), ("t@slow", &[(0, 0)])];
    let made = import(&[broker("a", &[("t", topic(2, 2, 6))], &offsets)]).unwrap();
    assert_eq!(read(&made.text).plan.topics[0].preload.as_ref().unwrap().per_queue, 500_000);
    assert!(made.text.contains("of which only a part is stored here"));
}

#[test]
fn of_too_many_groups_those_that_consumed_most_stay() {
    let mut one = broker("a", &[("t", topic(2, 2, 6))], &[]);
    let entry = |number: i64| (format!("t@g{number}"), IndexMap::from([(0, number)]));
    one.offsets = Some(ConsumerOffsets { offset_table: Some((0..300).map(entry).collect()) });
    let plan = read(&import(&[one]).unwrap().text).plan;
    assert_eq!(plan.groups.len(), 250);
    assert!(plan.groups.iter().any(|group| group.name == "g50") && !plan.groups.iter().any(|g| g.name == "g49"));
}

#[test]
fn what_no_scenario_can_hold_is_refused() {
    let nothing = broker("a", &[("TBW102", topic(8, 8, 7)), ("closed", topic(8, 8, 0)), ("ü", topic(1, 1, 6))], &[]);
    assert_eq!(import(&[nothing]), Err(ImportError::NoTopics { system: 1, unusable: 2 }));
    let wide = broker("a", &[("t", topic(i32::MAX, 1, 6)), ("u", topic(1, 1, 6))], &[]);
    let refused = Err(ImportError::TooManyQueues { queues: i32::MAX as u64 + 1, most: 1_000_000 });
    assert_eq!(import(&[wide]), refused);
    let same = broker("a", &[("t", topic(1, 1, 6))], &[]);
    assert_eq!(import(&[same.clone(), same]), Err(ImportError::SameBroker("a".into())));
}

#[test]
fn several_brokers_come_by_name_or_by_folder() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("b/config")).unwrap();
    for file in ["topics.json", "consumerOffset.json", "subscriptionGroup.json"] {
        std::fs::copy(config().join(file), home.path().join("b/config").join(file)).unwrap();
        std::fs::copy(config().join(file), home.path().join(file)).unwrap();
    }
    let named = ["--topics", "x=topics.json", "--offsets", "x=consumerOffset.json", "--broker", "y=b"];
    let ran = sim(home.path(), &named);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let plan = read(&ran.out).plan;
    let names: Vec<&str> = plan.brokers.iter().map(|broker| broker.name.as_str()).collect();
    assert_eq!(names, ["x", "y"]);
    assert_eq!(plan.topics.iter().map(|topic| topic.brokers.len()).collect::<Vec<_>>(), [2, 2, 2]);

    let out = ["--broker", "b", "--out", "made.yaml"];
    let ran = sim(home.path(), &out);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("made.yaml: 3 topics, 2 groups, "), "{}", ran.out);
    let made = std::fs::read_to_string(home.path().join("made.yaml")).unwrap();
    read(&made);
    std::fs::write(home.path().join("made.yaml"), "mine").unwrap();
    let ran = sim(home.path(), &out);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("made.yaml exists already") && ran.err.contains("--force"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(home.path().join("made.yaml")).unwrap(), "mine");
    assert_eq!(sim(home.path(), &[&out[..], &["--force"]].concat()).code, 0);
    assert_eq!(std::fs::read_to_string(home.path().join("made.yaml")).unwrap(), made);
}

#[test]
fn bad_input_is_one_error_with_file_and_place() {
    let home = tempfile::tempdir().unwrap();
    let good = std::fs::read(config().join("topics.json")).unwrap();
    let files: [(&str, &[u8]); 8] = [
        ("topics.json", &good),
        ("empty.json", b""),
        ("blank.json", b" \n"),
        ("cut.json", &good[..200]),
        ("latin.json", b"{\n\"topicConfigTable\":{\"\xe4\":{}}}"),
        ("yaml.json", b"topics: [a]\n"),
        ("deep.json", &[b'['; 100_000]),
        ("types.json", b"{\"topicConfigTable\":{\"A\":{\"perm\":[6]}}}"),
    ];
    for (name, bytes) in files {
        std::fs::write(home.path().join(name), bytes).unwrap();
    }
    std::fs::create_dir(home.path().join("folder")).unwrap();
    for (args, expected) in [
        ("--topics empty.json", "empty.json:1:1: the file is empty"),
        ("--topics blank.json", "blank.json:1:1: expected an object with `topicConfigTable`"),
        ("--topics cut.json", "cut.json:11:22: expected a text with an end, found the end of the file"),
        ("--topics latin.json", "latin.json:2:22: not UTF-8: byte 0xe4"),
        ("--topics yaml.json", "yaml.json:1:1: expected a value, found \"topics\""),
        ("--topics deep.json", "deep.json:1:101: more than 100 values inside each other"),
        ("--topics types.json", "types.json:1:34: topicConfigTable.A.perm: expected a whole number of 32 bits"),
        ("--topics folder", "folder is a folder"),
        ("--topics nothing.json", "cannot read nothing.json: no such file"),
        ("--topics topics.json --offsets topics.json", "topics.json:1:1: expected an object with `offsetTable`"),
        ("--topics topics.json --groups yaml.json", "yaml.json:1:1: expected a value"),
        ("--topics topics.json --topics topics.json", "--topics is given twice"),
        ("--topics a=topics.json --offsets b=topics.json", "b has no topics.json"),
        ("--topics a=topics.json --offsets topics.json", "with several brokers each file needs the name"),
        ("--broker folder", "folder has neither topics.json nor config/topics.json"),
        ("--broker nowhere", "nowhere does not exist"),
        ("--topics a:b=topics.json", "cannot be a broker name"),
        ("--offsets topics.json", "required arguments"),
    ] {
        let ran = sim(home.path(), &args.split(' ').collect::<Vec<_>>());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args}: {}", ran.err);
        assert!(ran.err.contains(expected), "{args}: {}", ran.err);
        assert!(!ran.err.contains("internal error"), "{}", ran.err);
    }
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-zA-Z0-9%|_-]{1,12}",
        2 => prop::sample::select(vec!["TBW102", "b", "true", "null", "~", "1e3", "%RETRY%g", "%DLQ%g", "RMQ_SYS_X", "C",
            "C_REPLY_TOPIC", "TOOLS_CONSUMER", "topic", "-", "a: b", "#"]).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "a{120,140}",
    ]
}

fn any_topic() -> impl Strategy<Value = TopicSettings> {
    let count = || prop_oneof![8 => 1_i32..40, 1 => -3_i32..2, 1 => 1000_i32..2000];
    (count(), count(), prop_oneof![Just(6), 0_i32..8, any::<i32>()], any::<bool>())
        .prop_map(|(read, write, perm, order)| TopicSettings { order, ..topic(read, write, perm) })
}

fn any_group() -> impl Strategy<Value = SubscriptionGroupConfig> {
    (any::<[bool; 4]>(), prop_oneof![0_i32..20, any::<i32>()], -1_i32..9, any::<i64>()).prop_map(
        |(flags, retry_max_times, retry_queue_nums, broker_id)| SubscriptionGroupConfig {
            group_name: None,
            consume_enable: flags[0],
            consume_from_min_enable: flags[1],
            consume_broadcast_enable: flags[2],
            retry_queue_nums,
            retry_max_times,
            broker_id,
            which_broker_when_consume_slowly: 1,
            notify_consumer_ids_changed_enable: flags[3],
        },
    )
}

fn any_broker() -> impl Strategy<Value = BrokerFiles> {
    let topics = prop::collection::vec((any_name(), any_topic()), 0..12);
    let groups = prop::collection::vec((any_name(), any_group()), 0..6);
    let offset = prop_oneof![0_i64..500, any::<i64>()];
    let queues = prop::collection::vec((-1_i32..9, offset), 0..6);
    let offsets = prop::collection::vec((any::<prop::sample::Index>(), any_name(), queues), 0..10);
    (topics, groups, offsets, prop::collection::vec(any_name(), 0..2)).prop_map(|(topics, groups, offsets, loose)| {
        let topic_config_table: IndexMap<String, TopicSettings> = topics.into_iter().collect();
        let mut table: IndexMap<String, IndexMap<i32, i64>> = IndexMap::new();
        for (which, group, queues) in offsets {
            if topic_config_table.is_empty() {
                break;
            }
            let (topic, _) = topic_config_table.get_index(which.index(topic_config_table.len())).unwrap();
            table.insert(format!("{topic}@{group}"), queues.into_iter().collect());
        }
        table.extend(loose.into_iter().map(|name| (name, IndexMap::new())));
        BrokerFiles {
            name: None,
            topics: Topics { topic_config_table, ..Topics::default() },
            offsets: Some(ConsumerOffsets { offset_table: Some(table) }),
            groups: Some(SubscriptionGroups {
                subscription_group_table: groups.into_iter().collect(),
                ..SubscriptionGroups::default()
            }),
            sources: vec!["a\nfile: #{".to_owned()],
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_configuration_becomes_a_valid_scenario(mut brokers in prop::collection::vec(any_broker(), 1..4)) {
        if brokers.len() > 1 {
            for (number, broker) in brokers.iter_mut().enumerate() {
                broker.name = Some(["b", "east@b", "#'x\""][number].to_owned());
            }
        }
        match import(&brokers) {
            Err(ImportError::NoTopics { .. }) => {}
            Err(error) => prop_assert!(false, "{}", error),
            Ok(made) => {
                let plan = read(&made.text).plan;
                prop_assert_eq!((plan.topics.len(), plan.groups.len()), (made.topics, made.groups));
                prop_assert_eq!(plan.brokers.len(), brokers.len());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn imported_scenarios_run(mut one in any_broker()) {
        // Backlogs of a million messages are for patient machines.
        for queues in one.offsets.iter_mut().flat_map(|offsets| offsets.offset_table.iter_mut()).flat_map(|t| t.values_mut()) {
            queues.values_mut().for_each(|offset| *offset = offset.rem_euclid(500));
        }
        if let Ok(made) = import(&[one]) {
            run(&made.text, SimDuration::from_secs(4));
        }
    }
}
