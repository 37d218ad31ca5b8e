//! The distribution of latencies.

use super::Chart;
use super::canvas::{Anchor, Canvas, paint};
use super::frame::{FONT, MARGIN, Plot, WIDTH, heading};
use super::palette::{AXIS, GRID, HUES, INK, MUTED, PAPER};
use super::scale::{Quantity, Scale};
use crate::kernel::time::{SimDuration, SimTime};
use crate::report::human::{counted, duration, percent};
use crate::report::names::Names;
use crate::run::outcome::{Outcome, Percentiles};
use crate::store::ids::GroupIx;

/// Groups shown.
const GROUPS_MAX: usize = 4;
/// Bars of a panel.
const BARS: usize = 56;
/// Height of a panel's plot.
const HEIGHT: i32 = 260;
/// Height of what stands above a plot: the group's name, the labels of the percentiles.
const ABOVE: i32 = 40 + 4 * MARK_ROW + 8;
/// Height of a percentile's label.
const MARK_ROW: i32 = 28;
/// Height of a panel.
const PANEL: i32 = ABOVE + HEIGHT + 56;
/// Height of the chart's heading.
const TOP: i32 = 56;

/// The chart.
pub(super) struct LatencyDistribution;

impl Chart for LatencyDistribution {
    fn id(&self) -> &'static str {
        "latency_distribution"
    }

    fn title(&self) -> &'static str {
        "Distribution of latency"
    }

    fn unit(&self) -> &'static str {
        "share of messages, by time from send to consumed"
    }

    fn about(&self) -> &'static str {
        "The time axis is logarithmic: a second hump to the right is another cause, not bad luck. Lines mark the median, \
         p95, p99 and the longest."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.groups.iter().any(|group| drawable(&group.latency.end_to_end))
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let panels: Vec<(String, &Percentiles)> = outcome
            .groups
            .iter()
            .enumerate()
            .map(|(index, group)| (names.group(GroupIx::new(index)), &group.latency.end_to_end))
            .filter(|(_, values)| drawable(values))
            .take(GROUPS_MAX)
            .collect();
        if panels.is_empty() {
            return None;
        }
        let height = TOP + panels.len() as i32 * PANEL + 8;
        Some(paint(self.id(), self.title(), (WIDTH as u32, height as u32), |canvas| {
            canvas.rect((0, 0), (WIDTH, height), PAPER);
            heading(canvas, self.title(), self.unit());
            for (index, (name, values)) in panels.iter().enumerate() {
                panel(canvas, TOP + index as i32 * PANEL, index, name, values);
            }
        }))
    }
}

fn drawable(values: &Percentiles) -> bool {
    values.count > 0 && !values.cumulative.is_empty()
}

fn nanos(time: SimDuration) -> f64 {
    time.as_nanos() as f64
}

/// Messages at or below `limit` nanoseconds.
fn below(values: &Percentiles, limit: f64) -> u64 {
    let place = values.cumulative.partition_point(|(bound, _)| nanos(*bound) <= limit);
    if place == 0 { 0 } else { values.cumulative[place - 1].1 }
}

fn panel(canvas: &mut Canvas<'_>, top: i32, index: usize, name: &str, values: &Percentiles) {
    let plot = Plot {
        left: 130,
        // Room for the label of the rightmost percentile.
        right: WIDTH - MARGIN - 220,
        top: top + ABOVE,
        bottom: top + ABOVE + HEIGHT,
        end: SimTime::ZERO,
    };
    let scale = Scale::log(nanos(values.min).max(1.0), nanos(values.max), Quantity::Time);
    let x = |value: f64| plot.left + (scale.share(value) * f64::from(plot.right - plot.left)) as i32;
    let title = format!("{name}, {}", counted(values.count, "message", "messages"));
    canvas.text((MARGIN, top + 20), &title, FONT, INK, Anchor::Start, true);
    let (first, last) = (scale.ticks()[0].0, scale.ticks().last().map_or(10.0, |(value, _)| *value));
    let step = libm::log(last / first) / BARS as f64;
    let edge = |bar: usize| first * libm::exp(step * bar as f64);
    let shares: Vec<f64> = (0..BARS)
        .map(|bar| {
            let low = if bar == 0 { 0 } else { below(values, edge(bar)) };
            let high = if bar + 1 == BARS { values.count } else { below(values, edge(bar + 1)) };
            high.saturating_sub(low) as f64 / values.count as f64
        })
        .collect();
    let most = shares.iter().copied().fold(0.0, f64::max).max(1e-6);
    let shown = Scale::linear(most * 100.0, Quantity::Rate);
    for (value, _) in shown.ticks() {
        let y = plot.y(&shown, value);
        canvas.line(vec![(plot.left, y), (plot.right, y)], GRID, 2);
        canvas.text((plot.left - 12, y), &percent(value / 100.0), FONT, MUTED, Anchor::End, false);
    }
    for (value, label) in scale.ticks() {
        let at = x(value);
        canvas.line(vec![(at, plot.bottom), (at, plot.bottom + 8)], AXIS, 2);
        canvas.text((at, plot.bottom + 30), &label, FONT, MUTED, Anchor::Middle, false);
    }
    for (bar, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        let (from, to) = (x(edge(bar)), x(edge(bar + 1)));
        // A bar is seen however small its share: a rare long wait is the point of the chart.
        let y = plot.y(&shown, share * 100.0).min(plot.bottom - 2);
        canvas.rect((from, y), ((to - 2).max(from + 2), plot.bottom), HUES[index % HUES.len()].0);
        let low = SimDuration::from_nanos(edge(bar) as u64);
        let high = SimDuration::from_nanos(edge(bar + 1) as u64);
        canvas.title(&format!("{} to {}: {}", duration(low), duration(high), percent(*share)));
    }
    canvas.line(vec![(plot.left, plot.bottom), (plot.right, plot.bottom)], AXIS, 2);
    percentile_marks(canvas, &plot, values, x);
}

fn percentile_marks(canvas: &mut Canvas<'_>, plot: &Plot, values: &Percentiles, x: impl Fn(f64) -> i32) {
    let marks = [("median", values.p50), ("p95", values.p95), ("p99", values.p99), ("longest", values.max)];
    // Steps down: each line begins below the labels of those to its left, and each label stands right of its line.
    for (row, (name, value)) in marks.into_iter().enumerate() {
        let at = x(nanos(value));
        let y = plot.top - 8 - (4 - row as i32) * MARK_ROW + MARK_ROW / 2;
        canvas.line(vec![(at, y - 10), (at, plot.bottom)], INK, 2).attributes(" stroke-dasharray=\"7 6\"");
        canvas.text((at + 8, y), &format!("{name} {}", duration(value)), FONT, INK, Anchor::Start, false);
    }
}
