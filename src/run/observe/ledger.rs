//! The delivery ledger of one queue for one group: which offsets were given to a listener, which listener calls returned, and
//! why an offset was given twice.

mod cuts;

use std::collections::BTreeSet;

use super::intervals::Intervals;
use crate::node::fact::DuplicateCause;
use crate::node::outbox::Fate;

/// How the latest owner of a queue came to it.
#[derive(Clone, Copy, Debug)]
struct Handover {
    /// Everything before was delivered before the latest owner took the queue.
    delivered_before: u64,
    /// The former owner died.
    after_death: bool,
}

/// The ledger of a queue for a group.
#[derive(Clone, Debug)]
pub struct QueueLedger {
    /// Offset from which the group consumes: earlier messages are skipped by where it started.
    base: Option<u64>,
    delivered: Intervals,
    /// Offsets jumped over: a member took the queue while no offset was stored and began, by its `consumeFromWhere`, behind
    /// messages that nobody had consumed. Nobody reads them any more, unless a former owner still has them.
    passed: Intervals,
    /// Delivered or jumped over.
    settled: Intervals,
    /// Of those jumped over, those that a filter took out and nobody of the group wants.
    filtered: Intervals,
    /// Of them, those that a filter took out although a member wants them.
    lost: Intervals,
    /// Of them, those that an offset pointed past although nobody was given them.
    over: Intervals,
    /// Sum of their append times, ns.
    passed_appends: u128,
    /// Delivered, but the group is not done with it.
    unfinished: BTreeSet<u64>,
    /// Listener calls with these failed last: the next call is the next attempt, not a duplicate.
    failed: BTreeSet<u64>,
    finished: u64,
    handover: Handover,
    last_owner_died: bool,
    /// Offsets that a stale commit opened again: [to, from).
    regressed: Option<(u64, u64)>,
    /// Offsets that a reset opened again.
    reset: Option<(u64, u64)>,
    /// A reset has opened offsets that had been jumped over, or that lay before the start.
    reopened: bool,
    /// Offsets that a member without its offset file came to again.
    started_over: Option<(u64, u64)>,
}

impl Default for QueueLedger {
    fn default() -> Self {
        Self {
            base: None,
            delivered: Intervals::default(),
            passed: Intervals::default(),
            settled: Intervals::default(),
            filtered: Intervals::default(),
            lost: Intervals::default(),
            over: Intervals::default(),
            passed_appends: 0,
            unfinished: BTreeSet::new(),
            failed: BTreeSet::new(),
            finished: 0,
            handover: Handover { delivered_before: 0, after_death: false },
            last_owner_died: false,
            regressed: None,
            reset: None,
            reopened: false,
            started_over: None,
        }
    }
}

impl QueueLedger {
    /// Somebody took the queue and pulls from `from`; other members' listener calls have begun with messages before `begun`.
    /// Returns whether that sets where the group starts.
    pub fn on_assigned(&mut self, from: u64, begun: u64) -> bool {
        let starts = self.base.is_none_or(|base| from < base);
        if starts {
            self.base = Some(from);
        }
        self.handover =
            Handover { delivered_before: self.delivered.end().max(begun), after_death: self.last_owner_died };
        self.last_owner_died = false;
        starts
    }

    /// Somebody took the queue without a stored offset and pulls from `from`: what nobody is done with is jumped over.
    /// `appended_at`: append time of an offset, ns.
    pub fn on_jump(&mut self, from: u64, appended_at: impl Fn(u64) -> u128) {
        for offset in self.base.unwrap_or(from)..from {
            if !self.is_consumed(offset) && self.passed.insert(offset) {
                self.settled.insert(offset);
                self.passed_appends += appended_at(offset);
            }
        }
    }

    /// A pull went past a message because of a filter. Returns whether it is news.
    pub fn on_filtered(&mut self, offset: u64, appended_at: u128, wanted: bool) -> bool {
        // One that was delivered and not finished, by a member that failed with it or is gone, is passed over as well.
        if self.is_consumed(offset) || !self.passed.insert(offset) {
            return false;
        }
        self.settled.insert(offset);
        self.passed_appends += appended_at;
        if wanted { self.lost.insert(offset) } else { self.filtered.insert(offset) }
    }

    /// Messages that a filter took out: (nobody wants them, somebody does).
    #[must_use]
    pub fn filtered(&self) -> (u64, u64) {
        (self.filtered.len(), self.lost.len())
    }

    /// The offset was set from where it was to `to` on purpose. Backwards, what lies between may be read again, also what was
    /// jumped over; whether that makes the group start earlier is returned.
    pub fn on_reset(&mut self, to: u64, appended_at: impl Fn(u64) -> u128) -> bool {
        let end = self.delivered.end();
        if to < end {
            let (low, high) = self.reset.unwrap_or((to, end));
            self.reset = Some((low.min(to), high.max(end)));
        }
        let opened = self.passed.cut(to);
        self.reopened |= !opened.is_empty();
        self.passed_appends -= opened.iter().flat_map(|(start, end)| *start..*end).map(appended_at).sum::<u128>();
        self.filtered.cut(to);
        self.lost.cut(to);
        self.over.cut(to);
        self.settled.cut(to);
        for (start, end) in self.delivered.ranges_from(to) {
            (start..end).for_each(|offset| {
                self.settled.insert(offset);
            });
        }
        let earlier = self.base.is_some_and(|base| to < base);
        self.reopened |= earlier;
        if earlier {
            self.base = Some(to);
        }
        earlier
    }

