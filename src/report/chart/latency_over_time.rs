//! Latency percentiles over time.

use super::Chart;
use super::lines::{self, DASHES, Line, range};
use super::palette::HUES;
use super::scale::{Quantity, Scale};
use crate::report::names::Names;
use crate::run::outcome::Outcome;
use crate::store::ids::GroupIx;

/// Groups shown; more than these are in series.csv.
const GROUPS_MAX: usize = 3;

/// The chart.
pub(super) struct LatencyOverTime;

impl Chart for LatencyOverTime {
    fn id(&self) -> &'static str {
        "latency_over_time"
    }

    fn title(&self) -> &'static str {
        "Latency over time"
    }

    fn unit(&self) -> &'static str {
        "from send to consumed"
    }

    fn about(&self) -> &'static str {
        "Percentiles of the messages that finished in each sample window; no line where none finished. Messages still \
         waiting are not in it: read it beside the lag."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        !outcome.series.times.is_empty()
            && outcome.series.groups.iter().any(|group| group.latency.iter().any(Option::is_some))
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let several = outcome.series.groups.len() > 1;
        let mut lines = Vec::new();
        for (index, group) in outcome.series.groups.iter().enumerate().take(GROUPS_MAX) {
            for (place, name) in ["median", "p95", "p99", "longest"].into_iter().enumerate() {
                let whose = if several { format!("{} ", names.group(GroupIx::new(index))) } else { String::new() };
                lines.push(Line {
                    name: format!("{whose}{name}"),
                    colour: HUES[if several { index } else { place } % HUES.len()].0,
                    dashes: if several { DASHES[place] } else { DASHES[0] },
                    values: group.latency.iter().map(|all| all.map(|all| all[place].as_nanos() as f64)).collect(),
                });
            }
        }
        let (min, max) = range(lines.iter().flat_map(|line| &line.values));
        Some(lines::chart(self, outcome, &Scale::fitting(min, max, Quantity::Time), &lines))
    }
}
