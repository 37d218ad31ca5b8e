//! Messages and the ends of connections on their way, where servers, hosts and links can fail.

use super::hosts::Power;
use super::network::CHANNEL_MAX_IDLE_TIME;
use super::network::failing::{Departure, Listening, Way};
use super::network::links::{Freight, Stalled};
use super::world::{Closing, Event, World};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::{Disconnection, Fact};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::{Body, Correlation, Envelope};

/// Bytes of a request or answer that carries no messages.
const SMALL: u64 = 200;

impl World {
    fn way(&mut self, from: Address, to: Address, bytes: u64) -> Way {
        let (power, listening) = (self.power(to), self.host(to).is_none_or(|host| host.listening));
        let cut_off = self.links.blocks(from, to) || self.links.blocks(to, from);
        let server = match power {
            Power::Gone => Listening::Silent,
            _ if cut_off => Listening::Silent,
            Power::Up | Power::Frozen if listening => Listening::Accepts,
            _ => Listening::Refuses,
        };
        let nothing = SimDuration::ZERO;
        let mut way = Way { server, start: self.starts(to), blocked: false, delay: nothing, transfer: nothing };
        self.links.meet(&mut way, from, to, bytes);
        way
    }

    /// A request leaves a client for a server.
    pub(super) fn send_over(
        &mut self,
        from: Address,
        to: Address,
        correlation: Correlation,
        body: Body,
        leave: SimTime,
    ) {
        let way = self.way(from, to, bytes(&body));
        let departure = self.network.depart(leave, from, to, way);
        let epoch = self.network.epoch(from, to);
        let back = |channel, correlation, body| Envelope { from: to, to: from, channel, correlation, body };
        match departure {
            Departure::Arrives { channel, at, connected } => {
                if let Some(connected) = connected {
                    self.post(connected, back(channel, Correlation::ONEWAY, Body::Connected));
                }
                let at = at + self.handling_of(to, &body);
                self.post(at, Envelope { from, to, channel, correlation, body });
            }
            Departure::Stalls(channel) => {
                let what = Freight::Message(Envelope { from, to, channel, correlation, body });
                self.links.stall(Stalled { from, to, channel, since: leave, what });
            }
            Departure::Vanishes => {}
            Departure::Fails(error, at) => {
                self.post(at, back(Channel { client: from, epoch }, correlation, Body::Failed(error)));
            }
            Departure::Resets(channel, at) => {
                self.close_later(at, Closing { to: from, server: to, channel, how: Disconnection::Reset });
            }
        }
    }

    /// An answer leaves a server for a client.
    pub(super) fn answer_over(
        &mut self,
        server: Address,
        channel: Channel,
        correlation: Correlation,
        body: Body,
        leave: SimTime,
    ) {
        let to = channel.client;
        let way = self.way(server, to, bytes(&body));
        match self.network.answer(leave, server, channel, way) {
            Some(Departure::Arrives { at, .. }) => {
                let at = at + self.handling_of(to, &body);
                self.post(at, Envelope { from: server, to, channel, correlation, body });
            }
            Some(Departure::Stalls(_)) => {
                let what = Freight::Message(Envelope { from: server, to, channel, correlation, body });
                self.links.stall(Stalled { from: server, to, channel, since: leave, what });
            }
            _ => self.reuse(body),
        }
    }

    /// Threads with a queue of their own take these: the broker says itself how long they need.
    fn handling_of(&mut self, to: Address, body: &Body) -> SimDuration {
        match body {
            Body::Send(_) | Body::SendBack(_) | Body::RetrySend(_) => SimDuration::ZERO,
            Body::HaReport(_) | Body::HaFrame(_) | Body::DLedger(_) => SimDuration::ZERO,
            body => self.handling(to, matches!(body, Body::Pull(_))),
        }
    }

    /// A lost answer's batch can be used again.
    pub(super) fn reuse(&mut self, body: Body) {
        if let Body::PullReply(mut reply) = body {
            reply.batch.clear();
            self.out.spare_batches.push(reply.batch);
        }
    }

    /// Whether a message finds the process it is for; otherwise it waits or is gone.
    pub(super) fn admit(&mut self, place: u32, event: Event) -> bool {
        let Some(envelope) = self.mail.peek(place) else { return false };
        let (from, to, channel) = (envelope.from, envelope.to, envelope.channel);
        if self.power(to) == Power::Frozen && self.parks(to, event) {
            return false;
        }
        let finds = if channel.client == to {
            self.network.is_of_process(from, channel) && !matches!(self.power(to), Power::Down | Power::Gone)
        } else {
            // What comes over a connection that the server has closed itself is not read.
            let open = self.network.server_activity(to, channel).is_some();
            open && self.power(to) == Power::Up && self.network.opened_to(to, channel) == Some(self.starts(to))
        };
        if !finds && let Some(envelope) = self.mail.take(place) {
            self.reuse(envelope.body);
        }
        finds
    }

