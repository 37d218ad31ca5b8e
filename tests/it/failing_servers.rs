//! When clients learn that a server is gone, against the bounds that their timers set: route polls every 30 s, a rebalance at
//! least every 20 s, nameservers that drop a silent broker after 120 s.

use std::sync::Arc;

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::ConsumerConfig;
use rocketmq_sim::node::fact::{Fact, RouteOwner};
use rocketmq_sim::protocol::address::Address;
use rocketmq_sim::run::outcome::Outcome;
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::plan::{Action, NodeAction, Plan, QueueKey, TopicOnBroker};
use rocketmq_sim::store::ids::{BrokerIx, InstanceIx, NameserverIx};

use crate::life_plan::{Life, TOPIC, at, ms};

const BROKERS: u32 = 2;
const MEMBERS: u32 = 3;

fn node(node: Address, what: NodeAction) -> Action {
    Action::Node { node, what }
}

fn broker(index: u32) -> Address {
    Address::Broker(BrokerIx(index))
}

fn nameserver(index: u32) -> Address {
    Address::Nameserver(NameserverIx(index))
}

/// Two brokers with three queues each and three members, who know so many nameservers: by `AVG` two of them have queues of the
/// first broker.
fn cluster(seed: u64, nameservers: u32, actions: Vec<(SimTime, Action)>) -> Arc<Plan> {
    let mut life = Life::orderly();
    life.config = ConsumerConfig::default();
    (life.seed, life.queues, life.rate, life.duration) = (seed, 3, 0.0, SimDuration::from_secs(360));
    // Members start at different times, so that their timers are spread.
    life.members = (0..u64::from(MEMBERS)).map(|member| Some(at(1) + ms(member * 9_700 + seed * 311))).collect();
    life.actions = actions;
    let mut plan = Arc::unwrap_or_clone(life.plan());
    plan.fallible = true;
    let all: Vec<NameserverIx> = (0..nameservers).map(NameserverIx).collect();
    plan.nameservers = (0..nameservers)
        .map(|index| {
            let mut nameserver = plan.nameservers[0].clone();
            nameserver.name = format!("nameserver-{index}");
            nameserver
        })
        .collect();
    plan.brokers = (0..BROKERS)
        .map(|index| {
            let mut broker = plan.brokers[0].clone();
            (broker.name, broker.nameservers) = (format!("broker-{index}"), all.clone());
            broker.start_at = SimTime::ZERO + ms(u64::from(index) * 400);
            broker
        })
        .collect();
    let on = |broker| TopicOnBroker { broker: BrokerIx(broker), read_queue_nums: 3, write_queue_nums: 3 };
    plan.topics[0].brokers = (0..BROKERS).map(on).collect();
    let key = |broker: u32| (0..3).map(move |queue_id| QueueKey { topic: TOPIC, broker: BrokerIx(broker), queue_id });
    plan.queues = (0..BROKERS).flat_map(key).collect();
    plan.instances.iter_mut().for_each(|instance| instance.nameservers.clone_from(&all));
    plan.network.client_broker = Distribution::constant_duration(ms(1));
    Arc::new(plan)
}

fn run(plan: &Arc<Plan>) -> Outcome {
    let mut options = RunOptions { check_every_sample: true, ..RunOptions::default() };
    simulate(plan, &mut options).expect("conserved at every sample")
}

/// Seconds after `from` at which facts of some kind happened first, for each member that they happened to: so many.
fn first_per_member(
    outcome: &Outcome,
    from: SimTime,
    members: usize,
    kind: impl Fn(&Fact) -> Option<InstanceIx>,
) -> Vec<f64> {
    let mut first = vec![None; MEMBERS as usize];
    for record in outcome.facts.iter().filter(|record| record.at >= from) {
        if let Some(member) = kind(&record.fact) {
            first[member.at()].get_or_insert(record.at.since(from).as_nanos() as f64 / 1e9);
        }
    }
    let times: Vec<f64> = first.into_iter().flatten().collect();
    assert_eq!(times.len(), members, "{times:?}");
    times
}

fn route_changed(fact: &Fact) -> Option<InstanceIx> {
    match fact {
        Fact::RouteChanged { owner: RouteOwner::Consumer { instance, .. }, .. } => Some(*instance),
        _ => None,
    }
}

fn lost_master(fact: &Fact) -> Option<InstanceIx> {
    match fact {
        Fact::MasterSeen { client: Address::Consumer(instance), name: BrokerIx(0), master: None } => Some(*instance),
        _ => None,
    }
}

fn revoked(fact: &Fact) -> Option<InstanceIx> {
    match fact {
        Fact::Revoked { instance, broker: BrokerIx(0), .. } => Some(*instance),
        _ => None,
    }
}

fn expired(outcome: &Outcome, from: SimTime) -> Vec<f64> {
    let of = |record: &&rocketmq_sim::node::fact::FactRecord| {
        record.at >= from && matches!(record.fact, Fact::BrokerExpired { broker: BrokerIx(0), .. })
    };
    outcome.facts.iter().filter(of).map(|record| record.at.since(from).as_nanos() as f64 / 1e9).collect()
}

fn within(times: &[f64], low: f64, high: f64, what: &str) {
    for time in times {
        assert!((low..=high).contains(time), "{what}: {times:?} outside {low}..={high}");
    }
}

