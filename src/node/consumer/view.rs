//! What observers may see of a consumer: references only, nothing changes.

use std::rc::Rc;

use super::machine::Consumer;
use super::parts::Presence;
use super::table::Assigned;
use crate::consume::process_queue::Row;
use crate::protocol::message::ConsumerData;
use crate::protocol::route::TopicRoute;
use crate::store::ids::{ClientIx, GroupIx, QueueIx, TopicIx};

impl Consumer {
    /// Size of the pool.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// The client id of the running process.
    #[must_use]
    pub const fn client_id(&self) -> ClientIx {
        self.client.id
    }

    /// What the process is doing.
    #[must_use]
    pub const fn presence(&self) -> Presence {
        self.presence
    }

    /// Whether it is frozen.
    #[must_use]
    pub const fn frozen(&self) -> bool {
        self.frozen
    }

    /// Its process queues.
    pub fn assigned(&self) -> impl Iterator<Item = &Assigned> {
        self.table.iter()
    }

    /// Listener calls of queues given up that still run.
    pub fn leftovers(&self) -> impl Iterator<Item = &(QueueIx, Row)> {
        self.leftovers.iter()
    }

    /// Number of queues owned.
    #[must_use]
    pub fn owned(&self) -> usize {
        self.table.len()
    }

    /// What a heartbeat says now.
    #[must_use]
    pub fn consumer_data(&self) -> Option<&ConsumerData> {
        self.client.consumer.as_ref()
    }

    /// The members as this consumer last heard of them.
    #[must_use]
    pub fn believed_members(&self) -> Option<&Rc<[ClientIx]>> {
        self.rebalance.believed.as_ref()
    }

    /// The route of a topic as this consumer knows it.
    #[must_use]
    pub fn believed_route(&self, topic: TopicIx) -> Option<&Rc<TopicRoute>> {
        self.client.route(topic)
    }

    /// The queues of a topic this consumer owns, ascending.
    pub fn owned_of(&self, topic: TopicIx) -> impl Iterator<Item = QueueIx> + '_ {
        self.table.queues().filter(move |queue| self.directory.parts(*queue).topic == topic)
    }

    /// The queue whose starting offset the rebalance thread has asked for and not yet been told.
    #[must_use]
    pub fn asks_offset_of(&self) -> Option<QueueIx> {
        self.rebalance.run.as_ref()?.to_take.front().copied()
    }

    /// Its group.
    #[must_use]
    pub const fn group(&self) -> GroupIx {
        self.group
    }

    /// The next start is on a host without offset files.
    pub fn move_to_fresh_host(&mut self) {
        self.local.move_to_fresh_host();
    }

    /// Puts an offset into the offset file of the client id it starts with.
    pub fn preset_local_offset(&mut self, client: ClientIx, queue: QueueIx, offset: u64) {
        self.local.persist_all(client, [(queue, offset)]);
    }

    /// Whether this is a broadcasting member that was started again and found no offset file.
    #[must_use]
    pub const fn began_without_file(&self) -> bool {
        self.without_file
    }

    /// The lowest offset of a queue in the offset files of its host; `None` too while the file in use says nothing.
    #[must_use]
    pub fn lowest_local_offset(&self, queue: QueueIx) -> Option<u64> {
        if self.presence != Presence::Absent && self.local.read(self.client.id, queue).is_none() {
            return None;
        }
        self.local.lowest(queue)
    }

    /// The process queue of an owned queue.
    #[must_use]
    pub fn assigned_to(&self, queue: QueueIx) -> Option<&super::table::Assigned> {
        self.table.get(queue)
    }

    /// Pulled messages of a queue that are not acknowledged, those of its dropped windows included.
    pub fn rows_of(&self, queue: QueueIx) -> impl Iterator<Item = &crate::consume::process_queue::Row> {
        let window = self.table.get(queue).into_iter().flat_map(|held| held.process.iter());
        window.chain(self.leftovers.iter().filter(move |(of, _)| *of == queue).map(|(_, row)| row))
    }

    /// The topics this consumer subscribes to.
    #[must_use]
    pub fn topics(&self) -> &[TopicIx] {
        &self.topics
    }

    /// Whether a queue is owned; for observers.
    #[must_use]
    pub fn owns(&self, queue: QueueIx) -> bool {
        self.table.get(queue).is_some()
    }
}
