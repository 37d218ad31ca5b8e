//! What consumers subscribe to: topics, each with an expression.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

/// Topics: one, a list, or a mapping of topics to expressions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subscriptions(pub Vec<(String, RawExpression)>);

/// An expression as the file writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum RawExpression {
    /// Tags: `*`, or `A || B`.
    Tags(String),
    /// SQL92.
    Sql(String),
}

impl RawExpression {
    fn all() -> Self {
        Self::Tags("*".to_owned())
    }
}

/// The long form of an expression.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Expression")]
enum LongExpression {
    /// Tags separated by `||`, or `*`.
    Tags(String),
    /// A condition over properties (SQL92), which brokers serve with `enablePropertyFilter`.
    Sql(String),
}

/// The keys of the long form.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Kind {
    Tags,
    Sql,
}

struct ExpressionVisitor;

impl<'de> Visitor<'de> for ExpressionVisitor {
    type Value = RawExpression;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tags like `A || B`, {tags: …} or {sql: …}")
    }

    fn visit_unit<E: de::Error>(self) -> Result<RawExpression, E> {
        Ok(RawExpression::all())
    }

    fn visit_i64<E: de::Error>(self, tag: i64) -> Result<RawExpression, E> {
        Ok(RawExpression::Tags(tag.to_string()))
    }

    fn visit_str<E: de::Error>(self, tags: &str) -> Result<RawExpression, E> {
        Ok(RawExpression::Tags(tags.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RawExpression, A::Error> {
        let Some(kind) = access.next_key::<Kind>()? else {
            return Err(de::Error::custom("an empty expression; write tags like `A || B`, {tags: …} or {sql: …}"));
        };
        let expression = match kind {
            Kind::Tags => RawExpression::Tags(access.next_value()?),
            Kind::Sql => RawExpression::Sql(access.next_value()?),
        };
        match access.next_key::<Kind>()? {
            None => Ok(expression),
            Some(_) => Err(de::Error::custom("an expression of two kinds; write `tags` or `sql`")),
        }
    }
}

impl<'de> Deserialize<'de> for RawExpression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExpressionVisitor)
    }
}

impl Serialize for RawExpression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Tags(tags) => serializer.serialize_str(tags),
            Self::Sql(sql) => LongExpression::Sql(sql.clone()).serialize(serializer),
        }
    }
}

struct SubscriptionsVisitor;

impl<'de> Visitor<'de> for SubscriptionsVisitor {
    type Value = Subscriptions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a topic, a list of topics or a mapping of topics to expressions")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Subscriptions, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: de::Error>(self, topic: &str) -> Result<Subscriptions, E> {
        Ok(Subscriptions(vec![(topic.to_owned(), RawExpression::all())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Subscriptions, A::Error> {
        let topics: Vec<String> = Vec::deserialize(SeqAccessDeserializer::new(access))?;
        Ok(Subscriptions(topics.into_iter().map(|topic| (topic, RawExpression::all())).collect()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Subscriptions, A::Error> {
        let mut topics = Vec::new();
        while let Some(topic) = access.next_key::<String>()? {
            topics.push((topic, access.next_value()?));
        }
        Ok(Subscriptions(topics))
    }
}

impl<'de> Deserialize<'de> for Subscriptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SubscriptionsVisitor)
    }
}

impl Serialize for Subscriptions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let everything = self.0.iter().all(|(_, expression)| *expression == RawExpression::all());
        match self.0.as_slice() {
            [(topic, _)] if everything => serializer.serialize_str(topic),
            topics if everything => serializer.collect_seq(topics.iter().map(|(topic, _)| topic)),
            topics => {
                let mut map = serializer.serialize_map(Some(topics.len()))?;
                for (topic, expression) in topics {
                    map.serialize_entry(topic, expression)?;
                }
                map.end()
            }
        }
    }
}

impl JsonSchema for Subscriptions {
    fn schema_name() -> Cow<'static, str> {
        "Subscriptions".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let long = LongExpression::json_schema(generator);
        json_schema!({
            "description": "A topic, a list of topics, or a mapping of topics to expressions: tags (A || B), {tags: …} or \
                {sql: …}.",
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": {"anyOf": [{"type": "string"}, long]}}
            ]
        })
    }
}
