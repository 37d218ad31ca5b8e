//! A client instance: its timers, and the sequences of calls its threads make.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::broker_table::BrokerTable;
use super::channels::Channels;
use super::threads::{Answer, Finished, Thread, Waiting};
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::ClientConfig;
use crate::node::fact::RouteOwner;
use crate::node::outbox::Outbox;
use crate::protocol::address::Address;
use crate::protocol::message::{Body, ConsumerData, Heartbeat};
use crate::protocol::route::{MASTER_ID, TEMPLATE_TOPIC, TopicRoute};
use crate::store::ids::{BrokerIx, ClientIx, NameserverIx, ProducerGroupIx, TopicIx};

/// `mqClientApiTimeout` and the heartbeat's timeout.
const CALL_TIMEOUT: SimDuration = SimDuration::from_secs(3);
/// First route poll after the instance's start (`MQClientInstance#startScheduledTask`).
const ROUTE_POLL_INITIAL_DELAY: SimDuration = SimDuration::from_millis(10);
/// First periodic heartbeat after the instance's start.
const HEARTBEAT_INITIAL_DELAY: SimDuration = SimDuration::from_secs(1);

/// A sequence of synchronous calls under way on a thread.
#[derive(Debug)]
pub(super) enum Job {
    /// One route query per topic, in order.
    Routes { topics: Vec<TopicIx>, at: usize },
    /// One heartbeat per broker process, in order.
    Heartbeat { brokers: Vec<BrokerIx>, at: usize },
}

/// A client instance.
#[derive(Debug)]
pub struct ClientInstance {
    pub(super) owner: RouteOwner,
    /// Client id under which it runs.
    pub id: ClientIx,
    config: ClientConfig,
    pub(super) channels: Channels,
    /// `topicRouteTable`.
    pub(super) routes: BTreeMap<TopicIx, Rc<TopicRoute>>,
    /// `brokerAddrTable`.
    pub(super) brokers: BrokerTable,
    /// Topics polled: subscribed or sent to, and the template.
    topics: BTreeSet<TopicIx>,
    /// What the heartbeat says about the consumer in this instance.
    pub consumer: Option<ConsumerData>,
    /// What a producer's heartbeats say.
    pub producer: Option<ProducerGroupIx>,
    pub(super) jobs: [Option<Job>; 3],
    pub(super) waiting: [Option<Waiting>; 3],
    pub(super) calls: u32,
    pub(super) heartbeat_busy: bool,
    /// When its network layer started.
    pub(super) started: SimTime,
    /// Next nominal times of route poll and heartbeat.
    route_poll_at: SimTime,
    heartbeat_at: SimTime,
}

impl ClientInstance {
    /// An instance that polls `topics` and the template, with nameservers shuffled as
    /// `NettyRemotingClient#updateNameServerAddressList` does.
    #[must_use]
    pub fn new(
        owner: RouteOwner,
        id: ClientIx,
        config: ClientConfig,
        nameservers: &[NameserverIx],
        topics: impl Iterator<Item = TopicIx>,
        stream: &mut Stream,
    ) -> Self {
        let mut list = nameservers.to_vec();
        for end in (1..list.len()).rev() {
            list.swap(end, stream.below(end as u64 + 1) as usize);
        }
        let next_nameserver = stream.below(999) as usize;
        Self {
            owner,
            id,
            config,
            channels: Channels { nameservers: list, next_nameserver, ..Channels::default() },
            routes: BTreeMap::new(),
            brokers: BrokerTable::default(),
            topics: topics.chain([TEMPLATE_TOPIC]).collect(),
            consumer: None,
            producer: None,
            jobs: [None, None, None],
            waiting: [None; 3],
            calls: 0,
            heartbeat_busy: false,
            started: SimTime::ZERO,
            route_poll_at: SimTime::MAX,
            heartbeat_at: SimTime::MAX,
        }
    }

    /// The instance of the next process: the same settings, nothing known. Its calls are numbered on, so that answers to the
    /// old process find nobody.
    #[must_use]
    pub fn renewed(&self, stream: &mut Stream) -> Self {
        let mut nameservers = self.channels.nameservers.clone();
        nameservers.sort_unstable();
        let topics = self.topics.iter().copied();
        let mut next = Self::new(self.owner, self.id, self.config.clone(), &nameservers, topics, stream);
        (next.consumer, next.producer, next.calls) = (self.consumer.clone(), self.producer, self.calls);
        next
    }

    /// Starts the scheduler thread: fixed-rate timers from `start`.
    pub fn start_timers(&mut self, start: SimTime) {
        self.started = start;
        self.route_poll_at = start + ROUTE_POLL_INITIAL_DELAY;
        self.heartbeat_at = start + HEARTBEAT_INITIAL_DELAY;
    }

    /// The scheduler thread does nothing any more.
    pub fn stop_timers(&mut self) {
        (self.route_poll_at, self.heartbeat_at) = (SimTime::MAX, SimTime::MAX);
    }

