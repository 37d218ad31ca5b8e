//! From a recipe to a plan: names, numbers, and a timeline in which every action meets a process that can take it.

use std::sync::Arc;

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::{
    BrokerConfig, ClientConfig, ConsumeFromWhere, ConsumerConfig, NameserverConfig, ProducerConfig, QueueSelector,
};
use rocketmq_sim::scenario::plan::{
    Action, ArrivalProcess, Arrivals, BrokerPlan, ExpressionPlan, GroupPlan, InstancePlan, KeySpace, NameserverPlan,
    NetworkPlan, Plan, Preload, ProducerPlan, QueueKey, RatePoint, StoredOffset, StrategyPlan, TimedAction,
    TopicOnBroker, TopicPlan, TopicRole,
};
use rocketmq_sim::store::ids::{
    BrokerIx, ClientIx, ExpressionIx, GroupIx, InstanceIx, NameserverIx, ProducerGroupIx, ProducerIx, QueueIx, TopicIx,
};

use super::{BrokerRecipe, END, GroupRecipe, ProducerRecipe, QUIET_FROM, Recipe};

fn ms(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

fn constant(duration: SimDuration) -> Distribution {
    Distribution::Constant(duration.as_nanos())
}

fn latency(kind: u8) -> Distribution {
    match kind {
        0 => constant(SimDuration::ZERO),
        1 => constant(SimDuration::from_micros(500)),
        2 => Distribution::Exponential { mean: 2_000_000 },
        _ => Distribution::Uniform { min: 100_000, max: 30_000_000 },
    }
}

fn handling(kind: u8) -> Distribution {
    match kind {
        0 => constant(SimDuration::ZERO),
        1 | 2 => constant(SimDuration::from_micros(100)),
        3 => Distribution::Exponential { mean: 5_000_000 },
        4 => Distribution::Uniform { min: 0, max: 80_000_000 },
        _ => Distribution::Empirical(vec![(0, 0.9), (2_500_000_000, 0.1)]),
    }
}

/// Times per message whose mean is at most 10 ms.
pub(crate) fn service(kind: u8) -> Distribution {
    match kind {
        0 => constant(SimDuration::ZERO),
        1 => constant(ms(2)),
        2 => Distribution::Exponential { mean: 10_000_000 },
        3 => Distribution::Uniform { min: 0, max: 20_000_000 },
        _ => Distribution::LogNormal { median: 4_000_000, p99: 60_000_000 },
    }
}

/// A recipe turned into a plan, and what the end of it should look like.
pub(crate) struct Made {
    pub(crate) plan: Arc<Plan>,
    /// Instances that run at the end, frozen ones not.
    pub(crate) running: Vec<InstanceIx>,
    /// Queues that are readable at the end.
    pub(crate) readable: Vec<QueueIx>,
}

/// Builds the plan of a recipe.
pub(crate) fn make(recipe: &Recipe) -> Made {
    Maker::new(recipe).make()
}

#[derive(Clone, Copy, PartialEq)]
enum Life {
    Down,
    Running,
    Frozen,
}

struct Maker<'a> {
    recipe: &'a Recipe,
    topics: Vec<TopicPlan>,
    /// Queues per (topic, broker) now, and the most there ever are.
    now: Vec<Vec<(u32, u32)>>,
    most: Vec<Vec<u32>>,
    instances: Vec<InstancePlan>,
    lives: Vec<Life>,
    starts: Vec<(String, InstanceIx, Option<usize>)>,
    timeline: Vec<TimedAction>,
}

impl<'a> Maker<'a> {
    fn new(recipe: &'a Recipe) -> Self {
        let brokers = recipe.brokers.len();
        let now: Vec<Vec<(u32, u32)>> = recipe
            .topics
            .iter()
            .map(|topic| {
                let mut queues = topic.queues[..brokers].to_vec();
                if queues.iter().all(|(read, _)| *read == 0) {
                    queues[0] = (4, 4);
                }
                queues
            })
            .collect();
        let most = now.iter().map(|on| on.iter().map(|(read, write)| *read.max(write)).collect()).collect();
        let topics = now
            .iter()
            .enumerate()
            .map(|(index, on)| TopicPlan {
                auto_create: false,
                role: TopicRole::Normal,
                name: format!("topic_{index}"),
                brokers: on
                    .iter()
                    .enumerate()
                    .filter(|(_, (read, _))| *read > 0)
                    .map(|(broker, (read, write))| TopicOnBroker {
                        broker: BrokerIx::new(broker),
                        read_queue_nums: *read,
                        write_queue_nums: *write,
                    })
                    .collect(),
                preload: recipe.topics[index]
                    .preload
                    .map(|per_queue| Preload { per_queue, body_size: Distribution::Uniform { min: 0, max: 3000 } }),
            })
            .collect();
        Self {
            recipe,
            topics,
            now,
            most,
            instances: Vec::new(),
            lives: Vec::new(),
            starts: Vec::new(),
            timeline: Vec::new(),
        }
    }

