//! Entries about servers, links and replicas: what was hit, who noticed, who took over, what stood still.

mod standstills;
mod words;

use std::collections::BTreeMap;

use super::Story;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::{CallKind, Disconnection, NodeStop, RaftRoleNow, RoleNow};
use crate::protocol::address::Address;
use crate::protocol::message::CallError;
use crate::report::names::Names;
use crate::run::outcome::{Fact, Outcome};
use crate::store::ids::{BrokerIx, NameserverIx, ProducerIx, TopicIx};

/// Facts of one sort this close together are one entry.
const GAP: SimDuration = SimDuration::from_secs(2);
/// The same for calls that go on failing.
const GAP_OF_CALLS: SimDuration = SimDuration::from_secs(20);

/// What an entry is about; facts that differ in `who` alone are told together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Stopped(Stop),
    Started,
    Thawed,
    Link { rule: u32, on: bool },
    Forgotten { nameserver: NameserverIx },
    Lost { server: Address, how: u8 },
    TimedOut { server: Address, call: u8 },
    NoConnection { server: Address, refused: bool },
    Master { name: BrokerIx, master: Option<BrokerIx> },
    Pulls { name: BrokerIx, process: BrokerIx },
    Role { master: bool, term: u64 },
    Raft { role: u8, term: u64 },
    Replicating { master: BrokerIx, connected: bool },
    Cut { acknowledged: bool },
    Offsets,
    Disk { percent: u8, writable: bool },
    Deleted,
    Busy { busy: bool },
    Avoided { name: BrokerIx },
    Created { topic: TopicIx },
    Scaled { group: u32, from: u32, to: u32 },
}

/// How processes ended, in an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    Ending,
    Graceful,
    Killed,
    Frozen,
    HostLost { disk_lost: bool },
}

/// An entry in the making.
struct Entry {
    at: SimTime,
    until: SimTime,
    what: What,
    /// The nodes it is told of, in the order of their names.
    who: Vec<Address>,
    /// Facts.
    times: u64,
    /// A sum and a greatest value of what the facts carry.
    sum: u64,
    most: u64,
}

/// The entries.
pub(super) fn stories(outcome: &Outcome, names: &Names<'_>) -> Vec<Story> {
    let mut reader = Reader::default();
    for record in &outcome.facts {
        reader.take(outcome, record.at, &record.fact);
    }
    let mut stories: Vec<Story> = reader.entries.iter().map(|entry| words::story(outcome, names, entry)).collect();
    stories.extend(standstills::stories(outcome, names));
    stories
}

#[derive(Default)]
struct Reader {
    entries: Vec<Entry>,
    open: BTreeMap<What, usize>,
}

impl Reader {
    fn add(&mut self, at: SimTime, what: What, who: Address, (sum, most): (u64, u64)) {
        let gap = match what {
            What::TimedOut { .. } | What::NoConnection { .. } | What::Avoided { .. } => GAP_OF_CALLS,
            _ => GAP,
        };
        let open = self.open.get(&what).copied().filter(|place| at.since(self.entries[*place].until) <= gap);
        let place = open.unwrap_or_else(|| {
            self.entries.push(Entry { at, until: at, what, who: Vec::new(), times: 0, sum: 0, most: 0 });
            self.entries.len() - 1
        });
        self.open.insert(what, place);
        let entry = &mut self.entries[place];
        entry.until = at;
        entry.times += 1;
        entry.sum = entry.sum.saturating_add(sum);
        entry.most = entry.most.max(most);
        if let Err(place) = entry.who.binary_search(&who) {
            entry.who.insert(place, who);
        }
    }

    fn take(&mut self, outcome: &Outcome, at: SimTime, fact: &Fact) {
        let none = (0, 0);
        match *fact {
            Fact::NodeStopped { node, how } => {
                let stop = match how {
                    NodeStop::ShuttingDown => Stop::Ending,
                    NodeStop::Graceful => Stop::Graceful,
                    NodeStop::Killed => Stop::Killed,
                    NodeStop::Frozen => Stop::Frozen,
                    NodeStop::HostLost { disk_lost } => Stop::HostLost { disk_lost },
                };
                self.add(at, What::Stopped(stop), node, none);
            }
            // The first start of a server is no news.
            Fact::NodeStarted { node, kept } if at > first_start(outcome, node) => {
                self.add(at, What::Started, node, (0, kept.unwrap_or(0)));
            }
            Fact::NodeThawed { node } => self.add(at, What::Thawed, node, none),
            Fact::LinkChanged { rule, on } => {
                self.add(at, What::Link { rule, on }, Address::Nameserver(NameserverIx(0)), none);
            }
            Fact::BrokerExpired { nameserver, broker } => {
                self.add(at, What::Forgotten { nameserver }, Address::Broker(broker), none);
            }
            Fact::Disconnected { client, server, how } => {
                self.add(at, What::Lost { server, how: how as u8 }, client, none);
            }
            Fact::CallTimedOut { client, server, what, waited } => {
                self.add(at, What::TimedOut { server, call: what as u8 }, client, (0, waited.as_nanos()));
            }
            Fact::ConnectFailed { client, server, error } => {
                let refused = error == CallError::Refused;
                self.add(at, What::NoConnection { server, refused }, client, none);
            }
            Fact::MasterSeen { client, name, master } => {
                self.add(at, What::Master { name, master }, client, none);
            }
            Fact::PullsFrom { instance, name, process, .. } => {
                self.add(at, What::Pulls { name, process }, Address::Consumer(instance), none);
            }
            _ => self.replica(at, fact),
        }
    }

