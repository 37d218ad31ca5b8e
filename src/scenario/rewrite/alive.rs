//! Which of the actions that are left can happen.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::time::SimTime;
use crate::protocol::address::Address;
use crate::scenario::plan::{Action, NodeAction, Plan, TimedAction};
use crate::store::ids::{BrokerIx, InstanceIx, NameserverIx, ProducerIx};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Down,
    Running,
    Frozen,
}

/// The processes and links of a plan as its actions happen.
pub(super) struct Alive {
    /// When a node starts by itself.
    starts: BTreeMap<Address, SimTime>,
    states: BTreeMap<Address, State>,
    bad_links: BTreeSet<u32>,
}

impl Alive {
    pub(super) fn new(plan: &Plan) -> Self {
        let consumers = plan.instances.iter().enumerate().filter_map(|(number, instance)| {
            instance.start.map(|(at, _)| (Address::Consumer(InstanceIx::new(number)), at))
        });
        let nameservers = plan.nameservers.iter().map(|plan| plan.start_at).enumerate();
        let brokers = plan.brokers.iter().map(|plan| plan.start_at);
        let brokers = brokers.chain(plan.replicas.iter().map(|plan| plan.start_at)).enumerate();
        let producers = plan.producers.iter().map(|plan| plan.start_at).enumerate();
        let starts = nameservers
            .map(|(number, at)| (Address::Nameserver(NameserverIx::new(number)), at))
            .chain(brokers.map(|(number, at)| (Address::Broker(BrokerIx::new(number)), at)))
            .chain(producers.map(|(number, at)| (Address::Producer(ProducerIx::new(number)), at)))
            .chain(consumers);
        Self { starts: starts.collect(), states: BTreeMap::new(), bad_links: BTreeSet::new() }
    }

    fn state(&self, node: Address, at: SimTime) -> State {
        let own_start = self.starts.get(&node).is_some_and(|start| *start <= at);
        self.states.get(&node).copied().unwrap_or(if own_start { State::Running } else { State::Down })
    }

    /// Whether an action can happen; then it has.
    pub(super) fn may(&mut self, timed: &TimedAction) -> bool {
        let consumer = |instance: &InstanceIx| Address::Consumer(*instance);
        let (node, what) = match &timed.action {
            Action::StartConsumer { instance, .. } => (consumer(instance), NodeAction::Start { empty_disk: false }),
            Action::StopConsumer { instance } => (consumer(instance), NodeAction::Stop),
            Action::KillConsumer { instance } => (consumer(instance), NodeAction::Kill),
            Action::FreezeConsumer { instance } => (consumer(instance), NodeAction::Freeze),
            Action::ThawConsumer { instance } => (consumer(instance), NodeAction::Thaw),
            Action::Node { node, what } => (*node, *what),
            Action::Link { rule, on: true } => return self.bad_links.insert(*rule),
            Action::Link { rule, on: false } => return self.bad_links.remove(rule),
            _ => return true,
        };
        let before = self.state(node, timed.at);
        let after = match (what, before) {
            (NodeAction::Start { .. }, State::Down) | (NodeAction::Thaw, State::Frozen) => State::Running,
            (NodeAction::Freeze, State::Running) => State::Frozen,
            (NodeAction::Stop, State::Running) => State::Down,
            (NodeAction::Kill | NodeAction::LoseHost { .. }, State::Running | State::Frozen) => State::Down,
            _ => return false,
        };
        self.states.insert(node, after);
        true
    }
}
