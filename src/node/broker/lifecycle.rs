//! The life of a broker process: start, shutdown, death, and what is left of it on disk (`BrokerController#start`,
//! `#shutdown`, `DefaultMessageStore#load`). All of this only where servers can fail; elsewhere a broker simply runs.

use super::clients::Members;
use super::hold::Holds;
use super::machine::{Broker, CLIENT_SCAN_INTERVAL};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::Fact;
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, Correlation};
use crate::replica::dledger::Stop;
use crate::store::log_tail::CutQueue;
use crate::store::offset_table::ConsumerOffsetManager;
use crate::store::queue_lock::RebalanceLockManager;
use crate::store::topic_table::TopicConfigManager;
use crate::store::transaction_check::CheckProgress;

/// Time-out of an unregistration (`BrokerOuterAPI#unregisterBroker`).
const UNREGISTER_TIMEOUT: SimDuration = SimDuration::from_secs(3);

/// Where in its life a process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Life {
    /// It has never run.
    #[default]
    New,
    /// It reads its files; nobody can connect yet.
    Starting,
    /// It serves.
    Running,
    /// Its connections are gone; the store shuts down.
    Stopping,
    /// It takes itself out of the nameserver with this number.
    Unregistering(usize, Correlation),
    /// There is no process.
    Down,
}

impl Life {
    /// Whether requests are answered.
    pub(super) const fn serves(self) -> bool {
        matches!(self, Self::Running)
    }

    /// Whether its threads run.
    pub(super) const fn runs(self) -> bool {
        matches!(self, Self::Running)
    }
}

/// The files of `<storeRoot>/config`; `topics.json` is written with each change and is what the broker knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Persisted {
    /// `consumerOffset.json`.
    pub offsets: ConsumerOffsetManager,
    /// In the same file: the offsets of the group that checks half messages.
    pub progress: CheckProgress,
    /// `delayOffset.json`, by level from 1 on.
    pub delay_offsets: Vec<u64>,
}

impl Broker {
    /// The process starts and reads its files.
    pub(super) fn begin(&mut self, now: SimTime, out: &mut Outbox) {
        if self.life == Life::New {
            self.preset_files();
        }
        let delay = self.config.replication.start_delay.sampler().duration(&mut self.stream);
        self.life = Life::Starting;
        if delay.is_zero() {
            self.serve(now, out);
        } else {
            out.arm(Timer::Lifecycle, now + delay);
        }
    }

    /// The files are read: it serves and registers, synchronously and at once.
    fn serve(&mut self, now: SimTime, out: &mut Outbox) {
        self.started = now;
        self.life = Life::Running;
        self.flush.start(now);
        self.send_pool.start(now);
        out.arm(Timer::ClientScan, now + CLIENT_SCAN_INTERVAL);
        out.arm(Timer::HoldCheck, now + self.hold_interval());
        self.start_disk_checks(now, out);
        if self.dledger.is_some() {
            self.start_member(now, out);
        } else if self.is_slave() {
            self.start_ha_client(now, out);
        } else {
            if self.deployment.half.is_some() {
                out.arm(Timer::TransactionCheck, now + self.config.transaction_check_interval);
            }
            self.start_schedule(now, out);
        }
        self.start_main_thread(now, out);
        self.arrange_flush(now, out);
        self.settle_group(now, out);
    }

    /// A graceful shutdown begins: the connections die first, the nameservers are told last (`BrokerController#shutdown`).
    pub fn on_stop(&mut self, now: SimTime, out: &mut Outbox) {
        if matches!(self.life, Life::New | Life::Down) {
            out.effects.push(Effect::Exit);
            return;
        }
        self.delay_offsets_to_disk();
        self.stop_member(now, Stop::Graceful);
        self.drop_volatile(now, out);
        self.life = Life::Stopping;
        let time = self.config.replication.shutdown_time.sampler().duration(&mut self.stream);
        out.arm(Timer::Lifecycle, now + time);
    }

    /// The next step of the start or of the shutdown.
    pub(super) fn on_lifecycle(&mut self, now: SimTime, out: &mut Outbox) {
        match self.life {
            Life::Starting => self.serve(now, out),
            Life::Stopping => {
                self.store.set_flushed(u64::MAX);
                self.unregister(now, 0, out);
            }
            Life::Unregistering(at, _) => self.unregister(now, at + 1, out),
            Life::New | Life::Running | Life::Down => {}
        }
    }

    /// The answer to an unregistration, or what the network says of it.
    pub(super) fn on_late_answer(&mut self, now: SimTime, correlation: Correlation, body: &Body, out: &mut Outbox) {
        if let Life::Unregistering(at, call) = self.life
            && call == correlation
            && matches!(body, Body::UnregisterBrokerReply | Body::Failed(_))
        {
            self.unregister(now, at + 1, out);
        }
    }

    /// One nameserver after another; then the offsets are written and the process ends.
    fn unregister(&mut self, now: SimTime, at: usize, out: &mut Outbox) {
        let Some(nameserver) = self.identity.nameservers.get(at).copied() else {
            self.persist_offsets();
            self.life = Life::Down;
            out.disarm(Timer::Lifecycle);
            out.effects.push(Effect::Exit);
            return;
        };
        let call = self.main_thread.call();
        let body = Body::UnregisterBroker { name: self.name, broker: self.me, broker_id: self.identity.id };
        out.send(Address::Nameserver(nameserver), call, body);
        out.arm(Timer::Lifecycle, now + UNREGISTER_TIMEOUT);
        self.life = Life::Unregistering(at, call);
    }

