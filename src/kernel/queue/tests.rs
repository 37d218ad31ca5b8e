use proptest::prelude::*;

use super::*;

/// The plainest queue there is: a list, sorted by (time, order of scheduling) at each look.
#[derive(Default)]
struct SortedList {
    waiting: Vec<(SimTime, u32)>,
}

impl SortedList {
    fn push(&mut self, time: SimTime, event: u32) {
        self.waiting.push((time, event));
        self.waiting.sort();
    }

    fn cancel(&mut self, event: u32) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|(_, waiting)| *waiting != event);
        self.waiting.len() < before
    }

    fn pop(&mut self) -> Option<(SimTime, u32)> {
        (!self.waiting.is_empty()).then(|| self.waiting.remove(0))
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// At the current time plus this.
    PushAfter(u64),
    /// At this time, wherever the clock stands.
    PushAt(u64),
    /// So many at the current time plus this and plus multiples of the other.
    Burst(u64, u64, usize),
    /// The event of this rank among all ever pushed, pending or not.
    Cancel(prop::sample::Index),
    Pop,
    Drain(usize),
    Look,
}

fn delay() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => Just(0u64),
        4 => 0u64..4,
        4 => 0u64..1_000,
        4 => 0u64..10_000_000,
        2 => (0u64..4).prop_map(|n| n * 1_000_000),
        1 => 0u64..100_000_000_000_000,
        1 => (0u32..63).prop_map(|bit| 1u64 << bit),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => delay().prop_map(Step::PushAfter),
        1 => prop_oneof![any::<u64>(), Just(0), Just(u64::MAX)].prop_map(Step::PushAt),
        1 => (delay(), 0u64..50, 1usize..200).prop_map(|(start, gap, count)| Step::Burst(start, gap, count)),
        3 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        6 => Just(Step::Pop),
        1 => (1usize..150).prop_map(Step::Drain),
        2 => Just(Step::Look),
    ]
}

/// Both queues through the same steps; the events are numbers in the order of scheduling.
#[derive(Default)]
struct Pair {
    queue: EventQueue<u32>,
    list: SortedList,
    ids: Vec<EventId>,
    now: u64,
}

impl Pair {
    fn push(&mut self, nanos: u64) {
        let (time, event) = (SimTime::from_nanos(nanos), self.ids.len() as u32);
        self.ids.push(self.queue.push(time, event));
        self.list.push(time, event);
    }

    fn pop(&mut self) -> bool {
        let popped = self.queue.pop();
        assert_eq!(popped, self.list.pop());
        if let Some((time, _)) = popped {
            self.now = time.as_nanos();
        }
        popped.is_some()
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::PushAfter(delay) => self.push(self.now.saturating_add(*delay)),
            Step::PushAt(time) => self.push(*time),
            Step::Burst(start, gap, count) => {
                for index in 0..*count as u64 {
                    self.push(self.now.saturating_add(*start).saturating_add(gap * (index * 7919 % 31)));
                }
            }
            Step::Cancel(index) if !self.ids.is_empty() => {
                let event = index.index(self.ids.len());
                assert_eq!(self.queue.cancel(self.ids[event]), self.list.cancel(event as u32));
            }
            Step::Cancel(_) => {}
            Step::Pop => {
                self.pop();
            }
            Step::Drain(count) => {
                for _ in 0..*count {
                    self.pop();
                }
            }
            Step::Look => assert_eq!(self.queue.next_time(), self.list.waiting.first().map(|(time, _)| *time)),
        }
        assert_eq!(self.queue.len(), self.list.waiting.len());
        assert_eq!(self.queue.is_empty(), self.list.waiting.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn equals_a_sorted_list_for_any_interleaving_of_pushes_cancellations_and_pops(
        steps in prop::collection::vec(step(), 0..120)
    ) {
        let mut pair = Pair::default();
        for step in &steps {
            pair.step(step);
        }
        while pair.pop() {}
    }
}

#[test]
fn equal_times_leave_in_the_order_of_scheduling() {
    let mut queue = EventQueue::default();
    let time = SimTime::from_secs(3);
    for event in 0..5_000 {
        queue.push(time, event);
    }
    for event in 0..5_000 {
        // One that comes at the current time, while others of that time still wait, goes behind them.
        queue.push(time, 5_000 + event);
        assert_eq!(queue.pop(), Some((time, event)));
    }
    for event in 5_000..10_000 {
        assert_eq!(queue.pop(), Some((time, event)));
    }
    assert_eq!(queue.pop(), None);
}

#[test]
fn many_events_earlier_than_a_time_already_looked_up_stay_in_order() {
    let mut queue = EventQueue::default();
    let far = SimTime::from_nanos(0x0102_0304_0506);
    for event in 0..1_000 {
        queue.push(far + crate::kernel::time::SimDuration::from_nanos(event % 300), event);
    }
    assert_eq!(queue.next_time(), Some(far));
    for event in 1_000..3_000 {
        queue.push(SimTime::from_nanos(event * 7919 % 100_000), event);
    }
    let mut last = SimTime::ZERO;
    for _ in 0..3_000 {
        let (time, _) = queue.pop().expect("3,000 events were pushed");
        assert!(time >= last);
        last = time;
    }
    assert!(queue.is_empty());
}

#[test]
fn an_id_means_one_event_only_though_its_place_is_used_again() {
    let mut queue = EventQueue::default();
    let first = queue.push(SimTime::from_nanos(1), 'a');
    assert!(queue.cancel(first));
    assert!(!queue.cancel(first));
    assert_eq!(queue.pop(), None);
    let second = queue.push(SimTime::from_nanos(2), 'b');
    assert!(!queue.cancel(first));
    assert_eq!(queue.pop(), Some((SimTime::from_nanos(2), 'b')));
    assert!(!queue.cancel(second));
}

#[test]
fn a_steady_population_needs_no_more_memory() {
    let mut queue = EventQueue::default();
    let mut state = 1u64;
    let mut hold = |queue: &mut EventQueue<u32>, times: usize| {
        for _ in 0..times {
            let (time, event) = queue.pop().expect("the population is constant");
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            queue.push(SimTime::from_nanos(time.as_nanos() + (state >> 44)), event);
        }
    };
    for event in 0..2_000 {
        queue.push(SimTime::from_nanos(u64::from(event) * 500), event);
    }
    hold(&mut queue, 200_000);
    let before = (queue.slab.capacity(), queue.free.capacity(), queue.keys.capacity());
    hold(&mut queue, 200_000);
    assert_eq!((queue.slab.capacity(), queue.free.capacity(), queue.keys.capacity()), before);
}
