//! Plans in which messages come back: brokers, one topic, one group with its retry and dead-letter topics.

use std::sync::Arc;

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::{
    BrokerConfig, ConsumeFromWhere, ConsumerConfig, ListenerRule, NameserverConfig, ProducerConfig,
};
use rocketmq_sim::run::outcome::Outcome;
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::plan::{
    ArrivalProcess, Arrivals, BrokerPlan, ExpressionPlan, GroupPlan, InstancePlan, NameserverPlan, NetworkPlan, Plan,
    ProducerPlan, QueueKey, RatePoint, StrategyPlan, TopicOnBroker, TopicPlan, TopicRole,
};
use rocketmq_sim::store::ids::{BrokerIx, ClientIx, ExpressionIx, GroupIx, NameserverIx, ProducerGroupIx, TopicIx};

pub(crate) const DLQ: TopicIx = TopicIx(0);
pub(crate) const RETRY: TopicIx = TopicIx(1);
pub(crate) const SCHEDULE: TopicIx = TopicIx(2);
pub(crate) const TOPIC: TopicIx = TopicIx(3);
pub(crate) const GROUP: GroupIx = GroupIx(0);

/// What differs between the tests.
pub(crate) struct Setup {
    pub(crate) brokers: u32,
    /// Brokers on which the retry and dead-letter topics can be created.
    pub(crate) retry_brokers: Vec<u32>,
    pub(crate) members: u32,
    pub(crate) messages: u64,
    pub(crate) rate: f64,
    pub(crate) process: ArrivalProcess,
    pub(crate) duration: SimDuration,
    pub(crate) config: ConsumerConfig,
    pub(crate) broker: BrokerConfig,
    pub(crate) delay_levels: Vec<(u8, f64)>,
    pub(crate) seed: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            brokers: 1,
            retry_brokers: vec![0],
            members: 1,
            messages: 10,
            rate: 10.0,
            process: ArrivalProcess::Constant,
            duration: SimDuration::from_secs(60),
            config: ConsumerConfig { consume_from_where: ConsumeFromWhere::FirstOffset, ..ConsumerConfig::default() },
            broker: BrokerConfig::default(),
            delay_levels: Vec::new(),
            seed: 1,
        }
    }
}

/// A rule that makes every call fail, to be narrowed.
pub(crate) fn fails() -> ListenerRule {
    ListenerRule {
        keys: Vec::new(),
        tags: Vec::new(),
        from: SimTime::ZERO,
        until: SimTime::MAX,
        attempts_below: u32::MAX,
        probability: 1.0,
        of_messages: false,
        fails: true,
        service_time: None,
    }
}

/// First `send()`: the consumers own their queues by then.
pub(crate) const FIRST_SEND: SimTime = SimTime::from_secs(25);

impl Setup {
    pub(crate) fn listener(mut self, rule: ListenerRule) -> Self {
        self.config.listener.push(rule);
        self
    }

