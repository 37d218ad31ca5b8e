//! Single scenes with known outcomes.

use std::ops::Range;

use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::replica::dledger::{
    AppendError, AppendOutcome, Broken, DLedgerConfig, Effect, PeerIx, Role, Stop, TransferCode,
};

use super::net::{Net, Setup};

const MS: fn(u64) -> SimDuration = SimDuration::from_millis;
const S: fn(u64) -> SimDuration = SimDuration::from_secs;

fn group(members: u8, seed: u64) -> Net {
    Net::with_leader(Setup::new(members, seed), DLedgerConfig::default())
}

fn append_all(net: &mut Net, node: usize, payloads: Range<u64>) {
    for payload in payloads {
        net.append(node, payload).unwrap();
    }
}

/// From the last heartbeat to the next leader, over seeds, in ms.
fn fail_overs(members: u8, refuse: bool) -> Vec<u64> {
    let mut times: Vec<u64> = (0..200)
        .map(|seed| {
            let mut net = Net::with_leader(Setup { refuse, ..Setup::new(members, seed) }, DLedgerConfig::default());
            net.run_for(S(7) + MS(seed * 17 % 2_000));
            let leader = net.leader().unwrap();
            net.kill(leader, Stop::Crash);
            let beat = net.last_beat;
            net.run_until_leader(net.now + S(60)).expect("another leader");
            net.checker.assert_fine();
            net.now.since(beat).as_millis()
        })
        .collect();
    times.sort_unstable();
    times
}

#[track_caller]
fn assert_typical(times: &[u64], low: u64, high: u64) {
    let typical = times.iter().filter(|time| (low..=high).contains(*time)).count();
    assert!(times[0] >= low, "{times:?}");
    assert!(typical * 10 >= times.len() * 8, "{typical} of {} within {low}..{high}: {times:?}", times.len());
}

#[test]
fn a_group_of_three_fails_over_in_6_to_7_seconds_when_the_dead_leader_refuses() {
    assert_typical(&fail_overs(3, true), 6_300, 7_250);
}

#[test]
fn a_group_of_three_fails_over_in_8_to_11_seconds_when_the_dead_leader_is_silent() {
    assert_typical(&fail_overs(3, false), 8_300, 10_500);
}

#[test]
fn a_group_of_five_fails_over_too() {
    assert_typical(&fail_overs(5, true), 6_300, 7_500);
}

#[test]
fn an_idle_group_costs_a_handful_of_events() {
    let mut net = group(3, 1);
    net.run_for(S(5));
    let before = net.events;
    net.run_for(S(100));
    let per_beat = (net.events - before) / 50;
    assert!(per_beat <= 16, "{per_beat} events per heartbeat interval");
}

#[test]
fn an_append_is_committed_everywhere_and_positions_step_by_size_and_header() {
    let mut net = group(3, 2);
    let leader = net.leader().unwrap();
    net.run_for(S(1));
    let start = net.now;
    let first = net.append(leader, 7).unwrap();
    let second = net.append(leader, 8).unwrap();
    assert_eq!((first.index, first.pos, second.index, second.pos), (0, 0, 1, 248));
    net.run_for(S(3));
    let done = net.when(leader, |effect| matches!(effect, Effect::Outcome { .. }));
    assert!(done[0].since(start) < MS(10), "{done:?}");
    for node in 0..3 {
        assert_eq!((net.server(node).log().end(), net.server(node).log().committed()), (1, 1), "n{node}");
    }
}

#[test]
fn a_leader_cut_off_steps_down_and_is_elected_again_in_its_own_term_unless_others_went_on() {
    // The leader alone on its side: the others elect another one.
    let mut net = group(3, 3);
    let old = net.leader().unwrap();
    let term = net.server(old).term();
    net.run_for(S(3));
    net.partition(&[old]);
    net.run_for(S(30));
    let new = net.leader().unwrap();
    assert!(new != old && net.server(new).term() > term);
    assert_eq!((net.server(old).role(), net.server(old).term()), (Role::Candidate, term), "its term stays");
    net.heal();
    net.run_for(S(20));
    assert_eq!(net.server(old).role(), Role::Follower);
    net.checker.assert_fine();
}

