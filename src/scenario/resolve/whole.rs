//! The whole plan, part after part.

use super::names::NamesOf;
use super::nodes::Servers;
use super::{Resolver, census, clients, fallible};
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::diagnose::Fault;
use crate::scenario::fill;
use crate::scenario::plan::{Action, Plan};
use crate::scenario::raw::Root;
use crate::scenario::tree::{At, Node};

/// Resolves a filled scenario.
///
/// # Errors
/// The first thing that cannot be, at its place.
pub(crate) fn resolve(root: &Root, tree: &Node) -> Result<Plan, Fault> {
    let duration = root.duration.map_or(SimDuration::ZERO, |duration| duration.0);
    let mut r = Resolver {
        root,
        tree,
        nameservers: NamesOf::in_order("nameserver", fill::nameserver_names(&root.cluster)),
        brokers: NamesOf::sorted("broker", fill::broker_names(&root.cluster)),
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
    let (brokers, replicas) = r.broker_plans()?;
    r.count_topics()?;
    let nameservers = r.nameservers()?;
    let topics = r.topic_plans(&brokers)?;
    r.queues = r.all_queues(&topics)?;
    let mut clients = clients::Clients::new(root.seed.unwrap_or_default());
    let mut producers = r.producer_plans(&mut clients)?;
    r.expressions = r.all_expressions()?;
    let members = r.members()?;
    let servers = Servers { nameservers: &nameservers, brokers: &brokers, replicas: &replicas, producers: &producers };
    let mut lived = r.timeline(&members, &topics, &servers, &mut clients)?;
    let groups = r.group_plans(&members, &lived, &clients)?;
    let mut instances = members.into_plans();
    let (client_ids, number) = clients.interned();
    for producer in &mut producers {
        producer.client_id = number[producer.client_id.at()];
    }
    for (instance, start) in instances.iter_mut().zip(&lived.first_starts) {
        instance.start = start.map(|(at, client)| (at, number[client.at()]));
    }
    for (_, client) in lived.autoscalers.iter_mut().flat_map(|plan| &mut plan.instances) {
        *client = number[client.at()];
    }
    let mut timeline = lived.actions;
    for action in &mut timeline {
        if let Action::StartConsumer { client_id, .. } = &mut action.action {
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
        replicas,
        fallible: false,
        link_rules: lived.rules,
        autoscalers: lived.autoscalers,
        topics,
        producers,
        groups,
        instances,
        timeline,
        expect,
    };
    let reason = fallible::reason(&plan);
    if let (Some(reason), Some(false)) = (&reason, root.fallible) {
        let fault =
            r.fault(&At::default().key("fallible"), format!("servers or links can fail here, because {reason}"));
        return Err(fault.help("remove `fallible`"));
    }
    plan.fallible = reason.is_some() || root.fallible == Some(true);
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
