//! Master and slave.

use super::rig::{RECORD, Rig, at, config};
use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::BrokerConfig;
use crate::node::fact::Fact;
use crate::node::replication_config::{ReplicationConfig, Role};
use crate::protocol::message::{Body, ResponseCode, SendReply, SendStatus};
use crate::store::ids::{BrokerIx, GroupIx, QueueIx};

const GROUP: GroupIx = GroupIx(0);

fn pair(role: Role, change: impl Fn(&mut ReplicationConfig)) -> Rig {
    Rig::pair(config(role, &change), config(Role::Slave, &change))
}

/// A pair in step: the slave has reported.
fn in_step(role: Role) -> Rig {
    let mut rig = pair(role, |_| {});
    rig.run(at(12_000));
    assert!(rig.brokers[1].is_replicating(), "{:?}", rig.facts);
    rig
}

#[test]
fn a_slave_connects_after_5_s_reports_5_to_6_s_later_and_gets_nothing_before() {
    let mut rig = pair(Role::AsyncMaster, |_| {});
    rig.run(at(100));
    rig.send_many(100);
    rig.run(at(10_000));
    assert_eq!((rig.brokers[0].slaves_connected(), rig.frames.len()), (1, 0));
    rig.run(at(12_000));
    let (first, offset) = rig.reports[0];
    assert_eq!(offset, 0);
    assert!((at(10_001)..=at(11_002)).contains(&first), "{first:?}");
    assert_eq!((rig.brokers[1].log_max(), rig.appended(1, 1)), (100 * RECORD, 50));
    assert!(rig.frames.iter().all(|(_, _, size)| *size <= 32 << 10));
    assert_eq!(rig.frames.iter().map(|(_, _, size)| size).sum::<u64>(), 100 * RECORD);
    let linked = Fact::Replicating { slave: BrokerIx(1), master: BrokerIx(0), connected: true };
    assert_eq!(rig.facts.iter().filter(|(_, fact)| *fact == linked).count(), 1);
}

#[test]
fn an_async_master_finds_something_to_send_within_100_ms_and_sends_on_without_pause() {
    let mut rig = in_step(Role::AsyncMaster);
    rig.frames.clear();
    let sent = at(13_017);
    rig.run(sent);
    let call = rig.send(0);
    rig.run(at(13_200));
    assert_eq!(rig.status(call), Some((sent, SendStatus::SendOk)), "nobody waits");
    let arrived = rig.frames.iter().find(|(_, _, size)| *size > 0).map(|(at, ..)| *at).unwrap();
    assert!(arrived > sent + SimDuration::from_millis(1) && arrived <= sent + SimDuration::from_millis(101));
    rig.frames.clear();
    rig.send_many(100);
    rig.run(at(13_400));
    let sizes: Vec<u64> = rig.frames.iter().map(|(_, _, size)| *size).filter(|size| *size > 0).collect();
    assert_eq!(sizes, [32_768, 32_768, 32_768, 100 * RECORD - 3 * 32_768]);
    let last = rig.frames.last().unwrap().0;
    assert!(last.since(rig.frames[0].0) < SimDuration::from_millis(1));
    assert_eq!(rig.reports.last().map(|(_, offset)| *offset), Some(101 * RECORD), "reported at once");
}

#[test]
fn a_sync_master_answers_when_the_slave_has_it() {
    let mut rig = in_step(Role::SyncMaster);
    rig.run(at(13_017));
    let call = rig.send(0);
    rig.run(at(14_000));
    let (answered, status) = rig.status(call).unwrap();
    assert_eq!(status, SendStatus::SendOk);
    let waited = answered.since(at(13_017));
    assert!((SimDuration::from_millis(2)..SimDuration::from_millis(3)).contains(&waited), "there and back: {waited:?}");
    assert_eq!(rig.appended(1, 0), 1);
}

#[test]
fn a_sync_master_without_a_slave_says_so_at_once_and_with_a_mute_one_after_3_s() {
    let mut rig = pair(Role::SyncMaster, |_| {});
    rig.run(at(1_000));
    let alone = rig.send(0);
    rig.run(at(5_500));
    let unreported = rig.send(0);
    rig.run(at(9_000));
    assert_eq!(rig.status(alone), Some((at(1_000), SendStatus::SlaveNotAvailable)));
    assert_eq!(rig.status(unreported), Some((at(8_500), SendStatus::FlushSlaveTimeout)));
    rig.run(at(12_000));
    rig.partitioned = true;
    let cut_off = rig.send(0);
    rig.run(at(20_000));
    assert_eq!(rig.status(cut_off), Some((at(15_000), SendStatus::FlushSlaveTimeout)));
    assert_eq!(rig.appended(0, 0), 3, "stored in all cases");
    rig.run(at(40_000));
    let forgotten = rig.send(0);
    rig.run(at(41_000));
    assert_eq!(rig.brokers[0].slaves_connected(), 0, "20 s without a word");
    assert_eq!(rig.status(forgotten), Some((at(40_000), SendStatus::SlaveNotAvailable)));
}