    /// `kill -9`: what was in memory is gone; the page cache and the files are not.
    pub fn on_killed(&mut self, now: SimTime, out: &mut Outbox) {
        if self.life.runs() && self.schedule_runs() {
            self.persisted.delay_offsets = self.delay_table_on_disk(now);
        }
        self.stop_member(now, Stop::Crash);
        self.drop_volatile(now, out);
        self.life = Life::Down;
    }

    /// The host is gone: what was not flushed is, too; with the disk, everything is.
    pub fn on_host_lost(&mut self, now: SimTime, disk_lost: bool, out: &mut Outbox) {
        self.stop_member(now, if disk_lost { Stop::DiskLoss } else { Stop::PowerLoss });
        self.on_killed(now, out);
        if self.dledger.is_some() {
            // What is left is in the member's hands until it starts again.
        } else if disk_lost {
            self.wipe(out);
        } else {
            let flushed = self.store.flushed_where();
            let before = self.log_max();
            let cut = self.store.truncate(flushed);
            self.tell_cut(before, &cut, out);
        }
    }

    /// The process is started again; `empty_disk`: on a disk without its files. It recovers what it finds and starts.
    pub fn on_restart(&mut self, now: SimTime, empty_disk: bool, out: &mut Outbox) {
        if self.dledger.is_some() {
            self.recover_member(empty_disk, out);
        } else {
            if empty_disk {
                self.wipe(out);
            }
            let before = self.log_max();
            let cut = self.store.recover(self.ha_client.broken());
            self.tell_cut(before, &cut, out);
            self.ha_client.recovered(self.log_max());
        }
        for local in 0..self.store.queue_count() {
            self.store.dispatch(local, now);
        }
        self.offsets = self.persisted.offsets.clone();
        self.transactions.set_progress(self.persisted.progress);
        out.fact(Fact::NodeStarted { node: Address::Broker(self.me), kept: Some(self.log_max()) });
        self.on_start(now, out);
    }

    /// The disk is empty: only the topics that a broker makes at its start are there.
    pub(super) fn wipe(&mut self, out: &mut Outbox) {
        let before = self.log_max();
        let cut = self.store.clear();
        self.tell_cut(before, &cut, out);
        self.ha_client.recovered(0);
        self.persisted = Persisted::default();
        self.offsets = ConsumerOffsetManager::default();
        let mut topics = TopicConfigManager::new(self.started);
        let made_at_start = [self.deployment.schedule, self.deployment.half, self.deployment.op];
        for topic in made_at_start.into_iter().flatten() {
            if let Some(config) = self.initial_topics.get(topic) {
                topics.update(topic, *config, self.started);
            }
        }
        self.topics = topics;
    }

    /// Says what was cut off the log that reached up to `from`. Those of the cut records that nobody was told of yet are those
    /// that a wait was dropped for.
    pub(super) fn tell_cut(&mut self, from: u64, cut: &[CutQueue], out: &mut Outbox) {
        let messages: u64 = cut.iter().map(|cut| cut.messages).sum();
        if messages == 0 {
            return;
        }
        self.epoch += 1;
        if let Some(half) = self.half_local()
            && let Some(cut) = cut.iter().find(|cut| cut.queue == half)
        {
            self.transactions.cut(cut.from);
        }
        let to = self.log_max();
        // A slave has answered nobody.
        let acknowledged = if self.is_slave() { 0 } else { messages.saturating_sub(self.waits.unanswered_from(to)) };
        let queues = cut.iter().map(|cut| (cut.queue as u32, cut.from, cut.messages)).collect();
        out.effects.push(Effect::Cut { queues, epoch: self.epoch });
        out.fact(Fact::LogCut { broker: self.me, from, to, messages, acknowledged });
    }

    /// `ConsumerOffsetManager#persist`.
    pub(super) fn persist_offsets(&mut self) {
        self.persisted.offsets.clone_from(&self.offsets);
        self.persisted.progress = self.transactions.progress();
    }

    /// Everything that only memory held. The answers that were waited for are remembered until the next start, for the count
    /// of what is lost with the host.
    fn drop_volatile(&mut self, now: SimTime, out: &mut Outbox) {
        for timer in [
            Timer::Register,
            Timer::ClientScan,
            Timer::HoldCheck,
            Timer::TransactionCheck,
            Timer::Schedule,
            Timer::BrokerTimer,
            Timer::BrokerCall,
            Timer::Flush,
            Timer::FastFailure,
            Timer::Waits,
            Timer::DiskCheck,
            Timer::Clean,
            Timer::HaClient,
            Timer::HaServer,
            Timer::DLedger,
            Timer::RoleChange,
            Timer::Lifecycle,
        ] {
            out.disarm(timer);
        }
        for ((group, queue), entry) in self.locks.iter() {
            if !entry.is_expired(now) {
                let (broker, client) = (self.me, entry.client);
                out.fact(Fact::LockLost { broker, group, queue, client, until: now, expired: false });
            }
        }
        self.locks = RebalanceLockManager::default();
        self.members = Members::default();
        self.holds = Holds::new(self.store.queue_count());
        self.transactions.forget_producers();
        self.stop_schedule();
        self.main_thread.stop();
        self.send_pool.stop();
        self.waits.drop_all();
        self.flush.stop();
        self.ha_server.stop();
        self.stop_ha_client(out);
    }

    /// The half topic's queue here.
    fn half_local(&self) -> Option<usize> {
        let queue = self.directory.queue(self.deployment.half?, self.name, 0)?;
        Some(self.directory.parts(queue).local as usize)
    }
}
