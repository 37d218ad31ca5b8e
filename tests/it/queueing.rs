//! One pool fed by an unbounded queue is an M/M/c system: waiting time and utilisation against Erlang's formula.

use std::sync::Arc;

use rayon::prelude::*;
use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::{BrokerConfig, ClientConfig, ConsumerConfig, NameserverConfig, ProducerConfig};
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::plan::{
    ArrivalProcess, Arrivals, BrokerPlan, ExpressionPlan, GroupPlan, InstancePlan, NameserverPlan, NetworkPlan, Plan,
    ProducerPlan, QueueKey, RatePoint, StrategyPlan, TopicOnBroker, TopicPlan, TopicRole,
};
use rocketmq_sim::store::ids::{BrokerIx, ClientIx, ExpressionIx, GroupIx, NameserverIx, ProducerGroupIx, TopicIx};

/// Mean service time: so long that the 1 ms grid of the dispatch loop does not matter.
const SERVICE: SimDuration = SimDuration::from_millis(500);
const FIRST_SEND: SimTime = SimTime::from_secs(5);
const REPLICATIONS: u64 = 20;
/// 99.5 % quantile of Student's t with 19 degrees of freedom.
const T: f64 = 2.861;

/// A Poisson stream into one queue, one consumer with `servers` threads and exponential service, a network without latency.
fn plan(servers: u32, load: f64, messages: f64, seed: u64) -> Arc<Plan> {
    let none = Distribution::constant_duration(SimDuration::ZERO);
    let client = ClientConfig { handling: none.clone(), ..ClientConfig::default() };
    let rate = load * f64::from(servers) / SERVICE.as_secs_f64();
    let config = ConsumerConfig {
        client: client.clone(),
        consume_thread_min: servers,
        service_time: Distribution::Exponential { mean: SERVICE.as_nanos() },
        pull_threshold_for_queue: 65_535,
        consume_concurrently_max_span: 65_535,
        ..ConsumerConfig::default()
    };
    let topics = vec![TopicIx(0)];
    let on = TopicOnBroker { broker: BrokerIx(0), read_queue_nums: 1, write_queue_nums: 1 };
    Arc::new(Plan {
        replicas: Vec::new(),
        fallible: false,
        link_rules: Vec::new(),
        autoscalers: Vec::new(),
        expressions: vec![ExpressionPlan::Tag("*".to_owned())],
        producer_groups: vec!["p".to_owned()],
        name: "queueing".into(),
        title: String::new(),
        description: String::new(),
        sources: Vec::new(),
        seed,
        duration: SimDuration::from_secs(5 + (messages / rate) as u64),
        sample_interval: SimDuration::from_secs(500),
        client_ids: vec!["10.0.0.1@1".into(), "10.0.0.2@1".into()],
        queues: vec![QueueKey { topic: TopicIx(0), broker: BrokerIx(0), queue_id: 0 }],
        network: NetworkPlan {
            client_broker: none.clone(),
            client_nameserver: none.clone(),
            broker_nameserver: none.clone(),
        },
        nameservers: vec![NameserverPlan {
            order_topics: Vec::new(),
            name: "nameserver".into(),
            config: NameserverConfig { handling: none.clone(), ..NameserverConfig::default() },
            start_at: SimTime::ZERO,
        }],
        brokers: vec![BrokerPlan {
            nameservers: vec![NameserverIx(0)],
            dledger: None,
            name: "broker".into(),
            config: BrokerConfig {
                send_handling: none.clone(),
                pull_handling: none.clone(),
                admin_handling: none.clone(),
                ..BrokerConfig::default()
            },
            start_at: SimTime::ZERO,
        }],
        topics: vec![TopicPlan {
            auto_create: false,
            role: TopicRole::Normal,
            name: "topic".into(),
            brokers: vec![on],
            preload: None,
        }],
        producers: vec![ProducerPlan {
            nameservers: vec![NameserverIx(0)],
            group: ProducerGroupIx(0),
            tags: Vec::new(),
            properties: Vec::new(),
            delay_levels: Vec::new(),
            transaction: None,
            name: "producer/0".into(),
            producer: "producer".into(),
            client_id: ClientIx(1),
            topic: TopicIx(0),
            config: ProducerConfig { client, ..ProducerConfig::default() },
            arrivals: Arrivals {
                process: ArrivalProcess::Poisson,
                profile: vec![RatePoint { at: SimTime::ZERO, rate, ramp: false }],
            },
            body_size: Distribution::Constant(100),
            properties_bytes: 0,
            keys: None,
            start_at: FIRST_SEND,
            stop_at: None,
            limit: None,
        }],
        groups: vec![GroupPlan {
            broadcasting: None,
            retry_max_times: 16,
            retry_queue_nums: 1,
            retry_topic: None,
            dead_letter_topic: None,
            name: "group".into(),
            topics: topics.clone(),
            strategy: StrategyPlan::Averagely,
            config: config.clone(),
            stored_offset: None,
        }],
        instances: vec![InstancePlan {
            nameservers: vec![NameserverIx(0)],
            name: "group/0".into(),
            group: GroupIx(0),
            expressions: vec![ExpressionIx::ALL],
            topics,
            config,
            start: Some((SimTime::from_millis(100), ClientIx(0))),
            phases: None,
        }],
        timeline: Vec::new(),
        expect: Vec::new(),
    })
}

