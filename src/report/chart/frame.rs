//! The frame of a chart over time: heading, action markers with labels that do not overlap, time axis, value axis.

use super::Chart;
use super::canvas::{Anchor, Canvas, paint};
use super::legend::{Legend, text_width};
use super::palette::{AXIS, GRID, INK, MUTED, PAPER};
use super::scale::{Scale, time_ticks};
use crate::kernel::time::SimTime;
use crate::report::human::{clean, counted, shorten};
use crate::run::outcome::{Fact, Outcome};

/// Width of a sheet in half pixels.
pub const WIDTH: i32 = 1600;
/// Space at the edges.
pub const MARGIN: i32 = 24;
/// Size of ordinary text.
pub const FONT: i32 = 24;
/// Height of the heading.
const HEADING: i32 = 64;
/// Height of a row of marker labels.
const ROW: i32 = 32;
/// Rows of marker labels at most.
const ROWS: usize = 6;
/// Height of the time axis below the plot.
const AXIS_HEIGHT: i32 = 48;

/// The plot within a sheet.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    /// Left edge.
    pub left: i32,
    /// Right edge.
    pub right: i32,
    /// Top edge.
    pub top: i32,
    /// Bottom edge.
    pub bottom: i32,
    /// The end of the time axis, which begins at 0.
    pub end: SimTime,
}

impl Plot {
    /// The position of a moment.
    #[must_use]
    pub fn x(&self, at: SimTime) -> i32 {
        let end = u128::from(self.end.as_nanos().max(1));
        let offset = u128::from(at.as_nanos().min(self.end.as_nanos())) * (self.right - self.left) as u128 / end;
        self.left + i32::try_from(offset).unwrap_or(0)
    }

    /// The height of a value.
    #[must_use]
    pub fn y(&self, scale: &Scale, value: f64) -> i32 {
        self.bottom - (scale.share(value) * f64::from(self.bottom - self.top)) as i32
    }
}

/// An action on the time axis.
struct Marker {
    x: i32,
    label: Option<(usize, String, Anchor)>,
}

/// The frame of a chart.
pub struct Frame<'a> {
    chart: &'a dyn Chart,
    outcome: &'a Outcome,
    left: i32,
    subtitle: String,
}

impl<'a> Frame<'a> {
    /// A frame whose left margin holds labels up to `label_width` half pixels wide.
    #[must_use]
    pub fn new(chart: &'a dyn Chart, outcome: &'a Outcome, label_width: i32) -> Self {
        let left = (MARGIN + label_width + 14).max(110);
        Self { chart, outcome, left, subtitle: chart.unit().to_owned() }
    }

    /// Another subtitle than the unit.
    #[must_use]
    pub fn subtitle(mut self, subtitle: String) -> Self {
        self.subtitle = subtitle;
        self
    }

