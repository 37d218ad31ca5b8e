//! A master and perhaps a slave on a network of 1 ms, with nameservers that answer, and a producer that sends.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::{Broker, Identity};
use crate::kernel::dist::Distribution;
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::BrokerConfig;
use crate::node::deployment::Deployment;
use crate::node::fact::Fact;
use crate::node::outbox::{Effect, Outbox, TIMERS, Task, Timer};
use crate::node::replication_config::{ReplicationConfig, Role};
use crate::protocol::address::{Address, Channel};
use crate::protocol::directory::Directory;
use crate::protocol::message::{Body, CallError, Correlation, Envelope, SendReply, SendRequest, SendStatus};
use crate::protocol::route::QueueData;
use crate::store::ids::{BrokerIx, NameserverIx, ProducerIx, QueueIx, TopicIx};
use crate::store::message::{MessageClass, NO_KEY};

/// Bytes of the records that [`Rig::send`] makes.
pub(super) const RECORD: u64 = 1000;
const LATENCY: SimDuration = SimDuration::from_millis(1);

enum Event {
    Deliver(Envelope),
    Timer(usize, Timer),
    Task(usize, u32, Task),
    Dispatch(usize, u32),
}

/// Local queues with the first offset that is gone.
type CutQueues = Vec<(u32, u64)>;

pub(super) struct Rig {
    pub brokers: Vec<Broker>,
    pub out: Outbox,
    pub now: SimTime,
    pub nameservers_answer: bool,
    /// Bytes of this kind vanish on the way.
    pub partitioned: bool,
    pub facts: Vec<(SimTime, Fact)>,
    /// What the producer was answered.
    pub answers: Vec<(SimTime, u32, Body)>,
    /// Cuts: process, (queue, first gone), epoch.
    pub cuts: Vec<(usize, CutQueues, u32)>,
    pub exits: Vec<(SimTime, usize)>,
    pub unregistered: Vec<(SimTime, NameserverIx)>,
    /// Bytes of frames that have arrived, with the times.
    pub frames: Vec<(SimTime, u64, u64)>,
    pub reports: Vec<(SimTime, u64)>,
    up: Vec<bool>,
    lives: Vec<u32>,
    epochs: Vec<u32>,
    open: Vec<bool>,
    queue: BTreeMap<(SimTime, u64), Event>,
    timers: Vec<[Option<(SimTime, u64)>; TIMERS]>,
    sequence: u64,
    calls: u32,
}

pub(super) fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

/// Settings of a role, with other times of 0.
pub(super) fn config(role: Role, change: impl FnOnce(&mut ReplicationConfig)) -> BrokerConfig {
    let zero = Distribution::Constant(0);
    let mut config = BrokerConfig {
        send_handling: zero.clone(),
        pull_handling: zero.clone(),
        deliver_handling: zero.clone(),
        ..BrokerConfig::default()
    };
    config.replication.broker_role = role;
    config.replication.flush_time = zero;
    change(&mut config.replication);
    config
}

impl Rig {
    /// One process.
    pub(super) fn alone(config: BrokerConfig) -> Self {
        Self::of(vec![config], &Rc::default(), 1)
    }

    /// A master and a slave.
    pub(super) fn pair(master: BrokerConfig, slave: BrokerConfig) -> Self {
        Self::of(vec![master, slave], &Rc::default(), 1)
    }

    pub(super) fn of(configs: Vec<BrokerConfig>, deployment: &Rc<Deployment>, topics: u32) -> Self {
        let name = BrokerIx(0);
        let queues = (0..topics).flat_map(|topic| (0..2).map(move |id| (TopicIx(topic), name, id)));
        let directory = Rc::new(Directory::new(topics as usize, 1, queues));
        let several = configs.len() > 1;
        let broker = |(index, config): (usize, BrokerConfig)| {
            let identity = Identity {
                name,
                process: BrokerIx::new(index),
                id: index as u32,
                nameservers: vec![NameserverIx(0), NameserverIx(1)],
                shipped: several && index == 0,
            };
            let data = (0..topics).map(|topic| (TopicIx(topic), QueueData::new(name, 2, 2))).collect();
            let stream = Streams::new(7).stream(&index.to_string(), "broker");
            Broker::of(identity, config, data, Rc::clone(&directory), Rc::clone(deployment), stream)
        };
        let brokers: Vec<Broker> = configs.into_iter().enumerate().map(broker).collect();
        let count = brokers.len();
        let mut rig = Self {
            brokers,
            out: Outbox { fallible: true, ..Outbox::default() },
            now: SimTime::ZERO,
            nameservers_answer: true,
            partitioned: false,
            facts: Vec::new(),
            answers: Vec::new(),
            cuts: Vec::new(),
            exits: Vec::new(),
            unregistered: Vec::new(),
            frames: Vec::new(),
            reports: Vec::new(),
            up: vec![true; count],
            lives: vec![0; count],
            epochs: vec![1; count],
            open: vec![false; count],
            queue: BTreeMap::new(),
            timers: vec![[None; TIMERS]; count],
            sequence: 0,
            calls: 0,
        };
        for index in 0..count {
            rig.tell(index, |broker, now, out| broker.on_start(now, out));
        }
        rig
    }

