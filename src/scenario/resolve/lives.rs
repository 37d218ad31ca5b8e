//! Which consumers run when: every start, stop, kill, freeze and thaw against the state it meets.

use std::collections::BTreeMap;

use super::clients::{Clients, Start};
use super::groups::Members;
use crate::kernel::time::SimTime;
use crate::scenario::plan::{Action, TimedAction};
use crate::store::ids::{ClientIx, InstanceIx};

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
}

impl Verb {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Start | Self::Move => "start",
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
}

/// All processes as time goes by.
pub(crate) struct Lives<'a> {
    members: &'a Members,
    states: Vec<State>,
    starts: Vec<u64>,
    pub(crate) pending: BTreeMap<When, Step>,
    pub(crate) actions: Vec<TimedAction>,
    pub(crate) first_starts: Vec<Option<(SimTime, ClientIx)>>,
    pub(crate) clients: Vec<Vec<ClientIx>>,
}

impl<'a> Lives<'a> {
    pub(crate) fn new(members: &'a Members) -> Self {
        let count = members.list.len();
        let mut pending = BTreeMap::new();
        for (instance, member) in members.list.iter().enumerate() {
            if let Some(at) = member.first_start {
                pending.insert((at, 0, instance), Step::First(instance));
            }
        }
        Self {
            members,
            states: vec![State::Down; count],
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
        let mut when = (at, entry + 1, 0);
        while self.pending.contains_key(&when) {
            when.2 += 1;
        }
        self.pending.insert(when, Step::Do { verb, instance, entry, label });
    }

    /// The start that the file gives an instance; false when it runs already.
    pub(crate) fn first(&mut self, at: SimTime, instance: usize, clients: &mut Clients) -> bool {
        if self.states[instance] != State::Down {
            return false;
        }
        let fresh = self.starts[instance] == 0;
        let (client, fresh_host) = self.start(at, instance, false, clients);
        if fresh {
            self.first_starts[instance] = Some((at, client));
        } else {
            let label = format!("start {}", self.members.names.name(instance));
            let action = Action::StartConsumer { instance: InstanceIx::new(instance), client_id: client, fresh_host };
            self.actions.push(TimedAction { at, action, label });
        }
        true
    }

    /// What happens to a process, or why it cannot.
    pub(crate) fn act(
        &mut self,
        at: SimTime,
        verb: Verb,
        instance: usize,
        label: String,
        clients: &mut Clients,
    ) -> Result<(), String> {
        let name = self.members.names.name(instance);
        let why = match (verb, self.states[instance]) {
            (Verb::Start | Verb::Move, State::Running) => Some(format!("{name} already runs at {at}")),
            (Verb::Start | Verb::Move, State::Frozen) => {
                Some(format!("{name} is frozen at {at}, not stopped; thaw it"))
            }
            (Verb::Stop | Verb::Kill | Verb::Freeze, State::Down) => Some(format!("{name} does not run at {at}")),
            (Verb::Stop, State::Frozen) => {
                Some(format!("{name} is frozen at {at} and cannot shut down; kill it or thaw it first"))
            }
            (Verb::Freeze, State::Frozen) => Some(format!("{name} is already frozen at {at}")),
            (Verb::Thaw, State::Running | State::Down) => Some(format!("{name} is not frozen at {at}")),
            _ => None,
        };
        if let Some(why) = why {
            return Err(why);
        }
        let who = InstanceIx::new(instance);
        let action = match verb {
            Verb::Start | Verb::Move => {
                let (client_id, fresh_host) = self.start(at, instance, verb == Verb::Move, clients);
                Action::StartConsumer { instance: who, client_id, fresh_host }
            }
            Verb::Stop => Action::StopConsumer { instance: who },
            Verb::Kill => Action::KillConsumer { instance: who },
            Verb::Freeze => Action::FreezeConsumer { instance: who },
            Verb::Thaw => Action::ThawConsumer { instance: who },
        };
        self.states[instance] = match verb {
            Verb::Start | Verb::Move | Verb::Thaw => State::Running,
            Verb::Stop | Verb::Kill => State::Down,
            Verb::Freeze => State::Frozen,
        };
        self.actions.push(TimedAction { at, action, label });
        Ok(())
    }

    /// A start: the client id, and whether the host has no offset file. A pod comes back without one.
    fn start(&mut self, at: SimTime, instance: usize, moved: bool, clients: &mut Clients) -> (ClientIx, bool) {
        let member = &self.members.list[instance];
        let again = self.starts[instance] > 0;
        let client = match &member.client_id {
            Some(id) => clients.intern(id.clone()),
            None => {
                let start = Start {
                    incarnation: self.starts[instance],
                    new_address: member.new_address || moved,
                    broadcasting: member.broadcasting,
                    at,
                };
                clients.consumer(member.file_group, member.number, &member.plan.name, start)
            }
        };
        self.starts[instance] += 1;
        self.states[instance] = State::Running;
        if !self.clients[instance].contains(&client) {
            self.clients[instance].push(client);
        }
        (client, moved || (again && member.broadcasting && member.new_address))
    }
}
