//! What a consumer is made of and what it counts.

use std::rc::Rc;

use crate::kernel::rng::Stream;
use crate::node::config::ConsumerConfig;
use crate::node::deployment::Deployment;
use crate::protocol::directory::Directory;
use crate::store::ids::{BrokerIx, ExpressionIx, GroupIx, InstanceIx, NameserverIx, QueueIx, TopicIx};

/// What a consumer process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// No process.
    Absent,
    /// `start()` was called; the client instance is not up yet.
    Starting,
    /// The client instance is up.
    Running,
    /// `shutdown()` is unregistering.
    Stopping,
}

/// Counts of a consumer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Pulls answered with messages.
    pub pulls_found: u64,
    /// Pulls answered without.
    pub pulls_empty: u64,
    /// Pulls put off by flow control.
    pub flow_controlled: u64,
    /// Notices received.
    pub notices: u32,
    /// Rebalances of a topic.
    pub rebalances: u32,
    /// Of them, those that changed something.
    pub rebalances_changed: u32,
}

/// What `shutdown()` has still to do, each list from its end.
#[derive(Debug, Default)]
pub(super) struct Farewell {
    pub(super) unlock: Vec<(BrokerIx, Vec<QueueIx>)>,
    pub(super) offsets: Vec<(QueueIx, u64)>,
    pub(super) unregister: Vec<BrokerIx>,
}

/// What a consumer is made of.
#[derive(Debug)]
pub struct ConsumerParts {
    /// Who it is.
    pub me: InstanceIx,
    /// Its group.
    pub group: GroupIx,
    /// Topics it subscribes to, ascending.
    pub topics: Vec<TopicIx>,
    /// The expression of each of them.
    pub expressions: Vec<ExpressionIx>,
    /// Settings.
    pub config: ConsumerConfig,
    /// Names of queues.
    pub directory: Rc<Directory>,
    /// How the cluster is set up.
    pub deployment: Rc<Deployment>,
    /// The nameservers it knows.
    pub nameservers: Vec<NameserverIx>,
    /// Draws of the client itself: nameserver, broker asked, hand-over times.
    pub stream: Stream,
    /// Draws of the listener's time.
    pub service_stream: Stream,
}
