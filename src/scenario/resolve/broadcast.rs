//! Expectations on broadcasting groups: each of their members is a group of its own, and has to meet them.

use super::Resolver;
use super::census::is_broadcasting;
use super::counts::counter_group;
use crate::kernel::time::SimTime;
use crate::scenario::diagnose::Fault;
use crate::scenario::plan::{Action, InstancePlan, TimedAction};
use crate::scenario::raw::Expect;
use crate::scenario::tree::At;

/// Who there is when an expectation is checked.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) instances: &'a [InstancePlan],
    pub(super) timeline: &'a [TimedAction],
    /// `None`: the end of the run.
    pub(super) at: Option<SimTime>,
}

impl Sight<'_> {
    /// Whether a member has been started, and whether its process is there.
    fn of(&self, instance: usize) -> (bool, bool) {
        let until = self.at.unwrap_or(SimTime::MAX);
        let mut started = self.instances[instance].start.is_some_and(|(at, _)| at <= until);
        let mut runs = started;
        for timed in self.timeline.iter().take_while(|timed| timed.at <= until) {
            match timed.action {
                Action::StartConsumer { instance: who, .. } if who.at() == instance => (started, runs) = (true, true),
                Action::StopConsumer { instance: who } | Action::KillConsumer { instance: who }
                    if who.at() == instance =>
                {
                    runs = false;
                }
                _ => {}
            }
        }
        (started, runs)
    }
}

/// The group that an expectation is about.
fn group_of(expect: &mut Expect) -> Option<&mut String> {
    macro_rules! first_of {
        ($($check:ident),*) => { $(
            if expect.$check.is_some() {
                return expect.$check.as_mut().map(|check| &mut check.group);
            }
        )* };
    }
    first_of!(
        allocation,
        exactly_one_owner,
        balanced_within,
        lag_at_most,
        lag_at_least,
        lag_time_at_most,
        latency_at_most,
        orphan_time,
        longest_orphan,
        duplicates,
        moved_queues,
        consumed_at_least,
        stable_within,
        idle_consumers,
        consume_outage
    );
    counter_group(expect).and_then(Option::as_mut)
}

/// Whether it is about queues that a process owns now, so that members that do not run have nothing to do with it.
fn is_of_owners(expect: &Expect) -> bool {
    expect.allocation.is_some()
        || expect.exactly_one_owner.is_some()
        || expect.balanced_within.is_some()
        || expect.stable_within.is_some()
        || expect.idle_consumers.is_some()
}

impl Resolver<'_> {
    /// The expectation itself, or one for each member of the broadcasting group that it is about.
    pub(super) fn of_members(&self, expect: &Expect, sight: Sight<'_>, at: &At) -> Result<Vec<Expect>, Fault> {
        let mut expect = expect.clone();
        let Some(name) = group_of(&mut expect).cloned() else { return Ok(vec![expect]) };
        let Some(raw) = self.root.groups.get(&name).filter(|raw| is_broadcasting(raw)) else { return Ok(vec![expect]) };
        let of_file = self.plan_groups.of_file[self.find(&self.groups, &name, at)?].clone();
        let mut all = Vec::new();
        for (instance, plan) in
            sight.instances.iter().enumerate().filter(|(_, plan)| of_file.contains(&plan.group.at()))
        {
            let (started, runs) = sight.of(instance);
            if !(if is_of_owners(&expect) { runs } else { started }) {
                continue;
            }
            let mut own = expect.clone();
            own.label = own.label.map(|label| format!("{label} ({})", plan.name));
            if let Some(group) = group_of(&mut own) {
                group.clone_from(&plan.name);
            }
            if let Some(check) = &mut own.allocation {
                let stranger = check.owners.keys().find(|owner| !sight.instances.iter().any(|i| i.name == **owner));
                if let Some(stranger) = stranger {
                    let at = at.key("owners").key(stranger);
                    return Err(self.key_fault(&at, format!("undefined instance `{stranger}`")));
                }
                check.owners.retain(|owner, _| *owner == plan.name);
                if check.topic.is_none()
                    && let [(only, _)] = raw.topics.0.as_slice()
                {
                    check.topic = Some(only.clone());
                }
            }
            all.push(own);
        }
        if all.is_empty() {
            let at = if self.tree.has(&at.key("group")) { at.key("group") } else { at.clone() };
            return Err(self.fault(&at, format!("no member of {name} runs then")));
        }
        Ok(all)
    }
}
