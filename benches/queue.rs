//! The event queue against std's `BinaryHeap` in the hold model: pop the earliest event, push one an increment later, at
//! a constant population. Both run interleaved in one process on the same increments and must give the same order.
//!
//! `cargo bench --bench queue`; without `--bench` (as `cargo test --benches` starts it) a tiny run that only checks. Numbers
//! as arguments restrict the populations.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Duration;

use rocketmq_sim::kernel::queue::EventQueue;
use rocketmq_sim::kernel::rng::Streams;
use rocketmq_sim::kernel::time::SimTime;

/// Events pending.
const POPULATIONS: [usize; 7] = [64, 128, 300, 1_000, 10_000, 100_000, 1_000_000];
/// Interleaved rounds; the best one of each counts, for what else runs on the machine only ever adds time.
const ROUNDS: usize = 25;
/// Increments drawn before the start, used round and round; a power of two.
const INCREMENTS: usize = 1 << 16;
/// Mean increment per pending event, in nanoseconds.
const MEAN: f64 = 10_000.0;

/// An event like the simulator's: a small `Copy` value.
#[derive(Clone, Copy)]
struct Event {
    kind: u32,
    subject: u32,
    detail: u64,
}

impl Event {
    const fn new(number: usize) -> Self {
        Self { kind: number as u32 % 8, subject: number as u32, detail: 0 }
    }
}

/// What is asked of both.
trait Queue: Default {
    fn push(&mut self, time: u64, event: Event);
    fn next_time(&mut self) -> Option<u64>;
    fn pop(&mut self) -> Option<(u64, Event)>;
}

#[derive(Default)]
struct Ours(EventQueue<Event>);

impl Queue for Ours {
    #[inline]
    fn push(&mut self, time: u64, event: Event) {
        self.0.push(SimTime::from_nanos(time), event);
    }
    #[inline]
    fn next_time(&mut self) -> Option<u64> {
        self.0.next_time().map(SimTime::as_nanos)
    }
    #[inline]
    fn pop(&mut self) -> Option<(u64, Event)> {
        self.0.pop().map(|(time, event)| (time.as_nanos(), event))
    }
}

/// (time, sequence number) and the event beside it.
struct Entry(u64, u64, Event);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

#[derive(Default)]
struct Std {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
}

impl Queue for Std {
    #[inline]
    fn push(&mut self, time: u64, event: Event) {
        self.heap.push(Reverse(Entry(time, self.sequence, event)));
        self.sequence += 1;
    }
    #[inline]
    fn next_time(&mut self) -> Option<u64> {
        self.heap.peek().map(|entry| entry.0.0)
    }
    #[inline]
    fn pop(&mut self) -> Option<(u64, Event)> {
        self.heap.pop().map(|Reverse(Entry(time, _, event))| (time, event))
    }
}

/// A population that is held.
struct Hold<Q> {
    queue: Q,
    next: usize,
    order: u64,
}

impl<Q: Queue> Hold<Q> {
    fn new(population: usize, increments: &[u64]) -> Self {
        let mut queue = Q::default();
        for number in 0..population {
            queue.push(increments[number & (INCREMENTS - 1)], Event::new(number));
        }
        Self { queue, next: population, order: 0 }
    }

    /// Time for so many pops and pushes.
    #[allow(clippy::disallowed_methods, reason = "a bench measures wall-clock time")]
    fn run(&mut self, steps: usize, increments: &[u64]) -> Duration {
        let start = std::time::Instant::now();
        for _ in 0..steps {
            black_box(self.queue.next_time());
            let Some((time, mut event)) = self.queue.pop() else { break };
            self.order = (self.order ^ time ^ u64::from(event.subject)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            event.detail += u64::from(event.kind);
            self.queue.push(time + increments[self.next & (INCREMENTS - 1)], event);
            self.next += 1;
        }
        start.elapsed()
    }
}

/// Increments: exponential, or the mixture of a broker model (many equal hops, service times, long timers).
fn increments(mixed: bool, population: usize, count: usize) -> Vec<u64> {
    let mut stream = Streams::new(7).stream("bench", "increments");
    let mean = MEAN * population as f64;
    let exponential = |unit: f64, mean: f64| (-libm::log(unit) * mean) as u64;
    (0..count)
        .map(|_| match (mixed, stream.below(10)) {
            (false, _) => exponential(stream.unit_open(), mean),
            (true, 0..=3) => 500_000,
            (true, 4..=8) => exponential(stream.unit_open(), 1_000_000.0),
            (true, _) => 20_000_000 + stream.below(10_000_000),
        })
        .collect()
}

fn compare(mixed: bool, population: usize, steps: usize, rounds: usize) {
    let increments = increments(mixed, population, INCREMENTS);
    let mut ours = Hold::<Ours>::new(population, &increments);
    let mut std = Hold::<Std>::new(population, &increments);
    let warm = 2 * population;
    ours.run(warm, &increments);
    std.run(warm, &increments);
    let (mut our_best, mut std_best) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        our_best = our_best.min(ours.run(steps, &increments));
        std_best = std_best.min(std.run(steps, &increments));
    }
    assert_eq!(ours.order, std.order, "both queues give the same order");
    let per_second = |time: Duration| steps as f64 / time.as_secs_f64() / 1e6;
    let (our, std) = (per_second(our_best), per_second(std_best));
    let kind = if mixed { "mixed" } else { "exponential" };
    println!("{kind:<12} {population:>9} {our:>14.1} {std:>14.1} {:>7.2}", our / std);
}

fn main() {
    let bench = std::env::args().any(|argument| argument == "--bench");
    let only: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    println!("{:<12} {:>9} {:>14} {:>14} {:>7}", "increments", "pending", "ladder M ev/s", "std M ev/s", "ratio");
    for mixed in [false, true] {
        for population in POPULATIONS {
            if !only.is_empty() && !only.contains(&population) {
                continue;
            }
            if bench {
                compare(mixed, population, 500_000, ROUNDS);
            } else if population <= 10_000 {
                compare(mixed, population, 1_000, 1);
            }
        }
    }
}
