//! Requests and replies. Sends do not appear here: at millions a second they travel on lanes of their own
//! ([`SendRequest`], [`SendReply`]).

use std::rc::Rc;

use super::address::{Address, Channel};
use super::dledger::DLedgerMessage;
pub use super::replication::{HaFrame, LogRecord, Metadata, SyncStep};
use super::route::{TopicConfigTable, TopicRoute};
use super::{BrokerIx, ClientIx, ExpressionIx, GroupIx, ProducerGroupIx, QueueIx, TopicIx};
use crate::kernel::time::SimTime;
use crate::store::catalog::TransactionOutcome;
use crate::store::get_message::Pulled;
use crate::store::message::{Draft, Message};
pub use crate::store::pull_code::PullCode;
pub use crate::store::topic_table::TopicConfig;

/// Ties a reply to its request: the thread of the client that waits, and its count of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correlation(pub u32);

impl Correlation {
    /// Nobody waits for an answer (`invokeOneway`).
    pub const ONEWAY: Self = Self(0);
}

/// What is on the wire.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Sender.
    pub from: Address,
    /// Receiver.
    pub to: Address,
    /// The connection it travels on.
    pub channel: Channel,
    /// Which request it is, or which one it answers.
    pub correlation: Correlation,
    /// Content.
    pub body: Body,
}

/// A heartbeat's content (`HeartbeatData`, `ConsumerData`): the groups of this instance with their subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Client id.
    pub client: ClientIx,
    /// The consumer group, if the instance consumes: subscribed topics with their `subVersion`.
    pub consumer: Option<ConsumerData>,
    /// The producer group, if the instance produces (`ProducerData`).
    pub producer: Option<ProducerGroupIx>,
}

/// A consumer's part of a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerData {
    /// Group.
    pub group: GroupIx,
    /// Topics and versions (`SubscriptionData#subVersion`), by ascending topic.
    pub subscriptions: Vec<(TopicIx, SimTime)>,
    /// The expression of each subscription.
    pub expressions: Vec<ExpressionIx>,
}

/// `CONSUMER_SEND_MSG_BACK` (`ConsumerSendMsgBackRequestHeader`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendBackRequest {
    /// Group.
    pub group: GroupIx,
    /// Where the message was consumed from.
    pub queue: QueueIx,
    /// Its queue offset.
    pub offset: u64,
    /// The record, as the broker finds it by its commit log position.
    pub message: Message,
    /// `delayLevel`: 0 lets the broker choose, below 0 is the dead-letter queue.
    pub delay_level: i32,
    /// `maxReconsumeTimes`.
    pub max_reconsume_times: u32,
}

/// A message that the producer inside a consumer sends to `%RETRY%group`: after a failed send-back, or because an orderly
/// consumer has tried often enough (`DefaultMQPushConsumerImpl#sendMessageBack`, `ConsumeMessageOrderlyService`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrySendRequest {
    /// Group.
    pub group: GroupIx,
    /// Queue of the retry topic.
    pub queue: QueueIx,
    /// Where the message was consumed from.
    pub from_queue: QueueIx,
    /// Its queue offset there.
    pub from_offset: u64,
    /// The record.
    pub message: Message,
    /// `RECONSUME_TIME`.
    pub reconsume_times: u16,
    /// `MAX_RECONSUME_TIMES`.
    pub max_reconsume_times: u32,
    /// `DELAY`.
    pub delay_level: u8,
}

/// `END_TRANSACTION` (`EndTransactionRequestHeader`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTransaction {
    /// `producerGroup`.
    pub group: ProducerGroupIx,
    /// `tranStateTableOffset`: offset in the half queue.
    pub half_offset: u64,
    /// `commitLogOffset` of the half message.
    pub physical: u64,
    /// What became of it.
    pub outcome: TransactionOutcome,
    /// `fromTransactionCheck`.
    pub from_check: bool,
}

/// `CHECK_TRANSACTION_STATE` (`CheckTransactionStateRequestHeader`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckTransaction {
    /// `producerGroup`.
    pub group: ProducerGroupIx,
    /// `tranStateTableOffset`.
    pub half_offset: u64,
    /// `commitLogOffset`.
    pub physical: u64,
    /// Handle of the half message in the catalog.
    pub class: u32,
}

