//! The topics a broker knows and the version of that knowledge (`TopicConfigManager`).

use std::collections::BTreeMap;

use super::ids::TopicIx;
use crate::kernel::time::SimTime;

/// Permissions of a topic (`PermName`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Perm(pub u8);

impl Perm {
    /// `PERM_INHERIT`: new topics may be created after the model of this one.
    pub const INHERIT: Self = Self(1);
    /// `PERM_WRITE`.
    pub const WRITE: Self = Self(2);
    /// `PERM_READ`.
    pub const READ: Self = Self(4);
    /// Read and write, as topics usually have.
    pub const READ_WRITE: Self = Self(6);

    /// Whether messages may be pulled.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0 & Self::READ.0 != 0
    }

    /// Whether messages may be sent.
    #[must_use]
    pub const fn is_writeable(self) -> bool {
        self.0 & Self::WRITE.0 != 0
    }

    /// Whether new topics may be created after the model of this one.
    #[must_use]
    pub const fn is_inherited(self) -> bool {
        self.0 & Self::INHERIT.0 != 0
    }
}

/// `TopicConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicConfig {
    /// `readQueueNums`.
    pub read_queue_nums: u32,
    /// `writeQueueNums`.
    pub write_queue_nums: u32,
    /// `perm`.
    pub perm: Perm,
}

impl Default for TopicConfig {
    /// 16 queues to read and write.
    fn default() -> Self {
        Self::with_queues(16)
    }
}

impl TopicConfig {
    /// A topic to read and write with this many queues.
    #[must_use]
    pub const fn with_queues(queues: u32) -> Self {
        Self { read_queue_nums: queues, write_queue_nums: queues, perm: Perm::READ_WRITE }
    }
}

/// `DataVersion`: equal versions mean equal content, nothing else follows from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataVersion {
    /// When the last change was made.
    pub timestamp: SimTime,
    /// Number of changes.
    pub counter: u64,
}

/// The topics of one broker. Each change makes a new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicConfigManager {
    topics: BTreeMap<TopicIx, TopicConfig>,
    version: DataVersion,
}

impl TopicConfigManager {
    /// No topics, at the version that a broker created at `now` starts with.
    #[must_use]
    pub fn new(now: SimTime) -> Self {
        Self { topics: BTreeMap::new(), version: DataVersion { timestamp: now, counter: 0 } }
    }

    /// Adds or replaces a topic, also by an equal one, and returns the old one (`TopicConfigManager#updateTopicConfig`).
    pub fn update(&mut self, topic: TopicIx, config: TopicConfig, now: SimTime) -> Option<TopicConfig> {
        self.next_version(now);
        self.topics.insert(topic, config)
    }

    /// Removes a topic; the version stays when there is none (`TopicConfigManager#deleteTopicConfig`).
    pub fn delete(&mut self, topic: TopicIx, now: SimTime) -> Option<TopicConfig> {
        let old = self.topics.remove(&topic)?;
        self.next_version(now);
        Some(old)
    }

    /// Takes over all topics of another broker with their version (`SlaveSynchronize#syncTopicConfig`).
    pub fn replace(&mut self, topics: &[(TopicIx, TopicConfig)], version: DataVersion) {
        self.topics = topics.iter().copied().collect();
        self.version = version;
    }

    fn next_version(&mut self, now: SimTime) {
        self.version = DataVersion { timestamp: now, counter: self.version.counter + 1 };
    }

    /// A topic's settings (`TopicConfigManager#selectTopicConfig`).
    #[must_use]
    pub fn get(&self, topic: TopicIx) -> Option<&TopicConfig> {
        self.topics.get(&topic)
    }

    /// All topics, by id.
    pub fn iter(&self) -> impl Iterator<Item = (TopicIx, &TopicConfig)> + '_ {
        self.topics.iter().map(|(&topic, config)| (topic, config))
    }

    /// The version of the present content.
    #[must_use]
    pub fn data_version(&self) -> DataVersion {
        self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_makes_a_new_version_and_a_vain_delete_does_not() {
        let at = SimTime::from_secs;
        let mut topics = TopicConfigManager::new(at(1));
        assert_eq!(topics.update(TopicIx(3), TopicConfig::with_queues(4), at(2)), None);
        assert_eq!(topics.update(TopicIx(3), TopicConfig::with_queues(8), at(5)), Some(TopicConfig::with_queues(4)));
        assert_eq!(topics.data_version(), DataVersion { timestamp: at(5), counter: 2 });
        assert_eq!(topics.delete(TopicIx(4), at(6)), None);
        assert_eq!(topics.data_version().counter, 2);
        assert_eq!(topics.delete(TopicIx(3), at(6)).map(|config| config.read_queue_nums), Some(8));
        assert_eq!(topics.data_version(), DataVersion { timestamp: at(6), counter: 3 });
        assert_eq!(topics.iter().count(), 0);
    }

    #[test]
    fn permissions_are_bits() {
        assert!(Perm::READ_WRITE.is_readable() && Perm::READ_WRITE.is_writeable() && !Perm::READ_WRITE.is_inherited());
        assert!(!Perm(3).is_readable() && Perm(3).is_inherited());
        assert_eq!(TopicConfig::default().write_queue_nums, 16);
    }
}
