//! `consumerOffset.json` (`ConsumerOffsetManager`) and `delayOffset.json` (`ScheduleMessageService`).

use indexmap::IndexMap;

use super::error::{ConfigError, Fault};
use super::order::java_order;
use super::pretty::Pretty;
use super::text::parse;
use super::topics::table_of;
use super::tree::{Entry, Node, field};
use crate::kernel::java::string_hash;

/// Name of the table in both files.
const TABLE: &str = "offsetTable";
/// Buckets of `ConsumerOffsetManager#offsetTable`, made for 512.
const BUCKETS: usize = 1024;
/// Buckets of a group's offsets of a topic and of `ScheduleMessageService#offsetTable`, made for 32.
const QUEUE_BUCKETS: usize = 64;

/// `consumerOffset.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerOffsets {
    /// `offsetTable`: by `topic@group` ([`split_key`]) the committed offset of each queue, in the order of the file.
    /// None when the file says null; the real broker then has no table at all.
    pub offset_table: Option<IndexMap<String, IndexMap<i32, i64>>>,
}

impl Default for ConsumerOffsets {
    fn default() -> Self {
        Self { offset_table: Some(IndexMap::new()) }
    }
}

/// Topic and group of a key of [`ConsumerOffsets::offset_table`]; none for what the broker passes over
/// (`ConsumerOffsetManager#whichTopicByConsumer`).
#[must_use]
pub fn split_key(key: &str) -> Option<(&str, &str)> {
    let (topic, group) = key.split_once('@')?;
    (!group.is_empty() && !group.contains('@')).then_some((topic, group))
}

impl ConsumerOffsets {
    /// Reads a file; `file` is its name for errors (`ConsumerOffsetManager#decode`).
    ///
    /// # Errors
    /// The first place at which the text is not such a file.
    pub fn decode(file: &str, text: &str) -> Result<Self, ConfigError> {
        parse(text).and_then(|node| Self::from_node(&node)).map_err(|fault| fault.in_file(file, text))
    }

    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        let Some(fields) = node.bean("the file")? else { return Ok(Self::default()) };
        let Some(table) = field(fields, TABLE) else { return Ok(Self::default()) };
        let Some(entries) = table.table(TABLE)? else { return Ok(Self { offset_table: None }) };
        let mut offset_table = IndexMap::new();
        for Entry { key, value } in entries {
            let name = key.text_key(TABLE)?;
            let what = format!("{TABLE}.{name}");
            // A null value is no entry of a ConcurrentHashMap.
            let queues = value.table(&what)?.ok_or_else(|| value.wrong(&what, "an object"))?;
            offset_table.insert(name.to_owned(), numbers(queues, &what)?);
        }
        Ok(Self { offset_table: Some(offset_table) })
    }

    /// The text of the file (`ConsumerOffsetManager#encode`).
    #[must_use]
    pub fn encode(&self) -> String {
        Pretty::file(|file| {
            // fastjson leaves out fields that are null.
            let Some(entries) = &self.offset_table else { return };
            file.key(TABLE).object(|table| {
                for (key, queues) in entries {
                    write_numbers(queues, table.key(key));
                }
            });
        })
    }

    /// Puts the entries into the order in which the broker's maps write them.
    pub fn in_java_order(&mut self) {
        let Some(table) = &mut self.offset_table else { return };
        let mut entries: Vec<_> = std::mem::take(table).into_iter().collect();
        java_order(&mut entries, BUCKETS, |(key, _)| string_hash(key));
        entries.iter_mut().for_each(|(_, queues)| order_numbers(queues));
        table.extend(entries);
    }
}

/// `delayOffset.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DelayOffsets {
    /// `offsetTable`: by delay level, the queue offset of `SCHEDULE_TOPIC_XXXX` that comes next, in the order of the
    /// file.
    pub offset_table: IndexMap<i32, i64>,
}

impl DelayOffsets {
    /// Reads a file; `file` is its name for errors (`ScheduleMessageService#decode`).
    ///
    /// # Errors
    /// The first place at which the text is not such a file.
    pub fn decode(file: &str, text: &str) -> Result<Self, ConfigError> {
        parse(text).and_then(|node| Self::from_node(&node)).map_err(|fault| fault.in_file(file, text))
    }

    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        let Some(fields) = node.bean("the file")? else { return Ok(Self::default()) };
        Ok(Self { offset_table: numbers(table_of(fields, TABLE)?, TABLE)? })
    }

    /// The text of the file (`ScheduleMessageService#encode`).
    #[must_use]
    pub fn encode(&self) -> String {
        Pretty::file(|file| write_numbers(&self.offset_table, file.key(TABLE)))
    }

    /// Puts the levels into the order in which the broker's map writes them.
    pub fn in_java_order(&mut self) {
        order_numbers(&mut self.offset_table);
    }
}

fn numbers(entries: &[Entry<'_>], what: &str) -> Result<IndexMap<i32, i64>, Fault> {
    let mut numbers = IndexMap::with_capacity(entries.len());
    for Entry { key, value } in entries {
        // Neither keys nor values of a ConcurrentHashMap may be null.
        let key = key.int(what)?.ok_or_else(|| key.wrong(what, "a whole number as key"))?;
        let what = format!("{what}.{key}");
        let value = value.long(&what)?.ok_or_else(|| value.wrong(&what, "an offset"))?;
        numbers.insert(key, value);
    }
    Ok(numbers)
}

fn write_numbers(numbers: &IndexMap<i32, i64>, pretty: &mut Pretty) {
    pretty.object(|table| {
        for (key, offset) in numbers {
            table.number_key(*key).number(*offset);
        }
    });
}

fn order_numbers(numbers: &mut IndexMap<i32, i64>) {
    let mut entries: Vec<_> = std::mem::take(numbers).into_iter().collect();
    java_order(&mut entries, QUEUE_BUCKETS, |(key, _)| *key);
    numbers.extend(entries);
}
