//! From a plan to a world: nodes with their settings and streams, and the events that set them going.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::network::Network;
use super::observe::group::GroupTrack;
use super::observe::ledger::QueueLedger;
use super::observe::ownership::OwnershipTrack;
use super::observe::views::ViewTrack;
use super::outcome::{GroupSeries, Plan, Series};
use super::retention::RetentionState;
use super::sampling::{InstanceMeasures, SamplingState};
use super::sends::{SendLane, SendPath};
use super::truth::GroupTruth;
use super::world::{BrokerHost, Event, NameserverHost, Process, ProducerHost, Slab, World};
use crate::consume::allocate::{
    AllocateMessageQueueStrategy, Averagely, AveragelyByCircle, ByConfig, ByMachineRoom, ConsistentHash,
    MachineRoomNearby, MachineRoomRevision,
};
use crate::kernel::digest::Digest;
use crate::kernel::dist::Zipf;
use crate::kernel::histogram::Histogram;
use crate::kernel::java::string_hash;
use crate::kernel::queue::EventQueue;
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::allocation::{Allocations, GroupStrategy, Names};
use crate::node::broker::Broker;
use crate::node::client::ClientInstance;
use crate::node::consumer::{Consumer, ConsumerParts};
use crate::node::fact::RouteOwner;
use crate::node::nameserver::Nameserver;
use crate::node::outbox::{Outbox, TIMERS};
use crate::node::producer::{ArrivalLaw, ArrivalTimes, Producer, ProducerLoad, ProducerStreams, RateSegment};
use crate::protocol::address::Address;
use crate::protocol::directory::Directory;
use crate::protocol::route::QueueData;
use crate::scenario::plan::{ArrivalProcess, Arrivals, Check, ProducerPlan, StoredOffset, StrategyPlan};
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, NameserverIx, ProducerIx, QueueIx, TopicIx};
use crate::store::message::{MessageClass, NO_KEY};

/// Body and property bytes of preloaded messages do not depend on a producer.
const PRELOAD_CLASS: u32 = u32::MAX;

impl World {
    /// Builds the world of a plan at time zero, with its first events.
    pub(super) fn build(plan: &Arc<Plan>, trace: bool, check_every_sample: bool) -> Self {
        let streams = Streams::new(plan.seed);
        let directory = Rc::new(Directory::new(
            plan.topics.len(),
            plan.brokers.len(),
            plan.queues.iter().map(|queue| (queue.topic, queue.broker, queue.queue_id)),
        ));
        let (pairs, pair_keys) = pairs(plan);
        let end = SimTime::ZERO + plan.duration;
        let mut world = Self {
            plan: Arc::clone(plan),
            now: SimTime::ZERO,
            end,
            queue: EventQueue::default(),
            network: network(plan, &streams),
            nameservers: nameservers(plan, &streams),
            brokers: brokers(plan, &streams, &directory),
            producers: producers(plan, &streams, &directory),
            processes: processes(plan, &streams, &directory),
            allocations: allocations(plan),
            mail: Slab::default(),
            closings: Slab::default(),
            refusals: Slab::default(),
            out: Outbox::default(),
            sends: Vec::new(),
            digest: Digest::default(),
            events: 0,
            pending_max: 0,
            facts: Vec::new(),
            trace,
            ledgers: vec![QueueLedger::default(); pair_keys.len()],
            ownership: ownership(plan, &pair_keys),
            pairs,
            groups: vec![GroupTrack::default(); plan.groups.len()],
            first_start: vec![None; plan.groups.len()],
            truths: plan.groups.iter().map(|_| GroupTruth::default()).collect(),
            true_queues: BTreeMap::new(),
            series: series(plan, pair_keys.len()),
            sampling: SamplingState::new(plan.topics.len(), plan.groups.len(), latency_times(plan)),
            retention: RetentionState::new(plan.queues.len()),
            preloaded: 0,
            append_sums: vec![0; plan.queues.len()],
            skip_sums: vec![0; pair_keys.len()],
            check_every_sample,
            checks: 0,
            violation: None,
            pair_keys,
            directory,
        };
        world.preload(&streams);
        world.sampling.stored_before =
            (0..plan.topics.len()).map(|topic| world.stored_of(TopicIx::new(topic))).collect();
        world.schedule();
        world.preset_members();
        world
    }

