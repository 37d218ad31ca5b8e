use std::sync::Arc;

use super::*;
use crate::kernel::time::SimTime;
use crate::run::observe::raft::RaftTrack;
use crate::run::outcome::{Outcome, Plan};
use crate::scenario::{Overrides, load};

/// An orderly group of two on one broker: consumed messages, locks, stored offsets and held pulls at every sample.
const CLUSTER: &str = "
title: A small cluster
duration: 40s
sampleInterval: 1s
topics: {t: {queues: 4, preload: {perQueue: 1, bodySize: 100B}}}
producers: {p: {topic: t, rate: 20/s, keys: {count: 8}}}
groups: {g: {topics: t, consumeMode: ORDERLY, instances: 2, serviceTime: 1ms}}
timeline: [{at: 30s, setRate: {producer: p, rate: 5/s}}]
";

fn plan() -> Arc<Plan> {
    let mut plan = load("cluster", CLUSTER, &Overrides::default()).expect("the scenario is valid");
    plan.fallible = true;
    Arc::new(plan)
}

/// Runs with a sabotage in a world that was prepared.
fn run(sabotage: Option<Sabotage>, prepare: impl FnOnce(&mut World)) -> Result<Outcome, RunError> {
    let mut world = World::build(&plan(), false, true);
    world.failing.watchdog.sabotage(sabotage);
    prepare(&mut world);
    world.run(None);
    world.finish_with(|_| ()).map(|(outcome, ())| outcome)
}

/// The world's broker name is taken for a Raft group of two that its first process leads.
fn as_raft(world: &mut World) {
    world.failing.names = vec![BrokerIx(0), BrokerIx(0)];
    world.failing.raft[0] = true;
    world.failing.roles = RaftTrack::new(2);
    let leads = Fact::RaftRole { broker: BrokerIx(0), role: RaftRoleNow::Leader, term: 1 };
    world.observe(leads);
}

/// A message that is there before the run was acknowledged.
fn acknowledge(world: &mut World) {
    let queue = (0..world.directory.len()).map(QueueIx::new).find(|queue| world.appended(*queue) > 0);
    world.failing.acknowledged[queue.expect("the topic has a backlog").at()].insert(0);
}

/// A sabotage is found at the first sample after the action, in these words.
fn found(sabotage: Sabotage, prepare: impl FnOnce(&mut World), words: &str) {
    let broken = run(Some(sabotage), prepare).expect_err("the sabotage is found");
    let (RunError::Invariant { at, what } | RunError::Conservation { at, what }) = &broken;
    assert!(what.contains(words), "{what}");
    assert!((SimTime::from_secs(30)..=SimTime::from_secs(32)).contains(at), "{broken}");
}

#[test]
fn nothing_is_found_where_nothing_is_broken() {
    let outcome = run(None, as_raft).expect("sound");
    assert!(outcome.groups[0].consumed > 500, "{}", outcome.groups[0].consumed);
}

#[test]
fn a_message_counted_twice_is_found() {
    found(Sabotage::CountTwice, |_| (), "a message is counted twice");
}

#[test]
fn two_leaders_in_a_term_are_found() {
    found(Sabotage::TwoLeaders, as_raft, "has two leaders in term 1: processes 0 and 1");
}

#[test]
fn an_acknowledged_message_that_is_dropped_is_found() {
    let prepare = |world: &mut World| {
        as_raft(world);
        acknowledge(world);
    };
    found(Sabotage::DropAcknowledged, prepare, "has lost 1 messages that a majority had acknowledged");
}

#[test]
fn an_acknowledged_message_may_go_with_the_disks() {
    let prepare = |world: &mut World| {
        as_raft(world);
        acknowledge(world);
        world.failing.watchdog.disk_lost[0] = true;
    };
    let outcome = run(Some(Sabotage::DropAcknowledged), prepare);
    assert!(!matches!(outcome, Err(RunError::Invariant { .. })));
}

#[test]
fn a_lock_granted_twice_is_found() {
    found(Sabotage::LockTwice, |_| (), "is locked for");
}

#[test]
fn a_stored_offset_that_moves_unsaid_is_found() {
    found(Sabotage::MoveOffset, |_| (), "moved back from");
}

#[test]
fn a_process_queue_that_pulls_twice_is_found() {
    found(Sabotage::PullTwice, |_| (), "2 pull requests of process queue");
}

#[test]
fn an_offset_that_goes_back_under_its_only_owner_is_found_and_with_a_cause_it_is_not() {
    let back = |world: &mut World| {
        let fact = Fact::OffsetWentBack {
            instance: crate::store::ids::InstanceIx(0),
            group: GroupIx(0),
            queue: QueueIx(0),
            from: 9,
            to: 5,
        };
        world.observe(fact);
    };
    let broken = run(None, back).expect_err("nothing explains it");
    assert!(broken.to_string().contains("moved back from 9 to 5 without a cause"), "{broken}");
    let caused = |world: &mut World| {
        world.may_pass_over(BrokerIx(0));
        back(world);
        world.watch_offsets_anew(BrokerIx(0));
    };
    assert!(run(None, caused).is_ok());
}
