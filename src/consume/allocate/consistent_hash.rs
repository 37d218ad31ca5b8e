//! Consistent hash: clients and queues on a ring.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use md5::{Digest, Md5};

use super::check::{check, checked_shares};
use super::{AllocateError, AllocateMessageQueueStrategy, Input, Pick, Shares};

/// Every client stands at several places of a ring; a queue goes to the next one from its own place on
/// (`AllocateMessageQueueConsistentHash`, `ConsistentHashRouter`). Few queues move when a client comes or goes, at the
/// price of uneven shares.
#[derive(Clone, Copy, Debug)]
pub struct ConsistentHash {
    virtual_nodes: u32,
}

/// Virtual nodes per client unless set (`AllocateMessageQueueConsistentHash`).
pub(super) const DEFAULT_VIRTUAL_NODES: i32 = 10;

impl ConsistentHash {
    /// With that many places per client on the ring; 0 gives nobody anything.
    ///
    /// # Errors
    /// [`AllocateError::IllegalVirtualNodeCount`] for a negative number.
    pub fn new(virtual_nodes: i32) -> Result<Self, AllocateError> {
        let virtual_nodes =
            u32::try_from(virtual_nodes).map_err(|_| AllocateError::IllegalVirtualNodeCount(virtual_nodes))?;
        Ok(Self { virtual_nodes })
    }
}

impl Default for ConsistentHash {
    fn default() -> Self {
        Self { virtual_nodes: DEFAULT_VIRTUAL_NODES.unsigned_abs() }
    }
}

/// MD5 of the UTF-8 bytes, of which the first four as a big-endian number (`ConsistentHashRouter.MD5Hash#hash`).
fn hash(text: &str) -> u32 {
    let digest: [u8; 16] = Md5::digest(text).into();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// The places of all clients.
struct Ring {
    /// Ascending places with their owner, by the first position of its id in the client list.
    places: Vec<(u32, u32)>,
}

impl Ring {
    /// Adds the clients in list order (`ConsistentHashRouter#addNode`). Where two fall on one place, the later one has
    /// it. A repeated id counts its places on from those it owns at that moment.
    fn new(clients: &[&str], virtual_nodes: u32) -> Self {
        let mut places = BTreeMap::new();
        let mut first_positions: BTreeMap<&str, u32> = BTreeMap::new();
        let mut owned = vec![0_u64; clients.len()];
        let mut text = String::new();
        for (position, client) in clients.iter().enumerate() {
            let owner = *first_positions.entry(client).or_insert(position as u32);
            let start = owned[owner as usize];
            for number in start..start + u64::from(virtual_nodes) {
                text.clear();
                write!(text, "{client}-{number}").expect("writing to a string does not fail");
                if let Some(loser) = places.insert(hash(&text), owner) {
                    owned[loser as usize] -= 1;
                }
                owned[owner as usize] += 1;
            }
        }
        Self { places: places.into_iter().collect() }
    }

    /// The owner of the first place at or after that of `text`, around the ring (`ConsistentHashRouter#routeNode`);
    /// `None` on an empty ring.
    fn owner_of(&self, text: &str) -> Option<u32> {
        let wanted = hash(text);
        let next = self.places.partition_point(|(place, _)| *place < wanted);
        self.places.get(next).or(self.places.first()).map(|(_, owner)| *owner)
    }

    /// The owner of each queue.
    fn owners(&self, input: &Input<'_>) -> impl Iterator<Item = Option<u32>> {
        let mut text = String::new();
        input.queues.iter().map(move |queue| {
            text.clear();
            write!(text, "{queue}").expect("writing to a string does not fail");
            self.owner_of(&text)
        })
    }
}

impl AllocateMessageQueueStrategy for ConsistentHash {
    fn name(&self) -> String {
        "CONSISTENT_HASH".to_owned()
    }

    fn allocate(&self, current: &str, input: &Input<'_>) -> Result<Vec<Pick>, AllocateError> {
        let Some(index) = check(current, input)? else { return Ok(Vec::new()) };
        let ring = Ring::new(input.clients, self.virtual_nodes);
        let owners = ring.owners(input).enumerate();
        Ok(owners.filter(|(_, owner)| *owner == Some(index as u32)).map(|(at, _)| Pick::Given(at as u32)).collect())
    }

    fn allocate_all(&self, input: &Input<'_>) -> Shares {
        let ring = Ring::new(input.clients, self.virtual_nodes);
        let mut owned: Vec<(u32, u32)> = ring
            .owners(input)
            .enumerate()
            .filter_map(|(position, owner)| owner.map(|owner| (owner, position as u32)))
            .collect();
        owned.sort_unstable();
        checked_shares(input, |shares, client| {
            let from = owned.partition_point(|(owner, _)| *owner < client);
            let to = owned.partition_point(|(owner, _)| *owner <= client);
            shares.push(client, owned[from..to].iter().map(|(_, position)| Pick::Given(*position)));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_the_first_four_bytes_of_md5() {
        assert_eq!(hash("c0-0"), 2_316_876_094);
        assert_eq!(hash("c0-1"), 4_137_623_405);
        assert_eq!(hash("客户端-1-0"), 536_709_118);
        assert_eq!(hash("MessageQueue [topic=TopicTest, brokerName=broker-a, queueId=0]"), 1_987_926_524);
    }

    #[test]
    fn a_repeated_id_goes_on_counting_its_places() {
        let ring = Ring::new(&["c0", "c1", "c0"], 10);
        assert_eq!(ring.places.iter().filter(|(_, owner)| *owner == 0).count(), 20);
        assert!(ring.places.binary_search(&(hash("c0-19"), 0)).is_ok());
    }

    #[test]
    fn a_negative_number_of_virtual_nodes_is_refused() {
        assert_eq!(ConsistentHash::new(-1).unwrap_err().to_string(), "illegal virtualNodeCnt :-1");
    }
}
