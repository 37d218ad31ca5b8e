//! The bars of a queue's lane.

use super::segments::{Owner, Segment, State};
use crate::report::chart::canvas::{Anchor, Canvas};
use crate::report::chart::frame::Plot;
use crate::report::chart::legend::{Swatch, text_width};
use crate::report::chart::palette::{BAD, BAD_GROUND, HUES, INK, ON_DARK_HUE, ON_LIGHT_HUE, PAPER, Role, hex};
use crate::report::human::{duration, moment};
use crate::report::names::Names;
use crate::store::ids::InstanceIx;

/// The least width of a stretch of trouble, half pixels.
const TROUBLE_MIN: i32 = 5;
/// The same in a chart with many bars.
const TROUBLE_MIN_CROWDED: i32 = 3;
/// Stretches from which on a chart is crowded.
const CROWDED: usize = 600;
/// The least width of a bar that tells its times to the pointer.
const TITLE_MIN: i32 = 8;

/// What an owner's bars look like: one of sixteen, hue and stripes.
pub(in crate::report::chart) fn look(owner: InstanceIx) -> usize {
    owner.at() % (2 * HUES.len())
}

fn hue(owner: InstanceIx) -> (Role, bool) {
    HUES[owner.at() % HUES.len()]
}

/// Colour of text on the owner's bar.
fn text_role(owner: InstanceIx) -> Role {
    if hue(owner).1 { ON_LIGHT_HUE } else { ON_DARK_HUE }
}

/// A bar in the owner's colour; the second eight of every sixteen are striped.
fn bar(canvas: &mut Canvas<'_>, from: (i32, i32), to: (i32, i32), owner: InstanceIx) {
    let (role, _) = hue(owner);
    canvas.rect(from, to, role);
    if look(owner) >= HUES.len() {
        let place = owner.at() % HUES.len();
        let (ground, stripe) = (hex(role.light), hex(text_role(owner).light));
        canvas.pattern(
            &format!("stripe{place}"),
            16,
            45,
            &format!(
                "<rect width=\"16\" height=\"16\" fill=\"{ground}\"/><rect width=\"5\" height=\"16\" fill=\"{stripe}\" \
                 opacity=\".38\"/>"
            ),
        );
    }
}

fn orphan(canvas: &mut Canvas<'_>, from: (i32, i32), to: (i32, i32)) {
    let (ground, hatch) = (hex(BAD_GROUND.light), hex(BAD.light));
    canvas.rect(from, to, BAD).pattern(
        "orphan",
        12,
        45,
        &format!(
            "<rect width=\"12\" height=\"12\" fill=\"{ground}\"/><rect width=\"6\" height=\"12\" fill=\"{hatch}\"/>"
        ),
    );
}

/// Dots on the bar, and the bar paler.
fn ice(canvas: &mut Canvas<'_>, from: (i32, i32), to: (i32, i32)) {
    let (paper, ink) = (hex(PAPER.light), hex(INK.light));
    canvas.rect(from, to, PAPER).pattern(
        "frozen",
        12,
        0,
        &format!(
            "<rect width=\"12\" height=\"12\" fill=\"{paper}\" opacity=\".55\"/><circle cx=\"3\" cy=\"3\" r=\"2\" \
             fill=\"{ink}\"/><circle cx=\"9\" cy=\"9\" r=\"2\" fill=\"{ink}\"/>"
        ),
    );
}

/// A queue's lane.
pub(in crate::report::chart) struct Lane<'a> {
    /// Top and bottom of its bars.
    pub(in crate::report::chart) band: (i32, i32),
    /// What happened to it.
    pub(in crate::report::chart) segments: &'a [Segment],
    /// What it is called when nobody has it.
    pub(in crate::report::chart) nobody: &'static str,
}

/// A quiet stretch to draw: whose, from corner to corner.
struct Single<'a> {
    owner: Owner,
    from: (i32, i32),
    to: (i32, i32),
    segment: &'a Segment,
}

/// What all bars of a chart share.
struct Brush<'a> {
    names: &'a Names<'a>,
    /// Too many bars for each to tell its times, and for wide marks of trouble.
    crowded: bool,
}