/// Asserts that over the seeds the times nearly reach both ends of a range, so that the bounds are not idle.
fn spread(times: &[f64], low: f64, high: f64, what: &str) {
    let (least, most) =
        times.iter().fold((f64::MAX, 0.0f64), |(least, most), time| (least.min(*time), most.max(*time)));
    assert!(least <= low && most >= high, "{what}: {least}..{most} does not reach {low} and {high}");
}

#[test]
fn a_killed_broker_leaves_routes_within_a_poll_and_its_queues_within_a_poll_and_a_rebalance() {
    let (mut routes, mut drops) = (Vec::new(), Vec::new());
    for seed in 0..8 {
        let killed = at(65) + ms(seed * 3_700);
        let plan = cluster(seed, 2, vec![(killed, node(broker(0), NodeAction::Kill))]);
        let outcome = run(&plan);
        let nameservers = expired(&outcome, killed);
        assert_eq!(nameservers.len(), 2);
        within(&nameservers, 0.0, 0.01, "nameservers");
        let learnt = first_per_member(&outcome, killed, 3, route_changed);
        within(&learnt, 0.0, 30.01, "routes");
        let masters = first_per_member(&outcome, killed, 3, lost_master);
        for (master, route) in masters.iter().zip(&learnt) {
            within(&[master - route], 0.9, 1.01, "the clean-up before the heartbeat of the same cycle");
        }
        let dropped = first_per_member(&outcome, killed, 2, revoked);
        within(&dropped, 0.0, 50.02, "queues");
        routes.extend(learnt);
        drops.extend(dropped);
    }
    spread(&routes, 5.0, 25.0, "routes");
    spread(&drops, 15.0, 32.0, "queues");
}

#[test]
fn a_lost_host_is_noticed_by_nameservers_after_90_to_120_s_and_holds_its_clients_up_meanwhile() {
    for seed in 0..6 {
        let lost = at(65) + ms(seed * 4_900);
        let plan = cluster(seed, 1, vec![(lost, node(broker(0), NodeAction::LoseHost { disk_lost: false }))]);
        let outcome = run(&plan);
        let nameservers = expired(&outcome, lost);
        within(&nameservers, 90.0, 120.01, "nameserver");
        let learnt = first_per_member(&outcome, lost, 3, route_changed);
        // Heartbeats, offsets and member lists wait 3 s each for the dead host on the thread that polls.
        within(&learnt, nameservers[0], nameservers[0] + 30.0 + 9.0, "routes");
        within(&first_per_member(&outcome, lost, 2, revoked), nameservers[0], 170.0 + 15.0, "queues");
        let waited = outcome.facts.iter().filter(|record| matches!(record.fact, Fact::ConnectFailed { .. })).count();
        assert!(waited > 20, "{waited}");
    }
}

#[test]
fn the_second_nameserver_serves_those_whose_first_one_died() {
    for seed in 0..4 {
        let queues = TopicOnBroker { broker: BrokerIx(1), read_queue_nums: 2, write_queue_nums: 2 };
        let change = at(100);
        let plan = cluster(
            seed,
            2,
            vec![
                (at(65), node(nameserver(0), NodeAction::Kill)),
                (change, Action::SetTopicQueues { topic: TOPIC, queues }),
            ],
        );
        within(&first_per_member(&run(&plan), change, 3, route_changed), 0.0, 30.01, "routes");
    }
}

#[test]
fn a_restarted_nameserver_tells_partial_routes_until_every_broker_has_registered_again() {
    let mut partial = 0;
    for seed in 0..6 {
        let killed = at(65) + ms(seed * 5_100);
        let start = NodeAction::Start { empty_disk: false };
        let mut plan = Arc::unwrap_or_clone(cluster(
            seed,
            1,
            vec![(killed, node(nameserver(0), NodeAction::Kill)), (killed + ms(500), node(nameserver(0), start))],
        ));
        // The brokers' registrations are 15 s apart.
        plan.brokers[1].start_at = at(15);
        let outcome = run(&Arc::new(plan));
        let registered: Vec<SimTime> = (0..BROKERS)
            .map(|broker| {
                let of = |fact: &Fact| matches!(fact, Fact::BrokerRegistered { broker: by, .. } if by.0 == broker);
                let first = outcome.facts.iter().find(|record| record.at > killed && of(&record.fact));
                first.expect("it registers again").at
            })
            .collect();
        within(
            &registered.iter().map(|time| time.since(killed).as_nanos() as f64 / 1e9).collect::<Vec<_>>(),
            0.0,
            30.6,
            "registrations",
        );
        let full = registered[0].max(registered[1]);
        let mut known = vec![6; MEMBERS as usize];
        for record in &outcome.facts {
            let Fact::RouteChanged { owner: RouteOwner::Consumer { instance, .. }, queues, .. } = record.fact else {
                continue;
            };
            if record.at > killed {
                partial += u32::from(queues < 6);
                assert!(queues == 6 || record.at < full + ms(10), "a partial route after all have registered");
                known[instance.at()] = queues;
            }
        }
        assert_eq!(known, [6; MEMBERS as usize], "a later poll repairs it");
    }
    assert!(partial > 3, "{partial} members polled in between");
}
