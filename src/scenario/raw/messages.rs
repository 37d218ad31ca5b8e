//! What a producer puts on its messages: properties, and the transactions they are sent in.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::scenario::units::{Dist, Duration, Weights};

/// The values of a user property.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Property {
    /// Values with weights.
    pub values: Weights,
    /// Whole numbers in a range, both ends included, instead of `values`.
    pub range: Option<(i64, i64)>,
    /// Share of the messages without the property.
    pub missing: Option<f64>,
}

struct PropertyVisitor;

impl<'de> Visitor<'de> for PropertyVisitor {
    type Value = Property;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list of values, a mapping of values to weights, or {from: 0, to: 99}")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Property, E> {
        Ok(one(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Property, E> {
        Ok(one(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Property, E> {
        Ok(one(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Property, E> {
        Ok(one(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Property, E> {
        Ok(one(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Property, A::Error> {
        let values = Weights::deserialize(SeqAccessDeserializer::new(access))?;
        Ok(Property { values, ..Property::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Property, A::Error> {
        let (mut property, mut from, mut to) = (Property::default(), None, None);
        while let Some(key) = access.next_key::<String>()? {
            match key.as_str() {
                "from" => from = Some(access.next_value()?),
                "to" => to = Some(access.next_value()?),
                "missing" => property.missing = Some(access.next_value()?),
                "values" => property.values.0.extend(access.next_value::<Weights>()?.0),
                _ => property.values.0.push((key, access.next_value()?)),
            }
        }
        property.range = match (from, to) {
            (None, None) => None,
            (Some(from), Some(to)) => Some((from, to)),
            (Some(_), None) => return Err(de::Error::custom("a range needs `to` beside `from`")),
            (None, Some(_)) => return Err(de::Error::custom("a range needs `from` beside `to`")),
        };
        if property.range.is_some() && !property.values.0.is_empty() {
            return Err(de::Error::custom("a range and other values; write one of them"));
        }
        Ok(property)
    }
}

fn one(value: String) -> Property {
    Property { values: Weights(vec![(value, 1.0)]), ..Property::default() }
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PropertyVisitor)
    }
}

impl Serialize for Property {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named_like_a_key = |(value, _): &(String, f64)| ["from", "to", "missing", "values"].contains(&&**value);
        if self.range.is_none() && self.missing.is_none() && !self.values.0.iter().any(named_like_a_key) {
            return self.values.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        match self.range {
            Some((from, to)) => {
                map.serialize_entry("from", &from)?;
                map.serialize_entry("to", &to)?;
            }
            None => map.serialize_entry("values", &self.values)?,
        }
        if let Some(missing) = self.missing {
            map.serialize_entry("missing", &missing)?;
        }
        map.end()
    }
}

impl JsonSchema for Property {
    fn schema_name() -> Cow<'static, str> {
        "Property".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let weights = generator.subschema_for::<Weights>();
        json_schema!({
            "description": "Values of a property: one, a list, a mapping of values to weights, or {from: 0, to: 99} for the \
                whole numbers of a range; `missing` is the share of messages without it.",
            "anyOf": [
                weights,
                {
                    "type": "object",
                    "properties": {
                        "from": {"type": "integer", "description": "Least number."},
                        "to": {"type": "integer", "description": "Greatest number."},
                        "values": weights.clone(),
                        "missing": {"type": "number", "minimum": 0, "maximum": 1,
                            "description": "Share of messages without the property."}
                    }
                }
            ]
        })
    }
}

/// The transactions of a producer (RocketMQ: `TransactionMQProducer` and its `TransactionListener`).
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transaction {
    /// Time of the local transaction. RocketMQ: `executeLocalTransaction`. Default `1ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_time: Option<Dist<Duration>>,
    /// How local transactions end, with weights. Default: all commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcomes>,
    /// Share of the decisions (`END_TRANSACTION` requests) that get lost on their way, 0 to 1. Default `0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_end: Option<f64>,
    /// Time to answer a check. RocketMQ: `checkLocalTransaction`. Default `1ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_time: Option<Dist<Duration>>,
    /// What checks of a transaction answer whose local outcome is unknown, with weights; one that is decided is answered as
    /// decided. Default: commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_outcome: Option<Outcomes>,
}

/// Weights of the outcomes of a transaction (RocketMQ: `LocalTransactionState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outcomes {
    /// `COMMIT_MESSAGE`. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<f64>,
    /// `ROLLBACK_MESSAGE`. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback: Option<f64>,
    /// `UNKNOW`. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<f64>,
}

impl Outcomes {
    /// Everything commits.
    pub(crate) const COMMIT: Self = Self { commit: Some(1.0), rollback: None, unknown: None };

    /// Commit, rollback, unknown.
    pub(crate) fn weights(self) -> [f64; 3] {
        [self.commit, self.rollback, self.unknown].map(Option::unwrap_or_default)
    }
}
