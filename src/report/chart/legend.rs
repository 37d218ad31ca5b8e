//! Legends: swatches with names, flowing in lines below a plot.

use unicode_width::UnicodeWidthStr;

use super::canvas::{Anchor, Canvas};
use super::frame::{FONT, MARGIN, WIDTH};
use super::palette::{INK, Role};
use crate::report::human::shorten;

/// Height of a line of a legend in half pixels.
const LINE: i32 = 38;
/// Width of a swatch.
const SWATCH: i32 = 36;

/// Draws a swatch into the rectangle between the two corners.
pub type Swatch = Box<dyn Fn(&mut Canvas<'_>, (i32, i32), (i32, i32))>;

/// A legend, laid out.
pub struct Legend {
    placed: Vec<(i32, i32, String, Swatch)>,
    /// Height in half pixels.
    pub height: i32,
}

/// The width of a text in half pixels, estimated without a font; rather too wide than too narrow.
#[must_use]
pub fn text_width(text: &str, size: i32) -> i32 {
    (text.width() as i32 * size * 61 + 99) / 100
}

impl Legend {
    /// Lays entries out in lines.
    #[must_use]
    pub fn new(entries: Vec<(String, Swatch)>) -> Self {
        let (mut x, mut y) = (MARGIN, 0);
        let mut placed = Vec::with_capacity(entries.len());
        for (name, swatch) in entries {
            let name = shorten(&name, 60).into_owned();
            let width = SWATCH + 10 + text_width(&name, FONT) + 30;
            if x > MARGIN && x + width > WIDTH - MARGIN {
                x = MARGIN;
                y += LINE;
            }
            placed.push((x, y, name, swatch));
            x += width;
        }
        let height = if placed.is_empty() { 0 } else { y + LINE };
        Self { placed, height }
    }

    /// Draws it with its top at `top`.
    pub fn draw(&self, canvas: &mut Canvas<'_>, top: i32) {
        for (x, y, name, swatch) in &self.placed {
            let middle = top + y + LINE / 2;
            swatch(canvas, (*x, middle - 11), (x + SWATCH, middle + 11));
            canvas.text((x + SWATCH + 10, middle), name, FONT, INK, Anchor::Start, false);
        }
    }
}

/// A swatch that is a piece of a line.
#[must_use]
pub fn line_swatch(colour: Role, dashes: &'static str) -> Swatch {
    Box::new(move |canvas, from, to| {
        let middle = (from.1 + to.1) / 2;
        canvas.line(vec![(from.0, middle), (to.0, middle)], colour, 5);
        if !dashes.is_empty() {
            canvas.attributes(dashes);
        }
    })
}

/// A swatch that is a filled box.
#[must_use]
pub fn box_swatch(colour: Role) -> Swatch {
    Box::new(move |canvas, from, to| {
        canvas.rect(from, to, colour);
    })
}
