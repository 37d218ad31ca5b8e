//! Expectations: names become ids, times are checked.

use super::Resolver;
use super::broadcast::Sight;
use super::counts::counter_check;
use super::labels;
use super::timeline::has_instances;
use crate::kernel::time::SimTime;
use crate::scenario::diagnose::Fault;
use crate::scenario::plan::{Check, Expectation, InstancePlan, TimedAction};
use crate::scenario::raw::{AllocationCheck, Expect, SpanCheck};
use crate::scenario::tree::At;
use crate::scenario::units::Duration;
use crate::store::ids::{GroupIx, InstanceIx, TopicIx};

fn given(expect: &Expect) -> Vec<&'static str> {
    let all = [
        ("allocation", expect.allocation.is_some()),
        ("exactlyOneOwner", expect.exactly_one_owner.is_some()),
        ("balancedWithin", expect.balanced_within.is_some()),
        ("lagAtMost", expect.lag_at_most.is_some()),
        ("lagAtLeast", expect.lag_at_least.is_some()),
        ("lagTimeAtMost", expect.lag_time_at_most.is_some()),
        ("latencyAtMost", expect.latency_at_most.is_some()),
        ("orphanTime", expect.orphan_time.is_some()),
        ("longestOrphan", expect.longest_orphan.is_some()),
        ("duplicates", expect.duplicates.is_some()),
        ("movedQueues", expect.moved_queues.is_some()),
        ("consumedAtLeast", expect.consumed_at_least.is_some()),
        ("stableWithin", expect.stable_within.is_some()),
        ("idleConsumers", expect.idle_consumers.is_some()),
        ("count", expect.count.is_some()),
        ("deadLetters", expect.dead_letters.is_some()),
        ("lostMessages", expect.lost_messages.is_some()),
        ("orderViolations", expect.order_violations.is_some()),
        ("retries", expect.retries.is_some()),
        ("delayLateness", expect.delay_lateness.is_some()),
        ("acknowledgedLost", expect.acknowledged_lost.is_some()),
        ("sendOutage", expect.send_outage.is_some()),
        ("consumeOutage", expect.consume_outage.is_some()),
        ("leaderlessTime", expect.leaderless_time.is_some()),
        ("replicationLag", expect.replication_lag.is_some()),
    ];
    all.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect()
}

