//! What a broker answers to a pull request (`PullMessageProcessor#processRequest`), as pure functions of what it found.

use super::config::BrokerRole;
use super::get_message::{GetMessageStatus, GetResult};
use super::topic_table::TopicConfig;

/// The response codes of a pull (`ResponseCode`), with their numbers on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PullCode {
    /// Messages come with the answer.
    Success = 0,
    /// The request makes no sense here: a queue id out of range, SQL92 without `enablePropertyFilter`.
    SystemError = 1,
    /// Broker, topic or group may not be read, or the group may not broadcast.
    NoPermission = 16,
    /// Unknown topic.
    TopicNotExist = 17,
    /// Nothing new; such a request may be held.
    PullNotFound = 19,
    /// Nothing for this subscription in what was looked at; go on at the next offset.
    PullRetryImmediately = 20,
    /// The offset is out of range.
    PullOffsetMoved = 21,
    /// The subscription in the request cannot be read.
    SubscriptionParseFailed = 23,
    /// The broker knows no heartbeat of the group, or none with this topic.
    SubscriptionNotExist = 24,
    /// The broker knows only an older subscription.
    SubscriptionNotLatest = 25,
    /// Unknown group, and groups are not created on sight.
    SubscriptionGroupNotExist = 26,
    /// The compiled SQL92 filter of the group is missing.
    FilterDataNotExist = 27,
    /// The compiled SQL92 filter of the group is older than the subscription.
    FilterDataNotLatest = 28,
}

impl PullCode {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The code for what a read found, `offset` being the requested one. A slave that does not check offsets never says
    /// that an offset moved: the client keeps asking it at once.
    #[must_use]
    pub fn of(status: GetMessageStatus, offset: i64, role: BrokerRole, offset_check_in_slave: bool) -> Self {
        let code = match status {
            GetMessageStatus::Found => Self::Success,
            GetMessageStatus::MessageWasRemoving | GetMessageStatus::NoMatchedMessage => Self::PullRetryImmediately,
            GetMessageStatus::NoMatchedLogicQueue | GetMessageStatus::NoMessageInQueue if offset != 0 => {
                Self::PullOffsetMoved
            }
            GetMessageStatus::NoMatchedLogicQueue
            | GetMessageStatus::NoMessageInQueue
            | GetMessageStatus::OffsetFoundNull
            | GetMessageStatus::OffsetOverflowOne => Self::PullNotFound,
            GetMessageStatus::OffsetOverflowBadly | GetMessageStatus::OffsetTooSmall => Self::PullOffsetMoved,
        };
        if code == Self::PullOffsetMoved && role == BrokerRole::Slave && !offset_check_in_slave {
            Self::PullRetryImmediately
        } else {
            code
        }
    }

    /// Whether the request is held instead of answered: nothing new, asked for the first time (not by the hold service),
    /// and the client said that it waits (SUSPEND flag).
    #[must_use]
    pub fn is_held(self, first_time: bool, suspend_flag: bool) -> bool {
        self == Self::PullNotFound && first_time && suspend_flag
    }
}

/// Bits of a pull request's system flag (`PullSysFlag`).
pub mod pull_sys_flag {
    /// The request carries an offset to commit.
    pub const COMMIT_OFFSET: u32 = 1;
    /// The request may be held.
    pub const SUSPEND: u32 = 2;
    /// The request carries its subscription.
    pub const SUBSCRIPTION: u32 = 4;
}

/// `brokerId` of a master.
pub const MASTER_ID: u64 = 0;
/// `whichBrokerWhenConsumeSlowly` of a group.
pub const WHICH_BROKER_WHEN_CONSUME_SLOWLY: u64 = 1;

/// `suggestWhichBrokerId` for a group with default settings: the first slave when a broker with `slaveReadEnable` had to
/// read further back than its memory reaches, else the master.
#[must_use]
pub fn suggest_which_broker_id(result: &GetResult, slave_read_enable: bool) -> u64 {
    if slave_read_enable && result.suggest_slave { WHICH_BROKER_WHEN_CONSUME_SLOWLY } else { MASTER_ID }
}

/// How the subscription of a pull was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullSubscription {
    /// The request carries it.
    InRequest,
    /// The request carries it, unreadable.
    Unreadable,
    /// The group's heartbeats carry it, at least as new as the request knows it.
    Registered,
    /// No member of the group is known here.
    NoGroup,
    /// The group broadcasts and may not.
    BroadcastForbidden,
    /// The group is known, not as a subscriber of this topic.
    NotSubscribed,
    /// The one known here is older than the request's.
    Older,
    /// SQL92, and its compiled form is missing.
    NoFilterData,
    /// SQL92, and its compiled form is older.
    OlderFilterData,
}

