//! The broker through its inputs and its outbox.

mod disk;
mod flushing;
mod life;
mod replication;
mod returns;
mod rig;
mod sends;

use std::rc::Rc;

use super::machine::Broker;
use crate::kernel::dist::Distribution;
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::BrokerConfig;
use crate::node::fact::{ExpiryCause, Fact};
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::{Address, Channel};
use crate::protocol::directory::Directory;
use crate::protocol::message::{
    Body, ConsumerData, Correlation, Envelope, Heartbeat, PullCode, PullReply, PullRequest, SendReply, SendRequest,
};
use crate::protocol::route::{QueueData, TEMPLATE_TOPIC};
use crate::store::ids::{BrokerIx, ClientIx, ExpressionIx, GroupIx, InstanceIx, QueueIx, TopicIx};
use crate::store::message::{MessageClass, NO_KEY};

const ME: BrokerIx = BrokerIx(0);
const GROUP: GroupIx = GroupIx(0);
const TOPIC: TopicIx = TopicIx(0);

/// A broker that has started at 0, with two queues of one topic.
struct Stage {
    broker: Broker,
    out: Outbox,
}

fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

fn channel(instance: u32) -> Channel {
    Channel { client: Address::Consumer(InstanceIx(instance)), epoch: 1 }
}

impl Stage {
    fn new() -> Self {
        Self::with(BrokerConfig::default())
    }

    fn with(config: BrokerConfig) -> Self {
        let config = BrokerConfig { pull_handling: Distribution::Constant(0), ..config };
        let directory = Directory::new(1, 1, (0..3).map(|id| (TOPIC, ME, id)));
        let data = QueueData::new(ME, 2, 2);
        let stream = Streams::new(1).stream("broker", "test");
        let mut broker = Broker::new(ME, config, 2, vec![(TOPIC, data)], Rc::new(directory), Rc::default(), stream);
        let mut out = Outbox::default();
        broker.on_start(SimTime::ZERO, &mut out);
        out.effects.clear();
        Self { broker, out }
    }

    fn tell(&mut self, now: SimTime, instance: u32, body: Body) -> Vec<Effect> {
        let channel = channel(instance);
        let envelope =
            Envelope { from: channel.client, to: Address::Broker(ME), channel, correlation: Correlation(4), body };
        self.broker.on_message(now, envelope, &mut self.out);
        std::mem::take(&mut self.out.effects)
    }

    fn heartbeat(&mut self, now: SimTime, instance: u32, version: SimTime) -> Vec<Effect> {
        let consumer = Some(ConsumerData {
            group: GROUP,
            subscriptions: vec![(TOPIC, version)],
            expressions: vec![ExpressionIx::ALL],
        });
        self.tell(
            now,
            instance,
            Body::Heartbeat(Rc::new(Heartbeat { client: ClientIx(instance), consumer, producer: None })),
        )
    }

    fn pull(&mut self, now: SimTime, offset: u64, commit_offset: Option<u64>) -> Vec<Effect> {
        self.tell(now, 0, Body::Pull(request(0, offset, commit_offset)))
    }

    fn send(&mut self, now: SimTime, queue: u32) -> SendReply {
        let class = MessageClass { topic_bytes: 5, properties_bytes: 0, tags_code: 0 };
        let draft = class.draft(0, now, 100, NO_KEY);
        self.broker.on_send(now, &SendRequest { queue: QueueIx(queue), draft, call: 0, attempt: 0 }, &mut self.out)
    }

    fn timer(&mut self, now: SimTime, timer: Timer) -> Vec<Effect> {
        self.broker.on_timer(now, timer, &mut self.out);
        std::mem::take(&mut self.out.effects)
    }

    fn committed(&self, queue: usize) -> Option<u64> {
        self.broker.offsets.committed(GROUP, queue)
    }
}

