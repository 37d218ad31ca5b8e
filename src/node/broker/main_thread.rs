//! `BrokerControllerScheduledThread`: one thread registers with the nameservers, writes the consumer offsets to disk and, on
//! a slave, copies the master's metadata. A nameserver or master that does not answer delays all of it.

use std::rc::Rc;

use super::machine::{Broker, REGISTER_INITIAL_DELAY};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::outbox::{Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, Correlation, SyncStep};
use crate::protocol::route::{QueueData, TEMPLATE_TOPIC, TopicConfigTable};
use crate::store::ids::{BrokerIx, TopicIx};
use crate::store::topic_table::TopicConfig;

/// `defaultTopicQueueNums` of the broker, the counts of `TBW102`.
const TEMPLATE_QUEUES: u32 = 8;
/// First write of the consumer offsets.
const PERSIST_INITIAL_DELAY: SimDuration = SimDuration::from_secs(10);
/// First run of `SlaveSynchronize#syncAll`.
const SYNC_INITIAL_DELAY: SimDuration = SimDuration::from_secs(3);
/// Time-out of a call to the master.
const SYNC_CALL_TIMEOUT: SimDuration = SimDuration::from_secs(3);

/// The thread: what it does, and when its tasks are due. They are due at a fixed rate: late runs catch up.
#[derive(Debug)]
pub(super) struct MainThread {
    job: Option<Job>,
    register_at: SimTime,
    persist_at: SimTime,
    sync_at: SimTime,
    calls: u32,
}

/// What keeps the thread waiting.
#[derive(Debug)]
enum Job {
    /// All nameservers are asked at once.
    Register {
        /// Those who have not answered.
        waiting: Vec<Correlation>,
        /// The first answer that came.
        answer: Option<Option<BrokerIx>>,
    },
    /// A step of the slave's synchronisation.
    Sync {
        /// Which.
        step: SyncStep,
        /// Its call.
        call: Correlation,
    },
}

impl Default for MainThread {
    fn default() -> Self {
        let never = SimTime::MAX;
        Self { job: None, register_at: never, persist_at: never, sync_at: never, calls: 0 }
    }
}

impl MainThread {
    /// A number for a call; never [`Correlation::ONEWAY`].
    pub(super) const fn call(&mut self) -> Correlation {
        self.calls = if self.calls == u32::MAX { 1 } else { self.calls + 1 };
        Correlation(self.calls)
    }

    /// The process is gone; numbers of calls go on.
    pub(super) fn stop(&mut self) {
        *self = Self { calls: self.calls, ..Self::default() };
    }
}

impl Broker {
    /// The thread starts, and so does the broker's first registration, at once (`BrokerController#start`).
    pub(super) fn start_main_thread(&mut self, now: SimTime, out: &mut Outbox) {
        self.main_thread.register_at = now + REGISTER_INITIAL_DELAY;
        self.main_thread.persist_at = now + PERSIST_INITIAL_DELAY;
        self.main_thread.sync_at = if self.is_slave() { now + SYNC_INITIAL_DELAY } else { SimTime::MAX };
        if self.dledger.is_none() {
            self.register(now, out);
        } else {
            // Its first registration is that of a change of its role, or the first periodic one.
            self.run_main_thread(now, out);
        }
    }

    /// From now on metadata are copied from whatever master the next registration names; or no longer.
    pub(super) fn set_sync(&mut self, now: SimTime, slave: bool, out: &mut Outbox) {
        self.on_master_told(None);
        self.main_thread.sync_at = if slave { now + SYNC_INITIAL_DELAY } else { SimTime::MAX };
        self.run_main_thread(now, out);
    }

    /// Does what is due, until something keeps the thread waiting.
    pub(super) fn run_main_thread(&mut self, now: SimTime, out: &mut Outbox) {
        while self.main_thread.job.is_none() {
            let MainThread { register_at, persist_at, sync_at, .. } = self.main_thread;
            let first = register_at.min(persist_at).min(sync_at);
            if first > now {
                if first < SimTime::MAX {
                    out.arm(Timer::BrokerTimer, first);
                }
                return;
            }
            if first == register_at {
                let period = self.config.register_name_server_period;
                let clamped = period.clamp(SimDuration::from_secs(10), SimDuration::from_secs(60));
                self.main_thread.register_at = first + clamped;
                self.register(now, out);
            } else if first == persist_at {
                self.main_thread.persist_at = first + self.config.flush_consumer_offset_interval;
                self.persist_offsets();
            } else {
                self.main_thread.sync_at = first + self.config.replication.slave_sync_interval;
                self.sync(now, Some(SyncStep::Topics), out);
            }
        }
    }

