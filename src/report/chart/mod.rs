//! Charts: an outcome drawn as SVG by plotters, one file each, one list.
//!
//! A chart is drawn in half pixels on a sheet [`frame::WIDTH`] wide. Colours are roles of [`palette`]: an SVG that
//! stands alone, and the page that holds it, turn them into a light or a dark theme by style sheet.

pub mod bands;
pub mod bars;
pub mod canvas;
pub mod frame;
pub mod heat;
pub mod lanes;
pub mod legend;
pub mod lines;
pub mod palette;
pub mod scale;
pub mod stacks;

mod availability;
mod delay_lateness;
mod disk;
mod duplicates;
mod lag_groups;
mod lag_queues;
mod latency_distribution;
mod latency_over_time;
mod locks;
mod losses;
mod ownership;
mod raft;
mod replication_lag;
mod retries;
mod stale_views;
mod throughput;
mod transactions;
mod utilisation;
mod views;
mod waterfall;

use crate::run::outcome::Outcome;
pub(in crate::report) use views::words as belief_words;

/// A chart.
pub trait Chart: Sync {
    /// Stable name: the file's stem.
    fn id(&self) -> &'static str;
    /// Heading.
    fn title(&self) -> &'static str;
    /// What the drawn quantity is measured in.
    fn unit(&self) -> &'static str;
    /// How to read it, in a sentence or two.
    fn about(&self) -> &'static str;
    /// Whether the outcome has anything to draw.
    fn applicable(&self, outcome: &Outcome) -> bool;
    /// The SVG; `None` when there is nothing to draw.
    fn draw(&self, outcome: &Outcome) -> Option<String>;
}

/// Every chart, in the order of a report.
pub static CHARTS: &[&dyn Chart] = &[
    &ownership::Ownership,
    &waterfall::Waterfall,
    &availability::Availability,
    &views::Views,
    &raft::Raft,
    &locks::Locks,
    &losses::Losses,
    &stale_views::StaleViews,
    &replication_lag::ReplicationLag,
    &disk::Disk,
    &lag_groups::LagGroups,
    &lag_queues::LagQueues,
    &throughput::Throughput,
    &retries::Retries,
    &transactions::Transactions,
    &latency_over_time::LatencyOverTime,
    &latency_distribution::LatencyDistribution,
    &delay_lateness::DelayLateness,
    &duplicates::Duplicates,
    &utilisation::Utilisation,
];

/// The charts that apply, drawn.
#[must_use]
pub fn draw_all(outcome: &Outcome) -> Vec<(&'static dyn Chart, String)> {
    CHARTS
        .iter()
        .filter(|chart| chart.applicable(outcome))
        .filter_map(|chart| chart.draw(outcome).map(|svg| (*chart, svg)))
        .collect()
}
