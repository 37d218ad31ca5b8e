//! Routes: what a nameserver tells about a topic, and what clients make of it.

use super::{BrokerIx, QueueIx, TopicIx, directory::Directory};
pub use crate::store::topic_table::DataVersion;

/// `TBW102`, the template of automatic topic creation. Every client polls its route (`DefaultMQProducerImpl#start`) and so
/// learns every broker that creates topics automatically.
pub const TEMPLATE_TOPIC: TopicIx = TopicIx(u32::MAX);

/// A topic's queues on one broker (`QueueData`); permissions are read and write on every queue here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueData {
    /// `brokerName`.
    pub broker: BrokerIx,
    /// `readQueueNums`.
    pub read_queue_nums: u32,
    /// `writeQueueNums`.
    pub write_queue_nums: u32,
}

/// `TopicRouteData`: queue data of live brokers, by ascending broker name as clients sort it
/// (`MQClientInstance#topicRouteDataIsChange`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRoute {
    /// Queue counts per broker.
    pub queue_datas: Vec<QueueData>,
}

impl TopicRoute {
    /// The queues a consumer allocates (`MQClientInstance#topicRouteData2TopicSubscribeInfo`), in sorted order.
    #[must_use]
    pub fn subscribe_queues(&self, topic: TopicIx, directory: &Directory) -> Vec<QueueIx> {
        self.queues(topic, directory, |data| data.read_queue_nums)
    }

    /// The queues a producer sends to (`MQClientInstance#topicRouteData2TopicPublishInfo`), by broker name and queue id.
    #[must_use]
    pub fn publish_queues(&self, topic: TopicIx, directory: &Directory) -> Vec<QueueIx> {
        self.queues(topic, directory, |data| data.write_queue_nums)
    }

    fn queues(&self, topic: TopicIx, directory: &Directory, count: impl Fn(&QueueData) -> u32) -> Vec<QueueIx> {
        self.queue_datas
            .iter()
            .flat_map(|data| (0..count(data)).filter_map(|id| directory.queue(topic, data.broker, id)))
            .collect()
    }

    /// Readable queues in all.
    #[must_use]
    pub fn readable(&self) -> u32 {
        self.queue_datas.iter().map(|data| data.read_queue_nums).sum()
    }
}

/// What a broker registers: all its topics and their version (`TopicConfigSerializeWrapper`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicConfigTable {
    /// Each topic's counts on this broker, by ascending topic.
    pub topics: Vec<(TopicIx, QueueData)>,
    /// Version of the table.
    pub version: DataVersion,
}
