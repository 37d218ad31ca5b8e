//! What every client instance does, whatever it hosts (`MQClientInstance`): it holds routes, polls the nameserver, heartbeats
//! to brokers. Its threads are serial servers: a thread with a synchronous call under way does nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::config::ClientConfig;
use super::fact::{Fact, RouteOwner};
use super::outbox::{Outbox, Timer};
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, ConsumerData, Correlation, Heartbeat};
use crate::protocol::route::{TEMPLATE_TOPIC, TopicRoute};
use crate::store::ids::{BrokerIx, ClientIx, NameserverIx, ProducerGroupIx, TopicIx};

/// `mqClientApiTimeout` and the heartbeat's timeout.
const CALL_TIMEOUT: SimDuration = SimDuration::from_secs(3);
/// First route poll after the instance's start (`MQClientInstance#startScheduledTask`).
const ROUTE_POLL_INITIAL_DELAY: SimDuration = SimDuration::from_millis(10);
/// First periodic heartbeat after the instance's start.
const HEARTBEAT_INITIAL_DELAY: SimDuration = SimDuration::from_secs(1);

/// The threads of an instance that make synchronous calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    /// Whoever called `start()` or `shutdown()`, or an application thread that sends.
    Main,
    /// `MQClientFactoryScheduledThread`.
    Scheduler,
    /// `RebalanceService`.
    Rebalance,
}

impl Thread {
    const ALL: [Self; 3] = [Self::Main, Self::Scheduler, Self::Rebalance];

    const fn timer(self) -> Timer {
        match self {
            Self::Main => Timer::MainCall,
            Self::Scheduler => Timer::SchedulerCall,
            Self::Rebalance => Timer::RebalanceCall,
        }
    }
}

/// A sequence of synchronous calls under way on a thread.
#[derive(Debug)]
enum Job {
    /// One route query per topic, in order.
    Routes { topics: Vec<TopicIx>, at: usize },
    /// One heartbeat per broker, in order.
    Heartbeat { brokers: Vec<BrokerIx>, at: usize },
}

/// What a thread has finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// All route queries of a job.
    Routes,
    /// All heartbeats of a job.
    Heartbeat,
}

/// What a reply meant to the instance.
#[derive(Debug)]
pub enum Answer {
    /// Nobody waits for it any more, or the thread's job goes on.
    Pending,
    /// The thread's job is done.
    Finished(Thread, Finished),
    /// A call the owner made itself through [`ClientInstance::call`]; `None` when it failed.
    Own(Thread, Option<Body>),
}

