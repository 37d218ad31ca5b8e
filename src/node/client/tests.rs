//! A client instance through its inputs and its outbox, where servers can fail.

use std::rc::Rc;

use super::{Answer, ClientInstance, Finished, Thread};
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::ClientConfig;
use crate::node::fact::{CallKind, Disconnection, Fact, RouteOwner};
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, CallError, Correlation};
use crate::protocol::route::{BrokerData, Perm, QueueData, TEMPLATE_TOPIC, TopicRoute};
use crate::store::ids::{BrokerIx, ClientIx, NameserverIx, ProducerIx, TopicIx};

const TOPIC: TopicIx = TopicIx(0);
const BROKER: Address = Address::Broker(BrokerIx(0));

fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

/// A client with so many nameservers, and what it wants.
struct Stage {
    client: ClientInstance,
    out: Outbox,
    asked: Vec<(Address, Correlation, Body)>,
    timers: Vec<(Timer, SimTime)>,
    facts: Vec<Fact>,
    closed: Vec<Address>,
}

impl Stage {
    fn new(nameservers: u32) -> Self {
        let mut stream = Streams::new(1).stream("c", "client");
        let list: Vec<NameserverIx> = (0..nameservers).map(NameserverIx).collect();
        let owner = RouteOwner::Producer(ProducerIx(0));
        let config = ClientConfig::default();
        let client = ClientInstance::new(owner, ClientIx(0), config, &list, [TOPIC].into_iter(), &mut stream);
        Self {
            client,
            out: Outbox { fallible: true, ..Outbox::default() },
            asked: Vec::new(),
            timers: Vec::new(),
            facts: Vec::new(),
            closed: Vec::new(),
        }
    }

    fn sort(&mut self) {
        for effect in std::mem::take(&mut self.out.effects) {
            match effect {
                Effect::Send { to, correlation, body, .. } => self.asked.push((to, correlation, body)),
                Effect::Arm(timer, when) => {
                    self.timers.retain(|(armed, _)| *armed != timer);
                    self.timers.push((timer, when));
                }
                Effect::Disarm(timer) => self.timers.retain(|(armed, _)| *armed != timer),
                Effect::Fact(fact) => self.facts.push(fact),
                Effect::Disconnect(server) => self.closed.push(server),
                other => panic!("{other:?}"),
            }
        }
    }

    fn poll(&mut self, now: SimTime, topics: &[TopicIx]) {
        self.client.begin_routes(now, Thread::Main, topics.to_vec(), &mut self.out);
        self.sort();
    }

    fn connect(&mut self, now: SimTime, server: Address) {
        self.client.on_connected(now, server, &mut self.out);
        self.sort();
    }

    /// Answers the oldest request.
    fn reply(&mut self, now: SimTime, body: Body) -> Answer {
        let (_, correlation, _) = self.asked.remove(0);
        let answer = self.client.on_reply(now, correlation, body, &mut self.out);
        self.sort();
        answer
    }

    /// The timer of the main thread fires.
    fn fire(&mut self) -> (SimTime, Answer) {
        let position = self.timers.iter().position(|(timer, _)| *timer == Timer::MainCall).expect("it is armed");
        let (timer, when) = self.timers.remove(position);
        let answer = self.client.on_timeout(when, timer, &mut self.out);
        self.sort();
        (when, answer)
    }

    fn learn(&mut self, topic: TopicIx, route: TopicRoute) {
        self.client.take_route(topic, &Rc::new(route), &mut self.out);
        self.sort();
    }

    fn masters_seen(&mut self) -> Vec<Option<u32>> {
        let seen = |fact| match fact {
            Fact::MasterSeen { master, .. } => Some(master.map(|process: BrokerIx| process.0)),
            _ => None,
        };
        std::mem::take(&mut self.facts).into_iter().filter_map(seen).collect()
    }
}

/// A route over name 0, carried by these processes.
fn route(queues: u32, addresses: &[(u32, u32)]) -> TopicRoute {
    TopicRoute {
        queue_datas: vec![QueueData::new(BrokerIx(0), queues, queues)],
        broker_datas: vec![BrokerData {
            broker: BrokerIx(0),
            addresses: addresses.iter().map(|(id, process)| (*id, BrokerIx(*process))).collect(),
        }],
        order_topic_conf: None,
    }
}

