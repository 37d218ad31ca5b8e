//! What a client makes of the routes it is told (`MQClientInstance#updateTopicRouteInfoFromNameServer`).

use std::rc::Rc;

use super::broker_table::BrokerTable;
use super::instance::ClientInstance;
use crate::kernel::rng::Stream;
use crate::node::fact::Fact;
use crate::node::outbox::Outbox;
use crate::protocol::route::{BrokerData, MASTER_ID, QueueData, TEMPLATE_TOPIC, TopicRoute};
use crate::store::ids::{BrokerIx, TopicIx};

impl ClientInstance {
    /// The stored route of a topic.
    #[must_use]
    pub fn route(&self, topic: TopicIx) -> Option<&Rc<TopicRoute>> {
        self.routes.get(&topic)
    }

    /// `brokerAddrTable`.
    #[must_use]
    pub const fn brokers(&self) -> &BrokerTable {
        &self.brokers
    }

    /// Sets routes and brokers as a member has them that has been running for long.
    pub fn preset_route(&mut self, topic: TopicIx, route: &Rc<TopicRoute>) {
        for data in &route.broker_datas {
            self.brokers.replace(data);
        }
        self.routes.insert(topic, Rc::clone(route));
    }

    /// Step 4 of the route update: a changed route replaces the stored one, and what it says of brokers replaces what is known
    /// of them; a topic that has disappeared keeps its old one. Where nobody can send by the route it counts as changed
    /// (`#isNeedUpdateTopicRouteInfo`).
    pub(super) fn take_route(&mut self, topic: TopicIx, route: &Rc<TopicRoute>, out: &mut Outbox) {
        let same = self.routes.get(&topic).is_some_and(|stored| stored == route);
        if same && (!out.fallible || is_writeable(route)) {
            return;
        }
        for data in &route.broker_datas {
            if self.brokers.replace(data) && out.fallible {
                self.tell_master(data.broker, out);
            }
        }
        if same {
            return;
        }
        self.routes.insert(topic, Rc::clone(route));
        if topic != TEMPLATE_TOPIC {
            out.fact(Fact::RouteChanged { owner: self.owner, topic, queues: route.readable() });
        }
    }

    /// A topic that nobody knows gets the template's route, with so many queues per broker at most. False without a template.
    pub fn take_template(&mut self, topic: TopicIx, default_topic_queue_nums: u32, out: &mut Outbox) -> bool {
        let Some(template) = self.routes.get(&TEMPLATE_TOPIC) else { return false };
        let of_topic = |data: &QueueData| {
            let queues = data.read_queue_nums.min(default_topic_queue_nums);
            QueueData { read_queue_nums: queues, write_queue_nums: queues, ..*data }
        };
        let queue_datas = template.queue_datas.iter().map(of_topic).collect();
        let broker_datas = template.broker_datas.clone();
        self.take_route(topic, &Rc::new(TopicRoute { queue_datas, broker_datas, order_topic_conf: None }), out);
        true
    }

    /// `#cleanOfflineBroker`: an address in no route is forgotten. Routes that have become stale count too.
    pub(super) fn clean_offline_brokers(&mut self, out: &mut Outbox) {
        let routes = &self.routes;
        let carries = |data: &BrokerData, name, process| {
            data.broker == name && data.addresses.iter().any(|(_, known)| *known == process)
        };
        let orphans = self.brokers.retain(|name, process| {
            routes.values().any(|route| route.broker_datas.iter().any(|data| carries(data, name, process)))
        });
        if out.fallible {
            for name in orphans {
                self.tell_master(name, out);
            }
        }
    }

    fn tell_master(&self, name: BrokerIx, out: &mut Outbox) {
        let master = self.brokers.in_publish(name);
        out.fact(Fact::MasterSeen { client: self.address(), name, master });
    }

    /// `#findBrokerAddrByTopic`: a random broker of the stored route, its master or else a random slave. It may be long dead.
    #[must_use]
    pub fn broker_of_topic(&self, topic: TopicIx, stream: &mut Stream) -> Option<BrokerIx> {
        let carriers = &self.routes.get(&topic)?.broker_datas;
        let carrier = carriers.get(draw(carriers.len(), stream)?)?;
        let slave = |stream: &mut Stream| Some(carrier.addresses[draw(carrier.addresses.len(), stream)?].1);
        carrier.address(MASTER_ID).or_else(|| slave(stream))
    }
}

fn draw(count: usize, stream: &mut Stream) -> Option<usize> {
    (count > 0).then(|| stream.below(count as u64) as usize)
}

/// Whether a publish list made of this route has a queue.
fn is_writeable(route: &TopicRoute) -> bool {
    let has_master = |name| route.broker(name).is_some_and(|data| data.master().is_some());
    let writeable = |data: &QueueData| data.perm.is_writeable() && data.write_queue_nums > 0 && has_master(data.broker);
    route.order_topic_conf.is_some() || route.queue_datas.iter().any(writeable)
}
