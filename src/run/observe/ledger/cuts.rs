//! The ledger of a queue whose log was cut off, and messages that an offset pointed past.

use super::QueueLedger;

impl QueueLedger {
    /// The log of the queue ends at `from` now: what was known of later offsets is forgotten, they will be given anew. The sums
    /// of append times keep what is gone: Little's law is not asked for where a log was cut.
    pub fn truncate(&mut self, from: u64) {
        if let Some(base) = &mut self.base {
            *base = (*base).min(from);
        }
        let unfinished = self.unfinished.split_off(&from).len() as u64;
        let delivered: u64 = self.delivered.cut(from).iter().map(|(start, end)| end - start).sum();
        self.finished -= delivered - unfinished;
        self.failed.split_off(&from);
        for set in [&mut self.passed, &mut self.settled, &mut self.filtered, &mut self.lost, &mut self.over] {
            set.cut(from);
        }
        self.handover.delivered_before = self.handover.delivered_before.min(from);
        for opened in [&mut self.regressed, &mut self.reset, &mut self.started_over] {
            *opened = opened.map(|(low, high)| (low, high.min(from))).filter(|(low, high)| low < high);
        }
    }

    /// An offset pointed past a message that nobody was given. Returns whether it is news.
    pub fn on_passed_over(&mut self, offset: u64, appended_at: u128) -> bool {
        if self.is_consumed(offset) || !self.passed.insert(offset) {
            return false;
        }
        self.settled.insert(offset);
        self.passed_appends += appended_at;
        self.over.insert(offset)
    }

    /// The stored offset went back to `to`: what it had pointed past may be read after all.
    pub fn reopen(&mut self, to: u64, appended_at: impl Fn(u64) -> u128) {
        let over: Vec<u64> = self.over.ranges_from(to).flat_map(|(start, end)| start..end).collect();
        for offset in over {
            self.take_back(offset, appended_at(offset));
        }
    }

    /// Messages that an offset pointed past.
    #[must_use]
    pub fn passed_over(&self) -> u64 {
        self.over.len()
    }

    /// Counts a message once too often, for tests of the tests.
    pub fn miscount(&mut self) {
        self.finished += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::fact::DuplicateCause;
    use crate::node::outbox::Fate;

    #[test]
    fn offsets_that_are_given_anew_after_a_cut_are_new_messages() {
        let mut ledger = QueueLedger::default();
        ledger.on_assigned(0, 0);
        for offset in 0..10 {
            ledger.on_delivery(offset, 0, Fate::Acknowledged);
        }
        ledger.on_delivery(10, 0, Fate::CutOff);
        ledger.truncate(7);
        assert_eq!((ledger.consumed(), ledger.lag(7), ledger.first_unconsumed()), (7, 0, 7));
        assert!(ledger.is_sound() && !ledger.was_delivered(8));
        assert_eq!(ledger.on_delivery(8, 0, Fate::Acknowledged), (true, None));
        assert_eq!((ledger.consumed(), ledger.lag(9)), (8, 1));
        assert_eq!(ledger.on_delivery(8, 0, Fate::Acknowledged).1, Some(DuplicateCause::DoubleOwner));
    }

    #[test]
    fn a_cut_before_the_start_makes_the_group_start_there() {
        let mut ledger = QueueLedger::default();
        ledger.on_assigned(20, 0);
        ledger.truncate(15);
        assert_eq!((ledger.skipped(18), ledger.lag(18)), (15, 3));
    }

    #[test]
    fn a_message_passed_over_counts_until_it_is_delivered_or_may_be_read_again() {
        let mut ledger = QueueLedger::default();
        ledger.on_assigned(0, 0);
        ledger.on_delivery(0, 0, Fate::Acknowledged);
        assert!(!ledger.on_passed_over(0, 5) && ledger.on_passed_over(1, 5) && ledger.on_passed_over(2, 5));
        assert_eq!((ledger.passed_over(), ledger.lag(3), ledger.filtered()), (2, 0, (0, 0)));
        ledger.on_delivery(1, 5, Fate::Acknowledged);
        assert_eq!((ledger.passed_over(), ledger.consumed(), ledger.lag(3)), (1, 2, 0));
        ledger.reopen(0, |_| 5);
        assert_eq!((ledger.passed_over(), ledger.lag(3), ledger.passed_appends()), (0, 1, 0));
    }

    #[test]
    fn a_miscount_is_unsound() {
        let mut ledger = QueueLedger::default();
        ledger.on_delivery(0, 0, Fate::Acknowledged);
        assert!(ledger.is_sound());
        ledger.miscount();
        assert!(!ledger.is_sound());
    }
}
