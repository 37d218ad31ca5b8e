//! The broker processes of a plan: the first of each name, then the further ones.

use std::rc::Rc;

use super::exists_at_start;
use crate::kernel::rng::Streams;
use crate::kernel::time::SimTime;
use crate::node::broker::{Broker, Identity, RaftGroup};
use crate::node::config::BrokerConfig;
use crate::node::deployment::Deployment;
use crate::node::outbox::TIMERS;
use crate::protocol::directory::Directory;
use crate::protocol::dledger::PeerIx;
use crate::protocol::route::{MASTER_ID, QueueData};
use crate::replica::dledger::DLedgerConfig;
use crate::run::hosts::Host;
use crate::run::world::BrokerHost;
use crate::scenario::plan::Plan;
use crate::store::ids::{BrokerIx, NameserverIx, TopicIx};

/// What a process is made of.
struct Parts<'a> {
    label: &'a str,
    name: BrokerIx,
    id: u32,
    config: &'a BrokerConfig,
    nameservers: &'a [NameserverIx],
    start_at: SimTime,
}

pub(super) fn brokers(
    plan: &Plan,
    streams: &Streams,
    directory: &Rc<Directory>,
    deployment: &Rc<Deployment>,
) -> Vec<BrokerHost> {
    let first = plan.brokers.iter().enumerate().map(|(index, broker)| Parts {
        label: &broker.name,
        name: BrokerIx::new(index),
        id: MASTER_ID,
        config: &broker.config,
        nameservers: &broker.nameservers,
        start_at: broker.start_at,
    });
    let further = plan.replicas.iter().map(|replica| Parts {
        label: &replica.label,
        name: replica.broker,
        id: replica.id,
        config: &replica.config,
        nameservers: &replica.nameservers,
        start_at: replica.start_at,
    });
    let host = |(index, parts): (usize, Parts<'_>)| {
        let Parts { label, name, id, config, nameservers, start_at } = parts;
        let identity = Identity {
            name,
            process: BrokerIx::new(index),
            id,
            nameservers: nameservers.to_vec(),
            shipped: plan.replicas.iter().any(|replica| replica.broker == name),
        };
        let stream = streams.stream(label, "broker");
        let topics = topics(plan, name);
        let broker = Broker::of(identity, config.clone(), topics, Rc::clone(directory), Rc::clone(deployment), stream);
        let broker = match raft_group(plan, name, index) {
            Some(group) => broker.with_group(group).with_election_stream(streams.stream(label, "election")),
            None => broker,
        };
        BrokerHost {
            host: Host::new(start_at),
            broker: broker.with_copy_streams(streams.stream(label, "returns"), streams.stream(label, "schedule")),
            timers: [None; TIMERS],
            pull_handling: config.pull_handling.sampler(),
            admin_handling: config.admin_handling.sampler(),
            handling_stream: streams.stream(label, "handling"),
        }
    };
    first.chain(further).enumerate().map(host).collect()
}

/// The place of a process in the Raft group that its name is, if it is one: `n0` is the first process, the others follow in the
/// order of their numbers.
fn raft_group(plan: &Plan, name: BrokerIx, process: usize) -> Option<RaftGroup> {
    let settings = plan.brokers[name.at()].dledger.as_ref()?;
    let further = plan.replicas.iter().enumerate().filter(|(_, replica)| replica.broker == name);
    let mut members = vec![(0, name)];
    members.extend(further.map(|(at, replica)| (replica.id, BrokerIx::new(plan.brokers.len() + at))));
    members.sort_unstable();
    let members: Vec<BrokerIx> = members.into_iter().map(|(_, process)| process).collect();
    let me = members.iter().position(|member| member.at() == process)?;
    let config = DLedgerConfig {
        heart_beat_time_interval: settings.heart_beat_time_interval,
        max_heart_beat_leak: settings.max_heart_beat_leak,
        min_vote_interval: settings.min_vote_interval,
        max_vote_interval: settings.max_vote_interval,
        max_wait_ack_time: settings.max_wait_ack_time,
        preferred_leader: settings.preferred_leader.map(|member| PeerIx(member as u8)).into_iter().collect(),
        ..DLedgerConfig::default()
    };
    Some(RaftGroup { me: PeerIx(me as u8), members, config })
}

/// The topics that a broker name has at the start.
fn topics(plan: &Plan, name: BrokerIx) -> Vec<(TopicIx, QueueData)> {
    let all = plan.topics.iter().enumerate().filter(|(_, topic)| exists_at_start(topic.role) && !topic.auto_create);
    let on = all.flat_map(|(index, topic)| topic.brokers.iter().map(move |on| (TopicIx::new(index), on)));
    let here = on.filter(|(_, on)| on.broker == name);
    here.map(|(topic, on)| (topic, QueueData::new(name, on.read_queue_nums, on.write_queue_nums))).collect()
}