    /// Draws the chart: frame first, then `draw` within a plot of the given height, then the legend below.
    #[must_use]
    pub fn draw(&self, height: i32, legend: &Legend, draw: impl FnOnce(&mut Canvas<'_>, &Plot)) -> String {
        let right = WIDTH - MARGIN - 16;
        let mut plot = Plot { left: self.left, right, top: 0, bottom: 0, end: self.outcome.end };
        let (markers, hidden) = self.markers(&plot);
        let rows =
            markers.iter().filter_map(|marker| marker.label.as_ref()).map(|(row, ..)| row + 1).max().unwrap_or(0);
        plot.top = HEADING + rows as i32 * ROW + 10;
        plot.bottom = plot.top + height;
        let total = plot.bottom + AXIS_HEIGHT + legend.height + MARGIN;
        let title = self.chart.title();
        paint(self.chart.id(), title, (WIDTH as u32, total as u32), |canvas| {
            canvas.rect((0, 0), (WIDTH, total), PAPER);
            let mut subtitle = self.subtitle.clone();
            if hidden > 0 {
                subtitle.push_str(&format!(" · {} without a label", counted(hidden, "action", "actions")));
            }
            heading(canvas, title, &subtitle);
            time_axis(canvas, &plot);
            draw(canvas, &plot);
            draw_markers(canvas, &plot, &markers);
            legend.draw(canvas, plot.bottom + AXIS_HEIGHT);
        })
    }

    /// Where the actions' lines and labels stand, and how many labels found no room.
    fn markers(&self, plot: &Plot) -> (Vec<Marker>, u64) {
        let mut moments: Vec<(i32, Vec<String>)> = Vec::new();
        for record in &self.outcome.facts {
            let Fact::Action(index) = record.fact else { continue };
            let Some(action) = self.outcome.plan.timeline.get(index as usize) else { continue };
            let (x, label) = (plot.x(record.at), clean(&action.label).into_owned());
            match moments.last_mut() {
                Some((last, labels)) if x - *last <= 4 => {
                    if !labels.contains(&label) {
                        labels.push(label);
                    }
                }
                _ => moments.push((x, vec![label])),
            }
        }
        // Labels that would leave the sheet stand left of their lines; they are placed first, from the right edge inwards
        // and from the top down, then the others from the left: so lines begin below the labels they would cross.
        let wide = |label: &str| text_width(label, FONT) + 12;
        let texts: Vec<[String; 2]> = moments.iter().map(|(_, labels)| label_texts(labels)).collect();
        let leaves = |place: usize| moments[place].0 + 6 + wide(&texts[place][0]) > WIDTH - 4;
        let mut order: Vec<usize> = (0..moments.len()).rev().filter(|place| leaves(*place)).collect();
        order.extend((0..moments.len()).filter(|place| !leaves(*place)));
        let mut room = Room::default();
        let mut markers: Vec<Marker> = moments.iter().map(|(x, _)| Marker { x: *x, label: None }).collect();
        let mut hidden = 0;
        for place in order {
            let x = moments[place].0;
            let spot = texts[place].iter().find_map(|text| Some((room.find(x, wide(text))?, text)));
            match spot {
                Some(((row, anchor), text)) => markers[place].label = Some((row, text.clone(), anchor)),
                None => hidden += moments[place].1.len() as u64,
            }
        }
        (markers, hidden)
    }
}

/// The label of actions at one moment, long and short.
fn label_texts(labels: &[String]) -> [String; 2] {
    let more = if labels.len() > 1 { format!(" (+{})", labels.len() - 1) } else { String::new() };
    [34, 20].map(|columns| format!("{}{more}", shorten(&labels[0], columns)))
}

/// What the rows of labels hold.
#[derive(Default)]
struct Room {
    /// Labels: from, to, row.
    labels: Vec<(i32, i32, usize)>,
    /// Lines: where, and the row they rise to.
    lines: Vec<(i32, usize)>,
}

impl Room {
    /// The topmost row in which a label of this width fits beside its line at `x`; taken at once.
    fn find(&mut self, x: i32, width: i32) -> Option<(usize, Anchor)> {
        for row in 0..ROWS {
            // A line must not run through a label, its own or another's.
            if self.labels.iter().any(|(from, to, other)| *other > row && x > from - 6 && x < to + 6) {
                continue;
            }
            for (from, to, anchor) in [(x + 6, x + 6 + width, Anchor::Start), (x - 6 - width, x - 6, Anchor::End)] {
                let inside = from >= MARGIN && to <= WIDTH - 4;
                let free = self.labels.iter().all(|(a, b, other)| *other != row || to <= *a || from >= *b);
                let clear = self.lines.iter().all(|(line, rises)| *rises > row || *line < from || *line > to);
                if inside && free && clear {
                    self.labels.push((from, to, row));
                    self.lines.push((x, row));
                    return Some((row, anchor));
                }
            }
        }
        None
    }
}

/// The heading of a sheet.
pub fn heading(canvas: &mut Canvas<'_>, title: &str, subtitle: &str) {
    canvas.text((MARGIN, 34), title, 30, INK, Anchor::Start, true);
    let after = MARGIN + text_width(title, 34) + 30;
    let columns = (WIDTH - MARGIN - after) / text_width("0", FONT);
    canvas.text((after, 36), &shorten(subtitle, columns as usize), FONT, MUTED, Anchor::Start, false);
}

fn time_axis(canvas: &mut Canvas<'_>, plot: &Plot) {
    for (at, label) in time_ticks(plot.end, 10) {
        let x = plot.x(at);
        canvas.line(vec![(x, plot.top), (x, plot.bottom)], GRID, 2);
        let half = text_width(&label, FONT) / 2;
        let (x, anchor) = if x + half > WIDTH - 6 { (WIDTH - 6, Anchor::End) } else { (x, Anchor::Middle) };
        canvas.text((x, plot.bottom + 24), &label, FONT, MUTED, anchor, false);
    }
    canvas.line(vec![(plot.left, plot.bottom), (plot.right, plot.bottom)], AXIS, 2);
}

/// Grid lines and labels of a value axis.
pub fn value_axis(canvas: &mut Canvas<'_>, plot: &Plot, scale: &Scale) {
    for (value, label) in scale.ticks() {
        let y = plot.y(scale, value);
        canvas.line(vec![(plot.left, y), (plot.right, y)], GRID, 2);
        canvas.text((plot.left - 12, y), &label, FONT, MUTED, Anchor::End, false);
    }
}

/// The width that the labels of a value axis need.
#[must_use]
pub fn value_axis_width(scale: &Scale) -> i32 {
    scale.ticks().iter().map(|(_, label)| text_width(label, FONT)).max().unwrap_or(0)
}

fn draw_markers(canvas: &mut Canvas<'_>, plot: &Plot, markers: &[Marker]) {
    for marker in markers {
        let row = marker.label.as_ref().map(|(row, ..)| *row as i32);
        let top = row.map_or(plot.top, |row| HEADING + row * ROW + 4);
        canvas
            .line(vec![(marker.x, top), (marker.x, plot.bottom)], INK, 2)
            .attributes(" stroke-dasharray=\"7 6\"")
            .attributes(if row.is_some() { " stroke-opacity=\".75\"" } else { " stroke-opacity=\".35\"" });
        if let (Some((_, label, anchor)), Some(row)) = (&marker.label, row) {
            let x = if *anchor == Anchor::Start { marker.x + 8 } else { marker.x - 8 };
            canvas.text((x, HEADING + row * ROW + ROW / 2), label, FONT, INK, *anchor, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_markers_never_overlap_each_other_or_a_line() {
        let mut room = Room::default();
        let mut placed = 0;
        for n in 0..60 {
            // Scattered positions and widths, right edge included.
            let (x, width) = (120 + n * 7919 % 1460, 60 + n * 31 % 200);
            placed += usize::from(room.find(x, width).is_some());
        }
        assert!(placed > 8, "{placed}");
        for (i, (from, to, row)) in room.labels.iter().enumerate() {
            assert!(*from >= MARGIN && *to <= WIDTH);
            let apart = |(a, b, other): &(i32, i32, usize)| other != row || b <= from || a >= to;
            assert!(room.labels.iter().skip(i + 1).all(apart), "label {i} overlaps another");
            let through = |(x, rises): &(i32, usize)| rises < row && x > from && x < to;
            assert!(!room.lines.iter().any(through), "a line runs through label {i}");
        }
    }
}
