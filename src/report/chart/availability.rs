//! When sends succeeded and queues were consumed.

use super::Chart;
use super::bands::{self, Band, Fill, Row, swatch};
use super::lanes::LANES_MAX;
use super::palette::HEAT;
use crate::kernel::time::SimTime;
use crate::report::human::{counted, duration, moment};
use crate::report::names::Names;
use crate::run::outcome::{ConsumeGap, Outcome, SendGap};
use crate::store::ids::{BrokerIx, GroupIx, QueueIx, TopicIx};

/// What works, or has nothing to do.
const FINE: Fill = Fill::Plain(HEAT[2]);

/// The chart.
pub(super) struct Availability;

impl Chart for Availability {
    fn id(&self) -> &'static str {
        "availability"
    }

    fn title(&self) -> &'static str {
        "Availability"
    }

    fn unit(&self) -> &'static str {
        "sends of each topic, then consumption of each queue"
    }

    fn about(&self) -> &'static str {
        "Red hatching: no send to the topic (or to it on that broker) succeeded although somebody tried, or the queue had \
         messages to deliver and delivered none, for a second or more. Queues that never stood still are not shown. A broker \
         that nobody sends to any more, because producers know that it is gone, has no gap of its own once they know."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        let failures = &outcome.failures;
        outcome.plan.fallible && !(failures.send_gaps.is_empty() && failures.consume_gaps.is_empty())
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let mut rows = sends(outcome, &names);
        let room = LANES_MAX.saturating_sub(rows.len()).min(40);
        let (queues, all) = queues(outcome, &names, room);
        let mut subtitle = self.unit().to_owned();
        if queues.len() < all {
            let stopped = counted(all as u64, "queue that stood still", "queues that stood still");
            subtitle = format!("sends, then the worst {} of {stopped}", queues.len());
        }
        rows.extend(queues);
        let legend = vec![
            ("works, or nothing to do".to_owned(), swatch(FINE)),
            ("stands still".to_owned(), swatch(Fill::Hatched)),
        ];
        Some(bands::chart(self, outcome, subtitle, &rows, legend))
    }
}

fn row(outcome: &Outcome, label: String, gaps: &[(SimTime, SimTime, String)]) -> Row {
    let ground =
        Band { from: SimTime::ZERO, to: outcome.end, fill: FINE, text: None, title: label.clone(), part: (0, 1) };
    let gaps = gaps.iter().map(|(from, to, more)| Band {
        from: *from,
        to: *to,
        fill: Fill::Hatched,
        title: format!("{} from {}{more}", duration(to.since(*from)), moment(*from)),
        ..ground.clone()
    });
    Row { bands: std::iter::once(ground.clone()).chain(gaps).collect(), label }
}

/// A row for each topic that is sent to, and one for each of its broker names that had gaps.
fn sends(outcome: &Outcome, names: &Names<'_>) -> Vec<Row> {
    let mut places: Vec<(TopicIx, Option<BrokerIx>)> =
        outcome.plan.producers.iter().map(|producer| (producer.topic, None)).collect();
    places.extend(outcome.failures.send_gaps.iter().map(|gap| (gap.topic, gap.name)));
    places.sort_unstable();
    places.dedup();
    let single = |topic: TopicIx| outcome.plan.topics.get(topic.at()).is_some_and(|topic| topic.brokers.len() < 2);
    places.retain(|(topic, name)| name.is_none() || !single(*topic));
    places.truncate(24);
    let row_of = |(topic, name): (TopicIx, Option<BrokerIx>)| {
        let of = |gap: &&SendGap| gap.topic == topic && gap.name == name;
        let gaps: Vec<(SimTime, SimTime, String)> = outcome
            .failures
            .send_gaps
            .iter()
            .filter(of)
            .map(|gap| (gap.from, gap.to, format!(", {}", counted(gap.failed, "failed call", "failed calls"))))
            .collect();
        let on = name.map_or_else(String::new, |name| format!(" on {}", names.broker(name)));
        row(outcome, format!("send {}{on}", names.topic(topic)), &gaps)
    };
    places.into_iter().map(row_of).collect()
}

/// A row for each queue that stood still, the `room` worst ones; and how many there were.
fn queues(outcome: &Outcome, names: &Names<'_>, room: usize) -> (Vec<Row>, usize) {
    let mut places: Vec<(GroupIx, QueueIx)> =
        outcome.failures.consume_gaps.iter().map(|gap| (gap.group, gap.queue)).collect();
    places.sort_unstable();
    places.dedup();
    let all = places.len();
    let gaps = |(group, queue): (GroupIx, QueueIx)| {
        let of = move |gap: &&ConsumeGap| gap.group == group && gap.queue == queue;
        outcome.failures.consume_gaps.iter().filter(of)
    };
    if all > room {
        let total = |place| gaps(place).map(|gap| gap.to.since(gap.from).as_nanos()).sum::<u64>();
        let mut weighed: Vec<(u64, (GroupIx, QueueIx))> = places.iter().map(|place| (total(*place), *place)).collect();
        weighed.sort_by_key(|(weight, place)| (std::cmp::Reverse(*weight), *place));
        places = weighed.into_iter().take(room).map(|(_, place)| place).collect();
        places.sort_unstable();
    }
    let many = outcome.plan.groups.len() > 1;
    let row_of = |place: (GroupIx, QueueIx)| {
        let gaps: Vec<(SimTime, SimTime, String)> = gaps(place).map(|gap| (gap.from, gap.to, String::new())).collect();
        let of = if many { format!("{} ", names.group(place.0)) } else { String::new() };
        row(outcome, format!("{of}{}", names.queue(place.1)), &gaps)
    };
    (places.into_iter().map(row_of).collect(), all)
}
