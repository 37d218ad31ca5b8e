//! The nodes of a plan, and the words for one of them or many.

use std::collections::BTreeMap;

use super::Resolver;
use super::groups::Members;
use crate::kernel::time::SimTime;
use crate::protocol::address::Address;
use crate::scenario::diagnose::{Fault, suggest};
use crate::scenario::plan::{BrokerPlan, NameserverPlan, ProducerPlan, ReplicaPlan};
use crate::scenario::tree::At;
use crate::scenario::units::Names;
use crate::store::ids::{BrokerIx, InstanceIx, NameserverIx, ProducerIx};

/// Words for all nodes of a kind, and for all that the other side of a link does not name.
const KINDS: [&str; 4] = ["nameservers", "brokers", "consumers", "producers"];
/// The nodes that the other set of a link does not have.
pub(super) const OTHERS: &str = "others";

/// Everything that can fail, numbered: consumers first (by their own numbers), then nameservers, brokers, producers.
pub(crate) struct Nodes {
    labels: Vec<String>,
    addresses: Vec<Address>,
    /// When a node that is no consumer starts by itself.
    pub(crate) starts: Vec<(usize, SimTime)>,
    one: BTreeMap<String, usize>,
    many: BTreeMap<String, Vec<usize>>,
}

/// What a word names.
pub(super) enum Named<'a> {
    /// One node.
    One(usize),
    /// Several, by one word.
    Many(&'a [usize]),
}

/// The servers and producers of a plan.
pub(crate) struct Servers<'a> {
    pub(crate) nameservers: &'a [NameserverPlan],
    pub(crate) brokers: &'a [BrokerPlan],
    pub(crate) replicas: &'a [ReplicaPlan],
    pub(crate) producers: &'a [ProducerPlan],
}

impl Nodes {
    fn add(&mut self, label: String, address: Address, of: &[&str], start: Option<SimTime>) {
        let node = self.labels.len();
        self.one.entry(label.clone()).or_insert(node);
        for word in of {
            self.many.entry((*word).to_owned()).or_default().push(node);
        }
        self.starts.extend(start.map(|at| (node, at)));
        self.labels.push(label);
        self.addresses.push(address);
    }

    pub(super) fn new(members: &Members, groups: &[&str], servers: &Servers<'_>) -> Self {
        let mut nodes = Self {
            labels: Vec::new(),
            addresses: Vec::new(),
            starts: Vec::new(),
            one: BTreeMap::new(),
            many: BTreeMap::new(),
        };
        for (instance, member) in members.list.iter().enumerate() {
            let group = groups[member.file_group];
            let address = Address::Consumer(InstanceIx::new(instance));
            nodes.add(member.plan.name.clone(), address, &["consumers", group, &format!("{group}/*")], None);
        }
        for (number, plan) in servers.nameservers.iter().enumerate() {
            let address = Address::Nameserver(NameserverIx::new(number));
            nodes.add(plan.name.clone(), address, &["nameservers"], Some(plan.start_at));
        }
        for (number, plan) in servers.brokers.iter().enumerate() {
            let (name, address) = (&plan.name, Address::Broker(BrokerIx::new(number)));
            let all = format!("{name}/*");
            if plan.dledger.is_some() {
                nodes.add(format!("{name}/n0"), address, &["brokers", name, &all], Some(plan.start_at));
            } else {
                nodes.one.entry(format!("{name}/0")).or_insert(nodes.labels.len());
                nodes.add(name.clone(), address, &["brokers", &all], Some(plan.start_at));
            }
        }
        for (number, plan) in servers.replicas.iter().enumerate() {
            let address = Address::Broker(BrokerIx::new(servers.brokers.len() + number));
            let broker = &servers.brokers[plan.broker.at()];
            let all = format!("{}/*", broker.name);
            // The name alone is the master's, or that of the whole Raft group.
            let words: &[&str] =
                if broker.dledger.is_some() { &["brokers", &broker.name, &all] } else { &["brokers", &all] };
            nodes.add(plan.label.clone(), address, words, Some(plan.start_at));
        }
        for (number, plan) in servers.producers.iter().enumerate() {
            let address = Address::Producer(ProducerIx::new(number));
            let all = format!("{}/*", plan.producer);
            nodes.add(plan.name.clone(), address, &["producers", &plan.producer, &all], Some(plan.start_at));
        }
        for kind in KINDS {
            nodes.many.entry(kind.to_owned()).or_default();
        }
        for group in groups {
            for word in [(*group).to_owned(), format!("{group}/*")] {
                nodes.many.entry(word).or_default();
            }
        }
        nodes
    }

    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    pub(super) fn label(&self, node: usize) -> &str {
        &self.labels[node]
    }

    pub(super) fn address(&self, node: usize) -> Address {
        self.addresses[node]
    }

    pub(super) fn find(&self, word: &str) -> Option<Named<'_>> {
        match self.one.get(word) {
            Some(node) => Some(Named::One(*node)),
            None => self.many.get(word).map(|nodes| Named::Many(nodes)),
        }
    }

    /// Every word, for suggestions.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.one.keys().chain(self.many.keys()).map(String::as_str)
    }
}

impl Resolver<'_> {
    /// The nodes of the plan and the zones of the file.
    pub(super) fn nodes(&self, members: &Members, servers: &Servers<'_>) -> Result<Nodes, Fault> {
        let groups: Vec<&str> = self.groups.iter().collect();
        let mut nodes = Nodes::new(members, &groups, servers);
        for (zone, names) in &self.root.zones {
            let at = At::default().key("zones").key(zone);
            if nodes.find(zone).is_some()
                || self.brokers.find(zone).is_some()
                || [OTHERS, "all"].contains(&zone.as_str())
            {
                return Err(self.key_fault(&at, format!("`{zone}` cannot be a zone: it already names nodes")));
            }
            let of_zone = self.set_of_nodes(&nodes, names, &at)?;
            nodes.many.insert(zone.clone(), of_zone);
        }
        Ok(nodes)
    }

    /// All nodes that some words name, ascending.
    pub(super) fn set_of_nodes(&self, nodes: &Nodes, names: &Names, at: &At) -> Result<Vec<usize>, Fault> {
        let mut set = Vec::new();
        for (index, word) in names.0.iter().enumerate() {
            match nodes.find(word) {
                Some(Named::One(node)) => set.push(node),
                Some(Named::Many(many)) => set.extend(many),
                None => return Err(self.unknown_node(nodes, word, &at.index(index))),
            }
        }
        if names.0.is_empty() {
            return Err(self.fault(at, "no node is named"));
        }
        set.sort_unstable();
        set.dedup();
        Ok(set)
    }

    pub(super) fn unknown_node(&self, nodes: &Nodes, word: &str, at: &At) -> Fault {
        let fault = self.fault(at, format!("undefined node `{word}`"));
        fault.maybe_help(suggest(word, nodes.words()))
    }

    /// The broker processes that some words name, ascending.
    pub(super) fn broker_processes(&self, nodes: &Nodes, names: &Names, at: &At) -> Result<Vec<BrokerIx>, Fault> {
        let at = if self.tree.has(&at.key("brokers")) { at.key("brokers") } else { at.key("broker") };
        let mut processes = Vec::new();
        for node in self.set_of_nodes(nodes, names, &at)? {
            let Address::Broker(process) = nodes.address(node) else {
                return Err(self.fault(&at, format!("{} is no broker", nodes.label(node))));
            };
            processes.push(process);
        }
        Ok(processes)
    }
}
