//! The producer through its inputs, its outbox and its sends.

mod calls;
mod line;

use std::rc::Rc;

use super::arrivals::{ArrivalLaw, ArrivalTimes, RateSegment};
use super::machine::{NextSend, Producer, ProducerLoad, ProducerStreams, SendOutcome};
use crate::kernel::dist::{Distribution, Zipf};
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::client::ClientInstance;
use crate::node::config::{ProducerConfig, QueueSelector};
use crate::node::fact::RouteOwner;
use crate::node::outbox::{Effect, Outbox};
use crate::node::producer::Mix;
use crate::protocol::address::{Address, Channel};
use crate::protocol::directory::Directory;
use crate::protocol::message::{Body, Correlation, Envelope};
use crate::protocol::route::{QueueData, TopicRoute};
use crate::store::catalog::ClassFacts;
use crate::store::ids::{BrokerIx, ClientIx, NameserverIx, ProducerIx, QueueIx, TopicIx};
use crate::store::message::MessageClass;

const TOPIC: TopicIx = TopicIx(0);

fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

/// A producer of ten messages a second to a topic with two queues on each of three brokers.
struct Stage {
    producer: Producer,
    out: Outbox,
    sends: Vec<NextSend>,
}

impl Stage {
    fn with(config: ProducerConfig, keys: Option<Rc<[i32]>>) -> Self {
        let streams = Streams::new(3);
        let owner = RouteOwner::Producer(ProducerIx(0));
        let mut stream = streams.stream("p", "client");
        let client = ClientInstance::new(
            owner,
            ClientIx(0),
            config.client.clone(),
            &[NameserverIx(0)],
            [TOPIC].into_iter(),
            &mut stream,
        );
        let queues = (0..3).flat_map(|broker| (0..2).map(move |id| (TOPIC, BrokerIx(broker), id)));
        let load = ProducerLoad {
            topic: TOPIC,
            mix: Mix::new(
                ClassFacts {
                    class: MessageClass { topic_bytes: 5, properties_bytes: 0, tags_code: 0 },
                    topic: TOPIC,
                    producer: None,
                    tag: None,
                    properties: Rc::default(),
                },
                Vec::new(),
                Streams::new(3).stream("p", "mix"),
            ),
            transactions: None,
            body_size: Distribution::Constant(10).sampler(),
            keys: keys.map(|hashes| (Zipf::new(hashes.len() as u32, 0.0), hashes)),
            stop_at: SimTime::from_secs(1_000),
            limit: u64::MAX,
        };
        let segments = vec![RateSegment { from: 0, rate: 10.0, slope: 0.0 }];
        let times = ArrivalTimes::new(ArrivalLaw::Even, segments, SimTime::ZERO, streams.stream("p", "arrivals"));
        let streams = ProducerStreams {
            bodies: streams.stream("p", "bodies"),
            keys: streams.stream("p", "keys"),
            choices: streams.stream("p", "queues"),
        };
        let directory = Rc::new(Directory::new(1, 3, queues));
        let producer = Producer::new(config, load, directory, client, times, streams);
        Self { producer, out: Outbox::default(), sends: Vec::new() }
    }

    /// One that knows its route.
    fn ready(config: ProducerConfig, keys: Option<Rc<[i32]>>) -> Self {
        let mut stage = Self::with(config, keys);
        stage.call(at(100));
        stage.answer_route(at(101), 2, 2);
        stage.sends.clear();
        stage
    }

    fn call(&mut self, now: SimTime) {
        self.producer.on_call(now, &mut self.out, &mut self.sends);
    }

    /// Answers the route query under way; returns how many calls failed.
    fn answer_route(&mut self, now: SimTime, read: u32, write: u32) -> u64 {
        let data = |broker| QueueData::new(BrokerIx(broker), read, write);
        let route = TopicRoute::of_masters((0..3).map(data).collect());
        self.reply(now, (write > 0).then(|| Rc::new(route)))
    }

    fn reply(&mut self, now: SimTime, route: Option<Rc<TopicRoute>>) -> u64 {
        let correlation = self.out.effects.drain(..).rev().find_map(|effect| match effect {
            Effect::Send { correlation, body: Body::GetRoute(_), .. } => Some(correlation),
            _ => None,
        });
        let me = Address::Producer(ProducerIx(0));
        let envelope = Envelope {
            from: Address::Nameserver(NameserverIx(0)),
            to: me,
            channel: Channel { client: me, epoch: 1 },
            correlation: correlation.unwrap_or(Correlation::ONEWAY),
            body: Body::RouteReply(route),
        };
        self.producer.on_message(now, envelope, &mut self.out, &mut self.sends)
    }

    fn queues(&mut self, count: u64) -> Vec<u32> {
        self.sends.clear();
        (0..count).for_each(|_| self.call(at(200)));
        self.sends.iter().map(|send| send.request.queue.0).collect()
    }
}

