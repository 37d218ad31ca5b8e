//! Which queues a report shows, and in which order.

use crate::run::outcome::{Outcome, QueueOwnership};
use crate::scenario::plan::TopicRole;
use crate::store::ids::{GroupIx, TopicIx};

/// The places in [`Outcome::ownership`] of the queues to show: group by group, the group's own topics first, then its retry
/// topic, unless nothing ever came back.
#[must_use]
pub fn shown(outcome: &Outcome) -> Vec<usize> {
    let used: Vec<bool> = (0..outcome.plan.topics.len()).map(|topic| used(outcome, TopicIx::new(topic))).collect();
    let unused = |own: &QueueOwnership| topic_of(outcome, own).is_some_and(|topic| !used[topic.at()]);
    let mut shown: Vec<usize> = (0..outcome.ownership.len())
        .filter(|place| !(is_retry(outcome, &outcome.ownership[*place]) && unused(&outcome.ownership[*place])))
        .collect();
    shown.sort_by_key(|place| {
        let own = &outcome.ownership[*place];
        (own.group, is_retry(outcome, own))
    });
    shown
}

/// Whether a queue is of its group's retry topic.
#[must_use]
pub fn is_retry(outcome: &Outcome, own: &QueueOwnership) -> bool {
    let retry = outcome.plan.groups.get(own.group.at()).and_then(|group| group.retry_topic);
    retry.is_some() && topic_of(outcome, own) == retry
}

fn topic_of(outcome: &Outcome, own: &QueueOwnership) -> Option<TopicIx> {
    outcome.plan.queues.get(own.queue.at()).map(|key| key.topic).filter(|topic| topic.at() < outcome.plan.topics.len())
}

/// Whether anything was stored in a topic.
#[must_use]
pub fn used(outcome: &Outcome, topic: TopicIx) -> bool {
    let series = outcome.series.stored_per_s.iter().find(|(of, _)| *of == topic);
    series.is_some_and(|(_, rates)| rates.iter().any(|rate| *rate > 0.0))
}

/// Whether a topic is one that clients read and write: of the scenario, or a retry topic that was used.
#[must_use]
pub fn of_clients(outcome: &Outcome, topic: TopicIx) -> bool {
    match outcome.plan.topics.get(topic.at()).map(|topic| topic.role) {
        None | Some(TopicRole::Normal) => true,
        Some(TopicRole::Retry(_)) => used(outcome, topic),
        Some(_) => false,
    }
}

/// How many queues of a group are shown.
#[must_use]
pub fn count_of(outcome: &Outcome, shown: &[usize], group: GroupIx) -> usize {
    shown.iter().filter(|place| outcome.ownership[**place].group == group).count()
}
