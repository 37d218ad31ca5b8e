//! What the members of a Raft group (DLedger mode) say to each other.

use std::rc::Rc;

use serde::Serialize;

use super::replication::LogRecord;
use crate::kernel::time::SimTime;
use crate::store::message::Message as StoredMessage;

/// Bytes of a request or answer without entries.
const SMALL: u64 = 200;
/// Bytes before an entry's body (`DLedgerEntry.HEADER_SIZE`).
pub const ENTRY_HEADER: u64 = 48;

/// What an entry carries for the broker: a handle, compared where upstream compares checksums.
pub trait Payload: Copy + PartialEq {}

impl<E: Copy + PartialEq> Payload for E {}

/// One entry; its index is its place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<E> {
    /// Byte position of the header.
    pub pos: u64,
    /// Term of the leader that appended it.
    pub term: i64,
    /// Bytes of the body.
    pub size: u32,
    /// What the broker keeps of the body.
    pub payload: E,
}

impl<E: Payload> Entry<E> {
    /// Whether both are the same entry of the same index (`DLedgerEntry#equals`).
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.term == other.term && self.size == other.size && self.payload == other.payload
    }
}

impl<E> Entry<E> {
    /// Bytes with the header.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        ENTRY_HEADER + self.size as u64
    }
}

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

impl<E> Message<E> {
    /// Bytes on the wire, for slow links.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let entries = match self {
            Self::Append { entries, .. } => entries.iter().map(Entry::bytes).sum(),
            Self::Compare { entry, .. } | Self::Truncate { entry, .. } => entry.bytes(),
            _ => 0,
        };
        SMALL + entries
    }
}

/// What the members of a broker's group replicate: a record of the commit log. Its size is the entry's, and its position follows
/// from the entry's ([`DLedgerRecord::of`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DLedgerRecord {
    /// Queue, by its local position at the broker name.
    pub local: u32,
    /// Bytes of the body.
    pub body: u32,
    /// Number of the key.
    pub key: u32,
    /// Handle of the class in the catalog.
    pub class: u32,
    /// Offset in the queue.
    pub offset: u64,
    /// `storeTimestamp`.
    pub stored_at: SimTime,
    /// `bornTimestamp`.
    pub born_at: SimTime,
}

impl DLedgerRecord {
    /// The record of an entry as a replica stores it: `PHYSICALOFFSET` lies behind the entry's header.
    #[must_use]
    pub const fn of(entry: &Entry<Self>) -> LogRecord {
        let Self { local, body, key, class, offset, stored_at, born_at } = entry.payload;
        let physical = entry.pos + ENTRY_HEADER;
        LogRecord {
            local,
            offset,
            message: StoredMessage { physical, stored_at, born_at, size: entry.size, body, key, class },
        }
    }
}

/// What the members of a broker's group say to each other.
pub type DLedgerMessage = Message<DLedgerRecord>;
