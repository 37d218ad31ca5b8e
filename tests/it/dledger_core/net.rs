//! A small network of members: latencies, lost links, kills, restarts, frozen members.

use rocketmq_sim::kernel::dist::{Distribution, Sampler};
use rocketmq_sim::kernel::queue::EventQueue;
use rocketmq_sim::kernel::rng::{Stream, Streams};
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::replica::dledger::{
    AppendError, Appended, Broken, DLedgerConfig, Disk, Effect, Message, Output, PeerIx, Role, Server, Stop,
};

use super::checker::Checker;

#[derive(Clone, Copy, Debug)]
enum Event {
    Tick { node: usize },
    Deliver { slot: usize },
    Unreachable { node: usize, peer: usize, life: u32 },
    Poll,
}

struct Mail {
    from: usize,
    to: usize,
    lives: (u32, u32),
    message: Message<u64>,
}

pub(crate) struct Node {
    pub(crate) server: Option<Server<u64>>,
    disk: Option<Disk<u64>>,
    life: u32,
    frozen: bool,
    held: Vec<Event>,
    armed: SimTime,
    draws: Stream,
}

/// What is wrong with the network and its members.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) members: u8,
    pub(crate) seed: u64,
    /// Whether calls to a dead member fail at once.
    pub(crate) refuse: bool,
    pub(crate) broken: Broken,
    /// Ticks everybody all the time.
    pub(crate) nervous: bool,
}

impl Setup {
    pub(crate) const fn new(members: u8, seed: u64) -> Self {
        Self { members, seed, refuse: true, broken: Broken::Nothing, nervous: false }
    }
}

pub(crate) struct Net {
    pub(crate) now: SimTime,
    pub(crate) nodes: Vec<Node>,
    pub(crate) checker: Checker,
    /// Effects with their time, unless switched off.
    pub(crate) trace: Vec<(SimTime, usize, Effect)>,
    pub(crate) tracing: bool,
    pub(crate) events: u64,
    /// When a heartbeat was delivered last.
    pub(crate) last_beat: SimTime,
    setup: Setup,
    config: DLedgerConfig,
    queue: EventQueue<Event>,
    mail: Vec<Option<Mail>>,
    free: Vec<usize>,
    cut: Vec<Vec<bool>>,
    arrived: Vec<Vec<SimTime>>,
    latency: Sampler,
    jitter: Stream,
    out: Output<u64>,
}

impl Net {
    pub(crate) fn new(setup: Setup, config: DLedgerConfig) -> Self {
        let count = usize::from(setup.members);
        let streams = Streams::new(setup.seed);
        let node = |ix: usize| Node {
            server: None,
            disk: Some(Disk::empty(&config)),
            life: 0,
            frozen: false,
            held: Vec::new(),
            armed: SimTime::MAX,
            draws: streams.stream(&format!("n{ix}"), "election"),
        };
        let mut queue = EventQueue::default();
        if setup.nervous {
            queue.push(SimTime::from_nanos(777), Event::Poll);
        }
        Self {
            now: SimTime::ZERO,
            nodes: (0..count).map(node).collect(),
            checker: Checker::new(count),
            trace: Vec::new(),
            tracing: true,
            events: 0,
            last_beat: SimTime::ZERO,
            setup,
            queue,
            mail: Vec::new(),
            free: Vec::new(),
            cut: vec![vec![false; count]; count],
            arrived: vec![vec![SimTime::ZERO; count]; count],
            latency: Distribution::LogNormal { median: 300_000, p99: 1_500_000 }.sampler(),
            jitter: streams.stream("network", "latency"),
            out: Output::default(),
            config,
        }
    }

    /// All members started together, and run until there is a leader.
    pub(crate) fn with_leader(setup: Setup, config: DLedgerConfig) -> Self {
        let mut net = Self::new(setup, config);
        (0..usize::from(setup.members)).for_each(|node| net.start(node));
        net.run_until_leader(SimTime::from_secs(30)).expect("a first leader");
        net
    }

    pub(crate) fn run_for(&mut self, duration: SimDuration) {
        self.run_until(self.now + duration);
    }

