//! Outcomes by hand: one topic of queues on one broker, one group, and who owned what when.

use std::sync::Arc;

use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{BrokerConfig, ConsumerConfig, NameserverConfig};
use crate::run::outcome::{
    Conservation, Counters, DuplicateCause, EngineStats, Fact, FactRecord, GroupOutcome, GroupSeries, Imbalance,
    LatencyParts, Little, Outcome, OwnInterval, Percentiles, Plan, QueueOwnership, Series, StopKind, TransactionStates,
};
use crate::scenario::plan::{
    BrokerPlan, Check, Expectation, ExpressionPlan, GroupPlan, InstancePlan, NameserverPlan, NetworkPlan, QueueKey,
    StrategyPlan, TopicOnBroker, TopicPlan, TopicRole,
};
use crate::store::ids::{BrokerIx, ClientIx, ExpressionIx, GroupIx, InstanceIx, NameserverIx, QueueIx, TopicIx};

/// The only group.
pub(super) const GROUP: GroupIx = GroupIx(0);
/// The only topic.
pub(super) const TOPIC: TopicIx = TopicIx(0);

/// A moment in seconds.
pub(super) fn at(secs: u64) -> SimTime {
    SimTime::from_secs(secs)
}

/// A length in seconds.
pub(super) fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

fn plan(queues: u32, members: u32) -> Plan {
    let half = Distribution::Constant(500_000);
    let counts = TopicOnBroker { broker: BrokerIx(0), read_queue_nums: queues, write_queue_nums: queues };
    let instance = |number: u32| InstancePlan {
        nameservers: vec![NameserverIx(0)],
        name: format!("g/{number}"),
        group: GROUP,
        topics: vec![TOPIC],
        expressions: vec![ExpressionIx::ALL],
        config: ConsumerConfig::default(),
        start: Some((SimTime::ZERO, ClientIx(number))),
        phases: None,
    };
    Plan {
        replicas: Vec::new(),
        fallible: false,
        link_rules: Vec::new(),
        autoscalers: Vec::new(),
        name: "by-hand".to_owned(),
        title: String::new(),
        description: String::new(),
        sources: vec![],
        seed: 1,
        duration: secs(100),
        sample_interval: secs(10),
        client_ids: (0..members).map(|number| format!("client-{number}")).collect(),
        queues: (0..queues).map(|queue_id| QueueKey { topic: TOPIC, broker: BrokerIx(0), queue_id }).collect(),
        expressions: vec![ExpressionPlan::Tag("*".to_owned())],
        producer_groups: vec![],
        network: NetworkPlan { client_broker: half.clone(), client_nameserver: half.clone(), broker_nameserver: half },
        nameservers: vec![NameserverPlan {
            order_topics: Vec::new(),
            name: "n".to_owned(),
            config: NameserverConfig::default(),
            start_at: SimTime::ZERO,
        }],
        brokers: vec![BrokerPlan {
            nameservers: vec![NameserverIx(0)],
            dledger: None,
            name: "broker-a".to_owned(),
            config: BrokerConfig::default(),
            start_at: SimTime::ZERO,
        }],
        topics: vec![TopicPlan {
            auto_create: false,
            name: "t".to_owned(),
            role: TopicRole::Normal,
            brokers: vec![counts],
            preload: None,
        }],
        producers: vec![],
        groups: vec![GroupPlan {
            name: "g".to_owned(),
            topics: vec![TOPIC],
            strategy: StrategyPlan::Averagely,
            config: ConsumerConfig::default(),
            broadcasting: None,
            retry_max_times: 16,
            retry_queue_nums: 1,
            retry_topic: None,
            dead_letter_topic: None,
            stored_offset: None,
        }],
        instances: (0..members).map(instance).collect(),
        timeline: vec![],
        expect: vec![],
    }
}

