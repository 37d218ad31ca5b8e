//! Plans for the tests of how messages live: one topic, one group, members that come and go, written by hand.

use std::sync::Arc;

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::{
    BrokerConfig, ConsumeFromWhere, ConsumeMode, ConsumerConfig, ListenerRule, MessageModel, NameserverConfig,
    ProducerConfig, QueueSelector,
};
use rocketmq_sim::node::counters::Counter;
use rocketmq_sim::run::outcome::Outcome;
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::plan::{
    Action, ArrivalProcess, Arrivals, BrokerPlan, ExpressionPlan, GroupPlan, InstancePlan, KeySpace, NameserverPlan,
    NetworkPlan, Plan, Preload, ProducerPlan, QueueKey, RatePoint, StrategyPlan, TimedAction, TopicOnBroker, TopicPlan,
    TopicRole,
};
use rocketmq_sim::store::ids::{
    BrokerIx, ClientIx, ExpressionIx, GroupIx, InstanceIx, NameserverIx, ProducerGroupIx, ProducerIx, TopicIx,
};

pub(crate) const GROUP: GroupIx = GroupIx(0);
pub(crate) const TOPIC: TopicIx = TopicIx(0);

pub(crate) fn ms(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

pub(crate) fn at(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

fn constant(duration: SimDuration) -> Distribution {
    Distribution::constant_duration(duration)
}

/// A listener that fails with everything.
pub(crate) fn failing() -> ListenerRule {
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

/// What differs between the plans.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) seed: u64,
    pub(crate) queues: u32,
    /// When each member starts, if it does at first.
    pub(crate) members: Vec<Option<SimTime>>,
    /// Messages a second, and until when.
    pub(crate) rate: f64,
    pub(crate) send_until: SimTime,
    pub(crate) preload: u64,
    pub(crate) duration: SimDuration,
    pub(crate) config: ConsumerConfig,
    pub(crate) actions: Vec<(SimTime, Action)>,
}

impl Life {
    /// Two orderly members from the beginning, four queues, 40 messages a second over 20 keys.
    pub(crate) fn orderly() -> Self {
        Self {
            seed: 1,
            queues: 4,
            members: vec![Some(at(1)), Some(at(1))],
            rate: 40.0,
            send_until: at(200),
            preload: 0,
            duration: SimDuration::from_secs(300),
            config: ConsumerConfig {
                consume_mode: ConsumeMode::Orderly,
                consume_from_where: ConsumeFromWhere::FirstOffset,
                service_time: constant(ms(5)),
                ..ConsumerConfig::default()
            },
            actions: Vec::new(),
        }
    }

    /// Every member of a broadcasting group.
    pub(crate) fn broadcasting() -> Self {
        let mut life = Self::orderly();
        life.config.consume_mode = ConsumeMode::Concurrently;
        life.config.message_model = MessageModel::Broadcasting;
        life
    }

    pub(crate) fn service(mut self, time: SimDuration) -> Self {
        self.config.service_time = constant(time);
        self
    }

    pub(crate) fn act(mut self, at: SimTime, action: Action) -> Self {
        self.actions.push((at, action));
        self
    }

    pub(crate) fn run(&self) -> Outcome {
        let mut options = RunOptions { check_every_sample: true, ..RunOptions::default() };
        simulate(&self.plan(), &mut options).expect("conserved at every sample")
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        let broadcasting = self.config.message_model == MessageModel::Broadcasting;
        let group_of = |member: usize| if broadcasting { GroupIx::new(member) } else { GROUP };
        let groups = if broadcasting { self.members.len() } else { 1 };
        let on = TopicOnBroker { broker: BrokerIx(0), read_queue_nums: self.queues, write_queue_nums: self.queues };
        // Client ids: one per member, one for a second start, one for the producer.
        let clients = (0..2 * self.members.len()).map(|client| format!("10.0.0.{client}@1")).chain(["p@1".into()]);
        let mut timeline: Vec<TimedAction> = self
            .actions
            .iter()
            .map(|(at, action)| TimedAction { at: *at, action: action.clone(), label: String::new() })
            .collect();
        timeline.sort_by_key(|timed| timed.at);
        Arc::new(Plan {
            replicas: Vec::new(),
            fallible: false,
            link_rules: Vec::new(),
            autoscalers: Vec::new(),
            name: "life".into(),
            title: String::new(),
            description: String::new(),
            sources: Vec::new(),
            seed: self.seed,
            duration: self.duration,
            sample_interval: SimDuration::from_secs(1),
            client_ids: clients.collect(),
            queues: (0..self.queues).map(|id| QueueKey { topic: TOPIC, broker: BrokerIx(0), queue_id: id }).collect(),
            expressions: vec![ExpressionPlan::Tag("*".into())],
            producer_groups: vec!["p".into()],
            network: network(),
            nameservers: vec![NameserverPlan {
                order_topics: Vec::new(),
                name: "nameserver".into(),
                config: NameserverConfig::default(),
                start_at: SimTime::ZERO,
            }],
            brokers: vec![BrokerPlan {
                nameservers: vec![NameserverIx(0)],
                dledger: None,
                name: "broker".into(),
                config: BrokerConfig::default(),
                start_at: SimTime::ZERO,
            }],
            topics: vec![TopicPlan {
                auto_create: false,
                name: "topic".into(),
                role: TopicRole::Normal,
                brokers: vec![on],
                preload: (self.preload > 0)
                    .then_some(Preload { per_queue: self.preload, body_size: Distribution::Constant(100) }),
            }],
            producers: if self.rate > 0.0 { vec![self.producer()] } else { Vec::new() },
            groups: (0..groups)
                .map(|index| GroupPlan {
                    name: format!("group{index}"),
                    topics: vec![TOPIC],
                    strategy: StrategyPlan::Averagely,
                    config: self.config.clone(),
                    broadcasting: broadcasting.then(|| "group".to_owned()),
                    retry_max_times: 16,
                    retry_queue_nums: 1,
                    retry_topic: None,
                    dead_letter_topic: None,
                    stored_offset: None,
                })
                .collect(),
            instances: self
                .members
                .iter()
                .enumerate()
                .map(|(member, start)| InstancePlan {
                    nameservers: vec![NameserverIx(0)],
                    name: format!("group/{member}"),
                    group: group_of(member),
                    topics: vec![TOPIC],
                    expressions: vec![ExpressionIx::ALL],
                    config: self.config.clone(),
                    start: start.map(|at| (at, ClientIx::new(member))),
                    phases: None,
                })
                .collect(),
            timeline,
            expect: Vec::new(),
        })
    }

    fn producer(&self) -> ProducerPlan {
        ProducerPlan {
            nameservers: vec![NameserverIx(0)],
            name: "p/0".into(),
            producer: "p".into(),
            client_id: ClientIx::new(2 * self.members.len()),
            topic: TOPIC,
            config: ProducerConfig { selector: QueueSelector::KeyHash, ..ProducerConfig::default() },
            arrivals: Arrivals {
                process: ArrivalProcess::Poisson,
                profile: vec![RatePoint { at: SimTime::ZERO, rate: self.rate, ramp: false }],
            },
            body_size: Distribution::Constant(100),
            properties_bytes: 0,
            group: ProducerGroupIx(0),
            keys: Some(KeySpace { count: 20, zipf: 0.0 }),
            tags: Vec::new(),
            properties: Vec::new(),
            delay_levels: Vec::new(),
            transaction: None,
            start_at: at(3),
            stop_at: Some(self.send_until),
            limit: None,
        }
    }
}

fn network() -> NetworkPlan {
    let latency = constant(SimDuration::from_micros(500));
    NetworkPlan { client_broker: latency.clone(), client_nameserver: latency.clone(), broker_nameserver: latency }
}

pub(crate) fn stop(member: u32) -> Action {
    Action::StopConsumer { instance: InstanceIx(member) }
}

pub(crate) fn kill(member: u32) -> Action {
    Action::KillConsumer { instance: InstanceIx(member) }
}

pub(crate) fn freeze(member: u32) -> Action {
    Action::FreezeConsumer { instance: InstanceIx(member) }
}

pub(crate) fn thaw(member: u32) -> Action {
    Action::ThawConsumer { instance: InstanceIx(member) }
}

pub(crate) fn start(member: u32, client: u32, fresh_host: bool) -> Action {
    Action::StartConsumer { instance: InstanceIx(member), client_id: ClientIx(client), fresh_host }
}

pub(crate) fn rate(rate: f64) -> Action {
    Action::SetProducerRate { producer: ProducerIx(0), rate }
}

pub(crate) fn count(outcome: &Outcome, counter: Counter) -> u64 {
    outcome.counters.get(counter, Some(GROUP))
}
