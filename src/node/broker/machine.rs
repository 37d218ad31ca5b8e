//! The broker's state and its control plane (`BrokerController`, `ClientManageProcessor`, `ConsumerManageProcessor`).

use std::rc::Rc;

use super::clients::{GroupMembers, Members};
use super::hold::{HOLD_CHECK_INTERVAL, Holds};
use super::schedule::Schedule;
use super::transactions::Transactions;
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::BrokerConfig;
use crate::node::deployment::Deployment;
use crate::node::fact::{ExpiryCause, Fact};
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::{Address, Channel};
use crate::protocol::directory::Directory;
use crate::protocol::message::{Body, Correlation, Envelope, Heartbeat, SendReply, SendRequest};
use crate::protocol::route::{QueueData, TEMPLATE_TOPIC, TopicConfigTable};
use crate::store::catalog::{COPY, CopyKind};
use crate::store::config::StoreConfig;
use crate::store::dispatch::{dispatch_tick, next_dispatch_tick};
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, NameserverIx, QueueIx, TopicIx};
use crate::store::message::Draft;
use crate::store::message_store::{AppendStatus, MessageStore, Put};
use crate::store::offset_table::{ConsumerOffsetManager, QueryOffset};
use crate::store::queue_lock::RebalanceLockManager;
use crate::store::topic_table::{TopicConfig, TopicConfigManager};

/// First periodic registration after the start; one registers at the start itself.
const REGISTER_INITIAL_DELAY: SimDuration = SimDuration::from_secs(10);
/// `ClientHousekeepingService`: first scan and period.
const CLIENT_SCAN_INTERVAL: SimDuration = SimDuration::from_secs(10);
/// `defaultTopicQueueNums` of the broker, the counts of `TBW102`.
const TEMPLATE_QUEUES: u32 = 8;

/// A broker.
#[derive(Debug)]
pub struct Broker {
    pub(super) me: BrokerIx,
    pub(super) config: BrokerConfig,
    pub(super) directory: Rc<Directory>,
    pub(super) deployment: Rc<Deployment>,
    nameservers: usize,
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
}

impl Broker {
    /// A broker with its topics, not yet started.
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
        let mut table = TopicConfigManager::new(SimTime::ZERO);
        for (topic, data) in topics {
            let config = TopicConfig {
                read_queue_nums: data.read_queue_nums,
                write_queue_nums: data.write_queue_nums,
                ..TopicConfig::default()
            };
            table.update(topic, config, SimTime::ZERO);
        }
        let queues = directory.queues_of(me).count();
        let store = MessageStore::new(
            StoreConfig {
                mapped_file_size_commit_log: config.mapped_file_size_commit_log,
                consume_queue_file_entries: config.consume_queue_file_entries,
                physical_memory: config.physical_memory,
                access_message_in_memory_max_ratio: config.access_message_in_memory_max_ratio,
                max_transfer_count_on_message_in_memory: config.max_transfer_count_on_message_in_memory,
                max_transfer_bytes_on_message_in_memory: config.max_transfer_bytes_on_message_in_memory,
                max_transfer_count_on_message_in_disk: config.max_transfer_count_on_message_in_disk,
                max_transfer_bytes_on_message_in_disk: config.max_transfer_bytes_on_message_in_disk,
                ..StoreConfig::default()
            },
            queues,
        );
        let schedule = Schedule::new(&config.message_delay_level, config.deliver_handling.sampler(), stream.clone());
        Self {
            me,
            config,
            directory,
            deployment,
            nameservers,
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
        self.register(out);
        out.arm(Timer::Register, now + REGISTER_INITIAL_DELAY);
        out.arm(Timer::ClientScan, now + CLIENT_SCAN_INTERVAL);
        out.arm(Timer::HoldCheck, now + self.hold_interval());
        if self.deployment.half.is_some() {
            out.arm(Timer::TransactionCheck, now + self.config.transaction_check_interval);
        }
        self.start_schedule(now, out);
    }

