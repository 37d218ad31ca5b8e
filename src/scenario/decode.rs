//! A tree into the structs of the file format, through serde. Errors carry the place of the value they are about and
//! speak the words of a person who writes YAML, not those of Rust's types.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::diagnose::{Fault, Place, suggest};
use super::tree::{Entry, Node, Value};

/// Decodes a tree.
///
/// # Errors
/// The first value that does not fit its place.
pub(crate) fn decode<'de, T: de::Deserialize<'de>>(node: &'de Node) -> Result<T, Fault> {
    T::deserialize(NodeDecoder { node, named: None })
        .map_err(|error| Fault::new(error.place.unwrap_or(node.place), error.message).maybe_help(error.help))
}

#[derive(Debug)]
struct DecodeError {
    place: Option<Place>,
    message: String,
    help: Option<String>,
}

impl DecodeError {
    fn words(message: String) -> Self {
        Self { place: None, message, help: None }
    }

    /// The innermost value that an error passes is the one it is about.
    fn at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // Own value types put advice after a semicolon.
        let words = message.to_string();
        match words.split_once("; ") {
            Some((message, help)) => Self { place: None, message: message.to_owned(), help: Some(help.to_owned()) },
            None => Self::words(words),
        }
    }

    fn invalid_type(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::words(format!("expected {}, got {}", plain_words(&expected.to_string()), got_words(got)))
    }

    fn invalid_value(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let (value, most) = match (got, expected.to_string().as_str()) {
            (Unexpected::Signed(value), "u8") if value > 0 => (value, i64::from(u8::MAX)),
            (Unexpected::Signed(value), "u32") if value > 0 => (value, i64::from(u32::MAX)),
            (Unexpected::Signed(value), "i32") if value > 0 => (value, i64::from(i32::MAX)),
            _ => return Self::invalid_type(got, expected),
        };
        Self::words(format!("`{value}` is too large; at most {most}"))
    }

    fn invalid_length(len: usize, expected: &dyn Expected) -> Self {
        Self::words(format!("expected {}, got {len} values", plain_words(&expected.to_string())))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            place: None,
            message: format!("`{variant}` is not one of the possible values"),
            help: suggest(variant, expected.iter().copied()),
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self { place: None, message: format!("unknown key `{field}`"), help: suggest(field, expected.iter().copied()) }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::words(format!("missing key `{field}`"))
    }
}

fn plain_words(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "a borrowed string" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        "a tuple of size 2" => "a pair [value, weight]".to_owned(),
        other if other.starts_with("struct ") => "a mapping".to_owned(),
        other if other.starts_with("enum ") => "a name".to_owned(),
        other => other.to_owned(),
    }
}

fn got_words(got: Unexpected<'_>) -> String {
    match got {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Float(value) if value.abs() > 9e18 => "a number beyond all bounds".to_owned(),
        Unexpected::Float(value) => format!("`{value}`"),
        Unexpected::Str(value) => format!("`{value}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

#[derive(Clone, Copy)]
struct NodeDecoder<'de> {
    node: &'de Node,
    /// The key the value stands under: the place of what is missing inside it.
    named: Option<Place>,
}

impl NodeDecoder<'_> {
    fn place(&self) -> Place {
        match (&self.node.value, self.named) {
            (Value::Null | Value::Seq(_) | Value::Map(_), Some(named)) => named,
            _ => self.node.shown_place(),
        }
    }
}

impl<'de> Deserializer<'de> for NodeDecoder<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let result = match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => visitor.visit_i64(value),
                (_, Ok(value)) => visitor.visit_u64(value),
                _ => visitor.visit_f64(*value as f64),
            },
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Str(value) => visitor.visit_borrowed_str(value),
            Value::Seq(items) => visitor.visit_seq(Items(items.iter())),
            Value::Map(entries) => visitor.visit_map(Entries { rest: entries.iter(), current: None }),
        };
        result.map_err(|error| error.at(self.place()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    /// A whole number is a fine name or title.
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Int(value) => visitor.visit_string(value.to_string()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Null => visitor.visit_seq(Items([].iter())),
            _ => self.deserialize_any(visitor),
        }
    }

    /// `order_topic:` with nothing behind it is a topic with every default.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.value {
            Value::Null => {
                visitor.visit_map(Entries { rest: [].iter(), current: None }).map_err(|error| error.at(self.place()))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let choice = match &self.node.value {
            Value::Str(name) => Choice { name, place: self.node.place, content: None },
            Value::Map(entries) if entries.len() == 1 => {
                let entry = &entries[0];
                let content = NodeDecoder { node: &entry.node, named: Some(entry.key_place) };
                Choice { name: &entry.key, place: entry.key_place, content: Some(content) }
            }
            Value::Map(entries) if entries.len() > 1 => {
                let message = format!("expected one of {}, got {} keys", variants.join(", "), entries.len());
                return Err(DecodeError::words(message).at(entries[1].key_place));
            }
            _ => {
                let message = format!("expected one of {}", variants.join(", "));
                return Err(DecodeError::words(message).at(self.place()));
            }
        };
        let place = choice.place;
        visitor.visit_enum(choice).map_err(|error| error.at(place))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str
        bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some(node) = self.0.next() else { return Ok(None) };
        let place = node.shown_place();
        seed.deserialize(NodeDecoder { node, named: None }).map(Some).map_err(|error| error.at(place))
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, Entry>,
    current: Option<&'de Entry>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        self.current = self.rest.next();
        let Some(entry) = self.current else { return Ok(None) };
        seed.deserialize(entry.key.as_str().into_deserializer())
            .map(Some)
            .map_err(|error: DecodeError| error.at(entry.key_place))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let entry = self.current.expect("serde asks for the key before its value");
        let decoder = NodeDecoder { node: &entry.node, named: Some(entry.key_place) };
        seed.deserialize(decoder).map_err(|error| error.at(entry.key_place))
    }
}

struct Choice<'de> {
    name: &'de str,
    place: Place,
    content: Option<NodeDecoder<'de>>,
}

impl<'de> de::EnumAccess<'de> for Choice<'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), DecodeError> {
        let variant =
            seed.deserialize(self.name.into_deserializer()).map_err(|error: DecodeError| error.at(self.place))?;
        Ok((variant, self))
    }
}

/// Stands for the content of a variant that is written as a bare name.
const NOTHING: &Node = &Node { value: Value::Null, place: Place { text: 0, start: 0, len: 0 } };

impl<'de> de::VariantAccess<'de> for Choice<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        match self.content.map(|content| &content.node.value) {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(DecodeError::words(format!("`{}` takes no settings", self.name)).at(self.place)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DecodeError> {
        match self.content {
            Some(content) => seed.deserialize(content),
            None => Err(DecodeError::words(format!("`{}` needs a value", self.name)).at(self.place)),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.content.unwrap_or(NodeDecoder { node: NOTHING, named: Some(self.place) }).deserialize_seq(visitor)
    }

    /// A bare name is the variant with every default.
    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.content.unwrap_or(NodeDecoder { node: NOTHING, named: Some(self.place) }).deserialize_map(visitor)
    }
}
