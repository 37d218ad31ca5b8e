//! Stacked columns over time.

use super::Chart;
use super::frame::{Frame, value_axis, value_axis_width};
use super::legend::{Legend, box_swatch};
use super::palette::Role;
use super::scale::{Quantity, Scale, time_step};
use crate::kernel::time::SimDuration;
use crate::report::human::duration;
use crate::run::outcome::Outcome;

/// Height of the plot in half pixels.
const HEIGHT: i32 = 420;
/// Columns at most.
const COLUMNS: u64 = 200;

/// A layer of the stack.
pub struct Layer {
    /// Its name in the legend.
    pub name: String,
    /// Its colour.
    pub colour: Role,
    /// How many in the window of each sample.
    pub values: Vec<u64>,
}

/// Columns of equal width, with the sums of each layer.
struct Columns {
    width: SimDuration,
    sums: Vec<Vec<u64>>,
}

impl Columns {
    /// Windows are counted where they end.
    fn of(outcome: &Outcome, layers: &[Layer]) -> Self {
        let end = outcome.end.as_nanos().max(1);
        let width = time_step((end / COLUMNS).max(outcome.plan.sample_interval.as_nanos()).max(1));
        let columns = end.div_ceil(width) as usize;
        let sums = layers
            .iter()
            .map(|layer| {
                let mut sums = vec![0; columns];
                for (at, n) in outcome.series.times.iter().zip(&layer.values) {
                    sums[((at.as_nanos().saturating_sub(1) / width) as usize).min(columns - 1)] += n;
                }
                sums
            })
            .collect();
        Self { width: SimDuration::from_nanos(width), sums }
    }

    fn highest(&self) -> u64 {
        let columns = self.sums.first().map_or(0, Vec::len);
        (0..columns).map(|column| self.sums.iter().map(|sums| sums[column]).sum()).max().unwrap_or(0)
    }
}

/// A chart of layers, the first at the bottom.
#[must_use]
pub fn chart(chart: &dyn Chart, outcome: &Outcome, layers: &[Layer]) -> String {
    let columns = Columns::of(outcome, layers);
    let scale = Scale::linear(columns.highest() as f64, Quantity::Count);
    let entries = layers.iter().map(|layer| (layer.name.clone(), box_swatch(layer.colour))).collect();
    let subtitle = format!("{}, in each {}", chart.unit(), duration(columns.width));
    Frame::new(chart, outcome, value_axis_width(&scale)).subtitle(subtitle).draw(
        HEIGHT,
        &Legend::new(entries),
        |canvas, plot| {
            value_axis(canvas, plot, &scale);
            let mut base = vec![0u64; columns.sums.first().map_or(0, Vec::len)];
            for (layer, sums) in layers.iter().zip(&columns.sums) {
                for (column, n) in sums.iter().enumerate().filter(|(_, n)| **n > 0) {
                    let from = SimDuration::from_nanos(columns.width.as_nanos().saturating_mul(column as u64));
                    let left = plot.x(crate::kernel::time::SimTime::ZERO + from);
                    let right = plot.x(crate::kernel::time::SimTime::ZERO + from + columns.width);
                    let bottom = plot.y(&scale, base[column] as f64);
                    base[column] += n;
                    // The least that can be seen: one dead letter among thousands of retries counts.
                    let top = plot.y(&scale, base[column] as f64).min(bottom - 2);
                    canvas.rect((left, top), ((right - 1).max(left + 2), bottom), layer.colour);
                }
            }
        },
    )
}