    /// Messages and offsets that are there before the run.
    fn preload(&mut self, streams: &Streams) {
        let plan = Arc::clone(&self.plan);
        for (index, topic) in plan.topics.iter().enumerate() {
            let Some(preload) = &topic.preload else { continue };
            let sampler = preload.body_size.sampler();
            let mut stream = streams.stream(&topic.name, "preload");
            let class = MessageClass { topic_bytes: topic.name.len() as u8, properties_bytes: 0, tags_code: 0 };
            for _ in 0..preload.per_queue {
                for on in &topic.brokers {
                    for id in 0..on.read_queue_nums.min(on.write_queue_nums) {
                        let Some(queue) = self.directory.queue(TopicIx::new(index), on.broker, id) else { continue };
                        let body = sampler.sample(&mut stream) as u32;
                        let draft = class.draft(PRELOAD_CLASS, SimTime::ZERO, body, NO_KEY);
                        let local = self.directory.parts(queue).local;
                        self.brokers[on.broker.at()].broker.put(SimTime::ZERO, local, &draft);
                        self.preloaded += 1;
                    }
                }
            }
        }
        for (pair, (group, queue)) in self.pair_keys.clone().into_iter().enumerate() {
            let Some(stored) = plan.groups[group.at()].stored_offset else { continue };
            let offset = match stored {
                StoredOffset::Beginning => 0,
                StoredOffset::End => self.appended(queue),
            };
            let parts = self.directory.parts(queue);
            let broker = &mut self.brokers[parts.broker.at()].broker;
            if parts.queue_id < broker.topic(parts.topic).map_or(0, |data| data.read_queue_nums) {
                broker.offsets.commit(group, parts.local as usize, offset);
                self.ledgers[pair].preset_base(offset);
            }
        }
    }

    /// Puts the first events into the queue: at one moment, processes start before samples are taken, samples are taken
    /// before actions take effect.
    fn schedule(&mut self) {
        let plan = Arc::clone(&self.plan);
        for (index, nameserver) in plan.nameservers.iter().enumerate() {
            self.queue.push(nameserver.start_at, Event::Start(Address::Nameserver(NameserverIx::new(index))));
        }
        for (index, broker) in plan.brokers.iter().enumerate() {
            self.queue.push(broker.start_at, Event::Start(Address::Broker(BrokerIx::new(index))));
        }
        for (index, instance) in plan.instances.iter().enumerate() {
            if let (Some((at, _)), None) = (instance.start, instance.phases) {
                self.queue.push(at, Event::Start(Address::Consumer(InstanceIx::new(index))));
            }
        }
        for (index, producer) in plan.producers.iter().enumerate() {
            self.queue.push(producer.start_at, Event::Start(Address::Producer(ProducerIx::new(index))));
        }
        for at in sample_times(&plan) {
            self.queue.push(at, Event::Sample);
        }
        for (index, timed) in plan.timeline.iter().enumerate() {
            self.queue.push(timed.at, Event::Action(index as u32));
        }
        self.queue.push(SimTime::from_secs(1), Event::Retention);
    }
}

/// Every `sampleInterval`, at the end, and at the times of expectations.
fn sample_times(plan: &Plan) -> Vec<SimTime> {
    let end = SimTime::ZERO + plan.duration;
    let step = plan.sample_interval.as_nanos().max(1);
    let mut times: Vec<SimTime> = (1..=end.as_nanos() / step).map(|index| SimTime::from_nanos(index * step)).collect();
    times.extend(plan.expect.iter().filter_map(|expectation| expectation.at).filter(|at| *at <= end));
    times.push(end);
    times.sort_unstable();
    times.dedup();
    times
}

fn latency_times(plan: &Plan) -> Vec<SimTime> {
    let latency = plan.expect.iter().filter(|expectation| matches!(expectation.check, Check::LatencyAtMost { .. }));
    latency.filter_map(|expectation| expectation.at).collect()
}

