//! The nameserver's state machine.

use std::rc::Rc;

use super::tables::{OrderTopics, Registration, Tables};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::NameserverConfig;
use crate::node::fact::Fact;
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::{Body, Envelope};
use crate::protocol::route::{MASTER_ID, TopicConfigTable, TopicRoute};
use crate::store::ids::{BrokerIx, NameserverIx, TopicIx};

/// First run of the expiry scan (`NamesrvController#initialize`).
const SCAN_INITIAL_DELAY: SimDuration = SimDuration::from_secs(5);

/// A nameserver.
#[derive(Debug)]
pub struct Nameserver {
    me: NameserverIx,
    config: NameserverConfig,
    /// The KV file, which outlives the process (`KVConfigManager`).
    order_topics: OrderTopics,
    tables: Tables,
}

impl Nameserver {
    /// An empty nameserver.
    #[must_use]
    pub fn new(me: NameserverIx, config: NameserverConfig) -> Self {
        Self { me, config, order_topics: OrderTopics::new(), tables: Tables::default() }
    }

    /// With order topics: the queues per broker name that producers use, whatever is alive (`orderMessageEnable`).
    #[must_use]
    pub fn with_order_topics(mut self, topics: &[(TopicIx, Vec<(BrokerIx, u32)>)]) -> Self {
        self.order_topics = topics.iter().cloned().collect();
        self
    }

    /// The process starts.
    pub fn on_start(&mut self, now: SimTime, out: &mut Outbox) {
        out.arm(Timer::BrokerScan, now + SCAN_INITIAL_DELAY);
    }

    /// `shutdown()`: nothing has to be told to anybody.
    pub fn on_stop(&mut self, now: SimTime, out: &mut Outbox) {
        self.on_killed(now, out);
        out.effects.push(Effect::Exit);
    }

    /// The process is gone, and with it everything that brokers have told it.
    pub fn on_killed(&mut self, _now: SimTime, out: &mut Outbox) {
        self.tables = Tables::default();
        out.disarm(Timer::BrokerScan);
    }

    /// The host is gone. Of what a nameserver keeps on disk nothing changes during a run.
    pub fn on_host_lost(&mut self, now: SimTime, _disk_lost: bool, out: &mut Outbox) {
        self.on_killed(now, out);
    }

    /// The process runs again, and knows no broker.
    pub fn on_restart(&mut self, now: SimTime, _empty_disk: bool, out: &mut Outbox) {
        self.tables = Tables::default();
        self.on_start(now, out);
    }

    /// A broker that has been registered since before the run.
    pub fn preset_broker(&mut self, broker: BrokerIx, table: &TopicConfigTable, channel: Channel) {
        self.preset_process(broker, (broker, MASTER_ID), table, channel);
    }

    /// The same for a process of any broker name: itself and its broker id.
    pub fn preset_process(
        &mut self,
        name: BrokerIx,
        (broker, id): (BrokerIx, u32),
        table: &TopicConfigTable,
        channel: Channel,
    ) {
        self.tables.register(SimTime::ZERO, Registration { name, broker, id, table, channel });
    }

    /// A request arrives.
    pub fn on_message(&mut self, now: SimTime, envelope: Envelope, out: &mut Outbox) {
        let Envelope { channel, correlation, body, .. } = envelope;
        match body {
            Body::RegisterBroker { name, broker, broker_id: id, table } => {
                let registration = Registration { name, broker, id, table: &table, channel };
                let registered = self.tables.register(now, registration);
                out.fact(Fact::BrokerRegistered { nameserver: self.me, broker, changed: registered.changed });
                out.reply(channel, correlation, Body::RegisterBrokerReply(registered.master));
            }
            Body::UnregisterBroker { name, broker, broker_id } => {
                self.tables.unregister(name, broker, broker_id);
                out.fact(Fact::BrokerExpired { nameserver: self.me, broker });
                out.reply(channel, correlation, Body::UnregisterBrokerReply);
            }
            Body::SetWritePerm(name, writable) => self.tables.set_write_perm(name, writable),
            Body::GetRoute(topic) => out.reply(channel, correlation, Body::RouteReply(self.route(topic))),
            // Requests that clients without a master's address send here by mistake get no answer.
            _ => {}
        }
    }

    /// `RouteInfoManager#scanNotActiveBroker`.
    pub fn on_broker_scan(&mut self, now: SimTime, out: &mut Outbox) {
        for (broker, channel) in self.tables.expired(now, self.config.broker_channel_expired_time) {
            out.effects.push(Effect::CloseChannel(channel));
            self.forget(broker, out);
        }
        out.arm(Timer::BrokerScan, now + self.config.scan_not_active_broker_interval);
    }

    /// `RouteInfoManager#onChannelDestroy`: a connection was closed, reset or idle for too long. Only the one of the current
    /// registration counts.
    pub fn on_closed(&mut self, channel: Channel, out: &mut Outbox) {
        let Address::Broker(broker) = channel.client else { return };
        if self.tables.registered_by(broker, channel) {
            self.forget(broker, out);
        }
    }

    /// The route of a topic as it is told to clients; `None` is `TOPIC_NOT_EXIST`.
    pub fn route(&mut self, topic: TopicIx) -> Option<Rc<TopicRoute>> {
        self.tables.route(topic, &self.order_topics)
    }

    fn forget(&mut self, broker: BrokerIx, out: &mut Outbox) {
        self.tables.destroy(broker);
        out.fact(Fact::BrokerExpired { nameserver: self.me, broker });
    }
}
