//! The check of undecided half messages (`TransactionalMessageServiceImpl#check`): which half messages are decided, which
//! are put back and asked about, which are given up.

use std::collections::BTreeMap;

use crate::kernel::time::{SimDuration, SimTime};

/// Operations read at once (`OP_MSG_PULL_NUMS`).
const OP_MSG_PULL_NUMS: usize = 32;

/// What the check needs to know of a half message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HalfMessage {
    /// `bornTimestamp`.
    pub born: SimTime,
    /// `storeTimestamp`.
    pub stored: SimTime,
    /// `TRANSACTION_CHECK_TIMES`, 0 when absent.
    pub check_times: u8,
    /// `CHECK_IMMUNITY_TIME_IN_SECONDS`.
    pub immunity: Option<SimDuration>,
    /// `TRAN_PREPARED_QUEUE_OFFSET`: the first offset of a message put back during its immunity.
    pub prepared_offset: Option<u64>,
}

/// An operation: a half message is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Offset in the operation queue.
    pub offset: u64,
    /// Body: offset in the half queue.
    pub half_offset: u64,
    /// `bornTimestamp`.
    pub born: SimTime,
}

/// The half queue and its operation queue, as the check sees and changes them.
pub trait HalfQueue {
    /// The visible half message at an offset; `None` at the end.
    fn half(&mut self, offset: u64) -> Option<HalfMessage>;
    /// The visible operation at an offset; `None` at the end.
    fn operation(&mut self, offset: u64) -> Option<Operation>;
    /// Stores the half message again at the tail with this count of checks and, during its immunity, its first offset;
    /// returns the new offset.
    fn put_back(&mut self, offset: u64, check_times: u8, prepared_offset: Option<u64>) -> u64;
    /// Asks a producer about the half message at this offset.
    fn ask(&mut self, offset: u64);
    /// Gives the half message up: a copy goes to `TRANS_CHECK_MAX_TIME_TOPIC`.
    fn discard(&mut self, offset: u64);
}

/// Settings of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckSettings {
    /// `transactionTimeOut`.
    pub time_out: SimDuration,
    /// `transactionCheckMax`.
    pub check_max: u8,
    /// `fileReservedTime`: an older half message is passed over.
    pub reserved: SimDuration,
}

/// Progress of the check through a half queue and its operation queue: the offsets of group `CID_RMQ_SYS_TRANS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckProgress {
    /// Half messages before it are decided, given up or put back.
    pub half_offset: u64,
    /// Operations before it are used up.
    pub op_offset: u64,
}

/// Operations read and not used up.
#[derive(Debug, Default)]
struct Operations {
    /// Half offset to the operation that decides it.
    remove: BTreeMap<u64, u64>,
    done: Vec<u64>,
    next: u64,
    /// The newest of the last read; `None` when it found nothing.
    newest: Option<SimTime>,
}

impl Operations {
    /// `#fillOpRemoveMap`.
    fn read(&mut self, queue: &mut impl HalfQueue, half_offset: u64) {
        self.newest = None;
        for _ in 0..OP_MSG_PULL_NUMS {
            let Some(operation) = queue.operation(self.next) else { break };
            self.next += 1;
            self.newest = Some(operation.born);
            if operation.half_offset < half_offset {
                self.done.push(operation.offset);
            } else {
                self.remove.insert(operation.half_offset, operation.offset);
            }
        }
    }

    fn take(&mut self, half_offset: u64) -> bool {
        let taken = self.remove.remove(&half_offset);
        self.done.extend(taken);
        taken.is_some()
    }

    /// `#calculateOpOffset`: past the operations that are used up without a gap.
    fn used_up(&mut self, from: u64) -> u64 {
        self.done.sort_unstable();
        self.done.iter().fold(from, |next, done| if *done == next { next + 1 } else { next })
    }
}

