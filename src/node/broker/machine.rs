//! The broker's state and its control plane (`BrokerController`, `ClientManageProcessor`, `ConsumerManageProcessor`).

use std::rc::Rc;

use super::clients::{GroupMembers, Members};
use super::clock::WallClock;
use super::disk::Disk;
use super::dledger::DLedger;
use super::flush::Flush;
use super::ha_client::HaClient;
use super::ha_server::HaServer;
use super::hold::{HOLD_CHECK_INTERVAL, Holds};
use super::identity::Identity;
use super::lifecycle::{Life, Persisted};
use super::main_thread::MainThread;
use super::outcome::Waits;
use super::schedule::Schedule;
use super::send_pool::SendPool;
use super::transactions::Transactions;
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::BrokerConfig;
use crate::node::deployment::Deployment;
use crate::node::fact::{ExpiryCause, Fact};
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::node::replication_config::Role;
use crate::protocol::address::{Address, Channel};
use crate::protocol::directory::Directory;
use crate::protocol::message::{Heartbeat, ResponseCode, SendReply, SendRequest};
use crate::protocol::route::QueueData;
use crate::store::catalog::{COPY, CopyKind};
use crate::store::config::{BrokerRole, StoreConfig};
use crate::store::dispatch::{dispatch_tick, next_dispatch_tick};
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, QueueIx, TopicIx};
use crate::store::message::Draft;
use crate::store::message_store::{AppendStatus, MessageStore, Put};
use crate::store::offset_table::ConsumerOffsetManager;
use crate::store::queue_lock::RebalanceLockManager;
use crate::store::topic_table::{TopicConfig, TopicConfigManager};

/// First periodic registration after the start; one registers at the start itself.
pub(super) const REGISTER_INITIAL_DELAY: SimDuration = SimDuration::from_secs(10);
/// `ClientHousekeepingService`: first scan and period.
pub(super) const CLIENT_SCAN_INTERVAL: SimDuration = SimDuration::from_secs(10);
/// A broker.
#[derive(Debug)]
pub struct Broker {
    /// The process.
    pub(super) me: BrokerIx,
    /// `brokerName`: whose queues these are.
    pub(super) name: BrokerIx,
    pub(super) identity: Identity,
    pub(super) config: BrokerConfig,
    pub(super) directory: Rc<Directory>,
    pub(super) deployment: Rc<Deployment>,
    /// `topicConfigTable`, by ascending topic.
    pub(super) topics: TopicConfigManager,
    /// Commit log and consume queues.
    pub store: MessageStore,
    /// Committed offsets by (group, local queue).
    pub offsets: ConsumerOffsetManager,
    pub(super) members: Members,
    pub(super) holds: Holds,
    pub(super) transactions: Transactions,
    pub(super) locks: RebalanceLockManager,
    pub(super) started: SimTime,
    pub(super) stream: Stream,
    /// Draws of the queue that a returned message goes to.
    pub(super) returns: Stream,
    pub(super) schedule: Schedule,
    /// The topics that were there before the run.
    pub(super) initial_topics: TopicConfigManager,
    pub(super) role: Role,
    pub(super) life: Life,
    /// What is in the files of `<storeRoot>/config`.
    pub(super) persisted: Persisted,
    /// Number of times that records were cut off from the log.
    pub(super) epoch: u32,
    pub(super) main_thread: MainThread,
    pub(super) flush: Flush,
    pub(super) send_pool: SendPool,
    pub(super) waits: Waits,
    pub(super) ha_server: HaServer,
    pub(super) ha_client: HaClient,
    pub(super) disk: Disk,
    pub(super) clock: WallClock,
    /// In DLedger mode: its member of the group.
    pub(super) dledger: Option<Box<DLedger>>,
}

impl Broker {
    /// The first process of a name with its topics, not yet started, which registers with all nameservers.
    #[must_use]
    pub fn new(
        me: BrokerIx,
        config: BrokerConfig,
        nameservers: usize,
        topics: Vec<(TopicIx, QueueData)>,
        directory: Rc<Directory>,
        deployment: Rc<Deployment>,
        stream: Stream,
    ) -> Self {
        Self::of(Identity::first(me, nameservers), config, topics, directory, deployment, stream)
    }