#[test]
fn a_group_without_majority_elects_nobody_and_its_old_leader_may_come_back_in_its_old_term() {
    let mut again = 0;
    for seed in 0..30 {
        let mut net = group(5, seed);
        net.run_for(S(3));
        let leader = net.leader().unwrap();
        let term = net.server(leader).term();
        // No two members see each other: nobody has a quorum of valid answers, so no term grows.
        (0..5).for_each(|node| net.partition(&[node]));
        net.run_for(S(60));
        assert!(net.leader().is_none() && net.running().all(|server| server.role() == Role::Candidate));
        assert!(net.running().all(|server| server.term() == term));
        net.heal();
        let healed = net.now;
        let new = net.run_until_leader(net.now + S(30)).expect("a leader after healing");
        assert!(net.now.since(healed) < S(8), "seed {seed}: {}", net.now.since(healed));
        // Who votes first in the old term decides: the old leader wins it once more, others must raise it.
        assert!((new == leader) || net.server(new).term() > term, "seed {seed}");
        again += u32::from((new, net.server(new).term()) == (leader, term));
        net.checker.assert_fine();
    }
    assert!((1..30).contains(&again), "{again} of 30");
}

#[test]
fn a_minority_partition_does_not_disturb_the_majority() {
    let mut net = group(5, 5);
    net.run_for(S(3));
    let leader = net.leader().unwrap();
    let away: Vec<usize> = (0..5).filter(|node| *node != leader).take(2).collect();
    net.partition(&away);
    for payload in 0..100 {
        net.append(leader, payload).unwrap();
        net.run_for(MS(200));
    }
    assert_eq!(net.server(leader).log().committed(), 99);
    assert!(away.iter().all(|node| net.server(*node).log().end() == -1));
    let term = net.server(leader).term();
    net.heal();
    net.run_for(S(5));
    net.append(leader, 100).unwrap();
    net.run_for(S(5));
    assert_eq!((net.leader(), net.server(leader).term()), (Some(leader), term));
    assert!((0..5).all(|node| net.server(node).log().committed() == 100));
    net.checker.assert_fine();
}

#[test]
fn a_member_that_restarts_with_an_old_log_is_filled_and_cannot_lead() {
    let mut net = group(3, 6);
    let leader = net.leader().unwrap();
    let stale = (leader + 1) % 3;
    net.run_for(S(3));
    append_all(&mut net, leader, 0..10);
    net.run_for(S(5));
    net.kill(stale, Stop::Crash);
    append_all(&mut net, leader, 10..20);
    net.run_for(S(2));
    net.kill(leader, Stop::Crash);
    net.start(stale);
    let other = net.run_until_leader(net.now + S(60)).expect("a leader of two");
    assert_ne!(other, stale, "its log is too short");
    net.append(other, 20).unwrap();
    net.run_for(S(5));
    assert_eq!((net.server(stale).log().end(), net.server(stale).log().committed()), (20, 20));
    net.checker.match_logs(net.nodes.iter().filter_map(|node| node.server.as_ref()));
    net.checker.assert_fine();
}

#[test]
fn an_uncommitted_tail_of_a_deposed_leader_is_cut() {
    let mut net = group(3, 7);
    let old = net.leader().unwrap();
    net.run_for(S(3));
    net.append(old, 1).unwrap();
    net.run_for(S(2));
    net.partition(&[old]);
    append_all(&mut net, old, 2..7);
    net.run_for(S(20));
    let new = net.leader().unwrap();
    net.append(new, 100).unwrap();
    net.run_for(S(1));
    net.heal();
    net.run_for(S(20));
    assert_eq!(net.when(old, |effect| *effect == Effect::Truncated { end: 0 }).len(), 1);
    let payloads = |net: &Net, node| net.server(node).log().range(0, 99).iter().map(|e| e.payload).collect::<Vec<_>>();
    assert_eq!((payloads(&net, old), payloads(&net, new)), (vec![1, 100], vec![1, 100]));
    assert!(
        net.when(old, |effect| matches!(effect, Effect::Outcome { outcome: AppendOutcome::TermChanged, .. }))
            .is_empty(),
        "only a later leadership of its own ends these appends"
    );
    net.checker.assert_fine();
}

