//! The yardstick: what a bare event loop over std's `BinaryHeap` does with the same load. No network, no protocol, no
//! storage: a Poisson producer, 16 queues in turn, 4 consumers of 20 threads with exponential service, latency and lag
//! recorded; five events a message.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use rocketmq_sim::kernel::dist::{Distribution, Sampler};
use rocketmq_sim::kernel::rng::{Stream, Streams};

/// Queues, dealt round robin.
const QUEUES: u64 = 16;
/// Consumers; each has a quarter of the queues, next to each other.
const CONSUMERS: u64 = 4;
/// Threads of a consumer.
const THREADS: u32 = 20;

/// What the yardstick is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Messages to produce and consume.
    pub(crate) messages: u64,
    /// Mean arrivals per second of all queues together.
    pub(crate) rate_per_s: u64,
    /// Mean time in the listener.
    pub(crate) mean_service: Duration,
    /// Producer to broker, and broker to consumer.
    pub(crate) hop: Duration,
}

impl Load {
    /// 80 threads at a utilisation of 0.8.
    pub(crate) const fn steady(messages: u64) -> Self {
        Self { messages, rate_per_s: 64_000, mean_service: Duration::from_millis(1), hop: Duration::from_micros(200) }
    }
}

/// What it measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct YardstickResult {
    /// Messages through the whole pipeline per second of wall time.
    pub(crate) messages_per_s: f64,
    /// Latency from the producer's call to the end of service, of all messages, in nanoseconds.
    pub(crate) p50: u64,
    /// See `p50`.
    pub(crate) p99: u64,
    /// Messages stored and not yet consumed, over all queues: mean of the samples taken at each consumption.
    pub(crate) mean_lag: f64,
    /// Bytes of the per-message tables per message.
    pub(crate) bytes_per_message: f64,
}

/// The five steps; in the low bits of an event, above them the message.
const PRODUCE: u64 = 0;
const STORE: u64 = 1;
const DELIVER: u64 = 2;
const START: u64 = 3;
const END: u64 = 4;
const STEP_BITS: u32 = 3;

#[derive(Default)]
struct Consumer {
    /// Delivered, waiting for a thread.
    waiting: VecDeque<u64>,
    busy: u32,
}

struct Pipeline {
    /// 24 bytes each: time, sequence number, event.
    events: BinaryHeap<Reverse<(u64, u64, u64)>>,
    sequence: u64,
    load: Load,
    gaps: (Sampler, Stream),
    /// Service law and one stream for each consumer.
    service: (Sampler, Vec<Stream>),
    consumers: Vec<Consumer>,
    /// Per queue: stored and not yet consumed.
    lag: [u64; QUEUES as usize],
    total_lag: u64,
    lag_sum: u128,
    /// Per message: the producer's call.
    born: Vec<u64>,
    /// Of each consumed message, in the order of consumption.
    latency: Vec<u64>,
}

const fn consumer_of(message: u64) -> usize {
    (message % QUEUES / (QUEUES / CONSUMERS)) as usize
}

impl Pipeline {
    fn new(load: Load) -> Self {
        let streams = Streams::new(1);
        let mean = |mean: u64| Distribution::Exponential { mean }.sampler();
        Self {
            events: BinaryHeap::new(),
            sequence: 0,
            load,
            gaps: (mean(1_000_000_000 / load.rate_per_s), streams.stream("producer", "arrivals")),
            service: (
                mean(load.mean_service.as_nanos() as u64),
                (0..CONSUMERS).map(|consumer| streams.stream(&format!("consumer/{consumer}"), "service")).collect(),
            ),
            consumers: (0..CONSUMERS).map(|_| Consumer::default()).collect(),
            lag: [0; QUEUES as usize],
            total_lag: 0,
            lag_sum: 0,
            born: Vec::with_capacity(load.messages as usize),
            latency: Vec::with_capacity(load.messages as usize),
        }
    }

    #[inline]
    fn schedule(&mut self, time: u64, step: u64, message: u64) {
        self.events.push(Reverse((time, self.sequence, (message << STEP_BITS) | step)));
        self.sequence += 1;
    }

    fn run(&mut self) {
        let hop = self.load.hop.as_nanos() as u64;
        self.schedule(0, PRODUCE, 0);
        while let Some(Reverse((now, _, event))) = self.events.pop() {
            let message = event >> STEP_BITS;
            match event % (1 << STEP_BITS) {
                PRODUCE => {
                    self.born.push(now);
                    self.schedule(now + hop, STORE, message);
                    if message + 1 < self.load.messages {
                        let gap = self.gaps.0.sample(&mut self.gaps.1);
                        self.schedule(now + gap, PRODUCE, message + 1);
                    }
                }
                STORE => {
                    self.lag[(message % QUEUES) as usize] += 1;
                    self.total_lag += 1;
                    self.schedule(now + hop, DELIVER, message);
                }
                DELIVER => {
                    let consumer = &mut self.consumers[consumer_of(message)];
                    if consumer.busy < THREADS {
                        consumer.busy += 1;
                        self.schedule(now, START, message);
                    } else {
                        consumer.waiting.push_back(message);
                    }
                }
                START => {
                    let service = self.service.0.sample(&mut self.service.1[consumer_of(message)]);
                    self.schedule(now + service, END, message);
                }
                _ => self.end(now, message),
            }
        }
    }

    #[inline]
    fn end(&mut self, now: u64, message: u64) {
        self.latency.push(now - self.born[message as usize]);
        self.lag[(message % QUEUES) as usize] -= 1;
        self.total_lag -= 1;
        self.lag_sum += u128::from(self.total_lag);
        let consumer = &mut self.consumers[consumer_of(message)];
        match consumer.waiting.pop_front() {
            Some(next) => self.schedule(now, START, next),
            None => consumer.busy -= 1,
        }
    }
}

/// Runs the load once. Percentiles are taken outside the time measured.
#[allow(clippy::disallowed_methods, reason = "a bench measures wall-clock time")]
pub(crate) fn yardstick(load: Load) -> YardstickResult {
    let start = std::time::Instant::now();
    let mut pipeline = Pipeline::new(load);
    pipeline.run();
    let elapsed = start.elapsed().as_secs_f64();
    assert_eq!(pipeline.lag, [0; QUEUES as usize], "every message is consumed");
    let consumed = pipeline.latency.len() as f64;
    let bytes = size_of::<u64>() * (pipeline.born.capacity() + pipeline.latency.capacity());
    let latency = &mut pipeline.latency;
    let mut at = |share: f64| {
        let rank = ((consumed * share) as usize).min(latency.len() - 1);
        *latency.select_nth_unstable(rank).1
    };
    YardstickResult {
        messages_per_s: consumed / elapsed,
        p50: at(0.5),
        p99: at(0.99),
        mean_lag: pipeline.lag_sum as f64 / consumed,
        bytes_per_message: bytes as f64 / consumed,
    }
}