    /// Registers with all nameservers in parallel and waits for their answers (`BrokerController#registerBrokerAll`).
    fn register(&mut self, now: SimTime, out: &mut Outbox) {
        let table = Rc::new(self.topic_table());
        let mut waiting = Vec::with_capacity(self.identity.nameservers.len());
        for nameserver in self.identity.nameservers.clone() {
            let call = self.main_thread.call();
            waiting.push(call);
            out.send(Address::Nameserver(nameserver), call, self.registration(&table));
        }
        out.arm(Timer::BrokerCall, now + self.config.replication.register_broker_timeout);
        self.main_thread.job = Some(Job::Register { waiting, answer: None });
        if self.identity.nameservers.is_empty() {
            self.finish_registration(now, None, out);
        }
    }

    /// Registers with all nameservers, and nobody waits for an answer.
    pub(super) fn register_oneway(&self, out: &mut Outbox) {
        let table = Rc::new(self.topic_table());
        for nameserver in &self.identity.nameservers {
            out.send(Address::Nameserver(*nameserver), Correlation::ONEWAY, self.registration(&table));
        }
    }

    fn registration(&self, table: &Rc<TopicConfigTable>) -> Body {
        Body::RegisterBroker { name: self.name, broker: self.me, broker_id: self.identity.id, table: Rc::clone(table) }
    }

    /// An answer to a call of this broker, or what its network layer says of it.
    pub(super) fn on_answer(&mut self, now: SimTime, correlation: Correlation, body: Body, out: &mut Outbox) {
        if matches!(body, Body::Failed(_)) && self.on_ha_connect_failed(now, correlation, out) {
            return;
        }
        match &mut self.main_thread.job {
            Some(Job::Register { waiting, answer }) => {
                let before = waiting.len();
                waiting.retain(|call| *call != correlation);
                if waiting.len() == before {
                    return;
                }
                if let Body::RegisterBrokerReply(master) = body {
                    answer.get_or_insert(master);
                }
                if waiting.is_empty() {
                    let answer = *answer;
                    self.finish_registration(now, answer, out);
                }
            }
            Some(Job::Sync { step, call }) if *call == correlation => {
                let step = *step;
                if let Body::Metadata(metadata) = body {
                    self.take_over(now, &metadata, out);
                }
                self.sync(now, next_step(step), out);
            }
            _ => {}
        }
    }

    /// The call that keeps the thread waiting has run into its time-out.
    pub(super) fn on_call_timeout(&mut self, now: SimTime, out: &mut Outbox) {
        match &self.main_thread.job {
            Some(Job::Register { answer, .. }) => {
                let answer = *answer;
                self.finish_registration(now, answer, out);
            }
            Some(Job::Sync { step, .. }) => {
                let step = *step;
                self.sync(now, next_step(step), out);
            }
            None => {}
        }
    }

    /// Only the first answer counts; it may well say that there is no master
    /// (`BrokerController#handleRegisterBrokerResult`).
    fn finish_registration(&mut self, now: SimTime, answer: Option<Option<BrokerIx>>, out: &mut Outbox) {
        out.disarm(Timer::BrokerCall);
        self.main_thread.job = None;
        if let (true, Some(master)) = (self.is_slave(), answer) {
            self.on_master_told(master);
        }
        self.run_main_thread(now, out);
    }

    /// A step of `SlaveSynchronize#syncAll`; a failed one does not keep the next from being tried. Without a master's address
    /// there is nothing to do.
    fn sync(&mut self, now: SimTime, step: Option<SyncStep>, out: &mut Outbox) {
        self.main_thread.job = None;
        let master = self.ha_client.sync_master().filter(|master| *master != self.me);
        let (Some(step), Some(master)) = (step, master) else {
            out.disarm(Timer::BrokerCall);
            self.run_main_thread(now, out);
            return;
        };
        let call = self.main_thread.call();
        out.send(Address::Broker(master), call, Body::SyncMetadata(step));
        out.arm(Timer::BrokerCall, now + SYNC_CALL_TIMEOUT);
        self.main_thread.job = Some(Job::Sync { step, call });
    }

    /// The table a registration carries: all topics, and the template when topics are created automatically.
    #[must_use]
    pub fn topic_table(&self) -> TopicConfigTable {
        let mut topics: Vec<(TopicIx, QueueData)> =
            self.topics.iter().map(|(topic, config)| (topic, self.queue_data(config))).collect();
        if self.config.auto_create_topic_enable {
            let data = QueueData::new(self.name, TEMPLATE_QUEUES, TEMPLATE_QUEUES);
            topics.push((TEMPLATE_TOPIC, data));
        }
        TopicConfigTable { topics, version: self.topics.data_version() }
    }

    pub(super) const fn queue_data(&self, config: &TopicConfig) -> QueueData {
        let TopicConfig { read_queue_nums, write_queue_nums, perm } = *config;
        QueueData { broker: self.name, read_queue_nums, write_queue_nums, perm }
    }
}

const fn next_step(step: SyncStep) -> Option<SyncStep> {
    match step {
        SyncStep::Topics => Some(SyncStep::ConsumerOffsets),
        SyncStep::ConsumerOffsets => Some(SyncStep::DelayOffsets),
        SyncStep::DelayOffsets => Some(SyncStep::SubscriptionGroups),
        SyncStep::SubscriptionGroups => None,
    }
}
