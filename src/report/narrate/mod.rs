//! The facts of a run as a story: what happened, to whom, why. Facts that belong together become one entry.

mod counts;
mod draft;
mod failures;
mod order;
mod wave;
mod words;

pub(super) use words::action_labels;

use super::names::Names;
use crate::kernel::time::{SimDuration, SimTime};
use crate::run::outcome::Outcome;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The scenario's timeline acts.
    Action,
    /// Queues change hands.
    Rebalance,
    /// A client's view of the route or of the members changes.
    View,
    /// A broker learns of a member or forgets one; a process starts or ends.
    Membership,
    /// Brokers, nameservers, topics.
    Cluster,
    /// What becomes of messages.
    Message,
    /// Something that should not happen.
    Trouble,
    /// Routine.
    Quiet,
}

impl Kind {
    /// One word for the margin.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Rebalance => "rebalance",
            Self::View => "view",
            Self::Membership => "member",
            Self::Cluster => "cluster",
            Self::Message => "message",
            Self::Trouble => "trouble",
            Self::Quiet => "routine",
        }
    }
}

/// An entry of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// When it began.
    pub at: SimTime,
    /// When its last fact was.
    pub until: SimTime,
    /// What it is about.
    pub kind: Kind,
    /// One sentence.
    pub headline: String,
    /// Its parts, one sentence each.
    pub details: Vec<Detail>,
}

/// A part of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// After the entry's beginning.
    pub after: SimDuration,
    /// What.
    pub text: String,
}

/// Details beyond this many are left out, with their number.
pub const DETAILS_MAX: usize = 20;

/// The story of a run, in order of time.
#[must_use]
pub fn narrate(outcome: &Outcome) -> Vec<Story> {
    let names = Names::new(&outcome.plan);
    let mut stories: Vec<Story> =
        draft::collect(outcome).into_iter().map(|draft| words::story(outcome, &names, draft)).collect();
    stories.extend([order::stories, failures::stories, counts::stories].iter().flat_map(|read| read(outcome, &names)));
    stories.sort_by_key(|story| story.at); // Stable: entries of one moment stay in the order of their first facts.
    stories
}

/// A story of about `max` entries at most: long stretches are replaced by one that counts them.
#[must_use]
pub fn abbreviate(stories: Vec<Story>, max: usize) -> Vec<Story> {
    if stories.len() <= max {
        return stories;
    }
    // Keep the beginning and the end in full; what lies between keeps its actions and troubles as far as there is room.
    let head = max * 2 / 3;
    let tail = max - head;
    let last_from = stories.len() - tail;
    let mut kept = Vec::with_capacity(max + 1);
    let mut skipped: Vec<(Kind, u64)> = Vec::new();
    let (mut from, mut until) = (SimTime::ZERO, SimTime::ZERO);
    for (at, story) in stories.into_iter().enumerate() {
        if at < head {
            kept.push(story);
        } else if at < last_from {
            if skipped.is_empty() {
                from = story.at;
            }
            until = story.until.max(until);
            match skipped.iter_mut().find(|(kind, _)| *kind == story.kind) {
                Some((_, count)) => *count += 1,
                None => skipped.push((story.kind, 1)),
            }
        } else {
            if !skipped.is_empty() {
                kept.push(words::skipped(from, until, &skipped));
                skipped.clear();
            }
            kept.push(story);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_story_keeps_its_beginning_and_end_and_counts_the_rest() {
        let stories: Vec<Story> = (0..100)
            .map(|n| Story {
                at: SimTime::from_secs(n),
                until: SimTime::from_secs(n),
                kind: if n % 2 == 0 { Kind::Rebalance } else { Kind::View },
                headline: n.to_string(),
                details: Vec::new(),
            })
            .collect();
        let short = abbreviate(stories, 30);
        assert_eq!(short.len(), 31);
        assert_eq!(short[19].headline, "19");
        assert_eq!(short[20].headline, "… 70 more entries up to 89.000 s: 35 rebalance, 35 view");
        assert_eq!(short[30].headline, "99");
    }
}
