//! Floor 7: outcome to bytes: terminal text, tables, charts, HTML, CSV, JSON, JUnit. Sees outcomes only.
//!
//! Everything here is a pure function of an [`Outcome`]: the same outcome gives the same bytes on every machine.

pub mod allocation;
pub mod chart;
pub mod counts;
pub mod events;
pub mod explain;
pub mod html;
pub mod human;
pub mod junit;
pub mod key;
pub mod markdown;
pub mod names;
pub mod narrate;
pub mod outage;
pub mod queues;
pub mod series;
pub mod store;
pub mod summary;
pub mod table;
pub mod tables;
pub mod terminal;

use crate::run::outcome::Outcome;
pub use terminal::Style;

/// What a run prints on a terminal.
#[must_use]
pub fn terminal(outcome: &Outcome, style: Style) -> String {
    terminal::render(outcome, style)
}

/// `summary.json` as a value.
#[must_use]
pub fn summary_json(outcome: &Outcome) -> serde_json::Value {
    summary::summary(outcome)
}

/// The files of a report: paths relative to its folder, with `/`, and contents. `resolved_yaml` is the scenario with
/// every default filled in.
#[must_use]
pub fn files(outcome: &Outcome, resolved_yaml: &str) -> Vec<(String, Vec<u8>)> {
    let charts = chart::draw_all(outcome);
    let mut files = vec![
        ("index.html".to_owned(), html::page(outcome, &charts).into_bytes()),
        ("summary.json".to_owned(), summary::bytes(outcome)),
        ("series.csv".to_owned(), series::csv(outcome)),
        ("events.jsonl".to_owned(), events::jsonl(outcome)),
        ("scenario.resolved.yaml".to_owned(), resolved_yaml.as_bytes().to_vec()),
    ];
    files.extend(charts.into_iter().map(|(chart, svg)| (format!("charts/{}.svg", chart.id()), svg.into_bytes())));
    files
}
