//! The facts between a blow and the moment in which one client goes on with one broker name.

use std::collections::BTreeSet;

use crate::kernel::time::SimTime;
use crate::node::fact::{CallKind, Disconnection, RaftRoleNow, RoleNow};
use crate::protocol::address::Address;
use crate::report::names::Names;
use crate::report::outage::find::between;
use crate::report::outage::knob;
use crate::report::outage::marks::Mark;
use crate::report::outage::model::{Blow, Outage, Step};
use crate::run::outcome::{ExpiryCause, Fact, FactRecord, Outcome, RebalanceTrigger, RouteOwner};
use crate::store::ids::{BrokerIx, InstanceIx, NameserverIx, ProducerIx, QueueIx, TopicIx};

/// Whose way back it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    Consumer(InstanceIx),
    Producer(ProducerIx),
}

impl Client {
    fn address(self) -> Address {
        match self {
            Self::Consumer(id) => Address::Consumer(id),
            Self::Producer(id) => Address::Producer(id),
        }
    }
}

/// What is followed.
pub(super) struct Scene<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) names: &'a Names<'a>,
    pub(super) from: SimTime,
    pub(super) to: SimTime,
    pub(super) name: BrokerIx,
    /// Servers that are gone.
    pub(super) servers: &'a [Address],
    pub(super) outage: &'a Outage,
    pub(super) client: Option<Client>,
    /// Who owned the queue when it happened.
    pub(super) before: Option<InstanceIx>,
    pub(super) topic: TopicIx,
    pub(super) queue: Option<QueueIx>,
}

/// A broker is back, or another has taken its place: from then on the steps can happen once more.
type Phase = u8;

