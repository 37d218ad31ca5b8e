//! `messageDelayLevel` as RocketMQ's files write it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::kernel::time::SimDuration;
use crate::store::delay::DelayLevels;

/// The delays of the levels from 1 on: `1s 5s 10s 30s 1m`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct DelayLevelText(pub String);

/// Units of the setting with their milliseconds, the largest first.
const UNITS: [(char, u64); 4] = [('d', 86_400_000), ('h', 3_600_000), ('m', 60_000), ('s', 1000)];

impl DelayLevelText {
    /// The delays; what cannot be read ends them, as it does in RocketMQ. Negative delays are none.
    #[must_use]
    pub fn delays(&self) -> Vec<SimDuration> {
        let millis = |millis: &i64| SimDuration::from_millis(u64::try_from(*millis).unwrap_or(0));
        DelayLevels::parse(&self.0).table().iter().map(millis).collect()
    }

    /// The text of delays.
    #[must_use]
    pub fn of(delays: &[SimDuration]) -> Self {
        let item = |delay: &SimDuration| {
            let millis = delay.as_millis();
            let (unit, size) =
                UNITS.into_iter().find(|(_, size)| millis > 0 && millis.is_multiple_of(*size)).unwrap_or(('s', 1000));
            format!("{}{unit}", millis / size)
        };
        Self(delays.iter().map(item).collect::<Vec<_>>().join(" "))
    }

    /// What is wrong with it: the first bad item, with its place in the text.
    #[must_use]
    pub fn bad_item(&self) -> Option<(usize, &str)> {
        let mut start = 0;
        for item in self.0.trim_end_matches(' ').split(' ') {
            let levels = DelayLevels::parse(item);
            let longest = 100 * 366 * 86_400_000;
            if !levels.is_well_formed() || !levels.table().iter().all(|millis| (0..=longest).contains(millis)) {
                return Some((start, item));
            }
            start += item.len() + 1;
        }
        None
    }
}

impl fmt::Display for DelayLevelText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for DelayLevelText {
    fn schema_name() -> Cow<'static, str> {
        "DelayLevels".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Delays with the unit s, m, h or d, separated by one space: 1s 5s 10s.",
            "type": "string",
            "pattern": "^[0-9]+[smhd]( [0-9]+[smhd])* *$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::config::BrokerConfig;
    use crate::store::delay::DEFAULT_MESSAGE_DELAY_LEVEL;

    #[test]
    fn the_default_is_written_as_rocketmq_writes_it() {
        let text = DelayLevelText::of(&BrokerConfig::default().message_delay_level);
        assert_eq!(text.0, DEFAULT_MESSAGE_DELAY_LEVEL);
        assert_eq!(DelayLevelText::of(&text.delays()), text);
    }

    #[test]
    fn the_first_bad_item_is_found_with_its_place() {
        let bad = |text: &str| DelayLevelText(text.to_owned()).bad_item().map(|(at, item)| (at, item.to_owned()));
        assert_eq!(bad("1s 5x 10s"), Some((3, "5x".to_owned())));
        assert_eq!(bad("1s  5s"), Some((3, String::new())));
        assert_eq!(bad("-1s"), Some((0, "-1s".to_owned())));
        assert_eq!(bad("99999999999d"), Some((0, "99999999999d".to_owned())));
        assert_eq!(bad("0s 1d "), None);
    }
}
