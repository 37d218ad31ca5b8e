//! What the failure of a server or of a link costs: queues that stand still, sends that fail.

mod scene;

use std::collections::BTreeSet;

use super::marks::chain;
use super::model::{Blow, Chain, Outage, Subject};
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Address;
use crate::report::names::Names;
use crate::run::outcome::{ConsumeGap, Outcome, SendGap};
use crate::store::ids::{BrokerIx, InstanceIx, ProducerIx, TopicIx};
use scene::{Client, Scene};

/// A gap that began this long before the blow began with it: a gap begins at the last success.
const SLACK: SimDuration = SimDuration::from_secs(1);
/// A gap that began this soon after the blow is told from the blow on.
const SOON: SimDuration = SimDuration::from_secs(10);

/// The places of the latest end and of the median one; the second only if it tells something else.
pub(super) fn slowest_and_median(ends: &[SimTime]) -> Vec<(usize, bool)> {
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by_key(|place| (std::cmp::Reverse(ends[*place]), *place));
    let Some(slowest) = order.first() else { return Vec::new() };
    let mut picked = vec![(*slowest, false)];
    let median = order[order.len() / 2];
    if ends[*slowest].since(ends[median]) >= super::knob::INSTANT {
        picked.push((median, true));
    }
    picked
}

/// What is hit besides consumers.
struct Hit {
    /// Servers that are gone or cut off.
    servers: Vec<Address>,
    /// Broker names of which a process is hit.
    names: BTreeSet<BrokerIx>,
    /// The clients of all names are hit: a nameserver is.
    all: bool,
    /// Consumers and producers behind a cut.
    clients: Vec<Address>,
}

impl Hit {
    fn of(outcome: &Outcome, outage: &Outage) -> Self {
        let mut hit = Self { servers: Vec::new(), names: BTreeSet::new(), all: false, clients: Vec::new() };
        for victim in &outage.victims {
            match victim.node {
                Address::Broker(process) => {
                    hit.servers.push(victim.node);
                    hit.names.insert(name_of(outcome, process));
                }
                Address::Nameserver(_) => {
                    hit.servers.push(victim.node);
                    hit.all = true;
                }
                Address::Consumer(_) | Address::Producer(_) if matches!(victim.blow, Blow::CutOff(_)) => {
                    hit.clients.push(victim.node);
                }
                Address::Consumer(_) | Address::Producer(_) => {}
            }
        }
        hit
    }

    fn concerns(&self, name: BrokerIx) -> bool {
        self.all || self.names.contains(&name)
    }
}

/// The broker name of a process.
pub(super) fn name_of(outcome: &Outcome, process: BrokerIx) -> BrokerIx {
    let further = process.at().checked_sub(outcome.plan.brokers.len());
    further.and_then(|place| outcome.plan.replicas.get(place)).map_or(process, |replica| replica.broker)
}

/// The chains of what servers and links were needed for, and how many queues and topics stood still.
pub(super) fn chains(outcome: &Outcome, names: &Names<'_>, outage: &Outage) -> (Vec<Chain>, usize, usize) {
    let hit = Hit::of(outcome, outage);
    if hit.servers.is_empty() {
        return (Vec::new(), 0, 0);
    }
    let mut chains = Vec::new();
    let queues = stopped_queues(outcome, outage, &hit);
    let ends: Vec<SimTime> =
        queues.iter().map(|gap| outage.at.saturating_add(gap.to.since(beginning(outage, gap.from)))).collect();
    for (place, median) in slowest_and_median(&ends) {
        chains.extend(queue_chain(outcome, names, outage, &hit, queues[place], median));
    }
    let sends = stopped_sends(outcome, outage, &hit);
    let mut ends: Vec<(usize, SimTime)> = Vec::new();
    for (place, gap) in sends.iter().enumerate() {
        let other = ends.iter_mut().find(|(other, _)| sends[*other].name.is_some() == gap.name.is_some());
        match other {
            Some((other, end)) if *end < gap.to => (*other, *end) = (place, gap.to),
            Some(_) => {}
            None => ends.push((place, gap.to)),
        }
    }
    chains.extend(ends.into_iter().filter_map(|(place, _)| send_chain(outcome, names, outage, &hit, sends[place])));
    chains.extend(tries(outcome, names, outage, &hit));
    let mut topics: Vec<TopicIx> = sends.iter().filter(|gap| gap.name.is_none()).map(|gap| gap.topic).collect();
    topics.sort_unstable();
    topics.dedup();
    (chains, queues.len(), topics.len())
}

/// The beginning of a standstill: the blow, unless it came much later.
fn beginning(outage: &Outage, from: SimTime) -> SimTime {
    if from <= outage.at.saturating_add(SOON) { outage.at } else { from }
}

/// Whether a gap began with the outage or in its wake: not at the next blow, nor the moment before it.
pub(super) fn within(outage: &Outage, from: SimTime, to: SimTime) -> bool {
    let soon = from.saturating_add(SLACK);
    soon >= outage.at && (soon < outage.until || outage.last) && to > outage.at
}

