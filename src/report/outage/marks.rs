//! From moments to bars.

use super::knob::{self, Knob};
use super::model::{Bar, Chain, Step, Subject};
use crate::kernel::time::SimTime;
use crate::run::outcome::Outcome;

/// A fact that brought something forward.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    /// When.
    pub(super) at: SimTime,
    /// What it ended.
    pub(super) step: Step,
    /// In words.
    pub(super) what: String,
    /// What ruled the wait for it.
    pub(super) knob: Option<Knob>,
}

impl Mark {
    pub(super) fn new(at: SimTime, step: Step, what: String) -> Self {
        Self { at, step, what, knob: None }
    }

    pub(super) fn knob(mut self, knob: Option<Knob>) -> Self {
        self.knob = knob;
        self
    }
}

/// The chain through the marks: each bar reaches from one to the next. `to` is where it went on, if it did.
pub(super) fn chain(
    outcome: &Outcome,
    of: Subject,
    from: SimTime,
    to: Option<SimTime>,
    mut marks: Vec<Mark>,
    median: bool,
) -> Chain {
    let end = to.unwrap_or(outcome.end).max(from);
    marks.retain(|mark| mark.at >= from && mark.at <= end);
    // Stable: marks of one moment stay in the order in which they were made.
    marks.sort_by_key(|mark| mark.at);
    let mut bars: Vec<Bar> = Vec::with_capacity(marks.len() + 1);
    let mut reached = from;
    for Mark { at, step, what, knob } in marks {
        // What another wait had covered already cost nothing; only what ends the chain is told all the same.
        if at > reached || (at == end && bars.is_empty()) {
            bars.push(Bar { from: reached, to: at, step, what, knob: knob::unless_instant(knob, reached, at) });
            reached = at;
        }
    }
    if reached < end {
        let (step, what) = match to {
            Some(_) => (Step::Message, "it goes on".to_owned()),
            None => (Step::Never, "nothing more happened until the end of the run".to_owned()),
        };
        bars.push(Bar { from: reached, to: end, step, what, knob: None });
    }
    Chain { of, from, to: end, ended: to.is_some(), median, bars }
}
