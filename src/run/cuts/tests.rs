use std::sync::Arc;

use super::*;
use crate::kernel::time::SimTime;
use crate::node::outbox::{CallEnd, CallResult, StoredSend};
use crate::protocol::message::SendStatus;
use crate::run::outcome::Plan;
use crate::scenario::{Overrides, load};
use crate::store::ids::ProducerIx;

const CLUSTER: &str = "
title: A small cluster
duration: 20s
topics: {t: {queues: 1}}
producers: {p: {topic: t, rate: 10/s}}
groups: {g: {topics: t, instances: 1, serviceTime: 1ms, consumeFromWhere: CONSUME_FROM_FIRST_OFFSET}}
";
const QUEUE: QueueIx = QueueIx(0);
const A: BrokerIx = BrokerIx(0);

/// The end of a run of 20 s in which 10 messages a second were stored and consumed.
fn world() -> World {
    let mut plan: Plan = load("cluster", CLUSTER, &Overrides::default()).expect("the scenario is valid");
    plan.fallible = true;
    let mut world = World::build(&Arc::new(plan), false, false);
    world.run(None);
    world.settle(InstanceIx(0));
    world
}

fn counted(world: &World, counter: Counter) -> u64 {
    world.out.counters.get(counter, None)
}

/// A call is answered with an offset.
fn answered(world: &mut World, call: u64, offset: u64, born: SimTime, epoch: u32) {
    let result = CallResult::Stored { queue: QUEUE, offset, status: SendStatus::SendOk, epoch };
    world.out.calls.push(CallEnd { producer: ProducerIx(0), call, born, retries: 0, result });
    world.record_calls();
}

/// Acknowledged messages from an offset on.
fn acknowledged_from(world: &World, offset: u64) -> u64 {
    let acknowledged = &world.failing.acknowledged[QUEUE.at()];
    acknowledged.len() - acknowledged.len_before(offset)
}

fn row(world: &World, offset: u64) -> Message {
    *world.row_of(QUEUE, offset).expect("it is stored")
}

#[test]
fn a_cut_takes_its_messages_out_of_every_place_and_says_what_was_acknowledged() {
    let mut world = world();
    let appended = world.appended(QUEUE);
    assert!(appended > 100 && world.ledgers[0].consumed() > 100);
    let lost = acknowledged_from(&world, 95);
    assert!(lost > 5 && lost <= appended - 95);
    let consumed = world.ledgers[0].consumed();
    let fact = Fact::LogCut { broker: A, from: 9, to: 5, messages: appended - 95, acknowledged: 0 };
    world.on_cut(A, &[(world.directory.parts(QUEUE).local, 95, appended - 95)], 1);
    world.observe(fact);
    assert_eq!(
        (counted(&world, Counter::Truncated), counted(&world, Counter::AcknowledgedLost)),
        (appended - 95, lost)
    );
    assert_eq!((acknowledged_from(&world, 95), world.cut_off()), (0, appended - 95));
    assert_eq!((world.ledgers[0].consumed(), consumed > 95), (95, true));
    assert!(
        matches!(world.facts.last(), Some(it) if matches!(it.fact, Fact::LogCut { acknowledged, .. } if acknowledged == lost))
    );
}

#[test]
fn the_fact_of_a_cut_that_came_first_is_told_the_loss_too() {
    let mut world = world();
    let (appended, lost) = (world.appended(QUEUE), acknowledged_from(&world, 50));
    world.observe(Fact::LogCut { broker: A, from: 9, to: 5, messages: 1, acknowledged: 0 });
    world.on_cut(A, &[(world.directory.parts(QUEUE).local, 50, appended - 50)], 1);
    assert!(
        matches!(world.facts.last(), Some(it) if matches!(it.fact, Fact::LogCut { acknowledged, .. } if acknowledged == lost))
    );
}

#[test]
fn an_acknowledgement_of_what_is_cut_off_already_is_a_loss_at_once() {
    let mut world = world();
    let (appended, born) = (world.appended(QUEUE), row(&world, 50).born_at);
    world.on_cut(A, &[(world.directory.parts(QUEUE).local, 40, appended - 40)], 1);
    let (before, ok) = (counted(&world, Counter::AcknowledgedLost), counted(&world, Counter::SendsOk));
    // The row at its offset is a later one, or one that happens to look the same: the number of the cut tells.
    answered(&mut world, 50, 50, born, 0);
    assert_eq!(counted(&world, Counter::AcknowledgedLost), before + 1);
    answered(&mut world, 51, 50, SimTime::from_secs(1234), 1);
    assert_eq!(counted(&world, Counter::AcknowledgedLost), before + 2);
    answered(&mut world, 52, 50, born, 1);
    assert_eq!((counted(&world, Counter::AcknowledgedLost), counted(&world, Counter::SendsOk)), (before + 2, ok + 3));
}

