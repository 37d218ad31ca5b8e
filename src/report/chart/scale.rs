//! From quantities to positions: axes with round ticks.

use crate::kernel::time::SimTime;
use crate::report::human;

/// What a value axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Messages, clients.
    Count,
    /// Messages a second.
    Rate,
    /// Nanoseconds.
    Time,
    /// Bytes.
    Bytes,
}

impl Quantity {
    fn label(self, value: f64) -> String {
        match self {
            Self::Count => human::number(value),
            Self::Rate => human::rate(value),
            Self::Time => human::duration(crate::kernel::time::SimDuration::from_nanos(value as u64)),
            Self::Bytes => human::bytes(value as u64),
        }
    }
}

/// A value axis.
#[derive(Clone, Debug)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
    quantity: Quantity,
}

impl Scale {
    /// From 0 to a round number at or above `max`.
    #[must_use]
    pub fn linear(max: f64, quantity: Quantity) -> Self {
        let max = if max.is_finite() && max > 0.0 { max } else { 1.0 };
        let step = round_step(max / 5.0, quantity);
        let mut high = step;
        while high < max {
            high += step;
        }
        Self { low: 0.0, high, log: false, quantity }
    }

    /// From a power of ten at or below `min` to one at or above `max`.
    #[must_use]
    pub fn log(min: f64, max: f64, quantity: Quantity) -> Self {
        let max = if max.is_finite() && max > 1.0 { max } else { 10.0 };
        let min = if min.is_finite() { min.clamp(1.0, max) } else { 1.0 };
        let mut low = 1.0;
        while low * 10.0 <= min {
            low *= 10.0;
        }
        let mut high = low * 10.0;
        while high < max {
            high *= 10.0;
        }
        Self { low, high, log: true, quantity }
    }

    /// Linear when the values lie within two powers of ten, else logarithmic.
    #[must_use]
    pub fn fitting(min: f64, max: f64, quantity: Quantity) -> Self {
        if max <= min * 60.0 { Self::linear(max, quantity) } else { Self::log(min, max, quantity) }
    }

    /// Whether it is logarithmic.
    #[must_use]
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// The share of the axis below `value`, from 0 to 1.
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        let share = if self.log {
            libm::log(value.max(self.low) / self.low) / libm::log(self.high / self.low)
        } else {
            value / self.high
        };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Ticks with their words.
    #[must_use]
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let mut ticks = Vec::new();
        if self.log {
            let mut value = self.low;
            // Half a step of slack: powers of ten are exact, their products need not be.
            while value <= self.high * 1.5 {
                let seconds = value / 1e9;
                let label = match self.quantity {
                    // Powers of ten of a second stay what they are: 100 s, not 1m 40s.
                    Quantity::Time if seconds >= 1.0 => format!("{} s", human::count(seconds as u64)),
                    quantity => quantity.label(value),
                };
                ticks.push((value, label));
                value *= 10.0;
            }
            return ticks;
        }
        let step = round_step(self.high / 5.0, self.quantity);
        let mut n = 0u32;
        while f64::from(n) * step <= self.high * 1.000_001 && n < 20 {
            let value = f64::from(n) * step;
            ticks.push((value, if n == 0 { "0".to_owned() } else { self.quantity.label(value) }));
            n += 1;
        }
        ticks
    }
}

/// The first round number at or above `rough`.
fn round_step(rough: f64, quantity: Quantity) -> f64 {
    if quantity == Quantity::Time {
        return time_step(rough as u64) as f64;
    }
    if quantity == Quantity::Bytes {
        let mut step = 1.0;
        while step < rough {
            step *= 2.0;
        }
        return step;
    }
    let mut power = if quantity == Quantity::Count { 1.0 } else { 0.001 };
    loop {
        for factor in [1.0, 2.0, 5.0] {
            if power * factor >= rough {
                return power * factor;
            }
        }
        power *= 10.0;
    }
}

/// The first round length of time at or above `rough` nanoseconds.
#[must_use]
pub fn time_step(rough: u64) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    let mut power = 1u64;
    while power < SECOND {
        for factor in [1, 2, 5] {
            if power * factor >= rough {
                return power * factor;
            }
        }
        power *= 10;
    }
    let seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400];
    if let Some(step) = seconds.into_iter().map(|seconds| seconds * SECOND).find(|step| *step >= rough) {
        return step;
    }
    let mut days = 2u64;
    while days * 86_400 * SECOND < rough && days < 50_000 {
        days *= 2;
    }
    days * 86_400 * SECOND
}

/// Ticks of a time axis from 0 to `end`, `most` at most.
#[must_use]
pub fn time_ticks(end: SimTime, most: u64) -> Vec<(SimTime, String)> {
    let step = time_step((end.as_nanos() / most.max(1)).max(1));
    (0..=most)
        .map(|n| n.saturating_mul(step))
        .take_while(|at| *at <= end.as_nanos())
        .map(|at| (SimTime::from_nanos(at), human::tick(at)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_axes_have_round_steps_from_nanoseconds_to_centuries() {
        let labels =
            |nanos| time_ticks(SimTime::from_nanos(nanos), 10).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(labels(120_000_000_000).join(" | "), "0 | 15 s | 30 s | 45 s | 1m | 1m 15s | 1m 30s | 1m 45s | 2m");
        assert_eq!(labels(0), ["0"]);
        assert!(labels(u64::MAX).len() <= 11);
    }

    #[test]
    fn value_axes_reach_above_the_greatest_value() {
        for max in [0.0, 0.4, 7.0, 99.0, 101.0, 60_537.0, 1e12] {
            let scale = Scale::linear(max, Quantity::Count);
            assert!(scale.high >= max && scale.ticks().len() <= 8, "{max}: {scale:?}");
        }
        assert_eq!(Scale::log(900_000.0, 2e9, Quantity::Time).ticks().len(), 6);
        assert_eq!(Scale::linear(f64::NAN, Quantity::Rate).share(f64::NAN), 0.0);
    }
}
