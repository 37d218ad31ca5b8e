//! Facts: what nodes report about themselves. The only feed of observers, traces and narration.

use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Address;
use crate::protocol::message::CallError;
use crate::store::catalog::{Origin, TransactionOutcome};
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, NameserverIx, ProducerIx, QueueIx, TopicIx};

/// A fact with its time.
#[derive(Clone, Debug, PartialEq)]
pub struct FactRecord {
    /// When.
    pub at: SimTime,
    /// What.
    pub fact: Fact,
}

/// Why a rebalance ran (`RebalanceService#wakeup` callers and its own wait).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RebalanceTrigger {
    /// End of `start()`.
    Start,
    /// `NOTIFY_CONSUMER_IDS_CHANGED` from this broker.
    Notice(BrokerIx),
    /// The 20 s wait ran out.
    Timer,
    /// An offset reset is done (`DefaultMQPushConsumerImpl#resume`).
    Reset,
}

/// How a consumer process ended or paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKind {
    /// `shutdown()`.
    Graceful,
    /// `kill -9`.
    Killed,
    /// Paused; its connections stay open.
    Frozen,
}

/// Why a broker forgot a client (`ClientHousekeepingService`, `ConsumerManager`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryCause {
    /// `UNREGISTER_CLIENT`.
    Unregistered,
    /// The connection was closed by the client's side.
    ChannelClosed,
    /// No read and no write for 120 s: the broker closed the connection and told the others.
    ChannelIdle,
    /// The 10 s scan found the last heartbeat older than 120 s; nobody is told.
    ScanExpired,
}

/// Why a message was delivered to the listener again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DuplicateCause {
    /// Two members owned the queue at the same time.
    DoubleOwner,
    /// The former owner had it in its cache or listener when it gave the queue up in good order.
    InFlightAtRevoke,
    /// The former owner died before it had persisted its offset.
    NotPersistedAtDeath,
    /// A member committed an old offset over a newer one (a thawed process, a shared client id).
    OffsetWentBack,
    /// The group's offset was set back on purpose.
    OffsetReset,
    /// A broadcasting member came back without its offset file and began where its configuration says.
    StartedOver,
}

/// What a broker made of a request to reset a group's offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetAnswer {
    /// The offsets were sent to so many members.
    Sent {
        /// Members.
        members: u32,
    },
    /// Refused: the group has never stored an offset of this queue.
    NoOffset(QueueIx),
    /// Refused: no member is connected.
    NotOnline,
}

/// How a node's process ended or paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeStop {
    /// In good order; the process is gone now.
    Graceful,
    /// A graceful shutdown has begun.
    ShuttingDown,
    /// `kill -9`.
    Killed,
    /// Paused; its connections stay open.
    Frozen,
    /// With its host.
    HostLost {
        /// And its disk.
        disk_lost: bool,
    },
}

/// How a connection ended for one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnection {
    /// The other end closed it (FIN).
    Closed,
    /// It was reset (RST).
    Reset,
    /// Nothing was read or written for 120 s.
    Idle,
    /// This end closed it because a call ran into its timeout.
    CallTimeout,
}

/// What a client calls a server for, as far as failures are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// Route poll.
    Route,
    /// Heartbeat.
    Heartbeat,
    /// Pull.
    Pull,
    /// Send.
    Send,
    /// Member list.
    Members,
    /// Offset query.
    Offset,
    /// Queue locks.
    Lock,
    /// Send-back.
    SendBack,
    /// Unregistration.
    Unregister,
    /// Registration of a broker.
    Register,
    /// Slave synchronisation.
    Sync,
}

/// What a broker process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleNow {
    /// Takes sends.
    Master,
    /// Does not.
    Slave,
}

/// What a member of a Raft group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaftRoleNow {
    /// `LEADER`.
    Leader,
    /// `FOLLOWER`.
    Follower,
    /// `CANDIDATE`.
    Candidate,
}

