//! Reading from a consume queue (`DefaultMessageStore#getMessage`): which messages one pull gets, and from where the next
//! one goes on.

use super::commit_log::CommitLog;
use super::config::StoreConfig;
use super::consume_queue::ConsumeQueue;
use super::message::Message;

/// One pull looks at no more queue entries than this, unless it asks for more messages. Upstream's limit of 16,000 is
/// named a message count but compared with bytes of 20-byte entries.
pub const MAX_FILTER_MESSAGE_COUNT: u64 = 16_000 / 20;

/// `GetMessageStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetMessageStatus {
    /// At least one message was taken.
    Found,
    /// The looked-at entries do not match the filter.
    NoMatchedMessage,
    /// The records of the looked-at entries are deleted from the commit log (or released, [`GetResult::released`]).
    MessageWasRemoving,
    /// The queue file of the offset is deleted.
    OffsetFoundNull,
    /// The offset is behind the end by more than one.
    OffsetOverflowBadly,
    /// The offset is the end: nothing new yet.
    OffsetOverflowOne,
    /// The offset is before the first entry.
    OffsetTooSmall,
    /// No such queue. Upstream creates a queue on first sight, so this does not come out of a read.
    NoMatchedLogicQueue,
    /// Nothing was ever visible in this queue.
    NoMessageInQueue,
}

impl GetMessageStatus {
    /// The upstream enum constant.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "FOUND",
            Self::NoMatchedMessage => "NO_MATCHED_MESSAGE",
            Self::MessageWasRemoving => "MESSAGE_WAS_REMOVING",
            Self::OffsetFoundNull => "OFFSET_FOUND_NULL",
            Self::OffsetOverflowBadly => "OFFSET_OVERFLOW_BADLY",
            Self::OffsetOverflowOne => "OFFSET_OVERFLOW_ONE",
            Self::OffsetTooSmall => "OFFSET_TOO_SMALL",
            Self::NoMatchedLogicQueue => "NO_MATCHED_LOGIC_QUEUE",
            Self::NoMessageInQueue => "NO_MESSAGE_IN_QUEUE",
        }
    }
}

/// `GetMessageResult` without the messages, which go to the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetResult {
    /// What happened.
    pub status: GetMessageStatus,
    /// `nextBeginOffset`: where the next pull should start. Negative only when a slave returns a negative request.
    pub next_begin_offset: i64,
    /// First offset of the queue.
    pub min_offset: u64,
    /// Offset after the last visible entry.
    pub max_offset: u64,
    /// Messages taken.
    pub count: u32,
    /// Record bytes of the messages taken.
    pub bytes: u64,
    /// `suggestPullingFromSlave`: the read lies further behind the log's end than memory reaches.
    pub suggest_slave: bool,
    /// Visible entries that this read had to skip because they were released. Above 0 a model released what somebody
    /// still needed.
    pub released: u64,
}

/// A message as a pull gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// Offset of the message in its consume queue.
    pub offset: u64,
    /// Its facts.
    pub message: Message,
}

/// Which messages a subscription wants, in the two steps of `MessageFilter`. A closure serves for the first alone.
pub trait MessageFilter {
    /// Decides by the queue entry, before the record is read (`isMatchedByConsumeQueue`).
    fn is_matched_by_consume_queue(&self, message: &Message) -> bool;

    /// Decides by the record (`isMatchedByCommitLog`).
    fn is_matched_by_commit_log(&self, _message: &Message) -> bool {
        true
    }
}

/// The filter of a subscription to `*`.
#[derive(Clone, Copy, Debug)]
pub struct MatchAll;

impl MessageFilter for MatchAll {
    fn is_matched_by_consume_queue(&self, _message: &Message) -> bool {
        true
    }
}

impl<F: Fn(&Message) -> bool> MessageFilter for F {
    fn is_matched_by_consume_queue(&self, message: &Message) -> bool {
        self(message)
    }
}

/// What one read looks at.
pub(super) struct Read<'a> {
    pub(super) config: &'a StoreConfig,
    pub(super) in_memory_bytes: u64,
    pub(super) log: &'a CommitLog,
    pub(super) queue: &'a ConsumeQueue,
    pub(super) max_nums: u32,
}

/// State of a scan over queue entries.
struct Scan {
    status: GetMessageStatus,
    count: u32,
    bytes: u64,
    /// Position of the last looked-at entry.
    max_physical: u64,
    /// After a removed record: start of the next log file.
    next_file: Option<u64>,
}

impl Scan {
    /// Passes over an entry; the reason counts as long as nothing was taken.
    fn pass(&mut self, reason: GetMessageStatus) {
        if self.count == 0 {
            self.status = reason;
        }
    }
}

