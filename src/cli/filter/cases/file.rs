//! The form of a vector file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

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
        "each line is one object: of SQL92 with expr, properties and result; or of tags with expr and either error or \
         sub_string, tags_set, code_set and messages"
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

/// One vector: what goes in and what the Java classes answered.
#[derive(Clone, Debug)]
pub enum Case {
    /// Of an SQL92 expression and a message.
    Sql(SqlCase),
    /// Of a tag subscription and messages.
    Tags(TagsCase),
}

/// An SQL92 expression and a message.
#[derive(Clone, Debug, Deserialize)]
pub struct SqlCase {
    /// The expression; null is refused like an empty one.
    #[serde(deserialize_with = "present")]
    pub expr: Option<String>,
    /// The message's properties, decoded.
    #[serde(default)]
    pub properties: Option<BTreeMap<String, String>>,
    /// true, false, `"null"`, `"error:parse"` or `"error:eval"`.
    pub result: Value,
    /// Whether the broker delivers the message; null when the expression was refused. Not judged when absent.
    #[serde(default, deserialize_with = "maybe_null")]
    pub broker_matches: Option<Option<bool>>,
}

/// A tag subscription and messages.
#[derive(Clone, Debug, Deserialize)]
pub struct TagsCase {
    /// The subscription; may be null.
    #[serde(deserialize_with = "present")]
    pub expr: Option<String>,
    /// Why it was refused.
    #[serde(default)]
    pub error: Option<String>,
    /// The subscription as understood.
    #[serde(default)]
    pub sub_string: Option<String>,
    /// Its tags, in any order.
    #[serde(default)]
    pub tags_set: Option<Vec<String>>,
    /// Their hashes, in any order.
    #[serde(default)]
    pub code_set: Option<Vec<i32>>,
    /// Messages judged by it.
    #[serde(default)]
    pub messages: Vec<TagMessage>,
}

/// A message by its tag.
#[derive(Clone, Debug, Deserialize)]
pub struct TagMessage {
    /// The tag; null for a message without one.
    #[serde(deserialize_with = "present")]
    pub tag: Option<String>,
    /// The code of its consume queue entry.
    pub tags_code: i64,
    /// Whether it passes the broker.
    pub broker: bool,
    /// Whether it passes the client.
    pub client: bool,
}

/// A field that may be null but not absent.
fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(value)
}

/// A field whose null differs from its absence.
fn maybe_null<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// The results that an SQL92 vector may have besides true and false.
const WORDS: [&str; 3] = ["null", "error:parse", "error:eval"];

/// Reads a vector file's bytes; each case with its line number, from 1. Blank lines do not count.
///
/// # Errors
/// [`CasesError`] with the first line that is not a vector; `path` names the file in it.
pub fn parse_cases(path: &str, bytes: &[u8]) -> Result<Vec<(usize, Case)>, CasesError> {
    let mut cases = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let invalid = |reason: String| CasesError::Invalid { path: path.to_owned(), line: index + 1, reason };
        let text = std::str::from_utf8(line).map_err(|_| invalid("not UTF-8".to_owned()))?;
        if !text.trim().is_empty() {
            cases.push((index + 1, case(text).map_err(invalid)?));
        }
    }
    if cases.is_empty() {
        return Err(CasesError::Empty { path: path.to_owned() });
    }
    Ok(cases)
}

/// One line, in the form that its fields tell.
fn case(text: &str) -> Result<Case, String> {
    let value: Value = read(text)?;
    let Some(object) = value.as_object() else { return Err("not an object".to_owned()) };
    if object.contains_key("result") {
        let case: SqlCase = read(text)?;
        let known = case.result.is_boolean() || case.result.as_str().is_some_and(|word| WORDS.contains(&word));
        return if known {
            Ok(Case::Sql(case))
        } else {
            Err(format!("result is {}; it may be true, false, \"{}\"", case.result, WORDS.join("\", \"")))
        };
    }
    let case: TagsCase = read(text)?;
    match (&case.error, &case.sub_string, &case.tags_set, &case.code_set) {
        (Some(_), None, None, None) | (None, Some(_), Some(_), Some(_)) => Ok(Case::Tags(case)),
        (Some(_), ..) => Err("give either error or sub_string, tags_set and code_set".to_owned()),
        (None, ..) => Err("neither result (SQL92), nor error, nor sub_string, tags_set and code_set (tags)".to_owned()),
    }
}

fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        let (reason, at) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
        format!("{} (column {})", reason.trim_end_matches(&at), error.column())
    })
}
