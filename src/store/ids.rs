//! Dense ids of the named things, interned when a scenario is resolved. Names are for people.
//!
//! Ids are assigned in the order in which RocketMQ sorts the names (Java `String.compareTo`, UTF-16 code units), so
//! comparing two ids of a kind compares the names: a sorted list of [`QueueIx`] is in `MessageQueue#compareTo` order and
//! a sorted list of [`ClientIx`] in the order in which clients sort `cidAll`.

use serde::{Deserialize, Serialize};

macro_rules! dense_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as a vector index.
            #[must_use]
            pub const fn at(self) -> usize {
                self.0 as usize
            }

            /// The id of vector position `index`; a scenario has far fewer than 2^32 of anything.
            #[must_use]
            pub const fn new(index: usize) -> Self {
                Self(index as u32)
            }
        }
    };
}

dense_id!(
    /// A topic.
    TopicIx
);
dense_id!(
    /// A broker name (`brokerName`), or a broker process. The names come first, and the process with the number of a name is
    /// that name's first one (its master, or `n0` of its Raft group); the processes of further replicas follow.
    BrokerIx
);
dense_id!(
    /// A nameserver.
    NameserverIx
);
dense_id!(
    /// A message queue: (topic, brokerName, queueId). Dense over every queue that exists at any time of the run, in
    /// `MessageQueue#compareTo` order.
    QueueIx
);
dense_id!(
    /// A consumer group.
    GroupIx
);
dense_id!(
    /// A consumer instance with a stable name (`order_consumer/0`), whatever client id it runs under.
    InstanceIx
);
dense_id!(
    /// A producer instance (`order_producer/0`).
    ProducerIx
);
dense_id!(
    /// A RocketMQ client id string (`10.1.100.100@4242#…`). Two instances may share one by mistake.
    ClientIx
);

dense_id!(
    /// A producer group (`producerGroup`): a producer of the scenario with all its instances.
    ProducerGroupIx
);
dense_id!(
    /// A subscription expression of the plan; [`ExpressionIx::ALL`] is `*`.
    ExpressionIx
);

impl ExpressionIx {
    /// Every message.
    pub const ALL: Self = Self(0);
}
