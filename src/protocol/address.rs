//! Who a request comes from and goes to.

use serde::Serialize;

use super::{BrokerIx, InstanceIx, NameserverIx, ProducerIx};

/// A node's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Address {
    /// A nameserver.
    Nameserver(NameserverIx),
    /// A broker process.
    Broker(BrokerIx),
    /// A producer's client instance.
    Producer(ProducerIx),
    /// A consumer's client instance.
    Consumer(InstanceIx),
}

/// One TCP connection as the server sees it. A client that reconnects comes over a new channel, so a table keyed by
/// channel (`ConsumerGroupInfo#channelInfoTable`) tells the old connection from the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel {
    /// The client's end.
    pub client: Address,
    /// Counts the connections of this client to this server.
    pub epoch: u32,
}
