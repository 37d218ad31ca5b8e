//! Lines over time.

use super::Chart;
use super::canvas::Canvas;
use super::frame::{Frame, Plot, value_axis, value_axis_width};
use super::legend::{Legend, line_swatch};
use super::palette::Role;
use super::scale::Scale;
use crate::kernel::time::SimTime;
use crate::run::outcome::Outcome;

/// Height of the plot in half pixels.
const HEIGHT: i32 = 420;

/// Ways to draw a line, for those who cannot tell the colours.
pub const DASHES: [&str; 4] =
    ["", " stroke-dasharray=\"14 7\"", " stroke-dasharray=\"4 6\"", " stroke-dasharray=\"18 6 4 6\""];

/// A line; `None` where there is no value.
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its colour.
    pub colour: Role,
    /// One of [`DASHES`].
    pub dashes: &'static str,
    /// One value per sample.
    pub values: Vec<Option<f64>>,
}

/// A chart of lines over the sample times.
#[must_use]
pub fn chart(chart: &dyn Chart, outcome: &Outcome, scale: &Scale, lines: &[Line]) -> String {
    let entries = lines.iter().map(|line| (line.name.clone(), line_swatch(line.colour, line.dashes))).collect();
    let subtitle = if scale.is_log() { format!("{}, logarithmic", chart.unit()) } else { chart.unit().to_owned() };
    Frame::new(chart, outcome, value_axis_width(scale)).subtitle(subtitle).draw(
        HEIGHT,
        &Legend::new(entries),
        |canvas, plot| {
            value_axis(canvas, plot, scale);
            for line in lines {
                draw(canvas, plot, scale, &outcome.series.times, line);
            }
        },
    )
}

/// The least and greatest of the values, zeros aside for the least.
#[must_use]
pub fn range<'a>(values: impl Iterator<Item = &'a Option<f64>>) -> (f64, f64) {
    let (mut min, mut max) = (f64::INFINITY, 0.0f64);
    for value in values.flatten().filter(|value| value.is_finite()) {
        if *value > 0.0 {
            min = min.min(*value);
        }
        max = max.max(*value);
    }
    if min.is_finite() { (min, max) } else { (1.0, 1.0) }
}

fn draw(canvas: &mut Canvas<'_>, plot: &Plot, scale: &Scale, times: &[SimTime], line: &Line) {
    let mut stretch: Vec<(i32, i32)> = Vec::new();
    let mut stretches = Vec::new();
    for (at, value) in times.iter().zip(&line.values) {
        match value {
            Some(value) if value.is_finite() => stretch.push((plot.x(*at), plot.y(scale, *value))),
            _ => stretches.push(std::mem::take(&mut stretch)),
        }
    }
    stretches.push(stretch);
    for points in stretches.into_iter().filter(|points| !points.is_empty()) {
        let mut points = thin(&points);
        if let [only] = points[..] {
            points = vec![(only.0 - 3, only.1), (only.0 + 3, only.1)];
        }
        canvas.line(points, line.colour, 4).attributes(" stroke-linejoin=\"round\"");
        if !line.dashes.is_empty() {
            canvas.attributes(line.dashes);
        }
    }
}

/// At most four points in each pixel column (two half pixels): the first, the least, the greatest, the last.
#[must_use]
pub fn thin(points: &[(i32, i32)]) -> Vec<(i32, i32)> {
    let mut thinned: Vec<(i32, i32)> = Vec::new();
    for column in points.chunk_by(|a, b| a.0 / 2 == b.0 / 2) {
        if column.len() <= 4 {
            thinned.extend_from_slice(column);
            continue;
        }
        let place_of = |pick: fn(i32, i32) -> bool| {
            let mut best = 0;
            for (place, point) in column.iter().enumerate() {
                if pick(point.1, column[best].1) {
                    best = place;
                }
            }
            best
        };
        let mut places = [0, place_of(|a, b| a < b), place_of(|a, b| a > b), column.len() - 1];
        places.sort_unstable();
        thinned.extend(places.iter().map(|place| column[*place]));
    }
    thinned.dedup();
    // A point on a level stretch says nothing.
    let mut kept: Vec<(i32, i32)> = Vec::with_capacity(thinned.len());
    for point in thinned {
        if let [.., before, last] = kept[..]
            && before.1 == last.1
            && last.1 == point.1
        {
            kept.pop();
        }
        kept.push(point);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_extremes_of_each_column_and_drops_level_points() {
        let points: Vec<(i32, i32)> = (0..1000).map(|n| (n / 100, if n == 555 { -50 } else { 7 })).collect();
        let thinned = thin(&points);
        assert!(thinned.len() < 12, "{thinned:?}");
        assert!(thinned.contains(&(5, -50)));
        assert_eq!(thinned.first(), Some(&(0, 7)));
        assert_eq!(thinned.last(), Some(&(9, 7)));
    }

    #[test]
    fn the_range_of_nothing_is_usable() {
        assert_eq!(range([None, Some(f64::NAN)].iter()), (1.0, 1.0));
        assert_eq!(range([Some(0.0), Some(4.0), Some(2.0)].iter()), (2.0, 4.0));
    }
}
