//! A scenario with another timeline, as a file of its own: what a search found, in a form that repeats it without the search.

mod entry;
mod units;

pub use units::units_of;

use super::load::Scenario;
use super::plan::TimedAction;
use super::raw::{Instance, StartOf};
use super::units::CountOrList;
use entry::Writer;

impl Scenario {
    /// The scenario as YAML with `actions` as its whole timeline, each written out, and without `chaos`. Overrides and seed
    /// are those that were applied when it was read. `actions` are some of this scenario's plan, in its order; what belongs
    /// together (see [`units_of`]) must be there together.
    ///
    /// Read again it is a plan with these actions; the numbers of client ids and of link rules may differ when some are left
    /// out, their order does not.
    #[must_use]
    pub fn with_timeline(&self, actions: &[TimedAction]) -> String {
        let mut root = self.root().clone();
        root.chaos = None;
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
        root.timeline = Writer::new(&self.plan).entries(actions);
        let yaml = serde_yaml::to_string(&root).expect("the structs of the file format are always writable");
        format!("# yaml-language-server: $schema=schema.json\n{yaml}")
    }
}
