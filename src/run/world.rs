//! The world: nodes, event queue, network and observers, and the loop that moves time. Nothing else moves time.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

pub(super) use super::event::{Closing, Event, StoredHalf};
use super::hosts::Host;
use super::network::Network;
use super::network::links::Links;
use super::observe::group::GroupTrack;
use super::observe::ledger::QueueLedger;
use super::observe::locks::LockTrack;
use super::observe::order::OrderTrack;
use super::observe::ownership::OwnershipTrack;
use super::observe::views::ViewTrack;
use super::outcome::{FactRecord, Loss, Plan, Series};
use super::sends::SendPath;
use super::slab::Slab;
use crate::kernel::digest::Digest;
use crate::kernel::dist::Sampler;
use crate::kernel::histogram::Histogram;
use crate::kernel::queue::{EventId, EventQueue};
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::allocation::Allocations;
use crate::node::broker::Broker;
use crate::node::consumer::{Consumer, Presence};
use crate::node::nameserver::Nameserver;
use crate::node::outbox::{Outbox, TIMERS};
use crate::node::producer::NextSend;
use crate::protocol::address::Address;
use crate::protocol::directory::Directory;
use crate::protocol::message::{EndTransaction, Envelope, SendRequest};
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, NameserverIx, ProducerIx, QueueIx, TopicIx};

/// A consumer process and what waits for it while it is frozen.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) consumer: Consumer,
    pub(super) timers: [Option<EventId>; TIMERS],
    pub(super) parked: Vec<Event>,
    /// Its host is gone.
    pub(super) gone: bool,
    pub(super) handling: Sampler,
    pub(super) handling_stream: Stream,
    pub(super) views: ViewTrack,
    pub(super) measures: super::sampling::InstanceMeasures,
}

/// A broker with its timers and handling times.
#[derive(Debug)]
pub(super) struct BrokerHost {
    pub(super) host: Host,
    pub(super) broker: Broker,
    pub(super) timers: [Option<EventId>; TIMERS],
    pub(super) pull_handling: Sampler,
    pub(super) admin_handling: Sampler,
    pub(super) handling_stream: Stream,
}

/// A nameserver with its timers and handling times.
#[derive(Debug)]
pub(super) struct NameserverHost {
    pub(super) host: Host,
    pub(super) nameserver: Nameserver,
    pub(super) timers: [Option<EventId>; TIMERS],
    pub(super) handling: Sampler,
    pub(super) handling_stream: Stream,
}

/// A producer with its timers and measures.
#[derive(Debug)]
pub(super) struct ProducerHost {
    pub(super) host: Host,
    pub(super) path: SendPath,
    pub(super) timers: [Option<EventId>; TIMERS],
    pub(super) step: Option<EventId>,
    pub(super) handling: Sampler,
    pub(super) latency: Histogram,
}

/// Everything.
pub(super) struct World {
    pub(super) plan: Arc<Plan>,
    pub(super) directory: Rc<Directory>,
    pub(super) now: SimTime,
    pub(super) end: SimTime,
    pub(super) queue: EventQueue<Event>,
    pub(super) network: Network,
    pub(super) links: Links,
    pub(super) nameservers: Vec<NameserverHost>,
    pub(super) brokers: Vec<BrokerHost>,
    pub(super) producers: Vec<ProducerHost>,
    pub(super) processes: Vec<Process>,
    pub(super) allocations: Allocations,
    pub(super) mail: Slab<Envelope>,
    pub(super) closings: Slab<Closing>,
    pub(super) refusals: Slab<(ProducerIx, SendRequest)>,
    pub(super) halves: Slab<StoredHalf>,
    pub(super) ends: Slab<(ProducerIx, BrokerIx, EndTransaction)>,
    pub(super) out: Outbox,
    pub(super) sends: Vec<NextSend>,
    /// What brokers store by themselves.
    pub(super) copies: super::copies::CopyTrack,
    pub(super) digest: Digest,
    pub(super) events: u64,
    pub(super) pending_max: u64,
    pub(super) facts: Vec<FactRecord>,
    pub(super) losses: Vec<Loss>,
    /// What a traced run is asked about.
    pub(super) watch: Option<super::watch::Watch>,
    /// The brokers' stores at the time they were asked for.
    pub(super) image: Option<(SimTime, Vec<super::image::BrokerImage>)>,
    pub(super) trace: bool,
    /// Some producer sends in transactions.
    pub(super) has_transactions: bool,
    /// Per (group, queue): position in `ledgers` and `ownership`; `u32::MAX` where the group does not consume.
    pub(super) pairs: Vec<Vec<u32>>,
    pub(super) pair_keys: Vec<(GroupIx, QueueIx)>,
    pub(super) ledgers: Vec<QueueLedger>,
    pub(super) ownership: Vec<OwnershipTrack>,
    /// Per pair of an orderly group: the order of its keys; empty when no group is orderly.
    pub(super) order: Vec<Option<OrderTrack>>,
    /// Facts of broken order so far.
    pub(super) order_facts: usize,
    pub(super) locks: LockTrack,
    pub(super) groups: Vec<GroupTrack>,
    pub(super) first_start: Vec<Option<SimTime>>,
    pub(super) truths: Vec<super::truth::GroupTruth>,
    /// Queues of a topic that are really readable, worked out once per change.
    pub(super) true_queues: BTreeMap<TopicIx, Rc<[QueueIx]>>,
    pub(super) series: Series,
    pub(super) sampling: super::sampling::SamplingState,
    pub(super) retention: super::retention::RetentionState,
    pub(super) preloaded: u64,
    /// Per pair: the same of the messages that the group skips.
    pub(super) skip_sums: Vec<u128>,
    pub(super) check_every_sample: bool,
    pub(super) checks: u64,
    pub(super) violation: Option<super::RunError>,
    /// Whose log counts, and what failures do to the run.
    pub(super) failing: super::failing::Failing,
}

