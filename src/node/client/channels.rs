//! The connections of a client instance as it knows them, and its choice of a nameserver (`NettyRemotingClient`). In a plan
//! in which nothing but consumers can fail only the choice matters.

use super::instance::ClientInstance;
use super::threads::Thread;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::{CallKind, Disconnection, Fact, RouteOwner};
use crate::node::outbox::{Effect, Outbox};
use crate::protocol::address::Address;
use crate::protocol::message::CallError;
use crate::store::ids::NameserverIx;

/// `connectTimeoutMillis`.
pub(super) const CONNECT_TIMEOUT: SimDuration = SimDuration::from_secs(3);
/// The network says at the latest so long after [`CONNECT_TIMEOUT`] that there is no connection; nobody waits for longer.
pub(super) const CONNECT_GRACE: SimDuration = SimDuration::from_millis(100);
/// `NettyRemotingClient#start`: first look for asynchronous calls that are overdue, and the distance of the next ones.
const SCAN_INITIAL_DELAY: SimDuration = SimDuration::from_secs(3);
const SCAN_INTERVAL: SimDuration = SimDuration::from_secs(1);

/// A connection to a server: the calls that left over it share its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelId {
    /// Server.
    pub server: Address,
    epoch: u32,
}

/// Connections, and the choice of a nameserver.
#[derive(Debug, Default)]
pub(super) struct Channels {
    /// The open ones.
    pub(super) open: Vec<ChannelId>,
    pub(super) epochs: u32,
    /// Connections that ended in a way that fails all calls over them; the owner has not looked yet.
    pub(super) reset: Vec<ChannelId>,
    /// The address list in its shuffled order and the index of the choice (`NettyRemotingClient#namesrvIndex`).
    pub(super) nameservers: Vec<NameserverIx>,
    pub(super) next_nameserver: usize,
    pub(super) chosen: Option<NameserverIx>,
}

impl Channels {
    /// The nameserver in use; sticky while its connection lives (`#getAndCreateNameserverChannel`).
    pub(super) fn nameserver(&mut self) -> Address {
        let chosen = *self.chosen.get_or_insert_with(|| {
            self.next_nameserver += 1;
            self.nameservers[self.next_nameserver % self.nameservers.len()]
        });
        Address::Nameserver(chosen)
    }

    /// A nameserver that was chosen is chosen anew at the next call.
    pub(super) fn forget_choice(&mut self, server: Address) {
        if let Address::Nameserver(nameserver) = server
            && self.chosen == Some(nameserver)
        {
            self.chosen = None;
        }
    }

    fn open(&mut self, server: Address) -> ChannelId {
        self.epochs += 1;
        let channel = ChannelId { server, epoch: self.epochs };
        self.open.retain(|known| known.server != server);
        self.open.push(channel);
        channel
    }

    fn close(&mut self, server: Address) -> Option<ChannelId> {
        let position = self.open.iter().position(|known| known.server == server)?;
        self.forget_choice(server);
        Some(self.open.swap_remove(position))
    }
}

impl ClientInstance {
    /// Its address.
    #[must_use]
    pub const fn address(&self) -> Address {
        match self.owner {
            RouteOwner::Consumer { instance, .. } => Address::Consumer(instance),
            RouteOwner::Producer(producer) => Address::Producer(producer),
        }
    }

    /// The open connection to a server, if there is one.
    #[must_use]
    #[inline]
    pub fn channel(&self, server: Address) -> Option<ChannelId> {
        self.channels.open.iter().find(|known| known.server == server).copied()
    }

    /// The nameserver in use.
    pub fn nameserver(&mut self) -> Address {
        self.channels.nameserver()
    }

    /// Connections that were there before the run.
    pub fn preset_channels(&mut self) {
        let brokers: Vec<Address> = self.brokers.addresses().map(|(_, process)| Address::Broker(process)).collect();
        for broker in brokers {
            self.channels.open(broker);
        }
    }

    /// A connection that this client wanted is there: calls that waited for it are on their way, and their timeouts count
    /// from their beginning.
    pub fn on_connected(&mut self, now: SimTime, server: Address, out: &mut Outbox) -> ChannelId {
        let channel = self.channels.open(server);
        for thread in Thread::ALL {
            self.connected_thread(now, thread, channel, out);
        }
        channel
    }

    /// The connection to `server` is gone. Calls over it hear of it only when it was reset: after a FIN they wait for their
    /// timeouts.
    pub fn on_closed(&mut self, now: SimTime, server: Address, how: Disconnection, out: &mut Outbox) {
        self.channels.forget_choice(server);
        if !out.fallible {
            return;
        }
        let closed = self.channels.close(server);
        if let Some(channel) = closed
            && how == Disconnection::Reset
        {
            self.fail_channel(now, channel, out);
        }
    }

    /// A synchronous call got no answer in time: its connection is closed (`clientCloseSocketIfTimeout`), unless it has been
    /// replaced since, and with it all other calls over it fail.
    pub fn on_call_timed_out(
        &mut self,
        now: SimTime,
        (server, channel): (Address, Option<ChannelId>),
        (what, waited): (CallKind, SimDuration),
        out: &mut Outbox,
    ) {
        self.tell_timed_out(server, what, waited, out);
        if channel.is_none() || self.channel(server) != channel {
            return;
        }
        if let Some(channel) = self.channels.close(server) {
            out.effects.push(Effect::Disconnect(server));
            self.fail_channel(now, channel, out);
        }
    }

    /// A call got no answer in time.
    pub fn tell_timed_out(&self, server: Address, what: CallKind, waited: SimDuration, out: &mut Outbox) {
        out.fact(Fact::CallTimedOut { client: self.address(), server, what, waited });
    }

    /// A request could not be brought to a server.
    pub fn tell_failed(&self, server: Address, error: CallError, out: &mut Outbox) {
        if error != CallError::Reset {
            out.fact(Fact::ConnectFailed { client: self.address(), server, error });
        }
    }

    /// `failFast`: every call over this connection fails at once; those of the threads here, the owner's own when it asks.
    fn fail_channel(&mut self, now: SimTime, channel: ChannelId, out: &mut Outbox) {
        for thread in Thread::ALL {
            self.reset_thread(now, thread, channel, out);
        }
        self.channels.reset.push(channel);
    }

    /// A connection whose calls the owner has to give up, one at a time.
    pub fn take_reset(&mut self) -> Option<ChannelId> {
        self.channels.reset.pop()
    }

    /// When the scanner of asynchronous calls notices that one of them, begun at `began`, has run into its timeout
    /// (`NettyRemotingAbstract#scanResponseTable`): at its first run at least a second after.
    #[must_use]
    pub fn noticed_at(&self, began: SimTime, timeout: SimDuration) -> SimTime {
        let due = began + timeout + SimDuration::from_secs(1);
        let first = self.started + SCAN_INITIAL_DELAY;
        let late = due.since(first).as_nanos().div_ceil(SCAN_INTERVAL.as_nanos());
        if due <= first { first } else { first + SCAN_INTERVAL * late }
    }
}
