//! A small cluster in code: what every measured experiment shares.

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::{BrokerConfig, ClientConfig, ConsumerConfig, NameserverConfig, ProducerConfig};
use rocketmq_sim::scenario::plan::{
    Action, ArrivalProcess, Arrivals, BrokerPlan, ExpressionPlan, GroupPlan, InstancePlan, NameserverPlan, NetworkPlan,
    Phases, Plan, ProducerPlan, QueueKey, RatePoint, StoredOffset, StrategyPlan, TimedAction, TopicOnBroker, TopicPlan,
    TopicRole,
};
use rocketmq_sim::store::ids::{
    BrokerIx, ClientIx, ExpressionIx, GroupIx, InstanceIx, NameserverIx, ProducerGroupIx, TopicIx,
};

use super::machine::{Jvm, Machine};

/// The topics that the group consumes come after its retry topic.
pub(super) const FIRST_TOPIC: TopicIx = TopicIx(1);

/// A member of the group.
pub(super) struct Member {
    /// Its name, and what its client id is made of.
    pub(super) name: String,
    pub(super) client_id: String,
    pub(super) start: Start,
    pub(super) jvm: Jvm,
}

/// How a member comes to run.
#[derive(Clone, Copy)]
pub(super) enum Start {
    /// It has been running for long.
    Long(Phases),
    /// It calls `start()` at this time.
    At(SimTime),
}

/// A producer of one of the topics.
pub(super) struct Sender {
    pub(super) topic: usize,
    pub(super) rate: f64,
    pub(super) threads: u32,
    pub(super) process: ArrivalProcess,
    pub(super) start_at: SimTime,
    pub(super) limit: Option<u64>,
}

/// The cluster of an experiment.
pub(super) struct Cluster {
    pub(super) name: String,
    pub(super) seed: u64,
    pub(super) machine: Machine,
    /// Brokers by name, each with the time from which its timers count.
    pub(super) brokers: Vec<SimTime>,
    /// The broker that has the topics.
    pub(super) home: usize,
    /// `autoCreateTopicEnable`: clients know every broker.
    pub(super) auto_create: bool,
    /// Queue count of each topic at the start, and the greatest it ever has.
    pub(super) topics: Vec<(u32, u32)>,
    pub(super) senders: Vec<Sender>,
    pub(super) strategy: StrategyPlan,
    pub(super) listener_ms: u64,
    pub(super) members: Vec<Member>,
    pub(super) duration: SimDuration,
    /// Whether members rebalance the retry topic before the others: the order is that of a Java hash map, so it depends on
    /// the names.
    pub(super) retry_first: bool,
}

impl Cluster {
    /// The instance of this name.
    pub(super) fn instance(&self, name: &str) -> InstanceIx {
        InstanceIx::new(self.members.iter().position(|member| member.name == name).unwrap())
    }

    /// The plan, without actions.
    ///
    /// The group's retry topic `%RETRY%group` is an ordinary topic here, with one queue on each broker that a member
    /// heartbeats to: every member subscribes to it, so it takes part in rebalances and its pulls keep connections busy.
    pub(super) fn plan(&self) -> Plan {
        let ids = self.client_ids();
        let id = |wanted: &str| ClientIx::new(ids.iter().position(|id| id == wanted).unwrap());
        let topics = self.topic_plans();
        Plan {
            replicas: Vec::new(),
            fallible: false,
            link_rules: Vec::new(),
            autoscalers: Vec::new(),
            expressions: vec![ExpressionPlan::Tag("*".to_owned())],
            producer_groups: vec!["p".to_owned()],
            name: self.name.clone(),
            title: String::new(),
            description: String::new(),
            sources: Vec::new(),
            seed: self.seed,
            duration: self.duration,
            sample_interval: SimDuration::from_secs(20),
            queues: self.queue_keys(&topics),
            network: self.machine.network(),
            nameservers: vec![self.nameserver()],
            brokers: self.brokers.iter().enumerate().map(|(index, start)| self.broker(index, *start)).collect(),
            producers: (0..self.senders.len()).map(|index| self.producer(index, id(&producer_id(index)))).collect(),
            groups: vec![self.group(topics.len())],
            instances: self
                .members
                .iter()
                .map(|member| self.member(member, id(&member.client_id), topics.len()))
                .collect(),
            timeline: Vec::new(),
            expect: Vec::new(),
            client_ids: ids,
            topics,
        }
    }