#[test]
fn a_call_that_failed_although_it_is_stored_counts_while_its_record_is_there() {
    let mut world = world();
    let stored_at = row(&world, 50).stored_at;
    let call = world.producers[0].path.producer.calls + 7;
    let stored = |at| StoredSend { producer: ProducerIx(0), call, queue: QUEUE, offset: 50, at };
    world.out.stored_sends.push(stored(stored_at));
    world.record_stored_sends();
    let result = CallResult::Failed(crate::node::outbox::SendError::Timeout);
    world.out.calls.push(CallEnd { producer: ProducerIx(0), call, born: SimTime::ZERO, retries: 2, result });
    world.record_calls();
    let counters = world.counters_now();
    let count = |counter| counters.get(counter, None);
    assert_eq!((count(Counter::SendsFailed), count(Counter::SendRetries), count(Counter::FailedButStored)), (1, 2, 1));
    world.out.stored_sends.push(stored(SimTime::from_secs(777)));
    world.record_stored_sends();
    assert_eq!(world.stored_against_belief(), (1, 0), "its second record is not the one that counts at its offset");
    world.out.stored_sends.push(stored(stored_at));
    world.record_stored_sends();
    assert_eq!(world.stored_against_belief(), (1, 1));
}

#[test]
fn deliveries_of_other_messages_than_those_that_count_are_stale() {
    let mut world = world();
    let message = row(&world, 3);
    let delivery = |offset, stored| Delivery {
        queue: QUEUE,
        offset,
        born: message.born_at,
        stored,
        pulled: stored,
        start: stored,
        end: stored,
        key: message.key,
        class: message.class,
        fate: Fate::Acknowledged,
    };
    let beyond = world.appended(QUEUE) + 5;
    let mut deliveries = vec![
        delivery(3, message.stored_at),
        delivery(3, SimTime::from_secs(1)),
        delivery(beyond, message.stored_at),
        Delivery { fate: Fate::SentBack, ..delivery(beyond, message.stored_at) },
    ];
    let (before, digest) = (world.groups[0].delivered, world.digest.value());
    world.set_aside_stale(InstanceIx(0), &mut deliveries);
    assert_eq!(deliveries.iter().map(|it| it.stored).collect::<Vec<_>>(), [message.stored_at]);
    assert_eq!((counted(&world, Counter::StaleDeliveries), world.groups[0].delivered), (2, before + 2));
    assert_ne!(world.digest.value(), digest);
}

#[test]
fn what_an_offset_points_past_for_a_known_cause_is_passed_over_and_without_one_it_is_a_violation() {
    let mut world = world();
    let appended = world.appended(QUEUE);
    // The ledger forgets what was consumed, as after a cut whose offsets were given anew, while the owner is far ahead.
    world.ledgers[0].truncate(appended - 20);
    let words = world.conservation().violation.expect("20 messages are nowhere");
    assert!(words.contains("20 messages") && words.contains("without a cause"), "{words}");
    world.may_pass_over(A);
    world.note_passed_over();
    let found = world.conservation();
    assert_eq!((found.violation, found.groups[0].passed_over, found.groups[0].unread), (None, 20, 0));
    assert_eq!(world.counters_now().get(Counter::PassedOver, None), 20);
    assert_eq!((world.pair_lag(0), world.counters_now().get(Counter::Skipped, None)), (0, 0));
    world.observe(Fact::OffsetWentBack {
        instance: InstanceIx(0),
        group: GroupIx(0),
        queue: QUEUE,
        from: appended,
        to: appended - 7,
    });
    assert_eq!((world.ledgers[0].passed_over(), world.pair_lag(0)), (13, 7));
}

#[test]
fn the_log_of_a_new_leader_counts_and_what_it_lacks_is_lost() {
    let mut world = world();
    // A second process of the name that has everything but the last ten messages.
    let other = Arc::clone(&world.plan);
    let mut copy = World::build(&other, false, false);
    copy.end = SimTime::from_secs(19);
    copy.run(None);
    let had = copy.appended(QUEUE);
    let host = copy.brokers.remove(0);
    world.brokers.push(host);
    world.failing.names.push(A);
    world.failing.raft[0] = true;
    let appended = world.appended(QUEUE);
    assert!(had < appended && had > 100);
    world.failing.masters = super::super::observe::masters::MasterTrack::new(
        1,
        [(A, SimTime::ZERO, true), (A, SimTime::ZERO, true)].into_iter(),
    );
    let lost = acknowledged_from(&world, had);
    assert!(lost > 0);
    world.lead(BrokerIx(1));
    assert_eq!((world.truth_of(A), world.appended(QUEUE)), (BrokerIx(1), had));
    assert_eq!(counted(&world, Counter::Truncated), appended - had);
    assert_eq!(counted(&world, Counter::AcknowledgedLost), lost);
    let words = world.violation.as_ref().expect("a majority had it").to_string();
    assert!(words.contains(&format!("has lost {lost} messages that a majority had acknowledged")), "{words}");
    world.lead(BrokerIx(1));
    assert_eq!(counted(&world, Counter::Truncated), appended - had, "it leads already");
}
