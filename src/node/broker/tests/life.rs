//! What a broker keeps and loses when it ends, and in which order it ends.

use std::rc::Rc;

use super::rig::{RECORD, Rig, at, config};
use crate::kernel::time::SimDuration;
use crate::node::config::BrokerConfig;
use crate::node::deployment::Deployment;
use crate::node::fact::Fact;
use crate::node::replication_config::Role;
use crate::protocol::address::Address;
use crate::protocol::message::{Body, ResponseCode, SendReply, SendStatus};
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, NameserverIx, QueueIx, TopicIx};

const GROUP: GroupIx = GroupIx(0);

fn commit(rig: &mut Rig, offset: u64) {
    rig.ask(0, Body::UpdateOffsets { group: GROUP, offsets: vec![(QueueIx(0), offset)] });
}

fn committed(rig: &Rig) -> Option<u64> {
    rig.brokers[0].offsets.committed(GROUP, 0)
}

#[test]
fn a_killed_broker_keeps_its_log_and_the_offsets_it_had_written() {
    let mut rig = Rig::alone(config(Role::AsyncMaster, |_| {}));
    rig.run(at(9_000));
    rig.send_many(10);
    commit(&mut rig, 3);
    rig.run(at(12_000));
    commit(&mut rig, 5);
    rig.ask(0, Body::Lock(GROUP, ClientIx(0), vec![QueueIx(0)]));
    rig.run(at(13_000));
    rig.kill(0);
    assert!(rig.facts.iter().any(|(_, fact)| matches!(fact, Fact::LockLost { expired: false, .. })));
    rig.run(at(20_000));
    rig.restart(0, false);
    assert_eq!((committed(&rig), rig.appended(0, 0), rig.brokers[0].epoch()), (Some(3), 5, 0));
    assert!(rig.brokers[0].lock_entry(GROUP, QueueIx(0)).is_none());
    let kept = Some(10 * RECORD);
    let node = Address::Broker(BrokerIx(0));
    assert!(rig.facts.iter().any(|(_, fact)| *fact == Fact::NodeStarted { node, kept }));
    let call = rig.send(0);
    rig.run(at(20_001));
    assert_eq!(rig.status(call).map(|(_, status)| status), Some(SendStatus::SendOk));
}

#[test]
fn a_lost_host_takes_along_what_was_not_flushed_and_offsets_are_given_anew() {
    let mut rig = Rig::alone(config(Role::AsyncMaster, |_| {}));
    rig.run(at(100));
    rig.send_many(10);
    rig.run(at(2_000));
    assert_eq!(rig.brokers[0].flushed_where(), 10 * RECORD, "the first round of the loop is thorough");
    rig.send_many(6);
    rig.run(at(3_000));
    rig.lose_host(0, false);
    assert_eq!(rig.cuts, [(0, vec![(0, 5), (1, 5)], 1)]);
    let cut = Fact::LogCut { broker: BrokerIx(0), from: 16_000, to: 10_000, messages: 6, acknowledged: 6 };
    assert!(rig.facts.iter().any(|(_, fact)| *fact == cut), "{:?}", rig.facts);
    rig.restart(0, false);
    let call = rig.send(0);
    rig.run(at(3_001));
    let reply = SendReply::Ok { queue_offset: 5, physical: 10_000, status: SendStatus::SendOk, epoch: 1 };
    assert_eq!(rig.answer(call).map(|(_, reply)| reply), Some(reply));
}

#[test]
fn a_lost_disk_takes_along_topics_too_and_a_send_brings_one_back_after_the_template() {
    let mut rig = Rig::alone(config(Role::AsyncMaster, |_| {}));
    rig.run(at(100));
    rig.send_many(10);
    commit(&mut rig, 4);
    rig.run(at(12_000));
    rig.lose_host(0, true);
    rig.restart(0, false);
    let broker = &rig.brokers[0];
    assert_eq!((broker.log_max(), broker.topic(TopicIx(0)), committed(&rig)), (0, None, None));
    rig.run(at(12_100));
    let call = rig.send(1);
    rig.run(at(12_101));
    assert!(rig.status(call).is_some());
    let created = Fact::TopicCreated { broker: BrokerIx(0), topic: TopicIx(0), queues: 2 };
    assert!(rig.facts.iter().any(|(_, fact)| *fact == created));
}

#[test]
fn without_the_template_a_topic_does_not_come_back() {
    let off = BrokerConfig { auto_create_topic_enable: false, ..config(Role::AsyncMaster, |_| {}) };
    let mut rig = Rig::alone(off);
    rig.run(at(100));
    rig.kill(0);
    rig.restart(0, true);
    let call = rig.send(0);
    rig.run(at(101));
    assert_eq!(rig.answer(call).map(|(_, reply)| reply), Some(SendReply::Error(ResponseCode::TopicNotExist)));
}