#[test]
fn a_refused_nameserver_is_left_for_the_next_one_within_the_same_call() {
    let mut stage = Stage::new(3);
    stage.poll(at(0), &[TOPIC]);
    let first = stage.asked[0].0;
    assert!(matches!(stage.reply(at(1), Body::Failed(CallError::Refused)), Answer::Pending));
    let second = stage.asked[0].0;
    assert_ne!(first, second);
    stage.connect(at(2), second);
    assert_eq!(stage.timers, [(Timer::MainCall, at(3_000))], "the budget counts from the beginning of the call");
    assert!(matches!(stage.reply(at(3), Body::RouteReply(None)), Answer::Finished(Thread::Main, Finished::Routes)));
    stage.poll(at(100), &[TOPIC]);
    assert_eq!(stage.asked[0].0, second, "it is kept while its connection lives");
}

#[test]
fn a_call_fails_when_every_nameserver_was_tried_once_and_the_rest_of_its_topics_are_left_out() {
    let mut stage = Stage::new(2);
    stage.poll(at(0), &[TOPIC, TopicIx(1)]);
    stage.reply(at(1), Body::Failed(CallError::Refused));
    let answer = stage.reply(at(2), Body::Failed(CallError::Refused));
    assert!(matches!(answer, Answer::Finished(Thread::Main, Finished::Routes)));
    assert!(stage.asked.is_empty());
    assert_eq!(stage.facts.iter().filter(|fact| matches!(fact, Fact::ConnectFailed { .. })).count(), 2);
}

#[test]
fn of_two_nameservers_a_silent_one_eats_the_budget_and_the_good_connection_is_closed() {
    let mut stage = Stage::new(2);
    let mut silent = None;
    for round in 0..3 {
        let begin = at(round * 30_000);
        stage.poll(begin, &[TOPIC]);
        let first = stage.asked[0].0;
        assert_eq!(*silent.get_or_insert(first), first, "each call begins with the silent one again");
        let over = begin + SimDuration::from_secs(3);
        stage.reply(over, Body::Failed(CallError::ConnectTimeout));
        let good = stage.asked.remove(0).0;
        assert_ne!(good, first);
        stage.connect(over + SimDuration::from_millis(1), good);
        let (when, answer) = stage.fire();
        assert_eq!(when, over + SimDuration::from_millis(1), "no time is left for the answer");
        assert!(matches!(answer, Answer::Finished(..)));
        assert_eq!(stage.closed.pop(), Some(good));
    }
}

#[test]
fn a_call_that_times_out_closes_its_connection_and_fails_the_others_over_it() {
    let mut stage = Stage::new(1);
    stage.connect(at(0), BROKER);
    let body = || Body::QueryOffset(crate::store::ids::GroupIx(0), crate::store::ids::QueueIx(0));
    stage.client.call(at(0), Thread::Main, BROKER, body(), SimDuration::from_secs(1), &mut stage.out);
    stage.client.call(at(500), Thread::Rebalance, BROKER, body(), SimDuration::from_secs(5), &mut stage.out);
    stage.sort();
    let (when, answer) = stage.fire();
    assert_eq!(when, at(1_000));
    assert!(matches!(answer, Answer::Own(Thread::Main, None)));
    assert_eq!(stage.closed, [BROKER]);
    assert!(stage.client.take_reset().is_some_and(|channel| channel.server == BROKER));
    assert_eq!(stage.timers, [(Timer::RebalanceCall, at(1_000))]);
    let answer = stage.client.on_timeout(at(1_000), Timer::RebalanceCall, &mut stage.out);
    assert!(matches!(answer, Answer::Own(Thread::Rebalance, None)));
    stage.sort();
    let timed_out = |fact: &&Fact| matches!(fact, Fact::CallTimedOut { what: CallKind::Offset, .. });
    assert_eq!(stage.facts.iter().filter(timed_out).count(), 1, "the other one did not time out");
}

