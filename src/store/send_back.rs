//! What a broker does with a message that a consumer returns (`SendMessageProcessor#asyncConsumerSendMsgBack`): refuse
//! it, drop it, keep it for another attempt after a delay, or put it among the dead letters. A pure decision; the
//! caller looks things up before and stores the record after.

use super::delay::{DelayLevels, SCHEDULE_TOPIC, queue_id_of_level};
use super::group_topic::{dlq_topic, retry_topic};
use super::property_name;

/// Queues of a dead-letter topic (`DLQ_NUMS_PER_GROUP`).
pub const DLQ_NUMS_PER_GROUP: i32 = 1;

/// The delay level of a message's first retry; each further attempt takes the next one.
const FIRST_RETRY_LEVEL: i32 = 3;

/// The response codes of a send-back (`ResponseCode`), with their numbers on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SendBackCode {
    /// Done; also when the group keeps no retries and the message is dropped.
    Success = 0,
    /// The message is not in this broker's log, or could not be stored again.
    SystemError = 1,
    /// The broker or the retry topic may not be written.
    NoPermission = 16,
    /// Unknown group, and groups are not created on sight.
    SubscriptionGroupNotExist = 26,
}

impl SendBackCode {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// What a send-back needs of the group's `SubscriptionGroupConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendBackGroup<'a> {
    /// The group's name.
    pub name: &'a str,
    /// `retryMaxTimes`. Default 16.
    pub retry_max_times: i32,
    /// `retryQueueNums`. Default 1.
    pub retry_queue_nums: i32,
}

/// The returned message as the broker finds it in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendBackMessage<'a> {
    /// Topic of the record.
    pub topic: &'a str,
    /// `reconsumeTimes` of the record.
    pub reconsume_times: i32,
    /// Its property `RETRY_TOPIC`.
    pub retry_topic: Option<&'a str>,
    /// Its property `ORIGIN_MESSAGE_ID`.
    pub origin_message_id: Option<&'a str>,
}

/// The request (`ConsumerSendMsgBackRequestHeader`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendBackRequest {
    /// `delayLevel`: 0 lets the broker choose, a negative one asks for the dead-letter queue.
    pub delay_level: i32,
    /// `maxReconsumeTimes`, which clients before 3.4.9 do not send.
    pub max_reconsume_times: Option<i32>,
}

/// The broker's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendBackBroker<'a> {
    /// Whether `brokerPermission` allows writing.
    pub writable: bool,
    /// Whether the group's retry topic, created if it was absent, may be written.
    pub retry_topic_writable: bool,
    /// The delay levels.
    pub levels: &'a DelayLevels,
}

/// Where the returned message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendBackTarget {
    /// To the group's retry topic after the delay of a level.
    Retry {
        /// The level under which it waits, not above the highest; `None` if the level is 0 or less: no delay.
        level: Option<i32>,
    },
    /// To the group's dead-letter topic, queue 0, at once.
    DeadLetter,
}

/// The record that the broker appends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendBackRecord {
    /// Which way.
    pub target: SendBackTarget,
    /// The group's retry or dead-letter topic: where consumers will find it, created with [`Self::real_queues`] queues
    /// if absent.
    pub real_topic: String,
    /// The queue in [`Self::real_topic`] is drawn among this many.
    pub real_queues: i32,
    /// `reconsumeTimes` of the new record.
    pub reconsume_times: i32,
    /// Value of the new record's property `DELAY`, before and after clamping.
    pub delay_property: i32,
    /// Value of its property `RETRY_TOPIC`.
    pub retry_topic: String,
}

impl SendBackRecord {
    /// Topic and queue id of the log record when `real_queue_id` was drawn for [`Self::real_topic`].
    #[must_use]
    pub fn topic_and_queue(&self, real_queue_id: i32) -> (&str, i32) {
        match self.target {
            SendBackTarget::Retry { level: Some(level) } => (SCHEDULE_TOPIC, queue_id_of_level(level)),
            SendBackTarget::Retry { level: None } | SendBackTarget::DeadLetter => (&self.real_topic, real_queue_id),
        }
    }

    /// The properties that the new record sets on top of the returned message's own, in the order in which RocketMQ puts
    /// them. `message_id` is the returned record's own id, taken when it has no `ORIGIN_MESSAGE_ID`.
    #[must_use]
    pub fn properties(
        &self,
        message: &SendBackMessage<'_>,
        message_id: &str,
        real_queue_id: i32,
    ) -> Vec<(&'static str, String)> {
        let origin = message.origin_message_id.filter(|id| !id.trim().is_empty()).unwrap_or(message_id);
        let mut properties = vec![
            (property_name::RETRY_TOPIC, self.retry_topic.clone()),
            (property_name::WAIT, "false".to_owned()),
            (property_name::DELAY, self.delay_property.to_string()),
            (property_name::ORIGIN_MESSAGE_ID, origin.to_owned()),
        ];
        if matches!(self.target, SendBackTarget::Retry { level: Some(_) }) {
            properties.push((property_name::REAL_TOPIC, self.real_topic.clone()));
            properties.push((property_name::REAL_QUEUE_ID, real_queue_id.to_string()));
        }
        properties
    }
}

/// The broker's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendBackDecision {
    /// Nothing is stored; the client hears this code.
    Refused(SendBackCode),
    /// The group keeps no retries (`retryQueueNums` 0 or less): success is said and nothing is stored.
    Dropped,
    /// This record is appended; success is said if that works.
    Store(SendBackRecord),
}

