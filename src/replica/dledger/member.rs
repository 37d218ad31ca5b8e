//! Roles and terms (`MemberState`): what the election loop and the answering threads change under one lock.

use super::elector::ParseResult;
use super::log::Payload;
use super::output::{Effect, Role};
use super::server::{Cx, Server};
use crate::protocol::dledger::PeerIx;

/// The volatile part; term and vote are on the disk.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) role: Role,
    pub(super) leader: Option<PeerIx>,
    /// `knownMaxTermInGroup`.
    pub(super) known_max_term: i64,
    /// `transferee`: to whom this leader hands over.
    pub(super) transferee: Option<PeerIx>,
    /// `termToTakeLeadership`, -1 when none.
    pub(super) term_to_take: i64,
}

impl Default for Member {
    fn default() -> Self {
        Self { role: Role::Candidate, leader: None, known_max_term: -1, transferee: None, term_to_take: -1 }
    }
}

impl<E: Payload> Server<E> {
    /// `DLedgerLeaderElector#changeRoleToCandidate`: the term itself rises later, in the election loop.
    pub(super) fn change_to_candidate(&mut self, cx: &mut Cx<'_, E>, term: i64) {
        if term < self.disk.curr_term {
            return;
        }
        self.member.known_max_term = self.member.known_max_term.max(term);
        self.member.role = Role::Candidate;
        self.member.leader = None;
        self.member.transferee = None;
        self.role_changed(cx, term);
    }

    /// `#changeRoleToFollower`: of a leader whose term is not below the own one.
    pub(super) fn change_to_follower(&mut self, cx: &mut Cx<'_, E>, term: i64, leader: PeerIx) {
        self.elector.last_parse = ParseResult::WaitToRevote;
        if term != self.disk.curr_term {
            self.disk.curr_term = term;
            self.disk.vote_for = None;
        }
        self.member.known_max_term = self.member.known_max_term.max(term);
        self.member.role = Role::Follower;
        self.member.leader = Some(leader);
        self.member.transferee = None;
        self.elector.last_leader_beat = cx.now;
        self.role_changed(cx, term);
    }

    /// `#changeRoleToLeader`, unless the term has changed meanwhile.
    pub(super) fn change_to_leader(&mut self, cx: &mut Cx<'_, E>, term: i64) {
        if self.disk.curr_term != term {
            return;
        }
        self.member.role = Role::Leader;
        self.member.leader = Some(self.me);
        self.elector.live.fill(false);
        self.elector.last_sent_beat = None;
        self.role_changed(cx, term);
        self.acks.start_leading(cx.now, term, cx.out);
    }

    /// `MemberState#nextTerm`.
    pub(super) fn next_term(&mut self) {
        self.disk.curr_term = self.member.known_max_term.max(self.disk.curr_term + 1);
        self.disk.vote_for = None;
    }

    /// `#handleRoleChange`.
    fn role_changed(&mut self, cx: &mut Cx<'_, E>, term: i64) {
        self.check_taking(cx, term);
        cx.out.effects.push(Effect::Role { role: self.member.role, term, leader: self.member.leader });
    }
}
