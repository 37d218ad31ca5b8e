//! The properties text of a record (`MessageDecoder#messageProperties2String`, `#string2messageProperties`): names and
//! values with control characters between them.

use crate::kernel::java::hash_map_order;

/// Between a name and its value.
pub const NAME_VALUE_SEPARATOR: char = '\u{1}';
/// Between two properties.
pub const PROPERTY_SEPARATOR: char = '\u{2}';

/// The text of properties in the order given. No separator follows the last one.
#[must_use]
pub fn encode_in_order<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push(PROPERTY_SEPARATOR);
        }
        text.push_str(name);
        text.push(NAME_VALUE_SEPARATOR);
        text.push_str(value);
    }
    text
}

/// The text that a broker writes for properties put in this order: that of iterating a Java `HashMap`; of a repeated
/// name the last value counts.
#[must_use]
pub fn encode(pairs: &[(&str, &str)]) -> String {
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    let value = |name: &str| pairs.iter().rev().find(|(other, _)| *other == name).map_or("", |(_, value)| *value);
    encode_in_order(hash_map_order(&names).into_iter().map(|name| (name, value(name))))
}

/// The properties of a text in its order. A piece without a name or without a value is none; of a repeated name the
/// last value counts, at the place of the first.
#[must_use]
pub fn decode(text: &str) -> Vec<(&str, &str)> {
    let mut properties: Vec<(&str, &str)> = Vec::new();
    for (name, value) in pieces(text) {
        match properties.iter_mut().find(|(other, _)| *other == name) {
            Some(property) => property.1 = value,
            None => properties.push((name, value)),
        }
    }
    properties
}

/// The value of one property, as [`decode`] would give it.
#[must_use]
pub fn find<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    pieces(text).filter(|(other, _)| *other == name).last().map(|(_, value)| value)
}

/// Names and values as they come.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = text.split(PROPERTY_SEPARATOR).filter_map(|piece| piece.split_once(NAME_VALUE_SEPARATOR));
    pairs.filter(|(name, value)| !name.is_empty() && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_without_name_or_value_vanish() {
        assert_eq!(decode("ab\u{2}c\u{1}d\u{2}\u{1}x\u{2}e\u{1}\u{2}"), [("c", "d")]);
        assert_eq!(decode("a\u{1}b\u{1}c"), [("a", "b\u{1}c")]);
    }

    #[test]
    fn the_last_of_a_repeated_name_counts() {
        let text = "a\u{1}1\u{2}b\u{1}2\u{2}a\u{1}3";
        assert_eq!(decode(text), [("a", "3"), ("b", "2")]);
        assert_eq!((find(text, "a"), find(text, "c")), (Some("3"), None));
    }

    #[test]
    fn a_broker_writes_them_in_the_order_of_a_hash_map() {
        let pairs = [("TAGS", "x"), ("KEYS", "k"), ("WAIT", "true"), ("TAGS", "y")];
        assert_eq!(encode(&pairs), "KEYS\u{1}k\u{2}WAIT\u{1}true\u{2}TAGS\u{1}y");
    }
}
