//! Outcomes made by hand, without the engine: a scale-out with a freeze and a kill, small, big and extreme.

use std::sync::Arc;

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::{BrokerConfig, ConsumerConfig, NameserverConfig, ProducerConfig};
use rocketmq_sim::run::outcome::*;
use rocketmq_sim::scenario::plan::*;
use rocketmq_sim::store::ids::*;

/// What to make.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) topic: &'static str,
    pub(super) group: &'static str,
    pub(super) brokers: usize,
    pub(super) queues: usize,
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) seconds: u64,
    pub(super) rate: f64,
    /// A consumer freezes at 90 s and thaws at 240 s, another is killed at 270 s.
    pub(super) troubled: bool,
    /// Restarts of consumers after the end of the other actions, two actions each.
    pub(super) restarts: u64,
}

impl Shape {
    /// The scale-out of the shipped scenario, with troubles after it.
    pub(super) fn scale_out() -> Self {
        Self {
            name: "scale-out",
            topic: "order_topic",
            group: "order_consumer",
            brokers: 1,
            queues: 16,
            before: 3,
            after: 4,
            seconds: 300,
            rate: 2000.0,
            troubled: true,
            restarts: 0,
        }
    }

    /// A rolling restart: more actions than a chart has room for labels.
    pub(super) fn rolling() -> Self {
        Self { name: "rolling", restarts: 16, ..Self::big() }
    }

    pub(super) fn big() -> Self {
        Self {
            name: "big",
            brokers: 4,
            queues: 64,
            before: 15,
            after: 16,
            seconds: 600,
            rate: 20_000.0,
            ..Self::scale_out()
        }
    }

    pub(super) fn smallest() -> Self {
        Self {
            name: "smallest",
            queues: 1,
            before: 1,
            after: 1,
            seconds: 1,
            rate: 0.0,
            troubled: false,
            ..Self::scale_out()
        }
    }

    pub(super) fn huge() -> Self {
        Self { name: "huge", brokers: 10, queues: 10_000, before: 999, after: 1000, ..Self::scale_out() }
    }
}

struct Maker {
    shape: Shape,
    facts: Vec<FactRecord>,
    ownership: Vec<QueueOwnership>,
    stale: Vec<[ViewStale; 3]>,
    rebalances: Vec<[u32; 2]>,
}

const G: GroupIx = GroupIx(0);
const T: TopicIx = TopicIx(0);

