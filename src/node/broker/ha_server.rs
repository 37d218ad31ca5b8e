//! The master's side of replication (`HAService`, `HAConnection`): pieces of the log go to each slave that has said from where
//! it wants them. The connection is the one a slave also copies metadata over, so closing one closes the other; the real ones
//! are two, to ports 10912 and 10911.

use std::rc::Rc;

use super::machine::Broker;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::Channel;
use crate::protocol::message::{Body, Correlation, HaFrame, LogRecord};

/// How long the writer waits when there is nothing to send.
const IDLE_WAIT: SimDuration = SimDuration::from_millis(100);
/// Bytes per second of a connection without a configured limit: 10 Gbit/s.
const FULL_BANDWIDTH: u64 = 1_250_000_000;
/// A wait for more than a time ends a millisecond after it.
const JUST_AFTER: SimDuration = SimDuration::from_millis(1);

/// A slave's connection.
#[derive(Debug)]
struct HaConnection {
    channel: Channel,
    /// `nextTransferFromWhere`; unknown before the slave's first report.
    next: Option<u64>,
    last_read: SimTime,
    last_write: SimTime,
    /// The writer waits since then because there was nothing to send.
    idle_since: Option<SimTime>,
    /// A frame goes out until then.
    busy_until: SimTime,
    /// When the writer or the housekeeping does something next.
    next_at: SimTime,
}

/// All connections of slaves.
#[derive(Debug, Default)]
pub(super) struct HaServer {
    connections: Vec<HaConnection>,
    /// `push2SlaveMaxOffset`: never decreases while the process lives.
    pushed: u64,
}

impl HaServer {
    /// How far the fastest slave has ever been.
    pub(super) const fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Whether a wait for a slave makes sense (`HAService#isSlaveOK`).
    pub(super) fn is_slave_ok(&self, end: u64, fall_behind_max: u64) -> bool {
        !self.connections.is_empty() && end.saturating_sub(self.pushed) < fall_behind_max
    }

    /// A connection is closed.
    pub(super) fn forget(&mut self, channel: Channel) {
        self.connections.retain(|connection| connection.channel != channel);
    }

    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }
}

impl Broker {
    /// Slaves that are connected.
    #[must_use]
    pub fn slaves_connected(&self) -> usize {
        self.ha_server.connections.len()
    }

    /// A slave connects (`HAService.AcceptSocketService`).
    pub(super) fn on_ha_connect(&mut self, now: SimTime, channel: Channel, out: &mut Outbox) {
        self.ha_server.connections.retain(|connection| connection.channel.client != channel.client);
        self.ha_server.connections.push(HaConnection {
            channel,
            next: None,
            last_read: now,
            last_write: now,
            idle_since: None,
            busy_until: now,
            next_at: now + self.config.replication.ha_housekeeping_interval + JUST_AFTER,
        });
        self.arm_ha_server(out);
    }

    /// A slave says how far its log reaches (`HAConnection.ReadSocketService`).
    pub(super) fn on_ha_report(&mut self, now: SimTime, channel: Channel, offset: u64, out: &mut Outbox) {
        let end = self.log_max();
        let file_size = self.config.mapped_file_size_commit_log;
        let Some(connection) = self.ha_server.connections.iter_mut().find(|connection| connection.channel == channel)
        else {
            return;
        };
        connection.last_read = now;
        if connection.next.is_none() {
            // Older files than the last are never copied to an empty slave.
            connection.next = Some(if offset == 0 { end - end % file_size } else { offset });
            connection.next_at = now;
        } else if offset > end {
            self.ha_server.forget(channel);
            out.effects.push(Effect::CloseChannel(channel));
        }
        self.ha_server.pushed = self.ha_server.pushed.max(offset);
        self.settle(now, out);
        self.run_ha_server(now, out);
    }

