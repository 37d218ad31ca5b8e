//! Lag of each group over time.

use super::Chart;
use super::lines::{self, DASHES, Line, range};
use super::palette::HUES;
use super::scale::{Quantity, Scale};
use crate::report::names::Names;
use crate::run::outcome::Outcome;
use crate::store::ids::GroupIx;

/// The chart.
pub(super) struct LagGroups;

impl Chart for LagGroups {
    fn id(&self) -> &'static str {
        "lag_groups"
    }

    fn title(&self) -> &'static str {
        "Lag of each group"
    }

    fn unit(&self) -> &'static str {
        "messages not yet consumed"
    }

    fn about(&self) -> &'static str {
        "All messages of the group's topics that its listeners have not finished, those on the way and in caches included."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        !outcome.series.times.is_empty()
            && outcome.series.groups.iter().any(|group| group.lag.iter().any(|lag| *lag > 0))
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let groups = outcome.series.groups.iter().enumerate();
        let lines: Vec<Line> = groups
            .map(|(index, group)| Line {
                name: names.group(GroupIx::new(index)),
                colour: HUES[index % HUES.len()].0,
                dashes: DASHES[index / HUES.len() % DASHES.len()],
                values: group.lag.iter().map(|lag| Some(*lag as f64)).collect(),
            })
            .collect();
        let (_, max) = range(lines.iter().flat_map(|line| &line.values));
        Some(lines::chart(self, outcome, &Scale::linear(max, Quantity::Count), &lines))
    }
}
