//! Delay levels (`ScheduleMessageService`): the setting `messageDelayLevel`, where a delayed message waits, and when it
//! is due.

use crate::kernel::time::{SimDuration, SimTime};

/// Where delayed messages wait, one queue for each level (`TopicValidator.RMQ_SYS_SCHEDULE_TOPIC`).
pub const SCHEDULE_TOPIC: &str = "SCHEDULE_TOPIC_XXXX";

/// Default of `messageDelayLevel`.
pub const DEFAULT_MESSAGE_DELAY_LEVEL: &str = "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h";

/// The delay of a level that the table lacks, milliseconds.
const DELAY_WITHOUT_LEVEL: i64 = 1000;

/// The queue of [`SCHEDULE_TOPIC`] in which a level waits (`ScheduleMessageService#delayLevel2QueueId`).
#[must_use]
pub const fn queue_id_of_level(level: i32) -> i32 {
    level.wrapping_sub(1)
}

/// The level that waits in a queue of [`SCHEDULE_TOPIC`] (`ScheduleMessageService#queueId2DelayLevel`).
#[must_use]
pub const fn level_of_queue_id(queue_id: i32) -> i32 {
    queue_id.wrapping_add(1)
}

/// The table of levels that a `messageDelayLevel` text gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelayLevels {
    /// Delay of level 1, 2, …, milliseconds. Without gaps: the first bad item ends the table.
    millis: Vec<i64>,
    max_level: i32,
    well_formed: bool,
}

impl Default for DelayLevels {
    fn default() -> Self {
        Self::parse(DEFAULT_MESSAGE_DELAY_LEVEL)
    }
}

impl DelayLevels {
    /// Reads the setting (`ScheduleMessageService#parseDelayLevel`): numbers with the unit `s`, `m`, `h` or `d`,
    /// separated by one space. A bad item ends the reading; what stands before it counts, and the bad item itself still
    /// raises [`Self::max_level`] unless it is empty.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut levels = Self { millis: Vec::new(), max_level: 0, well_formed: true };
        for item in split_as_java(text) {
            let Some(unit) = item.chars().next_back() else {
                levels.well_formed = false;
                break;
            };
            levels.max_level += 1;
            let Some(millis) = item_millis(item, unit) else {
                levels.well_formed = false;
                break;
            };
            levels.millis.push(millis);
        }
        levels
    }

    /// The table of these delays, level 1 first.
    #[must_use]
    pub fn of(delays: &[SimDuration]) -> Self {
        let millis = |delay: &SimDuration| i64::try_from(delay.as_nanos() / 1_000_000).unwrap_or(i64::MAX);
        let millis: Vec<i64> = delays.iter().map(millis).collect();
        Self { max_level: i32::try_from(millis.len()).unwrap_or(i32::MAX), millis, well_formed: true }
    }

    /// Whether every item could be read. A real broker does not start otherwise.
    #[must_use]
    pub const fn is_well_formed(&self) -> bool {
        self.well_formed
    }

    /// The highest level (`maxDelayLevel`); an unreadable item counts.
    #[must_use]
    pub const fn max_level(&self) -> i32 {
        self.max_level
    }

    /// The delay of a level in milliseconds; `None` if the table lacks it.
    #[must_use]
    pub fn delay_millis(&self, level: i32) -> Option<i64> {
        let index = usize::try_from(level).ok()?.checked_sub(1)?;
        self.millis.get(index).copied()
    }

    /// The delays from level 1 on, milliseconds.
    #[must_use]
    pub fn table(&self) -> &[i64] {
        &self.millis
    }

    /// The level under which a message with this `DELAY` is appended (`CommitLog#asyncPutMessage`): at most
    /// [`Self::max_level`]; `None` for an ordinary message.
    #[must_use]
    pub fn level_at_append(&self, level: i32) -> Option<i32> {
        (level > 0).then(|| level.min(self.max_level))
    }

    /// When a message stored at `store_timestamp` is due, both in milliseconds
    /// (`ScheduleMessageService#computeDeliverTimestamp`). A level without entry waits a second.
    #[must_use]
    pub fn deliver_timestamp(&self, level: i32, store_timestamp: i64) -> i64 {
        store_timestamp.wrapping_add(self.delay_millis(level).unwrap_or(DELAY_WITHOUT_LEVEL))
    }

    /// [`Self::deliver_timestamp`] in simulated time; a negative delay is due at once.
    #[must_use]
    pub fn deliver_at(&self, level: i32, stored_at: SimTime) -> SimTime {
        stored_at + self.delay(level)
    }

    /// The delay of a level as [`Self::deliver_timestamp`] counts it; a negative one is none.
    #[must_use]
    pub fn delay(&self, level: i32) -> SimDuration {
        let millis = self.delay_millis(level).unwrap_or(DELAY_WITHOUT_LEVEL);
        SimDuration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// When an entry of a level's queue is delivered at `now`, milliseconds
    /// (`DeliverDelayedMessageTimerTask#correctDeliverTimestamp`): one that is due later than its level can explain,
    /// after a change of the levels or of the clock, is due now.
    #[must_use]
    pub fn corrected_deliver_timestamp(&self, level: i32, now: i64, deliver_timestamp: i64) -> i64 {
        let latest = now.wrapping_add(self.delay_millis(level).unwrap_or(DELAY_WITHOUT_LEVEL));
        if deliver_timestamp > latest { now } else { deliver_timestamp }
    }
}

