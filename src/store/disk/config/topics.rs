//! `topics.json` (`TopicConfigManager`, `TopicConfigSerializeWrapper`).

use indexmap::IndexMap;

use super::error::{ConfigError, Fault};
use super::order::java_order;
use super::pretty::Pretty;
use super::text::parse;
use super::tree::{Entry, Node, field};
use crate::kernel::java::string_hash;

/// Buckets of `TopicConfigManager#topicConfigTable`, made for 1024.
const BUCKETS: usize = 2048;

/// `DataVersion`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Number of changes.
    pub counter: i64,
    /// When the last one was made, in milliseconds since 1970.
    pub timestamp: i64,
}

impl Version {
    pub(super) fn decode(node: Option<&Node<'_>>) -> Result<Self, Fault> {
        let Some(node) = node else { return Ok(Self::default()) };
        // `DataVersion#assignNewOne` is called with whatever was read.
        let Some(fields) = node.bean("dataVersion")? else { return Err(node.wrong("dataVersion", "an object")) };
        let long = |name: &str| -> Result<i64, Fault> {
            let number = field(fields, name).map(|node| node.long(&format!("dataVersion.{name}"))).transpose()?;
            Ok(number.flatten().unwrap_or_default())
        };
        Ok(Self { counter: long("counter")?, timestamp: long("timestamp")? })
    }

    pub(super) fn encode(self, pretty: &mut Pretty) {
        pretty.key("dataVersion").object(|version| {
            version.key("counter").number(self.counter);
            version.key("timestamp").number(self.timestamp);
        });
    }
}

/// `TopicFilterType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicFilterType {
    /// A message has one tag.
    SingleTag,
    /// A message may have several.
    MultiTag,
}

impl TopicFilterType {
    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SingleTag => "SINGLE_TAG",
            Self::MultiTag => "MULTI_TAG",
        }
    }
}

/// A topic as the file has it (`TopicConfig`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSettings {
    /// `topicName`. The broker looks a topic up by the key of the table, not by this.
    pub topic_name: Option<String>,
    /// `readQueueNums`.
    pub read_queue_nums: i32,
    /// `writeQueueNums`.
    pub write_queue_nums: i32,
    /// `perm`: 4 read, 2 write, 1 inherit.
    pub perm: i32,
    /// `topicFilterType`; none when the file says null or something unknown.
    pub topic_filter_type: Option<TopicFilterType>,
    /// `topicSysFlag`.
    pub topic_sys_flag: i32,
    /// `order`.
    pub order: bool,
}

impl Default for TopicSettings {
    /// As a `TopicConfig` is made: 16 queues, read and write.
    fn default() -> Self {
        Self {
            topic_name: None,
            read_queue_nums: 16,
            write_queue_nums: 16,
            perm: 6,
            topic_filter_type: Some(TopicFilterType::SingleTag),
            topic_sys_flag: 0,
            order: false,
        }
    }
}

impl TopicSettings {
    fn decode(node: &Node<'_>, what: &str) -> Result<Self, Fault> {
        // A null value is no entry of a ConcurrentHashMap.
        let Some(fields) = node.bean(what)? else { return Err(node.wrong(what, "a topic")) };
        let mut topic = Self::default();
        let int = |name: &str, target: &mut i32| -> Result<(), Fault> {
            if let Some(number) = field(fields, name).map(|node| node.int(&format!("{what}.{name}"))).transpose()? {
                *target = number.unwrap_or(*target);
            }
            Ok(())
        };
        int("readQueueNums", &mut topic.read_queue_nums)?;
        int("writeQueueNums", &mut topic.write_queue_nums)?;
        int("perm", &mut topic.perm)?;
        int("topicSysFlag", &mut topic.topic_sys_flag)?;
        if let Some(node) = field(fields, "topicName") {
            topic.topic_name = node.text(&format!("{what}.topicName"))?;
        }
        if let Some(node) = field(fields, "order") {
            topic.order = node.bool(&format!("{what}.order"))?.unwrap_or(topic.order);
        }
        if let Some(node) = field(fields, "topicFilterType") {
            let what = format!("{what}.topicFilterType");
            // An enum by its ordinal or its name; an unknown name is null (`EnumDeserializer`).
            topic.topic_filter_type = if node.is_number() {
                match node.int(&what)? {
                    Some(0) => Some(TopicFilterType::SingleTag),
                    Some(1) => Some(TopicFilterType::MultiTag),
                    _ => return Err(node.wrong(&what, "SINGLE_TAG or MULTI_TAG")),
                }
            } else {
                let name = node.text(&what)?;
                [TopicFilterType::SingleTag, TopicFilterType::MultiTag]
                    .into_iter()
                    .find(|kind| name.as_deref() == Some(kind.name()))
            };
        }
        Ok(topic)
    }