    pub(super) fn tell(&mut self, index: usize, what: impl FnOnce(&mut Broker, SimTime, &mut Outbox)) {
        what(&mut self.brokers[index], self.now, &mut self.out);
        let effects = std::mem::take(&mut self.out.effects);
        for effect in effects {
            self.carry_out(index, effect);
        }
        self.out.appended.clear();
    }

    fn push(&mut self, at: SimTime, event: Event) -> (SimTime, u64) {
        self.sequence += 1;
        let key = (at.max(self.now), self.sequence);
        self.queue.insert(key, event);
        key
    }

    fn carry_out(&mut self, index: usize, effect: Effect) {
        let me = Address::Broker(BrokerIx::new(index));
        match effect {
            Effect::Send { to, correlation, body, .. } => self.request(index, me, to, correlation, body),
            Effect::Reply { channel, correlation, body, after } => {
                if let Address::Broker(to) = channel.client {
                    if self.open[to.at()] && channel.epoch == self.epochs[to.at()] && !self.partitioned {
                        let envelope = Envelope { from: me, to: channel.client, channel, correlation, body };
                        self.push(self.now + after + LATENCY, Event::Deliver(envelope));
                    }
                } else {
                    self.answers.push((self.now + after, correlation.0, body));
                }
            }
            Effect::Arm(timer, at) => {
                if let Some(old) = self.timers[index][timer as usize].take() {
                    self.queue.remove(&old);
                }
                let key = self.push(at, Event::Timer(index, timer));
                self.timers[index][timer as usize] = Some(key);
            }
            Effect::Disarm(timer) => {
                if let Some(old) = self.timers[index][timer as usize].take() {
                    self.queue.remove(&old);
                }
            }
            Effect::TaskAt(task, at) => {
                let life = self.lives[index];
                self.push(at, Event::Task(index, life, task));
            }
            Effect::DispatchAt(local, at) => {
                self.push(at, Event::Dispatch(index, local));
            }
            Effect::CloseChannel(channel) => {
                if let Address::Broker(client) = channel.client {
                    self.disconnect(client.at(), false);
                }
            }
            Effect::Disconnect(_) => self.disconnect(index, true),
            Effect::Cut { queues, epoch } => {
                self.cuts.push((index, queues.iter().map(|(queue, from, _)| (*queue, *from)).collect(), epoch))
            }
            Effect::Exit => {
                self.exits.push((self.now, index));
                self.up[index] = false;
            }
            Effect::Fact(fact) => self.facts.push((self.now, fact)),
            _ => {}
        }
    }

    fn request(&mut self, index: usize, me: Address, to: Address, correlation: Correlation, body: Body) {
        let epoch = self.epochs[index];
        let channel = Channel { client: me, epoch };
        let answer = |body| Envelope { from: to, to: me, channel, correlation, body };
        match (to, &body) {
            (Address::Nameserver(_), Body::RegisterBroker { broker_id, .. }) => {
                let master = (*broker_id != 0 && self.up[0]).then_some(BrokerIx(0));
                if self.nameservers_answer && correlation != Correlation::ONEWAY {
                    let reply = answer(Body::RegisterBrokerReply(master));
                    self.push(self.now + LATENCY + LATENCY, Event::Deliver(reply));
                }
            }
            (Address::Nameserver(nameserver), Body::UnregisterBroker { .. }) => {
                self.unregistered.push((self.now, nameserver));
                if self.nameservers_answer {
                    let reply = answer(Body::UnregisterBrokerReply);
                    self.push(self.now + LATENCY + LATENCY, Event::Deliver(reply));
                }
            }
            (Address::Broker(server), _) => {
                if self.partitioned {
                } else if self.up[server.at()] {
                    self.open[index] = true;
                    self.push(
                        self.now + LATENCY,
                        Event::Deliver(Envelope { from: me, to, channel, correlation, body }),
                    );
                } else if correlation != Correlation::ONEWAY {
                    let reply = answer(Body::Failed(CallError::Refused));
                    self.push(self.now + LATENCY, Event::Deliver(reply));
                }
            }
            _ => {}
        }
    }