    /// A broker process with its topics, not yet started.
    #[must_use]
    pub fn of(
        identity: Identity,
        config: BrokerConfig,
        topics: Vec<(TopicIx, QueueData)>,
        directory: Rc<Directory>,
        deployment: Rc<Deployment>,
        stream: Stream,
    ) -> Self {
        let mut table = TopicConfigManager::new(SimTime::ZERO);
        for (topic, data) in topics {
            let config = TopicConfig {
                read_queue_nums: data.read_queue_nums,
                write_queue_nums: data.write_queue_nums,
                ..TopicConfig::default()
            };
            table.update(topic, config, SimTime::ZERO);
        }
        let queues = directory.queues_of(identity.name).count();
        let role = config.replication.broker_role;
        let mut store = MessageStore::new(
            StoreConfig {
                mapped_file_size_commit_log: config.mapped_file_size_commit_log,
                consume_queue_file_entries: config.consume_queue_file_entries,
                physical_memory: config.physical_memory,
                access_message_in_memory_max_ratio: config.access_message_in_memory_max_ratio,
                max_transfer_count_on_message_in_memory: config.max_transfer_count_on_message_in_memory,
                max_transfer_bytes_on_message_in_memory: config.max_transfer_bytes_on_message_in_memory,
                max_transfer_count_on_message_in_disk: config.max_transfer_count_on_message_in_disk,
                max_transfer_bytes_on_message_in_disk: config.max_transfer_bytes_on_message_in_disk,
                broker_role: if role == Role::Slave { BrokerRole::Slave } else { BrokerRole::AsyncMaster },
                offset_check_in_slave: config.replication.offset_check_in_slave,
            },
            queues,
        );
        if identity.shipped {
            store.keep_log_order();
        }
        let schedule = Schedule::new(&config.message_delay_level, config.deliver_handling.sampler(), stream.clone());
        Self {
            me: identity.process,
            name: identity.name,
            send_pool: SendPool::new(&config),
            disk: Disk::new(&config.replication),
            persisted: Persisted::default(),
            initial_topics: table.clone(),
            identity,
            role,
            life: Life::default(),
            epoch: 0,
            main_thread: MainThread::default(),
            flush: Flush::default(),
            waits: Waits::default(),
            ha_server: HaServer::default(),
            ha_client: HaClient::default(),
            clock: WallClock::default(),
            dledger: None,
            config,
            directory,
            deployment,
            topics: table,
            store,
            offsets: ConsumerOffsetManager::default(),
            members: Members::default(),
            holds: Holds::new(queues),
            transactions: Transactions::default(),
            locks: RebalanceLockManager::default(),
            started: SimTime::ZERO,
            returns: stream.clone(),
            schedule,
            stream,
        }
    }

    /// Gives the draws for returned messages and those of the schedule service streams of their own.
    #[must_use]
    pub fn with_copy_streams(mut self, returns: Stream, schedule: Stream) -> Self {
        self.returns = returns;
        self.schedule.set_stream(schedule);
        self
    }

    /// The process starts: it registers at once, then every `registerNameServerPeriod` (`BrokerController#start`).
    pub fn on_start(&mut self, now: SimTime, out: &mut Outbox) {
        self.started = now;
        if out.fallible {
            self.begin(now, out);
            return;
        }
        self.register_oneway(out);
        out.arm(Timer::Register, now + REGISTER_INITIAL_DELAY);
        out.arm(Timer::ClientScan, now + CLIENT_SCAN_INTERVAL);
        out.arm(Timer::HoldCheck, now + self.hold_interval());
        if self.deployment.half.is_some() {
            out.arm(Timer::TransactionCheck, now + self.config.transaction_check_interval);
        }
        self.start_schedule(now, out);
    }

    /// A send arrives: the message is appended (`SendMessageProcessor`, `CommitLog#asyncPutMessage`). The topic's permission
    /// is not checked, its queue count is (`AbstractSendMessageProcessor#msgCheck`).
    #[inline]
    pub fn on_send(&mut self, now: SimTime, request: &SendRequest, out: &mut Outbox) -> SendReply {
        let parts = self.directory.parts(request.queue);
        let queues = self.topic(parts.topic).map_or(0, |data| data.write_queue_nums.max(data.read_queue_nums));
        if parts.queue_id >= queues {
            return SendReply::QueueIdIllegal;
        }
        if request.draft.class & COPY != 0 {
            let half = out.catalog.copy(request.draft.class).is_some_and(|copy| copy.kind == CopyKind::Half);
            return if half { self.on_half_send(now, request, out) } else { self.on_send_delayed(now, request, out) };
        }
        let Put { status, physical, queue_offset } = self.put(now, parts.local, &request.draft);
        match status {
            AppendStatus::PutOk => {}
            AppendStatus::EndOfFile => return SendReply::Lost,
            AppendStatus::Refused => return SendReply::Error(ResponseCode::SystemError),
        }
        self.after_append(now, parts.local, out);
        SendReply::stored(queue_offset, physical)
    }

