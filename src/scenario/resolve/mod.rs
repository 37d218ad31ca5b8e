//! From the filled structs of the file to a frozen plan: names become ids, compound actions are taken apart, and what
//! cannot be is refused at its place.

mod autoscalers;
mod broadcast;
mod brokers;
mod census;
mod chaos;
mod check;
mod clients;
mod cluster;
mod counts;
mod expect;
mod fallible;
mod groups;
mod labels;
mod links;
mod listener;
mod lives;
mod loads;
mod messages;
mod names;
mod nodes;
mod outages;
mod processes;
mod producers;
mod queues;
mod rollouts;
mod subscriptions;
mod timeline;
mod whole;

pub(crate) use check::{MOST_GROUPS, MOST_QUEUES, check_counts};
pub(crate) use labels::of_action as label_of;
pub(crate) use whole::resolve;

use super::diagnose::{Fault, suggest};
use super::plan::{ExpressionPlan, QueueKey, TopicRole};
use super::raw::Root;
use super::tree::{At, Node};
use crate::kernel::time::SimDuration;
use census::PlanGroups;
use names::NamesOf;

/// What every part of the resolution looks up.
pub(crate) struct Resolver<'a> {
    root: &'a Root,
    tree: &'a Node,
    nameservers: NamesOf,
    brokers: NamesOf,
    /// Topics of the file.
    topics: NamesOf,
    /// Topics of the plan, and what each is for.
    all_topics: NamesOf,
    roles: Vec<TopicRole>,
    /// Groups of the file, and which of them something can come back to.
    groups: NamesOf,
    returning: Vec<bool>,
    plan_groups: PlanGroups,
    producers: NamesOf,
    expressions: Vec<ExpressionPlan>,
    queues: Vec<QueueKey>,
    duration: SimDuration,
}

impl Resolver<'_> {
    fn fault(&self, at: &At, message: impl Into<String>) -> Fault {
        Fault::new(self.tree.place_of(at), message)
    }

    fn key_fault(&self, at: &At, message: impl Into<String>) -> Fault {
        Fault::new(self.tree.key_place_of(at), message)
    }

    /// The number of a name that must be defined.
    fn find(&self, names: &NamesOf, name: &str, at: &At) -> Result<usize, Fault> {
        names.find(name).ok_or_else(|| {
            self.fault(at, format!("undefined {} `{name}`", names.kind()))
                .maybe_help(suggest(name, names.iter()).or_else(|| Some(format!("no {} is defined", names.kind()))))
        })
    }

    fn broker_key(&self, name: &str) -> At {
        At::default().key("cluster").key("brokers").key(name)
    }
}
