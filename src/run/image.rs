//! What the brokers' stores hold at a moment, for writing them to disk.

use super::world::World;
use crate::kernel::time::SimTime;
use crate::store::catalog::Catalog;
use crate::store::ids::{GroupIx, QueueIx, TopicIx};
use crate::store::message::Message;
use crate::store::topic_table::TopicConfig;

/// A record of a broker's log.
#[derive(Clone, Copy, Debug)]
pub struct StoredRecord {
    /// Queue.
    pub queue: QueueIx,
    /// Queue offset.
    pub offset: u64,
    /// The record.
    pub message: Message,
}

/// A broker's state.
#[derive(Debug, Default)]
pub struct BrokerImage {
    /// Records in the order of the log.
    pub records: Vec<StoredRecord>,
    /// Topics with their settings.
    pub topics: Vec<(TopicIx, TopicConfig)>,
    /// Number of changes of the topic table and the time of the last one.
    pub topics_version: (u64, SimTime),
    /// Committed offsets.
    pub offsets: Vec<(GroupIx, QueueIx, u64)>,
    /// Per delay level: what the schedule service delivers next, as it was last written to disk.
    pub delay_offsets: Vec<(i32, u64)>,
    /// How far the check of half messages has come: half queue, operation queue.
    pub transaction_offsets: (u64, u64),
}

/// The state of all brokers at a moment.
#[derive(Debug)]
pub struct StoreImage {
    /// When.
    pub at: SimTime,
    /// The run went on after it: the brokers were alive.
    pub alive: bool,
    /// Brokers, in the order of the plan.
    pub brokers: Vec<BrokerImage>,
    /// What the handles of the records lead to.
    pub catalog: Catalog,
}

impl World {
    /// The brokers' state now.
    pub(super) fn broker_images(&self) -> Vec<BrokerImage> {
        let image = |(index, host): (usize, &super::world::BrokerHost)| {
            let broker = &host.broker;
            let queues: Vec<_> = self.directory.queues_of(crate::store::ids::BrokerIx::new(index)).collect();
            let mut records = Vec::new();
            for (queue, parts) in &queues {
                let local = parts.local as usize;
                let rows = broker.store.released_offset(local)..broker.store.appended_offset(local);
                records.extend(rows.filter_map(|offset| {
                    let message = *broker.store.message(local, offset)?;
                    Some(StoredRecord { queue: *queue, offset, message })
                }));
            }
            records.sort_unstable_by_key(|record| record.message.physical);
            let by_local =
                |local: usize| queues.iter().find(|(_, parts)| parts.local as usize == local).map(|(queue, _)| *queue);
            let offsets = broker.offsets.iter();
            BrokerImage {
                records,
                topics: broker.topic_configs().collect(),
                topics_version: broker.topics_version(),
                offsets: offsets.filter_map(|(group, local, offset)| Some((group, by_local(local)?, offset))).collect(),
                delay_offsets: broker.persisted_delay_offsets(self.now).collect(),
                transaction_offsets: broker.transaction_offsets(),
            }
        };
        self.brokers.iter().enumerate().map(image).collect()
    }

    /// It is time to take the image.
    pub(super) fn take_image(&mut self) {
        self.image = Some((self.now, self.broker_images()));
    }
}
