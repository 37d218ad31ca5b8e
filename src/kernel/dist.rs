//! Distributions of durations and sizes, sampled in whole units through `libm`, so that they give the same bits
//! everywhere.

use std::f64::consts::{PI, SQRT_2};

use serde::Serialize;

use super::alias::Alias;
use super::rng::Stream;
use super::time::SimDuration;
use super::ziggurat::{exponential, normal};

pub use super::alias::Zipf;

/// A distribution over whole numbers: nanoseconds for durations, bytes for sizes. It describes; what draws many values
/// prepares a [`Sampler`] once.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Distribution {
    /// Always the same.
    Constant(u64),
    /// Evenly between the bounds, both included.
    Uniform { min: u64, max: u64 },
    /// Exponential.
    Exponential { mean: u64 },
    /// Normal, values below 0 drawn again.
    Normal { mean: u64, deviation: u64 },
    /// Log-normal.
    LogNormal { median: u64, p99: u64 },
    /// An empirical table: each value with its weight.
    Empirical(Vec<(u64, f64)>),
}

/// 99 % quantile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

/// The deviation of the logarithm of a log-normal distribution.
fn sigma(median: u64, p99: u64) -> f64 {
    libm::log(p99 as f64 / median as f64) / Z99
}

impl Distribution {
    /// Always this duration.
    #[must_use]
    pub const fn constant_duration(duration: SimDuration) -> Self {
        Self::Constant(duration.as_nanos())
    }

    /// What draws from this distribution; everything that can be computed before a draw is computed here.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        Sampler(match self {
            Self::Constant(value) => Law::Constant(*value),
            Self::Uniform { min, max } => Law::Uniform { min: *min, width: max.saturating_sub(*min) },
            Self::Exponential { mean } => Law::Exponential(*mean as f64),
            Self::Normal { mean, deviation } => Law::Normal { mean: *mean as f64, deviation: *deviation as f64 },
            Self::LogNormal { median: 0, .. } => Law::Constant(0),
            Self::LogNormal { median, p99 } => Law::LogNormal { median: *median as f64, sigma: sigma(*median, *p99) },
            Self::Empirical(table) if table.is_empty() => Law::Constant(0),
            Self::Empirical(table) => Law::Empirical(
                table.iter().map(|(value, _)| *value).collect(),
                Alias::new(table.iter().map(|(_, weight)| *weight)),
            ),
        })
    }

    /// Draws one value, as a [`Sampler`] would. For rare draws.
    #[must_use]
    pub fn sample(&self, stream: &mut Stream) -> u64 {
        self.sampler().sample(stream)
    }

    /// Draws one duration, as a [`Sampler`] would. For rare draws.
    #[must_use]
    pub fn duration(&self, stream: &mut Stream) -> SimDuration {
        self.sampler().duration(stream)
    }

    /// The mean in whole units, for sizing and lints.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value as f64,
            Self::Uniform { min, max } => (*min as f64 + *max as f64) / 2.0,
            Self::Exponential { mean } | Self::Normal { mean, deviation: 0 } => *mean as f64,
            Self::Normal { mean, deviation } => {
                // What is cut off below 0 raises the mean by the inverse Mills ratio.
                let cut = *mean as f64 / *deviation as f64;
                let density = libm::exp(-cut * cut / 2.0) / libm::sqrt(2.0 * PI);
                *mean as f64 + *deviation as f64 * density / (libm::erfc(-cut / SQRT_2) / 2.0)
            }
            Self::LogNormal { median: 0, .. } => 0.0,
            Self::LogNormal { median, p99 } => {
                let sigma = sigma(*median, *p99);
                *median as f64 * libm::exp(sigma * sigma / 2.0)
            }
            Self::Empirical(table) => {
                let total: f64 = table.iter().map(|(_, weight)| weight).sum();
                if total > 0.0 {
                    table.iter().map(|(value, weight)| *value as f64 * weight).sum::<f64>() / total
                } else {
                    0.0
                }
            }
        }
    }
}

/// Draws from a [`Distribution`].
#[derive(Clone, Debug)]
pub struct Sampler(Law);

#[derive(Clone, Debug)]
enum Law {
    Constant(u64),
    Uniform { min: u64, width: u64 },
    Exponential(f64),
    Normal { mean: f64, deviation: f64 },
    LogNormal { median: f64, sigma: f64 },
    Empirical(Box<[u64]>, Alias),
}

impl Sampler {
    /// Draws a value. A constant draws nothing from the stream.
    #[inline]
    #[must_use]
    pub fn sample(&self, stream: &mut Stream) -> u64 {
        // Latencies and handling times are constant by default: that case stays in line.
        match &self.0 {
            Law::Constant(value) => *value,
            _ => self.draw(stream),
        }
    }

    fn draw(&self, stream: &mut Stream) -> u64 {
        match &self.0 {
            Law::Constant(value) => *value,
            // The product of two 64-bit numbers, one raised by one, still fits.
            Law::Uniform { min, width } => {
                min + ((u128::from(stream.next_u64()) * (u128::from(*width) + 1)) >> 64) as u64
            }
            Law::Exponential(mean) => (exponential(stream) * mean) as u64,
            Law::Normal { mean, deviation } => loop {
                let value = mean + normal(stream) * deviation;
                if value >= 0.0 {
                    return value as u64;
                }
            },
            Law::LogNormal { median, sigma } => (median * libm::exp(sigma * normal(stream))) as u64,
            Law::Empirical(values, alias) => values[alias.sample(stream)],
        }
    }

