//! Random faults: safety always, liveness after healing; and the checks bite.

use rocketmq_sim::kernel::rng::{Stream, Streams};
use rocketmq_sim::kernel::time::SimDuration;
use rocketmq_sim::replica::dledger::{Broken, DLedgerConfig, PeerIx, Role, Server, Stop};

use super::net::{Net, Setup};
use crate::laws::cases;

/// A leader that a quorum follows is there so long after everything was healed.
const LEADER_WITHIN: SimDuration = SimDuration::from_secs(15);
/// Entries that are appended once a second from then on are committed everywhere so long after.
const COMMITTED_WITHIN: SimDuration = SimDuration::from_secs(15);

/// One random fault.
fn disturb(net: &mut Net, stream: &mut Stream, stops: &[Stop]) {
    let count = net.nodes.len() as u64;
    let node = stream.below(count) as usize;
    match stream.below(12) {
        0 | 1 => net.kill(node, stops[stream.below(stops.len() as u64) as usize]),
        2..=4 => net.start(node),
        5 => net.freeze(node),
        6 => net.thaw(node),
        7 => {
            let size = 1 + stream.below(count - 1) as usize;
            let group: Vec<usize> = (0..size).map(|step| (node + step) % count as usize).collect();
            net.partition(&group);
        }
        8 => net.cut(node, (node + 1 + stream.below(count - 1) as usize) % count as usize),
        9 => net.heal(),
        10 => {
            if let Some(leader) = net.leader() {
                net.kill(leader, Stop::Crash);
            }
        }
        _ => {
            if let Some(leader) = net.leader().filter(|leader| *leader != node) {
                let _refused = net.transfer(leader, node);
            }
        }
    }
}

/// Runs faults for about two minutes with appends at whoever leads, then heals everything.
fn run(seed: u64, broken: Broken) -> Net {
    run_with(seed, broken, &[Stop::Crash, Stop::Graceful])
}

/// With these ways to stop.
fn run_with(seed: u64, broken: Broken, stops: &[Stop]) -> Net {
    let mut stream = Streams::new(seed).stream("chaos", "dledger");
    let members = [3, 5, 3, 4][stream.below(4) as usize];
    let refuse = stream.below(2) == 0;
    let mut net = Net::new(Setup { refuse, broken, ..Setup::new(members, seed) }, DLedgerConfig::default());
    net.tracing = false;
    (0..usize::from(members)).for_each(|node| net.start(node));
    let mut payload = 0;
    for _ in 0..40 {
        if stream.below(3) != 0 {
            disturb(&mut net, &mut stream, stops);
        }
        for _ in 0..stream.below(4) {
            // Everybody who thinks that it leads takes appends, deposed ones included.
            for node in 0..net.nodes.len() {
                for _ in 0..stream.below(40) {
                    payload += 1;
                    let _refused = net.append(node, payload);
                }
            }
            net.run_for(SimDuration::from_millis(stream.below(3_000)));
        }
        net.checker.match_logs(net.nodes.iter().filter_map(|node| node.server.as_ref()));
    }
    net.heal();
    for node in 0..net.nodes.len() {
        net.start(node);
        net.thaw(node);
    }
    net
}

/// After healing: a leader, and what it appends is committed by `at_least` so many members. How long the leader took.
fn recover(net: &mut Net, seed: u64, at_least: impl Fn(usize) -> usize) -> SimDuration {
    let healed = net.now;
    let leader = net.run_until_leader(healed + LEADER_WITHIN);
    assert!(leader.is_some(), "seed {seed}: no leader {LEADER_WITHIN} after healing");
    let took = net.now.since(healed);
    let end = net.now + COMMITTED_WITHIN;
    let mut payload = 1 << 40;
    let mut marks = Vec::new();
    while net.now < end {
        payload += 1;
        if net.now + SimDuration::from_secs(5) > end && marks.is_empty() {
            let leader = net.leader().map(|leader| net.server(leader));
            marks.extend((0..64).map(|peer| leader.map_or(-1, |leader| leader.water_mark(PeerIx(peer)))));
        }
        if let Some(leader) = net.leader() {
            let _refused = net.append(leader, payload);
        }
        net.run_for(SimDuration::from_millis(1_000));
    }
    // The last second's entry may be on its way. A member whose term ran ahead of its log is shut out: its votes are
    // refused for the log, the leader's heartbeats for the term, and the leader has its quorum without it.
    let leader = net.server(net.leader().expect("nothing has happened since"));
    // A lost disk may have cut committed entries off; the committed index stays above until the log has grown again.
    let done = |server: &Server<u64>| server.log().committed().min(server.log().end());
    let mut well = 0;
    for server in net.running() {
        let behind = done(leader) - done(server);
        let shut_out = server.role() == Role::Candidate && server.term() > leader.term();
        // Acknowledgements lost to a cut are made good one entry per second.
        let slow = server.role() == Role::Follower && leader.water_mark(server.me()) > marks[server.me().index()];
        if behind <= 2 || shut_out || slow {
            well += 1;
        }
    }
    assert!(well >= at_least(net.nodes.len()), "seed {seed}: only {well} members are up to date");
    assert!(leader.log().get(done(leader)).is_some_and(|entry| entry.payload > 1 << 40), "seed {seed}: nothing new");
    net.checker.match_logs(net.nodes.iter().filter_map(|node| node.server.as_ref()));
    took
}

#[test]
fn random_faults_never_break_safety_and_a_healed_group_works_again() {
    let mut longest = SimDuration::ZERO;
    let mut replaced = 0;
    for seed in 0..u64::from(cases(300)) {
        let mut net = run(seed, Broken::Nothing);
        assert!(net.checker.violations.is_empty(), "seed {seed}: {:#?}", net.checker.violations);
        longest = longest.max(recover(&mut net, seed, |members| members));
        assert!(net.checker.violations.is_empty(), "seed {seed}: {:#?}", net.checker.violations);
        replaced += net.checker.replaced;
    }
    println!("longest wait for a leader {longest}, entries committed by counting and replaced {replaced}");
}

#[test]
fn every_broken_rule_is_found() {
    for broken in [Broken::VotesTwice, Broken::CommitsAlone, Broken::VotesForShortLogs, Broken::ComparesNothing] {
        let found = (0..200).find(|seed| !run(*seed, broken).checker.violations.is_empty());
        assert!(found.is_some(), "{broken:?} was not noticed");
    }
}

#[test]
fn power_losses_and_lost_disks_may_cost_entries_but_never_a_healed_groups_work() {
    for seed in 0..u64::from(cases(100)) {
        let mut net = run_with(seed, Broken::Nothing, &[Stop::PowerLoss, Stop::DiskLoss, Stop::Crash]);
        // A follower without a disk refuses a gap once; when that answer is lost to a cut, it hangs until the leader changes.
        recover(&mut net, seed, |members| members / 2 + 1);
    }
}

#[test]
fn ticks_before_the_deadline_change_nothing() {
    let trace = |seed, nervous| {
        let mut net = Net::with_leader(Setup { nervous, ..Setup::new(3, seed) }, DLedgerConfig::default());
        let leader = net.leader().unwrap();
        for payload in 0..200 {
            let _refused = net.append(leader, payload);
            net.run_for(SimDuration::from_micros(payload * 131 % 5_000));
        }
        net.kill(leader, Stop::Crash);
        net.run_for(SimDuration::from_secs(20));
        net.start(leader);
        net.run_for(SimDuration::from_secs(20));
        net.trace
    };
    for seed in 0..5 {
        assert_eq!(trace(seed, true), trace(seed, false), "seed {seed}");
    }
}
