//! One broker's store: commit log, consume queues and what of the file system decides behaviour.

use super::commit_log::CommitLog;
use super::config::StoreConfig;
use super::consume_queue::ConsumeQueue;
use super::get_message::{GetResult, MatchAll, MessageFilter, Pulled, Read};
use super::log_index::LogIndex;
use super::message::{Draft, Message};
use super::rows::ChunkPool;
use crate::kernel::time::SimTime;

/// `AppendMessageStatus`, as far as it can occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendStatus {
    /// The message is stored.
    PutOk,
    /// The record is too big for any commit-log file: the sender is told `PUT_OK`, and the message is lost.
    EndOfFile,
    /// The group that replicates the log did not take it in (`OS_PAGECACHE_BUSY`).
    Refused,
}

/// `AppendMessageResult`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put {
    /// Whether the message is stored; not, only when a commit-log file is smaller than a message.
    pub status: AppendStatus,
    /// `wroteOffset`: position in the commit log.
    pub physical: u64,
    /// `logicsOffset`: offset in the consume queue.
    pub queue_offset: u64,
}

/// One broker's store (`DefaultMessageStore`). Queues are addressed by a dense index local to the broker.
///
/// # Released messages
/// [`MessageStore::release`] says that nobody will read a queue before some offset again. The rows are given back;
/// offsets, bounds and positions stay as they were, since for the modelled broker the messages still exist. Reading them
/// nevertheless (a model's mistake, or a consumer set back) finds them removed: the read goes on at the first row that is
/// still there, and [`GetResult::released`] counts what it passed over.
#[derive(Clone, Debug)]
pub struct MessageStore {
    pub(super) config: StoreConfig,
    in_memory_bytes: u64,
    pub(super) log: CommitLog,
    pub(super) queues: Vec<ConsumeQueue>,
    pub(super) pool: ChunkPool,
    pub(super) retained: u64,
    /// Up to where the log is on disk for certain (`flushedWhere`).
    pub(super) flushed: u64,
    /// Records behind this position are not to be seen yet (`getCommittedPos`).
    pub(super) visible_to: u64,
    /// The records in the order of the log, for who ships them.
    pub(super) index: Option<LogIndex>,
}

impl MessageStore {
    /// An empty store with `queue_count` queues.
    #[must_use]
    pub fn new(config: StoreConfig, queue_count: usize) -> Self {
        let queues = (0..queue_count).map(|_| ConsumeQueue::new(config.consume_queue_file_entries, 0)).collect();
        let log = CommitLog::new(config.mapped_file_size_commit_log);
        Self {
            in_memory_bytes: config.in_memory_bytes(),
            config,
            log,
            queues,
            pool: ChunkPool::default(),
            retained: 0,
            flushed: 0,
            visible_to: u64::MAX,
            index: None,
        }
    }

    /// Adds an empty queue and returns its index.
    pub fn add_queue(&mut self) -> usize {
        self.add_queue_from(0)
    }

    /// Adds a queue whose first message will get offset `start`: older ones expired long ago
    /// (`ConsumeQueue#putMessagePositionInfo` filling up the first file with blank entries).
    pub fn add_queue_from(&mut self, start: u64) -> usize {
        self.queues.push(ConsumeQueue::new(self.config.consume_queue_file_entries, start));
        self.queues.len() - 1
    }