    fn make(mut self) -> Made {
        let groups: Vec<GroupPlan> = (0..self.recipe.groups.len()).map(|index| self.group(index)).collect();
        for (at, kind, who, how) in self.recipe.actions.clone() {
            self.act(u64::from(at), kind, usize::from(who), how);
        }
        let queues = self.queues();
        let readable = queues
            .iter()
            .enumerate()
            .filter(|(_, key)| key.queue_id < self.now[key.topic.at()][key.broker.at()].0)
            .map(|(index, _)| QueueIx::new(index))
            .collect();
        let running =
            (0..self.lives.len()).filter(|index| self.lives[*index] == Life::Running).map(InstanceIx::new).collect();
        let client_ids = self.number_clients();
        let latency = latency(self.recipe.latency);
        let plan = Plan {
            replicas: Vec::new(),
            fallible: false,
            link_rules: Vec::new(),
            autoscalers: Vec::new(),
            expressions: vec![ExpressionPlan::Tag("*".to_owned())],
            producer_groups: vec!["p".to_owned()],
            name: "random".into(),
            title: "Random".into(),
            description: String::new(),
            sources: Vec::new(),
            seed: self.recipe.seed,
            duration: END,
            sample_interval: SimDuration::from_millis(1700),
            queues,
            network: NetworkPlan {
                client_broker: latency.clone(),
                client_nameserver: latency.clone(),
                broker_nameserver: latency,
            },
            nameservers: (0..self.recipe.nameservers)
                .map(|index| NameserverPlan {
                    order_topics: Vec::new(),
                    name: format!("nameserver-{index}"),
                    config: NameserverConfig::default(),
                    start_at: SimTime::from_millis(if self.recipe.late_nameserver { index as u64 * 2500 } else { 0 }),
                })
                .collect(),
            brokers: self.brokers(),
            producers: self.producers(),
            groups,
            topics: self.topics,
            instances: self.instances,
            timeline: self.timeline,
            expect: Vec::new(),
            client_ids,
        };
        Made { plan: Arc::new(plan), running, readable }
    }

    fn brokers(&self) -> Vec<BrokerPlan> {
        let broker = |(index, recipe): (usize, &BrokerRecipe)| BrokerPlan {
            nameservers: vec![NameserverIx(0)],
            dledger: None,
            name: format!("room{}@broker-{index}", index % 2),
            config: BrokerConfig {
                auto_create_topic_enable: recipe.auto_create,
                notify_consumer_ids_changed_enable: recipe.notify,
                long_polling_enable: recipe.long_polling,
                physical_memory: if recipe.small_memory { 1 << 20 } else { 16 << 30 },
                send_handling: handling(recipe.handling),
                pull_handling: handling(recipe.handling),
                admin_handling: handling(recipe.handling),
                ..BrokerConfig::default()
            },
            start_at: SimTime::from_millis(u64::from(recipe.start_ms)),
        };
        self.recipe.brokers.iter().enumerate().map(broker).collect()
    }

    fn group(&mut self, index: usize) -> GroupPlan {
        let recipe = &self.recipe.groups[index];
        let mut topics: Vec<TopicIx> =
            (0..self.topics.len()).filter(|topic| recipe.topics >> topic & 1 == 1).map(TopicIx::new).collect();
        if topics.is_empty() {
            topics.push(TopicIx(0));
        }
        let config = consumer_config(recipe);
        for (number, instance) in recipe.instances.iter().enumerate() {
            let who = InstanceIx::new(self.instances.len());
            let start = instance.runs.then(|| {
                self.starts.push((format!("10.{index}.0.{number}@0"), who, None));
                (SimTime::from_millis(u64::from(instance.start_ms)), ClientIx(0))
            });
            self.lives.push(if instance.runs { Life::Running } else { Life::Down });
            self.instances.push(InstancePlan {
                nameservers: vec![NameserverIx(0)],
                name: format!("group_{index}/{number}"),
                group: GroupIx::new(index),
                expressions: vec![ExpressionIx::ALL; topics.len()],
                topics: topics.clone(),
                config: config.clone(),
                start,
                phases: None,
            });
        }
        GroupPlan {
            broadcasting: None,
            retry_max_times: 16,
            retry_queue_nums: 1,
            retry_topic: None,
            dead_letter_topic: None,
            name: format!("group_{index}"),
            strategy: self.strategy(index, recipe.strategy),
            topics,
            config,
            stored_offset: match recipe.stored {
                0 => None,
                1 => Some(StoredOffset::Beginning),
                _ => Some(StoredOffset::End),
            },
        }
    }