impl Resolver<'_> {
    pub(super) fn expectations(
        &self,
        instances: &[InstancePlan],
        timeline: &[TimedAction],
    ) -> Result<Vec<Expectation>, Fault> {
        let mut expectations = Vec::new();
        for (index, expect) in self.root.expect.iter().enumerate() {
            let at = At::default().key("expect").index(index);
            let key = match given(expect).as_slice() {
                [key] => *key,
                [] => {
                    return Err(self
                        .fault(&at, "an expectation without a check")
                        .help("add one like `exactlyOneOwner: order_consumer`; docs/scenarios.md lists them"));
                }
                [_, second, ..] => {
                    return Err(self
                        .key_fault(&at.key(*second), "a second check in the same expectation")
                        .help("give it an entry of its own"));
                }
            };
            let time = expect.at.map(|time| self.within_run(time, &at.key("at"))).transpose()?;
            let sight = Sight { instances, timeline, at: time };
            for expect in self.of_members(expect, sight, &at.key(key))? {
                let check = self.check(&expect, &at.key(key), instances)?;
                expectations.push(Expectation { at: time, check, label: labels::of_check(&expect) });
            }
        }
        Ok(expectations)
    }

    fn within_run(&self, time: Duration, at: &At) -> Result<SimTime, Fault> {
        if time.0 > self.duration {
            let message = format!("{time} comes after the end of the run at {}", self.duration);
            return Err(self.fault(at, message).help("make `duration` longer or the time earlier"));
        }
        Ok(self.moment(time.0))
    }

    /// A group of the plan: one of the file, or a member of a broadcasting one.
    pub(super) fn group_ix(&self, name: &str, at: &At) -> Result<GroupIx, Fault> {
        if let Some(group) = self.plan_groups.names.iter().position(|known| known == name) {
            return Ok(GroupIx::new(group));
        }
        let at = if self.tree.has(&at.key("group")) { at.key("group") } else { at.clone() };
        let file = self.find(&self.groups, name, &at)?;
        Ok(GroupIx::new(self.plan_groups.of_file[file].start))
    }

    pub(super) fn topic_ix(&self, name: Option<&String>, at: &At) -> Result<Option<TopicIx>, Fault> {
        name.map(|name| self.readable_topic(name, &at.key("topic"))).transpose()
    }

    fn check(&self, expect: &Expect, at: &At, instances: &[InstancePlan]) -> Result<Check, Fault> {
        if let Some(c) = &expect.allocation {
            return self.allocation(c, at, instances);
        }
        if let Some(c) = &expect.exactly_one_owner {
            let topic = self.topic_ix(c.topic.as_ref(), at)?;
            return Ok(Check::ExactlyOneOwner { group: self.group_ix(&c.group, at)?, topic });
        }
        if let Some(c) = &expect.balanced_within {
            let topic = self.topic_ix(c.topic.as_ref(), at)?;
            return Ok(Check::BalancedWithin { group: self.group_ix(&c.group, at)?, topic, within: c.within });
        }
        if let Some(c) = &expect.lag_at_most {
            return Ok(Check::LagAtMost { group: self.group_ix(&c.group, at)?, messages: c.messages });
        }
        if let Some(c) = &expect.lag_at_least {
            return Ok(Check::LagAtLeast { group: self.group_ix(&c.group, at)?, messages: c.messages });
        }
        if let Some(c) = &expect.lag_time_at_most {
            return Ok(Check::LagTimeAtMost { group: self.group_ix(&c.group, at)?, age: c.age.0 });
        }
        if let Some(c) = &expect.latency_at_most {
            let group = self.group_ix(&c.group, at)?;
            return Ok(Check::LatencyAtMost { group, percentile: c.percentile.0, limit: c.limit.0 });
        }
        if let Some(c) = &expect.orphan_time {
            let (group, from) = self.span(c, at)?;
            let (at_least, at_most) = (c.at_least.map(|t| t.0), c.at_most.map(|t| t.0));
            return Ok(Check::OrphanTime { group, from, at_least, at_most });
        }
        if let Some(c) = &expect.longest_orphan {
            let (group, from) = self.span(c, at)?;
            let (at_least, at_most) = (c.at_least.map(|t| t.0), c.at_most.map(|t| t.0));
            return Ok(Check::LongestOrphan { group, from, at_least, at_most });
        }
        self.counted_check(expect, at)
    }

    fn counted_check(&self, expect: &Expect, at: &At) -> Result<Check, Fault> {
        if let Some(c) = &expect.duplicates {
            self.bounds(c.at_least, c.at_most, at)?;
            let group = self.group_ix(&c.group, at)?;
            return Ok(Check::Duplicates { group, at_least: c.at_least, at_most: c.at_most });
        }
        if let Some(c) = &expect.moved_queues {
            self.bounds(c.at_least, c.at_most, at)?;
            let from = self.within_run(c.since.unwrap_or_default(), &at.key("since"))?;
            let group = self.group_ix(&c.group, at)?;
            return Ok(Check::MovedQueues { group, from, at_least: c.at_least, at_most: c.at_most });
        }
        if let Some(c) = &expect.consumed_at_least {
            return Ok(Check::ConsumedAtLeast { group: self.group_ix(&c.group, at)?, messages: c.messages });
        }
        if let Some(c) = &expect.stable_within {
            self.bounds(c.at_least, Some(c.at_most), at)?;
            let until = c.until.map(|until| self.within_run(until, &at.key("until"))).transpose()?;
            let after = self.within_run(c.after, &at.key("after"))?;
            if until.is_some_and(|until| until <= after) {
                return Err(self.fault(&at.key("until"), format!("`until` is not after `after` ({after})")));
            }
            let (at_least, at_most) = (c.at_least.map(|t| t.0), c.at_most.0);
            return Ok(Check::StableWithin { group: self.group_ix(&c.group, at)?, after, until, at_least, at_most });
        }
        if let Some(c) = counter_check(expect) {
            return self.count(&c, at);
        }
        if let Some(c) = &expect.delay_lateness {
            return Ok(Check::DelayLateness { percentile: c.percentile.0, at_most: c.at_most.0 });
        }
        if let Some(check) = self.outage_check(expect, at)? {
            return Ok(check);
        }
        let c = expect.idle_consumers.as_ref().expect("one check is given, and it is none of the others");
        Ok(Check::IdleConsumers { group: self.group_ix(&c.group, at)?, exactly: c.exactly })
    }

    fn span(&self, c: &SpanCheck, at: &At) -> Result<(GroupIx, SimTime), Fault> {
        self.bounds(c.at_least, c.at_most, at)?;
        let from = self.within_run(c.since.unwrap_or_default(), &at.key("since"))?;
        Ok((self.group_ix(&c.group, at)?, from))
    }

    pub(super) fn bounds<T: PartialOrd>(&self, least: Option<T>, most: Option<T>, at: &At) -> Result<(), Fault> {
        match (least, most) {
            (None, None) => {
                Err(self.fault(at, "a check without a bound holds always").help("add `atLeast` or `atMost`"))
            }
            (Some(least), Some(most)) if least > most => {
                Err(self.fault(&at.key("atLeast"), "`atLeast` is greater than `atMost`, so it can never hold"))
            }
            _ => Ok(()),
        }
    }

    fn allocation(&self, c: &AllocationCheck, at: &At, instances: &[InstancePlan]) -> Result<Check, Fault> {
        let group = self.group_ix(&c.group, at)?;
        let topic = match self.topic_ix(c.topic.as_ref(), at)? {
            Some(topic) => topic,
            None => {
                let topics = &self.root.groups[self.plan_groups.file_of[group.at()]].topics.0;
                let [(only, _)] = topics.as_slice() else {
                    let names: Vec<&str> = topics.iter().map(|(topic, _)| topic.as_str()).collect();
                    return Err(self
                        .fault(&at.key("group"), format!("{} consumes several topics", c.group))
                        .help(format!("add `topic:`, one of {}", names.join(", "))));
                };
                self.readable_topic(only, at)?
            }
        };
        let mut owners = Vec::new();
        for (name, refs) in &c.owners {
            let at = at.key("owners").key(name);
            let of_group = |plan: &&InstancePlan| plan.group == group;
            let Some(instance) = instances.iter().position(|plan| plan.group == group && plan.name == *name) else {
                let count = instances.iter().filter(of_group).count();
                return Err(self
                    .key_fault(&at, format!("undefined instance `{name}`"))
                    .help(has_instances(&c.group, count)));
            };
            owners.push((InstanceIx::new(instance), self.queue_refs(refs, topic, &at)?));
        }
        Ok(Check::Allocation { group, topic, owners })
    }
}
