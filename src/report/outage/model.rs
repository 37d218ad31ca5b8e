//! The nouns of an outage.

use super::{Knob, Toll};
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Address;
use crate::report::human::counted;
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, ProducerIx, QueueIx, TopicIx};

/// One node or several are hit at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    /// When.
    pub at: SimTime,
    /// When the last of them was back; `None`: not within the run.
    pub back: Option<SimTime>,
    /// The next outage, or the end of the run: what begins after that is not told here.
    pub until: SimTime,
    /// It is the last outage of the run.
    pub last: bool,
    /// Words of the scenario's action, or what happened.
    pub label: String,
    /// Who was hit, and how.
    pub victims: Vec<Victim>,
    /// The slowest and the median of what stood still, the slowest first.
    pub chains: Vec<Chain>,
    /// Queues of groups that stood still or changed hands.
    pub queues: usize,
    /// Topics to which no send succeeded for a time.
    pub topics: usize,
    /// What it cost in messages.
    pub toll: Toll,
}

impl Outage {
    /// What stood still, in numbers: `8 queues and sends to 1 topic`; nothing if nothing did.
    #[must_use]
    pub fn stood_still(&self) -> Option<String> {
        let queues = counted(self.queues as u64, "queue", "queues");
        let topics = format!("sends to {}", counted(self.topics as u64, "topic", "topics"));
        match (self.queues, self.topics) {
            (0, 0) => None,
            (_, 0) => Some(queues),
            (0, _) => Some(topics),
            _ => Some(format!("{queues} and {topics}")),
        }
    }

    /// The longest time that something stood still.
    #[must_use]
    pub fn longest(&self) -> SimDuration {
        self.chains.iter().filter(|chain| chain.of.is_standstill()).map(Chain::length).max().unwrap_or_default()
    }
}

/// Who was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Victim {
    /// The node.
    pub node: Address,
    /// How.
    pub blow: Blow,
}

/// How a node was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blow {
    /// It was shut down in good order.
    ShutDown,
    /// `kill -9`.
    Killed,
    /// Paused; its connections stay open.
    Frozen,
    /// Gone with its host, and perhaps its disk.
    HostLost {
        /// With its disk.
        disk_lost: bool,
    },
    /// This rule of the plan's links cuts it off.
    CutOff(u32),
}

/// What stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A group's consumption of a queue; the member that goes on with it.
    Queue {
        /// Group.
        group: GroupIx,
        /// Queue.
        queue: QueueIx,
        /// Who has it afterwards.
        taker: Option<InstanceIx>,
    },
    /// Sends to a topic, to this broker name or to any.
    Sends {
        /// Topic.
        topic: TopicIx,
        /// Only there.
        name: Option<BrokerIx>,
    },
    /// Nothing stood still, but until then a producer went on trying a broker name that could not take its messages.
    Tries {
        /// Producer.
        producer: ProducerIx,
        /// `brokerName`.
        name: BrokerIx,
    },
}

impl Subject {
    /// Whether something stood still as a whole. Sends that only one of several broker names does not take go elsewhere.
    #[must_use]
    pub const fn is_standstill(&self) -> bool {
        matches!(self, Self::Queue { .. } | Self::Sends { name: None, .. })
    }
}

/// From the blow to the moment in which one thing went on again.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// What.
    pub of: Subject,
    /// From.
    pub from: SimTime,
    /// To; the end of the run if it never went on.
    pub to: SimTime,
    /// Whether it went on within the run.
    pub ended: bool,
    /// It is the median of its kind, else the slowest.
    pub median: bool,
    /// What was waited for, one thing after the other, without gaps.
    pub bars: Vec<Bar>,
}

impl Chain {
    /// How long it took.
    #[must_use]
    pub fn length(&self) -> SimDuration {
        self.to.since(self.from)
    }

    /// The bar that cost most.
    #[must_use]
    pub fn worst(&self) -> Option<&Bar> {
        let longest = self.bars.iter().map(Bar::length).max()?;
        self.bars.iter().find(|bar| bar.length() == longest)
    }
}

/// A part of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// From.
    pub from: SimTime,
    /// To.
    pub to: SimTime,
    /// What was waited for.
    pub step: Step,
    /// The fact that ended it, in words.
    pub what: String,
    /// The setting that rules its length.
    pub knob: Option<Knob>,
}

impl Bar {
    /// How long it took.
    #[must_use]
    pub fn length(&self) -> SimDuration {
        self.to.since(self.from)
    }
}

/// What is waited for, in the order in which it usually comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The end of a graceful shutdown.
    ShutDown,
    /// A server notices that somebody is gone.
    Detection,
    /// Members of a Raft group miss their leader.
    Leaderless,
    /// They vote.
    Vote,
    /// The broker on top of the new leader becomes master.
    Role,
    /// The victim comes back, or the network heals.
    Return,
    /// A broker registers with a nameserver.
    Register,
    /// A client polls the route.
    Poll,
    /// A broker's notice reaches a member.
    Notice,
    /// A member rebalances.
    Rebalance,
    /// The lock of a queue runs out.
    LockExpiry,
    /// A member heartbeats to a broker.
    Heartbeat,
    /// A pull that nobody will answer times out.
    PullTimeout,
    /// Pulls go to another broker process.
    Redirect,
    /// The first message after that.
    Message,
    /// Nothing ended it.
    Never,
}

impl Step {
    /// One or two words for a column.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ShutDown => "shutdown",
            Self::Detection => "detection",
            Self::Leaderless => "missed heartbeats",
            Self::Vote => "election",
            Self::Role => "role change",
            Self::Return => "return",
            Self::Register => "registration",
            Self::Poll => "route poll",
            Self::Notice => "notice",
            Self::Rebalance => "rebalance",
            Self::LockExpiry => "lock expiry",
            Self::Heartbeat => "heartbeat",
            Self::PullTimeout => "pull timeout",
            Self::Redirect => "next pull",
            Self::Message => "first message",
            Self::Never => "no end",
        }
    }
}
