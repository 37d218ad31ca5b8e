//! Which process takes sends for each broker name: a master while its process runs, the leader of a Raft group while its
//! broker has the role of a master.

use crate::kernel::time::{SimDuration, SimTime};
use crate::run::outcome::MasterInterval;
use crate::store::ids::BrokerIx;

/// A broker process as senders meet it.
#[derive(Clone, Copy, Debug)]
struct Process {
    name: BrokerIx,
    /// Its role lasts beyond its process: it is no member of a Raft group.
    fixed: bool,
    up: bool,
    master: bool,
    /// Since when it takes sends, while it does.
    since: Option<SimTime>,
}

/// All broker processes.
#[derive(Debug, Default)]
pub struct MasterTrack {
    processes: Vec<Process>,
    /// Per name: who takes sends now; the latest to begin when there are several.
    current: Vec<Option<BrokerIx>>,
    intervals: Vec<MasterInterval>,
}

impl MasterTrack {
    /// Processes with their names, in order of their numbers: when each starts, and whether it is a member of a Raft group.
    /// The first process of a name is its master unless a Raft group elects one.
    #[must_use]
    pub fn new(names: usize, processes: impl Iterator<Item = (BrokerIx, SimTime, bool)>) -> Self {
        let mut track = Self { current: vec![None; names], ..Self::default() };
        for (index, (name, starts, raft)) in processes.enumerate() {
            let master = index == name.at() && !raft;
            let since = master.then_some(starts);
            track.processes.push(Process { name, fixed: !raft, up: true, master, since });
            if master {
                track.current[name.at()] = Some(BrokerIx::new(index));
            }
        }
        track
    }

    /// A process runs, or does not (any more). Returns whether that changes who is the name's master.
    pub fn set_up(&mut self, now: SimTime, process: BrokerIx, up: bool, role_kept: bool) -> bool {
        let Some(state) = self.processes.get_mut(process.at()) else { return false };
        state.up = up;
        if !up && !role_kept && !state.fixed {
            state.master = false;
        }
        self.settle(now, process)
    }

    /// A process was given a role. Returns whether that changes who is the name's master.
    pub fn set_role(&mut self, now: SimTime, process: BrokerIx, master: bool) -> bool {
        let Some(state) = self.processes.get_mut(process.at()) else { return false };
        state.master = master;
        self.settle(now, process)
    }

    fn settle(&mut self, now: SimTime, process: BrokerIx) -> bool {
        let state = &mut self.processes[process.at()];
        let takes = state.up && state.master;
        let name = state.name;
        match (state.since, takes) {
            (None, true) => state.since = Some(now),
            (Some(from), false) => {
                state.since = None;
                if from < now {
                    self.intervals.push(MasterInterval { name, process, from, to: now });
                }
            }
            _ => return false,
        }
        let before = self.current[name.at()];
        let serving = self.processes.iter().enumerate().filter(|(_, other)| other.name == name);
        let latest = serving.filter_map(|(index, other)| Some((other.since?, BrokerIx::new(index)))).max();
        self.current[name.at()] = latest.map(|(_, process)| process);
        before != self.current[name.at()]
    }

    /// Who takes sends for a name now.
    #[must_use]
    pub fn master(&self, name: BrokerIx) -> Option<BrokerIx> {
        self.current.get(name.at()).copied().flatten()
    }

    /// Whether a process runs and is not frozen.
    #[must_use]
    pub fn is_up(&self, process: BrokerIx) -> bool {
        self.processes.get(process.at()).is_some_and(|state| state.up)
    }

    /// Whether any process of a name runs.
    #[must_use]
    pub fn any_up(&self, name: BrokerIx) -> bool {
        self.processes.iter().any(|state| state.name == name && state.up)
    }

    /// Whether a process has the role of a master, also while it does not run.
    #[must_use]
    pub fn is_master(&self, process: BrokerIx) -> bool {
        self.processes.get(process.at()).is_some_and(|state| state.master)
    }

