//! The tables of a nameserver (`RouteInfoManager`), all of them in memory: they are gone with the process.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Channel;
use crate::protocol::route::{BrokerData, DataVersion, MASTER_ID, Perm, QueueData, TopicConfigTable, TopicRoute};
use crate::store::ids::{BrokerIx, TopicIx};

/// An entry of `brokerLiveTable` (`BrokerLiveInfo`).
#[derive(Clone, Copy, Debug)]
struct Live {
    last_update: SimTime,
    version: DataVersion,
    channel: Channel,
}

/// What a registration says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registration<'a> {
    /// `brokerName`.
    pub(super) name: BrokerIx,
    /// `brokerAddr`: the process.
    pub(super) broker: BrokerIx,
    /// `brokerId`.
    pub(super) id: u32,
    /// Topics and their version.
    pub(super) table: &'a TopicConfigTable,
    /// The connection it came by.
    pub(super) channel: Channel,
}

/// What it led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Registered {
    /// Topics were taken over.
    pub(super) changed: bool,
    /// A slave's live master.
    pub(super) master: Option<BrokerIx>,
}

/// KV namespace `ORDER_TOPIC_CONFIG`: queues per broker name of each order topic.
pub(super) type OrderTopics = BTreeMap<TopicIx, Vec<(BrokerIx, u32)>>;

/// The tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// `topicQueueTable`: by broker name.
    topics: BTreeMap<TopicIx, BTreeMap<BrokerIx, QueueData>>,
    /// `brokerAddrTable`: by broker name, the process of each broker id.
    brokers: BTreeMap<BrokerIx, BTreeMap<u32, BrokerIx>>,
    /// `brokerLiveTable`: by process.
    live: BTreeMap<BrokerIx, Live>,
    /// Answers to route queries, made once per change.
    answers: BTreeMap<TopicIx, Rc<TopicRoute>>,
}

impl Tables {
    /// `RouteInfoManager#registerBroker`. Topics are taken from masters only, and only when their version is not the one
    /// known or the broker id was not there; those it does not name stay.
    pub(super) fn register(&mut self, now: SimTime, registration: Registration<'_>) -> Registered {
        let Registration { name, broker, id, table, channel } = registration;
        let is_new = !self.brokers.contains_key(&name);
        let addresses = self.brokers.entry(name).or_default();
        // A process that has changed its role leaves its old id.
        let before = addresses.len();
        addresses.retain(|known, process| *process != broker || *known == id);
        let moved = addresses.len() != before;
        let old = addresses.insert(id, broker);
        let first = is_new || old.is_none();
        let known = self.live.get(&broker).map(|live| live.version);
        let changed = id == MASTER_ID && (first || known != Some(table.version));
        if changed {
            for (topic, data) in &table.topics {
                self.topics.entry(*topic).or_default().insert(name, *data);
            }
        }
        if changed || moved || old != Some(broker) {
            self.answers.clear();
        }
        self.live.insert(broker, Live { last_update: now, version: table.version, channel });
        let master = if id == MASTER_ID { None } else { self.live_master(name) };
        Registered { changed, master }
    }

    fn live_master(&self, name: BrokerIx) -> Option<BrokerIx> {
        let master = *self.brokers.get(&name)?.get(&MASTER_ID)?;
        self.live.contains_key(&master).then_some(master)
    }

    /// `RouteInfoManager#unregisterBroker`: the entry of the id goes whoever it belongs to by now.
    pub(super) fn unregister(&mut self, name: BrokerIx, broker: BrokerIx, id: u32) {
        self.live.remove(&broker);
        if let Some(addresses) = self.brokers.get_mut(&name) {
            addresses.remove(&id);
        }
        self.drop_if_empty(name);
    }

    /// `RouteInfoManager#onChannelDestroy`, once the broker is known: its address goes, with its name when it was the last.
    pub(super) fn destroy(&mut self, broker: BrokerIx) {
        self.live.remove(&broker);
        let of = self.brokers.iter().find(|(_, addresses)| addresses.values().any(|process| *process == broker));
        let Some(name) = of.map(|(name, _)| *name) else { return };
        if let Some(addresses) = self.brokers.get_mut(&name) {
            addresses.retain(|_, process| *process != broker);
        }
        self.drop_if_empty(name);
    }

    /// A name without any process takes its queues along, and topics that become empty.
    fn drop_if_empty(&mut self, name: BrokerIx) {
        self.answers.clear();
        if self.brokers.get(&name).is_none_or(|addresses| !addresses.is_empty()) {
            return;
        }
        self.brokers.remove(&name);
        for brokers in self.topics.values_mut() {
            brokers.remove(&name);
        }
        self.topics.retain(|_, brokers| !brokers.is_empty());
    }

    /// The broker whose latest registration came by this connection.
    pub(super) fn registered_by(&self, broker: BrokerIx, channel: Channel) -> bool {
        self.live.get(&broker).is_some_and(|live| live.channel == channel)
    }

    /// Brokers that were last heard of longer than `expiry` ago.
    pub(super) fn expired(&self, now: SimTime, expiry: SimDuration) -> Vec<(BrokerIx, Channel)> {
        let old = self.live.iter().filter(|(_, live)| live.last_update + expiry < now);
        old.map(|(broker, live)| (*broker, live.channel)).collect()
    }

    /// `RouteInfoManager#operateWritePermOfBroker`: the permission is set in the table only, so the next change of the
    /// broker's own topics undoes it.
    pub(super) fn set_write_perm(&mut self, name: BrokerIx, writable: bool) {
        for data in self.topics.values_mut().filter_map(|brokers| brokers.get_mut(&name)) {
            data.perm = if writable { Perm::READ_WRITE } else { Perm(data.perm.0 & !Perm::WRITE.0) };
        }
        self.answers.clear();
    }

    /// `RouteInfoManager#pickupTopicRouteData`: there has to be queue data and broker data, not of the same names. `None` is
    /// `TOPIC_NOT_EXIST`.
    pub(super) fn route(&mut self, topic: TopicIx, orders: &OrderTopics) -> Option<Rc<TopicRoute>> {
        if let Some(answer) = self.answers.get(&topic) {
            return Some(Rc::clone(answer));
        }
        let queue_datas: Vec<QueueData> = self.topics.get(&topic)?.values().copied().collect();
        let carrier = |data: &QueueData| {
            let addresses = self.brokers.get(&data.broker)?;
            let addresses = addresses.iter().map(|(id, process)| (*id, *process)).collect();
            Some(BrokerData { broker: data.broker, addresses })
        };
        let broker_datas: Vec<BrokerData> = queue_datas.iter().filter_map(carrier).collect();
        if queue_datas.is_empty() || broker_datas.is_empty() {
            return None;
        }
        let order_topic_conf = orders.get(&topic).cloned();
        let answer = Rc::new(TopicRoute { queue_datas, broker_datas, order_topic_conf });
        self.answers.insert(topic, Rc::clone(&answer));
        Some(answer)
    }
}
