//! Subscriptions: topics become ids, expressions are compiled once to see that they can be.

use super::Resolver;
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
                if text.trim().is_empty() {
                    return Err(self.fault(&at.key("sql"), "the expression is empty"));
                }
                Ok(ExpressionPlan::Sql92(text.clone()))
            }
        }
    }

    /// The place of a part of a text value, when the file writes the text as it is or in plain quotes; else that of the value.
    pub(super) fn part_of_text(&self, at: &At, text: &str, start: usize, len: usize) -> Place {
        let place = self.tree.place_of(at);
        let quote = match place.len.checked_sub(text.len()) {
            Some(0) => 0,
            Some(2) => 1,
            _ => return place,
        };
        let len = len.max(1).min(text.len().saturating_sub(start).max(1));
        Place { start: place.start + quote + start, len, ..place }
    }
}
