//! The JSON Schema of scenario files, for editors.

use serde_json::Value;

use super::raw::Root;

/// The JSON Schema (draft 2020-12) of a scenario.
#[must_use]
pub fn json_schema() -> Value {
    schemars::schema_for!(Root).to_value()
}

/// The schema as it is checked in: indented, with a line feed at the end.
#[must_use]
pub fn json_schema_text() -> String {
    let mut text = serde_json::to_string_pretty(&json_schema()).expect("a schema is plain JSON");
    text.push('\n');
    text
}
