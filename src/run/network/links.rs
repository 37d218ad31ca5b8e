//! The rules that break links or slow them down, and what waits for a link to be whole again.

use super::failing::Way;
use crate::kernel::dist::Sampler;
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::Envelope;
use crate::run::event::Closing;
use crate::scenario::plan::{LinkEffect, LinkRule, Plan};

/// First wait of TCP before it sends a packet again; it doubles each time.
const RETRANSMISSION_TIMEOUT: SimDuration = SimDuration::from_millis(200);
/// The wait grows no longer than this.
const LONGEST_RETRANSMISSION_TIMEOUT: SimDuration = SimDuration::from_secs(120);

/// All rules and which of them are in force.
#[derive(Debug)]
pub(in crate::run) struct Links {
    rules: Vec<Rule>,
    active: usize,
    offsets: [usize; 3],
    stream: Stream,
    /// What waits, in the order in which it left.
    stalled: Vec<Stalled>,
}

#[derive(Debug)]
struct Rule {
    on: bool,
    from: Vec<bool>,
    to: Vec<bool>,
    both_ways: bool,
    effect: Effect,
}

#[derive(Debug)]
enum Effect {
    Partition,
    Latency(Sampler),
    Loss(f64),
    Bandwidth(u64),
}

/// Something that waits for its link.
#[derive(Debug)]
pub(in crate::run) struct Stalled {
    /// From.
    pub(in crate::run) from: Address,
    /// To.
    pub(in crate::run) to: Address,
    /// Its connection.
    pub(in crate::run) channel: Channel,
    /// When its first packet was sent.
    pub(in crate::run) since: SimTime,
    /// What it is.
    pub(in crate::run) what: Freight,
}

/// What travels on a connection.
#[derive(Debug)]
pub(in crate::run) enum Freight {
    /// A message.
    Message(Envelope),
    /// Its end.
    Close(Closing),
}

impl Links {
    /// The rules of a plan, none of them in force.
    pub(in crate::run) fn new(plan: &Plan, stream: Stream) -> Self {
        let brokers = plan.brokers.len() + plan.replicas.len();
        let first = plan.nameservers.len();
        let offsets = [first, first + brokers, first + brokers + plan.producers.len()];
        let nodes = offsets[2] + plan.instances.len();
        let set = |members: &[Address]| {
            let mut set = vec![false; nodes];
            members.iter().for_each(|member| set[dense(&offsets, *member)] = true);
            set
        };
        let rule = |rule: &LinkRule| Rule {
            on: false,
            from: set(&rule.from),
            to: set(&rule.to),
            both_ways: rule.both_ways,
            effect: match &rule.effect {
                LinkEffect::Partition => Effect::Partition,
                LinkEffect::Latency(law) => Effect::Latency(law.sampler()),
                LinkEffect::Loss(share) => Effect::Loss(*share),
                LinkEffect::Bandwidth(bytes) => Effect::Bandwidth((*bytes).max(1)),
            },
        };
        Self { rules: plan.link_rules.iter().map(rule).collect(), active: 0, offsets, stream, stalled: Vec::new() }
    }

    /// A rule begins or ends.
    pub(in crate::run) fn set(&mut self, rule: u32, on: bool) {
        if let Some(rule) = self.rules.get_mut(rule as usize) {
            rule.on = on;
        }
        self.active = self.rules.iter().filter(|rule| rule.on).count();
    }

    /// Whether nothing gets from one node to another.
    #[must_use]
    pub(in crate::run) fn blocks(&self, from: Address, to: Address) -> bool {
        self.active > 0
            && self.rules.iter().any(|rule| self.meets(rule, from, to) && matches!(rule.effect, Effect::Partition))
    }

    /// Whether a rule meets what goes from one node to another, in force or not.
    #[must_use]
    pub(in crate::run) fn names(&self, rule: u32, from: Address, to: Address) -> bool {
        let (from, to) = (dense(&self.offsets, from), dense(&self.offsets, to));
        self.rules.get(rule as usize).is_some_and(|rule| rule.names(from, to))
    }

