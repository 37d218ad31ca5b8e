//! What a node is told and what it answers: the only ways in and out of a node.

use super::counters::Counters;
use super::fact::Fact;
use super::verdicts::Verdicts;
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::{Body, CallError, Correlation, EndTransaction, ResponseCode, SendStatus};
use crate::store::catalog::Catalog;
use crate::store::get_message::Pulled;
use crate::store::ids::{BrokerIx, ProducerIx, QueueIx};

/// The timers of all node kinds. A node has at most one deadline of each kind; arming it again moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Timer {
    /// Client: `start()` reaches its first request.
    Started,
    /// Client: next route poll, heartbeat or offset persist of the factory scheduler thread.
    Scheduler,
    /// Client: a synchronous call of the thread that runs `start()` or `shutdown()` timed out.
    MainCall,
    /// Client: a synchronous call of the scheduler thread timed out.
    SchedulerCall,
    /// Client: a synchronous call of the rebalance thread timed out.
    RebalanceCall,
    /// Consumer: the rebalance thread's wait of 20 s ends.
    RebalanceWait,
    /// Consumer: the rebalance thread has done its work on a topic's answers.
    RebalanceWork,
    /// Broker: next registration.
    Register,
    /// Broker: next scan of client channels.
    ClientScan,
    /// Broker: next check of held pulls.
    HoldCheck,
    /// Broker: next check of undecided half messages.
    TransactionCheck,
    /// Nameserver: next scan of brokers.
    BrokerScan,
    /// Broker: the next task of the schedule service has something to do.
    Schedule,
    /// Consumer: a listener call that fails returns, or a failed message is consumed again.
    ListenerReturn,
    /// Consumer: a broker has not answered a send-back.
    SendBackTimeout,
    /// Consumer: messages that are in the listener for too long are looked for.
    CleanExpired,
    /// Orderly consumer: all locks are renewed.
    LockAll,
    /// Client: asynchronous calls that have run into their timeout are looked for.
    CallSweep,
    /// Consumer: the pull thread's attempt to connect is over.
    PullConnect,
    /// Producer: a `send()` call has run out of time.
    SendTimeout,
    /// Broker: the main timer thread has something else to do than to register.
    BrokerTimer,
    /// Broker: a call of the main timer thread ran into its timeout.
    BrokerCall,
    /// Broker: the flush thread runs.
    Flush,
    /// Broker: requests that have waited for too long are refused.
    FastFailure,
    /// Broker: waits for flush and replicas are looked at.
    Waits,
    /// Broker: disk space is looked at.
    DiskCheck,
    /// Broker: old files are looked for.
    Clean,
    /// Slave: the replication client has something to do.
    HaClient,
    /// Master: the replication connections have something to do.
    HaServer,
    /// Broker: its Raft member has something to do.
    DLedger,
    /// Broker: its role change handler goes on.
    RoleChange,
    /// Broker: a step of its start or of its shutdown.
    Lifecycle,
}

/// Number of timer kinds.
pub const TIMERS: usize = Timer::Lifecycle as usize + 1;

/// What a broker is woken for beside its timers: there can be many at a time. Void when the process has ended since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A thread of the send pool is done with this request.
    Sent(u32),
    /// A frame has gone out to the slave of this replication connection.
    FrameSent(u32),
}

/// How a `send()` call ended for its caller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallEnd {
    /// Who.
    pub producer: ProducerIx,
    /// Number of the call.
    pub call: u64,
    /// When it was called.
    pub born: SimTime,
    /// Attempts beyond the first.
    pub retries: u32,
    /// What the caller was told.
    pub result: CallResult,
}

/// What the caller of `send()` was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CallResult {
    /// The message is stored: where, with which status, and how often that log had been cut.
    Stored {
        /// Queue.
        queue: QueueIx,
        /// Offset.
        offset: u64,
        /// Status.
        status: SendStatus,
        /// As in [`SendReply::Ok`](crate::protocol::message::SendReply).
        epoch: u32,
    },
    /// An exception. The message may be stored all the same.
    Failed(SendError),
    /// Nothing: a one-way send.
    Unknown,
}

