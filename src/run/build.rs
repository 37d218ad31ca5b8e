//! From a plan to a world: nodes with their settings and streams, and the events that set them going.

mod brokers;
mod producers;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::hosts::Host;
use super::network::Network;
use super::network::links::Links;
use super::observe::group::GroupTrack;
use super::observe::ledger::QueueLedger;
use super::observe::locks::LockTrack;
use super::observe::order::OrderTrack;
use super::observe::ownership::OwnershipTrack;
use super::observe::views::ViewTrack;
use super::outcome::{GroupSeries, Plan, Series};
use super::retention::RetentionState;
use super::sampling::{InstanceMeasures, SamplingState};
use super::slab::Slab;
use super::strategies::allocations;
use super::truth::GroupTruth;
use super::world::{Event, NameserverHost, Process, World};
use crate::filter::Expression;
use crate::kernel::digest::Digest;
use crate::kernel::queue::EventQueue;
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{ConsumeMode, MessageModel};
use crate::node::consumer::{Consumer, ConsumerParts};
use crate::node::deployment::{Deployment, GroupSettings};
use crate::node::nameserver::Nameserver;
use crate::node::outbox::{Outbox, TIMERS};
use crate::node::verdicts::Verdicts;
use crate::protocol::address::Address;
use crate::protocol::directory::Directory;
use crate::scenario::plan::{Check, ExpressionPlan, StoredOffset, TopicRole};
use crate::store::catalog::ClassFacts;
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, NameserverIx, ProducerIx, QueueIx, TopicIx};
use crate::store::message::{MessageClass, NO_KEY};

