//! Roles and terms of the members of Raft groups, and who led in each term.

use std::collections::BTreeMap;

use crate::kernel::time::SimTime;
use crate::node::fact::RaftRoleNow;
use crate::run::outcome::RaftInterval;
use crate::store::ids::BrokerIx;

/// What a new role means for its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Led {
    /// Nothing: no leader, or the one that is known.
    AsBefore,
    /// A term has got its leader.
    Elected,
    /// Two processes lead in one term: the other one.
    Twice(BrokerIx),
}

/// All members.
#[derive(Debug, Default)]
pub struct RaftTrack {
    open: Vec<Option<(RaftRoleNow, u64, SimTime)>>,
    intervals: Vec<RaftInterval>,
    leaders: BTreeMap<(BrokerIx, u64), BrokerIx>,
}

impl RaftTrack {
    /// So many broker processes.
    #[must_use]
    pub fn new(processes: usize) -> Self {
        Self { open: vec![None; processes], ..Self::default() }
    }

    /// A process of a broker name has a role in a term from now on.
    pub fn on_role(&mut self, now: SimTime, name: BrokerIx, process: BrokerIx, role: RaftRoleNow, term: u64) -> Led {
        if self.open[process.at()].is_some_and(|(before, of, _)| (before, of) == (role, term)) {
            return Led::AsBefore;
        }
        self.on_stopped(now, process);
        self.open[process.at()] = Some((role, term, now));
        if role != RaftRoleNow::Leader {
            return Led::AsBefore;
        }
        match self.leaders.insert((name, term), process) {
            None => Led::Elected,
            Some(before) if before == process => Led::AsBefore,
            Some(before) => Led::Twice(before),
        }
    }

    /// Its process ended.
    pub fn on_stopped(&mut self, now: SimTime, process: BrokerIx) {
        if let Some((role, term, from)) = self.open[process.at()].take()
            && from < now
        {
            self.intervals.push(RaftInterval { process, role, term, from, to: now });
        }
    }

    /// Whether it leads.
    #[must_use]
    pub fn leads(&self, process: BrokerIx) -> bool {
        self.open[process.at()].is_some_and(|(role, ..)| role == RaftRoleNow::Leader)
    }

    /// Its term; 0 while it has none.
    #[must_use]
    pub fn term(&self, process: BrokerIx) -> u64 {
        self.open[process.at()].map_or(0, |(_, term, _)| term)
    }

    /// The intervals up to `end`, in the order of their beginning.
    #[must_use]
    pub fn finish(mut self, end: SimTime) -> Vec<RaftInterval> {
        for index in 0..self.open.len() {
            self.on_stopped(end, BrokerIx::new(index));
        }
        self.intervals.sort_by_key(|interval| (interval.from, interval.process));
        self.intervals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const G: BrokerIx = BrokerIx(0);

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    #[test]
    fn a_term_has_one_leader_and_a_second_one_is_found() {
        let mut track = RaftTrack::new(3);
        let mut role = |second, process, role, term| track.on_role(at(second), G, BrokerIx(process), role, term);
        assert_eq!(role(1, 0, RaftRoleNow::Leader, 1), Led::Elected);
        assert_eq!(role(2, 0, RaftRoleNow::Leader, 1), Led::AsBefore);
        assert_eq!(role(3, 1, RaftRoleNow::Candidate, 2), Led::AsBefore);
        assert_eq!(role(4, 1, RaftRoleNow::Leader, 2), Led::Elected);
        assert_eq!(role(5, 2, RaftRoleNow::Leader, 2), Led::Twice(BrokerIx(1)));
    }

    #[test]
    fn roles_are_intervals_until_the_next_or_the_end_of_the_process() {
        let mut track = RaftTrack::new(1);
        track.on_role(at(1), G, G, RaftRoleNow::Candidate, 1);
        track.on_role(at(2), G, G, RaftRoleNow::Leader, 1);
        assert_eq!(track.term(G), 1);
        track.on_stopped(at(5), G);
        assert_eq!(track.term(G), 0);
        track.on_role(at(8), G, G, RaftRoleNow::Follower, 2);
        let intervals = track.finish(at(9));
        let times: Vec<_> = intervals.iter().map(|interval| (interval.role, interval.from, interval.to)).collect();
        assert_eq!(
            times,
            [
                (RaftRoleNow::Candidate, at(1), at(2)),
                (RaftRoleNow::Leader, at(2), at(5)),
                (RaftRoleNow::Follower, at(8), at(9))
            ]
        );
    }
}
