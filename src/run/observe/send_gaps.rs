//! When sends of a topic stood still: no call succeeded although at least one was called for.

use crate::kernel::time::SimTime;
use crate::run::outcome::{GAP, SendGap};
use crate::store::ids::{BrokerIx, TopicIx};

/// Sends of a topic to one broker name.
#[derive(Debug)]
struct NameSends {
    name: BrokerIx,
    /// Some send there has succeeded.
    ever: bool,
    last_ok: SimTime,
    /// Calls of the topic that were over at that time, and those of them that had failed.
    calls: u64,
    failed: u64,
}

/// Sends of a topic.
#[derive(Debug, Default)]
struct TopicSends {
    last_ok: SimTime,
    /// The earliest call among those that ended since.
    demand: Option<SimTime>,
    failed_since: u64,
    calls: u64,
    failed: u64,
    /// Queues to send to: a gap of one name is told when each of them should have had its turn.
    queues: u64,
    names: Vec<NameSends>,
    /// Since the last sample.
    ok_window: u64,
    failed_window: u64,
}

/// All topics.
#[derive(Debug, Default)]
pub struct SendTrack {
    topics: Vec<TopicSends>,
    gaps: Vec<SendGap>,
}

impl SendTrack {
    /// Topics and the broker names of their queues.
    #[must_use]
    pub fn new(topics: usize, queues: impl Iterator<Item = (TopicIx, BrokerIx)>) -> Self {
        let mut track = Self { topics: (0..topics).map(|_| TopicSends::default()).collect(), gaps: Vec::new() };
        for (topic, name) in queues {
            let sends = &mut track.topics[topic.at()];
            sends.queues += 1;
            if !sends.names.iter().any(|known| known.name == name) {
                sends.names.push(NameSends { name, ever: false, last_ok: SimTime::ZERO, calls: 0, failed: 0 });
            }
        }
        track
    }

    /// A call of a topic that began at `born` is over: stored on a broker name, or failed.
    pub fn on_call(&mut self, now: SimTime, topic: TopicIx, born: SimTime, stored_on: Option<BrokerIx>) {
        let sends = &mut self.topics[topic.at()];
        if sends.calls == 0 {
            sends.names.iter_mut().for_each(|name| name.last_ok = born);
        }
        sends.calls += 1;
        let demand = sends.demand.map_or(born, |demand| demand.min(born));
        let Some(name) = stored_on else {
            sends.demand = Some(demand);
            sends.failed_since += 1;
            sends.failed += 1;
            sends.failed_window += 1;
            return;
        };
        sends.ok_window += 1;
        let from = demand.max(sends.last_ok);
        let failed = std::mem::take(&mut sends.failed_since);
        if now.since(from) >= GAP {
            self.gaps.push(SendGap { topic, name: None, from, to: now, failed });
        }
        (sends.last_ok, sends.demand) = (now, None);
        let (calls, failed, enough) = (sends.calls, sends.failed, 2 * sends.queues);
        let several = sends.names.len() > 1;
        if let Some(of_name) = sends.names.iter_mut().find(|known| known.name == name) {
            if several && now.since(of_name.last_ok) >= GAP && calls - of_name.calls > enough {
                let failed = failed - of_name.failed;
                self.gaps.push(SendGap { topic, name: Some(name), from: of_name.last_ok, to: now, failed });
            }
            *of_name = NameSends { name, ever: true, last_ok: now, calls, failed };
        }
    }

    /// A one-way call of a topic got onto an open connection: all that its sender can know.
    pub fn on_oneway(&mut self, now: SimTime, topic: TopicIx, born: SimTime) {
        let sends = &mut self.topics[topic.at()];
        sends.calls += 1;
        let from = sends.demand.map_or(born, |demand| demand.min(born)).max(sends.last_ok);
        let failed = std::mem::take(&mut sends.failed_since);
        if now.since(from) >= GAP {
            self.gaps.push(SendGap { topic, name: None, from, to: now, failed });
        }
        (sends.last_ok, sends.demand) = (now, None);
    }

    /// Calls that succeeded and that failed since the last time, per topic.
    pub fn take_window(&mut self, topic: TopicIx) -> (u64, u64) {
        let sends = &mut self.topics[topic.at()];
        (std::mem::take(&mut sends.ok_window), std::mem::take(&mut sends.failed_window))
    }

