//! By machine room: only the queues of brokers in named rooms, which the broker names carry (`room@broker`).

use super::check::{callers, check, checked_shares};
use super::{AllocateError, AllocateMessageQueueStrategy, Input, Pick, Shares};

/// Which RocketMQ the class is from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineRoomRevision {
    /// Up to 4.7.1: checks nothing, and cuts a client's block out of the unfiltered queue list, so that queues of other
    /// rooms are handed out and some queues go to two clients or to none.
    V4_7_1,
    /// 4.9.4 and later.
    #[default]
    V4_9_4,
}

/// The queues of brokers in the named rooms, divided among all clients, who have no room themselves
/// (`AllocateMessageQueueByMachineRoom`). Blocks of equal length; what remains at the tail goes to the first clients one
/// by one, so a share is not contiguous. Other rooms' queues go to nobody.
#[derive(Clone, Debug, Default)]
pub struct ByMachineRoom {
    rooms: Option<Vec<String>>,
    revision: MachineRoomRevision,
}

impl ByMachineRoom {
    /// With the rooms that take part (`setConsumeridcs`); `None` when they were never set.
    #[must_use]
    pub const fn new(rooms: Option<Vec<String>>, revision: MachineRoomRevision) -> Self {
        Self { rooms, revision }
    }

    /// Positions of the queues that take part.
    fn taking_part(&self, input: &Input<'_>) -> Result<Vec<u32>, AllocateError> {
        let mut positions = Vec::new();
        for (position, queue) in input.queues.iter().enumerate() {
            let Some(room) = room_of(queue.broker) else { continue };
            let rooms = self.rooms.as_ref().ok_or(AllocateError::RoomsNeverSet)?;
            if rooms.iter().any(|named| named == room) {
                positions.push(position as u32);
            }
        }
        Ok(positions)
    }

    /// The share of the client at `index`, given the queues that take part.
    fn share(&self, index: usize, clients: usize, taking_part: &[u32]) -> impl Iterator<Item = Pick> {
        let (block, rest) = (taking_part.len() / clients, taking_part.len() % clients);
        let from = index * block;
        let unfiltered = self.revision == MachineRoomRevision::V4_7_1;
        (from..from + block)
            .map(move |at| if unfiltered { at as u32 } else { taking_part[at] })
            .chain((index < rest).then(|| taking_part[clients * block + index]))
            .map(Pick::Given)
    }
}

/// The room of a broker name with exactly two parts, as Java splits at `@`: empty parts at the end do not count.
fn room_of(broker: &str) -> Option<&str> {
    let (room, name) = broker.trim_end_matches('@').split_once('@')?;
    (!name.contains('@')).then_some(room)
}

impl AllocateMessageQueueStrategy for ByMachineRoom {
    fn name(&self) -> String {
        "MACHINE_ROOM".to_owned()
    }

    fn allocate(&self, current: &str, input: &Input<'_>) -> Result<Vec<Pick>, AllocateError> {
        let index = match self.revision {
            MachineRoomRevision::V4_7_1 => input.clients.iter().position(|client| *client == current),
            MachineRoomRevision::V4_9_4 => check(current, input)?,
        };
        let Some(index) = index else { return Ok(Vec::new()) };
        let taking_part = self.taking_part(input)?;
        Ok(self.share(index, input.clients.len(), &taking_part).collect())
    }

    fn allocate_all(&self, input: &Input<'_>) -> Shares {
        let taking_part = self.taking_part(input);
        let add = |shares: &mut Shares, client: u32| match &taking_part {
            Ok(positions) => shares.push(client, self.share(client as usize, input.clients.len(), positions)),
            Err(error) => shares.push_error(client, error.clone()),
        };
        match self.revision {
            MachineRoomRevision::V4_9_4 => checked_shares(input, add),
            MachineRoomRevision::V4_7_1 => {
                let mut shares = Shares::default();
                callers(input.clients).into_iter().for_each(|client| add(&mut shares, client));
                shares
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::room_of;

    #[test]
    fn a_broker_name_has_a_room_when_exactly_two_parts_remain() {
        assert_eq!(room_of("room1@a"), Some("room1"));
        assert_eq!(room_of("room1@a@@"), Some("room1"));
        assert_eq!(room_of("@a"), Some(""));
        for without in ["", "@", "room1", "room1@", "room1@@a", "room1@a@b", "@@a"] {
            assert_eq!(room_of(without), None, "{without}");
        }
    }
}
