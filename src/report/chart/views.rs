//! What each node believed, against what was so.

use super::Chart;
use super::bands::{self, Band, Fill, Row, swatch};
use super::palette::{HUES, ON_DARK_HUE, ON_LIGHT_HUE, Role};
use crate::kernel::time::{SimDuration, SimTime};
use crate::protocol::address::Address;
use crate::report::human::{duration, moment};
use crate::report::names::Names;
use crate::run::outcome::{Belief, BeliefAbout, MasterInterval, Outcome};
use crate::store::ids::BrokerIx;

/// Nodes shown at most: those that were wrong longest.
const NODES_MAX: usize = 32;
/// Broker names whose masters are shown at most.
const NAMES_MAX: usize = 8;

/// The chart.
pub(super) struct Views;

/// What one can be wrong about: name and colour.
const ABOUT: [(&str, Role); 4] =
    [("the master", HUES[1].0), ("the route", HUES[0].0), ("the members", HUES[3].0), ("its queues", HUES[6].0)];

fn kind(about: BeliefAbout) -> usize {
    match about {
        BeliefAbout::Master(_) => 0,
        BeliefAbout::Route(_) => 1,
        BeliefAbout::Members(_) => 2,
        BeliefAbout::Ownership(_) => 3,
    }
}

impl Chart for Views {
    fn id(&self) -> &'static str {
        "views"
    }

    fn title(&self) -> &'static str {
        "Truth and beliefs"
    }

    fn unit(&self) -> &'static str {
        "who took sends, and which nodes believed something else"
    }

    fn about(&self) -> &'static str {
        "Above, the truth: which process took sends for each broker name; red hatching is time without one. Below, a lane for \
         each node that was wrong, with a stripe for each thing that it can be wrong about: a bar means that what it believed \
         was not so. Short ones are drawn wider than they were."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.plan.fallible && !outcome.failures.beliefs.is_empty()
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let beliefs = &outcome.failures.beliefs;
        let kinds: Vec<usize> =
            (0..ABOUT.len()).filter(|of| beliefs.iter().any(|belief| kind(belief.about) == *of)).collect();
        let mut nodes = wrong_nodes(beliefs);
        let all = nodes.len();
        let mut subtitle = self.unit().to_owned();
        if all > NODES_MAX {
            nodes.sort_by_key(|(node, wrong)| (std::cmp::Reverse(*wrong), *node));
            nodes.truncate(NODES_MAX);
            nodes.sort_unstable();
            subtitle = format!("the truth, then the {NODES_MAX} that were wrong longest of {all} nodes");
        }
        let mut rows = truth(outcome, &names);
        rows.extend(nodes.iter().map(|(node, _)| Row {
            label: names.node(*node),
            bands:
                beliefs.iter().filter(|belief| belief.of == *node).map(|belief| band(&names, belief, &kinds)).collect(),
        }));
        let mut legend: Vec<_> = vec![("nobody took sends".to_owned(), swatch(Fill::Hatched))];
        legend.extend(
            kinds.iter().map(|of| (format!("wrong about {}", ABOUT[*of].0), swatch(Fill::Plain(ABOUT[*of].1)))),
        );
        Some(bands::chart(self, outcome, subtitle, &rows, legend))
    }
}

/// Nodes that were wrong, with how long in all.
fn wrong_nodes(beliefs: &[Belief]) -> Vec<(Address, SimDuration)> {
    let mut nodes: Vec<(Address, SimDuration)> = Vec::new();
    for belief in beliefs {
        let wrong = belief.to.since(belief.from);
        match nodes.binary_search_by_key(&belief.of, |(node, _)| *node) {
            Ok(place) => nodes[place].1 += wrong,
            Err(place) => nodes.insert(place, (belief.of, wrong)),
        }
    }
    nodes
}

fn band(names: &Names<'_>, belief: &Belief, kinds: &[usize]) -> Band {
    let of = kind(belief.about);
    let part = kinds.iter().position(|other| *other == of).unwrap_or(0);
    let about = words(names, belief.about);
    Band {
        from: belief.from,
        to: belief.to,
        fill: Fill::Plain(ABOUT[of].1),
        text: None,
        title: format!("wrong about {about}: {} from {}", duration(belief.to.since(belief.from)), moment(belief.from)),
        part: (part as i32, kinds.len() as i32),
    }
}

/// What a belief is about.
pub(in crate::report) fn words(names: &Names<'_>, about: BeliefAbout) -> String {
    match about {
        BeliefAbout::Master(name) => format!("the master of {}", names.broker(name)),
        BeliefAbout::Route(topic) => format!("the route of {}", names.topic(topic)),
        BeliefAbout::Members(group) => format!("the members of {}", names.group(group)),
        BeliefAbout::Ownership(group) => format!("its queues of {}", names.group(group)),
    }
}

/// A lane for each broker name: who took sends.
fn truth(outcome: &Outcome, names: &Names<'_>) -> Vec<Row> {
    let name = |place: usize| BrokerIx::new(place);
    let interesting = |of: BrokerIx| {
        let about = |belief: &Belief| belief.about == BeliefAbout::Master(of);
        outcome.failures.masters.iter().filter(|interval| interval.name == of).count() > 1
            || outcome.failures.beliefs.iter().any(about)
    };
    let shown = (0..outcome.plan.brokers.len()).map(name).filter(|of| interesting(*of)).take(NAMES_MAX);
    let row = |of: BrokerIx| {
        let mut bands = vec![Band {
            from: SimTime::ZERO,
            to: outcome.end,
            fill: Fill::Hatched,
            text: None,
            title: format!("nobody takes sends for {}", names.broker(of)),
            part: (0, 1),
        }];
        let intervals = outcome.failures.masters.iter().filter(|interval| interval.name == of);
        bands.extend(intervals.map(|interval| master(outcome, names, interval)));
        Row { label: format!("{} is", names.broker(of)), bands }
    };
    shown.map(row).collect()
}

fn master(outcome: &Outcome, names: &Names<'_>, interval: &MasterInterval) -> Band {
    // Processes of one name differ in hue; their marks are written on the bars.
    let further = interval.process.at().checked_sub(outcome.plan.brokers.len());
    let number = further.map_or(0, |place| {
        let of_name = |replica: &&crate::scenario::plan::ReplicaPlan| replica.broker == interval.name;
        1 + outcome.plan.replicas[..place.min(outcome.plan.replicas.len())].iter().filter(of_name).count()
    });
    let (role, light) = HUES[[2, 4, 7, 5, 0, 3, 6, 1][number % HUES.len()]];
    let label = names.process(interval.process);
    Band {
        from: interval.from,
        to: interval.to,
        fill: Fill::Plain(role),
        title: format!("{label} takes sends from {} to {}", moment(interval.from), moment(interval.to)),
        text: Some((label, if light { ON_LIGHT_HUE } else { ON_DARK_HUE })),
        part: (0, 1),
    }
}