    /// A timer fires.
    pub fn on_timer(&mut self, now: SimTime, timer: Timer, out: &mut Outbox) {
        match timer {
            Timer::Register => {
                self.register(out);
                let period = self.config.register_name_server_period;
                let clamped = period.clamp(SimDuration::from_secs(10), SimDuration::from_secs(60));
                out.arm(Timer::Register, now + clamped);
            }
            Timer::ClientScan => {
                self.scan_clients(now, out);
                out.arm(Timer::ClientScan, now + CLIENT_SCAN_INTERVAL);
            }
            Timer::Schedule => self.run_schedule(now, out),
            Timer::HoldCheck => {
                self.check_holds(now, out);
                out.arm(Timer::HoldCheck, now + self.hold_interval());
            }
            Timer::TransactionCheck => self.on_transaction_check(now, out),
            _ => {}
        }
    }

    /// A request arrives, its handling time already spent.
    pub fn on_message(&mut self, now: SimTime, envelope: Envelope, out: &mut Outbox) {
        let Envelope { channel, correlation, body, .. } = envelope;
        match body {
            Body::Pull(request) => self.on_pull(now, channel, correlation, request, out),
            Body::Heartbeat(heartbeat) => {
                self.on_heartbeat(now, channel, &heartbeat, out);
                out.reply(channel, correlation, Body::HeartbeatReply);
            }
            Body::UnregisterClient(group) => {
                if let Some(group) = group {
                    self.forget(group, channel, ExpiryCause::Unregistered, out);
                }
                out.reply(channel, correlation, Body::UnregisterReply);
            }
            Body::GetConsumerList(group) => {
                out.reply(channel, correlation, Body::ConsumerList(self.members.list(group)));
            }
            Body::UpdateOffsets { group, offsets } => {
                for (queue, offset) in offsets {
                    self.commit(channel, group, queue, offset, out);
                }
            }
            Body::EndTransaction(request) => self.on_end_transaction(now, request, out),
            Body::SendBack(request) => {
                let taken = self.on_send_back(now, &request, out);
                out.reply(channel, correlation, Body::Returned(taken));
            }
            Body::RetrySend(request) => {
                let taken = self.on_retry_send(now, &request, out);
                out.reply(channel, correlation, Body::Returned(taken));
            }
            Body::QueryOffset(..) | Body::MaxOffset(_) | Body::SearchOffset(..) => {
                let answer = self.look_up(now, &body);
                out.reply(channel, correlation, Body::Offset(answer));
            }
            Body::Lock(group, client, queues) => {
                let locked = self.lock_queues(now, channel, group, client, queues, out);
                out.reply(channel, correlation, Body::Locked(locked));
            }
            Body::Unlock(group, client, queues) => {
                self.unlock_queues(now, group, client, &queues, out);
                if correlation != Correlation::ONEWAY {
                    out.reply(channel, correlation, Body::Locked(Vec::new()));
                }
            }
            _ => {}
        }
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
        if status == AppendStatus::EndOfFile {
            return SendReply::Lost;
        }
        if self.holds.arrange_wake(parts.local as usize) {
            out.effects.push(Effect::DispatchAt(parts.local, next_dispatch_tick(self.started, now)));
        }
        SendReply::stored(queue_offset, physical)
    }

    /// Appends a message to a local queue, as a send does or before the run begins.
    #[inline]
    pub fn put(&mut self, now: SimTime, local: u32, draft: &Draft) -> Put {
        self.store.put(now, local as usize, draft)
    }

    /// The connection of a client is closed; `idle`: by this broker, because nothing was read or written for 120 s
    /// (`ClientHousekeepingService`).
    pub fn on_closed(&mut self, channel: Channel, idle: bool, out: &mut Outbox) {
        let cause = if idle { ExpiryCause::ChannelIdle } else { ExpiryCause::ChannelClosed };
        self.transactions.forget(channel);
        for group in self.members.groups_of(channel) {
            self.forget(group, channel, cause, out);
        }
    }

