//! What belongs to RocketMQ itself (`TopicValidator`, `MixAll`, and the topics and groups that a broker makes at its
//! start).

use crate::store::disk::config::{TopicSettings, Topics};

const TOPICS: [&str; 6] = [
    "TBW102",
    "SELF_TEST_TOPIC",
    "BenchmarkTest",
    "OFFSET_MOVED_EVENT",
    "SCHEDULE_TOPIC_XXXX",
    "TRANS_CHECK_MAX_TIME_TOPIC",
];

const GROUPS: [&str; 7] = [
    "TOOLS_CONSUMER",
    "FILTERSRV_CONSUMER",
    "SELF_TEST_C_GROUP",
    "CID_ONS-HTTP-PROXY",
    "CID_ONSAPI_PULL",
    "CID_ONSAPI_PERMISSION",
    "CID_ONSAPI_OWNER",
];

const REPLY: &str = "_REPLY_TOPIC";
/// `PermName.PERM_INHERIT`.
const INHERIT: i32 = 1;

/// A topic that every broker has, or that serves transactions, traces and the like.
pub(super) fn is_system_topic(name: &str) -> bool {
    TOPICS.contains(&name) || name.starts_with("RMQ_SYS_") || name.starts_with("rmq_sys_")
}

/// A group of RocketMQ's own tools and services.
pub(super) fn is_system_group(name: &str) -> bool {
    GROUPS.contains(&name) || name.starts_with("CID_RMQ_SYS_") || name == "__MONITOR_CONSUMER"
}

/// The names that a broker gives itself, as its topics betray them: it makes a topic for its cluster and one for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Home {
    /// `brokerClusterName`.
    pub(super) cluster: Option<String>,
    /// `brokerName`.
    pub(super) broker: Option<String>,
}

impl Home {
    pub(super) fn of(topics: &Topics) -> Self {
        let table = &topics.topic_config_table;
        let inherits = |topic: &TopicSettings| topic.perm & INHERIT != 0;
        let clusters = table.keys().filter_map(|name| name.strip_suffix(REPLY));
        let cluster = only(clusters.filter(|name| table.get(*name).is_some_and(inherits)));
        let own = |(name, topic): &(&String, &TopicSettings)| {
            let one_queue = topic.read_queue_nums == 1 && topic.write_queue_nums == 1;
            one_queue && inherits(topic) && !is_system_topic(name) && cluster != Some(name.as_str())
        };
        let broker = only(table.iter().filter(own).map(|(name, _)| name.as_str()));
        Self { cluster: cluster.map(str::to_owned), broker: broker.map(str::to_owned) }
    }

    /// Whether a topic was made for the cluster or the broker.
    pub(super) fn made(&self, topic: &str) -> bool {
        let cluster = self.cluster.as_deref();
        cluster == Some(topic)
            || (cluster.is_some() && topic.strip_suffix(REPLY) == cluster)
            || self.broker.as_deref() == Some(topic)
    }
}

/// The only one there is.
fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(list: &[(&str, i32, i32)]) -> Topics {
        let topic = |(name, queues, perm): &(&str, i32, i32)| {
            let settings = TopicSettings {
                read_queue_nums: *queues,
                write_queue_nums: *queues,
                perm: *perm,
                ..TopicSettings::default()
            };
            ((*name).to_owned(), settings)
        };
        Topics { topic_config_table: list.iter().map(topic).collect(), ..Topics::default() }
    }

    #[test]
    fn a_broker_betrays_its_name_and_that_of_its_cluster() {
        let list = [("C", 16, 7), ("C_REPLY_TOPIC", 1, 6), ("b-1", 1, 7), ("TBW102", 1, 7), ("T", 1, 6)];
        let home = Home::of(&topics(&list));
        assert_eq!(home, Home { cluster: Some("C".into()), broker: Some("b-1".into()) });
        assert!(home.made("C") && home.made("C_REPLY_TOPIC") && home.made("b-1") && !home.made("T"));
    }

    #[test]
    fn what_may_be_one_of_two_is_not_guessed() {
        let home = Home::of(&topics(&[("x", 1, 7), ("y", 1, 7), ("z_REPLY_TOPIC", 1, 6)]));
        assert_eq!(home, Home::default());
        assert!(!home.made("z_REPLY_TOPIC"));
    }
}
