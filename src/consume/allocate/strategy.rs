//! What a strategy is, and what goes in and out of it.

use std::fmt;

use super::check::callers;
use super::{AllocateError, Shares};

/// A message queue by name (`MessageQueue`). Its `Display` is Java's `MessageQueue#toString`, which the consistent hash
/// ring and error messages use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageQueue<'a> {
    /// Topic.
    pub topic: &'a str,
    /// `brokerName`.
    pub broker: &'a str,
    /// `queueId`; a Java `int`, never negative in a real topic.
    pub queue_id: i32,
}

impl fmt::Display for MessageQueue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageQueue [topic={}, brokerName={}, queueId={}]", self.topic, self.broker, self.queue_id)
    }
}

/// The two lists that a strategy divides, in the order handed over.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// `mqAll`: queues of one topic. A client never hands over a queue twice, but nothing here forbids it.
    pub queues: &'a [MessageQueue<'a>],
    /// `cidAll`: client ids of the group as one broker knows them. Ids may repeat: one entry per connection.
    pub clients: &'a [&'a str],
}

/// One queue that a caller gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pick {
    /// Position in [`Input::queues`].
    Given(u32),
    /// Position in the list that [`ByConfig`](super::ByConfig) was configured with; that queue need not be in the input.
    Configured(u32),
}

/// A way to divide queues among clients (`AllocateMessageQueueStrategy`).
pub trait AllocateMessageQueueStrategy: fmt::Debug + Send + Sync {
    /// RocketMQ's name of the strategy (`AllocateMessageQueueStrategy#getName`).
    fn name(&self) -> String;

    /// The queues of the client `current`, in the order in which RocketMQ returns them
    /// (`AllocateMessageQueueStrategy#allocate`).
    ///
    /// # Errors
    /// [`AllocateError`] where the Java class throws. A client then leaves its queues of the topic as they are.
    fn allocate(&self, current: &str, input: &Input<'_>) -> Result<Vec<Pick>, AllocateError>;

    /// What each distinct client id of the input gets: the same as [`allocate`](Self::allocate) for each, in one pass
    /// over the lists where a strategy can.
    fn allocate_all(&self, input: &Input<'_>) -> Shares {
        let mut shares = Shares::default();
        for client in callers(input.clients) {
            match self.allocate(input.clients[client as usize], input) {
                Ok(picks) => shares.push(client, picks),
                Err(error) => shares.push_error(client, error),
            }
        }
        shares
    }

    /// Whether the Java class answers every call with `null` instead of a list. A client takes that for an empty list;
    /// [`MachineRoomNearby`](super::MachineRoomNearby) around it fails.
    fn returns_null(&self) -> bool {
        false
    }
}
