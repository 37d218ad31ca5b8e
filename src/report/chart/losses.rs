//! The loss ledger: messages that somebody wanted and nobody was given.

use std::collections::BTreeMap;

use super::Chart;
use super::bars::{self, Bar};
use super::lanes::choose;
use super::palette::{HUES, MUTED, Role};
use crate::report::human::{count, counted};
use crate::report::names::Names;
use crate::run::outcome::Outcome;
use crate::store::ids::{GroupIx, InstanceIx, QueueIx};

/// The chart.
pub(super) struct Losses;

/// Who passed over messages, and whether by its own filter.
type Cause = (InstanceIx, bool);

impl Chart for Losses {
    fn id(&self) -> &'static str {
        "losses"
    }

    fn title(&self) -> &'static str {
        "Lost messages"
    }

    fn unit(&self) -> &'static str {
        "messages that a member wanted and nobody was given"
    }

    fn about(&self) -> &'static str {
        "By queue, and by the consumer whose pulls passed over them. \"Left out by the broker\": the broker filtered by the \
         subscription that another member had set last. \"Dropped\": the consumer got the message and its own subscription \
         did not want it. Either way the offset moved on."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome.losses.iter().any(|loss| loss.messages > 0)
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let names = Names::new(&outcome.plan);
        let mut queues: BTreeMap<(GroupIx, QueueIx), BTreeMap<Cause, u64>> = BTreeMap::new();
        let mut causes: BTreeMap<Cause, u64> = BTreeMap::new();
        for loss in outcome.losses.iter().filter(|loss| loss.messages > 0) {
            let cause = (loss.instance, loss.by_client);
            *queues.entry((loss.group, loss.queue)).or_default().entry(cause).or_default() += loss.messages;
            *causes.entry(cause).or_default() += loss.messages;
        }
        let shown: Vec<Cause> = causes.keys().copied().take(HUES.len()).collect();
        let mut kinds: Vec<(String, Role)> = shown
            .iter()
            .zip(HUES)
            .map(|((instance, by_client), (colour, _))| {
                let how = if *by_client { "dropped by" } else { "left out by the broker for" };
                (format!("{how} {}", names.instance(*instance)), colour)
            })
            .collect();
        if causes.len() > shown.len() {
            kinds.push((format!("{} more", count((causes.len() - shown.len()) as u64)), MUTED));
        }
        let several = outcome.groups.len() > 1;
        let rows: Vec<((GroupIx, QueueIx), BTreeMap<Cause, u64>)> = queues.into_iter().collect();
        let weights: Vec<u64> = rows.iter().map(|(_, parts)| parts.values().sum()).collect();
        let groups: Vec<u32> = rows.iter().map(|((group, _), _)| group.0).collect();
        let chosen = choose(&weights, &groups);
        let bars: Vec<Bar> = chosen
            .iter()
            .map(|place| {
                let ((group, queue), found) = &rows[*place];
                let mut parts = vec![0; kinds.len()];
                for (cause, n) in found {
                    parts[shown.iter().position(|other| other == cause).unwrap_or(shown.len())] += n;
                }
                let queue = names.queue(*queue);
                Bar { label: if several { format!("{} {queue}", names.group(*group)) } else { queue }, parts }
            })
            .collect();
        let mut subtitle = self.unit().to_owned();
        if chosen.len() < rows.len() {
            let all = counted(rows.len() as u64, "queue", "queues");
            subtitle = format!("the {} with the most of {all}", chosen.len());
        }
        Some(bars::chart(self, &subtitle, &bars, &kinds))
    }
}
