//! Judges as a vector says and compares.

use std::fmt::Debug;

use serde_json::{Value, json};

use super::file::{Case, CasesError, SqlCase, TagsCase, parse_cases};
use crate::filter::sql::{EvalError, SqlFilter};
use crate::filter::tag::{TagFilter, tags_code};

/// How vector files fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseReport {
    /// Cases in which everything recorded came out.
    pub passed: usize,
    /// The others.
    pub failed: Vec<FailedCase>,
}

impl CaseReport {
    /// Adds the report of another file.
    pub(in crate::cli::filter) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
    }
}

/// A case that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCase {
    /// The file.
    pub path: String,
    /// Line of the file, from 1.
    pub line: usize,
    /// The subscription, in JSON.
    pub expression: String,
    /// Everything that differs.
    pub mismatches: Vec<Mismatch>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What: the field, and for a message its tag.
    pub of: String,
    /// As recorded.
    pub expected: String,
    /// As computed.
    pub got: String,
}

/// Judges every case of a vector file.
///
/// # Errors
/// [`CasesError`] when a line is no vector.
pub fn run_cases(path: &str, bytes: &[u8]) -> Result<CaseReport, CasesError> {
    let mut report = CaseReport::default();
    for (line, case) in parse_cases(path, bytes)? {
        let (expr, mismatches) = match &case {
            Case::Sql(case) => (&case.expr, judge_sql(case)),
            Case::Tags(case) => (&case.expr, judge_tags(case)),
        };
        if mismatches.is_empty() {
            report.passed += 1;
        } else {
            let expression = json!(expr).to_string();
            report.failed.push(FailedCase { path: path.to_owned(), line, expression, mismatches });
        }
    }
    Ok(report)
}

/// A worth in the words of the vectors.
pub(in crate::cli::filter) fn worth_word(worth: &Result<Option<bool>, EvalError>) -> Value {
    match worth {
        Ok(Some(value)) => json!(value),
        Ok(None) => json!("null"),
        Err(_) => json!("error:eval"),
    }
}

fn compare<T: PartialEq + Debug>(into: &mut Vec<Mismatch>, of: impl Into<String>, expected: &T, got: &T) {
    if expected != got {
        into.push(Mismatch { of: of.into(), expected: format!("{expected:?}"), got: format!("{got:?}") });
    }
}

fn judge_sql(case: &SqlCase) -> Vec<Mismatch> {
    let none = std::collections::BTreeMap::new();
    let properties = case.properties.as_ref().unwrap_or(&none);
    let (result, matches, why) = match SqlFilter::compile(case.expr.as_deref().unwrap_or_default()) {
        Err(error) => (json!("error:parse"), None, Some(error.to_string())),
        Ok(filter) => {
            let worth = filter.evaluate(properties);
            (worth_word(&worth), Some(filter.matches(properties)), worth.err().map(|error| error.to_string()))
        }
    };
    let mut mismatches = Vec::new();
    if result != case.result {
        let why = why.map_or(String::new(), |why| format!(" ({why})"));
        let (expected, got) = (case.result.to_string(), format!("{result}{why}"));
        mismatches.push(Mismatch { of: "result".to_owned(), expected, got });
    }
    if let Some(expected) = case.broker_matches {
        compare(&mut mismatches, "broker_matches", &expected, &matches);
    }
    mismatches
}

fn judge_tags(case: &TagsCase) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    let filter = match (TagFilter::parse(case.expr.as_deref()), &case.error) {
        (Ok(filter), None) => filter,
        (Err(_), Some(_)) => return mismatches,
        (parsed, recorded) => {
            let expected = recorded.as_ref().map_or("a subscription".to_owned(), |error| format!("error: {error}"));
            let got = parsed.map_or_else(|error| format!("error: {error}"), |_| "a subscription".to_owned());
            return vec![Mismatch { of: "error".to_owned(), expected, got }];
        }
    };
    let sorted = |set: &Option<Vec<String>>| {
        let mut set = set.clone().unwrap_or_default();
        set.sort();
        set
    };
    let mut codes = case.code_set.clone().unwrap_or_default();
    codes.sort_unstable();
    compare(&mut mismatches, "sub_string", &case.sub_string.as_deref(), &Some(filter.sub_string()));
    compare(&mut mismatches, "tags_set", &sorted(&case.tags_set), &filter.tags().to_vec());
    compare(&mut mismatches, "code_set", &codes, &filter.codes().to_vec());
    for message in &case.messages {
        let tag = message.tag.as_deref();
        let of = |field: &str| {
            format!("{field} of a message with {}", tag.map_or("no tag".to_owned(), |tag| format!("tag {tag:?}")))
        };
        let code = tags_code(tag);
        compare(&mut mismatches, of("tags_code"), &message.tags_code, &code);
        compare(&mut mismatches, of("broker"), &message.broker, &filter.matches_code(code));
        compare(&mut mismatches, of("client"), &message.client, &filter.matches_tag(tag));
    }
    mismatches
}
