//! YAML as a tree of values, each with its place in the text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, NonFiniteFloatPolicy, Spanned};

use super::diagnose::{Fault, Place};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// A YAML value. Mappings keep the order of the file.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
    Seq(Vec<Node>),
    Map(Vec<Entry>),
}

/// One `key: value` of a mapping.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) node: Node,
}

/// A way down the tree, for naming a value when something is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct At(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl At {
    pub(crate) fn key(&self, key: impl Into<String>) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.into()));
        Self(steps)
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Self(steps)
    }
}

impl Node {
    /// Reads one YAML document.
    ///
    /// # Errors
    /// Whatever is not YAML, or is YAML that no person writes by hand: aliases that expand without bound, nesting
    /// deeper than 64, repeated keys, several documents.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let options = serde_yaml::options! {
            strict_booleans: true,
            non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        };
        serde_yaml::from_str_with_options(text, options).map_err(|error| syntax_fault(text, error.without_snippet()))
    }

    /// The place to show for the value at `at`; that of the nearest existing parent when the file does not say it.
    pub(crate) fn place_of(&self, at: &At) -> Place {
        let mut node = self;
        let mut named = self.place;
        for step in &at.0 {
            match (step, &node.value) {
                (Step::Key(key), Value::Map(entries)) => match entries.iter().find(|entry| entry.key == *key) {
                    Some(entry) => (node, named) = (&entry.node, entry.key_place),
                    None => return named,
                },
                (Step::Index(index), Value::Seq(items)) => match items.get(*index) {
                    Some(item) => (node, named) = (item, item.shown_place()),
                    None => return named,
                },
                // The file writes one value where a list may stand.
                (Step::Index(_), _) => {}
                (Step::Key(_), _) => return if node.is_scalar() { node.place } else { named },
            }
        }
        if node.is_scalar() { node.place } else { named }
    }

    /// Whether the file says a value at `at`.
    pub(crate) fn has(&self, at: &At) -> bool {
        let mut node = self;
        for step in &at.0 {
            let next = match (step, &node.value) {
                (Step::Key(key), Value::Map(entries)) => entries.iter().find(|e| e.key == *key).map(|e| &e.node),
                (Step::Index(index), Value::Seq(items)) => items.get(*index),
                _ => None,
            };
            let Some(next) = next else { return false };
            node = next;
        }
        true
    }

    /// The place of the key of the entry at `at`.
    pub(crate) fn key_place_of(&self, at: &At) -> Place {
        let Some((Step::Key(last), parents)) = at.0.split_last() else { return self.place_of(at) };
        let mut node = self;
        for step in parents {
            node = match (step, &node.value) {
                (Step::Key(key), Value::Map(entries)) => match entries.iter().find(|entry| entry.key == *key) {
                    Some(entry) => &entry.node,
                    None => return self.place_of(at),
                },
                (Step::Index(index), Value::Seq(items)) if *index < items.len() => &items[*index],
                _ => return self.place_of(at),
            };
        }
        match &node.value {
            Value::Map(entries) => {
                entries.iter().find(|entry| entry.key == *last).map_or(self.place_of(at), |entry| entry.key_place)
            }
            _ => self.place_of(at),
        }
    }

    fn is_scalar(&self) -> bool {
        !matches!(self.value, Value::Null | Value::Seq(_) | Value::Map(_))
    }

    /// Where to point for the value itself: a mapping is shown by its first key.
    pub(crate) fn shown_place(&self) -> Place {
        match &self.value {
            Value::Map(entries) => entries.first().map_or(self.place, |entry| entry.key_place),
            _ => self.place,
        }
    }
}

fn place(location: Location) -> Place {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_else(|| span.offset());
    let len = span.byte_len().unwrap_or_else(|| span.len());
    Place { text: 0, start: start as usize, len: len as usize }
}

