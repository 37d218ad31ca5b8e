//! One member of a group: its parts, its inputs and when it wants to be woken.

use super::ack::Acks;
use super::config::DLedgerConfig;
use super::dispatcher::Dispatcher;
use super::elector::Elector;
use super::grid::PUSH_STEP;
use super::handler::Handler;
use super::log::{Log, Payload};
use super::member::Member;
use super::output::{AppendError, AppendOutcome, Appended, Effect, Output, Role};
use super::transfer::Transfers;
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::dledger::{Message, PeerIx};

/// What survives a stop: `currTerm`, `voteFor`, the log and the checkpoint.
#[derive(Clone, Debug)]
pub struct Disk<E> {
    pub(super) curr_term: i64,
    pub(super) vote_for: Option<PeerIx>,
    pub(super) log: Log<E>,
}

impl<E: Payload> Disk<E> {
    /// An empty disk.
    #[must_use]
    pub fn empty(config: &DLedgerConfig) -> Self {
        let file = config.mapped_file_size_for_entry_data;
        let log = Log::new(file, config.flush_file_interval, config.check_point_interval);
        Self { curr_term: 0, vote_for: None, log }
    }

    /// Writes an entry that all members have had, committed, since long before they start; returns its position.
    pub fn preload(&mut self, payload: E, size: u32) -> u64 {
        let (index, pos) = self.log.append(SimTime::ZERO, self.curr_term, size, payload);
        self.log.commit(SimTime::ZERO, index);
        self.log.rest();
        pos
    }

    /// The log, as a member that starts finds it.
    #[must_use]
    pub const fn log(&self) -> &Log<E> {
        &self.log
    }
}

/// How a member ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Shut down: the checkpoint is written.
    Graceful,
    /// The process is killed: all that was written stays, the committed index falls back to the last checkpoint.
    Crash,
    /// The host loses power: entries not flushed are gone too.
    PowerLoss,
    /// The disk is gone.
    DiskLoss,
}

/// Rules broken on purpose, so that a test can show that its checks bite.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Broken {
    /// None.
    #[default]
    Nothing,
    /// Gives its vote to everybody who asks.
    VotesTwice,
    /// Takes its own mark for that of a quorum.
    CommitsAlone,
    /// Gives its vote to shorter logs.
    VotesForShortLogs,
    /// Takes any comparison for equal.
    ComparesNothing,
}

/// A draw: uniform in `0..n`.
pub(super) type Draw<'a> = dyn FnMut(u64) -> u64 + 'a;

/// What every step needs.
pub(super) struct Cx<'a, E> {
    pub(super) now: SimTime,
    pub(super) draw: &'a mut Draw<'a>,
    pub(super) out: &'a mut Output<E>,
}

/// One member of a group (`DLedgerServer`). Indexes and terms are -1 where upstream has none.
///
/// Inputs are given in the order of their times. `draw(n)` gives a number evenly in `0..n`, from the member's own stream:
/// the waits before votes come from it.
#[derive(Clone, Debug)]
pub struct Server<E> {
    pub(super) config: DLedgerConfig,
    pub(super) me: PeerIx,
    pub(super) members: u8,
    pub(super) disk: Disk<E>,
    pub(super) member: Member,
    pub(super) elector: Elector,
    pub(super) dispatchers: Vec<Dispatcher>,
    pub(super) acks: Acks,
    pub(super) handler: Handler<E>,
    pub(super) transfers: Transfers,
    pub(super) disk_full: bool,
    pub(super) broken: Broken,
    pub(super) last_call: u64,
    /// Time of the last input.
    pub(super) now: SimTime,
}

impl<E: Payload> Server<E> {
    /// A member that starts at `now` from what its disk holds, as a candidate in its stored term.
    ///
    /// # Panics
    /// When `me` is not one of `members`, or those are more than 64.
    #[must_use]
    pub fn new(now: SimTime, config: DLedgerConfig, me: PeerIx, members: u8, disk: Disk<E>) -> Self {
        assert!(me.0 < members && members <= 64, "a member of a group of at most 64");
        Self {
            me,
            members,
            disk,
            member: Member::default(),
            elector: Elector::new(now, members),
            dispatchers: (0..members).map(|_| Dispatcher::new(now)).collect(),
            acks: Acks::new(now, members),
            handler: Handler::new(now),
            transfers: Transfers::new(now),
            disk_full: false,
            broken: Broken::Nothing,
            // Answers to calls of an earlier life find no call.
            last_call: now.as_nanos(),
            now,
            config,
        }
    }

