//! Which tag and property values a message gets. Messages with the same values share a class, which is added to the catalog
//! when its values come together for the first time: so a message costs no more than the draws.

use std::rc::Rc;

use crate::filter::tag::tags_code;
use crate::kernel::alias::Alias;
use crate::kernel::rng::Stream;
use crate::store::catalog::{Catalog, ClassFacts};
use crate::store::message::MessageClass;

/// No class yet.
const NONE: u32 = u32::MAX;

/// One thing that is drawn: the tag, or a property.
#[derive(Debug)]
pub struct Axis {
    law: Alias,
    values: Vec<Option<Rc<str>>>,
    /// `None`: the tag.
    name: Option<Rc<str>>,
}

impl Axis {
    /// A property, or without a name the tag, with its values and their weights; the value `None` leaves it out.
    #[must_use]
    pub fn new(name: Option<&str>, values: &[(Option<String>, f64)]) -> Self {
        Self {
            law: Alias::new(values.iter().map(|(_, weight)| *weight)),
            values: values.iter().map(|(value, _)| value.as_deref().map(Rc::from)).collect(),
            name: name.map(Rc::from),
        }
    }
}

/// The classes of a producer's messages.
#[derive(Debug)]
pub struct Mix {
    plain: ClassFacts,
    axes: Vec<Axis>,
    /// Handle by the numbers of the values, the last axis fastest.
    handles: Vec<u32>,
    stream: Stream,
}

impl Mix {
    /// Messages of the class `plain`, with what `axes` add. The product of the numbers of values has to be small enough for
    /// a table.
    #[must_use]
    pub fn new(plain: ClassFacts, axes: Vec<Axis>, stream: Stream) -> Self {
        let combinations = axes.iter().map(|axis| axis.values.len()).product();
        Self { plain, axes, handles: vec![NONE; combinations], stream }
    }

    /// Draws a message's class.
    #[inline]
    pub fn draw(&mut self, catalog: &mut Catalog) -> (u32, MessageClass) {
        if self.axes.is_empty() {
            if self.handles[0] == NONE {
                self.handles[0] = catalog.add_class(self.plain.clone());
            }
            return (self.handles[0], self.plain.class);
        }
        let mut combination = 0;
        for axis in &self.axes {
            combination = combination * axis.values.len() + axis.law.sample(&mut self.stream);
        }
        if self.handles[combination] == NONE {
            self.handles[combination] = catalog.add_class(self.class(combination));
        }
        let handle = self.handles[combination];
        (handle, catalog.class(handle).class)
    }

    fn class(&self, mut combination: usize) -> ClassFacts {
        let mut facts = self.plain.clone();
        let mut properties = Vec::new();
        let mut bytes = usize::from(facts.class.properties_bytes);
        for axis in self.axes.iter().rev() {
            let value = axis.values[combination % axis.values.len()].clone();
            combination /= axis.values.len();
            let Some(value) = value else { continue };
            // Name and value with the separators U+0001 and U+0002 (`MessageDecoder#messageProperties2String`).
            bytes += axis.name.as_ref().map_or("TAGS".len(), |name| name.len()) + value.len() + 2;
            match &axis.name {
                None => facts.tag = Some(value),
                Some(name) => properties.push((Rc::clone(name), value)),
            }
        }
        properties.sort();
        facts.properties = properties.into();
        facts.class.tags_code = tags_code(facts.tag.as_deref());
        // The scenario refuses more than 32,767.
        facts.class.properties_bytes = bytes.min(usize::from(u16::MAX)) as u16;
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Streams;
    use crate::store::ids::TopicIx;

    fn plain() -> ClassFacts {
        let class = MessageClass { topic_bytes: 1, properties_bytes: 10, tags_code: 0 };
        ClassFacts { class, topic: TopicIx(0), producer: None, tag: None, properties: Rc::default() }
    }

    #[test]
    fn equal_values_share_a_class_with_their_sizes_and_code() {
        let some = |text: &str| Some(text.to_owned());
        let axes = vec![
            Axis::new(None, &[(some("TagA"), 1.0), (None, 1.0)]),
            Axis::new(Some("b"), &[(some("x"), 1.0), (some("yy"), 1.0)]),
            Axis::new(Some("a"), &[(some("1"), 1.0)]),
        ];
        let mut catalog = Catalog::default();
        let mut mix = Mix::new(plain(), axes, Streams::new(1).stream("p", "mix"));
        for _ in 0..1000 {
            let (handle, class) = mix.draw(&mut catalog);
            let facts = catalog.class(handle);
            let tagged = facts.tag.is_some();
            let b = facts.property("b").unwrap();
            assert_eq!(facts.property("a"), Some("1"));
            assert_eq!(facts.property("TAGS").is_some(), tagged);
            assert_eq!(class.tags_code, if tagged { 2_598_919 } else { 0 });
            let tag_bytes = if tagged { 10 } else { 0 };
            assert_eq!(usize::from(class.properties_bytes), 10 + tag_bytes + 3 + b.len() + 4);
        }
        assert_eq!(catalog.classes(), 4);
    }

    #[test]
    fn without_values_there_is_one_class_and_no_draw() {
        let mut catalog = Catalog::default();
        let mut mix = Mix::new(plain(), Vec::new(), Streams::new(1).stream("p", "mix"));
        assert_eq!((mix.draw(&mut catalog).0, mix.draw(&mut catalog).0, catalog.classes()), (0, 0, 1));
    }
}