impl World {
    /// Builds the world of a plan at time zero, with its first events.
    pub(super) fn build(plan: &Arc<Plan>, trace: bool, check_every_sample: bool) -> Self {
        let streams = Streams::new(plan.seed);
        let directory = Rc::new(Directory::new(
            plan.topics.len(),
            plan.brokers.len(),
            plan.queues.iter().map(|queue| (queue.topic, queue.broker, queue.queue_id)),
        ));
        let deployment = Rc::new(deployment(plan, &streams));
        let out =
            Outbox { trace, fallible: plan.fallible, verdicts: Verdicts::new(expressions(plan)), ..Outbox::default() };
        let (pairs, pair_keys) = pairs(plan);
        let end = SimTime::ZERO + plan.duration;
        let mut world = Self {
            plan: Arc::clone(plan),
            now: SimTime::ZERO,
            end,
            queue: EventQueue::default(),
            network: network(plan, &streams),
            links: Links::new(plan, streams.stream("links", "effects")),
            nameservers: nameservers(plan, &streams),
            brokers: brokers::brokers(plan, &streams, &directory, &deployment),
            producers: producers::producers(plan, &streams, &directory),
            processes: processes(plan, &streams, &directory, &deployment),
            allocations: allocations(plan),
            mail: Slab::default(),
            closings: Slab::default(),
            refusals: Slab::default(),
            halves: Slab::default(),
            ends: Slab::default(),
            out,
            sends: Vec::new(),
            copies: super::copies::CopyTrack::default(),
            digest: Digest::default(),
            events: 0,
            pending_max: 0,
            facts: Vec::new(),
            losses: Vec::new(),
            watch: None,
            image: None,
            trace,
            has_transactions: plan.producers.iter().any(|producer| producer.transaction.is_some()),
            ledgers: vec![QueueLedger::default(); pair_keys.len()],
            ownership: ownership(plan, &pair_keys),
            order: order(plan, &pair_keys),
            order_facts: 0,
            locks: LockTrack::default(),
            pairs,
            groups: vec![GroupTrack::default(); plan.groups.len()],
            first_start: vec![None; plan.groups.len()],
            truths: plan.groups.iter().map(|_| GroupTruth::default()).collect(),
            true_queues: BTreeMap::new(),
            series: series(plan, pair_keys.len()),
            sampling: SamplingState::new(plan.topics.len(), plan.groups.len(), latency_times(plan), count_times(plan)),
            retention: RetentionState::new(plan),
            preloaded: 0,
            skip_sums: vec![0; pair_keys.len()],
            check_every_sample,
            checks: 0,
            violation: None,
            failing: super::failing::Failing::new(plan, pair_keys.len()),
            pair_keys,
            directory,
        };
        world.preload(&streams);
        world.preset_replicas();
        world.sampling.stored_before =
            (0..plan.topics.len()).map(|topic| world.stored_of(TopicIx::new(topic))).collect();
        world.schedule();
        world.preset_members();
        world.schedule_autoscalers();
        if plan.fallible {
            world.on_carriers_changed();
        }
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
            let facts =
                ClassFacts { class, topic: TopicIx::new(index), producer: None, tag: None, properties: Rc::default() };
            let handle = self.out.catalog.add_class(facts);
            for _ in 0..preload.per_queue {
                for on in &topic.brokers {
                    for id in 0..on.read_queue_nums.min(on.write_queue_nums) {
                        let Some(queue) = self.directory.queue(TopicIx::new(index), on.broker, id) else { continue };
                        let body = sampler.sample(&mut stream) as u32;
                        let draft = class.draft(handle, SimTime::ZERO, body, NO_KEY);
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
                if plan.groups[group.at()].config.message_model == MessageModel::Broadcasting {
                    for (process, instance) in self.processes.iter_mut().zip(&plan.instances) {
                        if let (true, Some((_, client))) = (instance.group == group, instance.start) {
                            process.consumer.preset_local_offset(client, queue, offset);
                        }
                    }
                } else {
                    broker.offsets.commit(group, parts.local as usize, offset);
                }
                self.ledgers[pair].preset_base(offset);
            }
        }
    }

    /// Slaves have long been in step with what is stored before the run.
    fn preset_replicas(&mut self) {
        if !self.plan.fallible {
            return;
        }
        let names = self.plan.brokers.len();
        let (first, further) = self.brokers.split_at_mut(names);
        first.iter_mut().for_each(|host| host.broker.preset_files());
        for (host, replica) in further.iter_mut().zip(&self.plan.replicas) {
            host.broker.preset_copy_of(&first[replica.broker.at()].broker);
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
        for (index, replica) in plan.replicas.iter().enumerate() {
            let process = BrokerIx::new(plan.brokers.len() + index);
            self.queue.push(replica.start_at, Event::Start(Address::Broker(process)));
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

fn count_times(plan: &Plan) -> Vec<SimTime> {
    let counted = |check: &Check| matches!(check, Check::Count { .. } | Check::AcknowledgedLost { .. });
    let counts = plan.expect.iter().filter(|expectation| counted(&expectation.check));
    counts.filter_map(|expectation| expectation.at).collect()
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

/// The compiled subscriptions. A plan with one that does not compile is not made by a scenario; it matches nothing.
fn expressions(plan: &Plan) -> Vec<Expression> {
    let compile = |expression: &ExpressionPlan| match expression {
        ExpressionPlan::Tag(text) => Expression::tag(text).ok(),
        ExpressionPlan::Sql92(text) => Expression::sql(text).ok(),
    };
    let nothing = || Expression::sql("FALSE").expect("a literal compiles");
    plan.expressions.iter().map(|expression| compile(expression).unwrap_or_else(nothing)).collect()
}

/// The topics that brokers create when they are first needed are not there yet.
pub(super) const fn exists_at_start(role: TopicRole) -> bool {
    !matches!(role, TopicRole::Retry(_) | TopicRole::DeadLetter(_) | TopicRole::Discarded)
}

fn deployment(plan: &Plan, streams: &Streams) -> Deployment {
    let of_role = |role: TopicRole| plan.topics.iter().position(|topic| topic.role == role).map(TopicIx::new);
    // Members of one broadcasting group are groups of their own, but ask for locks under one name.
    let of_name = |name: &String| plan.groups.iter().position(|group| group.broadcasting.as_ref() == Some(name));
    let group = |group: &crate::scenario::plan::GroupPlan| GroupSettings {
        locks_as: group.broadcasting.as_ref().and_then(of_name).map(GroupIx::new),
        retry_topic: group.retry_topic,
        dead_letter_topic: group.dead_letter_topic,
        retry_max_times: group.retry_max_times,
        retry_queue_nums: group.retry_queue_nums,
    };
    Deployment {
        schedule: of_role(TopicRole::Schedule),
        half: of_role(TopicRole::Half),
        op: of_role(TopicRole::Op),
        discarded: of_role(TopicRole::Discarded),
        salt: streams.stream("listeners", "rules").next_u64(),
        groups: plan.groups.iter().map(group).collect(),
        topic_bytes: plan.topics.iter().map(|topic| topic.name.len() as u8).collect(),
    }
}

fn ownership(plan: &Plan, pair_keys: &[(GroupIx, QueueIx)]) -> Vec<OwnershipTrack> {
    let track = |(group, queue): &(GroupIx, QueueIx)| {
        let key = &plan.queues[queue.at()];
        let topic = &plan.topics[key.topic.at()];
        let readable = topic.brokers.iter().find(|on| on.broker == key.broker).map_or(0, |on| on.read_queue_nums);
        let there = exists_at_start(topic.role) && !topic.auto_create && key.queue_id < readable;
        let exists_from = if there { SimTime::ZERO } else { SimTime::MAX };
        OwnershipTrack::new(*group, *queue, exists_from)
    };
    pair_keys.iter().map(track).collect()
}

fn order(plan: &Plan, pair_keys: &[(GroupIx, QueueIx)]) -> Vec<Option<OrderTrack>> {
    let orderly = |(group, _): &(GroupIx, QueueIx)| {
        let is = plan.groups[group.at()].config.consume_mode == ConsumeMode::Orderly;
        is.then(OrderTrack::default)
    };
    pair_keys.iter().map(orderly).collect()
}

fn series(plan: &Plan, pairs: usize) -> Series {
    Series {
        times: Vec::new(),
        stored_per_s: (0..plan.topics.len()).map(|topic| (TopicIx::new(topic), Vec::new())).collect(),
        groups: vec![GroupSeries::default(); plan.groups.len()],
        queue_lag: vec![Vec::new(); pairs],
        utilisation: vec![Vec::new(); plan.instances.len()],
        owned: vec![Vec::new(); plan.instances.len()],
        counters_at: Vec::new(),
        transactions: Vec::new(),
        transaction_checks: Vec::new(),
        stale_views: Vec::new(),
        failures: super::outcome::FailureSeries::default(),
    }
}

fn network(plan: &Plan, streams: &Streams) -> Network {
    Network::new(
        &plan.network,
        streams,
        plan.brokers
            .iter()
            .map(|broker| &broker.name)
            .chain(plan.replicas.iter().map(|replica| &replica.label))
            .cloned(),
        plan.producers.iter().map(|producer| producer.name.clone()),
        plan.instances.iter().map(|instance| instance.name.clone()),
    )
}

fn nameservers(plan: &Plan, streams: &Streams) -> Vec<NameserverHost> {
    let host = |(index, nameserver): (usize, &crate::scenario::plan::NameserverPlan)| NameserverHost {
        host: Host::new(nameserver.start_at),
        nameserver: Nameserver::new(NameserverIx::new(index), nameserver.config.clone())
            .with_order_topics(&nameserver.order_topics),
        timers: [None; TIMERS],
        handling: nameserver.config.handling.sampler(),
        handling_stream: streams.stream(&nameserver.name, "handling"),
    };
    plan.nameservers.iter().enumerate().map(host).collect()
}

fn processes(plan: &Plan, streams: &Streams, directory: &Rc<Directory>, deployment: &Rc<Deployment>) -> Vec<Process> {
    let process = |(index, instance): (usize, &crate::scenario::plan::InstancePlan)| Process {
        consumer: Consumer::new(ConsumerParts {
            me: InstanceIx::new(index),
            group: instance.group,
            topics: instance.topics.clone(),
            expressions: instance.expressions.clone(),
            deployment: Rc::clone(deployment),
            config: instance.config.clone(),
            directory: Rc::clone(directory),
            nameservers: instance.nameservers.clone(),
            stream: streams.stream(&instance.name, "client"),
            service_stream: streams.stream(&instance.name, "service"),
        })
        .with_failure_draws(streams.stream(&instance.name, "failures")),
        timers: [None; TIMERS],
        parked: Vec::new(),
        gone: false,
        handling: instance.config.client.handling.sampler(),
        handling_stream: streams.stream(&instance.name, "handling"),
        views: ViewTrack::default(),
        measures: InstanceMeasures::default(),
    };
    plan.instances.iter().enumerate().map(process).collect()
}

/// The pause of a member whose phases are given until its next timer of this period, `age` after the last.
pub(super) fn next_phase(age: SimDuration, period: SimDuration) -> SimTime {
    SimTime::ZERO + period.saturating_sub(age)
}