    /// Draws a duration.
    #[inline]
    #[must_use]
    pub fn duration(&self, stream: &mut Stream) -> SimDuration {
        SimDuration::from_nanos(self.sample(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::digest::Digest;
    use crate::kernel::rng::Streams;

    const DRAWS: usize = 200_000;
    const MS: u64 = 1_000_000;

    fn sorted(distribution: &Distribution) -> Vec<u64> {
        let mut stream = Streams::new(42).stream("test", "dist");
        let sampler = distribution.sampler();
        let mut draws: Vec<u64> = (0..DRAWS).map(|_| sampler.sample(&mut stream)).collect();
        draws.sort_unstable();
        draws
    }

    fn all() -> Vec<Distribution> {
        vec![
            Distribution::Constant(5 * MS),
            Distribution::Uniform { min: MS, max: 3 * MS },
            Distribution::Exponential { mean: 2 * MS },
            Distribution::Normal { mean: 10 * MS, deviation: 2 * MS },
            Distribution::Normal { mean: MS, deviation: 2 * MS },
            Distribution::LogNormal { median: MS, p99: 10 * MS },
            Distribution::Empirical(vec![(MS, 1.0), (2 * MS, 2.0), (9 * MS, 1.0)]),
        ]
    }

    fn assert_near(got: f64, expected: f64, tolerance: f64, what: &str) {
        assert!((got / expected - 1.0).abs() < tolerance, "{what}: {got}, expected {expected}");
    }

    #[test]
    fn draws_have_the_mean_that_the_distribution_states() {
        for distribution in all() {
            let draws = sorted(&distribution);
            let mean = draws.iter().map(|draw| *draw as f64).sum::<f64>() / DRAWS as f64;
            assert_near(mean, distribution.mean(), 0.01, &format!("{distribution:?}"));
        }
    }

    #[test]
    fn quantiles_are_those_of_the_law() {
        let at = |distribution: &Distribution, share: f64| sorted(distribution)[(share * DRAWS as f64) as usize] as f64;
        let exponential = Distribution::Exponential { mean: MS };
        assert_near(at(&exponential, 0.5), libm::log(2.0) * 1e6, 0.02, "median of the exponential");
        assert_near(at(&exponential, 0.99), libm::log(100.0) * 1e6, 0.02, "p99 of the exponential");
        let log_normal = Distribution::LogNormal { median: MS, p99: 10 * MS };
        assert_near(at(&log_normal, 0.5), 1e6, 0.02, "median of the log-normal");
        assert_near(at(&log_normal, 0.99), 1e7, 0.03, "p99 of the log-normal");
        let normal = Distribution::Normal { mean: 10 * MS, deviation: MS };
        assert_near(at(&normal, 0.841_345), 11e6, 0.005, "one deviation above the mean of the normal");
    }

    #[test]
    fn uniform_draws_reach_both_bounds_and_no_further() {
        let draws = sorted(&Distribution::Uniform { min: 10, max: 13 });
        assert_eq!((draws[0], draws[DRAWS - 1]), (10, 13));
        for value in 10..=13 {
            let share = draws.iter().filter(|draw| **draw == value).count() as f64 / DRAWS as f64;
            assert_near(share, 0.25, 0.02, "share of a value");
        }
        let everything = sorted(&Distribution::Uniform { min: 0, max: u64::MAX });
        assert!(everything[0] < u64::MAX / 1_000 && everything[DRAWS - 1] > u64::MAX / 1_000 * 999);
    }

    #[test]
    fn a_normal_value_below_zero_is_drawn_again_rather_than_raised_to_zero() {
        let draws = sorted(&Distribution::Normal { mean: 0, deviation: MS });
        let tiny = draws.iter().filter(|draw| **draw < MS / 1_000).count() as f64 / DRAWS as f64;
        // Half normal: the density at 0 is twice that of the whole one.
        assert_near(tiny, 0.001 * 2.0 / libm::sqrt(2.0 * PI), 0.25, "share below a thousandth of the deviation");
    }

    #[test]
    fn an_empirical_table_gives_its_values_by_weight() {
        let draws = sorted(&Distribution::Empirical(vec![(7, 1.0), (3, 0.0), (9, 3.0)]));
        let share = |value| draws.iter().filter(|draw| **draw == value).count() as f64 / DRAWS as f64;
        assert_near(share(7), 0.25, 0.02, "share of 7");
        assert_near(share(9), 0.75, 0.02, "share of 9");
        assert_eq!(share(3), 0.0);
    }

    #[test]
    fn degenerate_parameters_draw_constants() {
        let mut stream = Streams::new(1).stream("test", "degenerate");
        for (distribution, value) in [
            (Distribution::Uniform { min: 4, max: 4 }, 4),
            (Distribution::Exponential { mean: 0 }, 0),
            (Distribution::Normal { mean: 4, deviation: 0 }, 4),
            (Distribution::LogNormal { median: 4, p99: 4 }, 4),
            (Distribution::LogNormal { median: 0, p99: 4 }, 0),
            (Distribution::Empirical(vec![]), 0),
        ] {
            assert_eq!(distribution.sample(&mut stream), value, "{distribution:?}");
            assert_eq!(distribution.mean(), value as f64, "{distribution:?}");
        }
    }

    #[test]
    fn a_constant_draws_nothing_from_the_stream() {
        let (mut one, mut other) = (Streams::new(1).stream("a", "b"), Streams::new(1).stream("a", "b"));
        assert_eq!(Distribution::Constant(3).duration(&mut one), SimDuration::from_nanos(3));
        assert_eq!(one.next_u64(), other.next_u64());
    }

    #[test]
    fn draws_have_pinned_bits() {
        let mut stream = Streams::new(1).stream("test", "bits");
        let mut digest = Digest::default();
        for sampler in all().iter().map(Distribution::sampler) {
            for _ in 0..10_000 {
                digest.fold(sampler.sample(&mut stream));
            }
        }
        assert_eq!(digest.value(), 17_641_830_179_707_569_813);
    }
}
