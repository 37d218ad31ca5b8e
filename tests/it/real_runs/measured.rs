//! The files of measurements and what their set-ups say.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of the measurements: the repository's own, or the one that `ORACLE_DIR` names.
#[allow(clippy::disallowed_methods, reason = "chooses the measurements of a test, not a result")]
pub(super) fn folder() -> PathBuf {
    let oracle = match std::env::var("ORACLE_DIR") {
        Ok(dir) => PathBuf::from(dir),
        Err(_) => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle"),
    };
    oracle.join("real-runs")
}

/// One measured experiment.
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) json: Value,
}

/// Least, middle and greatest of a quantity over runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) min: f64,
    pub(super) median: f64,
    pub(super) max: f64,
}

impl Range {
    /// The range of these values.
    pub(super) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let middle = values.len().checked_sub(1)? / 2;
        let median = if values.len() % 2 == 1 { values[middle] } else { (values[middle] + values[middle + 1]) / 2.0 };
        Some(Self { min: values[0], median, max: values[values.len() - 1] })
    }
}

impl Measured {
    /// Reads a file; absent ones are skipped and said so.
    pub(super) fn read(name: &str) -> Option<Self> {
        let path = folder().join(format!("{name}.json"));
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("skipped: {} is absent", path.display());
            return None;
        };
        Some(Self { name: name.to_owned(), json: serde_json::from_str(&text).unwrap() })
    }

    /// A text of the set-up, empty when it is not there.
    pub(super) fn setup(&self, key: &str) -> &str {
        self.json["setup"][key].as_str().unwrap_or_default()
    }

    /// Queues of the topic.
    pub(super) fn queues(&self) -> u32 {
        let queues = &self.json["setup"]["topic_queues"];
        queues.as_u64().or_else(|| queues.as_str()?.parse().ok()).unwrap_or(16) as u32
    }

    /// Messages per second: the number before `msg/s`.
    pub(super) fn rate(&self) -> f64 {
        number_before(self.setup("producer"), "msg/s").unwrap_or(12.0)
    }

    /// Threads that send.
    pub(super) fn send_threads(&self) -> u32 {
        number_before(self.setup("producer"), "sending threads").map_or(1, |threads| threads as u32)
    }

    /// Milliseconds of listener work per message.
    pub(super) fn listener_ms(&self) -> u64 {
        number_before(self.setup("listener"), "ms").map_or(10, |ms| ms as u64)
    }

    /// The members that run before the action.
    pub(super) fn members(&self) -> Vec<String> {
        let setup = &self.json["setup"];
        let list = [&setup["consumers_before"], &setup["consumers"]].into_iter().find_map(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The measured runs.
    pub(super) fn runs(&self) -> &[Value] {
        self.json["runs"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The quantities of `summary_over_runs`, in the file's order.
    pub(super) fn summary(&self) -> Vec<(String, Range)> {
        let Some(summary) = self.json["summary_over_runs"].as_object() else { return Vec::new() };
        summary
            .iter()
            .filter_map(|(name, value)| {
                let part = |key: &str| value[key].as_f64();
                let median = part("median").or_else(|| part("p50"))?;
                Some((name.clone(), Range { min: part("min")?, median, max: part("max")? }))
            })
            .collect()
    }
}

/// The number right before `unit` in a text.
fn number_before(text: &str, unit: &str) -> Option<f64> {
    let before = text[..text.find(unit)?].trim_end();
    let start = before.rfind(|c: char| !c.is_ascii_digit() && c != '.').map_or(0, |place| place + 1);
    before[start..].parse().ok()
}

/// A number of a table, or a list of queue ids as one; `a:b` is entry `b` of its table `a`, unless the table has a key of that very name.
pub(super) fn value_at(table: &Value, name: &str) -> Option<f64> {
    let number = |value: &Value| value.as_f64().or_else(|| queue_set(value));
    number(&table[name]).or_else(|| number(name.split(':').fold(table, |value, key| &value[key])))
}

/// A list of queue ids as one number: bit `q` stands for queue `q`.
fn queue_set(value: &Value) -> Option<f64> {
    let ids = value.as_array()?.iter().map(Value::as_u64);
    ids.map(|id| id.filter(|id| *id < 50).map(|id| (1u64 << id) as f64)).sum()
}
