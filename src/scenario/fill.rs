//! Every default, at one place. What is filled in here is what `scenario.resolved.yaml` shows.

use indexmap::IndexMap;

use super::plan::DLedgerPlan;
use super::raw::{
    ArrivalKind, Broker, BrokerSettings, Cluster, ConsumerSettings, DiskFate, Expect, Group, Mode, Model, Nameserver,
    Outcomes, Producer, Replica, RestartIdentity, Root, Selector, SendKind, StopKinds, Strategy, Timed, Topic,
};
use super::units::{Bytes, CountOrList, CountOrMap, Dist, Duration, Millis, Names, NamesOr, Rate};
use crate::kernel::dist::Distribution;
use crate::kernel::time::SimDuration;
use crate::node::config::{BrokerConfig, ConsumerConfig, NameserverConfig, ProducerConfig};

/// Bytes of the properties that every stored message has: `UNIQ_KEY` with its 32 digits, a separator, `CLUSTER` with
/// `DefaultCluster` (broker-side names of `MessageConst`).
const PLAIN_PROPERTIES: u64 = 64;

/// Bytes that `KEYS`, its two separators add to the key itself.
const KEYS_PROPERTY: u64 = 6;

/// Bytes of one consume queue entry (`ConsumeQueue.CQ_STORE_UNIT_SIZE`).
pub(crate) const CONSUME_QUEUE_ENTRY: u64 = 20;

fn seconds(seconds: u64) -> Duration {
    Duration(SimDuration::from_secs(seconds))
}

fn zero() -> Duration {
    Duration(SimDuration::ZERO)
}

fn micros(micros: u64) -> Dist<Duration> {
    Dist::constant(Duration(SimDuration::from_micros(micros)))
}

fn kibibyte() -> Dist<Bytes> {
    Dist::constant(Bytes(1024))
}

/// Fills in every default. `file` is the file's name, whose stem is the scenario's default name.
pub(crate) fn fill(root: &mut Root, file: &str) {
    let name = root.name.get_or_insert_with(|| stem(file)).clone();
    root.title.get_or_insert(name);
    root.seed.get_or_insert(1);
    root.duration.get_or_insert(seconds(180));
    root.sample_interval.get_or_insert(seconds(1));
    fill_cluster(&mut root.cluster);
    let brokers = broker_names(&root.cluster);
    let nameservers = Names(nameserver_names(&root.cluster));
    for topic in root.topics.values_mut() {
        fill_topic(topic, &brokers);
    }
    let client = root.cluster.handling.client.clone();
    for producer in root.producers.values_mut() {
        producer.handling = producer.handling.take().or_else(|| client.clone());
        producer.nameservers.get_or_insert_with(|| nameservers.clone());
        fill_producer(producer);
    }
    for scaler in root.autoscalers.values_mut() {
        let min = *scaler.min.get_or_insert(1);
        scaler.interval.get_or_insert(seconds(15));
        scaler.scale_up_cool_down.get_or_insert(zero());
        scaler.scale_down_cool_down.get_or_insert(seconds(300));
        scaler.graceful.get_or_insert(true);
        if let Some(group) = root.groups.get_mut(&scaler.group) {
            group.instances.get_or_insert(CountOrList::Count(min));
        }
    }
    if let Some(chaos) = &mut root.chaos {
        chaos.from.get_or_insert(seconds(10));
        let mean = Distribution::Exponential { mean: SimDuration::from_secs(20).as_nanos() };
        chaos.outage.get_or_insert_with(|| Dist::from_distribution(&mean));
    }
    for group in root.groups.values_mut() {
        group.handling = group.handling.take().or_else(|| client.clone());
        group.nameservers.get_or_insert_with(|| nameservers.clone());
        fill_group(group);
    }
    root.timeline.iter_mut().for_each(fill_timed);
    root.expect.iter_mut().for_each(fill_expect);
}

/// The file's name without folders and extension, with other characters than names may have replaced.
fn stem(file: &str) -> String {
    let base = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let stem = stem.strip_suffix(".resolved").unwrap_or(stem);
    let clean: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let clean = clean.trim_start_matches('.');
    if clean.is_empty() { "scenario".to_owned() } else { clean.to_owned() }
}

/// Default names: `broker-a` to `broker-z`, beyond that `broker-001`, …, which sort like their numbers.
fn letters(kind: &str, count: u32) -> Vec<String> {
    (0..count)
        .map(|i| match count {
            0..=26 => format!("{kind}-{}", char::from(b'a' + i as u8)),
            _ => format!("{kind}-{:04}", i + 1),
        })
        .collect()
}

fn named<'a, T: Default>(things: &'a mut Option<CountOrMap<T>>, kind: &str) -> &'a mut IndexMap<String, T> {
    let form = things.get_or_insert(CountOrMap::Count(1));
    if let CountOrMap::Count(count) = form {
        let map = letters(kind, *count).into_iter().map(|name| (name, T::default())).collect();
        *form = CountOrMap::Map(map);
    }
    match form {
        CountOrMap::Map(map) => map,
        CountOrMap::Count(_) => unreachable!("turned into a map above"),
    }
}

