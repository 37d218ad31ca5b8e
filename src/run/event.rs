//! What can happen, small enough to be copied; what is larger waits in a slab.

use crate::node::fact::Disconnection;
use crate::node::outbox::{Task, Timer, Wake};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::SendRequest;
use crate::store::ids::{BrokerIx, InstanceIx, ProducerIx};

/// What can happen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// The message in this place of the mail is handled by its receiver.
    Deliver(u32),
    /// A timer of a node.
    Timer(Address, Timer),
    /// A consumer's pull thread takes a pull request.
    Pull(InstanceIx, u32),
    /// A consumer is woken.
    Wake(InstanceIx, Wake),
    /// A consumer mends an illegal offset.
    FixOffset(InstanceIx, u32),
    /// A broker's task is due, unless its process has ended since: how often it had started.
    Task(BrokerIx, Task, u32),
    /// A broker's dispatch loop has something for held pulls of a local queue.
    Dispatch(BrokerIx, u32),
    /// A node learns that a connection is closed.
    Closed(u32),
    /// Has this connection of a frozen client been idle for too long?
    Idle(Address, Channel),
    /// The next calls or appends of a producer.
    Sends(ProducerIx),
    /// A refusal arrives at a producer.
    Refused(u32),
    /// The answer to a half message arrives at its producer.
    HalfStored(u32),
    /// A producer's transaction is over: its end leaves.
    EndTransaction(u32),
    /// An action of the timeline.
    Action(u32),
    /// A node's process starts.
    Start(Address),
    /// An autoscaler looks at its group.
    Autoscale(u32),
    /// A sample of the series.
    Sample,
    /// Consumed messages are given back.
    Retention,
    /// The brokers' stores are looked at.
    Image,
}

/// A close on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    pub(super) to: Address,
    pub(super) server: Address,
    pub(super) channel: Channel,
    pub(super) how: Disconnection,
}

/// The answer to a half message on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredHalf {
    pub(super) producer: ProducerIx,
    pub(super) request: SendRequest,
    pub(super) half_offset: u64,
    pub(super) physical: u64,
}
