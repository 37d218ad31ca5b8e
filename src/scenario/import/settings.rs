//! What a broker is told about a group, and which of it the scenario language has.

use crate::scenario::schema::json_schema;
use crate::store::disk::config::SubscriptionGroupConfig;

/// A setting of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// RocketMQ's name, which is also that of the scenario language if it has it.
    pub(super) key: &'static str,
    /// As it is written.
    pub(super) value: String,
    /// Whether it is a number or a truth value that a scenario may have.
    pub(super) sound: bool,
}

/// The settings that are not as a new group has them.
pub(super) fn unusual(config: &SubscriptionGroupConfig) -> Vec<Setting> {
    let all = |config: &SubscriptionGroupConfig| {
        let bool = |key, value: bool| Setting { key, value: value.to_string(), sound: true };
        let int = |key, value: i64, least: i64| Setting {
            key,
            value: value.to_string(),
            sound: (least..=1000).contains(&value),
        };
        [
            bool("consumeEnable", config.consume_enable),
            bool("consumeFromMinEnable", config.consume_from_min_enable),
            bool("consumeBroadcastEnable", config.consume_broadcast_enable),
            int("retryQueueNums", config.retry_queue_nums.into(), 1),
            int("retryMaxTimes", config.retry_max_times.into(), 0),
            int("brokerId", config.broker_id, 0),
            int("whichBrokerWhenConsumeSlowly", config.which_broker_when_consume_slowly, 0),
            bool("notifyConsumerIdsChangedEnable", config.notify_consumer_ids_changed_enable),
        ]
    };
    let usual = all(&SubscriptionGroupConfig::default());
    all(config).into_iter().zip(usual).filter(|(own, usual)| own != usual).map(|(own, _)| own).collect()
}

/// Settings as a comment has them.
pub(super) fn in_words(settings: &[Setting]) -> String {
    let words: Vec<String> = settings.iter().map(|setting| format!("{} {}", setting.key, setting.value)).collect();
    words.join(", ")
}

/// The keys that the scenario language has for a group.
pub(super) fn known_keys() -> Vec<String> {
    let schema = json_schema();
    let keys = schema["$defs"]["Group"]["properties"].as_object().map(|keys| keys.keys().cloned().collect());
    keys.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_tells_which_keys_there_are() {
        let keys = known_keys();
        assert!(keys.iter().any(|key| key == "serviceTime") && keys.iter().any(|key| key == "storedOffset"));
        assert!(!keys.iter().any(|key| key == "brokerId"));
    }

    #[test]
    fn only_what_differs_from_a_new_group_is_named() {
        assert_eq!(unusual(&SubscriptionGroupConfig::default()), []);
        let config =
            SubscriptionGroupConfig { retry_max_times: 3, consume_enable: false, ..SubscriptionGroupConfig::default() };
        assert_eq!(in_words(&unusual(&config)), "consumeEnable false, retryMaxTimes 3");
    }
}
