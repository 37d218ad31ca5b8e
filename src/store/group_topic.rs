//! The topics that belong to a consumer group (`MixAll`).

/// Prefix of a group's retry topic (`RETRY_GROUP_TOPIC_PREFIX`).
pub const RETRY_GROUP_TOPIC_PREFIX: &str = "%RETRY%";
/// Prefix of a group's dead-letter topic (`DLQ_GROUP_TOPIC_PREFIX`).
pub const DLQ_GROUP_TOPIC_PREFIX: &str = "%DLQ%";

/// Where messages of a group wait for another attempt (`MixAll#getRetryTopic`).
#[must_use]
pub fn retry_topic(group: &str) -> String {
    format!("{RETRY_GROUP_TOPIC_PREFIX}{group}")
}

/// Where messages of a group end after the last attempt (`MixAll#getDLQTopic`).
#[must_use]
pub fn dlq_topic(group: &str) -> String {
    format!("{DLQ_GROUP_TOPIC_PREFIX}{group}")
}

/// Whether a topic is some group's retry topic.
#[must_use]
pub fn is_retry_topic(topic: &str) -> bool {
    topic.starts_with(RETRY_GROUP_TOPIC_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_topics_are_the_group_name_with_a_prefix() {
        assert_eq!(retry_topic("my-group_1"), "%RETRY%my-group_1");
        assert_eq!(dlq_topic("my-group_1"), "%DLQ%my-group_1");
        assert!(is_retry_topic("%RETRY%g") && !is_retry_topic("RETRY"));
    }
}
