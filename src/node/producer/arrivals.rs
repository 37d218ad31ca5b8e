//! Arrival processes: when `send()` is called.
//!
//! Every process is a sequence of points on a line of "due messages"; a rate profile maps that line to time. With rate
//! `r(t)` the due count is `D(t) = ∫ r`, and the k-th call happens when `D` reaches the k-th point: whole numbers for even
//! spacing, sums of exponential draws for a (non-homogeneous) Poisson process (Çinlar's inversion), one uniform point in
//! each unit for a message per slot.

use crate::kernel::rng::Stream;
use crate::kernel::time::SimTime;
use crate::kernel::ziggurat;

/// Spacing of the points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalLaw {
    /// Evenly spaced.
    Even,
    /// Exponential gaps.
    Poisson,
    /// One point at a random place of each unit.
    RandomInSlot,
}

/// A stretch of a rate profile, in a straight line to the next one's beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateSegment {
    /// Beginning, ns since the start of the run.
    pub from: u64,
    /// Rate there, messages per second.
    pub rate: f64,
    /// Change of the rate per second.
    pub slope: f64,
}

/// Generates call times, in order.
#[derive(Clone, Debug)]
pub struct ArrivalTimes {
    law: ArrivalLaw,
    segments: Vec<RateSegment>,
    segment: usize,
    /// No call before this time, ns.
    start: u64,
    /// Position on the time line, ns.
    now: u64,
    /// The call given out last; it may lie ahead.
    latest: Option<SimTime>,
    /// Messages due until the next point.
    gap: f64,
    /// The gap after it, when it has been drawn already.
    gap_after: Option<f64>,
    /// What is left of the current unit after the point (`RandomInSlot`).
    slot_rest: f64,
    stream: Stream,
}

const NANOS: f64 = 1e9;

impl ArrivalTimes {
    /// Calls from `start` on at the rates of `segments` (ascending, the first at or before `start`).
    #[must_use]
    pub fn new(law: ArrivalLaw, segments: Vec<RateSegment>, start: SimTime, stream: Stream) -> Self {
        let start = start.as_nanos();
        let mut times = Self {
            law,
            segments,
            segment: 0,
            start,
            now: start,
            latest: None,
            gap: 0.0,
            gap_after: None,
            slot_rest: 0.0,
            stream,
        };
        times.gap = times.draw_gap();
        times
    }

    /// The time of the next call, after which the one following it is next; `None` when the rate stays 0.
    #[inline]
    pub fn next_call(&mut self) -> Option<SimTime> {
        self.latest = self.find_next();
        self.latest
    }

    #[inline]
    fn find_next(&mut self) -> Option<SimTime> {
        loop {
            let end = self.segments.get(self.segment + 1).map_or(u64::MAX, |next| next.from);
            if end <= self.now {
                self.segment += 1;
                continue;
            }
            let RateSegment { from, rate, slope } = self.segments[self.segment];
            if slope == 0.0 {
                if rate > 0.0 {
                    let wait = self.gap / rate * NANOS;
                    if wait < (end - self.now) as f64 {
                        self.now += wait as u64;
                        self.gap = self.draw_gap();
                        return Some(SimTime::from_nanos(self.now));
                    }
                }
            } else {
                let here = rate + slope * ((self.now - from) as f64 / NANOS);
                if let Some(wait) = time_to_due(here, slope, self.gap)
                    && wait * NANOS < (end - self.now) as f64
                {
                    self.now += (wait * NANOS) as u64;
                    self.gap = self.draw_gap();
                    return Some(SimTime::from_nanos(self.now));
                }
            }
            if end == u64::MAX {
                return None;
            }
            self.leave_segment(end);
        }
    }

