//! Who owned each queue of an orderly group, and who held its lock.

use super::Chart;
use super::frame::Frame;
use super::lanes::{LANES_MAX, Lanes};
use super::ownership::{bars, first_starts, lane_label, legend_of, segments};
use crate::kernel::time::{SimDuration, SimTime};
use crate::report::human::counted;
use crate::report::names::Names;
use crate::report::queues::shown;
use crate::run::outcome::{LockInterval, Outcome, OwnInterval, QueueOwnership};
use segments::Segment;

/// Queues shown at most: each has two lanes.
const QUEUES_MAX: usize = LANES_MAX / 2;

/// The chart.
pub(super) struct Locks;

impl Chart for Locks {
    fn id(&self) -> &'static str {
        "locks"
    }

    fn title(&self) -> &'static str {
        "Locks of each queue"
    }

    fn unit(&self) -> &'static str {
        "owner above, holder of the lock below"
    }

    fn about(&self) -> &'static str {
        "An orderly consumer works on a queue only while it owns it and holds its lock. The colour and the mark name the \
         consumer. Red hatching: nobody owned the queue, or nobody held its lock. A lock that goes on after its holder died \
         keeps the next owner waiting until it expires."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.end > SimTime::ZERO && !outcome.locks.is_empty()
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let mut locked: Vec<(&QueueOwnership, QueueOwnership)> = shown(outcome)
            .into_iter()
            .map(|place| &outcome.ownership[place])
            .filter_map(|own| lock_history(outcome, own).map(|locks| (own, locks)))
            .collect();
        let all = locked.len();
        let mut subtitle = self.unit().to_owned();
        if all > QUEUES_MAX {
            let mut order: Vec<usize> = (0..all).collect();
            order.sort_by_key(|place| std::cmp::Reverse(locked[*place].1.orphan.max(locked[*place].0.orphan)));
            let mut kept = vec![false; all];
            order.into_iter().take(QUEUES_MAX).for_each(|place| kept[place] = true);
            let mut kept = kept.into_iter();
            locked.retain(|_| kept.next().unwrap_or(false));
            subtitle = format!(
                "{subtitle}; the {QUEUES_MAX} with the longest gaps of {}",
                counted(all as u64, "queue", "queues")
            );
        }
        let starts = first_starts(outcome);
        let lanes: Vec<(String, &'static str, Vec<Segment>)> = locked
            .iter()
            .flat_map(|(own, locks)| {
                let start = starts.get(own.group.at()).copied().unwrap_or(SimTime::ZERO);
                let label = lane_label(outcome, &names, own);
                [
                    (label, "no owner", segments::of(own, start, outcome.end)),
                    ("lock".to_owned(), "no lock", segments::of(locks, start, outcome.end)),
                ]
            })
            .collect();
        let bands = Lanes::new(lanes.iter().map(|(label, ..)| label.clone()).collect());
        let all: Vec<&[Segment]> = lanes.iter().map(|(_, _, segments)| segments.as_slice()).collect();
        let legend = legend_of(&names, &all, "nobody");
        let frame = Frame::new(self, outcome, bands.label_width()).subtitle(subtitle);
        Some(frame.draw(bands.height(), &legend, |canvas, plot| {
            let lanes: Vec<bars::Lane<'_>> = lanes
                .iter()
                .enumerate()
                .map(|(lane, (_, nobody, segments))| {
                    let (top, bottom) = bands.band(plot, lane);
                    // The lock's bar hangs on its owner's and is slimmer.
                    let slim = (bottom - top) / 4;
                    let band = if lane % 2 == 0 { (top, bottom + 2) } else { (top - 2, bottom - slim) };
                    bars::Lane { band, segments, nobody }
                })
                .collect();
            bars::draw(canvas, plot, &names, &lanes);
            bands.draw(canvas, plot);
        }))
    }
}

/// The holders of a queue's lock as if they owned it; `None` when nobody ever held it.
fn lock_history(outcome: &Outcome, own: &QueueOwnership) -> Option<QueueOwnership> {
    let held: Vec<&LockInterval> =
        outcome.locks.iter().filter(|lock| lock.group == own.group && lock.queue == own.queue).collect();
    let first = held.first()?.from;
    let intervals: Vec<OwnInterval> = held
        .iter()
        .map(|lock| {
            let LockInterval { instance, client, from, to, .. } = **lock;
            OwnInterval { instance, client, from, to, frozen: None }
        })
        .collect();
    let mut free = SimDuration::ZERO;
    let mut until = first;
    for interval in &intervals {
        free += interval.from.since(until);
        until = interval.to.max(until);
    }
    free += outcome.end.since(until);
    Some(QueueOwnership { intervals, orphan: free, ..own.clone() })
}