    /// The slave's connection to its master ends.
    fn disconnect(&mut self, client: usize, by_client: bool) {
        if !std::mem::take(&mut self.open[client]) {
            return;
        }
        let channel = Channel { client: Address::Broker(BrokerIx::new(client)), epoch: self.epochs[client] };
        self.epochs[client] += 1;
        if self.up[0] {
            self.tell(0, |broker, _, out| broker.on_closed(channel, false, out));
        }
        if !by_client && self.up[client] {
            self.tell(client, |broker, now, out| broker.on_server_closed(now, Address::Broker(BrokerIx(0)), out));
        }
    }

    /// Runs until this time.
    pub(super) fn run(&mut self, until: SimTime) {
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= until
        {
            let ((now, _), event) = entry.remove_entry();
            self.now = now;
            match event {
                Event::Deliver(envelope) => {
                    let Address::Broker(to) = envelope.to else { continue };
                    match &envelope.body {
                        Body::HaFrame(frame) => self.frames.push((now, frame.physical, frame.size)),
                        Body::HaReport(offset) => self.reports.push((now, *offset)),
                        _ => {}
                    }
                    if self.up[to.at()] {
                        self.tell(to.at(), |broker, now, out| broker.on_message(now, envelope, out));
                    }
                }
                Event::Timer(index, timer) => {
                    self.timers[index][timer as usize] = None;
                    self.tell(index, |broker, now, out| broker.on_timer(now, timer, out));
                }
                Event::Task(index, life, task) => {
                    if self.lives[index] == life {
                        self.tell(index, |broker, now, out| broker.on_task(now, task, out));
                    }
                }
                Event::Dispatch(index, local) => {
                    self.tell(index, |broker, now, out| broker.on_dispatch(now, local, out));
                }
            }
        }
        self.now = until;
    }

    /// A message is sent to a queue of the master now; the number of the call.
    pub(super) fn send(&mut self, queue: u32) -> u32 {
        let class = MessageClass { topic_bytes: 9, properties_bytes: 0, tags_code: 0 };
        let draft = class.draft(0, self.now, RECORD as u32 - 100, NO_KEY);
        let request = SendRequest { queue: QueueIx(queue), draft, call: 0, attempt: 0 };
        self.ask(0, Body::Send(Box::new(request)))
    }

    /// A client asks a process something.
    pub(super) fn ask(&mut self, index: usize, body: Body) -> u32 {
        self.calls += 1;
        let (channel, correlation) =
            (Channel { client: Address::Producer(ProducerIx(0)), epoch: 1 }, Correlation(self.calls));
        let to = Address::Broker(BrokerIx::new(index));
        let envelope = Envelope { from: channel.client, to, channel, correlation, body };
        self.tell(index, |broker, now, out| broker.on_message(now, envelope, out));
        self.calls
    }

    /// So many messages now, in turns in two queues.
    pub(super) fn send_many(&mut self, count: u32) {
        for number in 0..count {
            self.send(number % 2);
        }
        self.run(self.now);
    }

    /// When a call was answered, and how.
    pub(super) fn answer(&self, call: u32) -> Option<(SimTime, SendReply)> {
        self.answers.iter().find_map(|(at, number, body)| match body {
            Body::SendReply(reply) if *number == call => Some((*at, *reply)),
            _ => None,
        })
    }

    /// When a call was answered, with which status.
    pub(super) fn status(&self, call: u32) -> Option<(SimTime, SendStatus)> {
        match self.answer(call)? {
            (at, SendReply::Ok { status, .. }) => Some((at, status)),
            _ => None,
        }
    }

    /// A process ends; the other one's connection to it, or its own, is closed.
    pub(super) fn end(&mut self, index: usize, how: impl FnOnce(&mut Broker, SimTime, &mut Outbox)) {
        self.tell(index, how);
        self.up[index] = false;
        self.lives[index] += 1;
        for client in 1..self.brokers.len() {
            if index == 0 || index == client {
                self.disconnect(client, index == client);
            }
        }
    }

    pub(super) fn kill(&mut self, index: usize) {
        self.end(index, |broker, now, out| broker.on_killed(now, out));
    }

    pub(super) fn lose_host(&mut self, index: usize, disk_lost: bool) {
        self.end(index, |broker, now, out| broker.on_host_lost(now, disk_lost, out));
    }

    pub(super) fn restart(&mut self, index: usize, empty_disk: bool) {
        self.up[index] = true;
        self.tell(index, |broker, now, out| broker.on_restart(now, empty_disk, out));
    }

    /// Next offset of a queue, as stored.
    pub(super) fn appended(&self, index: usize, queue: usize) -> u64 {
        self.brokers[index].store.appended_offset(queue)
    }
}
