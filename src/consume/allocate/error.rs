//! Why a call or a construction fails.

/// A failure of a strategy, with the Java exception that it stands for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllocateError {
    /// The caller's own id is null or empty (`AbstractAllocateMessageQueueStrategy#check`).
    #[error("currentCID is empty")]
    EmptyCurrent,
    /// There are no queues (`AbstractAllocateMessageQueueStrategy#check`).
    #[error("mqAll is null or mqAll empty")]
    EmptyQueues,
    /// There are no clients (`AbstractAllocateMessageQueueStrategy#check`).
    #[error("cidAll is null or cidAll empty")]
    EmptyClients,
    /// No room is known for a queue's broker (`AllocateMachineRoomNearby#allocate`).
    #[error("Machine room is null for mq {0}")]
    QueueWithoutRoom(String),
    /// No room is known for a client (`AllocateMachineRoomNearby#allocate`).
    #[error("Machine room is null for consumer id {0}")]
    ClientWithoutRoom(String),
    /// Construction with a negative number of virtual nodes (`AllocateMessageQueueConsistentHash`).
    #[error("illegal virtualNodeCnt :{0}")]
    IllegalVirtualNodeCount(i32),
    /// Construction without an inner strategy (`AllocateMachineRoomNearby`).
    #[error("allocateMessageQueueStrategy is null")]
    NoInnerStrategy,
    /// The rooms of [`ByMachineRoom`](super::ByMachineRoom) were never set and a broker name has a room to look up.
    #[error("the rooms were never set")]
    RoomsNeverSet,
    /// The inner strategy of [`MachineRoomNearby`](super::MachineRoomNearby) answered null.
    #[error("the inner strategy answered null")]
    InnerAnsweredNull,
}

impl AllocateError {
    /// Simple name of the Java exception's class.
    #[must_use]
    pub const fn java_class(&self) -> &'static str {
        match self {
            Self::EmptyCurrent
            | Self::EmptyQueues
            | Self::EmptyClients
            | Self::QueueWithoutRoom(_)
            | Self::ClientWithoutRoom(_)
            | Self::IllegalVirtualNodeCount(_) => "IllegalArgumentException",
            Self::NoInnerStrategy | Self::RoomsNeverSet | Self::InnerAnsweredNull => "NullPointerException",
        }
    }

    /// The exception's text where it is RocketMQ's own; `None` where the virtual machine words it.
    #[must_use]
    pub fn java_message(&self) -> Option<String> {
        match self {
            Self::RoomsNeverSet | Self::InnerAnsweredNull => None,
            _ => Some(self.to_string()),
        }
    }
}