impl World {
    /// Runs to the end of the plan.
    pub(super) fn run(&mut self, mut progress: Option<&mut (dyn FnMut(SimTime) + '_)>) {
        let mut steps = 0u64;
        while let Some((at, event)) = self.queue.pop() {
            if at > self.end || self.violation.is_some() {
                break;
            }
            debug_assert!(at >= self.now, "time never goes back");
            self.now = at;
            self.events += 1;
            self.digest.fold(at.as_nanos());
            self.handle(event);
            steps += 1;
            if steps.is_multiple_of(65_536) {
                self.pending_max = self.pending_max.max(self.queue.len() as u64);
                if let Some(report) = progress.as_deref_mut() {
                    report(at);
                }
            }
        }
        self.now = self.end;
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Deliver(place) => self.deliver(place, event),
            Event::Sends(producer) => self.step_sends(producer),
            Event::Pull(instance, token) => self.with_consumer(instance, event, |consumer, now, _, out| {
                consumer.on_pull(now, token, out);
            }),
            Event::Task(broker, task, start) => self.run_task(broker, task, start, event),
            Event::Dispatch(broker, local) => {
                if self.plan.fallible && self.parks(Address::Broker(broker), event) {
                    return;
                }
                self.brokers[broker.at()].broker.on_dispatch(self.now, local, &mut self.out);
                self.carry_out(Address::Broker(broker));
            }
            Event::Timer(node, timer) => self.fire(node, timer, event),
            Event::FixOffset(instance, token) => self.with_consumer(instance, event, |consumer, now, _, out| {
                consumer.on_fix_offset(now, token, out);
            }),
            Event::Wake(instance, wake) => self.with_consumer(instance, event, |consumer, now, _, out| {
                consumer.on_wake(now, wake, out);
            }),
            Event::Closed(place) => self.closed(place, event),
            Event::Idle(server, channel) => self.check_idle(server, channel),
            Event::Refused(place) => self.refused(place),
            Event::HalfStored(place) => self.half_stored(place),
            Event::EndTransaction(place) => self.end_transaction(place),
            Event::Action(index) => self.act(index),
            Event::Start(node) => self.start(node),
            Event::Autoscale(index) => self.autoscale(index),
            Event::Sample => self.sample(),
            Event::Retention => self.give_back(),
            Event::Image => self.take_image(),
        }
    }

    /// Tells a consumer something, unless its process is frozen: then it waits.
    pub(super) fn with_consumer(
        &mut self,
        instance: InstanceIx,
        event: Event,
        tell: impl FnOnce(&mut Consumer, SimTime, &mut Allocations, &mut Outbox),
    ) {
        let process = &mut self.processes[instance.at()];
        if process.consumer.frozen() {
            process.parked.push(event);
            return;
        }
        tell(&mut process.consumer, self.now, &mut self.allocations, &mut self.out);
        self.carry_out(Address::Consumer(instance));
    }

    fn start(&mut self, node: Address) {
        self.power_on(node);
        match node {
            Address::Nameserver(nameserver) => {
                self.nameservers[nameserver.at()].nameserver.on_start(self.now, &mut self.out);
            }
            Address::Broker(broker) => self.brokers[broker.at()].broker.on_start(self.now, &mut self.out),
            Address::Producer(producer) => {
                self.producers[producer.at()].path.producer.on_start(self.now, &mut self.out);
            }
            Address::Consumer(instance) => {
                if let Some((_, client)) = self.plan.instances[instance.at()].start {
                    self.start_consumer(instance, client);
                }
                return;
            }
        }
        self.carry_out(node);
        if let Address::Producer(producer) = node {
            self.replan_sends(producer);
        }
    }

    pub(super) fn start_consumer(&mut self, instance: InstanceIx, client: ClientIx) {
        let process = &mut self.processes[instance.at()];
        if process.consumer.presence() != Presence::Absent {
            // A restart that overtakes its own shutdown: the old process is gone now.
            self.exit(Address::Consumer(instance));
        }
        let process = &mut self.processes[instance.at()];
        process.gone = false;
        process.consumer.on_start(self.now, client, &mut self.out);
        self.carry_out(Address::Consumer(instance));
    }

    /// Time a message spends at its receiver before it has an effect.
    pub(super) fn handling(&mut self, to: Address, pull: bool) -> SimDuration {
        let nanos = match to {
            Address::Nameserver(NameserverIx(index)) => {
                let host = &mut self.nameservers[index as usize];
                host.handling.sample(&mut host.handling_stream)
            }
            Address::Broker(broker) => {
                let host = &mut self.brokers[broker.at()];
                let law = if pull { &host.pull_handling } else { &host.admin_handling };
                law.sample(&mut host.handling_stream)
            }
            Address::Producer(producer) => {
                let host = &mut self.producers[producer.at()];
                host.handling.sample(&mut host.path.handling_stream)
            }
            Address::Consumer(instance) => {
                let process = &mut self.processes[instance.at()];
                process.handling.sample(&mut process.handling_stream)
            }
        };
        SimDuration::from_nanos(nanos)
    }
}
