//! Routes: what a nameserver tells about a topic, and what clients make of it.

use super::{BrokerIx, QueueIx, TopicIx, directory::Directory};
pub use crate::store::topic_table::{DataVersion, Perm};

/// `TBW102`, the template of automatic topic creation. Every client polls its route (`DefaultMQProducerImpl#start`) and so
/// learns every broker that creates topics automatically.
pub const TEMPLATE_TOPIC: TopicIx = TopicIx(u32::MAX);

/// `MixAll.MASTER_ID`.
pub const MASTER_ID: u32 = 0;

/// A topic's queues on one broker (`QueueData`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueData {
    /// `brokerName`.
    pub broker: BrokerIx,
    /// `readQueueNums`.
    pub read_queue_nums: u32,
    /// `writeQueueNums`.
    pub write_queue_nums: u32,
    /// `perm`.
    pub perm: Perm,
}

impl QueueData {
    /// Queues to read and write.
    #[must_use]
    pub const fn new(broker: BrokerIx, read_queue_nums: u32, write_queue_nums: u32) -> Self {
        Self { broker, read_queue_nums, write_queue_nums, perm: Perm::READ_WRITE }
    }
}

/// The processes of a broker name that a nameserver knows (`BrokerData`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerData {
    /// `brokerName`.
    pub broker: BrokerIx,
    /// `brokerAddrs`: broker id and process, by ascending id.
    pub addresses: Vec<(u32, BrokerIx)>,
}

impl BrokerData {
    /// The process with id 0.
    #[must_use]
    pub fn master(&self) -> Option<BrokerIx> {
        self.address(MASTER_ID)
    }

    /// The process with this id.
    #[must_use]
    pub fn address(&self, id: u32) -> Option<BrokerIx> {
        self.addresses.iter().find(|(known, _)| *known == id).map(|(_, process)| *process)
    }
}

/// `TopicRouteData`: queue data of live brokers, by ascending broker name as clients sort it
/// (`MQClientInstance#topicRouteDataIsChange`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRoute {
    /// Queue counts per broker.
    pub queue_datas: Vec<QueueData>,
    /// Who carries these broker names, by ascending name. A name of [`TopicRoute::queue_datas`] can be missing.
    pub broker_datas: Vec<BrokerData>,
    /// `orderTopicConf`: queues per broker name that producers use whatever is writable or alive.
    pub order_topic_conf: Option<Vec<(BrokerIx, u32)>>,
}

impl TopicRoute {
    /// A route on which every broker name has its master and no other process.
    #[must_use]
    pub fn of_masters(queue_datas: Vec<QueueData>) -> Self {
        let master = |data: &QueueData| BrokerData { broker: data.broker, addresses: vec![(MASTER_ID, data.broker)] };
        let broker_datas = queue_datas.iter().map(master).collect();
        Self { queue_datas, broker_datas, order_topic_conf: None }
    }

    /// The queues a consumer allocates (`MQClientInstance#topicRouteData2TopicSubscribeInfo`), in sorted order; whether a
    /// master is alive does not matter.
    #[must_use]
    pub fn subscribe_queues(&self, topic: TopicIx, directory: &Directory) -> Vec<QueueIx> {
        self.queues(topic, directory, |data| if data.perm.is_readable() { data.read_queue_nums } else { 0 })
    }

    /// The queues a producer sends to (`MQClientInstance#topicRouteData2TopicPublishInfo`), by broker name and queue id: those
    /// of writable topics on broker names with a master, or what the order topic configuration says.
    #[must_use]
    pub fn publish_queues(&self, topic: TopicIx, directory: &Directory) -> Vec<QueueIx> {
        if let Some(conf) = &self.order_topic_conf {
            let queues = conf.iter().flat_map(|(broker, count)| (0..*count).map(move |id| (*broker, id)));
            return queues.filter_map(|(broker, id)| directory.queue(topic, broker, id)).collect();
        }
        self.queues(topic, directory, |data| {
            let usable = data.perm.is_writeable() && self.broker(data.broker).is_some_and(|of| of.master().is_some());
            if usable { data.write_queue_nums } else { 0 }
        })
    }

    /// Every process of the route.
    pub fn processes(&self) -> impl Iterator<Item = BrokerIx> + '_ {
        self.broker_datas.iter().flat_map(|data| data.addresses.iter().map(|(_, process)| *process))
    }

    /// Who carries a broker name.
    #[must_use]
    pub fn broker(&self, name: BrokerIx) -> Option<&BrokerData> {
        self.broker_datas.iter().find(|data| data.broker == name)
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