#[test]
fn calls_before_the_first_route_ask_once_and_wait_for_the_answer() {
    let mut stage = Stage::with(ProducerConfig::default(), None);
    stage.call(at(100));
    stage.call(at(200));
    let asked = stage.out.effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count();
    assert_eq!((asked, stage.sends.len(), stage.producer.waiting()), (1, 0, 2));
    assert_eq!(stage.answer_route(at(300), 2, 2), 0);
    let born: Vec<SimTime> = stage.sends.iter().map(|send| send.request.draft.born_at).collect();
    assert_eq!(born, [at(100), at(200)], "waiting counts");
    assert_eq!(stage.producer.waiting(), 0);
}

#[test]
fn calls_fail_without_a_route_and_those_that_have_waited_longer_than_the_timeout_fail_too() {
    let mut stage = Stage::with(ProducerConfig::default(), None);
    stage.call(at(100));
    assert_eq!(stage.reply(at(110), None), 1, "no route info of this topic");
    stage.call(at(200));
    stage.call(at(3_000));
    assert_eq!(stage.answer_route(at(3_300), 2, 2), 1);
    assert_eq!(stage.sends.len(), 1);
}

#[test]
fn one_thread_goes_round_all_queues_by_broker_name_and_queue_id() {
    let mut stage = Stage::ready(ProducerConfig::default(), None);
    let queues = stage.queues(12);
    for pair in queues.windows(2) {
        assert_eq!(pair[1], (pair[0] + 1) % 6, "{queues:?}");
    }
}

#[test]
fn every_thread_has_its_own_round() {
    let mut stage = Stage::ready(ProducerConfig { send_threads: 2, ..ProducerConfig::default() }, None);
    let queues = stage.queues(12);
    for triple in queues.windows(3) {
        assert_eq!(triple[2], (triple[0] + 1) % 6, "each thread goes on by one: {queues:?}");
    }
}

#[test]
fn a_changed_route_starts_every_round_anew_and_an_equal_one_does_not() {
    let mut stage = Stage::ready(ProducerConfig::default(), None);
    let mut jumps = 0;
    for (round, read) in [(1, 2), (2, 2), (3, 1), (4, 2), (5, 1), (6, 2), (7, 1)] {
        let last = stage.queues(1)[0];
        let mut out = Outbox::default();
        stage.producer.on_start(at(round * 100_000), &mut out);
        let timer = crate::node::outbox::Timer::Scheduler;
        stage.producer.on_timer(at(round * 100_000 + 10), timer, &mut stage.out, &mut stage.sends);
        stage.answer_route(at(round * 100_000 + 11), read, 2);
        stage.answer_route(at(round * 100_000 + 12), read, 2);
        let next = stage.queues(1)[0];
        if round <= 2 {
            assert_eq!(next, (last + 1) % 6, "round {round}");
        } else {
            jumps += u32::from(next != (last + 1) % 6);
        }
    }
    assert!(jumps >= 2, "{jumps} of 5 (one in six comes by chance where it would have been)");
}

#[test]
fn a_refused_send_is_tried_on_another_broker_twice_at_most() {
    let mut stage = Stage::ready(ProducerConfig::default(), None);
    stage.queues(1);
    let mut request = stage.sends[0].request;
    for attempt in 1..=2 {
        stage.sends.clear();
        let outcome = stage.producer.on_refused(at(300), &request, &mut stage.sends);
        assert_eq!(outcome, SendOutcome::Retried);
        let next = stage.sends[0].request;
        assert_ne!(next.queue.0 / 2, request.queue.0 / 2, "another broker");
        assert_eq!((next.attempt, next.draft.born_at, next.call), (attempt, request.draft.born_at, request.call));
        request = next;
    }
    assert_eq!(stage.producer.on_refused(at(300), &request, &mut stage.sends), SendOutcome::Failed);
}

#[test]
fn a_send_that_has_used_up_its_time_is_not_tried_again() {
    let mut stage = Stage::ready(ProducerConfig::default(), None);
    stage.queues(1);
    let request = stage.sends[0].request;
    assert_eq!(stage.producer.on_refused(at(3_200), &request, &mut stage.sends), SendOutcome::Retried, "3 s exactly");
    assert_eq!(stage.producer.on_refused(at(3_201), &request, &mut stage.sends), SendOutcome::Failed);
}

#[test]
fn a_key_goes_to_its_hash_modulo_the_queues_and_is_never_tried_elsewhere() {
    let hashes: Rc<[i32]> = [-8, 7, i32::MIN].into();
    let config = ProducerConfig { selector: QueueSelector::KeyHash, ..ProducerConfig::default() };
    let mut stage = Stage::ready(config, Some(Rc::clone(&hashes)));
    stage.queues(60);
    let mut seen = [false; 3];
    for NextSend { request, .. } in &stage.sends {
        let key = request.draft.key as usize;
        seen[key] = true;
        assert_eq!(request.queue, QueueIx([2, 1, 2][key]), "|hash mod 6| of {}", hashes[key]);
    }
    assert_eq!(seen, [true; 3]);
    let request = stage.sends[0].request;
    assert_eq!(stage.producer.on_refused(at(201), &request, &mut stage.sends), SendOutcome::Failed);
}
