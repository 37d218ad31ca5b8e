//! A sheet to draw on: plotters' SVG backend, and a pass over its text that makes it small, themeable and accessible.

use std::collections::BTreeMap;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{PathElement, Polygon, Rectangle, Text};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, ShapeStyle, TextStyle};

use super::palette::{self, Role};

/// Where a text is anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Begins there.
    Start,
    /// Centred there.
    Middle,
    /// Ends there.
    End,
}

/// What plotters cannot say about an element.
#[derive(Clone, Debug, Default)]
struct Note {
    /// Takes the place of the fill colour.
    fill: Option<String>,
    /// More attributes, with a leading space.
    attributes: String,
    /// Shown when the pointer rests on it.
    title: Option<String>,
}

/// The sheet.
pub struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    /// Elements so far; each drawing method makes exactly one.
    elements: usize,
    notes: BTreeMap<usize, Note>,
    /// Contents of `<defs>`, by id.
    defs: BTreeMap<String, String>,
    id: &'static str,
}

/// Draws a sheet of `size` half pixels.
#[must_use]
pub fn paint(id: &'static str, title: &str, size: (u32, u32), draw: impl FnOnce(&mut Canvas<'_>)) -> String {
    let mut buffer = String::new();
    let (notes, defs) = {
        let area = SVGBackend::with_string(&mut buffer, size).into_drawing_area();
        let mut canvas = Canvas { area, elements: 0, notes: BTreeMap::new(), defs: BTreeMap::new(), id };
        draw(&mut canvas);
        canvas.area.present().expect("the backend writes to memory");
        (canvas.notes, canvas.defs)
    };
    finish(&buffer, title, size, &notes, &defs)
}

impl Canvas<'_> {
    fn drawn<E: std::fmt::Debug>(&mut self, result: Result<(), E>) -> &mut Self {
        result.expect("the backend writes to memory");
        self.elements += 1;
        self
    }

    /// A filled rectangle from corner to corner.
    pub fn rect(&mut self, from: (i32, i32), to: (i32, i32), colour: Role) -> &mut Self {
        let result = self.area.draw(&Rectangle::new([from, to], colour.light.filled()));
        self.drawn(result)
    }

    /// The edge of a rectangle.
    pub fn outline(&mut self, from: (i32, i32), to: (i32, i32), colour: Role, width: u32) -> &mut Self {
        let result = self.area.draw(&Rectangle::new([from, to], colour.light.stroke_width(1)));
        self.drawn(result).attributes(&format!(" stroke-width=\"{width}\""))
    }

    /// A line through points.
    pub fn line(&mut self, points: Vec<(i32, i32)>, colour: Role, width: u32) -> &mut Self {
        let style = ShapeStyle { color: colour.light.to_rgba(), filled: false, stroke_width: width };
        let result = self.area.draw(&PathElement::new(points, style));
        self.drawn(result)
    }

    /// A filled polygon.
    pub fn area(&mut self, points: Vec<(i32, i32)>, colour: Role, opacity: f64) -> &mut Self {
        let result = self.area.draw(&Polygon::new(points, colour.light.mix(opacity).filled()));
        self.drawn(result)
    }

    /// A line of text of `size` half pixels, its middle at the height of `at`.
    pub fn text(
        &mut self,
        at: (i32, i32),
        text: &str,
        size: i32,
        colour: Role,
        anchor: Anchor,
        bold: bool,
    ) -> &mut Self {
        let h = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        // The backend divides by 1.24 to get from a font's height to its size.
        let font = ("sans-serif", f64::from(size) * 1.24).into_font().style(if bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        });
        let style = TextStyle::from(font).pos(Pos::new(h, VPos::Center)).color(&colour.light);
        let result = self.area.draw(&Text::new(text.to_owned(), at, style));
        self.drawn(result)
    }

    fn note(&mut self) -> &mut Note {
        self.notes.entry(self.elements - 1).or_default()
    }

    /// More attributes of the last element, with a leading space.
    pub fn attributes(&mut self, attributes: &str) -> &mut Self {
        self.note().attributes.push_str(attributes);
        self
    }

    /// What the pointer shows over the last element.
    pub fn title(&mut self, title: &str) -> &mut Self {
        self.note().title = Some(title.to_owned());
        self
    }

    /// Fills the last element with a pattern; `body` draws one tile of `tile` half pixels square, turned by `turn` degrees.
    pub fn pattern(&mut self, name: &str, tile: u32, turn: i32, body: &str) -> &mut Self {
        let id = format!("{}-{name}", self.id);
        self.note().fill = Some(format!("url(#{id})"));
        self.defs.entry(id.clone()).or_insert_with(|| {
            format!(
                "<pattern id=\"{id}\" width=\"{tile}\" height=\"{tile}\" patternUnits=\"userSpaceOnUse\" \
                 patternTransform=\"rotate({turn})\">{body}</pattern>"
            )
        });
        self
    }
}

