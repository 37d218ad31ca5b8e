//! The producer's state (`DefaultMQProducerImpl`). Its calls come from an open arrival process: every call has a thread of its
//! own to wait in, while round-robin indexes belong to the configured `sendThreads`.

use std::collections::VecDeque;
use std::rc::Rc;

use super::arrivals::ArrivalTimes;
use super::calls::Tally;
use super::delays::Delays;
use super::faults::Faults;
use super::lifecycle::Life;
use super::mix::Mix;
use super::open_calls::OpenCalls;
use super::selection::select_by_hash;
use super::transactions::Transactions;
use crate::kernel::dist::{Sampler, Zipf};
use crate::kernel::rng::Stream;
use crate::kernel::time::SimTime;
use crate::node::client::{Answer, ClientInstance, Finished, Thread};
use crate::node::config::{ProducerConfig, QueueSelector};
use crate::node::fact::Disconnection;
use crate::node::outbox::{CallResult, Outbox, SendError, Timer};
use crate::protocol::address::Address;
use crate::protocol::directory::Directory;
use crate::protocol::message::{Body, Envelope, SendRequest};
use crate::protocol::route::{TEMPLATE_TOPIC, TopicRoute};
use crate::store::ids::{BrokerIx, QueueIx, TopicIx};
use crate::store::message::NO_KEY;

/// What a producer sends.
#[derive(Debug)]
pub struct ProducerLoad {
    /// Topic.
    pub topic: TopicIx,
    /// Tags and properties.
    pub mix: Mix,
    /// Messages are sent in transactions.
    pub transactions: Option<Transactions>,
    /// Body sizes.
    pub body_size: Sampler,
    /// Keys: their law and the Java hash of each.
    pub keys: Option<(Zipf, Rc<[i32]>)>,
    /// No call from here on.
    pub stop_at: SimTime,
    /// No more calls than this.
    pub limit: u64,
}

/// A send on its way out.
#[derive(Clone, Copy, Debug)]
pub struct NextSend {
    /// Target.
    pub broker: BrokerIx,
    /// Content.
    pub request: SendRequest,
}

/// How a `send()` call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// Tried again elsewhere.
    Retried,
    /// Failed for good.
    Failed,
}

/// A producer.
#[derive(Debug)]
pub struct Producer {
    pub(super) config: ProducerConfig,
    pub(super) load: ProducerLoad,
    pub(super) directory: Rc<Directory>,
    pub(super) client: ClientInstance,
    times: ArrivalTimes,
    pub(super) next_call: SimTime,
    /// The route behind the publish list.
    pub(super) route: Option<Rc<TopicRoute>>,
    /// The publish list and each thread's index into it.
    pub(super) publish: Vec<QueueIx>,
    pub(super) indexes: Vec<usize>,
    pub(super) thread: usize,
    /// Calls made.
    pub calls: u64,
    /// Calls that wait for the topic's first route.
    pub(super) waiting: VecDeque<(u64, SimTime)>,
    bodies: Stream,
    keys: Stream,
    pub(super) choices: Stream,
    /// How messages are delayed, if any are.
    delays: Option<Delays>,
    /// Calls under way where servers can fail.
    pub(super) open: OpenCalls,
    pub(super) tally: Tally,
    /// Broker names to be avoided.
    pub(super) faults: Faults,
    pub(super) life: Life,
    /// The template's route was asked for, for a topic that nobody knows.
    pub(super) asks_template: bool,
}

/// The streams of a producer.
#[derive(Debug)]
pub struct ProducerStreams {
    /// Body sizes.
    pub bodies: Stream,
    /// Keys.
    pub keys: Stream,
    /// Round-robin starting points.
    pub choices: Stream,
}

impl Producer {
    /// A producer that has not started.
    #[must_use]
    pub fn new(
        config: ProducerConfig,
        load: ProducerLoad,
        directory: Rc<Directory>,
        client: ClientInstance,
        times: ArrivalTimes,
        streams: ProducerStreams,
    ) -> Self {
        let threads = config.send_threads as usize;
        let mut producer = Self {
            config,
            load,
            directory,
            client,
            times,
            next_call: SimTime::MAX,
            route: None,
            publish: Vec::new(),
            indexes: vec![0; threads],
            thread: 0,
            calls: 0,
            waiting: VecDeque::new(),
            bodies: streams.bodies,
            keys: streams.keys,
            choices: streams.choices,
            delays: None,
            open: OpenCalls::default(),
            tally: Tally::default(),
            faults: Faults::default(),
            life: Life::Running,
            asks_template: false,
        };
        producer.plan_next_call();
        producer
    }

    /// When `send()` is called next; [`SimTime::MAX`] when never again.
    #[must_use]
    #[inline]
    pub const fn next_call(&self) -> SimTime {
        self.next_call
    }

