//! Leaders that die, freeze, are cut off, come back, or are preferred.

use super::*;

/// The member that leads at 20 s without any failure, as the timeline names it.
fn first_leader(members: u32, seed: u64) -> (BrokerIx, String) {
    let outcome = run(&scene(members, "", 21, ""), seed);
    let leader = master(&outcome, at(20)).unwrap_or_else(|| panic!("seed {seed}: {:?}", outcome.failures));
    (leader, outcome.plan.process_label(leader))
}

fn others(members: u32, leader: &str) -> Vec<String> {
    (0..members).map(|n| format!("broker-a/n{n}")).filter(|name| name != leader).collect()
}

#[test]
fn a_group_elects_a_leader_within_seconds_and_serves() {
    for members in [3, 5] {
        for seed in 1..=5 {
            let outcome = run(&scene(members, "", 60, ""), seed);
            assert_safe(&outcome, "quiet");
            let first = outcome.failures.masters[0];
            assert!(first.from < at(8), "{members} members, seed {seed}: {:?}", outcome.failures.masters);
            assert_eq!(
                outcome.failures.masters.len(),
                1,
                "{members} members, seed {seed}: {:?}",
                outcome.failures.raft
            );
            assert_eq!(outcome.counters.get(Counter::Elections, None), 1);
            let consumed: u64 = outcome.instances.iter().map(|instance| instance.consumed).sum();
            assert!(consumed > 5_000, "{consumed} messages consumed");
            let lag = outcome.series.failures.replication_lag.iter().map(|of| *of.last().unwrap()).max();
            assert!(lag < Some(100_000), "{lag:?} bytes behind");
        }
    }
}

#[test]
fn a_killed_leader_is_replaced_and_comes_back_as_a_follower() {
    for members in [3, 5] {
        for seed in 1..=5 {
            let (leader, name) = first_leader(members, seed);
            let kill = format!("{{at: 25s, kill: {{of: {name}, for: 40s}}}}");
            let outcome = run(&scene(members, "", 150, &kill), seed);
            let what = format!("{members} members, seed {seed}");
            assert_safe(&outcome, &what);
            let gap = leaderless(&outcome, at(25));
            let (least, most) = (SimDuration::from_secs(4), SimDuration::from_secs(20));
            assert!(least < gap && gap < most, "{what}: {gap:?}, {:?}", outcome.failures.masters);
            assert_ne!(master(&outcome, at(60)), Some(leader), "{what}");
            assert_eq!(master(&outcome, at(60)), master(&outcome, at(140)), "{what}: it follows when it is back");
            let lag = outcome.series.failures.replication_lag[leader.at()].last().unwrap();
            assert!(*lag < 100_000, "{what}: {lag} bytes behind at the end");
        }
    }
}

#[test]
fn a_frozen_leader_is_replaced_and_what_it_says_when_it_goes_on_changes_nothing() {
    for members in [3, 5] {
        for seed in 1..=4 {
            let (leader, name) = first_leader(members, seed);
            let freeze = format!("{{at: 25s, freeze: {{of: {name}, for: 30s}}}}");
            let outcome = run(&scene(members, "", 150, &freeze), seed);
            let what = format!("{members} members, seed {seed}");
            assert_safe(&outcome, &what);
            assert_ne!(master(&outcome, at(50)), Some(leader), "{what}: {:?}", outcome.failures.masters);
            assert!(master(&outcome, at(50)).is_some(), "{what}: {:?}", outcome.failures.raft);
        }
    }
}

#[test]
fn a_leader_cut_off_with_a_minority_acknowledges_nothing_and_a_majority_elects_another() {
    for members in [3, 5] {
        for seed in 1..=4 {
            let (leader, name) = first_leader(members, seed);
            let others = others(members, &name);
            let majority = others[others.len() - (members as usize / 2 + 1)..].join(", ");
            let cut = format!("{{at: 25s, partition: {{between: [[{majority}], others], for: 40s}}}}");
            let outcome = run(&scene(members, "", 200, &cut), seed);
            let what = format!("{members} members, seed {seed}");
            assert_safe(&outcome, &what);
            let elected = outcome.failures.masters.iter().find(|of| of.process != leader && of.from > at(25));
            assert!(
                elected.is_some_and(|of| of.from < at(50)),
                "{what}: {:?} {:?}",
                outcome.failures.masters,
                outcome.failures.raft
            );
        }
    }
}

#[test]
fn a_leader_that_keeps_its_majority_goes_on_while_a_minority_is_cut_off() {
    for seed in 1..=4 {
        let (leader, name) = first_leader(5, seed);
        let minority = others(5, &name)[..2].join(", ");
        let cut = format!("{{at: 25s, partition: {{between: [[{minority}], others], for: 40s}}}}");
        let outcome = run(&scene(5, "", 150, &cut), seed);
        assert_safe(&outcome, &format!("seed {seed}"));
        assert_eq!(outcome.failures.masters.len(), 1, "seed {seed}: {:?}", outcome.failures.masters);
        assert_eq!(master(&outcome, at(140)), Some(leader));
    }
}

#[test]
fn without_a_majority_nobody_leads_and_a_leader_is_there_soon_after_it_is_back() {
    for members in [3, 5] {
        for seed in 1..=4 {
            let (_, name) = first_leader(members, seed);
            let majority = others(members, &name)[..members as usize / 2 + 1 - 1].join(", ");
            let both = format!("{name}, {majority}");
            let kill = format!("{{at: 25s, kill: {{of: [{both}], for: 50s}}}}");
            let outcome = run(&scene(members, "", 200, &kill), seed);
            let what = format!("{members} members, seed {seed}");
            assert_safe(&outcome, &what);
            assert_eq!(master(&outcome, at(70)), None, "{what}");
            let healed = leaderless(&outcome, at(75));
            assert!(healed < SimDuration::from_secs(25), "{what}: {healed:?} {:?}", outcome.failures.raft);
        }
    }
}

#[test]
fn a_preferred_leader_takes_over_when_it_is_back() {
    for seed in 1..=4 {
        let kill = "{at: 40s, kill: {of: broker-a/n2, for: 30s}}";
        let outcome = run(&scene(3, ", preferredLeader: n2", 150, kill), seed);
        assert_safe(&outcome, &format!("seed {seed}"));
        let n2 = BrokerIx(2);
        assert_eq!(master(&outcome, at(39)), Some(n2), "seed {seed}: {:?}", outcome.failures.raft);
        assert_ne!(master(&outcome, at(65)), Some(n2), "seed {seed}: {:?}", outcome.failures.masters);
        assert_eq!(master(&outcome, at(140)), Some(n2), "seed {seed}: {:?}", outcome.failures.masters);
    }
}

#[test]
fn hosts_lost_one_at_a_time_take_nothing_with_them_that_was_acknowledged() {
    for seed in 1..=4 {
        let (_, name) = first_leader(3, seed);
        let others = others(3, &name);
        let lost = format!(
            "{{at: 25s, loseHost: {{of: {name}, for: 30s}}}}, {{at: 90s, loseHost: {{of: {}, for: 30s}}}}",
            others[0]
        );
        let outcome = run(&scene(3, "", 260, &lost), seed);
        assert_safe(&outcome, &format!("seed {seed}"));
    }
}
