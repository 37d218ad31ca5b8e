//! Which groups and topics the plan has: a broadcasting group is one group for each member, and topics that RocketMQ makes
//! by itself are there when something in the scenario can use them.

use std::ops::Range;

use super::Resolver;
use super::names::NamesOf;
use crate::kernel::dist::Distribution;
use crate::node::config::ConsumerConfig;
use crate::scenario::diagnose::{Fault, suggest};
use crate::scenario::plan::{BrokerPlan, TopicOnBroker, TopicPlan, TopicRole};
use crate::scenario::raw::{ConsumerSettings, Group, Mode, Model, Root, Rule};
use crate::scenario::tree::At;
use crate::scenario::units::CountOrList;
use crate::store::delay::SCHEDULE_TOPIC;
use crate::store::group_topic::{DLQ_GROUP_TOPIC_PREFIX, RETRY_GROUP_TOPIC_PREFIX, dlq_topic, retry_topic};
use crate::store::ids::{BrokerIx, GroupIx, TopicIx};

/// `TopicValidator.RMQ_SYS_TRANS_HALF_TOPIC`.
const HALF_TOPIC: &str = "RMQ_SYS_TRANS_HALF_TOPIC";
/// `TopicValidator.RMQ_SYS_TRANS_OP_HALF_TOPIC`.
const OP_TOPIC: &str = "RMQ_SYS_TRANS_OP_HALF_TOPIC";
/// `TopicValidator.RMQ_SYS_TRANS_CHECK_MAX_TIME_TOPIC`.
const DISCARDED_TOPIC: &str = "TRANS_CHECK_MAX_TIME_TOPIC";
/// Further names that a broker keeps for itself (`TopicValidator#isSystemTopic`).
const RESERVED: [&str; 4] = ["TBW102", "RMQ_SYS_TRACE_TOPIC", "SELF_TEST_TOPIC", "OFFSET_MOVED_EVENT"];

/// Whether a topic belongs to RocketMQ, so that a scenario cannot define it.
pub(super) fn is_system_topic(name: &str) -> bool {
    [HALF_TOPIC, OP_TOPIC, DISCARDED_TOPIC, SCHEDULE_TOPIC].contains(&name)
        || RESERVED.contains(&name)
        || name.starts_with(RETRY_GROUP_TOPIC_PREFIX)
        || name.starts_with(DLQ_GROUP_TOPIC_PREFIX)
        || name.starts_with("rmq_sys_")
}

/// The groups of the plan.
#[derive(Default)]
pub(crate) struct PlanGroups {
    /// Of each group of the file, those of the plan.
    pub(crate) of_file: Vec<Range<usize>>,
    /// Of each group of the plan, the one of the file.
    pub(crate) file_of: Vec<usize>,
    /// Of each group of the plan, its name.
    pub(crate) names: Vec<String>,
}

/// How many members of a group ever run: those that are declared, and those that a `scale`, an autoscaler or a
/// rolling restart adds.
pub(super) fn member_count(root: &Root, name: &str, raw: &Group) -> (usize, usize) {
    let declared = match raw.instances.as_ref().expect("filled in") {
        CountOrList::Count(count) => *count as usize,
        CountOrList::List(list) => list.len(),
    };
    let scaled = root.timeline.iter().filter_map(|timed| timed.scale.as_ref());
    let scaled = scaled.filter(|scale| scale.group == *name).map(|scale| scale.instances as usize).max();
    let auto = root.autoscalers.values().filter(|raw| raw.group == *name).map(|raw| raw.max as usize).max();
    let most = declared.max(scaled.unwrap_or(0)).max(auto.unwrap_or(0));
    let restarts = root.timeline.iter().filter_map(|timed| timed.rolling_restart.as_ref());
    let restarts = restarts.filter(|restart| restart.group.as_deref() == Some(name));
    let surge = restarts.filter_map(|restart| restart.surge).max().unwrap_or(0) as usize;
    (declared, most + surge)
}

/// Whether every member of a group of the file gets every message.
pub(super) fn is_broadcasting(raw: &Group) -> bool {
    raw.message_model == Some(Model::Broadcasting)
}

