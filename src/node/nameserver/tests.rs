//! The nameserver through its inputs and its outbox.

use std::rc::Rc;

use super::Nameserver;
use crate::kernel::time::SimTime;
use crate::node::config::NameserverConfig;
use crate::node::fact::Fact;
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::Correlation;
use crate::protocol::message::{Body, Envelope};
use crate::protocol::route::{DataVersion, QueueData, TopicConfigTable, TopicRoute};
use crate::store::ids::InstanceIx;
use crate::store::ids::{BrokerIx, NameserverIx, TopicIx};

const TOPIC: TopicIx = TopicIx(0);

fn at(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

fn channel(broker: u32, epoch: u32) -> Channel {
    Channel { client: Address::Broker(BrokerIx(broker)), epoch }
}

fn table(broker: u32, queues: &[u32], counter: u64) -> Rc<TopicConfigTable> {
    let data = |queues| QueueData::new(BrokerIx(broker), queues, queues);
    let topics = queues.iter().enumerate().map(|(topic, queues)| (TopicIx::new(topic), data(*queues))).collect();
    Rc::new(TopicConfigTable { topics, version: DataVersion { timestamp: SimTime::ZERO, counter } })
}

fn tell(nameserver: &mut Nameserver, now: SimTime, channel: Channel, body: Body) -> Vec<Effect> {
    let (from, to) = (channel.client, Address::Nameserver(NameserverIx(0)));
    let mut out = Outbox::default();
    nameserver.on_message(now, Envelope { from, to, channel, correlation: Correlation(4), body }, &mut out);
    out.effects
}

fn register(nameserver: &mut Nameserver, now: SimTime, channel: Channel, table: Rc<TopicConfigTable>) -> bool {
    let Address::Broker(broker) = channel.client else { panic!("a broker registers") };
    let effects = tell(nameserver, now, channel, Body::RegisterBroker { name: broker, broker, broker_id: 0, table });
    effects.iter().any(|effect| matches!(effect, Effect::Fact(Fact::BrokerRegistered { changed: true, .. })))
}

fn queues(nameserver: &mut Nameserver, topic: TopicIx) -> Option<Vec<(u32, u32)>> {
    let asker = Channel { client: Address::Consumer(InstanceIx(0)), epoch: 1 };
    let effects = tell(nameserver, at(0), asker, Body::GetRoute(topic));
    match &effects[..] {
        [Effect::Reply { body: Body::RouteReply(route), .. }] => {
            let counts = |route: &Rc<TopicRoute>| {
                route.queue_datas.iter().map(|data| (data.broker.0, data.read_queue_nums)).collect()
            };
            route.as_ref().map(counts)
        }
        _ => panic!("{effects:?}"),
    }
}

fn nameserver() -> Nameserver {
    Nameserver::new(NameserverIx(0), NameserverConfig::default())
}

#[test]
fn topics_are_taken_over_when_the_version_differs_and_only_then() {
    let mut server = nameserver();
    assert_eq!(queues(&mut server, TOPIC), None, "TOPIC_NOT_EXIST");
    assert!(register(&mut server, at(1), channel(0, 1), table(0, &[4], 0)));
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4)]));
    assert!(!register(&mut server, at(2), channel(0, 1), table(0, &[8], 0)));
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4)]));
    assert!(register(&mut server, at(3), channel(0, 1), table(0, &[8], 1)));
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 8)]));
}

#[test]
fn topics_that_a_registration_does_not_name_stay() {
    let mut server = nameserver();
    register(&mut server, at(1), channel(0, 1), table(0, &[4, 2], 0));
    register(&mut server, at(2), channel(0, 1), table(0, &[6], 1));
    assert_eq!(queues(&mut server, TopicIx(1)), Some(vec![(0, 2)]));
}