    /// The intervals up to `end`, in the order of their beginning.
    #[must_use]
    pub fn finish(mut self, end: SimTime) -> Vec<MasterInterval> {
        for (index, state) in self.processes.iter().enumerate() {
            if let Some(from) = state.since.filter(|from| *from < end) {
                self.intervals.push(MasterInterval { name: state.name, process: BrokerIx::new(index), from, to: end });
            }
        }
        self.intervals.sort_by_key(|interval| (interval.from, interval.process));
        self.intervals
    }
}

/// The stretches without a process that takes sends for a name, from its first master to `end`; the whole time when it
/// never had one.
#[must_use]
pub fn leaderless(masters: &[MasterInterval], name: BrokerIx, end: SimTime) -> Vec<(SimTime, SimTime)> {
    let of_name = || masters.iter().filter(|interval| interval.name == name);
    let mut reached = of_name().map(|interval| interval.from).min().unwrap_or(SimTime::ZERO);
    let mut gaps = Vec::new();
    for interval in of_name().take_while(|interval| interval.from < end) {
        if interval.from > reached {
            gaps.push((reached, interval.from));
        }
        reached = reached.max(interval.to);
    }
    if reached < end {
        gaps.push((reached, end));
    }
    gaps
}

/// The longest of some stretches.
#[must_use]
pub fn longest(stretches: &[(SimTime, SimTime)]) -> SimDuration {
    stretches.iter().map(|(from, to)| to.since(*from)).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    const A: BrokerIx = BrokerIx(0);
    const B: BrokerIx = BrokerIx(1);

    #[test]
    fn a_master_is_none_while_its_process_does_not_run_and_its_slave_never_is_one() {
        let mut track = MasterTrack::new(1, [(A, at(0), false), (A, at(0), false)].into_iter());
        assert_eq!(track.master(A), Some(A));
        assert!(track.set_up(at(10), A, false, false));
        assert!(!track.set_up(at(12), A, false, false), "it is down already");
        assert_eq!((track.master(A), track.is_up(B), track.any_up(A)), (None, true, true));
        assert!(track.set_up(at(40), A, true, false));
        let intervals = track.finish(at(100));
        assert_eq!(leaderless(&intervals, A, at(100)), [(at(10), at(40))]);
        assert_eq!(longest(&leaderless(&intervals, A, at(100))), SimDuration::from_secs(30));
    }

    #[test]
    fn a_raft_leader_takes_sends_from_its_role_change_and_loses_the_role_with_its_process() {
        let mut track = MasterTrack::new(1, [(A, at(0), true), (A, at(0), true)].into_iter());
        assert_eq!(track.master(A), None);
        track.set_role(at(3), A, true);
        track.set_up(at(20), A, false, false);
        track.set_up(at(25), A, true, false);
        assert_eq!(track.master(A), None, "it comes back as a follower");
        track.set_role(at(30), B, true);
        let intervals = track.finish(at(60));
        assert_eq!(leaderless(&intervals, A, at(60)), [(at(20), at(30))]);
    }

    #[test]
    fn of_two_masters_the_later_one_counts() {
        let mut track = MasterTrack::new(1, [(A, at(0), true), (A, at(0), true)].into_iter());
        track.set_role(at(3), A, true);
        assert!(track.set_role(at(10), B, true));
        assert_eq!(track.master(A), Some(B));
        assert!(!track.set_role(at(12), A, false));
        assert_eq!(leaderless(&track.finish(at(20)), A, at(20)), []);
    }

    #[test]
    fn a_frozen_leader_keeps_its_role() {
        let mut track = MasterTrack::new(1, [(A, at(0), true)].into_iter());
        track.set_role(at(3), A, true);
        track.set_up(at(10), A, false, true);
        track.set_up(at(15), A, true, true);
        assert_eq!(leaderless(&track.finish(at(20)), A, at(20)), [(at(10), at(15))]);
    }

    #[test]
    fn a_name_that_never_had_a_master_had_none_all_the_time() {
        let track = MasterTrack::new(1, [(A, at(0), true)].into_iter());
        assert_eq!(leaderless(&track.finish(at(20)), A, at(20)), [(at(0), at(20))]);
    }
}
