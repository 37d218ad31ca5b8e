//! The recorded stores rebuilt, and reads from them as a line says.

use std::collections::BTreeMap;

use rocketmq_sim::filter::tag::{TagFilter, tags_code};
use rocketmq_sim::kernel::time::SimTime;
use rocketmq_sim::store::config::{BrokerRole, StoreConfig};
use rocketmq_sim::store::get_message::{GetResult, MessageFilter, Pulled};
use rocketmq_sim::store::message::{Message, MessageClass, NO_KEY};
use rocketmq_sim::store::message_store::MessageStore;
use serde_json::{Value, json};

/// How a state begins in which log files are deleted.
pub(super) const LOG_MIN: &str = "log_min_offset=";

/// A store as a `setup` line and the `after` of another line describe it.
pub(super) struct Broker {
    pub(super) store: MessageStore,
    queues: BTreeMap<(String, i64), usize>,
    tags: Vec<Option<String>>,
    classes: Vec<MessageClass>,
    pub(super) enable_property_filter: bool,
}

pub(super) fn millis(value: &Value) -> SimTime {
    let millis = value.as_i64().unwrap();
    if millis > 1 << 44 { SimTime::MAX } else { SimTime::from_millis(millis as u64) }
}

fn config(setup: &Value, case: &Value) -> StoreConfig {
    let number = |key: &str| setup["config"][key].as_u64().unwrap();
    let ratio_0 = case["after"] == "access_message_in_memory_max_ratio set to 0";
    StoreConfig {
        mapped_file_size_commit_log: number("commitlog_file_size"),
        consume_queue_file_entries: number("consumequeue_file_size") / 20,
        access_message_in_memory_max_ratio: if ratio_0 { 0 } else { number("access_message_in_memory_max_ratio") },
        max_transfer_count_on_message_in_memory: number("max_transfer_count_in_memory") as u32,
        max_transfer_bytes_on_message_in_memory: number("max_transfer_bytes_in_memory"),
        max_transfer_count_on_message_in_disk: number("max_transfer_count_in_disk") as u32,
        max_transfer_bytes_on_message_in_disk: number("max_transfer_bytes_in_disk"),
        broker_role: role(case),
        offset_check_in_slave: case["offset_check_in_slave"] == true,
        ..StoreConfig::default()
    }
}

pub(super) fn role(case: &Value) -> BrokerRole {
    match case["role"].as_str() {
        None | Some("ASYNC_MASTER") => BrokerRole::AsyncMaster,
        Some("SYNC_MASTER") => BrokerRole::SyncMaster,
        Some("SLAVE") => BrokerRole::Slave,
        Some(other) => panic!("unknown role {other}"),
    }
}

/// The messages of a set-up: as listed, or as its sentence says.
fn messages(setup: &Value) -> Vec<Value> {
    if setup["generated"].is_null() {
        return setup["messages"].as_array().unwrap().clone();
    }
    assert_eq!(setup["generated"], "1000 messages tag X (body_len 4, queue 0), then 3 tag A, then 20 tag X");
    let message = |tag: &str| json!({"topic": "T", "queue_id": 0, "tag": tag, "body_len": 4, "store_timestamp": 1_700_000_000_000_u64});
    let parts = [("X", 1000), ("A", 3), ("X", 20)];
    parts.iter().flat_map(|&(tag, count)| std::iter::repeat_n(message(tag), count)).collect()
}

impl Broker {
    /// `history` are the states of the store in the order of the file: deleting files adds up.
    pub(super) fn build(setup: &Value, case: &Value, history: &[String]) -> Self {
        let mut broker = Self {
            store: MessageStore::new(config(setup, case), 0),
            queues: BTreeMap::new(),
            tags: Vec::new(),
            classes: Vec::new(),
            enable_property_filter: case["after"] == "enablePropertyFilter=true",
        };
        let start = setup["first_queue_offset"].as_u64().unwrap_or(0);
        for message in messages(setup) {
            broker.put(&message, start);
        }
        for queue in 0..broker.store.queue_count() {
            broker.store.dispatch(queue, SimTime::MAX);
        }
        let after = case["after"].as_str().unwrap_or("");
        if after.starts_with(LOG_MIN) {
            for earlier in history.iter().take_while(|state| *state != after) {
                broker.apply(earlier);
            }
        }
        broker.apply(after);
        broker
    }

