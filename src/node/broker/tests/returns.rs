//! Returned and delayed messages.

use super::*;
use crate::node::counters::Counter;
use crate::node::deployment::{Deployment, GroupSettings};
use crate::protocol::message::{RetrySendRequest, SendBackRequest};
use crate::store::catalog::{ClassFacts, CopyFacts, CopyKind, Origin, TransactionOutcome};
use crate::store::message::Message;

const DLQ: TopicIx = TopicIx(1);
const RETRY: TopicIx = TopicIx(2);
const SCHEDULE: TopicIx = TopicIx(3);

/// As [`Stage::new`], with 18 delay levels and a group to which messages come back.
fn stage() -> Stage {
    let queues = [(TOPIC, 2), (DLQ, 1), (RETRY, 1), (SCHEDULE, 18)];
    let queues = queues.into_iter().flat_map(|(topic, count)| (0..count).map(move |id| (topic, ME, id)));
    let directory = Rc::new(Directory::new(4, 1, queues));
    let group = GroupSettings { retry_topic: Some(RETRY), dead_letter_topic: Some(DLQ), ..GroupSettings::default() };
    let deployment = Deployment {
        schedule: Some(SCHEDULE),
        groups: vec![group],
        topic_bytes: vec![5, 10, 12, 19],
        ..Deployment::default()
    };
    let counts = |count| QueueData::new(ME, count, count);
    let topics = vec![(TOPIC, counts(2)), (SCHEDULE, counts(18))];
    let stream = Streams::new(1).stream("broker", "test");
    let mut broker = Broker::new(ME, BrokerConfig::default(), 1, topics, directory, Rc::new(deployment), stream);
    let mut out = Outbox { trace: true, ..Outbox::default() };
    let class = MessageClass { topic_bytes: 5, properties_bytes: 0, tags_code: 0 };
    out.catalog.add_class(ClassFacts { class, topic: TOPIC, producer: None, tag: None, properties: [].into() });
    broker.on_start(SimTime::ZERO, &mut out);
    out.effects.clear();
    Stage { broker, out }
}

fn queue(stage: &Stage, topic: TopicIx, id: u32) -> usize {
    stage.broker.directory.queue(topic, ME, id).map(|queue| stage.broker.directory.parts(queue).local as usize).unwrap()
}

fn message(stage: &mut Stage, times: u16) -> Message {
    let copy = CopyFacts {
        class: 0,
        kind: CopyKind::Retry,
        origin: Origin { queue: QueueIx(0), offset: 77 },
        real_queue: QueueIx(3),
        becomes: CopyKind::Retry,
        reconsume_times: times,
        delay_level: 3,
        check_times: 0,
        half_offset: None,
        local: TransactionOutcome::Commit,
    };
    let class = if times == 0 { 0 } else { stage.out.catalog.add_copy(copy) };
    Message { physical: 0, stored_at: at(0), born_at: at(1), size: 0, body: 100, key: NO_KEY, class }
}

fn send_back(stage: &mut Stage, now: SimTime, times: u16, delay_level: i32) -> bool {
    let message = message(stage, times);
    let (group, queue) = (GROUP, QueueIx(0));
    let request = SendBackRequest { group, queue, offset: 5, message, delay_level, max_reconsume_times: 16 };
    said(&stage.tell(now, 0, Body::SendBack(Box::new(request))))
}

fn retry_send(stage: &mut Stage, now: SimTime, times: u16, max: u32) -> bool {
    let message = message(stage, times);
    let request = RetrySendRequest {
        group: GROUP,
        queue: QueueIx(3),
        from_queue: QueueIx(0),
        from_offset: 5,
        message,
        reconsume_times: times + 1,
        max_reconsume_times: max,
        delay_level: 3 + times as u8,
    };
    said(&stage.tell(now, 0, Body::RetrySend(Box::new(request))))
}

fn said(effects: &[Effect]) -> bool {
    let answer = |effect: &Effect| match effect {
        Effect::Reply { body: Body::Returned(taken), .. } => Some(*taken),
        _ => None,
    };
    effects.iter().find_map(answer).expect("it is answered")
}

/// Fires the schedule timer until `end`, as armed; returns when something was stored.
fn run_schedule(stage: &mut Stage, effects: Vec<Effect>, end: SimTime) -> Vec<SimTime> {
    let mut stored = Vec::new();
    let mut effects = effects;
    loop {
        let armed = effects.iter().rev().find_map(|effect| match effect {
            Effect::Arm(Timer::Schedule, when) => Some(*when),
            _ => None,
        });
        let Some(now) = armed.filter(|now| *now <= end) else { return stored };
        stage.out.appended.clear();
        effects = stage.timer(now, Timer::Schedule);
        stored.extend(stage.out.appended.iter().map(|appended| appended.at));
    }
}

#[test]
fn the_first_heartbeat_of_a_group_creates_its_retry_topic_and_registers_it() {
    let mut stage = stage();
    assert!(stage.broker.topic(RETRY).is_none());
    let effects = stage.heartbeat(at(20), 0, at(10));
    let registers = |effects: &[Effect]| {
        effects.iter().any(|effect| matches!(effect, Effect::Send { body: Body::RegisterBroker { .. }, .. }))
    };
    assert!(registers(&effects));
    assert_eq!(stage.broker.topic(RETRY).map(|data| data.read_queue_nums), Some(1));
    assert!(!registers(&stage.heartbeat(at(30), 1, at(10))), "once");
}