    pub(crate) fn run(&self) -> Outcome {
        run(&self.plan())
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        let levels = self.broker.message_delay_level.len() as u32;
        let config = ConsumerConfig { retry_topic: true, ..self.config.clone() };
        let all: Vec<u32> = (0..self.brokers).collect();
        let topic = |name: &str, role, brokers: &[u32], queues| TopicPlan {
            auto_create: false,
            name: name.into(),
            role,
            brokers: brokers
                .iter()
                .map(|broker| TopicOnBroker {
                    broker: BrokerIx(*broker),
                    read_queue_nums: queues,
                    write_queue_nums: queues,
                })
                .collect(),
            preload: None,
        };
        let topics = vec![
            topic("%DLQ%group", TopicRole::DeadLetter(GROUP), &self.retry_brokers, 1),
            topic("%RETRY%group", TopicRole::Retry(GROUP), &self.retry_brokers, 1),
            topic("SCHEDULE_TOPIC_XXXX", TopicRole::Schedule, &all, levels),
            topic("topic", TopicRole::Normal, &all, 4),
        ];
        let queues = topics.iter().enumerate().flat_map(|(index, topic)| {
            topic.brokers.iter().flat_map(move |on| {
                (0..on.read_queue_nums).map(move |queue_id| QueueKey {
                    topic: TopicIx::new(index),
                    broker: on.broker,
                    queue_id,
                })
            })
        });
        Arc::new(Plan {
            replicas: Vec::new(),
            fallible: false,
            link_rules: Vec::new(),
            autoscalers: Vec::new(),
            expressions: vec![ExpressionPlan::Tag("*".to_owned())],
            producer_groups: vec!["p".to_owned()],
            name: "returns".into(),
            title: String::new(),
            description: String::new(),
            sources: Vec::new(),
            seed: self.seed,
            duration: self.duration,
            sample_interval: SimDuration::from_secs(1),
            client_ids: (0..=self.members).map(|client| format!("10.0.0.{client}@1")).collect(),
            queues: queues.collect(),
            network: network(),
            nameservers: vec![NameserverPlan {
                order_topics: Vec::new(),
                name: "nameserver".into(),
                config: NameserverConfig::default(),
                start_at: SimTime::ZERO,
            }],
            brokers: (0..self.brokers)
                .map(|broker| BrokerPlan {
                    nameservers: vec![NameserverIx(0)],
                    dledger: None,
                    name: format!("broker-{broker}"),
                    config: self.broker.clone(),
                    start_at: SimTime::ZERO,
                })
                .collect(),
            producers: vec![self.producer()],
            groups: vec![GroupPlan {
                broadcasting: None,
                retry_max_times: 16,
                retry_queue_nums: 1,
                retry_topic: Some(RETRY),
                dead_letter_topic: Some(DLQ),
                name: "group".into(),
                topics: vec![TOPIC],
                strategy: StrategyPlan::Averagely,
                config: config.clone(),
                stored_offset: None,
            }],
            instances: (0..self.members).map(|member| instance(member, &config)).collect(),
            topics,
            timeline: Vec::new(),
            expect: Vec::new(),
        })
    }

    fn producer(&self) -> ProducerPlan {
        ProducerPlan {
            nameservers: vec![NameserverIx(0)],
            group: ProducerGroupIx(0),
            tags: Vec::new(),
            properties: Vec::new(),
            delay_levels: self.delay_levels.clone(),
            transaction: None,
            name: "producer/0".into(),
            producer: "producer".into(),
            client_id: ClientIx(0),
            topic: TOPIC,
            config: ProducerConfig::default(),
            arrivals: Arrivals {
                process: self.process,
                profile: vec![RatePoint { at: SimTime::ZERO, rate: self.rate, ramp: false }],
            },
            body_size: Distribution::Constant(100),
            properties_bytes: 50,
            keys: None,
            start_at: FIRST_SEND,
            stop_at: None,
            limit: Some(self.messages),
        }
    }
}

/// Runs a plan with every fact and every check.
pub(crate) fn run(plan: &Arc<Plan>) -> Outcome {
    let options = &mut RunOptions { trace_messages: true, check_every_sample: true, ..RunOptions::default() };
    simulate(plan, options).expect("conserved")
}

fn network() -> NetworkPlan {
    let link = Distribution::constant_duration(SimDuration::from_micros(200));
    NetworkPlan { client_broker: link.clone(), client_nameserver: link.clone(), broker_nameserver: link }
}

fn instance(member: u32, config: &ConsumerConfig) -> InstancePlan {
    InstancePlan {
        nameservers: vec![NameserverIx(0)],
        name: format!("group/{member}"),
        group: GROUP,
        expressions: vec![ExpressionIx::ALL; 2],
        topics: vec![RETRY, TOPIC],
        config: config.clone(),
        start: Some((SimTime::from_millis(100), ClientIx(member + 1))),
        phases: None,
    }
}