/// A pull (`PullMessageRequestHeader`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Group.
    pub group: GroupIx,
    /// Queue.
    pub queue: QueueIx,
    /// `queueOffset`: first wanted.
    pub offset: u64,
    /// `maxMsgNums`.
    pub max_nums: u32,
    /// `commitOffset` when the flag is set.
    pub commit_offset: Option<u64>,
    /// `subVersion` of the client's subscription.
    pub sub_version: SimTime,
    /// Which process queue of the client asks; echoed in the reply.
    pub token: u32,
}

/// A pull's answer. The batch carries the facts of the messages, as the real answer carries their bytes.
#[derive(Clone, Debug)]
pub struct PullReply {
    /// Queue.
    pub queue: QueueIx,
    /// Echo of the request.
    pub token: u32,
    /// Outcome.
    pub code: PullCode,
    /// `nextBeginOffset`.
    pub next_begin_offset: u64,
    /// `suggestWhichBrokerId`: whom to pull from next.
    pub suggest: u32,
    /// The messages.
    pub batch: Vec<Pulled>,
}

/// Content of a request, reply or one-way message.
#[derive(Clone, Debug)]
pub enum Body {
    /// `REGISTER_BROKER`.
    RegisterBroker {
        /// `brokerName`.
        name: BrokerIx,
        /// The process.
        broker: BrokerIx,
        /// `brokerId`: 0 is the master.
        broker_id: u32,
        /// All its topics.
        table: Rc<TopicConfigTable>,
    },
    /// Its answer: the live master of a slave's name (`masterAddr`).
    RegisterBrokerReply(Option<BrokerIx>),
    /// `UNREGISTER_BROKER`.
    UnregisterBroker {
        /// `brokerName`.
        name: BrokerIx,
        /// The process.
        broker: BrokerIx,
        /// `brokerId`.
        broker_id: u32,
    },
    /// Its answer.
    UnregisterBrokerReply,
    /// `WIPE_WRITE_PERM_OF_BROKER`, and `ADD_WRITE_PERM_OF_BROKER` when true, by an administrator.
    SetWritePerm(BrokerIx, bool),
    /// `GET_ROUTEINFO_BY_TOPIC`.
    GetRoute(TopicIx),
    /// Its answer; `None` is `TOPIC_NOT_EXIST`.
    RouteReply(Option<Rc<TopicRoute>>),
    /// `HEART_BEAT`.
    Heartbeat(Rc<Heartbeat>),
    /// Its answer.
    HeartbeatReply,
    /// `UNREGISTER_CLIENT`.
    UnregisterClient(Option<GroupIx>),
    /// Its answer.
    UnregisterReply,
    /// `GET_CONSUMER_LIST_BY_GROUP`.
    GetConsumerList(GroupIx),
    /// Its answer, sorted; `None` is `SYSTEM_ERROR` (the broker knows no member).
    ConsumerList(Option<Rc<[ClientIx]>>),
    /// `QUERY_CONSUMER_OFFSET`.
    QueryOffset(GroupIx, QueueIx),
    /// `GET_MAX_OFFSET`.
    MaxOffset(QueueIx),
    /// `SEARCH_OFFSET_BY_TIMESTAMP`.
    SearchOffset(QueueIx, SimTime),
    /// Answer to the three above; `None` is `QUERY_NOT_FOUND`.
    Offset(Option<u64>),
    /// `UPDATE_CONSUMER_OFFSET`, one-way; one message per queue in the real system, one event here.
    UpdateOffsets {
        /// Group.
        group: GroupIx,
        /// Each queue's offset.
        offsets: Vec<(QueueIx, u64)>,
    },
    /// `PULL_MESSAGE`.
    Pull(PullRequest),
    /// Its answer.
    PullReply(PullReply),
    /// `NOTIFY_CONSUMER_IDS_CHANGED`, one-way.
    NotifyConsumerIdsChanged(GroupIx),
    /// `CONSUMER_SEND_MSG_BACK`.
    SendBack(Box<SendBackRequest>),
    /// A message sent to the group's retry topic.
    RetrySend(Box<RetrySendRequest>),
    /// Answer to the two above: whether the broker has taken the message over.
    Returned(bool),
    /// `LOCK_BATCH_MQ`, for this client id.
    Lock(GroupIx, ClientIx, Vec<QueueIx>),
    /// Its answer: the queues that are locked for the asking client now.
    Locked(Vec<QueueIx>),
    /// `UNLOCK_BATCH_MQ`; answered with an empty [`Body::Locked`] unless one-way.
    Unlock(GroupIx, ClientIx, Vec<QueueIx>),
    /// `END_TRANSACTION`, one-way.
    EndTransaction(EndTransaction),
    /// `CHECK_TRANSACTION_STATE`, one-way.
    CheckTransaction(CheckTransaction),
    /// `RESET_CONSUMER_CLIENT_OFFSET`, one-way: the offsets to go on from.
    ResetOffset(GroupIx, Rc<[(QueueIx, u64)]>),
    /// `SEND_MESSAGE_V2`, in a plan in which servers and links can fail.
    Send(Box<SendRequest>),
    /// Its answer.
    SendReply(SendReply),
    /// An error code instead of any other answer.
    Error(ResponseCode),
    /// No answer: what the caller's own network layer says of the request with this correlation. Comes from the server's
    /// address in a plan in which servers and links can fail.
    Failed(CallError),
    /// A connection that this client opened is there now; before any answer over it.
    Connected,
    /// What a slave asks its master for (`SlaveSynchronize#syncAll`), one after another.
    SyncMetadata(SyncStep),
    /// Its answer.
    Metadata(Rc<Metadata>),
    /// Slave to master: its replication client has connected (the accept at port 10912).
    HaConnect,
    /// Slave to master: how far its log reaches (`HAService.HAClient#reportSlaveMaxOffset`).
    HaReport(u64),
    /// Master to slave: bytes of the log (`HAConnection.WriteSocketService`).
    HaFrame(HaFrame),
    /// Between members of a Raft group, requests and answers alike; each over the connection that its sender has opened.
    DLedger(Box<DLedgerMessage>),
}