fn request(queue: u32, offset: u64, commit_offset: Option<u64>) -> PullRequest {
    PullRequest {
        group: GROUP,
        queue: QueueIx(queue),
        offset,
        max_nums: 32,
        commit_offset,
        sub_version: at(10),
        token: 7,
    }
}

/// The pull answers among effects: code, next offset, number of messages.
fn answers(effects: &[Effect]) -> Vec<(PullCode, u64, usize)> {
    let answer = |effect: &Effect| match effect {
        Effect::Reply { body: Body::PullReply(PullReply { code, next_begin_offset, batch, token: 7, .. }), .. } => {
            Some((*code, *next_begin_offset, batch.len()))
        }
        _ => None,
    };
    effects.iter().filter_map(answer).collect()
}

/// Instances to which a notice goes.
fn noticed(effects: &[Effect]) -> Vec<u32> {
    let notice = |effect: &Effect| match effect {
        Effect::Reply { channel: Channel { client: Address::Consumer(instance), .. }, body, .. } => {
            matches!(body, Body::NotifyConsumerIdsChanged(_)).then_some(instance.0)
        }
        _ => None,
    };
    effects.iter().filter_map(notice).collect()
}

#[test]
fn a_pull_at_the_end_is_held_and_answered_at_the_dispatch_of_the_next_message() {
    let mut stage = Stage::new();
    stage.heartbeat(at(20), 0, at(10));
    assert!(stage.pull(at(30), 0, None).is_empty(), "held");
    assert!(matches!(stage.send(SimTime::from_nanos(31_400_000), 0), SendReply::Ok { queue_offset: 0, .. }));
    let effects = std::mem::take(&mut stage.out.effects);
    assert!(matches!(effects[..], [Effect::DispatchAt(0, tick)] if tick == at(32)), "{effects:?}");
    stage.send(SimTime::from_nanos(31_600_000), 0);
    assert!(stage.out.effects.is_empty(), "the wake-up is arranged already");
    stage.broker.on_dispatch(at(32), 0, &mut stage.out);
    assert_eq!(answers(&stage.out.effects), [(PullCode::Success, 2, 2)]);
}

#[test]
fn a_pull_that_comes_between_append_and_dispatch_waits_for_the_dispatch() {
    let mut stage = Stage::new();
    stage.heartbeat(at(20), 0, at(10));
    stage.send(SimTime::from_nanos(31_400_000), 0);
    assert!(stage.out.effects.is_empty(), "nobody waits");
    let effects = stage.tell(SimTime::from_nanos(31_500_000), 0, Body::Pull(request(0, 0, None)));
    assert!(matches!(effects[..], [Effect::DispatchAt(0, tick)] if tick == at(32)), "{effects:?}");
}

#[test]
fn a_held_pull_runs_out_at_the_first_check_15_s_after_its_arrival() {
    let mut stage = Stage::new();
    stage.heartbeat(at(20), 0, at(10));
    stage.pull(at(6_000), 0, None);
    for check in [10_000, 15_000, 20_000] {
        assert!(answers(&stage.timer(at(check), Timer::HoldCheck)).is_empty(), "{check}");
    }
    let effects = stage.timer(at(25_000), Timer::HoldCheck);
    assert_eq!(answers(&effects), [(PullCode::PullNotFound, 0, 0)]);
    assert!(matches!(effects.last(), Some(Effect::Arm(Timer::HoldCheck, next)) if *next == at(30_000)));
    assert!(answers(&stage.timer(at(30_000), Timer::HoldCheck)).is_empty(), "answered once");
}

#[test]
fn without_long_polling_a_pull_waits_for_the_short_polling_time() {
    let mut stage = Stage::with(BrokerConfig { long_polling_enable: false, ..BrokerConfig::default() });
    stage.heartbeat(at(20), 0, at(10));
    stage.pull(at(500), 0, None);
    assert!(answers(&stage.timer(at(1_000), Timer::HoldCheck)).is_empty());
    assert_eq!(answers(&stage.timer(at(2_000), Timer::HoldCheck)), [(PullCode::PullNotFound, 0, 0)]);
}

