//! Brokers, their slaves, and Raft groups.

use super::Resolver;
use crate::kernel::time::SimDuration;
use crate::node::config::{BrokerConfig, ReplicationConfig, Role};
use crate::scenario::diagnose::{Fault, suggest};
use crate::scenario::fill::CONSUME_QUEUE_ENTRY;
use crate::scenario::plan::{BrokerPlan, DLedgerPlan, ReplicaPlan};
use crate::scenario::raw::{Broker, BrokerFields, BrokerHandling, BrokerSettings, Dledger, Replica};
use crate::scenario::tree::At;
use crate::scenario::units::{Bytes, CountOrMap};
use crate::store::ids::BrokerIx;

/// Shortest and longest period of registrations (`BrokerController#start`).
const REGISTRATIONS: (SimDuration, SimDuration) = (SimDuration::from_secs(10), SimDuration::from_secs(60));

fn entries(bytes: Bytes) -> u64 {
    bytes.0.div_ceil(CONSUME_QUEUE_ENTRY)
}

impl Resolver<'_> {
    /// Brokers by name, and the further processes of all of them.
    pub(super) fn broker_plans(&self) -> Result<(Vec<BrokerPlan>, Vec<ReplicaPlan>), Fault> {
        let cluster = &self.root.cluster;
        let Some(CountOrMap::Map(brokers)) = &cluster.brokers else { return Ok(Default::default()) };
        let shared = self.shared_broker()?;
        let (mut plans, mut replicas) = (Vec::new(), Vec::new());
        for (number, name) in self.brokers.iter().enumerate() {
            let (raw, at) = (&brokers[name], self.broker_key(name));
            let mut config = self.own_broker(&shared, raw, &raw.handling, &at)?;
            let start = raw.start.expect("filled in").0;
            let start_at = self.before_end(start, &at.key("start"), "the start of a broker")?;
            let nameservers = self.nameserver_list(raw.nameservers.as_ref(), &at)?;
            let of_name = (name, BrokerIx::new(number));
            let dledger = match &raw.dledger {
                None => {
                    self.slaves(raw, &config, of_name, &mut replicas)?;
                    None
                }
                Some(dledger) => {
                    if raw.slaves.is_some() {
                        let at = self.replica_place(&at, "slaves");
                        return Err(self
                            .key_fault(&at, format!("{name} is a Raft group and has slaves"))
                            .help("a Raft group is made of equal members; remove `slaves` or `dledger`"));
                    }
                    let at = self.replica_place(&at, "dledger");
                    if raw.broker_role.is_some() {
                        let at = self.broker_key(name).key("brokerRole");
                        return Err(self.key_fault(&at, "`brokerRole` of a member of a Raft group").help("remove it"));
                    }
                    config.replication.broker_role = Role::Dledger;
                    Some(self.dledger(dledger, &mut config, of_name, &at, &mut replicas)?)
                }
            };
            plans.push(BrokerPlan { name: name.to_owned(), config, start_at, nameservers, dledger });
        }
        Ok((plans, replicas))
    }

    /// Where `slaves` or `dledger` of a broker is said: at the broker, or for the cluster.
    fn replica_place(&self, broker: &At, key: &str) -> At {
        let own = broker.key(key);
        if self.tree.has(&own) { own } else { At::default().key("cluster").key(key) }
    }

    fn shared_broker(&self) -> Result<BrokerConfig, Fault> {
        let cluster = &self.root.cluster;
        let at = At::default().key("cluster");
        let mut shared = BrokerConfig::default();
        cluster.overlay(&mut shared);
        shared.consume_queue_file_entries = entries(cluster.mapped_file_size_consume_queue.expect("filled in"));
        let handling = at.key("handling");
        shared.send_handling = self.times(cluster.handling.send.as_ref(), &handling.key("send"))?;
        shared.pull_handling = self.times(cluster.handling.pull.as_ref(), &handling.key("pull"))?;
        shared.admin_handling = self.times(cluster.handling.admin.as_ref(), &handling.key("admin"))?;
        shared.deliver_handling = self.times(cluster.handling.deliver.as_ref(), &handling.key("deliver"))?;
        self.times(cluster.handling.nameserver.as_ref(), &handling.key("nameserver"))?;
        self.times(cluster.handling.client.as_ref(), &handling.key("client"))?;
        self.own_times(cluster, &at)?;
        self.check_broker(&at, &shared)?;
        self.check_replication(&at, &shared.replication)?;
        self.check_delay_levels(cluster.message_delay_level.as_ref(), &at)?;
        if cluster.slaves.is_some() && cluster.dledger.is_some() {
            let fault = self.key_fault(&at.key("dledger"), "brokers with slaves that are Raft groups, too");
            return Err(fault.help("give `slaves` or `dledger` to single brokers"));
        }
        Ok(shared)
    }

    fn own_times(&self, raw: &impl BrokerFields, at: &At) -> Result<(), Fault> {
        for (times, key) in raw.times() {
            if times.is_some() {
                self.times(times, &at.key(key))?;
            }
        }
        Ok(())
    }

    /// The settings of a process: those that it begins with, and its own.
    fn own_broker(
        &self,
        shared: &BrokerConfig,
        raw: &(impl BrokerSettings + BrokerFields),
        handling: &BrokerHandling,
        at: &At,
    ) -> Result<BrokerConfig, Fault> {
        let mut config = shared.clone();
        raw.overlay(&mut config);
        if let Some(size) = raw.consume_queue_size() {
            config.consume_queue_file_entries = entries(size);
        }
        let own = [
            (&handling.send, &mut config.send_handling, "send"),
            (&handling.pull, &mut config.pull_handling, "pull"),
            (&handling.admin, &mut config.admin_handling, "admin"),
            (&handling.deliver, &mut config.deliver_handling, "deliver"),
        ];
        for (dist, target, key) in own {
            if dist.is_some() {
                *target = self.times(dist.as_ref(), &at.key("handling").key(key))?;
            }
        }
        self.own_times(raw, at)?;
        self.check_broker(at, &config)?;
        self.check_replication(at, &config.replication)?;
        self.check_delay_levels(raw.delay_levels(), at)?;
        config.register_name_server_period = config.register_name_server_period.clamp(REGISTRATIONS.0, REGISTRATIONS.1);
        Ok(config)
    }

    fn slaves(
        &self,
        raw: &Broker,
        shared: &BrokerConfig,
        (name, broker): (&str, BrokerIx),
        replicas: &mut Vec<ReplicaPlan>,
    ) -> Result<(), Fault> {
        let Some(CountOrMap::Map(slaves)) = &raw.slaves else { return Ok(()) };
        let place = self.replica_place(&self.broker_key(name), "slaves");
        let first = replicas.len();
        for (id, raw) in slaves {
            let at = place.key(id);
            let number = id.parse::<u32>().ok().filter(|number| (1..=1000).contains(number) && !id.starts_with('0'));
            let Some(id) = number else {
                let fault = self.key_fault(&at, format!("`{id}` is no broker id of a slave"));
                return Err(fault.help("slaves are named by their `brokerId`: 1, 2, …; 0 is the master"));
            };
            if raw.role().is_some() {
                return Err(self.key_fault(&at.key("brokerRole"), "`brokerRole` of a slave").help("it is SLAVE"));
            }
            let mut config = self.own_broker(shared, raw, &raw.handling, &at)?;
            config.replication.broker_role = Role::Slave;
            replicas.push(self.replica(raw, config, (format!("{name}/{id}"), broker, id), &at)?);
        }
        replicas[first..].sort_by_key(|replica| replica.id);
        Ok(())
    }

    fn replica(
        &self,
        raw: &Replica,
        config: BrokerConfig,
        (label, broker, id): (String, BrokerIx, u32),
        at: &At,
    ) -> Result<ReplicaPlan, Fault> {
        let start = raw.start.expect("filled in").0;
        let start_at = self.before_end(start, &at.key("start"), "the start of a broker")?;
        let nameservers = self.nameserver_list(raw.nameservers.as_ref(), at)?;
        Ok(ReplicaPlan { label, broker, id, config, start_at, nameservers })
    }

    /// A Raft group. Its first member is the broker's own process, whose settings it may change.
    fn dledger(
        &self,
        raw: &Dledger,
        first: &mut BrokerConfig,
        (name, broker): (&str, BrokerIx),
        at: &At,
        replicas: &mut Vec<ReplicaPlan>,
    ) -> Result<DLedgerPlan, Fault> {
        let Some(CountOrMap::Map(members)) = &raw.members else { return Ok(DLedgerPlan::default()) };
        let place = at.key("members");
        let names: Vec<String> = (0..members.len()).map(|number| format!("n{number}")).collect();
        if let Some(stranger) = members.keys().find(|member| !names.contains(member)) {
            let fault = self.key_fault(&place.key(stranger), format!("`{stranger}` is no member of {name}"));
            return Err(fault.help(format!("its {} members are named n0, n1, …", members.len())));
        }
        let shared = first.clone();
        for (number, member) in names.iter().enumerate() {
            let (raw, at) = (&members[member], place.key(member));
            if raw.role().is_some() {
                let fault = self.key_fault(&at.key("brokerRole"), "`brokerRole` of a member of a Raft group");
                return Err(fault.help("remove it"));
            }
            let mut config = self.own_broker(&shared, raw, &raw.handling, &at)?;
            config.replication.broker_role = Role::Dledger;
            if number == 0 {
                *first = config;
                continue;
            }
            let id = number as u32;
            replicas.push(self.replica(raw, config, (format!("{name}/{member}"), broker, id), &at)?);
        }
        let preferred_leader = match &raw.preferred_leader {
            None => None,
            Some(leader) => Some(names.iter().position(|name| name == leader).ok_or_else(|| {
                let fault = self.fault(&at.key("preferredLeader"), format!("{name} has no member `{leader}`"));
                fault.maybe_help(suggest(leader, names.iter().map(String::as_str)))
            })? as u32),
        };
        let plan = DLedgerPlan {
            members: members.len() as u32,
            heart_beat_time_interval: raw.heart_beat_time_interval_ms.expect("filled in").0,
            max_heart_beat_leak: raw.max_heart_beat_leak.expect("filled in"),
            min_vote_interval: raw.min_vote_interval_ms.expect("filled in").0,
            max_vote_interval: raw.max_vote_interval_ms.expect("filled in").0,
            max_wait_ack_time: raw.max_wait_ack_time_ms.expect("filled in").0,
            preferred_leader,
        };
        self.check_dledger(at, &plan)?;
        Ok(plan)
    }

    fn check_dledger(&self, at: &At, plan: &DLedgerPlan) -> Result<(), Fault> {
        self.period(at, "heartBeatTimeIntervalMs", plan.heart_beat_time_interval)?;
        self.within(at, "maxHeartBeatLeak", u64::from(plan.max_heart_beat_leak), 1, 1000)?;
        self.period(at, "minVoteIntervalMs", plan.min_vote_interval)?;
        self.period(at, "maxWaitAckTimeMs", plan.max_wait_ack_time)?;
        if plan.max_vote_interval <= plan.min_vote_interval {
            let message = format!("`maxVoteIntervalMs` {} is not above `minVoteIntervalMs`", plan.max_vote_interval);
            return Err(self.fault(&at.key("maxVoteIntervalMs"), message));
        }
        Ok(())
    }

    /// Bounds of the settings that decide what a failure costs.
    fn check_replication(&self, at: &At, config: &ReplicationConfig) -> Result<(), Fault> {
        let periods = [
            ("flushIntervalCommitLog", config.flush_interval_commit_log),
            ("flushCommitLogThoroughInterval", config.flush_commit_log_thorough_interval),
            ("syncFlushTimeout", config.sync_flush_timeout),
            ("slaveTimeout", config.slave_timeout),
            ("haSendHeartbeatInterval", config.ha_send_heartbeat_interval),
            ("haHousekeepingInterval", config.ha_housekeeping_interval),
            ("slaveSyncInterval", config.slave_sync_interval),
            ("flushDelayOffsetInterval", config.flush_delay_offset_interval),
            ("registerBrokerTimeoutMills", config.register_broker_timeout),
            ("waitTimeMillsInSendQueue", config.wait_time_in_send_queue),
            ("osPageCacheBusyTimeOutMills", config.os_page_cache_busy_time_out),
            ("fileReservedTime", config.file_reserved_time),
        ];
        for (key, value) in periods {
            self.period(at, key, value)?;
        }
        let bounds = [
            ("flushCommitLogLeastPages", config.flush_commit_log_least_pages, 0, 1 << 20),
            ("haTransferBatchSize", config.ha_transfer_batch_size, 1 << 10, 1 << 30),
            ("haSlaveFallbehindMax", config.ha_slave_fallbehind_max, 1, 16 << 40),
            ("whichBrokerWhenConsumeSlowly", u64::from(config.which_broker_when_consume_slowly), 0, 1000),
            ("sendMessageThreadPoolNums", u64::from(config.send_message_thread_pool_nums), 1, 1000),
            ("sendThreadPoolQueueCapacity", u64::from(config.send_thread_pool_queue_capacity), 1, 10_000_000),
            ("defaultTopicQueueNums", u64::from(config.default_topic_queue_nums), 1, 1000),
            // `DefaultMessageStore` clamps these three the same way.
            ("diskMaxUsedSpaceRatio", config.disk_max_used_space_ratio, 10, 95),
            ("diskSpaceCleanForciblyRatio", config.disk_space_clean_forcibly_ratio, 30, 85),
            ("diskSpaceWarningLevelRatio", config.disk_space_warning_level_ratio, 35, 90),
        ];
        for (key, value, least, most) in bounds {
            self.within(at, key, value, least, most)?;
        }
        match config.disk_size {
            Some(0) => Err(self.fault(&at.key("diskSize"), "a disk of no size")),
            Some(size) if config.disk_used > size => {
                let key = if self.tree.has(&at.key("diskUsed")) { "diskUsed" } else { "diskSize" };
                let (used, size) = (Bytes(config.disk_used), Bytes(size));
                Err(self.fault(&at.key(key), format!("{used} are used of a disk of {size}")))
            }
            _ => Ok(()),
        }
    }
}