impl Scene<'_> {
    fn of_name(&self, process: BrokerIx) -> bool {
        super::name_of(self.outcome, process) == self.name
    }

    fn is_gone(&self, process: BrokerIx) -> bool {
        self.servers.contains(&Address::Broker(process))
    }

    /// Whether a fact is a client's change of mind about the name, and whether it now has a master for it or queues of it.
    fn view(&self, client: Client, fact: &Fact) -> Option<bool> {
        match *fact {
            Fact::MasterSeen { client: of, name, master } if of == client.address() && name == self.name => {
                Some(master.is_some_and(|master| !self.is_gone(master) || self.back_at().is_some()))
            }
            Fact::RouteChanged { owner, topic, .. } if topic == self.topic => match (owner, client) {
                (RouteOwner::Consumer { instance, .. }, Client::Consumer(id)) if instance == id => Some(true),
                (RouteOwner::Producer(of), Client::Producer(id)) if of == id => Some(true),
                _ => None,
            },
            _ => None,
        }
    }

    fn back_at(&self) -> Option<SimTime> {
        self.outage.back
    }

    /// The last moment up to `to` at which a client's view of the name changed.
    pub(super) fn learnt(&self, client: Client, to: SimTime) -> Option<SimTime> {
        let facts = between(self.outcome, self.from, to);
        facts.iter().rev().find(|record| self.view(client, &record.fact).is_some()).map(|record| record.at)
    }

    /// The first moment before the return at which a client's view of the name changed.
    pub(super) fn dropped(&self, client: Client) -> Option<SimTime> {
        let until = self.back_at().unwrap_or(self.to).min(self.to);
        let facts = between(self.outcome, self.from, until);
        facts.iter().find(|record| self.view(client, &record.fact).is_some()).map(|record| record.at)
    }

    /// What was waited for, step by step; `ended` says that it went on at the end.
    pub(super) fn marks(&self, ended: bool) -> Vec<Mark> {
        let mut marks: Vec<Mark> = Vec::new();
        let mut told: BTreeSet<(Phase, Step)> = BTreeSet::new();
        let mut phase: Phase = 0;
        for record in between(self.outcome, self.from, self.to) {
            let Some(mut mark) = self.mark(record) else { continue };
            if matches!(mark.step, Step::Return | Step::Vote) {
                phase = phase.saturating_add(1);
            }
            if mark.step == Step::Redirect {
                // A dead process never answers; a living one answers a held pull when it has held it long enough.
                let waited = told.contains(&(phase, Step::PullTimeout));
                mark.knob = Some(if phase == 0 { knob::pull() } else { knob::hold() }).filter(|_| !waited);
            }
            // A redirection, a vote and a return can come several times; the last one counts.
            let again = matches!(mark.step, Step::Redirect | Step::Vote | Step::Return);
            if told.insert((phase, mark.step)) || again {
                marks.push(mark);
            }
        }
        if ended {
            let what = match self.client {
                Some(Client::Consumer(id)) => {
                    format!("the first message after that reaches {}", self.names.instance(id))
                }
                Some(Client::Producer(id)) => format!("a send of {} succeeds", self.names.producer(id)),
                None => "it goes on".to_owned(),
            };
            marks.push(Mark::new(self.to, Step::Message, what));
        }
        marks
    }

    fn mark(&self, record: &FactRecord) -> Option<Mark> {
        self.of_servers(record).or_else(|| self.of_raft(record)).or_else(|| self.of_client(record))
    }

    fn of_servers(&self, record: &FactRecord) -> Option<Mark> {
        let at = record.at;
        let names = self.names;
        match record.fact {
            Fact::NodeStopped { node, how: crate::node::fact::NodeStop::Graceful } if self.servers.contains(&node) => {
                Some(Mark::new(at, Step::ShutDown, format!("the process of {} ends", names.node(node))))
            }
            Fact::NodeStarted { node, .. } if at > self.outage.at && self.servers.contains(&node) => {
                Some(Mark::new(at, Step::Return, format!("{} is started again", names.node(node))))
            }
            Fact::NodeThawed { node } if at > self.outage.at && self.servers.contains(&node) => {
                Some(Mark::new(at, Step::Return, format!("{} goes on", names.node(node))))
            }
            Fact::LinkChanged { rule, on: false }
                if self.outage.victims.iter().any(|victim| victim.blow == Blow::CutOff(rule)) =>
            {
                Some(Mark::new(at, Step::Return, "the network heals".to_owned()))
            }
            Fact::BrokerExpired { nameserver, broker } if self.is_gone(broker) && self.of_name(broker) => {
                Some(self.detection(at, nameserver, broker))
            }
            // A registration matters when the nameserver had forgotten the broker, or has forgotten everything.
            Fact::BrokerRegistered { nameserver, broker, changed: true } if self.of_name(broker) => {
                let what = format!("{} registers with {}", names.process(broker), names.nameserver(nameserver));
                Some(Mark::new(at, Step::Register, what).knob(knob::register(&self.outcome.plan, broker)))
            }
            _ => None,
        }
    }

    fn detection(&self, at: SimTime, nameserver: NameserverIx, broker: BrokerIx) -> Mark {
        let how = between(self.outcome, at, at).iter().find_map(|record| match record.fact {
            Fact::Disconnected { client, server, how } => {
                let ends = [client, server];
                let both = ends.contains(&Address::Nameserver(nameserver)) && ends.contains(&Address::Broker(broker));
                both.then_some(how)
            }
            _ => None,
        });
        let (name, process) = (self.names.nameserver(nameserver), self.names.process(broker));
        let instant = at.since(self.outage.at) < knob::INSTANT;
        let (why, knob) = match how {
            Some(Disconnection::Closed) => ("the connection closes", None),
            Some(Disconnection::Reset) => ("the connection is reset", None),
            Some(Disconnection::CallTimeout) => ("a call ran into its timeout", None),
            None if instant => ("it is gone", None),
            Some(Disconnection::Idle) | None => {
                ("no sign of life for too long", knob::broker_expiry(&self.outcome.plan, nameserver))
            }
        };
        Mark::new(at, Step::Detection, format!("{name} forgets {process}: {why}")).knob(knob)
    }

    fn of_raft(&self, record: &FactRecord) -> Option<Mark> {
        let at = record.at;
        let plan = &self.outcome.plan;
        match record.fact {
            Fact::RaftRole { broker, role: RaftRoleNow::Candidate, .. } if self.of_name(broker) => {
                let what = format!("{} misses its leader and asks for votes", self.names.process(broker));
                Some(Mark::new(at, Step::Leaderless, what).knob(knob::leader_heartbeat(plan, self.name)))
            }
            Fact::RaftRole { broker, role: RaftRoleNow::Leader, term } if self.of_name(broker) => {
                let what = format!("{} is elected in term {term}", self.names.process(broker));
                Some(Mark::new(at, Step::Vote, what).knob(knob::vote(plan, self.name)))
            }
            Fact::RoleChanged { broker, role: RoleNow::Master, .. } if self.of_name(broker) => {
                Some(Mark::new(at, Step::Role, format!("{} becomes master", self.names.process(broker))))
            }
            _ => None,
        }
    }

    fn of_client(&self, record: &FactRecord) -> Option<Mark> {
        let client = self.client?;
        let (at, plan) = (record.at, &self.outcome.plan);
        let who = self.names.node(client.address());
        if self.view(client, &record.fact).is_some() {
            let what = match record.fact {
                Fact::MasterSeen { master: Some(master), .. } => {
                    format!("{who} polls the route: {} is master", self.names.process(master))
                }
                Fact::MasterSeen { .. } => format!("{who} polls the route: no master"),
                _ => format!("{who} polls the route"),
            };
            return Some(Mark::new(at, Step::Poll, what).knob(knob::poll(plan, Some(client.address()))));
        }
        let Client::Consumer(member) = client else { return None };
        let of_process = |process: BrokerIx| self.of_name(process);
        match &record.fact {
            Fact::PullsFrom { instance, name, process, .. } if *instance == member && *name == self.name => {
                let what = format!("the pulls of {who} go to {}", self.names.process(*process));
                Some(Mark::new(at, Step::Redirect, what))
            }
            Fact::CallTimedOut { client, server: Address::Broker(process), what: CallKind::Pull, .. }
                if *client == Address::Consumer(member) && of_process(*process) =>
            {
                let what = format!("{who} gives up its pull from {}", self.names.process(*process));
                Some(Mark::new(at, Step::PullTimeout, what).knob(Some(knob::pull())))
            }
            Fact::ClientRegistered { broker, instance, .. } if *instance == member && of_process(*broker) => {
                let what = format!("{} knows {who} again by its heartbeat", self.names.process(*broker));
                Some(Mark::new(at, Step::Heartbeat, what).knob(knob::heartbeat(plan, Some(client.address()))))
            }
            Fact::ClientExpired { broker, instance, cause, .. }
                if Some(*instance) == self.before && of_process(*broker) =>
            {
                let (broker, gone) = (self.names.process(*broker), self.names.instance(*instance));
                let silent = matches!(cause, ExpiryCause::ChannelIdle | ExpiryCause::ScanExpired);
                let idle = *cause == ExpiryCause::ChannelIdle;
                let knob = knob::client_expiry(plan, self.name, idle).filter(|_| silent);
                Some(Mark::new(at, Step::Detection, format!("{broker} forgets {gone}")).knob(knob))
            }
            Fact::LockLost { queue, until, expired: true, .. } if Some(*queue) == self.queue && *until > self.from => {
                let what = "the lock of its former owner runs out".to_owned();
                Some(Mark::new(*until, Step::LockExpiry, what).knob(Some(knob::lock())))
            }
            Fact::Revoked { instance, queues, .. } if *instance == member => {
                let gone = self.queue.is_some_and(|queue| queues.contains(&queue));
                gone.then(|| self.rebalance(at, member, format!("{who} rebalances and gives the queue up")))
            }
            Fact::Assigned { instance, queues, .. } if *instance == member => {
                let taken = self.queue.is_some_and(|queue| queues.contains(&queue));
                taken.then(|| self.rebalance(at, member, format!("{who} rebalances and takes the queue")))
            }
            _ => None,
        }
    }

    /// A rebalance that changed the queue; only the timer of it can be turned.
    fn rebalance(&self, at: SimTime, member: InstanceIx, what: String) -> Mark {
        let limit = at.saturating_add(crate::kernel::time::SimDuration::from_secs(10));
        let timer = between(self.outcome, at, limit).iter().find_map(|record| match record.fact {
            Fact::Rebalanced { instance, topic, trigger, .. } if instance == member && topic == self.topic => {
                Some(trigger == RebalanceTrigger::Timer)
            }
            _ => None,
        });
        let knob = knob::rebalance(&self.outcome.plan, member).filter(|_| timer == Some(true));
        Mark::new(at, Step::Rebalance, what).knob(knob)
    }
}