    /// Ends this member and leaves what a member started later finds ([`Server::new`]). A flush, and every
    /// `checkPointInterval` a checkpoint, falls on whole multiples of its interval.
    #[must_use]
    pub fn stop(mut self, now: SimTime, how: Stop) -> Disk<E> {
        match how {
            Stop::Graceful => {}
            Stop::Crash => self.disk.log.fall_back(now),
            Stop::PowerLoss => {
                self.disk.log.lose_unflushed(now);
                self.disk.log.fall_back(now);
            }
            Stop::DiskLoss => return Disk::empty(&self.config),
        }
        self.disk.log.rest();
        self.disk
    }

    /// The first run of the loops.
    pub fn on_start(&mut self, now: SimTime, draw: &mut dyn FnMut(u64) -> u64, out: &mut Output<E>) {
        self.on_tick(now, draw, out);
    }

    /// Does what is due at `now`; nothing when that is nothing.
    pub fn on_tick(&mut self, now: SimTime, draw: &mut dyn FnMut(u64) -> u64, out: &mut Output<E>) {
        self.now = now;
        let mut cx = Cx { now, draw, out };
        self.tick_elector(&mut cx);
        self.tick_transfers(&mut cx);
        self.tick_handler(&mut cx);
        self.tick_acks(&mut cx);
        self.tick_dispatchers(&mut cx);
    }

    /// The next moment at which something is due, unless an input comes before; [`SimTime::MAX`] for never. At an earlier
    /// tick nothing happens. Every input can bring it forward.
    #[must_use]
    pub fn next_deadline(&self) -> SimTime {
        let due = self.elector_due().min(self.transfers_due()).min(self.handler_due());
        due.min(self.acks_due()).min(self.dispatchers_due())
    }

    /// A message of `from` arrives.
    pub fn on_message(
        &mut self,
        now: SimTime,
        from: PeerIx,
        message: Message<E>,
        draw: &mut dyn FnMut(u64) -> u64,
        out: &mut Output<E>,
    ) {
        self.now = now;
        let cx = &mut Cx { now, draw, out };
        if from.0 >= self.members && !matches!(message, Message::Vote { .. } | Message::Beat { .. }) {
            return;
        }
        match message {
            Message::Vote { call, term, ledger_end_term, ledger_end_index } => {
                let (term, result) =
                    self.answer_vote(cx, from, from == self.me, term, (ledger_end_term, ledger_end_index));
                cx.out.send(from, Message::VoteAnswer { call, term, result });
            }
            Message::VoteAnswer { call, term, result } => self.on_vote_answer(cx, call, from, term, result),
            Message::Beat { call, term } => {
                let (term, code) = self.answer_beat(cx, from, term);
                cx.out.send(from, Message::BeatAnswer { call, term, code });
            }
            Message::BeatAnswer { call, term, code } => self.on_beat_answer(cx, call, from, term, code),
            Message::Compare { .. } | Message::Truncate { .. } | Message::Append { .. } | Message::Commit { .. } => {
                self.on_push(cx.now, from, message);
            }
            Message::LogAnswer { call, code, begin, end } => self.on_log_answer(cx, call, from, code, (begin, end)),
            Message::AppendAnswer { term, index, code } => self.on_append_answer(cx, from, term, index, code),
            Message::TakeLeadership { call, term, index } => self.on_take_leadership(cx, from, call, term, index),
            Message::TakeLeadershipAnswer { call, code } => self.on_take_leadership_answer(cx, call, code),
        }
    }

    /// Every call to `peer` that waits for its answer has failed: its connection was refused or reset.
    pub fn on_unreachable(
        &mut self,
        now: SimTime,
        peer: PeerIx,
        draw: &mut dyn FnMut(u64) -> u64,
        out: &mut Output<E>,
    ) {
        self.now = now;
        if peer.0 >= self.members {
            return;
        }
        let mut cx = Cx { now, draw, out };
        self.fail_calls(&mut cx, peer);
        self.fail_push(cx.now, peer);
        self.fail_transfer(&mut cx, peer);
    }

