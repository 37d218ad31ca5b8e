//! Autoscalers: actors that start and stop members of a group by its lag, as an operator's rule would.

use super::world::{Event, World};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::consumer::Presence;
use crate::node::counters::Counter;
use crate::node::fact::Fact;
use crate::protocol::address::Address;
use crate::scenario::plan::AutoscalerPlan;
use crate::store::ids::{InstanceIx, QueueIx};

/// What an autoscaler remembers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scaler {
    /// When it last changed the number of members.
    changed: Option<SimTime>,
}

/// How many members the lag asks for.
fn wanted(plan: &AutoscalerPlan, lag: u64) -> u32 {
    let by_lag = lag.div_ceil(plan.target_lag.max(1));
    u32::try_from(by_lag).unwrap_or(u32::MAX).clamp(plan.min, plan.max.max(plan.min))
}

/// Whether a change is due: the cool-down of its direction has passed since the last one.
fn is_due(plan: &AutoscalerPlan, scaler: Scaler, now: SimTime, from: u32, to: u32) -> bool {
    let rest = |changed: SimTime| now.since(changed);
    let cool_down = if to > from { plan.scale_up_cool_down } else { plan.scale_down_cool_down };
    from != to && scaler.changed.is_none_or(|changed| rest(changed) >= cool_down)
}

impl World {
    /// Autoscalers look for the first time one interval after the start.
    pub(super) fn schedule_autoscalers(&mut self) {
        let plan = std::sync::Arc::clone(&self.plan);
        for (index, scaler) in plan.autoscalers.iter().enumerate() {
            let at = SimTime::ZERO + scaler.interval.max(SimDuration::from_millis(1));
            self.queue.push(at, Event::Autoscale(index as u32));
        }
    }

    /// An autoscaler looks at its group's lag and acts.
    pub(super) fn autoscale(&mut self, index: u32) {
        let plan = std::sync::Arc::clone(&self.plan);
        let scaler = &plan.autoscalers[index as usize];
        let next = self.now + scaler.interval.max(SimDuration::from_millis(1));
        self.queue.push(next, Event::Autoscale(index));
        for instance in plan.instances.iter().enumerate().filter(|(_, of)| of.group == scaler.group) {
            self.settle(InstanceIx::new(instance.0));
        }
        let running: Vec<bool> = scaler.instances.iter().map(|(instance, _)| self.runs(*instance)).collect();
        let from = running.iter().filter(|runs| **runs).count() as u32;
        let lag = self.read_lag(scaler);
        let to = wanted(scaler, lag).min(scaler.instances.len() as u32);
        if !is_due(scaler, self.failing.scalers[index as usize], self.now, from, to) {
            return;
        }
        self.failing.scalers[index as usize].changed = Some(self.now);
        self.out.counters.add_to_cluster(Counter::ScaleActions, u64::from(from.abs_diff(to)));
        self.observe(Fact::Scaled { group: scaler.group, from, to, lag });
        let members = scaler.instances.iter().zip(running);
        if to > from {
            let absent = members.filter(|(_, runs)| !runs).take((to - from) as usize);
            absent.for_each(|((instance, client), _)| self.start_consumer(*instance, *client));
        } else {
            let present = members.rev().filter(|(_, runs)| *runs).take((from - to) as usize);
            present.for_each(|((instance, _), _)| self.end_member(*instance, scaler.graceful));
        }
        self.check_views();
    }

    /// The lag an operator sees: of the group's own topics, what waits in its retry topic left out.
    fn read_lag(&self, scaler: &AutoscalerPlan) -> u64 {
        let retry = self.plan.groups[scaler.group.at()].retry_topic;
        let of_group = self.pair_keys.iter().enumerate().filter(|(_, (group, _))| *group == scaler.group);
        let own = |queue: QueueIx| Some(self.directory.parts(queue).topic) != retry;
        of_group.filter(|(_, (_, queue))| own(*queue)).map(|(pair, _)| self.pair_lag(pair)).sum()
    }

    fn runs(&self, instance: InstanceIx) -> bool {
        matches!(self.processes[instance.at()].consumer.presence(), Presence::Starting | Presence::Running)
    }

    fn end_member(&mut self, instance: InstanceIx, graceful: bool) {
        let consumer = &mut self.processes[instance.at()].consumer;
        if graceful {
            consumer.on_shutdown(self.now, &mut self.out);
        } else {
            consumer.on_killed(self.now, &mut self.out);
        }
        self.carry_out(Address::Consumer(instance));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ids::{ClientIx, GroupIx};

    fn plan() -> AutoscalerPlan {
        AutoscalerPlan {
            name: "scaler".to_owned(),
            group: GroupIx(0),
            instances: (0..6).map(|number| (InstanceIx(number), ClientIx(number))).collect(),
            min: 2,
            max: 5,
            target_lag: 100,
            interval: SimDuration::from_secs(15),
            scale_up_cool_down: SimDuration::from_secs(30),
            scale_down_cool_down: SimDuration::from_secs(300),
            graceful: true,
        }
    }

    #[test]
    fn the_lag_is_shared_out_within_the_bounds() {
        let wanted = |lag| super::wanted(&plan(), lag);
        assert_eq!([0, 200, 201, 450, 501, u64::MAX].map(wanted), [2, 2, 3, 5, 5, 5]);
    }

    #[test]
    fn each_direction_waits_its_own_time_after_any_change() {
        let at = SimTime::from_secs;
        let scaler = Scaler { changed: Some(at(100)) };
        let due = |now, from, to| is_due(&plan(), scaler, at(now), from, to);
        assert!(!due(129, 2, 3) && due(130, 2, 3));
        assert!(!due(399, 3, 2) && due(400, 3, 2));
        assert!(!due(900, 3, 3));
        assert!(is_due(&plan(), Scaler::default(), at(1), 3, 2), "the first change waits for nothing");
    }
}
