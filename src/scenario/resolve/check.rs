//! Bounds: of sizes that would exhaust the machine, of names, of settings that RocketMQ itself checks.

use super::Resolver;
use crate::kernel::time::SimDuration;
use crate::node::config::{BrokerConfig, ConsumerConfig};
use crate::scenario::diagnose::Fault;
use crate::scenario::raw::{Dledger, Replica, Root};
use crate::scenario::tree::{At, Node};
use crate::scenario::units::{CountOrList, CountOrMap, DelayLevelText};

/// Most members of a group.
pub(crate) const MOST_INSTANCES: u32 = 10_000;
/// Most groups, and most producers: one octet of their client ids' addresses.
pub(crate) const MOST_GROUPS: usize = 250;
/// Most queues of all topics.
pub(crate) const MOST_QUEUES: u64 = 1_000_000;
/// Most slaves of a broker, and most members of a Raft group.
const MOST_REPLICAS: u32 = 16;
/// Most samples of the time series.
const MOST_SAMPLES: u64 = 1_000_000;
/// Most delay levels of a broker.
const MOST_LEVELS: usize = 255;
/// Shortest period of a timer.
const SHORTEST_PERIOD: SimDuration = SimDuration::from_millis(1);

fn how_many<T>(things: &CountOrMap<T>) -> u32 {
    match things {
        CountOrMap::Count(count) => *count,
        CountOrMap::Map(map) => u32::try_from(map.len()).unwrap_or(u32::MAX),
    }
}

/// Refuses counts that would make filling in the defaults itself exhaust the memory.
pub(crate) fn check_counts(root: &Root, tree: &Node) -> Result<(), Fault> {
    let cluster = At::default().key("cluster");
    let within = |count: u32, least: u32, most: u32, at: &At, what: &str| {
        if (least..=most).contains(&count) {
            return Ok(());
        }
        Err(Fault::new(tree.place_of(at), format!("{what} must be {least} to {most}, got {count}")))
    };
    let size = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let nameservers = root.cluster.nameservers.as_ref().map_or(1, how_many);
    within(nameservers, 1, 16, &cluster.key("nameservers"), "the number of nameservers")?;
    let brokers = root.cluster.brokers.as_ref().map_or(1, how_many);
    within(brokers, 1, 1000, &cluster.key("brokers"), "the number of brokers")?;
    let replicas = |slaves: &Option<CountOrMap<Replica>>, dledger: &Option<Dledger>, at: &At| {
        let slaves = slaves.as_ref().map_or(0, how_many);
        within(slaves, 0, MOST_REPLICAS, &at.key("slaves"), "the number of slaves")?;
        let members = dledger.as_ref().and_then(|dledger| dledger.members.as_ref()).map_or(3, how_many);
        within(members, 1, MOST_REPLICAS, &at.key("dledger").key("members"), "the number of members")
    };
    replicas(&root.cluster.slaves, &root.cluster.dledger, &cluster)?;
    if let Some(CountOrMap::Map(brokers)) = &root.cluster.brokers {
        for (name, broker) in brokers {
            replicas(&broker.slaves, &broker.dledger, &cluster.key("brokers").key(name))?;
        }
    }
    for (name, producer) in &root.producers {
        let at = At::default().key("producers").key(name).key("instances");
        within(producer.instances.unwrap_or(1), 1, 1000, &at, "the number of instances")?;
    }
    for (name, group) in &root.groups {
        let at = At::default().key("groups").key(name).key("instances");
        let count = match &group.instances {
            None => 1,
            Some(CountOrList::Count(count)) => *count,
            Some(CountOrList::List(list)) => size(list.len()),
        };
        within(count, 0, MOST_INSTANCES, &at, "the number of instances")?;
    }
    for (index, timed) in root.timeline.iter().enumerate() {
        if let Some(scale) = &timed.scale {
            let at = At::default().key("timeline").index(index).key("scale").key("instances");
            within(scale.instances, 0, MOST_INSTANCES, &at, "the number of instances")?;
        }
        if let Some(restart) = &timed.rolling_restart {
            let at = At::default().key("timeline").index(index).key("rollingRestart").key("surge");
            within(restart.surge.unwrap_or(0), 0, MOST_INSTANCES, &at, "`surge`")?;
        }
    }
    for (name, scaler) in &root.autoscalers {
        let at = At::default().key("autoscalers").key(name).key("max");
        within(scaler.max, 1, MOST_INSTANCES, &at, "`max`")?;
    }
    Ok(())
}

