//! What members say to each other.

use std::rc::Rc;

use serde::Serialize;

use super::log::Entry;

/// A member's number in its group: 0 is `n0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PeerIx(pub u8);

impl PeerIx {
    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// `VoteResponse.RESULT` without `UNKNOWN`, which is what a failed call counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteResult {
    /// The vote is given.
    Accept,
    /// The candidate is no member.
    RejectUnknownLeader,
    /// A member asked itself over the network.
    RejectUnexpectedLeader,
    /// The voter's last entry is of a later term.
    RejectExpiredLedgerTerm,
    /// The voter's log is longer.
    RejectSmallLedgerEndIndex,
    /// The voter is in a later term.
    RejectExpiredVoteTerm,
    /// The voter gave its vote to another one, whom it knows as the leader.
    RejectAlreadyHasLeader,
    /// The voter gave its vote to another one.
    RejectAlreadyVoted,
    /// The voter is in an earlier term and will raise it.
    RejectTermNotReady,
    /// The voter's log has entries of a later term than the one voted in.
    RejectTermSmallThanLedger,
    /// The voter is taking leadership itself.
    RejectTakingLeadership,
}

/// Answer to a heartbeat (`DLedgerResponseCode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeatCode {
    /// The leader is followed.
    Success,
    /// The follower is in a later term.
    ExpiredTerm,
    /// The follower knows another leader of this term.
    InconsistentLeader,
    /// The follower is in an earlier term and will raise it.
    TermNotReady,
    /// The sender is no member, or the member itself.
    UnknownMember,
}

/// Answer to a push (`DLedgerResponseCode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendCode {
    /// Done, or equal.
    Success,
    /// Another entry, another leader, another term, or a gap.
    InconsistentState,
}

/// Answer to a leadership transfer (`DLedgerResponseCode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferCode {
    /// The transferee leads.
    Success,
    /// It did not get the entries in time, or follows somebody.
    TakeLeadershipFailed,
    /// The term went beyond the one to be taken.
    ExpiredTerm,
    /// The transferee is in another term.
    InconsistentTerm,
    /// The transferee knows another leader.
    InconsistentLeader,
    /// The transferee fell back behind the term to be taken.
    InternalError,
    /// The call failed or timed out; never sent.
    NetworkError,
}

/// A request or an answer. The leader or candidate that a request speaks for is its sender. `call` pairs an answer with
/// its request; answers to calls given up are ignored.
#[allow(missing_docs)]
#[derive(Clone, Debug)]
pub enum Message<E> {
    /// `VoteRequest`.
    Vote { call: u64, term: i64, ledger_end_term: i64, ledger_end_index: i64 },
    /// `VoteResponse`; the term is the voter's.
    VoteAnswer { call: u64, term: i64, result: VoteResult },
    /// `HeartBeatRequest`.
    Beat { call: u64, term: i64 },
    /// `HeartBeatResponse`; the term is the follower's.
    BeatAnswer { call: u64, term: i64, code: BeatCode },
    /// `PushEntryRequest` of type COMPARE: has the follower this entry at this index?
    Compare { call: u64, term: i64, index: i64, entry: Entry<E> },
    /// Type TRUNCATE: cut everything after this entry, which is written if absent.
    Truncate { call: u64, term: i64, index: i64, entry: Entry<E>, commit: i64 },
    /// Answer to COMPARE and TRUNCATE, with the follower's first and last index (-1: none).
    LogAnswer { call: u64, code: AppendCode, begin: i64, end: i64 },
    /// Type APPEND, a range of pushes: the entries from `first` on, shared between peers.
    Append { term: i64, first: i64, entries: Rc<[Entry<E>]>, commit: i64 },
    /// Answer to all pushes up to `index`, or the refusal of the one at `index`. The term is the request's.
    AppendAnswer { term: i64, index: i64, code: AppendCode },
    /// Type COMMIT.
    Commit { term: i64, commit: i64 },
    /// `LeadershipTransferRequest` to the transferee; it must have the entry `index` first.
    TakeLeadership { call: u64, term: i64, index: i64 },
    /// `LeadershipTransferResponse`.
    TakeLeadershipAnswer { call: u64, code: TransferCode },
}