fn ms(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

fn inst(index: usize) -> InstanceIx {
    InstanceIx::new(index)
}

/// `averagely`: the queues of member `index` of `members`.
fn share(queues: usize, members: usize, index: usize) -> std::ops::Range<usize> {
    let (base, extra) = (queues / members, queues % members);
    let from = index * base + index.min(extra);
    from..from + base + usize::from(index < extra)
}

impl Maker {
    fn end(&self) -> SimTime {
        SimTime::from_secs(self.shape.seconds)
    }

    fn fact(&mut self, at: SimTime, fact: Fact) {
        self.facts.push(FactRecord { at, fact });
    }

    fn by_broker(&self, queues: &[usize]) -> Vec<(BrokerIx, Vec<QueueIx>)> {
        let per = self.shape.queues.div_ceil(self.shape.brokers);
        let mut lists: Vec<(BrokerIx, Vec<QueueIx>)> = Vec::new();
        for queue in queues {
            let broker = BrokerIx::new(queue / per);
            match lists.last_mut() {
                Some((last, list)) if *last == broker => list.push(QueueIx::new(*queue)),
                _ => lists.push((broker, vec![QueueIx::new(*queue)])),
            }
        }
        lists
    }

    fn owns(&self, member: usize) -> Vec<usize> {
        let end = self.end();
        self.ownership
            .iter()
            .enumerate()
            .filter(|(_, own)| own.intervals.iter().any(|i| i.instance == inst(member) && i.to == end))
            .map(|(queue, _)| queue)
            .collect()
    }

    /// Member `index` rebalances onto the given queues.
    fn rebalance(
        &mut self,
        at: SimTime,
        index: usize,
        trigger: Option<RebalanceTrigger>,
        members: usize,
        to: &[usize],
    ) {
        let owned = self.owns(index);
        let lost: Vec<usize> = owned.iter().copied().filter(|q| !to.contains(q)).collect();
        let gained: Vec<usize> = to.iter().copied().filter(|q| !owned.contains(q)).collect();
        let client = ClientIx::new(index);
        for (broker, queues) in self.by_broker(&lost) {
            for queue in &queues {
                let own = &mut self.ownership[queue.at()];
                let end = SimTime::from_secs(self.shape.seconds);
                for i in own.intervals.iter_mut().filter(|i| i.instance == inst(index) && i.to == end) {
                    i.to = at;
                }
            }
            self.fact(at, Fact::Revoked { instance: inst(index), group: G, client, topic: T, broker, queues });
        }
        for (broker, queues) in self.by_broker(&gained) {
            let end = self.end();
            for queue in &queues {
                let own = &mut self.ownership[queue.at()];
                if own.intervals.last().is_some_and(|i| i.instance != inst(index)) {
                    own.moves += 1;
                }
                own.intervals.push(OwnInterval { instance: inst(index), client, from: at, to: end, frozen: None });
            }
            self.fact(at, Fact::Assigned { instance: inst(index), group: G, client, topic: T, broker, queues });
        }
        self.rebalances[index][0] += 1;
        self.rebalances[index][1] += u32::from(!(gained.is_empty() && lost.is_empty()));
        if let Some(trigger) = trigger {
            self.fact(
                at,
                Fact::Rebalanced {
                    instance: inst(index),
                    group: G,
                    client,
                    topic: T,
                    trigger,
                    asked: Some(BrokerIx(0)),
                    members: Some(members as u32),
                    queues: self.shape.queues as u32,
                    gained: gained.len() as u32,
                    lost: lost.len() as u32,
                },
            );
        }
    }

    fn everyone(&mut self, from_ms: u64, step_us: u64, members: &[usize], trigger: RebalanceTrigger) {
        for (place, member) in members.iter().enumerate() {
            let at = SimTime::from_nanos(from_ms * 1_000_000 + place as u64 * step_us * 1_000);
            let to: Vec<usize> = share(self.shape.queues, members.len(), place).collect();
            self.rebalance(at, *member, Some(trigger), members.len(), &to);
        }
    }

    fn notices(&mut self, at: u64, members: &[usize]) {
        for member in members {
            let fact = Fact::MembersChangedNotice {
                instance: inst(*member),
                group: G,
                client: ClientIx::new(*member),
                broker: BrokerIx(0),
            };
            self.fact(ms(at), fact);
        }
    }

    fn stale(&mut self, member: usize, view: usize, from: u64, to: u64) {
        let stale = &mut self.stale[member][view];
        stale.stretches.push((ms(from), ms(to)));
        let length = ms(to).since(ms(from));
        stale.total += length;
        stale.longest = stale.longest.max(length);
    }

    fn history(&mut self) {
        let all: Vec<usize> = (0..self.shape.after).collect();
        let first: Vec<usize> = (0..self.shape.before).collect();
        for member in &first {
            let fact = Fact::ClientStarted { instance: inst(*member), group: G, client: ClientIx::new(*member) };
            self.fact(ms(100 + *member as u64 % 50), fact);
            let owner = RouteOwner::Consumer { instance: inst(*member), group: G, client: ClientIx::new(*member) };
            self.fact(ms(160), Fact::RouteChanged { owner, topic: T, queues: self.shape.queues as u32 });
        }
        self.everyone(250, 300, &first, RebalanceTrigger::Start);
        for second in [20, 40] {
            if second < self.shape.seconds {
                self.everyone(second * 1000 + 250, 300, &first, RebalanceTrigger::Timer);
            }
        }
        if self.shape.seconds <= 60 {
            return;
        }
        self.fact(ms(60_000), Fact::Action(0));
        let newcomer = self.shape.after - 1;
        let client = ClientIx::new(newcomer);
        self.fact(ms(60_000), Fact::ClientStarted { instance: inst(newcomer), group: G, client });
        let members = self.shape.after as u32;
        self.fact(
            ms(60_012),
            Fact::ClientRegistered { broker: BrokerIx(0), group: G, instance: inst(newcomer), client, members },
        );
        self.notices(60_013, &first);
        for member in &first {
            self.stale(*member, 1, 60_012, 60_040);
            self.stale(*member, 2, 60_012, 62_500);
        }
        self.rebalance(
            ms(60_030),
            newcomer,
            Some(RebalanceTrigger::Start),
            self.shape.after,
            &share(self.shape.queues, self.shape.after, newcomer).collect::<Vec<_>>(),
        );
        // The last one to go over is late on purpose, so that the stretch with two owners can be seen.
        let late = first[first.len() - 1];
        for member in first.iter().filter(|member| **member != late) {
            let to: Vec<usize> = share(self.shape.queues, self.shape.after, *member).collect();
            let at = SimTime::from_nanos(60_040_000_000 + *member as u64 * 200_000);
            self.rebalance(at, *member, Some(RebalanceTrigger::Notice(BrokerIx(0))), self.shape.after, &to);
        }
        self.rebalance(
            ms(62_500),
            late,
            Some(RebalanceTrigger::Timer),
            self.shape.after,
            &share(self.shape.queues, self.shape.after, late).collect::<Vec<_>>(),
        );
        self.everyone(80_250, 500, &all, RebalanceTrigger::Timer);
        if self.shape.troubled {
            self.troubles(&all);
        }
    }

    fn troubles(&mut self, all: &[usize]) {
        let end = self.end();
        let client = ClientIx(1);
        self.fact(ms(90_000), Fact::Action(1));
        self.fact(ms(90_000), Fact::ClientStopped { instance: inst(1), group: G, client, how: StopKind::Frozen });
        for own in &mut self.ownership {
            for i in own.intervals.iter_mut().filter(|i| i.instance == inst(1) && i.to == end) {
                i.frozen = Some((ms(90_000), ms(240_000)));
            }
        }
        let rest: Vec<usize> = all.iter().copied().filter(|m| *m != 1).collect();
        let cause = ExpiryCause::ChannelIdle;
        self.fact(
            ms(211_500),
            Fact::ClientExpired {
                broker: BrokerIx(0),
                group: G,
                instance: inst(1),
                client,
                cause,
                notified: rest.len() as u32,
            },
        );
        self.notices(211_501, &rest);
        self.everyone(211_540, 800, &rest, RebalanceTrigger::Notice(BrokerIx(0)));
        for member in &rest {
            self.stale(*member, 1, 90_000, 211_540);
        }
        self.stale(1, 1, 211_500, 241_000);
        self.stale(1, 2, 211_500, 241_000);
        self.fact(ms(240_000), Fact::Action(2));
        self.fact(ms(240_000), Fact::ClientThawed { instance: inst(1), group: G, client });
        self.fact(
            ms(240_010),
            Fact::OffsetWentBack { instance: inst(1), group: G, queue: QueueIx(5), from: 26_000, to: 11_250 },
        );
        self.fact(
            ms(240_900),
            Fact::ClientRegistered {
                broker: BrokerIx(0),
                group: G,
                instance: inst(1),
                client,
                members: all.len() as u32,
            },
        );
        self.everyone(241_000, 900, all, RebalanceTrigger::Notice(BrokerIx(0)));
        let victim = 2.min(all.len() - 1);
        let client = ClientIx::new(victim);
        self.fact(ms(270_000), Fact::Action(3));
        self.fact(ms(270_000), Fact::ClientStopped { instance: inst(victim), group: G, client, how: StopKind::Killed });
        self.rebalance(ms(270_000), victim, None, 0, &[]);
        let survivors: Vec<usize> = all.iter().copied().filter(|m| *m != victim).collect();
        self.fact(
            ms(270_001),
            Fact::ClientExpired {
                broker: BrokerIx(0),
                group: G,
                instance: inst(victim),
                client,
                cause: ExpiryCause::ChannelClosed,
                notified: survivors.len() as u32,
            },
        );
        self.notices(270_002, &survivors);
        self.everyone(274_500, 400, &survivors, RebalanceTrigger::Notice(BrokerIx(0)));
        for n in 0..self.shape.restarts {
            self.fact(SimTime::from_secs(280 + n * 12), Fact::Action(4 + 2 * n as u32));
            self.fact(SimTime::from_secs(285 + n * 12), Fact::Action(5 + 2 * n as u32));
        }
    }

    fn gaps(&mut self) {
        let end = self.end();
        for own in &mut self.ownership {
            let mut edges: Vec<SimTime> = own.intervals.iter().flat_map(|i| [i.from, i.to]).collect();
            edges.extend([ms(100), end]);
            edges.sort();
            for pair in edges.windows(2).filter(|pair| pair[1] > pair[0]) {
                let owners = own.intervals.iter().filter(|i| i.from <= pair[0] && i.to >= pair[1]).count();
                let length = pair[1].since(pair[0]);
                match owners {
                    0 => {
                        own.orphan += length;
                        own.longest_orphan = own.longest_orphan.max(length);
                    }
                    1 => {}
                    _ => own.double_owner += length,
                }
            }
        }
    }
}

fn percentiles(count: u64, middle_us: u64) -> Percentiles {
    if count == 0 {
        return Percentiles::default();
    }
    let us = SimDuration::from_micros;
    // Counts fall off on both sides of the middle.
    let weights: Vec<(u64, u64)> = (0..40)
        .map(|step: i64| {
            let bound = middle_us * (1 << (step / 4)) / 32 + step as u64 * 3 + 1;
            let distance = (step - 20).unsigned_abs();
            (bound, 1 + count / (8 + distance * distance))
        })
        .collect();
    let total: u64 = weights.iter().map(|(_, n)| n).sum();
    let mut so_far = 0;
    let mut cumulative: Vec<(SimDuration, u64)> = weights
        .iter()
        .map(|(bound, n)| {
            so_far += n;
            (us(*bound), so_far * count / total)
        })
        .collect();
    cumulative.last_mut().unwrap().1 = count;
    Percentiles {
        count,
        min: us(middle_us / 40),
        mean: us(middle_us * 2),
        p50: us(middle_us),
        p95: us(middle_us * 6),
        p99: us(middle_us * 12),
        p999: us(middle_us * 20),
        max: cumulative.last().unwrap().0,
        cumulative,
    }
}

fn wobble(a: u64, b: u64) -> f64 {
    let mut x = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^= x >> 31;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 40) as f64 / (1u64 << 24) as f64
}

