//! The directory of names of a run: which queue number belongs to which topic, broker and `queueId`.

use super::{BrokerIx, QueueIx, TopicIx};

/// Maps queues to their parts and back. Built once from the plan and shared by all nodes.
#[derive(Debug)]
pub struct Directory {
    brokers: usize,
    /// Per (topic, broker): first queue and how many ever exist.
    ranges: Vec<(u32, u32)>,
    parts: Vec<QueueParts>,
}

/// The parts of a `MessageQueue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueParts {
    /// Topic.
    pub topic: TopicIx,
    /// Broker name.
    pub broker: BrokerIx,
    /// `queueId`.
    pub queue_id: u32,
    /// Position among all queues of its broker.
    pub local: u32,
}

impl Directory {
    /// Builds the directory from queues in `MessageQueue#compareTo` order, each (topic, broker, queueId).
    #[must_use]
    pub fn new(topics: usize, brokers: usize, queues: impl Iterator<Item = (TopicIx, BrokerIx, u32)>) -> Self {
        let mut ranges = vec![(0, 0); topics * brokers];
        let mut locals = vec![0; brokers];
        let mut parts = Vec::new();
        for (topic, broker, queue_id) in queues {
            let range = &mut ranges[topic.at() * brokers + broker.at()];
            if range.1 == 0 {
                range.0 = parts.len() as u32;
            }
            range.1 += 1;
            parts.push(QueueParts { topic, broker, queue_id, local: locals[broker.at()] });
            locals[broker.at()] += 1;
        }
        Self { brokers, ranges, parts }
    }

    /// The queue of these parts, if it ever exists.
    #[must_use]
    pub fn queue(&self, topic: TopicIx, broker: BrokerIx, queue_id: u32) -> Option<QueueIx> {
        let (first, count) = *self.ranges.get(topic.at() * self.brokers + broker.at())?;
        (queue_id < count).then_some(QueueIx(first + queue_id))
    }

    /// The parts of a queue.
    #[must_use]
    #[inline]
    pub fn parts(&self, queue: QueueIx) -> QueueParts {
        self.parts[queue.at()]
    }

    /// All queues of a broker with their parts, by local position.
    pub fn queues_of(&self, broker: BrokerIx) -> impl Iterator<Item = (QueueIx, QueueParts)> + '_ {
        self.parts
            .iter()
            .enumerate()
            .filter(move |(_, parts)| parts.broker == broker)
            .map(|(index, parts)| (QueueIx::new(index), *parts))
    }

    /// Number of queues.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there is no queue at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Number of broker names.
    #[must_use]
    pub const fn brokers(&self) -> usize {
        self.brokers
    }
}
