//! The page of a run: one file that needs nothing else, readable in light and dark, on a phone and on paper.

use std::borrow::Cow;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::allocation;
use super::chart::{self, canvas, palette};
use super::counts;
use super::human::{clean, count, duration, moment};
use super::key;
use super::markdown;
use super::narrate::{self, Story};
use super::table::{Align, Table, Tone};
use super::tables;
use crate::kernel::time::SimTime;
use crate::run::outcome::Outcome;

/// Entries of the story.
const STORIES_MAX: usize = 240;
/// Changes of the allocation.
const CHANGES_MAX: usize = 12;
/// Rows of a table.
const ROWS_MAX: usize = 64;

#[derive(Serialize)]
struct Page<'a> {
    title: Cow<'a, str>,
    name: Cow<'a, str>,
    seed: u64,
    version: &'static str,
    digest: String,
    length: String,
    description: String,
    sources: Vec<Cow<'a, str>>,
    numbers: Vec<KeyView>,
    warnings: Vec<String>,
    ownership: Option<ChartView>,
    charts: Vec<ChartView>,
    stories: Vec<StoryView>,
    changes: Vec<ChangeView>,
    changes_left: Option<String>,
    tables: Vec<TableView>,
    dark_svg: String,
}

#[derive(Serialize)]
struct TableView {
    title: String,
    heads: Vec<(String, bool)>,
    rows: Vec<Vec<CellView>>,
    note: Option<String>,
}

#[derive(Serialize)]
struct CellView {
    text: String,
    right: bool,
    tone: &'static str,
}

#[derive(Serialize)]
struct ChartView {
    id: &'static str,
    about: &'static str,
    svg: String,
}

#[derive(Serialize)]
struct StoryView {
    at: String,
    kind: &'static str,
    headline: String,
    details: Vec<(String, String)>,
}

#[derive(Serialize)]
struct ChangeView {
    at: String,
    label: String,
    tables: Vec<TableView>,
}

#[derive(Serialize)]
struct KeyView {
    label: &'static str,
    value: String,
    tone: &'static str,
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
        Tone::Faint => "faint",
        Tone::Strong => "strong",
    }
}

fn table_view(table: Table) -> TableView {
    let right: Vec<bool> = table.columns.iter().map(|(_, align)| *align == Align::Right).collect();
    TableView {
        title: table.title,
        heads: table.columns.into_iter().map(|(name, align)| (name, align == Align::Right)).collect(),
        rows: table
            .rows
            .into_iter()
            .map(|row| {
                row.into_iter()
                    .zip(&right)
                    .map(|(cell, right)| CellView { text: cell.text, right: *right, tone: class(cell.tone) })
                    .collect()
            })
            .collect(),
        note: table.note,
    }
}

fn story_view(story: Story) -> StoryView {
    StoryView {
        at: moment(story.at),
        kind: story.kind.word(),
        headline: story.headline,
        details: story
            .details
            .into_iter()
            .map(|detail| (format!("+{}", duration(detail.after)), detail.text))
            .collect(),
    }
}

/// The page, with the charts that were drawn.
#[must_use]
pub fn page(outcome: &Outcome, charts: &[(&'static dyn chart::Chart, String)]) -> String {
    let plan = &outcome.plan;
    let mut charts: Vec<ChartView> = charts
        .iter()
        .map(|(chart, svg)| ChartView { id: chart.id(), about: chart.about(), svg: canvas::inline(svg) })
        .collect();
    let ownership = charts.iter().position(|chart| chart.id == "ownership").map(|place| charts.remove(place));
    let (changes, changes_left) = allocation::changes(outcome, CHANGES_MAX);
    let changes: Vec<ChangeView> = changes
        .iter()
        .map(|change| ChangeView {
            at: moment(change.at),
            label: change.label.clone(),
            tables: change.groups.iter().map(|group| table_view(group.table(outcome, change, ROWS_MAX))).collect(),
        })
        .collect();
    let stories = narrate::abbreviate(narrate::narrate(outcome), STORIES_MAX);
    let view = Page {
        title: clean(&plan.title),
        name: clean(&plan.name),
        seed: plan.seed,
        version: outcome.version,
        digest: format!("{:016x}", outcome.digest),
        length: duration(outcome.end.since(SimTime::ZERO)),
        description: markdown::html(&plan.description),
        sources: plan.sources.iter().map(|source| clean(source)).collect(),
        numbers: key::numbers(outcome)
            .into_iter()
            .map(|number| KeyView { label: number.label, value: number.value, tone: class(number.tone) })
            .collect(),
        warnings: counts::warnings(outcome),
        ownership,
        charts,
        stories: stories.into_iter().map(story_view).collect(),
        changes,
        changes_left: (changes_left > 0).then(|| count(changes_left as u64)),
        tables: [tables::expectations(outcome)]
            .into_iter()
            .filter(|table| !table.rows.is_empty())
            .chain(tables::summary(outcome, ROWS_MAX))
            .map(table_view)
            .collect(),
        dark_svg: palette::dark_css(),
    };
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the default delimiters are valid"));
    environment
        .add_template("index.html", include_str!("template.html"))
        .and_then(|()| environment.get_template("index.html")?.render(Value::from(Serde(&view))))
        .expect("the template is part of the program and renders in its tests")
}
