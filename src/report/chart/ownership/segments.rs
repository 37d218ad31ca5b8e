//! A queue's history as stretches during which its owners stay the same.

use crate::kernel::time::SimTime;
use crate::run::outcome::QueueOwnership;
use crate::store::ids::InstanceIx;

/// A stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::report::chart) struct Segment {
    pub(in crate::report::chart) from: SimTime,
    pub(in crate::report::chart) to: SimTime,
    pub(in crate::report::chart) state: State,
}

/// Who owns the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::report::chart) enum State {
    /// The queue does not exist, or its group has not started yet.
    Absent,
    /// Nobody.
    Orphan,
    /// These, by id.
    Owned(Vec<Owner>),
}

/// An owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report::chart) struct Owner {
    pub(in crate::report::chart) instance: InstanceIx,
    pub(in crate::report::chart) frozen: bool,
}

/// The stretches from 0 to `end`; `start` is the group's first start.
pub(in crate::report::chart) fn of(own: &QueueOwnership, start: SimTime, end: SimTime) -> Vec<Segment> {
    let mut edges = vec![SimTime::ZERO, end, start.max(own.exists_from), own.exists_until];
    for interval in &own.intervals {
        edges.extend([interval.from, interval.to]);
        if let Some((from, to)) = interval.frozen {
            edges.extend([from, to]);
        }
    }
    edges.retain(|edge| *edge <= end);
    edges.sort_unstable();
    edges.dedup();
    let mut segments: Vec<Segment> = Vec::with_capacity(edges.len());
    for pair in edges.windows(2) {
        let state = state(own, start, pair[0], pair[1]);
        match segments.last_mut() {
            Some(last) if last.state == state => last.to = pair[1],
            _ => segments.push(Segment { from: pair[0], to: pair[1], state }),
        }
    }
    segments
}

/// The state throughout a stretch that no edge divides.
fn state(own: &QueueOwnership, start: SimTime, from: SimTime, to: SimTime) -> State {
    let mut owners: Vec<Owner> = own
        .intervals
        .iter()
        .filter(|interval| interval.from <= from && interval.to >= to)
        .map(|interval| Owner {
            instance: interval.instance,
            frozen: interval.frozen.is_some_and(|(freeze, thaw)| freeze <= from && thaw >= to),
        })
        .collect();
    owners.sort_unstable();
    owners.dedup_by_key(|owner| owner.instance);
    if !owners.is_empty() {
        State::Owned(owners)
    } else if from < start || from < own.exists_from || from >= own.exists_until {
        State::Absent
    } else {
        State::Orphan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimDuration;
    use crate::run::outcome::OwnInterval;
    use crate::store::ids::{ClientIx, GroupIx, QueueIx};

    #[test]
    fn gaps_overlaps_and_frozen_owners_are_stretches_of_their_own() {
        let at = SimTime::from_secs;
        let interval = |instance, from, to, frozen| OwnInterval {
            instance: InstanceIx(instance),
            client: ClientIx(instance),
            from: at(from),
            to: at(to),
            frozen,
        };
        let own = QueueOwnership {
            group: GroupIx(0),
            queue: QueueIx(0),
            exists_from: at(0),
            exists_until: at(100),
            intervals: vec![
                interval(0, 10, 40, None),
                interval(1, 30, 60, Some((at(50), at(60)))),
                interval(1, 70, 100, None),
            ],
            orphan: SimDuration::ZERO,
            longest_orphan: SimDuration::ZERO,
            double_owner: SimDuration::ZERO,
            moves: 0,
        };
        let states: Vec<(u64, String)> = of(&own, at(5), at(100))
            .into_iter()
            .map(|segment| {
                let words = match segment.state {
                    State::Absent => "absent".to_owned(),
                    State::Orphan => "orphan".to_owned(),
                    State::Owned(owners) => owners
                        .iter()
                        .map(|owner| format!("{}{}", owner.instance.0, if owner.frozen { "*" } else { "" }))
                        .collect::<Vec<_>>()
                        .join("+"),
                };
                (segment.to.as_millis() / 1000, words)
            })
            .collect();
        let expected =
            [(5, "absent"), (10, "orphan"), (30, "0"), (40, "0+1"), (50, "1"), (60, "1*"), (70, "orphan"), (100, "1")];
        assert_eq!(states, expected.map(|(to, words)| (to, words.to_owned())));
    }
}
