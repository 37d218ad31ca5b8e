//! Who runs when: a walk over everything that starts and ends processes, in the order of time. Every start has its client id
//! before the run, because clients compare these ids.

use std::collections::BTreeMap;

use super::clients::{Clients, Start};
use super::groups::Members;
use super::nodes::Nodes;
use crate::kernel::time::SimTime;
use crate::protocol::address::Address;
use crate::scenario::plan::{Action, NodeAction, TimedAction};
use crate::store::ids::{BrokerIx, ClientIx, InstanceIx, NameserverIx};

/// What a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It has not been started yet, or it ended.
    Down,
    Running,
    Frozen,
}

/// What happens to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Start,
    /// On another host.
    Move,
    Stop,
    Kill,
    Freeze,
    Thaw,
    /// With an empty disk.
    StartEmpty,
    /// The host vanishes.
    LoseHost,
    /// The host vanishes with its disk.
    LoseDisk,
}

impl Verb {
    /// The state of nodes that it applies to, where one word names many.
    pub(crate) fn applies_to(self, state: State) -> bool {
        match self {
            Self::Start | Self::Move | Self::StartEmpty => state == State::Down,
            Self::Thaw => state == State::Frozen,
            Self::Stop | Self::Kill | Self::Freeze => state == State::Running,
            Self::LoseHost | Self::LoseDisk => state != State::Down,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Start | Self::Move | Self::StartEmpty => "start",
            Self::LoseHost | Self::LoseDisk => "loseHost",
            Self::Stop => "stop",
            Self::Kill => "kill",
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
        }
    }
}

/// The order of what happens: time, entry of the timeline (0: starts of the file), position within the entry.
pub(crate) type When = (SimTime, usize, usize);

/// Something still to happen.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// An instance starts by itself.
    First(usize),
    /// The entry of the timeline with this index is taken apart.
    Entry(usize),
    /// Part of an entry.
    Do { verb: Verb, instance: usize, entry: usize, label: String },
    /// A part of an entry that ends.
    Over(Over),
}

/// What ends by itself.
#[derive(Clone, Debug)]
pub(crate) enum Over {
    /// Links are as they were, unless they were healed before.
    Links { rules: Vec<u32>, label: String },
    /// A broker is as it was, unless another entry has changed it since.
    Effect { kind: Effect, broker: BrokerIx, number: u32, action: Action, label: String },
}

/// What an entry can change about a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    FlushTime,
    SendHandling,
    DiskUsed,
    Clock,
    WritePerm(Option<NameserverIx>),
}

/// How a consumer starts, when an entry says more than its name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StartAs<'a> {
    /// On another host, or on its own whatever its group says.
    pub(crate) fresh_host: Option<bool>,
    /// With an empty disk or not, whatever happened to it.
    pub(crate) empty_disk: Option<bool>,
    /// Under this client id.
    pub(crate) client_id: Option<&'a str>,
}

/// All processes as time goes by.
pub(crate) struct Lives<'a> {
    members: &'a Members,
    pub(crate) nodes: &'a Nodes,
    states: Vec<State>,
    /// Whose disk is gone.
    diskless: Vec<bool>,
    starts: Vec<u64>,
    pub(crate) pending: BTreeMap<When, Step>,
    pub(crate) actions: Vec<TimedAction>,
    pub(crate) first_starts: Vec<Option<(SimTime, ClientIx)>>,
    pub(crate) clients: Vec<Vec<ClientIx>>,
}

impl<'a> Lives<'a> {
    pub(crate) fn new(members: &'a Members, nodes: &'a Nodes) -> Self {
        let count = members.list.len();
        let mut pending: BTreeMap<When, Step> =
            nodes.starts.iter().map(|(node, at)| ((*at, 0, *node), Step::First(*node))).collect();
        for (instance, member) in members.list.iter().enumerate() {
            if let Some(at) = member.first_start {
                pending.insert((at, 0, instance), Step::First(instance));
            }
        }
        Self {
            members,
            nodes,
            states: vec![State::Down; nodes.len()],
            diskless: vec![false; nodes.len()],
            starts: vec![0; count],
            pending,
            actions: Vec::new(),
            first_starts: vec![None; count],
            clients: vec![Vec::new(); count],
        }
    }

    pub(crate) fn state(&self, instance: usize) -> State {
        self.states[instance]
    }

    /// A further start, stop, … of the entry, at a later time or at the same.
    pub(crate) fn later(&mut self, at: SimTime, entry: usize, verb: Verb, instance: usize, label: String) {
        self.after(at, entry, Step::Do { verb, instance, entry, label });
    }

    /// Something that follows from an entry.
    pub(crate) fn after(&mut self, at: SimTime, entry: usize, step: Step) {
        let mut when = (at, entry + 1, 0);
        while self.pending.contains_key(&when) {
            when.2 += 1;
        }
        self.pending.insert(when, step);
    }

    /// The start that the file gives a node; false when it runs already.
    pub(crate) fn first(&mut self, at: SimTime, node: usize, clients: &mut Clients) -> bool {
        if self.states[node] != State::Down {
            return false;
        }
        if !matches!(self.nodes.address(node), Address::Consumer(_)) {
            self.states[node] = State::Running;
            return true;
        }
        let fresh = self.starts[node] == 0;
        let (client, fresh_host) = self.start(at, node, StartAs::default(), clients);
        if fresh {
            self.first_starts[node] = Some((at, client));
        } else {
            let label = format!("start {}", self.nodes.label(node));
            let action = Action::StartConsumer { instance: InstanceIx::new(node), client_id: client, fresh_host };
            self.actions.push(TimedAction { at, action, label });
        }
        true
    }

