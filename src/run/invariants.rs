//! Invariants that no failure may break, checked while a run goes on; and a switch that breaks each of them on purpose, to show
//! that a search would find it.

use std::collections::BTreeMap;

use super::RunError;
use super::world::World;
use crate::node::config::MessageModel;
use crate::node::fact::{CallKind, Fact, NodeStop, RaftRoleNow};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::{Body, Correlation, Envelope, PullRequest};
use crate::scenario::plan::{Action, NodeAction};
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, QueueIx};

/// Breaks an invariant once, at the first sample after an action of the timeline. For tests of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A consumed message is counted twice (conservation).
    CountTwice,
    /// A second process leads in the term of a Raft leader.
    TwoLeaders,
    /// An acknowledged message of a Raft group is dropped.
    DropAcknowledged,
    /// A broker grants a queue lock that another client holds.
    LockTwice,
    /// A stored offset moves back without a word.
    MoveOffset,
    /// A process queue pulls twice at a time.
    PullTwice,
}

/// What the checks remember.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    /// Still to be done, and whether an action has taken effect.
    sabotage: Option<Sabotage>,
    acted: bool,
    /// Per broker name: a host was lost or a disk was emptied, so even what a majority had may be gone.
    disk_lost: Vec<bool>,
    /// Locks as brokers gave them.
    locks: BTreeMap<(BrokerIx, GroupIx, QueueIx), ClientIx>,
    /// Per pair: the offset stored at the last sample.
    stored: Vec<Option<u64>>,
    /// Per group: a member has left, was frozen, reset or cut off its broker, so an old offset may come late.
    disturbed: Vec<bool>,
    /// Per instance: a pull of it has run into its timeout, so an old one may still be answered.
    pulls_again: Vec<bool>,
}

impl Watchdog {
    pub(super) fn new(pairs: usize, instances: usize, names: usize, groups: usize) -> Self {
        Self {
            disk_lost: vec![false; names],
            stored: vec![None; pairs],
            disturbed: vec![false; groups],
            pulls_again: vec![false; instances],
            ..Self::default()
        }
    }

    pub(super) const fn sabotage(&mut self, sabotage: Option<Sabotage>) {
        self.sabotage = sabotage;
    }
}

impl World {
    /// An invariant is broken: the run ends.
    fn found(&mut self, what: String) {
        let at = self.now;
        self.violation.get_or_insert(RunError::Invariant { at, what });
    }

    pub(super) fn found_two_leaders(&mut self, name: BrokerIx, term: u64, one: BrokerIx, other: BrokerIx) {
        // Without its disk a member has forgotten whom it voted for.
        if self.failing.watchdog.disk_lost[name.at()] {
            return;
        }
        let name = &self.plan.brokers[name.at()].name;
        self.found(format!("{name} has two leaders in term {term}: processes {} and {}", one.0, other.0));
    }

    /// Acknowledged messages are gone. In a Raft group a majority had them, so that cannot be unless disks were lost.
    pub(super) fn found_committed_lost(&mut self, name: BrokerIx, lost: u64) {
        if self.failing.raft[name.at()] && !self.failing.watchdog.disk_lost[name.at()] {
            let name = &self.plan.brokers[name.at()].name;
            self.found(format!("{name} has lost {lost} messages that a majority had acknowledged"));
        }
    }

    /// The stored offsets of a broker name may be other ones from now on.
    pub(super) fn watch_offsets_anew(&mut self, name: BrokerIx) {
        for (pair, (_, queue)) in self.pair_keys.iter().enumerate() {
            if self.directory.parts(*queue).broker == name {
                self.failing.watchdog.stored[pair] = None;
            }
        }
    }

