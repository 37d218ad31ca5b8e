//! The broker in DLedger mode (`DLedgerCommitLog`): its commit log is that of its member in a Raft group. What is put goes through
//! the group, its answer waits for the quorum, and nobody sees more than what the group has committed.
//!
//! # Departures
//! - A delayed message counts as delivered as soon as the leader has taken it in; upstream waits for the quorum.
//! - The operation that ends a half message is written when the message is committed; when that fails, the transaction is
//!   counted as ended all the same, and checked again.
//! - When a peer refuses a connection, all calls to it fail that wait for an answer, also those sent over an earlier one.

mod life;
mod outcomes;
mod roles;

use std::collections::VecDeque;

use super::machine::Broker;
use super::outcome::Then;
use crate::kernel::rng::Stream;
use crate::kernel::time::SimTime;
use crate::node::fact::RaftRoleNow;
use crate::node::outbox::{Outbox, Timer};
use crate::node::replication_config::Role;
use crate::protocol::address::Address;
use crate::protocol::dledger::{DLedgerRecord, ENTRY_HEADER, PeerIx};
use crate::protocol::message::{Body, Correlation, Envelope};
use crate::replica::dledger::{DLedgerConfig, Disk, Output, Server};
use crate::store::ids::BrokerIx;
use crate::store::log_tail::LogEntry;
use crate::store::message::{Draft, Message};
use crate::store::message_store::{AppendStatus, Put};
use roles::RoleChanges;

/// `brokerId` before the first election: -1 upstream.
pub(super) const NO_BROKER_ID: u32 = u32::MAX;

/// A member's place in its group.
#[derive(Clone, Debug, PartialEq)]
pub struct RaftGroup {
    /// Which member.
    pub me: PeerIx,
    /// The processes of all members in the order of their numbers.
    pub members: Vec<BrokerIx>,
    /// Its settings.
    pub config: DLedgerConfig,
}

impl RaftGroup {
    fn peer(&self, process: Address) -> Option<PeerIx> {
        let at = self.members.iter().position(|member| Address::Broker(*member) == process)?;
        u8::try_from(at).ok().map(PeerIx)
    }
}

/// Up to where the log is committed, as the dispatch loop of 1 ms sees it.
#[derive(Clone, Copy, Debug, Default)]
struct Committed {
    index: i64,
    /// The position, and since when.
    position: u64,
    since: SimTime,
    /// The position before, which runs of the loop before `since` still go by.
    before: u64,
}

impl Committed {
    const fn visible_at(&self, tick: SimTime) -> u64 {
        if tick.as_nanos() >= self.since.as_nanos() { self.position } else { self.before }
    }
}

/// A member of a group under its broker.
#[derive(Debug)]
pub(super) struct DLedger {
    group: RaftGroup,
    /// While the process runs.
    server: Option<Server<DLedgerRecord>>,
    /// While it does not.
    disk: Disk<DLedgerRecord>,
    /// What the member wants done.
    output: Output<DLedgerRecord>,
    stream: Stream,
    /// The deadline that is armed.
    armed: SimTime,
    committed: Committed,
    /// Who waits for the outcome of which entry, in order.
    waits: VecDeque<(i64, Then)>,
    /// The latest entry of this process.
    last: Option<i64>,
    /// Role and term as last told.
    told: Option<(RaftRoleNow, u64)>,
    roles: RoleChanges,
    /// The disk was lost with the host.
    emptied: bool,
}

impl DLedger {
    /// `currTerm`.
    pub(super) fn term(&self) -> u64 {
        self.server.as_ref().map_or(0, |server| server.term().unsigned_abs())
    }

    /// Up to where a run of the dispatch loop at `tick` goes (`getCommittedPos`).
    pub(super) fn visible_at(&self, tick: SimTime) -> u64 {
        if self.server.is_some() { self.committed.visible_at(tick) } else { self.disk.log().committed_pos() }
    }

    /// Begins with what another member has before the run.
    pub(super) fn copy_disk(&mut self, other: &Self) {
        self.disk = other.disk.clone();
    }
}

impl Broker {
    /// Makes the broker a member of a Raft group, before anything is stored. Its id and role are decided by elections.
    #[must_use]
    pub fn with_group(mut self, mut group: RaftGroup) -> Self {
        group.config.mapped_file_size_for_entry_data = self.config.mapped_file_size_commit_log;
        self.role = Role::AsyncMaster;
        self.identity.id = NO_BROKER_ID;
        self.dledger = Some(Box::new(DLedger {
            disk: Disk::empty(&group.config),
            server: None,
            output: Output::default(),
            stream: self.stream.clone(),
            armed: SimTime::MAX,
            committed: Committed::default(),
            waits: VecDeque::new(),
            last: None,
            told: None,
            roles: RoleChanges::default(),
            emptied: false,
            group,
        }));
        self
    }

    /// Gives the waits between votes a stream of their own.
    #[must_use]
    pub fn with_election_stream(mut self, stream: Stream) -> Self {
        if let Some(group) = &mut self.dledger {
            group.stream = stream;
        }
        self
    }

