//! The steps of a start.

use std::collections::BTreeMap;

use super::index::IndexModel;
use super::log::{LogModel, Walk};
use super::queue::QueueModel;
use crate::store::delay::DelayLevels;
use crate::store::disk::checkpoint::Checkpoint;
use crate::store::disk::dispatch;
use crate::store::disk::error::StoreError;
use crate::store::disk::index_file::{IndexHeader, IndexSizes};
use crate::store::disk::queue_entry::QueueEntry;
use crate::store::disk::record::{END_FILE_MIN_BLANK_LEN, Record};
use crate::store::disk::source::StoreSource;
use crate::store::disk::sys_flag;

/// The settings that decide how a store is opened (`MessageStoreConfig`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoverConfig {
    /// `mappedFileSizeCommitLog`, bytes.
    pub commit_log_file_size: u64,
    /// `mappedFileSizeConsumeQueue`, bytes; a multiple of 20.
    pub consume_queue_file_size: u64,
    /// `maxHashSlotNum` and `maxIndexNum`.
    pub index: IndexSizes,
    /// `checkCRCOnRecover`. true.
    pub check_crc_on_recover: bool,
    /// `messageIndexEnable`. true.
    pub message_index_enable: bool,
    /// `messageIndexSafe`. false.
    pub message_index_safe: bool,
    /// `messageDelayLevel`.
    pub levels: DelayLevels,
}

impl Default for RecoverConfig {
    fn default() -> Self {
        Self {
            commit_log_file_size: 1 << 30,
            consume_queue_file_size: 6_000_000,
            index: IndexSizes::default(),
            check_crc_on_recover: true,
            message_index_enable: true,
            message_index_safe: false,
            levels: DelayLevels::default(),
        }
    }
}

/// Bounds of a consume queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueBounds {
    /// The topic.
    pub topic: String,
    /// The queue id.
    pub queue_id: i32,
    /// First offset that can be read.
    pub min_offset: i64,
    /// Offset of the next message.
    pub max_offset: i64,
}

/// Where the next message would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextPut {
    /// Its physical offset.
    pub physical_offset: i64,
    /// Its offset in the queue.
    pub queue_offset: i64,
    /// The queue's maximum offset when the message is dispatched.
    pub max_offset_after: i64,
}

/// Queues by topic and id.
type Queues = BTreeMap<(String, i32), QueueModel>;

/// A store after the broker's start.
pub struct Recovered {
    log: LogModel,
    queues: Queues,
    index: IndexModel,
    /// Whether the last exit was clean: no `abort` file.
    pub last_exit_ok: bool,
    /// The checkpoint as it was found.
    pub checkpoint: Checkpoint,
}

/// Opens a store. `None`: the broker refuses to start, because a log or queue file has another name or length than
/// configured.
///
/// # Errors
/// If a file cannot be read. Damaged content is no error here.
pub fn open_store(source: &dyn StoreSource, config: &RecoverConfig) -> Result<Option<Recovered>, StoreError> {
    let last_exit_ok = !source.exists("abort");
    let Some(log) = LogModel::load(source, config.commit_log_file_size)? else { return Ok(None) };
    let Some(queues) = load_queues(source, config)? else { return Ok(None) };
    let checkpoint = read_checkpoint(source)?;
    let latest = (!last_exit_ok).then_some(checkpoint.index_msg_timestamp);
    let index = IndexModel::load(source, config.index, latest)?;
    let mut store = Recovered { log, queues, index, last_exit_ok, checkpoint };
    store.recover(source, config)?;
    store.dispatch_the_rest(source, config)?;
    Ok(Some(store))
}

fn load_queues(source: &dyn StoreSource, config: &RecoverConfig) -> Result<Option<Queues>, StoreError> {
    let mut queues = BTreeMap::new();
    let list = |dir: &str| source.list(dir).map_err(|error| StoreError::new(dir, 0, error));
    for topic in list("consumequeue")?.into_iter().filter(|entry| entry.is_dir) {
        for queue in list(&format!("consumequeue/{}", topic.name))? {
            let Ok(queue_id) = queue.name.parse::<i32>() else { continue };
            let dir = format!("consumequeue/{}/{}", topic.name, queue.name);
            let Some(model) = QueueModel::load(source, dir, config.consume_queue_file_size)? else { return Ok(None) };
            queues.insert((topic.name.clone(), queue_id), model);
        }
    }
    Ok(Some(queues))
}

fn read_checkpoint(source: &dyn StoreSource) -> Result<Checkpoint, StoreError> {
    const FILE: &str = "checkpoint";
    if !source.exists(FILE) {
        return Ok(Checkpoint::default());
    }
    let mut bytes = [0; 24];
    let read = source.open(FILE).and_then(|file| file.read_at(0, &mut bytes));
    read.map_err(|error| StoreError::new(FILE, 0, error))?;
    Ok(Checkpoint::decode(&bytes))
}