#[test]
fn a_slave_too_far_behind_counts_as_not_available() {
    let mut rig = pair(Role::SyncMaster, |config| {
        config.ha_slave_fallbehind_max = 10 * RECORD;
        config.ha_bandwidth = Some(RECORD);
    });
    rig.run(at(12_000));
    let calls: Vec<u32> = (0..12).map(|_| rig.send(0)).collect();
    rig.run(at(12_001));
    let at_once: Vec<bool> = calls.iter().map(|call| rig.status(*call).is_some()).collect();
    assert_eq!(at_once.iter().filter(|at_once| !**at_once).count(), 9, "those less than 10 records ahead wait");
    assert_eq!(rig.status(calls[11]), Some((at(12_000), SendStatus::SlaveNotAvailable)));
}

#[test]
fn a_limited_connection_ships_at_its_rate() {
    let mut rig = pair(Role::AsyncMaster, |config| config.ha_bandwidth = Some(100 * RECORD));
    rig.run(at(12_000));
    rig.send_many(400);
    rig.run(at(14_000));
    let behind = rig.brokers[0].log_max() - rig.brokers[1].log_max();
    assert!((190 * RECORD..250 * RECORD).contains(&behind), "{behind}");
    rig.run(at(16_500));
    assert_eq!(rig.brokers[1].log_max(), 400 * RECORD);
}

#[test]
fn a_slave_refuses_sends_and_stores_no_offset_of_a_pull() {
    let mut rig = in_step(Role::AsyncMaster);
    let class = crate::store::message::MessageClass { topic_bytes: 1, properties_bytes: 0, tags_code: 0 };
    let draft = class.draft(0, SimTime::ZERO, 10, 0);
    let request = crate::protocol::message::SendRequest { queue: QueueIx(0), draft, call: 0, attempt: 0 };
    let call = rig.ask(1, Body::Send(Box::new(request)));
    rig.run(at(12_001));
    assert_eq!(rig.answer(call).map(|(_, reply)| reply), Some(SendReply::Error(ResponseCode::ServiceNotAvailable)));
    assert_eq!(rig.appended(1, 0), 0);
}

#[test]
fn a_slave_that_was_down_catches_up_from_where_it_was() {
    let mut rig = in_step(Role::AsyncMaster);
    rig.send_many(50);
    rig.run(at(13_000));
    rig.kill(1);
    rig.send_many(50);
    rig.run(at(20_000));
    assert_eq!((rig.appended(0, 0), rig.appended(1, 0)), (50, 25));
    rig.restart(1, false);
    rig.frames.clear();
    rig.run(at(33_000));
    assert_eq!((rig.brokers[1].log_max(), rig.appended(1, 0)), (100 * RECORD, 50));
    assert_eq!(rig.frames.iter().find(|(_, _, size)| *size > 0).map(|(_, from, _)| *from), Some(50 * RECORD));
}

#[test]
fn an_empty_slave_gets_the_last_file_only() {
    let small = |role| BrokerConfig { mapped_file_size_commit_log: 10 * RECORD, ..config(role, |_| {}) };
    let mut rig = Rig::pair(small(Role::AsyncMaster), small(Role::Slave));
    rig.run(at(100));
    rig.send_many(25);
    rig.run(at(12_000));
    let (master, slave) = (&rig.brokers[0].store, &rig.brokers[1].store);
    assert_eq!((slave.log_max_offset(), slave.log_min_offset()), (master.log_max_offset(), 20 * RECORD));
    assert_eq!(slave.appended_offset(0), master.appended_offset(0));
    assert!(slave.message(0, 0).is_none() && slave.message(0, 12).is_some());
    rig.run(at(12_500));
    rig.send_many(20);
    rig.run(at(13_000));
    assert_eq!(rig.brokers[1].log_max(), rig.brokers[0].log_max(), "frames end with the files");
}

