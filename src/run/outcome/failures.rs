//! What failures did to a run. All of it is empty for a plan that is not fallible.

use crate::kernel::time::SimTime;
use crate::protocol::address::Address;
use crate::store::ids::{BrokerIx, GroupIx, QueueIx, TopicIx};

/// What failures did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FailureOutcome {
    /// Which process took sends for a broker name, in the order of their beginning. What is not covered is time without one.
    pub masters: Vec<MasterInterval>,
    /// Times in which no send succeeded although at least one was called for, of [`GAP`] and more.
    pub send_gaps: Vec<SendGap>,
    /// Times in which a queue with unconsumed messages delivered none, of [`GAP`] and more.
    pub consume_gaps: Vec<ConsumeGap>,
    /// Times in which a node believed something that was not so.
    pub beliefs: Vec<Belief>,
    /// Roles of the members of Raft groups, in the order of their beginning.
    pub raft: Vec<RaftInterval>,
}

/// Shorter gaps are not told.
pub const GAP: crate::kernel::time::SimDuration = crate::kernel::time::SimDuration::from_secs(1);

/// A process took sends for a broker name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterInterval {
    /// `brokerName`.
    pub name: BrokerIx,
    /// Process.
    pub process: BrokerIx,
    /// From.
    pub from: SimTime,
    /// To.
    pub to: SimTime,
}

/// No send succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendGap {
    /// Topic.
    pub topic: TopicIx,
    /// On this broker name; `None`: on any.
    pub name: Option<BrokerIx>,
    /// End of the last call that succeeded before, or the first call after it if there was none until then.
    pub from: SimTime,
    /// End of the first that did again.
    pub to: SimTime,
    /// Calls that ended in an exception in between.
    pub failed: u64,
}

/// A queue stood still for a group: no member that works had any of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumeGap {
    /// Group.
    pub group: GroupIx,
    /// Queue.
    pub queue: QueueIx,
    /// From when it had something to deliver and did not.
    pub from: SimTime,
    /// First delivery after that.
    pub to: SimTime,
}

/// A node's view differed from the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belief {
    /// Whose view.
    pub of: Address,
    /// Of what.
    pub about: BeliefAbout,
    /// From.
    pub from: SimTime,
    /// To.
    pub to: SimTime,
}

/// What a node can be wrong about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BeliefAbout {
    /// A client or nameserver: which process is the master of this broker name.
    Master(BrokerIx),
    /// A client or nameserver: which queues the topic has (on broker names that are up).
    Route(TopicIx),
    /// A broker: who the running members of the group are.
    Members(GroupIx),
    /// A consumer: which queues of the group are its own, while another member has them too.
    Ownership(GroupIx),
}

/// A member of a Raft group had a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RaftInterval {
    /// Process.
    pub process: BrokerIx,
    /// Role.
    pub role: crate::node::fact::RaftRoleNow,
    /// Term.
    pub term: u64,
    /// From.
    pub from: SimTime,
    /// To: the next change, or the end of the process.
    pub to: SimTime,
}

/// Samples about failures, at the times of the series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FailureSeries {
    /// Per topic: sends that succeeded since the sample before, per second.
    pub sends_ok: Vec<Vec<f64>>,
    /// Per topic: calls that ended in an exception, per second.
    pub sends_failed: Vec<Vec<f64>>,
    /// Per broker process: bytes that its log is behind that of the process that counts for its name.
    pub replication_lag: Vec<Vec<u64>>,
    /// Per broker process of a Raft group: its term; 0 while it is down.
    pub terms: Vec<Vec<u64>>,
    /// Per broker process: percent of its disk in use; empty without a disk.
    pub disk: Vec<Vec<u8>>,
}
