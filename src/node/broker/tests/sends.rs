//! The pool of send threads when it is too slow.

use super::rig::{Rig, at, config};
use crate::kernel::dist::Distribution;
use crate::kernel::time::SimDuration;
use crate::node::counters::Counter;
use crate::node::fact::Fact;
use crate::node::replication_config::{ReplicationConfig, Role};
use crate::protocol::message::{ResponseCode, SendReply};

const BUSY: SendReply = SendReply::Error(ResponseCode::SystemBusy);

fn slow(millis: u64, change: impl FnOnce(&mut ReplicationConfig)) -> Rig {
    let mut rig = Rig::alone(config(Role::AsyncMaster, change));
    rig.run(at(2_000));
    let handling = Distribution::constant_duration(SimDuration::from_millis(millis));
    rig.tell(0, |broker, _, _| broker.set_send_handling(Some(&handling)));
    rig
}

#[test]
fn four_threads_work_and_the_fifth_request_waits() {
    let mut rig = slow(100, |_| {});
    let calls: Vec<u32> = (0..6).map(|_| rig.send(0)).collect();
    rig.run(at(3_000));
    let ended: Vec<_> = calls.iter().filter_map(|call| rig.status(*call)).map(|(at, _)| at.as_millis()).collect();
    assert_eq!(ended, [2_100, 2_100, 2_100, 2_100, 2_200, 2_200]);
}

#[test]
fn who_waits_200_ms_is_refused_at_the_next_10_ms_and_who_is_served_is_not() {
    let mut rig = slow(350, |_| {});
    for _ in 0..4 {
        rig.send(0);
    }
    rig.run(at(2_003));
    let late = rig.send(0);
    rig.run(at(2_160));
    let patient = rig.send(0);
    rig.run(at(4_000));
    assert_eq!(rig.answer(late), Some((at(2_210), BUSY)));
    assert!(rig.status(patient).is_some_and(|(end, _)| end == at(2_700)));
    assert_eq!(rig.out.counters.get(Counter::SendsBusy, None), 1);
    let busy: Vec<_> = rig
        .facts
        .iter()
        .filter_map(|(at, fact)| if let Fact::Busy { busy, .. } = fact { Some((at.as_millis(), *busy)) } else { None })
        .collect();
    assert_eq!(busy, [(2_210, true), (2_350, false)]);
}

#[test]
fn a_full_queue_refuses_at_once_and_without_fast_failure_the_rest_waits_on() {
    let mut rig = slow(1_000, |config| {
        config.send_thread_pool_queue_capacity = 1;
        config.broker_fast_failure_enable = false;
    });
    let calls: Vec<u32> = (0..6).map(|_| rig.send(0)).collect();
    rig.run(at(10_000));
    assert_eq!(rig.answer(calls[5]), Some((at(2_000), BUSY)));
    assert!(rig.status(calls[4]).is_some_and(|(end, _)| end == at(4_000)));
}

#[test]
fn a_put_lock_held_for_a_second_holds_up_appends_and_then_clears_the_queue() {
    let mut rig = slow(0, |_| {});
    rig.tell(0, |broker, now, out| broker.page_cache_busy(now, SimDuration::from_millis(1_500), out));
    rig.run(at(2_850));
    let calls: Vec<u32> = (0..5).map(|_| rig.send(0)).collect();
    rig.run(at(3_200));
    assert_eq!(rig.answer(calls[4]), Some((at(3_010), BUSY)), "the queue is cleared before its 200 ms");
    let refused = rig.send(0);
    rig.run(at(4_000));
    assert_eq!(rig.answer(refused), Some((at(3_200), BUSY)), "not even queued");
    assert!(rig.status(calls[0]).is_some_and(|(end, _)| end == at(3_500)), "who has a thread waits for the lock");
    let after = rig.send(0);
    rig.run(at(4_001));
    assert!(rig.status(after).is_some());
}

#[test]
fn a_thread_that_comes_to_a_lock_held_for_too_long_fails_its_request() {
    let mut rig = slow(1_200, |_| {});
    let call = rig.send(0);
    rig.tell(0, |broker, now, out| broker.page_cache_busy(now, SimDuration::from_secs(3), out));
    rig.run(at(9_000));
    assert_eq!(rig.answer(call), Some((at(3_200), SendReply::Error(ResponseCode::SystemError))));
    assert_eq!(rig.appended(0, 0), 0);
}
