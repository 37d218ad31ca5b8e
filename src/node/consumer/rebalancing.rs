//! The rebalance thread (`RebalanceService`, `RebalanceImpl#rebalanceByTopic`): topic after topic it asks a broker who is in the
//! group, computes its share, gives queues up and takes queues, one call after another.

use std::collections::VecDeque;
use std::rc::Rc;

use super::machine::Consumer;
use crate::consume::flow::PULL_MAX_IDLE_TIME;
use crate::consume::rebalance::difference;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::allocation::Allocations;
use crate::node::client::Thread;
use crate::node::config::MessageModel;
use crate::node::fact::{Fact, RebalanceTrigger};
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::Body;
use crate::store::ids::{BrokerIx, ClientIx, QueueIx};

/// `GET_CONSUMER_LIST_BY_GROUP`'s timeout.
const MEMBER_LIST_TIMEOUT: SimDuration = SimDuration::from_secs(3);

/// What the rebalance thread is doing.
#[derive(Debug, Default)]
pub(super) struct RebalanceThread {
    pub(super) run: Option<Run>,
    /// A wake-up that came during the run (`ServiceThread#hasNotified`): several coalesce.
    woken: Option<RebalanceTrigger>,
    /// The latest member list, by which observers know what the consumer believes.
    pub(super) believed: Option<Rc<[ClientIx]>>,
}

impl RebalanceThread {
    pub(super) fn stop(&mut self) {
        self.run = None;
        self.woken = None;
        self.believed = None;
    }
}

/// One pass over all topics.
#[derive(Debug)]
pub(super) struct Run {
    trigger: RebalanceTrigger,
    /// Position in the consumer's topics.
    topic: usize,
    pub(super) step: Step,
    /// `mqSet`, read before the member list is asked for.
    queues: Vec<QueueIx>,
    asked: Option<BrokerIx>,
    members: Option<Rc<[ClientIx]>>,
    /// Queues still to be taken.
    pub(super) to_take: VecDeque<QueueIx>,
    /// Queues still to be given up, one after another, and whether the one at the front has been waited for.
    pub(super) to_leave: VecDeque<QueueIx>,
    pub(super) waited: bool,
    pub(super) gained: u32,
    pub(super) lost: u32,
    pub(super) pulls: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The member list is asked for.
    MemberList,
    /// An orderly consumer waits for the listener call of a queue it gives up.
    GiveUp,
    /// `LOCK_BATCH_MQ` of the queue at the front.
    Lock,
    /// `QUERY_CONSUMER_OFFSET` of the queue at the front.
    QueryOffset,
    /// `GET_MAX_OFFSET` or `SEARCH_OFFSET_BY_TIMESTAMP` of the queue at the front.
    StartOffset,
}

impl Consumer {
    /// `RebalanceService#wakeup`.
    pub(super) fn wake_rebalance(&mut self, now: SimTime, trigger: RebalanceTrigger, out: &mut Outbox) {
        if self.rebalance.run.is_some() {
            self.rebalance.woken.get_or_insert(trigger);
        } else {
            self.begin_rebalance(now, trigger, out);
        }
    }

    /// A run begins.
    pub(super) fn begin_rebalance(&mut self, now: SimTime, trigger: RebalanceTrigger, out: &mut Outbox) {
        out.disarm(Timer::RebalanceWait);
        self.rebalance.run = Some(Run {
            trigger,
            topic: 0,
            step: Step::MemberList,
            queues: Vec::new(),
            asked: None,
            members: None,
            to_take: VecDeque::new(),
            to_leave: VecDeque::new(),
            waited: false,
            gained: 0,
            lost: 0,
            pulls: Vec::new(),
        });
        self.begin_topic(now, out);
    }

    /// The heartbeat after a change, or a route query, is done: on to the next topic.
    pub(super) fn next_topic(&mut self, now: SimTime, out: &mut Outbox) {
        if let Some(run) = &mut self.rebalance.run {
            run.topic += 1;
            self.begin_topic(now, out);
        }
    }