    /// A fact is looked at by the checks.
    pub(super) fn watch_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::Action(index) => {
                self.failing.watchdog.acted = true;
                if let Action::Node {
                    node: Address::Broker(process),
                    what: NodeAction::LoseHost { .. } | NodeAction::Start { empty_disk: true },
                } = self.plan.timeline[*index as usize].action
                {
                    let name = self.failing.names[process.at()];
                    self.failing.watchdog.disk_lost[name.at()] = true;
                }
            }
            Fact::LockTaken { broker, group, queue, client, .. } => {
                let before = self.failing.watchdog.locks.insert((*broker, *group, *queue), *client);
                if let Some(before) = before.filter(|before| before != client) {
                    let who = |client: ClientIx| self.plan.client_ids[client.at()].clone();
                    let what = format!("{queue:?} is locked for {} while {} holds it", who(*client), who(before));
                    self.found(what);
                }
            }
            Fact::LockLost { broker, queue, client, .. } => {
                self.failing.watchdog.locks.retain(|(at, _, of), by| (*at, *of, *by) != (*broker, *queue, *client));
            }
            Fact::NodeStopped { node: Address::Broker(process), how } if *how != NodeStop::Frozen => {
                self.failing.watchdog.locks.retain(|(at, ..), _| at != process);
                self.watch_offsets_anew(self.failing.names[process.at()]);
            }
            Fact::NodeStarted { node: Address::Broker(process), .. }
            | Fact::RoleChanged { broker: process, .. }
            | Fact::OffsetsTakenOver { slave: process, .. } => {
                self.watch_offsets_anew(self.failing.names[process.at()]);
            }
            Fact::CallTimedOut { client: Address::Consumer(instance), what: CallKind::Pull, .. } => {
                self.failing.watchdog.pulls_again[instance.at()] = true;
            }
            Fact::Disconnected { client: Address::Consumer(instance), .. } => {
                let group = self.plan.instances[instance.at()].group;
                self.failing.watchdog.disturbed[group.at()] = true;
            }
            Fact::ClientStopped { group, .. } | Fact::OffsetReset { group, .. } => {
                self.failing.watchdog.disturbed[group.at()] = true;
            }
            Fact::OffsetWentBack { group, queue, from, to, .. } => self.watch_regress(*group, *queue, *from, *to),
            _ => {}
        }
    }

    /// A stored offset went back, and its broker says so: there has to be a reason. The only owner that a queue ever had, in a
    /// group that nothing disturbed, commits in order.
    fn watch_regress(&mut self, group: GroupIx, queue: QueueIx, from: u64, to: u64) {
        let pair = self.pairs[group.at()][queue.at()] as usize;
        // A slave's own table can be the one that went back.
        self.failing.watchdog.stored[pair] = None;
        let caused = self.failing.caused[queue.at()] || self.failing.watchdog.disturbed[group.at()];
        if !caused && self.ownership[pair].is_undivided() {
            let name = &self.plan.groups[group.at()].name;
            self.found(format!(
                "the offset of group {name} for {queue:?} moved back from {from} to {to} without a cause"
            ));
        }
    }

    /// Checks what can be checked at any time.
    pub(super) fn check_invariants(&mut self) {
        self.strike();
        self.check_acknowledged();
        self.check_stored_offsets();
        self.check_pulls();
    }

    /// What was acknowledged is in the log that counts, or was cut off with a count.
    fn check_acknowledged(&mut self) {
        let beyond = self.failing.acknowledged.iter().enumerate().find_map(|(queue, acknowledged)| {
            let appended = self.appended(QueueIx::new(queue));
            (acknowledged.end() > appended).then(|| format!("{} of {queue} at {appended}", acknowledged.end()))
        });
        if let Some(what) = beyond {
            self.found(format!("a message acknowledged before offset {what} is not in the log"));
        }
    }

    /// A stored offset does not move back without a word.
    fn check_stored_offsets(&mut self) {
        for pair in 0..self.pair_keys.len() {
            let (group, queue) = self.pair_keys[pair];
            if self.plan.groups[group.at()].config.message_model != MessageModel::Clustering {
                continue;
            }
            let parts = self.directory.parts(queue);
            let broker = &self.brokers[self.truth_of(parts.broker).at()].broker;
            let stored = broker.offsets.committed(group, parts.local as usize);
            let before = std::mem::replace(&mut self.failing.watchdog.stored[pair], stored);
            if let Some(before) = before
                && stored.is_none_or(|stored| stored < before)
            {
                let name = &self.plan.groups[group.at()].name;
                self.found(format!("the offset of group {name} for {queue:?} moved back from {before} unsaid"));
                return;
            }
        }
    }

    /// A process queue has one pull request: on its way, or held by a broker.
    fn check_pulls(&mut self) {
        let mut seen: BTreeMap<(Address, Channel, u32), u32> = BTreeMap::new();
        let mut count = |server: Address, channel: Channel, request: &PullRequest| {
            *seen.entry((server, channel, request.token)).or_default() += 1;
        };
        for envelope in self.mail.iter() {
            if let Body::Pull(request) = &envelope.body {
                count(envelope.to, envelope.channel, request);
            }
        }
        for (index, host) in self.brokers.iter().enumerate() {
            for (channel, request) in host.broker.held_pulls() {
                count(Address::Broker(BrokerIx::new(index)), channel, request);
            }
        }
        let twice = seen.into_iter().find(|((_, channel, _), pulls)| {
            let again = match channel.client {
                Address::Consumer(instance) => self.failing.watchdog.pulls_again[instance.at()],
                _ => true,
            };
            *pulls > 1 && !again
        });
        if let Some(((_, channel, token), pulls)) = twice {
            self.found(format!("{:?} has {pulls} pull requests of process queue {token}", channel.client));
        }
    }

    /// Breaks what is to be broken, once it can be.
    fn strike(&mut self) {
        let Some(sabotage) = self.failing.watchdog.sabotage.filter(|_| self.failing.watchdog.acted) else { return };
        let done = match sabotage {
            Sabotage::CountTwice => self.strike_ledger(),
            Sabotage::TwoLeaders => self.strike_leader(),
            Sabotage::DropAcknowledged => self.strike_log(),
            Sabotage::LockTwice => self.strike_lock(),
            Sabotage::MoveOffset => self.strike_offset(),
            Sabotage::PullTwice => self.strike_pull(),
        };
        if done {
            self.failing.watchdog.sabotage = None;
        }
    }

    fn strike_ledger(&mut self) -> bool {
        let consumed = self.ledgers.iter_mut().find(|ledger| ledger.consumed() > 0);
        consumed.map(super::observe::ledger::QueueLedger::miscount).is_some()
    }

    fn strike_leader(&mut self) -> bool {
        let raft = |process: &usize| self.failing.raft[self.failing.names[*process].at()];
        let led = (0..self.failing.names.len()).filter(raft).map(BrokerIx::new);
        let Some((process, term)) = led
            .map(|process| (process, self.failing.roles.term(process)))
            .find(|(process, _)| self.failing.roles.leads(*process))
        else {
            return false;
        };
        let name = self.failing.names[process.at()];
        let others = (0..self.failing.names.len()).map(BrokerIx::new);
        let other = others.filter(|other| self.failing.names[other.at()] == name).find(|other| *other != process);
        let Some(broker) = other else { return false };
        self.observe(Fact::RaftRole { broker, role: RaftRoleNow::Leader, term });
        true
    }

    fn strike_log(&mut self) -> bool {
        let mut queues = (0..self.directory.len()).map(QueueIx::new);
        let acknowledged = |queue: &QueueIx| {
            let name = self.directory.parts(*queue).broker;
            self.failing.raft[name.at()] && !self.failing.acknowledged[queue.at()].is_empty()
        };
        let Some(queue) = queues.rfind(acknowledged) else { return false };
        let last = self.failing.acknowledged[queue.at()].end() - 1;
        let lost = self.cut_queue(queue, last, self.appended(queue) - last, None);
        self.found_committed_lost(self.directory.parts(queue).broker, lost);
        true
    }

    fn strike_lock(&mut self) -> bool {
        let Some(((broker, group, queue), holder)) = self.failing.watchdog.locks.first_key_value() else {
            return false;
        };
        let (broker, group, queue, holder) = (*broker, *group, *queue, *holder);
        let members = self.plan.instances.iter().position(|instance| instance.group == group);
        let Some(instance) = members.map(crate::store::ids::InstanceIx::new) else { return false };
        let client = ClientIx::new(usize::from(holder == ClientIx(0)));
        if client.at() >= self.plan.client_ids.len() {
            return false;
        }
        self.observe(Fact::LockTaken { broker, group, queue, instance, client });
        true
    }

    fn strike_offset(&mut self) -> bool {
        let stored = self.failing.watchdog.stored.iter().enumerate();
        let Some((pair, offset)) = stored.filter_map(|(pair, stored)| Some((pair, (*stored)?))).find(|it| it.1 > 0)
        else {
            return false;
        };
        let (group, queue) = self.pair_keys[pair];
        let parts = self.directory.parts(queue);
        let broker = &mut self.brokers[self.failing.truth[parts.broker.at()].at()].broker;
        broker.offsets.commit(group, parts.local as usize, offset - 1);
        true
    }

    fn strike_pull(&mut self) -> bool {
        let held = self.brokers.iter().enumerate().find_map(|(index, host)| {
            let (channel, request) = host.broker.held_pulls().next()?;
            Some((Address::Broker(BrokerIx::new(index)), channel, *request))
        });
        let Some((to, channel, request)) = held else { return false };
        let (from, correlation) = (channel.client, Correlation::ONEWAY);
        self.post(self.now, Envelope { from, to, channel, correlation, body: Body::Pull(request) });
        true
    }
}

#[cfg(test)]
mod tests;
