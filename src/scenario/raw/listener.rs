//! `listener:` what a consumer's listener does differently with some messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::units::{Dist, Duration, Names};

/// Some messages and what the listener does with them. Of several rules the first that applies decides; a rule that neither
/// fails nor takes another time exempts its messages from those below it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Only messages with one of these keys (`key-7`, or `7`). Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Names>,
    /// Only messages with one of these tags. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Names>,
    /// Only calls that start at this time of the run or later. Default: from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Duration>,
    /// Only calls that start before this time of the run. Default: to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
    /// Only deliveries with fewer attempts before (RocketMQ: `reconsumeTimes`): `1` is the first delivery only. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_below: Option<u32>,
    /// Share of the calls it applies to, above 0 and at most 1, drawn at every attempt. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Share of the messages it applies to, above 0 and at most 1, drawn once for all attempts of a message (a poisonous
    /// message), instead of `probability`. Default: not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_messages: Option<f64>,
    /// The listener throws, or answers `RECONSUME_LATER` (orderly: `SUSPEND_CURRENT_QUEUE_A_MOMENT`). Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail: Option<bool>,
    /// It takes this time per message instead of the service time. Default: the service time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Dist<Duration>>,
}