#[test]
fn a_piggy_backed_offset_is_stored_also_when_the_pull_is_held_but_not_when_it_is_refused() {
    let mut stage = Stage::new();
    stage.pull(at(1), 0, Some(3));
    assert_eq!(stage.committed(0), None, "the group is unknown");
    stage.heartbeat(at(20), 0, at(10));
    stage.pull(at(30), 0, Some(5));
    assert_eq!(stage.committed(0), Some(5));
    stage.send(at(31), 0);
    stage.out.effects.clear();
    stage.tell(at(32), 1, Body::UpdateOffsets { group: GROUP, offsets: vec![(QueueIx(0), 9)] });
    stage.broker.on_dispatch(at(32), 0, &mut stage.out);
    assert_eq!(stage.committed(0), Some(9), "the second processing commits nothing");
}

#[test]
fn a_smaller_offset_is_stored_too_and_said() {
    let mut stage = Stage::new();
    let update = |offset| Body::UpdateOffsets { group: GROUP, offsets: vec![(QueueIx(1), offset)] };
    assert!(stage.tell(at(1), 0, update(50)).is_empty());
    assert!(stage.tell(at(2), 0, update(50)).is_empty());
    let effects = stage.tell(at(3), 4, update(20));
    let back = Fact::OffsetWentBack { instance: InstanceIx(4), group: GROUP, queue: QueueIx(1), from: 50, to: 20 };
    assert!(matches!(&effects[..], [Effect::Fact(fact)] if *fact == back), "{effects:?}");
    assert_eq!(stage.committed(1), Some(20));
}

#[test]
fn a_pull_needs_a_heartbeat_and_one_as_new_as_its_subscription() {
    let mut stage = Stage::new();
    assert_eq!(answers(&stage.pull(at(1), 0, None)), [(PullCode::SubscriptionNotExist, 0, 0)]);
    stage.heartbeat(at(20), 0, at(9));
    assert_eq!(answers(&stage.pull(at(30), 0, None)), [(PullCode::SubscriptionNotLatest, 0, 0)]);
    stage.heartbeat(at(40), 1, at(10));
    assert!(stage.pull(at(50), 0, None).is_empty(), "any member's newer version serves the whole group");
}

#[test]
fn a_queue_id_beyond_the_readable_ones_is_refused_to_readers_and_to_senders_beyond_both() {
    let mut stage = Stage::new();
    stage.heartbeat(at(20), 0, at(10));
    let effects = stage.tell(at(30), 0, Body::Pull(request(2, 0, None)));
    assert_eq!(answers(&effects), [(PullCode::SystemError, 0, 0)]);
    assert_eq!(stage.send(at(31), 2), SendReply::QueueIdIllegal);
    stage.broker.set_topic_queues(at(40), TOPIC, 2, 3, &mut stage.out);
    assert!(matches!(stage.send(at(41), 2), SendReply::Ok { .. }), "the greater of both counts decides");
    let effects = stage.tell(at(42), 0, Body::Pull(request(2, 0, None)));
    assert_eq!(answers(&effects), [(PullCode::SystemError, 0, 0)]);
}

#[test]
fn a_pull_held_while_its_queue_is_taken_away_ends_in_an_error() {
    let mut stage = Stage::new();
    stage.heartbeat(at(20), 0, at(10));
    stage.tell(at(30), 0, Body::Pull(request(1, 0, None)));
    stage.broker.set_topic_queues(at(40), TOPIC, 1, 1, &mut stage.out);
    stage.out.effects.clear();
    assert_eq!(answers(&stage.timer(at(16_000), Timer::HoldCheck)), [(PullCode::SystemError, 0, 0)]);
}