    /// Number of queues.
    #[must_use]
    pub fn queue_count(&self) -> usize {
        self.queues.len()
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &StoreConfig {
        &self.config
    }

    /// Appends a message at `now`, the time inside the put lock, so no earlier than the put before
    /// (`CommitLog#asyncPutMessage`). It is accepted at once and visible after [`MessageStore::dispatch`].
    pub fn put(&mut self, now: SimTime, queue: usize, draft: &Draft) -> Put {
        let local = queue as u32;
        let queue = &mut self.queues[queue];
        let Some(physical) = self.log.append(draft.size) else {
            return Put {
                status: AppendStatus::EndOfFile,
                physical: self.log.max_offset(),
                queue_offset: queue.appended(),
            };
        };
        let row = Message {
            physical,
            stored_at: now,
            born_at: draft.born_at,
            size: draft.size,
            body: draft.body,
            key: draft.key,
            class: draft.class,
        };
        let queue_offset = queue.push(row, &mut self.pool);
        self.retained += 1;
        queue.append_sum += u128::from(now.as_nanos());
        if let Some(index) = &mut self.index {
            index.push(local, queue_offset);
        }
        Put { status: AppendStatus::PutOk, physical, queue_offset }
    }

    /// Sum of the store times of all messages of a queue, ns: with it and the counts Little's law needs no list.
    #[must_use]
    pub fn append_sum(&self, queue: usize) -> u128 {
        self.queues[queue].append_sum
    }

    /// Makes visible what this queue got at or before `until`, a run of the dispatch loop
    /// ([`dispatch_tick`](super::dispatch::dispatch_tick)), and returns how many messages that are. Costs time by the
    /// number of newly visible messages at most; lazily calling it before a read is the same as calling it at each run.
    pub fn dispatch(&mut self, queue: usize, until: SimTime) -> u64 {
        self.queues[queue].dispatch(until, self.visible_to)
    }

    /// Store time of the first message that is not visible yet.
    #[must_use]
    pub fn next_undispatched_at(&self, queue: usize) -> Option<SimTime> {
        self.queues[queue].next_undispatched_at()
    }

    /// `getMinOffsetInQueue`. 0 while nothing was ever visible.
    #[must_use]
    pub fn min_offset(&self, queue: usize) -> u64 {
        self.queues[queue].min_offset()
    }

    /// `getMaxOffsetInQueue`: after the last visible message. 0 while nothing was ever visible.
    #[must_use]
    pub fn max_offset(&self, queue: usize) -> u64 {
        self.queues[queue].max_offset()
    }

    /// The offset that the next put will get (`topicQueueTable`).
    #[must_use]
    pub fn appended_offset(&self, queue: usize) -> u64 {
        self.queues[queue].appended()
    }

    /// Messages before this offset are released.
    #[must_use]
    pub fn released_offset(&self, queue: usize) -> u64 {
        self.queues[queue].released()
    }

    /// Reads visible messages from `offset` on, `max_nums` at most (0 counts as 1), and appends them to `out`
    /// (`DefaultMessageStore#getMessage` without a filter).
    pub fn get_message(&self, queue: usize, offset: i64, max_nums: u32, out: &mut Vec<Pulled>) -> GetResult {
        let read = self.read(queue, max_nums);
        match read.bounds(offset) {
            Err(result) => result,
            Ok((from, end)) => read
                .run(from, end, out)
                .unwrap_or_else(|| read.scan(from, end, &MatchAll, &|| self.record_at(self.log.min_offset()), out)),
        }
    }

    /// As [`MessageStore::get_message`], only what the filter matches.
    pub fn get_message_filtered<F: MessageFilter + ?Sized>(
        &self,
        queue: usize,
        offset: i64,
        max_nums: u32,
        filter: &F,
        out: &mut Vec<Pulled>,
    ) -> GetResult {
        let read = self.read(queue, max_nums);
        match read.bounds(offset) {
            Err(result) => result,
            Ok((from, end)) => read.scan(from, end, filter, &|| self.record_at(self.log.min_offset()), out),
        }
    }

    fn read(&self, queue: usize, max_nums: u32) -> Read<'_> {
        Read {
            config: &self.config,
            in_memory_bytes: self.in_memory_bytes,
            log: &self.log,
            queue: &self.queues[queue],
            max_nums,
        }
    }

    /// The retained message whose record starts at `physical`.
    fn record_at(&self, physical: u64) -> Option<Pulled> {
        self.queues.iter().find_map(|queue| {
            let (mut low, mut high) = (queue.released(), queue.appended());
            while low < high {
                let mid = low + (high - low) / 2;
                if queue.row(mid)?.physical < physical {
                    low = mid + 1;
                } else {
                    high = mid;
                }
            }
            let message = *queue.row(low)?;
            (message.physical == physical).then_some(Pulled { offset: low, message })
        })
    }

