//! Outcomes with failures, by hand.

use std::sync::Arc;

use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{BrokerConfig, ProducerConfig};
use crate::protocol::address::Address;
use crate::run::expect::fixture;
use crate::run::outcome::{
    ConsumeGap, ExpiryCause, Fact, FactRecord, Outcome, OwnInterval, RebalanceTrigger, RouteOwner, SendGap, StopKind,
};
use crate::scenario::plan::{
    ArrivalProcess, Arrivals, DLedgerPlan, Plan, ProducerPlan, RatePoint, ReplicaPlan, TimedAction,
};
use crate::store::ids::{
    BrokerIx, ClientIx, GroupIx, InstanceIx, NameserverIx, ProducerGroupIx, ProducerIx, QueueIx, TopicIx,
};

pub(super) const GROUP: GroupIx = GroupIx(0);
pub(super) const TOPIC: TopicIx = TopicIx(0);
pub(super) const BROKER: BrokerIx = BrokerIx(0);
pub(super) const NAMESERVER: NameserverIx = NameserverIx(0);

/// A moment in milliseconds.
pub(super) fn ms(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

/// A length in milliseconds.
pub(super) fn long(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

/// A run of 300 s in the making: two members, a queue each, one broker.
pub(super) struct Hand {
    pub(super) outcome: Outcome,
}

impl Hand {
    pub(super) fn new() -> Self {
        let mut outcome = fixture::outcome(2, 2);
        outcome.end = SimTime::from_secs(300);
        let mut hand = Self { outcome };
        hand.plan().fallible = true;
        hand.own(0, 0, 0, 300_000);
        hand.own(1, 1, 0, 300_000);
        hand
    }

    pub(super) fn plan(&mut self) -> &mut Plan {
        Arc::make_mut(&mut self.outcome.plan)
    }

    pub(super) fn own(&mut self, queue: usize, member: u32, from: u64, to: u64) {
        let own = &mut self.outcome.ownership[queue];
        own.exists_until = SimTime::from_secs(300);
        own.intervals.retain(|interval| interval.from < ms(from));
        if let Some(last) = own.intervals.last_mut() {
            last.to = last.to.min(ms(from));
        }
        let (instance, client) = (InstanceIx(member), ClientIx(member));
        own.intervals.push(OwnInterval { instance, client, from: ms(from), to: ms(to), frozen: None });
    }

    /// The last owner of a queue has it no longer.
    pub(super) fn lose(&mut self, queue: usize, at: u64) {
        if let Some(last) = self.outcome.ownership[queue].intervals.last_mut() {
            last.to = ms(at);
        }
    }

    pub(super) fn fact(&mut self, at: u64, fact: Fact) -> &mut Self {
        self.outcome.facts.push(FactRecord { at: ms(at), fact });
        self.outcome.facts.sort_by_key(|record| record.at);
        self
    }

    pub(super) fn stopped(&mut self, at: u64, member: u32, how: StopKind) {
        let fact = Fact::ClientStopped { instance: InstanceIx(member), group: GROUP, client: ClientIx(member), how };
        self.fact(at, fact);
    }

    pub(super) fn expired(&mut self, at: u64, member: u32, cause: ExpiryCause) {
        let (instance, client) = (InstanceIx(member), ClientIx(member));
        self.fact(at, Fact::ClientExpired { broker: BROKER, group: GROUP, instance, client, cause, notified: 1 });
    }

    pub(super) fn notice(&mut self, at: u64, member: u32) {
        let (instance, client) = (InstanceIx(member), ClientIx(member));
        self.fact(at, Fact::MembersChangedNotice { instance, group: GROUP, client, broker: BROKER });
    }

    /// A member takes a queue in a rebalance that ends 2 ms later.
    pub(super) fn takes(&mut self, at: u64, member: u32, queue: u32, trigger: RebalanceTrigger) {
        let (instance, client) = (InstanceIx(member), ClientIx(member));
        self.own(queue as usize, member, at, 300_000);
        let queues = vec![QueueIx(queue)];
        self.fact(at, Fact::Assigned { instance, group: GROUP, client, topic: TOPIC, broker: BROKER, queues });
        self.rebalanced(at + 2, member, trigger, (1, 0));
    }

    pub(super) fn gives_up(&mut self, at: u64, member: u32, queue: u32) {
        let (instance, client) = (InstanceIx(member), ClientIx(member));
        self.lose(queue as usize, at);
        let queues = vec![QueueIx(queue)];
        self.fact(at, Fact::Revoked { instance, group: GROUP, client, topic: TOPIC, broker: BROKER, queues });
        self.rebalanced(at + 2, member, RebalanceTrigger::Timer, (0, 1));
    }

    fn rebalanced(&mut self, at: u64, member: u32, trigger: RebalanceTrigger, (gained, lost): (u32, u32)) {
        let fact = Fact::Rebalanced {
            instance: InstanceIx(member),
            group: GROUP,
            client: ClientIx(member),
            topic: TOPIC,
            trigger,
            asked: Some(BROKER),
            members: Some(1),
            queues: 2,
            gained,
            lost,
        };
        self.fact(at, fact);
    }

    pub(super) fn stands_still(&mut self, queue: u32, from: u64, to: u64) {
        let gap = ConsumeGap { group: GROUP, queue: QueueIx(queue), from: ms(from), to: ms(to) };
        self.outcome.failures.consume_gaps.push(gap);
    }

    pub(super) fn no_sends(&mut self, from: u64, to: u64, failed: u64) {
        let gap = SendGap { topic: TOPIC, name: None, from: ms(from), to: ms(to), failed };
        self.outcome.failures.send_gaps.push(gap);
    }

    pub(super) fn polls(&mut self, at: u64, client: Address, master: Option<BrokerIx>) {
        self.fact(at, Fact::MasterSeen { client, name: BROKER, master });
    }

    pub(super) fn loses_route(&mut self, at: u64, member: u32) {
        let (instance, client) = (InstanceIx(member), ClientIx(member));
        let owner = RouteOwner::Consumer { instance, group: GROUP, client };
        self.fact(at, Fact::RouteChanged { owner, topic: TOPIC, queues: 0 });
    }

    /// A further process of the broker name.
    pub(super) fn replica(&mut self, label: &str) -> BrokerIx {
        let replica = ReplicaPlan {
            label: label.to_owned(),
            broker: BROKER,
            id: 1,
            config: BrokerConfig::default(),
            start_at: SimTime::ZERO,
            nameservers: vec![NAMESERVER],
        };
        self.plan().replicas.push(replica);
        BrokerIx::new(self.outcome.plan.brokers.len() + self.outcome.plan.replicas.len() - 1)
    }

    /// The broker name is a Raft group.
    pub(super) fn raft(&mut self) {
        self.plan().brokers[0].dledger = Some(DLedgerPlan {
            members: 3,
            heart_beat_time_interval: long(2_000),
            max_heart_beat_leak: 3,
            min_vote_interval: long(300),
            max_vote_interval: long(1_000),
            max_wait_ack_time: long(2_500),
            preferred_leader: None,
        });
    }

    pub(super) fn producer(&mut self) -> Address {
        let producer = ProducerPlan {
            name: "p/0".to_owned(),
            producer: "p".to_owned(),
            client_id: ClientIx(0),
            topic: TOPIC,
            config: ProducerConfig::default(),
            nameservers: vec![NAMESERVER],
            arrivals: Arrivals {
                process: ArrivalProcess::Constant,
                profile: vec![RatePoint { at: SimTime::ZERO, rate: 10.0, ramp: false }],
            },
            body_size: Distribution::Constant(100),
            properties_bytes: 0,
            group: ProducerGroupIx(0),
            keys: None,
            tags: Vec::new(),
            properties: Vec::new(),
            delay_levels: Vec::new(),
            transaction: None,
            start_at: SimTime::ZERO,
            stop_at: None,
            limit: None,
        };
        self.plan().producers.push(producer);
        Address::Producer(ProducerIx(0))
    }

    pub(super) fn action(&mut self, at: u64, label: &str, action: crate::scenario::plan::Action) {
        let index = self.outcome.plan.timeline.len() as u32;
        self.plan().timeline.push(TimedAction { at: ms(at), action, label: label.to_owned() });
        self.fact(at, Fact::Action(index));
    }
}
