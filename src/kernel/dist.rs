//! Distributions of durations and sizes, sampled in whole units through `libm`, so that they give the same bits
//! everywhere.

use serde::Serialize;

use super::rng::Stream;
use super::time::SimDuration;

/// A distribution over whole numbers: nanoseconds for durations, bytes for sizes.
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

impl Distribution {
    /// Always this duration.
    #[must_use]
    pub const fn constant_duration(duration: SimDuration) -> Self {
        Self::Constant(duration.as_nanos())
    }

    /// Draws a value. A constant draws nothing from the stream.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> u64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { min, max } => min + stream.below(max - min + 1),
            Self::Exponential { mean } => (-libm::log(stream.unit_open()) * *mean as f64) as u64,
            Self::Normal { mean, deviation } => loop {
                let value = *mean as f64 + standard_normal(stream) * *deviation as f64;
                if value >= 0.0 {
                    return value as u64;
                }
            },
            Self::LogNormal { median, p99 } => {
                let sigma = libm::log(*p99 as f64 / *median as f64) / Z99;
                (*median as f64 * libm::exp(sigma * standard_normal(stream))) as u64
            }
            Self::Empirical(table) => {
                let total: f64 = table.iter().map(|(_, weight)| weight).sum();
                let mut point = stream.unit() * total;
                for (value, weight) in table {
                    if point < *weight {
                        return *value;
                    }
                    point -= weight;
                }
                table.last().map_or(0, |(value, _)| *value)
            }
        }
    }

    /// Draws a duration.
    #[inline]
    pub fn duration(&self, stream: &mut Stream) -> SimDuration {
        SimDuration::from_nanos(self.sample(stream))
    }

    /// The mean in whole units, for sizing and lints.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value as f64,
            Self::Uniform { min, max } => (*min as f64 + *max as f64) / 2.0,
            Self::Exponential { mean } | Self::Normal { mean, .. } => *mean as f64,
            Self::LogNormal { median, p99 } => {
                let sigma = libm::log(*p99 as f64 / *median as f64) / Z99;
                *median as f64 * libm::exp(sigma * sigma / 2.0)
            }
            Self::Empirical(table) => {
                let total: f64 = table.iter().map(|(_, weight)| weight).sum();
                table.iter().map(|(value, weight)| *value as f64 * weight).sum::<f64>() / total
            }
        }
    }
}

/// A standard normal value (Box and Muller 1958, one of the pair).
fn standard_normal(stream: &mut Stream) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(stream.unit_open()));
    radius * libm::cos(2.0 * std::f64::consts::PI * stream.unit())
}

/// TEMP.
pub type Sampler = Distribution;

impl Distribution {
    /// TEMP.
    pub fn sampler(&self) -> Sampler {
        self.clone()
    }
}

/// TEMP.
#[derive(Clone, Debug)]
pub struct Zipf(u64);

impl Zipf {
    /// TEMP.
    pub fn new(count: u32, _exponent: f64) -> Self {
        Self(u64::from(count))
    }
    /// TEMP.
    pub fn sample(&self, stream: &mut Stream) -> u64 {
        stream.below(self.0)
    }
}
