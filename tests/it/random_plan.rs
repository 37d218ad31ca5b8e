//! Random plans: small clusters with many features, each drawn from a few numbers so that a failing one shrinks.

mod maker;

use proptest::collection::vec;
use proptest::prelude::*;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};

pub(crate) use maker::{Made, make};

/// Nothing is done to the cluster and nothing is sent from here on.
pub(crate) const QUIET_FROM: SimTime = SimTime::from_secs(80);
/// Long enough after it for the slowest way to notice a dead member and for the backlog to be worked off.
pub(crate) const END: SimDuration = SimDuration::from_secs(330);

/// The numbers a plan is made of.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) seed: u64,
    pub(crate) nameservers: usize,
    pub(crate) brokers: Vec<BrokerRecipe>,
    pub(crate) topics: Vec<TopicRecipe>,
    pub(crate) groups: Vec<GroupRecipe>,
    pub(crate) producers: Vec<ProducerRecipe>,
    /// Time in ms, kind, and two numbers that pick who and how much.
    pub(crate) actions: Vec<(u32, u8, u16, u16)>,
    pub(crate) latency: u8,
    pub(crate) late_nameserver: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct BrokerRecipe {
    pub(crate) auto_create: bool,
    pub(crate) notify: bool,
    pub(crate) long_polling: bool,
    pub(crate) small_memory: bool,
    pub(crate) handling: u8,
    pub(crate) start_ms: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct TopicRecipe {
    /// Per broker: (read, write) queues; nobody carries it when both are 0.
    pub(crate) queues: Vec<(u32, u32)>,
    pub(crate) preload: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct GroupRecipe {
    pub(crate) strategy: u8,
    pub(crate) topics: u8,
    pub(crate) instances: Vec<InstanceRecipe>,
    pub(crate) from: u8,
    pub(crate) threads: u32,
    pub(crate) batch: u32,
    pub(crate) service: u8,
    pub(crate) flow: u8,
    pub(crate) stored: u8,
}

#[derive(Clone, Debug)]
pub(crate) struct InstanceRecipe {
    pub(crate) runs: bool,
    pub(crate) start_ms: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct ProducerRecipe {
    pub(crate) topic: usize,
    pub(crate) rate: f64,
    pub(crate) law: u8,
    pub(crate) keys: bool,
    pub(crate) hash: bool,
    pub(crate) ramp: bool,
    pub(crate) start_ms: u32,
    pub(crate) body: u64,
    pub(crate) threads: u32,
}

fn brokers() -> impl Strategy<Value = Vec<BrokerRecipe>> {
    let broker = (
        any::<bool>(),
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.2),
        0..6_u8,
        prop_oneof![Just(0), 0..3000_u32],
    );
    vec(
        broker.prop_map(|(auto_create, notify, long_polling, small_memory, handling, start_ms)| BrokerRecipe {
            auto_create,
            notify,
            long_polling,
            small_memory,
            handling,
            start_ms,
        }),
        1..=3,
    )
}

fn topics() -> impl Strategy<Value = Vec<TopicRecipe>> {
    let queues =
        vec(prop_oneof![4 => (1..6_u32).prop_map(|n| (n, n)), 1 => (1..5_u32, 1..5_u32), 1 => Just((0, 0))], 3);
    vec(
        (queues, prop::option::weighted(0.3, 1..200_u64)).prop_map(|(queues, preload)| TopicRecipe { queues, preload }),
        1..=3,
    )
}

fn groups() -> impl Strategy<Value = Vec<GroupRecipe>> {
    let instance = (prop::bool::weighted(0.7), prop_oneof![Just(0), 0..5000_u32])
        .prop_map(|(runs, start_ms)| InstanceRecipe { runs, start_ms });
    let group = (
        0..5_u8,
        1..8_u8,
        vec(instance, 1..=6),
        0..4_u8,
        prop_oneof![2..5_u32, Just(20)],
        prop_oneof![3 => Just(1), 1 => 2..9_u32],
        0..5_u8,
        0..5_u8,
        0..3_u8,
    );
    vec(
        group.prop_map(|(strategy, topics, instances, from, threads, batch, service, flow, stored)| GroupRecipe {
            strategy,
            topics,
            instances,
            from,
            threads,
            batch,
            service,
            flow,
            stored,
        }),
        1..=3,
    )
}

fn producers() -> impl Strategy<Value = Vec<ProducerRecipe>> {
    let producer = (
        0..3_usize,
        1.0..40.0_f64,
        0..3_u8,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop_oneof![Just(0), 0..20_000_u32],
        prop_oneof![3 => 0..2_000_u64, 1 => 0..40_000_u64],
        1..4_u32,
    );
    vec(
        producer.prop_map(|(topic, rate, law, keys, hash, ramp, start_ms, body, threads)| ProducerRecipe {
            topic,
            rate,
            law,
            keys,
            hash,
            ramp,
            start_ms,
            body,
            threads,
        }),
        1..=3,
    )
}

/// Any recipe.
pub(crate) fn recipes() -> impl Strategy<Value = Recipe> {
    let actions = vec((1..QUIET_FROM.as_millis() as u32, 0..12_u8, any::<u16>(), any::<u16>()), 0..14);
    let links = (0..4_u8, prop::bool::weighted(0.1));
    (any::<u64>(), 1..=3_usize, brokers(), topics(), groups(), producers(), actions, links).prop_map(
        |(seed, nameservers, brokers, topics, groups, producers, mut actions, (latency, late_nameserver))| {
            actions.sort_by_key(|action| action.0);
            Recipe { seed, nameservers, brokers, topics, groups, producers, actions, latency, late_nameserver }
        },
    )
}
