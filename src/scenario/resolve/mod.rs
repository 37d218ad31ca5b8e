//! From the filled structs of the file to a frozen plan: names become ids, compound actions are taken apart, and what
//! cannot be is refused at its place.

mod broadcast;
mod census;
mod check;
mod clients;
mod cluster;
mod counts;
mod expect;
mod groups;
mod labels;
mod listener;
mod lives;
mod messages;
mod names;
mod producers;
mod queues;
mod subscriptions;
mod timeline;

pub(crate) use check::{MOST_GROUPS, MOST_QUEUES, check_counts};
pub(crate) use labels::of_action as label_of;

use super::diagnose::{Fault, suggest};
use super::plan::{ExpressionPlan, Plan, QueueKey, TopicRole};
use super::raw::Root;
use super::tree::{At, Node};
use crate::kernel::time::{SimDuration, SimTime};
use census::PlanGroups;
use names::NamesOf;

/// What every part of the resolution looks up.
pub(crate) struct Resolver<'a> {
    root: &'a Root,
    tree: &'a Node,
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

/// Resolves a filled scenario.
///
/// # Errors
/// The first thing that cannot be, at its place.
pub(crate) fn resolve(root: &Root, tree: &Node) -> Result<Plan, Fault> {
    let duration = root.duration.map_or(SimDuration::ZERO, |duration| duration.0);
    let mut r = Resolver {
        root,
        tree,
        brokers: NamesOf::sorted("broker", super::fill::broker_names(&root.cluster)),
        topics: NamesOf::sorted("topic", root.topics.keys().cloned()),
        all_topics: NamesOf::in_order("topic", []),
        roles: Vec::new(),
        groups: NamesOf::in_order("group", root.groups.keys().cloned()),
        returning: Vec::new(),
        plan_groups: census::plan_groups(root),
        producers: NamesOf::in_order("producer", root.producers.keys().cloned()),
        expressions: Vec::new(),
        queues: Vec::new(),
        duration,
    };
    r.check_run()?;
    r.check_names()?;
    let nameservers = r.nameservers()?;
    let brokers = r.broker_plans()?;
    r.count_topics()?;
    let topics = r.topic_plans(&brokers)?;
    r.queues = r.all_queues(&topics)?;
    let mut clients = clients::Clients::new(root.seed.unwrap_or_default());
    let mut producers = r.producer_plans(&mut clients)?;
    r.expressions = r.all_expressions()?;
    let members = r.members()?;
    let lived = r.timeline(&members, &topics, &producers, &mut clients)?;
    let groups = r.group_plans(&members, &lived, &clients)?;
    let mut instances = members.into_plans();
    let (client_ids, number) = clients.interned();
    for producer in &mut producers {
        producer.client_id = number[producer.client_id.at()];
    }
    for (instance, start) in instances.iter_mut().zip(&lived.first_starts) {
        instance.start = start.map(|(at, client)| (at, number[client.at()]));
    }
    let mut timeline = lived.actions;
    for action in &mut timeline {
        if let super::plan::Action::StartConsumer { client_id, .. } = &mut action.action {
            *client_id = number[client_id.at()];
        }
    }
    let expect = r.expectations(&instances, &timeline)?;
    let mut plan = Plan {
        name: root.name.clone().unwrap_or_default(),
        title: root.title.clone().unwrap_or_default(),
        description: root.description.clone().unwrap_or_default(),
        sources: root.sources.clone(),
        seed: root.seed.unwrap_or_default(),
        duration,
        sample_interval: root.sample_interval.map_or(SimDuration::ZERO, |interval| interval.0),
        client_ids,
        queues: r.queues.clone(),
        expressions: r.expressions.clone(),
        producer_groups: root.producers.keys().cloned().collect(),
        network: r.network(),
        nameservers,
        brokers,
        topics,
        producers,
        groups,
        instances,
        timeline,
        expect,
    };
    if let Some(until) = root.until.filter(|until| until.0 < duration) {
        cut(&mut plan, until.0);
    }
    Ok(plan)
}

/// Ends a plan early: what would happen or be checked later is left out.
fn cut(plan: &mut Plan, until: SimDuration) {
    let end = SimTime::ZERO + until;
    plan.duration = until;
    plan.timeline.retain(|action| action.at < end);
    plan.expect.retain(|expectation| expectation.at.is_some_and(|at| at <= end));
}