    /// Sets when the two periodic tasks run next, for a member whose phases were measured.
    pub fn set_phases(&mut self, route_poll_at: SimTime, heartbeat_at: SimTime) {
        self.route_poll_at = route_poll_at;
        self.heartbeat_at = heartbeat_at;
    }

    /// When the scheduler thread has something to do next.
    #[must_use]
    pub fn scheduler_due(&self) -> SimTime {
        self.route_poll_at.min(self.heartbeat_at)
    }

    /// Whether the scheduler thread is in a call.
    #[must_use]
    pub const fn scheduler_busy(&self) -> bool {
        self.jobs[Thread::Scheduler as usize].is_some()
    }

    /// Whether a thread is in a call.
    #[must_use]
    pub const fn is_calling(&self, thread: Thread) -> bool {
        self.waiting[thread as usize].is_some()
    }

    /// Runs what is due on the scheduler thread; a fixed-rate task that is late runs again at once until it has caught up.
    ///
    /// Only tasks due by `until`: the owner has tasks of its own on this thread.
    pub fn run_scheduler(&mut self, now: SimTime, until: SimTime, out: &mut Outbox) {
        while !self.scheduler_busy() && self.scheduler_due() <= until {
            if self.route_poll_at <= self.heartbeat_at {
                self.route_poll_at += self.config.poll_name_server_interval;
                let topics = self.topics.iter().copied().collect();
                self.begin_routes(now, Thread::Scheduler, topics, out);
            } else {
                self.heartbeat_at += self.config.heartbeat_broker_interval;
                self.clean_offline_brokers(out);
                self.begin_heartbeat(now, Thread::Scheduler, out);
            }
        }
    }

    /// Queries the routes of `topics` one after another (`MQClientInstance#updateTopicRouteInfoFromNameServer`).
    /// False when there is nothing to ask, so the job is done at once.
    pub fn begin_routes(&mut self, now: SimTime, thread: Thread, topics: Vec<TopicIx>, out: &mut Outbox) -> bool {
        if topics.is_empty() {
            return false;
        }
        self.jobs[thread as usize] = Some(Job::Routes { topics, at: 0 });
        self.step(now, thread, out);
        true
    }

    /// Heartbeats to every known broker process one after another (`#sendHeartbeatToAllBrokerWithLock`); an instance without a
    /// consumer leaves slaves out. False when there is none or another thread is at it, so nothing is sent.
    pub fn begin_heartbeat(&mut self, now: SimTime, thread: Thread, out: &mut Outbox) -> bool {
        let consumes = self.consumer.is_some();
        let targets = self.brokers.addresses().filter(|(id, _)| consumes || *id == MASTER_ID);
        let brokers: Vec<BrokerIx> = targets.map(|(_, process)| process).collect();
        if brokers.is_empty() || self.heartbeat_busy {
            return false;
        }
        self.heartbeat_busy = true;
        self.jobs[thread as usize] = Some(Job::Heartbeat { brokers, at: 0 });
        self.step(now, thread, out);
        true
    }

    /// The topic whose route a thread asks for.
    pub(super) fn asks_route(&self, thread: Thread) -> Option<TopicIx> {
        match &self.jobs[thread as usize] {
            Some(Job::Routes { topics, at }) => topics.get(*at).copied(),
            _ => None,
        }
    }

    /// A thread's call is over; `None`: it failed.
    pub(super) fn advance(&mut self, now: SimTime, thread: Thread, body: Option<Body>, out: &mut Outbox) -> Answer {
        match self.jobs[thread as usize].as_mut() {
            None => Answer::Own(thread, body),
            Some(Job::Routes { topics, at }) => {
                let topic = topics[*at];
                *at += 1;
                let done = *at == topics.len() || body.is_none();
                if let Some(Body::RouteReply(Some(route))) = body {
                    self.take_route(topic, &route, out);
                }
                self.finish_or_step(now, thread, done, Finished::Routes, out)
            }
            Some(Job::Heartbeat { brokers, at }) => {
                *at += 1;
                let done = *at == brokers.len();
                if done {
                    self.heartbeat_busy = false;
                }
                self.finish_or_step(now, thread, done, Finished::Heartbeat, out)
            }
        }
    }

    fn finish_or_step(&mut self, now: SimTime, thread: Thread, done: bool, what: Finished, out: &mut Outbox) -> Answer {
        if done {
            self.jobs[thread as usize] = None;
            Answer::Finished(thread, what)
        } else {
            self.step(now, thread, out);
            Answer::Pending
        }
    }

    fn step(&mut self, now: SimTime, thread: Thread, out: &mut Outbox) {
        let (to, body) = match &self.jobs[thread as usize] {
            Some(Job::Routes { topics, at }) => (None, Body::GetRoute(topics[*at])),
            Some(Job::Heartbeat { brokers, at }) => {
                let heartbeat = Heartbeat { client: self.id, consumer: self.consumer.clone(), producer: self.producer };
                (Some(Address::Broker(brokers[*at])), Body::Heartbeat(Rc::new(heartbeat)))
            }
            None => return,
        };
        let to = to.unwrap_or_else(|| self.nameserver());
        self.call(now, thread, to, body, CALL_TIMEOUT, out);
    }
}
