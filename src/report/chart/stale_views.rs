//! Whose view of the cluster was wrong, and for how long.

use super::Chart;
use super::frame::{Frame, Plot};
use super::lanes::{Lanes, choose};
use super::legend::{Legend, box_swatch};
use super::palette::{HUES, Role};
use crate::kernel::time::{SimDuration, SimTime};
use crate::report::human::{counted, duration, moment};
use crate::report::names::Names;
use crate::run::outcome::{InstanceOutcome, Outcome, ViewStale};
use crate::store::ids::InstanceIx;

/// The chart.
pub(super) struct StaleViews;

/// Bars that tell their times to the pointer at most.
const TITLES_MAX: usize = 300;

/// The views, by name and colour.
const VIEWS: [(&str, Role); 3] = [("route", HUES[0].0), ("members", HUES[1].0), ("queues", HUES[3].0)];

fn views(instance: &InstanceOutcome) -> [&ViewStale; 3] {
    [&instance.route_stale, &instance.members_stale, &instance.queues_stale]
}

impl Chart for StaleViews {
    fn id(&self) -> &'static str {
        "stale_views"
    }

    fn title(&self) -> &'static str {
        "Stale views"
    }

    fn unit(&self) -> &'static str {
        "when a consumer's view differed from the truth"
    }

    fn about(&self) -> &'static str {
        "Each consumer decides alone, from what it believes of the route, of its group's members and of its own queues. \
         A bar means that the belief was wrong; short ones are drawn wider than they were, so that they can be seen."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.instances.iter().any(|instance| views(instance).iter().any(|view| !view.stretches.is_empty()))
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let weights: Vec<u64> = outcome
            .instances
            .iter()
            .map(|instance| views(instance).iter().fold(0, |sum: u64, view| sum.saturating_add(view.total.as_nanos())))
            .collect();
        let parts: Vec<u32> = outcome.plan.instances.iter().map(|instance| instance.group.0).collect();
        let chosen = choose(&weights, &parts);
        let mut subtitle = self.unit().to_owned();
        if chosen.len() < weights.len() {
            let all = counted(weights.len() as u64, "consumer", "consumers");
            subtitle = format!("the {} with the longest of {all}", chosen.len());
        }
        let lanes = Lanes::new(chosen.iter().map(|place| names.instance(InstanceIx::new(*place))).collect());
        let entries =
            VIEWS.iter().map(|(name, colour)| (format!("wrong view of the {name}"), box_swatch(*colour))).collect();
        let frame = Frame::new(self, outcome, lanes.label_width()).subtitle(subtitle);
        Some(frame.draw(lanes.height(), &Legend::new(entries), |canvas, plot| {
            let bars = bars(outcome, &chosen, &lanes, plot);
            // A chart with many bars tells their times in summary.json alone.
            let titled = bars.len() <= TITLES_MAX;
            for bar in bars {
                canvas.rect(bar.from, bar.to, VIEWS[bar.view].1);
                if titled {
                    let name = VIEWS[bar.view].0;
                    canvas.title(&format!("{name}: {} from {}", duration(bar.length), moment(bar.at)));
                }
            }
            lanes.draw(canvas, plot);
        }))
    }
}

/// A stretch of a wrong view.
struct Bar {
    view: usize,
    from: (i32, i32),
    to: (i32, i32),
    at: SimTime,
    length: SimDuration,
}

/// The bars that can be seen, view by view.
fn bars(outcome: &Outcome, chosen: &[usize], lanes: &Lanes, plot: &Plot) -> Vec<Bar> {
    let mut bars = Vec::new();
    for view in 0..VIEWS.len() {
        for (lane, place) in chosen.iter().enumerate() {
            let (top, bottom) = lanes.band(plot, lane);
            let third = (bottom - top) / 3;
            let y = top + third * view as i32;
            let mut drawn_to = i32::MIN;
            for (at, until) in &views(&outcome.instances[*place])[view].stretches {
                let (x, end) = (plot.x(*at), plot.x(*until).max(plot.x(*at) + 4));
                // What lies within the width of the last bar cannot be seen.
                if end > drawn_to {
                    drawn_to = end;
                    bars.push(Bar { view, from: (x, y), to: (end, y + third), at: *at, length: until.since(*at) });
                }
            }
        }
    }
    bars
}
