//! The JSON files of a broker's `config` folder.

use indexmap::IndexMap;

use super::records::millis;
use crate::run::image::BrokerImage;
use crate::scenario::plan::{Plan, TopicRole};
use crate::store::disk::config::{
    ConsumerOffsets, DelayOffsets, SubscriptionGroupConfig, SubscriptionGroups, TopicSettings, Topics, Version,
};
use crate::store::ids::TopicIx;

/// The group under which the check of half messages keeps its offsets (`MixAll#CID_RMQ_SYS_TRANS`).
const TRANSACTION_GROUP: &str = "CID_RMQ_SYS_TRANS";

/// Names and texts.
pub(super) fn files(plan: &Plan, broker: &BrokerImage) -> Vec<(&'static str, String)> {
    vec![
        ("topics.json", topics(plan, broker)),
        ("subscriptionGroup.json", groups(plan)),
        ("consumerOffset.json", offsets(plan, broker)),
        ("delayOffset.json", delay_offsets(broker)),
    ]
}

fn topics(plan: &Plan, broker: &BrokerImage) -> String {
    let (changes, at) = broker.topics_version;
    let settings = |(topic, config): &(TopicIx, crate::store::topic_table::TopicConfig)| {
        let name = plan.topics[topic.at()].name.clone();
        let settings = TopicSettings {
            topic_name: Some(name.clone()),
            read_queue_nums: config.read_queue_nums as i32,
            write_queue_nums: config.write_queue_nums as i32,
            perm: i32::from(config.perm.0),
            ..TopicSettings::default()
        };
        (name, settings)
    };
    let mut topics = Topics {
        data_version: Version { counter: changes as i64, timestamp: millis(at) },
        topic_config_table: broker.topics.iter().map(settings).collect(),
    };
    topics.in_java_order();
    topics.encode()
}

fn groups(plan: &Plan) -> String {
    let group = |group: &crate::scenario::plan::GroupPlan| {
        let name = group.broadcasting.as_ref().unwrap_or(&group.name).clone();
        let config = SubscriptionGroupConfig {
            group_name: Some(name.clone()),
            retry_max_times: group.retry_max_times as i32,
            retry_queue_nums: group.retry_queue_nums as i32,
            ..SubscriptionGroupConfig::default()
        };
        (name, config)
    };
    let mut groups = SubscriptionGroups {
        data_version: Version::default(),
        subscription_group_table: plan.groups.iter().map(group).collect(),
    };
    groups.in_java_order();
    groups.encode()
}

fn offsets(plan: &Plan, broker: &BrokerImage) -> String {
    let mut table: IndexMap<String, IndexMap<i32, i64>> = IndexMap::new();
    for (group, queue, offset) in &broker.offsets {
        let group = &plan.groups[group.at()];
        if group.broadcasting.is_some() {
            continue;
        }
        let key = &plan.queues[queue.at()];
        let name = format!("{}@{}", plan.topics[key.topic.at()].name, group.name);
        table.entry(name).or_default().insert(key.queue_id as i32, *offset as i64);
    }
    let (half, op) = broker.transaction_offsets;
    for (role, offset) in [(TopicRole::Half, half), (TopicRole::Op, op)] {
        if let Some(topic) = plan.topics.iter().find(|topic| topic.role == role) {
            table.entry(format!("{}@{TRANSACTION_GROUP}", topic.name)).or_default().insert(0, offset as i64);
        }
    }
    let mut offsets = ConsumerOffsets { offset_table: Some(table) };
    offsets.in_java_order();
    offsets.encode()
}

fn delay_offsets(broker: &BrokerImage) -> String {
    let table = broker.delay_offsets.iter().filter(|(_, offset)| *offset > 0);
    let mut offsets = DelayOffsets { offset_table: table.map(|(level, offset)| (*level, *offset as i64)).collect() };
    offsets.in_java_order();
    offsets.encode()
}
