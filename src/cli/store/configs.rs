//! The JSON files of a store's `config` folder as lines.

use std::io::{self, Write};

use serde::Serialize;

use crate::store::disk::config::{
    ConfigError, ConsumerOffsets, DelayOffsets, SubscriptionGroups, Topics, split_key, utf8,
};

/// Most bytes of a configuration file that are read.
pub(super) const LARGEST: u64 = 64 << 20;

/// Why a file is not listed to its end.
pub(super) enum ConfigFault {
    /// It is not what its name says.
    Content(ConfigError),
    /// The output cannot be written.
    Output(io::Error),
}

impl From<io::Error> for ConfigFault {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<ConfigError> for ConfigFault {
    fn from(error: ConfigError) -> Self {
        Self::Content(error)
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Entry<'a> {
    Topic { file: &'a str, topic: &'a str, read_queue_nums: i32, write_queue_nums: i32, perm: i32, order: bool },
    Group { file: &'a str, group: &'a str, retry_max_times: i32, retry_queue_nums: i32, consume_broadcast_enable: bool },
    ConsumerOffset { file: &'a str, topic: &'a str, group: &'a str, queue_id: i32, offset: i64 },
    DelayOffset { file: &'a str, level: i32, offset: i64 },
}

/// Lists a file of the configuration; `false` when its name is none that is known.
pub(super) fn list(file: &str, bytes: &[u8], out: &mut dyn Write) -> Result<bool, ConfigFault> {
    let mut line = |entry: &Entry<'_>| -> io::Result<()> {
        serde_json::to_writer(&mut *out, entry)?;
        out.write_all(b"\n")
    };
    match file.rsplit('/').next().unwrap_or(file) {
        "topics.json" => {
            let topics = Topics::decode(file, utf8(file, bytes)?)?;
            for (topic, settings) in &topics.topic_config_table {
                line(&Entry::Topic {
                    file,
                    topic,
                    read_queue_nums: settings.read_queue_nums,
                    write_queue_nums: settings.write_queue_nums,
                    perm: settings.perm,
                    order: settings.order,
                })?;
            }
        }
        "subscriptionGroup.json" => {
            let groups = SubscriptionGroups::decode(file, utf8(file, bytes)?)?;
            for (group, settings) in &groups.subscription_group_table {
                line(&Entry::Group {
                    file,
                    group,
                    retry_max_times: settings.retry_max_times,
                    retry_queue_nums: settings.retry_queue_nums,
                    consume_broadcast_enable: settings.consume_broadcast_enable,
                })?;
            }
        }
        "consumerOffset.json" => {
            let offsets = ConsumerOffsets::decode(file, utf8(file, bytes)?)?;
            for (key, queues) in offsets.offset_table.iter().flatten() {
                let (topic, group) = split_key(key).unwrap_or((key, ""));
                for (queue_id, offset) in queues {
                    line(&Entry::ConsumerOffset { file, topic, group, queue_id: *queue_id, offset: *offset })?;
                }
            }
        }
        "delayOffset.json" => {
            let offsets = DelayOffsets::decode(file, utf8(file, bytes)?)?;
            for (level, offset) in &offsets.offset_table {
                line(&Entry::DelayOffset { file, level: *level, offset: *offset })?;
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}