/// What decides, before any read, whether a pull is served.
#[derive(Clone, Copy, Debug)]
pub struct PullAdmission<'a> {
    /// The broker may be read.
    pub broker_readable: bool,
    /// `consumeEnable` of the group; `None` for an unknown group.
    pub group_consume_enable: Option<bool>,
    /// The topic, if known.
    pub topic: Option<&'a TopicConfig>,
    /// The requested queue.
    pub queue_id: i32,
    /// How the subscription was found.
    pub subscription: PullSubscription,
    /// The subscription is neither of type TAG nor unset.
    pub sql_filter: bool,
    /// `enablePropertyFilter`.
    pub enable_property_filter: bool,
}

impl PullAdmission<'_> {
    /// Checks in the order of the real broker, so that of several reasons the same one is told.
    ///
    /// # Errors
    /// The code with which the request is refused.
    pub fn check(&self) -> Result<(), PullCode> {
        if !self.broker_readable {
            return Err(PullCode::NoPermission);
        }
        if !self.group_consume_enable.ok_or(PullCode::SubscriptionGroupNotExist)? {
            return Err(PullCode::NoPermission);
        }
        let topic = self.topic.ok_or(PullCode::TopicNotExist)?;
        if !topic.perm.is_readable() {
            return Err(PullCode::NoPermission);
        }
        if u32::try_from(self.queue_id).map_or(true, |queue| queue >= topic.read_queue_nums) {
            return Err(PullCode::SystemError);
        }
        match self.subscription {
            PullSubscription::InRequest | PullSubscription::Registered => {}
            PullSubscription::Unreadable => return Err(PullCode::SubscriptionParseFailed),
            PullSubscription::NoGroup | PullSubscription::NotSubscribed => return Err(PullCode::SubscriptionNotExist),
            PullSubscription::BroadcastForbidden => return Err(PullCode::NoPermission),
            PullSubscription::Older => return Err(PullCode::SubscriptionNotLatest),
            PullSubscription::NoFilterData => return Err(PullCode::FilterDataNotExist),
            PullSubscription::OlderFilterData => return Err(PullCode::FilterDataNotLatest),
        }
        if self.sql_filter && !self.enable_property_filter {
            return Err(PullCode::SystemError);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASTER: BrokerRole = BrokerRole::AsyncMaster;

    #[test]
    fn an_empty_queue_holds_a_pull_from_0_and_moves_any_other() {
        let code = |offset| PullCode::of(GetMessageStatus::NoMessageInQueue, offset, MASTER, false);
        assert_eq!(code(0), PullCode::PullNotFound);
        assert!(code(0).is_held(true, true));
        assert!(!code(0).is_held(false, true) && !code(0).is_held(true, false));
        assert_eq!(code(5), PullCode::PullOffsetMoved);
        assert!(!code(5).is_held(true, true));
    }

    #[test]
    fn a_slave_never_moves_an_offset_unless_it_checks() {
        let code = |check| PullCode::of(GetMessageStatus::OffsetTooSmall, 3, BrokerRole::Slave, check);
        assert_eq!(code(false), PullCode::PullRetryImmediately);
        assert_eq!(code(true), PullCode::PullOffsetMoved);
    }

    #[test]
    fn of_several_reasons_the_first_in_the_brokers_order_is_told() {
        let topic = TopicConfig::with_queues(4);
        let wrong = PullAdmission {
            broker_readable: true,
            group_consume_enable: Some(true),
            topic: Some(&topic),
            queue_id: 4,
            subscription: PullSubscription::NoGroup,
            sql_filter: true,
            enable_property_filter: false,
        };
        assert_eq!(wrong.check(), Err(PullCode::SystemError), "the queue id");
        assert_eq!(PullAdmission { topic: None, ..wrong }.check(), Err(PullCode::TopicNotExist));
        assert_eq!(PullAdmission { queue_id: 3, ..wrong }.check(), Err(PullCode::SubscriptionNotExist));
        assert_eq!(
            PullAdmission { group_consume_enable: None, ..wrong }.check(),
            Err(PullCode::SubscriptionGroupNotExist)
        );
        let sql = PullAdmission { queue_id: 3, subscription: PullSubscription::InRequest, ..wrong };
        assert_eq!(sql.check(), Err(PullCode::SystemError), "the filter");
        assert_eq!(PullAdmission { enable_property_filter: true, ..sql }.check(), Ok(()));
    }
}
