//! Roles and terms of Raft groups.

use super::Chart;
use super::bands::{self, Band, Fill, Row, swatch};
use super::palette::{HEAT, HUES, INK, ON_DARK_HUE, ON_LIGHT_HUE};
use crate::kernel::time::SimTime;
use crate::node::fact::RaftRoleNow;
use crate::report::human::{duration, moment};
use crate::report::names::Names;
use crate::run::outcome::{Outcome, RaftInterval};
use crate::store::ids::BrokerIx;

/// The chart.
pub(super) struct Raft;

fn fill(role: RaftRoleNow) -> Fill {
    match role {
        RaftRoleNow::Leader => Fill::Plain(HUES[0].0),
        RaftRoleNow::Follower => Fill::Plain(HEAT[2]),
        RaftRoleNow::Candidate => Fill::Plain(HUES[1].0),
    }
}

fn word(role: RaftRoleNow) -> &'static str {
    match role {
        RaftRoleNow::Leader => "leader",
        RaftRoleNow::Follower => "follower",
        RaftRoleNow::Candidate => "candidate",
    }
}

impl Chart for Raft {
    fn id(&self) -> &'static str {
        "raft"
    }

    fn title(&self) -> &'static str {
        "Raft roles and terms"
    }

    fn unit(&self) -> &'static str {
        "the numbers are terms"
    }

    fn about(&self) -> &'static str {
        "A lane for each member of a Raft group: its role and, on the bar, its term. A group takes sends while it has a leader \
         that a majority follows; members without a leader wait, become candidates and vote in a new term. Red hatching: the \
         process is down."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        !outcome.failures.raft.is_empty()
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let mut members: Vec<BrokerIx> = outcome.failures.raft.iter().map(|interval| interval.process).collect();
        members.sort_unstable();
        members.dedup();
        // The members of a group together: by name, then by number.
        members.sort_by_key(|process| {
            let further = process.at().checked_sub(outcome.plan.brokers.len());
            (further.and_then(|place| outcome.plan.replicas.get(place)).map_or(*process, |of| of.broker), *process)
        });
        members.truncate(super::lanes::LANES_MAX);
        let rows: Vec<Row> = members.iter().map(|process| row(outcome, &names, *process)).collect();
        let mut legend: Vec<_> = [RaftRoleNow::Leader, RaftRoleNow::Follower, RaftRoleNow::Candidate]
            .into_iter()
            .map(|role| (word(role).to_owned(), swatch(fill(role))))
            .collect();
        legend.push(("down".to_owned(), swatch(Fill::Hatched)));
        Some(bands::chart(self, outcome, self.unit().to_owned(), &rows, legend))
    }
}

fn row(outcome: &Outcome, names: &Names<'_>, process: BrokerIx) -> Row {
    let mut merged: Vec<RaftInterval> = Vec::new();
    for interval in outcome.failures.raft.iter().filter(|interval| interval.process == process) {
        match merged.last_mut() {
            Some(last) if last.role == interval.role && last.term == interval.term && last.to == interval.from => {
                last.to = interval.to;
            }
            _ => merged.push(*interval),
        }
    }
    let down = Band {
        from: SimTime::ZERO,
        to: outcome.end,
        fill: Fill::Hatched,
        text: None,
        title: "down".to_owned(),
        part: (0, 1),
    };
    let bands = merged.iter().map(|interval| {
        let ink = match interval.role {
            RaftRoleNow::Leader => ON_DARK_HUE,
            RaftRoleNow::Follower => INK,
            RaftRoleNow::Candidate => ON_LIGHT_HUE,
        };
        let (role, length) = (word(interval.role), duration(interval.to.since(interval.from)));
        Band {
            from: interval.from,
            to: interval.to,
            fill: fill(interval.role),
            text: Some((interval.term.to_string(), ink)),
            title: format!("{role} in term {}: {length} from {}", interval.term, moment(interval.from)),
            part: (0, 1),
        }
    });
    Row { label: names.process(process), bands: std::iter::once(down.clone()).chain(bands).collect() }
}
