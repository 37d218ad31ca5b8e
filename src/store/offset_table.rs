//! The consumer offsets a broker keeps (`ConsumerOffsetManager`).

use super::ids::GroupIx;
use super::message_store::MessageStore;

const NONE: u64 = u64::MAX;

/// The answer to QUERY_CONSUMER_OFFSET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryOffset {
    /// SUCCESS with this offset.
    Found(u64),
    /// QUERY_NOT_FOUND: the client applies its `consumeFromWhere`.
    NotFound,
}

/// Committed offsets by group and queue, the queue by its index in the broker's [`MessageStore`]. A clone is what
/// `consumerOffset.json` holds after a persist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerOffsetManager {
    groups: Vec<Vec<u64>>,
}

impl ConsumerOffsetManager {
    /// No offsets.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores an offset whatever was there, also a smaller one, and returns what was there
    /// (`ConsumerOffsetManager#commitOffset`).
    pub fn commit(&mut self, group: GroupIx, queue: usize, offset: u64) -> Option<u64> {
        if self.groups.len() <= group.at() {
            self.groups.resize(group.at() + 1, Vec::new());
        }
        let offsets = &mut self.groups[group.at()];
        if offsets.len() <= queue {
            offsets.resize(queue + 1, NONE);
        }
        let previous = std::mem::replace(&mut offsets[queue], offset);
        (previous != NONE).then_some(previous)
    }

    /// The committed offset, if there is one (`ConsumerOffsetManager#queryOffset`).
    #[must_use]
    pub fn committed(&self, group: GroupIx, queue: usize) -> Option<u64> {
        self.groups.get(group.at())?.get(queue).copied().filter(|&offset| offset != NONE)
    }

    /// The answer to a client's query (`ConsumerManageProcessor#queryConsumerOffset`): the committed offset; without one,
    /// 0 for a young queue, whose first message exists and is in memory, or that is empty, whatever the client's
    /// `consumeFromWhere` says.
    #[must_use]
    pub fn query_offset(&self, group: GroupIx, queue: usize, store: &MessageStore) -> QueryOffset {
        match self.committed(group, queue) {
            Some(offset) => QueryOffset::Found(offset),
            None if store.min_offset(queue) == 0 && !store.offset_zero_in_disk(queue) => QueryOffset::Found(0),
            None => QueryOffset::NotFound,
        }
    }

    /// Forgets what a group has stored of a queue.
    pub fn forget(&mut self, group: GroupIx, queue: usize) {
        if let Some(offset) = self.groups.get_mut(group.at()).and_then(|offsets| offsets.get_mut(queue)) {
            *offset = NONE;
        }
    }

    /// All offsets as (group, queue, offset), in that order.
    pub fn iter(&self) -> impl Iterator<Item = (GroupIx, usize, u64)> + '_ {
        self.groups.iter().enumerate().flat_map(|(group, offsets)| {
            let set = offsets.iter().copied().enumerate().filter(|&(_, offset)| offset != NONE);
            set.map(move |(queue, offset)| (GroupIx::new(group), queue, offset))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimTime;
    use crate::store::config::StoreConfig;
    use crate::store::message::Draft;

    const GROUP: GroupIx = GroupIx(2);

    fn store_with(messages: u32, physical_memory: u64) -> MessageStore {
        let mut store = MessageStore::new(StoreConfig { physical_memory, ..StoreConfig::default() }, 1);
        for _ in 0..messages {
            store.put(SimTime::ZERO, 0, &Draft { born_at: SimTime::ZERO, size: 100, body: 0, key: 0, class: 0 });
        }
        store.dispatch(0, SimTime::ZERO);
        store
    }

    #[test]
    fn a_commit_may_go_backwards_and_returns_what_was_there() {
        let mut offsets = ConsumerOffsetManager::new();
        assert_eq!(offsets.commit(GROUP, 3, 10), None);
        assert_eq!(offsets.commit(GROUP, 3, 4), Some(10));
        assert_eq!(offsets.committed(GROUP, 3), Some(4));
        assert_eq!(offsets.committed(GROUP, 2), None);
        assert_eq!(offsets.committed(GroupIx(9), 3), None);
        assert_eq!(offsets.iter().collect::<Vec<_>>(), [(GROUP, 3, 4)]);
    }

    #[test]
    fn a_new_group_starts_at_0_on_an_empty_or_young_queue() {
        let offsets = ConsumerOffsetManager::new();
        assert_eq!(offsets.query_offset(GROUP, 0, &store_with(0, 1000)), QueryOffset::Found(0));
        assert_eq!(offsets.query_offset(GROUP, 0, &store_with(4, 1000)), QueryOffset::Found(0), "400 B are 40 %");
    }

    #[test]
    fn a_queue_whose_first_message_left_memory_has_no_default() {
        let mut offsets = ConsumerOffsetManager::new();
        let mut store = store_with(5, 1000);
        assert_eq!(offsets.query_offset(GROUP, 0, &store), QueryOffset::NotFound);
        store.release(0, 5);
        assert_eq!(offsets.query_offset(GROUP, 0, &store), QueryOffset::NotFound, "released messages still count");
        offsets.commit(GROUP, 0, 3);
        assert_eq!(offsets.query_offset(GROUP, 0, &store), QueryOffset::Found(3));
    }
}
