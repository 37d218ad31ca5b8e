//! Actions on offsets.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::kernel::time::SimDuration;
use crate::scenario::units::Duration;

/// Where offsets are set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetTo {
    /// The first message.
    Beginning,
    /// Behind the last message.
    End,
    /// The first message stored at this time or later.
    Time(SimDuration),
}

impl<'de> Deserialize<'de> for ResetTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = ResetTo;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time of the run like 30s, beginning or end")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<ResetTo, E> {
                match text {
                    "beginning" => Ok(ResetTo::Beginning),
                    "end" => Ok(ResetTo::End),
                    other if other.starts_with(|c: char| c.is_ascii_digit()) => {
                        Duration::deserialize(de::value::StrDeserializer::new(other)).map(|at| ResetTo::Time(at.0))
                    }
                    other => Err(E::invalid_type(de::Unexpected::Str(other), &self)),
                }
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<ResetTo, E> {
                Duration::deserialize(de::value::I64Deserializer::new(number)).map(|at| ResetTo::Time(at.0))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl Serialize for ResetTo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for ResetTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning => f.write_str("beginning"),
            Self::End => f.write_str("end"),
            Self::Time(at) => at.fmt(f),
        }
    }
}

impl JsonSchema for ResetTo {
    fn schema_name() -> Cow<'static, str> {
        "ResetTo".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Duration>();
        json_schema!({
            "description": "A time of the run, beginning or end.",
            "anyOf": [duration, {"enum": ["beginning", "end"]}]
        })
    }
}

/// How offsets are reset.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetOffset {
    /// The group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// To the first message stored at this time of the run or later, to the `beginning` or to the `end`.
    pub to: ResetTo,
    /// Whether offsets may also move forward, over messages that nobody was given; else they only move back. RocketMQ:
    /// `force` of `resetOffsetByTime`. Default `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}