fn fill_cluster(cluster: &mut Cluster) {
    let handling = &mut cluster.handling;
    for machine in [&mut handling.nameserver, &mut handling.send, &mut handling.pull, &mut handling.admin] {
        machine.get_or_insert_with(|| micros(100));
    }
    handling.deliver.get_or_insert_with(|| micros(50));
    handling.client.get_or_insert_with(|| micros(50));
    let network = &mut cluster.network;
    for link in [&mut network.client_to_broker, &mut network.client_to_nameserver, &mut network.broker_to_nameserver] {
        link.get_or_insert_with(|| micros(500));
    }
    let handling = cluster.handling.clone();
    let config = BrokerConfig::default();
    for nameserver in named::<Nameserver>(&mut cluster.nameservers, "nameserver").values_mut() {
        let defaults = NameserverConfig::default();
        nameserver.start.get_or_insert(zero());
        nameserver.broker_channel_expired_time.get_or_insert(Millis(defaults.broker_channel_expired_time));
        nameserver.scan_not_active_broker_interval.get_or_insert(Millis(defaults.scan_not_active_broker_interval));
        nameserver.handling = nameserver.handling.take().or_else(|| handling.nameserver.clone());
    }
    let nameservers = nameserver_names(cluster);
    let (slaves, dledger) = (cluster.slaves.clone(), cluster.dledger.clone());
    for broker in named::<Broker>(&mut cluster.brokers, "broker").values_mut() {
        let start = *broker.start.get_or_insert(zero());
        let known = broker.nameservers.get_or_insert_with(|| Names(nameservers.clone())).clone();
        if broker.slaves.is_none() && broker.dledger.is_none() {
            broker.slaves.clone_from(&slaves);
            broker.dledger.clone_from(&dledger);
        }
        for replica in replicas_of(broker) {
            replica.start.get_or_insert(start);
            replica.nameservers.get_or_insert_with(|| known.clone());
        }
    }
    cluster.fill(&config);
    cluster
        .mapped_file_size_consume_queue
        .get_or_insert(Bytes(config.consume_queue_file_entries * CONSUME_QUEUE_ENTRY));
}

/// The slaves or members of a broker, with their names filled in.
fn replicas_of(broker: &mut Broker) -> Vec<&mut Replica> {
    let mut replicas = Vec::new();
    if let Some(slaves) = &mut broker.slaves {
        replicas.extend(numbered(slaves, |number| (number + 1).to_string()));
    }
    if let Some(dledger) = &mut broker.dledger {
        let defaults = DLedgerPlan::default();
        let millis = [
            (&mut dledger.heart_beat_time_interval_ms, defaults.heart_beat_time_interval),
            (&mut dledger.min_vote_interval_ms, defaults.min_vote_interval),
            (&mut dledger.max_vote_interval_ms, defaults.max_vote_interval),
            (&mut dledger.max_wait_ack_time_ms, defaults.max_wait_ack_time),
        ];
        for (key, default) in millis {
            key.get_or_insert(Millis(default));
        }
        dledger.max_heart_beat_leak.get_or_insert(defaults.max_heart_beat_leak);
        let members = dledger.members.get_or_insert(CountOrMap::Count(defaults.members));
        replicas.extend(numbered(members, |number| format!("n{number}")));
    }
    replicas
}

fn numbered(
    things: &mut CountOrMap<Replica>,
    name: impl Fn(u32) -> String,
) -> indexmap::map::ValuesMut<'_, String, Replica> {
    if let CountOrMap::Count(count) = things {
        *things = CountOrMap::Map((0..*count).map(|number| (name(number), Replica::default())).collect());
    }
    match things {
        CountOrMap::Map(map) => map.values_mut(),
        CountOrMap::Count(_) => unreachable!("turned into a map above"),
    }
}