    /// The message at an offset, visible or not; `None` when it is released or not there.
    #[must_use]
    pub fn message(&self, queue: usize, offset: u64) -> Option<&Message> {
        let queue = &self.queues[queue];
        if offset < queue.released() { None } else { queue.row(offset) }
    }

    /// The offset near a store time (`getOffsetInQueueByTime`): in the first queue file last written at or after `time`
    /// the message stored in that millisecond, else the nearest one; the last message for times after the end.
    #[must_use]
    pub fn offset_by_time(&self, queue: usize, time: SimTime) -> u64 {
        self.queues[queue].offset_by_time(time, self.log.min_offset())
    }

    /// Whether the message at offset 0 lies further behind the log's end than memory reaches; an absent one does not
    /// (`DefaultMessageStore#checkInDiskByConsumeOffset`).
    #[must_use]
    pub fn offset_zero_in_disk(&self, queue: usize) -> bool {
        let queue = &self.queues[queue];
        queue.start() == 0
            && queue.min_offset() == 0
            && queue.physical_of_start().is_some_and(|physical| self.log.max_offset() - physical > self.in_memory_bytes)
    }

    /// Says that messages before `up_to` will not be read again; their memory is given back in chunks. Messages that are
    /// not visible yet stay.
    pub fn release(&mut self, queue: usize, up_to: u64) {
        self.retained -= self.queues[queue].release(up_to, &mut self.pool);
    }

    /// Messages that are stored and not released.
    #[must_use]
    pub fn retained_messages(&self) -> u64 {
        self.retained
    }

    /// Bytes of memory that the store holds: rows, unused room in chunks, spare chunks, and the queues themselves.
    #[must_use]
    pub fn retained_bytes(&self) -> u64 {
        let queues: usize = self.queues.iter().map(ConsumeQueue::bytes).sum();
        (queues + self.queues.capacity() * size_of::<ConsumeQueue>() + self.pool.bytes()) as u64
    }

    /// First position of the commit log that still exists (`getMinPhyOffset`).
    #[must_use]
    pub fn log_min_offset(&self) -> u64 {
        self.log.min_offset()
    }

    /// End of the commit log (`getMaxPhyOffset`).
    #[must_use]
    pub fn log_max_offset(&self) -> u64 {
        self.log.max_offset()
    }

    /// Deletes the commit-log files wholly before `physical`, never the last one; returns the log's new minimum. The
    /// queues notice with [`MessageStore::clean_consume_queues`], later, as in the broker.
    pub fn delete_log_files_before(&mut self, physical: u64) -> u64 {
        self.log.delete_files_before(physical)
    }

    /// Deletes the queue files that point only at deleted log files (the first half of `ConsumeQueue#deleteExpiredFile`).
    pub fn delete_consume_queue_files(&mut self, queue: usize) {
        self.queues[queue].delete_files(self.log.min_offset());
    }

