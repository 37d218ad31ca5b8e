//! Duplicate deliveries by cause.

use super::Chart;
use super::bars::{self, Bar};
use super::lanes::choose;
use super::palette::{HUES, Role};
use crate::report::names::Names;
use crate::report::tables::cause;
use crate::run::outcome::{DuplicateCause, GroupOutcome, Outcome};
use crate::store::ids::GroupIx;

/// The chart.
pub(super) struct Duplicates;

fn total(group: &GroupOutcome) -> u64 {
    group.duplicates.iter().map(|(_, n)| n).sum()
}

impl Chart for Duplicates {
    fn id(&self) -> &'static str {
        "duplicates"
    }

    fn title(&self) -> &'static str {
        "Duplicate deliveries"
    }

    fn unit(&self) -> &'static str {
        "messages given to a listener again, by cause"
    }

    fn about(&self) -> &'static str {
        "Messages that a listener of the group had been given before. Retries after a failure are not among them."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.groups.iter().any(|group| total(group) > 0)
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let troubled: Vec<usize> = (0..outcome.groups.len()).filter(|at| total(&outcome.groups[*at]) > 0).collect();
        let weights: Vec<u64> = troubled.iter().map(|group| total(&outcome.groups[*group])).collect();
        let groups: Vec<usize> = choose(&weights, &[]).into_iter().map(|place| troubled[place]).collect();
        let found = groups.iter().flat_map(|group| &outcome.groups[*group].duplicates);
        let mut causes: Vec<DuplicateCause> = found.filter(|(_, n)| *n > 0).map(|(cause, _)| *cause).collect();
        causes.sort_unstable();
        causes.dedup();
        // A cause has the same colour in every report.
        let kinds: Vec<(String, Role)> =
            causes.iter().map(|why| (cause(*why).to_owned(), HUES[*why as usize % HUES.len()].0)).collect();
        let bars: Vec<Bar> = groups
            .iter()
            .map(|group| {
                let times = |why: &DuplicateCause| {
                    let found = outcome.groups[*group].duplicates.iter().filter(|(cause, _)| cause == why);
                    found.map(|(_, n)| n).sum()
                };
                Bar { label: names.group(GroupIx::new(*group)), parts: causes.iter().map(times).collect() }
            })
            .collect();
        Some(bars::chart(self, self.unit(), &bars, &kinds))
    }
}
