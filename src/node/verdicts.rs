//! What subscriptions make of messages, worked out once per expression and class: after that a filter is a look into a table.

use std::cell::Cell;

use crate::filter::{Expression, Properties};
use crate::store::catalog::{Catalog, ClassFacts};
use crate::store::get_message::MessageFilter;
use crate::store::ids::{ExpressionIx, TopicIx};
use crate::store::message::Message;

const UNKNOWN: u8 = 0;
/// The broker takes it out by the hash in the queue entry.
const ENTRY: u8 = 1;
/// The broker takes it out by the record.
const RECORD: u8 = 2;
/// The broker lets it pass, the client takes it out (a tag with the same hash).
const CLIENT: u8 = 3;
/// It is wanted.
const WANTED: u8 = 4;

impl Properties for ClassFacts {
    fn get(&self, name: &str) -> Option<&str> {
        self.property(name)
    }
}

/// Whether an expression wants every class of a topic, as far as classes are known.
#[derive(Clone, Copy, Debug)]
struct Whole {
    topic: Option<TopicIx>,
    /// Classes before this one have been looked at.
    judged: usize,
    all: bool,
    /// Some class is of the topic. Retry and dead-letter topics hold messages of others' classes and have none of their own.
    some: bool,
}

/// The verdicts so far.
#[derive(Debug, Default)]
pub struct Verdicts {
    expressions: Vec<Expression>,
    /// By expression and class.
    table: Vec<Vec<Cell<u8>>>,
    /// By expression.
    whole: Vec<Whole>,
}

impl Verdicts {
    /// No verdicts yet on messages by these expressions.
    #[must_use]
    pub fn new(expressions: Vec<Expression>) -> Self {
        let whole = Whole { topic: None, judged: 0, all: true, some: false };
        Self { table: vec![Vec::new(); expressions.len()], whole: vec![whole; expressions.len()], expressions }
    }

    /// The expression.
    #[must_use]
    pub fn expression(&self, expression: ExpressionIx) -> &Expression {
        &self.expressions[expression.at()]
    }

    /// Whether every message is wanted.
    #[must_use]
    #[inline]
    pub fn takes_all(&self, expression: ExpressionIx) -> bool {
        expression == ExpressionIx::ALL
            || self.expressions.get(expression.at()).is_none_or(|expression| expression.is_all())
    }

    /// Whether every message of a topic is wanted because each class of it that exists is: then a filter need not look at
    /// messages. An expression on several topics is known to do so for the first of them only.
    #[inline]
    pub fn wants_all(&mut self, expression: ExpressionIx, topic: TopicIx, catalog: &Catalog) -> bool {
        if self.takes_all(expression) {
            return true;
        }
        let Whole { topic: of, judged, all, .. } = self.whole[expression.at()];
        let known = of.is_none_or(|of| of == topic);
        if known && all && judged < catalog.classes() {
            self.judge_new(expression, topic, catalog);
        }
        let Whole { all, some, .. } = self.whole[expression.at()];
        known && all && some
    }

    #[cold]
    fn judge_new(&mut self, expression: ExpressionIx, topic: TopicIx, catalog: &Catalog) {
        let Whole { judged, some, .. } = self.whole[expression.at()];
        let filter = self.broker_filter(expression, catalog);
        let fresh = (judged as u32)..(catalog.classes() as u32);
        let mut here = fresh.filter(|class| catalog.class(*class).topic == topic).peekable();
        let some = some || here.peek().is_some();
        let all = here.all(|class| filter.verdict(class) == WANTED);
        self.whole[expression.at()] = Whole { topic: Some(topic), judged: catalog.classes(), all, some };
    }

    /// Makes room for the classes of a catalog.
    fn prepare(&mut self, expression: ExpressionIx, catalog: &Catalog) {
        let row = &mut self.table[expression.at()];
        if row.len() < catalog.classes() {
            row.resize(catalog.classes(), Cell::new(UNKNOWN));
        }
    }

    /// The broker's filter of an expression.
    pub fn broker_filter<'a>(&'a mut self, expression: ExpressionIx, catalog: &'a Catalog) -> BrokerFilter<'a> {
        self.prepare(expression, catalog);
        let by_record = self.expressions[expression.at()].needs_properties();
        BrokerFilter {
            expression: &self.expressions[expression.at()],
            row: &self.table[expression.at()],
            catalog,
            by_record,
        }
    }

    /// Whether a client keeps a message the broker let pass.
    pub fn client_keeps(&mut self, expression: ExpressionIx, catalog: &Catalog, handle: u32) -> bool {
        self.prepare(expression, catalog);
        let filter = self.broker_filter(expression, catalog);
        // A client judges by tag alone: what another member's SQL let pass stays, as does what its own would refuse.
        filter.by_record || filter.verdict(handle) == WANTED
    }

