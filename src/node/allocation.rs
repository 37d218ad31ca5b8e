//! The allocation of a group's queues, computed once for each pair of lists.
//!
//! Every member computes its share by itself, from its own lists. Members with equal lists compute the same division, so the
//! division is kept and looked up: a speed-up of the simulator, invisible to the model.

use std::rc::Rc;

use crate::consume::allocate::{AllocateMessageQueueStrategy, Input, MessageQueue, Pick};
use crate::protocol::directory::Directory;
use crate::store::ids::{ClientIx, GroupIx, QueueIx};

/// Names behind the ids, which some strategies hash or split.
#[derive(Debug)]
pub struct Names {
    /// Topic names by id.
    pub topics: Vec<String>,
    /// Broker names by id.
    pub brokers: Vec<String>,
    /// Client ids by number.
    pub clients: Vec<String>,
}

/// A group's strategy; `configured` are the queues of `AllocateMessageQueueByConfig`.
#[derive(Debug)]
pub struct GroupStrategy {
    /// The strategy.
    pub strategy: Box<dyn AllocateMessageQueueStrategy>,
    /// Its configured queues, if it has any.
    pub configured: Vec<QueueIx>,
}

/// Strategies and their latest divisions.
#[derive(Debug)]
pub struct Allocations {
    names: Names,
    groups: Vec<GroupStrategy>,
    latest: Vec<Division>,
}

#[derive(Debug)]
struct Division {
    group: GroupIx,
    queues: Vec<QueueIx>,
    clients: Vec<ClientIx>,
    shares: Shares,
}

/// What each client gets, by client: its queues, sorted, or the message of the exception.
pub type Shares = Rc<[(ClientIx, Result<Vec<QueueIx>, String>)]>;

/// Divisions kept: members of a few groups and topics with two or three different views each.
const KEPT: usize = 24;

impl Allocations {
    /// Strategies by group.
    #[must_use]
    pub const fn new(names: Names, groups: Vec<GroupStrategy>) -> Self {
        Self { names, groups, latest: Vec::new() }
    }

    /// The queues of `own`, sorted; both lists sorted, clients with repetitions.
    ///
    /// # Errors
    /// The message of the exception with which the real strategy ends; the member then changes nothing.
    pub fn share(
        &mut self,
        group: GroupIx,
        directory: &Directory,
        queues: &[QueueIx],
        clients: &[ClientIx],
        own: ClientIx,
    ) -> Result<Vec<QueueIx>, String> {
        let shares = self.shares(group, directory, queues, clients);
        shares
            .binary_search_by_key(&own, |(client, _)| *client)
            .map_or_else(|_| Ok(Vec::new()), |position| shares[position].1.clone())
    }

    /// The shares of all clients; both lists sorted, clients with repetitions.
    pub fn shares(
        &mut self,
        group: GroupIx,
        directory: &Directory,
        queues: &[QueueIx],
        clients: &[ClientIx],
    ) -> Shares {
        let found = self
            .latest
            .iter()
            .position(|division| division.group == group && division.queues == queues && division.clients == clients);
        let index = found.unwrap_or_else(|| {
            let division = self.divide(group, directory, queues, clients);
            self.latest.insert(0, division);
            self.latest.truncate(KEPT);
            0
        });
        Rc::clone(&self.latest[index].shares)
    }

    fn divide(&self, group: GroupIx, directory: &Directory, queues: &[QueueIx], clients: &[ClientIx]) -> Division {
        let strategy = &self.groups[group.at()];
        let mq_all: Vec<MessageQueue<'_>> = queues
            .iter()
            .map(|queue| {
                let parts = directory.parts(*queue);
                MessageQueue {
                    topic: &self.names.topics[parts.topic.at()],
                    broker: &self.names.brokers[parts.broker.at()],
                    queue_id: parts.queue_id as i32,
                }
            })
            .collect();
        let cid_all: Vec<&str> = clients.iter().map(|client| self.names.clients[client.at()].as_str()).collect();
        let topic = queues.first().map(|queue| directory.parts(*queue).topic);
        let divided = strategy.strategy.allocate_all(&Input { queues: &mq_all, clients: &cid_all });
        let mut shares: Vec<(ClientIx, Result<Vec<QueueIx>, String>)> = divided
            .iter()
            .map(|(client, outcome)| {
                let share = outcome
                    .map(|picks| {
                        let mut share: Vec<QueueIx> = picks
                            .iter()
                            .map(|pick| match pick {
                                Pick::Given(index) => queues[*index as usize],
                                Pick::Configured(index) => strategy.configured[*index as usize],
                            })
                            .filter(|queue| Some(directory.parts(*queue).topic) == topic)
                            .collect();
                        share.sort_unstable();
                        share.dedup();
                        share
                    })
                    .map_err(ToString::to_string);
                (clients[client], share)
            })
            .collect();
        shares.sort_by_key(|(client, _)| *client);
        Division { group, queues: queues.to_vec(), clients: clients.to_vec(), shares: shares.into() }
    }
}
