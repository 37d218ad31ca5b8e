//! The reference of all keys, made from the schema, so that `docs/scenarios.md` cannot fall behind the code.

use serde_json::{Map, Value};

use super::schema::json_schema;

/// The keys of every mapping of a scenario as Markdown tables: the reference part of `docs/scenarios.md`.
#[must_use]
pub fn markdown_reference() -> String {
    let schema = json_schema();
    let mut page = String::new();
    let mut todo = vec![("Scenario".to_owned(), schema.clone())];
    let mut done: Vec<String> = Vec::new();
    while !todo.is_empty() {
        let (name, mapping) = todo.remove(0);
        if done.contains(&name) {
            continue;
        }
        done.push(name.clone());
        page.push_str(&format!("### {}\n\n", heading(&name)));
        if let Some(words) = mapping.get("description").and_then(Value::as_str) {
            page.push_str(&format!("{}\n\n", words.replace('\n', " ")));
        }
        page.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
        let empty = Map::new();
        let required: Vec<&str> = mapping
            .get("required")
            .and_then(Value::as_array)
            .map(|keys| keys.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let keys = mapping.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        for (key, value) in keys {
            let (meaning, default) = split_default(value.get("description").and_then(Value::as_str).unwrap_or(""));
            let default = if required.contains(&key.as_str()) { "required".to_owned() } else { default };
            page.push_str(&format!("| `{key}` | {} | {default} | {meaning} |\n", kind(value, &schema)));
            for (name, definition) in mappings_in(value, &schema) {
                todo.push((name, definition));
            }
        }
        page.push('\n');
    }
    page
}

/// `Default …` is the last sentence of a description, before a remark at most.
fn split_default(words: &str) -> (String, String) {
    let words = words.replace('\n', " ").replace('|', "\\|");
    let Some(at) = words.find("Default: ").or_else(|| words.find("Default `")) else {
        return (words, String::new());
    };
    let (meaning, default) = words.split_at(at);
    let default = default.trim_start_matches("Default: ").trim_start_matches("Default ").trim_end_matches('.');
    (meaning.trim().to_owned(), default.to_owned())
}

fn definition<'a>(reference: &str, schema: &'a Value) -> Option<(String, &'a Value)> {
    let name = reference.strip_prefix("#/$defs/")?.replace("~1", "/").replace("~0", "~");
    let name = percent_decoded(&name);
    let definition = schema.get("$defs")?.get(&name)?;
    Some((name, definition))
}

fn percent_decoded(text: &str) -> String {
    text.replace("%20", " ")
}

/// The mappings that a value may be, with the names under which they are described.
fn mappings_in(value: &Value, schema: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    if let Some((name, definition)) = value.get("$ref").and_then(Value::as_str).and_then(|r| definition(r, schema)) {
        if definition.get("properties").is_some() {
            found.push((name, definition.clone()));
        } else {
            found.extend(mappings_in(definition, schema));
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = value.get(key) {
            found.extend(mappings_in(inner, schema));
        }
    }
    for choice in value.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
        found.extend(mappings_in(choice, schema));
    }
    found
}

/// What a value is, in words, with a link to the mapping it may be.
fn kind(value: &Value, schema: &Value) -> String {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        let Some((name, definition)) = definition(reference, schema) else { return String::new() };
        if definition.get("properties").is_some() {
            return format!("[{}](#{})", heading(&name), heading(&name).to_lowercase().replace(' ', "-"));
        }
        return named_kind(&name, definition, schema);
    }
    if let Some(of) = value.get("additionalProperties").filter(|of| of.is_object()) {
        return format!("name: {}", kind(of, schema));
    }
    if let Some(items) = value.get("items") {
        return format!("list of {}", kind(items, schema));
    }
    match value.get("type").and_then(Value::as_str) {
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        _ => String::new(),
    }
}

fn named_kind(name: &str, definition: &Value, schema: &Value) -> String {
    let choices = |definition: &Value| -> Vec<String> {
        let one = |choice: &Value| choice.get("const").and_then(Value::as_str).map(|name| format!("`{name}`"));
        definition
            .get("oneOf")
            .and_then(Value::as_array)
            .map(|all| all.iter().filter_map(one).collect())
            .unwrap_or_default()
    };
    let names = choices(definition);
    let inner = mappings_in(definition, schema);
    match (name, inner.first()) {
        ("Duration" | "Millis", _) => "duration".to_owned(),
        ("Bandwidth", _) => "size a second".to_owned(),
        ("ClockOffset", _) => "duration, also negative".to_owned(),
        ("Bytes", _) => "size".to_owned(),
        ("Rate", _) => "rate".to_owned(),
        ("Percentile", _) => "percentile".to_owned(),
        ("Names", _) => "name or list of names".to_owned(),
        ("Queues", _) => "queues".to_owned(),
        ("Start", _) => "duration or `never`".to_owned(),
        ("Strategy", _) => "[strategy](#strategies)".to_owned(),
        ("Weights", _) => "value, list of values, or value: weight".to_owned(),
        ("Property", _) => "[values](#messages)".to_owned(),
        ("Subscriptions", _) => "[topics](#subscriptions)".to_owned(),
        ("ResetTo", _) => "duration, `beginning` or `end`".to_owned(),
        ("DelayLevels", _) => "durations like `1s 5s 10s`".to_owned(),
        ("GroupTopic", _) => "group or `{group, topic}`".to_owned(),
        (name, _) if name.starts_with("Distribution of Duration") => "[distribution](#values) of durations".to_owned(),
        (name, _) if name.starts_with("Distribution of") => "[distribution](#values) of sizes".to_owned(),
        (name, Some((inner, _))) if name.starts_with("Names or") => {
            let heading = heading(inner);
            format!("[nodes](#nodes), or [{heading}](#{})", heading.to_lowercase().replace(' ', "-"))
        }
        (name, Some((inner, _))) if name.starts_with("Count or") => {
            let form = if name.starts_with("Count or map") { "name:" } else { "list of" };
            format!("number, or {form} [{0}](#{1})", heading(inner), heading(inner).to_lowercase().replace(' ', "-"))
        }
        _ if !names.is_empty() => names.join(", "),
        _ => heading(name),
    }
}

/// The heading of a mapping: its name in words.
fn heading(name: &str) -> String {
    match name {
        "Timed" => return "Timeline entry".to_owned(),
        "Expect" => return "Expectation".to_owned(),
        "Keys" => return "Message keys".to_owned(),
        "Restart" => return "Rolling restart".to_owned(),
        "Dledger" => return "Raft group".to_owned(),
        "SetClock" => return "Clock".to_owned(),
        "RestartNodes" => return "Restart".to_owned(),
        _ => {}
    }
    let mut words = String::new();
    for (index, c) in name.chars().enumerate() {
        if c.is_uppercase() && index > 0 {
            words.push(' ');
            words.extend(c.to_lowercase());
        } else {
            words.push(c);
        }
    }
    words
}
