//! Single rules of the tables, at one member: `n0` of a group.

mod beats;
mod follower;
mod leader;
mod transfers;
mod votes;

use super::*;
use crate::kernel::time::SimTime;

/// `n0` with its output; every draw gives 0.
struct Rig {
    server: Server<u64>,
    out: Output<u64>,
}

impl Rig {
    /// A member with a log of entries of these terms, in the last one's term, started at time 0 without having run.
    fn new(members: u8, terms: &[i64]) -> Self {
        Self::with(DLedgerConfig::default(), members, terms)
    }

    fn with(config: DLedgerConfig, members: u8, terms: &[i64]) -> Self {
        let mut disk = Disk::empty(&config);
        disk.curr_term = terms.last().copied().unwrap_or(0);
        for term in terms {
            disk.log.append(SimTime::ZERO, *term, 100, 0);
        }
        Self { server: Server::new(SimTime::ZERO, config, PeerIx(0), members, disk), out: Output::default() }
    }

    /// Elected in its term at time 0 by `n1`, all messages of it thrown away.
    fn leading(members: u8, terms: &[i64]) -> Self {
        Self::with(DLedgerConfig::default(), members, terms).elected()
    }

    fn elected(mut self) -> Self {
        self.server.on_start(SimTime::ZERO, &mut |_| 0, &mut self.out);
        for voter in 1..=self.server.members / 2 {
            let (call, term) = (self.server.last_call, self.server.term());
            self.message(0, voter, Message::VoteAnswer { call, term, result: VoteResult::Accept });
        }
        assert_eq!(self.server.role(), Role::Leader);
        self.forget();
        self
    }

    /// A leader that does not mind missing heartbeat answers.
    fn steady(mut self) -> Self {
        self.server.config.max_heart_beat_leak = 1_000;
        self.server.elector.last_success = Some(SimTime::ZERO);
        self
    }

    /// Follows `n1` in its term.
    fn following(members: u8, terms: &[i64]) -> Self {
        let mut rig = Self::new(members, terms);
        rig.beat(0, 1, rig.server.term());
        assert_eq!((rig.server.role(), rig.server.leader()), (Role::Follower, Some(PeerIx(1))));
        rig.forget();
        rig
    }

    fn message(&mut self, ms: u64, from: u8, message: Message<u64>) {
        self.server.on_message(SimTime::from_millis(ms), PeerIx(from), message, &mut |_| 0, &mut self.out);
    }

    fn tick(&mut self, ms: u64) {
        self.server.on_tick(SimTime::from_millis(ms), &mut |_| 0, &mut self.out);
    }

    /// Wakes it whenever it wants, up to `ms`.
    fn run_until(&mut self, ms: u64) {
        while self.server.next_deadline() <= SimTime::from_millis(ms) {
            let due = self.server.next_deadline();
            self.server.on_tick(due, &mut |_| 0, &mut self.out);
        }
    }

    fn append(&mut self, ms: u64, count: u64) {
        for payload in 0..count {
            self.server.append(SimTime::from_millis(ms), payload, 100, &mut self.out).unwrap();
        }
    }

    fn beat(&mut self, ms: u64, from: u8, term: i64) -> BeatCode {
        self.message(ms, from, Message::Beat { call: 1, term });
        match self.out.messages.pop() {
            Some((to, Message::BeatAnswer { code, .. })) if to == PeerIx(from) => code,
            other => panic!("no answer to a heartbeat: {other:?}"),
        }
    }

    fn vote(&mut self, ms: u64, from: u8, term: i64, log: (i64, i64)) -> (i64, VoteResult) {
        let (ledger_end_term, ledger_end_index) = log;
        self.message(ms, from, Message::Vote { call: 1, term, ledger_end_term, ledger_end_index });
        match self.out.messages.pop() {
            Some((to, Message::VoteAnswer { term, result, .. })) if to == PeerIx(from) => (term, result),
            other => panic!("no answer to a vote request: {other:?}"),
        }
    }

    /// The messages since the last look, as text without what is long.
    fn sent(&mut self) -> Vec<String> {
        let name = |message: Message<u64>| match message {
            Message::Vote { term, .. } => format!("vote {term}"),
            Message::Beat { term, .. } => format!("beat {term}"),
            Message::Compare { index, .. } => format!("compare {index}"),
            Message::Truncate { index, .. } => format!("truncate {index}"),
            Message::Append { first, entries, .. } => format!("append {first}+{}", entries.len()),
            Message::Commit { commit, .. } => format!("commit {commit}"),
            Message::AppendAnswer { index, code, .. } => format!("{code:?} {index}"),
            Message::LogAnswer { code, begin, end, .. } => format!("{code:?} {begin}..{end}"),
            Message::TakeLeadershipAnswer { code, .. } => format!("{code:?}"),
            other => format!("{other:?}"),
        };
        self.out.messages.drain(..).map(|(to, message)| format!("n{} {}", to.0, name(message))).collect()
    }

    fn effects(&mut self) -> Vec<Effect> {
        self.out.effects.drain(..).collect()
    }

    fn forget(&mut self) {
        self.out.messages.clear();
        self.out.effects.clear();
    }
}

const fn ms(ms: u64) -> SimTime {
    SimTime::from_millis(ms)
}
