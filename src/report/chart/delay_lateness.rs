//! How late delayed messages were delivered.

use super::Chart;
use super::canvas::{Anchor, Canvas, paint};
use super::frame::{FONT, MARGIN, Plot, WIDTH, heading};
use super::legend::{Legend, line_swatch};
use super::lines::{DASHES, thin};
use super::palette::{AXIS, GRID, HUES, MUTED, PAPER, Role};
use super::scale::{Quantity, Scale};
use crate::kernel::time::{SimDuration, SimTime};
use crate::report::human::{counted, duration};
use crate::report::tables::delay_of;
use crate::run::outcome::{Outcome, Percentiles};

/// Height of the plot.
const HEIGHT: i32 = 420;
/// Height of the heading.
const TOP: i32 = 74;
/// Height of the axis below the plot.
const AXIS_HEIGHT: i32 = 52;

/// The chart.
pub(super) struct DelayLateness;

impl Chart for DelayLateness {
    fn id(&self) -> &'static str {
        "delay_lateness"
    }

    fn title(&self) -> &'static str {
        "Lateness of delayed messages"
    }

    fn unit(&self) -> &'static str {
        "share delivered this late at most"
    }

    fn about(&self) -> &'static str {
        "The time between the moment a message was due and its delivery to its queue, by delay level; retries after a failure \
         wait in the same levels. A line that rises early is a level whose messages come on time."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.delay_by_level.iter().any(|(_, late)| drawable(late))
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let levels: Vec<(u8, &Percentiles)> = outcome
            .delay_by_level
            .iter()
            .filter(|(_, late)| drawable(late))
            .map(|(level, late)| (*level, late))
            .collect();
        let look = |place: usize| (HUES[place % HUES.len()].0, DASHES[place / HUES.len() % DASHES.len()]);
        let entries = levels.iter().enumerate().map(|(place, (level, late))| {
            let (colour, dashes) = look(place);
            let delay = delay_of(outcome, *level).map_or_else(String::new, |delay| format!(" ({})", duration(delay)));
            let messages = counted(late.count, "message", "messages");
            (format!("level {level}{delay}: {messages}"), line_swatch(colour, dashes))
        });
        let legend = Legend::new(entries.collect());
        let scale = scale(&levels);
        let plot = Plot { left: 130, right: WIDTH - MARGIN - 60, top: TOP, bottom: TOP + HEIGHT, end: SimTime::ZERO };
        let height = plot.bottom + AXIS_HEIGHT + legend.height + MARGIN;
        Some(paint(self.id(), self.title(), (WIDTH as u32, height as u32), |canvas| {
            canvas.rect((0, 0), (WIDTH, height), PAPER);
            let more = if scale.is_log() { ", the time logarithmic" } else { "" };
            heading(canvas, self.title(), &format!("{}{more}", self.unit()));
            axes(canvas, &plot, &scale);
            for (place, (_, late)) in levels.iter().enumerate() {
                curve(canvas, &plot, &scale, late, look(place));
            }
            legend.draw(canvas, plot.bottom + AXIS_HEIGHT);
        }))
    }
}

fn drawable(late: &Percentiles) -> bool {
    late.count > 0 && !late.cumulative.is_empty()
}

fn nanos(time: SimDuration) -> f64 {
    time.as_nanos() as f64
}

/// Linear, unless a few very late ones would press all others against the axis.
fn scale(levels: &[(u8, &Percentiles)]) -> Scale {
    let max = levels.iter().map(|(_, late)| nanos(late.max)).fold(0.0, f64::max);
    let middle = levels.iter().map(|(_, late)| nanos(late.p50)).fold(f64::INFINITY, f64::min);
    if middle * 30.0 >= max {
        Scale::linear(max, Quantity::Time)
    } else {
        let min = levels.iter().map(|(_, late)| nanos(late.min)).fold(f64::INFINITY, f64::min);
        Scale::log(min.max(max / 1e6), max, Quantity::Time)
    }
}

fn x(plot: &Plot, scale: &Scale, value: f64) -> i32 {
    plot.left + (scale.share(value) * f64::from(plot.right - plot.left)) as i32
}

fn y(plot: &Plot, share: f64) -> i32 {
    plot.bottom - (share * f64::from(plot.bottom - plot.top)) as i32
}

fn axes(canvas: &mut Canvas<'_>, plot: &Plot, scale: &Scale) {
    for quarter in 0..=4 {
        let at = y(plot, f64::from(quarter) / 4.0);
        canvas.line(vec![(plot.left, at), (plot.right, at)], GRID, 2);
        canvas.text((plot.left - 12, at), &format!("{} %", quarter * 25), FONT, MUTED, Anchor::End, false);
    }
    for (value, label) in scale.ticks() {
        let at = x(plot, scale, value);
        canvas.line(vec![(at, plot.top), (at, plot.bottom)], GRID, 2);
        canvas.text((at, plot.bottom + 26), &label, FONT, MUTED, Anchor::Middle, false);
    }
    canvas.line(vec![(plot.left, plot.bottom), (plot.right, plot.bottom)], AXIS, 2);
}

fn curve(canvas: &mut Canvas<'_>, plot: &Plot, scale: &Scale, late: &Percentiles, (colour, dashes): (Role, &str)) {
    let share = |so_far: u64| so_far as f64 / late.count as f64;
    let mut points = vec![(x(plot, scale, nanos(late.min)), plot.bottom)];
    for (bound, so_far) in &late.cumulative {
        points.push((x(plot, scale, nanos((*bound).min(late.max))), y(plot, share(*so_far))));
    }
    // All are this late at most from here on.
    points.push((plot.right, plot.top));
    canvas.line(thin(&points), colour, 4).attributes(" stroke-linejoin=\"round\"");
    if !dashes.is_empty() {
        canvas.attributes(dashes);
    }
}
