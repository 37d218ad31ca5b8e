//! What replicas tell each other: pieces of the log, and what a slave copies beside it.

use std::rc::Rc;

use super::{GroupIx, TopicIx};
use crate::store::message::Message;
use crate::store::topic_table::{DataVersion, TopicConfig};

/// The steps of `SlaveSynchronize#syncAll`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncStep {
    /// `GET_ALL_TOPIC_CONFIG`.
    Topics,
    /// `GET_ALL_CONSUMER_OFFSET`.
    ConsumerOffsets,
    /// `GET_ALL_DELAY_OFFSET`.
    DelayOffsets,
    /// `GET_ALL_SUBSCRIPTIONGROUP_CONFIG`.
    SubscriptionGroups,
}

/// What a master answers to a [`SyncStep`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// All topics with their settings.
    Topics(Vec<(TopicIx, TopicConfig)>, DataVersion),
    /// Offsets by group and local queue of the broker name.
    ConsumerOffsets(Vec<(GroupIx, u32, u64)>),
    /// Offset by delay level.
    DelayOffsets(Vec<u64>),
    /// The groups (their settings are the same everywhere).
    SubscriptionGroups(Vec<GroupIx>),
}

/// A piece of the master's commit log.
#[derive(Clone, Debug)]
pub struct HaFrame {
    /// Position of the first byte.
    pub physical: u64,
    /// Bytes; 0 is a heartbeat.
    pub size: u64,
    /// The records that are complete with this frame, in order of the log.
    pub records: Rc<[LogRecord]>,
}

/// A record on its way to a replica.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRecord {
    /// Queue, by its local position at the broker name.
    pub local: u32,
    /// Its offset in the queue.
    pub offset: u64,
    /// The record with its position in the log.
    pub message: Message,
}
