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
            Body::RegisterBroker { broker, table, .. } => {
                self.register(now, broker, &table, channel, out);
                out.reply(channel, correlation, Body::RegisterBrokerReply(None));
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
        let answer = Rc::new(TopicRoute::of_masters(queue_datas));
        self.answers.insert(topic, Rc::clone(&answer));
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::message::Correlation;
    use crate::store::ids::InstanceIx;

    const TOPIC: TopicIx = TopicIx(0);

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    fn channel(broker: u32, epoch: u32) -> Channel {
        Channel { client: Address::Broker(BrokerIx(broker)), epoch }
    }

    fn table(broker: u32, queues: &[u32], counter: u64) -> Rc<TopicConfigTable> {
        let data = |queues| QueueData::new(BrokerIx(broker), queues, queues);
        let topics = queues.iter().enumerate().map(|(topic, queues)| (TopicIx::new(topic), data(*queues))).collect();
        Rc::new(TopicConfigTable { topics, version: DataVersion { timestamp: SimTime::ZERO, counter } })
    }

    fn tell(nameserver: &mut Nameserver, now: SimTime, channel: Channel, body: Body) -> Vec<Effect> {
        let (from, to) = (channel.client, Address::Nameserver(NameserverIx(0)));
        let mut out = Outbox::default();
        nameserver.on_message(now, Envelope { from, to, channel, correlation: Correlation(4), body }, &mut out);
        out.effects
    }

    fn register(nameserver: &mut Nameserver, now: SimTime, channel: Channel, table: Rc<TopicConfigTable>) -> bool {
        let Address::Broker(broker) = channel.client else { panic!("a broker registers") };
        let effects =
            tell(nameserver, now, channel, Body::RegisterBroker { name: broker, broker, broker_id: 0, table });
        effects.iter().any(|effect| matches!(effect, Effect::Fact(Fact::BrokerRegistered { changed: true, .. })))
    }

    fn queues(nameserver: &mut Nameserver, topic: TopicIx) -> Option<Vec<(u32, u32)>> {
        let asker = Channel { client: Address::Consumer(InstanceIx(0)), epoch: 1 };
        let effects = tell(nameserver, at(0), asker, Body::GetRoute(topic));
        match &effects[..] {
            [Effect::Reply { body: Body::RouteReply(route), .. }] => {
                let counts = |route: &Rc<TopicRoute>| {
                    route.queue_datas.iter().map(|data| (data.broker.0, data.read_queue_nums)).collect()
                };
                route.as_ref().map(counts)
            }
            _ => panic!("{effects:?}"),
        }
    }

    fn nameserver() -> Nameserver {
        Nameserver::new(NameserverIx(0), NameserverConfig::default())
    }

    #[test]
    fn topics_are_taken_over_when_the_version_differs_and_only_then() {
        let mut server = nameserver();
        assert_eq!(queues(&mut server, TOPIC), None, "TOPIC_NOT_EXIST");
        assert!(register(&mut server, at(1), channel(0, 1), table(0, &[4], 0)));
        assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4)]));
        assert!(!register(&mut server, at(2), channel(0, 1), table(0, &[8], 0)));
        assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4)]));
        assert!(register(&mut server, at(3), channel(0, 1), table(0, &[8], 1)));
        assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 8)]));
    }

    #[test]
    fn topics_that_a_registration_does_not_name_stay() {
        let mut server = nameserver();
        register(&mut server, at(1), channel(0, 1), table(0, &[4, 2], 0));
        register(&mut server, at(2), channel(0, 1), table(0, &[6], 1));
        assert_eq!(queues(&mut server, TopicIx(1)), Some(vec![(0, 2)]));
    }

    #[test]
    fn a_nameserver_that_has_heard_of_one_broker_only_tells_a_partial_route() {
        let mut server = nameserver();
        register(&mut server, at(1), channel(1, 1), table(1, &[4], 0));
        assert_eq!(queues(&mut server, TOPIC), Some(vec![(1, 4)]));
        register(&mut server, at(9), channel(0, 1), table(0, &[4], 0));
        assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4), (1, 4)]), "by broker name");
    }

    #[test]
    fn a_broker_silent_for_more_than_120_s_is_forgotten_with_its_queues() {
        let mut server = nameserver();
        let mut out = Outbox::default();
        server.on_start(at(0), &mut out);
        assert!(matches!(out.effects[..], [Effect::Arm(Timer::BrokerScan, first)] if first == at(5)));
        register(&mut server, at(5), channel(0, 1), table(0, &[4], 0));
        register(&mut server, at(20), channel(1, 1), table(1, &[2], 0));
        out.effects.clear();
        server.on_broker_scan(at(125), &mut out);
        assert!(matches!(out.effects[..], [Effect::Arm(Timer::BrokerScan, next)] if next == at(135)));
        server.on_broker_scan(at(135), &mut out);
        assert!(
            out.effects.iter().any(|effect| matches!(effect, Effect::CloseChannel(closed) if *closed == channel(0, 1)))
        );
        assert_eq!(queues(&mut server, TOPIC), Some(vec![(1, 2)]));
        server.on_broker_scan(at(145), &mut out);
        assert_eq!(queues(&mut server, TOPIC), None, "the last broker takes the topic with it");
        assert!(register(&mut server, at(150), channel(0, 1), table(0, &[4], 0)), "it has to tell its topics again");
    }

    #[test]
    fn only_the_channel_of_the_latest_registration_counts_when_it_closes() {
        let mut server = nameserver();
        register(&mut server, at(1), channel(0, 1), table(0, &[4], 0));
        register(&mut server, at(2), channel(0, 2), table(0, &[4], 0));
        server.on_closed(channel(0, 1), &mut Outbox::default());
        assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4)]));
        server.on_closed(channel(0, 2), &mut Outbox::default());
        assert_eq!(queues(&mut server, TOPIC), None);
    }
}
