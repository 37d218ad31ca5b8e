//! How full the disks were.

use super::Chart;
use super::lines::{self, DASHES, Line};
use super::palette::HUES;
use super::scale::{Quantity, Scale};
use crate::report::names::Names;
use crate::run::outcome::Outcome;
use crate::store::ids::BrokerIx;

/// Lines at most.
const LINES_MAX: usize = 8;

/// The chart.
pub(super) struct Disk;

impl Chart for Disk {
    fn id(&self) -> &'static str {
        "disk"
    }

    fn title(&self) -> &'static str {
        "Disks"
    }

    fn unit(&self) -> &'static str {
        "percent in use"
    }

    fn about(&self) -> &'static str {
        "How much of each broker's disk is in use. At diskMaxUsedSpaceRatio old files go before their time, at \
         diskSpaceCleanForciblyRatio at any price, and at diskSpaceWarningLevelRatio the broker takes no more messages."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.series.failures.disk.iter().flatten().any(|percent| *percent > 0)
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let used = outcome.series.failures.disk.iter().enumerate().filter(|(_, values)| !values.is_empty());
        let lines: Vec<Line> = used
            .take(LINES_MAX)
            .enumerate()
            .map(|(number, (place, values))| Line {
                name: names.process(BrokerIx::new(place)),
                colour: HUES[number % HUES.len()].0,
                dashes: DASHES[number % DASHES.len()],
                values: values.iter().map(|percent| Some(f64::from(*percent))).collect(),
            })
            .collect();
        Some(lines::chart(self, outcome, &Scale::linear(100.0, Quantity::Count), &lines))
    }
}