/// The code of an answer that is an error (`ResponseCode`, `RemotingSysResponseCode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResponseCode {
    /// `SYSTEM_ERROR(1)`.
    SystemError,
    /// `SYSTEM_BUSY(2)`.
    SystemBusy,
    /// `MESSAGE_ILLEGAL(13)`.
    MessageIllegal,
    /// `SERVICE_NOT_AVAILABLE(14)`.
    ServiceNotAvailable,
    /// `NO_PERMISSION(16)`.
    NoPermission,
    /// `TOPIC_NOT_EXIST(17)`.
    TopicNotExist,
}

/// Why a call got no answer, as far as the caller's side knows by itself (`NettyRemotingClient`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallError {
    /// `RemotingConnectException` at once: nobody listens at the address.
    Refused,
    /// The same after 3 s: the host does not answer.
    ConnectTimeout,
    /// `RemotingSendRequestException`: the connection was reset while the request was outstanding (`failFast`).
    Reset,
}

/// `SEND_MESSAGE_V2`.
#[derive(Clone, Copy, Debug)]
pub struct SendRequest {
    /// Target queue.
    pub queue: QueueIx,
    /// The message.
    pub draft: Draft,
    /// Number of the `send()` call at its producer.
    pub call: u64,
    /// Attempts made before this one.
    pub attempt: u32,
}

/// `SendStatus`: the message is stored by the master in every case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SendStatus {
    /// `SEND_OK`.
    #[default]
    SendOk,
    /// `FLUSH_DISK_TIMEOUT`.
    FlushDiskTimeout,
    /// `FLUSH_SLAVE_TIMEOUT`.
    FlushSlaveTimeout,
    /// `SLAVE_NOT_AVAILABLE`.
    SlaveNotAvailable,
}

/// The answer to a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendReply {
    /// Stored.
    Ok {
        /// `queueOffset`.
        queue_offset: u64,
        /// Commit log position.
        physical: u64,
        /// `sendStatus`.
        status: SendStatus,
        /// How often the log had been cut when it was stored: an offset is given anew after each cut.
        epoch: u32,
    },
    /// Refused or failed with this code; the message may be stored all the same where a replica group decides.
    Error(ResponseCode),
    /// The record is bigger than a commit-log file (`END_OF_FILE`): not stored. The real broker says `SEND_OK` here.
    Lost,
    /// `SYSTEM_ERROR(1)`: the queue id is beyond the topic's queues; tried again on another broker.
    QueueIdIllegal,
}

impl SendReply {
    /// `SEND_OK` in a log that was never cut.
    #[must_use]
    pub const fn stored(queue_offset: u64, physical: u64) -> Self {
        Self::Ok { queue_offset, physical, status: SendStatus::SendOk, epoch: 0 }
    }
}