fn series(shape: &Shape, ownership: &[QueueOwnership]) -> Series {
    let end = shape.seconds * 1000;
    let times: Vec<SimTime> = (1..=end.div_ceil(1000)).map(|s| ms((s * 1000).min(end))).collect();
    let lag = |queue: usize, at: SimTime| -> u64 {
        if shape.rate == 0.0 {
            return 0;
        }
        let own = &ownership[queue];
        let idle = !own
            .intervals
            .iter()
            .any(|i| i.from < at && i.to >= at && i.frozen.is_none_or(|(from, to)| at < from || at > to));
        let since = own.intervals.iter().filter_map(|i| i.frozen).map(|(from, _)| from).find(|from| *from < at);
        let base = (wobble(queue as u64, at.as_millis()) * 6.0) as u64;
        match (idle, since) {
            (true, Some(from)) => {
                base + (at.since(from).as_millis() as f64 / 1000.0 * shape.rate / shape.queues as f64) as u64
            }
            (true, None) => base + 150,
            _ => base,
        }
    };
    let queue_lag: Vec<Vec<u64>> =
        (0..shape.queues).map(|queue| times.iter().map(|at| lag(queue, *at)).collect()).collect();
    let group_lag: Vec<u64> = (0..times.len()).map(|i| queue_lag.iter().map(|lags| lags[i]).sum()).collect();
    let owned: Vec<Vec<u32>> = (0..shape.after)
        .map(|member| {
            times
                .iter()
                .map(|at| {
                    let owns = |own: &&QueueOwnership| {
                        own.intervals.iter().any(|i| i.instance == inst(member) && i.from < *at && i.to >= *at)
                    };
                    if shape.queues > 1000 { 10 } else { ownership.iter().filter(owns).count() as u32 }
                })
                .collect()
        })
        .collect();
    let latency = |i: usize| {
        let at = times[i];
        if shape.rate == 0.0 {
            return None;
        }
        let calm = 900 + (wobble(3, at.as_millis()) * 400.0) as u64;
        let worse = 1 + group_lag[i] / 40;
        Some([calm, calm * 3 * worse.min(40), calm * 6 * worse, calm * 11 * worse].map(SimDuration::from_micros))
    };
    Series {
        stored_per_s: vec![(
            T,
            times.iter().map(|at| shape.rate * (0.97 + 0.06 * wobble(1, at.as_millis()))).collect(),
        )],
        groups: vec![GroupSeries {
            lag: group_lag.clone(),
            lag_time: group_lag.iter().map(|lag| SimDuration::from_millis(lag / 4)).collect(),
            consumed_per_s: times.iter().map(|at| shape.rate * (0.9 + 0.2 * wobble(2, at.as_millis()))).collect(),
            duplicates: times.iter().map(|at| if *at > ms(211_540) { 1_280 } else { 0 }).collect(),
            latency: (0..times.len()).map(latency).collect(),
            consumed: times.iter().map(|at| (at.as_secs_f64() * shape.rate) as u64).collect(),
            latency_at: Vec::new(),
        }],
        utilisation: owned
            .iter()
            .enumerate()
            .map(|(member, owned)| {
                owned
                    .iter()
                    .zip(&times)
                    .map(|(n, at)| match n {
                        0 => None,
                        n => {
                            Some((f64::from(*n) / 12.0 * (0.8 + 0.3 * wobble(member as u64, at.as_millis()))).min(1.0))
                        }
                    })
                    .collect()
            })
            .collect(),
        stale_views: times
            .iter()
            .map(|at| if shape.troubled && *at > ms(90_000) && *at < ms(211_540) { shape.after as u32 - 1 } else { 0 })
            .collect(),
        owned,
        queue_lag,
        times,
    }
}