    /// From `now` on this constant rate. The call given out last, if it lies ahead, is given out anew: what is not yet due of
    /// its gap is due at the new rate.
    pub fn set_rate(&mut self, now: SimTime, rate: f64) {
        let now = now.as_nanos().max(self.start);
        match self.latest {
            Some(call) => {
                let left = self.due_between(now, call.as_nanos());
                self.gap_after = Some(std::mem::replace(&mut self.gap, left));
            }
            None => self.gap += self.due_between(now, self.now),
        }
        self.now = now;
        self.segments = vec![RateSegment { from: 0, rate, slope: 0.0 }];
        self.segment = 0;
    }

    /// Messages due between two times: the integral of the rate; 0 when they are in the wrong order.
    fn due_between(&self, from: u64, to: u64) -> f64 {
        let ends = self.segments.iter().skip(1).map(|next| next.from).chain([u64::MAX]);
        let stretches = self.segments.iter().zip(ends).filter_map(|(segment, end)| {
            let (begin, end) = (from.max(segment.from), to.min(end));
            let seconds = end.checked_sub(begin)? as f64 / NANOS;
            let here = segment.rate + segment.slope * ((begin - segment.from) as f64 / NANOS);
            Some((here * seconds + segment.slope * seconds * seconds / 2.0).max(0.0))
        });
        stretches.sum()
    }

    fn leave_segment(&mut self, end: u64) {
        let RateSegment { from, rate, slope } = self.segments[self.segment];
        if end > self.now {
            let seconds = (end - self.now) as f64 / NANOS;
            let here = rate + slope * ((self.now - from) as f64 / NANOS);
            let due = here * seconds + slope * seconds * seconds / 2.0;
            self.gap = (self.gap - due.max(0.0)).max(0.0);
            self.now = end;
        }
        self.segment += 1;
    }

    #[inline]
    fn draw_gap(&mut self) -> f64 {
        if let Some(gap) = self.gap_after.take() {
            return gap;
        }
        match self.law {
            ArrivalLaw::Even => 1.0,
            ArrivalLaw::Poisson => ziggurat::exponential(&mut self.stream),
            ArrivalLaw::RandomInSlot => {
                let point = self.stream.unit();
                let gap = self.slot_rest + point;
                self.slot_rest = 1.0 - point;
                gap
            }
        }
    }
}