#[test]
fn an_illegal_offset_is_answered_at_once_with_where_to_go_on() {
    let mut stage = Stage::new();
    stage.heartbeat(at(20), 0, at(10));
    stage.send(at(30), 0);
    assert_eq!(answers(&stage.pull(at(40), 9, None)), [(PullCode::PullOffsetMoved, 1, 0)], "the end of the queue");
    assert_eq!(
        answers(&stage.tell(at(41), 0, Body::Pull(request(1, 9, None)))),
        [(PullCode::PullOffsetMoved, 0, 0)],
        "an empty queue"
    );
}

#[test]
fn every_member_is_noticed_of_a_new_channel_the_newest_included() {
    let mut stage = Stage::new();
    assert_eq!(noticed(&stage.heartbeat(at(1), 0, at(0))), [0]);
    assert_eq!(noticed(&stage.heartbeat(at(2), 1, at(0))), [0, 1]);
    assert!(noticed(&stage.heartbeat(at(3), 1, at(1))).is_empty(), "a newer version is no change");
    let consumer = Some(ConsumerData { group: GROUP, subscriptions: Vec::new(), expressions: Vec::new() });
    let heartbeat = Body::Heartbeat(Rc::new(Heartbeat { client: ClientIx(1), consumer, producer: None }));
    assert_eq!(noticed(&stage.tell(at(4), 1, heartbeat)), [0, 1], "a topic fewer is one");
}

#[test]
fn nobody_is_noticed_when_notices_are_off() {
    let mut stage = Stage::with(BrokerConfig { notify_consumer_ids_changed_enable: false, ..BrokerConfig::default() });
    assert!(noticed(&stage.heartbeat(at(1), 0, at(0))).is_empty());
    assert!(noticed(&stage.heartbeat(at(2), 1, at(0))).is_empty());
}

/// Who is told how when a member goes: (effects, cause, notified).
fn loss(effects: &[Effect]) -> Option<(ExpiryCause, u32)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Fact(Fact::ClientExpired { cause, notified, .. }) => Some((*cause, *notified)),
        _ => None,
    })
}

#[test]
fn members_that_unregister_close_or_go_idle_are_missed_at_once_by_the_others() {
    let mut stage = Stage::new();
    for instance in 0..4 {
        stage.heartbeat(at(1), instance, at(0));
    }
    let effects = stage.tell(at(5), 0, Body::UnregisterClient(Some(GROUP)));
    assert_eq!((noticed(&effects), loss(&effects)), (vec![1, 2, 3], Some((ExpiryCause::Unregistered, 3))));
    stage.broker.on_closed(channel(1), false, &mut stage.out);
    let effects = std::mem::take(&mut stage.out.effects);
    assert_eq!((noticed(&effects), loss(&effects)), (vec![2, 3], Some((ExpiryCause::ChannelClosed, 2))));
    stage.broker.on_closed(channel(2), true, &mut stage.out);
    let effects = std::mem::take(&mut stage.out.effects);
    assert_eq!((noticed(&effects), loss(&effects)), (vec![3], Some((ExpiryCause::ChannelIdle, 1))));
    stage.broker.on_closed(channel(0), false, &mut stage.out);
    assert!(stage.out.effects.is_empty(), "it had unregistered");
}

#[test]
fn the_scan_removes_a_silent_member_without_telling_anybody_and_closes_its_channel() {
    let mut stage = Stage::new();
    stage.heartbeat(at(1_000), 0, at(0));
    stage.heartbeat(at(60_000), 1, at(0));
    assert!(loss(&stage.timer(at(121_000), Timer::ClientScan)).is_none(), "120 s are not more than 120 s");
    let effects = stage.timer(at(130_000), Timer::ClientScan);
    assert_eq!((noticed(&effects), loss(&effects)), (vec![], Some((ExpiryCause::ScanExpired, 0))));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::CloseChannel(closed) if *closed == channel(0))));
    let list = stage.tell(at(130_001), 1, Body::GetConsumerList(GROUP));
    assert!(matches!(&list[..], [Effect::Reply { body: Body::ConsumerList(Some(ids)), .. }] if **ids == [ClientIx(1)]));
}