#[test]
fn a_nameserver_that_has_heard_of_one_broker_only_tells_a_partial_route() {
    let mut server = nameserver();
    register(&mut server, at(1), channel(1, 1), table(1, &[4], 0));
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(1, 4)]));
    register(&mut server, at(9), channel(0, 1), table(0, &[4], 0));
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4), (1, 4)]), "by broker name");
}

#[test]
fn a_broker_silent_for_more_than_120_s_is_forgotten_with_its_queues() {
    let mut server = nameserver();
    let mut out = Outbox::default();
    server.on_start(at(0), &mut out);
    assert!(matches!(out.effects[..], [Effect::Arm(Timer::BrokerScan, first)] if first == at(5)));
    register(&mut server, at(5), channel(0, 1), table(0, &[4], 0));
    register(&mut server, at(20), channel(1, 1), table(1, &[2], 0));
    out.effects.clear();
    server.on_broker_scan(at(125), &mut out);
    assert!(matches!(out.effects[..], [Effect::Arm(Timer::BrokerScan, next)] if next == at(135)));
    server.on_broker_scan(at(135), &mut out);
    assert!(
        out.effects.iter().any(|effect| matches!(effect, Effect::CloseChannel(closed) if *closed == channel(0, 1)))
    );
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(1, 2)]));
    server.on_broker_scan(at(145), &mut out);
    assert_eq!(queues(&mut server, TOPIC), None, "the last broker takes the topic with it");
    assert!(register(&mut server, at(150), channel(0, 1), table(0, &[4], 0)), "it has to tell its topics again");
}

#[test]
fn only_the_channel_of_the_latest_registration_counts_when_it_closes() {
    let mut server = nameserver();
    register(&mut server, at(1), channel(0, 1), table(0, &[4], 0));
    register(&mut server, at(2), channel(0, 2), table(0, &[4], 0));
    server.on_closed(channel(0, 1), &mut Outbox::default());
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4)]));
    server.on_closed(channel(0, 2), &mut Outbox::default());
    assert_eq!(queues(&mut server, TOPIC), None);
}

/// A further process of name 0 registers; returns the master it is told of.
fn register_as(
    nameserver: &mut Nameserver,
    now: SimTime,
    (process, id): (u32, u32),
    table: Rc<TopicConfigTable>,
) -> Option<BrokerIx> {
    let body = Body::RegisterBroker { name: BrokerIx(0), broker: BrokerIx(process), broker_id: id, table };
    let effects = tell(nameserver, now, channel(process, 1), body);
    let master = effects.iter().find_map(|effect| match effect {
        Effect::Reply { body: Body::RegisterBrokerReply(master), .. } => Some(*master),
        _ => None,
    });
    master.expect("a registration is answered")
}

fn carriers(nameserver: &mut Nameserver, topic: TopicIx) -> Vec<(u32, Vec<(u32, u32)>)> {
    let route = nameserver.route(topic).expect("there is a route");
    let ids = |addresses: &Vec<(u32, BrokerIx)>| addresses.iter().map(|(id, process)| (*id, process.0)).collect();
    route.broker_datas.iter().map(|data| (data.broker.0, ids(&data.addresses))).collect()
}

fn unregister(nameserver: &mut Nameserver, process: u32, broker_id: u32) {
    let body = Body::UnregisterBroker { name: BrokerIx(0), broker: BrokerIx(process), broker_id };
    tell(nameserver, at(50), channel(process, 1), body);
}

#[test]
fn a_slave_brings_no_topics_and_is_told_the_master_only_while_that_is_live() {
    let mut server = nameserver();
    assert_eq!(register_as(&mut server, at(1), (7, 1), table(0, &[4], 0)), None);
    assert_eq!(queues(&mut server, TOPIC), None, "a slave's topics do not count");
    register_as(&mut server, at(2), (0, 0), table(0, &[4], 0));
    assert_eq!(register_as(&mut server, at(3), (7, 1), table(0, &[9], 5)), Some(BrokerIx(0)));
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4)]));
    assert_eq!(carriers(&mut server, TOPIC), [(0, vec![(0, 0), (1, 7)])]);
    server.on_closed(channel(0, 1), &mut Outbox::default());
    assert_eq!(register_as(&mut server, at(4), (7, 1), table(0, &[4], 0)), None);
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4)]), "topic data stays with the slave");
    assert_eq!(carriers(&mut server, TOPIC), [(0, vec![(1, 7)])]);
}