#[test]
fn a_graceful_shutdown_tells_the_nameservers_last_one_after_another() {
    let mut rig = Rig::alone(config(Role::AsyncMaster, |_| {}));
    rig.run(at(11_000));
    rig.send_many(3);
    commit(&mut rig, 2);
    rig.tell(0, |broker, now, out| broker.on_stop(now, out));
    let call = rig.send(0);
    rig.run(at(11_500));
    assert!(rig.answer(call).is_none() && rig.unregistered.is_empty(), "nobody is served, nobody told");
    rig.run(at(30_000));
    assert_eq!(rig.unregistered, [(at(12_000), NameserverIx(0)), (at(12_002), NameserverIx(1))]);
    assert_eq!(rig.exits, [(at(12_004), 0)]);
    rig.lose_host(0, false);
    rig.restart(0, false);
    assert_eq!((committed(&rig), rig.appended(0, 0)), (Some(2), 2), "flushed and written in time");
}

#[test]
fn a_silent_nameserver_costs_a_shutdown_3_s_each() {
    let mut rig = Rig::alone(config(Role::AsyncMaster, |_| {}));
    rig.run(at(1_000));
    rig.nameservers_answer = false;
    rig.tell(0, |broker, now, out| broker.on_stop(now, out));
    rig.run(at(30_000));
    assert_eq!(rig.exits, [(at(8_000), 0)]);
}

#[test]
fn a_silent_nameserver_keeps_the_offsets_from_being_written() {
    let mut rig = Rig::alone(config(Role::AsyncMaster, |_| {}));
    rig.run(at(5_000));
    rig.nameservers_answer = false;
    commit(&mut rig, 7);
    // Registration and first write are both due at 10 s; the registration goes first and waits for 6 s.
    rig.run(at(15_999));
    rig.kill(0);
    rig.restart(0, false);
    assert_eq!(committed(&rig), None);
    let mut rig = Rig::alone(config(Role::AsyncMaster, |_| {}));
    rig.run(at(5_000));
    rig.nameservers_answer = false;
    commit(&mut rig, 7);
    rig.run(at(16_001));
    rig.kill(0);
    rig.restart(0, false);
    assert_eq!(committed(&rig), Some(7));
}

#[test]
fn a_start_takes_its_time_and_nobody_is_served_before() {
    let delay = crate::kernel::dist::Distribution::constant_duration(SimDuration::from_secs(4));
    let mut rig = Rig::alone(config(Role::AsyncMaster, |config| config.start_delay = delay));
    rig.run(at(3_000));
    let early = rig.send(0);
    rig.run(at(4_000));
    let late = rig.send(0);
    rig.run(at(5_000));
    assert!(rig.answer(early).is_none() && rig.status(late).is_some());
}

#[test]
fn the_schedule_goes_on_where_its_file_says_and_delivers_again_what_came_after() {
    let deployment = Deployment { schedule: Some(TopicIx(1)), topic_bytes: vec![9, 18], ..Deployment::default() };
    let one = BrokerConfig {
        message_delay_level: vec![SimDuration::from_secs(1), SimDuration::from_secs(5)],
        ..config(Role::AsyncMaster, |_| {})
    };
    let mut rig = Rig::of(vec![one], &Rc::new(deployment), 2);
    let class = rig.out.catalog.add_class(crate::store::catalog::ClassFacts {
        class: crate::store::message::MessageClass { topic_bytes: 9, properties_bytes: 0, tags_code: 0 },
        topic: TopicIx(0),
        producer: None,
        tag: None,
        properties: Rc::default(),
    });
    let delayed = |rig: &mut Rig, now: u64| {
        rig.run(at(now));
        let handle = rig.out.catalog.add_copy(crate::store::catalog::CopyFacts {
            class,
            kind: crate::store::catalog::CopyKind::Scheduled,
            origin: crate::store::catalog::Origin { queue: QueueIx(0), offset: 0 },
            real_queue: QueueIx(0),
            becomes: crate::store::catalog::CopyKind::Delivered,
            reconsume_times: 0,
            delay_level: 1,
            check_times: 0,
            half_offset: None,
            local: crate::store::catalog::TransactionOutcome::Commit,
        });
        let draft = crate::store::message::Draft { born_at: at(now), size: 200, body: 10, key: 0, class: handle };
        let request = crate::protocol::message::SendRequest { queue: QueueIx(0), draft, call: 0, attempt: 0 };
        rig.ask(0, Body::Send(Box::new(request)));
    };
    delayed(&mut rig, 2_000);
    delayed(&mut rig, 11_000);
    rig.run(at(14_000));
    assert_eq!(rig.appended(0, 0), 2, "both are delivered; the file of 10 s knows of the first");
    rig.kill(0);
    rig.restart(0, false);
    rig.run(at(16_000));
    assert_eq!(rig.appended(0, 0), 3, "the second came again");
}
