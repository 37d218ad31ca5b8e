//! How busy each consumer's threads were.

use super::Chart;
use super::heat::{self, Classes, Row};
use super::lanes::choose;
use crate::report::human::{counted, percent};
use crate::report::names::Names;
use crate::run::outcome::Outcome;
use crate::store::ids::InstanceIx;

/// The chart.
pub(super) struct Utilisation;

impl Chart for Utilisation {
    fn id(&self) -> &'static str {
        "utilisation"
    }

    fn title(&self) -> &'static str {
        "Use of each consumer's threads"
    }

    fn unit(&self) -> &'static str {
        "busy threads of all threads"
    }

    fn about(&self) -> &'static str {
        "One lane for each consumer, blank while it does not run. All lanes dark: more threads or consumers are needed. \
         Some dark and some pale: the queues, or their load, are spread unevenly."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        !outcome.series.times.is_empty()
            && outcome.series.utilisation.iter().flatten().any(|share| share.is_some_and(|share| share > 0.0))
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let all = &outcome.series.utilisation;
        let peaks: Vec<u64> = all
            .iter()
            .map(|values| values.iter().flatten().fold(0.0, |most: f64, share| most.max(*share)))
            .map(|share| (share * 1e9) as u64)
            .collect();
        let parts: Vec<u32> = outcome.plan.instances.iter().map(|instance| instance.group.0).collect();
        let chosen = choose(&peaks, &parts);
        let mut subtitle = self.unit().to_owned();
        if chosen.len() < all.len() {
            let total = counted(all.len() as u64, "consumer", "consumers");
            subtitle = format!("the {} busiest of {total}", chosen.len());
        }
        let rows: Vec<Row<'_>> = chosen
            .iter()
            .map(|place| {
                let values = &all[*place];
                Row {
                    label: names.instance(InstanceIx::new(*place)),
                    value: Box::new(|index| values.get(index).copied().flatten()),
                }
            })
            .collect();
        Some(heat::chart(self, outcome, subtitle, &rows, &Classes::even(1.0), &percent))
    }
}
