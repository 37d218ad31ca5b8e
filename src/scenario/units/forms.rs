//! Values that may be written in a short and in a long form.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

/// A number of things with default names, or the things by name with their settings.
#[derive(Clone, Debug, PartialEq)]
pub enum CountOrMap<T> {
    /// How many.
    Count(u32),
    /// Each by name, in the order of the file.
    Map(IndexMap<String, T>),
}

/// A number of equal things, or each with its own settings.
#[derive(Clone, Debug, PartialEq)]
pub enum CountOrList<T> {
    /// How many.
    Count(u32),
    /// Each.
    List(Vec<T>),
}

/// One name or a list of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

/// Queues of a topic: `q0-q5`, `broker-a:0-3`, or a list of these and of queue ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueRefs(pub Vec<String>);

struct CountMapVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for CountMapVisitor<T> {
    type Value = CountOrMap<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number or a mapping of names to settings")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        count(number, &self).map(CountOrMap::Count)
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        IndexMap::deserialize(MapAccessDeserializer::new(access)).map(CountOrMap::Map)
    }
}

struct CountListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for CountListVisitor<T> {
    type Value = CountOrList<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number or a list of settings")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        count(number, &self).map(CountOrList::Count)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(access)).map(CountOrList::List)
    }
}

fn count<E: de::Error>(number: i64, expected: &dyn de::Expected) -> Result<u32, E> {
    u32::try_from(number).map_err(|_| E::invalid_value(de::Unexpected::Signed(number), expected))
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name or a list of names")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(vec![number.to_string()])
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(vec![text.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(access))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for CountOrMap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountMapVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for CountOrList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountListVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for QueueRefs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor).map(Self)
    }
}

impl<T: Serialize> Serialize for CountOrMap<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => count.serialize(serializer),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl<T: Serialize> Serialize for CountOrList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => count.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
        }
    }
}

fn one_or_list<S: Serializer>(names: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match names {
        [one] => one.serialize(serializer),
        many => many.serialize(serializer),
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        one_or_list(&self.0, serializer)
    }
}

impl Serialize for QueueRefs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        one_or_list(&self.0, serializer)
    }
}

impl<T: JsonSchema> JsonSchema for CountOrMap<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Count or map of {}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<Option<T>>();
        json_schema!({
            "description": "A number of things with default names, or a mapping of names to settings.",
            "anyOf": [{"type": "integer", "minimum": 1}, {"type": "object", "additionalProperties": item}]
        })
    }
}

impl<T: JsonSchema> JsonSchema for CountOrList<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Count or list of {}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<Option<T>>();
        json_schema!({
            "description": "A number of equal instances, or a list with the settings of each.",
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "array", "items": item}]
        })
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One name or a list of names.",
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
        })
    }
}

impl JsonSchema for QueueRefs {
    fn schema_name() -> Cow<'static, str> {
        "Queues".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Queues of a topic: q0-q5, broker-a:0-3, none, or a list of these and of queue ids.",
            "anyOf": [
                {"type": ["string", "integer"]},
                {"type": "array", "items": {"type": ["string", "integer"]}}
            ]
        })
    }
}