    fn put(&mut self, message: &Value, start: u64) {
        let tag = message["tag"].as_str().map(str::to_owned);
        let class = self.tags.iter().position(|known| *known == tag).unwrap_or_else(|| {
            let properties_bytes = tag.as_ref().map_or(0, |tag| 5 + tag.len() as u16);
            let topic_bytes = message["topic"].as_str().unwrap().len() as u8;
            self.classes.push(MessageClass { topic_bytes, properties_bytes, tags_code: tags_code(tag.as_deref()) });
            self.tags.push(tag);
            self.tags.len() - 1
        });
        let (now, body) = (millis(&message["store_timestamp"]), message["body_len"].as_u64().unwrap() as u32);
        let draft = self.classes[class].draft(class as u32, now, body, NO_KEY);
        let queue = self.queue_from(message, start);
        let put = self.store.put(now, queue, &draft);
        if let Some(physical) = message["physical_offset"].as_u64() {
            assert_eq!(put.physical, physical);
            assert_eq!(json!([draft.size, put.queue_offset]), json!([message["size"], message["queue_offset"]]));
        }
    }

    /// What changed after the set-up.
    fn apply(&mut self, after: &str) {
        if let Some(rest) = after.strip_prefix(LOG_MIN) {
            let (min, what) = rest.split_once(", ").unwrap();
            let min = min.parse().unwrap();
            assert_eq!(self.store.delete_log_files_before(min), min);
            match what {
                "queue minima corrected" => self.store.clean_consume_queues(),
                "queue minima not corrected" => {}
                other => panic!("unknown state `{other}`"),
            }
        } else {
            let known = ["", "access_message_in_memory_max_ratio set to 0", "enablePropertyFilter=true", "role SLAVE"];
            assert!(known.contains(&after), "unknown state `{after}`");
        }
    }

    /// The queue a line names; the broker creates it on first sight.
    pub(super) fn queue(&mut self, case: &Value) -> usize {
        self.queue_from(case, 0)
    }

    fn queue_from(&mut self, case: &Value, start: u64) -> usize {
        let key = (case["topic"].as_str().unwrap_or("T").to_owned(), case["queue_id"].as_i64().unwrap());
        let store = &mut self.store;
        *self.queues.entry(key).or_insert_with(|| store.add_queue_from(start))
    }

    /// Reads as a line says; `None`: its SQL92 expression is of a form that this test cannot judge.
    pub(super) fn read(&mut self, case: &Value, kind: &str, expr: Option<&str>) -> Option<(GetResult, Vec<Pulled>)> {
        let queue = self.queue(case);
        let offset = case["offset"].as_i64().unwrap();
        let max_nums = case["max_msg_nums"].as_i64().unwrap().max(0) as u32;
        let mut out = Vec::new();
        let result = match kind {
            "TAG" => {
                let filter = TagFilter::parse(expr).unwrap();
                let wanted = |message: &Message| filter.matches_code(self.classes[message.class as usize].tags_code);
                if filter.is_all() {
                    self.store.get_message(queue, offset, max_nums, &mut out)
                } else {
                    self.store.get_message_filtered(queue, offset, max_nums, &wanted, &mut out)
                }
            }
            "SQL92" => {
                let verdicts: Option<Vec<bool>> = self.tags.iter().map(|tag| sql(expr?, tag.as_deref())).collect();
                let filter = ByRecord(verdicts?);
                self.store.get_message_filtered(queue, offset, max_nums, &filter, &mut out)
            }
            // A subscription of an unknown type lets everything pass.
            _ => self.store.get_message(queue, offset, max_nums, &mut out),
        };
        Some((result, out))
    }
}

/// Filters by the record, as SQL92 does, with a verdict for each class.
struct ByRecord(Vec<bool>);

impl MessageFilter for ByRecord {
    fn is_matched_by_consume_queue(&self, _message: &Message) -> bool {
        true
    }

    fn is_matched_by_commit_log(&self, message: &Message) -> bool {
        self.0[message.class as usize]
    }
}

/// Just enough SQL92 for messages whose only property is `TAGS`: unknown and failing comparisons do not match, a text
/// that cannot be compiled lets everything pass. `None` for other forms.
fn sql(expr: &str, tag: Option<&str>) -> Option<bool> {
    let words: Vec<&str> = expr.split_whitespace().collect();
    let value = |name: &str| if name == "TAGS" { tag } else { None };
    match words[..] {
        ["TRUE"] => Some(true),
        ["FALSE"] => Some(false),
        [name, "IS", "NULL"] => Some(value(name).is_none()),
        [name, "IS", "NOT", "NULL"] => Some(value(name).is_some()),
        [_, ">" | "<" | "="] => Some(true),
        [name, "=", text] => {
            let text = text.strip_prefix('\'')?.strip_suffix('\'')?;
            Some(value(name) == Some(text))
        }
        [name, ">" | "<", number] => {
            number.parse::<i64>().ok()?;
            // The tags of the set-ups are no numbers.
            value(name).is_none_or(|tag| tag.parse::<f64>().is_err()).then_some(false)
        }
        _ => None,
    }
}