#[test]
fn an_unknown_group_has_no_member_list() {
    let mut stage = Stage::new();
    let list = stage.tell(at(1), 1, Body::GetConsumerList(GROUP));
    assert!(matches!(list[..], [Effect::Reply { body: Body::ConsumerList(None), .. }]));
}

#[test]
fn a_young_queue_is_read_from_0_and_an_old_one_has_no_offset_to_tell() {
    let offset = |stage: &mut Stage, now| {
        let effects = stage.tell(now, 0, Body::QueryOffset(GROUP, QueueIx(0)));
        match effects[..] {
            [Effect::Reply { body: Body::Offset(offset), .. }] => offset,
            _ => panic!("{effects:?}"),
        }
    };
    let mut young = Stage::new();
    young.send(at(1), 0);
    assert_eq!(offset(&mut young, at(5)), Some(0));
    let mut old = Stage::with(BrokerConfig { physical_memory: 1 << 10, ..BrokerConfig::default() });
    for _ in 0..10 {
        old.send(at(1), 0);
    }
    assert_eq!(offset(&mut old, at(5)), None);
    let max = old.tell(at(6), 0, Body::MaxOffset(QueueIx(0)));
    assert!(matches!(max[..], [Effect::Reply { body: Body::Offset(Some(10)), .. }]));
}

#[test]
fn it_registers_everywhere_at_its_start_after_10_s_and_then_every_30_s() {
    let mut stage = Stage::new();
    let registrations = |effects: &[Effect]| {
        effects.iter().filter(|effect| matches!(effect, Effect::Send { body: Body::RegisterBroker { .. }, .. })).count()
    };
    stage.broker.on_start(SimTime::ZERO, &mut stage.out);
    assert_eq!(registrations(&stage.out.effects), 2);
    assert!(
        stage
            .out
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Arm(Timer::Register, first) if *first == at(10_000)))
    );
    stage.out.effects.clear();
    let effects = stage.timer(at(10_000), Timer::Register);
    assert_eq!(registrations(&effects), 2);
    assert!(matches!(effects.last(), Some(Effect::Arm(Timer::Register, next)) if *next == at(40_000)));
    let clamped = BrokerConfig { register_name_server_period: SimDuration::from_secs(1), ..BrokerConfig::default() };
    let effects = Stage::with(clamped).timer(at(10_000), Timer::Register);
    assert!(matches!(effects.last(), Some(Effect::Arm(Timer::Register, next)) if *next == at(20_000)));
}

#[test]
fn changed_queue_counts_make_a_new_version_that_is_registered_at_once() {
    let mut stage = Stage::new();
    let before = stage.broker.topic_table().version;
    stage.broker.set_topic_queues(at(77), TOPIC, 3, 3, &mut stage.out);
    let table = stage.broker.topic_table();
    assert_ne!(table.version, before);
    assert_eq!(table.topics.last().map(|(topic, _)| *topic), Some(TEMPLATE_TOPIC));
    let sent = stage.out.effects.iter().filter(|effect| {
        matches!(effect, Effect::Send { body: Body::RegisterBroker { table: sent, .. }, .. } if **sent == table)
    });
    assert_eq!(sent.count(), 2);
    let plain = Stage::with(BrokerConfig { auto_create_topic_enable: false, ..BrokerConfig::default() });
    assert_eq!(plain.broker.topic_table().topics.len(), 1, "no template without automatic creation");
}

#[test]
fn a_record_bigger_than_a_log_file_is_not_stored() {
    let mut stage = Stage::with(BrokerConfig { mapped_file_size_commit_log: 150, ..BrokerConfig::default() });
    assert_eq!(stage.send(at(1), 0), SendReply::Lost);
}
