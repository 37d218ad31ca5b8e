//! View divergence: what a client believes of the route, of the members and of its own queues, against the truth.

use crate::kernel::time::SimTime;
use crate::run::outcome::ViewStale;

/// The three beliefs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum View {
    /// Queue counts of its topics.
    Route,
    /// Who is in the group.
    Members,
    /// Which queues it owns, against those the strategy gives it on the true route and members.
    Queues,
}

/// A client's beliefs over time.
#[derive(Clone, Debug, Default)]
pub struct ViewTrack {
    since: [Option<SimTime>; 3],
    stale: [ViewStale; 3],
}

impl ViewTrack {
    /// The belief is checked: true, or not.
    pub fn set(&mut self, now: SimTime, view: View, true_now: bool) {
        let since = &mut self.since[view as usize];
        if true_now {
            if let Some(began) = since.take() {
                close(&mut self.stale[view as usize], began, now);
            }
        } else {
            since.get_or_insert(now);
        }
    }

    /// Whether any belief is wrong.
    #[must_use]
    pub fn any_stale(&self) -> bool {
        self.since.iter().any(Option::is_some)
    }

    /// The client is gone: it believes nothing.
    pub fn clear(&mut self, now: SimTime) {
        for view in [View::Route, View::Members, View::Queues] {
            self.set(now, view, true);
        }
    }

    /// The stretches, up to `end`.
    #[must_use]
    pub fn finish(mut self, end: SimTime) -> [ViewStale; 3] {
        self.clear(end);
        self.stale
    }
}

fn close(stale: &mut ViewStale, began: SimTime, now: SimTime) {
    let length = now.since(began);
    if length.is_zero() {
        return;
    }
    stale.total += length;
    stale.longest = stale.longest.max(length);
    stale.stretches.push((began, now));
}