    /// Whether a message is what an expression wants, whoever filters it.
    pub fn wants(&mut self, expression: ExpressionIx, catalog: &Catalog, handle: u32) -> bool {
        self.takes_all(expression) || self.broker_filter(expression, catalog).verdict(handle) == WANTED
    }
}

/// A subscription as the store's reader sees it.
#[derive(Debug)]
pub struct BrokerFilter<'a> {
    expression: &'a Expression,
    row: &'a [Cell<u8>],
    catalog: &'a Catalog,
    by_record: bool,
}

impl BrokerFilter<'_> {
    #[inline]
    fn verdict(&self, handle: u32) -> u8 {
        let cell = &self.row[self.catalog.class_of(handle) as usize];
        if cell.get() == UNKNOWN {
            cell.set(self.judge(self.catalog.class(handle)));
        }
        cell.get()
    }

    fn judge(&self, class: &ClassFacts) -> u8 {
        if !self.expression.code_passes(class.class.tags_code) {
            ENTRY
        } else if !self.expression.properties_pass(class) {
            RECORD
        } else if !self.expression.client_passes(class.tag.as_deref()) {
            CLIENT
        } else {
            WANTED
        }
    }

    /// Whether the broker lets a message pass.
    #[must_use]
    pub fn passes(&self, message: &Message) -> bool {
        self.verdict(message.class) >= CLIENT
    }
}

impl MessageFilter for BrokerFilter<'_> {
    #[inline]
    fn is_matched_by_consume_queue(&self, message: &Message) -> bool {
        self.verdict(message.class) != ENTRY
    }

    #[inline]
    fn is_matched_by_commit_log(&self, message: &Message) -> bool {
        !self.by_record || self.verdict(message.class) != RECORD
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::filter::tag::tags_code;
    use crate::kernel::time::SimTime;
    use crate::store::ids::TopicIx;
    use crate::store::message::MessageClass;

    fn class(tag: Option<&str>, a: Option<&str>) -> ClassFacts {
        ClassFacts {
            class: MessageClass { topic_bytes: 1, properties_bytes: 0, tags_code: tags_code(tag) },
            topic: TopicIx(0),
            producer: None,
            tag: tag.map(Rc::from),
            properties: a.map(|a| (Rc::from("a"), Rc::from(a))).into_iter().collect(),
        }
    }

    #[test]
    fn a_tag_with_the_hash_of_another_passes_the_broker_and_not_the_client() {
        let expressions = vec![Expression::all(), Expression::tag("Aa").unwrap(), Expression::sql("a > 5").unwrap()];
        let (tags, sql) = (ExpressionIx(1), ExpressionIx(2));
        let mut verdicts = Verdicts::new(expressions);
        let mut catalog = Catalog::default();
        let message = |class| Message {
            physical: 0,
            stored_at: SimTime::ZERO,
            born_at: SimTime::ZERO,
            size: 1,
            body: 0,
            key: 0,
            class,
        };
        let classes = [class(Some("Aa"), Some("7")), class(Some("BB"), Some("3")), class(Some("C"), None)];
        let handles = classes.map(|facts| catalog.add_class(facts));
        let broker = |verdicts: &mut Verdicts, expression| {
            handles.map(|handle| verdicts.broker_filter(expression, &catalog).passes(&message(handle)))
        };
        assert_eq!(broker(&mut verdicts, tags), [true, true, false]);
        assert_eq!(broker(&mut verdicts, sql), [true, false, false]);
        assert_eq!(handles.map(|handle| verdicts.client_keeps(tags, &catalog, handle)), [true, false, false]);
        assert_eq!(handles.map(|handle| verdicts.wants(ExpressionIx::ALL, &catalog, handle)), [true; 3]);
        assert!(!verdicts.wants_all(tags, TopicIx(0), &catalog));
    }

    #[test]
    fn an_expression_wants_all_until_a_class_of_its_topic_comes_that_it_does_not_want() {
        let mut verdicts = Verdicts::new(vec![Expression::all(), Expression::tag("Aa || C").unwrap()]);
        let (tags, topic) = (ExpressionIx(1), TopicIx(0));
        let mut catalog = Catalog::default();
        catalog.add_class(class(Some("Aa"), None));
        catalog.add_class(ClassFacts { topic: TopicIx(7), ..class(Some("D"), None) });
        assert!(verdicts.wants_all(tags, topic, &catalog));
        catalog.add_class(class(Some("C"), None));
        assert!(verdicts.wants_all(tags, topic, &catalog));
        assert!(!verdicts.wants_all(tags, TopicIx(7), &catalog), "known for its first topic only");
        let mut dead = Verdicts::new(vec![Expression::all(), Expression::tag("Aa").unwrap()]);
        assert!(!dead.wants_all(tags, TopicIx(9), &catalog), "its messages are of other topics' classes");
        catalog.add_class(class(Some("BB"), None));
        assert!(!verdicts.wants_all(tags, topic, &catalog));
    }
}
