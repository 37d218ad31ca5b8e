//! The states of transactions over time.

use super::Chart;
use super::lines::{self, DASHES, Line, range};
use super::palette::{BAD, HUES};
use super::scale::{Quantity, Scale};
use crate::run::outcome::{Outcome, TransactionStates};

/// The chart.
pub(super) struct Transactions;

impl Chart for Transactions {
    fn id(&self) -> &'static str {
        "transactions"
    }

    fn title(&self) -> &'static str {
        "States of transactions"
    }

    fn unit(&self) -> &'static str {
        "transactions"
    }

    fn about(&self) -> &'static str {
        "How many transactions were in each state. Pending ones wait for their producer's decision, or for a check to ask for \
         it; discarded ones were given up after too many checks, and their messages are seen by nobody."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.series.transactions.iter().any(|states| states.begun > 0)
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        type Pick = fn(&TransactionStates) -> u64;
        let states: [(&str, _, _, Pick); 4] = [
            ("pending", HUES[1].0, DASHES[0], |states| states.pending),
            ("committed", HUES[2].0, DASHES[0], |states| states.committed),
            ("rolled back", HUES[3].0, DASHES[1], |states| states.rolled_back),
            ("discarded", BAD, DASHES[2], |states| states.discarded),
        ];
        let mut lines: Vec<Line> = states
            .into_iter()
            .map(|(name, colour, dashes, pick)| Line {
                name: name.to_owned(),
                colour,
                dashes,
                values: outcome.series.transactions.iter().map(|states| Some(pick(states) as f64)).collect(),
            })
            // A state that never was needs no line along the axis.
            .filter(|line| line.values.iter().flatten().any(|value| *value > 0.0))
            .collect();
        let (_, max) = range(lines.iter().flat_map(|line| &line.values));
        let least = lines.iter().map(|line| range(line.values.iter()).1).fold(f64::INFINITY, f64::min);
        // Linear unless a state would be lost at the foot of the chart.
        let scale = if least * 20.0 >= max {
            Scale::linear(max, Quantity::Count)
        } else {
            Scale::log(1.0, max, Quantity::Count)
        };
        // A logarithmic axis has no place for nothing.
        if scale.is_log() {
            for value in lines.iter_mut().flat_map(|line| &mut line.values) {
                *value = value.filter(|value| *value > 0.0);
            }
        }
        Some(lines::chart(self, outcome, &scale, &lines))
    }
}
