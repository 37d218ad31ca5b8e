//! Who owned each queue at each moment: the Gantt chart of a run.

pub(super) mod bars;
pub(super) mod segments;

use super::Chart;
use super::frame::Frame;
use super::lanes::{Lanes, choose};
use super::legend::{Legend, Swatch};
use crate::kernel::time::SimTime;
use crate::report::human::{count, counted};
use crate::report::names::Names;
use crate::report::queues::shown;
use crate::run::outcome::{Fact, Outcome, QueueOwnership};
use crate::store::ids::{GroupIx, InstanceIx};
use segments::{Segment, State};

/// Consumers named in the legend at most; the marks in the bars name the others.
const LEGEND_MAX: usize = 24;

/// The chart.
pub(super) struct Ownership;

impl Chart for Ownership {
    fn id(&self) -> &'static str {
        "ownership"
    }

    fn title(&self) -> &'static str {
        "Owners of each queue"
    }

    fn unit(&self) -> &'static str {
        "one lane for each queue"
    }

    fn about(&self) -> &'static str {
        "The colour and the mark in a bar name the consumer. Red hatching: nobody owned the queue. A split bar with a thick \
         edge: two consumers owned it at once and both delivered its messages. Dots: the owner's process was frozen. Short \
         stretches of trouble are drawn wider than they were, so that they can be seen."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.end > SimTime::ZERO && !outcome.ownership.is_empty()
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let shown: Vec<&QueueOwnership> = shown(outcome).into_iter().map(|place| &outcome.ownership[place]).collect();
        let weights: Vec<u64> = shown.iter().map(|own| weight(own)).collect();
        let parts: Vec<u32> = shown.iter().map(|own| own.group.0).collect();
        let chosen: Vec<&QueueOwnership> = choose(&weights, &parts).iter().map(|place| shown[*place]).collect();
        let mut subtitle = self.unit().to_owned();
        if chosen.len() < weights.len() {
            let all = counted(weights.len() as u64, "queue", "queues");
            subtitle = format!("the {} with the most trouble of {all}", chosen.len());
        }
        let starts = first_starts(outcome);
        let segments: Vec<Vec<Segment>> = chosen
            .iter()
            .map(|own| segments::of(own, starts.get(own.group.at()).copied().unwrap_or(SimTime::ZERO), outcome.end))
            .collect();
        let bands = Lanes::new(chosen.iter().map(|own| lane_label(outcome, &names, own)).collect());
        let all: Vec<&[Segment]> = segments.iter().map(Vec::as_slice).collect();
        let legend = legend_of(&names, &all, "no owner");
        let frame = Frame::new(self, outcome, bands.label_width()).subtitle(subtitle);
        Some(frame.draw(bands.height(), &legend, |canvas, plot| {
            let lanes: Vec<bars::Lane<'_>> = segments
                .iter()
                .enumerate()
                .map(|(lane, segments)| bars::Lane { band: bands.band(plot, lane), segments, nobody: "no owner" })
                .collect();
            bars::draw(canvas, plot, &names, &lanes);
            bands.draw(canvas, plot);
        }))
    }
}

/// What makes a queue worth a lane when there are too many: trouble first, then changes of owner.
fn weight(own: &QueueOwnership) -> u64 {
    let trouble = own.double_owner.as_nanos().saturating_mul(2).saturating_add(own.orphan.as_nanos());
    trouble.saturating_add(u64::from(own.moves) * 1_000)
}

/// A queue's name in a lane, with its group when there are several.
pub(super) fn lane_label(outcome: &Outcome, names: &Names<'_>, own: &QueueOwnership) -> String {
    if outcome.groups.len() > 1 {
        format!("{} {}", names.group(own.group), names.queue(own.queue))
    } else {
        names.queue(own.queue)
    }
}

/// When each group's first member started: from then on a queue without an owner is an orphan.
pub(super) fn first_starts(outcome: &Outcome) -> Vec<SimTime> {
    (0..outcome.plan.groups.len())
        .map(|group| {
            let group = GroupIx::new(group);
            let started = outcome.facts.iter().find_map(|record| match record.fact {
                Fact::ClientStarted { group: of, .. } if of == group => Some(record.at),
                _ => None,
            });
            let planned = || {
                let members = outcome.plan.instances.iter().filter(|member| member.group == group);
                members.filter_map(|member| member.start).map(|(at, _)| at).min()
            };
            started.or_else(planned).unwrap_or(SimTime::ZERO)
        })
        .collect()
}

/// The consumers of the lanes, and what else is drawn in them; `nobody` says what a stretch without a consumer is.
pub(super) fn legend_of(names: &Names<'_>, segments: &[&[Segment]], nobody: &str) -> Legend {
    let mut owners: Vec<InstanceIx> = Vec::new();
    let (mut orphan, mut double, mut frozen) = (false, false, false);
    for segment in segments.iter().copied().flatten() {
        match &segment.state {
            State::Absent => {}
            State::Orphan => orphan = true,
            State::Owned(all) => {
                double |= all.len() > 1;
                frozen |= all.iter().any(|owner| owner.frozen);
                owners.extend(all.iter().map(|owner| owner.instance));
            }
        }
    }
    owners.sort_unstable();
    owners.dedup();
    let mut entries = owner_entries(names, &owners);
    if orphan {
        entries.push((nobody.to_owned(), bars::orphan_swatch()));
    }
    if double {
        entries.push(("two owners at once".to_owned(), bars::double_swatch()));
    }
    if frozen {
        entries.push(("frozen owner".to_owned(), bars::frozen_swatch()));
    }
    Legend::new(entries)
}

/// Owners with their colours. Where several groups have too many members to name, owners that look alike (the same colour
/// and mark) share an entry.
fn owner_entries(names: &Names<'_>, owners: &[InstanceIx]) -> Vec<(String, Swatch)> {
    let mut entries: Vec<(String, InstanceIx)> = owners.iter().map(|owner| (names.instance(*owner), *owner)).collect();
    if entries.len() > LEGEND_MAX {
        let mut alike: Vec<(String, InstanceIx)> = Vec::new();
        for (_, owner) in entries {
            let mark = format!("…/{}", names.instance_mark(owner));
            let same = |(name, other): &(String, InstanceIx)| *name == mark && bars::look(*other) == bars::look(owner);
            if !alike.iter().any(same) {
                alike.push((mark, owner));
            }
        }
        entries = alike;
    }
    let more = entries.len().saturating_sub(LEGEND_MAX);
    let mut legend: Vec<(String, Swatch)> =
        entries.into_iter().take(LEGEND_MAX).map(|(name, owner)| (name, bars::owner_swatch(owner))).collect();
    if more > 0 {
        let nothing: Swatch = Box::new(|_, _, _| {});
        legend.push((format!("and {} more; colours repeat, marks do not", count(more as u64)), nothing));
    }
    legend
}
