//! The numbers a mixed scenario is made of, so that a failing one shrinks to few parts.

use proptest::collection::vec;
use proptest::prelude::*;

/// Seconds after which nothing is sent and nothing is done to the cluster.
pub(crate) const QUIET_FROM: u32 = 60;
/// Seconds: long enough after it for locks to expire, retries to end and backlogs to be worked off.
pub(crate) const END: u32 = 260;

/// A scenario in numbers.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) seed: u32,
    pub(crate) brokers: u8,
    pub(crate) latency: u8,
    pub(crate) levels: u8,
    pub(crate) checks: u8,
    pub(crate) topics: Vec<Topic>,
    pub(crate) producers: Vec<Producer>,
    pub(crate) groups: Vec<Group>,
    pub(crate) actions: Vec<Step>,
    /// Nothing is spared: poison without end, members that stay frozen, senders that never stop.
    pub(crate) wild: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Topic {
    pub(crate) queues: u8,
    pub(crate) preload: u8,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Producer {
    pub(crate) topic: u8,
    pub(crate) rate: u8,
    pub(crate) keyed: bool,
    pub(crate) tags: u8,
    pub(crate) properties: u8,
    pub(crate) delays: u8,
    pub(crate) transaction: u8,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) topics: u8,
    pub(crate) orderly: bool,
    pub(crate) broadcasting: bool,
    pub(crate) members: u8,
    pub(crate) wants: u8,
    /// The last member wants this instead.
    pub(crate) differs: Option<u8>,
    pub(crate) listener: u8,
    pub(crate) most_attempts: u8,
    pub(crate) service: u8,
    pub(crate) threads: u8,
    pub(crate) batch: u8,
    pub(crate) from: u8,
    pub(crate) quirk: u8,
}

/// Something that is done to the cluster: when (ms), what, to whom, how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) at_ms: u32,
    pub(crate) kind: u8,
    pub(crate) who: u8,
    pub(crate) how: u8,
}

fn producer() -> impl Strategy<Value = Producer> {
    (0..2_u8, 1..12_u8, any::<bool>(), 0..4_u8, 0..3_u8, 0..6_u8, 0..8_u8).prop_map(
        |(topic, rate, keyed, tags, properties, delays, transaction)| Producer {
            topic,
            rate,
            keyed,
            tags,
            properties,
            delays,
            transaction,
        },
    )
}

fn group() -> impl Strategy<Value = Group> {
    let kind = (1..4_u8, prop::bool::weighted(0.4), prop::bool::weighted(0.2), 1..4_u8);
    let wants = (0..6_u8, prop::option::weighted(0.15, 0..6_u8));
    let listener = (0..8_u8, 0..5_u8, 0..5_u8, 1..5_u8, 0..4_u8, 0..4_u8, 0..12_u8);
    (kind, wants, listener).prop_map(
        |(
            (topics, orderly, broadcasting, members),
            (wants, differs),
            (listener, most_attempts, service, threads, batch, from, quirk),
        )| Group {
            topics,
            orderly,
            broadcasting,
            members,
            wants,
            differs,
            listener,
            most_attempts,
            service,
            threads,
            batch,
            from,
            quirk,
        },
    )
}

/// Any recipe.
pub(crate) fn recipes(wild: bool) -> impl Strategy<Value = Recipe> {
    let step = (3_000..QUIET_FROM * 1000, 0..12_u8, any::<u8>(), any::<u8>())
        .prop_map(|(at_ms, kind, who, how)| Step { at_ms, kind, who, how });
    let topic =
        (1..5_u8, prop_oneof![2 => Just(0_u8), 1 => 1..60_u8]).prop_map(|(queues, preload)| Topic { queues, preload });
    let cluster = (any::<u32>(), 1..3_u8, 0..3_u8, 0..3_u8, 0..3_u8);
    (cluster, vec(topic, 1..3), vec(producer(), 1..4), vec(group(), 1..4), vec(step, 0..10)).prop_map(
        move |((seed, brokers, latency, levels, checks), topics, producers, groups, mut actions)| {
            actions.sort_by_key(|step| step.at_ms);
            Recipe { seed, brokers, latency, levels, checks, topics, producers, groups, actions, wild }
        },
    )
}
