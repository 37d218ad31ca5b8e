//! The group core of DLedger mode: election, terms, heartbeats, quorum append, commit, and the push to followers, as one
//! deterministic state machine per member (`DLedgerServer`, `DLedgerLeaderElector`, `DLedgerEntryPusher`, `MemberState`).
//!
//! A [`Server`] is told what happens (`on_start`, `on_tick`, `on_message`, `on_unreachable`, `append`) and fills an
//! [`Output`] with messages for its peers and [`Effect`]s for the broker on top. It says itself when it wants to be woken
//! ([`Server::next_deadline`]); waking it earlier does nothing. What the real threads poll each 10 ms or 1 ms is computed:
//! a due moment is rounded up to the grid of the loop that would have noticed it, so an idle group costs a few events per
//! heartbeat.
//!
//! # Oddities that are real and kept
//! - A member votes in its stored term first, without raising it: after a start, and as a follower that lost its leader.
//! - The loop that elects is one thread. While it waits for votes or heartbeat answers, a higher term that others announce
//!   makes it a candidate at once, but its own term rises only when the loop comes round.
//! - A leader that lost its quorum votes again in its old term, in which its peers voted for it: it may be elected twice in
//!   one term, without comparing logs anew.
//! - There is no entry that marks a new term, and entries of older terms are committed by counting. So an entry that was
//!   committed by counting alone can still be replaced by a later leader that never saw it (the case that Raft forbids by its
//!   current-term rule). Entries of the committing leader's own term, and all before them, are safe.
//! - An append that times out stays in the log and may be committed later. The time-out is noticed only behind the quorum
//!   index: appends of a leader whose older entries are not committed yet never time out.
//! - Appends pending at a leader that was deposed get no answer before the same member leads another term (`TERM_CHANGED`).
//! - A follower answers COMPARE whatever its term.
//! - A follower that restarts with a shorter log gets the missing entries only after the next append has shown the gap, and
//!   the leader goes on counting it for what it had acknowledged: with power losses inside the 10 ms flush interval,
//!   or a member that returns with an empty disk and has forgotten its vote, committed entries can be lost.
//! - A member whose log was cut below its committed index keeps that index until the log has grown past it.
//! - A candidate whose term ran ahead while its log stayed behind is shut out as long as the leader has its quorum: its votes
//!   are refused for the log, and the leader does not heed its later term.
//! - Acknowledgements lost on the way, without a new append that shows it, are made good one entry per second: the follower
//!   answers for entries that it has already only in its check of each second, and the leader repeats one at a time. A gap is refused once: when that answer is lost, the follower hangs until the leader changes.
//!
//! # Departures
//! - Entries travel in ranges: what one run of a dispatcher finds is one message, and a dispatcher runs at most once per
//!   1 ms, so an entry may leave up to 1 ms later than its own wake-up would have sent it. `enableBatchPush` is not modelled.
//! - `currTerm` and `voteFor` survive a power loss (upstream writes the file without forcing it to disk).
//! - COMMIT has no answer (upstream ignores it), and neither has REPEATED_PUSH.
//! - A comparison in a new term starts at the leader's end; upstream keeps an unfinished comparison's index.

mod ack;
mod ballot;
mod beat;
mod config;
mod dispatcher;
mod elector;
mod grid;
mod handler;
mod log;
mod member;
mod output;
mod server;
mod transfer;

#[cfg(test)]
mod tests;

pub use crate::protocol::dledger::{AppendCode, BeatCode, Message, PeerIx, TransferCode, VoteResult};
pub use config::DLedgerConfig;
pub use log::{ENTRY_HEADER, Entry, Log, Payload};
pub use output::{AppendError, AppendOutcome, Appended, Effect, Output, Role};
pub use server::{Broken, Disk, Server, Stop};
