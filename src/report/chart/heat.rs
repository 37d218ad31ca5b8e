//! Heat maps: lanes whose colour says how much, over time.

use super::Chart;
use super::frame::Frame;
use super::lanes::Lanes;
use super::legend::{Legend, box_swatch};
use super::palette::HEAT;
use crate::kernel::time::SimTime;
use crate::run::outcome::Outcome;

/// Width of the narrowest cell in half pixels.
const COLUMN: i32 = 6;

/// A heat map's classes: class 0 is nothing, class `i` holds values above `bounds[i-1]` up to `bounds[i]`.
pub struct Classes {
    bounds: Vec<f64>,
}

impl Classes {
    /// Classes up to `max`, each about twice to four times the one before it: 0, then round bounds.
    #[must_use]
    pub fn logarithmic(max: f64) -> Self {
        let rounds: Vec<f64> = (0..16)
            .flat_map(|power| {
                let ten = (0..power).fold(1.0, |ten, _| ten * 10.0);
                [ten, 2.0 * ten, 5.0 * ten]
            })
            .collect();
        let last = rounds.iter().position(|bound| *bound >= max).unwrap_or(rounds.len() - 1);
        let classes = HEAT.len() - 1;
        // From the top down in steps that reach 1 with the classes there are.
        let step = (last + 1).div_ceil(classes).max(1);
        let mut bounds: Vec<f64> =
            (0..classes).filter_map(|n| last.checked_sub(n * step)).map(|at| rounds[at]).collect();
        bounds.push(0.0);
        bounds.reverse();
        Self { bounds }
    }

    /// Five equal classes up to `max`.
    #[must_use]
    pub fn even(max: f64) -> Self {
        let classes = 5;
        Self { bounds: (0..=classes).map(|n| max * n as f64 / classes as f64).collect() }
    }

    fn of(&self, value: f64) -> usize {
        self.bounds.partition_point(|bound| *bound < value).min(self.bounds.len() - 1)
    }

    /// The palette's place of a class: few classes spread over all of it.
    fn shade(&self, class: usize) -> usize {
        match self.bounds.len() - 1 {
            0 => 0,
            most => (class * (HEAT.len() - 1)).div_ceil(most),
        }
    }

    fn legend(&self, words: &dyn Fn(f64) -> String) -> Legend {
        let entries = self
            .bounds
            .iter()
            .enumerate()
            .map(|(class, bound)| {
                let text = if class == 0 { words(0.0) } else { format!("to {}", words(*bound)) };
                (text, box_swatch(HEAT[self.shade(class)]))
            })
            .collect();
        Legend::new(entries)
    }
}

/// What a lane holds.
pub struct Row<'a> {
    /// Its label.
    pub label: String,
    /// A value per sample; `None` where there is none.
    pub value: Box<dyn Fn(usize) -> Option<f64> + 'a>,
}

/// A class with the corners of its cell.
type Cell = (usize, (i32, i32), (i32, i32));

/// Draws a heat map; a cell that several samples share shows the greatest.
#[must_use]
pub fn chart(
    chart: &dyn Chart,
    outcome: &Outcome,
    subtitle: String,
    rows: &[Row<'_>],
    classes: &Classes,
    words: &dyn Fn(f64) -> String,
) -> String {
    let lanes = Lanes::new(rows.iter().map(|row| row.label.clone()).collect());
    let legend = classes.legend(words);
    Frame::new(chart, outcome, lanes.label_width()).subtitle(subtitle).draw(lanes.height(), &legend, |canvas, plot| {
        let mut cells: Vec<Cell> = Vec::new();
        for (lane, row) in rows.iter().enumerate() {
            let (top, bottom) = lanes.band(plot, lane);
            let x = |at: SimTime| plot.left + (plot.x(at) - plot.left) / COLUMN * COLUMN;
            let class = |index| (row.value)(index).filter(|value| value.is_finite()).map(|value| classes.of(value));
            for (from, to, class) in runs(&outcome.series.times, x, class) {
                cells.push((class, (from, top), (to.max(from + 2), bottom)));
            }
        }
        // Cells of one colour in a row become one path.
        cells.sort();
        for (class, from, to) in cells {
            canvas.rect(from, to, HEAT[classes.shade(class)]);
        }
        lanes.draw(canvas, plot);
    })
}

/// Stretches of one class (from, to, class); window `i` reaches from the sample before to sample `i`.
fn runs(
    times: &[SimTime],
    x: impl Fn(SimTime) -> i32,
    class: impl Fn(usize) -> Option<usize>,
) -> Vec<(i32, i32, usize)> {
    let mut columns: Vec<(i32, i32, Option<usize>)> = Vec::new();
    let mut from = x(SimTime::ZERO);
    for (index, at) in times.iter().enumerate() {
        let to = x(*at);
        let class = class(index);
        match columns.last_mut() {
            // Samples within one column: the greatest shows.
            Some((last_from, last_to, last)) if to == *last_to && *last_from < to => *last = (*last).max(class),
            Some((_, last_to, last)) if *last == class => *last_to = to,
            _ => columns.push((from, to, class)),
        }
        from = to;
    }
    let mut runs: Vec<(i32, i32, usize)> = Vec::new();
    for (from, to, class) in columns {
        let Some(class) = class else { continue };
        match runs.last_mut() {
            Some((_, last_to, last)) if *last == class && *last_to == from => *last_to = to,
            _ => runs.push((from, to, class)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_begin_with_nothing_and_reach_the_greatest_value() {
        for max in [1.0, 7.0, 1_000.0, 60_537.0, 3e12] {
            let classes = Classes::logarithmic(max);
            assert_eq!(classes.of(0.0), 0);
            assert_eq!(classes.of(max), classes.bounds.len() - 1);
            assert!(classes.bounds.len() <= HEAT.len() && classes.bounds.windows(2).all(|pair| pair[0] < pair[1]));
            assert_eq!(classes.shade(classes.bounds.len() - 1), HEAT.len() - 1);
        }
        assert_eq!(Classes::even(1.0).of(1.0), 5);
    }

    #[test]
    fn equal_neighbours_become_one_stretch_and_gaps_stay() {
        let times: Vec<SimTime> = (1..=6).map(SimTime::from_secs).collect();
        let values = [Some(1), Some(1), None, Some(2), Some(2), Some(1)];
        let runs = runs(&times, |at| at.as_millis() as i32, |index| values[index]);
        assert_eq!(runs, [(0, 2000, 1), (3000, 5000, 2), (5000, 6000, 1)]);
    }
}
