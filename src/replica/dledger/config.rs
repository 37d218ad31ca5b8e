//! The knobs of a group (`DLedgerConfig`), with upstream's names and defaults.

use serde::Serialize;

use crate::kernel::time::SimDuration;
use crate::protocol::dledger::PeerIx;

const MIB: u64 = 1 << 20;

/// The settings of one member; normally all members have the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DLedgerConfig {
    /// `heartBeatTimeIntervalMs`: the leader beats when more than this has passed.
    pub heart_beat_time_interval: SimDuration,
    /// `maxHeartBeatLeak`: a follower gives its leader up, and a leader its quorum, after more than this many intervals.
    pub max_heart_beat_leak: u32,
    /// `minVoteIntervalMs`: the shortest wait between two votes.
    pub min_vote_interval: SimDuration,
    /// `maxVoteIntervalMs`: the longest wait between two votes (excluded), and what is added after a vote that lost to longer logs.
    pub max_vote_interval: SimDuration,
    /// How long a candidate waits for votes at least; up to `maxVoteIntervalMs` is added (a constant upstream).
    pub vote_wait: SimDuration,
    /// Time-out of a COMPARE, TRUNCATE or leadership transfer call.
    pub rpc_timeout: SimDuration,
    /// `maxWaitAckTimeMs`: an append waits so long for its quorum.
    pub max_wait_ack_time: SimDuration,
    /// `maxPendingRequestsNum`: with more appends pending, new ones are refused.
    pub max_pending_requests_num: usize,
    /// `maxPushTimeOutMs`: an unacknowledged entry is pushed again after more than this.
    pub max_push_time_out: SimDuration,
    /// `peerPushThrottlePoint`, bytes: a peer so far behind is pushed at most `peer_push_quota` per second.
    pub peer_push_throttle_point: u64,
    /// `peerPushQuota`, bytes per second.
    pub peer_push_quota: u64,
    /// `maxPendingSize` of a dispatcher: entries in flight to one peer.
    pub max_pending_size: i64,
    /// `flushFileInterval`.
    pub flush_file_interval: SimDuration,
    /// `checkPointInterval`: how often the committed index is written down.
    pub check_point_interval: SimDuration,
    /// `mappedFileSizeForEntryData`, bytes: an entry never crosses the end of a file.
    pub mapped_file_size_for_entry_data: u64,
    /// `diskSpaceRatioToCheckExpired`, percent; the three ratios are for the owner of the disk ([`super::Server::set_disk_full`]).
    pub disk_space_ratio_to_check_expired: u8,
    /// `diskSpaceRatioToForceClean`, percent.
    pub disk_space_ratio_to_force_clean: u8,
    /// `diskFullRatio`, percent.
    pub disk_full_ratio: u8,
    /// `fileReservedHours`; for the owner of the disk ([`super::Server::expire_before`]).
    pub file_reserved_hours: u32,
    /// `preferredLeaderIds`: the leader hands its office to one of these when it lives and is not far behind.
    #[serde(rename = "preferredLeaderIds")]
    pub preferred_leader: Vec<PeerIx>,
    /// `maxLeadershipTransferWaitIndex`: how many entries a preferred leader may be behind (excluded).
    pub max_leadership_transfer_wait_index: i64,
    /// `maxLeadershipTransferWaitTime`: how long the transferee waits for the entries that it lacks.
    pub max_leadership_transfer_wait_time: SimDuration,
    /// `minTakeLeadershipVoteIntervalMs`: replaces `minVoteIntervalMs` while taking leadership.
    pub min_take_leadership_vote_interval: SimDuration,
    /// `maxTakeLeadershipVoteIntervalMs`.
    pub max_take_leadership_vote_interval: SimDuration,
    /// `enableLeaderElector`: without it the member never votes for itself, beats or gives its leader up.
    pub enable_leader_elector: bool,
}

impl Default for DLedgerConfig {
    fn default() -> Self {
        let ms = SimDuration::from_millis;
        Self {
            heart_beat_time_interval: ms(2_000),
            max_heart_beat_leak: 3,
            min_vote_interval: ms(300),
            max_vote_interval: ms(1_000),
            vote_wait: ms(2_000),
            rpc_timeout: ms(3_000),
            max_wait_ack_time: ms(2_500),
            max_pending_requests_num: 10_000,
            max_push_time_out: ms(1_000),
            peer_push_throttle_point: 300 * MIB,
            peer_push_quota: 20 * MIB,
            max_pending_size: 1_000,
            flush_file_interval: ms(10),
            check_point_interval: ms(3_000),
            mapped_file_size_for_entry_data: 1_024 * MIB,
            disk_space_ratio_to_check_expired: 70,
            disk_space_ratio_to_force_clean: 85,
            disk_full_ratio: 90,
            file_reserved_hours: 73,
            preferred_leader: Vec::new(),
            max_leadership_transfer_wait_index: 1_000,
            max_leadership_transfer_wait_time: ms(1_000),
            min_take_leadership_vote_interval: ms(30),
            max_take_leadership_vote_interval: ms(100),
            enable_leader_elector: true,
        }
    }
}

impl DLedgerConfig {
    /// How long a silent leader, or a leader without a quorum, is borne.
    #[must_use]
    pub fn leak(&self) -> SimDuration {
        self.heart_beat_time_interval * u64::from(self.max_heart_beat_leak)
    }
}
