//! Connections in a plan in which servers, hosts and links can fail: each of their two ends can be open while the other one is
//! not, and a process that is gone with its host leaves its connections behind.

use super::{Connection, Network};
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::CallError;

/// `connectTimeoutMillis`.
const CONNECT_TIMEOUT: SimDuration = SimDuration::from_secs(3);

/// A server as a client's packets find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum Listening {
    /// A process takes connections, even if it is frozen: its kernel does.
    Accepts,
    /// The host is up, nobody listens.
    Refuses,
    /// The host is gone, or the link is broken in one of its directions: no answer at all.
    Silent,
}

/// What a message meets on its way.
#[derive(Clone, Copy, Debug)]
pub(in crate::run) struct Way {
    /// How the server is found by a new connection.
    pub(in crate::run) server: Listening,
    /// Which start of the server's process that is.
    pub(in crate::run) start: u32,
    /// Nothing gets through in the direction of the message.
    pub(in crate::run) blocked: bool,
    /// It takes longer by this.
    pub(in crate::run) delay: SimDuration,
    /// Time its bytes take on a slow link; they follow one another.
    pub(in crate::run) transfer: SimDuration,
}

/// What becomes of a message that leaves a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum Departure {
    /// It arrives; the connection was opened for it and is known to the client as open then.
    Arrives {
        /// Connection.
        channel: Channel,
        /// When.
        at: SimTime,
        /// When the client knows that it is connected, if it was not.
        connected: Option<SimTime>,
    },
    /// It waits in the sender's kernel until the link is whole.
    Stalls(Channel),
    /// Nobody will read it, and nobody says so.
    Vanishes,
    /// There is no connection, which is known then.
    Fails(CallError, SimTime),
    /// The other end knows nothing of the connection and says so: it is reset then.
    Resets(Channel, SimTime),
}

impl Network {
    /// A message leaves a client for a server.
    pub(in crate::run) fn depart(&mut self, now: SimTime, client: Address, server: Address, way: Way) -> Departure {
        let (end, law) = self.end(client, server);
        let index = end.connections.iter().position(|connection| connection.server == server);
        let index = index.unwrap_or_else(|| {
            end.connections.push(Connection::closed(server));
            end.connections.len() - 1
        });
        let connection = &mut end.connections[index];
        let mut sample = || SimDuration::from_nanos(law.sample(&mut end.stream));
        let mut connected = None;
        let mut leave = now;
        if connection.open {
            if !connection.leads_to(way.start) {
                let channel = Channel { client, epoch: connection.epoch };
                if way.server == Listening::Silent || way.blocked {
                    return Departure::Vanishes;
                }
                return Departure::Resets(channel, now + sample() + sample());
            }
        } else {
            if connection.connecting > now {
                return Departure::Fails(CallError::ConnectTimeout, connection.connecting);
            }
            match way.server {
                Listening::Silent => {
                    connection.connecting = now + CONNECT_TIMEOUT;
                    return Departure::Fails(CallError::ConnectTimeout, connection.connecting);
                }
                Listening::Refuses => return Departure::Fails(CallError::Refused, now + sample() + sample()),
                Listening::Accepts => {}
            }
            connection.open(way.start);
            // What the connection before it still carries is on a way of its own.
            (connection.up, connection.down) = (now, now);
            (connection.up_line, connection.down_line) = (now, now);
            leave += sample() + sample() + way.delay + way.delay;
            connected = Some(leave);
        }
        let channel = Channel { client, epoch: connection.epoch };
        connection.last_activity = now;
        if way.blocked {
            return Departure::Stalls(channel);
        }
        let latency = sample() + way.delay;
        let in_line = if way.transfer.is_zero() { leave } else { leave.max(connection.up_line) + way.transfer };
        connection.up_line = in_line;
        connection.up = connection.up.max(in_line + latency);
        connection.last_activity = connection.up;
        Departure::Arrives { channel, at: connection.up, connected }
    }

    /// A message leaves a server for a client; `None`: the connection is gone for the server.
    pub(in crate::run) fn answer(
        &mut self,
        now: SimTime,
        server: Address,
        channel: Channel,
        way: Way,
    ) -> Option<Departure> {
        let (end, law) = self.end(channel.client, server);
        let connection = end.connections.iter_mut().find(|of| of.server == server && of.serves(channel))?;
        connection.last_activity = now;
        if way.server == Listening::Silent && !way.blocked {
            return Some(Departure::Vanishes);
        }
        if way.blocked {
            return Some(Departure::Stalls(channel));
        }
        let latency = SimDuration::from_nanos(law.sample(&mut end.stream)) + way.delay;
        let in_line = if way.transfer.is_zero() { now } else { now.max(connection.down_line) + way.transfer };
        connection.down_line = in_line;
        connection.down = connection.down.max(in_line + latency);
        Some(Departure::Arrives { channel, at: connection.down, connected: None })
    }

    /// The same, for a message that was stalled: when it arrives at the server (`up`) or the client, if the connection still
    /// leads there for its kernel.
    pub(in crate::run) fn resume(
        &mut self,
        at: SimTime,
        server: Address,
        channel: Channel,
        up: bool,
    ) -> Option<SimTime> {
        let (end, law) = self.end(channel.client, server);
        let latency = SimDuration::from_nanos(law.sample(&mut end.stream));
        let connection = end.connections.iter_mut().find(|connection| connection.server == server)?;
        if channel.epoch < connection.oldest {
            return None;
        }
        if channel.epoch != connection.epoch {
            return Some(at + latency);
        }
        let last = if up { &mut connection.up } else { &mut connection.down };
        *last = (*last).max(at + latency);
        let arrival = *last;
        if up {
            connection.last_activity = arrival;
        }
        Some(arrival)
    }

