//! What the files of all brokers say together.

use std::collections::{BTreeMap, BTreeSet};

use super::system::{Home, is_system_group, is_system_topic};
use super::{BrokerFiles, ImportError};
use crate::scenario::resolve::MOST_GROUPS;
use crate::store::disk::config::{SubscriptionGroupConfig, TopicSettings, split_key};
use crate::store::group_topic::{DLQ_GROUP_TOPIC_PREFIX, is_retry_topic};

/// Longest name of a topic, and of a group (`Validators`).
const LONGEST: (usize, usize) = (127, 255);
/// `PermName.PERM_READ`, `PERM_WRITE`.
const READ: i32 = 4;
const WRITE: i32 = 2;

/// Offsets by broker and queue.
pub(super) type Offsets = BTreeMap<(usize, i32), u64>;

/// A topic on a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) broker: usize,
    /// As the file has it, at least 1.
    pub(super) read: u32,
    pub(super) write: u32,
    /// What clients are told: 0 without the permission.
    pub(super) readable: u32,
    pub(super) writeable: u32,
    pub(super) perm: i32,
    pub(super) order: bool,
}

/// A topic on all its brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) carried: Vec<Carried>,
    /// Brokers whose file has it without a queue that anybody may use.
    pub(super) closed: Vec<usize>,
    /// The furthest offset of any group in each queue.
    pub(super) furthest: Offsets,
}

impl Topic {
    /// Queues of which each of its brokers has at least so many, as (readable, writable).
    pub(super) fn common(&self) -> (u32, u32) {
        let least = |count: fn(&Carried) -> u32| self.carried.iter().map(count).min().unwrap_or(1);
        (least(|on| on.read), least(|on| on.write))
    }

    /// All queues that a scenario of it has.
    pub(super) fn queues(&self) -> u64 {
        let (read, write) = self.common();
        let most = |on: &Carried| u64::from(on.readable.max(on.writeable).max(read).max(write));
        self.carried.iter().map(most).sum()
    }

    /// How far a group is behind the furthest group of each queue.
    pub(super) fn behind(&self, offsets: &Offsets) -> u64 {
        let lag = |(queue, offset): (&(usize, i32), &u64)| {
            self.furthest.get(queue).map_or(0, |furthest| furthest.saturating_sub(*offset))
        };
        offsets.iter().map(lag).fold(0, u64::saturating_add)
    }
}

/// A consumer group on all brokers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    /// Its offsets by topic.
    pub(super) topics: BTreeMap<String, Offsets>,
    /// Sum of the offsets in its retry topic.
    pub(super) retried: u64,
    /// Its settings by broker.
    pub(super) settings: Vec<(usize, SubscriptionGroupConfig)>,
}

impl Group {
    /// Sum of its offsets: the messages it has gone past, if its queues began at 0.
    pub(super) fn progress(&self) -> u64 {
        self.topics.values().flat_map(BTreeMap::values).fold(0, |sum, offset| sum.saturating_add(*offset))
    }
}

/// What is not in the scenario, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) system_topics: BTreeSet<String>,
    pub(super) retry_topics: BTreeSet<String>,
    pub(super) dlq_topics: BTreeSet<String>,
    /// Without queues, or with a name that RocketMQ refuses.
    pub(super) unusable_topics: BTreeSet<String>,
    pub(super) system_groups: BTreeSet<String>,
    pub(super) unusable_groups: BTreeSet<String>,
    /// Groups with settings but without offsets in a topic of the scenario.
    pub(super) idle_groups: BTreeMap<String, SubscriptionGroupConfig>,
    /// Groups over the limit of the language, those that consumed least.
    pub(super) surplus_groups: BTreeSet<String>,
    /// Offsets of topics that no file has, as `topic@group`, and keys that are no such thing.
    pub(super) loose_offsets: BTreeSet<String>,
}

/// Everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    pub(super) cluster: Option<String>,
    pub(super) brokers: Vec<String>,
    pub(super) topics: Vec<Topic>,
    pub(super) groups: Vec<Group>,
    pub(super) left: Left,
}

impl Survey {
    pub(super) fn of(files: &[BrokerFiles]) -> Result<Self, ImportError> {
        let homes: Vec<Home> = files.iter().map(|files| Home::of(&files.topics)).collect();
        let mut survey = Self { cluster: homes.iter().find_map(|home| home.cluster.clone()), ..Self::default() };
        for (files, home) in files.iter().zip(&homes) {
            let found = home.broker.clone().filter(|name| is_broker_name(name));
            let name = files.name.clone().or(found).unwrap_or_else(|| "broker-a".to_owned());
            if survey.brokers.contains(&name) {
                return Err(ImportError::SameBroker(name));
            }
            survey.brokers.push(name);
        }
        let mut topics: BTreeMap<String, Topic> = BTreeMap::new();
        for (broker, (files, home)) in files.iter().zip(&homes).enumerate() {
            for (name, settings) in &files.topics.topic_config_table {
                survey.topic(broker, home, name, settings, &mut topics);
            }
        }
        topics.retain(|name, topic| {
            let usable = !topic.carried.is_empty();
            if !usable {
                survey.left.unusable_topics.insert(name.clone());
            }
            usable
        });
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for (broker, files) in files.iter().enumerate() {
            let offsets = files.offsets.iter().filter_map(|offsets| offsets.offset_table.as_ref()).flatten();
            for (key, queues) in offsets {
                survey.offsets(broker, key, queues, &mut topics, &mut groups);
            }
            for (name, config) in files.groups.iter().flat_map(|groups| &groups.subscription_group_table) {
                survey.settings(broker, name, config, &mut groups);
            }
        }
        survey.topics = topics.into_values().collect();
        survey.keep(groups);
        Ok(survey)
    }

