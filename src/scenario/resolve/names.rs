//! Names and their numbers.

use std::collections::BTreeMap;

/// Orders names as Java's `String.compareTo` does: by UTF-16 code units.
pub(crate) fn java_order(a: &str, b: &str) -> std::cmp::Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// The names of one kind.
pub(crate) struct NamesOf {
    kind: &'static str,
    names: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl NamesOf {
    /// Numbered in RocketMQ's sort order.
    pub(crate) fn sorted(kind: &'static str, names: impl IntoIterator<Item = String>) -> Self {
        let mut names: Vec<String> = names.into_iter().collect();
        names.sort_by(|a, b| java_order(a, b));
        Self::in_order(kind, names)
    }

    /// Numbered as they come.
    pub(crate) fn in_order(kind: &'static str, names: impl IntoIterator<Item = String>) -> Self {
        let names: Vec<String> = names.into_iter().collect();
        let numbers = names.iter().cloned().enumerate().map(|(number, name)| (name, number)).collect();
        Self { kind, names, numbers }
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(crate) fn name(&self, number: usize) -> &str {
        &self.names[number]
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_utf_16_code_units_as_in_java() {
        // U+1F600 is the surrogate pair D83D DE00 in UTF-16, below U+FF5E, although its code point is greater.
        let names = NamesOf::sorted("topic", ["～".to_owned(), "😀".to_owned(), "b".to_owned(), "B".to_owned()]);
        assert_eq!(names.iter().collect::<Vec<_>>(), ["B", "b", "😀", "～"]);
    }
}
