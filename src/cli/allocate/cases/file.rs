//! The form of a vector file.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Why a vector file cannot be judged.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CasesError {
    /// It does not open or is not text.
    #[error("cannot read {path}: {reason}")]
    #[diagnostic(help("give a file with one JSON object a line (UTF-8)"))]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A line is not a vector.
    #[error("{path}, line {line}: {reason}")]
    #[diagnostic(help(
        "each line is one object with id, rocketmq, strategy, params, clients, queues and result or error"
    ))]
    Invalid {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Not one vector.
    #[error("{path} holds no cases")]
    Empty {
        /// The file.
        path: String,
    },
}

/// One vector: what goes in and what the Java class answered.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Unique name.
    pub id: String,
    /// Version of RocketMQ whose code gave the outcome.
    pub rocketmq: String,
    /// Key of the strategy.
    pub strategy: String,
    /// Its settings.
    #[serde(default)]
    pub params: Params,
    /// `cidAll` in the order handed over; `None` = a null list.
    #[serde(deserialize_with = "present")]
    pub clients: Option<Vec<String>>,
    /// `mqAll` in the order handed over; `None` = a null list.
    #[serde(deserialize_with = "present")]
    pub queues: Option<Vec<QueueName>>,
    /// Both lists were sorted as a client sorts them before the call.
    #[serde(default)]
    pub presort: bool,
    /// The only caller (`Some(None)` = a null id); `None` = every distinct entry of `clients` called once.
    #[serde(default, deserialize_with = "maybe_null")]
    pub current: Option<Option<String>>,
    /// Caller to its answer.
    #[serde(default, deserialize_with = "answers")]
    pub result: Option<BTreeMap<String, Answer>>,
    /// Every call (or the construction) failed with this exception class.
    #[serde(default)]
    pub error: Option<String>,
    /// Its message where it is RocketMQ's own.
    #[serde(default)]
    pub message: Option<String>,
}

/// A queue by name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct QueueName {
    /// Topic.
    pub topic: String,
    /// `brokerName`.
    pub broker: String,
    /// `queueId`.
    pub queue_id: i32,
}

/// Settings of any strategy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Consistent hash.
    pub virtual_nodes: Option<i32>,
    /// By machine room.
    pub rooms: Option<Vec<String>>,
    /// By config.
    pub config: Option<Vec<Item>>,
    /// Machine room nearby.
    pub inner: Option<String>,
    /// Settings of `inner`.
    pub inner_params: Option<Box<Params>>,
    /// Room of each broker name.
    pub broker_room: BTreeMap<String, Option<String>>,
    /// Room of each client id.
    pub client_room: BTreeMap<String, Option<String>>,
}

/// An element of an answered or configured list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Item {
    /// Position in `queues` as written in the vector.
    Index(u32),
    /// A queue that is not in `queues`.
    Queue(QueueName),
}

/// What one call ends in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A list, in the order returned.
    List(Vec<Item>),
    /// An exception.
    Failed {
        /// Simple class name.
        error: String,
        /// Its text where it is RocketMQ's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Java's null.
    Null,
}

impl fmt::Display for Answer {
    /// As JSON, the form of the vectors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// A field that may be null but not absent.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(value)
}

/// A field whose null differs from its absence.
fn maybe_null<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

fn answers<'de, D: Deserializer<'de>>(value: D) -> Result<Option<BTreeMap<String, Answer>>, D::Error> {
    let answers: BTreeMap<String, Option<Answer>> = BTreeMap::deserialize(value)?;
    Ok(Some(answers.into_iter().map(|(caller, answer)| (caller, answer.unwrap_or(Answer::Null))).collect()))
}

/// Reads a vector file's bytes; each case with its line number, from 1. Blank lines do not count.
///
/// # Errors
/// [`CasesError`] with the first line that is not a vector; `path` names the file in it.
pub fn parse_cases(path: &str, bytes: &[u8]) -> Result<Vec<(usize, Case)>, CasesError> {
    let mut cases = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let invalid = |reason: String| CasesError::Invalid { path: path.to_owned(), line: index + 1, reason };
        let text = std::str::from_utf8(line).map_err(|_| invalid("not UTF-8".to_owned()))?;
        if text.trim().is_empty() {
            continue;
        }
        let case: Case = serde_json::from_str(text).map_err(|error| {
            let (reason, at) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
            invalid(format!("{} (column {})", reason.trim_end_matches(&at), error.column()))
        })?;
        case.well_formed().map_err(invalid)?;
        cases.push((index + 1, case));
    }
    if cases.is_empty() {
        return Err(CasesError::Empty { path: path.to_owned() });
    }
    Ok(cases)
}

impl Case {
    /// What JSON cannot say: one outcome, and indexes that exist.
    fn well_formed(&self) -> Result<(), String> {
        if self.result.is_some() == self.error.is_some() {
            return Err("give either result or error".to_owned());
        }
        let queues = self.queues.as_ref().map_or(0, Vec::len);
        let mut params = Some(&self.params);
        while let Some(of) = params {
            for item in of.config.iter().flatten() {
                if matches!(item, Item::Index(index) if *index as usize >= queues) {
                    return Err(format!("config names a queue beyond the {queues} of the case"));
                }
            }
            params = of.inner_params.as_deref();
        }
        Ok(())
    }
}