    fn meets(&self, rule: &Rule, from: Address, to: Address) -> bool {
        rule.on && rule.names(dense(&self.offsets, from), dense(&self.offsets, to))
    }

    /// What so many bytes meet from one node to another.
    #[inline]
    pub(in crate::run) fn meet(&mut self, way: &mut Way, from: Address, to: Address, bytes: u64) {
        if self.active == 0 {
            return;
        }
        let (from, to) = (dense(&self.offsets, from), dense(&self.offsets, to));
        for rule in self.rules.iter().filter(|rule| rule.on && rule.names(from, to)) {
            match &rule.effect {
                Effect::Partition => way.blocked = true,
                Effect::Latency(law) => way.delay += law.duration(&mut self.stream),
                Effect::Loss(share) => way.delay += retransmissions(*share, &mut self.stream),
                Effect::Bandwidth(per_second) => {
                    way.transfer +=
                        SimDuration::from_nanos((u128::from(bytes) * 1_000_000_000 / u128::from(*per_second)) as u64);
                }
            }
        }
    }

    /// Something waits for its link.
    pub(in crate::run) fn stall(&mut self, stalled: Stalled) {
        self.stalled.push(stalled);
    }

    /// What can go on now, in order, each with the time at which TCP tries again.
    pub(in crate::run) fn release(&mut self, now: SimTime) -> Vec<(SimTime, Stalled)> {
        let stalled = std::mem::take(&mut self.stalled);
        let (free, still) = stalled.into_iter().partition(|of| !self.blocks(of.from, of.to));
        self.stalled = still;
        let first = |all: &[Stalled], of: &Stalled| {
            let same =
                all.iter().find(|other| other.channel == of.channel && other.from == of.from && other.to == of.to);
            same.map_or(of.since, |other| other.since)
        };
        let free: Vec<Stalled> = free;
        let times: Vec<SimTime> = free.iter().map(|of| next_attempt(first(&free, of), now)).collect();
        times.into_iter().zip(free).collect()
    }
}

impl Rule {
    fn names(&self, from: usize, to: usize) -> bool {
        (self.from[from] && self.to[to]) || (self.both_ways && self.from[to] && self.to[from])
    }
}

/// A number for each node.
const fn dense(offsets: &[usize; 3], node: Address) -> usize {
    match node {
        Address::Nameserver(nameserver) => nameserver.at(),
        Address::Broker(broker) => offsets[0] + broker.at(),
        Address::Producer(producer) => offsets[1] + producer.at(),
        Address::Consumer(instance) => offsets[2] + instance.at(),
    }
}

/// When TCP sends again at or after `now` what it first sent at `since`: waits double from 200 ms on, up to two minutes
/// (RFC 6298, Linux `TCP_RTO_MIN` and `TCP_RTO_MAX`).
fn next_attempt(since: SimTime, now: SimTime) -> SimTime {
    let (mut at, mut wait) = (since, RETRANSMISSION_TIMEOUT);
    while at < now {
        at += wait;
        wait = (wait + wait).min(LONGEST_RETRANSMISSION_TIMEOUT);
    }
    at
}

/// Time lost by packets that have to be sent again.
fn retransmissions(share: f64, stream: &mut Stream) -> SimDuration {
    let (mut lost, mut wait) = (SimDuration::ZERO, RETRANSMISSION_TIMEOUT);
    while lost < LONGEST_RETRANSMISSION_TIMEOUT && stream.unit() < share {
        lost += wait;
        wait = (wait + wait).min(LONGEST_RETRANSMISSION_TIMEOUT);
    }
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_held_up_goes_on_at_the_next_retransmission() {
        let at = SimTime::from_millis;
        assert_eq!(next_attempt(at(1000), at(1100)), at(1200));
        assert_eq!(next_attempt(at(1000), at(1250)), at(1600), "200 ms and 400 ms");
        assert_eq!(next_attempt(at(0), at(100_000)), at(102_200), "200 ms, doubled nine times");
    }
}