    /// There is something new in the log: an idle writer finds it at the end of its wait, or at once when it is woken because
    /// a put waits for a slave.
    pub(super) fn ship(&mut self, now: SimTime, wake: bool, out: &mut Outbox) {
        let mut changed = false;
        for connection in &mut self.ha_server.connections {
            let Some(since) = connection.idle_since else { continue };
            let wait = IDLE_WAIT.as_nanos();
            let waited = now.since(since).as_nanos();
            let found = if wake { now } else { since + SimDuration::from_nanos(waited.div_ceil(wait).max(1) * wait) };
            let at = found.max(connection.busy_until);
            if at < connection.next_at {
                connection.next_at = at;
                changed = true;
            }
        }
        if wake && changed {
            self.run_ha_server(now, out);
        } else if changed {
            self.arm_ha_server(out);
        }
    }

    /// The writers whose time has come send a frame each.
    pub(super) fn run_ha_server(&mut self, now: SimTime, out: &mut Outbox) {
        for index in 0..self.ha_server.connections.len() {
            if self.ha_server.connections[index].next_at <= now {
                self.run_connection(now, index, out);
            }
        }
        let limit = self.config.replication.ha_housekeeping_interval;
        let silent = |connection: &HaConnection| now.since(connection.last_read) > limit;
        for connection in self.ha_server.connections.iter().filter(|connection| silent(connection)) {
            out.effects.push(Effect::CloseChannel(connection.channel));
        }
        self.ha_server.connections.retain(|connection| !silent(connection));
        self.arm_ha_server(out);
    }

    /// `HAConnection.WriteSocketService#run`, one round.
    fn run_connection(&mut self, now: SimTime, index: usize, out: &mut Outbox) {
        let config = &self.config.replication;
        let (heartbeat, housekeeping) = (config.ha_send_heartbeat_interval, config.ha_housekeeping_interval);
        let bandwidth = config.ha_bandwidth.unwrap_or(FULL_BANDWIDTH).max(1);
        let connection = &self.ha_server.connections[index];
        let silence_ends = connection.last_read + housekeeping + JUST_AFTER;
        let (Some(next), channel) = (connection.next, connection.channel) else {
            self.ha_server.connections[index].next_at = silence_ends;
            return;
        };
        if now.since(connection.last_write) > heartbeat {
            let frame = HaFrame { physical: next, size: 0, records: Rc::default() };
            out.reply(channel, Correlation::ONEWAY, Body::HaFrame(frame));
            self.ha_server.connections[index].last_write = now;
        }
        let frame = self.frame(next);
        let connection = &mut self.ha_server.connections[index];
        if let Some(frame) = frame {
            let time = SimDuration::from_nanos(frame.size.saturating_mul(1_000_000_000) / bandwidth);
            connection.next = Some(next + frame.size);
            connection.last_write = now;
            connection.busy_until = now + time;
            connection.idle_since = None;
            connection.next_at = now + time;
            // It arrives when its last byte has gone out.
            let body = Body::HaFrame(frame);
            out.effects.push(Effect::Reply { channel, correlation: Correlation::ONEWAY, body, after: time });
        } else {
            connection.idle_since.get_or_insert(now);
            connection.next_at = silence_ends.min(connection.last_write + heartbeat + JUST_AFTER);
        }
    }

    /// The next piece of the log from a position: no more than a batch, from one file only, cut anywhere. `None`: there is
    /// nothing, or the file is deleted.
    fn frame(&self, physical: u64) -> Option<HaFrame> {
        if physical >= self.log_max() || physical < self.store.log_min_offset() {
            return None;
        }
        let batch = self.config.replication.ha_transfer_batch_size.max(1);
        let to = self.log_max().min(physical + batch).min(self.store.log_file_end(physical));
        let record = |entry: crate::store::log_tail::LogEntry| LogRecord {
            local: entry.queue as u32,
            offset: entry.offset,
            message: entry.message,
        };
        let records = self.store.log_entries(physical).take_while(|entry| entry.end() <= to).map(record).collect();
        Some(HaFrame { physical, size: to - physical, records })
    }

    fn arm_ha_server(&self, out: &mut Outbox) {
        match self.ha_server.connections.iter().map(|connection| connection.next_at).min() {
            Some(next) => out.arm(Timer::HaServer, next),
            None => out.disarm(Timer::HaServer),
        }
    }
}
