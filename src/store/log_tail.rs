//! The end of the log as failures and replication know it: what is flushed, what is cut off, what is copied from another
//! broker, byte for byte.

use super::config::BrokerRole;
use super::consume_queue::ConsumeQueue;
use super::log_index::LogIndex;
use super::message::Message;
use super::message_store::MessageStore;

/// What was cut off from one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutQueue {
    /// Local queue.
    pub queue: usize,
    /// First offset that is gone.
    pub from: u64,
    /// How many messages.
    pub messages: u64,
}

/// A record as it lies in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Local queue.
    pub queue: usize,
    /// Its offset there.
    pub offset: u64,
    /// The record.
    pub message: Message,
}

impl LogEntry {
    /// Position after its last byte.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.message.physical + self.message.size as u64
    }
}

impl MessageStore {
    /// `flushedWhere`: up to where the commit log is on disk.
    #[must_use]
    pub const fn flushed_where(&self) -> u64 {
        self.flushed
    }

    /// A flush has brought the log to disk up to here.
    pub fn set_flushed(&mut self, position: u64) {
        self.flushed = self.flushed.max(position.min(self.log_max_offset()));
    }

    /// End of the file in which `position` lies.
    #[must_use]
    pub const fn log_file_end(&self, position: u64) -> u64 {
        self.log.roll_next_file(position)
    }

    /// Remembers the order of the log from now on, so that [`MessageStore::log_entries`] can follow it; of what is stored
    /// already, too.
    pub fn keep_log_order(&mut self) {
        let mut entries: Vec<(u64, u32, u64)> = Vec::new();
        for (local, queue) in self.queues.iter().enumerate() {
            let rows =
                (queue.released()..queue.appended()).filter_map(|offset| Some((queue.row(offset)?.physical, offset)));
            entries.extend(rows.map(|(physical, offset)| (physical, local as u32, offset)));
        }
        entries.sort_unstable();
        let mut index = LogIndex::default();
        for (_, local, offset) in entries {
            index.push(local, offset);
        }
        self.index = Some(index);
    }

    /// Nobody ships this log.
    pub fn forget_log_order(&mut self) {
        self.index = None;
    }