    /// Whether a reset has opened offsets of this queue again.
    #[must_use]
    pub const fn was_reset(&self) -> bool {
        self.reopened
    }

    /// Pulling begins at `from` although the queue was taken with another offset; whether that makes the group start earlier.
    pub fn on_moved(&mut self, from: u64) -> bool {
        let earlier = self.base.is_none_or(|base| from < base);
        if earlier {
            self.base = Some(from);
        }
        earlier
    }

    /// A member begins at `from` because it has lost its offsets.
    pub fn on_started_over(&mut self, from: u64) {
        let end = self.delivered.end();
        if from < end {
            self.started_over = Some((from, end));
        }
    }

    /// Whether an offset was given to a listener.
    #[must_use]
    pub fn was_delivered(&self, offset: u64) -> bool {
        self.delivered.contains(offset)
    }

    /// A message that was jumped over was given to a listener after all, or is to be read again.
    fn take_back(&mut self, offset: u64, appended_at: u128) {
        if self.passed.remove(offset) {
            self.passed_appends -= appended_at;
            if !self.delivered.contains(offset) {
                self.settled.remove(offset);
            }
            self.filtered.remove(offset);
            self.lost.remove(offset);
            self.over.remove(offset);
        }
    }

    /// Sum of the append times of the messages jumped over, ns.
    #[must_use]
    pub const fn passed_appends(&self) -> u128 {
        self.passed_appends
    }

    /// Whether nobody will read an offset: it was jumped over.
    #[must_use]
    pub fn is_passed(&self, offset: u64) -> bool {
        self.passed.contains(offset)
    }

    /// The queue's owner died.
    pub fn on_owner_died(&mut self) {
        self.last_owner_died = true;
    }

    /// The stored offset moved backwards.
    pub fn on_regress(&mut self, from: u64, to: u64) {
        let (low, high) = self.regressed.unwrap_or((to, from));
        self.regressed = Some((low.min(to), high.max(from)));
    }

    /// A listener call with a message appended at `appended_at` ns is over, or the message left its consumer without one.
    /// Returns whether the group is done with the message now and was not before, and, when the message had been delivered
    /// before and that call had not failed, why it came again.
    #[inline]
    pub fn on_delivery(&mut self, offset: u64, appended_at: u128, fate: Fate) -> (bool, Option<DuplicateCause>) {
        let done = !matches!(fate, Fate::CutOff | Fate::Failed);
        let new = self.delivered.insert(offset);
        if new {
            self.settled.insert(offset);
        }
        if done && !self.passed.is_empty() {
            self.take_back(offset, appended_at);
        }
        let first = if new {
            if done {
                self.finished += 1;
            } else {
                self.unfinished.insert(offset);
            }
            done
        } else if done && !self.unfinished.is_empty() && self.unfinished.remove(&offset) {
            self.finished += 1;
            true
        } else {
            false
        };
        let again = !new && fate != Fate::SentBack && !(self.failed.remove(&offset));
        // Sent back in the middle of its call, the end of that call is no second delivery.
        if fate == Fate::Failed || (fate == Fate::SentBack && new) {
            self.failed.insert(offset);
        }
        (first, again.then(|| self.cause(offset)))
    }

    fn cause(&self, offset: u64) -> DuplicateCause {
        let within = |range: Option<(u64, u64)>| range.is_some_and(|(low, high)| (low..high).contains(&offset));
        if within(self.reset) {
            DuplicateCause::OffsetReset
        } else if within(self.started_over) {
            DuplicateCause::StartedOver
        } else if within(self.regressed) {
            DuplicateCause::OffsetWentBack
        } else if offset >= self.handover.delivered_before {
            DuplicateCause::DoubleOwner
        } else if self.handover.after_death {
            DuplicateCause::NotPersistedAtDeath
        } else {
            DuplicateCause::InFlightAtRevoke
        }
    }

    /// Distinct messages the group is done with: consumed, given back to a broker, or dropped after a failure.
    #[must_use]
    pub const fn consumed(&self) -> u64 {
        self.finished
    }

    /// Messages before the offset from which the group started, and those jumped over later.
    #[must_use]
    pub fn skipped(&self, appended: u64) -> u64 {
        self.before_start(appended) + self.passed.len()
    }

    /// Messages before the offset from which the group started.
    #[must_use]
    pub fn before_start(&self, appended: u64) -> u64 {
        self.base.unwrap_or(0).min(appended)
    }