    fn topic(
        &mut self,
        broker: usize,
        home: &Home,
        name: &str,
        settings: &TopicSettings,
        topics: &mut BTreeMap<String, Topic>,
    ) {
        let left = &mut self.left;
        let own = home.made(name) || (settings.perm & 1 != 0 && self.brokers.iter().any(|broker| broker == name));
        let target = if is_retry_topic(name) {
            &mut left.retry_topics
        } else if name.starts_with(DLQ_GROUP_TOPIC_PREFIX) {
            &mut left.dlq_topics
        } else if is_system_topic(name) || own {
            &mut left.system_topics
        } else if !is_allowed(name, LONGEST.0) {
            &mut left.unusable_topics
        } else {
            let topic = topics.entry(name.to_owned()).or_insert_with(|| Topic {
                name: name.to_owned(),
                carried: Vec::new(),
                closed: Vec::new(),
                furthest: Offsets::new(),
            });
            let count = |count: i32| u32::try_from(count).unwrap_or(0);
            let allowed = |bit: i32, queues: i32| if settings.perm & bit == 0 { 0 } else { count(queues) };
            let on = Carried {
                broker,
                read: count(settings.read_queue_nums).max(1),
                write: count(settings.write_queue_nums).max(1),
                readable: allowed(READ, settings.read_queue_nums),
                writeable: allowed(WRITE, settings.write_queue_nums),
                perm: settings.perm,
                order: settings.order,
            };
            if on.readable.max(on.writeable) > 0 {
                topic.carried.push(on)
            } else {
                topic.closed.push(broker)
            }
            return;
        };
        target.insert(name.to_owned());
    }

    fn offsets(
        &mut self,
        broker: usize,
        key: &str,
        queues: &indexmap::IndexMap<i32, i64>,
        topics: &mut BTreeMap<String, Topic>,
        groups: &mut BTreeMap<String, Group>,
    ) {
        let Some((topic, group)) = split_key(key) else {
            self.left.loose_offsets.insert(key.to_owned());
            return;
        };
        let Some(found) = self.group(group, groups) else { return };
        let offset = |offset: i64| u64::try_from(offset).unwrap_or(0);
        if is_retry_topic(topic) {
            let sum = queues.values().fold(0_u64, |sum, at| sum.saturating_add(offset(*at)));
            found.retried = found.retried.saturating_add(sum);
            return;
        }
        let Some(of_topic) = topics.get_mut(topic) else {
            // Offsets of system topics are nobody's business.
            let known = self.left.system_topics.contains(topic) || self.left.unusable_topics.contains(topic);
            if !known && !self.left.dlq_topics.contains(topic) {
                self.left.loose_offsets.insert(key.to_owned());
            }
            return;
        };
        let own = found.topics.entry(topic.to_owned()).or_default();
        for (queue, at) in queues {
            let furthest = of_topic.furthest.entry((broker, *queue)).or_default();
            *furthest = (*furthest).max(offset(*at));
            own.insert((broker, *queue), offset(*at));
        }
    }

    fn settings(
        &mut self,
        broker: usize,
        name: &str,
        config: &SubscriptionGroupConfig,
        groups: &mut BTreeMap<String, Group>,
    ) {
        if let Some(group) = self.group(name, groups) {
            group.settings.push((broker, config.clone()));
        }
    }

    /// The group, unless a scenario does not have such groups.
    fn group<'g>(&mut self, name: &str, groups: &'g mut BTreeMap<String, Group>) -> Option<&'g mut Group> {
        if is_system_group(name) {
            self.left.system_groups.insert(name.to_owned());
            return None;
        }
        if !is_allowed(name, LONGEST.1) {
            self.left.unusable_groups.insert(name.to_owned());
            return None;
        }
        let new = || Group { name: name.to_owned(), ..Group::default() };
        Some(groups.entry(name.to_owned()).or_insert_with(new))
    }

    /// Keeps the groups that consume a topic, of too many those that consumed most.
    fn keep(&mut self, groups: BTreeMap<String, Group>) {
        let (mut kept, idle): (Vec<Group>, Vec<Group>) =
            groups.into_values().partition(|group| !group.topics.is_empty());
        for group in idle {
            let config = group.settings.into_iter().next().map(|(_, config)| config).unwrap_or_default();
            self.left.idle_groups.insert(group.name, config);
        }
        if kept.len() > MOST_GROUPS {
            kept.sort_by_key(|group| std::cmp::Reverse(group.progress()));
            let surplus = kept.split_off(MOST_GROUPS);
            self.left.surplus_groups.extend(surplus.into_iter().map(|group| group.name));
            kept.sort_by(|a, b| a.name.cmp(&b.name));
        }
        self.groups = kept;
    }
}

/// A name that a scenario can give a broker.
fn is_broker_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic() && c != ':' && c != ',')
}

/// A name that RocketMQ and the scenario language take.
fn is_allowed(name: &str, longest: usize) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "%|-_".contains(c);
    !name.is_empty() && name.len() <= longest && name.chars().all(allowed)
}