/// One round of the check at `now`.
pub fn check(progress: &mut CheckProgress, now: SimTime, settings: &CheckSettings, queue: &mut impl HalfQueue) {
    let mut operations = Operations { next: progress.op_offset, ..Operations::default() };
    operations.read(queue, progress.half_offset);
    let mut at = progress.half_offset;
    loop {
        if operations.take(at) {
            at += 1;
            continue;
        }
        let Some(half) = queue.half(at) else { break };
        if half.check_times >= settings.check_max {
            queue.discard(at);
            at += 1;
            continue;
        }
        let age = now.since(half.born);
        if age > settings.reserved {
            queue.discard(at);
            at += 1;
            continue;
        }
        let check_times = half.check_times + 1;
        if half.stored >= now {
            break;
        }
        let immunity = half.immunity.unwrap_or(settings.time_out);
        if half.immunity.is_some() {
            if age < immunity {
                let decided = half.prepared_offset.is_some_and(|first| operations.take(first));
                if !decided {
                    queue.put_back(at, check_times, Some(half.prepared_offset.unwrap_or(at)));
                }
                at += 1;
                continue;
            }
        } else if age < immunity {
            break;
        }
        let needed = match operations.newest {
            None => age > immunity,
            // Born after the start of this round by more than the time-out: cannot be while a round takes no time.
            Some(newest) => newest > now + settings.time_out,
        };
        if needed {
            let again = queue.put_back(at, check_times, half.prepared_offset);
            queue.ask(again);
            at += 1;
        } else if operations.newest.is_some() {
            operations.read(queue, at);
        } else {
            break;
        }
    }
    progress.half_offset = at;
    progress.op_offset = operations.used_up(progress.op_offset);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Queue {
        now: SimTime,
        halves: Vec<HalfMessage>,
        operations: Vec<u64>,
        asked: Vec<u64>,
        discarded: Vec<u64>,
    }

    impl HalfQueue for Queue {
        fn half(&mut self, offset: u64) -> Option<HalfMessage> {
            self.halves.get(offset as usize).copied()
        }
        fn operation(&mut self, offset: u64) -> Option<Operation> {
            let half_offset = *self.operations.get(offset as usize)?;
            Some(Operation { offset, half_offset, born: SimTime::ZERO })
        }
        fn put_back(&mut self, offset: u64, check_times: u8, prepared_offset: Option<u64>) -> u64 {
            let half = self.halves[offset as usize];
            self.halves.push(HalfMessage { stored: self.now, check_times, prepared_offset, ..half });
            self.halves.len() as u64 - 1
        }
        fn ask(&mut self, offset: u64) {
            self.asked.push(offset);
        }
        fn discard(&mut self, offset: u64) {
            self.discarded.push(offset);
        }
    }

    const SETTINGS: CheckSettings = CheckSettings {
        time_out: SimDuration::from_secs(6),
        check_max: 15,
        reserved: SimDuration::from_secs(72 * 3600),
    };

    fn half(at: u64) -> HalfMessage {
        let at = SimTime::from_secs(at);
        HalfMessage { born: at, stored: at, check_times: 0, immunity: None, prepared_offset: None }
    }

    fn round(queue: &mut Queue, progress: &mut CheckProgress, secs: u64) {
        queue.now = SimTime::from_secs(secs);
        check(progress, queue.now, &SETTINGS, queue);
    }

    #[test]
    fn an_undecided_half_message_is_put_back_and_asked_about_each_round_until_it_is_discarded() {
        let mut queue = Queue { halves: vec![half(1)], ..Queue::default() };
        let mut progress = CheckProgress::default();
        for minute in 1..=17 {
            round(&mut queue, &mut progress, minute * 60);
        }
        assert_eq!(queue.asked, (1..=15).collect::<Vec<_>>());
        assert_eq!((queue.discarded, progress.half_offset), (vec![15], 16));
    }

    #[test]
    fn a_decided_one_is_passed_and_a_young_one_ends_the_round() {
        let mut queue = Queue { halves: vec![half(1), half(2), half(58)], operations: vec![1, 0], ..Queue::default() };
        let mut progress = CheckProgress::default();
        round(&mut queue, &mut progress, 60);
        assert_eq!(progress, CheckProgress { half_offset: 2, op_offset: 2 });
        assert!(queue.asked.is_empty());
        round(&mut queue, &mut progress, 120);
        assert_eq!((queue.asked.as_slice(), progress.half_offset), (&[3][..], 3));
    }

    #[test]
    fn operations_are_read_in_blocks_of_32_before_anything_is_asked() {
        let mut queue = Queue { halves: vec![half(1); 100], operations: (1..100).collect(), ..Queue::default() };
        let mut progress = CheckProgress::default();
        round(&mut queue, &mut progress, 60);
        assert_eq!((queue.asked.as_slice(), progress.half_offset), (&[100][..], 100));
        assert_eq!(progress.op_offset, 99);
        round(&mut queue, &mut progress, 120);
        assert_eq!(queue.asked, [100, 101]);
    }

    #[test]
    fn a_message_is_put_back_unasked_during_its_immunity_and_remembers_its_first_offset() {
        let mut queue = Queue { halves: vec![half(1)], ..Queue::default() };
        queue.halves[0].immunity = Some(SimDuration::from_secs(100));
        let mut progress = CheckProgress::default();
        round(&mut queue, &mut progress, 60);
        assert_eq!((queue.asked.len(), queue.halves[1].prepared_offset), (0, Some(0)));
        queue.operations.push(0);
        round(&mut queue, &mut progress, 90);
        // The operation names an offset that the check has passed, so it counts as used up and does not help.
        assert_eq!((queue.halves.len(), queue.halves[2].prepared_offset, progress.half_offset), (3, Some(0), 2));
        assert_eq!((queue.asked.len(), progress.op_offset), (0, 1));
    }
}