fn stopped_queues<'a>(outcome: &'a Outcome, outage: &Outage, hit: &Hit) -> Vec<&'a ConsumeGap> {
    let name = |gap: &ConsumeGap| outcome.plan.queues.get(gap.queue.at()).map(|key| key.broker);
    let gaps = outcome.failures.consume_gaps.iter();
    gaps.filter(|gap| within(outage, gap.from, gap.to) && name(gap).is_some_and(|name| hit.concerns(name))).collect()
}

/// Gaps of whole topics, and those to a name that was hit when the topic has others.
fn stopped_sends<'a>(outcome: &'a Outcome, outage: &Outage, hit: &Hit) -> Vec<&'a SendGap> {
    let carries = |gap: &SendGap, name: BrokerIx| {
        outcome.plan.topics.get(gap.topic.at()).is_some_and(|topic| topic.brokers.iter().any(|on| on.broker == name))
    };
    let alone = |gap: &SendGap| outcome.plan.topics.get(gap.topic.at()).is_some_and(|topic| topic.brokers.len() < 2);
    let concerned = |gap: &&SendGap| match gap.name {
        Some(name) => hit.names.contains(&name) && !alone(gap),
        None => hit.all || hit.names.iter().any(|name| carries(gap, *name)),
    };
    let gaps = outcome.failures.send_gaps.iter();
    gaps.filter(|gap| within(outage, gap.from, gap.to)).filter(concerned).collect()
}

fn queue_chain(
    outcome: &Outcome,
    names: &Names<'_>,
    outage: &Outage,
    hit: &Hit,
    gap: &ConsumeGap,
    median: bool,
) -> Option<Chain> {
    let key = outcome.plan.queues.get(gap.queue.at())?;
    let owner = |at: SimTime| {
        let own = outcome.ownership.iter().find(|own| own.group == gap.group && own.queue == gap.queue)?;
        let interval = own.intervals.iter().rev().find(|own| own.from <= at && own.to >= at);
        interval.map(|interval| interval.instance)
    };
    let taker: Option<InstanceIx> = owner(gap.to).or_else(|| owner(outage.at));
    let ended = gap.to < outcome.end;
    let scene = Scene {
        outcome,
        names,
        from: beginning(outage, gap.from),
        to: gap.to,
        name: key.broker,
        servers: &hit.servers,
        outage,
        client: taker.map(Client::Consumer),
        before: owner(outage.at),
        topic: key.topic,
        queue: Some(gap.queue),
    };
    let of = Subject::Queue { group: gap.group, queue: gap.queue, taker };
    Some(chain(outcome, of, scene.from, ended.then_some(gap.to), scene.marks(ended), median))
}

/// The producers of a topic.
fn producers(outcome: &Outcome, topic: TopicIx) -> impl Iterator<Item = ProducerIx> {
    let producers = outcome.plan.producers.iter().enumerate();
    producers.filter(move |(_, producer)| producer.topic == topic).map(|(place, _)| ProducerIx::new(place))
}

fn send_chain(outcome: &Outcome, names: &Names<'_>, outage: &Outage, hit: &Hit, gap: &SendGap) -> Option<Chain> {
    let on_name = |name: &&BrokerIx| {
        outcome.plan.topics.get(gap.topic.at()).is_some_and(|topic| topic.brokers.iter().any(|on| on.broker == **name))
    };
    let name = gap.name.or_else(|| hit.names.iter().find(on_name).copied()).or_else(|| {
        outcome.plan.topics.get(gap.topic.at()).and_then(|topic| topic.brokers.first()).map(|on| on.broker)
    })?;
    let ended = gap.to < outcome.end;
    let mut scene = Scene {
        outcome,
        names,
        from: beginning(outage, gap.from),
        to: gap.to,
        name,
        servers: &hit.servers,
        outage,
        client: None,
        before: None,
        topic: gap.topic,
        queue: None,
    };
    // The first send that succeeds is that of the producer which learns of the way out first.
    scene.client = producers(outcome, gap.topic)
        .map(Client::Producer)
        .min_by_key(|client| scene.learnt(*client, gap.to).unwrap_or(SimTime::MAX));
    let of = Subject::Sends { topic: gap.topic, name: gap.name };
    Some(chain(outcome, of, scene.from, ended.then_some(gap.to), scene.marks(ended), false))
}

/// Until the last producer has heard that a broker name is of no use.
fn tries(outcome: &Outcome, names: &Names<'_>, outage: &Outage, hit: &Hit) -> Option<Chain> {
    let mut last: Option<(SimTime, Scene<'_>, ProducerIx)> = None;
    for name in &hit.names {
        for (place, producer) in outcome.plan.producers.iter().enumerate() {
            let scene = Scene {
                outcome,
                names,
                from: outage.at,
                to: outage.until,
                name: *name,
                servers: &hit.servers,
                outage,
                client: Some(Client::Producer(ProducerIx::new(place))),
                before: None,
                topic: producer.topic,
                queue: None,
            };
            let Some(learnt) = scene.client.and_then(|client| scene.dropped(client)) else { continue };
            if last.as_ref().is_none_or(|(at, ..)| *at < learnt) {
                last = Some((learnt, scene, ProducerIx::new(place)));
            }
        }
    }
    let (to, mut scene, producer) = last?;
    scene.to = to;
    let of = Subject::Tries { producer, name: scene.name };
    Some(chain(outcome, of, scene.from, Some(to), scene.marks(false), false))
}
