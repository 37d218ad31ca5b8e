//! What a member wants done: messages for its peers, effects for the broker on top.

use crate::protocol::dledger::{Message, PeerIx, TransferCode};

/// `MemberState.Role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Votes, and serves nobody.
    Candidate,
    /// Follows a known leader.
    Follower,
    /// Appends.
    Leader,
}

/// What became of appends that were taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// A quorum has them (`SUCCESS`).
    Committed,
    /// `WAIT_QUORUM_ACK_TIMEOUT`; they stay in the log and may still be committed.
    WaitQuorumAckTimeout,
    /// `TERM_CHANGED`; they may be in the log or not.
    TermChanged,
}

/// Why an append is refused at once (`DLedgerServer#handleAppend`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// `NOT_LEADER`.
    #[error("this member does not lead its group")]
    NotLeader,
    /// `LEADER_TRANSFERRING`.
    #[error("the leader is handing its office over")]
    Transferring,
    /// `LEADER_PENDING_FULL`.
    #[error("too many appends wait for their quorum")]
    PendingFull,
    /// `DISK_FULL`.
    #[error("the disk is full")]
    DiskFull,
}

/// Where an append went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Index of the entry.
    pub index: i64,
    /// Its term.
    pub term: i64,
    /// Byte position of its header; the record in it starts [`super::ENTRY_HEADER`] bytes later.
    pub pos: u64,
}

/// Something the broker on top must know. In the order in which it happened.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `RoleChangeHandler#handle`: also sent when the role stays and is set again. The start as a candidate is not sent.
    Role { role: Role, term: i64, leader: Option<PeerIx> },
    /// A leader's entries were appended here ([`super::Server::log`] has them).
    Appended { first: i64, last: i64 },
    /// All entries after `end` are gone.
    Truncated { end: i64 },
    /// All entries are gone; the log goes on at index `next`.
    Cleared { next: i64 },
    /// `committedIndex` rose to this.
    Committed { index: i64 },
    /// What became of the appends `first..=last` of this member.
    Outcome { first: i64, last: i64, outcome: AppendOutcome },
    /// A leadership transfer of this leader ended.
    Transfer { to: PeerIx, code: TransferCode },
}

/// Messages and effects of one or more inputs; made once, emptied by its reader.
#[derive(Clone, Debug)]
pub struct Output<E> {
    /// To whom, and what.
    pub messages: Vec<(PeerIx, Message<E>)>,
    /// For the broker.
    pub effects: Vec<Effect>,
}

impl<E> Default for Output<E> {
    fn default() -> Self {
        Self { messages: Vec::new(), effects: Vec::new() }
    }
}

impl<E> Output<E> {
    pub(super) fn send(&mut self, to: PeerIx, message: Message<E>) {
        self.messages.push((to, message));
    }
}
