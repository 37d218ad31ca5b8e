//! Horizontal stacked bars, a lane each.

use super::Chart;
use super::canvas::{Anchor, Canvas, paint};
use super::frame::{FONT, MARGIN, Plot, WIDTH, heading};
use super::lanes::Lanes;
use super::legend::{Legend, box_swatch, text_width};
use super::palette::{AXIS, GRID, INK, MUTED, PAPER, Role};
use super::scale::{Quantity, Scale};
use crate::kernel::time::SimTime;
use crate::report::human::count;

/// Height of the heading.
const TOP: i32 = 74;
/// Height of the axis below the plot.
const AXIS_HEIGHT: i32 = 52;

/// A lane: its label, and how many of each kind.
pub struct Bar {
    /// The lane's label.
    pub label: String,
    /// As many as there are kinds.
    pub parts: Vec<u64>,
}

/// Draws bars; `kinds` names the parts and their colours. The legend counts each kind.
#[must_use]
pub fn chart(chart: &dyn Chart, subtitle: &str, bars: &[Bar], kinds: &[(String, Role)]) -> String {
    let lanes = Lanes::new(bars.iter().map(|bar| bar.label.clone()).collect());
    let totals: Vec<u64> = bars.iter().map(|bar| bar.parts.iter().sum()).collect();
    let most = totals.iter().copied().max().unwrap_or(0);
    let scale = Scale::linear(most as f64, Quantity::Count);
    let named = kinds.iter().enumerate().map(|(kind, (name, colour))| {
        let total = bars.iter().filter_map(|bar| bar.parts.get(kind)).sum();
        (format!("{name}: {}", count(total)), box_swatch(*colour))
    });
    let legend = Legend::new(named.collect());
    let plot = Plot {
        left: (MARGIN + lanes.label_width() + 14).max(110),
        // Room for the number at the end of the longest bar.
        right: WIDTH - MARGIN - 20 - text_width(&count(most), FONT),
        top: TOP,
        bottom: TOP + lanes.height(),
        end: SimTime::ZERO,
    };
    let x = |value: f64| plot.left + (scale.share(value) * f64::from(plot.right - plot.left)) as i32;
    let height = plot.bottom + AXIS_HEIGHT + legend.height + MARGIN;
    paint(chart.id(), chart.title(), (WIDTH as u32, height as u32), |canvas| {
        canvas.rect((0, 0), (WIDTH, height), PAPER);
        heading(canvas, chart.title(), subtitle);
        for (value, label) in scale.ticks() {
            canvas.line(vec![(x(value), plot.top), (x(value), plot.bottom)], GRID, 2);
            canvas.text((x(value), plot.bottom + 26), &label, FONT, MUTED, Anchor::Middle, false);
        }
        for (lane, (bar, total)) in bars.iter().zip(&totals).enumerate() {
            parts(canvas, lanes.band(&plot, lane), bar, kinds, &x);
            let (top, bottom) = lanes.band(&plot, lane);
            let size = FONT.min(bottom - top);
            canvas.text((x(*total as f64) + 10, (top + bottom) / 2), &count(*total), size, INK, Anchor::Start, false);
        }
        lanes.draw(canvas, &plot);
        canvas.line(vec![(plot.left, plot.top), (plot.left, plot.bottom)], AXIS, 2);
        legend.draw(canvas, plot.bottom + AXIS_HEIGHT);
    })
}

fn parts(
    canvas: &mut Canvas<'_>,
    (top, bottom): (i32, i32),
    bar: &Bar,
    kinds: &[(String, Role)],
    x: &impl Fn(f64) -> i32,
) {
    let mut so_far = 0u64;
    for (n, (name, colour)) in bar.parts.iter().zip(kinds).filter(|(n, _)| **n > 0) {
        let from = x(so_far as f64);
        so_far += n;
        canvas.rect((from, top), (x(so_far as f64).max(from + 2), bottom), *colour);
        canvas.title(&format!("{name}: {}", count(*n)));
    }
}
