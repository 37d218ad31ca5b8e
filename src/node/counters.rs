//! What nodes count: per group, and for the whole cluster.

use serde::Serialize;

use crate::store::ids::GroupIx;

/// What can be counted. Those of a group come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[repr(u8)]
pub enum Counter {
    /// Listener calls that failed, per message.
    Failures,
    /// Messages the brokers took back for another attempt.
    SentBack,
    /// Messages that a failed send-back left in the process queue for another attempt after 5 s.
    LocalRetries,
    /// Deliveries of messages from the retry topic.
    Retries,
    /// Messages in the dead-letter queue.
    DeadLetters,
    /// Failed messages of a broadcasting member, which are dropped.
    Dropped,
    /// Messages taken from a process queue because of `consumeTimeout`.
    ConsumeTimeouts,
    /// Messages that a member (one that has run by then) wanted and nobody was given, because another's subscription filtered
    /// them.
    Lost,
    /// Messages that nobody of the group wants.
    Filtered,
    /// Messages a consumer got and dropped by its own filter.
    ClientFiltered,
    /// Deliveries of one key's messages out of the order they were stored in (in an orderly group).
    OrderViolations,
    /// Lock requests of members that were denied, per queue.
    LocksDenied,
    /// Suspensions of an orderly queue after a failure.
    Suspensions,
    /// Messages before the offset from which the group began.
    Skipped,
    /// Stored offsets that moved backwards.
    OffsetsBack,
    /// Pulls put off by flow control.
    FlowControlled,
    /// Greatest number of messages one member had cached, at sample times.
    CachedMax,
    /// Greatest number of body bytes one member had cached, at sample times.
    CachedBytesMax,
    /// Half messages stored by producers.
    HalfMessages,
    /// Transactions committed; a second commit of the same message counts again.
    Committed,
    /// Transactions rolled back.
    RolledBack,
    /// Checks sent to producers.
    TransactionChecks,
    /// Half messages given up after too many checks.
    Discarded,
    /// `END_TRANSACTION` requests that got lost.
    LostEnds,
    /// Messages delivered by the schedule service.
    DelayedDelivered,
    /// `send()` calls that returned `SEND_OK`, in a plan in which servers can fail.
    SendsOk,
    /// `send()` calls that returned another status than `SEND_OK`.
    SendsNotOk,
    /// `send()` calls that ended in an exception.
    SendsFailed,
    /// Of them, those whose message is stored all the same.
    FailedButStored,
    /// Messages stored more than once because a call was tried again.
    StoredTwice,
    /// Attempts beyond the first.
    SendRetries,
    /// Messages cut off from a log that counts.
    Truncated,
    /// Of them, those a producer was told are stored.
    AcknowledgedLost,
    /// Deliveries of messages that are in no log that counts (any more).
    StaleDeliveries,
    /// Messages behind a group's position that nobody of it was given: an offset pointed past them.
    PassedOver,
    /// Sends refused because a broker was busy (`SYSTEM_BUSY`).
    SendsBusy,
    /// Terms in which a leader was elected.
    Elections,
    /// Consumers started or stopped by an autoscaler.
    ScaleActions,
}

/// Number of [`Counter`]s.
pub const COUNTERS: usize = Counter::ScaleActions as usize + 1;
/// Counters before this one are counted per group.
pub const GROUP_COUNTERS: usize = Counter::HalfMessages as usize;

impl Counter {
    /// Whether it is counted per group, too.
    #[must_use]
    pub const fn is_of_groups(self) -> bool {
        (self as usize) < GROUP_COUNTERS
    }
}

/// The counts of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters {
    groups: Vec<[u64; COUNTERS]>,
    cluster: [u64; COUNTERS],
}

impl Default for Counters {
    fn default() -> Self {
        Self { groups: Vec::new(), cluster: [0; COUNTERS] }
    }
}

impl Counters {
    /// Counts `n` more for a group and for the cluster.
    #[inline]
    pub fn add(&mut self, counter: Counter, group: GroupIx, n: u64) {
        self.of_group(group)[counter as usize] += n;
        self.cluster[counter as usize] += n;
    }

    /// Counts `n` more for the cluster alone.
    pub const fn add_to_cluster(&mut self, counter: Counter, n: u64) {
        self.cluster[counter as usize] += n;
    }

    /// Keeps the greatest value seen, for a group and for the cluster.
    pub fn greatest(&mut self, counter: Counter, group: GroupIx, value: u64) {
        let of_group = &mut self.of_group(group)[counter as usize];
        *of_group = value.max(*of_group);
        let cluster = &mut self.cluster[counter as usize];
        *cluster = value.max(*cluster);
    }

    /// The count of a group, or of the cluster.
    #[must_use]
    pub fn get(&self, counter: Counter, group: Option<GroupIx>) -> u64 {
        match group {
            None => self.cluster[counter as usize],
            Some(group) => self.groups.get(group.at()).map_or(0, |counts| counts[counter as usize]),
        }
    }

    fn of_group(&mut self, group: GroupIx) -> &mut [u64; COUNTERS] {
        if self.groups.len() <= group.at() {
            self.groups.resize(group.at() + 1, [0; COUNTERS]);
        }
        &mut self.groups[group.at()]
    }
}
