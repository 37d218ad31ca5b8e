//! Names for ids: as short as the plan allows without ambiguity.

use super::human::{self, clean};
use crate::protocol::address::Address;
use crate::run::outcome::Plan;
use crate::scenario::plan::{QueueKey, TopicRole};
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, NameserverIx, ProducerIx, QueueIx, TopicIx};

/// Runs of names beyond this are left out of a list, with their number.
const LIST_MAX: usize = 16;

/// Looks names up in a plan.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    plan: &'a Plan,
    /// The scenario has several topics of its own.
    several_topics: bool,
}

macro_rules! name_of {
    ($(#[$doc:meta])* $method:ident, $id:ty, $list:ident) => {
        $(#[$doc])*
        #[must_use]
        pub fn $method(&self, id: $id) -> String {
            self.plan.$list.get(id.at()).map_or_else(|| "?".to_owned(), |named| clean(&named.name).into_owned())
        }
    };
}

impl<'a> Names<'a> {
    /// Names of this plan.
    #[must_use]
    pub fn new(plan: &'a Plan) -> Self {
        let own = plan.topics.iter().filter(|topic| topic.role == TopicRole::Normal);
        Self { plan, several_topics: own.count() > 1 }
    }

    name_of!(
        /// A topic's name.
        topic, TopicIx, topics
    );
    name_of!(
        /// A nameserver's name.
        nameserver, NameserverIx, nameservers
    );
    name_of!(
        /// A group's name.
        group, GroupIx, groups
    );
    name_of!(
        /// A consumer instance's name.
        instance, InstanceIx, instances
    );
    name_of!(
        /// A producer instance's name.
        producer, ProducerIx, producers
    );

    /// A broker's name, or the label of a further process.
    #[must_use]
    pub fn broker(&self, id: BrokerIx) -> String {
        let further = || self.plan.replicas.get(id.at().checked_sub(self.plan.brokers.len())?);
        let name = self.plan.brokers.get(id.at()).map(|broker| broker.name.as_str());
        name.or_else(|| further().map(|replica| replica.label.as_str()))
            .map_or_else(|| "?".to_owned(), |name| clean(name).into_owned())
    }

    /// A broker process, as scenario files write it: a master has its broker name, a member of a Raft group its number, too
    /// (`broker-a`, `broker-a/1`, `broker-b/n0`).
    #[must_use]
    pub fn process(&self, id: BrokerIx) -> String {
        let name = self.broker(id);
        match self.plan.brokers.get(id.at()) {
            Some(broker) if broker.dledger.is_some() => format!("{name}/n0"),
            _ => name,
        }
    }

    /// Any node.
    #[must_use]
    pub fn node(&self, address: Address) -> String {
        match address {
            Address::Nameserver(id) => self.nameserver(id),
            Address::Broker(id) => self.process(id),
            Address::Producer(id) => self.producer(id),
            Address::Consumer(id) => self.instance(id),
        }
    }

    /// Nodes in runs of their numbers: `broker-a/0, order_consumer/0–3`.
    #[must_use]
    pub fn nodes(&self, nodes: &[Address]) -> String {
        self.runs(nodes.iter().map(|node| self.node(*node)).collect())
    }

    /// A client id.
    #[must_use]
    pub fn client(&self, id: ClientIx) -> String {
        self.plan.client_ids.get(id.at()).map_or_else(|| "?".to_owned(), |name| clean(name).into_owned())
    }

    /// What distinguishes an instance within its group: `3` of `order_consumer/3`.
    #[must_use]
    pub fn instance_mark(&self, id: InstanceIx) -> String {
        let name = self.instance(id);
        name.rsplit_once('/').map_or_else(|| name.clone(), |(_, mark)| mark.to_owned())
    }

    /// Whether a topic has to be named for one to know which is meant: there are several, or it is one of the system's.
    #[must_use]
    pub fn needs_name(&self, topic: TopicIx) -> bool {
        self.several_topics || self.plan.topics.get(topic.at()).is_some_and(|topic| topic.role != TopicRole::Normal)
    }

    /// A queue: `q3`, with the broker before it when there are several, and the topic likewise.
    #[must_use]
    pub fn queue(&self, id: QueueIx) -> String {
        let Some(key) = self.plan.queues.get(id.at()) else { return "?".to_owned() };
        format!("{}q{}", self.queue_prefix(key.topic, key.broker), key.queue_id)
    }

    /// A queue with everything that names it: `order_topic/broker-a/3`.
    #[must_use]
    pub fn queue_path(&self, id: QueueIx) -> String {
        let Some(key) = self.plan.queues.get(id.at()) else { return "?".to_owned() };
        format!("{}/{}/{}", self.topic(key.topic), self.broker(key.broker), key.queue_id)
    }

    fn queue_prefix(&self, topic: TopicIx, broker: BrokerIx) -> String {
        let mut prefix = String::new();
        if self.needs_name(topic) {
            prefix.push_str(&self.topic(topic));
            prefix.push(' ');
        }
        if self.plan.brokers.len() > 1 {
            prefix.push_str(&self.broker(broker));
            prefix.push(' ');
        }
        prefix
    }

    /// A sorted list of queues in runs, those of the system's topics last: `q0–q5, q8, %RETRY%audit q0`; `none` when empty.
    #[must_use]
    pub fn queues(&self, queues: &[QueueIx]) -> String {
        let mut runs: Vec<(String, u32, u32)> = Vec::new();
        let (own, system): (Vec<&QueueKey>, Vec<&QueueKey>) = queues
            .iter()
            .filter_map(|queue| self.plan.queues.get(queue.at()))
            .partition(|key| self.plan.topics.get(key.topic.at()).is_none_or(|topic| topic.role == TopicRole::Normal));
        for key in own.into_iter().chain(system) {
            let prefix = self.queue_prefix(key.topic, key.broker);
            match runs.last_mut() {
                Some((last, _, end)) if *last == prefix && key.queue_id == *end + 1 => *end = key.queue_id,
                _ => runs.push((prefix, key.queue_id, key.queue_id)),
            }
        }
        let mut parts = Vec::with_capacity(runs.len());
        let mut named = 0u64;
        let mut before: Option<&str> = None;
        for (prefix, from, to) in runs.iter().take(LIST_MAX) {
            let prefix_shown = if before == Some(prefix) { "" } else { prefix };
            before = Some(prefix);
            named += u64::from(to - from) + 1;
            parts.push(match to - from {
                0 => format!("{prefix_shown}q{from}"),
                1 => format!("{prefix_shown}q{from}, q{to}"),
                _ => format!("{prefix_shown}q{from}–q{to}"),
            });
        }
        finish_list(parts, queues.len() as u64 - named.min(queues.len() as u64))
    }

    /// A sorted list of queues by topic and broker, as runs of queue ids: `order_topic/broker-a: 0-5 8`.
    #[must_use]
    pub fn queues_in_full(&self, queues: &[QueueIx]) -> Vec<String> {
        type Runs = Vec<(u32, u32)>;
        let mut lists: Vec<(TopicIx, BrokerIx, Runs)> = Vec::new();
        for key in queues.iter().filter_map(|queue| self.plan.queues.get(queue.at())) {
            match lists.last_mut() {
                Some((topic, broker, runs)) if *topic == key.topic && *broker == key.broker => match runs.last_mut() {
                    Some((_, end)) if key.queue_id == *end + 1 => *end = key.queue_id,
                    _ => runs.push((key.queue_id, key.queue_id)),
                },
                _ => lists.push((key.topic, key.broker, vec![(key.queue_id, key.queue_id)])),
            }
        }
        lists
            .into_iter()
            .map(|(topic, broker, runs)| {
                let runs: Vec<String> = runs
                    .into_iter()
                    .map(|(from, to)| if from == to { from.to_string() } else { format!("{from}-{to}") })
                    .collect();
                format!("{}/{}: {}", self.topic(topic), self.broker(broker), runs.join(" "))
            })
            .collect()
    }

    /// Instances in runs of their numbers: `order_consumer/0–3, audit/0`; `none` when empty.
    #[must_use]
    pub fn instances(&self, instances: &[InstanceIx]) -> String {
        self.runs(instances.iter().map(|instance| self.instance(*instance)).collect())
    }

    /// Producers likewise.
    #[must_use]
    pub fn producers(&self, producers: &[ProducerIx]) -> String {
        self.runs(producers.iter().map(|producer| self.producer(*producer)).collect())
    }

    fn runs(&self, names: Vec<String>) -> String {
        let mut runs: Vec<(String, Option<(u64, u64)>)> = Vec::new();
        for name in names {
            let numbered = name
                .rsplit_once('/')
                .and_then(|(stem, mark)| mark.parse::<u64>().ok().map(|number| (stem.to_owned(), number)));
            match (numbered, runs.last_mut()) {
                (Some((stem, number)), Some((last, Some((_, end))))) if *last == stem && number == *end + 1 => {
                    *end = number;
                }
                (Some((stem, number)), _) => runs.push((stem, Some((number, number)))),
                (None, _) => runs.push((name, None)),
            }
        }
        let left: u64 = runs.iter().skip(LIST_MAX).map(|(_, run)| run.map_or(1, |(from, to)| to - from + 1)).sum();
        let parts = runs
            .into_iter()
            .take(LIST_MAX)
            .map(|(stem, run)| match run {
                None => stem,
                Some((from, to)) if from == to => format!("{stem}/{from}"),
                Some((from, to)) => format!("{stem}/{from}–{to}"),
            })
            .collect();
        finish_list(parts, left)
    }
}

fn finish_list(parts: Vec<String>, left: u64) -> String {
    if parts.is_empty() && left == 0 {
        return "none".to_owned();
    }
    let mut text = parts.join(", ");
    if left > 0 {
        text.push_str(&format!(" and {} more", human::count(left)));
    }
    text
}
