//! What a world keeps about failures beside the failing nodes: whose log counts, what was acknowledged, and the observers of
//! outages, views and roles. Nothing of it changes a node.

use super::calls::Ends;
use super::invariants::Watchdog;
use super::observe::beliefs::BeliefTrack;
use super::observe::calls::CallTrack;
use super::observe::intervals::Intervals;
use super::observe::masters::MasterTrack;
use super::observe::pauses::PauseTrack;
use super::observe::raft::{Led, RaftTrack};
use super::observe::send_gaps::SendTrack;
use super::outcome::{Belief, BeliefAbout, ConsumeGap, FailureOutcome, FailureSeries, Plan, QueueOwnership};
use super::world::World;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::counters::Counter;
use crate::node::fact::{Fact, NodeStop, RoleNow, RouteOwner, StopKind};
use crate::protocol::address::Address;
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, QueueIx, TopicIx};

/// What is known of failures.
#[derive(Debug, Default)]
pub(super) struct Failing {
    /// Per broker process: its name.
    pub(super) names: Vec<BrokerIx>,
    /// Per broker name: the process whose log counts.
    pub(super) truth: Vec<BrokerIx>,
    /// Per broker name: it is a Raft group.
    pub(super) raft: Vec<bool>,
    /// Per queue: offsets of messages that a producer was told are stored.
    pub(super) acknowledged: Vec<Intervals>,
    /// Per queue: its cuts, as the number of the cut in the log and the first offset that went.
    pub(super) cuts: Vec<Vec<(u32, u64)>>,
    /// Per queue: messages cut off.
    pub(super) cut_off: Vec<u64>,
    /// Per queue: something has happened that can make an offset point past messages.
    pub(super) caused: Vec<bool>,
    /// Acknowledged messages of the latest cut, until the fact of it is seen.
    pub(super) cut_loss: Option<(BrokerIx, SimTime, u64)>,
    pub(super) calls: CallTrack,
    pub(super) ends: Vec<Ends>,
    pub(super) masters: MasterTrack,
    pub(super) sends: SendTrack,
    pub(super) pauses: PauseTrack,
    pub(super) beliefs: BeliefTrack,
    pub(super) roles: RaftTrack,
    pub(super) watchdog: Watchdog,
    pub(super) scalers: Vec<super::autoscale::Scaler>,
}

impl Failing {
    /// Nothing has failed yet. Without anything that can fail there is only the truth.
    pub(super) fn new(plan: &Plan, pairs: usize) -> Self {
        let names = plan.brokers.len();
        let truth = (0..names).map(BrokerIx::new).collect();
        let cut_off = vec![0; plan.queues.len()];
        let scalers = plan.autoscalers.iter().map(|_| super::autoscale::Scaler::default()).collect();
        if !plan.fallible {
            return Self { truth, cut_off, scalers, ..Self::default() };
        }
        let first = (0..names).map(|index| (BrokerIx::new(index), plan.brokers[index].start_at));
        let processes: Vec<(BrokerIx, SimTime)> =
            first.chain(plan.replicas.iter().map(|replica| (replica.broker, replica.start_at))).collect();
        let is_raft = |name: BrokerIx| plan.brokers[name.at()].dledger.is_some();
        let masters = MasterTrack::new(names, processes.iter().map(|(name, at)| (*name, *at, is_raft(*name))));
        let true_masters = (0..names).map(|name| masters.master(BrokerIx::new(name))).collect();
        Self {
            truth,
            raft: (0..names).map(|name| is_raft(BrokerIx::new(name))).collect(),
            acknowledged: vec![Intervals::default(); plan.queues.len()],
            cuts: vec![Vec::new(); plan.queues.len()],
            cut_off,
            caused: vec![false; plan.queues.len()],
            cut_loss: None,
            calls: CallTrack::new(plan.producers.len()),
            ends: vec![Ends::default(); plan.producers.len()],
            sends: SendTrack::new(plan.topics.len(), plan.queues.iter().map(|queue| (queue.topic, queue.broker))),
            pauses: PauseTrack::new(pairs, plan.instances.len()),
            beliefs: BeliefTrack::new(true_masters, processes.len(), vec![0; plan.topics.len()], plan.groups.len()),
            roles: RaftTrack::new(processes.len()),
            watchdog: Watchdog::new(pairs, plan.instances.len(), names, plan.groups.len()),
            names: processes.into_iter().map(|(name, _)| name).collect(),
            masters,
            scalers,
        }
    }
}

