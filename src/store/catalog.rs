//! What messages have in common, and what the copies of a message have of their own. Rows carry a handle to it
//! ([`Message::class`](super::message::Message::class)), so an ordinary message costs nothing here.

use std::rc::Rc;

use super::ids::{ProducerGroupIx, QueueIx, TopicIx};
use super::message::MessageClass;

/// Marks the handle of a copy; without it a handle is the number of a class.
pub const COPY: u32 = 1 << 31;

/// What all messages of one sender, topic, tag and property values have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassFacts {
    /// Sizes and tags code.
    pub class: MessageClass,
    /// The topic the message was sent to.
    pub topic: TopicIx,
    /// The producer group that sends it; `None`: it was there before the run.
    pub producer: Option<ProducerGroupIx>,
    /// Property `TAGS`.
    pub tag: Option<Rc<str>>,
    /// User properties by ascending name.
    pub properties: Rc<[(Rc<str>, Rc<str>)]>,
}

impl ClassFacts {
    /// A user property, or `TAGS`.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        if name == "TAGS" {
            return self.tag.as_deref();
        }
        let found = self.properties.binary_search_by(|(known, _)| known.as_ref().cmp(name)).ok()?;
        Some(&self.properties[found].1)
    }
}

/// Which message it is, whatever copies there are of it: where it was first stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Queue.
    pub queue: QueueIx,
    /// Queue offset.
    pub offset: u64,
}

/// Why a record exists beside the one that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CopyKind {
    /// Waits in the schedule topic for its time.
    Scheduled,
    /// Delivered by the schedule service to the topic it was sent to.
    Delivered,
    /// Returned by a consumer; in the group's retry topic.
    Retry,
    /// After the last attempt; in the group's dead-letter topic.
    DeadLetter,
    /// A half message, invisible until its transaction ends.
    Half,
    /// Says that a half message is decided (`RMQ_SYS_TRANS_OP_HALF_TOPIC`).
    Op,
    /// A committed message in its real topic.
    Committed,
    /// A half message given up after too many checks (`TRANS_CHECK_MAX_TIME_TOPIC`).
    Discarded,
}

/// How a local transaction ended (`LocalTransactionState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransactionOutcome {
    /// `COMMIT_MESSAGE`.
    Commit,
    /// `ROLLBACK_MESSAGE`.
    Rollback,
    /// `UNKNOW`.
    Unknown,
}

/// What a copy has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyFacts {
    /// The class of the message it is a copy of.
    pub class: u32,
    /// Why it exists.
    pub kind: CopyKind,
    /// Which message it is a copy of. A message that is stored as a copy at once (delayed, half) has its first record here.
    pub origin: Origin,
    /// `REAL_TOPIC`, `REAL_QID`: where it goes when it leaves the schedule or half topic.
    pub real_queue: QueueIx,
    /// What it becomes there.
    pub becomes: CopyKind,
    /// `reconsumeTimes`.
    pub reconsume_times: u16,
    /// `DELAY`; 0 = none.
    pub delay_level: u8,
    /// `TRANSACTION_CHECK_TIMES`.
    pub check_times: u8,
    /// A half message's or operation's offset in the half queue that it speaks of: `TRAN_PREPARED_QUEUE_OFFSET` of a half
    /// message put back, the body of an operation.
    pub half_offset: Option<u64>,
    /// What the producer knows about the transaction of a half message; the broker does not look at it.
    pub local: TransactionOutcome,
}

/// All classes and copies of a run.
#[derive(Debug, Default)]
pub struct Catalog {
    classes: Vec<ClassFacts>,
    copies: Vec<CopyFacts>,
}

impl Catalog {
    /// Adds a class and returns its handle.
    pub fn add_class(&mut self, facts: ClassFacts) -> u32 {
        self.classes.push(facts);
        (self.classes.len() - 1) as u32
    }

    /// Adds a copy and returns its handle.
    pub fn add_copy(&mut self, facts: CopyFacts) -> u32 {
        self.copies.push(facts);
        (self.copies.len() - 1) as u32 | COPY
    }

    /// The number of the class a handle leads to.
    #[must_use]
    #[inline]
    pub fn class_of(&self, handle: u32) -> u32 {
        if handle & COPY == 0 { handle } else { self.copies[(handle & !COPY) as usize].class }
    }

    /// The class a handle leads to.
    #[must_use]
    pub fn class(&self, handle: u32) -> &ClassFacts {
        &self.classes[self.class_of(handle) as usize]
    }

    /// What a copy has of its own; `None` for an ordinary message.
    #[must_use]
    #[inline]
    pub fn copy(&self, handle: u32) -> Option<&CopyFacts> {
        if handle & COPY == 0 { None } else { self.copies.get((handle & !COPY) as usize) }
    }

    /// The same, to correct.
    #[must_use]
    pub fn copy_mut(&mut self, handle: u32) -> Option<&mut CopyFacts> {
        if handle & COPY == 0 { None } else { self.copies.get_mut((handle & !COPY) as usize) }
    }

    /// `reconsumeTimes` of a message.
    #[must_use]
    #[inline]
    pub fn reconsume_times(&self, handle: u32) -> u16 {
        self.copy(handle).map_or(0, |copy| copy.reconsume_times)
    }

    /// Which message a record is.
    #[must_use]
    pub fn origin(&self, handle: u32, queue: QueueIx, offset: u64) -> Origin {
        self.copy(handle).map_or(Origin { queue, offset }, |copy| copy.origin)
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes.len()
    }
}
