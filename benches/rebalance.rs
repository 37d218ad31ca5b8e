//! Wall time of rebalances in a very large group: 1,000 members over 10,000 queues.
//!
//! (a) all members start together, (b) one more joins a settled group, (c) one is killed. Each figure is the wall time of the
//! stretch of simulated time in which it happens, beside the number of topic rebalances in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::{BrokerConfig, ConsumerConfig, NameserverConfig};
use rocketmq_sim::run::outcome::{Fact, Outcome};
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::plan::{
    Action, BrokerPlan, ExpressionPlan, GroupPlan, InstancePlan, NameserverPlan, NetworkPlan, Phases, Plan, QueueKey,
    StoredOffset, StrategyPlan, TimedAction, TopicOnBroker, TopicPlan, TopicRole,
};
use rocketmq_sim::store::ids::{BrokerIx, ClientIx, ExpressionIx, GroupIx, InstanceIx, NameserverIx, TopicIx};

const MEMBERS: usize = 1000;
const QUEUES: u32 = 10_000;
const BROKERS: u32 = 10;
const ACTION: SimTime = SimTime::from_secs(10);

fn plan(strategy: StrategyPlan, together: bool, action: Option<Action>) -> Arc<Plan> {
    let constant = |micros| Distribution::constant_duration(SimDuration::from_micros(micros));
    let topics = vec![TopicIx(0)];
    let config = ConsumerConfig::default();
    let instances = (0..=MEMBERS)
        .map(|index| InstancePlan {
            nameservers: vec![NameserverIx(0)],
            name: format!("group/{index:04}"),
            group: GroupIx(0),
            expressions: vec![ExpressionIx::ALL; topics.len()],
            topics: topics.clone(),
            config: config.clone(),
            start: (index < MEMBERS)
                .then(|| (if together { SimTime::from_secs(1) } else { SimTime::ZERO }, ClientIx::new(index))),
            phases: (index < MEMBERS && !together).then(|| {
                let age = |period: u64| SimDuration::from_millis(index as u64 * 37 % (period * 1000));
                Phases { heartbeat: age(30), rebalance: age(20), route_poll: age(30), offset_persist: age(5) }
            }),
        })
        .collect();
    Arc::new(Plan {
        replicas: Vec::new(),
        fallible: false,
        link_rules: Vec::new(),
        autoscalers: Vec::new(),
        expressions: vec![ExpressionPlan::Tag("*".to_owned())],
        producer_groups: vec!["p".to_owned()],
        name: "rebalance".into(),
        title: String::new(),
        description: String::new(),
        sources: Vec::new(),
        seed: 1,
        duration: SimDuration::from_secs(if together { 18 } else { 12 }),
        sample_interval: SimDuration::from_secs(1),
        client_ids: (0..=MEMBERS).map(|index| format!("10.0.0.{index:04}@1")).collect(),
        queues: (0..BROKERS)
            .flat_map(|broker| {
                (0..QUEUES / BROKERS).map(move |queue_id| QueueKey {
                    topic: TopicIx(0),
                    broker: BrokerIx(broker),
                    queue_id,
                })
            })
            .collect(),
        network: NetworkPlan {
            client_broker: constant(500),
            client_nameserver: constant(500),
            broker_nameserver: constant(500),
        },
        nameservers: vec![NameserverPlan {
            order_topics: Vec::new(),
            name: "nameserver".into(),
            config: NameserverConfig::default(),
            start_at: SimTime::ZERO,
        }],
        brokers: (0..BROKERS)
            .map(|broker| BrokerPlan {
                nameservers: vec![NameserverIx(0)],
                dledger: None,
                name: format!("broker-{broker:02}"),
                config: BrokerConfig::default(),
                start_at: SimTime::ZERO,
            })
            .collect(),
        topics: vec![TopicPlan {
            auto_create: false,
            role: TopicRole::Normal,
            name: "topic".into(),
            brokers: (0..BROKERS)
                .map(|broker| TopicOnBroker {
                    broker: BrokerIx(broker),
                    read_queue_nums: QUEUES / BROKERS,
                    write_queue_nums: QUEUES / BROKERS,
                })
                .collect(),
            preload: None,
        }],
        producers: Vec::new(),
        groups: vec![GroupPlan {
            broadcasting: None,
            retry_max_times: 16,
            retry_queue_nums: 1,
            retry_topic: None,
            dead_letter_topic: None,
            name: "group".into(),
            topics,
            strategy,
            config,
            stored_offset: Some(StoredOffset::End),
        }],
        instances,
        timeline: action.map(|action| TimedAction { at: ACTION, action, label: String::new() }).into_iter().collect(),
        expect: Vec::new(),
    })
}

/// Runs a plan and measures the wall time from one simulated moment on. Progress reports come every 65,536 events, so the
/// stretch is measured against a run that ends at its beginning.
fn measure(plan: &Arc<Plan>, from: SimTime) -> (Duration, Outcome) {
    #[allow(clippy::disallowed_methods, reason = "a bench measures wall time")]
    let run = |plan: &Arc<Plan>| {
        let begin = Instant::now();
        let outcome = simulate(plan, &mut RunOptions::default()).expect("messages are conserved");
        (begin.elapsed(), outcome)
    };
    let (whole, outcome) = run(plan);
    let mut before = Plan::clone(plan);
    before.duration = from.since(SimTime::ZERO);
    before.timeline.clear();
    let (first, _) = run(&Arc::new(before));
    (whole.saturating_sub(first), outcome)
}

fn print(what: &str, plan: &Arc<Plan>, from: SimTime) {
    let (wall, outcome) = measure(plan, from);
    let after = outcome.facts.iter().filter(|record| record.at >= from);
    let (mut rebalances, mut changed) = (0u32, 0u32);
    for record in after {
        if let Fact::Rebalanced { gained, lost, .. } = record.fact {
            rebalances += 1;
            changed += u32::from(gained + lost > 0);
        }
    }
    let owned =
        outcome.ownership.iter().filter(|queue| queue.intervals.last().is_some_and(|last| last.to == outcome.end));
    println!(
        "{what}: {wall:.2?} wall, {rebalances} rebalances ({changed} changed), {:.1} rounds, {} events in the whole run, {} queues owned",
        f64::from(rebalances) / MEMBERS as f64,
        outcome.engine.events,
        owned.count(),
    );
}

fn main() {
    for (name, strategy) in [
        ("averagely", StrategyPlan::Averagely),
        ("circle", StrategyPlan::AveragelyByCircle),
        ("consistent hash", StrategyPlan::ConsistentHash { virtual_nodes: 10 }),
    ] {
        let new = InstanceIx::new(MEMBERS);
        let join = Action::StartConsumer { instance: new, client_id: ClientIx::new(MEMBERS), fresh_host: false };
        let kill = Action::KillConsumer { instance: InstanceIx(500) };
        print(&format!("{name}, one joins"), &plan(strategy.clone(), false, Some(join)), ACTION);
        print(&format!("{name}, one is killed"), &plan(strategy.clone(), false, Some(kill)), ACTION);
        print(&format!("{name}, all start together"), &plan(strategy, true, None), SimTime::from_millis(999));
    }
}