    /// An answer to a call of the rebalance thread; `None`: it failed.
    pub(super) fn on_rebalance_answer(
        &mut self,
        now: SimTime,
        body: Option<Body>,
        allocations: &mut Allocations,
        out: &mut Outbox,
    ) {
        let Some(run) = &mut self.rebalance.run else { return };
        match (run.step, body) {
            (Step::MemberList, answer) => {
                run.members = match answer {
                    Some(Body::ConsumerList(members)) => members,
                    _ => None,
                };
                if run.members.is_some() {
                    self.rebalance.believed.clone_from(&run.members);
                }
                let work = self.config.rebalance_work.duration(&mut self.stream);
                if work.is_zero() {
                    self.apply_allocation(now, allocations, out);
                } else {
                    out.arm(Timer::RebalanceWork, now + work);
                }
            }
            (Step::Lock, Some(Body::Locked(locked))) if locked.first() == run.to_take.front() => {
                if !self.ask_offset(now, out) {
                    self.skip_front(now, out);
                }
            }
            (Step::QueryOffset, Some(Body::Offset(Some(offset)))) => self.take_front(now, offset, Some(offset), out),
            // 4.x takes every error of the broker for an offset that it does not have.
            (Step::QueryOffset, Some(Body::Offset(None) | Body::Error(_))) => {
                if !self.start_without_offset(now, out) {
                    self.skip_front(now, out);
                }
            }
            (Step::StartOffset, Some(Body::Offset(Some(offset)))) => self.take_front(now, offset, None, out),
            (Step::Lock | Step::GiveUp | Step::QueryOffset | Step::StartOffset, _) => {
                // No lock or no offset to be had: the queue is tried again at the next run.
                self.skip_front(now, out);
            }
        }
    }

    /// The rebalance thread has worked or waited for long enough.
    pub(super) fn on_rebalance_work(&mut self, now: SimTime, allocations: &mut Allocations, out: &mut Outbox) {
        if self.rebalance.run.as_ref().is_some_and(|run| run.step == Step::GiveUp) {
            self.leave_next(now, out);
        } else {
            self.apply_allocation(now, allocations, out);
        }
    }

    /// The thread has the member list: it computes its share and gives up what it lost (`#updateProcessQueueTableInRebalance`).
    pub(super) fn apply_allocation(&mut self, now: SimTime, allocations: &mut Allocations, out: &mut Outbox) {
        let Some(run) = &self.rebalance.run else { return };
        let topic = self.topics[run.topic];
        let share = match &run.members {
            // A broadcasting member takes everything and asks nobody.
            Some(_) if self.config.message_model == MessageModel::Broadcasting => Some(run.queues.clone()),
            Some(members) => allocations.share(self.group, &self.directory, &run.queues, members, self.client.id).ok(),
            None => None,
        };
        let Some(share) = share else {
            self.end_topic(now, out);
            return;
        };
        let owned: Vec<QueueIx> =
            self.table.queues().filter(|queue| self.directory.parts(*queue).topic == topic).collect();
        let mut change = difference(&owned, &share);
        // A process queue whose pull request got lost is given up and taken again.
        for queue in owned.iter().filter(|queue| share.binary_search(queue).is_ok()) {
            let hung = self.table.get(*queue).is_some_and(|held| now.since(held.last_pull) > PULL_MAX_IDLE_TIME);
            if hung {
                change.lost.push(*queue);
                change.gained.push(*queue);
            }
        }
        change.gained.sort_unstable();
        if self.renews_locks() {
            if let Some(run) = &mut self.rebalance.run {
                (run.to_leave, run.to_take) = (change.lost.into(), change.gained.into());
            }
            self.leave_next(now, out);
            return;
        }
        if !change.lost.is_empty() {
            self.give_up(now, &change.lost, out);
        }
        if let Some(run) = &mut self.rebalance.run {
            run.lost = change.lost.len() as u32;
            run.to_take = change.gained.into();
        }
        self.take_next(now, out);
    }

    /// Drops process queues and stores their offsets (`RebalancePushImpl#removeUnnecessaryMessageQueue`).
    fn give_up(&mut self, now: SimTime, lost: &[QueueIx], out: &mut Outbox) {
        let mut offsets = Vec::new();
        for queue in lost {
            if let Some(token) = self.table.token(*queue) {
                self.drop_window(now, token, out);
            }
            if let Some(offset) = self.table.get(*queue).and_then(|held| held.offset) {
                offsets.push((*queue, offset));
            }
        }
        self.send_offsets(offsets, out);
        self.revoke(now, lost, out);
    }