    /// The last entry of its log, as term and index; which member is ahead of another.
    #[must_use]
    pub fn ledger_end(&self) -> Option<(i64, i64)> {
        let group = self.dledger.as_ref()?;
        let log = group.server.as_ref().map_or(group.disk.log(), Server::log);
        Some((log.end_term(), log.end()))
    }

    /// Whether a put would be refused by the group.
    pub(super) fn group_refuses(&self) -> bool {
        let server = self.dledger.as_ref().map(|group| group.server.as_ref());
        server.is_some_and(|server| server.is_none_or(|server| server.accepts().is_err()))
    }

    /// The latest entry that this process appended.
    pub(super) fn last_entry(&self) -> Option<i64> {
        self.dledger.as_ref().and_then(|group| group.last)
    }

    /// Appends a record through the group (`DLedgerCommitLog#asyncPutMessage`): its offset is assigned before it is committed.
    /// Before the process first runs, all members have it.
    pub(super) fn put_into_group(&mut self, now: SimTime, local: u32, draft: &Draft) -> Put {
        let offset = self.store.appended_offset(local as usize);
        let refused = Put { status: AppendStatus::Refused, physical: 0, queue_offset: offset };
        let Some(group) = &mut self.dledger else { return refused };
        let Draft { born_at, size, body, key, class } = *draft;
        let record = DLedgerRecord { local, body, key, class, offset, stored_at: now, born_at };
        let pos = match &mut group.server {
            Some(server) => match server.append(now, record, size, &mut group.output) {
                Ok(appended) => {
                    group.last = Some(appended.index);
                    appended.pos
                }
                Err(_) => return refused,
            },
            None => group.disk.preload(record, size),
        };
        let physical = pos + ENTRY_HEADER;
        let message = Message { physical, stored_at: now, born_at, size, body, key, class };
        self.store.put_record(&LogEntry { queue: local as usize, offset, message });
        Put { status: AppendStatus::PutOk, physical, queue_offset: offset }
    }

    /// What came from a member of the group, or was said of a call to it, is the member's; the rest is the broker's.
    pub(super) fn on_message_of_member(&mut self, now: SimTime, envelope: Envelope, out: &mut Outbox) {
        let peer = self.dledger.as_ref().and_then(|group| group.group.peer(envelope.from));
        match (peer, envelope.body) {
            (Some(peer), Body::DLedger(message)) => {
                self.with_server(|server, draw, output| server.on_message(now, peer, *message, draw, output));
            }
            (Some(peer), Body::Failed(_)) if envelope.correlation == Correlation::ONEWAY => {
                self.with_server(|server, draw, output| server.on_unreachable(now, peer, draw, output));
            }
            (_, body) => self.serve_message(now, Envelope { body, ..envelope }, out),
        }
        self.settle_group(now, out);
    }

    /// A connection to another member that this broker had opened was reset: calls under way over it have failed.
    pub fn on_peer_reset(&mut self, now: SimTime, server: Address, out: &mut Outbox) {
        if let Some(peer) = self.dledger.as_ref().and_then(|group| group.group.peer(server)) {
            self.with_server(|server, draw, output| server.on_unreachable(now, peer, draw, output));
            self.settle_group(now, out);
        }
    }

    /// The member has something to do.
    pub(super) fn on_group_timer(&mut self, now: SimTime) {
        if let Some(group) = &mut self.dledger {
            group.armed = SimTime::MAX;
        }
        self.with_server(|server, draw, output| server.on_tick(now, draw, output));
    }

    fn with_server(
        &mut self,
        tell: impl FnOnce(&mut Server<DLedgerRecord>, &mut dyn FnMut(u64) -> u64, &mut Output<DLedgerRecord>),
    ) {
        if let Some(group) = &mut self.dledger {
            let DLedger { server, stream, output, .. } = &mut **group;
            if let Some(server) = server {
                tell(server, &mut |bound| stream.below(bound), output);
            }
        }
    }

    /// Carries out what the member wants, until it wants nothing more, and arms its next deadline.
    #[inline]
    pub(super) fn settle_group(&mut self, now: SimTime, out: &mut Outbox) {
        if self.dledger.is_some() {
            self.carry_out_group(now, out);
        }
    }

    fn carry_out_group(&mut self, now: SimTime, out: &mut Outbox) {
        loop {
            let Some(group) = &mut self.dledger else { return };
            for (peer, message) in group.output.messages.drain(..) {
                let to = Address::Broker(group.group.members[peer.index()]);
                out.send(to, Correlation::ONEWAY, Body::DLedger(Box::new(message)));
            }
            if group.output.effects.is_empty() {
                break;
            }
            let mut effects = std::mem::take(&mut group.output.effects);
            for effect in effects.drain(..) {
                self.on_group_effect(now, effect, out);
            }
            if let Some(group) = &mut self.dledger
                && group.output.effects.is_empty()
            {
                group.output.effects = effects;
            }
            self.run_role_changes(now, out);
        }
        if let Some(group) = &mut self.dledger
            && let Some(server) = &group.server
        {
            let deadline = server.next_deadline();
            if deadline < group.armed {
                group.armed = deadline;
                out.arm(Timer::DLedger, deadline);
            }
        }
    }
}