/// Escapes text for XML.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Where the style sheet of an SVG that stands alone begins and ends; a page that holds several has its own.
const STYLE_OPEN: &str = "<style>";
const STYLE_CLOSE: &str = "</style>\n";

/// The SVG without its own style sheet and XML namespace, to stand inside a page that has the rules.
#[must_use]
pub fn inline(svg: &str) -> String {
    match (svg.find(STYLE_OPEN), svg.find(STYLE_CLOSE)) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &svg[..from], &svg[to + STYLE_CLOSE.len()..]),
        _ => svg.to_owned(),
    }
}

fn finish(
    drawn: &str,
    title: &str,
    (width, height): (u32, u32),
    notes: &BTreeMap<usize, Note>,
    defs: &BTreeMap<String, String>,
) -> String {
    let title = escape(title);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"{title}\" font-family=\"system-ui,-apple-system,Segoe UI,sans-serif\">\n\
         <title>{title}</title>\n{STYLE_OPEN}@media screen and (prefers-color-scheme:dark){{{}}}{STYLE_CLOSE}",
        width.div_ceil(2),
        height.div_ceil(2),
        palette::dark_css_of(|colour| drawn.contains(colour) || defs.values().any(|def| def.contains(colour))),
    );
    if !defs.is_empty() {
        svg.push_str("<defs>");
        defs.values().for_each(|def| svg.push_str(def));
        svg.push_str("</defs>\n");
    }
    let mut element = 0;
    let mut boxes = Boxes::default();
    let mut lines = drawn.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("<svg ") || line.starts_with("</svg") {
            continue;
        }
        let (head, body) = match line.strip_suffix("/>") {
            Some(head) => (head, None),
            // A text: its content and its closing tag have lines of their own.
            None => (line.trim_end_matches('>'), Some(lines.next().unwrap_or(""))),
        };
        if body.is_some() {
            lines.next();
        }
        let note = notes.get(&element);
        element += 1;
        match plain_box(head, note) {
            Some(cell) => boxes.add(&mut svg, cell),
            None => {
                boxes.close(&mut svg);
                push_element(&mut svg, head, body, note);
            }
        }
    }
    boxes.close(&mut svg);
    svg.push_str("</svg>\n");
    svg
}

/// A filled rectangle: x, y, width, height, colour.
type Cell<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

/// The parts of an opaque rectangle with nothing but a colour or a pattern.
fn plain_box<'a>(head: &'a str, note: Option<&'a Note>) -> Option<Cell<'a>> {
    let attribute = |name: &str| {
        let from = head.find(&format!(" {name}=\""))? + name.len() + 3;
        Some(&head[from..from + head[from..].find('"')?])
    };
    if !head.starts_with("<rect ") || attribute("opacity")? != "1" || attribute("stroke")? != "none" {
        return None;
    }
    let fill = match note {
        None => attribute("fill")?,
        Some(Note { fill: Some(pattern), attributes, title: None }) if attributes.is_empty() => pattern,
        Some(_) => return None,
    };
    Some((attribute("x")?, attribute("y")?, attribute("width")?, attribute("height")?, fill))
}

