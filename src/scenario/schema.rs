//! The JSON Schema of scenario files, for editors.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Map, Value};

use super::raw::Root;

/// The JSON Schema (draft 2020-12) of a scenario.
#[must_use]
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(without_null));
    let schema = settings.into_generator().into_root_schema_for::<Root>().to_value();
    let Value::Object(schema) = schema else { return schema };
    // What a file is comes first, its keys after.
    let mut ordered = Map::new();
    for key in ["$schema", "title", "description"] {
        if let Some(value) = schema.get(key) {
            ordered.insert(key.to_owned(), value.clone());
        }
    }
    ordered.extend(schema);
    Value::Object(ordered)
}

/// The schema as it is checked in: indented, with a line feed at the end.
#[must_use]
pub fn json_schema_text() -> String {
    let mut text = serde_json::to_string_pretty(&json_schema()).expect("a schema is plain JSON");
    text.push('\n');
    text
}

/// A key that may be left out need not accept `null` too: nobody writes that.
fn without_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type") != Some(&Value::from("null")));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}
