//! What happens to the cluster of a plan, and when.

use serde::Serialize;

use super::TopicOnBroker;
use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Address;
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, NameserverIx, ProducerIx, TopicIx};

/// An action of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimedAction {
    /// When.
    pub at: SimTime,
    /// What.
    pub action: Action,
    /// Words of the scenario file for the narration (`scale order_consumer to 4`).
    pub label: String,
}

/// What happens to the cluster. Compound actions of the file (`scale`, `rollingRestart`) are already taken apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// A consumer process calls `start()` under this client id.
    StartConsumer {
        /// Who.
        instance: InstanceIx,
        /// Under which id.
        client_id: ClientIx,
        /// On a host without the offset file of a broadcasting member.
        fresh_host: bool,
    },
    /// A consumer process calls `shutdown()` and ends.
    StopConsumer {
        /// Who.
        instance: InstanceIx,
    },
    /// `kill -9`: the process ends, the kernel closes its connections.
    KillConsumer {
        /// Who.
        instance: InstanceIx,
    },
    /// `SIGSTOP`, a long pause or a stalled host: connections stay open, nothing answers.
    FreezeConsumer {
        /// Who.
        instance: InstanceIx,
    },
    /// The frozen process goes on.
    ThawConsumer {
        /// Who.
        instance: InstanceIx,
    },
    /// `updateTopic`: the queue counts of a topic on a broker change and are registered at once.
    SetTopicQueues {
        /// Topic.
        topic: TopicIx,
        /// New counts.
        queues: TopicOnBroker,
    },
    /// From now on this rate instead of the profile.
    SetProducerRate {
        /// Instance.
        producer: ProducerIx,
        /// Messages per second of this instance; 0 pauses it.
        rate: f64,
    },
    /// From now on listener calls of all members take this time (calls that have begun keep theirs).
    SetServiceTime {
        /// Group.
        group: GroupIx,
        /// Time per message.
        service_time: Distribution,
    },
    /// Something happens to the process or the host of a node. Consumers: host losses only, the rest has actions of its own.
    Node {
        /// Who.
        node: Address,
        /// What.
        what: NodeAction,
    },
    /// A rule of [`Plan::link_rules`](super::Plan) begins or ends.
    Link {
        /// Which.
        rule: u32,
        /// It begins.
        on: bool,
    },
    /// All connections between the two sets of a rule are reset.
    ResetConnections {
        /// Which.
        rule: u32,
    },
    /// From now on a flush takes this long; `None`: as configured.
    SetFlushTime {
        /// Broker process.
        broker: BrokerIx,
        /// Time of one flush.
        flush_time: Option<Distribution>,
    },
    /// From now on a send takes this long in the thread pool; `None`: as configured.
    SetSendHandling {
        /// Broker process.
        broker: BrokerIx,
        /// Time of one request.
        handling: Option<Distribution>,
    },
    /// An append holds the put lock for this long (dirty pages are written back).
    PageCacheBusy {
        /// Broker process.
        broker: BrokerIx,
        /// How long.
        lasts: SimDuration,
    },
    /// Others use so many bytes of a broker's disk from now on.
    SetDiskUsed {
        /// Broker process.
        broker: BrokerIx,
        /// Bytes.
        bytes: u64,
    },
    /// A broker's wall clock is off by this from now on.
    SetClock {
        /// Broker process.
        broker: BrokerIx,
        /// Ahead by so many milliseconds; negative: behind.
        offset_ms: i64,
    },
    /// `wipeWritePerm` and `addWritePerm` of a broker name at every nameserver, or at one.
    SetWritePerm {
        /// `brokerName`.
        broker: BrokerIx,
        /// Only there.
        nameserver: Option<NameserverIx>,
        /// Permission is given back.
        writable: bool,
    },
    /// The offsets of a group on a topic are set by time through its running members (`resetOffsetByTime`).
    ResetOffset {
        /// Group.
        group: GroupIx,
        /// Topic.
        topic: TopicIx,
        /// To the messages stored at or after this time; `None`: to the end.
        to: Option<SimTime>,
        /// Also forwards (`force`).
        force: bool,
    },
}

/// What happens to a process or its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum NodeAction {
    /// It shuts down in good order.
    Stop,
    /// `kill -9`: the process ends, the kernel closes its connections.
    Kill,
    /// `SIGSTOP`: connections stay open, nothing answers.
    Freeze,
    /// It goes on.
    Thaw,
    /// The host is gone without a word: nobody's connections are closed, nothing answers. What was not flushed is lost.
    LoseHost {
        /// With its disk.
        disk_lost: bool,
    },
    /// The process starts (again), its host is back.
    Start {
        /// With an empty disk.
        empty_disk: bool,
    },
}