fn syntax_fault(text: &str, error: &serde_yaml::Error) -> Fault {
    let location = error.location();
    // Places of syntax errors come as line and column only.
    let place = location.map_or(Place::default(), |at| match at.span().byte_offset() {
        Some(_) => place(at),
        None => {
            let line_start: usize =
                text.split_inclusive('\n').take((at.line() as usize).saturating_sub(1)).map(str::len).sum();
            let line = text.get(line_start..).unwrap_or_default();
            let column: usize = line.chars().take((at.column() as usize).saturating_sub(1)).map(char::len_utf8).sum();
            Place { text: 0, start: line_start + column, len: 1 }
        }
    });
    use serde_yaml::Error as E;
    match error {
        E::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            Fault::new(place, format!("duplicate key `{key}`")).help("a mapping says each key once; remove one of them")
        }
        E::Budget { .. }
        | E::AliasError { .. }
        | E::AliasReplayCounterOverflow { .. }
        | E::AliasReplayLimitExceeded { .. }
        | E::AliasExpansionLimitExceeded { .. }
        | E::AliasReplayStackDepthExceeded { .. }
        | E::RecursiveReferencesRequireWeakTypes { .. } => expansion_fault(place, error),
        E::UnknownAnchor { .. } => Fault::new(place, "this alias has no anchor")
            .help("write the anchor (`&name`) before its first alias (`*name`), or quote a text that begins with `*`"),
        E::MultipleDocuments { .. } => Fault::new(place, "a second YAML document begins here")
            .help("a file is one scenario; put the other one into its own file"),
        other => {
            let message = other.to_string();
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
            let message = match message {
                "recursion limit exceeded" => return too_deep(place),
                "invalid u64" => "this is not a whole number",
                other => other,
            };
            Fault::new(place, format!("not valid YAML: {message}"))
        }
    }
}

fn expansion_fault(place: Place, error: &serde_yaml::Error) -> Fault {
    let words = error.to_string();
    if words.contains("recursive") {
        return Fault::new(place, "an alias inside its own anchor would never end");
    }
    if words.to_lowercase().contains("depth") {
        return too_deep(place);
    }
    Fault::new(place, "the document expands to more values than a scenario may have")
        .help("aliases repeat what they name; 250,000 values are allowed")
}

fn too_deep(place: Place) -> Fault {
    Fault::new(place, "nested too deeply").help("64 levels are allowed; a scenario needs fewer than ten")
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { value: spanned.value, place: place(spanned.referenced) })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Str(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Seq(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = access.next_entry::<Spanned<String>, Node>()? {
            entries.push(Entry { key_place: place(key.referenced), key: key.value, node });
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_at(text: &str, at: &At) -> String {
        let place = Node::parse(text).unwrap().place_of(at);
        text[place.start..place.start + place.len].to_owned()
    }

    #[test]
    fn a_path_leads_to_the_text_of_its_value_or_of_its_nearest_parent() {
        let text = "topics:\n  größe: {queues: 16}\n  b:\n    brokers: [x, yy]\n";
        let topics = At::default().key("topics");
        assert_eq!(text_at(text, &topics.key("größe").key("queues")), "16");
        assert_eq!(text_at(text, &topics.key("b").key("brokers").index(1)), "yy");
        assert_eq!(text_at(text, &topics.key("b").key("brokers")), "brokers");
        assert_eq!(text_at(text, &topics.key("b").key("preload").key("perQueue")), "b");
        assert_eq!(text_at(text, &topics.key("c")), "topics");
    }

    #[test]
    fn numbers_beyond_64_bits_and_infinities_are_read_without_a_panic() {
        let node = Node::parse("a: 99999999999999999999999\nb: 1e999\nc: .nan").unwrap();
        let Value::Map(entries) = &node.value else { panic!() };
        assert!(matches!(entries[0].node.value, Value::Float(x) if x > 9e22));
        assert!(matches!(&entries[1].node.value, Value::Str(s) if s == ".inf"));
        assert!(matches!(&entries[2].node.value, Value::Str(s) if s == ".nan"));
    }
}
