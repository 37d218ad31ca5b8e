//! What a run shows, in milliseconds after the experiment's zero, as the measured runs were logged.

use std::collections::BTreeMap;

use rocketmq_sim::kernel::time::SimTime;
use rocketmq_sim::run::outcome::{Fact, Outcome, RouteOwner};
use rocketmq_sim::store::ids::{BrokerIx, InstanceIx, QueueIx, TopicIx};

use super::cluster::FIRST_TOPIC;

/// A process queue came or went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) at: f64,
    pub(super) who: InstanceIx,
    pub(super) gained: bool,
    pub(super) queue: QueueIx,
}

/// A message was given to a listener and the call returned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    pub(super) at: f64,
    pub(super) who: InstanceIx,
    pub(super) queue: QueueIx,
    pub(super) offset: u64,
    /// `send()` call to the start of the listener.
    pub(super) age: f64,
}

/// The timeline of a run, of the measured topics only.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The experiment's zero in the run's time.
    pub(super) zero: f64,
    pub(super) changes: Vec<Change>,
    pub(super) notices: Vec<(f64, InstanceIx, BrokerIx)>,
    pub(super) heartbeats: Vec<(f64, InstanceIx)>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) duplicates: Vec<(f64, InstanceIx, QueueIx)>,
    pub(super) stored: Vec<(f64, QueueIx, u64)>,
    pub(super) routes: Vec<(f64, RouteOwner)>,
}

impl Seen {
    /// Reads the facts of a run; `listener_ms` is the constant time of a listener call.
    pub(super) fn of(outcome: &Outcome, zero: SimTime, listener_ms: u64, topic: TopicIx) -> Self {
        let mut seen = Self { zero: millis(zero), ..Self::default() };
        let ours = |queue: &QueueIx| outcome.plan.queues[queue.at()].topic == topic;
        for record in &outcome.facts {
            let at = millis(record.at) - millis(zero);
            match &record.fact {
                Fact::Assigned { instance, queues, .. } | Fact::Revoked { instance, queues, .. } => {
                    let gained = matches!(record.fact, Fact::Assigned { .. });
                    seen.changes.extend(queues.iter().filter(|queue| ours(queue)).map(|queue| Change {
                        at,
                        who: *instance,
                        gained,
                        queue: *queue,
                    }));
                }
                Fact::MembersChangedNotice { instance, broker, .. } => seen.notices.push((at, *instance, *broker)),
                Fact::HeartbeatSent { instance, .. } => seen.heartbeats.push((at, *instance)),
                Fact::Consumed { instance, queue, offset, latency, .. } if ours(queue) => {
                    let work = listener_ms as f64;
                    let age = latency.as_nanos() as f64 / 1e6 - work;
                    seen.deliveries.push(Delivery {
                        at: at - work,
                        who: *instance,
                        queue: *queue,
                        offset: *offset,
                        age,
                    });
                }
                Fact::Duplicate { instance, queue, .. } if ours(queue) => seen.duplicates.push((at, *instance, *queue)),
                Fact::Stored { queue, offset, .. } if ours(queue) => seen.stored.push((at, *queue, *offset)),
                Fact::RouteChanged { owner, topic: of, .. } if *of == topic && topic >= FIRST_TOPIC => {
                    seen.routes.push((at, *owner));
                }
                _ => {}
            }
        }
        seen.deliveries.sort_by(|a, b| a.at.total_cmp(&b.at));
        seen
    }

    /// Changes from `from` to before `to`.
    pub(super) fn changes_in(&self, from: f64, to: f64) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.at >= from && change.at < to)
    }

    /// For each queue that somebody took after zero: the time from the last delivery by another member to the first by
    /// the new owner.
    pub(super) fn moved_gaps(&self, until: f64) -> Vec<f64> {
        let mut taken: BTreeMap<QueueIx, &Change> = BTreeMap::new();
        for change in self.changes_in(0.0, until).filter(|change| change.gained) {
            taken.insert(change.queue, change);
        }
        taken
            .into_iter()
            .filter_map(|(queue, change)| {
                let of_queue = || self.deliveries.iter().filter(move |delivery| delivery.queue == queue);
                let first = of_queue().find(|delivery| delivery.who == change.who && delivery.at >= change.at)?;
                let last = of_queue().rfind(|delivery| delivery.who != change.who && delivery.at <= first.at)?;
                Some(first.at - last.at)
            })
            .collect()
    }

    /// The queue ids that a member owns at the end, as one number: bit `q` stands for queue `q`.
    pub(super) fn owned_at_end(&self, who: InstanceIx, outcome: &Outcome) -> f64 {
        let mut owned = 0u64;
        for change in self.changes.iter().filter(|change| change.who == who) {
            let bit = 1u64 << outcome.plan.queues[change.queue.at()].queue_id.min(63);
            owned = if change.gained { owned | bit } else { owned & !bit };
        }
        owned as f64
    }

    /// Duplicate deliveries from `from` to before `to`.
    pub(super) fn duplicates_in(&self, from: f64, to: f64) -> impl Iterator<Item = &(f64, InstanceIx, QueueIx)> {
        self.duplicates.iter().filter(move |(at, ..)| *at >= from && *at < to)
    }
}

pub(super) fn millis(time: SimTime) -> f64 {
    time.as_nanos() as f64 / 1e6
}

/// The least of some times.
pub(super) fn least(times: impl Iterator<Item = f64>) -> Option<f64> {
    times.min_by(f64::total_cmp)
}

/// The greatest of some times.
pub(super) fn greatest(times: impl Iterator<Item = f64>) -> Option<f64> {
    times.max_by(f64::total_cmp)
}