    /// Corrects every queue to the log's minimum (`CleanConsumeQueueService#deleteExpiredFiles`): files deleted, minimum
    /// offsets moved. A queue whose records are all deleted keeps its minimum.
    pub fn clean_consume_queues(&mut self) {
        for queue in &mut self.queues {
            queue.delete_files(self.log.min_offset());
            queue.correct_min(self.log.min_offset());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::get_message::GetMessageStatus;
    use super::*;

    fn draft(size: u32) -> Draft {
        Draft { born_at: SimTime::ZERO, size, body: 0, key: 0, class: 0 }
    }

    #[test]
    fn a_put_is_accepted_at_once_and_visible_after_the_dispatch() {
        let mut store = MessageStore::new(StoreConfig::default(), 2);
        let at = SimTime::from_millis;
        assert_eq!(store.put(at(5), 1, &draft(200)), Put { status: AppendStatus::PutOk, physical: 0, queue_offset: 0 });
        let second = store.put(at(7), 1, &draft(100));
        assert_eq!((second.physical, second.queue_offset), (200, 1));
        assert_eq!((store.appended_offset(1), store.max_offset(1)), (2, 0));
        let mut out = Vec::new();
        assert_eq!(store.get_message(1, 0, 32, &mut out).status, GetMessageStatus::NoMessageInQueue);
        assert_eq!(store.next_undispatched_at(1), Some(at(5)));
        assert_eq!(store.dispatch(1, at(4)), 0);
        assert_eq!(store.dispatch(1, at(6)), 1);
        assert_eq!((store.max_offset(1), store.next_undispatched_at(1)), (1, Some(at(7))));
        assert_eq!(store.dispatch(1, at(7)), 1);
        assert_eq!(store.next_undispatched_at(1), None);
        let result = store.get_message(1, 0, 32, &mut out);
        assert_eq!((result.status, result.next_begin_offset, result.bytes), (GetMessageStatus::Found, 2, 300));
        assert_eq!(
            out.iter().map(|pulled| (pulled.offset, pulled.message.physical)).collect::<Vec<_>>(),
            [(0, 0), (1, 200)]
        );
    }

    #[test]
    fn a_message_bigger_than_a_log_file_is_lost_without_an_offset() {
        let config = StoreConfig { mapped_file_size_commit_log: 1000, ..StoreConfig::default() };
        let mut store = MessageStore::new(config, 1);
        assert_eq!(store.put(SimTime::ZERO, 0, &draft(993)).status, AppendStatus::EndOfFile);
        assert_eq!((store.appended_offset(0), store.log_max_offset(), store.retained_messages()), (0, 2000, 0));
    }

    #[test]
    fn releasing_keeps_bounds_and_positions_and_counts_who_reads_behind() {
        let mut store = MessageStore::new(StoreConfig::default(), 1);
        for _ in 0..600 {
            store.put(SimTime::ZERO, 0, &draft(10));
        }
        store.dispatch(0, SimTime::ZERO);
        store.put(SimTime::from_millis(1), 0, &draft(10));
        store.release(0, 590);
        assert_eq!((store.min_offset(0), store.max_offset(0), store.retained_messages()), (0, 600, 11));
        let mut out = Vec::new();
        let behind = store.get_message(0, 100, 32, &mut out);
        assert_eq!((behind.status, behind.released, behind.count), (GetMessageStatus::Found, 490, 10));
        assert_eq!(out[0].offset, 590);
        store.release(0, 9999);
        assert_eq!((store.released_offset(0), store.retained_messages()), (600, 1), "invisible messages stay");
        let gone = store.get_message(0, 599, 32, &mut out);
        assert_eq!(
            (gone.status, gone.next_begin_offset, gone.released),
            (GetMessageStatus::MessageWasRemoving, 600, 1)
        );
        store.dispatch(0, SimTime::from_millis(1));
        assert_eq!(store.get_message(0, 600, 32, &mut out).count, 1);
        assert_eq!(store.message(0, 600).map(|message| message.physical), Some(6000));
    }

    #[test]
    fn memory_is_at_most_48_bytes_per_message_at_scale_and_follows_the_backlog() {
        let mut store = MessageStore::new(StoreConfig::default(), 16);
        for number in 0..200_000_u64 {
            store.put(SimTime::ZERO, (number % 16) as usize, &draft(1000));
        }
        assert!(store.retained_bytes() <= 48 * store.retained_messages(), "{}", store.retained_bytes());
        for queue in 0..16 {
            store.dispatch(queue, SimTime::ZERO);
            store.release(queue, 12_500);
        }
        assert_eq!(store.retained_messages(), 0);
        assert!(store.retained_bytes() < 3_000_000, "{}", store.retained_bytes());
    }

    #[test]
    fn ten_thousand_queues_with_three_messages_each_stay_small() {
        let mut store = MessageStore::new(StoreConfig::default(), 10_000);
        for number in 0..30_000 {
            store.put(SimTime::ZERO, number % 10_000, &draft(1000));
        }
        assert!(store.retained_bytes() < 10_000 * 500, "{}", store.retained_bytes());
    }
}
