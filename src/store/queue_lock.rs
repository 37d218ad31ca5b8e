//! The queue locks of orderly consumers (`RebalanceLockManager`): memory only, tied to a client id and to nothing else.
//! Neither the end of a connection nor of a membership releases one; only an unlock, or a minute without renewal.

use std::collections::BTreeMap;

use super::ids::{ClientIx, GroupIx, QueueIx};
use crate::kernel::time::{SimDuration, SimTime};

/// `REBALANCE_LOCK_MAX_LIVE_TIME` of the broker (`rocketmq.broker.rebalance.lockMaxLiveTime`).
pub const LOCK_MAX_LIVE_TIME: SimDuration = SimDuration::from_secs(60);

/// A lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockEntry {
    /// Who holds it.
    pub client: ClientIx,
    /// The latest time it was asked for (`lastUpdateTimestamp`).
    pub last_update: SimTime,
}

impl LockEntry {
    /// `isExpired`: anyone may take it now.
    #[must_use]
    pub const fn is_expired(&self, now: SimTime) -> bool {
        now.since(self.last_update).as_nanos() > LOCK_MAX_LIVE_TIME.as_nanos()
    }

    /// Until when it keeps others out if it is not renewed.
    #[must_use]
    pub fn expires(&self) -> SimTime {
        self.last_update + LOCK_MAX_LIVE_TIME
    }
}

/// What became of a request for one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockAnswer {
    /// Nobody held it, or the asker itself had let it expire; the latter's former life, if any.
    Granted(Option<LockEntry>),
    /// The asker holds it already; it lives a minute more.
    Renewed,
    /// Its holder had let it expire.
    TakenOver(LockEntry),
    /// Somebody else holds it.
    Denied(LockEntry),
}

impl LockAnswer {
    /// Whether the asker holds the lock now.
    #[must_use]
    pub const fn is_granted(self) -> bool {
        !matches!(self, Self::Denied(_))
    }
}

/// All locks of a broker.
#[derive(Clone, Debug, Default)]
pub struct RebalanceLockManager {
    locks: BTreeMap<(GroupIx, QueueIx), LockEntry>,
}

impl RebalanceLockManager {
    /// One queue of `LOCK_BATCH_MQ` (`#tryLockBatch`).
    pub fn lock(&mut self, now: SimTime, group: GroupIx, queue: QueueIx, client: ClientIx) -> LockAnswer {
        let taken = LockEntry { client, last_update: now };
        let Some(held) = self.locks.get_mut(&(group, queue)) else {
            self.locks.insert((group, queue), taken);
            return LockAnswer::Granted(None);
        };
        let former = *held;
        match (former.client == client, former.is_expired(now)) {
            (false, false) => return LockAnswer::Denied(former),
            (_, _) => *held = taken,
        }
        match (former.client == client, former.is_expired(now)) {
            (true, false) => LockAnswer::Renewed,
            (true, true) => LockAnswer::Granted(Some(former)),
            _ => LockAnswer::TakenOver(former),
        }
    }

    /// One queue of `UNLOCK_BATCH_MQ`: what was held, if the asker held it (`#unlockBatch`).
    pub fn unlock(&mut self, group: GroupIx, queue: QueueIx, client: ClientIx) -> Option<LockEntry> {
        let held = self.locks.get(&(group, queue)).copied().filter(|held| held.client == client)?;
        self.locks.remove(&(group, queue));
        Some(held)
    }

    /// All entries, expired or not.
    pub fn iter(&self) -> impl Iterator<Item = ((GroupIx, QueueIx), LockEntry)> + '_ {
        self.locks.iter().map(|(key, entry)| (*key, *entry))
    }

    /// The entry of a queue, expired or not.
    #[must_use]
    pub fn get(&self, group: GroupIx, queue: QueueIx) -> Option<LockEntry> {
        self.locks.get(&(group, queue)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: GroupIx = GroupIx(0);
    const QUEUE: QueueIx = QueueIx(3);
    const ONE: ClientIx = ClientIx(1);
    const TWO: ClientIx = ClientIx(2);

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    #[test]
    fn a_lock_keeps_others_out_for_more_than_a_minute_after_its_last_renewal() {
        let mut locks = RebalanceLockManager::default();
        assert_eq!(locks.lock(at(0), GROUP, QUEUE, ONE), LockAnswer::Granted(None));
        assert_eq!(locks.lock(at(20), GROUP, QUEUE, ONE), LockAnswer::Renewed);
        let held = LockEntry { client: ONE, last_update: at(20) };
        assert_eq!(locks.lock(at(80), GROUP, QUEUE, TWO), LockAnswer::Denied(held));
        let later = at(80) + SimDuration::from_nanos(1);
        assert_eq!(locks.lock(later, GROUP, QUEUE, TWO), LockAnswer::TakenOver(held));
        assert!(!locks.lock(at(81), GROUP, QUEUE, ONE).is_granted());
    }

    #[test]
    fn an_expired_lock_stays_its_holders_until_somebody_asks() {
        let mut locks = RebalanceLockManager::default();
        locks.lock(at(0), GROUP, QUEUE, ONE);
        let former = LockEntry { client: ONE, last_update: at(0) };
        assert_eq!(locks.lock(at(500), GROUP, QUEUE, ONE), LockAnswer::Granted(Some(former)));
    }

    #[test]
    fn only_the_holder_unlocks_and_groups_do_not_meet() {
        let mut locks = RebalanceLockManager::default();
        locks.lock(at(0), GROUP, QUEUE, ONE);
        assert!(locks.lock(at(0), GroupIx(1), QUEUE, TWO).is_granted());
        assert_eq!(locks.unlock(GROUP, QUEUE, TWO), None);
        assert!(locks.get(GROUP, QUEUE).is_some());
        assert!(locks.unlock(GROUP, QUEUE, ONE).is_some());
        assert_eq!(locks.lock(at(1), GROUP, QUEUE, TWO), LockAnswer::Granted(None));
    }
}