/// Why a `send()` call failed: what its last attempt met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SendError {
    /// `No route info of this topic`.
    NoRoute,
    /// `RemotingTooMuchRequestException`: the budget of `sendMsgTimeout` was used up before an attempt.
    OutOfTime,
    /// No answer in time.
    Timeout,
    /// The network layer of the caller gave up.
    Call(CallError),
    /// The broker name has no master in `brokerAddrTable`.
    NoMaster,
    /// The broker refused.
    Code(ResponseCode),
    /// The queue does not exist at the broker.
    QueueIdIllegal,
    /// The record is bigger than a commit-log file.
    Lost,
    /// The producer's process ended first.
    ProcessEnded,
}

/// What a consumer is woken for beside its timers and pulls: there can be many of a kind at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The next step of an orderly consume request: the token of its process queue and the number of the step, by which a
    /// wake-up that is out of date is known.
    Consume(u32, u32),
    /// An asynchronous call of the consumer's has run into its timeout.
    Overdue(Correlation),
    /// A queue that was given up with cached messages is unlocked, unless the process has ended since: its number of starts.
    Unlock(QueueIx, u32),
    /// The pause within an offset reset is over: its number.
    Reset(u32),
}

/// One message's way through a consumer, reported once when its listener call is over.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// Queue.
    pub queue: QueueIx,
    /// Offset.
    pub offset: u64,
    /// `send()` call.
    pub born: SimTime,
    /// Append.
    pub stored: SimTime,
    /// Arrival at the client.
    pub pulled: SimTime,
    /// The listener is called.
    pub start: SimTime,
    /// The listener returns.
    pub end: SimTime,
    /// Number of the message's key.
    pub key: u32,
    /// Handle in the catalog.
    pub class: u32,
    /// What became of it.
    pub fate: Fate,
}

/// A run of offsets that a pull went past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Queue.
    pub queue: QueueIx,
    /// First.
    pub from: u64,
    /// After the last.
    pub to: u64,
    /// The client dropped them by its own subscription; else the broker did by the group's.
    pub by_client: bool,
}

/// How a listener call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It returned and the message left the process queue.
    Acknowledged,
    /// It returned after the queue had been dropped: the result is ignored.
    Ignored,
    /// It was cut off with its process; the rest of the times is void.
    CutOff,
    /// It failed; the message stays the consumer's until it is given away or consumed again.
    Failed,
    /// No call: a failed message left the process queue because a broker has taken it over.
    SentBack,
    /// It failed, and a broadcasting member leaves it at that.
    Dropped,
}

/// What a node wants done.
#[derive(Debug)]
pub enum Effect {
    /// Send a request to a server over this client's connection to it, opening one if there is none.
    Send {
        /// Server.
        to: Address,
        /// For the answer.
        correlation: Correlation,
        /// Content.
        body: Body,
        /// Leaves after this time (a hand-over to another thread).
        after: SimDuration,
    },
    /// Answer, or push to a client, over the connection it came by. Lost if that is closed.
    Reply {
        /// Connection.
        channel: Channel,
        /// Which request it answers.
        correlation: Correlation,
        /// Content.
        body: Body,
        /// Leaves after this time (handling).
        after: SimDuration,
    },
    /// Wake me with this timer at this time.
    Arm(Timer, SimTime),
    /// Do not wake me with this timer.
    Disarm(Timer),
    /// Consumer: run the pull request of this process queue at this time.
    PullAt(u32, SimTime),
    /// Consumer: wake me for this at this time.
    WakeAt(Wake, SimTime),
    /// Consumer: handle this process queue's illegal offset at this time.
    FixOffsetAt(u32, SimTime),
    /// Broker: what was appended to this local queue is dispatched at this time; wake its held pulls.
    DispatchAt(u32, SimTime),
    /// Broker: wake me for this at this time.
    TaskAt(Task, SimTime),
    /// Producer: a transaction's end leaves for this broker at this time.
    EndTransactionAt(BrokerIx, EndTransaction, SimTime),
    /// Server: close the connection.
    CloseChannel(Channel),
    /// Client: close the connection to this server (`RemotingUtil#closeChannel`).
    Disconnect(Address),
    /// Broker: records of the store were cut off: of each local queue, from which offset on. The commit log's epoch is this now.
    Cut {
        /// Queues by local position with the first offset that is gone and how many are.
        queues: Vec<(u32, u64, u64)>,
        /// Number of cuts so far.
        epoch: u32,
    },
    /// Broker: this process is the one whose log counts for the broker name from now on.
    Leads,
    /// Client: all connections are closed; the process is gone.
    Exit,
    /// Record.
    Fact(Fact),
}

