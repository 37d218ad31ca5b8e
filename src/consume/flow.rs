//! When a pull may go out (`DefaultMQPushConsumerImpl#pullMessage`): limits on what a process queue caches.

use super::process_queue::ProcessQueue;
use crate::kernel::time::{SimDuration, SimTime};

/// `PULL_TIME_DELAY_MILLS_WHEN_CACHE_FLOW_CONTROL`.
pub const FLOW_CONTROL_DELAY: SimDuration = SimDuration::from_millis(50);

/// `pullTimeDelayMillsWhenException` as `ClientConfig` sets it since 4.6.0.
pub const EXCEPTION_DELAY: SimDuration = SimDuration::from_millis(1000);

/// How long an illegal offset keeps its queue out (`DefaultMQPushConsumerImpl`, `OFFSET_ILLEGAL`, 4.x).
pub const OFFSET_ILLEGAL_DELAY: SimDuration = SimDuration::from_secs(10);

/// `PULL_TIME_DELAY_MILLS_WHEN_SUSPEND`: a paused consumer's pulls come again after this.
pub const SUSPEND_DELAY: SimDuration = SimDuration::from_millis(1000);

/// `PULL_MAX_IDLE_TIME`: a process queue whose pull request got lost is rebuilt after this.
pub const PULL_MAX_IDLE_TIME: SimDuration = SimDuration::from_secs(120);

/// Limits of one process queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowLimits {
    /// `pullThresholdForQueue`, messages.
    pub count: u32,
    /// `pullThresholdSizeForQueue`, MiB.
    pub size_mib: u32,
    /// `consumeConcurrentlyMaxSpan`, offsets.
    pub span: u32,
}

impl FlowLimits {
    /// Whether a pull may go out now. The comparisons are strict, so up to the limit and one batch can be cached; the
    /// size is compared in whole MiB.
    #[must_use]
    pub fn allow(&self, queue: &ProcessQueue, now: SimTime) -> bool {
        // The table also holds finished messages behind an unfinished one: only when it is large is an exact count due.
        if queue.rows() <= self.count as usize
            && (queue.row_bytes() >> 20) <= u64::from(self.size_mib)
            && queue.row_span() <= u64::from(self.span)
        {
            return true;
        }
        let cached = queue.cached(now);
        cached.count <= u64::from(self.count)
            && (cached.bytes >> 20) <= u64::from(self.size_mib)
            && cached.span <= u64::from(self.span)
    }
}
