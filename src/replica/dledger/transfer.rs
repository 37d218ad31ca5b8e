//! Leadership transfer and preferred leaders (`DLedgerServer#checkPreferredLeader`, `#handleLeadershipTransfer`,
//! `DLedgerLeaderElector.TakeLeadershipTask`).

use super::grid::{ELECTOR_STEP, SECOND, elapsed_more, not_before};
use super::log::Payload;
use super::output::{AppendError, Effect, Output, Role};
use super::server::{Cx, Server};
use crate::kernel::time::SimTime;
use crate::protocol::dledger::{Message, PeerIx, TransferCode};

/// The call to the transferee whose outcome the leader waits for.
#[derive(Clone, Copy, Debug)]
struct Handing {
    call: u64,
    to: PeerIx,
    term: i64,
    deadline: SimTime,
}

/// A leader's request to take its office.
#[derive(Clone, Copy, Debug)]
struct Taking {
    from: PeerIx,
    call: u64,
    term: i64,
    index: i64,
    since: SimTime,
    /// Entries up to `index` are missing yet; afterwards the election decides.
    behind: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Transfers {
    /// The next of the leader's checks made once a second.
    next_check: SimTime,
    handing: Option<Handing>,
    taking: Option<Taking>,
}

impl Transfers {
    pub(super) fn new(now: SimTime) -> Self {
        Self { next_check: now + SECOND, handing: None, taking: None }
    }
}

impl<E: Payload> Server<E> {
    /// Hands the office to `to`. Appends are refused until the transfer ends ([`Effect::Transfer`]).
    ///
    /// # Errors
    /// When this member does not lead, or hands over already.
    pub fn transfer_leadership(&mut self, now: SimTime, to: PeerIx, out: &mut Output<E>) -> Result<(), AppendError> {
        self.now = now;
        if self.member.role != Role::Leader {
            return Err(AppendError::NotLeader);
        }
        if self.member.transferee.is_some() {
            return Err(AppendError::Transferring);
        }
        self.member.transferee = Some(to);
        let (call, term, index) = (self.next_call(), self.disk.curr_term, self.disk.log.end());
        out.send(to, Message::TakeLeadership { call, term, index });
        self.transfers.handing = Some(Handing { call, to, term, deadline: now + self.config.rpc_timeout });
        Ok(())
    }

    pub(super) fn transfers_due(&self) -> SimTime {
        let hand = self.transfers.handing.map_or(SimTime::MAX, |handing| handing.deadline);
        hand.min(self.taking_due()).min(self.preferred_due())
    }

    /// The transferee's next poll that finds the entries, or finds that it has waited for too long.
    fn taking_due(&self) -> SimTime {
        self.transfers.taking.filter(|taking| taking.behind).map_or(SimTime::MAX, |taking| {
            if self.disk.log.end() >= taking.index {
                not_before(taking.since, ELECTOR_STEP, self.now)
            } else {
                elapsed_more(taking.since, ELECTOR_STEP, taking.since, self.config.max_leadership_transfer_wait_time)
            }
        })
    }

    fn preferred_due(&self) -> SimTime {
        let preferred = &self.config.preferred_leader;
        let checks = self.member.role == Role::Leader
            && self.transfers.handing.is_none()
            && !preferred.is_empty()
            && !preferred.contains(&self.me);
        if checks { not_before(self.transfers.next_check, SECOND, self.now) } else { SimTime::MAX }
    }

    pub(super) fn tick_transfers(&mut self, cx: &mut Cx<'_, E>) {
        if self.transfers.handing.is_some_and(|handing| handing.deadline <= cx.now) {
            self.end_transfer(cx, TransferCode::NetworkError);
        }
        if self.taking_due() <= cx.now
            && let Some(taking) = self.transfers.taking
        {
            self.poll_taking(cx, taking);
        }
        if self.preferred_due() <= cx.now {
            self.transfers.next_check = not_before(self.transfers.next_check, SECOND, cx.now) + SECOND;
            self.check_preferred_leader(cx);
        }
    }

