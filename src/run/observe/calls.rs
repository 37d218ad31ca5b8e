//! What became of `send()` calls in the stores: which records each call in trouble has left behind.
//!
//! A call that is acknowledged at its first attempt has one record and is forgotten at once. Only calls that failed or were
//! tried again can have a record that their caller does not know of, or several: those are kept.

use std::collections::{BTreeMap, VecDeque};

use crate::kernel::time::SimTime;
use crate::store::ids::{ProducerIx, QueueIx};

/// A record that an attempt of a call has left in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Queue.
    pub queue: QueueIx,
    /// Offset.
    pub offset: u64,
    /// `storeTimestamp`: tells it from another record that was given the same offset.
    pub stored_at: SimTime,
}

/// A call that is not over, or that is over without trouble.
#[derive(Clone, Copy, Debug, Default)]
struct Call {
    record: Option<CallRecord>,
    over: bool,
}

/// A call that failed, or was tried again.
#[derive(Clone, Debug, Default)]
struct Troubled {
    records: Vec<CallRecord>,
    failed: bool,
}

#[derive(Clone, Debug, Default)]
struct Window {
    /// Number of the first call in `calls`.
    base: u64,
    calls: VecDeque<Call>,
    troubled: BTreeMap<u64, Troubled>,
}

/// The calls of all producers.
#[derive(Debug, Default)]
pub struct CallTrack {
    producers: Vec<Window>,
}

impl CallTrack {
    /// So many producers.
    #[must_use]
    pub fn new(producers: usize) -> Self {
        Self { producers: vec![Window::default(); producers] }
    }

    /// An attempt of a call was stored.
    pub fn on_stored(&mut self, producer: ProducerIx, call: u64, record: CallRecord) {
        let window = &mut self.producers[producer.at()];
        if let Some(troubled) = window.troubled.get_mut(&call) {
            troubled.records.push(record);
            return;
        }
        let Some(known) = window.call(call).filter(|known| !known.over) else { return };
        match known.record {
            None => known.record = Some(record),
            Some(first) => {
                known.record = None;
                window.troubled.insert(call, Troubled { records: vec![first, record], failed: false });
            }
        }
    }

    /// A call is over after so many attempts beyond the first. Returns where the record at this offset lies, if it is one of
    /// the call's.
    pub fn on_end(&mut self, producer: ProducerIx, call: u64, retries: u32, offset: Option<u64>) -> Option<CallRecord> {
        let window = &mut self.producers[producer.at()];
        let known = window.call(call)?;
        known.over = true;
        let record = known.record.take();
        let failed = offset.is_none();
        if failed || retries > 0 || window.troubled.contains_key(&call) {
            let troubled = window.troubled.entry(call).or_default();
            troubled.records.extend(record);
            troubled.failed = failed;
        }
        let others = window.troubled.get(&call).into_iter().flat_map(|troubled| troubled.records.iter().rev());
        let mut records = record.iter().chain(others);
        let found = offset.and_then(|offset| records.find(|record| record.offset == offset).copied());
        while window.calls.front().is_some_and(|call| call.over) {
            window.calls.pop_front();
            window.base += 1;
        }
        found
    }

    /// Calls that failed although a record of them is `present`, and messages of which several records are.
    pub fn counts(&self, present: impl Fn(&CallRecord) -> bool) -> (u64, u64) {
        let (mut failed_but_stored, mut stored_twice) = (0, 0);
        for troubled in self.producers.iter().flat_map(|window| window.troubled.values()) {
            let records = troubled.records.iter().filter(|record| present(record)).count();
            failed_but_stored += u64::from(troubled.failed && records > 0);
            stored_twice += u64::from(records > 1);
        }
        (failed_but_stored, stored_twice)
    }
}

impl Window {
    /// A call that has not left the window.
    fn call(&mut self, call: u64) -> Option<&mut Call> {
        let index = usize::try_from(call.checked_sub(self.base)?).ok()?;
        if index >= self.calls.len() {
            self.calls.resize(index + 1, Call::default());
        }
        self.calls.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: ProducerIx = ProducerIx(0);

    fn record(offset: u64) -> CallRecord {
        CallRecord { queue: QueueIx(0), offset, stored_at: SimTime::from_secs(offset) }
    }

    #[test]
    fn a_call_acknowledged_at_once_is_forgotten() {
        let mut track = CallTrack::new(1);
        for call in 0..100 {
            track.on_stored(P, call, record(call));
            assert_eq!(track.on_end(P, call, 0, Some(call)), Some(record(call)));
        }
        let window = &track.producers[0];
        assert_eq!((window.calls.len(), window.troubled.len(), window.base), (0, 0, 100));
        assert_eq!(track.counts(|_| true), (0, 0));
    }

    #[test]
    fn a_failed_call_is_stored_all_the_same_also_when_its_record_comes_late() {
        let mut track = CallTrack::new(1);
        track.on_stored(P, 0, record(7));
        assert_eq!(track.on_end(P, 0, 0, None), None);
        track.on_end(P, 1, 2, None);
        assert_eq!(track.counts(|_| true), (1, 0));
        track.on_stored(P, 1, record(8));
        assert_eq!(track.counts(|_| true), (2, 0));
        assert_eq!(track.counts(|record| record.offset != 7), (1, 0), "the other one was cut off");
    }

    #[test]
    fn a_call_stored_at_two_attempts_is_stored_twice_whatever_order_things_come_in() {
        let mut track = CallTrack::new(1);
        track.on_stored(P, 3, record(1));
        track.on_stored(P, 3, record(2));
        assert_eq!(track.on_end(P, 3, 1, Some(2)), Some(record(2)));
        track.on_stored(P, 4, record(5));
        assert_eq!(track.on_end(P, 4, 1, Some(5)), Some(record(5)));
        track.on_stored(P, 4, record(6));
        assert_eq!(track.counts(|_| true), (0, 2));
        assert_eq!(track.counts(|record| record.offset != 6), (0, 1));
    }

    #[test]
    fn calls_that_end_out_of_order_leave_the_window_together() {
        let mut track = CallTrack::new(1);
        track.on_stored(P, 0, record(0));
        track.on_stored(P, 1, record(1));
        assert!(track.on_end(P, 1, 0, Some(1)).is_some());
        assert_eq!(track.producers[0].calls.len(), 2);
        assert!(track.on_end(P, 0, 0, Some(0)).is_some());
        assert!(track.producers[0].calls.is_empty());
        assert_eq!(track.on_end(P, 0, 0, Some(0)), None, "it is over already");
    }
}
