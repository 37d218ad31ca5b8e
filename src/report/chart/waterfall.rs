//! Where the time of each outage went, bar by bar.

use super::Chart;
use super::canvas::{Anchor, Canvas, paint};
use super::frame::{FONT, MARGIN, WIDTH, heading};
use super::legend::text_width;
use super::palette::{AXIS, BAD, GRID, HUES, INK, MUTED, ON_DARK_HUE, ON_LIGHT_HUE, PAPER, Role};
use super::scale::{time_step, time_ticks};
use crate::kernel::time::{SimDuration, SimTime};
use crate::report::human::{counted, duration, moment, shorten, tick};
use crate::report::names::Names;
use crate::report::outage::{self, Bar, Chain, Outage, Step};
use crate::run::outcome::Outcome;

/// Outages drawn at most: those that lasted longest.
const PANELS_MAX: usize = 6;
/// Chains of an outage drawn at most.
const CHAINS_MAX: usize = 3;
/// Where the bars begin: left of it stand the names of the steps.
const LEFT: i32 = 310;
/// Where they end.
const RIGHT: i32 = WIDTH - MARGIN - 16;
/// Height of a line of text or bars.
const ROW: i32 = 34;
/// Height of the heading of the sheet.
const TOP: i32 = 74;
/// Height of a panel's axis.
const AXIS_HEIGHT: i32 = 44;
/// Space between panels.
const GAP: i32 = 30;

/// The chart.
pub(super) struct Waterfall;

impl Chart for Waterfall {
    fn id(&self) -> &'static str {
        "waterfall"
    }

    fn title(&self) -> &'static str {
        "Where the time of each outage went"
    }

    fn unit(&self) -> &'static str {
        "from the blow until it goes on"
    }

    fn about(&self) -> &'static str {
        "One panel for each outage, with its own time axis. The slowest of what stood still, and the median one, are followed \
         step by step: each bar ends with the fact that was waited for, and names the setting that rules how long one waits \
         for it. A bar without a setting is the time of messages on their way, or of what the scenario does."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.end > SimTime::ZERO && outage::outages(outcome).iter().any(|outage| !outage.chains.is_empty())
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let mut outages = outage::outages(outcome);
        outages.retain(|outage| !outage.chains.is_empty());
        let all = outages.len();
        let panels = longest(outages);
        if panels.is_empty() {
            return None;
        }
        let mut subtitle = self.unit().to_owned();
        if panels.len() < all {
            subtitle = format!("the {} longest of {}", panels.len(), counted(all as u64, "outage", "outages"));
        }
        let names = Names::new(&outcome.plan);
        let height = TOP + panels.iter().map(|panel| height_of(panel) + GAP).sum::<i32>();
        Some(paint(self.id(), self.title(), (WIDTH as u32, height as u32), |canvas| {
            canvas.rect((0, 0), (WIDTH, height), PAPER);
            heading(canvas, self.title(), &subtitle);
            let mut top = TOP;
            for panel in &panels {
                draw_panel(canvas, &names, panel, top);
                top += height_of(panel) + GAP;
            }
        }))
    }
}

/// The outages that lasted longest, in order of time.
fn longest(mut outages: Vec<Outage>) -> Vec<Outage> {
    if outages.len() > PANELS_MAX {
        outages.sort_by_key(|outage| (std::cmp::Reverse(outage.longest()), outage.at));
        outages.truncate(PANELS_MAX);
        outages.sort_by_key(|outage| outage.at);
    }
    outages
}

fn chains(panel: &Outage) -> &[Chain] {
    &panel.chains[..panel.chains.len().min(CHAINS_MAX)]
}

fn height_of(panel: &Outage) -> i32 {
    let rows: usize = chains(panel).iter().map(|chain| 1 + chain.bars.len()).sum();
    (rows as i32 + 1) * ROW + AXIS_HEIGHT
}

/// The colour of a step, and whether it is light in both themes.
fn hue(step: Step) -> (Role, bool) {
    match step {
        Step::Detection | Step::Leaderless => HUES[0],
        Step::Poll => HUES[1],
        Step::Rebalance | Step::Notice => HUES[2],
        Step::LockExpiry => HUES[3],
        Step::Register | Step::Vote | Step::Role => HUES[4],
        Step::Heartbeat => HUES[5],
        Step::PullTimeout | Step::Redirect => HUES[6],
        Step::Message => HUES[7],
        Step::Return | Step::ShutDown => (AXIS, true),
        Step::Never => (BAD, false),
    }
}

/// The time axis of a panel.
struct Axis {
    from: SimTime,
    length: SimDuration,
}

impl Axis {
    fn x(&self, at: SimTime) -> i32 {
        let nanos = u128::from(self.length.as_nanos().max(1));
        let offset = u128::from(at.since(self.from).as_nanos().min(self.length.as_nanos()));
        LEFT + i32::try_from(offset * (RIGHT - LEFT) as u128 / nanos).unwrap_or(0)
    }
}

