//! Random failures as ordinary actions of the timeline: drawn from the seed, each with its end before the quiet end.

use std::collections::BTreeMap;

use super::lives::{Effect, StartAs, Verb};
use super::timeline::Walk;
use crate::kernel::dist::Distribution;
use crate::kernel::rng::{Stream, Streams};
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Address;
use crate::scenario::diagnose::Fault;
use crate::scenario::plan::{Action, LinkEffect, LinkRule};
use crate::scenario::raw::{Chaos, ChaosRates};
use crate::scenario::tree::At;
use crate::scenario::units::Rate;
use crate::store::ids::BrokerIx;

/// Most failures of one run.
const MOST: f64 = 100_000.0;
const MILLI: u64 = 1_000_000;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// To the process or host of a node of this kind, and how it comes back.
    Process(Nodes, Verb, Verb),
    Partition,
    SlowLink,
    Reset,
    SlowFlush,
    PageCache,
    Load,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nodes {
    Brokers,
    Nameservers,
    Consumers,
    Producers,
}

type Kind = (&'static str, fn(&ChaosRates) -> Option<Rate>, What);

/// Every kind, under its key.
const KINDS: [Kind; 18] = [
    ("killBroker", |r| r.kill_broker, What::Process(Nodes::Brokers, Verb::Kill, Verb::Start)),
    ("stopBroker", |r| r.stop_broker, What::Process(Nodes::Brokers, Verb::Stop, Verb::Start)),
    ("freezeBroker", |r| r.freeze_broker, What::Process(Nodes::Brokers, Verb::Freeze, Verb::Thaw)),
    ("hostLoss", |r| r.host_loss, What::Process(Nodes::Brokers, Verb::LoseHost, Verb::Start)),
    ("diskLoss", |r| r.disk_loss, What::Process(Nodes::Brokers, Verb::LoseDisk, Verb::Start)),
    ("killNameserver", |r| r.kill_nameserver, What::Process(Nodes::Nameservers, Verb::Kill, Verb::Start)),
    ("freezeNameserver", |r| r.freeze_nameserver, What::Process(Nodes::Nameservers, Verb::Freeze, Verb::Thaw)),
    ("killConsumer", |r| r.kill_consumer, What::Process(Nodes::Consumers, Verb::Kill, Verb::Start)),
    ("stopConsumer", |r| r.stop_consumer, What::Process(Nodes::Consumers, Verb::Stop, Verb::Start)),
    ("freezeConsumer", |r| r.freeze_consumer, What::Process(Nodes::Consumers, Verb::Freeze, Verb::Thaw)),
    ("killProducer", |r| r.kill_producer, What::Process(Nodes::Producers, Verb::Kill, Verb::Start)),
    ("freezeProducer", |r| r.freeze_producer, What::Process(Nodes::Producers, Verb::Freeze, Verb::Thaw)),
    ("partition", |r| r.partition, What::Partition),
    ("slowLink", |r| r.slow_link, What::SlowLink),
    ("resetConnections", |r| r.reset_connections, What::Reset),
    ("slowFlush", |r| r.slow_flush, What::SlowFlush),
    ("pageCacheBusy", |r| r.page_cache_busy, What::PageCache),
    ("brokerLoad", |r| r.broker_load, What::Load),
];

/// Something that is to happen.
struct Strike {
    at: SimTime,
    kind: usize,
    lasts: SimDuration,
    draws: Stream,
}

/// The state of the cluster as far as chaos must know it.
struct Field {
    /// Nodes that it may meet.
    targets: Vec<usize>,
    /// Since when each node runs; none of those that the timeline itself moves.
    runs: Vec<Option<SimTime>>,
    /// Until when each node is away.
    away: Vec<SimTime>,
    /// Until when a kind of effect is on a broker, or on the links.
    taken: BTreeMap<(usize, usize), SimTime>,
    quiet: SimTime,
    at_once: usize,
}

impl Walk<'_, '_> {
    pub(super) fn chaos(&mut self) -> Result<(), Fault> {
        let Some(raw) = &self.r.root.chaos else { return Ok(()) };
        let mut strikes = self.strikes(raw)?;
        strikes.sort_by_key(|strike| (strike.at, strike.kind));
        let mut field = self.field(raw)?;
        for mut strike in strikes {
            match KINDS[strike.kind].2 {
                What::Process(of, verb, back) => self.strike_process(&mut field, &mut strike, (of, verb, back))?,
                What::Partition | What::SlowLink | What::Reset => self.strike_links(&mut field, &mut strike),
                What::SlowFlush | What::PageCache | What::Load => self.strike_broker(&mut field, &mut strike),
            }
        }
        Ok(())
    }

    /// Each kind by itself, so that the rate of one shifts nothing of another.
    fn strikes(&self, raw: &Chaos) -> Result<Vec<Strike>, Fault> {
        let at = At::default().key("chaos");
        let from = raw.from.expect("filled in").0;
        let until = raw.until.0;
        self.r.before_end(until, &at.key("until"), "the quiet end")?;
        if from >= until {
            return Err(self.r.fault(&at.key("from"), format!("chaos from {from} until {until} is no time at all")));
        }
        let window = until.as_secs_f64() - from.as_secs_f64();
        let rate_of = |kind: &Kind| kind.1(&raw.rates).map_or(0.0, |rate| rate.0);
        let expected = KINDS.iter().map(|kind| rate_of(kind) * window).sum::<f64>();
        if expected > MOST {
            let message = format!("more than {MOST} failures are to be expected");
            return Err(self.r.fault(&at.key("rates"), message));
        }
        if expected == 0.0 {
            let fault = self.r.fault(&at.key("rates"), "nothing ever happens");
            return Err(fault.help("add rates like `killBroker: 1/m`"));
        }
        let outage = self.r.times(raw.outage.as_ref(), &at.key("outage"))?.sampler();
        let streams = Streams::new(self.r.root.seed.unwrap_or_default());
        let mut strikes = Vec::new();
        for (number, kind) in KINDS.iter().enumerate().filter(|(_, kind)| rate_of(kind) > 0.0) {
            let gap = Distribution::Exponential { mean: (1e9 / rate_of(kind)) as u64 }.sampler();
            let mut times = streams.stream("chaos", kind.0);
            let mut time = from.as_nanos();
            for strike in 0.. {
                time = time.saturating_add(gap.sample(&mut times)).max(time + 1);
                let at = SimTime::from_nanos(time / MILLI * MILLI);
                if at.since(SimTime::ZERO) >= until {
                    break;
                }
                let mut draws = streams.stream("chaos", &format!("{} {strike}", kind.0));
                let lasts = SimDuration::from_nanos((outage.sample(&mut draws) / MILLI).max(1) * MILLI);
                strikes.push(Strike { at, kind: number, lasts, draws });
            }
        }
        Ok(strikes)
    }

    fn field(&self, raw: &Chaos) -> Result<Field, Fault> {
        let targets = match &raw.targets {
            Some(names) => self.r.set_of_nodes(self.nodes, names, &At::default().key("chaos").key("targets"))?,
            None => (0..self.nodes.len()).collect(),
        };
        let mut runs = vec![None; self.nodes.len()];
        self.nodes.starts.iter().for_each(|(node, at)| runs[*node] = Some(*at));
        for (instance, start) in self.lives.first_starts.iter().enumerate() {
            runs[instance] = start.map(|(at, _)| at);
        }
        for (node, runs) in runs.iter_mut().enumerate() {
            let address = self.nodes.address(node);
            if self.lives.actions.iter().any(|action| touches(&action.action, address)) || self.is_autoscaled(node) {
                *runs = None;
            }
        }
        Ok(Field {
            targets,
            away: vec![SimTime::ZERO; runs.len()],
            runs,
            taken: BTreeMap::new(),
            quiet: SimTime::ZERO + raw.until.0,
            at_once: raw.at_once.map_or(usize::MAX, |most| most as usize),
        })
    }

    fn strike_process(
        &mut self,
        field: &mut Field,
        strike: &mut Strike,
        (of, verb, back): (Nodes, Verb, Verb),
    ) -> Result<(), Fault> {
        let at = strike.at;
        let fits = |node: &usize| {
            let kind = match self.nodes.address(*node) {
                Address::Broker(_) => Nodes::Brokers,
                Address::Nameserver(_) => Nodes::Nameservers,
                Address::Consumer(_) => Nodes::Consumers,
                Address::Producer(_) => Nodes::Producers,
            };
            kind == of && field.away[*node] <= at && field.runs[*node].is_some_and(|start| start < at)
        };
        let candidates: Vec<usize> = field.targets.iter().copied().filter(fits).collect();
        let away = field.away.iter().filter(|until| **until > at).count();
        if candidates.is_empty() || away >= field.at_once {
            return Ok(());
        }
        let node = candidates[strike.draws.below(candidates.len() as u64) as usize];
        let end = at.saturating_add(strike.lasts).min(field.quiet);
        field.away[node] = end;
        let name = self.nodes.label(node);
        let lost = if verb == Verb::LoseDisk { " with its disk" } else { "" };
        let words = match verb {
            Verb::LoseHost | Verb::LoseDisk => format!("lose the host of {name}{lost}"),
            verb => format!("{} {name}", verb.word()),
        };
        let labels = [format!("chaos: {words} for {}", end.since(at)), format!("chaos: {} {name} again", back.word())];
        for ((time, verb), label) in [(at, verb), (end, back)].into_iter().zip(labels) {
            let done = self.lives.act(time, (verb, StartAs::default()), node, label, self.clients);
            done.map_err(|why| self.r.key_fault(&At::default().key("chaos"), why))?;
        }
        Ok(())
    }

    fn strike_links(&mut self, field: &mut Field, strike: &mut Strike) {
        let (at, draws) = (strike.at, &mut strike.draws);
        let taken = field.taken.entry((strike.kind, 0)).or_insert(SimTime::ZERO);
        if *taken > at || field.targets.is_empty() || self.nodes.len() < 2 {
            return;
        }
        let mut pool = field.targets.clone();
        let most = (self.nodes.len() - 1).min(pool.len().div_ceil(2)) as u64;
        let size = 1 + draws.below(most) as usize;
        let mut side: Vec<usize> =
            (0..size).map(|_| pool.swap_remove(draws.below(pool.len() as u64) as usize)).collect();
        side.sort_unstable();
        let rest = (0..self.nodes.len()).filter(|node| !side.contains(node));
        let to = rest.map(|node| self.nodes.address(node)).collect();
        let from: Vec<Address> = side.iter().map(|node| self.nodes.address(*node)).collect();
        let words = match side.as_slice() {
            [one] => self.nodes.label(*one).to_owned(),
            [one, two] => format!("{} and {}", self.nodes.label(*one), self.nodes.label(*two)),
            [one, others @ ..] => format!("{} and {} more", self.nodes.label(*one), others.len()),
            [] => String::new(),
        };
        let what = KINDS[strike.kind].2;
        let both_ways = what != What::Partition || draws.below(4) > 0;
        let effect = match what {
            What::SlowLink => match draws.below(3) {
                0 => LinkEffect::Latency(Distribution::Exponential { mean: spread(draws, 10 * MILLI) / MILLI * MILLI }),
                1 => LinkEffect::Loss((1 + draws.below(30)) as f64 / 100.0),
                _ => LinkEffect::Bandwidth((16 + draws.below(4080)) << 10),
            },
            _ => LinkEffect::Partition,
        };
        let verb = match &effect {
            _ if what == What::Reset => "reset the connections of",
            LinkEffect::Partition if both_ways => "cut off",
            LinkEffect::Partition => "cut off what leaves",
            LinkEffect::Latency(_) => "slow down the links of",
            LinkEffect::Loss(_) => "lose packets of",
            LinkEffect::Bandwidth(_) => "narrow the links of",
        };
        let rule = self.links.add(LinkRule { from, to, both_ways, effect });
        if what == What::Reset {
            self.emit(at, Action::ResetConnections { rule }, &format!("chaos: {verb} {words}"));
            return;
        }
        let end = at.saturating_add(strike.lasts).min(field.quiet);
        *taken = end;
        self.emit(at, Action::Link { rule, on: true }, &format!("chaos: {verb} {words} for {}", end.since(at)));
        self.emit(end, Action::Link { rule, on: false }, &format!("chaos: heal {words}"));
    }

    fn strike_broker(&mut self, field: &mut Field, strike: &mut Strike) {
        let (at, what) = (strike.at, KINDS[strike.kind].2);
        let effect = if what == What::SlowFlush { Effect::FlushTime } else { Effect::SendHandling };
        let free = |node: &usize| {
            let Address::Broker(process) = self.nodes.address(*node) else { return None };
            let said = what != What::PageCache && self.effects.contains_key(&(effect, process));
            let taken = field.taken.get(&(strike.kind, *node)).is_some_and(|until| *until > at);
            (!said && !taken).then_some((*node, process))
        };
        let candidates: Vec<(usize, BrokerIx)> = field.targets.iter().filter_map(free).collect();
        if candidates.is_empty() {
            return;
        }
        let (node, broker) = candidates[strike.draws.below(candidates.len() as u64) as usize];
        let end = at.saturating_add(strike.lasts).min(field.quiet);
        field.taken.insert((strike.kind, node), end);
        let (name, lasts) = (self.nodes.label(node).to_owned(), end.since(at));
        let config = self.broker_config(broker);
        let (words, now, back) = match what {
            What::SlowFlush => {
                let time = slower(&mut strike.draws, &config.replication.flush_time);
                let set = |flush_time| Action::SetFlushTime { broker, flush_time };
                (format!("slow down the disk of {name}"), set(Some(time)), set(None))
            }
            What::Load => {
                let time = slower(&mut strike.draws, &config.send_handling);
                let set = |handling| Action::SetSendHandling { broker, handling };
                (format!("load {name}"), set(Some(time)), set(None))
            }
            _ => {
                let label = format!("chaos: keep the page cache of {name} busy for {lasts}");
                return self.emit(at, Action::PageCacheBusy { broker, lasts }, &label);
            }
        };
        self.emit(at, now, &format!("chaos: {words} for {lasts}"));
        self.emit(end, back, &format!("chaos: {name} is as fast as before"));
    }
}

/// A value of ten to a thousand times as much, evenly over the orders of magnitude.
fn spread(draws: &mut Stream, of: u64) -> u64 {
    (of as f64 * libm::pow(10.0, 1.0 + 2.0 * draws.unit()) / 10.0) as u64
}

fn slower(draws: &mut Stream, usual: &Distribution) -> Distribution {
    let mean = spread(draws, (usual.mean() as u64).max(100_000)).saturating_mul(10);
    Distribution::Constant(mean / 1000 * 1000)
}

/// Whether an action starts, ends or pauses a node.
fn touches(action: &Action, node: Address) -> bool {
    match action {
        Action::StartConsumer { instance, .. }
        | Action::StopConsumer { instance }
        | Action::KillConsumer { instance }
        | Action::FreezeConsumer { instance }
        | Action::ThawConsumer { instance } => node == Address::Consumer(*instance),
        Action::Node { node: who, .. } => *who == node,
        _ => false,
    }
}