    /// Skipped messages before an offset.
    #[must_use]
    pub fn skipped_before(&self, offset: u64) -> u64 {
        self.before_start(offset) + self.passed.len_before(offset)
    }

    /// Sets where the group starts before anybody owns the queue.
    pub const fn preset_base(&mut self, base: u64) {
        self.base = Some(base);
    }

    /// Stored and not consumed.
    #[must_use]
    pub fn lag(&self, appended: u64) -> u64 {
        appended.saturating_sub(self.skipped(appended) + self.finished)
    }

    /// Whether the number of messages the group is done with is that of the offsets.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.finished + self.unfinished.len() as u64 == self.delivered.len()
    }

    /// The lowest offset that is not consumed.
    #[must_use]
    pub fn first_unconsumed(&self) -> u64 {
        let missing = self.settled.first_missing(self.base.unwrap_or(0));
        let unfinished = self.unfinished.iter().find(|offset| !self.passed.contains(**offset));
        unfinished.map_or(missing, |offset| missing.min(*offset))
    }

    /// Distinct messages consumed before an offset.
    #[must_use]
    pub fn consumed_before(&self, offset: u64) -> u64 {
        self.delivered.len_before(offset) - self.unfinished.range(..offset).count() as u64
    }

    /// Whether a listener call with this offset has returned.
    #[must_use]
    pub fn is_consumed(&self, offset: u64) -> bool {
        self.delivered.contains(offset) && !self.unfinished.contains(&offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cut_off_and_delivered_again_is_a_duplicate_consumed_once() {
        let mut ledger = QueueLedger::default();
        ledger.on_assigned(0, 0);
        assert_eq!(ledger.on_delivery(0, 0, Fate::Acknowledged), (true, None));
        assert_eq!(ledger.on_delivery(1, 0, Fate::CutOff), (false, None));
        assert_eq!((ledger.consumed(), ledger.first_unconsumed(), ledger.lag(3)), (1, 1, 2));
        ledger.on_owner_died();
        ledger.on_assigned(1, 2);
        assert_eq!(ledger.on_delivery(1, 0, Fate::Acknowledged), (true, Some(DuplicateCause::NotPersistedAtDeath)));
        assert_eq!((ledger.consumed(), ledger.lag(3)), (2, 1));
    }

    #[test]
    fn a_message_delivered_by_two_owners_at_a_time_is_their_doing() {
        let mut ledger = QueueLedger::default();
        ledger.on_assigned(0, 0);
        ledger.on_assigned(0, 0);
        ledger.on_delivery(0, 0, Fate::Acknowledged);
        assert_eq!(ledger.on_delivery(0, 0, Fate::Acknowledged), (false, Some(DuplicateCause::DoubleOwner)));
    }

    #[test]
    fn a_message_cut_off_with_one_member_and_filtered_for_the_next_is_lost() {
        let mut ledger = QueueLedger::default();
        ledger.on_assigned(0, 0);
        ledger.on_delivery(0, 10, Fate::CutOff);
        assert!(ledger.on_filtered(0, 10, true));
        assert_eq!((ledger.filtered(), ledger.lag(1), ledger.skipped_before(1)), ((0, 1), 0, 1));
        ledger.on_delivery(0, 10, Fate::Acknowledged);
        assert_eq!((ledger.filtered(), ledger.lag(1), ledger.consumed()), ((0, 0), 0, 1));
    }

    #[test]
    fn a_reset_opens_filtered_messages_again() {
        let mut ledger = QueueLedger::default();
        ledger.on_assigned(0, 0);
        assert!(
            ledger.on_filtered(0, 10, false) && ledger.on_filtered(1, 20, false) && ledger.on_filtered(2, 30, true)
        );
        ledger.on_reset(1, |offset| u128::from(offset + 1) * 10);
        assert_eq!((ledger.filtered(), ledger.skipped(3), ledger.passed_appends()), ((1, 0), 1, 10));
        assert!(ledger.on_filtered(1, 20, false));
        assert_eq!((ledger.filtered(), ledger.skipped(3)), ((2, 0), 2));
    }

    #[test]
    fn messages_jumped_over_are_skipped_until_a_former_owner_finishes_them() {
        let mut ledger = QueueLedger::default();
        ledger.on_assigned(2, 2);
        ledger.on_delivery(3, 30, Fate::Acknowledged);
        ledger.on_assigned(6, 4);
        ledger.on_jump(6, |offset| u128::from(offset) * 10);
        assert_eq!((ledger.skipped(10), ledger.lag(10), ledger.passed_appends()), (5, 4, 20 + 40 + 50));
        assert_eq!((ledger.first_unconsumed(), ledger.skipped_before(5)), (6, 4));
        assert_eq!(ledger.on_delivery(4, 40, Fate::Acknowledged), (true, None));
        assert_eq!((ledger.skipped(10), ledger.lag(10), ledger.passed_appends()), (4, 4, 20 + 50));
        assert!(ledger.is_passed(5) && !ledger.is_passed(4));
    }
}