    /// The process starts.
    pub fn on_start(&mut self, now: SimTime, out: &mut Outbox) {
        self.client.start_timers(now);
        out.arm(Timer::Scheduler, self.client.scheduler_due());
    }

    /// `send()` is called; what leaves goes to `sends`.
    #[inline]
    pub fn on_call(&mut self, now: SimTime, out: &mut Outbox, sends: &mut Vec<NextSend>) {
        let call = self.calls;
        self.calls += 1;
        self.plan_next_call();
        if self.publish.is_empty() {
            self.wait_for_route(now, call, out);
        } else {
            self.send_first(now, (call, now), out, sends);
        }
    }

    /// A call whose topic has a route begins: its number, and when it was called.
    #[inline]
    fn send_first(&mut self, now: SimTime, (call, born): (u64, SimTime), out: &mut Outbox, sends: &mut Vec<NextSend>) {
        let mut send = self.first_attempt(now, (call, born), out);
        self.delay(&mut send, out);
        if out.fallible {
            self.open_call(now, send.request, out);
        } else {
            sends.push(send);
        }
    }

    /// A send came back refused: another attempt if the rules allow one (`DefaultMQProducerImpl#sendDefaultImpl`).
    pub fn on_refused(&mut self, now: SimTime, refused: &SendRequest, sends: &mut Vec<NextSend>) -> SendOutcome {
        let attempts = refused.attempt + 1;
        let out_of_time = now.since(refused.draft.born_at) > self.config.send_msg_timeout;
        let selected = self.config.selector == QueueSelector::KeyHash;
        if out_of_time || selected || attempts > self.config.retry_times_when_send_failed {
            return SendOutcome::Failed;
        }
        let last = self.directory.parts(refused.queue).broker;
        let queue = self.select_avoiding(last);
        sends.push(NextSend {
            broker: self.directory.parts(queue).broker,
            request: SendRequest { queue, attempt: attempts, ..*refused },
        });
        SendOutcome::Retried
    }

    /// The answer to a half message arrives at `now`.
    pub fn on_half_stored(
        &mut self,
        now: SimTime,
        request: &SendRequest,
        half_offset: u64,
        physical: u64,
        out: &mut Outbox,
    ) {
        let broker = self.directory.parts(request.queue).broker;
        if let Some(transactions) = &mut self.load.transactions {
            transactions.on_stored(now, broker, (request.draft.class, half_offset, physical), out);
        }
    }

    /// Whether messages are sent in transactions.
    #[must_use]
    #[inline]
    pub const fn is_transactional(&self) -> bool {
        self.load.transactions.is_some()
    }

    /// A reply to the client instance arrives. Returns the number of calls that failed for want of a route.
    pub fn on_message(&mut self, now: SimTime, envelope: Envelope, out: &mut Outbox, sends: &mut Vec<NextSend>) -> u64 {
        if let (Body::CheckTransaction(check), Address::Broker(broker)) = (&envelope.body, envelope.from) {
            if let Some(transactions) = &mut self.load.transactions {
                transactions.on_check(now, broker, *check, out);
            }
            return 0;
        }
        if let Some(token) = OpenCalls::token(envelope.correlation) {
            self.on_send_answer(now, token, envelope.body, out);
            return 0;
        }
        if matches!(envelope.body, Body::Connected) {
            self.on_connected(now, envelope.from, out);
            return 0;
        }
        let answer = self.client.on_reply(now, envelope.correlation, envelope.body, out);
        self.after(now, &answer, out, sends)
    }

    /// A timer fires. Returns the number of calls that failed for want of a route.
    pub fn on_timer(&mut self, now: SimTime, timer: Timer, out: &mut Outbox, sends: &mut Vec<NextSend>) -> u64 {
        if timer == Timer::Scheduler {
            self.client.run_scheduler(now, now, out);
            self.arm_scheduler(out);
            return 0;
        }
        if timer == Timer::SendTimeout {
            self.on_send_timeout(now, out);
            return 0;
        }
        let answer = self.client.on_timeout(now, timer, out);
        let failed = self.after(now, &answer, out, sends);
        if out.fallible {
            self.fail_reset(now, out);
        }
        failed
    }

    /// A connection is gone.
    pub fn on_closed(&mut self, now: SimTime, server: Address, how: Disconnection, out: &mut Outbox) {
        self.client.on_closed(now, server, how, out);
        if out.fallible {
            self.fail_reset(now, out);
        }
    }

    /// From now on this constant rate; 0 pauses.
    pub fn set_rate(&mut self, now: SimTime, rate: f64) {
        self.times.set_rate(now, rate);
        if self.life == Life::Running {
            self.plan_next_call();
        }
    }

