//! How long an orderly consumer trusts a queue lock it was granted (`ProcessQueue#isLocked`, `#isLockExpired`), and when it
//! asks for it (`ConsumeMessageOrderlyService`).

use crate::kernel::time::{SimDuration, SimTime};

/// `REBALANCE_LOCK_INTERVAL`: all locks are renewed so often.
pub const LOCK_ALL_INTERVAL: SimDuration = SimDuration::from_secs(20);
/// The first renewal after the start.
pub const LOCK_ALL_INITIAL_DELAY: SimDuration = SimDuration::from_secs(1);
/// Timeout of `LOCK_BATCH_MQ` and `UNLOCK_BATCH_MQ`.
pub const LOCK_TIMEOUT: SimDuration = SimDuration::from_secs(1);
/// `REBALANCE_LOCK_MAX_LIVE_TIME` of the client: half of the broker's.
pub const LOCK_TRUSTED_FOR: SimDuration = SimDuration::from_secs(30);
/// `rocketmq.client.unlockDelayTimeMills`: a queue given up with cached messages stays locked so long.
pub const UNLOCK_DELAY: SimDuration = SimDuration::from_secs(20);
/// How long the rebalance thread waits for a listener call before it leaves a queue for its next run.
pub const CONSUME_LOCK_WAIT: SimDuration = SimDuration::from_secs(1);
/// `tryLockLaterAndReconsume` of a consume request that begins without a valid lock.
pub const LOCK_LATER_AT_BEGIN: SimDuration = SimDuration::from_millis(100);
/// The same of one that lost it on its way.
pub const LOCK_LATER_IN_LOOP: SimDuration = SimDuration::from_millis(10);
/// A consume request comes again after a lock was granted.
pub const RECONSUME_LOCKED: SimDuration = SimDuration::from_millis(10);
/// A consume request comes again after a lock was refused.
pub const RECONSUME_DENIED: SimDuration = SimDuration::from_secs(3);

/// What a process queue knows of its lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientLock {
    locked: bool,
    /// `lastLockTimestamp`.
    last_lock: SimTime,
}

impl ClientLock {
    /// A process queue made under a lock (since 4.9.5).
    #[must_use]
    pub const fn granted(now: SimTime) -> Self {
        Self { locked: true, last_lock: now }
    }

    /// The broker granted or renewed it.
    pub const fn grant(&mut self, now: SimTime) {
        *self = Self::granted(now);
    }

    /// The renewal of all locks did not get it. An answer that never came changes nothing.
    pub const fn lose(&mut self) {
        self.locked = false;
    }

    /// `isLocked`: whether the latest answer granted it, however long ago. Pulling asks no more than this.
    #[must_use]
    pub const fn is_locked(&self) -> bool {
        self.locked
    }

    /// Whether messages may be consumed under it: granted, and not longer ago than [`LOCK_TRUSTED_FOR`].
    #[must_use]
    pub const fn is_valid(&self, now: SimTime) -> bool {
        self.locked && now.since(self.last_lock).as_nanos() <= LOCK_TRUSTED_FOR.as_nanos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_trusted_for_30_seconds_after_its_last_renewal() {
        let mut lock = ClientLock::default();
        assert!(!lock.is_locked() && !lock.is_valid(SimTime::ZERO));
        lock.grant(SimTime::from_secs(10));
        assert!(lock.is_valid(SimTime::from_secs(40)));
        let late = SimTime::from_secs(40) + SimDuration::from_nanos(1);
        assert!(
            !lock.is_valid(late) && lock.is_locked(),
            "pulling goes on with a lock that is too old to consume under"
        );
        lock.grant(late);
        assert!(lock.is_valid(late));
        lock.lose();
        assert!(!lock.is_locked() && !lock.is_valid(late));
    }
}
