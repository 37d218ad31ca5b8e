//! Connections and latency. A client has one connection per server address and direction order is kept on it (one TCP
//! channel, `NettyRemotingClient#channelTables`): a lane. Opening one costs a round trip.

pub(super) mod failing;
pub(super) mod links;

use crate::kernel::dist::Sampler;
use crate::kernel::rng::{Stream, Streams};
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::{Address, Channel};
use crate::scenario::plan::NetworkPlan;
use crate::store::ids::{BrokerIx, InstanceIx, ProducerIx};

/// Both ends close a connection on which nothing was read or written for this long
/// (`serverChannelMaxIdleTimeSeconds`, `clientChannelMaxIdleTimeSeconds`).
pub(super) const CHANNEL_MAX_IDLE_TIME: SimDuration = SimDuration::from_secs(120);

/// A connection, seen from the network.
#[derive(Debug)]
struct Connection {
    server: Address,
    epoch: u32,
    /// The first epoch of the process that runs now.
    oldest: u32,
    /// Its client's end is open.
    open: bool,
    /// Its server's end is open (where servers can fail).
    server_open: bool,
    /// Which start of the server's process an epoch was opened to (where servers can fail).
    opened_to: Vec<(u32, u32)>,
    /// Until when an attempt to connect that fails is under way.
    connecting: SimTime,
    /// When the last byte left on a slow link, to the server and to the client.
    up_line: SimTime,
    down_line: SimTime,
    /// The latest arrival at the server and at the client: later messages arrive no earlier.
    up: SimTime,
    down: SimTime,
    last_activity: SimTime,
}

impl Connection {
    const fn closed(server: Address) -> Self {
        let fresh = SimTime::ZERO;
        Self {
            server,
            epoch: 0,
            oldest: 0,
            open: false,
            server_open: false,
            opened_to: Vec::new(),
            connecting: fresh,
            up_line: fresh,
            down_line: fresh,
            up: fresh,
            down: fresh,
            last_activity: fresh,
        }
    }
}

#[derive(Debug)]
struct ClientEnd {
    stream: Stream,
    connections: Vec<Connection>,
    /// Connections of a process that is gone with its host, which their servers still have open; with the last activity.
    left: Vec<(Address, Channel, SimTime)>,
}

/// All connections.
#[derive(Debug)]
pub(super) struct Network {
    client_broker: Sampler,
    client_nameserver: Sampler,
    broker_nameserver: Sampler,
    brokers: Vec<ClientEnd>,
    producers: Vec<ClientEnd>,
    consumers: Vec<ClientEnd>,
}

impl Network {
    /// A network without connections; each client end draws from its own stream.
    pub(super) fn new(
        plan: &NetworkPlan,
        streams: &Streams,
        brokers: impl Iterator<Item = String>,
        producers: impl Iterator<Item = String>,
        consumers: impl Iterator<Item = String>,
    ) -> Self {
        let end = |name: String| ClientEnd {
            stream: streams.stream(&name, "network"),
            connections: Vec::new(),
            left: Vec::new(),
        };
        Self {
            client_broker: plan.client_broker.sampler(),
            client_nameserver: plan.client_nameserver.sampler(),
            broker_nameserver: plan.broker_nameserver.sampler(),
            brokers: brokers.map(end).collect(),
            producers: producers.map(end).collect(),
            consumers: consumers.map(end).collect(),
        }
    }

    /// A message leaves a client for a server: the connection it takes and when it arrives.
    #[inline]
    pub(super) fn up(&mut self, now: SimTime, client: Address, server: Address) -> (Channel, SimTime) {
        let (end, law) = self.end(client, server);
        let index = match end.connections.iter().position(|connection| connection.server == server) {
            Some(index) => index,
            None => {
                end.connections.push(Connection::closed(server));
                end.connections.len() - 1
            }
        };
        let connection = &mut end.connections[index];
        let mut leave = now;
        if !connection.open {
            connection.open(0);
            let round_trip = law.sample(&mut end.stream) + law.sample(&mut end.stream);
            leave += SimDuration::from_nanos(round_trip);
        }
        let latency = SimDuration::from_nanos(law.sample(&mut end.stream));
        connection.up = connection.up.max(leave + latency);
        connection.last_activity = connection.up;
        (Channel { client, epoch: connection.epoch }, connection.up)
    }

    /// A message leaves a server for a client over this connection: when it arrives; `None` when the connection is closed.
    #[inline]
    pub(super) fn down(&mut self, now: SimTime, server: Address, channel: Channel) -> Option<SimTime> {
        let (end, law) = self.end(channel.client, server);
        let connection = end
            .connections
            .iter_mut()
            .find(|connection| connection.server == server && connection.open && connection.epoch == channel.epoch)?;
        let latency = SimDuration::from_nanos(law.sample(&mut end.stream));
        connection.down = connection.down.max(now + latency);
        connection.last_activity = now;
        Some(connection.down)
    }

    /// Whether a message that arrives at a client still belongs to its process: the connection was not opened by another one.
    /// What a server sent before it closed a connection is read although the client has opened a new one by then, as a process
    /// that was frozen for long does.
    #[must_use]
    pub(super) fn belongs(&self, server: Address, channel: Channel) -> bool {
        self.client_end(channel.client)
            .connections
            .iter()
            .any(|connection| connection.server == server && connection.oldest <= channel.epoch)
    }