fn timed(second: u64, label: &str, action: Action) -> TimedAction {
    TimedAction { at: SimTime::from_secs(second), action, label: label.to_owned() }
}

fn plan(shape: &Shape) -> Plan {
    let per = shape.queues.div_ceil(shape.brokers);
    let fixed = Distribution::constant_duration(SimDuration::from_micros(500));
    let newcomer = inst(shape.after - 1);
    let mut timeline = vec![timed(
        60,
        &format!("scale {} to {}", shape.group, shape.after),
        Action::StartConsumer { instance: newcomer, client_id: ClientIx::new(shape.after - 1) },
    )];
    if shape.troubled {
        timeline.push(timed(90, &format!("freeze {}/1", shape.group), Action::FreezeConsumer { instance: inst(1) }));
        timeline.push(timed(240, &format!("thaw {}/1", shape.group), Action::ThawConsumer { instance: inst(1) }));
        timeline.push(timed(270, &format!("kill {}/2", shape.group), Action::KillConsumer { instance: inst(2) }));
    }
    if shape.seconds <= 60 {
        timeline.clear();
    }
    for n in 0..shape.restarts {
        let instance = inst(n as usize);
        let (second, label) = (280 + n * 12, format!("restart {}/{n}", shape.group));
        timeline.push(timed(second, &label, Action::StopConsumer { instance }));
        timeline.push(timed(
            second + 5,
            &label,
            Action::StartConsumer { instance, client_id: ClientIx::new(n as usize) },
        ));
    }
    Plan {
        name: shape.name.to_owned(),
        title: format!("Scale out {} from {} to {} consumers", shape.group, shape.before, shape.after),
        description: "A **fourth consumer** joins a group of three. The broker tells the others at once, each rebalances \
             on its own, and for some milliseconds queues have *no* owner or two.\n\nLook for:\n\n- the stretch without \
             an owner after `60s`\n- the frozen consumer: its connections stay open, so nobody learns of it for 120 s\n\n\
             See [the manual](https://rocketmq.apache.org/docs/) & do not trust <script>alert(1)</script>."
            .to_owned(),
        sources: vec![
            "RebalanceImpl#updateProcessQueueTableInRebalance".to_owned(),
            "ConsumerManager#scanNotActiveChannel: 120 s".to_owned(),
        ],
        seed: 42,
        duration: SimDuration::from_secs(shape.seconds),
        sample_interval: SimDuration::from_secs(1),
        client_ids: (0..shape.after).map(|n| format!("10.1.100.{n}@42{n:02}#81")).chain(["10.1.200.0@1".to_owned()]).collect(),
        queues: (0..shape.queues)
            .map(|q| QueueKey { topic: T, broker: BrokerIx::new(q / per), queue_id: (q % per) as u32 })
            .collect(),
        network: NetworkPlan { client_broker: fixed.clone(), client_nameserver: fixed.clone(), broker_nameserver: fixed },
        nameservers: vec![NameserverPlan {
            name: "nameserver-0".to_owned(),
            config: NameserverConfig::default(),
            start_at: SimTime::ZERO,
        }],
        brokers: (0..shape.brokers)
            .map(|n| BrokerPlan {
                name: format!("broker-{}", char::from(b'a' + n as u8)),
                config: BrokerConfig::default(),
                start_at: SimTime::ZERO,
            })
            .collect(),
        topics: vec![TopicPlan {
            name: shape.topic.to_owned(),
            brokers: (0..shape.brokers)
                .map(|n| TopicOnBroker { broker: BrokerIx::new(n), read_queue_nums: per as u32, write_queue_nums: per as u32 })
                .collect(),
            preload: None,
        }],
        producers: vec![ProducerPlan {
            name: "order_producer/0".to_owned(),
            producer: "order_producer".to_owned(),
            client_id: ClientIx::new(shape.after),
            topic: T,
            config: ProducerConfig::default(),
            arrivals: Arrivals {
                process: ArrivalProcess::Poisson,
                profile: vec![RatePoint { at: SimTime::ZERO, rate: shape.rate, ramp: false }],
            },
            body_size: Distribution::Constant(1024),
            properties_bytes: 120,
            keys: None,
            start_at: SimTime::ZERO,
            stop_at: None,
            limit: None,
        }],
        groups: vec![GroupPlan {
            name: shape.group.to_owned(),
            topics: vec![T],
            strategy: StrategyPlan::Averagely,
            config: ConsumerConfig::default(),
            stored_offset: None,
        }],
        instances: (0..shape.after)
            .map(|n| InstancePlan {
                name: format!("{}/{n}", shape.group),
                group: G,
                topics: vec![T],
                config: ConsumerConfig::default(),
                start: (n < shape.before).then(|| (ms(100), ClientIx::new(n))),
                phases: None,
            })
            .collect(),
        timeline,
        expect: Vec::new(),
    }
}

