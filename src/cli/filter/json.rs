//! The answer as JSON for programs, in the words of the golden vectors.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use super::cases::{CaseReport, worth_word};
use super::text::ignored;

#[derive(Serialize)]
struct Sql<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    expr: &'a str,
    properties: &'a BTreeMap<String, String>,
    result: Value,
    broker_matches: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

#[derive(Serialize)]
struct Tags<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    expr: &'a str,
    tags_set: &'a [String],
    code_set: &'a [i32],
    tag: Option<&'a str>,
    tags_code: i64,
    broker: bool,
    client: bool,
}

#[derive(Serialize)]
struct Judged<'a> {
    passed_count: usize,
    failed_count: usize,
    failed: Vec<Failed<'a>>,
}

#[derive(Serialize)]
struct Failed<'a> {
    file: &'a str,
    line: usize,
    expr: &'a str,
    mismatches: Vec<Mismatch<'a>>,
}

#[derive(Serialize)]
struct Mismatch<'a> {
    of: &'a str,
    expected: &'a str,
    got: &'a str,
}

/// One message.
pub(super) fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Sql { filter, properties, worth } => print(&Sql {
            kind: "SQL92",
            expr: filter.text(),
            properties,
            result: worth_word(worth),
            broker_matches: *worth == Ok(Some(true)),
            error: worth.err().map(|error| error.to_string()),
            warning: ignored(filter),
        }),
        Answer::Tags { filter, tag, code, broker, client } => print(&Tags {
            kind: "TAG",
            expr: filter.sub_string(),
            tags_set: filter.tags(),
            code_set: filter.codes(),
            tag: tag.as_deref(),
            tags_code: *code,
            broker: *broker,
            client: *client,
        }),
    }
}

/// The judgement of golden vectors.
pub(super) fn cases(report: &CaseReport) -> String {
    let failed = report.failed.iter().map(|case| Failed {
        file: &case.path,
        line: case.line,
        expr: &case.expression,
        mismatches: case
            .mismatches
            .iter()
            .map(|mismatch| Mismatch { of: &mismatch.of, expected: &mismatch.expected, got: &mismatch.got })
            .collect(),
    });
    print(&Judged { passed_count: report.passed, failed_count: report.failed.len(), failed: failed.collect() })
}

fn print(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("the types serialise: string keys and finite numbers");
    text.push('\n');
    text
}