    /// The gaps up to `end`, in the order of their beginning. One that lasts to the end is told when calls failed in it.
    #[must_use]
    pub fn finish(mut self, end: SimTime) -> Vec<SendGap> {
        for (index, sends) in self.topics.iter().enumerate() {
            let topic = TopicIx::new(index);
            if let Some(demand) = sends.demand {
                let from = demand.max(sends.last_ok);
                if end.since(from) >= GAP {
                    self.gaps.push(SendGap { topic, name: None, from, to: end, failed: sends.failed_since });
                }
            }
            let several = sends.names.len() > 1;
            for name in sends.names.iter().filter(|name| several && name.ever) {
                if end.since(name.last_ok) >= GAP && sends.calls - name.calls > 2 * sends.queues {
                    let failed = sends.failed - name.failed;
                    self.gaps.push(SendGap { topic, name: Some(name.name), from: name.last_ok, to: end, failed });
                }
            }
        }
        self.gaps.sort_by_key(|gap| (gap.from, gap.topic, gap.name));
        self.gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: TopicIx = TopicIx(0);
    const A: BrokerIx = BrokerIx(0);
    const B: BrokerIx = BrokerIx(1);

    fn ms(millis: u64) -> SimTime {
        SimTime::from_millis(millis)
    }

    fn track(names: &[BrokerIx]) -> SendTrack {
        SendTrack::new(1, names.iter().map(|name| (T, *name)))
    }

    #[test]
    fn a_gap_lasts_from_the_last_success_to_the_next_and_counts_its_failures() {
        let mut sends = track(&[A]);
        sends.on_call(ms(1000), T, ms(990), Some(A));
        sends.on_call(ms(4000), T, ms(1000), None);
        sends.on_call(ms(5000), T, ms(2000), None);
        sends.on_call(ms(6000), T, ms(5990), Some(A));
        let gap = SendGap { topic: T, name: None, from: ms(1000), to: ms(6000), failed: 2 };
        assert_eq!(sends.finish(ms(6100)), [gap]);
    }

    #[test]
    fn nothing_called_for_is_no_gap() {
        let mut sends = track(&[A]);
        for second in [1, 9, 30] {
            sends.on_call(ms(second * 1000 + 5), T, ms(second * 1000), Some(A));
        }
        assert_eq!(sends.finish(ms(90_000)), []);
    }

    #[test]
    fn a_gap_that_begins_with_a_late_call_begins_there() {
        let mut sends = track(&[A]);
        sends.on_call(ms(10), T, ms(0), Some(A));
        sends.on_call(ms(23_000), T, ms(20_000), Some(A));
        assert_eq!(sends.finish(ms(23_000))[0].from, ms(20_000));
    }

    #[test]
    fn failures_to_the_end_are_a_gap_to_the_end() {
        let mut sends = track(&[A]);
        sends.on_call(ms(10), T, ms(0), Some(A));
        sends.on_call(ms(3010), T, ms(10), None);
        assert_eq!(sends.take_window(T), (1, 1));
        assert_eq!(sends.finish(ms(9000)), [SendGap { topic: T, name: None, from: ms(10), to: ms(9000), failed: 1 }]);
    }

    #[test]
    fn one_name_can_stand_still_while_others_take_all_calls() {
        let mut sends = track(&[A, B]);
        for step in 0..100 {
            let at = ms(step * 100);
            let name = if step % 2 == 0 || (20..60).contains(&step) { A } else { B };
            sends.on_call(at, T, at, Some(name));
        }
        let gap = SendGap { topic: T, name: Some(B), from: ms(1900), to: ms(6100), failed: 0 };
        assert_eq!(sends.finish(ms(10_000)), [gap]);
    }

    #[test]
    fn a_name_whose_turn_comes_seldom_does_not_stand_still() {
        let mut sends = track(&[A, B]);
        for step in 0..10 {
            let at = ms(step * 1000);
            sends.on_call(at, T, at, Some(if step % 2 == 0 { A } else { B }));
        }
        assert_eq!(sends.finish(ms(10_000)), []);
    }
}
