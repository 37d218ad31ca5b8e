//! The consumer through its inputs and its outbox.

mod failures;
mod lifecycle;
mod listener;
mod network;
mod pulls;
mod rebalance;

use std::rc::Rc;

use super::{Consumer, ConsumerParts};
use crate::consume::allocate::Averagely;
use crate::kernel::dist::Distribution;
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::allocation::{Allocations, GroupStrategy, Names};
use crate::node::config::{ClientConfig, ConsumeFromWhere, ConsumerConfig};
use crate::node::fact::{Fact, RebalanceTrigger};
use crate::node::outbox::{Delivery, Effect, Fate, Outbox, Timer};
use crate::protocol::address::{Address, Channel};
use crate::protocol::directory::Directory;
use crate::protocol::message::{Body, Correlation, Envelope, PullCode, PullReply, PullRequest};
use crate::protocol::route::{QueueData, TEMPLATE_TOPIC, TopicRoute};
use crate::store::get_message::Pulled;
use crate::store::ids::{BrokerIx, ClientIx, ExpressionIx, GroupIx, InstanceIx, NameserverIx, QueueIx, TopicIx};
use crate::store::message::{Message, NO_KEY};

const ME: InstanceIx = InstanceIx(0);
const GROUP: GroupIx = GroupIx(0);
const TOPIC: TopicIx = TopicIx(0);
const QUEUES: u32 = 4;

fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

fn constant(millis: u64) -> Distribution {
    Distribution::constant_duration(SimDuration::from_millis(millis))
}

/// A consumer alone with the network: two brokers of two queues each, itself client 1 of 3.
struct Stage {
    consumer: Consumer,
    allocations: Allocations,
    out: Outbox,
    /// The latest request of each kind that waits for an answer.
    asked: Vec<(Address, Correlation, Body)>,
    timers: Vec<(Timer, SimTime)>,
    pulls: Vec<(u32, SimTime)>,
    fixes: Vec<(u32, SimTime)>,
    facts: Vec<Fact>,
    deliveries: Vec<Delivery>,
    exited: bool,
    closed: Vec<Address>,
}

impl Stage {
    fn with(config: ConsumerConfig) -> Self {
        let config =
            ConsumerConfig { client: ClientConfig { handling: Distribution::Constant(0), ..config.client }, ..config };
        let queues = (0..2).flat_map(|broker| (0..QUEUES / 2).map(move |id| (TOPIC, BrokerIx(broker), id)));
        let directory = Rc::new(Directory::new(1, 2, queues));
        let names = Names {
            topics: vec!["topic".into()],
            brokers: vec!["a".into(), "b".into()],
            clients: (0..3).map(|client| format!("client-{client}")).collect(),
        };
        let strategy = GroupStrategy { strategy: Box::new(Averagely), configured: Vec::new() };
        let streams = Streams::new(7);
        let consumer = Consumer::new(ConsumerParts {
            me: ME,
            group: GROUP,
            topics: vec![TOPIC],
            expressions: vec![ExpressionIx::ALL],
            config,
            directory,
            deployment: Rc::default(),
            nameservers: vec![NameserverIx(0)],
            stream: streams.stream("consumer", "client"),
            service_stream: streams.stream("consumer", "service"),
        });
        Self {
            consumer,
            allocations: Allocations::new(names, vec![strategy]),
            out: Outbox::default(),
            asked: Vec::new(),
            timers: Vec::new(),
            pulls: Vec::new(),
            fixes: Vec::new(),
            facts: Vec::new(),
            deliveries: Vec::new(),
            exited: false,
            closed: Vec::new(),
        }
    }

    /// A member that has all four queues of the topic, stored offset 0 each, and whose pulls are out at `now`.
    fn owner(config: ConsumerConfig) -> Self {
        let mut stage = Self::with(config);
        stage.start();
        stage.come_up(at(0), &[1]);
        for (token, when) in std::mem::take(&mut stage.pulls) {
            stage.pull(when, token);
        }
        stage.facts.clear();
        stage
    }

    fn start(&mut self) {
        self.consumer.on_start(at(0), ClientIx(1), &mut self.out);
        self.sort();
    }

    /// Sorts the outbox into what is asked, armed and recorded.
    fn sort(&mut self) {
        for effect in std::mem::take(&mut self.out.effects) {
            match effect {
                Effect::Send { to, correlation, body, .. } => self.asked.push((to, correlation, body)),
                Effect::Arm(timer, when) => {
                    self.timers.retain(|(armed, _)| *armed != timer);
                    self.timers.push((timer, when));
                }
                Effect::Disarm(timer) => self.timers.retain(|(armed, _)| *armed != timer),
                Effect::PullAt(token, when) => self.pulls.push((token, when)),
                Effect::FixOffsetAt(token, when) => self.fixes.push((token, when)),
                Effect::Fact(fact) => self.facts.push(fact),
                Effect::Exit => self.exited = true,
                Effect::Disconnect(server) => self.closed.push(server),
                other => panic!("{other:?}"),
            }
        }
        self.deliveries.append(&mut self.out.deliveries);
    }

    fn tell(&mut self, now: SimTime, from: Address, correlation: Correlation, body: Body) {
        let channel = Channel { client: Address::Consumer(ME), epoch: 1 };
        let envelope = Envelope { from, to: Address::Consumer(ME), channel, correlation, body };
        self.consumer.on_message(now, envelope, &mut self.allocations, &mut self.out);
        self.sort();
    }