    pub(crate) fn run_until(&mut self, end: SimTime) {
        while self.queue.next_time().is_some_and(|time| time <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Runs until a member leads with a quorum that follows it.
    pub(crate) fn run_until_leader(&mut self, end: SimTime) -> Option<usize> {
        loop {
            if let Some(leader) = self.leader() {
                return Some(leader);
            }
            if self.queue.next_time().is_none_or(|time| time > end) {
                self.now = end;
                return None;
            }
            self.step();
        }
    }

    fn step(&mut self) {
        let Some((time, event)) = self.queue.pop() else { return };
        self.now = time;
        self.events += 1;
        self.happen(event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick { node } => {
                if self.nodes[node].frozen {
                    self.nodes[node].armed = SimTime::MAX;
                } else if self.nodes[node].armed == self.now {
                    self.nodes[node].armed = SimTime::MAX;
                    self.input(node, |server, now, draw, out| server.on_tick(now, draw, out));
                }
            }
            Event::Poll => {
                for node in 0..self.nodes.len() {
                    self.input(node, |server, now, draw, out| server.on_tick(now, draw, out));
                }
                self.queue.push(self.now + SimDuration::from_nanos(300_017), Event::Poll);
            }
            Event::Deliver { slot } => {
                let Mail { from, to, lives, .. } = *self.mail[slot].as_ref().expect("mail in its slot");
                let lost = self.cut[from][to] || (self.nodes[from].life, self.nodes[to].life) != lives;
                if self.nodes[to].frozen && !lost {
                    self.nodes[to].held.push(event);
                    return;
                }
                let mail = self.mail[slot].take().expect("mail in its slot");
                self.free.push(slot);
                if lost {
                    return;
                }
                if matches!(mail.message, Message::Beat { .. }) {
                    self.last_beat = self.now;
                }
                let from = PeerIx(mail.from as u8);
                self.input(to, |server, now, draw, out| server.on_message(now, from, mail.message, draw, out));
            }
            Event::Unreachable { node, peer, life } => {
                if self.nodes[node].frozen {
                    self.nodes[node].held.push(event);
                } else if self.nodes[node].life == life {
                    let peer = PeerIx(peer as u8);
                    self.input(node, |server, now, draw, out| server.on_unreachable(now, peer, draw, out));
                }
            }
        }
    }

    fn input(
        &mut self,
        node: usize,
        act: impl FnOnce(&mut Server<u64>, SimTime, &mut dyn FnMut(u64) -> u64, &mut Output<u64>),
    ) {
        let Node { server, draws, .. } = &mut self.nodes[node];
        let Some(server) = server else { return };
        act(server, self.now, &mut |n| draws.below(n), &mut self.out);
        self.after(node);
    }

    /// Sends, checks and arms what an input left.
    fn after(&mut self, node: usize) {
        let mut out = std::mem::take(&mut self.out);
        for effect in out.effects.drain(..) {
            let server = self.nodes[node].server.as_ref().expect("it has just acted");
            self.checker.see(node, server, effect);
            if self.tracing {
                self.trace.push((self.now, node, effect));
            }
        }
        for (to, message) in out.messages.drain(..) {
            self.send(node, to.index(), message);
        }
        self.out = out;
        let Some(server) = &self.nodes[node].server else { return };
        let due = server.next_deadline().max(self.now);
        if due < self.nodes[node].armed {
            self.nodes[node].armed = due;
            self.queue.push(due, Event::Tick { node });
        }
    }

    fn send(&mut self, from: usize, to: usize, message: Message<u64>) {
        let latency = self.latency.duration(&mut self.jitter);
        let life = self.nodes[from].life;
        if self.nodes[to].server.is_none() {
            if self.setup.refuse && !self.cut[from][to] {
                self.queue.push(self.now + latency, Event::Unreachable { node: from, peer: to, life });
            }
            return;
        }
        if self.cut[from][to] {
            return;
        }
        let at = self.arrived[from][to].max(self.now + latency);
        self.arrived[from][to] = at;
        let mail = Mail { from, to, lives: (life, self.nodes[to].life), message };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.mail.push(None);
            self.mail.len() - 1
        });
        self.mail[slot] = Some(mail);
        self.queue.push(at, Event::Deliver { slot });
    }

