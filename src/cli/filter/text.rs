//! The answer for people.

use std::fmt::Write as _;

use super::answer::Answer;
use super::cases::CaseReport;
use crate::filter::sql::SqlFilter;

/// One message: the judgement on the first line, what follows from it, what may surprise.
pub(super) fn answer(answer: &Answer) -> String {
    let mut text = String::new();
    match answer {
        Answer::Sql { filter, worth, .. } => {
            let (word, follows) = match worth {
                Ok(Some(true)) => ("true".to_owned(), "the broker delivers the message"),
                Ok(Some(false)) => ("false".to_owned(), "the broker does not deliver the message"),
                Ok(None) => ("unknown".to_owned(), "the broker does not deliver the message: only true delivers"),
                Err(error) => (
                    format!("error: in `{}`, {error}", error.span.of(filter.text())),
                    "the broker does not deliver the message: only true delivers",
                ),
            };
            line(&mut text, &word);
            line(&mut text, follows);
            if let Some(note) = ignored(filter) {
                line(&mut text, &format!("warning: {note}"));
            }
        }
        Answer::Tags { filter, tag, code, broker, client } => {
            let passes = |passes: &bool| if *passes { "passes" } else { "is held back" };
            line(&mut text, if *broker && *client { "true" } else { "false" });
            let tag = tag.as_ref().map_or("no tag".to_owned(), |tag| format!("tag `{tag}`"));
            line(&mut text, &format!("{tag}, code {code}: {} at the broker, by code", passes(broker)));
            line(&mut text, &format!("{} at the client, by tag", passes(client)));
            if *broker && !client && !filter.tags().is_empty() {
                line(&mut text, "the code is that of a wanted tag, the tag is another: it is sent and then dropped");
            }
        }
    }
    text
}

/// A warning of text without effect.
pub(super) fn ignored(filter: &SqlFilter) -> Option<String> {
    let span = filter.ignored()?;
    let rest = span.of(filter.text());
    Some(format!("`{rest}` has no effect: the expression is complete before it, and RocketMQ reads no further"))
}

/// The judgement of golden vectors.
pub(super) fn cases(report: &CaseReport) -> String {
    let mut text = String::new();
    for case in &report.failed {
        line(&mut text, &format!("FAILED {}:{} {}", case.path, case.line, case.expression));
        for mismatch in &case.mismatches {
            line(&mut text, &format!("  {}", mismatch.of));
            line(&mut text, &format!("    expected {}", mismatch.expected));
            line(&mut text, &format!("    got      {}", mismatch.got));
        }
    }
    line(&mut text, &format!("{} passed, {} failed", report.passed, report.failed.len()));
    text
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string does not fail");
}