    /// `updateTopic`: new queue counts, a new version, registered at once (`AdminBrokerProcessor#updateAndCreateTopic`).
    pub fn set_topic_queues(&mut self, now: SimTime, topic: TopicIx, read: u32, write: u32, out: &mut Outbox) {
        let config = TopicConfig { read_queue_nums: read, write_queue_nums: write, ..TopicConfig::default() };
        self.topics.update(topic, config, now);
        out.fact(Fact::QueuesChanged { topic, broker: self.me, read, write });
        self.register(out);
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

    /// The table a registration carries: all topics, and the template when topics are created automatically.
    #[must_use]
    pub fn topic_table(&self) -> TopicConfigTable {
        let mut topics: Vec<(TopicIx, QueueData)> =
            self.topics.iter().map(|(topic, config)| (topic, self.queue_data(config))).collect();
        if self.config.auto_create_topic_enable {
            let data = QueueData::new(self.me, TEMPLATE_QUEUES, TEMPLATE_QUEUES);
            topics.push((TEMPLATE_TOPIC, data));
        }
        TopicConfigTable { topics, version: self.topics.data_version() }
    }

    fn queue_data(&self, config: &TopicConfig) -> QueueData {
        let TopicConfig { read_queue_nums, write_queue_nums, perm } = *config;
        QueueData { broker: self.me, read_queue_nums, write_queue_nums, perm }
    }

    /// When long polling is off, pulls are held for `shortPollingTimeMills` only.
    pub(super) fn hold_interval(&self) -> SimDuration {
        if self.config.long_polling_enable { HOLD_CHECK_INTERVAL } else { self.config.short_polling_time }
    }

    /// Makes visible what the dispatch loop has moved from the commit log to this consume queue by now.
    #[inline]
    pub(super) fn dispatch(&mut self, now: SimTime, local: u32) {
        self.store.dispatch(local as usize, dispatch_tick(self.started, now));
    }

    /// `ConsumerOffsetManager#commitOffset`: stored whatever it is; a smaller offset is a fact.
    pub(super) fn commit(&mut self, channel: Channel, group: GroupIx, queue: QueueIx, offset: u64, out: &mut Outbox) {
        let local = self.directory.parts(queue).local;
        let previous = self.offsets.commit(group, local as usize, offset);
        if let Some(from) = previous.filter(|previous| offset < *previous) {
            out.fact(Fact::OffsetWentBack { instance: instance(channel), group, queue, from, to: offset });
        }
    }

    /// Registers with all nameservers in parallel (`BrokerOuterAPI#registerBrokerAll`).
    fn register(&self, out: &mut Outbox) {
        let table = Rc::new(self.topic_table());
        for nameserver in 0..self.nameservers {
            let to = Address::Nameserver(NameserverIx::new(nameserver));
            let body = Body::RegisterBroker { name: self.me, broker: self.me, broker_id: 0, table: Rc::clone(&table) };
            out.send(to, Correlation::ONEWAY, body);
        }
    }

    fn look_up(&mut self, now: SimTime, body: &Body) -> Option<u64> {
        match body {
            Body::QueryOffset(group, queue) => {
                let local = self.directory.parts(*queue).local;
                self.dispatch(now, local);
                match self.offsets.query_offset(*group, local as usize, &self.store) {
                    QueryOffset::Found(offset) => Some(offset),
                    QueryOffset::NotFound => None,
                }
            }
            Body::MaxOffset(queue) => {
                let local = self.directory.parts(*queue).local;
                self.dispatch(now, local);
                Some(self.store.max_offset(local as usize))
            }
            Body::SearchOffset(queue, time) => {
                let local = self.directory.parts(*queue).local;
                self.dispatch(now, local);
                Some(self.store.offset_by_time(local as usize, *time))
            }
            _ => None,
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
