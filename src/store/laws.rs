//! The store against a naive model that keeps every message in vectors and follows upstream's byte arithmetic literally.

use proptest::prelude::*;

use super::config::StoreConfig;
use super::get_message::{GetMessageStatus, GetResult, Pulled};
use super::message::{Draft, Message};
use super::message_store::{AppendStatus, MessageStore};
use crate::kernel::time::SimTime;

const QUEUES: usize = 3;
const UNIT: i64 = 20;

#[derive(Clone, Debug)]
enum Step {
    Put { queue: usize, size: u32, wait: u64 },
    Dispatch { queue: usize, back: u64 },
    Get { queue: usize, offset: i64, max_nums: u32, class: Option<u32> },
    ByTime { queue: usize, permille: u64 },
    Release { queue: usize, permille: u64 },
    DeleteLog { permille: u64 },
    Clean,
}

fn step(with_release: bool) -> impl Strategy<Value = Step> {
    let queue = 0..QUEUES;
    let release = if with_release { 3 } else { 0 };
    prop_oneof![
        40 => (queue.clone(), 20..400_u32, 0..3_000_000_u64)
            .prop_map(|(queue, size, wait)| Step::Put { queue, size, wait }),
        15 => (queue.clone(), 0..5_000_000_u64).prop_map(|(queue, back)| Step::Dispatch { queue, back }),
        30 => (queue.clone(), -2..60_i64, 0..40_u32, prop::option::of(0..3_u32))
            .prop_map(|(queue, offset, max_nums, class)| Step::Get { queue, offset, max_nums, class }),
        10 => (queue.clone(), 0..1100_u64).prop_map(|(queue, permille)| Step::ByTime { queue, permille }),
        release => (queue, 0..1100_u64).prop_map(|(queue, permille)| Step::Release { queue, permille }),
        (3 - release) => (0..1100_u64).prop_map(|permille| Step::DeleteLog { permille }),
        (3 - release) => Just(Step::Clean),
    ]
}

fn config() -> impl Strategy<Value = StoreConfig> {
    (300..3000_u64, 1..12_u64, 0..20_000_u64).prop_map(|(log_file, entries, physical_memory)| StoreConfig {
        mapped_file_size_commit_log: log_file,
        consume_queue_file_entries: entries,
        physical_memory,
        max_transfer_bytes_on_message_in_memory: 2000,
        max_transfer_bytes_on_message_in_disk: 900,
        max_transfer_count_on_message_in_memory: 12,
        max_transfer_count_on_message_in_disk: 5,
        ..StoreConfig::default()
    })
}

/// Every message ever, and where files begin, in bytes as upstream counts.
struct Model {
    config: StoreConfig,
    log_min: u64,
    log_max: u64,
    rows: Vec<Vec<Message>>,
    visible: Vec<usize>,
    min: Vec<i64>,
    first_file: Vec<i64>,
}

impl Model {
    fn new(config: StoreConfig) -> Self {
        let rows = vec![Vec::new(); QUEUES];
        let (visible, min, first_file) = (vec![0; QUEUES], vec![0; QUEUES], vec![0; QUEUES]);
        Self { config, log_min: 0, log_max: 0, rows, visible, min, first_file }
    }

    fn file_bytes(&self) -> i64 {
        self.config.consume_queue_file_entries as i64 * UNIT
    }

    fn put(&mut self, now: SimTime, queue: usize, draft: &Draft) -> Option<(u64, u64)> {
        let file = self.config.mapped_file_size_commit_log;
        for _ in 0..2 {
            let left = file - self.log_max % file;
            if u64::from(draft.size) + 8 <= left {
                let physical = self.log_max;
                self.log_max += u64::from(draft.size);
                let Draft { born_at, size, body, key, class } = *draft;
                self.rows[queue].push(Message { physical, stored_at: now, born_at, size, body, key, class });
                return Some((physical, self.rows[queue].len() as u64 - 1));
            }
            self.log_max += left;
        }
        None
    }

    fn dispatch(&mut self, queue: usize, until: SimTime) {
        while self.rows[queue].get(self.visible[queue]).is_some_and(|row| row.stored_at <= until) {
            self.visible[queue] += 1;
        }
    }

    fn max_bytes(&self, queue: usize) -> i64 {
        self.visible[queue] as i64 * UNIT
    }

    fn last_file(&self, queue: usize) -> i64 {
        (self.max_bytes(queue) - UNIT).max(0) / self.file_bytes() * self.file_bytes()
    }

    fn in_disk(&self, physical: u64) -> bool {
        let memory =
            self.config.physical_memory as f64 * (self.config.access_message_in_memory_max_ratio as f64 / 100.0);
        self.log_max as i64 - physical as i64 > memory as i64
    }