#[test]
fn a_connection_that_is_waited_for_may_take_longer_than_the_call_has_time() {
    let mut stage = Stage::new(1);
    let body = Body::MaxOffset(crate::store::ids::QueueIx(0));
    stage.client.call(at(0), Thread::Main, BROKER, body, SimDuration::from_secs(1), &mut stage.out);
    stage.sort();
    assert!(stage.timers[0].1 > at(3_000), "the network says first");
    assert!(matches!(stage.reply(at(3_000), Body::Failed(CallError::ConnectTimeout)), Answer::Own(_, None)));
    assert!(stage.closed.is_empty());
}

#[test]
fn a_fin_leaves_calls_waiting_and_a_reset_fails_them() {
    for (how, fails) in [(Disconnection::Closed, false), (Disconnection::Reset, true)] {
        let mut stage = Stage::new(1);
        stage.connect(at(0), BROKER);
        let body = Body::MaxOffset(crate::store::ids::QueueIx(0));
        stage.client.call(at(0), Thread::Main, BROKER, body, SimDuration::from_secs(6), &mut stage.out);
        stage.client.on_closed(at(700), BROKER, how, &mut stage.out);
        stage.sort();
        assert_eq!(stage.timers[0].1, if fails { at(700) } else { at(6_000) });
        stage.connect(at(800), BROKER);
        stage.fire();
        assert!(stage.closed.is_empty(), "a connection made since is nobody's fault");
    }
}

#[test]
fn a_changed_route_replaces_what_is_known_of_its_brokers_and_stale_routes_keep_theirs() {
    let mut stage = Stage::new(1);
    stage.learn(TOPIC, route(4, &[(0, 0), (1, 7)]));
    assert_eq!(stage.masters_seen(), [Some(0)]);
    stage.learn(TEMPLATE_TOPIC, route(8, &[(1, 7)]));
    assert_eq!(stage.masters_seen(), [None], "the whole entry is replaced");
    stage.learn(TEMPLATE_TOPIC, route(8, &[(0, 7)]));
    assert_eq!(stage.masters_seen(), [Some(7)]);
    stage.client.clean_offline_brokers(&mut stage.out);
    assert_eq!(stage.client.brokers().in_publish(BrokerIx(0)), Some(BrokerIx(7)));
    stage.learn(TOPIC, route(4, &[(0, 0)]));
    stage.learn(TEMPLATE_TOPIC, route(8, &[(0, 0)]));
    stage.client.clean_offline_brokers(&mut stage.out);
    assert_eq!(stage.client.brokers().addresses().collect::<Vec<_>>(), [(0, BrokerIx(0))]);
}

#[test]
fn instances_without_consumers_send_no_heartbeats_to_slaves() {
    let mut stage = Stage::new(1);
    stage.learn(TOPIC, route(4, &[(0, 0), (1, 7)]));
    stage.client.begin_heartbeat(at(0), Thread::Main, &mut stage.out);
    stage.sort();
    assert!(matches!(stage.reply(at(1), Body::HeartbeatReply), Answer::Finished(_, Finished::Heartbeat)));
}

#[test]
fn the_template_becomes_the_route_of_a_topic_that_nobody_knows() {
    let mut stage = Stage::new(1);
    assert!(!stage.client.take_template(TOPIC, 4, &mut stage.out));
    let mut template = route(8, &[(0, 0)]);
    template.queue_datas[0].perm = Perm(7);
    stage.learn(TEMPLATE_TOPIC, template);
    assert!(stage.client.take_template(TOPIC, 4, &mut stage.out));
    let queues = &stage.client.route(TOPIC).expect("there is one").queue_datas[0];
    assert_eq!((queues.read_queue_nums, queues.write_queue_nums), (4, 4));
}

#[test]
fn overdue_asynchronous_calls_are_noticed_one_to_two_seconds_late() {
    let mut stage = Stage::new(1);
    stage.client.start_timers(at(400));
    let noticed = |began| stage.client.noticed_at(at(began), SimDuration::from_secs(30));
    assert_eq!(noticed(400), at(31_400));
    assert_eq!(noticed(401), at(32_400));
    assert_eq!(noticed(1_000), at(32_400));
    assert_eq!(stage.client.noticed_at(at(500), SimDuration::from_secs(1)), at(3_400), "not before its first run");
}