#[test]
fn a_process_that_changes_its_role_leaves_its_old_id_and_another_one_replaces_it_silently() {
    let mut server = nameserver();
    register_as(&mut server, at(1), (0, 0), table(0, &[4], 0));
    register_as(&mut server, at(2), (7, 1), table(0, &[4], 0));
    register_as(&mut server, at(3), (7, 0), table(0, &[6], 0));
    assert_eq!(carriers(&mut server, TOPIC), [(0, vec![(0, 7)])]);
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 4)]), "same version, known id: its topics are not taken");
    register_as(&mut server, at(4), (7, 0), table(0, &[6], 1));
    assert_eq!(queues(&mut server, TOPIC), Some(vec![(0, 6)]));
    server.on_closed(channel(0, 1), &mut Outbox::default());
    assert_eq!(carriers(&mut server, TOPIC), [(0, vec![(0, 7)])], "the old master's end removes nothing else");
}

#[test]
fn unregistering_removes_the_id_whoever_has_it_and_the_name_with_its_last_process() {
    let mut server = nameserver();
    register_as(&mut server, at(1), (0, 0), table(0, &[4], 0));
    register_as(&mut server, at(2), (7, 1), table(0, &[4], 0));
    register_as(&mut server, at(3), (7, 0), table(0, &[4], 1));
    unregister(&mut server, 0, 0);
    assert_eq!(queues(&mut server, TOPIC), None, "a late unregistration hits the successor");
    register_as(&mut server, at(60), (0, 0), table(0, &[4], 1));
    register_as(&mut server, at(61), (7, 1), table(0, &[4], 1));
    unregister(&mut server, 0, 0);
    assert_eq!(carriers(&mut server, TOPIC), [(0, vec![(1, 7)])]);
    unregister(&mut server, 7, 1);
    assert_eq!(queues(&mut server, TOPIC), None);
}

#[test]
fn a_wiped_write_permission_lasts_until_the_brokers_topics_change() {
    let mut server = nameserver();
    let writable = |server: &mut Nameserver| server.route(TOPIC).unwrap().queue_datas[0].perm.is_writeable();
    register(&mut server, at(1), channel(0, 1), table(0, &[4], 0));
    tell(&mut server, at(2), channel(9, 1), Body::SetWritePerm(BrokerIx(0), false));
    register(&mut server, at(3), channel(0, 1), table(0, &[4], 0));
    assert!(!writable(&mut server), "heartbeats do not undo it");
    tell(&mut server, at(4), channel(9, 1), Body::SetWritePerm(BrokerIx(0), true));
    assert!(writable(&mut server));
    tell(&mut server, at(5), channel(9, 1), Body::SetWritePerm(BrokerIx(0), false));
    register(&mut server, at(6), channel(0, 1), table(0, &[4], 1));
    assert!(writable(&mut server), "any change of the broker's topics does");
}

#[test]
fn a_restarted_nameserver_knows_its_order_topics_and_no_broker() {
    let orders = [(TOPIC, vec![(BrokerIx(0), 4), (BrokerIx(1), 4)])];
    let mut server = nameserver().with_order_topics(&orders);
    register(&mut server, at(1), channel(0, 1), table(0, &[4], 0));
    server.on_killed(at(2), &mut Outbox::default());
    server.on_restart(at(3), false, &mut Outbox::default());
    assert_eq!(queues(&mut server, TOPIC), None);
    assert!(register(&mut server, at(4), channel(0, 1), table(0, &[4], 0)));
    assert_eq!(server.route(TOPIC).unwrap().order_topic_conf.as_ref(), Some(&orders[0].1));
}
