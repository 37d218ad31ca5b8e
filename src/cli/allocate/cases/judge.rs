//! Calls the strategies as a vector says and compares.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{Answer, Case, CasesError, Item, Params, parse_cases};
use crate::consume::allocate::{
    AllocateError, AllocateMessageQueueStrategy, Input, MachineRoomRevision, MessageQueue, Pick, STRATEGIES, Settings,
    StrategyEntry, find, sort_clients, sorted_queue_positions,
};

/// How a vector file fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseReport {
    /// Cases in which every caller got what was recorded.
    pub passed: usize,
    /// The others.
    pub failed: Vec<FailedCase>,
}

/// A case that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCase {
    /// Line of the file, from 1.
    pub line: usize,
    /// Its name.
    pub id: String,
    /// Each caller that differs.
    pub mismatches: Vec<Mismatch>,
}

/// One caller that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Its id; `None` = a null id, or the construction of the strategy.
    pub caller: Option<String>,
    /// As recorded, in JSON or words.
    pub expected: String,
    /// As computed.
    pub got: String,
}

/// Judges every case of a vector file.
///
/// # Errors
/// [`CasesError`] when a line is no vector or names what does not exist.
pub fn run_cases(path: &str, bytes: &[u8]) -> Result<CaseReport, CasesError> {
    let mut report = CaseReport::default();
    for (line, case) in parse_cases(path, bytes)? {
        let mismatches = judge(&case).map_err(|reason| CasesError::Invalid { path: path.to_owned(), line, reason })?;
        if mismatches.is_empty() {
            report.passed += 1;
        } else {
            report.failed.push(FailedCase { line, id: case.id, mismatches });
        }
    }
    Ok(report)
}

/// The callers of a case whose answers differ from the recorded ones; an error when the case asks for the impossible.
fn judge(case: &Case) -> Result<Vec<Mismatch>, String> {
    let revision = revision(&case.rocketmq)?;
    let built = match settings(&case.params, revision)? {
        Ok(settings) => (entry(&case.strategy)?.build)(settings),
        Err(error) => Err(error),
    };
    let expected_failure = case.error.clone().map(|error| Answer::Failed { error, message: case.message.clone() });
    let strategy = match built {
        Ok(strategy) => strategy,
        Err(error) => {
            let got = failed(&error);
            let same = expected_failure.as_ref() == Some(&got);
            let expected = expected_failure.map_or("a strategy".to_owned(), |answer| answer.to_string());
            return Ok(if same { vec![] } else { vec![Mismatch { caller: None, expected, got: got.to_string() }] });
        }
    };
    let callers = callers(case);
    let mut mismatches = Vec::new();
    for caller in &callers {
        let got = Call { case, revision, strategy: strategy.as_ref() }.answer(caller.as_deref());
        let recorded = case.result.as_ref().and_then(|result| result.get(caller.as_deref().unwrap_or("null")));
        let expected = expected_failure.as_ref().or(recorded);
        if expected != Some(&got) {
            let expected = expected.map_or("no call".to_owned(), ToString::to_string);
            mismatches.push(Mismatch { caller: caller.clone(), expected, got: got.to_string() });
        }
    }
    let called: BTreeSet<&str> = callers.iter().map(|caller| caller.as_deref().unwrap_or("null")).collect();
    for (caller, answer) in case.result.iter().flatten().filter(|(caller, _)| !called.contains(caller.as_str())) {
        mismatches.push(Mismatch {
            caller: Some(caller.clone()),
            expected: answer.to_string(),
            got: "no call".to_owned(),
        });
    }
    if let Some(expected) = expected_failure.filter(|_| callers.is_empty()) {
        mismatches.push(Mismatch { caller: None, expected: expected.to_string(), got: "no call".to_owned() });
    }
    Ok(mismatches)
}

/// The ids that call: the stated one, or each distinct entry of the list.
fn callers(case: &Case) -> Vec<Option<String>> {
    match &case.current {
        Some(current) => vec![current.clone()],
        None => {
            let mut seen = BTreeSet::new();
            case.clients.iter().flatten().filter(|id| seen.insert(id.as_str())).cloned().map(Some).collect()
        }
    }
}

/// Which class of by-machine-room a version has. What is in between has a third behaviour that is not modelled.
fn revision(rocketmq: &str) -> Result<MachineRoomRevision, String> {
    let mut numbers = rocketmq.split('.').map(|part| part.parse::<u32>().ok());
    let version = match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
        (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => (major, minor, patch),
        _ => return Err(format!("rocketmq is `{rocketmq}`, not a version like 4.9.8")),
    };
    match version {
        (..=4, ..=7, _) | (..=3, _, _) => Ok(MachineRoomRevision::V4_7_1),
        (4, 8, _) | (4, 9, ..=3) => Err(format!("version {rocketmq} is not modelled: give 4.7.1, or 4.9.4 and later")),
        _ => Ok(MachineRoomRevision::V4_9_4),
    }
}

