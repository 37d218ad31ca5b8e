//! What the end of a consumer costs: its queues, until others have them.

use super::find::between;
use super::marks::{Mark, chain};
use super::model::{Chain, Outage, Step, Subject};
use super::{knob, servers};
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Address;
use crate::report::human::duration;
use crate::report::names::Names;
use crate::run::outcome::{ExpiryCause, Fact, Outcome, OwnInterval, QueueOwnership, RebalanceTrigger};
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, QueueIx, TopicIx};

/// A process queue that ended this long before its owner did was still its own.
const SLACK: SimDuration = SimDuration::from_millis(5);

/// A queue of a victim, and who has it afterwards.
struct Lost {
    group: GroupIx,
    queue: QueueIx,
    victim: InstanceIx,
    /// The member and since when.
    next: Option<(InstanceIx, SimTime)>,
}

/// The chains of the queues that victims owned, and how many such queues there were.
pub(super) fn chains(outcome: &Outcome, names: &Names<'_>, outage: &Outage) -> (Vec<Chain>, usize) {
    let victims: Vec<InstanceIx> = outage
        .victims
        .iter()
        .filter(|victim| !matches!(victim.blow, super::Blow::CutOff(_)))
        .filter_map(|victim| match victim.node {
            Address::Consumer(instance) => Some(instance),
            _ => None,
        })
        .collect();
    let lost: Vec<Lost> = outcome.ownership.iter().filter_map(|own| lost(outcome, own, &victims, outage.at)).collect();
    let ends: Vec<SimTime> = lost.iter().map(|lost| lost.next.map_or(outcome.end, |(_, at)| at)).collect();
    let picked = servers::slowest_and_median(&ends);
    let chains = picked.into_iter().map(|(place, median)| follow(outcome, names, outage, &lost[place], median));
    (chains.collect(), lost.len())
}

fn lost(outcome: &Outcome, own: &QueueOwnership, victims: &[InstanceIx], at: SimTime) -> Option<Lost> {
    // A retry topic that was never used is nobody's loss.
    let topic = outcome.plan.queues.get(own.queue.at())?.topic;
    if !crate::report::queues::of_clients(outcome, topic) {
        return None;
    }
    let hit = own.intervals.iter().find(|interval| {
        victims.contains(&interval.instance) && interval.from < at && interval.to.saturating_add(SLACK) >= at
    })?;
    let others = |interval: &&OwnInterval| interval.instance != hit.instance || interval.from > at;
    if own.intervals.iter().filter(others).any(|interval| interval.from <= at && interval.to > at) {
        return None;
    }
    let thawed = hit.frozen.map(|(_, to)| to).filter(|to| *to < outcome.end && *to > at);
    let taken = own.intervals.iter().filter(others).filter(|interval| interval.from > at).map(|i| (i.instance, i.from));
    let next = taken.chain(thawed.map(|to| (hit.instance, to))).min_by_key(|(_, from)| *from);
    Some(Lost { group: own.group, queue: own.queue, victim: hit.instance, next })
}

fn follow(outcome: &Outcome, names: &Names<'_>, outage: &Outage, lost: &Lost, median: bool) -> Chain {
    let taker = lost.next.map(|(member, _)| member);
    let of = Subject::Queue { group: lost.group, queue: lost.queue, taker };
    let mut marks = Vec::new();
    let Some((member, owned)) = lost.next else {
        marks.extend(expiry(outcome, names, outage, lost, outcome.end, None));
        return chain(outcome, of, outage.at, None, marks, median);
    };
    if member == lost.victim {
        marks.extend(expiry(outcome, names, outage, lost, owned, None));
        let back = outage.back.unwrap_or(owned).min(owned);
        marks.push(Mark::new(back, Step::Return, format!("{} is back", names.instance(member))));
    }
    let Some(topic) = outcome.plan.queues.get(lost.queue.at()).map(|key| key.topic) else {
        return chain(outcome, of, outage.at, Some(owned), marks, median);
    };
    let (trigger, asked) = cause(outcome, member, topic, owned);
    if member != lost.victim {
        marks.extend(expiry(outcome, names, outage, lost, owned, asked));
    }
    let who = names.instance(member);
    if let Some(RebalanceTrigger::Notice(broker)) = trigger {
        let notice = between(outcome, outage.at, owned).iter().rev().find(|record| {
            matches!(record.fact, Fact::MembersChangedNotice { instance, broker: by, .. }
                if instance == member && by == broker)
        });
        let text = format!("{who} hears from {} that the members changed", names.broker(broker));
        marks.extend(notice.map(|record| Mark::new(record.at, Step::Notice, text)));
    }
    marks.extend(lock(outcome, names, outage.at, owned, lost));
    let (what, knob) = match trigger {
        Some(RebalanceTrigger::Timer) => {
            (format!("{who} rebalances by its timer and takes the queue"), knob::rebalance(&outcome.plan, member))
        }
        Some(RebalanceTrigger::Start) => (format!("{who} rebalances on its start and takes the queue"), None),
        _ if member == lost.victim && trigger.is_none() => (format!("{who} goes on with the queue"), None),
        _ => (format!("{who} rebalances and takes the queue"), None),
    };
    marks.push(Mark::new(owned, Step::Rebalance, what).knob(knob));
    let first = first_message(outcome, lost, outage.at, owned);
    marks.extend(first.map(|at| Mark::new(at, Step::Message, format!("the first message after that reaches {who}"))));
    chain(outcome, of, outage.at, Some(first.unwrap_or(owned)), marks, median)
}

