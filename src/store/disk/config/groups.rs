//! `subscriptionGroup.json` (`SubscriptionGroupManager`).

use indexmap::IndexMap;

use super::error::{ConfigError, Fault};
use super::order::java_order;
use super::pretty::Pretty;
use super::text::parse;
use super::topics::{Version, table_of};
use super::tree::{Entry, Node, field};
use crate::kernel::java::string_hash;

/// Buckets of `SubscriptionGroupManager#subscriptionGroupTable`, made for 1024.
const BUCKETS: usize = 2048;

/// What a broker is told about a consumer group (`SubscriptionGroupConfig`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionGroupConfig {
    /// `groupName`.
    pub group_name: Option<String>,
    /// `consumeEnable`: whether its pulls are answered.
    pub consume_enable: bool,
    /// `consumeFromMinEnable`; no logic of the broker reads it.
    pub consume_from_min_enable: bool,
    /// `consumeBroadcastEnable`: whether it may consume in broadcasting mode.
    pub consume_broadcast_enable: bool,
    /// `retryQueueNums`: queues of its retry topic.
    pub retry_queue_nums: i32,
    /// `retryMaxTimes`: attempts before the dead-letter queue.
    pub retry_max_times: i32,
    /// `brokerId`: the broker of the set that it reads from.
    pub broker_id: i64,
    /// `whichBrokerWhenConsumeSlowly`: the broker that it is sent to when it lags.
    pub which_broker_when_consume_slowly: i64,
    /// `notifyConsumerIdsChangedEnable`.
    pub notify_consumer_ids_changed_enable: bool,
}

impl Default for SubscriptionGroupConfig {
    fn default() -> Self {
        Self {
            group_name: None,
            consume_enable: true,
            consume_from_min_enable: true,
            consume_broadcast_enable: true,
            retry_queue_nums: 1,
            retry_max_times: 16,
            broker_id: 0,
            which_broker_when_consume_slowly: 1,
            notify_consumer_ids_changed_enable: true,
        }
    }
}

impl SubscriptionGroupConfig {
    fn decode(node: &Node<'_>, what: &str) -> Result<Self, Fault> {
        // A null value is no entry of a ConcurrentHashMap.
        let Some(fields) = node.bean(what)? else { return Err(node.wrong(what, "a group")) };
        let bool = |name: &str, or: bool| -> Result<bool, Fault> {
            let value = field(fields, name).map(|node| node.bool(&format!("{what}.{name}"))).transpose()?;
            Ok(value.flatten().unwrap_or(or))
        };
        let int = |name: &str, or: i32| -> Result<i32, Fault> {
            let value = field(fields, name).map(|node| node.int(&format!("{what}.{name}"))).transpose()?;
            Ok(value.flatten().unwrap_or(or))
        };
        let long = |name: &str, or: i64| -> Result<i64, Fault> {
            let value = field(fields, name).map(|node| node.long(&format!("{what}.{name}"))).transpose()?;
            Ok(value.flatten().unwrap_or(or))
        };
        let usual = Self::default();
        let name = field(fields, "groupName").map(|node| node.text(&format!("{what}.groupName"))).transpose()?;
        Ok(Self {
            group_name: name.flatten(),
            consume_enable: bool("consumeEnable", usual.consume_enable)?,
            consume_from_min_enable: bool("consumeFromMinEnable", usual.consume_from_min_enable)?,
            consume_broadcast_enable: bool("consumeBroadcastEnable", usual.consume_broadcast_enable)?,
            retry_queue_nums: int("retryQueueNums", usual.retry_queue_nums)?,
            retry_max_times: int("retryMaxTimes", usual.retry_max_times)?,
            broker_id: long("brokerId", usual.broker_id)?,
            which_broker_when_consume_slowly: long(
                "whichBrokerWhenConsumeSlowly",
                usual.which_broker_when_consume_slowly,
            )?,
            notify_consumer_ids_changed_enable: bool(
                "notifyConsumerIdsChangedEnable",
                usual.notify_consumer_ids_changed_enable,
            )?,
        })
    }

    fn encode(&self, pretty: &mut Pretty) {
        pretty.object(|group| {
            group.key("brokerId").number(self.broker_id);
            group.key("consumeBroadcastEnable").bool(self.consume_broadcast_enable);
            group.key("consumeEnable").bool(self.consume_enable);
            group.key("consumeFromMinEnable").bool(self.consume_from_min_enable);
            if let Some(name) = &self.group_name {
                group.key("groupName").quoted(name);
            }
            group.key("notifyConsumerIdsChangedEnable").bool(self.notify_consumer_ids_changed_enable);
            group.key("retryMaxTimes").number(self.retry_max_times.into());
            group.key("retryQueueNums").number(self.retry_queue_nums.into());
            group.key("whichBrokerWhenConsumeSlowly").number(self.which_broker_when_consume_slowly);
        });
    }
}

/// `subscriptionGroup.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionGroups {
    /// `dataVersion`.
    pub data_version: Version,
    /// `subscriptionGroupTable`, in the order of the file.
    pub subscription_group_table: IndexMap<String, SubscriptionGroupConfig>,
}

impl SubscriptionGroups {
    /// Name of the table in the file.
    pub const TABLE: &'static str = "subscriptionGroupTable";

    /// Reads a file; `file` is its name for errors (`SubscriptionGroupManager#decode`).
    ///
    /// # Errors
    /// The first place at which the text is not such a file.
    pub fn decode(file: &str, text: &str) -> Result<Self, ConfigError> {
        parse(text).and_then(|node| Self::from_node(&node)).map_err(|fault| fault.in_file(file, text))
    }

    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        let Some(fields) = node.bean("the file")? else { return Ok(Self::default()) };
        let data_version = Version::decode(field(fields, "dataVersion"))?;
        let mut subscription_group_table = IndexMap::new();
        for Entry { key, value } in table_of(fields, Self::TABLE)? {
            let name = key.text_key(Self::TABLE)?;
            let group = SubscriptionGroupConfig::decode(value, &format!("{}.{name}", Self::TABLE))?;
            subscription_group_table.insert(name.to_owned(), group);
        }
        Ok(Self { data_version, subscription_group_table })
    }

    /// The text of the file (`SubscriptionGroupManager#encode`).
    #[must_use]
    pub fn encode(&self) -> String {
        Pretty::file(|file| {
            self.data_version.encode(file);
            file.key(Self::TABLE).object(|table| {
                for (name, group) in &self.subscription_group_table {
                    group.encode(table.key(name));
                }
            });
        })
    }

    /// Puts the groups into the order in which the broker's map writes them.
    pub fn in_java_order(&mut self) {
        let mut entries: Vec<_> = std::mem::take(&mut self.subscription_group_table).into_iter().collect();
        java_order(&mut entries, BUCKETS, |(name, _)| string_hash(name));
        self.subscription_group_table.extend(entries);
    }
}
