//! Flushes, and who waits for them.

use super::rig::{RECORD, Rig, at, config};
use crate::kernel::dist::Distribution;
use crate::kernel::time::SimDuration;
use crate::node::replication_config::{FlushDiskType, Role};
use crate::protocol::message::SendStatus;

fn sync(flush_ms: u64) -> Rig {
    Rig::alone(config(Role::AsyncMaster, |config| {
        config.flush_disk_type = FlushDiskType::SyncFlush;
        config.flush_time = Distribution::constant_duration(SimDuration::from_millis(flush_ms));
    }))
}

#[test]
fn the_loop_flushes_four_pages_each_half_second_and_everything_each_ten() {
    let mut rig = Rig::alone(config(Role::AsyncMaster, |_| {}));
    let flushed = |rig: &Rig| rig.brokers[0].flushed_where() / RECORD;
    rig.run(at(1_700));
    rig.send_many(10);
    rig.run(at(2_100));
    assert_eq!(flushed(&rig), 0, "two pages are not enough");
    rig.send_many(10);
    rig.run(at(2_499));
    assert_eq!(flushed(&rig), 0);
    rig.run(at(2_500));
    assert_eq!(flushed(&rig), 20, "the rhythm of rounds without work is kept");
    rig.run(at(3_000));
    rig.send_many(1);
    rig.run(at(10_499));
    assert_eq!(flushed(&rig), 20);
    rig.run(at(10_500));
    assert_eq!(flushed(&rig), 21, "the thorough round begins at 10 s with its sleep");
}

#[test]
fn a_slow_flush_protects_nothing_before_its_end() {
    let mut rig = Rig::alone(config(Role::AsyncMaster, |_| {}));
    rig.run(at(100));
    rig.tell(0, |broker, _, _| {
        broker.set_flush_time(Some(Distribution::constant_duration(SimDuration::from_secs(2))));
    });
    rig.send_many(10);
    rig.run(at(2_499));
    assert_eq!(rig.brokers[0].flushed_where(), 0);
    rig.lose_host(0, false);
    assert_eq!(rig.brokers[0].log_max(), 0);
}

#[test]
fn one_flush_serves_all_that_wait_when_it_begins() {
    let mut rig = sync(4);
    rig.run(at(100));
    let first = rig.send(0);
    rig.run(at(101));
    let (second, third) = (rig.send(0), rig.send(1));
    rig.run(at(200));
    assert_eq!(rig.status(first), Some((at(104), SendStatus::SendOk)));
    assert_eq!(rig.status(second), Some((at(108), SendStatus::SendOk)), "the next one begins when the first ends");
    assert_eq!(rig.status(third), Some((at(108), SendStatus::SendOk)));
    assert_eq!(rig.brokers[0].flushed_where(), 3 * RECORD);
}

#[test]
fn a_flush_of_more_than_5_s_is_a_status_of_a_message_that_is_stored() {
    let mut rig = sync(7_000);
    rig.run(at(100));
    let call = rig.send(0);
    rig.run(at(20_000));
    assert_eq!(rig.status(call), Some((at(5_100), SendStatus::FlushDiskTimeout)));
    assert_eq!((rig.appended(0, 0), rig.brokers[0].flushed_where()), (1, RECORD));
}

#[test]
fn what_nobody_was_told_of_is_not_counted_as_acknowledged_and_lost() {
    let mut rig = sync(50);
    rig.run(at(100));
    rig.send(0);
    rig.run(at(160));
    rig.send(0);
    rig.run(at(170));
    rig.lose_host(0, false);
    let lost = rig.facts.iter().find_map(|(_, fact)| match fact {
        crate::node::fact::Fact::LogCut { messages, acknowledged, .. } => Some((*messages, *acknowledged)),
        _ => None,
    });
    assert_eq!(lost, Some((1, 0)));
}

#[test]
fn nothing_is_run_for_a_log_that_is_flushed() {
    let mut rig = Rig::alone(config(Role::AsyncMaster, |_| {}));
    rig.run(at(100));
    rig.send_many(1);
    rig.run(at(600));
    let before = rig.brokers[0].flushed_where();
    let mut armed = false;
    rig.brokers[0].on_timer(at(601), crate::node::outbox::Timer::Waits, &mut rig.out);
    for effect in &rig.out.effects {
        armed |= matches!(effect, crate::node::outbox::Effect::Arm(crate::node::outbox::Timer::Flush, _));
    }
    assert_eq!((before, armed), (RECORD, false));
}
