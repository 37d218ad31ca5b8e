//! The producer's state (`DefaultMQProducerImpl`). Its calls come from an open arrival process: every call has a thread of its
//! own to wait in, while round-robin indexes belong to the configured `sendThreads`.

use std::collections::VecDeque;
use std::rc::Rc;

use super::arrivals::ArrivalTimes;
use super::delays::Delays;
use super::mix::Mix;
use super::transactions::Transactions;
use crate::kernel::dist::{Sampler, Zipf};
use crate::kernel::rng::Stream;
use crate::kernel::time::SimTime;
use crate::node::client::{Answer, ClientInstance, Finished, Thread};
use crate::node::config::{ProducerConfig, QueueSelector};
use crate::node::outbox::{Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::directory::Directory;
use crate::protocol::message::{Body, Envelope, SendRequest};
use crate::protocol::route::TopicRoute;
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
    config: ProducerConfig,
    load: ProducerLoad,
    directory: Rc<Directory>,
    client: ClientInstance,
    times: ArrivalTimes,
    next_call: SimTime,
    /// The route behind the publish list.
    route: Option<Rc<TopicRoute>>,
    /// The publish list and each thread's index into it.
    publish: Vec<QueueIx>,
    indexes: Vec<usize>,
    thread: usize,
    /// Calls made.
    pub calls: u64,
    /// Calls that wait for the topic's first route.
    waiting: VecDeque<(u64, SimTime)>,
    bodies: Stream,
    keys: Stream,
    choices: Stream,
    /// How messages are delayed, if any are.
    delays: Option<Delays>,
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
            let mut send = self.first_attempt(now, call, out);
            self.delay(&mut send, out);
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
        let answer = self.client.on_timeout(now, timer, out);
        self.after(now, &answer, out, sends)
    }

    /// A connection is gone.
    pub fn on_closed(&mut self, server: crate::protocol::address::Address) {
        self.client.on_closed(server);
    }

    /// From now on this constant rate; 0 pauses.
    pub fn set_rate(&mut self, now: SimTime, rate: f64) {
        self.times.set_rate(now, rate);
        self.plan_next_call();
    }

    /// Calls that have not left yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    fn plan_next_call(&mut self) {
        self.next_call = if self.calls >= self.load.limit {
            SimTime::MAX
        } else {
            self.times.next_call().filter(|call| *call < self.load.stop_at).unwrap_or(SimTime::MAX)
        };
    }

    /// Takes a changed route into the publish list: a new object, so every thread starts at a random place again.
    fn take_publish_list(&mut self) {
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
        let mut failed = 0;
        match answer {
            Answer::Finished(Thread::Main, Finished::Routes) => {
                for (call, born) in std::mem::take(&mut self.waiting) {
                    if self.publish.is_empty() || now.since(born) > self.config.send_msg_timeout {
                        failed += 1;
                    } else {
                        let mut send = self.first_attempt(born, call, out);
                        self.delay(&mut send, out);
                        sends.push(send);
                    }
                }
            }
            Answer::Finished(Thread::Scheduler, _) => {
                self.client.run_scheduler(now, now, out);
                self.arm_scheduler(out);
            }
            _ => {}
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

    fn first_attempt(&mut self, born: SimTime, call: u64, out: &mut Outbox) -> NextSend {
        let key = match &self.load.keys {
            None => NO_KEY,
            Some((law, _)) => law.sample(&mut self.keys) as u32,
        };
        let queue = match (&self.load.keys, self.config.selector) {
            (Some((_, hashes)), QueueSelector::KeyHash) => select_by_hash(hashes[key as usize], &self.publish),
            _ => self.select_next(),
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

    /// `TopicPublishInfo#selectOneMessageQueue`: the thread's index, incremented before use.
    #[inline]
    fn select_next(&mut self) -> QueueIx {
        self.thread = if self.thread + 1 >= self.indexes.len() { 0 } else { self.thread + 1 };
        let index = &mut self.indexes[self.thread];
        *index += 1;
        if *index >= self.publish.len() {
            *index %= self.publish.len();
        }
        self.publish[*index]
    }

    /// `TopicPublishInfo#selectOneMessageQueue(lastBrokerName)`: another broker's queue if there is one.
    fn select_avoiding(&mut self, last: BrokerIx) -> QueueIx {
        for _ in 0..self.publish.len() {
            let queue = self.select_next();
            if self.directory.parts(queue).broker != last {
                return queue;
            }
        }
        self.select_next()
    }

    fn arm_scheduler(&self, out: &mut Outbox) {
        if !self.client.scheduler_busy() {
            out.arm(Timer::Scheduler, self.client.scheduler_due());
        }
    }
}

/// `SelectMessageQueueByHash`: `Math.abs(hash % n)`.
fn select_by_hash(hash: i32, publish: &[QueueIx]) -> QueueIx {
    publish[(hash % publish.len() as i32).unsigned_abs() as usize]
}
