//! The task of one delay level (`ScheduleMessageService.DeliverDelayedMessageTimerTask`): it runs every 100 ms, delivers
//! what is due one message after another, and remembers how far it has come. Runs that would find nothing are not made:
//! the next one that has something to do is computed.

use crate::kernel::time::{SimDuration, SimTime};

/// `FIRST_DELAY_TIME`: the first run after the broker's start.
pub const FIRST_DELAY_TIME: SimDuration = SimDuration::from_millis(1000);
/// `DELAY_FOR_A_WHILE`: the pause between two runs.
pub const DELAY_FOR_A_WHILE: SimDuration = SimDuration::from_millis(100);
/// `flushDelayOffsetInterval`: first and further writes of `delayOffset.json`.
pub const FLUSH_DELAY_OFFSET_INTERVAL: SimDuration = SimDuration::from_secs(10);

/// What the task does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing waits, or what waits is not due: the next run that finds something to do begins then.
    Waiting(SimTime),
    /// A message is being delivered and stored at this time; the run goes on up to this offset.
    Delivering(SimTime, u64),
}

/// The task of a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelTask {
    started: SimTime,
    rhythm: SimDuration,
    offset: u64,
    last_run: SimTime,
    step: Step,
    /// The offset as it was when the latest period of the file's writing began in which it moved, and that period.
    before: (u64, u64),
}

impl LevelTask {
    /// The task of a broker that starts at `now`, from a saved offset (0 if there is none). An idle run takes `work`, timer and
    /// all: the next one begins that much later than 100 ms.
    #[must_use]
    pub fn start(now: SimTime, offset: u64, work: SimDuration) -> Self {
        let rhythm = DELAY_FOR_A_WHILE + work;
        let last_run = (now + FIRST_DELAY_TIME).saturating_sub(rhythm);
        Self { started: now, rhythm, offset, last_run, step: Step::Waiting(SimTime::MAX), before: (offset, 0) }
    }

    /// The first message that is not delivered (`offsetTable`).
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// When the task does something next; [`SimTime::MAX`] when nothing waits.
    #[must_use]
    pub const fn next(&self) -> SimTime {
        match self.step {
            Step::Waiting(at) | Step::Delivering(at, _) => at,
        }
    }

    /// The message at the task's offset is visible and due from `ready` on: the run that finds it is the first after that.
    /// Nothing changes while a run is on its way.
    pub fn wait_for(&mut self, ready: SimTime) {
        if matches!(self.step, Step::Waiting(_)) {
            self.step = Step::Waiting(self.run_at_or_after(ready));
        }
    }

    /// The end of the buffer that a run read when it began, while it goes on.
    #[must_use]
    pub const fn run_end(&self) -> Option<u64> {
        match self.step {
            Step::Waiting(_) => None,
            Step::Delivering(_, end) => Some(end),
        }
    }

    /// The message at the offset is due: it is stored at `at`; the run sees messages before `end`.
    pub const fn deliver(&mut self, at: SimTime, end: u64) {
        self.step = Step::Delivering(at, end);
    }

    /// The message at the offset was delivered at `now`.
    pub const fn delivered(&mut self, now: SimTime) {
        let period = self.period(now);
        if period > self.before.1 {
            self.before = (self.offset, period);
        }
        self.offset += 1;
    }

    /// A run ends at `now`: nothing more is due. The next one is 100 ms later.
    pub const fn end_run(&mut self, now: SimTime) {
        self.last_run = now;
        self.step = Step::Waiting(SimTime::MAX);
    }

    /// What `delayOffset.json` holds at `now`: after a crash the task goes on from there.
    #[must_use]
    pub const fn persisted(&self, now: SimTime) -> u64 {
        if self.period(now) > self.before.1 { self.offset } else { self.before.0 }
    }

    const fn period(&self, now: SimTime) -> u64 {
        now.since(self.started).as_nanos() / FLUSH_DELAY_OFFSET_INTERVAL.as_nanos()
    }

    fn run_at_or_after(&self, ready: SimTime) -> SimTime {
        let pause = self.rhythm.as_nanos();
        let runs = ready.since(self.last_run).as_nanos().div_ceil(pause).max(1);
        self.last_run + SimDuration::from_nanos(runs * pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> SimTime {
        SimTime::from_millis(millis)
    }

    #[test]
    fn the_first_run_comes_a_second_after_the_start_and_the_others_every_100_ms() {
        let mut task = LevelTask::start(ms(500), 0, SimDuration::ZERO);
        assert_eq!(task.next(), SimTime::MAX);
        task.wait_for(ms(600));
        assert_eq!(task.next(), ms(1500));
        task.wait_for(ms(1500));
        assert_eq!(task.next(), ms(1500), "due at the very moment of a run");
        task.wait_for(ms(1501));
        assert_eq!(task.next(), ms(1600));
    }

    #[test]
    fn the_pause_counts_from_the_end_of_the_last_run() {
        let mut task = LevelTask::start(SimTime::ZERO, 0, SimDuration::ZERO);
        task.wait_for(ms(1000));
        task.deliver(ms(1030), 1);
        task.wait_for(ms(1001));
        assert_eq!((task.next(), task.run_end()), (ms(1030), Some(1)));
        task.delivered(ms(1030));
        task.end_run(ms(1030));
        assert_eq!((task.offset(), task.next()), (1, SimTime::MAX));
        task.wait_for(ms(1031));
        assert_eq!(task.next(), ms(1130));
    }

    #[test]
    fn the_offset_on_disk_is_that_of_the_last_whole_ten_seconds() {
        let mut task = LevelTask::start(SimTime::ZERO, 3, SimDuration::ZERO);
        task.delivered(ms(9_000));
        assert_eq!((task.persisted(ms(9_999)), task.persisted(ms(10_000))), (3, 4));
        task.delivered(ms(12_000));
        task.delivered(ms(13_000));
        assert_eq!((task.persisted(ms(19_999)), task.persisted(ms(20_000))), (4, 6));
    }
}