/// Which (group, queue) pairs exist: queues of every topic that a member of the group subscribes to.
fn pairs(plan: &Plan) -> (Vec<Vec<u32>>, Vec<(GroupIx, QueueIx)>) {
    let mut pairs = vec![vec![u32::MAX; plan.queues.len()]; plan.groups.len()];
    let mut keys = Vec::new();
    for (index, group) in plan.groups.iter().enumerate() {
        let members = plan.instances.iter().filter(|instance| instance.group.at() == index);
        let topics: Vec<TopicIx> =
            members.flat_map(|instance| instance.topics.iter()).chain(&group.topics).copied().collect();
        for (queue, key) in plan.queues.iter().enumerate() {
            if topics.contains(&key.topic) {
                pairs[index][queue] = keys.len() as u32;
                keys.push((GroupIx::new(index), QueueIx::new(queue)));
            }
        }
    }
    (pairs, keys)
}

fn ownership(plan: &Plan, pair_keys: &[(GroupIx, QueueIx)]) -> Vec<OwnershipTrack> {
    let track = |(group, queue): &(GroupIx, QueueIx)| {
        let key = &plan.queues[queue.at()];
        let topic = &plan.topics[key.topic.at()];
        let readable = topic.brokers.iter().find(|on| on.broker == key.broker).map_or(0, |on| on.read_queue_nums);
        let exists_from = if key.queue_id < readable { SimTime::ZERO } else { SimTime::MAX };
        OwnershipTrack::new(*group, *queue, exists_from)
    };
    pair_keys.iter().map(track).collect()
}

fn series(plan: &Plan, pairs: usize) -> Series {
    Series {
        times: Vec::new(),
        stored_per_s: (0..plan.topics.len()).map(|topic| (TopicIx::new(topic), Vec::new())).collect(),
        groups: vec![GroupSeries::default(); plan.groups.len()],
        queue_lag: vec![Vec::new(); pairs],
        utilisation: vec![Vec::new(); plan.instances.len()],
        owned: vec![Vec::new(); plan.instances.len()],
        stale_views: Vec::new(),
    }
}

fn network(plan: &Plan, streams: &Streams) -> Network {
    Network::new(
        &plan.network,
        streams,
        plan.brokers.iter().map(|broker| broker.name.clone()),
        plan.producers.iter().map(|producer| producer.name.clone()),
        plan.instances.iter().map(|instance| instance.name.clone()),
    )
}

fn nameservers(plan: &Plan, streams: &Streams) -> Vec<NameserverHost> {
    let host = |(index, nameserver): (usize, &crate::scenario::plan::NameserverPlan)| NameserverHost {
        nameserver: Nameserver::new(NameserverIx::new(index), nameserver.config.clone()),
        timers: [None; TIMERS],
        handling: nameserver.config.handling.sampler(),
        handling_stream: streams.stream(&nameserver.name, "handling"),
    };
    plan.nameservers.iter().enumerate().map(host).collect()
}

fn brokers(plan: &Plan, streams: &Streams, directory: &Rc<Directory>) -> Vec<BrokerHost> {
    let host = |(index, broker): (usize, &crate::scenario::plan::BrokerPlan)| {
        let me = BrokerIx::new(index);
        let topics: Vec<(TopicIx, QueueData)> = plan
            .topics
            .iter()
            .enumerate()
            .flat_map(|(topic, plan)| plan.brokers.iter().map(move |on| (TopicIx::new(topic), on)))
            .filter(|(_, on)| on.broker == me)
            .map(|(topic, on)| {
                let data = QueueData {
                    broker: me,
                    read_queue_nums: on.read_queue_nums,
                    write_queue_nums: on.write_queue_nums,
                };
                (topic, data)
            })
            .collect();
        let stream = streams.stream(&broker.name, "broker");
        let nameservers = plan.nameservers.len();
        BrokerHost {
            broker: Broker::new(me, broker.config.clone(), nameservers, topics, Rc::clone(directory), stream),
            timers: [None; TIMERS],
            pull_handling: broker.config.pull_handling.sampler(),
            admin_handling: broker.config.admin_handling.sampler(),
            handling_stream: streams.stream(&broker.name, "handling"),
        }
    };
    plan.brokers.iter().enumerate().map(host).collect()
}