/// A client instance.
#[derive(Debug)]
pub struct ClientInstance {
    owner: RouteOwner,
    /// Client id under which it runs.
    pub id: ClientIx,
    config: ClientConfig,
    /// The address list in its shuffled order and the index of the choice (`NetworkRemotingClient#namesrvIndex`).
    nameservers: Vec<NameserverIx>,
    next_nameserver: usize,
    chosen: Option<NameserverIx>,
    /// `topicRouteTable`.
    routes: BTreeMap<TopicIx, Rc<TopicRoute>>,
    /// Keys of `brokerAddrTable`.
    brokers: BTreeSet<BrokerIx>,
    /// Topics polled: subscribed or sent to, and the template.
    topics: BTreeSet<TopicIx>,
    /// What the heartbeat says about the consumer in this instance.
    pub consumer: Option<ConsumerData>,
    /// What a producer's heartbeats say.
    pub producer: Option<ProducerGroupIx>,
    jobs: [Option<Job>; 3],
    waiting: [Option<Correlation>; 3],
    calls: u32,
    heartbeat_busy: bool,
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
        nameservers: usize,
        topics: impl Iterator<Item = TopicIx>,
        stream: &mut Stream,
    ) -> Self {
        let mut list: Vec<NameserverIx> = (0..nameservers).map(NameserverIx::new).collect();
        for end in (1..list.len()).rev() {
            list.swap(end, stream.below(end as u64 + 1) as usize);
        }
        Self {
            owner,
            id,
            config,
            nameservers: list,
            next_nameserver: stream.below(999) as usize,
            chosen: None,
            routes: BTreeMap::new(),
            brokers: BTreeSet::new(),
            topics: topics.chain([TEMPLATE_TOPIC]).collect(),
            consumer: None,
            producer: None,
            jobs: [None, None, None],
            waiting: [None; 3],
            calls: 0,
            heartbeat_busy: false,
            route_poll_at: SimTime::MAX,
            heartbeat_at: SimTime::MAX,
        }
    }

    /// Starts the scheduler thread: fixed-rate timers from `start`.
    pub fn start_timers(&mut self, start: SimTime) {
        self.route_poll_at = start + ROUTE_POLL_INITIAL_DELAY;
        self.heartbeat_at = start + HEARTBEAT_INITIAL_DELAY;
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
                self.clean_offline_brokers();
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

    /// Heartbeats to every known broker one after another (`#sendHeartbeatToAllBrokerWithLock`). False when there is none
    /// or another thread is at it, so nothing is sent.
    pub fn begin_heartbeat(&mut self, now: SimTime, thread: Thread, out: &mut Outbox) -> bool {
        if self.brokers.is_empty() || self.heartbeat_busy {
            return false;
        }
        self.heartbeat_busy = true;
        let brokers = self.brokers.iter().copied().collect();
        self.jobs[thread as usize] = Some(Job::Heartbeat { brokers, at: 0 });
        self.step(now, thread, out);
        true
    }

    /// A synchronous call of the owner's own on a thread; its answer comes as [`Answer::Own`].
    pub fn call(
        &mut self,
        now: SimTime,
        thread: Thread,
        to: Address,
        body: Body,
        timeout: SimDuration,
        out: &mut Outbox,
    ) {
        self.calls += 1;
        let correlation = Correlation((self.calls << 2) | (thread as u32 + 1));
        self.waiting[thread as usize] = Some(correlation);
        out.send(to, correlation, body);
        out.arm(thread.timer(), now + timeout);
    }

    /// A reply arrived.
    pub fn on_reply(&mut self, now: SimTime, correlation: Correlation, body: Body, out: &mut Outbox) -> Answer {
        let Some(thread) = Thread::ALL.into_iter().find(|thread| self.waiting[*thread as usize] == Some(correlation))
        else {
            return Answer::Pending;
        };
        self.waiting[thread as usize] = None;
        out.disarm(thread.timer());
        self.advance(now, thread, Some(body), out)
    }

    /// A call ran into its timeout.
    pub fn on_timeout(&mut self, now: SimTime, timer: Timer, out: &mut Outbox) -> Answer {
        let Some(thread) = Thread::ALL.into_iter().find(|thread| thread.timer() == timer) else {
            return Answer::Pending;
        };
        if self.waiting[thread as usize].take().is_none() {
            return Answer::Pending;
        }
        if matches!(self.jobs[thread as usize], Some(Job::Routes { .. })) {
            // `clientCloseSocketIfTimeout`: the next call chooses another nameserver.
            self.chosen = None;
        }
        self.advance(now, thread, None, out)
    }

    /// The process ends: what its threads wait for is of no interest any more.
    pub fn abandon_calls(&mut self, out: &mut Outbox) {
        self.jobs = [None, None, None];
        self.waiting = [None; 3];
        self.heartbeat_busy = false;
        for thread in Thread::ALL {
            out.disarm(thread.timer());
        }
    }

    /// The connection to `server` is gone: a nameserver that was chosen is chosen anew at the next call.
    pub fn on_closed(&mut self, server: Address) {
        if let Address::Nameserver(nameserver) = server
            && self.chosen == Some(nameserver)
        {
            self.chosen = None;
        }
    }

    /// The stored route of a topic.
    #[must_use]
    pub fn route(&self, topic: TopicIx) -> Option<&Rc<TopicRoute>> {
        self.routes.get(&topic)
    }

    /// Every broker in `brokerAddrTable`.
    pub fn brokers(&self) -> impl Iterator<Item = BrokerIx> + '_ {
        self.brokers.iter().copied()
    }

    /// Sets routes and brokers as a member has them that has been running for long.
    pub fn preset_route(&mut self, topic: TopicIx, route: &Rc<TopicRoute>) {
        self.brokers.extend(route.queue_datas.iter().map(|data| data.broker));
        self.routes.insert(topic, Rc::clone(route));
    }

    /// The nameserver in use; sticky while its connection lives (`#getAndCreateNameserverChannel`).
    pub fn nameserver(&mut self) -> Address {
        let chosen = *self.chosen.get_or_insert_with(|| {
            self.next_nameserver += 1;
            self.nameservers[self.next_nameserver % self.nameservers.len()]
        });
        Address::Nameserver(chosen)
    }

    fn advance(&mut self, now: SimTime, thread: Thread, body: Option<Body>, out: &mut Outbox) -> Answer {
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

    /// Step 4 of the route update: a changed route replaces the stored one; a topic that has disappeared keeps its old one.
    fn take_route(&mut self, topic: TopicIx, route: &Rc<TopicRoute>, out: &mut Outbox) {
        if self.routes.get(&topic).is_some_and(|stored| stored == route) {
            return;
        }
        self.preset_route(topic, route);
        if topic != TEMPLATE_TOPIC {
            out.fact(Fact::RouteChanged { owner: self.owner, topic, queues: route.readable() });
        }
    }

    /// `#cleanOfflineBroker`: a broker in no route is forgotten.
    fn clean_offline_brokers(&mut self) {
        let routes = &self.routes;
        self.brokers
            .retain(|broker| routes.values().any(|route| route.queue_datas.iter().any(|data| data.broker == *broker)));
    }
}
