//! Names of the message properties that RocketMQ itself reads or writes (`MessageConst`).

/// Keys of the message, separated by single spaces.
pub const KEYS: &str = "KEYS";
/// The tag.
pub const TAGS: &str = "TAGS";
/// Whether the producer waits until the message is stored as its broker's role asks (`isWaitStoreMsgOK`).
pub const WAIT: &str = "WAIT";
/// The delay level.
pub const DELAY: &str = "DELAY";
/// The topic of a message whose retries wait in the group's retry topic.
pub const RETRY_TOPIC: &str = "RETRY_TOPIC";
/// Where a delayed or half message belongs.
pub const REAL_TOPIC: &str = "REAL_TOPIC";
/// The queue in [`REAL_TOPIC`].
pub const REAL_QUEUE_ID: &str = "REAL_QID";
/// The message's first broker-made id, kept over its retries.
pub const ORIGIN_MESSAGE_ID: &str = "ORIGIN_MESSAGE_ID";
/// The id that the producer's client made.
pub const UNIQ_KEY: &str = "UNIQ_KEY";
/// `true` on half messages.
pub const TRAN_MSG: &str = "TRAN_MSG";
/// The producer group of a half message.
pub const PGROUP: &str = "PGROUP";
/// How often a half message was checked.
pub const TRANSACTION_CHECK_TIMES: &str = "TRANSACTION_CHECK_TIMES";
/// Seconds for which a half message is not checked.
pub const CHECK_IMMUNITY_TIME_IN_SECONDS: &str = "CHECK_IMMUNITY_TIME_IN_SECONDS";
/// Offset of a put-back half message's first copy.
pub const TRAN_PREPARED_QUEUE_OFFSET: &str = "TRAN_PREPARED_QUEUE_OFFSET";
/// The cluster's name, added by the broker to what producers send.
pub const CLUSTER: &str = "CLUSTER";