/// Seconds until `gap` messages are due when the rate is `here` and changes by `slope` per second: the smallest positive
/// root of `slope/2 t² + here t = gap`; `None` when the rate falls to 0 before.
fn time_to_due(here: f64, slope: f64, gap: f64) -> Option<f64> {
    let discriminant = here * here + 2.0 * slope * gap;
    if discriminant < 0.0 {
        return None;
    }
    let root = libm::sqrt(discriminant);
    // Of the two algebraically equal forms, the one without cancellation.
    let sum = here + root;
    (sum > 0.0).then(|| 2.0 * gap / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Streams;

    fn times(law: ArrivalLaw, segments: Vec<RateSegment>) -> ArrivalTimes {
        ArrivalTimes::new(law, segments, SimTime::ZERO, Streams::new(1).stream("p", "arrivals"))
    }

    fn flat(from_s: u64, rate: f64) -> RateSegment {
        RateSegment { from: from_s * 1_000_000_000, rate, slope: 0.0 }
    }

    #[test]
    fn even_arrivals_are_a_period_apart() {
        let mut times = times(ArrivalLaw::Even, vec![flat(0, 4.0)]);
        let calls: Vec<u64> = (0..3).map(|_| times.next_call().unwrap().as_millis()).collect();
        assert_eq!(calls, [250, 500, 750]);
    }

    #[test]
    fn a_ramp_from_zero_sends_half_of_what_its_end_rate_would() {
        let ramp = RateSegment { from: 0, rate: 0.0, slope: 10.0 };
        let mut times = times(ArrivalLaw::Even, vec![ramp, flat(10, 0.0)]);
        let mut count = 0;
        while let Some(call) = times.next_call() {
            assert!(call <= SimTime::from_secs(10));
            count += 1;
        }
        assert!((499..=500).contains(&count), "{count}");
    }

    #[test]
    fn poisson_arrivals_keep_their_mean_over_steps() {
        let mut times = times(ArrivalLaw::Poisson, vec![flat(0, 100.0), flat(100, 0.0), flat(200, 300.0)]);
        let (mut first, mut pause, mut last) = (0, 0, 0);
        while let Some(call) = times.next_call() {
            match call.as_millis() {
                ..100_000 => first += 1,
                100_000..200_000 => pause += 1,
                200_000..300_000 => last += 1,
                _ => break,
            }
        }
        assert!((9_600..10_400).contains(&first), "{first}");
        assert_eq!(pause, 0);
        assert!((29_300..30_700).contains(&last), "{last}");
    }

    #[test]
    fn random_in_slot_puts_one_call_in_each_slot() {
        let mut times = times(ArrivalLaw::RandomInSlot, vec![flat(0, 2.0)]);
        for slot in 0..1000u64 {
            let call = times.next_call().unwrap().as_nanos();
            let nominal = slot * 500_000_000;
            assert!(call + 2_000 >= nominal && call <= nominal + 500_002_000, "slot {slot}: {call}");
        }
    }

    #[test]
    fn a_new_rate_keeps_the_share_of_the_gap_that_is_due() {
        let mut times = times(ArrivalLaw::Even, vec![flat(0, 1.0)]);
        assert_eq!(times.next_call(), Some(SimTime::from_secs(1)));
        times.set_rate(SimTime::from_millis(500), 10.0);
        assert_eq!(times.next_call(), Some(SimTime::from_millis(550)));
    }

    #[test]
    fn a_new_rate_counts_what_the_old_profile_made_due_and_no_more() {
        let mut times = times(ArrivalLaw::Even, vec![flat(0, 0.0), flat(100, 10.0)]);
        assert_eq!(times.next_call(), Some(SimTime::from_millis(100_100)));
        times.set_rate(SimTime::from_secs(50), 5.0);
        assert_eq!(times.next_call(), Some(SimTime::from_millis(50_200)), "nothing was due yet");
        let mut ending = self::times(ArrivalLaw::Even, vec![flat(0, 1.0), flat(10, 0.0)]);
        assert_eq!((0..9).filter_map(|_| ending.next_call()).count(), 9);
        assert_eq!(ending.next_call(), None);
        ending.set_rate(SimTime::from_millis(9_500), 1.0);
        assert_eq!(ending.next_call(), Some(SimTime::from_secs(10)));
    }

    #[test]
    fn a_start_after_the_first_points_of_the_profile_begins_at_the_rate_of_that_time() {
        let segments = vec![flat(0, 1.0), flat(10, 100.0), flat(20, 4.0)];
        let stream = Streams::new(1).stream("p", "arrivals");
        let mut times = ArrivalTimes::new(ArrivalLaw::Even, segments, SimTime::from_secs(30), stream);
        assert_eq!(times.next_call(), Some(SimTime::from_millis(30_250)));
    }

    #[test]
    fn a_rate_set_before_the_start_sends_nothing_before_the_start() {
        let stream = Streams::new(1).stream("p", "arrivals");
        let mut times = ArrivalTimes::new(ArrivalLaw::Even, vec![flat(0, 1.0)], SimTime::from_secs(30), stream);
        assert_eq!(times.next_call(), Some(SimTime::from_secs(31)));
        times.set_rate(SimTime::from_secs(10), 2.0);
        assert_eq!(times.next_call(), Some(SimTime::from_millis(30_500)));
    }

    #[test]
    fn a_new_rate_keeps_one_message_per_slot() {
        let mut times = times(ArrivalLaw::RandomInSlot, vec![flat(0, 1.0)]);
        for slot in 0..50 {
            times.next_call();
            times.set_rate(SimTime::from_secs(slot), 1.0);
            let call = times.next_call().unwrap();
            assert!((slot..=slot + 1).contains(&(call.as_nanos() / 1_000_000_000)), "slot {slot}: {call}");
        }
    }
}
