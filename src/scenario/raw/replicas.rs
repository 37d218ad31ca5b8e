//! `slaves:` and `dledger:` of a broker.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::broker_settings::with_broker_settings;
use super::cluster::BrokerHandling;
use super::settings::Setting;
use crate::node::config::{FlushDiskType as PlanFlush, Role};
use crate::scenario::units::{CountOrMap, Duration, Millis, Names};

with_broker_settings! {
    /// A slave, or a member of a Raft group. Every setting of its broker may be given another value here.
    pub struct Replica {
        /// When its process starts. Default: with its broker.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub start: Option<Duration>,
        /// Its handling times instead of those of its broker.
        #[serde(default, skip_serializing_if = "BrokerHandling::is_empty")]
        pub handling: BrokerHandling,
        /// The nameservers it registers with. Default: those of its broker.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nameservers: Option<Names>,
    }
}

/// A Raft group instead of a master and its slaves (RocketMQ: DLedger).
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dledger {
    /// How many members (`n0`, `n1`, …), or each by its name with its settings; an odd number as a rule. Default `3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<CountOrMap<Replica>>,
    /// The member that takes the lead when it can. RocketMQ: `preferredLeaderIds`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_leader: Option<String>,
    /// How often a leader sends heartbeats. RocketMQ: `heartBeatTimeIntervalMs`. Default `2s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heart_beat_time_interval_ms: Option<Millis>,
    /// A follower asks for votes after so many heartbeats that did not come. RocketMQ: `maxHeartBeatLeak`. Default `3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_heart_beat_leak: Option<u32>,
    /// Least time between two requests for votes. RocketMQ: `minVoteIntervalMs`. Default `300ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_vote_interval_ms: Option<Millis>,
    /// Most time between two requests for votes. RocketMQ: `maxVoteIntervalMs`. Default `1s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_vote_interval_ms: Option<Millis>,
    /// How long an append waits for a majority. RocketMQ: `maxWaitAckTimeMs`. Default `2.5s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait_ack_time_ms: Option<Millis>,
}

/// When a master answers a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BrokerRole {
    /// As soon as it has the message itself.
    AsyncMaster,
    /// When a slave has it, too.
    SyncMaster,
}

impl Setting<Role> for BrokerRole {
    fn to_plan(&self) -> Role {
        match self {
            Self::AsyncMaster => Role::AsyncMaster,
            Self::SyncMaster => Role::SyncMaster,
        }
    }
    fn from_plan(plan: &Role) -> Self {
        if *plan == Role::SyncMaster { Self::SyncMaster } else { Self::AsyncMaster }
    }
}

/// When a message counts as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FlushDiskType {
    /// In the page cache.
    AsyncFlush,
    /// On disk.
    SyncFlush,
}

impl Setting<PlanFlush> for FlushDiskType {
    fn to_plan(&self) -> PlanFlush {
        match self {
            Self::AsyncFlush => PlanFlush::AsyncFlush,
            Self::SyncFlush => PlanFlush::SyncFlush,
        }
    }
    fn from_plan(plan: &PlanFlush) -> Self {
        match plan {
            PlanFlush::AsyncFlush => Self::AsyncFlush,
            PlanFlush::SyncFlush => Self::SyncFlush,
        }
    }
}