    /// Why something cannot happen to a process.
    fn refusal(&self, at: SimTime, verb: Verb, node: usize) -> Option<String> {
        let name = self.nodes.label(node);
        match (verb, self.states[node]) {
            (Verb::Start | Verb::Move | Verb::StartEmpty, State::Running) => {
                Some(format!("{name} already runs at {at}"))
            }
            (Verb::Start | Verb::Move | Verb::StartEmpty, State::Frozen) => {
                Some(format!("{name} is frozen at {at}, not stopped; thaw it"))
            }
            (Verb::Stop | Verb::Kill | Verb::Freeze | Verb::LoseHost | Verb::LoseDisk, State::Down) => {
                Some(format!("{name} does not run at {at}"))
            }
            (Verb::Stop, State::Frozen) => {
                Some(format!("{name} is frozen at {at} and cannot shut down; kill it or thaw it first"))
            }
            (Verb::Freeze, State::Frozen) => Some(format!("{name} is already frozen at {at}")),
            (Verb::Thaw, State::Running | State::Down) => Some(format!("{name} is not frozen at {at}")),
            _ => None,
        }
    }

    /// What happens to a process, or why it cannot.
    pub(crate) fn act(
        &mut self,
        at: SimTime,
        (verb, own): (Verb, StartAs<'_>),
        node: usize,
        label: String,
        clients: &mut Clients,
    ) -> Result<(), String> {
        if let Some(why) = self.refusal(at, verb, node) {
            return Err(why);
        }
        let diskless = std::mem::take(&mut self.diskless[node]);
        let address = self.nodes.address(node);
        let disk_lost = verb == Verb::LoseDisk;
        let action = match (address, verb) {
            (_, Verb::LoseHost | Verb::LoseDisk) => {
                Action::Node { node: address, what: NodeAction::LoseHost { disk_lost } }
            }
            (Address::Consumer(who), Verb::Start | Verb::Move | Verb::StartEmpty) => {
                let moved = (verb == Verb::Move || diskless).then_some(true);
                let own = StartAs { fresh_host: own.fresh_host.or(moved), ..own };
                let (client_id, fresh_host) = self.start(at, node, own, clients);
                Action::StartConsumer { instance: who, client_id, fresh_host }
            }
            (Address::Consumer(who), Verb::Stop) => Action::StopConsumer { instance: who },
            (Address::Consumer(who), Verb::Kill) => Action::KillConsumer { instance: who },
            (Address::Consumer(who), Verb::Freeze) => Action::FreezeConsumer { instance: who },
            (Address::Consumer(who), Verb::Thaw) => Action::ThawConsumer { instance: who },
            (_, verb) => {
                let what = match verb {
                    Verb::Stop => NodeAction::Stop,
                    Verb::Kill => NodeAction::Kill,
                    Verb::Freeze => NodeAction::Freeze,
                    Verb::Thaw => NodeAction::Thaw,
                    _ => {
                        let lost = matches!(address, Address::Broker(_)) && (verb == Verb::StartEmpty || diskless);
                        NodeAction::Start { empty_disk: own.empty_disk.unwrap_or(lost) }
                    }
                };
                Action::Node { node: address, what }
            }
        };
        self.states[node] = match verb {
            Verb::Start | Verb::Move | Verb::StartEmpty | Verb::Thaw => State::Running,
            Verb::Stop | Verb::Kill | Verb::LoseHost | Verb::LoseDisk => State::Down,
            Verb::Freeze => State::Frozen,
        };
        self.diskless[node] = disk_lost;
        self.actions.push(TimedAction { at, action, label });
        Ok(())
    }

    /// A start: the client id, and whether the host has no offset file. A pod comes back without one.
    fn start(&mut self, at: SimTime, instance: usize, own: StartAs<'_>, clients: &mut Clients) -> (ClientIx, bool) {
        let client = self.client_of_start(at, instance, own, clients);
        let member = &self.members.list[instance];
        let again = self.starts[instance] > 0;
        self.starts[instance] += 1;
        self.states[instance] = State::Running;
        let fresh_host = own.fresh_host.unwrap_or(again && member.broadcasting && member.new_address);
        (client, fresh_host)
    }

    /// The client id under which the next start of an instance runs.
    pub(crate) fn client_of_start(
        &mut self,
        at: SimTime,
        instance: usize,
        own: StartAs<'_>,
        clients: &mut Clients,
    ) -> ClientIx {
        let member = &self.members.list[instance];
        let client = match own.client_id.or(member.client_id.as_deref()) {
            Some(id) => clients.intern(id.to_owned()),
            None => {
                let start = Start {
                    incarnation: self.starts[instance],
                    new_address: member.new_address || own.fresh_host == Some(true),
                    broadcasting: member.broadcasting,
                    at,
                };
                clients.consumer(member.file_group, member.number, &member.plan.name, start)
            }
        };
        if !self.clients[instance].contains(&client) {
            self.clients[instance].push(client);
        }
        client
    }
}
