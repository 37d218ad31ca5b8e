//! Lag of each queue over time, as a heat map.

use super::Chart;
use super::heat::{self, Classes, Row};
use super::lanes::choose;
use crate::report::human::{count, counted};
use crate::report::names::Names;
use crate::report::queues::shown;
use crate::run::outcome::Outcome;

/// The chart.
pub(super) struct LagQueues;

impl Chart for LagQueues {
    fn id(&self) -> &'static str {
        "lag_queues"
    }

    fn title(&self) -> &'static str {
        "Lag of each queue"
    }

    fn unit(&self) -> &'static str {
        "messages not yet consumed"
    }

    fn about(&self) -> &'static str {
        "One lane for each queue; the darker (in a dark theme: the brighter), the more messages wait in it. A queue that \
         nobody consumes stands out among its neighbours."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        !outcome.series.times.is_empty() && outcome.series.queue_lag.iter().flatten().any(|lag| *lag > 0)
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let lags = &outcome.series.queue_lag;
        let shown: Vec<usize> = shown(outcome).into_iter().filter(|place| *place < lags.len()).collect();
        let peaks: Vec<u64> = shown.iter().map(|place| lags[*place].iter().copied().max().unwrap_or(0)).collect();
        let parts: Vec<u32> = shown.iter().map(|place| outcome.ownership[*place].group.0).collect();
        let chosen = choose(&peaks, &parts);
        let mut subtitle = self.unit().to_owned();
        if chosen.len() < shown.len() {
            let all = counted(shown.len() as u64, "queue", "queues");
            subtitle = format!("messages; the {} with the greatest lag of {all}", chosen.len());
        }
        let rows: Vec<Row<'_>> = chosen
            .iter()
            .map(|place| {
                let place = shown[*place];
                let values = &lags[place];
                Row {
                    label: super::ownership::lane_label(outcome, &names, &outcome.ownership[place]),
                    value: Box::new(|index| values.get(index).map(|lag| *lag as f64)),
                }
            })
            .collect();
        let most = peaks.iter().copied().max().unwrap_or(0);
        let words = |value: f64| count(value as u64);
        Some(heat::chart(self, outcome, subtitle, &rows, &Classes::logarithmic(most as f64), &words))
    }
}