/// Decides, in the order in which the real processor checks. `group` is `None` for an unknown group, `message` for one
/// that is not in the log.
#[must_use]
pub fn decide(
    broker: &SendBackBroker<'_>,
    group: Option<&SendBackGroup<'_>>,
    message: Option<&SendBackMessage<'_>>,
    request: &SendBackRequest,
) -> SendBackDecision {
    let Some(group) = group else { return SendBackDecision::Refused(SendBackCode::SubscriptionGroupNotExist) };
    if !broker.writable {
        return SendBackDecision::Refused(SendBackCode::NoPermission);
    }
    if group.retry_queue_nums <= 0 {
        return SendBackDecision::Dropped;
    }
    if !broker.retry_topic_writable {
        return SendBackDecision::Refused(SendBackCode::NoPermission);
    }
    let Some(message) = message else { return SendBackDecision::Refused(SendBackCode::SystemError) };
    SendBackDecision::Store(record(broker.levels, group, message, request))
}

fn record(
    levels: &DelayLevels,
    group: &SendBackGroup<'_>,
    message: &SendBackMessage<'_>,
    request: &SendBackRequest,
) -> SendBackRecord {
    let most = request.max_reconsume_times.unwrap_or(group.retry_max_times);
    let dead = message.reconsume_times >= most || request.delay_level < 0;
    let asked = match request.delay_level {
        _ if dead => 0,
        0 => FIRST_RETRY_LEVEL.wrapping_add(message.reconsume_times),
        level => level,
    };
    let level = levels.level_at_append(asked);
    SendBackRecord {
        target: if dead { SendBackTarget::DeadLetter } else { SendBackTarget::Retry { level } },
        real_topic: if dead { dlq_topic(group.name) } else { retry_topic(group.name) },
        real_queues: if dead { DLQ_NUMS_PER_GROUP } else { group.retry_queue_nums },
        reconsume_times: message.reconsume_times.wrapping_add(1),
        delay_property: level.unwrap_or(asked),
        retry_topic: message.retry_topic.unwrap_or(message.topic).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: SendBackGroup<'static> = SendBackGroup { name: "G", retry_max_times: 16, retry_queue_nums: 1 };
    const FIRST: SendBackMessage<'static> =
        SendBackMessage { topic: "Biz", reconsume_times: 0, retry_topic: None, origin_message_id: None };

    fn decided(
        group: Option<SendBackGroup<'_>>,
        message: Option<SendBackMessage<'_>>,
        allowed: [bool; 2],
    ) -> SendBackDecision {
        let levels = DelayLevels::default();
        let broker = SendBackBroker { writable: allowed[0], retry_topic_writable: allowed[1], levels: &levels };
        decide(&broker, group.as_ref(), message.as_ref(), &SendBackRequest::default())
    }

    fn stored(message: SendBackMessage<'_>, request: SendBackRequest) -> SendBackRecord {
        let levels = DelayLevels::default();
        let broker = SendBackBroker { writable: true, retry_topic_writable: true, levels: &levels };
        match decide(&broker, Some(&GROUP), Some(&message), &request) {
            SendBackDecision::Store(record) => record,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn checks_come_in_the_real_order() {
        use SendBackCode::{NoPermission, SubscriptionGroupNotExist, SystemError};
        use SendBackDecision::{Dropped, Refused};
        let without_retries = SendBackGroup { retry_queue_nums: 0, ..GROUP };
        assert_eq!(decided(None, None, [false, false]), Refused(SubscriptionGroupNotExist));
        assert_eq!(decided(Some(without_retries), None, [false, false]), Refused(NoPermission));
        assert_eq!(decided(Some(without_retries), None, [true, false]), Dropped);
        assert_eq!(decided(Some(GROUP), None, [true, false]), Refused(NoPermission));
        assert_eq!(decided(Some(GROUP), None, [true, true]), Refused(SystemError));
    }

    #[test]
    fn the_first_retry_waits_at_level_3_and_the_last_at_18() {
        let first = stored(FIRST, SendBackRequest::default());
        assert_eq!(first.topic_and_queue(0), (SCHEDULE_TOPIC, 2));
        let again = SendBackMessage { topic: "%RETRY%G", retry_topic: Some("Biz"), reconsume_times: 15, ..FIRST };
        let last = stored(again, SendBackRequest::default());
        assert_eq!((last.topic_and_queue(0), last.reconsume_times), ((SCHEDULE_TOPIC, 17), 16));
        let dead = stored(SendBackMessage { reconsume_times: 16, ..again }, SendBackRequest::default());
        assert_eq!((dead.topic_and_queue(0), dead.retry_topic.as_str()), (("%DLQ%G", 0), "Biz"));
    }

    #[test]
    fn the_properties_say_where_it_came_from_and_where_it_goes() {
        let record = stored(FIRST, SendBackRequest { delay_level: 99, ..SendBackRequest::default() });
        let expected = [
            ("RETRY_TOPIC", "Biz"),
            ("WAIT", "false"),
            ("DELAY", "18"),
            ("ORIGIN_MESSAGE_ID", "0A"),
            ("REAL_TOPIC", "%RETRY%G"),
            ("REAL_QID", "0"),
        ];
        let got = record.properties(&FIRST, "0A", 0);
        assert_eq!(got.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>(), expected);
        let known = SendBackMessage { origin_message_id: Some("0B"), ..FIRST };
        let dead = stored(known, SendBackRequest { delay_level: -1, ..SendBackRequest::default() });
        let dead = dead.properties(&known, "0A", 0);
        assert_eq!(dead.len(), 4, "no real topic: it goes there at once");
        assert_eq!((dead[2].1.as_str(), dead[3].1.as_str()), ("0", "0B"));
    }
}