/// Why a member rebalanced when it took a queue at this moment, and whom it asked for the members.
fn cause(
    outcome: &Outcome,
    member: InstanceIx,
    topic: TopicIx,
    owned: SimTime,
) -> (Option<RebalanceTrigger>, Option<BrokerIx>) {
    // A rebalance is told when it has finished, which takes a round trip or two for each queue.
    let limit = owned.saturating_add(SimDuration::from_secs(10));
    between(outcome, owned, limit)
        .iter()
        .find_map(|record| match record.fact {
            Fact::Rebalanced { instance, topic: of, trigger, asked, .. } if instance == member && of == topic => {
                Some((Some(trigger), asked))
            }
            _ => None,
        })
        .unwrap_or((None, None))
}

/// The moment at which the broker that was asked (or any) had forgotten the victim.
fn expiry(
    outcome: &Outcome,
    names: &Names<'_>,
    outage: &Outage,
    lost: &Lost,
    until: SimTime,
    asked: Option<BrokerIx>,
) -> Option<Mark> {
    let of_victim = |by: Option<BrokerIx>| {
        between(outcome, outage.at, until).iter().find_map(move |record| match record.fact {
            Fact::ClientExpired { broker, instance, group, cause, .. }
                if instance == lost.victim && group == lost.group && by.is_none_or(|by| by == broker) =>
            {
                Some((record.at, broker, cause))
            }
            _ => None,
        })
    };
    let (at, broker, cause) = asked.and_then(|by| of_victim(Some(by))).or_else(|| of_victim(None))?;
    let (broker_name, victim) = (names.broker(broker), names.instance(lost.victim));
    let (why, knob) = match cause {
        ExpiryCause::Unregistered => ("it unregisters".to_owned(), None),
        ExpiryCause::ChannelClosed => ("its connection closes".to_owned(), None),
        ExpiryCause::ChannelIdle => {
            ("its connection was silent too long".to_owned(), knob::client_expiry(&outcome.plan, broker, true))
        }
        ExpiryCause::ScanExpired => {
            let knob = knob::client_expiry(&outcome.plan, broker, false);
            let limit = knob.map_or_else(String::new, |knob| format!(" than {}", duration(knob.value)));
            (format!("the scan finds its last heartbeat older{limit}"), knob)
        }
    };
    Some(Mark::new(at, Step::Detection, format!("{broker_name} forgets {victim}: {why}")).knob(knob))
}

/// The end of the victim's lock, when the taker had to wait for it.
fn lock(outcome: &Outcome, names: &Names<'_>, at: SimTime, owned: SimTime, lost: &Lost) -> Option<Mark> {
    let limit = owned.saturating_add(SimDuration::from_secs(1));
    let until = between(outcome, at, limit).iter().find_map(|record| match record.fact {
        Fact::LockLost { queue, until, expired: true, .. } if queue == lost.queue && until > at => Some(until),
        _ => None,
    })?;
    let what = format!("the lock of {} runs out", names.instance(lost.victim));
    (until <= owned).then(|| Mark::new(until, Step::LockExpiry, what).knob(Some(knob::lock())))
}

/// The end of the standstill, if the run measured it.
fn first_message(outcome: &Outcome, lost: &Lost, at: SimTime, owned: SimTime) -> Option<SimTime> {
    let gaps = &outcome.failures.consume_gaps;
    gaps.iter()
        .filter(|gap| gap.group == lost.group && gap.queue == lost.queue)
        .find(|gap| gap.to > owned && gap.from.saturating_add(SimDuration::from_secs(1)) >= at && gap.from <= owned)
        .map(|gap| gap.to)
        .filter(|to| *to < outcome.end)
}