/// The outcome of a shape.
pub(super) fn outcome(shape: &Shape) -> Outcome {
    let end = SimTime::from_secs(shape.seconds);
    let mut maker = Maker {
        shape: shape.clone(),
        facts: Vec::new(),
        ownership: (0..shape.queues)
            .map(|queue| QueueOwnership {
                group: G,
                queue: QueueIx::new(queue),
                exists_from: SimTime::ZERO,
                exists_until: end,
                intervals: Vec::new(),
                orphan: SimDuration::ZERO,
                longest_orphan: SimDuration::ZERO,
                double_owner: SimDuration::ZERO,
                moves: 0,
            })
            .collect(),
        stale: vec![Default::default(); shape.after],
        rebalances: vec![[0, 0]; shape.after],
    };
    maker.history();
    maker.gaps();
    let series = series(shape, &maker.ownership);
    let sent = (shape.rate * shape.seconds as f64) as u64;
    let duplicates = if shape.troubled { 1_280 } else { 0 };
    let own = &maker.ownership;
    let group = GroupOutcome {
        consumed: sent - sent / 1000,
        delivered: sent - sent / 1000 + duplicates,
        duplicates: vec![
            (DuplicateCause::DoubleOwner, duplicates / 2),
            (DuplicateCause::OffsetWentBack, duplicates / 2),
        ],
        latency: LatencyParts {
            end_to_end: percentiles(sent, 2_400),
            send: percentiles(sent, 1_100),
            stored_to_pulled: percentiles(sent, 1_200),
            wait_in_client: percentiles(sent, 40),
            processing: percentiles(sent, 1_000),
        },
        lag: sent / 1000,
        lag_max: series.groups[0].lag.iter().copied().max().unwrap_or(0),
        lag_time: SimDuration::from_millis(12),
        lag_time_max: SimDuration::from_secs(121),
        orphan: own.iter().map(|o| o.orphan).sum(),
        longest_orphan: own.iter().map(|o| o.longest_orphan).max().unwrap_or_default(),
        double_owner: own.iter().map(|o| o.double_owner).sum(),
        moves: own.iter().map(|o| u64::from(o.moves)).sum(),
        imbalance: Imbalance { max_over_mean: 1.25, jain: 0.961 },
        little: Little { mean_in_system: 812.25, rate_times_time: 812.26 },
    };
    let instances = maker
        .stale
        .iter()
        .zip(&maker.rebalances)
        .map(|([route, members, queues], [all, changed])| InstanceOutcome {
            consumed: sent / shape.after as u64,
            duplicates: duplicates / shape.after as u64,
            alive: SimDuration::from_secs(shape.seconds),
            utilisation: 0.42,
            rebalances_changed: *changed,
            rebalances: *all,
            notices: 2,
            cached_max: 512,
            pulls_found: 41_000,
            pulls_empty: 130,
            flow_controlled: 7,
            route_stale: route.clone(),
            members_stale: members.clone(),
            queues_stale: queues.clone(),
        })
        .collect();
    maker.facts.sort_by_key(|record| record.at);
    Outcome {
        plan: Arc::new(plan(shape)),
        version: "0.1.0",
        digest: 0x0123_4567_89ab_cdef,
        end,
        facts: maker.facts,
        ownership: maker.ownership,
        instances,
        groups: vec![group],
        producers: vec![ProducerOutcome {
            offered: sent,
            accepted: sent,
            failed: 0,
            retries: 0,
            latency: percentiles(sent, 1_300),
        }],
        series,
        conservation: Conservation {
            offered: sent,
            sending: 0,
            failed: 0,
            stored: sent,
            preloaded: 0,
            groups: vec![GroupConservation {
                stored: sent,
                unread: sent / 1000,
                consumed: sent - sent / 1000,
                ..GroupConservation::default()
            }],
            checks: 301,
            violation: None,
        },
        engine: EngineStats {
            events: 3_412_876,
            pending_max: 412,
            retained_messages_max: 9_812,
            retained_bytes_max: 470_976,
        },
        expectations: vec![
            ExpectationOutcome {
                label: "each queue of order_topic has one owner".to_owned(),
                at: end,
                passed: true,
                expected: "16 queues with exactly one owner".to_owned(),
                got: "16".to_owned(),
            },
            ExpectationOutcome {
                label: "latency p99 of order_consumer below 10ms".to_owned(),
                at: end,
                passed: false,
                expected: "at most 10 ms".to_owned(),
                got: "28.8 ms".to_owned(),
            },
        ],
    }
}