/// A run of 100 s, sampled every 10 s, in which nothing happened yet.
pub(crate) fn outcome(queues: u32, members: u32) -> Outcome {
    let nothing = || LatencyParts {
        end_to_end: Percentiles::default(),
        send: Percentiles::default(),
        stored_to_pulled: Percentiles::default(),
        wait_in_client: Percentiles::default(),
        processing: Percentiles::default(),
    };
    let times: Vec<SimTime> = (0..=10).map(|sample| at(sample * 10)).collect();
    let ownership = |queue: u32| QueueOwnership {
        group: GROUP,
        queue: QueueIx(queue),
        exists_from: SimTime::ZERO,
        exists_until: at(100),
        intervals: vec![],
        orphan: SimDuration::ZERO,
        longest_orphan: SimDuration::ZERO,
        double_owner: SimDuration::ZERO,
        moves: 0,
    };
    Outcome {
        failures: crate::run::outcome::FailureOutcome::default(),
        locks: Vec::new(),
        plan: Arc::new(plan(queues, members)),
        version: "0",
        digest: 0,
        end: at(100),
        facts: vec![],
        ownership: (0..queues).map(ownership).collect(),
        instances: vec![],
        groups: vec![GroupOutcome {
            consumed: 1000,
            delivered: 1007,
            attempts: vec![1007],
            duplicates: vec![(DuplicateCause::DoubleOwner, 3), (DuplicateCause::InFlightAtRevoke, 4)],
            latency: nothing(),
            lag: 12,
            lag_max: 100,
            lag_time: secs(3),
            lag_time_max: secs(30),
            orphan: SimDuration::ZERO,
            longest_orphan: SimDuration::ZERO,
            double_owner: SimDuration::ZERO,
            moves: 0,
            imbalance: Imbalance::default(),
            little: Little::default(),
        }],
        producers: vec![],
        series: Series {
            groups: vec![GroupSeries {
                lag: (0..=10).map(|sample| sample * 10).collect(),
                lag_time: (0..=10).map(secs).collect(),
                duplicates: (0..=10).collect(),
                consumed: (0..=10).map(|sample| sample * 100).collect(),
                latency_at: vec![],
                ..GroupSeries::default()
            }],
            times,
            ..Series::default()
        },
        conservation: Conservation::default(),
        losses: Vec::new(),
        transactions: TransactionStates::default(),
        counters: Counters::default(),
        delay_lateness: Percentiles::default(),
        delay_by_level: vec![],
        engine: EngineStats::default(),
        expectations: vec![],
    }
}

impl Outcome {
    /// A member owns queues from second `from` to second `to` (100 = still).
    pub(super) fn owns(mut self, member: u32, queues: std::ops::Range<u32>, from: u64, to: u64) -> Self {
        for queue in queues {
            let intervals = &mut self.ownership[queue as usize].intervals;
            intervals.push(OwnInterval {
                instance: InstanceIx(member),
                client: ClientIx(member),
                from: at(from),
                to: at(to),
                frozen: None,
            });
            intervals.sort_by_key(|interval| interval.from);
        }
        self
    }

    /// A member is frozen in everything it owns, from second `from` to second `to`.
    pub(super) fn freezes(mut self, member: u32, from: u64, to: u64) -> Self {
        let intervals = self.ownership.iter_mut().flat_map(|queue| &mut queue.intervals);
        for interval in intervals.filter(|interval| interval.instance == InstanceIx(member)) {
            interval.frozen = Some((at(from), at(to)));
        }
        self.stops(member, from, StopKind::Frozen)
    }

    /// A member's process ends or freezes.
    pub(super) fn stops(mut self, member: u32, when: u64, how: StopKind) -> Self {
        let instance = InstanceIx(member);
        let fact = Fact::ClientStopped { instance, group: GROUP, client: ClientIx(member), how };
        self.facts.push(FactRecord { at: at(when), fact });
        self
    }

    /// A member joins at second `when` instead of being there from the start.
    pub(super) fn joins(mut self, member: u32, when: u64) -> Self {
        Arc::make_mut(&mut self.plan).instances[member as usize].start = None;
        let fact = Fact::ClientStarted { instance: InstanceIx(member), group: GROUP, client: ClientIx(member) };
        self.facts.push(FactRecord { at: at(when), fact });
        self
    }

    /// Evaluates one check at second `when`, or at the end.
    pub(super) fn check(&self, when: Option<u64>, check: Check) -> (bool, String, String) {
        let mut outcome = self.clone();
        let expectation = Expectation { at: when.map(at), check, label: "promise".to_owned() };
        Arc::make_mut(&mut outcome.plan).expect = vec![expectation];
        let evaluated = super::evaluate(&outcome).remove(0);
        assert_eq!((evaluated.label.as_str(), evaluated.at), ("promise", when.map_or(at(100), at)));
        (evaluated.passed, evaluated.expected, evaluated.got)
    }
}