impl Resolver<'_> {
    /// Checks the run's own numbers.
    pub(super) fn check_run(&self) -> Result<(), Fault> {
        let top = At::default();
        if self.duration.is_zero() {
            return Err(self.fault(&top.key("duration"), "a run of no time"));
        }
        if self.root.until.is_some_and(|until| until.0.is_zero()) {
            return Err(self.fault(&top.key("until"), "a run of no time"));
        }
        let interval = self.root.sample_interval.map_or(SimDuration::ZERO, |interval| interval.0);
        if interval < SHORTEST_PERIOD {
            return Err(self.fault(&top.key("sampleInterval"), "the sample interval must be at least 1ms"));
        }
        if self.duration.as_nanos() / interval.as_nanos() > MOST_SAMPLES {
            return Err(self
                .fault(&top.key("sampleInterval"), format!("more than {MOST_SAMPLES} samples"))
                .help("make the interval longer or the run shorter"));
        }
        if self.topics.len() == 0 {
            return Err(self
                .fault(&top.key("topics"), "no topics are defined")
                .help("a scenario needs at least one topic, like `topics: {order_topic: {queues: 4}}`"));
        }
        Ok(())
    }

    /// Checks that names are those that RocketMQ, file systems and instance names allow.
    pub(super) fn check_names(&self) -> Result<(), Fault> {
        let top = At::default();
        let name = self.root.name.as_deref().unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || name.len() > 100 || !name.chars().all(plain) {
            return Err(self
                .fault(&top.key("name"), format!("`{name}` cannot name a report folder"))
                .help("use letters, digits, `-`, `_` and `.`, and do not begin with `.`"));
        }
        // `TopicValidator#validateTopic`, `Validators#checkGroup`.
        let allowed = |c: char| c.is_ascii_alphanumeric() || "%|-_".contains(c);
        for (section, names, longest) in [("topics", &self.topics, 127), ("groups", &self.groups, 255)] {
            for name in names.iter() {
                let at = top.key(section).key(name);
                if name.is_empty() || !name.chars().all(allowed) {
                    return Err(self
                        .key_fault(&at, format!("`{name}` is not a {} name that RocketMQ allows", names.kind()))
                        .help("use letters, digits, `-`, `_`, `%` and `|`"));
                }
                if name.len() > longest {
                    let message = format!("a {} name has at most {longest} characters", names.kind());
                    return Err(self.key_fault(&at, message));
                }
            }
        }
        if let Some(reserved) = self.topics.iter().find(|name| super::census::is_system_topic(name)) {
            let at = top.key("topics").key(reserved);
            return Err(self.key_fault(&at, format!("`{reserved}` is a system topic of RocketMQ")));
        }
        if let Some(name) = self.brokers.iter().find(|name| name.is_empty() || name.contains([':', ',', ' ', '/'])) {
            return Err(self
                .key_fault(&self.broker_key(name), format!("`{name}` cannot be a broker name"))
                .help("use neither blanks nor `:`, `,` or `/`"));
        }
        if let Some(name) = self.producers.iter().find(|name| name.is_empty() || name.contains('/')) {
            return Err(self.key_fault(&top.key("producers").key(name), format!("`{name}` cannot be a producer name")));
        }
        if self.groups.len() > MOST_GROUPS {
            return Err(self.fault(&top.key("groups"), format!("more than {MOST_GROUPS} groups")));
        }
        if self.producers.len() > MOST_GROUPS {
            return Err(self.fault(&top.key("producers"), format!("more than {MOST_GROUPS} producers")));
        }
        Ok(())
    }

    /// A number that must lie within bounds.
    pub(super) fn within(&self, at: &At, key: &str, value: u64, least: u64, most: u64) -> Result<(), Fault> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(self.fault(&at.key(key), format!("`{key}` must be {least} to {most}, got {value}")))
    }

    /// A period that a timer can have.
    pub(super) fn period(&self, at: &At, key: &str, value: SimDuration) -> Result<(), Fault> {
        if value >= SHORTEST_PERIOD {
            return Ok(());
        }
        Err(self.fault(&at.key(key), format!("`{key}` must be at least 1ms, got {value}")))
    }

    /// The bounds of `DefaultMQPushConsumerImpl#checkConfig`, and periods that a timer can have.
    pub(super) fn check_consumer(&self, at: &At, config: &ConsumerConfig, max: Option<u32>) -> Result<(), Fault> {
        if config.consume_thread_min == 0 {
            return Err(self
                .fault(&at.key("consumeThreadMin"), "a pool of zero threads consumes nothing")
                .help("`consumeThreadMin` must be 1 to 1000"));
        }
        let bounds = [
            ("consumeThreadMin", config.consume_thread_min, 1000),
            ("consumeMessageBatchMaxSize", config.consume_message_batch_max_size, 1024),
            ("pullBatchSize", config.pull_batch_size, 1024),
            ("pullThresholdForQueue", config.pull_threshold_for_queue, 65_535),
            ("pullThresholdSizeForQueue", config.pull_threshold_size_for_queue, 1024),
            ("consumeConcurrentlyMaxSpan", config.consume_concurrently_max_span, 65_535),
        ];
        for (key, value, most) in bounds {
            self.within(at, key, u64::from(value), 1, most)?;
        }
        if let Some(max) = max.filter(|max| *max < config.consume_thread_min) {
            let message =
                format!("`consumeThreadMax` {max} is less than `consumeThreadMin` {}", config.consume_thread_min);
            return Err(self.fault(&at.key("consumeThreadMax"), message));
        }
        let per_topic = [
            ("pullThresholdForTopic", config.pull_threshold_for_topic, 6_553_500),
            ("pullThresholdSizeForTopic", config.pull_threshold_size_for_topic, 102_400),
        ];
        for (key, value, most) in per_topic {
            if value != -1 && !(1..=most).contains(&value) {
                return Err(self.fault(&at.key(key), format!("`{key}` must be -1 or 1 to {most}, got {value}")));
            }
        }
        self.within(at, "pullInterval", config.pull_interval.as_millis(), 0, 65_535)?;
        self.period(at, "pollNameServerInterval", config.client.poll_name_server_interval)?;
        self.period(at, "heartbeatBrokerInterval", config.client.heartbeat_broker_interval)?;
        self.period(at, "rebalanceWaitInterval", config.rebalance_wait_interval)?;
        self.period(at, "persistConsumerOffsetInterval", config.persist_consumer_offset_interval)?;
        self.period(at, "consumeTimeout", config.consume_timeout)?;
        for (key, value) in [
            ("maxReconsumeTimes", config.max_reconsume_times),
            ("delayLevelWhenNextConsume", config.delay_level_when_next_consume),
        ] {
            let most = if key == "maxReconsumeTimes" { i32::from(u16::MAX) } else { i32::from(u8::MAX) };
            if !(-1..=most).contains(&value) {
                return Err(self.fault(&at.key(key), format!("`{key}` must be -1 to {most}, got {value}")));
            }
        }
        Ok(())
    }

    /// A `messageDelayLevel` with which a broker would start.
    pub(super) fn check_delay_levels(&self, text: Option<&DelayLevelText>, at: &At) -> Result<(), Fault> {
        let Some(text) = text else { return Ok(()) };
        let at = at.key("messageDelayLevel");
        if let Some((start, item)) = text.bad_item() {
            let part = self.part_of_text(&at, &text.0, start, item.len());
            let place = part.unwrap_or_else(|| self.tree.place_of(&at));
            let message =
                if item.is_empty() { "a delay is missing".to_owned() } else { format!("`{item}` is no delay") };
            let help = "write numbers with the unit s, m, h or d, separated by one space: `1s 5s 10s`";
            return Err(Fault::new(place, message).help(help));
        }
        let levels = text.delays().len();
        if !(1..=MOST_LEVELS).contains(&levels) {
            return Err(
                self.fault(&at, format!("`messageDelayLevel` must have 1 to {MOST_LEVELS} levels, got {levels}"))
            );
        }
        Ok(())
    }

    /// Bounds of a broker's settings.
    pub(super) fn check_broker(&self, at: &At, config: &BrokerConfig) -> Result<(), Fault> {
        self.period(at, "registerNameServerPeriod", config.register_name_server_period)?;
        self.period(at, "shortPollingTimeMills", config.short_polling_time)?;
        self.period(at, "flushConsumerOffsetInterval", config.flush_consumer_offset_interval)?;
        self.period(at, "channelExpiredTimeout", config.channel_expired_timeout)?;
        self.within(at, "mappedFileSizeCommitLog", config.mapped_file_size_commit_log, 64 << 10, 16 << 30)?;
        self.within(at, "mappedFileSizeConsumeQueue", config.consume_queue_file_entries * 20, 20, 16 << 30)?;
        self.within(at, "physicalMemory", config.physical_memory, 1 << 20, 16 << 40)?;
        self.period(at, "transactionCheckInterval", config.transaction_check_interval)?;
        self.within(at, "transactionCheckMax", u64::from(config.transaction_check_max), 1, 255)?;
        self.within(at, "accessMessageInMemoryMaxRatio", config.access_message_in_memory_max_ratio, 0, 100)?;
        let counts = [
            ("maxTransferCountOnMessageInMemory", config.max_transfer_count_on_message_in_memory),
            ("maxTransferCountOnMessageInDisk", config.max_transfer_count_on_message_in_disk),
        ];
        for (key, value) in counts {
            self.within(at, key, u64::from(value), 1, 65_535)?;
        }
        let bytes = [
            ("maxTransferBytesOnMessageInMemory", config.max_transfer_bytes_on_message_in_memory),
            ("maxTransferBytesOnMessageInDisk", config.max_transfer_bytes_on_message_in_disk),
        ];
        for (key, value) in bytes {
            self.within(at, key, value, 1, 1 << 30)?;
        }
        Ok(())
    }
}