/// What happened. Fields are named for what they hold.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// An action of the timeline took effect; index into the plan's timeline.
    Action(u32),
    /// A consumer called `start()`.
    ClientStarted { instance: InstanceIx, group: GroupIx, client: ClientIx },
    /// A consumer process ended or froze.
    ClientStopped { instance: InstanceIx, group: GroupIx, client: ClientIx, how: StopKind },
    /// A frozen consumer goes on.
    ClientThawed { instance: InstanceIx, group: GroupIx, client: ClientIx },
    /// A rebalance of one topic finished. `members` is what the asked broker answered (`None`: no answer, no change);
    /// `queues` the number of queues in the client's view.
    Rebalanced {
        instance: InstanceIx,
        group: GroupIx,
        client: ClientIx,
        topic: TopicIx,
        trigger: RebalanceTrigger,
        asked: Option<BrokerIx>,
        members: Option<u32>,
        queues: u32,
        gained: u32,
        lost: u32,
    },
    /// Process queues were created; all of one topic and broker.
    Assigned {
        instance: InstanceIx,
        group: GroupIx,
        client: ClientIx,
        topic: TopicIx,
        broker: BrokerIx,
        queues: Vec<QueueIx>,
    },
    /// Process queues were dropped; all of one topic and broker.
    Revoked {
        instance: InstanceIx,
        group: GroupIx,
        client: ClientIx,
        topic: TopicIx,
        broker: BrokerIx,
        queues: Vec<QueueIx>,
    },
    /// A client stored a changed route of a topic: queue counts it now believes in (readable queues).
    RouteChanged { owner: RouteOwner, topic: TopicIx, queues: u32 },
    /// A broker told a member that the group changed, and the notice arrived.
    MembersChangedNotice { instance: InstanceIx, group: GroupIx, client: ClientIx, broker: BrokerIx },
    /// A registration reached a nameserver.
    BrokerRegistered { nameserver: NameserverIx, broker: BrokerIx, changed: bool },
    /// A nameserver forgot a broker.
    BrokerExpired { nameserver: NameserverIx, broker: BrokerIx },
    /// A broker's member table got a new channel.
    ClientRegistered { broker: BrokerIx, group: GroupIx, instance: InstanceIx, client: ClientIx, members: u32 },
    /// A broker forgot a client.
    ClientExpired {
        broker: BrokerIx,
        group: GroupIx,
        instance: InstanceIx,
        client: ClientIx,
        cause: ExpiryCause,
        notified: u32,
    },
    /// A member sent its offsets of this many queues to a broker.
    OffsetsPersisted { instance: InstanceIx, group: GroupIx, client: ClientIx, broker: BrokerIx, queues: u32 },
    /// A broker's stored offset moved backwards.
    OffsetWentBack { instance: InstanceIx, group: GroupIx, queue: QueueIx, from: u64, to: u64 },
    /// A broker gave the lock of a queue to a member that did not hold it. `group` is the name it was asked under.
    LockTaken { broker: BrokerIx, group: GroupIx, queue: QueueIx, instance: InstanceIx, client: ClientIx },
    /// The lock ended: it was given back, or it had expired before somebody asked for it. It kept others out `until` then.
    LockLost { broker: BrokerIx, group: GroupIx, queue: QueueIx, client: ClientIx, until: SimTime, expired: bool },
    /// A member asked for a lock that another client id holds.
    LockDenied {
        broker: BrokerIx,
        group: GroupIx,
        queue: QueueIx,
        instance: InstanceIx,
        client: ClientIx,
        holder: ClientIx,
    },
    /// The first pull under a queue's lock begins elsewhere than the rebalance had found: somebody has stored an offset since.
    PullMoved { instance: InstanceIx, group: GroupIx, client: ClientIx, queue: QueueIx, from: u64, to: u64 },
    /// A broker was asked to reset a group's offsets of a topic.
    ResetAsked { broker: BrokerIx, group: GroupIx, topic: TopicIx, answer: ResetAnswer },
    /// A member has set a queue's offset as it was told; `from` is the one it had.
    OffsetReset { instance: InstanceIx, group: GroupIx, client: ClientIx, queue: QueueIx, from: Option<u64>, to: u64 },
    /// Messages of one key were not handled in the order they were stored in: `later` was given to a listener although
    /// `earlier` was not yet done with, or before it.
    OrderViolation { instance: InstanceIx, group: GroupIx, queue: QueueIx, key: u32, earlier: u64, later: u64 },
    /// A topic's queue counts changed on a broker.
    QueuesChanged { topic: TopicIx, broker: BrokerIx, read: u32, write: u32 },
    /// A producer's rate was set (messages per second).
    RateChanged { producer: ProducerIx, rate: f64 },
    /// A group's service time was set.
    ServiceTimeChanged { group: GroupIx },
    /// `--trace messages`: a member's heartbeat left for a broker.
    HeartbeatSent { instance: InstanceIx, group: GroupIx, client: ClientIx, broker: BrokerIx },
    /// `--trace messages`: a `send()` call.
    Sent { producer: ProducerIx, queue: QueueIx, message: u64 },
    /// `--trace messages`: appended.
    Stored { queue: QueueIx, offset: u64, physical: u64, size: u32 },
    /// `--trace messages`: a batch arrived at a client.
    Pulled { instance: InstanceIx, group: GroupIx, queue: QueueIx, from: u64, count: u32 },
    /// `--trace messages`: the listener returned.
    Consumed {
        instance: InstanceIx,
        group: GroupIx,
        queue: QueueIx,
        offset: u64,
        started: SimTime,
        latency: SimDuration,
    },
    /// `--trace messages`: a member's pull went past a message that a filter took out.
    FilteredOut { instance: InstanceIx, group: GroupIx, queue: QueueIx, offset: u64, by_client: bool, wanted: bool },
    /// `--trace messages`: the listener was given a message it (or another member) had been given before.
    Duplicate { instance: InstanceIx, group: GroupIx, queue: QueueIx, offset: u64, cause: DuplicateCause },
    /// `--trace messages`: a transaction went a step further.
    Transaction { broker: BrokerIx, origin: Origin, step: TransactionStep },
    /// `--trace messages`: a listener call failed with a message that had been tried `attempt` times before.
    ListenerFailed { instance: InstanceIx, group: GroupIx, queue: QueueIx, offset: u64, attempt: u16 },
    /// `--trace messages`: no broker took a failed message back; it stays in the process queue and is tried again after 5 s.
    LocalRetry { instance: InstanceIx, group: GroupIx, queue: QueueIx, offset: u64, attempt: u16 },
    /// `--trace messages`: a message was in the listener for longer than `consumeTimeout`; it is sent back and leaves the
    /// process queue, while the listener goes on.
    ConsumeTimedOut { instance: InstanceIx, group: GroupIx, queue: QueueIx, offset: u64, waited: SimDuration },
    /// `--trace messages`: a broker took back the record at `from`; `origin` is the message it is a copy of. The next attempt
    /// is number `attempt` and due at `due`.
    SentBack { broker: BrokerIx, group: GroupIx, origin: Origin, from: Origin, attempt: u16, level: u8, due: SimTime },
    /// `--trace messages`: the schedule service delivered the record at `from` of its topic to `to`, this late.
    DelayDelivered { broker: BrokerIx, level: u8, origin: Origin, from: Origin, to: Origin, late: SimDuration },
    /// `--trace messages`: a message was stored among the dead letters of a group, after so many attempts.
    DeadLettered { broker: BrokerIx, group: GroupIx, origin: Origin, to: Origin, attempts: u16 },
    /// A nameserver's, broker's or producer's process ended or paused (a consumer's says so itself).
    NodeStopped { node: Address, how: NodeStop },
    /// It runs (again); `kept` is how far a broker's commit log reaches after its recovery.
    NodeStarted { node: Address, kept: Option<u64> },
    /// A frozen one goes on.
    NodeThawed { node: Address },
    /// A rule of the plan's links begins or ends.
    LinkChanged { rule: u32, on: bool },
    /// A node learnt that its connection to a server is gone.
    Disconnected { client: Address, server: Address, how: Disconnection },
    /// A client's call of a server got no answer in time.
    CallTimedOut { client: Address, server: Address, what: CallKind, waited: SimDuration },
    /// A client could not connect to a server.
    ConnectFailed { client: Address, server: Address, error: CallError },
    /// A client changed its mind about who is the master of a broker name.
    MasterSeen { client: Address, name: BrokerIx, master: Option<BrokerIx> },
    /// A consumer's pulls of a broker name go to another process from now on.
    PullsFrom { instance: InstanceIx, group: GroupIx, name: BrokerIx, process: BrokerIx },
    /// A broker process was given a broker id and role (a Raft group's by its leader).
    RoleChanged { broker: BrokerIx, role: RoleNow, term: u64 },
    /// A member of a Raft group changed its role in the group, before the broker on top follows.
    RaftRole { broker: BrokerIx, role: RaftRoleNow, term: u64 },
    /// A slave's connection to its master.
    Replicating { slave: BrokerIx, master: BrokerIx, connected: bool },
    /// Records were cut off from a broker's log: bytes from the position `to` on.
    LogCut { broker: BrokerIx, from: u64, to: u64, messages: u64, acknowledged: u64 },
    /// A slave took over the master's offsets, this many of which went back.
    OffsetsTakenOver { slave: BrokerIx, entries: u32, back: u32 },
    /// A broker's disk crossed a threshold: percent in use, and whether it takes writes.
    DiskLevel { broker: BrokerIx, percent: u8, writable: bool },
    /// A broker deleted old commit log files: the log begins at this position now.
    FilesDeleted { broker: BrokerIx, min: u64 },
    /// A broker began or ceased to refuse sends because it is busy.
    Busy { broker: BrokerIx, busy: bool },
    /// A producer avoids a broker name for a time (`LatencyFaultTolerance`).
    Avoided { producer: ProducerIx, name: BrokerIx, latency: SimDuration, lasts: SimDuration },
    /// A topic was created by a first send.
    TopicCreated { broker: BrokerIx, topic: TopicIx, queues: u32 },
    /// An autoscaler changed the number of members it wants.
    Scaled { group: GroupIx, from: u32, to: u32, lag: u64 },
    /// A send call failed for good.
    SendFailed { producer: ProducerIx, message: u64 },
}

/// A step in the life of a half message, which its first record names.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStep {
    /// The half message is stored.
    Begun,
    /// The producer's local transaction is over.
    Local { outcome: TransactionOutcome },
    /// The request that ends it got lost.
    EndLost,
    /// It was put back and a producer asked about it, if there was one to ask; so many times so far.
    Checked { times: u8, asked: bool },
    /// The producer answers a check.
    Answered { outcome: TransactionOutcome },
    /// The message is in its real queue.
    Committed { queue: QueueIx, offset: u64, from_check: bool },
    /// Nobody will see it.
    RolledBack { from_check: bool },
    /// Given up after too many checks.
    Discarded,
}

/// Whose route it is.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteOwner {
    /// A consumer's.
    Consumer { instance: InstanceIx, group: GroupIx, client: ClientIx },
    /// A producer's.
    Producer(ProducerIx),
}
