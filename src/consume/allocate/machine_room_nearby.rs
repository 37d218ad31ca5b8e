//! Machine room nearby: queues stay in the room of their broker while it has a consumer.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::check::{check, checked_shares};
use super::order::java_cmp;
use super::{AllocateError, AllocateMessageQueueStrategy, Input, MessageQueue, Pick, Shares};

/// An inner strategy within each room; a room's queues without any consumer there are divided among all clients, room by
/// room (`AllocateMachineRoomNearby`).
#[derive(Debug)]
pub struct MachineRoomNearby {
    inner: Box<dyn AllocateMessageQueueStrategy>,
    broker_rooms: BTreeMap<String, String>,
    client_rooms: BTreeMap<String, String>,
}

/// A room's name in the order of a Java `TreeMap`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Room<'a>(&'a str);

impl Ord for Room<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        java_cmp(self.0, other.0)
    }
}

impl PartialOrd for Room<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What stands in one room, in list order.
#[derive(Default)]
struct Inventory<'a> {
    queues: Vec<MessageQueue<'a>>,
    queue_positions: Vec<u32>,
    clients: Vec<&'a str>,
    client_positions: Vec<u32>,
}

impl MachineRoomNearby {
    /// With the room of each broker name and of each client id (`MachineRoomResolver`). A name that is missing or has an
    /// empty room has none.
    #[must_use]
    pub fn new(
        inner: Box<dyn AllocateMessageQueueStrategy>,
        broker_rooms: BTreeMap<String, String>,
        client_rooms: BTreeMap<String, String>,
    ) -> Self {
        Self { inner, broker_rooms, client_rooms }
    }

    /// Sorts queues and clients into their rooms.
    fn inventory<'a>(&'a self, input: &Input<'a>) -> Result<BTreeMap<Room<'a>, Inventory<'a>>, AllocateError> {
        let mut rooms: BTreeMap<Room<'a>, Inventory<'a>> = BTreeMap::new();
        for (position, queue) in input.queues.iter().enumerate() {
            let room = room_of(&self.broker_rooms, queue.broker)
                .ok_or_else(|| AllocateError::QueueWithoutRoom(queue.to_string()))?;
            let inventory = rooms.entry(Room(room)).or_default();
            inventory.queues.push(*queue);
            inventory.queue_positions.push(position as u32);
        }
        for (position, client) in input.clients.iter().enumerate() {
            let room = room_of(&self.client_rooms, client)
                .ok_or_else(|| AllocateError::ClientWithoutRoom((*client).to_owned()))?;
            let inventory = rooms.entry(Room(room)).or_default();
            inventory.clients.push(client);
            inventory.client_positions.push(position as u32);
        }
        Ok(rooms)
    }

    /// Adds what the inner strategy gave for one room's queues. A null answer cannot be added to a list in Java.
    fn take(&self, answer: &[Pick], inventory: &Inventory<'_>, picks: &mut Vec<Pick>) -> Result<(), AllocateError> {
        if self.inner.returns_null() {
            return Err(AllocateError::InnerAnsweredNull);
        }
        picks.extend(answer.iter().map(|pick| match pick {
            Pick::Given(position) => Pick::Given(inventory.queue_positions[*position as usize]),
            Pick::Configured(position) => Pick::Configured(*position),
        }));
        Ok(())
    }
}

fn room_of<'a>(rooms: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    rooms.get(name).map(String::as_str).filter(|room| !room.is_empty())
}

impl AllocateMessageQueueStrategy for MachineRoomNearby {
    fn name(&self) -> String {
        format!("MACHINE_ROOM_NEARBY-{}", self.inner.name())
    }

    fn allocate(&self, current: &str, input: &Input<'_>) -> Result<Vec<Pick>, AllocateError> {
        if check(current, input)?.is_none() {
            return Ok(Vec::new());
        }
        let mut rooms = self.inventory(input)?;
        let mut picks = Vec::new();
        let own = room_of(&self.client_rooms, current).and_then(|room| rooms.remove(&Room(room)));
        if let Some(inventory) = own.filter(|inventory| !inventory.queues.is_empty()) {
            let here = Input { queues: &inventory.queues, clients: &inventory.clients };
            self.take(&self.inner.allocate(current, &here)?, &inventory, &mut picks)?;
        }
        for inventory in rooms.values().filter(|inventory| inventory.clients.is_empty()) {
            let left = Input { queues: &inventory.queues, clients: input.clients };
            self.take(&self.inner.allocate(current, &left)?, inventory, &mut picks)?;
        }
        Ok(picks)
    }

    fn allocate_all(&self, input: &Input<'_>) -> Shares {
        let rooms = match self.inventory(input) {
            Ok(rooms) => rooms,
            Err(error) => return checked_shares(input, |shares, client| shares.push_error(client, error.clone())),
        };
        let mut outcomes: Vec<Result<Vec<Pick>, AllocateError>> = vec![Ok(Vec::new()); input.clients.len()];
        let mut add = |inventory: &Inventory<'_>, shares: &Shares, positions: Option<&[u32]>| {
            for (position, answer) in shares.iter() {
                let client = positions.map_or(position, |positions| positions[position] as usize);
                if let Ok(picks) = &mut outcomes[client] {
                    let taken = answer.map_err(Clone::clone).and_then(|answer| self.take(answer, inventory, picks));
                    if let Err(error) = taken {
                        outcomes[client] = Err(error);
                    }
                }
            }
        };
        for inventory in rooms.values().filter(|room| !room.queues.is_empty() && !room.clients.is_empty()) {
            let here = Input { queues: &inventory.queues, clients: &inventory.clients };
            add(inventory, &self.inner.allocate_all(&here), Some(&inventory.client_positions));
        }
        for inventory in rooms.values().filter(|room| room.clients.is_empty()) {
            let left = Input { queues: &inventory.queues, clients: input.clients };
            add(inventory, &self.inner.allocate_all(&left), None);
        }
        checked_shares(input, |shares, client| {
            match std::mem::replace(&mut outcomes[client as usize], Ok(Vec::new())) {
                Ok(picks) => shares.push(client, picks),
                Err(error) => shares.push_error(client, error),
            }
        })
    }
}