    /// Calls that have not left yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    pub(super) fn plan_next_call(&mut self) {
        self.next_call = if self.calls >= self.load.limit {
            SimTime::MAX
        } else {
            self.times.next_call().filter(|call| *call < self.load.stop_at).unwrap_or(SimTime::MAX)
        };
    }

    /// Takes a changed route into the publish list: a new object, so every thread starts at a random place again.
    pub(super) fn take_publish_list(&mut self) {
        let Some(route) = self.client.route(self.load.topic) else { return };
        if self.route.as_ref().is_some_and(|known| Rc::ptr_eq(known, route)) {
            return;
        }
        self.publish = route.publish_queues(self.load.topic, &self.directory);
        self.route = Some(Rc::clone(route));
        for index in &mut self.indexes {
            *index = self.choices.below(1 << 31) as usize;
        }
    }

    fn after(&mut self, now: SimTime, answer: &Answer, out: &mut Outbox, sends: &mut Vec<NextSend>) -> u64 {
        self.take_publish_list();
        match answer {
            Answer::Finished(Thread::Main, Finished::Routes) => return self.on_routes(now, out, sends),
            Answer::Finished(Thread::Scheduler, _) => {
                self.client.run_scheduler(now, now, out);
                self.arm_scheduler(out);
            }
            Answer::Own(Thread::Main, _) => self.farewell_next(now, out),
            _ => {}
        }
        0
    }

    /// The route that calls have waited for was asked for: they go on, or fail without one. Returns how many failed.
    fn on_routes(&mut self, now: SimTime, out: &mut Outbox, sends: &mut Vec<NextSend>) -> u64 {
        let unknown = self.client.route(self.load.topic).is_none();
        if out.fallible && unknown {
            // Nobody knows the topic: it gets the template's route (`#tryToFindTopicPublishInfo`).
            self.asks_template = !self.asks_template;
            if self.asks_template {
                self.client.begin_routes(now, Thread::Main, vec![TEMPLATE_TOPIC], out);
                return 0;
            }
            self.client.take_template(self.load.topic, self.config.default_topic_queue_nums, out);
            self.take_publish_list();
        }
        self.asks_template = false;
        let mut failed = 0;
        for (call, born) in std::mem::take(&mut self.waiting) {
            let late = now.since(born) > self.config.send_msg_timeout;
            if !late && !self.publish.is_empty() {
                self.send_first(now, (call, born), out, sends);
            } else if out.fallible {
                let error = if self.publish.is_empty() { SendError::NoRoute } else { SendError::OutOfTime };
                self.report((call, born, 0), CallResult::Failed(error), out);
            } else {
                failed += 1;
            }
        }
        failed
    }

    /// `tryToFindTopicPublishInfo`: the first call asks the nameserver, those that come meanwhile wait with it.
    fn wait_for_route(&mut self, now: SimTime, call: u64, out: &mut Outbox) {
        self.waiting.push_back((call, now));
        if self.waiting.len() == 1 {
            self.client.begin_routes(now, Thread::Main, vec![self.load.topic], out);
        }
    }

    fn first_attempt(&mut self, now: SimTime, (call, born): (u64, SimTime), out: &mut Outbox) -> NextSend {
        let key = match &self.load.keys {
            None => NO_KEY,
            Some((law, _)) => law.sample(&mut self.keys) as u32,
        };
        let queue = match (&self.load.keys, self.config.selector) {
            (Some((_, hashes)), QueueSelector::KeyHash) => select_by_hash(hashes[key as usize], &self.publish),
            _ => self.select(now, None, out.fallible),
        };
        let body = self.load.body_size.sample(&mut self.bodies) as u32;
        let (mut handle, class) = self.load.mix.draw(&mut out.catalog);
        if let Some(transactions) = &mut self.load.transactions {
            handle = transactions.half(handle, queue, out);
        }
        NextSend {
            broker: self.directory.parts(queue).broker,
            request: SendRequest { queue, draft: class.draft(handle, born, body, key), call, attempt: 0 },
        }
    }

    /// Messages are delayed by levels with these weights; level 0 is no delay.
    pub fn set_delays(&mut self, levels: &[(u8, f64)], stream: Stream) {
        self.delays = Some(Delays::new(levels, stream));
    }

    /// `Message#setDelayTimeLevel`.
    #[inline]
    fn delay(&mut self, send: &mut NextSend, out: &mut Outbox) {
        if let Some(delays) = &mut self.delays {
            delays.delay(&mut send.request, &mut out.catalog);
        }
    }

    fn arm_scheduler(&self, out: &mut Outbox) {
        if !self.client.scheduler_busy() {
            out.arm(Timer::Scheduler, self.client.scheduler_due());
        }
    }
}