#[test]
fn an_append_that_timed_out_is_committed_later() {
    let mut net = group(3, 8);
    let leader = net.leader().unwrap();
    net.run_for(S(3));
    for node in (0..3).filter(|node| *node != leader) {
        net.freeze(node);
    }
    let asked = net.now;
    let index = net.append(leader, 5).unwrap().index;
    net.run_for(S(4));
    let late = Effect::Outcome { first: index, last: index, outcome: AppendOutcome::WaitQuorumAckTimeout };
    let told = net.when(leader, |effect| *effect == late);
    assert_eq!(told.len(), 1);
    assert!((MS(2_500)..MS(2_502)).contains(&told[0].since(asked)), "{:?}", told[0].since(asked));
    assert_eq!(net.server(leader).log().committed(), index - 1);
    (0..3).for_each(|node| net.thaw(node));
    net.run_for(S(3));
    assert_eq!(net.server(leader).log().committed(), index);
    let committed = |effect: &Effect| matches!(effect, Effect::Outcome { outcome: AppendOutcome::Committed, .. });
    assert!(net.when(leader, committed).is_empty(), "its caller has gone");
    net.checker.assert_fine();
}

#[test]
fn a_frozen_leader_is_replaced_and_follows_after_thawing() {
    let mut net = group(3, 9);
    let old = net.leader().unwrap();
    net.run_for(S(3));
    net.append(old, 1).unwrap();
    net.run_for(S(1));
    net.freeze(old);
    net.run_for(S(20));
    let new = net.running().find(|s| s.role() == Role::Leader && s.me().index() != old).unwrap().me().index();
    net.append(new, 2).unwrap();
    net.run_for(S(1));
    net.thaw(old);
    net.run_for(S(15));
    assert_eq!((net.leader(), net.server(old).role()), (Some(new), Role::Follower));
    assert_eq!(net.server(old).log().end(), 1);
    net.checker.assert_fine();
}

#[test]
fn a_preferred_leader_takes_over_within_a_second_or_two_and_appends_are_refused_meanwhile() {
    for seed in 0..20 {
        let preferred = PeerIx(2);
        let config = DLedgerConfig { preferred_leader: vec![preferred], ..DLedgerConfig::default() };
        let mut net = Net::with_leader(Setup::new(3, seed), config);
        net.run_for(S(6));
        assert_eq!(net.leader(), Some(2), "seed {seed}");
        net.kill(2, Stop::Crash);
        let other = net.run_until_leader(net.now + S(60)).unwrap();
        net.append(other, 1).unwrap();
        net.run_for(S(5));
        net.start(2);
        let mut refused = 0;
        for payload in 2..2_000 {
            net.run_for(MS(5));
            refused += u32::from(net.append(other, payload) == Err(AppendError::Transferring));
        }
        assert_eq!(net.leader(), Some(2), "seed {seed}");
        let told = net.when(other, |effect| matches!(effect, Effect::Transfer { to: PeerIx(2), .. }));
        assert!(!told.is_empty() && refused > 0, "seed {seed}: {refused} refused");
        net.checker.assert_fine();
    }
}

#[test]
fn a_transfer_on_demand_succeeds_fast() {
    let mut fast = 0;
    for seed in 0..50 {
        let mut net = group(3, seed);
        net.run_for(S(3));
        let old = net.leader().unwrap();
        let to = (old + 1) % 3;
        let start = net.now;
        net.transfer(old, to).unwrap();
        assert_eq!(net.append(old, 1), Err(AppendError::Transferring));
        net.run_for(S(5));
        let won = Effect::Transfer { to: PeerIx(to as u8), code: TransferCode::Success };
        // Not a preferred leader: it waits for 300 to 1000 ms before its vote.
        if net.when(old, |effect| *effect == won).iter().any(|at| at.since(start) < MS(1_200)) {
            fast += 1;
            assert_eq!(net.leader(), Some(to), "seed {seed}");
        }
        net.checker.assert_fine();
    }
    assert!(fast >= 45, "{fast} of 50");
}