impl Read<'_> {
    fn result(&self, status: GetMessageStatus, next_begin_offset: i64) -> GetResult {
        GetResult {
            status,
            next_begin_offset,
            min_offset: self.queue.min_offset(),
            max_offset: self.queue.max_offset(),
            count: 0,
            bytes: 0,
            suggest_slave: false,
            released: 0,
        }
    }

    /// The entries to look at, or the answer when there are none.
    pub(super) fn bounds(&self, offset: i64) -> Result<(u64, u64), GetResult> {
        let (min, max) = (self.queue.min_offset(), self.queue.max_offset());
        let corrected = |status, next: u64| {
            let next = if self.config.corrects_offsets() { next as i64 } else { offset };
            Err(self.result(status, next))
        };
        if max == 0 {
            return corrected(GetMessageStatus::NoMessageInQueue, 0);
        }
        let Ok(from) = u64::try_from(offset) else {
            return corrected(GetMessageStatus::OffsetTooSmall, min);
        };
        if from < min {
            corrected(GetMessageStatus::OffsetTooSmall, min)
        } else if from == max {
            corrected(GetMessageStatus::OffsetOverflowOne, from)
        } else if from > max {
            corrected(GetMessageStatus::OffsetOverflowBadly, max)
        } else {
            match self.queue.file_end(from) {
                Some(end) => Ok((from, end)),
                None => corrected(GetMessageStatus::OffsetFoundNull, self.queue.roll_next_file(from)),
            }
        }
    }

    fn in_disk(&self, physical: u64) -> bool {
        self.log.max_offset().saturating_sub(physical) > self.in_memory_bytes
    }

    /// Without a filter, with everything in memory and nothing deleted, the taken entries are one run from `from` on.
    /// `None`: the general scan must decide.
    pub(super) fn run(&self, from: u64, end: u64, out: &mut Vec<Pulled>) -> Option<GetResult> {
        if from < self.queue.released() {
            return None;
        }
        let limit = self.max_nums.min(self.config.max_transfer_count_on_message_in_memory).max(1);
        let to = end.min(from + u64::from(limit));
        let first = self.queue.slice(from, to);
        let start = first.first()?.physical;
        if start < self.log.min_offset() || self.in_disk(start) {
            return None;
        }
        let max_bytes = self.config.max_transfer_bytes_on_message_in_memory;
        let mut bytes = 0;
        let mut next = from;
        let mut rows = first;
        'full: loop {
            for row in rows {
                let with = bytes + u64::from(row.size);
                if with > max_bytes && next > from {
                    break 'full;
                }
                bytes = with;
                out.push(Pulled { offset: next, message: *row });
                next += 1;
            }
            rows = self.queue.slice(next, to);
            if rows.is_empty() {
                break;
            }
        }
        let mut result = self.result(GetMessageStatus::Found, next as i64);
        result.count = (next - from) as u32;
        result.bytes = bytes;
        Some(result)
    }

    /// The scan in full generality. `at_log_start` finds the record at the first remaining byte of the log.
    pub(super) fn scan<F: MessageFilter + ?Sized>(
        &self,
        from: u64,
        end: u64,
        filter: &F,
        at_log_start: &dyn Fn() -> Option<Pulled>,
        out: &mut Vec<Pulled>,
    ) -> GetResult {
        let end = end.min(from + MAX_FILTER_MESSAGE_COUNT.max(u64::from(self.max_nums)));
        let mut scan =
            Scan { status: GetMessageStatus::NoMatchedMessage, count: 0, bytes: 0, max_physical: 0, next_file: None };
        let readable = self.queue.released().clamp(from, end);
        let released = readable - from;
        if released > 0 {
            scan.status = GetMessageStatus::MessageWasRemoving;
        }
        let mut next = readable;
        'full: while next < end {
            for row in self.queue.slice(next, end) {
                if !self.look_at(&mut scan, Pulled { offset: next, message: *row }, filter, at_log_start, out) {
                    break 'full;
                }
                next += 1;
            }
        }
        let mut result = self.result(scan.status, next as i64);
        result.count = scan.count;
        result.bytes = scan.bytes;
        result.suggest_slave = self.in_disk(scan.max_physical);
        result.released = released;
        result
    }

    /// One entry; `false`: the batch is full and the entry stays for the next read.
    #[inline]
    fn look_at<F: MessageFilter + ?Sized>(
        &self,
        scan: &mut Scan,
        entry: Pulled,
        filter: &F,
        at_log_start: &dyn Fn() -> Option<Pulled>,
        out: &mut Vec<Pulled>,
    ) -> bool {
        let row = &entry.message;
        scan.max_physical = row.physical;
        if scan.next_file.is_some_and(|start| row.physical < start) {
            return true;
        }
        if self.is_full(scan, row) {
            return false;
        }
        if !filter.is_matched_by_consume_queue(row) {
            scan.pass(GetMessageStatus::NoMatchedMessage);
            return true;
        }
        let record = if row.physical >= self.log.min_offset() {
            Some(entry)
        } else if row.physical == 0 {
            // `CommitLog#getMessage` falls back to the first file for position 0.
            at_log_start()
        } else {
            None
        };
        let Some(record) = record else {
            scan.pass(GetMessageStatus::MessageWasRemoving);
            scan.next_file = Some(self.log.roll_next_file(row.physical));
            return true;
        };
        if !filter.is_matched_by_commit_log(&record.message) {
            scan.pass(GetMessageStatus::NoMatchedMessage);
            return true;
        }
        // The entry's own size counts, even if the record read is another one.
        scan.bytes += u64::from(row.size);
        scan.count += 1;
        scan.status = GetMessageStatus::Found;
        scan.next_file = None;
        out.push(record);
        true
    }

    /// `DefaultMessageStore#isTheBatchFull`: never before something was taken.
    fn is_full(&self, scan: &Scan, row: &Message) -> bool {
        if scan.count == 0 {
            return false;
        }
        let (count, bytes) = if self.in_disk(row.physical) {
            (self.config.max_transfer_count_on_message_in_disk, self.config.max_transfer_bytes_on_message_in_disk)
        } else {
            (self.config.max_transfer_count_on_message_in_memory, self.config.max_transfer_bytes_on_message_in_memory)
        };
        scan.count >= self.max_nums || scan.bytes + u64::from(row.size) > bytes || scan.count >= count
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::BrokerRole;
    use super::super::message::Draft;
    use super::super::message_store::MessageStore;
    use super::*;
    use crate::kernel::time::SimTime;

    /// 60 messages of 100 bytes in one queue with files of 25 entries.
    fn store(config: StoreConfig) -> MessageStore {
        let mut store = MessageStore::new(StoreConfig { consume_queue_file_entries: 25, ..config }, 1);
        for number in 0..60 {
            let draft = Draft { born_at: SimTime::ZERO, size: 100, body: 0, key: 0, class: number % 2 };
            store.put(SimTime::ZERO, 0, &draft);
        }
        store.dispatch(0, SimTime::ZERO);
        store
    }

    fn get(store: &MessageStore, offset: i64, max_nums: u32) -> GetResult {
        store.get_message(0, offset, max_nums, &mut Vec::new())
    }

    #[test]
    fn one_read_ends_with_the_queue_file() {
        let store = store(StoreConfig::default());
        assert_eq!((get(&store, 0, 99).count, get(&store, 0, 99).next_begin_offset), (25, 25));
        assert_eq!(get(&store, 24, 32).count, 1);
        assert_eq!(get(&store, 25, 4).count, 4);
        assert_eq!(get(&store, 50, 0).count, 1, "0 counts as 1");
    }

    #[test]
    fn bytes_limit_a_read_but_never_below_one_message() {
        let config = |bytes| StoreConfig { max_transfer_bytes_on_message_in_memory: bytes, ..StoreConfig::default() };
        assert_eq!(get(&store(config(399)), 0, 32).count, 3);
        assert_eq!(get(&store(config(400)), 0, 32).count, 4);
        assert_eq!(get(&store(config(1)), 0, 32).count, 1);
    }

    #[test]
    fn what_memory_does_not_reach_is_read_in_small_batches_and_a_slave_is_suggested() {
        // 40 % of 2,500 bytes: the last ten messages.
        let store = store(StoreConfig { physical_memory: 2500, ..StoreConfig::default() });
        let old = get(&store, 0, 32);
        assert_eq!((old.count, old.suggest_slave), (8, true));
        let recent = get(&store, 50, 32);
        assert_eq!((recent.count, recent.suggest_slave), (10, false));
        let between = get(&store, 45, 32);
        assert_eq!((between.count, between.suggest_slave), (5, true), "this one ends with its file");
    }

    #[test]
    fn a_deleted_queue_file_leads_to_the_next_one() {
        let mut store = store(StoreConfig { mapped_file_size_commit_log: 1008, ..StoreConfig::default() });
        assert_eq!(store.delete_log_files_before(3500), 3024);
        store.delete_consume_queue_files(0);
        let gone = get(&store, 3, 32);
        assert_eq!((gone.status, gone.next_begin_offset), (GetMessageStatus::OffsetFoundNull, 25));
        assert_eq!((gone.min_offset, get(&store, 25, 32).count), (0, 20), "5 of 25 are removed records");
        store.clean_consume_queues();
        assert_eq!(store.min_offset(0), 30);
        assert_eq!(get(&store, 3, 32).status, GetMessageStatus::OffsetTooSmall);
    }

    #[test]
    fn a_slave_leaves_wrong_offsets_as_they_are() {
        let slave = |offset_check_in_slave| {
            let config =
                StoreConfig { broker_role: BrokerRole::Slave, offset_check_in_slave, ..StoreConfig::default() };
            get(&store(config), 99, 32).next_begin_offset
        };
        assert_eq!((slave(false), slave(true)), (99, 60));
    }

    #[test]
    fn entries_that_do_not_match_are_passed_and_advance_the_offset() {
        let store = store(StoreConfig::default());
        let read = |filter: &dyn MessageFilter| store.get_message_filtered(0, 1, 3, filter, &mut Vec::new());
        let odd = read(&|message: &Message| message.class == 1);
        assert_eq!((odd.status, odd.count, odd.next_begin_offset), (GetMessageStatus::Found, 3, 6));
        let none = read(&|_: &Message| false);
        assert_eq!((none.status, none.next_begin_offset), (GetMessageStatus::NoMatchedMessage, 25));
    }
}