    /// Appends one entry of `size` bytes (`DLedgerServer#handleAppend`). What becomes of it follows as an
    /// [`Effect::Outcome`]; a single member's append is committed at once.
    ///
    /// # Errors
    /// When it is refused; nothing was written then.
    pub fn append(
        &mut self,
        now: SimTime,
        payload: E,
        size: u32,
        out: &mut Output<E>,
    ) -> Result<Appended, AppendError> {
        self.now = now;
        self.accepts()?;
        let term = self.disk.curr_term;
        let lagged = self.own_mark_lags();
        let (index, pos) = self.disk.log.append(now, term, size, payload);
        self.acks.raise(self.me, index);
        if self.members == 1 {
            out.effects.push(Effect::Outcome { first: index, last: index, outcome: AppendOutcome::Committed });
        } else {
            self.acks.wait(index, now);
        }
        self.dispatchers.iter_mut().for_each(Dispatcher::wake);
        if lagged || self.members == 1 || self.broken == Broken::CommitsAlone {
            self.check_quorum(now, out);
        }
        Ok(Appended { index, term, pos })
    }

    /// Whether an append would be taken in now.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn accepts(&self) -> Result<(), AppendError> {
        if self.member.role != Role::Leader {
            return Err(AppendError::NotLeader);
        }
        if self.member.transferee.is_some() {
            return Err(AppendError::Transferring);
        }
        if self.acks.pending_in(self.disk.curr_term) > self.config.max_pending_requests_num {
            return Err(AppendError::PendingFull);
        }
        if self.disk_full {
            return Err(AppendError::DiskFull);
        }
        Ok(())
    }

    /// The disk is full (or no longer): appends are refused, here and as a follower.
    pub const fn set_disk_full(&mut self, full: bool) {
        self.disk_full = full;
    }

    /// Deletes entries before `index`, as an expired file is deleted; the last entry stays.
    pub fn expire_before(&mut self, index: i64) {
        self.disk.log.expire_before(index);
    }

    /// This member's number.
    #[must_use]
    pub const fn me(&self) -> PeerIx {
        self.me
    }

    /// Its role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.member.role
    }

    /// `currTerm`.
    #[must_use]
    pub const fn term(&self) -> i64 {
        self.disk.curr_term
    }

    /// Whom it knows as leader, itself included.
    #[must_use]
    pub const fn leader(&self) -> Option<PeerIx> {
        self.member.leader
    }

    /// Its log, with the committed index.
    #[must_use]
    pub const fn log(&self) -> &Log<E> {
        &self.disk.log
    }

    /// Appends of the current leadership that wait for their quorum, those that timed out included.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.acks.pending_in(self.disk.curr_term)
    }

    /// As the leader: up to where `peer` is known to have the log (its water mark), -1 when unknown.
    #[must_use]
    pub fn water_mark(&self, peer: PeerIx) -> i64 {
        self.acks.mark_in(self.disk.curr_term, peer)
    }

    /// Breaks a rule. For tests of tests.
    #[doc(hidden)]
    pub const fn break_rule(&mut self, broken: Broken) {
        self.broken = broken;
    }

    pub(super) fn next_call(&mut self) -> u64 {
        self.last_call += 1;
        self.last_call
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = PeerIx> + use<E> {
        let me = self.me;
        (0..self.members).map(PeerIx).filter(move |peer| *peer != me)
    }

    /// `MemberState#isQuorum`.
    pub(super) const fn is_quorum(&self, count: u32) -> bool {
        count > self.members as u32 / 2
    }

    /// Raises the committed index and says so.
    pub(super) fn commit(&mut self, now: SimTime, index: i64, out: &mut Output<E>) {
        if self.disk.log.commit(now, index) {
            out.effects.push(Effect::Committed { index: self.disk.log.committed() });
        }
    }
}

/// A draw below a duration, in whole milliseconds.
pub(super) fn draw_below(draw: &mut Draw<'_>, bound: SimDuration) -> SimDuration {
    SimDuration::from_millis(draw(bound.as_millis()))
}

/// The 1 ms loops' next run.
pub(super) const fn after_run(now: SimTime) -> SimTime {
    now.saturating_add(PUSH_STEP)
}