    fn encode(&self, pretty: &mut Pretty) {
        pretty.object(|topic| {
            topic.key("order").bool(self.order);
            topic.key("perm").number(self.perm.into());
            topic.key("readQueueNums").number(self.read_queue_nums.into());
            if let Some(kind) = self.topic_filter_type {
                topic.key("topicFilterType").quoted(kind.name());
            }
            if let Some(name) = &self.topic_name {
                topic.key("topicName").quoted(name);
            }
            topic.key("topicSysFlag").number(self.topic_sys_flag.into());
            topic.key("writeQueueNums").number(self.write_queue_nums.into());
        });
    }
}

/// `topics.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    /// `dataVersion`.
    pub data_version: Version,
    /// `topicConfigTable`, in the order of the file.
    pub topic_config_table: IndexMap<String, TopicSettings>,
}

impl Topics {
    /// Name of the table in the file.
    pub const TABLE: &'static str = "topicConfigTable";

    /// Reads a file; `file` is its name for errors (`TopicConfigManager#decode`).
    ///
    /// # Errors
    /// The first place at which the text is not such a file.
    pub fn decode(file: &str, text: &str) -> Result<Self, ConfigError> {
        parse(text).and_then(|node| Self::from_node(&node)).map_err(|fault| fault.in_file(file, text))
    }

    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        let Some(fields) = node.bean("the file")? else { return Ok(Self::default()) };
        let data_version = Version::decode(field(fields, "dataVersion"))?;
        let mut topic_config_table = IndexMap::new();
        for Entry { key, value } in table_of(fields, Self::TABLE)? {
            let name = key.text_key(Self::TABLE)?;
            let topic = TopicSettings::decode(value, &format!("{}.{name}", Self::TABLE))?;
            topic_config_table.insert(name.to_owned(), topic);
        }
        Ok(Self { data_version, topic_config_table })
    }

    /// The text of the file (`TopicConfigManager#encode`).
    #[must_use]
    pub fn encode(&self) -> String {
        Pretty::file(|file| {
            self.data_version.encode(file);
            file.key(Self::TABLE).object(|table| {
                for (name, topic) in &self.topic_config_table {
                    topic.encode(table.key(name));
                }
            });
        })
    }

    /// Puts the topics into the order in which the broker's map writes them.
    pub fn in_java_order(&mut self) {
        let mut entries: Vec<_> = std::mem::take(&mut self.topic_config_table).into_iter().collect();
        java_order(&mut entries, BUCKETS, |(name, _)| string_hash(name));
        self.topic_config_table.extend(entries);
    }
}

/// The entries of a table, none when the file does not have it; a null table breaks the real reader (`putAll(null)`).
pub(super) fn table_of<'n, 'a>(fields: &'n [Entry<'a>], name: &str) -> Result<&'n [Entry<'a>], Fault> {
    match field(fields, name) {
        None => Ok(&[]),
        Some(node) => node.table(name)?.ok_or_else(|| node.wrong(name, "an object")),
    }
}
