//! Autoscalers: which members they may run, and under which client ids.

use super::census::is_broadcasting;
use super::lives::StartAs;
use super::timeline::Walk;
use crate::kernel::time::SimTime;
use crate::scenario::diagnose::Fault;
use crate::scenario::plan::AutoscalerPlan;
use crate::scenario::raw::Autoscaler;
use crate::scenario::tree::At;
use crate::scenario::units::CountOrList;
use crate::store::ids::{GroupIx, InstanceIx};

impl Walk<'_, '_> {
    pub(super) fn autoscalers(&mut self) -> Result<Vec<AutoscalerPlan>, Fault> {
        let mut plans: Vec<AutoscalerPlan> = Vec::new();
        for (name, raw) in &self.r.root.autoscalers {
            let at = At::default().key("autoscalers").key(name);
            let file = self.r.find(&self.r.groups, &raw.group, &at.key("group"))?;
            let group = GroupIx::new(self.r.plan_groups.of_file[file].start);
            if is_broadcasting(&self.r.root.groups[file]) {
                return Err(self
                    .r
                    .fault(&at.key("group"), format!("{} broadcasts: it has no lag to share", raw.group)));
            }
            if let Some(other) = plans.iter().find(|plan| plan.group == group) {
                let message = format!("{} already has the autoscaler `{}`", raw.group, other.name);
                return Err(self.r.fault(&at.key("group"), message));
            }
            plans.push(self.autoscaler(name, raw, (file, group), &at)?);
        }
        Ok(plans)
    }

    fn autoscaler(
        &mut self,
        name: &str,
        raw: &Autoscaler,
        (file, group): (usize, GroupIx),
        at: &At,
    ) -> Result<AutoscalerPlan, Fault> {
        let min = raw.min.expect("filled in");
        if min > raw.max {
            return Err(self.r.fault(&at.key("min"), format!("`min` {min} is more than `max` {}", raw.max)));
        }
        self.r.within(at, "min", u64::from(min), 1, 10_000)?;
        if raw.target_lag == 0 {
            return Err(self.r.fault(&at.key("targetLag"), "a lag of nothing is never reached"));
        }
        let interval = raw.interval.expect("filled in").0;
        self.r.period(at, "interval", interval)?;
        let declared = match self.r.root.groups[file].instances.as_ref().expect("filled in") {
            CountOrList::Count(count) => *count as usize,
            CountOrList::List(list) => list.len(),
        };
        if !(min as usize..=raw.max as usize).contains(&declared) {
            let place = At::default().key("groups").key(&raw.group).key("instances");
            let message = format!("{} begins with {declared} members", raw.group);
            let help = format!("the autoscaler `{name}` runs {min} to {}", raw.max);
            return Err(self.r.fault(&place, message).help(help));
        }
        let range = self.members.of_group[file].clone();
        let first = range.start;
        if let Some(never) = range.clone().take(min as usize).find(|i| self.members.list[*i].first_start.is_none()) {
            let place = At::default().key("groups").key(&raw.group).key("instances").index(never - first).key("start");
            let message = format!("{} never starts, but the first {min} always run", self.nodes.label(never));
            return Err(self.r.fault(&place, message));
        }
        let mut instances = Vec::new();
        for instance in range.take(raw.max as usize) {
            let client = self.lives.client_of_start(SimTime::ZERO, instance, StartAs::default(), self.clients);
            instances.push((InstanceIx::new(instance), client));
        }
        Ok(AutoscalerPlan {
            name: name.to_owned(),
            group,
            instances,
            min,
            max: raw.max,
            target_lag: raw.target_lag,
            interval,
            scale_up_cool_down: raw.scale_up_cool_down.expect("filled in").0,
            scale_down_cool_down: raw.scale_down_cool_down.expect("filled in").0,
            graceful: raw.graceful.expect("filled in"),
        })
    }
}
