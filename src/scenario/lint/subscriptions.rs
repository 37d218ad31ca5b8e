//! Subscriptions: members that differ, SQL92 that nobody serves, tags that nobody sends.

use std::collections::{BTreeMap, BTreeSet};

use super::Lints;
use crate::filter::sql::SqlFilter;
use crate::filter::tag::TagFilter;
use crate::scenario::plan::{ExpressionPlan, InstancePlan, TopicPlan};
use crate::scenario::tree::At;
use crate::store::ids::{ExpressionIx, InstanceIx, TopicIx};

/// Topics with their expressions.
type Wanted = Vec<(TopicIx, ExpressionIx)>;

impl Lints<'_> {
    pub(super) fn subscriptions(&mut self) {
        let plan = self.plan;
        let mut of_groups: BTreeMap<&str, BTreeSet<Wanted>> = BTreeMap::new();
        for (number, instance) in plan.instances.iter().enumerate() {
            let name = plan.groups[instance.group.at()].of_file();
            let at = self.instance_at(InstanceIx::new(number)).key("topics");
            if self.tree.has(&at) {
                self.expressions(instance, &at);
            } else if !of_groups.contains_key(name) {
                self.expressions(instance, &At::default().key("groups").key(name).key("topics"));
            }
            of_groups.entry(name).or_default().insert(self.wanted(instance));
        }
        for (number, instance) in plan.instances.iter().enumerate() {
            let at = self.instance_at(InstanceIx::new(number)).key("topics");
            if self.tree.has(&at) {
                let wanted = &of_groups[plan.groups[instance.group.at()].of_file()];
                self.differs(instance, wanted, &at);
            }
        }
    }

    /// A member's topics with their expressions, but the group's own retry topic.
    fn wanted(&self, instance: &InstancePlan) -> Wanted {
        let own_retry = self.plan.groups[instance.group.at()].retry_topic;
        let pairs = instance.topics.iter().copied().zip(instance.expressions.iter().copied());
        pairs.filter(|(topic, _)| Some(*topic) != own_retry).collect()
    }

    /// A member whose own subscription is not that of the others; `wanted` are all subscriptions of the group.
    fn differs(&mut self, instance: &InstancePlan, wanted: &BTreeSet<Wanted>, at: &At) {
        let own = self.wanted(instance);
        let topics = |wanted: &Wanted| wanted.iter().map(|(topic, _)| *topic).collect::<Vec<_>>();
        if wanted.iter().any(|other| topics(other) != topics(&own)) {
            let message = format!("{} does not subscribe to the topics of its group", instance.name);
            let help = "each heartbeat replaces the group's subscription at the broker, and queues given to a member \
                        that does not want their topic are consumed by nobody";
            self.warn_key(at, message, help);
        } else if wanted.len() > 1 {
            let message = format!("{} subscribes with other expressions than its group", instance.name);
            let help =
                "the member that subscribed last decides for all: messages that one wants and another filters are lost";
            self.warn_key(at, message, help);
        }
    }

    /// What is wrong with the expressions of a member, which stand at `at`.
    fn expressions(&mut self, instance: &InstancePlan, at: &At) {
        let plan = self.plan;
        for (topic, expression) in self.wanted(instance) {
            let topic_plan = &plan.topics[topic.at()];
            let at = at.key(&topic_plan.name);
            match &plan.expressions[expression.at()] {
                ExpressionPlan::Sql92(text) => self.sql(text, topic_plan, &at.key("sql")),
                ExpressionPlan::Tag(text) => {
                    let at = if self.tree.has(&at.key("tags")) { at.key("tags") } else { at };
                    self.unsent_tags(text, topic, &at);
                }
            }
        }
    }

    fn sql(&mut self, text: &str, topic: &TopicPlan, at: &At) {
        let plan = self.plan;
        let refusing = topic.brokers.iter().map(|on| &plan.brokers[on.broker.at()]);
        if let Some(broker) = refusing.into_iter().find(|broker| !broker.config.enable_property_filter) {
            let message = format!("{} does not serve SQL92 subscriptions", broker.name);
            self.warn(at, message, "RocketMQ refuses such members at their start; set `enablePropertyFilter: true`");
        }
        let ignored = SqlFilter::compile(text).ok().and_then(|filter| filter.ignored());
        if let Some(ignored) = ignored {
            let message = format!("`{}` is not looked at", ignored.of(text).trim());
            self.warn(at, message, "the expression is complete before it, and RocketMQ's parser stops there");
        }
    }

    /// Tags that none of the producers of the topic sends.
    fn unsent_tags(&mut self, text: &str, topic: TopicIx, at: &At) {
        let plan = self.plan;
        let mut producers = plan.producers.iter().filter(|producer| producer.topic == topic).peekable();
        if producers.peek().is_none() {
            return;
        }
        let sent: Vec<&str> = producers.flat_map(|p| &p.tags).filter_map(|(tag, _)| tag.as_deref()).collect();
        let Ok(filter) = TagFilter::parse(Some(text)) else { return };
        if let Some(unsent) = filter.tags().iter().find(|tag| !sent.contains(&tag.as_str())) {
            let name = &plan.topics[topic.at()].name;
            self.warn(at, format!("no producer of {name} sends the tag `{unsent}`"), "add it to `tags` of a producer");
        }
    }
}
