//! What must hold whatever happens: one leader per term, committed entries stay, logs match.

use std::collections::BTreeMap;

use rocketmq_sim::replica::dledger::{Effect, Role, Server};

pub(crate) struct Checker {
    leaders: BTreeMap<i64, usize>,
    /// Term and payload of each committed entry.
    committed: Vec<(i64, u64)>,
    /// Up to here the entries were committed under an entry of the committing leader's own term.
    firm: i64,
    /// Up to where each member's commits were compared.
    seen: Vec<i64>,
    /// Entries committed by counting alone that a later leader replaced: a real weakness, counted.
    pub(crate) replaced: u64,
    /// Off for faults against which the group promises nothing.
    pub(crate) commits_must_stay: bool,
    pub(crate) violations: Vec<String>,
}

impl Checker {
    pub(crate) fn new(members: usize) -> Self {
        Self {
            leaders: BTreeMap::new(),
            committed: Vec::new(),
            firm: -1,
            seen: vec![-1; members],
            replaced: 0,
            commits_must_stay: true,
            violations: Vec::new(),
        }
    }

    fn wrong(&mut self, what: String) {
        if self.violations.len() < 10 {
            self.violations.push(what);
        }
    }

    /// A member starts with this committed index.
    pub(crate) fn starts(&mut self, node: usize, committed: i64) {
        self.seen[node] = committed;
    }

    pub(crate) fn see(&mut self, node: usize, server: &Server<u64>, effect: Effect) {
        match effect {
            Effect::Role { role: Role::Leader, term, .. } => self.leads(node, server, term),
            Effect::Committed { index } => self.commits(node, server, index),
            Effect::Truncated { end } => self.seen[node] = self.seen[node].min(end),
            Effect::Cleared { .. } => self.seen[node] = -1,
            _ => {}
        }
    }

    fn leads(&mut self, node: usize, server: &Server<u64>, term: i64) {
        let other = *self.leaders.entry(term).or_insert(node);
        if other != node {
            self.wrong(format!("n{other} and n{node} both lead term {term}"));
        }
        // A leader of an older term, elected by votes that it read late, need not know what later terms committed.
        let Some(firm) = usize::try_from(self.firm).ok().map(|firm| self.committed[firm]).filter(|firm| firm.0 <= term)
        else {
            return;
        };
        let mine = server.log().get(self.firm).map(|entry| (entry.term, entry.payload));
        if self.commits_must_stay && mine != Some(firm) {
            self.wrong(format!("n{node} leads term {term} with {mine:?} where {firm:?} was committed"));
        }
    }

    fn commits(&mut self, node: usize, server: &Server<u64>, index: i64) {
        for at in self.seen[node] + 1..=index {
            let Some(entry) = server.log().get(at) else {
                self.wrong(format!("n{node} committed {at} without having it"));
                continue;
            };
            let entry = (entry.term, entry.payload);
            match self.committed.get(at as usize).copied() {
                None => self.committed.push(entry),
                Some(before) if before == entry => {}
                Some(before) if at <= self.firm => {
                    if self.commits_must_stay {
                        self.wrong(format!("n{node} commits {entry:?} at {at}, where {before:?} was committed"));
                    }
                }
                Some(_) => {
                    self.replaced += 1;
                    self.committed[at as usize] = entry;
                }
            }
        }
        self.seen[node] = self.seen[node].max(index);
        if server.role() == Role::Leader && server.log().get(index).is_some_and(|entry| entry.term == server.term()) {
            self.firm = self.firm.max(index);
        }
    }

    /// Two logs that agree on an entry agree on all before it.
    pub(crate) fn match_logs<'a>(&mut self, servers: impl Iterator<Item = &'a Server<u64>>) {
        let servers: Vec<_> = servers.collect();
        for (place, one) in servers.iter().enumerate() {
            for other in &servers[place + 1..] {
                let (one, other) = (one.log(), other.log());
                let end = one.end().min(other.end());
                let pairs = one.range(0, end).iter().zip(other.range(0, end));
                let differ = pairs.clone().position(|(a, b)| a != b);
                let agree = pairs.clone().rposition(|(a, b)| a.term == b.term);
                if let (Some(differ), Some(agree)) = (differ, agree)
                    && differ <= agree
                {
                    self.wrong(format!("logs differ at {differ} and agree on the term at {agree}"));
                }
            }
        }
    }

    pub(crate) fn assert_fine(&self) {
        assert!(self.violations.is_empty(), "{:#?}", self.violations);
    }
}
