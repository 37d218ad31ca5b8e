//! The nameserver: who registered what, and when it was last heard of (`RouteInfoManager`). Nameservers never talk to each
//! other, so their views can differ.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::config::NameserverConfig;
use super::fact::Fact;
use super::outbox::{Effect, Outbox, Timer};
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::{Body, Envelope};
use crate::protocol::route::{DataVersion, QueueData, TopicConfigTable, TopicRoute};
use crate::store::ids::{BrokerIx, NameserverIx, TopicIx};

/// First run of the expiry scan (`NamesrvController#initialize`).
const SCAN_INITIAL_DELAY: SimDuration = SimDuration::from_secs(5);

/// A nameserver.
#[derive(Debug)]
pub struct Nameserver {
    me: NameserverIx,
    config: NameserverConfig,
    /// `topicQueueTable`.
    topics: BTreeMap<TopicIx, BTreeMap<BrokerIx, QueueData>>,
    /// `brokerLiveTable`.
    live: BTreeMap<BrokerIx, Live>,
    /// Answers to route queries, made once per change.
    answers: BTreeMap<TopicIx, Rc<TopicRoute>>,
}

/// An entry of `brokerLiveTable` (`BrokerLiveInfo`).
#[derive(Clone, Copy, Debug)]
struct Live {
    last_update: SimTime,
    version: DataVersion,
    channel: Channel,
}

impl Nameserver {
    /// An empty nameserver.
    #[must_use]
    pub fn new(me: NameserverIx, config: NameserverConfig) -> Self {
        Self { me, config, topics: BTreeMap::new(), live: BTreeMap::new(), answers: BTreeMap::new() }
    }

    /// The process starts.
    pub fn on_start(&mut self, now: SimTime, out: &mut Outbox) {
        out.arm(Timer::BrokerScan, now + SCAN_INITIAL_DELAY);
    }

    /// A broker that has been registered since before the run.
    pub fn preset_broker(&mut self, broker: BrokerIx, table: &TopicConfigTable, channel: Channel) {
        self.register(SimTime::ZERO, broker, table, channel, &mut Outbox::default());
    }

    /// A request arrives.
    pub fn on_message(&mut self, now: SimTime, envelope: Envelope, out: &mut Outbox) {
        let Envelope { channel, correlation, body, .. } = envelope;
        match body {
            Body::RegisterBroker { broker, table } => {
                self.register(now, broker, &table, channel, out);
                out.reply(channel, correlation, Body::RegisterBrokerReply);
            }
            Body::GetRoute(topic) => out.reply(channel, correlation, Body::RouteReply(self.route(topic))),
            _ => {}
        }
    }

    /// `RouteInfoManager#scanNotActiveBroker`.
    pub fn on_broker_scan(&mut self, now: SimTime, out: &mut Outbox) {
        let expired: Vec<(BrokerIx, Channel)> = self
            .live
            .iter()
            .filter(|(_, live)| live.last_update + self.config.broker_channel_expired_time < now)
            .map(|(broker, live)| (*broker, live.channel))
            .collect();
        for (broker, channel) in expired {
            out.effects.push(Effect::CloseChannel(channel));
            self.forget(broker, out);
        }
        out.arm(Timer::BrokerScan, now + self.config.scan_not_active_broker_interval);
    }

    /// `RouteInfoManager#onChannelDestroy`: only the channel of the current registration counts.
    pub fn on_closed(&mut self, channel: Channel, out: &mut Outbox) {
        let Address::Broker(broker) = channel.client else { return };
        if self.live.get(&broker).is_some_and(|live| live.channel == channel) {
            self.forget(broker, out);
        }
    }

    /// `RouteInfoManager#registerBroker` for a master: topics are taken over when the version differs, the time always.
    fn register(
        &mut self,
        now: SimTime,
        broker: BrokerIx,
        table: &TopicConfigTable,
        channel: Channel,
        out: &mut Outbox,
    ) {
        let changed = self.live.get(&broker).is_none_or(|live| live.version != table.version);
        if changed {
            for (topic, data) in &table.topics {
                self.topics.entry(*topic).or_default().insert(broker, *data);
            }
            self.answers.clear();
        }
        self.live.insert(broker, Live { last_update: now, version: table.version, channel });
        out.fact(Fact::BrokerRegistered { nameserver: self.me, broker, changed });
    }

    /// Removes a broker with its queues; topics that become empty go too (`RouteInfoManager#unregisterBroker`, step 3).
    fn forget(&mut self, broker: BrokerIx, out: &mut Outbox) {
        self.live.remove(&broker);
        for brokers in self.topics.values_mut() {
            brokers.remove(&broker);
        }
        self.topics.retain(|_, brokers| !brokers.is_empty());
        self.answers.clear();
        out.fact(Fact::BrokerExpired { nameserver: self.me, broker });
    }

    /// `RouteInfoManager#pickupTopicRouteData`; `None` is `TOPIC_NOT_EXIST`.
    pub fn route(&mut self, topic: TopicIx) -> Option<Rc<TopicRoute>> {
        if let Some(answer) = self.answers.get(&topic) {
            return Some(Rc::clone(answer));
        }
        let queue_datas = self.topics.get(&topic)?.values().copied().collect();
        let answer = Rc::new(TopicRoute { queue_datas });
        self.answers.insert(topic, Rc::clone(&answer));
        Some(answer)
    }
}