/// Draws the lanes: quiet stretches owner by owner, so that bars of one colour become one path, then trouble above them.
pub(in crate::report::chart) fn draw(canvas: &mut Canvas<'_>, plot: &Plot, names: &Names<'_>, lanes: &[Lane<'_>]) {
    let segments: usize = lanes.iter().map(|lane| lane.segments.len()).sum();
    let brush = Brush { names, crowded: segments > CROWDED };
    let mut singles: Vec<Single<'_>> = Vec::new();
    for lane in lanes {
        for segment in lane.segments {
            let State::Owned(owners) = &segment.state else { continue };
            let (x, end) = (plot.x(segment.from), plot.x(segment.to));
            if let [owner] = owners[..]
                && end - x >= 2
            {
                singles.push(Single { owner, from: (x, lane.band.0), to: (end, lane.band.1), segment });
            }
        }
    }
    singles.sort_by_key(|single| (single.owner, single.from.1, single.from.0));
    for single in &singles {
        brush.single(canvas, single);
    }
    for lane in lanes {
        brush.troubles(canvas, plot, lane);
    }
    for single in &singles {
        brush.mark(canvas, single);
    }
}

fn length(segment: &Segment) -> String {
    duration(segment.to.since(segment.from))
}

impl Brush<'_> {
    fn single(&self, canvas: &mut Canvas<'_>, single: &Single<'_>) {
        let Single { owner, from, to, segment } = *single;
        bar(canvas, from, to, owner.instance);
        let titled = !self.crowded && to.0 - from.0 >= TITLE_MIN;
        let frozen = if owner.frozen { ", frozen" } else { "" };
        let who = self.names.instance(owner.instance);
        let title = format!("{who}{frozen}, {} to {}", moment(segment.from), moment(segment.to));
        if titled {
            canvas.title(&title);
        }
        if owner.frozen {
            ice(canvas, from, to);
            if titled {
                canvas.title(&title);
            }
        }
    }

    /// The owner's mark at the beginning of its bar, where the eye looks for who takes over.
    fn mark(&self, canvas: &mut Canvas<'_>, single: &Single<'_>) {
        let Single { owner, from, to, .. } = *single;
        let mark = self.names.instance_mark(owner.instance);
        let size = 22.min(to.1 - from.1);
        if text_width(&mark, size) + 20 > to.0 - from.0 {
            return;
        }
        let at = (from.0 + 12, (from.1 + to.1) / 2);
        if owner.frozen {
            canvas.text(at, &mark, size, INK, Anchor::Start, true);
            let halo = hex(PAPER.light);
            canvas.attributes(&format!(" stroke=\"{halo}\" stroke-width=\"8\" paint-order=\"stroke\""));
        } else {
            canvas.text(at, &mark, size, text_role(owner.instance), Anchor::Start, true);
        }
    }

    fn troubles(&self, canvas: &mut Canvas<'_>, plot: &Plot, lane: &Lane<'_>) {
        let least = if self.crowded { TROUBLE_MIN_CROWDED } else { TROUBLE_MIN };
        let (top, bottom) = lane.band;
        let mut drawn_to = i32::MIN;
        for segment in lane.segments {
            let x = plot.x(segment.from);
            let end = plot.x(segment.to).max(x + least);
            // Trouble within the width of the last mark of trouble cannot be seen.
            if end <= drawn_to {
                continue;
            }
            match &segment.state {
                State::Orphan => {
                    orphan(canvas, (x, top), (end, bottom));
                    if !self.crowded {
                        canvas.title(&format!(
                            "{} for {}, from {}",
                            lane.nobody,
                            length(segment),
                            moment(segment.from)
                        ));
                    }
                }
                State::Owned(owners) if owners.len() > 1 => {
                    double(canvas, self.names, segment, owners, (x, top), (end, bottom));
                }
                _ => continue,
            }
            drawn_to = end;
        }
    }
}

/// Two halves, one for each of the first two owners, within a thick edge.
fn double(
    canvas: &mut Canvas<'_>,
    names: &Names<'_>,
    segment: &Segment,
    owners: &[Owner],
    from: (i32, i32),
    to: (i32, i32),
) {
    let middle = (from.1 + to.1) / 2;
    for (owner, (top, bottom)) in owners.iter().zip([(from.1, middle), (middle, to.1)]) {
        bar(canvas, (from.0, top), (to.0, bottom), owner.instance);
        if owner.frozen {
            ice(canvas, (from.0, top), (to.0, bottom));
        }
    }
    let who: Vec<InstanceIx> = owners.iter().map(|owner| owner.instance).collect();
    canvas.outline(from, to, INK, 4).title(&format!(
        "{} owners for {}, from {}: {}",
        who.len(),
        length(segment),
        moment(segment.from),
        names.instances(&who)
    ));
    // The edge has no inside: let the pointer find it anywhere in the bar.
    canvas.attributes(" pointer-events=\"all\"");
}

/// A swatch in the owner's colour.
pub(in crate::report::chart) fn owner_swatch(owner: InstanceIx) -> Swatch {
    Box::new(move |canvas, from, to| bar(canvas, from, to, owner))
}

/// A swatch like a stretch without an owner.
pub(in crate::report::chart) fn orphan_swatch() -> Swatch {
    Box::new(orphan)
}

/// A swatch like a stretch with two owners.
pub(in crate::report::chart) fn double_swatch() -> Swatch {
    Box::new(|canvas, from, to| {
        let middle = (from.1 + to.1) / 2;
        bar(canvas, from, (to.0, middle), InstanceIx(0));
        bar(canvas, (from.0, middle), to, InstanceIx(1));
        canvas.outline(from, to, INK, 4);
    })
}

/// A swatch like a stretch with a frozen owner.
pub(in crate::report::chart) fn frozen_swatch() -> Swatch {
    Box::new(|canvas, from, to| {
        bar(canvas, from, to, InstanceIx(0));
        ice(canvas, from, to);
    })
}
