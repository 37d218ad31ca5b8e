//! The ledger of one member (`DLedgerMmapFileStore`): entries, positions, the committed index, and what a crash leaves.

use crate::kernel::time::{SimDuration, SimTime};
pub use crate::protocol::dledger::{ENTRY_HEADER, Entry, Payload};

/// `MIN_BLANK_LEN`: magic and size of the blank that fills the end of a file.
const BLANK: u64 = 8;

/// Something that is written down periodically: remembers the value as it was at the start of the current period.
#[derive(Clone, Copy, Debug)]
struct Periodic {
    period: SimDuration,
    slot: u64,
    written: i64,
}

impl Periodic {
    const fn slot_of(&self, now: SimTime) -> u64 {
        now.as_nanos() / self.period.as_nanos()
    }

    /// The value is about to change from `current`.
    fn before_change(&mut self, now: SimTime, current: i64) {
        let slot = self.slot_of(now);
        if slot != self.slot {
            (self.slot, self.written) = (slot, current);
        }
    }

    /// What has been written down at `now`.
    fn written(&self, now: SimTime, current: i64) -> i64 {
        if self.slot_of(now) == self.slot { self.written } else { current }
    }
}

/// The entries of one member. Indexes start at 0; -1 stands for none.
#[derive(Clone, Debug)]
pub struct Log<E> {
    begin: i64,
    entries: Vec<Entry<E>>,
    /// Where the next entry goes unless a file ends.
    next_pos: u64,
    file_size: u64,
    committed: i64,
    flush: Periodic,
    checkpoint: Periodic,
}

impl<E: Payload> Log<E> {
    pub(super) fn new(file_size: u64, flush: SimDuration, checkpoint: SimDuration) -> Self {
        let periodic = |period: SimDuration| Periodic {
            period: period.max(SimDuration::from_nanos(1)),
            slot: u64::MAX,
            written: -1,
        };
        Self {
            begin: 0,
            entries: Vec::new(),
            next_pos: 0,
            file_size,
            committed: -1,
            flush: periodic(flush),
            checkpoint: periodic(checkpoint),
        }
    }

    /// Whether it has no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// `ledgerBeginIndex`: the first index, -1 when empty.
    #[must_use]
    pub fn begin(&self) -> i64 {
        if self.is_empty() { -1 } else { self.begin }
    }

    /// `ledgerEndIndex`: the last index, -1 when empty.
    #[must_use]
    pub fn end(&self) -> i64 {
        if self.is_empty() { -1 } else { self.begin + self.entries.len() as i64 - 1 }
    }

    /// `ledgerEndTerm`: the term of the last entry, -1 when empty.
    #[must_use]
    pub fn end_term(&self) -> i64 {
        self.entries.last().map_or(-1, |entry| entry.term)
    }

    /// `committedIndex`. It can pass the end when the log was cut below it.
    #[must_use]
    pub const fn committed(&self) -> i64 {
        self.committed
    }

    /// Bytes written: the position behind the last entry.
    #[must_use]
    pub const fn end_pos(&self) -> u64 {
        self.next_pos
    }

    /// `committedPos`: the position behind the last committed entry that is here; all that may be read lies before it.
    #[must_use]
    pub fn committed_pos(&self) -> u64 {
        self.get(self.committed.min(self.end())).map_or(0, |entry| entry.pos + entry.bytes())
    }

    /// The entry at an index, if it is here.
    #[must_use]
    pub fn get(&self, index: i64) -> Option<&Entry<E>> {
        usize::try_from(index - self.begin).ok().and_then(|place| self.entries.get(place))
    }

    /// The entries `first..=last`, as far as they are here.
    #[must_use]
    pub fn range(&self, first: i64, last: i64) -> &[Entry<E>] {
        let len = self.entries.len() as i64;
        let from = (first - self.begin).clamp(0, len);
        let to = (last - self.begin + 1).clamp(from, len);
        &self.entries[from as usize..to as usize]
    }

    /// `appendAsLeader`: the position and index of the new entry.
    pub(super) fn append(&mut self, now: SimTime, term: i64, size: u32, payload: E) -> (i64, u64) {
        let bytes = ENTRY_HEADER + u64::from(size);
        let left = self.file_size - self.next_pos % self.file_size;
        let pos = if bytes + BLANK > left { self.next_pos + left } else { self.next_pos };
        self.write(now, &[Entry { pos, term, size, payload }]);
        (self.end(), pos)
    }

    /// `appendAsFollower`: writes a leader's entries behind the end.
    pub(super) fn write(&mut self, now: SimTime, entries: &[Entry<E>]) {
        self.flush.before_change(now, self.end());
        if let Some(last) = entries.last() {
            self.next_pos = last.pos + last.bytes();
        }
        self.entries.extend_from_slice(entries);
    }

    /// Cuts everything after `end`, which is here or one before the first.
    pub(super) fn truncate(&mut self, now: SimTime, end: i64) {
        self.flush.before_change(now, self.end());
        let keep = (end - self.begin + 1).clamp(0, self.entries.len() as i64) as usize;
        if let Some(cut) = self.entries.get(keep) {
            self.next_pos = cut.pos;
        }
        self.entries.truncate(keep);
        self.flush.written = self.flush.written.min(self.end());
    }