    fn full(&self, row: &Message, bytes: u64, count: u32, max_nums: u32) -> bool {
        let limits = &self.config;
        if bytes == 0 || count == 0 {
            return false;
        }
        if max_nums <= count {
            return true;
        }
        let with = bytes + u64::from(row.size);
        if self.in_disk(row.physical) {
            with > limits.max_transfer_bytes_on_message_in_disk
                || count > limits.max_transfer_count_on_message_in_disk - 1
        } else {
            with > limits.max_transfer_bytes_on_message_in_memory
                || count > limits.max_transfer_count_on_message_in_memory - 1
        }
    }

    /// Status, next offset, taken (queue offset, position), bytes, slave suggestion.
    fn get(&self, queue: usize, offset: i64, max_nums: u32, class: Option<u32>) -> Answer {
        use GetMessageStatus::*;
        let (min, max) = (self.min[queue] / UNIT, self.visible[queue] as i64);
        let nothing = |status, next| Answer { status, next, taken: Vec::new(), bytes: 0, suggest_slave: false };
        match () {
            () if max == 0 => return nothing(NoMessageInQueue, 0),
            () if offset < min => return nothing(OffsetTooSmall, min),
            () if offset == max => return nothing(OffsetOverflowOne, offset),
            () if offset > max => return nothing(OffsetOverflowBadly, max),
            () if offset * UNIT < self.first_file[queue] => {
                let entries = self.config.consume_queue_file_entries as i64;
                return nothing(OffsetFoundNull, offset + entries - offset % entries);
            }
            () => {}
        }
        let file = self.file_bytes();
        let in_file = (file - offset * UNIT % file).min(self.max_bytes(queue) - offset * UNIT);
        let mut answer = nothing(NoMatchedMessage, 0);
        let (mut next_file, mut max_pulling, mut i) = (i64::MIN, 0, 0);
        while i < in_file && i < 16_000.max(i64::from(max_nums) * UNIT) {
            let at = offset + i / UNIT;
            let row = self.rows[queue][at as usize];
            max_pulling = row.physical;
            let skipped = next_file != i64::MIN && (row.physical as i64) < next_file;
            if !skipped {
                if self.full(&row, answer.bytes, answer.taken.len() as u32, max_nums) {
                    break;
                }
                if class.is_some_and(|class| class != row.class) {
                    if answer.bytes == 0 {
                        answer.status = NoMatchedMessage;
                    }
                } else if let Some(record) = self.record(queue, at as usize) {
                    answer.taken.push(record);
                    answer.bytes += u64::from(row.size);
                    answer.status = Found;
                    next_file = i64::MIN;
                } else {
                    if answer.bytes == 0 {
                        answer.status = MessageWasRemoving;
                    }
                    let log_file = self.config.mapped_file_size_commit_log;
                    next_file = (row.physical + log_file - row.physical % log_file) as i64;
                }
            }
            i += UNIT;
        }
        answer.next = offset + i / UNIT;
        answer.suggest_slave = self.in_disk(max_pulling);
        answer
    }

    fn record(&self, queue: usize, at: usize) -> Option<(u64, u64)> {
        let physical = self.rows[queue][at].physical;
        if physical >= self.log_min {
            return Some((at as u64, physical));
        }
        let first =
            self.rows.iter().flat_map(|rows| rows.iter().enumerate()).find(|(_, row)| row.physical == self.log_min);
        first.filter(|_| physical == 0).map(|(at, row)| (at as u64, row.physical))
    }

    fn by_time(&self, queue: usize, time: u64) -> i64 {
        if self.visible[queue] == 0 {
            return 0;
        }
        let time = time as i64;
        let stored = |at: i64| self.rows[queue][(at / UNIT) as usize].stored_at.as_millis() as i64;
        let (file, last) = (self.file_bytes(), self.last_file(queue));
        let mut start = self.first_file[queue];
        while start < last && stored(start + file - UNIT) < time {
            start += file;
        }
        let size = file.min(self.max_bytes(queue) - start);
        let mut low = (self.min[queue] - start).max(0);
        let mut high = size - UNIT;
        let (mut left, mut right, mut left_time, mut right_time) = (-1, -1, -1, -1);
        while high >= low {
            let mid = (low + high) / (2 * UNIT) * UNIT;
            if self.rows[queue][((start + mid) / UNIT) as usize].physical < self.log_min {
                low = mid + UNIT;
                left = mid;
                continue;
            }
            let store_time = stored(start + mid);
            if store_time == time {
                return (start + mid) / UNIT;
            } else if store_time > time {
                high = mid - UNIT;
                (right, right_time) = (mid, store_time);
            } else {
                low = mid + UNIT;
                (left, left_time) = (mid, store_time);
            }
        }
        let found = if left_time == -1 {
            right
        } else if right_time == -1 || (time - left_time).abs() <= (time - right_time).abs() {
            left
        } else {
            right
        };
        (start + found) / UNIT
    }