    /// What an append sets going: held pulls, the flush, the shipping.
    #[inline]
    pub(super) fn after_append(&mut self, now: SimTime, local: u32, out: &mut Outbox) {
        if self.dledger.is_some() {
            return;
        }
        if self.holds.arrange_wake(local as usize) {
            out.effects.push(Effect::DispatchAt(local, next_dispatch_tick(self.started, now)));
        }
        if out.fallible {
            self.arrange_flush(now, out);
            self.ship(now, false, out);
        }
    }

    /// Appends a message to a local queue, as a send does or before the run begins.
    #[inline]
    pub fn put(&mut self, now: SimTime, local: u32, draft: &Draft) -> Put {
        if self.dledger.is_some() {
            return self.put_into_group(now, local, draft);
        }
        self.store.put(now, local as usize, draft)
    }

    /// The connection of a client is closed; `idle`: by this broker, because nothing was read or written for 120 s
    /// (`ClientHousekeepingService`).
    pub fn on_closed(&mut self, channel: Channel, idle: bool, out: &mut Outbox) {
        let cause = if idle { ExpiryCause::ChannelIdle } else { ExpiryCause::ChannelClosed };
        self.transactions.forget(channel);
        self.ha_server.forget(channel);
        for group in self.members.groups_of(channel) {
            self.forget(group, channel, cause, out);
        }
    }

    /// `updateTopic`: new queue counts, a new version, registered at once (`AdminBrokerProcessor#updateAndCreateTopic`).
    pub fn set_topic_queues(&mut self, now: SimTime, topic: TopicIx, read: u32, write: u32, out: &mut Outbox) {
        let config = TopicConfig { read_queue_nums: read, write_queue_nums: write, ..TopicConfig::default() };
        self.topics.update(topic, config, now);
        // What a slave makes by itself does not reach the route.
        if !self.is_slave() {
            out.fact(Fact::QueuesChanged { topic, broker: self.name, read, write });
        }
        self.register_oneway(out);
    }

    /// The queue counts of a topic here.
    #[must_use]
    #[inline]
    pub fn topic(&self, topic: TopicIx) -> Option<QueueData> {
        self.topics.get(topic).map(|config| self.queue_data(config))
    }

    /// All topics with their settings.
    pub fn topic_configs(&self) -> impl Iterator<Item = (TopicIx, TopicConfig)> + '_ {
        self.topics.iter().map(|(topic, config)| (topic, *config))
    }

    /// Number of changes of the topic table, and the time of the last one.
    #[must_use]
    pub fn topics_version(&self) -> (u64, SimTime) {
        let version = self.topics.data_version();
        (version.counter, version.timestamp)
    }

    /// A group as this broker knows it.
    #[must_use]
    pub fn members(&self, group: GroupIx) -> Option<&GroupMembers> {
        self.members.group(group)
    }

    /// Registers a member that has been connected since before the run.
    pub fn preset_member(&mut self, last_update: SimTime, channel: Channel, heartbeat: &Heartbeat) {
        if let Some(data) = &heartbeat.consumer {
            self.members.register(last_update, channel, heartbeat.client, data);
        }
    }

    /// When long polling is off, pulls are held for `shortPollingTimeMills` only.
    pub(super) fn hold_interval(&self) -> SimDuration {
        if self.config.long_polling_enable { HOLD_CHECK_INTERVAL } else { self.config.short_polling_time }
    }

    /// Makes visible what the dispatch loop has moved from the commit log to this consume queue by now.
    #[inline]
    pub(super) fn dispatch(&mut self, now: SimTime, local: u32) {
        let tick = dispatch_tick(self.started, now);
        if let Some(group) = &self.dledger {
            self.store.set_visible_to(group.visible_at(tick));
        }
        self.store.dispatch(local as usize, tick);
    }

    /// `ConsumerOffsetManager#commitOffset`: stored whatever it is; a smaller offset is a fact.
    pub(super) fn commit(&mut self, channel: Channel, group: GroupIx, queue: QueueIx, offset: u64, out: &mut Outbox) {
        let local = self.directory.parts(queue).local;
        let previous = self.offsets.commit(group, local as usize, offset);
        if let Some(from) = previous.filter(|previous| offset < *previous) {
            out.fact(Fact::OffsetWentBack { instance: instance(channel), group, queue, from, to: offset });
        }
    }
}

/// The consumer instance at the client end of a channel.
pub(super) fn instance(channel: Channel) -> InstanceIx {
    match channel.client {
        Address::Consumer(instance) => instance,
        _ => InstanceIx(u32::MAX),
    }
}