/// Numbers the groups of the plan.
pub(super) fn plan_groups(root: &Root) -> PlanGroups {
    let mut groups = PlanGroups::default();
    for (file, (name, raw)) in root.groups.iter().enumerate() {
        let first = groups.names.len();
        if is_broadcasting(raw) {
            groups.names.extend((0..member_count(root, name, raw).1).map(|number| format!("{name}/{number}")));
        } else {
            groups.names.push(name.clone());
        }
        groups.file_of.resize(groups.names.len(), file);
        groups.of_file.push(first..groups.names.len());
    }
    groups
}

/// Longer than this is a call of the listener hardly ever: one in a million.
fn longest(distribution: &Distribution) -> f64 {
    match distribution {
        Distribution::Constant(value) => *value as f64,
        Distribution::Uniform { max, .. } => *max as f64,
        Distribution::Exponential { mean } => 14.0 * *mean as f64,
        Distribution::Normal { mean, deviation } => *mean as f64 + 5.0 * *deviation as f64,
        Distribution::LogNormal { median: 0, .. } => 0.0,
        Distribution::LogNormal { median, p99 } => *p99 as f64 * (*p99 as f64 / *median as f64),
        Distribution::Empirical(table) => table.iter().map(|(value, _)| *value).max().unwrap_or(0) as f64,
    }
}

/// Whether a message can come back from a member with these settings.
fn can_return(config: &ConsumerConfig, rules: &[Rule], mode: Mode, slowed: f64) -> bool {
    let fails = rules.iter().any(|rule| rule.fail == Some(true));
    if mode == Mode::Orderly {
        return fails && config.max_reconsume_times >= 0;
    }
    let slow = rules.iter().filter_map(|rule| rule.service_time.as_ref()).map(|time| longest(&time.to_distribution()));
    let message = slow.fold(longest(&config.service_time).max(slowed), f64::max);
    let call = longest(&config.service_time_per_call) + message * f64::from(config.consume_message_batch_max_size);
    fails || call > config.consume_timeout.as_nanos() as f64
}

