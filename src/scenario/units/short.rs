//! Mappings that may be written as the names that they are mostly about.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::Names;

/// A mapping with a short form.
pub trait ShortForm: Sized {
    /// What is expected, with an example.
    const EXPECTING: &'static str;
    /// From its short form.
    fn of(names: Names) -> Self;
    /// Its short form, if nothing else is said.
    fn short(&self) -> Option<&Names>;
}

/// A mapping, or the names that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct NamesOr<T>(pub T);

struct Visit<T>(PhantomData<T>);

impl<'de, T: ShortForm + Deserialize<'de>> Visitor<'de> for Visit<T> {
    type Value = NamesOr<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTING)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(NamesOr(T::of(Names(vec![text.to_owned()]))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(access)).map(|names| NamesOr(T::of(Names(names))))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(access)).map(NamesOr)
    }
}

impl<'de, T: ShortForm + Deserialize<'de>> Deserialize<'de> for NamesOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visit(PhantomData))
    }
}

impl<T: ShortForm + Serialize> Serialize for NamesOr<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.short() {
            Some(names) => names.serialize(serializer),
            None => self.0.serialize(serializer),
        }
    }
}

impl<T: JsonSchema> JsonSchema for NamesOr<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Names or {}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names = generator.subschema_for::<Names>();
        let long = generator.subschema_for::<T>();
        json_schema!({"description": "A name, a list of names, or a mapping.", "anyOf": [names, long]})
    }
}