    /// Strategies that give every queue to somebody.
    fn strategy(&self, group: usize, kind: u8) -> StrategyPlan {
        match kind {
            0 => StrategyPlan::Averagely,
            1 => StrategyPlan::AveragelyByCircle,
            2 => StrategyPlan::ConsistentHash { virtual_nodes: 3 },
            3 => StrategyPlan::ByMachineRoom { rooms: vec!["room0".into(), "room1".into()] },
            _ => StrategyPlan::MachineRoomNearby {
                inner: Box::new(StrategyPlan::AveragelyByCircle),
                broker_rooms: (0..3)
                    .map(|broker| (format!("room{}@broker-{broker}", broker % 2), format!("r{}", broker % 2)))
                    .collect(),
                client_rooms: (0..6)
                    .flat_map(|number| {
                        (0..20).map(move |start| (format!("10.{group}.0.{number}@{start}"), format!("r{}", number % 2)))
                    })
                    .collect(),
            },
        }
    }

    fn producers(&self) -> Vec<ProducerPlan> {
        let producer = |(index, recipe): (usize, &ProducerRecipe)| {
            let rate = recipe.rate;
            let mut profile = vec![RatePoint { at: SimTime::ZERO, rate, ramp: recipe.ramp }];
            if recipe.ramp {
                profile.push(RatePoint { at: SimTime::from_secs(15), rate: rate / 2.0, ramp: false });
                profile.push(RatePoint { at: SimTime::from_secs(40), rate, ramp: false });
            }
            ProducerPlan {
                nameservers: vec![NameserverIx(0)],
                group: ProducerGroupIx(0),
                tags: Vec::new(),
                properties: Vec::new(),
                delay_levels: Vec::new(),
                transaction: None,
                name: format!("producer/{index}"),
                producer: "producer".into(),
                client_id: ClientIx(0),
                topic: TopicIx::new(recipe.topic % self.topics.len()),
                config: ProducerConfig {
                    client: ClientConfig::default(),
                    send_threads: recipe.threads,
                    selector: if recipe.hash { QueueSelector::KeyHash } else { QueueSelector::RoundRobin },
                    ..ProducerConfig::default()
                },
                arrivals: Arrivals {
                    process: [ArrivalProcess::Constant, ArrivalProcess::Poisson, ArrivalProcess::RandomInSlot]
                        [usize::from(recipe.law)],
                    profile,
                },
                body_size: Distribution::Uniform { min: 0, max: recipe.body },
                properties_bytes: 60,
                keys: recipe.keys.then_some(KeySpace { count: 50, zipf: 0.0 }),
                start_at: SimTime::from_millis(u64::from(recipe.start_ms)),
                stop_at: Some(QUIET_FROM),
                limit: None,
            }
        };
        self.recipe.producers.iter().enumerate().map(producer).collect()
    }

    fn act(&mut self, at: u64, kind: u8, who: usize, how: u16) {
        let at = SimTime::from_millis(at);
        let instance = InstanceIx::new(who % self.instances.len());
        let life = self.lives[instance.at()];
        let started = self.instances[instance.at()].start.is_none_or(|(start, _)| start < at);
        let action = match (kind, life) {
            (0..=7, _) if !started => return,
            (0..=3, Life::Down) => self.start(instance),
            (0 | 1, Life::Running) => Action::StopConsumer { instance },
            (2 | 4, Life::Running | Life::Frozen) => Action::KillConsumer { instance },
            (3 | 5, Life::Running) => Action::FreezeConsumer { instance },
            (0 | 1 | 3 | 6, Life::Frozen) => Action::ThawConsumer { instance },
            (8, _) => return self.scale(at, who, how),
            (9, _) => self.set_queues(who, how),
            (10, _) => Action::SetProducerRate {
                producer: ProducerIx::new(who % self.recipe.producers.len()),
                rate: f64::from(how % 40),
            },
            (11, _) => Action::SetServiceTime {
                group: GroupIx::new(who % self.recipe.groups.len()),
                service_time: service((how % 5) as u8),
            },
            _ => return,
        };
        self.lives[instance.at()] = match action {
            Action::StartConsumer { .. } | Action::ThawConsumer { .. } => Life::Running,
            Action::StopConsumer { .. } | Action::KillConsumer { .. } => Life::Down,
            Action::FreezeConsumer { .. } => Life::Frozen,
            _ => life,
        };
        self.timeline.push(TimedAction { at, action, label: String::new() });
    }