impl World {
    /// A node reported a fact in a plan in which servers and links can fail.
    pub(super) fn observe_failure(&mut self, fact: &mut Fact) {
        // Before what the fact itself is a cause of.
        self.watch_fact(fact);
        match fact {
            Fact::NodeStopped { node, how } => self.on_node_stopped(*node, *how),
            Fact::NodeStarted { node, .. } | Fact::NodeThawed { node } => self.on_node_up(*node),
            Fact::RoleChanged { broker, role, .. } => {
                if self.failing.masters.set_role(self.now, *broker, *role == RoleNow::Master) {
                    self.on_master_changed(self.failing.names[broker.at()]);
                }
            }
            Fact::RaftRole { broker, role, term } => {
                let name = self.failing.names[broker.at()];
                match self.failing.roles.on_role(self.now, name, *broker, *role, *term) {
                    Led::AsBefore => {}
                    Led::Elected => self.out.counters.add_to_cluster(Counter::Elections, 1),
                    Led::Twice(other) => self.found_two_leaders(name, *term, other, *broker),
                }
            }
            Fact::MasterSeen { client, name, master } => {
                self.failing.beliefs.on_master_seen(self.now, *client, *name, *master);
            }
            Fact::BrokerRegistered { nameserver, broker, .. } if self.failing.masters.is_master(*broker) => {
                let (of, name) = (Address::Nameserver(*nameserver), self.failing.names[broker.at()]);
                self.failing.beliefs.on_master_seen(self.now, of, name, Some(*broker));
            }
            Fact::BrokerExpired { nameserver, broker } => {
                let (of, name) = (Address::Nameserver(*nameserver), self.failing.names[broker.at()]);
                self.failing.beliefs.on_forgotten(self.now, of, name, *broker);
            }
            Fact::RouteChanged { owner, topic, queues } => {
                let of = match owner {
                    RouteOwner::Consumer { instance, .. } => Address::Consumer(*instance),
                    RouteOwner::Producer(producer) => Address::Producer(*producer),
                };
                self.failing.beliefs.on_route_seen(self.now, of, *topic, *queues);
            }
            Fact::LogCut { broker, acknowledged, .. } => {
                if let Some((of, at, lost)) = self.failing.cut_loss.take()
                    && (of, at) == (*broker, self.now)
                {
                    *acknowledged = lost;
                }
            }
            Fact::OffsetWentBack { group, queue, to, .. } => self.on_went_back(*group, *queue, *to),
            Fact::OffsetsTakenOver { slave, .. } => self.may_pass_over(self.failing.names[slave.at()]),
            Fact::PullsFrom { name, .. } => self.may_pass_over(*name),
            _ => self.observe_members(fact),
        }
    }

    /// Who is in which group, as brokers see it.
    fn observe_members(&mut self, fact: &Fact) {
        let (now, failing) = (self.now, &mut self.failing);
        match fact {
            Fact::ClientRegistered { broker, group, instance, .. } => {
                failing.beliefs.on_member_seen(now, *broker, *group, *instance, true);
                failing.beliefs.on_member(now, *group, *instance, true);
            }
            Fact::ClientExpired { broker, group, instance, .. } => {
                failing.beliefs.on_member_seen(now, *broker, *group, *instance, false);
            }
            Fact::ClientStopped { instance, group, how, .. } => {
                failing.beliefs.on_member(now, *group, *instance, false);
                if *how == StopKind::Frozen {
                    failing.pauses.on_freeze(now, instance.at());
                } else {
                    failing.pauses.on_thaw(now, instance.at());
                    failing.beliefs.on_gone(now, Address::Consumer(*instance));
                }
            }
            Fact::ClientThawed { instance, group, .. } => {
                failing.pauses.on_thaw(now, instance.at());
                failing.beliefs.on_member(now, *group, *instance, true);
            }
            _ => {}
        }
    }

    fn on_node_stopped(&mut self, node: Address, how: NodeStop) {
        if let Address::Broker(process) = node {
            let kept = how == NodeStop::Frozen;
            let name = self.failing.names[process.at()];
            let any = self.failing.masters.any_up(name);
            if self.failing.masters.set_up(self.now, process, false, kept) {
                self.on_master_changed(name);
            }
            if any != self.failing.masters.any_up(name) {
                self.on_carriers_changed();
            }
            if !kept && how != NodeStop::ShuttingDown {
                self.failing.roles.on_stopped(self.now, process);
            }
        }
        if !matches!(how, NodeStop::Frozen | NodeStop::ShuttingDown) {
            self.failing.beliefs.on_gone(self.now, node);
        }
    }

    fn on_node_up(&mut self, node: Address) {
        let Address::Broker(process) = node else { return };
        let name = self.failing.names[process.at()];
        let any = self.failing.masters.any_up(name);
        if self.failing.masters.set_up(self.now, process, true, true) {
            self.on_master_changed(name);
        }
        if any != self.failing.masters.any_up(name) {
            self.on_carriers_changed();
        }
        self.failing.beliefs.on_broker_started(self.now, process);
    }

    fn on_master_changed(&mut self, name: BrokerIx) {
        let master = self.failing.masters.master(name);
        self.failing.beliefs.on_master(self.now, name, master);
    }

    /// The first process of a broker name came up, or the last one went: routes are other ones.
    pub(super) fn on_carriers_changed(&mut self) {
        self.true_queues.clear();
        for truth in &mut self.truths {
            truth.all_dirty = true;
        }
        for topic in 0..self.plan.topics.len() {
            self.on_route_changed(TopicIx::new(topic));
        }
    }

    /// The queues of a topic may be other ones.
    pub(super) fn on_route_changed(&mut self, topic: TopicIx) {
        let queues = self.readable_on(topic).map(|(_, count)| count).sum();
        self.failing.beliefs.on_route(self.now, topic, queues);
    }