/// Rectangles of one colour that follow on one another: one path instead of many elements.
#[derive(Default)]
struct Boxes {
    colour: String,
    path: String,
}

impl Boxes {
    fn add(&mut self, svg: &mut String, (x, y, width, height, colour): Cell<'_>) {
        if self.colour != colour {
            self.close(svg);
            colour.clone_into(&mut self.colour);
        }
        self.path.push_str(&format!("M{x} {y}h{width}v{height}h-{width}z"));
    }

    fn close(&mut self, svg: &mut String) {
        if !self.path.is_empty() {
            svg.push_str(&format!("<path fill=\"{}\" d=\"{}\"/>\n", self.colour, self.path));
            self.path.clear();
        }
        self.colour.clear();
    }
}

/// One element in its short form: without what goes without saying.
fn push_element(svg: &mut String, head: &str, body: Option<&str>, note: Option<&Note>) {
    let mut head = head.to_owned();
    for needless in [" opacity=\"1\"", " stroke=\"none\"", " font-family=\"sans-serif\"", " stroke-width=\"1\""] {
        head = head.replace(needless, "");
    }
    head = head.replace(" \"", "\"");
    if let Some(at) = head.find("font-size=\"") {
        let from = at + "font-size=\"".len();
        let to = from + head[from..].find('"').unwrap_or(0);
        let size: f64 = head[from..to].parse().unwrap_or(24.0);
        head.replace_range(from..to, &format!("{size:.0}"));
    }
    if let Some(note) = note {
        if let Some(fill) = &note.fill
            && let Some(at) = head.find(" fill=\"#")
        {
            head.replace_range(at + 7..at + 14, fill);
        }
        head.push_str(&note.attributes);
    }
    let tag = head[1..].split(' ').next().unwrap_or("g").to_owned();
    let title = note.and_then(|note| note.title.as_deref()).map(|title| format!("<title>{}</title>", escape(title)));
    svg.push_str(&head);
    match (body, title) {
        (None, None) => svg.push_str("/>\n"),
        (body, title) => {
            svg.push_str(&format!(">{}{}</{tag}>\n", title.unwrap_or_default(), body.unwrap_or("")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart::palette::{BAD, INK};

    #[test]
    fn elements_keep_their_notes_and_texts_are_escaped() {
        let svg = paint("t", "a & b", (100, 50), |canvas| {
            canvas.rect((0, 0), (10, 20), BAD).title("x < y").pattern("p", 8, 45, "<rect/>");
            canvas.text((5, 5), "<&>\"'", 24, INK, Anchor::Start, true);
            canvas.line(vec![(0, 0), (5, 5)], INK, 3).attributes(" stroke-dasharray=\"4 4\"");
            canvas.rect((1, 2), (3, 4), INK).rect((5, 6), (7, 8), INK).rect((0, 0), (1, 1), BAD);
        });
        assert!(
            svg.contains("<path fill=\"#1B1F24\" d=\"M1 2h2v2h-2zM5 6h2v2h-2z\"/>\n<path fill=\"#D1002F\""),
            "{svg}"
        );
        assert!(svg.contains("aria-label=\"a &amp; b\""));
        assert!(
            svg.contains(
                "<rect x=\"0\" y=\"0\" width=\"10\" height=\"20\" fill=\"url(#t-p)\"><title>x &lt; y</title></rect>"
            ),
            "{svg}"
        );
        assert!(svg.contains("font-size=\"24\""), "{svg}");
        assert!(svg.contains(">&lt;&amp;&gt;&quot;&apos;</text>"), "{svg}");
        assert!(svg.contains("points=\"0,0 5,5\" stroke-dasharray=\"4 4\"/>"), "{svg}");
        assert!(!inline(&svg).contains("<style>"));
    }
}