/// A record that a broker has stored elsewhere than where it was sent: copies, and messages that wait for their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Queue.
    pub queue: QueueIx,
    /// Queue offset.
    pub offset: u64,
    /// Position in the commit log.
    pub physical: u64,
    /// Bytes of the record.
    pub size: u32,
    /// `storeTimestamp`.
    pub at: SimTime,
    /// It is one more record of a message that is already stored.
    pub copy: bool,
}

/// A send that a broker has stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSend {
    /// Who sent it.
    pub producer: ProducerIx,
    /// Number of the `send()` call.
    pub call: u64,
    /// Where it lies: a half message in the half queue, a delayed one in the queue of its level.
    pub queue: QueueIx,
    /// Queue offset.
    pub offset: u64,
    /// `storeTimestamp`.
    pub at: SimTime,
}

/// What a node wants done, in order. One buffer for all nodes, drained after each call.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Effects in the order of the calls.
    pub effects: Vec<Effect>,
    /// Listener calls that are over.
    pub deliveries: Vec<Delivery>,
    /// What was counted.
    pub counters: Counters,
    /// What messages have in common, for all nodes: a handle stands for what the real request carries as bytes.
    pub catalog: Catalog,
    /// What subscriptions make of them.
    pub verdicts: Verdicts,
    /// Offsets that a member's pulls went past without giving it the message.
    pub passed: Vec<Passed>,
    /// Records stored elsewhere than where they were sent.
    pub appended: Vec<Appended>,
    /// How late the schedule service delivered: level and time after the due time.
    pub lateness: Vec<(u8, SimDuration)>,
    /// Calls of producers that are over, in a plan in which servers and links can fail.
    pub calls: Vec<CallEnd>,
    /// Sends that brokers have stored, in a plan in which servers and links can fail: every attempt of every call.
    pub stored_sends: Vec<StoredSend>,
    /// Servers and links of this plan can fail: clients watch over their calls, connections are told about.
    pub fallible: bool,
    /// Whether facts about single messages are wanted (`--trace messages`).
    pub trace: bool,
    /// Empty batches to be used again, so that pulls allocate nothing.
    pub spare_batches: Vec<Vec<Pulled>>,
}

impl Outbox {
    /// Request that leaves at once.
    #[inline]
    pub fn send(&mut self, to: Address, correlation: Correlation, body: Body) {
        self.effects.push(Effect::Send { to, correlation, body, after: SimDuration::ZERO });
    }

    /// Answer that leaves at once (the handling time was spent before the node was called).
    #[inline]
    pub fn reply(&mut self, channel: Channel, correlation: Correlation, body: Body) {
        self.effects.push(Effect::Reply { channel, correlation, body, after: SimDuration::ZERO });
    }

    /// Arms a timer.
    #[inline]
    pub fn arm(&mut self, timer: Timer, at: SimTime) {
        self.effects.push(Effect::Arm(timer, at));
    }

    /// Disarms a timer.
    pub fn disarm(&mut self, timer: Timer) {
        self.effects.push(Effect::Disarm(timer));
    }

    /// Records a fact about a single message, if those are wanted.
    #[inline]
    pub fn trace(&mut self, fact: impl FnOnce() -> Fact) {
        if self.trace {
            self.effects.push(Effect::Fact(fact()));
        }
    }

    /// Records a fact.
    pub fn fact(&mut self, fact: Fact) {
        self.effects.push(Effect::Fact(fact));
    }
}
