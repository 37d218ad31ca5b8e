//! Bands: lanes of coloured stretches with words, where they have room.

use super::Chart;
use super::canvas::{Anchor, Canvas};
use super::frame::{Frame, Plot};
use super::lanes::Lanes;
use super::legend::{Legend, Swatch, text_width};
use super::palette::{BAD, BAD_GROUND, Role, hex};
use crate::kernel::time::SimTime;
use crate::run::outcome::Outcome;

/// Bands that tell their times to the pointer at most.
const TITLES_MAX: usize = 300;
/// The least width of a band, half pixels.
const WIDTH_MIN: i32 = 4;
/// Size of words on a band.
const SIZE: i32 = 20;

/// How a band is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// With a colour.
    Plain(Role),
    /// Red hatching: what should not be.
    Hatched,
}

/// A stretch of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// From.
    pub from: SimTime,
    /// To.
    pub to: SimTime,
    /// How it is filled.
    pub fill: Fill,
    /// Words on it, and their colour; left out where they have no room.
    pub text: Option<(String, Role)>,
    /// What the pointer shows.
    pub title: String,
    /// Which part of the lane's height: this one of so many.
    pub part: (i32, i32),
}

/// A lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub label: String,
    /// Its bands; later ones lie above earlier ones.
    pub bands: Vec<Band>,
}

/// A swatch of a fill.
#[must_use]
pub fn swatch(fill: Fill) -> Swatch {
    Box::new(move |canvas, from, to| fill_rect(canvas, from, to, fill))
}

fn fill_rect(canvas: &mut Canvas<'_>, from: (i32, i32), to: (i32, i32), fill: Fill) {
    match fill {
        Fill::Plain(role) => {
            canvas.rect(from, to, role);
        }
        Fill::Hatched => {
            let (ground, hatch) = (hex(BAD_GROUND.light), hex(BAD.light));
            let body = format!(
                "<rect width=\"12\" height=\"12\" fill=\"{ground}\"/><rect width=\"6\" height=\"12\" fill=\"{hatch}\"/>"
            );
            canvas.rect(from, to, BAD).pattern("hatch", 12, 45, &body);
        }
    }
}

/// The chart of these lanes.
#[must_use]
pub fn chart(
    chart: &dyn Chart,
    outcome: &Outcome,
    subtitle: String,
    rows: &[Row],
    legend: Vec<(String, Swatch)>,
) -> String {
    let lanes = Lanes::new(rows.iter().map(|row| row.label.clone()).collect());
    let titled = rows.iter().map(|row| row.bands.len()).sum::<usize>() <= TITLES_MAX;
    let frame = Frame::new(chart, outcome, lanes.label_width()).subtitle(subtitle);
    frame.draw(lanes.height(), &Legend::new(legend), |canvas, plot| {
        for (lane, row) in rows.iter().enumerate() {
            draw(canvas, plot, lanes.band(plot, lane), &row.bands, titled);
        }
        lanes.draw(canvas, plot);
    })
}

fn draw(canvas: &mut Canvas<'_>, plot: &Plot, (top, bottom): (i32, i32), bands: &[Band], titled: bool) {
    // What lies within the width of the last band of its kind cannot be seen.
    let mut drawn: Vec<((i32, i32), Fill, i32)> = Vec::new();
    for band in bands {
        let (x, end) = (plot.x(band.from), plot.x(band.to).max(plot.x(band.from) + WIDTH_MIN).min(plot.right));
        let place = drawn.iter().position(|(part, fill, _)| *part == band.part && *fill == band.fill);
        let before = place.map_or(i32::MIN, |place| drawn[place].2);
        if end <= before {
            continue;
        }
        match place {
            Some(place) => drawn[place].2 = end,
            None => drawn.push((band.part, band.fill, end)),
        }
        let (part, of) = band.part;
        let height = (bottom - top) / of.max(1);
        let (y, low) = (top + part * height, top + (part + 1) * height);
        fill_rect(canvas, (x, y), (end, low), band.fill);
        if titled {
            canvas.title(&band.title);
        }
        if let Some((text, ink)) = &band.text
            && text_width(text, SIZE) + 8 <= end - x
            && SIZE <= low - y
        {
            canvas.text(((x + end) / 2, (y + low) / 2), text, SIZE, *ink, Anchor::Middle, false);
        }
    }
}
