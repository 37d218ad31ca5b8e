//! The thread pool of concurrent consumption (`ConsumeMessageConcurrentlyService`): `consumeThreadMin` threads fed from
//! one unbounded first-in first-out queue.
//!
//! Because the queue is first-in first-out and unbounded, a call's start and end are known when it is submitted: it
//! starts when the thread that is free first is free (Kiefer and Wolfowitz 1955). So a pool is only the times at which
//! its threads become free, and a call costs no event. What interferes later (a dropped queue, a frozen process, a new
//! service time) recomputes the calls that have not started.

use crate::kernel::time::{SimDuration, SimTime};

/// When each thread is free: a binary min-heap.
#[derive(Clone, Debug)]
pub struct Pool {
    free: Vec<SimTime>,
}

impl Pool {
    /// A pool of idle threads.
    ///
    /// # Panics
    /// When `threads` is 0, which the scenario refuses.
    #[must_use]
    pub fn new(threads: u32) -> Self {
        assert!(threads > 0, "a pool has a thread");
        Self { free: vec![SimTime::ZERO; threads as usize] }
    }

    /// Submits a call that takes `service`; returns its start and end.
    #[inline]
    pub fn submit(&mut self, now: SimTime, service: SimDuration) -> (SimTime, SimTime) {
        let start = self.free[0].max(now);
        let end = start + service;
        self.replace_first(end);
        (start, end)
    }

    /// When a call that is submitted now starts.
    #[must_use]
    #[inline]
    pub fn next_start(&self, now: SimTime) -> SimTime {
        self.free[0].max(now)
    }

    /// Submits a call that takes `service` and whose thread is busy for `hold` longer; returns the call's start and end.
    pub fn submit_and_hold(&mut self, now: SimTime, service: SimDuration, hold: SimDuration) -> (SimTime, SimTime) {
        let start = self.next_start(now);
        self.replace_first(start + service + hold);
        (start, start + service)
    }

    /// Number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.free.len()
    }

    /// Forgets everything submitted but the running calls, which end at these times.
    pub fn restart(&mut self, now: SimTime, running: impl Iterator<Item = SimTime>) {
        self.free.fill(now);
        for (thread, end) in self.free.iter_mut().zip(running) {
            *thread = end;
        }
        self.free.sort_unstable();
    }

    #[inline]
    fn replace_first(&mut self, end: SimTime) {
        let free = &mut self.free[..];
        let mut hole = 0;
        loop {
            let mut child = 2 * hole + 1;
            if child >= free.len() {
                break;
            }
            if child + 1 < free.len() && free[child + 1] < free[child] {
                child += 1;
            }
            if free[child] >= end {
                break;
            }
            free[hole] = free[child];
            hole = child;
        }
        free[hole] = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> SimTime {
        SimTime::from_millis(millis)
    }

    #[test]
    fn calls_start_in_order_on_the_thread_that_is_free_first() {
        let mut pool = Pool::new(2);
        let ten = SimDuration::from_millis(10);
        assert_eq!(pool.submit(ms(0), ten), (ms(0), ms(10)));
        assert_eq!(pool.submit(ms(0), ten * 3), (ms(0), ms(30)));
        assert_eq!(pool.submit(ms(1), ten), (ms(10), ms(20)));
        assert_eq!(pool.submit(ms(1), ten), (ms(20), ms(30)));
        assert_eq!(pool.submit(ms(50), ten), (ms(50), ms(60)));
    }

    #[test]
    fn a_restart_keeps_running_calls_only() {
        let mut pool = Pool::new(2);
        for _ in 0..10 {
            pool.submit(ms(0), SimDuration::from_millis(10));
        }
        pool.restart(ms(5), [ms(10)].into_iter());
        assert_eq!(pool.submit(ms(5), SimDuration::from_millis(1)), (ms(5), ms(6)));
        assert_eq!(pool.submit(ms(5), SimDuration::from_millis(1)), (ms(6), ms(7)));
    }
}
