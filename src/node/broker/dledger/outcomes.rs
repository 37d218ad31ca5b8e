//! What the member tells its broker: entries that came and went, what is committed, and what became of appends.

use super::{Broker, Committed};
use crate::kernel::time::SimTime;
use crate::node::broker::outcome::Then;
use crate::node::fact::{Fact, RaftRoleNow};
use crate::node::outbox::{Effect as Wish, Outbox};
use crate::protocol::dledger::DLedgerRecord;
use crate::protocol::message::{Body, ResponseCode, SendReply, SendStatus};
use crate::replica::dledger::{AppendOutcome, Effect, Role};
use crate::store::dispatch::next_dispatch_tick;
use crate::store::log_tail::LogEntry;

impl Broker {
    /// What waits is done when the group has decided on the entry that was just appended; false without a group.
    pub(in crate::node::broker) fn await_quorum(&mut self, then: Then) -> bool {
        let Some(group) = &mut self.dledger else { return false };
        if let Some(index) = group.last {
            group.waits.push_back((index, then));
        }
        true
    }

    pub(super) fn on_group_effect(&mut self, now: SimTime, effect: Effect, out: &mut Outbox) {
        match effect {
            Effect::Role { role, term, .. } => {
                self.tell_raft_role(role, term, out);
                if let Some(group) = &mut self.dledger {
                    group.roles.push(role);
                }
            }
            Effect::Appended { first, last } => self.take_in(first, last),
            Effect::Truncated { end } => self.cut_to(end, out),
            Effect::Cleared { .. } => {
                let before = self.log_max();
                let cut = self.store.clear();
                self.tell_cut(before, &cut, out);
            }
            Effect::Committed { .. } => self.on_committed(now, out),
            Effect::Outcome { first, last, outcome } => self.on_outcome(now, (first, last), outcome, out),
            Effect::Transfer { .. } => {}
        }
    }

    /// Says what the member is now, if that is new.
    pub(super) fn tell_raft_role(&mut self, role: Role, term: i64, out: &mut Outbox) {
        let broker = self.me;
        let Some(group) = &mut self.dledger else { return };
        let role = match role {
            Role::Leader => RaftRoleNow::Leader,
            Role::Follower => RaftRoleNow::Follower,
            Role::Candidate => RaftRoleNow::Candidate,
        };
        let now_is = (role, term.unsigned_abs());
        if group.told.replace(now_is) != Some(now_is) {
            out.fact(Fact::RaftRole { broker, role, term: now_is.1 });
        }
    }

    /// A leader's entries become records here.
    pub(super) fn take_in(&mut self, first: i64, last: i64) {
        let Some(group) = &self.dledger else { return };
        let log = group.server.as_ref().map_or(group.disk.log(), |server| server.log());
        for entry in log.range(first, last) {
            let record = DLedgerRecord::of(entry);
            let entry = LogEntry { queue: record.local as usize, offset: record.offset, message: record.message };
            self.store.put_record(&entry);
        }
    }

    /// Everything after the entry `end` is gone.
    fn cut_to(&mut self, end: i64, out: &mut Outbox) {
        let Some(server) = self.dledger.as_ref().and_then(|group| group.server.as_ref()) else { return };
        let log = server.log();
        let position = log.get(end.min(log.end())).map_or(0, |entry| entry.pos + entry.bytes());
        let before = self.log_max();
        let cut = self.store.truncate(position);
        self.tell_cut(before, &cut, out);
    }

    /// More may be seen: on the leader, pulls that wait for it are woken by the next run of the dispatch loop.
    fn on_committed(&mut self, now: SimTime, out: &mut Outbox) {
        let slave = self.is_slave();
        let Some(group) = &mut self.dledger else { return };
        let Some(server) = &group.server else { return };
        let (log, before) = (server.log(), group.committed);
        let index = log.committed();
        group.committed = Committed {
            index,
            position: log.committed_pos(),
            since: now,
            before: if before.since == now { before.before } else { before.position },
        };
        if slave || self.holds.waiting().next().is_none() {
            return;
        }
        let tick = next_dispatch_tick(self.started, now);
        for entry in log.range(before.index + 1, index) {
            let local = entry.payload.local;
            if self.holds.arrange_wake(local as usize) {
                out.effects.push(Wish::DispatchAt(local, tick));
            }
        }
    }

    /// `DLedgerCommitLog#asyncPutMessage`: a status by the code of the append.
    fn on_outcome(&mut self, now: SimTime, range: (i64, i64), outcome: AppendOutcome, out: &mut Outbox) {
        let Some(group) = &mut self.dledger else { return };
        let from = group.waits.partition_point(|(index, _)| *index < range.0);
        let to = group.waits.partition_point(|(index, _)| *index <= range.1);
        let done: Vec<Then> = group.waits.drain(from..to).map(|(_, then)| then).collect();
        for then in done {
            match (outcome, then) {
                (AppendOutcome::Committed, then) => self.answer(now, then, SendStatus::SendOk, out),
                (_, Then::Answer(channel, correlation, _)) => {
                    let refusal = SendReply::Error(ResponseCode::SystemError);
                    self.reply_to(channel, correlation, Body::SendReply(refusal), out);
                }
                (_, Then::Returned(channel, correlation)) => {
                    self.reply_to(channel, correlation, Body::Returned(false), out);
                }
                (_, Then::Operation(..)) => {}
            }
        }
    }
}
