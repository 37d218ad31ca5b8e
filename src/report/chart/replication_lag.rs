//! How far replicas were behind.

use super::Chart;
use super::lines::{self, DASHES, Line, range};
use super::palette::HUES;
use super::scale::{Quantity, Scale};
use crate::report::human::bytes;
use crate::report::names::Names;
use crate::run::outcome::Outcome;
use crate::store::ids::BrokerIx;

/// Lines at most: the processes that were farthest behind.
const LINES_MAX: usize = 8;

/// The chart.
pub(super) struct ReplicationLag;

impl Chart for ReplicationLag {
    fn id(&self) -> &'static str {
        "replication_lag"
    }

    fn title(&self) -> &'static str {
        "Replication lag"
    }

    fn unit(&self) -> &'static str {
        "bytes behind the log that counts"
    }

    fn about(&self) -> &'static str {
        "How many bytes the log of each replica is behind that of the process that counts for its broker name. What a replica \
         does not have is lost when it has to take over, or cannot be read from it."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.series.failures.replication_lag.iter().flatten().any(|lag| *lag > 0)
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let lags = &outcome.series.failures.replication_lag;
        let most = |place: usize| lags[place].iter().copied().max().unwrap_or(0);
        let mut places: Vec<usize> = (0..lags.len()).filter(|place| most(*place) > 0).collect();
        places.sort_by_key(|place| (std::cmp::Reverse(most(*place)), *place));
        places.truncate(LINES_MAX);
        places.sort_unstable();
        let lines: Vec<Line> = places
            .iter()
            .enumerate()
            .map(|(number, place)| Line {
                name: format!("{}: {} at most", names.process(BrokerIx::new(*place)), bytes(most(*place))),
                colour: HUES[number % HUES.len()].0,
                dashes: DASHES[number % DASHES.len()],
                values: lags[*place].iter().map(|lag| Some(*lag as f64)).collect(),
            })
            .collect();
        let (_, max) = range(lines.iter().flat_map(|line| &line.values));
        Some(lines::chart(self, outcome, &Scale::linear(max, Quantity::Bytes), &lines))
    }
}
