//! Messages in and out over time.

use super::Chart;
use super::lines::{self, DASHES, Line, range};
use super::palette::HUES;
use super::scale::{Quantity, Scale};
use crate::report::names::Names;
use crate::report::queues::of_clients;
use crate::run::outcome::Outcome;
use crate::store::ids::GroupIx;

/// The chart.
pub(super) struct Throughput;

impl Chart for Throughput {
    fn id(&self) -> &'static str {
        "throughput"
    }

    fn title(&self) -> &'static str {
        "Throughput"
    }

    fn unit(&self) -> &'static str {
        "messages a second"
    }

    fn about(&self) -> &'static str {
        "Dashed: stored in each topic. Solid: consumed by each group, duplicates included."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        let series = &outcome.series;
        let stored = series.stored_per_s.iter().flat_map(|(_, values)| values);
        let consumed = series.groups.iter().flat_map(|group| &group.consumed_per_s);
        !series.times.is_empty() && stored.chain(consumed).any(|rate| *rate > 0.0)
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let series = &outcome.series;
        let groups = series.groups.len();
        let mut lines: Vec<Line> = series
            .stored_per_s
            .iter()
            .filter(|(topic, _)| of_clients(outcome, *topic))
            .enumerate()
            .map(|(index, (topic, values))| Line {
                name: format!("into {}", names.topic(*topic)),
                colour: HUES[(groups + index) % HUES.len()].0,
                dashes: DASHES[1],
                values: values.iter().copied().map(Some).collect(),
            })
            .collect();
        lines.extend(series.groups.iter().enumerate().map(|(index, group)| Line {
            name: format!("out by {}", names.group(GroupIx::new(index))),
            colour: HUES[index % HUES.len()].0,
            dashes: DASHES[0],
            values: group.consumed_per_s.iter().copied().map(Some).collect(),
        }));
        let (_, max) = range(lines.iter().flat_map(|line| &line.values));
        Some(lines::chart(self, outcome, &Scale::linear(max, Quantity::Rate), &lines))
    }
}