    /// Throws everything away; the next entry is `next` at position `pos`.
    pub(super) fn clear(&mut self, next: i64, pos: u64) {
        self.entries.clear();
        self.begin = next;
        self.next_pos = pos;
        self.flush.written = -1;
    }

    /// Deletes the entries before `index`; the last one stays.
    pub(super) fn expire_before(&mut self, index: i64) {
        let gone = (index.min(self.end()) - self.begin).max(0);
        self.entries.drain(..gone as usize);
        self.begin += gone;
    }

    /// `updateCommittedIndex`: only grows, and not beyond the end. Whether it grew.
    pub(super) fn commit(&mut self, now: SimTime, index: i64) -> bool {
        let index = index.min(self.end());
        if index <= self.committed {
            return false;
        }
        self.checkpoint.before_change(now, self.committed);
        self.committed = index;
        true
    }

    /// Loses what the last flush before `now` did not catch.
    pub(super) fn lose_unflushed(&mut self, now: SimTime) {
        let flushed = self.flush.written(now, self.end());
        self.truncate(now, flushed);
    }

    /// The committed index falls back to the one last written down, as far as the log reaches.
    pub(super) fn fall_back(&mut self, stopped: SimTime) {
        self.committed = self.checkpoint.written(stopped, self.committed).min(self.end());
    }

    /// The member has stopped: all that is left is on the disk.
    pub(super) const fn rest(&mut self) {
        self.flush.slot = u64::MAX;
        self.checkpoint.slot = u64::MAX;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> SimTime = SimTime::from_millis;

    fn log(file_size: u64) -> Log<u8> {
        Log::new(file_size, SimDuration::from_millis(10), SimDuration::from_millis(3_000))
    }

    #[test]
    fn positions_step_by_size_and_header_and_jump_over_the_end_of_a_file() {
        let mut log = log(400);
        let at: Vec<_> = [52, 52, 52, 100].into_iter().map(|size| log.append(MS(0), 1, size, 0)).collect();
        assert_eq!(at, [(0, 0), (1, 100), (2, 200), (3, 400)], "100 + 8 bytes left do not hold 148");
        assert_eq!(log.end_pos(), 548);
        log.truncate(MS(0), 1);
        assert_eq!((log.end(), log.end_pos(), log.end_term()), (1, 200, 1));
    }

    #[test]
    fn an_empty_log_begins_and_ends_nowhere() {
        let mut log = log(1 << 30);
        assert_eq!((log.begin(), log.end(), log.end_term(), log.committed_pos()), (-1, -1, -1, 0));
        assert!(!log.commit(MS(0), 7), "nothing to commit");
        log.append(MS(0), 3, 10, 0);
        assert_eq!((log.begin(), log.end(), log.end_term()), (0, 0, 3));
        assert!(log.commit(MS(0), 7) && !log.commit(MS(0), 0), "bounded by the end, and only growing");
        assert_eq!((log.committed(), log.committed_pos()), (0, 58));
    }

    #[test]
    fn a_power_loss_keeps_what_was_flushed_and_a_crash_keeps_all() {
        let mut log = log(1 << 30);
        for at in [1, 9, 12, 15] {
            log.append(MS(at), 1, 10, 0);
        }
        let mut same_slot = log.clone();
        same_slot.lose_unflushed(MS(19));
        assert_eq!(same_slot.end(), 1, "the flush at 10 ms caught two");
        log.lose_unflushed(MS(20));
        assert_eq!(log.end(), 3, "the flush at 20 ms caught the others");
    }

    #[test]
    fn a_rewritten_tail_is_unflushed() {
        let mut log = log(1 << 30);
        for _ in 0..4 {
            log.append(MS(1), 1, 10, 0);
        }
        log.truncate(MS(31), 1);
        log.append(MS(32), 2, 10, 0);
        log.lose_unflushed(MS(33));
        assert_eq!((log.end(), log.end_term()), (1, 1));
    }

    #[test]
    fn the_committed_index_comes_back_as_of_the_last_checkpoint() {
        let mut log = log(1 << 30);
        for _ in 0..9 {
            log.append(MS(1), 1, 10, 0);
        }
        for (at, index) in [(100, 3), (2_900, 5), (3_100, 8)] {
            log.commit(MS(at), index);
        }
        let mut late = log.clone();
        log.fall_back(MS(5_900));
        assert_eq!(log.committed(), 5);
        late.fall_back(MS(6_000));
        assert_eq!(late.committed(), 8);
    }

    #[test]
    fn expired_entries_leave_from_the_front_but_for_the_last() {
        let mut log = log(1 << 30);
        for n in 0..5 {
            log.append(MS(1), 1, 10, n);
        }
        log.expire_before(2);
        assert_eq!((log.begin(), log.end(), log.range(0, 9).len()), (2, 4, 3));
        assert_eq!((log.get(1), log.get(2).map(|entry| entry.payload)), (None, Some(2)));
        log.expire_before(99);
        assert_eq!((log.begin(), log.end()), (4, 4));
    }
}
