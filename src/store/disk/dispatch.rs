//! What the dispatcher reads off a record for consume queues and index (`CommitLog#checkMessageAndReturnSize`).

use super::properties;
use super::record::Record;
use crate::kernel::java::string_hash;
use crate::store::delay::{DelayLevels, SCHEDULE_TOPIC};
use crate::store::property_name;

/// The properties that the dispatcher looks at, found in one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatchProperties<'a> {
    tags: Option<&'a str>,
    delay: Option<&'a str>,
    keys: Option<&'a str>,
    unique_key: Option<&'a str>,
}

impl<'a> DispatchProperties<'a> {
    /// Reads a properties text; of a repeated name the last value counts.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let mut found = Self::default();
        for (name, value) in properties::pieces(text) {
            match name {
                property_name::TAGS => found.tags = Some(value),
                property_name::DELAY => found.delay = Some(value),
                property_name::KEYS => found.keys = Some(value),
                property_name::UNIQ_KEY => found.unique_key = Some(value),
                _ => {}
            }
        }
        found
    }

    /// Tags code of a consume queue entry: the hash of the tag, or in the schedule topic the time at which the message
    /// is due. `None` if the delay level is no number: recovery takes such a record for damaged.
    #[must_use]
    pub fn tags_code(&self, topic: &str, store_timestamp: i64, levels: &DelayLevels) -> Option<i64> {
        let hash = self.tags.map_or(0, |tags| i64::from(string_hash(tags)));
        if topic != SCHEDULE_TOPIC {
            return Some(hash);
        }
        let Some(level) = self.delay else { return Some(hash) };
        let level = level.parse::<i32>().ok()?.min(levels.max_level());
        Some(if level > 0 { levels.deliver_timestamp(level, store_timestamp) } else { hash })
    }

    /// The keys under which a record is indexed (`IndexService#buildIndex`): the unique key, then the parts of `KEYS`.
    pub fn index_keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let keys = self.keys.unwrap_or_default();
        self.unique_key.into_iter().chain(keys.split(' ').filter(|key| !key.is_empty()))
    }
}

/// [`DispatchProperties::tags_code`] of a properties text.
#[must_use]
pub fn tags_code(topic: &str, properties: &str, store_timestamp: i64, levels: &DelayLevels) -> Option<i64> {
    DispatchProperties::of(properties).tags_code(topic, store_timestamp, levels)
}

/// [`DispatchProperties::tags_code`] of a record.
#[must_use]
pub fn tags_code_of(record: &Record<'_>, levels: &DelayLevels) -> Option<i64> {
    tags_code(&record.topic(), &record.properties(), record.store_timestamp, levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delayed_messages_carry_their_time_and_others_the_hash_of_their_tag() {
        let levels = DelayLevels::default();
        let code = |topic: &str, properties: &str| tags_code(topic, properties, 7, &levels);
        assert_eq!(code("T", "TAGS\u{1}a\u{2}DELAY\u{1}1"), Some(97));
        assert_eq!(code("T", ""), Some(0));
        assert_eq!(code(SCHEDULE_TOPIC, "TAGS\u{1}a\u{2}DELAY\u{1}1"), Some(1007));
        assert_eq!(code(SCHEDULE_TOPIC, "DELAY\u{1}99"), Some(7_200_007), "above the highest level");
        assert_eq!(code(SCHEDULE_TOPIC, "TAGS\u{1}a"), Some(97));
        assert_eq!(code(SCHEDULE_TOPIC, "DELAY\u{1}x"), None);
    }

    #[test]
    fn the_unique_key_comes_first_and_keys_may_repeat() {
        let text = "KEYS\u{1}a  b a\u{2}UNIQ_KEY\u{1}u";
        assert_eq!(DispatchProperties::of(text).index_keys().collect::<Vec<_>>(), ["u", "a", "b", "a"]);
        assert_eq!(DispatchProperties::of("").index_keys().count(), 0);
    }
}