    fn fire(&mut self, timer: Timer) -> SimTime {
        let position = self.timers.iter().position(|(armed, _)| *armed == timer).expect("it is armed");
        let (_, when) = self.timers.remove(position);
        self.consumer.on_timer(when, timer, &mut self.allocations, &mut self.out);
        self.sort();
        when
    }

    fn armed(&self, timer: Timer) -> Option<SimTime> {
        self.timers.iter().find(|(armed, _)| *armed == timer).map(|(_, when)| *when)
    }

    fn pull(&mut self, now: SimTime, token: u32) {
        self.consumer.on_pull(now, token, &mut self.out);
        self.sort();
    }

    /// Takes the oldest request that expects an answer.
    fn next_call(&mut self) -> (Address, Correlation, Body) {
        let position = self.asked.iter().position(|(_, correlation, _)| *correlation != Correlation::ONEWAY);
        self.asked.remove(position.expect("a call is under way"))
    }

    /// Takes the one-way messages sent so far.
    fn sent(&mut self) -> Vec<(Address, Body)> {
        let oneway = |entry: &(Address, Correlation, Body)| entry.1 == Correlation::ONEWAY;
        let sent = self.asked.iter().filter(|entry| oneway(entry)).map(|(to, _, body)| (*to, body.clone())).collect();
        self.asked.retain(|entry| !oneway(entry));
        sent
    }

    fn pulls_sent(&mut self) -> Vec<PullRequest> {
        let pull = |(_, body)| match body {
            Body::Pull(request) => Some(request),
            _ => None,
        };
        self.sent().into_iter().filter_map(pull).collect()
    }

    fn offsets_sent(&mut self) -> Vec<(QueueIx, u64)> {
        let offsets = |(_, body)| match body {
            Body::UpdateOffsets { offsets, .. } => Some(offsets),
            _ => None,
        };
        self.sent().into_iter().filter_map(offsets).flatten().collect()
    }

    /// Answers the call under way as a cluster with these members and no stored offsets would; returns what was asked.
    fn answer(&mut self, now: SimTime, members: &[u32]) -> (Address, Body) {
        let (to, correlation, body) = self.next_call();
        let reply = match &body {
            Body::GetRoute(topic) => Body::RouteReply(Some(route(*topic))),
            Body::Heartbeat(_) => Body::HeartbeatReply,
            Body::GetConsumerList(_) => Body::ConsumerList(Some(members.iter().map(|id| ClientIx(*id)).collect())),
            Body::QueryOffset(..) => Body::Offset(Some(0)),
            Body::UnregisterClient(_) => Body::UnregisterReply,
            other => panic!("{other:?}"),
        };
        self.tell(now, to, correlation, reply);
        (to, body)
    }

    /// Answers everything, one call after another.
    fn come_up(&mut self, now: SimTime, members: &[u32]) -> Vec<(Address, Body)> {
        let mut asked = Vec::new();
        while self.asked.iter().any(|(_, correlation, _)| *correlation != Correlation::ONEWAY) {
            asked.push(self.answer(now, members));
        }
        asked
    }

    fn found(&mut self, now: SimTime, request: PullRequest, count: u64) {
        let batch: Vec<Pulled> = (request.offset..request.offset + count).map(pulled).collect();
        self.reply(now, request, PullCode::Success, request.offset + count, batch);
    }

    fn reply(&mut self, now: SimTime, request: PullRequest, code: PullCode, next: u64, batch: Vec<Pulled>) {
        let reply =
            PullReply { queue: request.queue, token: request.token, code, next_begin_offset: next, suggest: 0, batch };
        self.tell(now, Address::Broker(BrokerIx(0)), Correlation::ONEWAY, Body::PullReply(reply));
    }

    fn notice(&mut self, now: SimTime) {
        let body = Body::NotifyConsumerIdsChanged(GROUP);
        self.tell(now, Address::Broker(BrokerIx(0)), Correlation::ONEWAY, body);
    }

    fn settle(&mut self, now: SimTime) -> Vec<(u64, Fate)> {
        self.consumer.settle(now, &mut self.out);
        self.sort();
        std::mem::take(&mut self.deliveries).iter().map(|delivery| (delivery.offset, delivery.fate)).collect()
    }
}

fn route(topic: TopicIx) -> Rc<TopicRoute> {
    let count = if topic == TEMPLATE_TOPIC { 8 } else { QUEUES / 2 };
    let data = |broker| QueueData::new(BrokerIx(broker), count, count);
    Rc::new(TopicRoute::of_masters(vec![data(0), data(1)]))
}

fn pulled(offset: u64) -> Pulled {
    let message =
        Message { physical: 0, stored_at: at(0), born_at: at(0), size: 600, body: 500, key: NO_KEY, class: 0 };
    Pulled { offset, message }
}

fn one_queue(stage: &mut Stage) -> PullRequest {
    let requests = stage.pulls_sent();
    *requests.iter().find(|request| request.queue == QueueIx(0)).expect("queue 0 is pulled")
}

fn service(millis: u64) -> ConsumerConfig {
    ConsumerConfig { service_time: constant(millis), consume_thread_min: 2, ..ConsumerConfig::default() }
}
