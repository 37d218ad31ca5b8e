//! Expectations on what nodes count.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::node::counters::Counter;
use crate::scenario::units::{Duration, Percentile};

macro_rules! counter_names {
    ($($(#[doc = $doc:literal])+ $name:ident),* $(,)?) => {
        /// What can be counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[schemars(rename = "Counter")]
        pub enum CounterName {
            $( $(#[doc = $doc])+ $name, )*
        }

        impl CounterName {
            /// As the plan names it.
            #[must_use]
            pub const fn counter(self) -> Counter {
                match self { $( Self::$name => Counter::$name, )* }
            }
        }
    };
}

counter_names! {
    /// Listener calls that failed, per message.
    Failures,
    /// Messages the brokers took back for another attempt.
    SentBack,
    /// Messages that a failed send-back left with the consumer for another attempt after 5 s.
    LocalRetries,
    /// Deliveries of messages from the retry topic.
    Retries,
    /// Messages in the dead-letter queue.
    DeadLetters,
    /// Failed messages of a broadcasting member, which are dropped.
    Dropped,
    /// Messages taken from a process queue because of `consumeTimeout`.
    ConsumeTimeouts,
    /// Messages that a member wanted and nobody was given, because another's subscription filtered them.
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
    /// Greatest number of messages one member had cached.
    CachedMax,
    /// Greatest number of body bytes one member had cached.
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
    /// Decisions of transactions that got lost.
    LostEnds,
    /// Messages delivered by the schedule service.
    DelayedDelivered,
    /// `send()` calls that returned `SEND_OK`, in a scenario in which servers can fail.
    SendsOk,
    /// `send()` calls that returned another status than `SEND_OK`.
    SendsNotOk,
    /// `send()` calls that ended in an exception.
    SendsFailed,
    /// Failed `send()` calls whose message is stored all the same.
    FailedButStored,
    /// Messages stored more than once because a call was tried again.
    StoredTwice,
    /// Attempts of sends beyond the first.
    SendRetries,
    /// Messages cut off from a log that counts.
    Truncated,
    /// Messages a producer was told are stored and that were cut off.
    AcknowledgedLost,
    /// Deliveries of messages that are in no log that counts (any more).
    StaleDeliveries,
    /// Messages behind a group's position that nobody of it was given.
    PassedOver,
    /// Sends refused because a broker was busy.
    SendsBusy,
    /// Leaders elected in Raft groups.
    Elections,
    /// Members started or stopped by an autoscaler.
    ScaleActions,
}

/// A counter within bounds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CounterCheck {
    /// What is counted.
    pub counter: CounterName,
    /// The group. Default: the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// At least so many. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// At most so many. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
    /// Exactly so many, instead of the bounds. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<u64>,
}

/// A named counter within bounds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamedCount {
    /// The group. Default: the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// At least so many. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// At most so many. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
    /// Exactly so many, instead of the bounds. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<u64>,
}

impl NamedCount {
    /// The long form.
    pub(crate) fn of(&self, counter: CounterName) -> CounterCheck {
        let Self { group, at_least, at_most, equals } = self.clone();
        CounterCheck { counter, group, at_least, at_most, equals }
    }
}

/// How late delayed messages are delivered.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LatenessCheck {
    /// The percentile: `p99`.
    pub percentile: Percentile,
    /// Time after the due time at most.
    pub at_most: Duration,
}