    /// The records that end behind `position`, in the order of the log. Nothing unless the order is kept.
    pub fn log_entries(&self, position: u64) -> impl Iterator<Item = LogEntry> + '_ {
        let len = self.index.as_ref().map_or(0, LogIndex::len);
        let (mut low, mut high) = (0, len);
        while low < high {
            let mid = low + (high - low) / 2;
            if self.log_entry(mid).is_none_or(|entry| entry.end() <= position) {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        (low..len).map_while(|at| self.log_entry(at))
    }

    fn log_entry(&self, at: usize) -> Option<LogEntry> {
        let (queue, offset) = self.index.as_ref()?.get(at)?;
        let message = *self.queues[queue].row(offset)?;
        Some(LogEntry { queue, offset, message })
    }

    /// Cuts off every record that does not end at or before `physical` (`CommitLog#truncateDirtyFiles`), from the log and from
    /// the queues, and returns what that was. The next record begins where the last one that is left ends.
    pub fn truncate(&mut self, physical: u64) -> Vec<CutQueue> {
        let mut cut = Vec::new();
        // A record that the position cuts in two is gone as a whole.
        let mut end = physical.min(self.log_max_offset());
        for queue in &self.queues {
            let next = queue.first_at(physical);
            if let Some(row) = next.checked_sub(1).and_then(|last| queue.row(last))
                && row.physical + u64::from(row.size) > physical
            {
                end = end.min(row.physical);
            }
        }
        for (local, queue) in self.queues.iter_mut().enumerate() {
            let from = queue.first_at(end).max(queue.start());
            let messages = queue.truncate(from, &mut self.pool);
            if messages > 0 {
                self.retained -= messages;
                cut.push(CutQueue { queue: local, from, messages });
            }
        }
        self.log.truncate(end);
        self.flushed = self.flushed.min(end);
        if let Some(index) = &self.index {
            let mut len = index.len();
            while len > 0 && self.log_entry(len - 1).is_none_or(|entry| entry.message.physical >= end) {
                len -= 1;
            }
            if let Some(index) = &mut self.index {
                index.truncate(len);
            }
        }
        cut
    }

    /// Cuts off everything, and returns what that was: the disk is empty.
    pub fn clear(&mut self) -> Vec<CutQueue> {
        let cut = self.truncate(0);
        let file_entries = self.config().consume_queue_file_entries;
        self.queues.fill_with(|| ConsumeQueue::new(file_entries, 0));
        self.log.start_at(0);
        self.flushed = 0;
        cut
    }

    /// Appends a record of another broker's log at the position and offset it has there (`DefaultMessageStore#appendToCommitLog`,
    /// then the dispatch). `false`: its queue does not go on with it, so it is not visible; the log has grown all the same.
    pub fn put_record(&mut self, entry: &LogEntry) -> bool {
        if self.retained == 0 && self.log.max_offset() == self.log.min_offset() {
            self.log.start_at(entry.message.physical);
            self.flushed = entry.message.physical;
        }
        let accepted = self.queues[entry.queue].accept(entry.offset, entry.message, &mut self.pool);
        self.extend_log(entry.end());
        if accepted {
            self.retained += 1;
            if let Some(index) = &mut self.index {
                index.push(entry.queue as u32, entry.offset);
            }
        }
        accepted
    }

    /// The log goes on up to here with bytes that complete no record (part of one, or the blank rest of a file).
    pub fn extend_log(&mut self, to: u64) {
        if to > self.log.max_offset() {
            self.log.set_max(to);
        }
    }

    /// An empty log begins at this position.
    pub fn start_log_at(&mut self, physical: u64) {
        if self.log.max_offset() == 0 {
            self.log.start_at(physical);
            self.flushed = physical;
        }
    }

    /// After a restart: the part of a record at the end is cut off (`CommitLog#recoverAbnormally`). Bytes behind `broken`, if
    /// given, are no records of this log's making.
    pub fn recover(&mut self, broken: Option<u64>) -> Vec<CutQueue> {
        let last = self.queues.iter().filter_map(|queue| queue.row(queue.appended().checked_sub(1)?));
        let end = last.map(|row| row.physical + u64::from(row.size)).max().unwrap_or_else(|| self.log.min_offset());
        let max = self.log.max_offset();
        let file_start = max - max % self.log.file_size();
        let whole = if broken.is_some() { end } else { end.max(file_start.min(max)) };
        self.truncate(whole.min(broken.unwrap_or(u64::MAX)))
    }

    /// From now on a dispatch makes no record visible that lies at or behind this position: its group has not committed it.
    pub const fn set_visible_to(&mut self, position: u64) {
        self.visible_to = position;
    }

    /// The broker became a master or a slave: a slave does not correct offsets.
    pub const fn set_broker_role(&mut self, role: BrokerRole) {
        self.config.broker_role = role;
    }

    /// Store time of the last record before `physical`: when the file that ends there was written last.
    #[must_use]
    pub fn written_before(&self, physical: u64) -> Option<crate::kernel::time::SimTime> {
        let last = self.queues.iter().filter_map(|queue| queue.row(queue.first_at(physical).checked_sub(1)?));
        last.map(|row| row.stored_at).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimTime;
    use crate::store::config::StoreConfig;
    use crate::store::get_message::GetMessageStatus;
    use crate::store::message::Draft;

    fn draft(size: u32) -> Draft {
        Draft { born_at: SimTime::ZERO, size, body: 0, key: 0, class: 0 }
    }

    /// 300 records of 100 bytes, in turns in three queues, all visible.
    fn store() -> MessageStore {
        let mut store = MessageStore::new(StoreConfig { consume_queue_file_entries: 25, ..StoreConfig::default() }, 3);
        store.keep_log_order();
        for number in 0..300 {
            store.put(SimTime::from_millis(number), (number % 3) as usize, &draft(100));
        }
        for queue in 0..3 {
            store.dispatch(queue, SimTime::from_secs(1));
        }
        store
    }

    #[test]
    fn what_is_cut_off_is_gone_from_log_queues_and_order_and_its_offsets_are_given_anew() {
        let mut store = store();
        let cut = store.truncate(10_050);
        let counts: Vec<_> = cut.iter().map(|cut| (cut.queue, cut.from, cut.messages)).collect();
        assert_eq!(counts, [(0, 34, 66), (1, 33, 67), (2, 33, 67)], "100 records are left");
        assert_eq!((store.log_max_offset(), store.retained_messages()), (10_000, 100));
        assert_eq!((store.max_offset(0), store.max_offset(1)), (34, 33));
        let overflow = store.get_message(0, 60, 32, &mut Vec::new());
        assert_eq!((overflow.status, overflow.next_begin_offset), (GetMessageStatus::OffsetOverflowBadly, 34));
        let again = store.put(SimTime::from_secs(2), 1, &draft(60));
        assert_eq!((again.physical, again.queue_offset), (10_000, 33));
        let tail: Vec<_> = store.log_entries(9_900).map(|entry| (entry.queue, entry.offset, entry.end())).collect();
        assert_eq!(tail, [(0, 33, 10_000), (1, 33, 10_060)]);
        let sum = |queue| store.append_sum(queue);
        assert_eq!(sum(1), u128::from((0..33).map(|n| (3 * n + 1) * 1_000_000).sum::<u64>() + 2_000_000_000));
    }

    #[test]
    fn a_queue_cut_back_by_whole_files_reads_on_as_if_they_had_never_been() {
        let mut store = store();
        store.truncate(3_000);
        assert_eq!((store.max_offset(0), store.get_message(0, 0, 99, &mut Vec::new()).count), (10, 10));
        for number in 0..40 {
            store.put(SimTime::from_secs(2), 0, &draft(10 + number));
        }
        store.dispatch(0, SimTime::from_secs(2));
        let read = store.get_message(0, 0, 99, &mut Vec::new());
        assert_eq!((store.max_offset(0), read.count), (50, 25), "one read ends with its file of 25");
        assert_eq!(store.get_message(0, 25, 99, &mut Vec::new()).count, 25);
        assert_eq!(store.clear().len(), 3);
        assert_eq!((store.log_max_offset(), store.max_offset(0), store.retained_messages()), (0, 0, 0));
    }

    #[test]
    fn nothing_is_cut_off_at_the_end() {
        let mut store = store();
        assert!(store.truncate(30_000).is_empty() && store.truncate(99_999).is_empty());
        assert_eq!(store.log_max_offset(), 30_000);
    }

    #[test]
    fn a_copy_has_the_positions_and_offsets_of_its_original() {
        let original = store();
        let mut copy = MessageStore::new(original.config().clone(), 3);
        copy.keep_log_order();
        for entry in original.log_entries(0) {
            assert!(copy.put_record(&entry));
        }
        assert_eq!(copy.log_max_offset(), original.log_max_offset());
        copy.dispatch(2, SimTime::from_secs(1));
        assert_eq!((copy.max_offset(2), copy.message(2, 99)), (100, original.message(2, 99)));
        assert!(!copy.put_record(&LogEntry { queue: 1, offset: 3, ..original.log_entries(0).next().unwrap() }));
    }

    #[test]
    fn a_copy_may_begin_in_the_middle_and_keeps_the_part_of_a_record_until_it_restarts() {
        let original = store();
        let mut copy =
            MessageStore::new(StoreConfig { mapped_file_size_commit_log: 10_000, ..original.config().clone() }, 3);
        copy.start_log_at(20_000);
        for entry in original.log_entries(20_000).take(4) {
            assert!(copy.put_record(&entry));
        }
        copy.extend_log(20_450);
        assert_eq!((copy.log_min_offset(), copy.log_max_offset(), copy.appended_offset(2)), (20_000, 20_450, 68));
        copy.dispatch(2, SimTime::from_secs(1));
        assert_eq!((copy.min_offset(2), copy.max_offset(2)), (66, 68));
        assert!(copy.recover(None).is_empty());
        assert_eq!(copy.log_max_offset(), 20_400);
    }

    #[test]
    fn a_flush_reaches_no_further_than_the_log_and_is_cut_with_it() {
        let mut store = store();
        store.set_flushed(99_999);
        assert_eq!(store.flushed_where(), 30_000);
        store.truncate(12_345);
        assert_eq!(store.flushed_where(), 12_300);
    }
}