#[test]
fn a_lost_master_loses_what_was_neither_flushed_nor_shipped_and_offsets_come_back_by_its_metadata() {
    let mut rig = in_step(Role::AsyncMaster);
    rig.run(at(22_000));
    rig.ask(0, Body::UpdateOffsets { group: GROUP, offsets: vec![(QueueIx(0), 4)] });
    rig.send_many(20);
    // The sync of 23 s and the write of 25 s see it.
    rig.run(at(25_500));
    let committed = |rig: &Rig, index: usize| rig.brokers[index].offsets.committed(GROUP, 0);
    assert_eq!(committed(&rig, 1), Some(4));
    rig.kill(0);
    rig.ask(1, Body::UpdateOffsets { group: GROUP, offsets: vec![(QueueIx(0), 9), (QueueIx(1), 3)] });
    rig.run(at(35_000));
    assert!(!rig.brokers[1].is_replicating());
    assert_eq!(committed(&rig, 1), Some(9));
    rig.restart(0, false);
    rig.run(at(80_000));
    assert_eq!((committed(&rig, 0), committed(&rig, 1)), (Some(4), Some(4)), "overwritten by the master's");
    assert_eq!(rig.brokers[1].offsets.committed(GROUP, 1), None, "the whole entry of group and topic is replaced");
    let taken = rig.facts.iter().filter(|(_, fact)| matches!(fact, Fact::OffsetsTakenOver { back: 2, .. })).count();
    assert_eq!(taken, 1);
    assert!(rig.brokers[1].is_replicating(), "connected again");
}

#[test]
fn a_slave_ahead_of_its_master_is_closed_again_and_again_and_keeps_its_own_tail() {
    let mut rig = in_step(Role::AsyncMaster);
    rig.run(at(23_000));
    rig.send_many(10);
    rig.run(at(23_200));
    assert_eq!(rig.brokers[1].log_max(), 10 * RECORD);
    let flushed = rig.brokers[0].flushed_where();
    rig.lose_host(0, false);
    rig.restart(0, false);
    assert_eq!((flushed, rig.brokers[0].log_max()), (0, 0));
    rig.reports.clear();
    rig.run(at(120_000));
    assert!(rig.reports.len() > 8 && rig.reports.iter().all(|(_, offset)| *offset == 10 * RECORD));
    assert_eq!(rig.brokers[1].log_max(), 10 * RECORD, "never truncated");
    // The master writes records of other sizes over the range that the slave has, and on.
    let class = crate::store::message::MessageClass { topic_bytes: 9, properties_bytes: 0, tags_code: 0 };
    for _ in 0..30 {
        let draft = class.draft(0, rig.now, 600, 0);
        let request = crate::protocol::message::SendRequest { queue: QueueIx(0), draft, call: 0, attempt: 0 };
        rig.ask(0, Body::Send(Box::new(request)));
    }
    rig.run(at(150_000));
    let master = rig.brokers[0].log_max();
    assert_eq!(rig.brokers[1].log_max(), master, "the bytes are copied");
    assert_eq!(rig.appended(1, 0), 5, "but are no records of its own");
    rig.kill(1);
    rig.restart(1, false);
    assert_eq!(rig.brokers[1].log_max(), 10 * RECORD, "and its recovery cuts them off");
}

#[test]
fn a_dead_master_keeps_the_slaves_timer_thread_waiting_when_it_is_silent() {
    let mut rig = in_step(Role::AsyncMaster);
    rig.run(at(13_100));
    rig.partitioned = true;
    rig.run(at(23_004));
    rig.ask(1, Body::UpdateOffsets { group: GROUP, offsets: vec![(QueueIx(0), 9)] });
    // Four calls of 3 s from 23 s on; the offsets due at 25 s are written at 35 s.
    rig.run(at(34_000));
    rig.kill(1);
    rig.restart(1, false);
    assert_eq!(rig.brokers[1].offsets.committed(GROUP, 0), None);
}

#[test]
fn a_slow_flush_of_a_slave_does_not_hold_up_its_acknowledgements() {
    let mut rig = Rig::pair(
        config(Role::SyncMaster, |_| {}),
        config(Role::Slave, |config| {
            config.flush_time = Distribution::constant_duration(SimDuration::from_secs(60));
        }),
    );
    rig.run(at(12_000));
    let call = rig.send(0);
    rig.run(at(12_010));
    assert!(rig.status(call).is_some_and(|(_, status)| status == SendStatus::SendOk));
}
