//! What every node may know of how the cluster is set up: ids of the topics that the system makes by itself and the
//! settings of the subscription groups.

use crate::store::ids::{GroupIx, TopicIx};

/// A subscription group as the brokers have it (`SubscriptionGroupConfig`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// `%RETRY%group`, if something can come back to the group.
    pub retry_topic: Option<TopicIx>,
    /// `%DLQ%group`.
    pub dead_letter_topic: Option<TopicIx>,
    /// `retryMaxTimes`.
    pub retry_max_times: u32,
    /// `retryQueueNums`.
    pub retry_queue_nums: u32,
    /// The group under whose name its members ask for queue locks: members of one broadcasting group, which are groups of
    /// their own here, share them.
    pub locks_as: Option<GroupIx>,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self { retry_topic: None, dead_letter_topic: None, retry_max_times: 16, retry_queue_nums: 1, locks_as: None }
    }
}

/// The set-up, the same for all nodes and unchanged during a run.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// `SCHEDULE_TOPIC_XXXX`, if something can be delayed.
    pub schedule: Option<TopicIx>,
    /// `RMQ_SYS_TRANS_HALF_TOPIC`, if there are transactions.
    pub half: Option<TopicIx>,
    /// `RMQ_SYS_TRANS_OP_HALF_TOPIC`.
    pub op: Option<TopicIx>,
    /// `TRANS_CHECK_MAX_TIME_TOPIC`.
    pub discarded: Option<TopicIx>,
    /// Decides, with a message, what shares of messages it is in; from the seed.
    pub salt: u64,
    /// Groups by id.
    pub groups: Vec<GroupSettings>,
    /// Length of each topic's name, by id.
    pub topic_bytes: Vec<u8>,
}

impl Deployment {
    /// Length of a topic's name in bytes.
    #[must_use]
    pub fn topic_bytes(&self, topic: TopicIx) -> u8 {
        self.topic_bytes.get(topic.at()).copied().unwrap_or_default()
    }

    /// The group whose dead letters a topic holds.
    #[must_use]
    pub fn group_of_dead_letters(&self, topic: TopicIx) -> Option<GroupIx> {
        self.groups.iter().position(|group| group.dead_letter_topic == Some(topic)).map(GroupIx::new)
    }

    /// The group under whose name a member asks for queue locks.
    #[must_use]
    pub fn lock_group(&self, group: GroupIx) -> GroupIx {
        self.group(group).locks_as.unwrap_or(group)
    }

    /// A group's settings.
    #[must_use]
    pub fn group(&self, group: GroupIx) -> GroupSettings {
        self.groups.get(group.at()).copied().unwrap_or_default()
    }
}