/// The names of the nameservers of a filled cluster.
pub(crate) fn nameserver_names(cluster: &Cluster) -> Vec<String> {
    match &cluster.nameservers {
        Some(CountOrMap::Map(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The names of the brokers of a filled cluster.
pub(crate) fn broker_names(cluster: &Cluster) -> Vec<String> {
    match &cluster.brokers {
        Some(CountOrMap::Map(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

fn fill_topic(topic: &mut Topic, brokers: &[String]) {
    if *topic.auto_create.get_or_insert(false) {
        return;
    }
    if topic.read_queue_nums.is_none() || topic.write_queue_nums.is_none() {
        let queues = *topic.queues.get_or_insert(4);
        topic.read_queue_nums.get_or_insert(queues);
        topic.write_queue_nums.get_or_insert(queues);
    }
    topic.brokers.get_or_insert_with(|| Names(brokers.to_vec()));
    if let Some(preload) = &mut topic.preload {
        preload.body_size.get_or_insert_with(kibibyte);
    }
}

fn fill_producer(producer: &mut Producer) {
    let defaults = ProducerConfig::default();
    producer.instances.get_or_insert(1);
    if producer.profile.is_empty() {
        producer.rate.get_or_insert(Rate(100.0));
    }
    producer.arrivals.get_or_insert(ArrivalKind::Poisson);
    producer.body_size.get_or_insert_with(kibibyte);
    if let Some(transaction) = &mut producer.transaction {
        transaction.local_time.get_or_insert_with(|| micros(1000));
        transaction.outcome.get_or_insert(Outcomes::COMMIT);
        transaction.lost_end.get_or_insert(0.0);
        transaction.check_time.get_or_insert_with(|| micros(1000));
        transaction.check_outcome.get_or_insert(Outcomes::COMMIT);
    }
    let keys = producer.keys.map_or(0, |keys| {
        let longest = format!("key-{}", keys.count.saturating_sub(1));
        longest.len() as u64 + KEYS_PROPERTY
    });
    producer.properties_bytes.get_or_insert(Bytes(PLAIN_PROPERTIES + keys));
    producer.selector.get_or_insert(Selector::RoundRobin);
    producer.send_threads.get_or_insert(defaults.send_threads);
    producer.start.get_or_insert(seconds(2));
    producer.send_msg_timeout.get_or_insert(Millis(defaults.send_msg_timeout));
    producer.retry_times_when_send_failed.get_or_insert(defaults.retry_times_when_send_failed);
    producer.mode.get_or_insert(SendKind::Sync);
    producer.retry_times_when_send_async_failed.get_or_insert(defaults.retry_times_when_send_async_failed);
    producer.retry_another_broker_when_not_store_ok.get_or_insert(defaults.retry_another_broker_when_not_store_ok);
    producer.send_latency_fault_enable.get_or_insert(defaults.send_latency_fault_enable);
    producer.default_topic_queue_nums.get_or_insert(defaults.default_topic_queue_nums);
    producer.poll_name_server_interval.get_or_insert(Millis(defaults.client.poll_name_server_interval));
    producer.heartbeat_broker_interval.get_or_insert(Millis(defaults.client.heartbeat_broker_interval));
}

fn fill_group(group: &mut Group) {
    group.message_model.get_or_insert(Model::Clustering);
    group.consume_mode.get_or_insert(Mode::Concurrently);
    group.retry_max_times.get_or_insert(16);
    group.retry_queue_nums.get_or_insert(1);
    group.instances.get_or_insert(CountOrList::Count(1));
    group.strategy.get_or_insert(Strategy::Averagely);
    group.start.get_or_insert(seconds(1));
    group.start_every.get_or_insert(zero());
    group.start_jitter.get_or_insert(zero());
    group.restart_identity.get_or_insert(RestartIdentity::Host);
    group.fill(&ConsumerConfig::default());
    let members = match &mut group.instances {
        Some(CountOrList::List(list)) => list.iter_mut().filter_map(|member| member.listener.as_mut()).collect(),
        _ => Vec::new(),
    };
    for rule in group.listener.iter_mut().chain(members).flatten() {
        rule.fail.get_or_insert(false);
    }
}

fn fill_timed(timed: &mut Timed) {
    if let Some(scale) = &mut timed.scale {
        scale.every.get_or_insert(zero());
    }
    if let Some(restart) = &mut timed.rolling_restart {
        restart.downtime.get_or_insert(seconds(5));
        restart.by.get_or_insert(StopKinds::Stop);
        restart.fresh_host.get_or_insert(false);
        restart.overlap.get_or_insert(seconds(5));
        if *restart.surge.get_or_insert(0) == 0 {
            restart.unavailable.get_or_insert(1);
        }
    }
    if let Some(NamesOr(restart)) = &mut timed.restart {
        restart.after.get_or_insert(seconds(5));
        restart.by.get_or_insert(StopKinds::Stop);
    }
    if let Some(NamesOr(lost)) = &mut timed.lose_host {
        lost.disk.get_or_insert(DiskFate::Kept);
    }
    if let Some(partition) = timed.partition.as_mut().filter(|partition| !partition.between.is_empty()) {
        partition.one_way.get_or_insert(false);
    }
    if let Some(link) = timed.slow_link.as_mut().filter(|link| !link.between.is_empty()) {
        link.one_way.get_or_insert(false);
    }
    if let Some(reset) = &mut timed.reset_offset {
        reset.force.get_or_insert(true);
    }
}

fn fill_expect(expect: &mut Expect) {
    for span in [&mut expect.orphan_time, &mut expect.longest_orphan].into_iter().flatten() {
        span.since.get_or_insert(zero());
    }
    if let Some(moved) = &mut expect.moved_queues {
        moved.since.get_or_insert(zero());
    }
}