    fn replica(&mut self, at: SimTime, fact: &Fact) {
        let none = (0, 0);
        match *fact {
            Fact::RoleChanged { broker, role, term } => {
                self.add(at, What::Role { master: role == RoleNow::Master, term }, Address::Broker(broker), none);
            }
            Fact::RaftRole { broker, role, term } => {
                self.add(at, What::Raft { role: role as u8, term }, Address::Broker(broker), none);
            }
            Fact::Replicating { slave, master, connected } => {
                self.add(at, What::Replicating { master, connected }, Address::Broker(slave), none);
            }
            Fact::LogCut { broker, messages, acknowledged, .. } if messages > 0 => {
                let what = What::Cut { acknowledged: acknowledged > 0 };
                self.add(at, what, Address::Broker(broker), (messages, acknowledged));
            }
            Fact::OffsetsTakenOver { slave, entries, back } if back > 0 => {
                self.add(at, What::Offsets, Address::Broker(slave), (back.into(), entries.into()));
            }
            Fact::DiskLevel { broker, percent, writable } => {
                self.add(at, What::Disk { percent, writable }, Address::Broker(broker), none);
            }
            Fact::FilesDeleted { broker, min } => {
                self.add(at, What::Deleted, Address::Broker(broker), (0, min));
            }
            Fact::Busy { broker, busy } => self.add(at, What::Busy { busy }, Address::Broker(broker), none),
            Fact::Avoided { producer, name, lasts, .. } => {
                self.add(at, What::Avoided { name }, Address::Producer(producer), (0, lasts.as_nanos()));
            }
            Fact::TopicCreated { broker, topic, queues } => {
                self.add(at, What::Created { topic }, Address::Broker(broker), (queues.into(), queues.into()));
            }
            Fact::Scaled { group, from, to, lag } => {
                let what = What::Scaled { group: group.0, from, to };
                self.add(at, what, Address::Producer(ProducerIx(0)), (0, lag));
            }
            _ => {}
        }
    }
}

/// When the plan starts a server.
fn first_start(outcome: &Outcome, node: Address) -> SimTime {
    let plan = &outcome.plan;
    let further = |id: BrokerIx| plan.replicas.get(id.at().checked_sub(plan.brokers.len())?).map(|of| of.start_at);
    let start = match node {
        Address::Nameserver(id) => plan.nameservers.get(id.at()).map(|of| of.start_at),
        Address::Broker(id) => plan.brokers.get(id.at()).map(|of| of.start_at).or_else(|| further(id)),
        Address::Producer(id) => plan.producers.get(id.at()).map(|of| of.start_at),
        Address::Consumer(_) => None,
    };
    start.unwrap_or_default()
}

const DISCONNECTIONS: [Disconnection; 4] =
    [Disconnection::Closed, Disconnection::Reset, Disconnection::Idle, Disconnection::CallTimeout];
const RAFT_ROLES: [RaftRoleNow; 3] = [RaftRoleNow::Leader, RaftRoleNow::Follower, RaftRoleNow::Candidate];
const CALLS: [(CallKind, &str, &str); 11] = [
    (CallKind::Route, "route poll", "route polls"),
    (CallKind::Heartbeat, "heartbeat", "heartbeats"),
    (CallKind::Pull, "pull", "pulls"),
    (CallKind::Send, "send", "sends"),
    (CallKind::Members, "question for the members", "questions for the members"),
    (CallKind::Offset, "question for an offset", "questions for an offset"),
    (CallKind::Lock, "lock request", "lock requests"),
    (CallKind::SendBack, "send-back", "send-backs"),
    (CallKind::Unregister, "unregistration", "unregistrations"),
    (CallKind::Register, "registration", "registrations"),
    (CallKind::Sync, "synchronisation", "synchronisations"),
];
