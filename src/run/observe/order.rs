//! Whether messages of one key are handled in the order they were stored in.
//!
//! Order is broken when two messages of a key are in listeners at the same time, or when a message is first given to one
//! after a newer message of its key was. A sequence that is merely repeated from an older message on (a redelivery) does
//! not break it: each pass is in order, and its repeats are duplicates.

use std::collections::BTreeMap;

use crate::kernel::time::SimTime;
use crate::node::outbox::{Delivery, Fate};
use crate::store::message::NO_KEY;

/// Listener calls of one key that are kept to compare with.
const KEPT: usize = 4;

/// A listener call with a message.
#[derive(Clone, Copy, Debug)]
struct Call {
    offset: u64,
    start: SimTime,
    end: SimTime,
}

#[derive(Clone, Debug, Default)]
struct KeyTrack {
    /// The latest calls.
    calls: Vec<Call>,
    /// One past the greatest offset given to a listener.
    after_greatest: u64,
}

/// The order of one queue for one group.
#[derive(Clone, Debug, Default)]
pub struct OrderTrack {
    keys: BTreeMap<u32, KeyTrack>,
}

impl OrderTrack {
    /// A listener call is over; `new`: the message had not been given to a listener before. When that breaks the order, the
    /// two messages: the one stored earlier, and the later one.
    pub fn on_delivery(&mut self, now: SimTime, delivery: &Delivery, new: bool) -> Option<(u64, u64)> {
        if delivery.key == NO_KEY || delivery.fate == Fate::SentBack {
            return None;
        }
        let call = Call { offset: delivery.offset, start: delivery.start, end: delivery.end.min(now) };
        let key = self.keys.entry(delivery.key).or_default();
        let same_call = |other: &Call| other.start == call.start && other.end == call.end;
        let overlap = |other: &&Call| {
            other.offset != call.offset && other.start < call.end && call.start < other.end && !same_call(other)
        };
        let overlapped = key.calls.iter().find(overlap).map(|other| other.offset);
        let overtaken = (new && call.offset + 1 < key.after_greatest).then(|| key.after_greatest - 1);
        key.after_greatest = key.after_greatest.max(call.offset + 1);
        if key.calls.len() == KEPT {
            key.calls.remove(0);
        }
        key.calls.push(call);
        let other = overlapped.or(overtaken)?;
        Some((call.offset.min(other), call.offset.max(other)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ids::QueueIx;

    fn call(track: &mut OrderTrack, offset: u64, key: u32, times: (u64, u64), new: bool) -> Option<(u64, u64)> {
        let at = SimTime::from_secs;
        let delivery = Delivery {
            queue: QueueIx(0),
            offset,
            born: at(0),
            stored: at(0),
            pulled: at(0),
            start: at(times.0),
            end: at(times.1),
            key,
            class: 0,
            fate: Fate::Acknowledged,
        };
        track.on_delivery(at(times.1), &delivery, new)
    }

    #[test]
    fn one_after_another_is_in_order_whatever_the_other_keys_do() {
        let mut track = OrderTrack::default();
        assert_eq!(call(&mut track, 0, 1, (0, 5), true), None);
        assert_eq!(call(&mut track, 1, 2, (1, 2), true), None);
        assert_eq!(call(&mut track, 2, 1, (5, 6), true), None);
        assert_eq!(call(&mut track, 3, NO_KEY, (0, 9), true), None);
    }

    #[test]
    fn a_call_during_that_of_an_earlier_message_breaks_the_order() {
        let mut track = OrderTrack::default();
        assert_eq!(call(&mut track, 5, 1, (2, 3), true), None);
        assert_eq!(call(&mut track, 4, 1, (1, 9), true), Some((4, 5)));
    }

    #[test]
    fn a_message_first_seen_after_a_newer_one_breaks_the_order() {
        let mut track = OrderTrack::default();
        call(&mut track, 7, 1, (2, 3), true);
        assert_eq!(call(&mut track, 4, 1, (3, 4), true), Some((4, 7)));
    }

    #[test]
    fn a_batch_and_a_repeated_sequence_are_in_order() {
        let mut track = OrderTrack::default();
        for (offset, times, new) in
            [(0, (0, 1), true), (1, (0, 1), true), (0, (5, 6), false), (1, (6, 7), false), (2, (7, 8), true)]
        {
            assert_eq!(call(&mut track, offset, 1, times, new), None, "{offset} at {times:?}");
        }
    }
}