    fn clean(&mut self) {
        for queue in 0..QUEUES {
            let physical = |at: i64| self.rows[queue][(at / UNIT) as usize].physical;
            let file = self.file_bytes();
            let last = self.last_file(queue);
            while self.first_file[queue] < last && physical(self.first_file[queue] + file - UNIT) < self.log_min {
                self.first_file[queue] += file;
            }
            let start = self.first_file[queue];
            let end = (start + file).min(self.max_bytes(queue));
            if let Some(at) = (start..end).step_by(UNIT as usize).find(|&at| physical(at) >= self.log_min) {
                self.min[queue] = at;
            }
        }
    }
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: GetMessageStatus,
    next: i64,
    taken: Vec<(u64, u64)>,
    bytes: u64,
    suggest_slave: bool,
}

fn answer(result: &GetResult, out: &[Pulled]) -> Answer {
    assert_eq!(result.count as usize, out.len());
    Answer {
        status: result.status,
        next: result.next_begin_offset,
        taken: out.iter().map(|pulled| (pulled.offset, pulled.message.physical)).collect(),
        bytes: result.bytes,
        suggest_slave: result.suggest_slave,
    }
}

/// Runs the steps on both and compares everything that can be seen.
fn run(config: &StoreConfig, steps: &[Step]) {
    let (mut store, mut model) = (MessageStore::new(config.clone(), QUEUES), Model::new(config.clone()));
    let (mut now, mut puts, mut released) = (0, 0, [0_u64; QUEUES]);
    for step in steps {
        match *step {
            Step::Put { queue, size, wait } => {
                now += wait;
                puts += 1;
                let at = SimTime::from_nanos(now);
                let draft = Draft { born_at: at, size, body: 0, key: puts, class: puts % 3 };
                let put = store.put(at, queue, &draft);
                let got = (put.status == AppendStatus::PutOk).then_some((put.physical, put.queue_offset));
                assert_eq!(got, model.put(at, queue, &draft));
            }
            Step::Dispatch { queue, back } => {
                let until = SimTime::from_nanos(now.saturating_sub(back));
                store.dispatch(queue, until);
                model.dispatch(queue, until);
                let waiting = model.rows[queue].get(model.visible[queue]).map(|row| row.stored_at);
                assert_eq!(store.next_undispatched_at(queue), waiting);
            }
            Step::Get { queue, offset, max_nums, class } => {
                let offset = if released[queue] == 0 { offset } else { offset + released[queue] as i64 };
                let mut out = Vec::new();
                let result = match class {
                    None => store.get_message(queue, offset, max_nums, &mut out),
                    Some(class) => {
                        let wanted = |message: &Message| message.class == class;
                        store.get_message_filtered(queue, offset, max_nums, &wanted, &mut out)
                    }
                };
                if offset >= released[queue] as i64 {
                    assert_eq!(answer(&result, &out), model.get(queue, offset, max_nums, class));
                } else {
                    assert!(out.iter().all(|pulled| pulled.offset >= released[queue]));
                }
            }
            Step::ByTime { queue, permille } => {
                let (time, got) =
                    (now * permille / 1000, store.offset_by_time(queue, SimTime::from_nanos(now * permille / 1000)));
                if released[queue] == 0 {
                    assert_eq!(got as i64, model.by_time(queue, time / 1_000_000));
                } else {
                    assert!(got <= store.max_offset(queue));
                }
            }
            Step::Release { queue, permille } => {
                let up_to = model.visible[queue] as u64 * permille / 1000;
                store.release(queue, up_to);
                released[queue] = released[queue].max(up_to.min(model.visible[queue] as u64));
            }
            Step::DeleteLog { permille } => {
                let min = store.delete_log_files_before(model.log_max * permille / 1000);
                assert!(min >= model.log_min && min <= model.log_max && min % config.mapped_file_size_commit_log == 0);
                model.log_min = min;
            }
            Step::Clean => {
                store.clean_consume_queues();
                model.clean();
            }
        }
        for (queue, &released) in released.iter().enumerate() {
            assert_eq!(store.min_offset(queue) as i64, model.min[queue] / UNIT);
            assert_eq!(store.max_offset(queue), model.visible[queue] as u64);
            assert_eq!(store.appended_offset(queue), model.rows[queue].len() as u64);
            assert_eq!(store.released_offset(queue), released);
        }
        assert_eq!(store.log_max_offset(), model.log_max);
        let stored: usize = model.rows.iter().map(Vec::len).sum();
        assert_eq!(store.retained_messages(), stored as u64 - released.iter().sum::<u64>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_history_reads_as_the_naive_model(config in config(), steps in prop::collection::vec(step(false), 1..400)) {
        run(&config, &steps);
    }

    #[test]
    fn releasing_changes_nothing_for_readers_in_front(
        config in config(),
        steps in prop::collection::vec(step(true), 1..1500),
    ) {
        run(&config, &steps);
    }
}
