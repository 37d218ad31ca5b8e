//! Distributions: a plain value is a constant, a mapping names the law.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor, value::MapAccessDeserializer};
use serde::{Serialize, Serializer};

use super::quantity::Quantity;
use crate::kernel::dist::Distribution;

/// A distribution of a quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Dist<Q>(Law<Q>);

#[derive(Clone, Debug, PartialEq)]
enum Law<Q> {
    Constant(Q),
    Other(Named<Q>),
}

/// The laws by name.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Named<Q> {
    /// Exponential with this mean.
    Exponential(Q),
    /// Evenly between two bounds.
    Uniform(Bounds<Q>),
    /// Normal; values below 0 are drawn again.
    Normal(Normal<Q>),
    /// Log-normal by its median and 99th percentile.
    Lognormal(Lognormal<Q>),
    /// A table of values with weights.
    Empirical(Vec<(Q, f64)>),
}

/// Bounds of a uniform distribution.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Bounds<Q> {
    /// Least value.
    min: Q,
    /// Greatest value.
    max: Q,
}

/// A normal distribution.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Normal<Q> {
    /// Mean.
    mean: Q,
    /// Standard deviation.
    deviation: Q,
}

/// A log-normal distribution.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Lognormal<Q> {
    /// Median.
    median: Q,
    /// 99th percentile.
    p99: Q,
}

impl<Q: Quantity> Dist<Q> {
    /// Always this.
    pub fn constant(value: Q) -> Self {
        Self(Law::Constant(value))
    }

    /// As the kernel samples it.
    #[must_use]
    pub fn to_distribution(&self) -> Distribution {
        match &self.0 {
            Law::Constant(value) => Distribution::Constant(value.units()),
            Law::Other(Named::Exponential(mean)) => Distribution::Exponential { mean: mean.units() },
            Law::Other(Named::Uniform(b)) => Distribution::Uniform { min: b.min.units(), max: b.max.units() },
            Law::Other(Named::Normal(n)) => {
                Distribution::Normal { mean: n.mean.units(), deviation: n.deviation.units() }
            }
            Law::Other(Named::Lognormal(l)) => Distribution::LogNormal { median: l.median.units(), p99: l.p99.units() },
            Law::Other(Named::Empirical(table)) => {
                Distribution::Empirical(table.iter().map(|(value, weight)| (value.units(), *weight)).collect())
            }
        }
    }

    /// As the file writes it.
    #[must_use]
    pub fn from_distribution(distribution: &Distribution) -> Self {
        let q = Q::from_units;
        Self(match distribution {
            Distribution::Constant(value) => Law::Constant(q(*value)),
            Distribution::Exponential { mean } => Law::Other(Named::Exponential(q(*mean))),
            Distribution::Uniform { min, max } => Law::Other(Named::Uniform(Bounds { min: q(*min), max: q(*max) })),
            Distribution::Normal { mean, deviation } => {
                Law::Other(Named::Normal(Normal { mean: q(*mean), deviation: q(*deviation) }))
            }
            Distribution::LogNormal { median, p99 } => {
                Law::Other(Named::Lognormal(Lognormal { median: q(*median), p99: q(*p99) }))
            }
            Distribution::Empirical(table) => {
                Law::Other(Named::Empirical(table.iter().map(|(value, weight)| (q(*value), *weight)).collect()))
            }
        })
    }

    /// The greatest of the values that the file names.
    pub(crate) fn greatest(&self) -> u64 {
        match &self.0 {
            Law::Constant(value) | Law::Other(Named::Exponential(value)) => value.units(),
            Law::Other(Named::Uniform(bounds)) => bounds.max.units(),
            Law::Other(Named::Normal(normal)) => normal.mean.units().max(normal.deviation.units()),
            Law::Other(Named::Lognormal(lognormal)) => lognormal.p99.units(),
            Law::Other(Named::Empirical(table)) => table.iter().map(|(value, _)| value.units()).max().unwrap_or(0),
        }
    }

    fn checked(named: Named<Q>) -> Result<Self, String> {
        match &named {
            Named::Uniform(b) if b.min.units() > b.max.units() => {
                return Err("the least value is greater than the greatest; swap min and max".to_owned());
            }
            Named::Lognormal(l) if l.median.units() == 0 => return Err("a log-normal median is above 0".to_owned()),
            Named::Lognormal(l) if l.p99.units() < l.median.units() => {
                return Err("the 99th percentile is below the median".to_owned());
            }
            Named::Lognormal(l) if l.p99.units() / l.median.units() > 1000 => {
                return Err("the 99th percentile is more than 1000 times the median".to_owned());
            }
            Named::Empirical(table) if table.is_empty() => {
                return Err("an empirical table needs at least one [value, weight]".to_owned());
            }
            Named::Empirical(table) => {
                let sane = |weight: f64| weight.is_finite() && (0.0..=1e12).contains(&weight);
                if !table.iter().all(|(_, weight)| sane(*weight)) || table.iter().all(|(_, weight)| *weight == 0.0) {
                    return Err("weights are numbers of 0 or more, at least one of them above 0".to_owned());
                }
            }
            _ => {}
        }
        Ok(Self(Law::Other(named)))
    }
}

impl<Q: Quantity + fmt::Display> fmt::Display for Dist<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Law::Constant(value) => value.fmt(f),
            Law::Other(Named::Exponential(mean)) => write!(f, "exponential {mean}"),
            Law::Other(Named::Uniform(b)) => write!(f, "uniform {} to {}", b.min, b.max),
            Law::Other(Named::Normal(n)) => write!(f, "normal {} ± {}", n.mean, n.deviation),
            Law::Other(Named::Lognormal(l)) => write!(f, "log-normal {} (p99 {})", l.median, l.p99),
            Law::Other(Named::Empirical(table)) => write!(f, "a table of {} values", table.len()),
        }
    }
}

impl<'de, Q: Quantity + Deserialize<'de>> Deserialize<'de> for Dist<Q> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DistVisitor(PhantomData))
    }
}

struct DistVisitor<Q>(PhantomData<Q>);

impl<'de, Q: Quantity + Deserialize<'de>> Visitor<'de> for DistVisitor<Q> {
    type Value = Dist<Q>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with a unit or a distribution like {exponential: 5ms}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Q::deserialize(de::value::StrDeserializer::new(text)).map(Dist::constant)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Q::deserialize(de::value::I64Deserializer::new(number)).map(Dist::constant)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Q::deserialize(de::value::F64Deserializer::new(number)).map(Dist::constant)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let named = Named::deserialize(MapAccessDeserializer::new(&mut access))?;
        if let Some(second) = access.next_key::<String>()? {
            return Err(de::Error::custom(format!("a second distribution, `{second}`; a value has one")));
        }
        Dist::checked(named).map_err(de::Error::custom)
    }
}

impl<Q: Serialize> Serialize for Dist<Q> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Law::Constant(value) => value.serialize(serializer),
            Law::Other(named) => named.serialize(serializer),
        }
    }
}

impl<Q: JsonSchema> JsonSchema for Dist<Q> {
    fn schema_name() -> Cow<'static, str> {
        format!("Distribution of {}", Q::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let constant = generator.subschema_for::<Q>();
        let named = Named::<Q>::json_schema(generator);
        json_schema!({
            "description": "A plain value (always the same) or a law: {exponential: mean}, {uniform: {min, max}}, \
                {normal: {mean, deviation}}, {lognormal: {median, p99}}, {empirical: [[value, weight], …]}.",
            "anyOf": [constant, named]
        })
    }
}