    /// Which start of the server's process a connection was opened to.
    #[must_use]
    pub(in crate::run) fn opened_to(&self, server: Address, channel: Channel) -> Option<u32> {
        let connection = self.client_end(channel.client).connections.iter().find(|of| of.server == server)?;
        connection.opened_to.iter().rev().find(|(epoch, _)| *epoch == channel.epoch).map(|(_, start)| *start)
    }

    /// The client closes its end, or learns that the other one is closed: which channel that was, if it was open. The server's
    /// end stays as it is.
    pub(in crate::run) fn close_client_end(&mut self, client: Address, server: Address) -> Option<Channel> {
        let end = self.client_end_mut(client);
        let connection = end.connections.iter_mut().find(|of| of.server == server && of.open)?;
        connection.open = false;
        let channel = Channel { client, epoch: connection.epoch };
        if connection.server_open {
            connection.server_open = false;
            end.left.push((server, channel, connection.last_activity));
        }
        Some(channel)
    }

    /// The epoch of a client's latest connection to a server.
    #[must_use]
    pub(in crate::run) fn epoch(&self, client: Address, server: Address) -> u32 {
        let connection = self.client_end(client).connections.iter().find(|of| of.server == server);
        connection.map_or(0, |of| of.epoch)
    }

    /// Whether a channel belongs to the process that the client's end has now.
    #[must_use]
    pub(in crate::run) fn is_of_process(&self, server: Address, channel: Channel) -> bool {
        let connection = self.client_end(channel.client).connections.iter().find(|of| of.server == server);
        connection.is_none_or(|of| channel.epoch >= of.oldest)
    }

    /// A packet without content takes so long from a client to a server or back.
    pub(in crate::run) fn latency(&mut self, client: Address, server: Address) -> SimDuration {
        let (end, law) = self.end(client, server);
        SimDuration::from_nanos(law.sample(&mut end.stream))
    }

    /// A server's process is gone: what clients had left open at it is gone with it.
    pub(in crate::run) fn forget_left(&mut self, server: Address) {
        let ends = self.brokers.iter_mut().chain(&mut self.producers).chain(&mut self.consumers);
        ends.for_each(|end| end.left.retain(|(of, ..)| *of != server));
    }

    /// The server closes its end, or learns that the other one is closed; whether it was open.
    pub(in crate::run) fn close_server_end(&mut self, server: Address, channel: Channel) -> bool {
        let end = self.client_end_mut(channel.client);
        if let Some(index) = end.left.iter().position(|(of, left, _)| *of == server && *left == channel) {
            end.left.swap_remove(index);
            return true;
        }
        match end.connections.iter_mut().find(|of| of.server == server && of.serves(channel)) {
            Some(connection) => {
                connection.server_open = false;
                true
            }
            None => false,
        }
    }

    /// Whether the connection that a client has open to a server is this one.
    #[must_use]
    pub(in crate::run) fn is_open(&self, server: Address, channel: Channel) -> bool {
        let mut connections = self.client_end(channel.client).connections.iter();
        connections.any(|of| of.server == server && of.open && of.epoch == channel.epoch)
    }

    /// All clients' ends of connections to a server that are open, those of its clients that it has open itself first.
    #[must_use]
    pub(in crate::run) fn connections_to(&self, server: Address) -> Vec<Channel> {
        let ends = self.all_ends();
        ends.flat_map(|(client, end)| {
            let to = end.connections.iter().filter(move |of| of.server == server && (of.open || of.server_open));
            to.map(move |of| Channel { client, epoch: of.epoch })
        })
        .collect()
    }

    /// The connections that a client has open, with the last activity that their servers saw.
    #[must_use]
    pub(in crate::run) fn connections_from(&self, client: Address) -> Vec<(Address, Channel, SimTime)> {
        let end = self.client_end(client);
        let open = end.connections.iter().filter(|of| of.open || of.server_open);
        let open = open.map(|of| (of.server, Channel { client, epoch: of.epoch }, of.last_activity));
        open.chain(end.left.iter().copied()).collect()
    }

    /// A client's process is gone with its host: its servers have their ends open until something tells them.
    pub(in crate::run) fn leave_behind(&mut self, client: Address) {
        let end = self.client_end_mut(client);
        for connection in &mut end.connections {
            if connection.server_open {
                let channel = Channel { client, epoch: connection.epoch };
                end.left.push((connection.server, channel, connection.last_activity));
            }
            connection.open = false;
            connection.server_open = false;
            connection.epoch += 1;
            connection.oldest = connection.epoch;
        }
    }

    /// The last activity on a server's end of a connection, if it is open.
    #[must_use]
    pub(in crate::run) fn server_activity(&self, server: Address, channel: Channel) -> Option<SimTime> {
        let end = self.client_end(channel.client);
        let left = end.left.iter().find(|(of, left, _)| *of == server && *left == channel);
        let open = || end.connections.iter().find(|of| of.server == server && of.serves(channel));
        left.map(|(.., last)| *last).or_else(|| open().map(|of| of.last_activity))
    }
}

impl Connection {
    fn leads_to(&self, start: u32) -> bool {
        self.server_open && self.opened_to.last().is_some_and(|(_, opened)| *opened == start)
    }

    /// Opens it anew to this start of the server's process.
    pub(super) fn open(&mut self, start: u32) {
        self.open = true;
        self.server_open = true;
        self.epoch += 1;
        let oldest = self.oldest;
        self.opened_to.retain(|(epoch, _)| *epoch >= oldest);
        if self.opened_to.len() > 8 {
            self.opened_to.remove(0);
        }
        self.opened_to.push((self.epoch, start));
    }

    fn serves(&self, channel: Channel) -> bool {
        self.server_open && self.epoch == channel.epoch
    }
}
