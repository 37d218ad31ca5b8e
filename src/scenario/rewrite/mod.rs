//! A scenario with another timeline, as a file of its own: what a search found, in a form that repeats it without the search.

mod alive;
mod entry;

use super::load::Scenario;
use super::plan::TimedAction;
use super::raw::{Instance, StartOf};
use super::units::{CountOrList, Duration};
use crate::kernel::time::SimDuration;
use alive::Alive;
use entry::Writer;

impl Scenario {
    /// The scenario as YAML with `timeline` as its whole timeline, each action written out, until `end`; without `chaos` and
    /// without expectations. Overrides and seed are those that were applied when it was read. `timeline` are actions of
    /// this scenario's plan, in its order; those that cannot happen when others are left out (the start of what runs) are
    /// left out, too, since they change nothing in a run.
    ///
    /// Read again it is a plan with these actions; the numbers of client ids and of link rules may differ when some are left
    /// out, their order does not.
    #[must_use]
    pub fn with_timeline(&self, timeline: &[TimedAction], end: SimDuration) -> String {
        let mut root = self.root().clone();
        root.chaos = None;
        root.expect.clear();
        if end < self.plan.duration {
            root.until = Some(Duration(end));
        }
        root.fallible = self.plan.fallible.then_some(true);
        for (name, group) in &mut root.groups {
            let declared = match group.instances.take() {
                Some(CountOrList::List(list)) => list,
                Some(CountOrList::Count(count)) => vec![Instance::default(); count as usize],
                None => Vec::new(),
            };
            let count =
                self.plan.instances.iter().filter(|plan| plan.name.rsplit_once('/').is_some_and(|(g, _)| g == name));
            let auto = root.autoscalers.values().any(|scaler| scaler.group == *name);
            let most = count.count();
            // Members that only actions start; an autoscaler lists its own.
            group.instances = Some(if most == declared.len() || auto {
                if declared.iter().all(|member| *member == Instance::default()) {
                    CountOrList::Count(declared.len() as u32)
                } else {
                    CountOrList::List(declared)
                }
            } else {
                let never = Instance { start: Some(StartOf::Never), ..Instance::default() };
                let mut list = declared;
                list.resize(most.max(list.len()), never);
                CountOrList::List(list)
            });
        }
        root.timeline = {
            let mut alive = Alive::new(&self.plan);
            let possible: Vec<TimedAction> = timeline.iter().filter(|timed| alive.may(timed)).cloned().collect();
            Writer::new(&self.plan).entries(&possible)
        };
        let yaml = serde_yaml::to_string(&root).expect("the structs of the file format are always writable");
        format!("# yaml-language-server: $schema=schema.json\n{yaml}")
    }
}
