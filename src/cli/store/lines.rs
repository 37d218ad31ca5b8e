//! The JSON lines of `store decode`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::store::delay::DelayLevels;
use crate::store::disk::checkpoint::Checkpoint;
use crate::store::disk::decode::{Listed, Place};
use crate::store::disk::dispatch;
use crate::store::disk::index_file::IndexHeader;
use crate::store::disk::message_id::message_id;
use crate::store::disk::properties;
use crate::store::disk::queue_entry::QueueEntry;
use crate::store::disk::record::{BLANK_MAGIC, Record};
use crate::store::disk::recover::{QueueBounds, Recovered};
use crate::store::disk::sys_flag;

/// One line. The names are those of the fields in RocketMQ's documentation of the format.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    Record(Box<RecordLine<'a>>),
    Blank { file: &'a str, offset: u64, physical_offset: u64, size: u64, magic: String },
    QueueEntry(QueueEntryLine<'a>),
    QueueBlanks(QueueBlanksLine<'a>),
    Index(IndexLine<'a>),
    Checkpoint(CheckpointLine<'a>),
    Abort { file: &'a str },
    Config { file: &'a str },
    LogBounds { last_exit_ok: bool, commitlog_min_offset: i64, commitlog_max_offset: i64 },
    QueueBounds { topic: &'a str, queue_id: i32, min_offset: i64, max_offset: i64 },
}

#[derive(Debug, Serialize)]
pub(super) struct RecordLine<'a> {
    file: &'a str,
    offset: u64,
    physical_offset: i64,
    size: usize,
    magic: String,
    body_crc: u32,
    queue_id: i32,
    flag: i32,
    queue_offset: i64,
    sys_flag: i32,
    born_timestamp: i64,
    born_host: String,
    store_timestamp: i64,
    store_host: String,
    reconsume_times: i32,
    prepared_transaction_offset: i64,
    body_len: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_hex: Option<String>,
    topic: &'a str,
    properties: &'a str,
    properties_bytes: usize,
    props: BTreeMap<&'a str, &'a str>,
    msg_id: String,
    cq: Option<CqLine<'a>>,
}

/// The consume queue entry that belongs to a record.
#[derive(Debug, Serialize)]
struct CqLine<'a> {
    topic: &'a str,
    queue_id: i32,
    queue_offset: i64,
    tags_code: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(super) struct QueueEntryLine<'a> {
    file: &'a str,
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_id: Option<i32>,
    queue_offset: u64,
    physical_offset: i64,
    size: i32,
    tags_code: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct QueueBlanksLine<'a> {
    file: &'a str,
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_id: Option<i32>,
    queue_offset: u64,
    count: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct IndexLine<'a> {
    file: &'a str,
    file_length: u64,
    begin_timestamp: i64,
    end_timestamp: i64,
    begin_phy_offset: i64,
    end_phy_offset: i64,
    hash_slot_count: i32,
    index_count: i32,
}

#[derive(Debug, Serialize)]
pub(super) struct CheckpointLine<'a> {
    file: &'a str,
    physic_msg_timestamp: i64,
    logics_msg_timestamp: i64,
    index_msg_timestamp: i64,
}

/// What lines are written with.
#[derive(Debug)]
pub(super) struct Style {
    pub(super) bodies: bool,
    pub(super) levels: DelayLevels,
}

impl Style {
    /// Hands the line of something found to `write`.
    pub(super) fn with_line<T>(&self, place: Place<'_>, listed: Listed<'_>, write: impl FnOnce(&Line<'_>) -> T) -> T {
        let Place { file, position: offset } = place;
        match listed {
            Listed::Record(record) => self.with_record(place, record, write),
            Listed::Blank { physical_offset, size } => {
                write(&Line::Blank { file, offset, physical_offset, size, magic: magic(BLANK_MAGIC) })
            }
            Listed::QueueEntry { queue, queue_offset, entry } => {
                let (topic, queue_id) = queue.unzip();
                let QueueEntry { physical_offset, size, tags_code } = entry;
                write(&Line::QueueEntry(QueueEntryLine {
                    file,
                    offset,
                    topic,
                    queue_id,
                    queue_offset,
                    physical_offset,
                    size,
                    tags_code,
                }))
            }
            Listed::QueueBlanks { queue, queue_offset, count } => {
                let (topic, queue_id) = queue.unzip();
                write(&Line::QueueBlanks(QueueBlanksLine { file, offset, topic, queue_id, queue_offset, count }))
            }
            Listed::Index { file_len, header } => write(&Line::Index(index_line(file, file_len, &header))),
            Listed::Checkpoint(checkpoint) => write(&Line::Checkpoint(checkpoint_line(file, &checkpoint))),
        }
    }

    fn with_record<T>(&self, place: Place<'_>, record: &Record<'_>, write: impl FnOnce(&Line<'_>) -> T) -> T {
        let (topic, text) = (record.topic(), record.properties());
        let cq = || CqLine {
            topic: &topic,
            queue_id: record.queue_id,
            queue_offset: record.queue_offset,
            tags_code: dispatch::tags_code(&topic, &text, record.store_timestamp, &self.levels),
        };
        write(&Line::Record(Box::new(RecordLine {
            file: place.file,
            offset: place.position,
            physical_offset: record.physical_offset,
            size: record.size(),
            magic: magic(record.version.magic()),
            body_crc: record.body_crc,
            queue_id: record.queue_id,
            flag: record.flag,
            queue_offset: record.queue_offset,
            sys_flag: record.sys_flag,
            born_timestamp: record.born_timestamp,
            born_host: record.born_host.to_string(),
            store_timestamp: record.store_timestamp,
            store_host: record.store_host.to_string(),
            reconsume_times: record.reconsume_times,
            prepared_transaction_offset: record.prepared_transaction_offset,
            body_len: record.body.len(),
            body_hex: self.bodies.then(|| hex(record.body)),
            topic: &topic,
            properties: &text,
            properties_bytes: record.properties.len(),
            props: properties::decode(&text).into_iter().collect(),
            msg_id: message_id(&record.store_host, record.physical_offset),
            cq: sys_flag::is_queued(record.sys_flag).then(cq),
        })))
    }
}

fn magic(code: u32) -> String {
    format!("{code:#010X}").replacen("0X", "0x", 1)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn index_line<'a>(file: &'a str, file_length: u64, header: &IndexHeader) -> IndexLine<'a> {
    IndexLine {
        file,
        file_length,
        begin_timestamp: header.begin_timestamp,
        end_timestamp: header.end_timestamp,
        begin_phy_offset: header.begin_physical_offset,
        end_phy_offset: header.end_physical_offset,
        hash_slot_count: header.hash_slot_count,
        index_count: header.index_count,
    }
}

fn checkpoint_line<'a>(file: &'a str, checkpoint: &Checkpoint) -> CheckpointLine<'a> {
    CheckpointLine {
        file,
        physic_msg_timestamp: checkpoint.physic_msg_timestamp,
        logics_msg_timestamp: checkpoint.logics_msg_timestamp,
        index_msg_timestamp: checkpoint.index_msg_timestamp,
    }
}

/// The line of a store's log.
pub(super) fn log_bounds(store: &Recovered) -> Line<'static> {
    Line::LogBounds {
        last_exit_ok: store.last_exit_ok,
        commitlog_min_offset: store.log_min_offset(),
        commitlog_max_offset: store.log_max_offset(),
    }
}

/// The line of a queue.
pub(super) fn queue_bounds(bounds: &QueueBounds) -> Line<'_> {
    let QueueBounds { topic, queue_id, min_offset, max_offset } = bounds;
    Line::QueueBounds { topic, queue_id: *queue_id, min_offset: *min_offset, max_offset: *max_offset }
}
