//! What an expression sees of a message: its properties by name.

use std::collections::BTreeMap;

/// The properties of a message, decoded (`EvaluationContext#get`).
pub trait Properties {
    /// The value of the property `name`; upper and lower case differ. `None` when the message does not carry it.
    fn get(&self, name: &str) -> Option<&str>;
}

impl Properties for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<&str> {
        BTreeMap::get(self, name).map(String::as_str)
    }
}

/// Pairs of name and value; the first of a name counts.
impl Properties for [(&str, &str)] {
    fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

impl<const N: usize> Properties for [(&str, &str); N] {
    fn get(&self, name: &str) -> Option<&str> {
        Properties::get(self.as_slice(), name)
    }
}

/// A message without properties.
impl Properties for () {
    fn get(&self, _: &str) -> Option<&str> {
        None
    }
}

impl<P: Properties + ?Sized> Properties for &P {
    fn get(&self, name: &str) -> Option<&str> {
        (**self).get(name)
    }
}