    pub(crate) fn start(&mut self, node: usize) {
        if self.nodes[node].server.is_some() {
            return;
        }
        let disk = self.nodes[node].disk.take().expect("a stopped member left its disk");
        let me = PeerIx(node as u8);
        let mut server = Server::new(self.now, self.config.clone(), me, self.setup.members, disk);
        server.break_rule(self.setup.broken);
        self.checker.starts(node, server.log().committed());
        let own = &mut self.nodes[node];
        (own.server, own.frozen, own.armed) = (Some(server), false, SimTime::MAX);
        own.held.clear();
        self.input(node, |server, now, draw, out| server.on_start(now, draw, out));
    }

    pub(crate) fn kill(&mut self, node: usize, how: Stop) {
        let Some(server) = self.nodes[node].server.take() else { return };
        self.nodes[node].disk = Some(server.stop(self.now, how));
        self.nodes[node].life += 1;
        self.nodes[node].frozen = false;
        if self.setup.refuse {
            for other in (0..self.nodes.len()).filter(|other| *other != node) {
                let event = Event::Unreachable { node: other, peer: node, life: self.nodes[other].life };
                self.queue.push(self.now + SimDuration::from_micros(300), event);
            }
        }
    }

    pub(crate) fn freeze(&mut self, node: usize) {
        self.nodes[node].frozen = self.nodes[node].server.is_some();
    }

    pub(crate) fn thaw(&mut self, node: usize) {
        if !std::mem::take(&mut self.nodes[node].frozen) {
            return;
        }
        for event in std::mem::take(&mut self.nodes[node].held) {
            self.happen(event);
        }
        self.nodes[node].armed = SimTime::MAX;
        self.input(node, |server, now, draw, out| server.on_tick(now, draw, out));
    }

    /// Cuts both ways between `group` and all others; links inside are as they were.
    pub(crate) fn partition(&mut self, group: &[usize]) {
        for (from, row) in self.cut.iter_mut().enumerate() {
            for (to, cut) in row.iter_mut().enumerate() {
                *cut |= group.contains(&from) != group.contains(&to);
            }
        }
    }

    /// Cuts one way.
    pub(crate) fn cut(&mut self, from: usize, to: usize) {
        self.cut[from][to] = true;
    }

    pub(crate) fn heal(&mut self) {
        self.cut.iter_mut().for_each(|row| row.fill(false));
    }

    pub(crate) fn append(&mut self, node: usize, payload: u64) -> Result<Appended, AppendError> {
        let Node { server: Some(server), frozen: false, .. } = &mut self.nodes[node] else {
            return Err(AppendError::NotLeader);
        };
        let result = server.append(self.now, payload, 200, &mut self.out);
        self.after(node);
        result
    }

    /// Hands the office of `node` to `to`.
    pub(crate) fn transfer(&mut self, node: usize, to: usize) -> Result<(), AppendError> {
        let server = self.nodes[node].server.as_mut().expect("a running leader");
        let result = server.transfer_leadership(self.now, PeerIx(to as u8), &mut self.out);
        self.after(node);
        result
    }

    pub(crate) fn server(&self, node: usize) -> &Server<u64> {
        self.nodes[node].server.as_ref().expect("a running member")
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = &Server<u64>> {
        self.nodes.iter().filter_map(|node| node.server.as_ref())
    }

    /// The leader that a quorum follows in its term.
    pub(crate) fn leader(&self) -> Option<usize> {
        let follows = |server: &Server<u64>, leader: &Server<u64>| {
            server.term() == leader.term() && server.leader() == Some(leader.me())
        };
        let leads = |leader: &&Server<u64>| {
            leader.role() == Role::Leader
                && self.running().filter(|server| follows(server, leader)).count() > self.nodes.len() / 2
        };
        self.running().find(leads).map(|server| server.me().index())
    }

    /// Times of an effect in the trace.
    pub(crate) fn when(&self, of: usize, wanted: impl Fn(&Effect) -> bool) -> Vec<SimTime> {
        self.trace.iter().filter(|(_, node, effect)| *node == of && wanted(effect)).map(|(at, ..)| *at).collect()
    }
}
