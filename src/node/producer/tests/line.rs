//! A producer where servers can fail, and what it wants of the network.

use super::*;
use crate::node::config::SendMode;
use crate::node::fact::Fact;
use crate::node::outbox::{CallEnd, CallResult, Timer};
use crate::protocol::message::{SendReply, SendRequest, SendStatus};
use crate::store::catalog::TransactionOutcome;

/// A producer, and what it wants of the network.
pub(super) struct Line {
    pub(super) stage: Stage,
    pub(super) sent: Vec<(Address, Correlation, SendRequest)>,
    pub(super) asked: Vec<(Correlation, TopicIx)>,
    pub(super) timers: Vec<(Timer, SimTime)>,
    pub(super) closed: Vec<Address>,
    pub(super) ends: Vec<CallEnd>,
    pub(super) facts: Vec<Fact>,
    pub(super) transactions: Vec<TransactionOutcome>,
    pub(super) exited: bool,
}

impl Line {
    pub(super) fn new(config: ProducerConfig) -> Self {
        let mut stage = Stage::with(config, None);
        stage.out.fallible = true;
        Self {
            stage,
            sent: Vec::new(),
            asked: Vec::new(),
            timers: Vec::new(),
            closed: Vec::new(),
            ends: Vec::new(),
            facts: Vec::new(),
            transactions: Vec::new(),
            exited: false,
        }
    }

    /// One that knows its route and has connections to all three brokers.
    pub(super) fn ready(config: ProducerConfig) -> Self {
        let mut line = Self::strange(config);
        (0..3).for_each(|broker| line.connect(at(0), broker));
        line
    }

    /// One that knows its route and has no connection.
    pub(super) fn strange(config: ProducerConfig) -> Self {
        let mut line = Self::new(config);
        line.stage.producer.on_start(at(0), &mut line.stage.out);
        line.stage.producer.client.preset_route(TOPIC, &Rc::new(masters(&[0, 1, 2])));
        line.stage.producer.take_publish_list();
        line.sort();
        line
    }

    pub(super) fn sort(&mut self) {
        assert!(self.stage.sends.is_empty(), "the fast lanes are not used");
        for effect in std::mem::take(&mut self.stage.out.effects) {
            match effect {
                Effect::Send { to, correlation, body: Body::Send(request), .. } => {
                    self.sent.push((to, correlation, *request));
                }
                Effect::Send { correlation, body: Body::GetRoute(topic), .. } => self.asked.push((correlation, topic)),
                Effect::Arm(timer, when) => {
                    self.timers.retain(|(armed, _)| *armed != timer);
                    self.timers.push((timer, when));
                }
                Effect::Disarm(timer) => self.timers.retain(|(armed, _)| *armed != timer),
                Effect::Disconnect(server) => self.closed.push(server),
                Effect::EndTransactionAt(_, end, _) => self.transactions.push(end.outcome),
                Effect::Fact(fact) => self.facts.push(fact),
                Effect::Exit => self.exited = true,
                other => panic!("{other:?}"),
            }
        }
        self.ends.append(&mut self.stage.out.calls);
    }

    pub(super) fn call(&mut self, now: SimTime) {
        self.stage.call(now);
        self.sort();
    }

    pub(super) fn tell(&mut self, now: SimTime, from: Address, correlation: Correlation, body: Body) {
        let me = Address::Producer(ProducerIx(0));
        let envelope = Envelope { from, to: me, channel: Channel { client: me, epoch: 1 }, correlation, body };
        self.stage.producer.on_message(now, envelope, &mut self.stage.out, &mut self.stage.sends);
        self.sort();
    }

    pub(super) fn connect(&mut self, now: SimTime, broker: u32) {
        self.tell(now, Address::Broker(BrokerIx(broker)), Correlation::ONEWAY, Body::Connected);
    }

    /// Answers the oldest send; returns what it was.
    pub(super) fn answer(&mut self, now: SimTime, body: Body) -> (Address, SendRequest) {
        let (to, correlation, request) = self.sent.remove(0);
        self.tell(now, to, correlation, body);
        (to, request)
    }

    pub(super) fn fire(&mut self, timer: Timer) -> SimTime {
        let position = self.timers.iter().position(|(armed, _)| *armed == timer).expect("it is armed");
        let (timer, when) = self.timers.remove(position);
        self.stage.producer.on_timer(when, timer, &mut self.stage.out, &mut self.stage.sends);
        self.sort();
        when
    }

    pub(super) fn results(&mut self) -> Vec<(u64, u32, CallResult)> {
        std::mem::take(&mut self.ends).into_iter().map(|end| (end.call, end.retries, end.result)).collect()
    }

    pub(super) fn route(&mut self, now: SimTime, route: Option<TopicRoute>) -> TopicIx {
        let (correlation, topic) = self.asked.remove(0);
        let nameserver = Address::Nameserver(NameserverIx(0));
        self.tell(now, nameserver, correlation, Body::RouteReply(route.map(Rc::new)));
        topic
    }
}

pub(super) fn masters(brokers: &[u32]) -> TopicRoute {
    TopicRoute::of_masters(brokers.iter().map(|broker| QueueData::new(BrokerIx(*broker), 2, 2)).collect())
}

pub(super) fn mode(mode: SendMode) -> ProducerConfig {
    ProducerConfig { mode, ..ProducerConfig::default() }
}

pub(super) fn stored(status: SendStatus) -> Body {
    Body::SendReply(SendReply::Ok { queue_offset: 5, physical: 500, status, epoch: 1 })
}