    /// A server's thread that closes a connection comes after those that handle what came over it, as a rule.
    fn close_later(&mut self, at: SimTime, closing: Closing) {
        let at = if closing.to == closing.server { at + self.handling(closing.to, false) } else { at };
        let place = self.closings.put(closing);
        self.queue.push(at, Event::Closed(place));
    }

    /// The news that an end is closed leaves for the other end.
    pub(super) fn tell_closed(&mut self, closing: Closing) {
        let from = if closing.to == closing.server { closing.channel.client } else { closing.server };
        let latency = self.network.latency(closing.channel.client, closing.server);
        if self.links.blocks(from, closing.to) {
            let (to, channel) = (closing.to, closing.channel);
            self.links.stall(Stalled { from, to, channel, since: self.now, what: Freight::Close(closing) });
        } else {
            self.close_later(self.now + latency, closing);
        }
    }

    /// A node learns that the other end of a connection is closed.
    pub(super) fn closed_somewhere(&mut self, place: u32, event: Event) {
        let Some(Closing { to, server, channel, how }) = self.closings.peek(place).copied() else { return };
        match self.power(to) {
            Power::Frozen => {
                match to {
                    Address::Consumer(instance) => self.processes[instance.at()].parked.push(event),
                    to => drop(self.parks(to, event)),
                }
                return;
            }
            Power::Down | Power::Gone => {
                self.closings.take(place);
                return;
            }
            Power::Up => {}
        }
        self.closings.take(place);
        if to == channel.client {
            if self.network.is_open(server, channel) {
                self.network.close_client_end(to, server);
                self.observe(Fact::Disconnected { client: to, server, how });
                self.client_closed(to, server, how);
            }
        } else if self.network.close_server_end(server, channel) {
            self.server_closed(server, channel, how == Disconnection::Idle);
        }
    }

    /// A client closes its connection to a server.
    pub(super) fn client_closes(&mut self, client: Address, server: Address) {
        if let Some(channel) = self.network.close_client_end(client, server) {
            self.observe(Fact::Disconnected { client, server, how: Disconnection::CallTimeout });
            if self.power(server) != Power::Gone {
                self.tell_closed(Closing { to: server, server, channel, how: Disconnection::Closed });
            }
        }
    }

    /// A server closes a connection.
    pub(super) fn server_closes(&mut self, server: Address, channel: Channel, how: Disconnection) {
        if self.network.close_server_end(server, channel) && self.power(channel.client) != Power::Gone {
            self.tell_closed(Closing { to: channel.client, server, channel, how });
        }
    }

    /// Was there any traffic on a connection whose other end does not answer? If not, the server closes it.
    pub(super) fn check_silence(&mut self, server: Address, channel: Channel) {
        let event = Event::Idle(server, channel);
        let client = channel.client;
        let whole = !self.links.blocks(client, server) && !self.links.blocks(server, client);
        let Some(last) = self.network.server_activity(server, channel) else { return };
        let alive = self.network.is_open(server, channel) && self.power(client) == Power::Up && whole;
        if alive || self.parks(server, event) {
            return;
        }
        let idle_at = last + CHANNEL_MAX_IDLE_TIME;
        if idle_at > self.now {
            self.queue.push(idle_at, event);
            return;
        }
        self.server_closes(server, channel, Disconnection::Idle);
        self.server_closed(server, channel, true);
    }

    /// Looks at a client's connections when they can first have been idle for too long.
    pub(super) fn watch_silence(&mut self, client: Address) {
        for (server, channel, last) in self.network.connections_from(client) {
            self.queue.push((last + CHANNEL_MAX_IDLE_TIME).max(self.now), Event::Idle(server, channel));
        }
    }

    /// What waited for links goes on where they are whole again.
    pub(super) fn release_stalled(&mut self) {
        for (at, Stalled { to, channel, what, from, .. }) in self.links.release(self.now) {
            let up = channel.client == from;
            let server = if up { to } else { from };
            let Some(arrival) = self.network.resume(at, server, channel, up) else { continue };
            match what {
                Freight::Close(closing) => self.close_later(arrival, closing),
                Freight::Message(envelope) => {
                    let handling = self.handling_of(to, &envelope.body);
                    self.post(arrival + handling, envelope);
                }
            }
        }
    }
}

/// Bytes of a body on the wire, for slow links.
fn bytes(body: &Body) -> u64 {
    match body {
        Body::Send(request) => SMALL + u64::from(request.draft.size),
        Body::PullReply(reply) => SMALL + reply.batch.iter().map(|pulled| u64::from(pulled.message.size)).sum::<u64>(),
        Body::HaFrame(frame) => 12 + frame.size,
        Body::DLedger(message) => message.bytes(),
        _ => SMALL,
    }
}