    fn start(&mut self, instance: InstanceIx) -> Action {
        let incarnation = self.starts.iter().filter(|(_, who, _)| *who == instance).count();
        let name = self.instances[instance.at()].name.replace("group_", "10.").replace('/', ".0.");
        self.starts.push((format!("{name}@{incarnation}"), instance, Some(self.timeline.len())));
        Action::StartConsumer { instance, client_id: ClientIx(0), fresh_host: false }
    }

    /// All of a group start or stop at once.
    fn scale(&mut self, at: SimTime, who: usize, how: u16) {
        let group = GroupIx::new(who % self.recipe.groups.len());
        let members: Vec<usize> =
            (0..self.instances.len()).filter(|index| self.instances[*index].group == group).collect();
        let wanted = usize::from(how) % (members.len() + 1);
        for (position, index) in members.into_iter().enumerate() {
            let instance = InstanceIx::new(index);
            if self.instances[index].start.is_some_and(|(start, _)| start >= at) {
                continue;
            }
            let action = match (position < wanted, self.lives[index]) {
                (true, Life::Down) => {
                    self.lives[index] = Life::Running;
                    self.start(instance)
                }
                (false, Life::Running) => {
                    self.lives[index] = Life::Down;
                    Action::StopConsumer { instance }
                }
                _ => continue,
            };
            self.timeline.push(TimedAction { at, action, label: String::new() });
        }
    }

    fn set_queues(&mut self, who: usize, how: u16) -> Action {
        let topic = who % self.topics.len();
        let broker = who / 8 % self.recipe.brokers.len();
        let read = 1 + u32::from(how) % 7;
        let write = if how & 0x100 == 0 { read } else { 1 + u32::from(how >> 9) % 7 };
        self.now[topic][broker] = (read, write);
        let most = &mut self.most[topic][broker];
        *most = (*most).max(read).max(write);
        let queues = TopicOnBroker { broker: BrokerIx::new(broker), read_queue_nums: read, write_queue_nums: write };
        Action::SetTopicQueues { topic: TopicIx::new(topic), queues }
    }

    fn queues(&self) -> Vec<QueueKey> {
        let mut queues = Vec::new();
        for (topic, on) in self.most.iter().enumerate() {
            for (broker, most) in on.iter().enumerate() {
                queues.extend((0..*most).map(|queue_id| QueueKey {
                    topic: TopicIx::new(topic),
                    broker: BrokerIx::new(broker),
                    queue_id,
                }));
            }
        }
        queues
    }

    /// Client ids get numbers in the order of their names.
    fn number_clients(&mut self) -> Vec<String> {
        let mut names: Vec<String> = self.starts.iter().map(|(name, ..)| name.clone()).collect();
        names.push("producer@0".into());
        names.sort();
        names.dedup();
        for (name, instance, position) in &self.starts {
            let client = ClientIx::new(names.binary_search(name).expect("it is in"));
            match position {
                None => self.instances[instance.at()].start.as_mut().expect("it starts").1 = client,
                Some(position) => match &mut self.timeline[*position].action {
                    Action::StartConsumer { client_id, .. } => *client_id = client,
                    other => panic!("{other:?} is no start"),
                },
            }
        }
        names
    }
}

fn consumer_config(recipe: &GroupRecipe) -> ConsumerConfig {
    let mut config = ConsumerConfig {
        consume_from_where: [
            ConsumeFromWhere::LastOffset,
            ConsumeFromWhere::FirstOffset,
            ConsumeFromWhere::Timestamp,
            ConsumeFromWhere::LastOffset,
        ][usize::from(recipe.from)],
        consume_timestamp: Some(SimDuration::from_secs(10)),
        consume_thread_min: recipe.threads,
        consume_message_batch_max_size: recipe.batch,
        service_time: service(recipe.service),
        ..ConsumerConfig::default()
    };
    match recipe.flow {
        0 => (config.pull_batch_size, config.pull_interval) = (8, ms(20)),
        1 => (config.pull_threshold_for_queue, config.pull_batch_size) = (10, 16),
        2 => config.consume_concurrently_max_span = 20,
        3 => config.pull_threshold_for_topic = 200,
        _ => {
            (config.start_delay, config.rebalance_work) =
                (constant(ms(300)), Distribution::Exponential { mean: 20_000_000 })
        }
    }
    config
}