fn producers(plan: &Plan, streams: &Streams, directory: &Rc<Directory>) -> Vec<ProducerHost> {
    let host = |(index, producer): (usize, &ProducerPlan)| ProducerHost {
        path: SendPath {
            producer: new_producer(plan, streams, directory, index, producer),
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
    index: usize,
    producer: &ProducerPlan,
) -> Producer {
    let owner = RouteOwner::Producer(ProducerIx::new(index));
    let client = ClientInstance::new(
        owner,
        producer.client_id,
        producer.config.client.clone(),
        plan.nameservers.len(),
        [producer.topic].into_iter(),
        &mut streams.stream(&producer.name, "client"),
    );
    let keys = producer.keys.as_ref().map(|space| {
        let hashes: Rc<[i32]> = (0..space.count).map(|key| string_hash(&format!("key-{key}"))).collect();
        (Zipf::new(space.count, space.zipf), hashes)
    });
    let load = ProducerLoad {
        topic: producer.topic,
        class: MessageClass {
            topic_bytes: plan.topics[producer.topic.at()].name.len() as u8,
            properties_bytes: producer.properties_bytes as u16,
            tags_code: 0,
        },
        class_id: index as u32,
        body_size: producer.body_size.sampler(),
        keys,
        stop_at: producer.stop_at.unwrap_or(SimTime::MAX),
        limit: producer.limit.unwrap_or(u64::MAX),
    };
    let arrivals = arrival_times(&producer.arrivals, producer.start_at, streams, &producer.name);
    let streams = ProducerStreams {
        bodies: streams.stream(&producer.name, "bodies"),
        keys: streams.stream(&producer.name, "keys"),
        choices: streams.stream(&producer.name, "queues"),
    };
    Producer::new(producer.config.clone(), load, Rc::clone(directory), client, arrivals, streams)
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

fn processes(plan: &Plan, streams: &Streams, directory: &Rc<Directory>) -> Vec<Process> {
    let process = |(index, instance): (usize, &crate::scenario::plan::InstancePlan)| Process {
        consumer: Consumer::new(ConsumerParts {
            me: InstanceIx::new(index),
            group: instance.group,
            topics: instance.topics.clone(),
            config: instance.config.clone(),
            directory: Rc::clone(directory),
            nameservers: plan.nameservers.len(),
            stream: streams.stream(&instance.name, "client"),
            service_stream: streams.stream(&instance.name, "service"),
        }),
        timers: [None; TIMERS],
        parked: Vec::new(),
        handling: instance.config.client.handling.sampler(),
        handling_stream: streams.stream(&instance.name, "handling"),
        views: ViewTrack::default(),
        measures: InstanceMeasures::default(),
    };
    plan.instances.iter().enumerate().map(process).collect()
}

fn allocations(plan: &Plan) -> Allocations {
    let names = Names {
        topics: plan.topics.iter().map(|topic| topic.name.clone()).collect(),
        brokers: plan.brokers.iter().map(|broker| broker.name.clone()).collect(),
        clients: plan.client_ids.clone(),
    };
    let group = |strategy: &StrategyPlan| {
        let configured = match strategy {
            StrategyPlan::ByConfig { queues } => queues.clone(),
            _ => Vec::new(),
        };
        GroupStrategy { strategy: build_strategy(strategy), configured }
    };
    Allocations::new(names, plan.groups.iter().map(|plan| group(&plan.strategy)).collect())
}

fn build_strategy(plan: &StrategyPlan) -> Box<dyn AllocateMessageQueueStrategy> {
    match plan {
        StrategyPlan::Averagely => Box::new(Averagely),
        StrategyPlan::AveragelyByCircle => Box::new(AveragelyByCircle),
        StrategyPlan::ByConfig { queues } => Box::new(ByConfig::new(Some(queues.len() as u32))),
        StrategyPlan::ByMachineRoom { rooms } => {
            Box::new(ByMachineRoom::new(Some(rooms.clone()), MachineRoomRevision::default()))
        }
        StrategyPlan::ConsistentHash { virtual_nodes } => {
            let nodes = i32::try_from(*virtual_nodes).unwrap_or(i32::MAX);
            Box::new(ConsistentHash::new(nodes).expect("virtual nodes are not negative"))
        }
        StrategyPlan::MachineRoomNearby { inner, broker_rooms, client_rooms } => {
            let rooms = |pairs: &[(String, String)]| -> BTreeMap<String, String> { pairs.iter().cloned().collect() };
            Box::new(MachineRoomNearby::new(build_strategy(inner), rooms(broker_rooms), rooms(client_rooms)))
        }
    }
}

/// The pause of a member whose phases are given until its next timer of this period, `age` after the last.
pub(super) fn next_phase(age: SimDuration, period: SimDuration) -> SimTime {
    SimTime::ZERO + period.saturating_sub(age)
}