    /// A stored offset went back: what it had pointed past may be read again, and others may point past something.
    fn on_went_back(&mut self, group: GroupIx, queue: QueueIx, to: u64) {
        self.failing.caused[queue.at()] = true;
        let pair = self.pairs[group.at()][queue.at()] as usize;
        let mut ledger = std::mem::take(&mut self.ledgers[pair]);
        ledger.reopen(to, |offset| self.appended_at(queue, offset));
        self.ledgers[pair] = ledger;
    }

    /// Samples about failures.
    pub(super) fn sample_failures(&mut self, window: SimDuration) {
        let mut series = std::mem::take(&mut self.series.failures);
        let FailureSeries { sends_ok, sends_failed, replication_lag, terms, disk } = &mut series;
        sends_ok.resize_with(self.plan.topics.len(), Vec::new);
        sends_failed.resize_with(self.plan.topics.len(), Vec::new);
        for topic in 0..self.plan.topics.len() {
            let (ok, failed) = self.failing.sends.take_window(TopicIx::new(topic));
            sends_ok[topic].push(super::sampling::per_second(ok, window));
            sends_failed[topic].push(super::sampling::per_second(failed, window));
        }
        let processes = self.brokers.len();
        for per_process in [&mut *replication_lag, &mut *terms] {
            per_process.resize_with(processes, Vec::new);
        }
        disk.resize_with(processes, Vec::new);
        for process in 0..processes {
            let name = self.failing.names[process];
            let reached = |process: usize| self.brokers[process].broker.store.log_max_offset();
            let behind = reached(self.truth_of(name).at()).saturating_sub(reached(process));
            replication_lag[process].push(behind);
            if self.failing.raft[name.at()] {
                terms[process].push(self.failing.roles.term(BrokerIx::new(process)));
            }
            disk[process].extend(self.brokers[process].broker.disk_percent());
        }
        self.series.failures = series;
    }

    /// What failures did, at the end of the run.
    pub(super) fn finish_failures(&mut self, ownership: &[QueueOwnership]) -> FailureOutcome {
        if !self.plan.fallible {
            return FailureOutcome::default();
        }
        for pair in 0..self.pair_keys.len() {
            self.finish_pause(pair);
        }
        let (end, failing) = (self.end, &mut self.failing);
        let consume_gap = |pause: super::observe::pauses::Pause| {
            let (group, queue) = self.pair_keys[pause.pair as usize];
            ConsumeGap { group, queue, from: pause.from, to: pause.to }
        };
        let mut beliefs = std::mem::take(&mut failing.beliefs).finish(end);
        beliefs.extend(wrong_owners(ownership));
        beliefs.sort_by_key(|belief| (belief.from, belief.of, belief.about));
        FailureOutcome {
            masters: std::mem::take(&mut failing.masters).finish(end),
            send_gaps: std::mem::take(&mut failing.sends).finish(end),
            consume_gaps: std::mem::take(&mut failing.pauses).finish().into_iter().map(consume_gap).collect(),
            beliefs,
            raft: std::mem::take(&mut failing.roles).finish(end),
        }
    }

    /// A queue whose messages are at nobody who works stands still to the end.
    fn finish_pause(&mut self, pair: usize) {
        let (group, queue) = self.pair_keys[pair];
        let at_work = |(index, process): (usize, &super::world::Process)| {
            self.plan.instances[index].group == group
                && !process.consumer.frozen()
                && process.consumer.rows_of(queue).next().is_some()
        };
        if self.pair_lag(pair) == 0 || self.processes.iter().enumerate().any(at_work) {
            return;
        }
        let (store, local) = self.store_of(queue);
        if let Some(first) = store.message(local, self.ledgers[pair].first_unconsumed()) {
            let stored = first.stored_at;
            self.failing.pauses.on_left_over(pair as u32, stored, self.end);
        }
    }
}

/// Members that took a queue for their own while another one did, too.
fn wrong_owners(ownership: &[QueueOwnership]) -> Vec<Belief> {
    let mut stretches: Vec<(GroupIx, InstanceIx, SimTime, SimTime)> = Vec::new();
    for owned in ownership {
        for (index, one) in owned.intervals.iter().enumerate() {
            for other in &owned.intervals[index + 1..] {
                let (from, to) = (one.from.max(other.from), one.to.min(other.to));
                if one.instance != other.instance && from < to {
                    stretches.push((owned.group, one.instance, from, to));
                    stretches.push((owned.group, other.instance, from, to));
                }
            }
        }
    }
    stretches.sort_unstable();
    let mut beliefs: Vec<Belief> = Vec::new();
    for (group, instance, from, to) in stretches {
        let (of, about) = (Address::Consumer(instance), BeliefAbout::Ownership(group));
        match beliefs.last_mut() {
            Some(last) if (last.of, last.about) == (of, about) && from <= last.to => last.to = last.to.max(to),
            _ => beliefs.push(Belief { of, about, from, to }),
        }
    }
    beliefs
}
