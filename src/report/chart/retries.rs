//! What came back, by attempt, and what was given up.

use super::Chart;
use super::palette::{BAD, HEAT};
use super::stacks::{self, Layer};
use crate::run::outcome::{GroupSeries, Outcome};

/// The chart.
pub(super) struct Retries;

/// Attempts that share a colour: the last of each class.
const CLASSES: [usize; 7] = [1, 2, 3, 5, 8, 12, usize::MAX];

impl Chart for Retries {
    fn id(&self) -> &'static str {
        "retries"
    }

    fn title(&self) -> &'static str {
        "Retries and dead letters"
    }

    fn unit(&self) -> &'static str {
        "messages given to a listener again"
    }

    fn about(&self) -> &'static str {
        "All groups together, by how often a message had failed before; the darker (in a dark theme: the brighter), the more \
         often. Red: messages that were given up and stored among the dead letters."
    }

    fn applicable(&self, outcome: &Outcome) -> bool {
        outcome
            .series
            .groups
            .iter()
            .any(|group| group.retries.iter().flatten().any(|n| *n > 0) || group.dead_letters.iter().any(|n| *n > 0))
    }

    fn draw(&self, outcome: &Outcome) -> Option<String> {
        let groups = &outcome.series.groups;
        let deepest =
            groups.iter().flat_map(|group| &group.retries).map(|window| window.len().saturating_sub(1)).max()?;
        // With few attempts each has a shade of its own.
        let classes: Vec<(usize, usize)> = if deepest <= CLASSES.len() {
            (1..=deepest).map(|attempt| (attempt, attempt)).collect()
        } else {
            let firsts = [0].into_iter().chain(CLASSES).map(|last| last.saturating_add(1));
            let classes = firsts.zip(CLASSES).map(|(first, last)| (first, last.min(deepest)));
            classes.take_while(|(first, _)| *first <= deepest).collect()
        };
        let samples = outcome.series.times.len();
        let sum = |n: &dyn Fn(&GroupSeries, usize) -> u64| -> Vec<u64> {
            (0..samples).map(|sample| groups.iter().map(|group| n(group, sample)).sum()).collect()
        };
        let shades = HEAT.len() - 2;
        let mut layers: Vec<Layer> = classes
            .iter()
            .enumerate()
            .map(|(place, (first, last))| Layer {
                name: name(*first, *last, deepest),
                colour: HEAT[2 + place * (shades - 1) / (classes.len() - 1).max(1)],
                values: sum(&|group, sample| {
                    let window = group.retries.get(sample).map_or(&[][..], Vec::as_slice);
                    window.iter().enumerate().filter(|(n, _)| (*first..=*last).contains(n)).map(|(_, n)| n).sum()
                }),
            })
            .collect();
        let dead = sum(&|group, sample| group.dead_letters.get(sample).copied().unwrap_or(0));
        if dead.iter().any(|n| *n > 0) {
            layers.push(Layer { name: "dead letters".to_owned(), colour: BAD, values: dead });
        }
        Some(stacks::chart(self, outcome, &layers))
    }
}

fn name(first: usize, last: usize, deepest: usize) -> String {
    match (first, last) {
        (first, last) if first == last => format!("retry {first}"),
        (first, last) if last == deepest && last > 12 => format!("retries {first} and more"),
        (first, last) => format!("retries {first}–{last}"),
    }
}