    /// Takes queues out of the table; facts name them by topic and broker.
    pub(super) fn revoke(&mut self, _now: SimTime, lost: &[QueueIx], out: &mut Outbox) {
        for queue in lost {
            self.table.remove(*queue);
        }
        let mut rest = lost;
        while let Some(first) = rest.first() {
            let parts = self.directory.parts(*first);
            let count = rest
                .iter()
                .take_while(|queue| {
                    let other = self.directory.parts(**queue);
                    other.broker == parts.broker && other.topic == parts.topic
                })
                .count();
            let (queues, tail) = rest.split_at(count);
            rest = tail;
            out.fact(Fact::Revoked {
                instance: self.me,
                group: self.group,
                client: self.client.id,
                topic: parts.topic,
                broker: parts.broker,
                queues: queues.to_vec(),
            });
        }
    }

    /// The topic is done: new pull requests are dispatched, and a change is told to every broker
    /// (`RebalancePushImpl#messageQueueChanged`).
    pub(super) fn end_topic(&mut self, now: SimTime, out: &mut Outbox) {
        let Some(run) = &mut self.rebalance.run else { return };
        let topic = self.topics[run.topic];
        for token in std::mem::take(&mut run.pulls) {
            let hand_over = SimDuration::from_nanos(self.handling.sample(&mut self.stream));
            out.effects.push(Effect::PullAt(token, now + hand_over));
        }
        let (gained, lost) = (run.gained, run.lost);
        self.counters.rebalances += 1;
        out.fact(Fact::Rebalanced {
            instance: self.me,
            group: self.group,
            client: self.client.id,
            topic,
            trigger: run.trigger,
            asked: run.asked,
            members: run.members.as_ref().map(|members| members.len() as u32),
            queues: run.queues.len() as u32,
            gained,
            lost,
        });
        (run.gained, run.lost, run.members) = (0, 0, None);
        if gained + lost == 0 {
            self.next_topic(now, out);
            return;
        }
        self.counters.rebalances_changed += 1;
        if let Some(data) = &mut self.client.consumer
            && let Some((_, version)) = data.subscriptions.iter_mut().find(|(known, _)| *known == topic)
        {
            *version = now;
        }
        self.set_limits();
        if !self.client.begin_heartbeat(now, Thread::Rebalance, out) {
            self.next_topic(now, out);
        }
    }

    fn begin_topic(&mut self, now: SimTime, out: &mut Outbox) {
        let Some(run) = &mut self.rebalance.run else { return };
        let Some(topic) = self.topics.get(run.topic).copied() else {
            self.end_run(now, out);
            return;
        };
        let Some(route) = self.client.route(topic) else {
            // `RebalanceImpl#rebalanceByTopic` without `mqSet`: nothing changes; the route is asked for, for the next run.
            run.asked = None;
            self.client.begin_routes(now, Thread::Rebalance, vec![topic], out);
            return;
        };
        run.queues = route.subscribe_queues(topic, &self.directory);
        if self.config.message_model == MessageModel::Broadcasting {
            let myself: Rc<[ClientIx]> = Rc::new([self.client.id]);
            (run.asked, run.members, run.step) = (None, Some(Rc::clone(&myself)), Step::MemberList);
            self.rebalance.believed = Some(myself);
            let work = self.config.rebalance_work.duration(&mut self.stream);
            out.arm(Timer::RebalanceWork, now + work);
            return;
        }
        let asked = if out.fallible {
            self.client.broker_of_topic(topic, &mut self.stream)
        } else {
            let brokers = &route.queue_datas;
            Some(brokers[self.stream.below(brokers.len() as u64) as usize].broker)
        };
        (run.asked, run.step) = (asked, Step::MemberList);
        let Some(asked) = asked else {
            run.members = None;
            self.end_topic(now, out);
            return;
        };
        let body = Body::GetConsumerList(self.group);
        self.client.call(now, Thread::Rebalance, Address::Broker(asked), body, MEMBER_LIST_TIMEOUT, out);
    }

    fn end_run(&mut self, now: SimTime, out: &mut Outbox) {
        self.rebalance.run = None;
        match self.rebalance.woken.take() {
            Some(trigger) => self.begin_rebalance(now, trigger, out),
            None => out.arm(Timer::RebalanceWait, now + self.config.rebalance_wait_interval),
        }
    }
}
