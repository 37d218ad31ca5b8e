//! How the broker follows its member's role (`DLedgerRoleChangeHandler`, `BrokerController#changeToMaster`, `#changeToSlave`).

use std::collections::VecDeque;

use super::Broker;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::{Fact, RoleNow};
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::node::replication_config::Role as BrokerRoleNow;
use crate::protocol::route::MASTER_ID;
use crate::replica::dledger::Role;
use crate::store::config::BrokerRole;
use crate::store::dispatch::dispatch_tick;

/// The pause between two looks at whether a new leader's log is committed and dispatched.
const POLL: SimDuration = SimDuration::from_millis(100);

/// The handler's thread: events in their order, one after another.
#[derive(Debug, Default)]
pub(super) struct RoleChanges {
    events: VecDeque<Role>,
    /// The LEADER event at the front looks again then.
    poll_at: Option<SimTime>,
}

impl RoleChanges {
    pub(super) fn push(&mut self, role: Role) {
        self.events.push_back(role);
    }
}

/// What a new leader finds when it looks.
enum Look {
    Ready,
    NotYet,
    LeadsNoMore,
}

impl Broker {
    /// Handles the events that can be handled now.
    pub(in crate::node::broker) fn run_role_changes(&mut self, now: SimTime, out: &mut Outbox) {
        while let Some(group) = &mut self.dledger {
            let Some(role) = group.roles.events.front().copied() else { return };
            if group.roles.poll_at.is_some_and(|at| at > now) {
                return;
            }
            match role {
                Role::Candidate if self.is_slave() => {}
                Role::Candidate | Role::Follower => self.change_to_slave(now, out),
                Role::Leader => match self.look(now) {
                    Look::Ready => self.change_to_master(now, out),
                    Look::LeadsNoMore => {}
                    Look::NotYet => {
                        if let Some(group) = &mut self.dledger {
                            group.roles.poll_at = Some(now + POLL);
                        }
                        out.arm(Timer::RoleChange, now + POLL);
                        return;
                    }
                },
            }
            if let Some(group) = &mut self.dledger {
                group.roles.poll_at = None;
                group.roles.events.pop_front();
            }
        }
    }

    /// An empty log is ready at once; otherwise all of it has to be committed and dispatched.
    fn look(&self, now: SimTime) -> Look {
        let Some(group) = &self.dledger else { return Look::LeadsNoMore };
        let Some(server) = group.server.as_ref().filter(|server| server.role() == Role::Leader) else {
            return Look::LeadsNoMore;
        };
        let (log, tick) = (server.log(), dispatch_tick(self.started, now));
        let dispatched = group.committed.visible_at(tick) == group.committed.position;
        if log.is_empty() || log.end() == log.committed() && dispatched { Look::Ready } else { Look::NotYet }
    }

    /// `BrokerController#changeToMaster`.
    fn change_to_master(&mut self, now: SimTime, out: &mut Outbox) {
        if self.identity.id == MASTER_ID && !self.is_slave() {
            return;
        }
        self.identity.id = MASTER_ID;
        self.role = BrokerRoleNow::SyncMaster;
        self.store.set_broker_role(BrokerRole::SyncMaster);
        self.set_sync(now, false, out);
        self.start_schedule(now, out);
        if self.deployment.half.is_some() {
            out.arm(Timer::TransactionCheck, now + self.config.transaction_check_interval);
        }
        out.effects.push(Effect::Leads);
        out.fact(Fact::RoleChanged { broker: self.me, role: RoleNow::Master, term: self.term() });
        self.register_oneway(out);
    }

    /// `BrokerController#changeToSlave`.
    fn change_to_slave(&mut self, now: SimTime, out: &mut Outbox) {
        let Some(group) = &self.dledger else { return };
        let id = u32::from(group.group.me.0) + 1;
        let news = self.identity.id != id || !self.is_slave();
        self.delay_offsets_to_disk();
        self.identity.id = id;
        self.role = BrokerRoleNow::Slave;
        self.store.set_broker_role(BrokerRole::Slave);
        self.stop_schedule();
        out.disarm(Timer::Schedule);
        out.disarm(Timer::TransactionCheck);
        self.set_sync(now, true, out);
        if news {
            out.fact(Fact::RoleChanged { broker: self.me, role: RoleNow::Slave, term: self.term() });
        }
        self.register_oneway(out);
    }
}