    /// `#checkPreferredLeader`: the live preferred member that lags least, unless it lags too much.
    fn check_preferred_leader(&mut self, cx: &mut Cx<'_, E>) {
        let end = self.disk.log.end();
        let lag = |peer: PeerIx| end - self.water_mark(peer);
        let live = |peer: &PeerIx| self.elector.live.get(peer.index()).copied().unwrap_or(false);
        let best = self.config.preferred_leader.iter().copied().filter(live).min_by_key(|peer| lag(*peer));
        if let Some(to) = best.filter(|peer| lag(*peer) < self.config.max_leadership_transfer_wait_index) {
            // Refused only while another transfer goes on.
            let _refused = self.transfer_leadership(cx.now, to, cx.out);
        }
    }

    pub(super) fn on_take_leadership(&mut self, cx: &mut Cx<'_, E>, from: PeerIx, call: u64, term: i64, index: i64) {
        if self.member.leader != Some(from) {
            cx.out.send(from, Message::TakeLeadershipAnswer { call, code: TransferCode::InconsistentLeader });
            return;
        }
        let taking = Taking { from, call, term, index, since: cx.now, behind: true };
        self.transfers.taking = Some(taking);
        if self.disk.log.end() >= index {
            self.take_leadership(cx, taking);
        }
    }

    fn poll_taking(&mut self, cx: &mut Cx<'_, E>, taking: Taking) {
        if self.disk.log.end() >= taking.index {
            self.take_leadership(cx, taking);
        } else {
            self.answer_taking(cx, taking, TransferCode::TakeLeadershipFailed);
        }
    }

    /// `#handleTakeLeadership`: the term rises in the election loop, then it votes for itself.
    fn take_leadership(&mut self, cx: &mut Cx<'_, E>, taking: Taking) {
        if self.disk.curr_term != taking.term {
            self.answer_taking(cx, taking, TransferCode::InconsistentTerm);
            return;
        }
        let target = taking.term + 1;
        self.member.term_to_take = target;
        self.transfers.taking = Some(Taking { behind: false, ..taking });
        self.change_to_candidate(cx, target);
        self.elector.need_increase_term = true;
    }

    fn answer_taking(&mut self, cx: &mut Cx<'_, E>, taking: Taking, code: TransferCode) {
        self.transfers.taking = None;
        cx.out.send(taking.from, Message::TakeLeadershipAnswer { call: taking.call, code });
    }

    /// `#isTakingLeadership`: only a preferred leader is, in the term that it shall take.
    pub(super) fn is_taking_leadership(&self) -> bool {
        self.member.term_to_take == self.disk.curr_term && self.config.preferred_leader.contains(&self.me)
    }

    /// `TakeLeadershipTask#check`: a change of role may decide the transfer.
    pub(super) fn check_taking(&mut self, cx: &mut Cx<'_, E>, term: i64) {
        let target = self.member.term_to_take;
        let Some(taking) = self.transfers.taking.filter(|taking| !taking.behind && target != -1) else { return };
        let code = match self.member.role {
            _ if term > target => TransferCode::ExpiredTerm,
            Role::Leader if term == target => TransferCode::Success,
            Role::Candidate if term == target => return,
            Role::Follower => TransferCode::TakeLeadershipFailed,
            Role::Leader | Role::Candidate => TransferCode::InternalError,
        };
        self.member.term_to_take = -1;
        self.answer_taking(cx, taking, code);
    }

    pub(super) fn on_take_leadership_answer(&mut self, cx: &mut Cx<'_, E>, call: u64, code: TransferCode) {
        if self.transfers.handing.is_some_and(|handing| handing.call == call) {
            self.end_transfer(cx, code);
        }
    }

    /// The transfer to `peer` fails with its connection.
    pub(super) fn fail_transfer(&mut self, cx: &mut Cx<'_, E>, peer: PeerIx) {
        if self.transfers.handing.is_some_and(|handing| handing.to == peer) {
            self.end_transfer(cx, TransferCode::NetworkError);
        }
    }

    fn end_transfer(&mut self, cx: &mut Cx<'_, E>, code: TransferCode) {
        let Some(handing) = self.transfers.handing.take() else { return };
        if code != TransferCode::Success || self.disk.curr_term == handing.term {
            self.member.transferee = None;
        }
        cx.out.effects.push(Effect::Transfer { to: handing.to, code });
    }
}