/// `String#split(" ")`: empty items at the end vanish, others stay; the empty text is one empty item.
fn split_as_java(text: &str) -> impl Iterator<Item = &str> {
    let kept = if text.is_empty() { text } else { text.trim_end_matches(' ') };
    let only_spaces = kept.is_empty() && !text.is_empty();
    kept.split(' ').filter(move |_| !only_spaces)
}

fn item_millis(item: &str, unit: char) -> Option<i64> {
    let unit_millis = match unit {
        's' => 1000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    let number: i64 = item[..item.len() - unit.len_utf8()].parse().ok()?;
    Some(number.wrapping_mul(unit_millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_18_levels_from_a_second_to_two_hours() {
        let levels = DelayLevels::default();
        assert!(levels.is_well_formed());
        assert_eq!(
            (levels.max_level(), levels.delay_millis(1), levels.delay_millis(18)),
            (18, Some(1000), Some(7_200_000))
        );
        assert_eq!((levels.delay_millis(0), levels.delay_millis(19), levels.delay_millis(-1)), (None, None, None));
    }

    #[test]
    fn a_bad_item_ends_the_table_but_counts_as_a_level() {
        for (text, max_level, table) in
            [("2d 3x 1s", 2, vec![172_800_000]), ("1s  5s", 1, vec![1000]), ("", 0, vec![]), ("1s 99é", 2, vec![1000])]
        {
            let levels = DelayLevels::parse(text);
            assert_eq!(
                (levels.is_well_formed(), levels.max_level(), levels.table()),
                (false, max_level, &table[..]),
                "{text}"
            );
        }
    }

    #[test]
    fn spaces_at_the_end_are_no_items() {
        assert_eq!(DelayLevels::parse("1s 5s  "), DelayLevels::parse("1s 5s"));
        let none = DelayLevels::parse("  ");
        assert_eq!((none.is_well_formed(), none.max_level()), (true, 0));
    }

    #[test]
    fn levels_above_the_maximum_are_the_maximum_and_others_no_delay() {
        let levels = DelayLevels::parse("1s 5s");
        assert_eq!([levels.level_at_append(1), levels.level_at_append(9)], [Some(1), Some(2)]);
        assert_eq!([levels.level_at_append(0), levels.level_at_append(-3)], [None, None]);
    }

    #[test]
    fn a_level_waits_in_the_queue_below_its_number() {
        assert_eq!((queue_id_of_level(1), level_of_queue_id(0)), (0, 1));
    }

    #[test]
    fn an_entry_later_than_its_level_allows_is_due_now() {
        let levels = DelayLevels::parse("1s 5s");
        assert_eq!(levels.corrected_deliver_timestamp(2, 10_000, 15_000), 15_000);
        assert_eq!(levels.corrected_deliver_timestamp(2, 10_000, 15_001), 10_000);
    }

    #[test]
    fn simulated_time_follows_the_same_table() {
        let levels = DelayLevels::parse("1s -5s");
        assert_eq!(levels.deliver_at(1, SimTime::from_millis(7)), SimTime::from_millis(1007));
        assert_eq!(levels.deliver_at(2, SimTime::from_millis(7)), SimTime::from_millis(7));
        assert_eq!(levels.deliver_at(3, SimTime::ZERO), SimTime::from_millis(1000));
    }
}