impl Resolver<'_> {
    /// Fills in the topics of the plan and what they are for.
    pub(super) fn count_topics(&mut self) -> Result<(), Fault> {
        self.returning = self.returning_groups()?;
        let mut topics: Vec<(String, TopicRole)> =
            self.topics.iter().map(|name| (name.to_owned(), TopicRole::Normal)).collect();
        for (file, range) in self.plan_groups.of_file.iter().enumerate().filter(|(file, _)| self.returning[*file]) {
            let (name, group) = (self.groups.name(file), GroupIx::new(range.start));
            topics.push((retry_topic(name), TopicRole::Retry(group)));
            topics.push((dlq_topic(name), TopicRole::DeadLetter(group)));
        }
        let producers = || self.root.producers.values();
        let delays = producers().any(|producer| producer.delay_level.is_some() && producer.transaction.is_none());
        if delays || self.returning.contains(&true) {
            topics.push((SCHEDULE_TOPIC.to_owned(), TopicRole::Schedule));
        }
        if producers().any(|producer| producer.transaction.is_some()) {
            let of_transactions =
                [(HALF_TOPIC, TopicRole::Half), (OP_TOPIC, TopicRole::Op), (DISCARDED_TOPIC, TopicRole::Discarded)];
            topics.extend(of_transactions.map(|(name, role)| (name.to_owned(), role)));
        }
        self.all_topics = NamesOf::sorted("topic", topics.iter().map(|(name, _)| name.clone()));
        self.roles = vec![TopicRole::Normal; topics.len()];
        for (name, role) in topics {
            self.roles[self.all_topics.find(&name).expect("made of these names")] = role;
        }
        Ok(())
    }

    /// Of each group of the file, whether something can come back to it.
    fn returning_groups(&self) -> Result<Vec<bool>, Fault> {
        let mut returning = Vec::new();
        for (name, raw) in &self.root.groups {
            let at = At::default().key("groups").key(name);
            let can = self.something_returns(name, raw);
            if is_broadcasting(raw) {
                if raw.retry_topic == Some(true) {
                    let fault = self.fault(&at.key("retryTopic"), "a broadcasting group has no retry topic");
                    return Err(fault.help("what fails there is dropped"));
                }
                returning.push(false);
                continue;
            }
            if can && raw.retry_topic == Some(false) {
                let message = format!("messages can come back to `{name}`, so it needs its retry topic");
                return Err(self.fault(&at.key("retryTopic"), message));
            }
            returning.push(raw.retry_topic == Some(true) || can || self.is_named(name));
        }
        Ok(returning)
    }

    fn something_returns(&self, name: &str, raw: &Group) -> bool {
        let slowed = self.root.timeline.iter().filter_map(|timed| timed.set_service_time.as_ref());
        let slowed = slowed.filter(|set| set.group == *name).map(|set| longest(&set.service_time.to_distribution()));
        let slowed = slowed.fold(0.0, f64::max);
        let mode = raw.consume_mode.expect("filled in");
        let mut shared = ConsumerConfig::default();
        raw.overlay(&mut shared);
        let rules = raw.listener.as_deref().unwrap_or_default();
        let members = match &raw.instances {
            Some(CountOrList::List(list)) => list.as_slice(),
            _ => &[],
        };
        can_return(&shared, rules, mode, slowed)
            || members.iter().any(|own| {
                let mut config = shared.clone();
                own.overlay(&mut config);
                can_return(&config, own.listener.as_deref().unwrap_or(rules), mode, slowed)
            })
    }

    /// Whether some group consumes the retry or dead-letter topic of this one.
    fn is_named(&self, group: &str) -> bool {
        let names = [retry_topic(group), dlq_topic(group)];
        self.root.groups.values().any(|raw| {
            let members = match &raw.instances {
                Some(CountOrList::List(list)) => list.as_slice(),
                _ => &[],
            };
            let own = members.iter().filter_map(|member| member.topics.as_ref());
            own.chain([&raw.topics]).any(|topics| topics.0.iter().any(|(topic, _)| names.contains(topic)))
        })
    }

    /// Plans of the topics that the system makes by itself; the others are left to the caller.
    pub(super) fn system_topic_plan(&self, number: usize, brokers: &[BrokerPlan]) -> TopicPlan {
        let role = self.roles[number];
        let queues = |broker: &BrokerPlan| match role {
            TopicRole::Retry(group) => {
                let file = self.plan_groups.file_of[group.at()];
                self.root.groups[file].retry_queue_nums.expect("filled in")
            }
            TopicRole::Schedule => broker.config.message_delay_level.len() as u32,
            _ => 1,
        };
        let on = |(broker, plan): (usize, &BrokerPlan)| {
            let queues = queues(plan);
            TopicOnBroker { broker: BrokerIx::new(broker), read_queue_nums: queues, write_queue_nums: queues }
        };
        let brokers = brokers.iter().enumerate().map(on).collect();
        TopicPlan { name: self.all_topics.name(number).to_owned(), role, brokers, auto_create: false, preload: None }
    }

    /// A topic that the scenario defines.
    pub(super) fn own_topic(&self, name: &str, at: &At) -> Result<TopicIx, Fault> {
        self.find(&self.topics, name, at)?;
        Ok(TopicIx::new(self.all_topics.find(name).expect("all topics hold those of the scenario")))
    }

    /// A topic that the scenario defines, or the retry or dead-letter topic of a group.
    pub(super) fn readable_topic(&self, name: &str, at: &At) -> Result<TopicIx, Fault> {
        let of_group =
            [RETRY_GROUP_TOPIC_PREFIX, DLQ_GROUP_TOPIC_PREFIX].iter().find_map(|prefix| name.strip_prefix(prefix));
        let Some(group) = of_group else { return self.own_topic(name, at) };
        if let Some(topic) = self.all_topics.find(name) {
            return Ok(TopicIx::new(topic));
        }
        let fault = self.fault(at, format!("undefined topic `{name}`"));
        Err(match self.groups.find(group) {
            None => fault.maybe_help(suggest(group, self.groups.iter())),
            Some(_) => fault.help(format!("nothing comes back to {group}")),
        })
    }

    /// The retry topic of a group of the file.
    pub(super) fn retry_topic_of(&self, file: usize) -> Option<TopicIx> {
        self.all_topics.find(&retry_topic(self.groups.name(file))).map(TopicIx::new)
    }

    /// The dead-letter topic of a group of the file.
    pub(super) fn dead_letter_topic_of(&self, file: usize) -> Option<TopicIx> {
        self.all_topics.find(&dlq_topic(self.groups.name(file))).map(TopicIx::new)
    }
}