#[test]
fn a_disk_lost_member_is_filled_after_the_next_append() {
    let mut net = group(3, 10);
    let leader = net.leader().unwrap();
    let empty = (leader + 2) % 3;
    net.run_for(S(3));
    append_all(&mut net, leader, 0..50);
    net.run_for(S(3));
    net.kill(empty, Stop::DiskLoss);
    net.run_for(MS(500));
    net.start(empty);
    net.run_for(S(10));
    assert_eq!(net.server(empty).log().end(), -1, "nobody notices in an idle group");
    net.append(leader, 50).unwrap();
    net.run_for(S(5));
    assert_eq!((net.server(empty).log().end(), net.server(empty).log().committed()), (50, 50));
    net.checker.assert_fine();
}

#[test]
fn a_power_loss_keeps_what_was_flushed() {
    let mut net = group(3, 11);
    let leader = net.leader().unwrap();
    net.run_until(SimTime::from_millis(5_001));
    net.append(leader, 1).unwrap();
    net.run_until(SimTime::from_millis(5_011));
    net.append(leader, 2).unwrap();
    net.run_until(SimTime::from_millis(5_019));
    net.kill(leader, Stop::PowerLoss);
    net.start(leader);
    assert_eq!(net.server(leader).log().end(), 0);
    assert_eq!(net.server(leader).log().committed(), -1, "the checkpoint is written every 3 s");
}

#[test]
fn a_group_of_one_leads_and_commits_alone() {
    let mut net = group(1, 12);
    let index = net.append(0, 9).unwrap().index;
    assert_eq!((net.server(0).log().committed(), net.server(0).pending()), (index, 0));
    net.run_for(S(20));
    assert_eq!(net.leader(), Some(0));
}

#[test]
fn runs_repeat_themselves() {
    let run = || {
        let mut net = group(5, 13);
        let leader = net.leader().unwrap();
        append_all(&mut net, leader, 0..50);
        net.run_for(S(3));
        net.kill(leader, Stop::Crash);
        net.run_for(S(30));
        (net.events, net.trace)
    };
    assert_eq!(run(), run());
    assert_eq!(Setup::new(1, 1).broken, Broken::Nothing);
}

#[test]
fn a_member_whose_term_ran_ahead_of_its_log_is_shut_out_until_the_leader_changes() {
    let mut shut_out = 0;
    for seed in 0..20 {
        let mut net = group(3, seed);
        net.run_for(S(3));
        let old = net.leader().unwrap();
        let term = net.server(old).term();
        // The leader hangs; as soon as one of the others has raised its term, that one is cut off and the leader wakes.
        net.freeze(old);
        while net.running().all(|server| server.term() == term) {
            net.run_for(SimDuration::from_micros(100));
        }
        let Some(ahead) = net.running().find(|server| server.term() > term).map(|server| server.me().index()) else {
            continue;
        };
        let third = 3 - old - ahead;
        net.partition(&[ahead]);
        net.thaw(old);
        net.run_for(S(1));
        if net.leader() != Some(old) || net.server(old).term() > term {
            continue;
        }
        append_all(&mut net, old, 0..5);
        net.run_for(S(1));
        net.heal();
        append_all(&mut net, old, 5..10);
        net.run_for(S(60));
        assert_eq!((net.leader(), net.server(ahead).role()), (Some(old), Role::Candidate), "seed {seed}");
        assert_eq!((net.server(third).log().end(), net.server(ahead).log().end()), (9, -1));
        shut_out += 1;
        // The next leader takes it in.
        net.kill(old, Stop::Crash);
        net.run_until_leader(net.now + S(30)).expect("the third member leads");
        net.run_for(S(5));
        assert_eq!((net.leader(), net.server(ahead).role()), (Some(third), Role::Follower), "seed {seed}");
        assert_eq!(net.server(ahead).log().end(), 9);
        net.checker.assert_fine();
    }
    assert!(shut_out > 0);
}