fn entry(key: &str) -> Result<&'static StrategyEntry, String> {
    find(key).ok_or_else(|| {
        let known: Vec<&str> = STRATEGIES.iter().map(|entry| entry.key).collect();
        format!("unknown strategy `{key}`; there are {}", known.join(", "))
    })
}

/// Settings from a vector's params. The outer error is an impossible vector, the inner one a construction that fails.
fn settings(params: &Params, revision: MachineRoomRevision) -> Result<Result<Settings, AllocateError>, String> {
    let rooms = |map: &BTreeMap<String, Option<String>>| {
        map.iter().filter_map(|(name, room)| Some((name.clone(), room.clone()?))).collect()
    };
    let mut settings = Settings {
        rooms: params.rooms.clone(),
        machine_room_revision: revision,
        configured: params.config.as_ref().map(|config| config.len() as u32),
        broker_rooms: rooms(&params.broker_room),
        client_rooms: rooms(&params.client_room),
        ..Settings::default()
    };
    settings.virtual_nodes = params.virtual_nodes.unwrap_or(settings.virtual_nodes);
    if let Some(inner) = &params.inner {
        let inner_params = params.inner_params.as_deref().cloned().unwrap_or_default();
        let inner_settings = match self::settings(&inner_params, revision)? {
            Ok(settings) => settings,
            Err(error) => return Ok(Err(error)),
        };
        match (entry(inner)?.build)(inner_settings) {
            Ok(inner) => settings.inner = Some(inner),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(settings))
}

fn failed(error: &AllocateError) -> Answer {
    Answer::Failed { error: error.java_class().to_owned(), message: error.java_message() }
}

/// A strategy and the lists that a case hands to it.
struct Call<'a> {
    case: &'a Case,
    revision: MachineRoomRevision,
    strategy: &'a dyn AllocateMessageQueueStrategy,
}

impl Call<'_> {
    fn answer(&self, current: Option<&str>) -> Answer {
        if let Some(answer) = self.answer_to_nulls(current) {
            return answer;
        }
        let mut clients: Vec<&str> = self.case.clients.iter().flatten().map(String::as_str).collect();
        let written: Vec<MessageQueue<'_>> = self
            .case
            .queues
            .iter()
            .flatten()
            .map(|queue| MessageQueue { topic: &queue.topic, broker: &queue.broker, queue_id: queue.queue_id })
            .collect();
        let mut positions: Vec<u32> = (0..written.len() as u32).collect();
        if self.case.presort {
            sort_clients(&mut clients);
            positions = sorted_queue_positions(&written);
        }
        let queues: Vec<MessageQueue<'_>> = positions.iter().map(|&position| written[position as usize]).collect();
        match self.strategy.allocate(current.unwrap_or(""), &Input { queues: &queues, clients: &clients }) {
            Err(error) => failed(&error),
            Ok(_) if self.strategy.returns_null() => Answer::Null,
            Ok(picks) => Answer::List(picks.iter().map(|pick| self.item(*pick, &positions)).collect()),
        }
    }

    /// What the class without checks does with a null argument. For all others null is the same as empty.
    fn answer_to_nulls(&self, current: Option<&str>) -> Option<Answer> {
        let by_machine_room = find(&self.case.strategy).is_some_and(|entry| entry.key == "by_machine_room");
        let unchecked = by_machine_room && self.revision == MachineRoomRevision::V4_7_1;
        if !unchecked {
            return None;
        }
        let null_pointer = Answer::Failed { error: "NullPointerException".to_owned(), message: None };
        let Some(clients) = &self.case.clients else { return Some(null_pointer) };
        let known = current.is_some_and(|current| clients.iter().any(|client| client == current));
        match (known, &self.case.queues) {
            (false, _) => Some(Answer::List(vec![])),
            (true, None) => Some(null_pointer),
            (true, Some(_)) => None,
        }
    }

    fn item(&self, pick: Pick, positions: &[u32]) -> Item {
        match pick {
            Pick::Given(position) => Item::Index(positions[position as usize]),
            Pick::Configured(position) => {
                let mut params = &self.case.params;
                while let Some(inner) = params.inner_params.as_deref().filter(|_| params.config.is_none()) {
                    params = inner;
                }
                params.config.as_ref().expect("only a configured list gives such a pick")[position as usize].clone()
            }
        }
    }
}
