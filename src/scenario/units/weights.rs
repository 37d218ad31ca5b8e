//! Values with weights: one value, a list of equally frequent ones, or a mapping of values to weights.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A plain value of a message, as the text that RocketMQ stores: text, a number, true or false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar(pub String);

/// Values with weights, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights(pub Vec<(String, f64)>);

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a number")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar(value.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

struct WeightsVisitor;

impl<'de> Visitor<'de> for WeightsVisitor {
    type Value = Weights;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list of values or a mapping of values to weights")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Weights, E> {
        ScalarVisitor.visit_bool(value).map(Weights::one)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Weights, E> {
        ScalarVisitor.visit_i64(value).map(Weights::one)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Weights, E> {
        ScalarVisitor.visit_u64(value).map(Weights::one)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Weights, E> {
        ScalarVisitor.visit_f64(value).map(Weights::one)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Weights, E> {
        ScalarVisitor.visit_str(value).map(Weights::one)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Weights, A::Error> {
        let values: Vec<Scalar> = Vec::deserialize(SeqAccessDeserializer::new(access))?;
        Ok(Weights(values.into_iter().map(|value| (value.0, 1.0)).collect()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Weights, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_key::<String>()? {
            values.push((value, access.next_value()?));
        }
        Ok(Weights(values))
    }
}

impl Weights {
    fn one(value: Scalar) -> Self {
        Self(vec![(value.0, 1.0)])
    }
}

impl<'de> Deserialize<'de> for Weights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WeightsVisitor)
    }
}

impl Serialize for Weights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let equal = self.0.iter().all(|(_, weight)| *weight == 1.0);
        match self.0.as_slice() {
            [(value, _)] if equal => serializer.serialize_str(value),
            values if equal => serializer.collect_seq(values.iter().map(|(value, _)| value)),
            values => {
                let mut map = serializer.serialize_map(Some(values.len()))?;
                for (value, weight) in values {
                    map.serialize_entry(value, weight)?;
                }
                map.end()
            }
        }
    }
}

impl JsonSchema for Weights {
    fn schema_name() -> Cow<'static, str> {
        "Weights".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One value, a list of equally frequent values, or a mapping of values to weights.",
            "anyOf": [
                {"type": ["string", "number", "boolean"]},
                {"type": "array", "items": {"type": ["string", "number", "boolean"]}},
                {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}
            ]
        })
    }
}