    fn client_ids(&self) -> Vec<String> {
        let members = self.members.iter().map(|member| member.client_id.clone());
        let mut ids: Vec<String> = members.chain((0..self.senders.len()).map(producer_id)).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    fn topic_plans(&self) -> Vec<TopicPlan> {
        let known: Vec<usize> = if self.auto_create { (0..self.brokers.len()).collect() } else { vec![self.home] };
        let on = |broker: usize, queues: u32| TopicOnBroker {
            broker: BrokerIx::new(broker),
            read_queue_nums: queues,
            write_queue_nums: queues,
        };
        let retry = TopicPlan {
            auto_create: false,
            role: TopicRole::Normal,
            name: "%RETRY%group".to_owned(),
            brokers: known.into_iter().map(|broker| on(broker, 1)).collect(),
            preload: None,
        };
        let own = self.topics.iter().enumerate().map(|(index, (queues, _))| TopicPlan {
            auto_create: false,
            role: TopicRole::Normal,
            name: format!("topic{index}"),
            brokers: vec![on(self.home, *queues)],
            preload: None,
        });
        std::iter::once(retry).chain(own).collect()
    }

    fn queue_keys(&self, topics: &[TopicPlan]) -> Vec<QueueKey> {
        let mut keys = Vec::new();
        for (index, topic) in topics.iter().enumerate() {
            for on in &topic.brokers {
                let most = if index == 0 { 1 } else { self.topics[index - 1].1 };
                keys.extend((0..most).map(|queue_id| QueueKey {
                    topic: TopicIx::new(index),
                    broker: on.broker,
                    queue_id,
                }));
            }
        }
        keys
    }

    fn nameserver(&self) -> NameserverPlan {
        let config = NameserverConfig { handling: self.machine.nameserver.clone(), ..NameserverConfig::default() };
        NameserverPlan { order_topics: Vec::new(), name: "nameserver".to_owned(), config, start_at: SimTime::ZERO }
    }

    fn broker(&self, index: usize, start_at: SimTime) -> BrokerPlan {
        let config = BrokerConfig {
            auto_create_topic_enable: self.auto_create,
            send_handling: self.machine.broker_send.clone(),
            pull_handling: self.machine.broker_pull.clone(),
            admin_handling: self.machine.broker_admin.clone(),
            ..BrokerConfig::default()
        };
        BrokerPlan {
            nameservers: vec![NameserverIx(0)],
            dledger: None,
            name: format!("broker-{index}"),
            config,
            start_at,
        }
    }

    fn producer(&self, index: usize, client_id: ClientIx) -> ProducerPlan {
        let sender = &self.senders[index];
        let client = ClientConfig { handling: self.machine.producer.clone(), ..ClientConfig::default() };
        ProducerPlan {
            nameservers: vec![NameserverIx(0)],
            group: ProducerGroupIx(0),
            tags: Vec::new(),
            properties: Vec::new(),
            delay_levels: Vec::new(),
            transaction: None,
            name: format!("producer/{index}"),
            producer: "producer".to_owned(),
            client_id,
            topic: TopicIx::new(sender.topic + 1),
            config: ProducerConfig { client, send_threads: sender.threads, ..ProducerConfig::default() },
            arrivals: Arrivals {
                process: sender.process,
                profile: vec![RatePoint { at: SimTime::ZERO, rate: sender.rate, ramp: false }],
            },
            body_size: Distribution::Constant(100),
            properties_bytes: 50,
            keys: None,
            start_at: sender.start_at,
            stop_at: None,
            limit: sender.limit,
        }
    }

    fn group(&self, topics: usize) -> GroupPlan {
        GroupPlan {
            broadcasting: None,
            retry_max_times: 16,
            retry_queue_nums: 1,
            retry_topic: None,
            dead_letter_topic: None,
            name: "group".to_owned(),
            topics: (0..topics).map(TopicIx::new).collect(),
            strategy: self.strategy.clone(),
            config: self.consumer_config(&Jvm::warm(&self.machine)),
            stored_offset: Some(StoredOffset::End),
        }
    }

    fn member(&self, member: &Member, client_id: ClientIx, topics: usize) -> InstancePlan {
        let (start, phases) = match member.start {
            Start::Long(phases) => (SimTime::ZERO, Some(phases)),
            Start::At(at) => (at, None),
        };
        InstancePlan {
            nameservers: vec![NameserverIx(0)],
            name: member.name.clone(),
            group: GroupIx(0),
            expressions: vec![ExpressionIx::ALL; topics],
            topics: self.in_map_order(topics),
            config: self.consumer_config(&member.jvm),
            start: Some((start, client_id)),
            phases,
        }
    }

    fn in_map_order(&self, topics: usize) -> Vec<TopicIx> {
        let mut order: Vec<TopicIx> = (0..topics).map(TopicIx::new).collect();
        if !self.retry_first {
            order.rotate_left(1);
        }
        order
    }

    fn consumer_config(&self, jvm: &Jvm) -> ConsumerConfig {
        ConsumerConfig {
            client: ClientConfig { handling: jvm.handling.clone(), ..ClientConfig::default() },
            service_time: Distribution::constant_duration(SimDuration::from_millis(self.listener_ms)),
            start_delay: jvm.start_delay.clone(),
            rebalance_work: jvm.rebalance_work.clone(),
            ..ConsumerConfig::default()
        }
    }
}

fn producer_id(index: usize) -> String {
    format!("10.0.0.1@p{index}")
}

/// The client id that the measured clients had.
pub(super) fn client_id(name: &str) -> String {
    format!("10.0.0.1@{name}")
}

/// An action of a plan.
pub(super) fn act(plan: &mut Plan, at: SimTime, action: Action) {
    plan.timeline.push(TimedAction { at, action, label: String::new() });
    plan.timeline.sort_by_key(|timed| timed.at);
}

/// The machine's network for a plan.
pub(super) fn loopback(latency: SimDuration) -> NetworkPlan {
    let latency = Distribution::constant_duration(latency);
    NetworkPlan { client_broker: latency.clone(), client_nameserver: latency.clone(), broker_nameserver: latency }
}