#[test]
fn a_returned_message_waits_at_level_3_and_then_lies_in_the_retry_topic() {
    let mut stage = stage();
    let level_3 = queue(&stage, SCHEDULE, 2);
    let message = message(&mut stage, 0);
    let request = SendBackRequest {
        group: GROUP,
        queue: QueueIx(0),
        offset: 5,
        message,
        delay_level: 0,
        max_reconsume_times: 16,
    };
    let effects = stage.tell(at(5_000), 0, Body::SendBack(Box::new(request)));
    assert!(said(&effects));
    assert_eq!(stage.broker.store.appended_offset(level_3), 1);
    let stored = run_schedule(&mut stage, effects, at(60_000));
    // The rhythm of its level is 100.2 to 100.4 ms.
    let late = stored[0].since(at(15_000));
    assert!(stored.len() == 1 && late < SimDuration::from_micros(100_450), "{stored:?}");
    let copy = *stage.broker.store.message(queue(&stage, RETRY, 0), 0).unwrap();
    let facts = *stage.out.catalog.copy(copy.class).unwrap();
    assert_eq!((facts.kind, facts.reconsume_times), (CopyKind::Retry, 1));
    assert_eq!(facts.origin, Origin { queue: QueueIx(0), offset: 5 });
    assert_eq!((copy.born_at, copy.body), (at(1), 100));
    assert_eq!(stage.out.lateness, [(3, late)]);
    assert_eq!(stage.out.counters.get(Counter::SentBack, Some(GROUP)), 1);
}

#[test]
fn a_copys_record_has_the_properties_of_its_way() {
    let mut stage = stage();
    assert!(send_back(&mut stage, at(5_000), 0, 0));
    let waiting = stage.broker.store.message(queue(&stage, SCHEDULE, 2), 0).unwrap().size;
    // DELAY=3, REAL_TOPIC (12 bytes), REAL_QID=0, RETRY_TOPIC (5 bytes), WAIT=false, ORIGIN_MESSAGE_ID (32 characters), two
    // separators each.
    let properties = (5 + 1) + (10 + 12) + (8 + 1) + (11 + 5) + (4 + 5) + (17 + 32) + 6 * 2;
    assert_eq!(waiting, 91 + 100 + 19 + properties);
}

#[test]
fn the_seventeenth_failure_and_a_negative_level_end_in_the_dead_letter_topic_at_once() {
    for (times, level) in [(16, 0), (2, -1)] {
        let mut stage = stage();
        assert!(send_back(&mut stage, at(5_000), times, level));
        assert_eq!(stage.broker.topic(DLQ).map(|data| data.write_queue_nums), Some(1), "created when needed");
        assert_eq!(stage.broker.store.appended_offset(queue(&stage, DLQ, 0)), 1);
        assert_eq!(stage.out.counters.get(Counter::DeadLetters, Some(GROUP)), 1);
    }
    let mut stage = stage();
    assert!(send_back(&mut stage, at(5_000), 15, 0));
    assert_eq!(stage.broker.store.appended_offset(queue(&stage, SCHEDULE, 17)), 1, "the sixteenth retry waits 2 h");
}

#[test]
fn the_clients_own_send_is_buried_one_attempt_earlier_and_after_its_delay() {
    let mut stage = stage();
    assert!(retry_send(&mut stage, at(5_000), 15, 16));
    assert_eq!(stage.broker.store.appended_offset(queue(&stage, SCHEDULE, 17)), 1, "it waits first");
    let facts =
        stage.broker.store.message(queue(&stage, SCHEDULE, 17), 0).and_then(|row| stage.out.catalog.copy(row.class));
    assert_eq!(facts.map(|facts| facts.becomes), Some(CopyKind::DeadLetter));
    assert!(retry_send(&mut stage, at(5_000), 0, 16));
    assert_eq!(stage.broker.store.appended_offset(queue(&stage, SCHEDULE, 2)), 1);
}

#[test]
fn levels_do_not_wait_for_each_other_and_a_level_keeps_its_order() {
    let mut stage = stage();
    let mut effects = Vec::new();
    for (now, level) in [(5_010, 2), (5_020, 1), (5_030, 1)] {
        let message = message(&mut stage, 1);
        let (group, queue) = (GROUP, QueueIx(0));
        let request = SendBackRequest { group, queue, offset: 5, message, delay_level: level, max_reconsume_times: 16 };
        effects.extend(stage.tell(at(now), 0, Body::SendBack(Box::new(request))));
    }
    let stored = run_schedule(&mut stage, effects, at(60_000));
    assert!((6_020..6_121).contains(&stored[0].as_millis()), "{stored:?}");
    assert!((6_030..6_131).contains(&stored[1].as_millis()) && stored[1] > stored[0], "{stored:?}");
    assert!((10_010..10_111).contains(&stored[2].as_millis()) && stored.len() == 3, "{stored:?}");
    let offsets: Vec<u64> = stage.broker.delay_offsets().map(|(_, offset)| offset).take(3).collect();
    assert_eq!(offsets, [2, 1, 0]);
    let persisted: Vec<(i32, u64)> = stage.broker.persisted_delay_offsets(at(10_200)).take(2).collect();
    assert_eq!(persisted, [(1, 2), (2, 0)], "written every 10 s");
}