impl Recovered {
    /// `DefaultMessageStore#recover`: queues first, then the log after a clean or an unclean exit.
    fn recover(&mut self, source: &dyn StoreSource, config: &RecoverConfig) -> Result<(), StoreError> {
        let mut max_physical = -1;
        for queue in self.queues.values_mut() {
            queue.recover(source)?;
            max_physical = max_physical.max(queue.max_physical());
        }
        if self.log.is_empty() {
            // Without a log the queues are deleted.
            self.queues.clear();
            return Ok(());
        }
        let end = if self.last_exit_ok {
            let start = self.log.len().saturating_sub(3);
            self.log.walk(source, start, config, |_| Ok(()))?
        } else {
            let until = if config.message_index_enable && config.message_index_safe {
                self.checkpoint.min_timestamp_index()
            } else {
                self.checkpoint.min_timestamp()
            };
            let start = self.log.file_to_recover_from(source, until)?;
            let Self { log, queues, index, .. } = self;
            log.walk(source, start, config, |record| dispatch_record(source, config, queues, index, record))?
        };
        self.log.truncate(end);
        if max_physical >= end {
            for queue in self.queues.values_mut() {
                queue.truncate_dirty(source, end)?;
            }
        }
        self.correct_min_offsets(source)
    }

    /// What a start does before the broker serves: everything behind the furthest queue is dispatched.
    fn dispatch_the_rest(&mut self, source: &dyn StoreSource, config: &RecoverConfig) -> Result<(), StoreError> {
        let furthest = self.queues.values().map(QueueModel::max_physical).max().unwrap_or(-1);
        let from = furthest.max(self.log.min_offset()).max(0);
        let Self { log, queues, index, .. } = self;
        let walk = Walk { from, check_crc: false };
        log.dispatch(source, walk, config, |record| dispatch_record(source, config, queues, index, record))?;
        self.correct_min_offsets(source)
    }

    fn correct_min_offsets(&mut self, source: &dyn StoreSource) -> Result<(), StoreError> {
        let min = self.log.min_offset();
        self.queues.values_mut().try_for_each(|queue| queue.correct_min_offset(source, min))
    }

    /// First byte of the log; -1 without a log.
    #[must_use]
    pub fn log_min_offset(&self) -> i64 {
        self.log.min_offset()
    }

    /// End of the log.
    #[must_use]
    pub fn log_max_offset(&self) -> i64 {
        self.log.max_offset()
    }

    /// The queues by topic and id.
    pub fn queues(&self) -> impl Iterator<Item = QueueBounds> {
        self.queues.iter().map(|((topic, queue_id), queue)| QueueBounds {
            topic: topic.clone(),
            queue_id: *queue_id,
            min_offset: queue.min_offset(),
            max_offset: queue.max_offset(),
        })
    }

    /// The headers of the index files, oldest first.
    #[must_use]
    pub fn index_headers(&self) -> &[IndexHeader] {
        self.index.headers()
    }

    /// Where a record of `size` bytes for a queue would go.
    #[must_use]
    pub fn next_put(&self, topic: &str, queue_id: i32, size: u64) -> NextPut {
        let queue = self.queues.get(&(topic.to_owned(), queue_id));
        let queue_offset = queue.map_or(0, QueueModel::max_offset);
        let physical_offset = self.log.next_put(size + END_FILE_MIN_BLANK_LEN);
        let end = physical_offset.saturating_add_unsigned(size);
        let counts = queue.is_none_or(|queue| end > queue.max_physical());
        NextPut { physical_offset, queue_offset, max_offset_after: queue_offset + i64::from(counts) }
    }
}

/// `DefaultMessageStore#doDispatch`.
fn dispatch_record(
    source: &dyn StoreSource,
    config: &RecoverConfig,
    queues: &mut Queues,
    index: &mut IndexModel,
    record: &Record<'_>,
) -> Result<(), StoreError> {
    let topic = record.topic();
    if sys_flag::is_queued(record.sys_flag) {
        let key = (topic.clone().into_owned(), record.queue_id);
        let empty =
            || QueueModel::empty(format!("consumequeue/{topic}/{}", record.queue_id), config.consume_queue_file_size);
        let queue = queues.entry(key).or_insert_with(empty);
        let tags_code = dispatch::tags_code_of(record, &config.levels).unwrap_or(0);
        let size = record.size() as i32;
        let entry = QueueEntry { physical_offset: record.physical_offset, size, tags_code };
        queue.put(source, entry, record.queue_offset)?;
    }
    if config.message_index_enable {
        index.put(record);
    }
    Ok(())
}
