//! Nameservers, brokers, topics, and every queue that ever exists.

use std::collections::BTreeMap;

use super::Resolver;
use super::check::MOST_QUEUES;
use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{NameserverConfig, ProducerConfig};
use crate::scenario::diagnose::{Fault, suggest};
use crate::scenario::plan::{
    BrokerPlan, NameserverPlan, NetworkPlan, Preload, QueueKey, TopicOnBroker, TopicPlan, TopicRole,
};
use crate::scenario::raw::{Nameserver, SetQueues, Topic};
use crate::scenario::tree::At;
use crate::scenario::units::{Bytes, CountOrMap, Dist, Duration, Names, Quantity};
use crate::store::ids::{BrokerIx, NameserverIx, TopicIx};

/// Largest body (`maxMessageSize`).
const LARGEST_BODY: u64 = 4 << 20;
/// Most preloaded messages of a scenario.
const MOST_PRELOADED: u64 = 100_000_000;
/// Longest latency or handling time that a distribution may name.
const LONGEST_STEP: u64 = 86_400_000_000_000;

/// Queues per broker name of order topics.
type OrderTopics = Vec<(TopicIx, Vec<(BrokerIx, u32)>)>;

impl Resolver<'_> {
    /// A filled distribution of times.
    pub(super) fn times(&self, dist: Option<&Dist<Duration>>, at: &At) -> Result<Distribution, Fault> {
        let dist = dist.expect("filled in");
        if dist.greatest() > LONGEST_STEP {
            return Err(self.fault(at, "longer than a day"));
        }
        Ok(dist.to_distribution())
    }

    /// A filled distribution of body sizes.
    pub(super) fn body(&self, dist: Option<&Dist<Bytes>>, at: &At) -> Result<Distribution, Fault> {
        let dist = dist.expect("filled in");
        if dist.greatest() > LARGEST_BODY {
            return Err(self
                .fault(at, format!("a body of {} is too large", Bytes::from_units(dist.greatest())))
                .help("RocketMQ refuses bodies over 4MiB (`maxMessageSize`)"));
        }
        Ok(dist.to_distribution())
    }

    /// A moment of the run.
    pub(super) fn moment(&self, time: SimDuration) -> SimTime {
        SimTime::ZERO + time
    }

    /// A moment that lies before the end of the run.
    pub(super) fn before_end(&self, time: SimDuration, at: &At, what: &str) -> Result<SimTime, Fault> {
        if time < self.duration {
            return Ok(self.moment(time));
        }
        Err(self
            .fault(at, format!("{what} at {time} comes after the end of the run at {}", self.duration))
            .help("make `duration` longer or the time earlier"))
    }

    pub(super) fn network(&self) -> NetworkPlan {
        let network = &self.root.cluster.network;
        let link = |dist: &Option<Dist<Duration>>| dist.as_ref().expect("filled in").to_distribution();
        NetworkPlan {
            client_broker: link(&network.client_to_broker),
            client_nameserver: link(&network.client_to_nameserver),
            broker_nameserver: link(&network.broker_to_nameserver),
        }
    }

    pub(super) fn nameservers(&self) -> Result<Vec<NameserverPlan>, Fault> {
        let network = &self.root.cluster.network;
        let at = At::default().key("cluster").key("network");
        self.times(network.client_to_broker.as_ref(), &at.key("clientToBroker"))?;
        self.times(network.client_to_nameserver.as_ref(), &at.key("clientToNameserver"))?;
        self.times(network.broker_to_nameserver.as_ref(), &at.key("brokerToNameserver"))?;
        let Some(CountOrMap::Map(nameservers)) = &self.root.cluster.nameservers else { return Ok(Vec::new()) };
        let mut plans = Vec::new();
        for (name, raw) in nameservers {
            let at = At::default().key("cluster").key("nameservers").key(name);
            let config = NameserverConfig {
                broker_channel_expired_time: raw.broker_channel_expired_time.expect("filled in").0,
                scan_not_active_broker_interval: raw.scan_not_active_broker_interval.expect("filled in").0,
                handling: self.times(raw.handling.as_ref(), &at.key("handling"))?,
            };
            self.period(&at, "brokerChannelExpiredTime", config.broker_channel_expired_time)?;
            self.period(&at, "scanNotActiveBrokerInterval", config.scan_not_active_broker_interval)?;
            let start = raw.start.expect("filled in").0;
            let start_at = self.before_end(start, &at.key("start"), "the start of a nameserver")?;
            let order_topics = self.order_topics(raw, &at.key("orderTopics"))?;
            plans.push(NameserverPlan { name: name.clone(), config, start_at, order_topics });
        }
        Ok(plans)
    }

    /// Queues per broker of order topics, by topic and broker.
    fn order_topics(&self, raw: &Nameserver, at: &At) -> Result<OrderTopics, Fault> {
        let mut topics = Vec::new();
        for (topic, brokers) in &raw.order_topics {
            let at = at.key(topic);
            if self.topics.find(topic).is_none() {
                let fault = self.key_fault(&at, format!("undefined topic `{topic}`"));
                return Err(fault.maybe_help(suggest(topic, self.topics.iter())));
            }
            let topic = self.own_topic(topic, &at)?;
            let mut queues = Vec::new();
            for (broker, count) in brokers {
                let Some(known) = self.brokers.find(broker) else {
                    let fault = self.key_fault(&at.key(broker), format!("undefined broker `{broker}`"));
                    return Err(fault.maybe_help(suggest(broker, self.brokers.iter())));
                };
                self.within(&at, broker, u64::from(*count), 1, MOST_QUEUES)?;
                queues.push((BrokerIx::new(known), *count));
            }
            queues.sort_unstable();
            topics.push((topic, queues));
        }
        topics.sort_unstable();
        Ok(topics)
    }

    /// The nameservers that a node knows or registers with.
    pub(super) fn nameserver_list(&self, names: Option<&Names>, at: &At) -> Result<Vec<NameserverIx>, Fault> {
        let at = at.key("nameservers");
        let mut known = Vec::new();
        for (index, name) in names.expect("filled in").0.iter().enumerate() {
            let at = at.index(index);
            let nameserver = NameserverIx::new(self.find(&self.nameservers, name, &at)?);
            if known.contains(&nameserver) {
                return Err(self.fault(&at, format!("`{name}` is named twice")));
            }
            known.push(nameserver);
        }
        if known.is_empty() {
            return Err(self.fault(&at, "no nameserver is named"));
        }
        Ok(known)
    }

    pub(super) fn topic_plans(&self, broker_plans: &[BrokerPlan]) -> Result<Vec<TopicPlan>, Fault> {
        let mut plans = Vec::new();
        let mut preloaded: u64 = 0;
        for (number, name) in self.all_topics.iter().enumerate() {
            if self.roles[number] != TopicRole::Normal {
                plans.push(self.system_topic_plan(number, broker_plans));
                continue;
            }
            let (raw, at) = (&self.root.topics[name], At::default().key("topics").key(name));
            if raw.auto_create == Some(true) {
                plans.push(self.topic_to_come(name, raw, &at, broker_plans)?);
                continue;
            }
            let (read_queue_nums, write_queue_nums) = self.queue_counts(raw, &at)?;
            let names = &raw.brokers.as_ref().expect("filled in").0;
            let mut brokers: Vec<TopicOnBroker> = Vec::new();
            for (index, broker) in names.iter().enumerate() {
                let at = at.key("brokers").index(index);
                let broker = BrokerIx::new(self.find(&self.brokers, broker, &at)?);
                if brokers.iter().any(|other| other.broker == broker) {
                    return Err(self.fault(&at, format!("`{}` is named twice", names[index])));
                }
                brokers.push(TopicOnBroker { broker, read_queue_nums, write_queue_nums });
            }
            if brokers.is_empty() {
                return Err(self.fault(&at.key("brokers"), format!("no broker carries `{name}`")));
            }
            brokers.sort_by_key(|on| on.broker);
            let preload = match &raw.preload {
                None => None,
                Some(preload) => {
                    let at = at.key("preload");
                    let queues = u64::from(write_queue_nums) * brokers.len() as u64;
                    preloaded = preloaded.saturating_add(preload.per_queue.saturating_mul(queues));
                    if preloaded > MOST_PRELOADED {
                        let message = format!("more than {MOST_PRELOADED} preloaded messages");
                        return Err(self.fault(&at.key("perQueue"), message));
                    }
                    let body_size = self.body(preload.body_size.as_ref(), &at.key("bodySize"))?;
                    Some(Preload { per_queue: preload.per_queue, body_size })
                }
            };
            plans.push(TopicPlan {
                name: name.to_owned(),
                role: TopicRole::Normal,
                brokers,
                auto_create: false,
                preload,
            });
        }
        Ok(plans)
    }

    /// A topic that a first send creates: the most that it can get.
    fn topic_to_come(&self, name: &str, raw: &Topic, at: &At, brokers: &[BrokerPlan]) -> Result<TopicPlan, Fault> {
        let said = [
            ("queues", raw.queues.is_some()),
            ("readQueueNums", raw.read_queue_nums.is_some()),
            ("writeQueueNums", raw.write_queue_nums.is_some()),
            ("brokers", raw.brokers.is_some()),
            ("preload", raw.preload.is_some()),
        ];
        if let Some((key, _)) = said.iter().find(|(_, said)| *said) {
            let fault = self.key_fault(&at.key(*key), format!("`{key}` of a topic that does not exist at the start"));
            return Err(fault.help("producers say its queues by `defaultTopicQueueNums`; remove this or `autoCreate`"));
        }
        let of_topic = self.root.producers.values().filter(|producer| producer.topic == *name);
        let wanted = of_topic.filter_map(|producer| producer.default_topic_queue_nums).max();
        let wanted = wanted.unwrap_or(ProducerConfig::default().default_topic_queue_nums);
        let creating = brokers.iter().enumerate().filter(|(_, plan)| plan.config.auto_create_topic_enable);
        let on = |(broker, plan): (usize, &BrokerPlan)| {
            // `TopicConfigManager#createTopicInSendMessageMethod`: no more than the template has.
            let queues = wanted.min(plan.config.replication.default_topic_queue_nums);
            TopicOnBroker { broker: BrokerIx::new(broker), read_queue_nums: queues, write_queue_nums: queues }
        };
        let brokers: Vec<TopicOnBroker> = creating.map(on).collect();
        if brokers.is_empty() {
            let fault = self.fault(&at.key("autoCreate"), "no broker creates topics");
            return Err(fault.help("set `autoCreateTopicEnable: true` for a broker"));
        }
        let (name, role) = (name.to_owned(), TopicRole::Normal);
        Ok(TopicPlan { name, role, brokers, auto_create: true, preload: None })
    }

    fn queue_counts(&self, raw: &Topic, at: &At) -> Result<(u32, u32), Fault> {
        if raw.queues == Some(0) {
            return Err(self.fault(&at.key("queues"), "a topic of zero queues").help("`queues` must be at least 1"));
        }
        let read = raw.read_queue_nums.expect("filled in");
        let write = raw.write_queue_nums.expect("filled in");
        for (key, count) in [("readQueueNums", read), ("writeQueueNums", write)] {
            let place = if self.tree_says(&at.key(key)) { key } else { "queues" };
            self.within(at, place, u64::from(count), 1, MOST_QUEUES)?;
        }
        Ok((read, write))
    }

    fn tree_says(&self, at: &At) -> bool {
        self.tree.has(at)
    }

    /// The counts that an action sets, for the brokers it names or all that carry the topic by then.
    pub(super) fn new_counts(&self, raw: &SetQueues, at: &At) -> Result<(u32, u32), Fault> {
        let read = raw.read_queue_nums.or(raw.queues);
        let write = raw.write_queue_nums.or(raw.queues);
        let (Some(read), Some(write)) = (read, write) else {
            return Err(self.fault(at, "missing key `queues`").help("say how many queues the topic gets"));
        };
        if read == 0 && write == 0 {
            let help = "at least one of `readQueueNums` and `writeQueueNums` must be above 0";
            return Err(self.fault(&at.key("queues"), "a topic of zero queues").help(help));
        }
        for (key, count) in [("readQueueNums", read), ("writeQueueNums", write)] {
            let place = if self.tree_says(&at.key(key)) { key } else { "queues" };
            self.within(at, place, u64::from(count), 0, MOST_QUEUES)?;
        }
        Ok((read, write))
    }

    /// Every queue that exists at any time, in `MessageQueue#compareTo` order.
    pub(super) fn all_queues(&self, topics: &[TopicPlan]) -> Result<Vec<QueueKey>, Fault> {
        let mut most: BTreeMap<(TopicIx, BrokerIx), u32> = BTreeMap::new();
        let mut raise = |topic: TopicIx, broker: BrokerIx, count: u32| {
            let entry = most.entry((topic, broker)).or_default();
            *entry = (*entry).max(count);
        };
        for (topic, plan) in topics.iter().enumerate() {
            for on in &plan.brokers {
                raise(TopicIx::new(topic), on.broker, on.read_queue_nums.max(on.write_queue_nums));
            }
        }
        for (index, timed) in self.root.timeline.iter().enumerate() {
            let Some(raw) = &timed.set_queues else { continue };
            let at = At::default().key("timeline").index(index).key("setQueues");
            let topic = self.own_topic(&raw.topic, &at.key("topic"))?;
            let (read, write) = self.new_counts(raw, &at)?;
            match &raw.brokers {
                None => {
                    let carriers: Vec<BrokerIx> = topics[topic.at()].brokers.iter().map(|on| on.broker).collect();
                    carriers.into_iter().for_each(|broker| raise(topic, broker, read.max(write)));
                    // A broker that joined the topic by an earlier action is raised by that action's own entry below.
                    for earlier in self.root.timeline.iter().filter_map(|timed| timed.set_queues.as_ref()) {
                        let names = earlier.brokers.iter().flat_map(|names| &names.0);
                        if earlier.topic == raw.topic {
                            names
                                .filter_map(|name| self.brokers.find(name))
                                .for_each(|broker| raise(topic, BrokerIx::new(broker), read.max(write)));
                        }
                    }
                }
                Some(names) => {
                    for (index, name) in names.0.iter().enumerate() {
                        let broker = self.find(&self.brokers, name, &at.key("brokers").index(index))?;
                        raise(topic, BrokerIx::new(broker), read.max(write));
                    }
                }
            }
        }
        if most.values().map(|count| u64::from(*count)).sum::<u64>() > MOST_QUEUES {
            return Err(self.fault(&At::default().key("topics"), format!("more than {MOST_QUEUES} queues in all")));
        }
        let keys = most
            .into_iter()
            .flat_map(|((topic, broker), count)| (0..count).map(move |queue_id| QueueKey { topic, broker, queue_id }));
        Ok(keys.collect())
    }
}
