//! Processes of a plan and their names.

use serde::Serialize;

use super::Plan;
use crate::kernel::time::SimDuration;
use crate::protocol::address::Address;
use crate::store::ids::BrokerIx;

/// Settings of a Raft group (`DLedgerConfig`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DLedgerPlan {
    /// Members, an odd number as a rule.
    pub members: u32,
    /// `heartBeatTimeIntervalMs`. 2 s.
    pub heart_beat_time_interval: SimDuration,
    /// `maxHeartBeatLeak`. 3.
    pub max_heart_beat_leak: u32,
    /// `minVoteIntervalMs`. 300 ms.
    pub min_vote_interval: SimDuration,
    /// `maxVoteIntervalMs`. 1 s.
    pub max_vote_interval: SimDuration,
    /// `maxWaitAckTimeMs`. 2.5 s.
    pub max_wait_ack_time: SimDuration,
    /// `preferredLeaderIds`.
    pub preferred_leader: Option<u32>,
}

impl Default for DLedgerPlan {
    fn default() -> Self {
        Self {
            members: 3,
            heart_beat_time_interval: SimDuration::from_secs(2),
            max_heart_beat_leak: 3,
            min_vote_interval: SimDuration::from_millis(300),
            max_vote_interval: SimDuration::from_secs(1),
            max_wait_ack_time: SimDuration::from_millis(2500),
            preferred_leader: None,
        }
    }
}

impl Plan {
    /// The name of a broker process as the timeline of a scenario says it: `broker-a` for a master, `broker-a/1` for a
    /// slave, `broker-a/n0` for the member of a Raft group.
    #[must_use]
    pub fn process_label(&self, process: BrokerIx) -> String {
        match process.at().checked_sub(self.brokers.len()) {
            Some(replica) => self.replicas[replica].label.clone(),
            None => {
                let broker = &self.brokers[process.at()];
                let first = if broker.dledger.is_some() { "/n0" } else { "" };
                format!("{}{first}", broker.name)
            }
        }
    }

    /// The name of a node as the timeline of a scenario says it.
    #[must_use]
    pub fn node_label(&self, node: Address) -> String {
        match node {
            Address::Nameserver(ix) => self.nameservers[ix.at()].name.clone(),
            Address::Broker(ix) => self.process_label(ix),
            Address::Producer(ix) => self.producers[ix.at()].name.clone(),
            Address::Consumer(ix) => self.instances[ix.at()].name.clone(),
        }
    }
}