/// Mean waiting time in seconds (Erlang C): probability of waiting over the rate at which the queue is worked off.
fn erlang_wait(servers: u32, load: f64) -> f64 {
    let offered = load * f64::from(servers);
    // Erlang B by its recursion, then C from B.
    let blocking = (1..=servers).fold(1.0, |blocked, n| offered * blocked / (f64::from(n) + offered * blocked));
    let waiting = blocking / (1.0 - load * (1.0 - blocking));
    waiting * SERVICE.as_secs_f64() / (f64::from(servers) * (1.0 - load))
}

/// Mean and half width of the 99 % confidence interval of independent replications.
fn interval(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (count - 1.0);
    (mean, T * (variance / count).sqrt())
}

#[test]
fn erlang_c_has_its_textbook_values() {
    assert!((erlang_wait(1, 0.5) - 0.5).abs() < 1e-12, "M/M/1: ρ/(1-ρ) service times");
    assert!((erlang_wait(2, 0.75) / SERVICE.as_secs_f64() - 9.0 / 7.0).abs() < 1e-12, "M/M/2: ρ²/(1-ρ²)");
}

#[test]
fn mean_wait_and_utilisation_of_a_pool_lie_within_the_confidence_interval_of_erlang_c() {
    for (servers, load) in [(1, 0.5), (1, 0.7), (1, 0.9), (4, 0.7), (4, 0.9), (20, 0.7), (20, 0.9)] {
        let runs: Vec<(f64, f64)> = (1..=REPLICATIONS)
            .into_par_iter()
            .map(|seed| {
                let plan = plan(servers, load, 20_000.0, seed);
                let outcome = simulate(&plan, &mut RunOptions::default()).expect("conserved");
                let sending = plan.duration.as_secs_f64() - FIRST_SEND.as_secs_f64();
                let share = sending / outcome.instances[0].alive.as_secs_f64();
                assert_eq!(outcome.instances[0].flow_controlled, 0, "the queue is unbounded");
                (outcome.groups[0].latency.wait_in_client.mean.as_secs_f64(), outcome.instances[0].utilisation / share)
            })
            .collect();
        let (waits, uses): (Vec<f64>, Vec<f64>) = runs.into_iter().unzip();
        let (wait, around) = interval(&waits);
        let expected = erlang_wait(servers, load);
        assert!(
            (wait - expected).abs() <= around,
            "M/M/{servers} at {load}: wait {wait} ± {around}, Erlang {expected}"
        );
        assert!(around < 0.25 * expected + 0.001, "M/M/{servers} at {load}: ± {around} says nothing about {expected}");
        let (used, around) = interval(&uses);
        assert!((used - load).abs() <= around, "M/M/{servers}: utilisation {used} ± {around}, expected {load}");
    }
}