fn draw_panel(canvas: &mut Canvas<'_>, names: &Names<'_>, panel: &Outage, top: i32) {
    let to = chains(panel).iter().map(|chain| chain.to).max().unwrap_or(panel.at);
    let axis = Axis { from: panel.at, length: to.since(panel.at) };
    let longest = duration(panel.longest());
    let what = panel.stood_still().map_or_else(String::new, |what| format!(": {what}, for up to {longest}"));
    let title = format!("{}  {}{what}", moment(panel.at), panel.label);
    let columns = (WIDTH - 2 * MARGIN) / text_width("0", FONT);
    canvas.text((MARGIN, top + ROW / 2), &shorten(&title, columns as usize), FONT, INK, Anchor::Start, true);
    let bottom = top + height_of(panel) - AXIS_HEIGHT;
    draw_axis(canvas, &axis, top + ROW, bottom);
    let mut y = top + ROW;
    for chain in chains(panel) {
        let which = if chain.median { "the median: " } else { "" };
        let open = if chain.ended { "" } else { " and more" };
        let text = format!("{which}{}, {}{open}", outage::subject(names, &chain.of), duration(chain.length()));
        canvas.text(
            (MARGIN, y + ROW / 2 + 2),
            &shorten(&text, columns as usize),
            FONT - 2,
            MUTED,
            Anchor::Start,
            false,
        );
        y += ROW;
        for bar in &chain.bars {
            draw_bar(canvas, &axis, bar, y);
            y += ROW;
        }
    }
}

fn draw_axis(canvas: &mut Canvas<'_>, axis: &Axis, top: i32, bottom: i32) {
    let step = time_step((axis.length.as_nanos() / 8).max(1));
    for (at, _) in time_ticks(SimTime::from_nanos(axis.length.as_nanos()), axis.length.as_nanos() / step.max(1)) {
        let x = axis.x(axis.from.saturating_add(at.since(SimTime::ZERO)));
        canvas.line(vec![(x, top), (x, bottom)], GRID, 2);
        let label = if at == SimTime::ZERO { "0".to_owned() } else { format!("+{}", tick(at.as_nanos())) };
        let half = text_width(&label, FONT) / 2;
        let (x, anchor) = if x + half > WIDTH - 6 { (WIDTH - 6, Anchor::End) } else { (x, Anchor::Middle) };
        canvas.text((x, bottom + 22), &label, FONT, MUTED, anchor, false);
    }
    canvas.line(vec![(LEFT, bottom), (RIGHT, bottom)], AXIS, 2);
}

/// What stands beside a bar: its length, its setting and what half of that would have saved; the second is shorter.
fn labels(bar: &Bar) -> [String; 2] {
    let length = duration(bar.length());
    let Some(knob) = &bar.knob else { return [length.clone(), length] };
    let short = format!("{length}: {} = {}", knob.name, duration(knob.value));
    [format!("{short} (half of it: up to -{})", duration(knob.half_saves(bar.length()))), short]
}

fn draw_bar(canvas: &mut Canvas<'_>, axis: &Axis, bar: &Bar, y: i32) {
    let (colour, light) = hue(bar.step);
    let (x, end) = (axis.x(bar.from), axis.x(bar.to).max(axis.x(bar.from) + 4));
    canvas.text((LEFT - 12, y + ROW / 2), bar.step.word(), FONT - 2, INK, Anchor::End, false);
    canvas.rect((x, y + 5), (end, y + ROW - 5), colour);
    canvas.title(&bar.what);
    let size = FONT - 2;
    let wide = |text: &str| text_width(text, size);
    // Each bar has a row of its own, so its words can meet nothing but the edges: beside the bar, or on it.
    for text in labels(bar) {
        let width = wide(&text);
        if end + 10 + width <= RIGHT + 8 {
            canvas.text((end + 10, y + ROW / 2), &text, size, INK, Anchor::Start, false);
            return;
        }
        if x - 10 - width >= LEFT {
            canvas.text((x - 10, y + ROW / 2), &text, size, INK, Anchor::End, false);
            return;
        }
        if width + 20 <= end - x {
            let ink = if light { ON_LIGHT_HUE } else { ON_DARK_HUE };
            canvas.text((x + 10, y + ROW / 2), &text, size, ink, Anchor::Start, false);
            return;
        }
    }
    // There is room for the length at least, on one side: the bar is less than the width of the plot.
    let text = duration(bar.length());
    let (at, anchor) =
        if end + 10 + wide(&text) <= RIGHT + 8 { (end + 10, Anchor::Start) } else { (x - 10, Anchor::End) };
    canvas.text((at, y + ROW / 2), &text, size, INK, anchor, false);
}
