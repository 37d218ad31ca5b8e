//! Subscriptions: topics become ids, expressions are compiled once to see that they can be.

use super::Resolver;
use crate::filter::sql::{SqlError, SqlFilter};
use crate::filter::tag::TagFilter;
use crate::scenario::diagnose::{Fault, Place};
use crate::scenario::plan::ExpressionPlan;
use crate::scenario::raw::{RawExpression, Subscriptions};
use crate::scenario::tree::At;
use crate::scenario::units::CountOrList;
use crate::store::group_topic::retry_topic;
use crate::store::ids::{ExpressionIx, TopicIx};

/// Topics with their expressions, ascending.
pub(super) type Subscribed = Vec<(TopicIx, ExpressionIx)>;

impl Resolver<'_> {
    /// Every expression of the file, in its order and each once; the first is `*`.
    pub(super) fn all_expressions(&self) -> Result<Vec<ExpressionPlan>, Fault> {
        let mut all = vec![ExpressionPlan::Tag("*".to_owned())];
        for (name, group) in &self.root.groups {
            let at = At::default().key("groups").key(name);
            let members = match &group.instances {
                Some(CountOrList::List(list)) => list.as_slice(),
                _ => &[],
            };
            let own = members.iter().enumerate().filter_map(|(number, member)| {
                member.topics.as_ref().map(|topics| (topics, at.key("instances").index(number).key("topics")))
            });
            for (topics, at) in std::iter::once((&group.topics, at.key("topics"))).chain(own) {
                for (topic, expression) in &topics.0 {
                    let plan = self.check_expression(expression, &at.key(topic))?;
                    if !all.contains(&plan) {
                        all.push(plan);
                    }
                }
            }
        }
        Ok(all)
    }

    /// The topics that `subscriptions` names, with their expressions, for members of a group.
    pub(super) fn subscription(
        &self,
        subscriptions: &Subscriptions,
        group: &str,
        at: &At,
    ) -> Result<Subscribed, Fault> {
        let mut topics = Subscribed::new();
        for (index, (name, expression)) in subscriptions.0.iter().enumerate() {
            let is_key = self.tree.has(&at.key(name));
            let place = if is_key { at.key(name) } else { at.index(index) };
            let pointed = |fault: Fault| {
                if is_key { Fault { place: self.tree.key_place_of(&place), ..fault } } else { fault }
            };
            if *name == retry_topic(group) {
                let fault = self.fault(&place, format!("`{group}` consumes its own retry topic by itself"));
                return Err(pointed(fault.help("remove it, or write `retryTopic: true`")));
            }
            let topic = self.readable_topic(name, &place).map_err(pointed)?;
            let plan = self.check_expression(expression, &at.key(name))?;
            let number = self.expressions.iter().position(|known| *known == plan).unwrap_or(0);
            topics.push((topic, ExpressionIx::new(number)));
        }
        topics.sort_by_key(|(topic, _)| *topic);
        topics.dedup_by_key(|(topic, _)| *topic);
        if topics.is_empty() {
            return Err(self.fault(at, "a consumer without topics consumes nothing"));
        }
        Ok(topics)
    }

    /// Whether an expression is one; `at` is its place, or that of the mapping with its kind.
    fn check_expression(&self, raw: &RawExpression, at: &At) -> Result<ExpressionPlan, Fault> {
        match raw {
            RawExpression::Tags(text) => {
                let at = if self.tree.has(&at.key("tags")) { at.key("tags") } else { at.clone() };
                let filter = TagFilter::parse(Some(text)).map_err(|error| self.fault(&at, error.to_string()))?;
                Ok(ExpressionPlan::Tag(if filter.is_all() { "*" } else { text }.to_owned()))
            }
            RawExpression::Sql(text) => {
                SqlFilter::compile(text).map_err(|error| self.sql_fault(text, &error, &at.key("sql")))?;
                Ok(ExpressionPlan::Sql92(text.clone()))
            }
        }
    }

    /// What the compiler says, at the word it says it of, or with its column when the file writes the text in another way.
    fn sql_fault(&self, text: &str, error: &SqlError, at: &At) -> Fault {
        let (start, end) = (error.span.start as usize, error.span.end as usize);
        if let Some(place) = self.part_of_text(at, text, start, end.saturating_sub(start)) {
            return Fault::new(place, format!("in SQL92: {error}"));
        }
        let column = text.get(..start).unwrap_or_default().chars().count() + 1;
        self.fault(at, format!("in SQL92, at column {column}: {error}"))
    }

    /// The place of a part of a text value, when the file writes the text as it is or in plain quotes.
    pub(super) fn part_of_text(&self, at: &At, text: &str, start: usize, len: usize) -> Option<Place> {
        let place = self.tree.place_of(at);
        let quote = match place.len.checked_sub(text.len())? {
            0 => 0,
            2 => 1,
            _ => return None,
        };
        let len = len.clamp(1, text.len().saturating_sub(start).max(1));
        Some(Place { start: place.start + quote + start, len, ..place })
    }
}
