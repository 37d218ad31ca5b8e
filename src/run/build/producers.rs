//! Producers with their loads.

use std::rc::Rc;

use crate::kernel::dist::Zipf;
use crate::kernel::histogram::Histogram;
use crate::kernel::java::string_hash;
use crate::kernel::rng::Streams;
use crate::kernel::time::SimTime;
use crate::node::client::ClientInstance;
use crate::node::fact::RouteOwner;
use crate::node::outbox::TIMERS;
use crate::node::producer::{
    ArrivalLaw, ArrivalTimes, Axis, Mix, Producer, ProducerLoad, ProducerStreams, RateSegment, Transactions,
};
use crate::protocol::directory::Directory;
use crate::run::outcome::Plan;
use crate::run::sends::{SendLane, SendPath};
use crate::run::world::ProducerHost;
use crate::scenario::plan::{ArrivalProcess, Arrivals, ProducerPlan};
use crate::store::catalog::ClassFacts;
use crate::store::ids::ProducerIx;
use crate::store::message::MessageClass;

pub(super) fn producers(plan: &Plan, streams: &Streams, directory: &Rc<Directory>) -> Vec<ProducerHost> {
    let host = |(index, producer): (usize, &ProducerPlan)| ProducerHost {
        host: super::super::hosts::Host::new(producer.start_at),
        path: SendPath {
            producer: new_producer(plan, streams, directory, (ProducerIx::new(index), producer)),
            lanes: plan.brokers.iter().map(|_| SendLane::default()).collect(),
            handling: plan.brokers.iter().map(|broker| broker.config.send_handling.sampler()).collect(),
            handling_stream: streams.stream(&producer.name, "handling"),
            accepted: 0,
            failed: 0,
            retries: 0,
            refused_under_way: 0,
        },
        timers: [None; TIMERS],
        step: None,
        handling: producer.config.client.handling.sampler(),
        latency: Histogram::default(),
    };
    plan.producers.iter().enumerate().map(host).collect()
}

fn new_producer(
    plan: &Plan,
    streams: &Streams,
    directory: &Rc<Directory>,
    (me, producer): (ProducerIx, &ProducerPlan),
) -> Producer {
    let owner = RouteOwner::Producer(me);
    let mut client = ClientInstance::new(
        owner,
        producer.client_id,
        producer.config.client.clone(),
        &producer.nameservers,
        [producer.topic].into_iter(),
        &mut streams.stream(&producer.name, "client"),
    );
    client.producer = Some(producer.group);
    let class = MessageClass {
        topic_bytes: plan.topics[producer.topic.at()].name.len() as u8,
        properties_bytes: producer.properties_bytes as u16,
        tags_code: 0,
    };
    let facts = ClassFacts {
        class,
        topic: producer.topic,
        producer: Some(producer.group),
        tag: None,
        properties: Rc::default(),
    };
    let mut axes = Vec::new();
    if !producer.tags.is_empty() {
        axes.push(Axis::new(None, &producer.tags));
    }
    axes.extend(producer.properties.iter().map(|property| Axis::new(Some(&property.name), &property.values)));
    let mix = Mix::new(facts, axes, streams.stream(&producer.name, "tags and properties"));
    let transactions = producer
        .transaction
        .as_ref()
        .map(|plan| Transactions::new(producer.group, plan, streams.stream(&producer.name, "transactions")));
    let keys = producer.keys.as_ref().map(|space| {
        let hashes: Rc<[i32]> = (0..space.count).map(|key| string_hash(&format!("key-{key}"))).collect();
        (Zipf::new(space.count, space.zipf), hashes)
    });
    let load = ProducerLoad {
        topic: producer.topic,
        mix,
        transactions,
        body_size: producer.body_size.sampler(),
        keys,
        stop_at: producer.stop_at.unwrap_or(SimTime::MAX),
        limit: producer.limit.unwrap_or(u64::MAX),
    };
    let arrivals = arrival_times(&producer.arrivals, producer.start_at, streams, &producer.name);
    let draws = ProducerStreams {
        bodies: streams.stream(&producer.name, "bodies"),
        keys: streams.stream(&producer.name, "keys"),
        choices: streams.stream(&producer.name, "queues"),
    };
    let mut made = Producer::new(producer.config.clone(), load, Rc::clone(directory), client, arrivals, draws);
    if !producer.delay_levels.is_empty() {
        made.set_delays(&producer.delay_levels, streams.stream(&producer.name, "delays"));
    }
    made
}

fn arrival_times(arrivals: &Arrivals, start: SimTime, streams: &Streams, name: &str) -> ArrivalTimes {
    let law = match arrivals.process {
        ArrivalProcess::Constant => ArrivalLaw::Even,
        ArrivalProcess::Poisson => ArrivalLaw::Poisson,
        ArrivalProcess::RandomInSlot => ArrivalLaw::RandomInSlot,
    };
    let points = &arrivals.profile;
    let segments = points
        .iter()
        .enumerate()
        .map(|(index, point)| {
            let slope = match points.get(index + 1) {
                Some(next) if point.ramp && next.at > point.at => {
                    (next.rate - point.rate) / (next.at - point.at).as_secs_f64()
                }
                _ => 0.0,
            };
            RateSegment { from: point.at.as_nanos(), rate: point.rate, slope }
        })
        .collect();
    ArrivalTimes::new(law, segments, start, streams.stream(name, "arrivals"))
}
