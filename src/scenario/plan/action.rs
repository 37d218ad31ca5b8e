//! What happens to the cluster of a plan, and when.

use serde::Serialize;

use super::TopicOnBroker;
use crate::kernel::dist::Distribution;
use crate::kernel::time::SimTime;
use crate::store::ids::{ClientIx, GroupIx, InstanceIx, ProducerIx, TopicIx};

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
