//! The slave's side of replication (`HAService.HAClient`): it connects to the master it was told of, reports how far its log
//! reaches, and appends what comes.

use super::machine::Broker;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::Fact;
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, Correlation, HaFrame};
use crate::store::ids::BrokerIx;
use crate::store::log_tail::LogEntry;

/// Pause after a failed attempt, and while no master is known.
const RETRY: SimDuration = SimDuration::from_secs(5);
/// Longest wait of the loop for something to read: a report is that much later than due at most.
const SELECT_MILLIS: u64 = 1000;

/// The client.
#[derive(Debug, Default)]
pub(super) struct HaClient {
    /// The master for metadata: what the last registration said, also nothing.
    sync_master: Option<BrokerIx>,
    /// The master for the log: the last one ever told.
    master: Option<BrokerIx>,
    /// The present connection.
    link: Option<Link>,
    /// Up to where the log consists of whole records.
    whole: u64,
    /// From here on the log's bytes are no records of its own: it and the master's had parted.
    broken: Option<u64>,
}

/// A connection to the master.
#[derive(Debug)]
struct Link {
    master: BrokerIx,
    call: Correlation,
    reported: u64,
    /// When the next report is due if nothing comes.
    report_at: SimTime,
    /// Something has come over it.
    told: bool,
}

impl HaClient {
    /// The master's process for metadata.
    pub(super) const fn sync_master(&self) -> Option<BrokerIx> {
        self.sync_master
    }

    /// From where on the log holds no records of its own.
    pub(super) const fn broken(&self) -> Option<u64> {
        self.broken
    }

    /// The log was read again and ends here.
    pub(super) const fn recovered(&mut self, end: u64) {
        self.whole = end;
        self.broken = None;
    }
}

impl Broker {
    /// Whether it is connected to its master and has heard from it.
    #[must_use]
    pub fn is_replicating(&self) -> bool {
        self.ha_client.link.as_ref().is_some_and(|link| link.told)
    }

    /// The client starts; nobody has told it of a master yet.
    pub(super) fn start_ha_client(&mut self, now: SimTime, out: &mut Outbox) {
        self.ha_client.whole = self.log_max();
        out.arm(Timer::HaClient, now + RETRY);
    }

    /// The process goes, or its connections do.
    pub(super) fn stop_ha_client(&mut self, out: &mut Outbox) {
        self.unlink(out);
        self.ha_client.sync_master = None;
        self.ha_client.master = None;
    }

    /// A registration was answered (`BrokerController#handleRegisterBrokerResult`).
    pub(super) const fn on_master_told(&mut self, master: Option<BrokerIx>) {
        self.ha_client.sync_master = master;
        if master.is_some() {
            self.ha_client.master = master;
        }
    }

    /// A round of the client's loop.
    pub(super) fn run_ha_client(&mut self, now: SimTime, out: &mut Outbox) {
        if !self.is_slave() {
            return;
        }
        match &self.ha_client.link {
            None => self.connect(now, out),
            Some(link) if link.report_at <= now => self.report(now, out),
            Some(link) => out.arm(Timer::HaClient, link.report_at),
        }
    }

    fn connect(&mut self, now: SimTime, out: &mut Outbox) {
        let Some(master) = self.ha_client.master.filter(|master| *master != self.me) else {
            out.arm(Timer::HaClient, now + RETRY);
            return;
        };
        let call = self.main_thread.call();
        let report_at = self.next_report(now);
        let reported = self.log_max();
        self.ha_client.link = Some(Link { master, call, reported, report_at, told: false });
        out.send(Address::Broker(master), call, Body::HaConnect);
        out.arm(Timer::HaClient, report_at);
    }

    /// Nothing was written for more than the heartbeat interval at a round of the loop.
    fn next_report(&mut self, now: SimTime) -> SimTime {
        let late = SimDuration::from_millis(1 + self.stream.below(SELECT_MILLIS));
        now + self.config.replication.ha_send_heartbeat_interval + late
    }

    fn report(&mut self, now: SimTime, out: &mut Outbox) {
        let report_at = self.next_report(now);
        let end = self.log_max();
        if let Some(link) = &mut self.ha_client.link {
            link.report_at = report_at;
            link.reported = end;
            out.send(Address::Broker(link.master), Correlation::ONEWAY, Body::HaReport(end));
            out.arm(Timer::HaClient, report_at);
        }
    }

    /// A piece of the master's log (`HAClient#dispatchReadRequest`).
    pub(super) fn on_ha_frame(&mut self, now: SimTime, from: Address, frame: &HaFrame, out: &mut Outbox) {
        let end = self.log_max();
        let Some(link) = self.ha_client.link.as_mut().filter(|link| Address::Broker(link.master) == from) else {
            return;
        };
        if end != 0 && end != frame.physical {
            let server = Address::Broker(link.master);
            self.unlink(out);
            out.effects.push(Effect::Disconnect(server));
            self.connect(now, out);
            return;
        }
        if !link.told {
            link.told = true;
            let (slave, master) = (self.me, link.master);
            out.fact(Fact::Replicating { slave, master, connected: true });
        }
        if end == 0 && frame.physical > 0 {
            self.store.start_log_at(frame.physical);
            self.ha_client.whole = frame.physical;
        }
        for record in frame.records.iter() {
            let entry = LogEntry { queue: record.local as usize, offset: record.offset, message: record.message };
            self.replicate(&entry);
        }
        self.store.extend_log(frame.physical + frame.size);
        self.arrange_flush(now, out);
        if self.ha_client.link.as_ref().is_some_and(|link| self.log_max() > link.reported) {
            self.report(now, out);
        }
    }

    /// A record of the master's. Where the logs have parted the bytes that come are no records here: they are kept, nobody sees
    /// them, and the next start cuts them off.
    fn replicate(&mut self, entry: &LogEntry) {
        if self.ha_client.broken.is_some() {
            return;
        }
        let whole = self.ha_client.whole;
        if entry.message.physical < whole || !self.store.put_record(entry) {
            self.ha_client.broken = Some(whole);
        } else {
            self.ha_client.whole = entry.end();
        }
    }

    /// The attempt to connect has failed; false when the failure is another call's.
    pub(super) fn on_ha_connect_failed(&mut self, now: SimTime, correlation: Correlation, out: &mut Outbox) -> bool {
        let ours = self.ha_client.link.as_ref().is_some_and(|link| link.call == correlation);
        if ours {
            self.unlink(out);
            out.arm(Timer::HaClient, now + RETRY);
        }
        ours
    }

    /// The connection that this broker had opened to a server is gone.
    pub fn on_server_closed(&mut self, now: SimTime, server: Address, out: &mut Outbox) {
        if !self.life.runs() {
            return;
        }
        if self.ha_client.link.as_ref().is_some_and(|link| Address::Broker(link.master) == server) {
            self.unlink(out);
            // It tries again at once, and then every 5 s.
            self.connect(now, out);
        }
    }

    fn unlink(&mut self, out: &mut Outbox) {
        if let Some(Link { master, told: true, .. }) = self.ha_client.link.take() {
            out.fact(Fact::Replicating { slave: self.me, master, connected: false });
        }
    }
}
