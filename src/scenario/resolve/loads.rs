//! Actions on disks, loads, clocks and permissions of brokers.

use super::lives::{Effect, Over, Step};
use super::timeline::Walk;
use crate::kernel::dist::Distribution;
use crate::kernel::time::SimTime;
use crate::node::config::BrokerConfig;
use crate::scenario::diagnose::Fault;
use crate::scenario::plan::Action;
use crate::scenario::raw::{Timed, WritePerm};
use crate::scenario::tree::At;
use crate::scenario::units::{Dist, Duration, Names, NamesOr};
use crate::store::ids::{BrokerIx, NameserverIx};

/// A time that is set, or is as configured again.
struct TimeOf<'t> {
    effect: Effect,
    broker: &'t Names,
    key: &'static str,
    time: Option<&'t Dist<Duration>>,
    over: bool,
    lasts: Option<Duration>,
}

impl Walk<'_, '_> {
    pub(super) fn broker_actions(
        &mut self,
        at: SimTime,
        timed: &Timed,
        entry: usize,
        label: &str,
    ) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry);
        if let Some(raw) = &timed.slow_flush {
            let (time, over) = (raw.time.as_ref(), raw.over == Some(true));
            let of =
                TimeOf { effect: Effect::FlushTime, broker: &raw.broker, key: "time", time, over, lasts: raw.lasts };
            self.set_time(at, &of, &place.key("slowFlush"), entry, label)?;
        }
        if let Some(raw) = &timed.broker_load {
            let (time, over) = (raw.send.as_ref(), raw.over == Some(true));
            let of =
                TimeOf { effect: Effect::SendHandling, broker: &raw.broker, key: "send", time, over, lasts: raw.lasts };
            self.set_time(at, &of, &place.key("brokerLoad"), entry, label)?;
        }
        if let Some(raw) = &timed.page_cache_busy {
            let place = place.key("pageCacheBusy");
            if raw.lasts.0.is_zero() {
                return Err(self.r.fault(&place.key("for"), "for no time at all"));
            }
            for broker in self.r.broker_processes(self.nodes, &raw.broker, &place)? {
                self.emit(at, Action::PageCacheBusy { broker, lasts: raw.lasts.0 }, label);
            }
        }
        if let Some(raw) = &timed.disk_used {
            let place = place.key("diskUsed");
            for broker in self.r.broker_processes(self.nodes, &raw.broker, &place)? {
                let config = &self.broker_config(broker).replication;
                if config.disk_size.is_none_or(|size| raw.size.0 > size) {
                    let name = self.label_of(broker);
                    let fault = self.r.fault(&place.key("size"), format!("{name} has no disk of {}", raw.size));
                    return Err(fault.help("say its `diskSize` under `cluster`"));
                }
                let back = Action::SetDiskUsed { broker, bytes: config.disk_used };
                let now = Action::SetDiskUsed { broker, bytes: raw.size.0 };
                self.effect(at, (Effect::DiskUsed, broker), (now, back), (raw.lasts, entry, &place), label)?;
            }
        }
        if let Some(raw) = &timed.clock {
            let place = place.key("clock");
            for broker in self.r.broker_processes(self.nodes, &raw.broker, &place)? {
                let back = Action::SetClock { broker, offset_ms: 0 };
                let now = Action::SetClock { broker, offset_ms: raw.offset.0 };
                self.effect(at, (Effect::Clock, broker), (now, back), (raw.lasts, entry, &place), label)?;
            }
        }
        for (raw, key, writable) in
            [(&timed.wipe_write_perm, "wipeWritePerm", false), (&timed.add_write_perm, "addWritePerm", true)]
        {
            if let Some(NamesOr(raw)) = raw {
                self.permissions(at, raw, writable, (&place.key(key), entry), label)?;
            }
        }
        Ok(())
    }

    pub(super) fn broker_config(&self, process: BrokerIx) -> &BrokerConfig {
        match process.at().checked_sub(self.servers.brokers.len()) {
            None => &self.servers.brokers[process.at()].config,
            Some(replica) => &self.servers.replicas[replica].config,
        }
    }

    fn label_of(&self, process: BrokerIx) -> String {
        match process.at().checked_sub(self.servers.brokers.len()) {
            None => self.servers.brokers[process.at()].name.clone(),
            Some(replica) => self.servers.replicas[replica].label.clone(),
        }
    }

    fn set_time(&mut self, at: SimTime, of: &TimeOf<'_>, place: &At, entry: usize, label: &str) -> Result<(), Fault> {
        let time: Option<Distribution> = match (of.time, of.over) {
            (Some(_), true) => {
                let message = format!("it is over, so `{}` says nothing", of.key);
                return Err(self.r.key_fault(&place.key(of.key), message));
            }
            (None, true) if of.lasts.is_some() => {
                return Err(self.r.key_fault(&place.key("for"), "it is over, so `for` says nothing"));
            }
            (None, false) => {
                let fault = self.r.key_fault(place, format!("missing key `{}`", of.key));
                return Err(fault.help("say how long it takes, or `over: true` for as configured"));
            }
            (Some(time), false) => Some(self.r.times(Some(time), &place.key(of.key))?),
            (None, true) => None,
        };
        let action = |broker: BrokerIx, time: Option<Distribution>| match of.effect {
            Effect::FlushTime => Action::SetFlushTime { broker, flush_time: time },
            _ => Action::SetSendHandling { broker, handling: time },
        };
        for broker in self.r.broker_processes(self.nodes, of.broker, place)? {
            let what = (action(broker, time.clone()), action(broker, None));
            self.effect(at, (of.effect, broker), what, (of.lasts, entry, place), label)?;
        }
        Ok(())
    }

    /// Changes something about a broker, for a time if it says so.
    fn effect(
        &mut self,
        at: SimTime,
        (kind, broker): (Effect, BrokerIx),
        (now, back): (Action, Action),
        (lasts, entry, place): (Option<Duration>, usize, &At),
        label: &str,
    ) -> Result<(), Fault> {
        let count = self.effects.entry((kind, broker)).or_default();
        *count += 1;
        let number = *count;
        self.emit(at, now, label);
        let Some(lasts) = lasts else { return Ok(()) };
        if lasts.0.is_zero() {
            return Err(self.r.fault(&place.key("for"), "for no time at all"));
        }
        let time = at.saturating_add(lasts.0);
        if time < SimTime::ZERO + self.r.duration {
            let label = format!("the end of: {label}");
            let over = Over::Effect { kind, broker, number, action: back, label };
            self.lives.after(time, entry, Step::Over(over));
        }
        Ok(())
    }

    fn permissions(
        &mut self,
        at: SimTime,
        raw: &WritePerm,
        writable: bool,
        (place, entry): (&At, usize),
        label: &str,
    ) -> Result<(), Fault> {
        let key = if self.r.tree.has(&place.key("brokers")) { "brokers" } else { "broker" };
        let said = if self.r.tree.has(&place.key(key)) { place.key(key) } else { place.clone() };
        let mut nameservers = vec![None];
        if let Some(names) = &raw.nameservers {
            nameservers.clear();
            for (index, name) in names.0.iter().enumerate() {
                let at = place.key("nameservers").index(index);
                nameservers.push(Some(NameserverIx::new(self.r.find(&self.r.nameservers, name, &at)?)));
            }
        }
        for (index, name) in raw.broker.0.iter().enumerate() {
            let broker = BrokerIx::new(self.r.find(&self.r.brokers, name, &said.index(index))?);
            for nameserver in &nameservers {
                let action = |writable| Action::SetWritePerm { broker, nameserver: *nameserver, writable };
                let what = (action(writable), action(!writable));
                self.effect(at, (Effect::WritePerm(*nameserver), broker), what, (raw.lasts, entry, place), label)?;
            }
        }
        Ok(())
    }
}
