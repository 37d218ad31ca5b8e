//! Whose view of the cluster was wrong, and for how long.

use super::Chart;
use super::frame::Frame;
use super::lanes::{Lanes, choose};
use super::legend::{Legend, box_swatch};
use super::palette::{HUES, Role};
use crate::report::human::{counted, duration, moment};
use crate::report::names::Names;
use crate::run::outcome::{InstanceOutcome, Outcome, ViewStale};
use crate::store::ids::InstanceIx;

/// The chart.
pub(super) struct StaleViews;

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
        let chosen = choose(&weights);
        let mut subtitle = self.unit().to_owned();
        if chosen.len() < weights.len() {
            let all = counted(weights.len() as u64, "consumer", "consumers");
            subtitle.push_str(&format!(" · the {} longest of {all}", chosen.len()));
        }
        let lanes = Lanes::new(chosen.iter().map(|place| names.instance(InstanceIx::new(*place))).collect());
        let entries =
            VIEWS.iter().map(|(name, colour)| (format!("wrong view of the {name}"), box_swatch(*colour))).collect();
        let frame = Frame::new(self, outcome, lanes.label_width()).subtitle(subtitle);
        Some(frame.draw(lanes.height(), &Legend::new(entries), |canvas, plot| {
            for (lane, place) in chosen.iter().enumerate() {
                let (top, bottom) = lanes.band(plot, lane);
                let third = (bottom - top) / 3;
                for (part, view) in views(&outcome.instances[*place]).into_iter().enumerate() {
                    let (name, colour) = VIEWS[part];
                    let y = top + third * part as i32;
                    let mut drawn_to = i32::MIN;
                    for (from, to) in &view.stretches {
                        let (x, end) = (plot.x(*from), plot.x(*to).max(plot.x(*from) + 4));
                        // What lies within the width of the last bar cannot be seen.
                        if end <= drawn_to {
                            continue;
                        }
                        drawn_to = end;
                        canvas.rect((x, y), (end, y + third), colour).title(&format!(
                            "{name}: {} from {}",
                            duration(to.since(*from)),
                            moment(*from)
                        ));
                    }
                }
            }
            lanes.draw(canvas, plot);
        }))
    }
}