    /// The server closes a connection; when the client's kernel sees it, after what is under way. `None` when it was closed.
    pub(super) fn close_by_server(&mut self, now: SimTime, server: Address, channel: Channel) -> Option<SimTime> {
        let (end, law) = self.end(channel.client, server);
        let connection = end
            .connections
            .iter_mut()
            .find(|connection| connection.server == server && connection.open && connection.epoch == channel.epoch)?;
        connection.open = false;
        let latency = SimDuration::from_nanos(law.sample(&mut end.stream));
        Some(connection.down.max(now + latency))
    }

    /// The client's process ends: all its connections are closed. Each server sees it after what is under way.
    pub(super) fn close_by_client(&mut self, now: SimTime, client: Address) -> Vec<(Address, Channel, SimTime)> {
        let servers: Vec<Address> = self.client_end(client).connections.iter().map(|open| open.server).collect();
        let mut closed = Vec::new();
        for server in servers {
            let (end, law) = self.end(client, server);
            let latency = SimDuration::from_nanos(law.sample(&mut end.stream));
            let Some(connection) = end.connections.iter_mut().find(|connection| connection.server == server) else {
                continue;
            };
            if connection.open {
                connection.open = false;
                let channel = Channel { client, epoch: connection.epoch };
                closed.push((server, channel, connection.up.max(now + latency)));
            }
            // What is still under way to the old process must not reach the next one.
            connection.epoch += 1;
            connection.oldest = connection.epoch;
        }
        closed
    }

    /// The open connections of a client with the time of their last traffic.
    #[must_use]
    pub(super) fn open_connections(&self, client: Address) -> Vec<(Address, Channel, SimTime)> {
        self.client_end(client)
            .connections
            .iter()
            .filter(|connection| connection.open)
            .map(|open| (open.server, Channel { client, epoch: open.epoch }, open.last_activity))
            .collect()
    }

    fn client_end(&self, client: Address) -> &ClientEnd {
        match client {
            Address::Broker(broker) => &self.brokers[broker.at()],
            Address::Producer(producer) => &self.producers[producer.at()],
            Address::Consumer(instance) => &self.consumers[instance.at()],
            Address::Nameserver(_) => unreachable!("a nameserver opens no connection"),
        }
    }

    fn client_end_mut(&mut self, client: Address) -> &mut ClientEnd {
        match client {
            Address::Broker(broker) => &mut self.brokers[broker.at()],
            Address::Producer(producer) => &mut self.producers[producer.at()],
            Address::Consumer(instance) => &mut self.consumers[instance.at()],
            Address::Nameserver(_) => unreachable!("a nameserver opens no connection"),
        }
    }

    /// All clients with what they have open.
    fn all_ends(&self) -> impl Iterator<Item = (Address, &ClientEnd)> {
        let brokers = self.brokers.iter().enumerate().map(|(at, end)| (Address::Broker(BrokerIx::new(at)), end));
        let producers =
            self.producers.iter().enumerate().map(|(at, end)| (Address::Producer(ProducerIx::new(at)), end));
        let consumers =
            self.consumers.iter().enumerate().map(|(at, end)| (Address::Consumer(InstanceIx::new(at)), end));
        brokers.chain(producers).chain(consumers)
    }

    #[inline]
    fn end(&mut self, client: Address, server: Address) -> (&mut ClientEnd, &Sampler) {
        let law = match (client, server) {
            (Address::Broker(_), _) => &self.broker_nameserver,
            (_, Address::Nameserver(_)) => &self.client_nameserver,
            _ => &self.client_broker,
        };
        let end = match client {
            Address::Broker(broker) => &mut self.brokers[broker.at()],
            Address::Producer(producer) => &mut self.producers[producer.at()],
            Address::Consumer(instance) => &mut self.consumers[instance.at()],
            Address::Nameserver(_) => unreachable!("a nameserver opens no connection"),
        };
        (end, law)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::dist::Distribution;

    const CLIENT: Address = Address::Consumer(InstanceIx(0));
    const BROKER: Address = Address::Broker(BrokerIx(0));

    fn network() -> Network {
        let law = Distribution::Constant(1);
        let plan = NetworkPlan { client_broker: law.clone(), client_nameserver: law.clone(), broker_nameserver: law };
        let none = std::iter::empty::<String>;
        Network::new(&plan, &Streams::new(1), none(), none(), std::iter::once("member".to_owned()))
    }

    #[test]
    fn what_came_before_the_server_closed_belongs_to_the_same_process_but_not_to_the_next() {
        let mut network = network();
        let (old, _) = network.up(SimTime::ZERO, CLIENT, BROKER);
        network.close_by_server(SimTime::from_secs(1), BROKER, old).unwrap();
        let (new, _) = network.up(SimTime::from_secs(2), CLIENT, BROKER);
        assert_ne!(old, new);
        assert!(network.belongs(BROKER, old) && network.belongs(BROKER, new));
        network.close_by_client(SimTime::from_secs(3), CLIENT);
        assert!(!network.belongs(BROKER, old) && !network.belongs(BROKER, new));
        let (next, _) = network.up(SimTime::from_secs(4), CLIENT, BROKER);
        assert!(network.belongs(BROKER, next));
    }
}
