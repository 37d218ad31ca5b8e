//! The list of all strategies, from which scenario files, the command line and the tests know them.

use std::collections::BTreeMap;

use super::consistent_hash::DEFAULT_VIRTUAL_NODES;
use super::{
    AllocateError, AllocateMessageQueueStrategy, Averagely, AveragelyByCircle, ByConfig, ByMachineRoom, ConsistentHash,
    MachineRoomNearby, MachineRoomRevision,
};

/// A strategy of the list.
#[derive(Clone, Copy, Debug)]
pub struct StrategyEntry {
    /// Name in files and on the command line.
    pub key: &'static str,
    /// RocketMQ's name (`getName`); the nearby strategy appends its inner one's.
    pub name: &'static str,
    /// RocketMQ's class.
    pub class: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// How even the shares are.
    pub balance: Balance,
    /// Makes one with the settings that concern it.
    pub build: fn(Settings) -> Result<Box<dyn AllocateMessageQueueStrategy>, AllocateError>,
}

/// What a strategy promises about shares when all client ids differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// Any two shares differ by at most this many queues.
    Within(u32),
    /// Nothing.
    NoPromise,
}

/// The settings of all strategies; each takes its own.
#[derive(Debug)]
pub struct Settings {
    /// Consistent hash: virtual nodes per client.
    pub virtual_nodes: i32,
    /// By machine room: rooms that take part; `None` = never set.
    pub rooms: Option<Vec<String>>,
    /// By machine room: which RocketMQ.
    pub machine_room_revision: MachineRoomRevision,
    /// By config: length of the configured list; `None` = never set.
    pub configured: Option<u32>,
    /// Machine room nearby: the strategy within a room.
    pub inner: Option<Box<dyn AllocateMessageQueueStrategy>>,
    /// Machine room nearby: room of each broker name.
    pub broker_rooms: BTreeMap<String, String>,
    /// Machine room nearby: room of each client id.
    pub client_rooms: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            virtual_nodes: DEFAULT_VIRTUAL_NODES,
            rooms: None,
            machine_room_revision: MachineRoomRevision::default(),
            configured: None,
            inner: None,
            broker_rooms: BTreeMap::new(),
            client_rooms: BTreeMap::new(),
        }
    }
}

/// Every strategy there is.
pub const STRATEGIES: [StrategyEntry; 6] = [
    StrategyEntry {
        key: "averagely",
        name: "AVG",
        class: "AllocateMessageQueueAveragely",
        summary: "contiguous runs of equal length; the first consumers take one more",
        balance: Balance::Within(1),
        build: |_| Ok(Box::new(Averagely)),
    },
    StrategyEntry {
        key: "averagely_by_circle",
        name: "AVG_BY_CIRCLE",
        class: "AllocateMessageQueueAveragelyByCircle",
        summary: "one queue to each consumer in turn",
        balance: Balance::Within(1),
        build: |_| Ok(Box::new(AveragelyByCircle)),
    },
    StrategyEntry {
        key: "by_config",
        name: "CONFIG",
        class: "AllocateMessageQueueByConfig",
        summary: "the configured queues, whoever asks",
        balance: Balance::Within(0),
        build: |settings| Ok(Box::new(ByConfig::new(settings.configured))),
    },
    StrategyEntry {
        key: "by_machine_room",
        name: "MACHINE_ROOM",
        class: "AllocateMessageQueueByMachineRoom",
        summary: "only queues of brokers in the named rooms, in equal blocks",
        balance: Balance::Within(1),
        build: |settings| Ok(Box::new(ByMachineRoom::new(settings.rooms, settings.machine_room_revision))),
    },
    StrategyEntry {
        key: "consistent_hash",
        name: "CONSISTENT_HASH",
        class: "AllocateMessageQueueConsistentHash",
        summary: "queues and consumers on a hash ring; few queues move, shares are uneven",
        balance: Balance::NoPromise,
        build: |settings| Ok(Box::new(ConsistentHash::new(settings.virtual_nodes)?)),
    },
    StrategyEntry {
        key: "machine_room_nearby",
        name: "MACHINE_ROOM_NEARBY",
        class: "AllocateMachineRoomNearby",
        summary: "each room's queues to its own consumers; rooms without consumers are shared by all",
        balance: Balance::NoPromise,
        build: |settings| {
            let inner = settings.inner.ok_or(AllocateError::NoInnerStrategy)?;
            Ok(Box::new(MachineRoomNearby::new(inner, settings.broker_rooms, settings.client_rooms)))
        },
    },
];

/// The strategy of that key or RocketMQ name, in any case.
#[must_use]
pub fn find(name: &str) -> Option<&'static StrategyEntry> {
    STRATEGIES.iter().find(|entry| entry.key.eq_ignore_ascii_case(name) || entry.name.eq_ignore_ascii_case(name))
}
