//! `offsets.json`, the offsets of a broadcasting client on its own host (`LocalFileOffsetStore`).

use indexmap::IndexMap;

use super::error::{ConfigError, Fault};
use super::order::java_order;
use super::pretty::Pretty;
use super::text::parse;
use super::topics::table_of;
use super::tree::{Entry, Node, Value, field};
use crate::kernel::java::string_hash;

const TABLE: &str = "offsetTable";
/// Buckets of `OffsetSerializeWrapper#offsetTable`, a map of the default size.
const BUCKETS: usize = 16;

/// `MessageQueue`, a whole object as key of a map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageQueue {
    /// `topic`; none only in files that no client wrote.
    pub topic: Option<String>,
    /// `brokerName`; none only in files that no client wrote.
    pub broker_name: Option<String>,
    /// `queueId`.
    pub queue_id: i32,
}

impl MessageQueue {
    /// `MessageQueue#hashCode`.
    fn java_hash(&self) -> i32 {
        let hash = |text: &Option<String>| text.as_deref().map_or(0, string_hash);
        [hash(&self.broker_name), self.queue_id, hash(&self.topic)]
            .into_iter()
            .fold(1_i32, |sum, part| sum.wrapping_mul(31).wrapping_add(part))
    }

    fn decode(node: &Node<'_>) -> Result<Self, Fault> {
        let inner;
        let node = match &node.value {
            // A key that is the text of an object is read once more.
            Value::Text(text) => {
                inner = parse(text).map_err(|_| node.wrong(TABLE, "a queue as key"))?;
                let fault = |mut fault: Fault| {
                    fault.offset = node.at as usize;
                    fault
                };
                return Self::of_object(&inner).map_err(fault);
            }
            _ => node,
        };
        Self::of_object(node)
    }

    fn of_object(node: &Node<'_>) -> Result<Self, Fault> {
        let Some(fields) = node.bean(TABLE)? else { return Err(node.wrong(TABLE, "a queue as key")) };
        let text = |name: &str| -> Result<Option<String>, Fault> {
            let text = field(fields, name).map(|node| node.text(&format!("{TABLE}.{name}"))).transpose()?;
            Ok(text.flatten())
        };
        let queue_id = field(fields, "queueId").map(|node| node.int(&format!("{TABLE}.queueId"))).transpose()?;
        Ok(Self {
            topic: text("topic")?,
            broker_name: text("brokerName")?,
            queue_id: queue_id.flatten().unwrap_or_default(),
        })
    }

    fn encode(&self, pretty: &mut Pretty) {
        if let Some(broker) = &self.broker_name {
            pretty.key("brokerName").quoted(broker);
        }
        pretty.key("queueId").number(self.queue_id.into());
        if let Some(topic) = &self.topic {
            pretty.key("topic").quoted(topic);
        }
    }
}

/// `offsets.json` of one client and group, at `<localOffsetStoreDir>/<clientId>/<group>/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalOffsets {
    /// `offsetTable`: the offset of each queue, in the order of the file.
    pub offset_table: IndexMap<MessageQueue, i64>,
}

impl LocalOffsets {
    /// Reads a file; `file` is its name for errors (`LocalFileOffsetStore#readLocalOffset`).
    ///
    /// # Errors
    /// The first place at which the text is not such a file. The real client then reads `offsets.json.bak`.
    pub fn decode(file: &str, text: &str) -> Result<Self, ConfigError> {
        parse(text).and_then(|node| Self::from_node(&node)).map_err(|fault| fault.in_file(file, text))
    }

    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        let Some(fields) = node.bean("the file")? else { return Ok(Self::default()) };
        let mut offset_table = IndexMap::new();
        for Entry { key, value } in table_of(fields, TABLE)? {
            let offset = value.long(TABLE)?.ok_or_else(|| value.wrong(TABLE, "an offset"))?;
            offset_table.insert(MessageQueue::decode(key)?, offset);
        }
        Ok(Self { offset_table })
    }

    /// The text of the file (`LocalFileOffsetStore#persistAll`).
    #[must_use]
    pub fn encode(&self) -> String {
        Pretty::file(|file| {
            file.key(TABLE).object(|table| {
                for (queue, offset) in &self.offset_table {
                    table.object_key(|key| queue.encode(key)).number(*offset);
                }
            });
        })
    }

    /// Puts the queues into the order in which the client's map writes them.
    pub fn in_java_order(&mut self) {
        let mut entries: Vec<_> = std::mem::take(&mut self.offset_table).into_iter().collect();
        java_order(&mut entries, BUCKETS, |(queue, _)| queue.java_hash());
        self.offset_table.extend(entries);
    }
}
