//! Concurrent consumption that fails: the retry schedule, dead letters, outages, fallbacks, timeouts.

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::{DELAY_LEVELS, ListenerRule, MessageModel};
use rocketmq_sim::run::outcome::{Counter, Fact, Outcome};
use rocketmq_sim::scenario::plan::{Action, TimedAction};
use rocketmq_sim::store::ids::InstanceIx;

use super::setup::{DLQ, FIRST_SEND, GROUP, SCHEDULE, Setup, fails, run};

fn secs(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

fn count(outcome: &Outcome, counter: Counter) -> u64 {
    outcome.counters.get(counter, Some(GROUP))
}

/// Times of the facts that `pick` accepts.
fn times(outcome: &Outcome, pick: impl Fn(&Fact) -> bool) -> Vec<SimTime> {
    outcome.facts.iter().filter(|record| pick(&record.fact)).map(|record| record.at).collect()
}

#[test]
fn a_poisonous_message_is_tried_17_times_over_nearly_five_hours_and_then_buried() {
    let setup = Setup { messages: 1, duration: SimDuration::from_secs(17_400), ..Setup::default() }.listener(fails());
    let outcome = setup.run();
    let failed = times(&outcome, |fact| matches!(fact, Fact::ListenerFailed { .. }));
    let gaps: Vec<f64> = failed.windows(2).map(|pair| pair[1].since(pair[0]).as_secs_f64()).collect();
    assert_eq!(gaps.len(), 16);
    for (gap, delay) in gaps.iter().zip(&DELAY_LEVELS[2..]) {
        assert!((0.0..0.115).contains(&(gap - *delay as f64)), "{gap} instead of {delay}");
    }
    assert_eq!(outcome.groups[0].attempts, [1; 17]);
    let counts = [Counter::Failures, Counter::SentBack, Counter::Retries, Counter::DeadLetters, Counter::LocalRetries];
    assert_eq!(counts.map(|counter| count(&outcome, counter)), [17, 16, 16, 1, 0]);
    let buried = times(&outcome, |fact| matches!(fact, Fact::DeadLettered { attempts: 17, .. }));
    assert!(buried[0].since(failed[16]) < SimDuration::from_millis(5), "at once");
    let stored = |topic| outcome.facts.iter().filter(|record| is_stored_in(&outcome, &record.fact, topic)).count();
    assert_eq!((stored(SCHEDULE), stored(DLQ)), (16, 1));
    assert_eq!((outcome.groups[0].consumed, outcome.groups[0].lag), (0, 0));
    let duplicates: u64 = outcome.groups[0].duplicates.iter().map(|(_, count)| count).sum();
    assert_eq!(duplicates, 0, "an attempt is no duplicate");
    let series = &outcome.series.groups[0];
    assert_eq!(series.dead_letters.iter().sum::<u64>(), 1);
    let by_attempt = |times| series.retries.iter().filter_map(|window: &Vec<u64>| window.get(times)).sum::<u64>();
    assert_eq!((by_attempt(0), by_attempt(1), by_attempt(16)), (0, 1, 1));
}

fn is_stored_in(outcome: &Outcome, fact: &Fact, topic: rocketmq_sim::store::ids::TopicIx) -> bool {
    matches!(fact, Fact::Stored { queue, .. } if outcome.plan.queues[queue.at()].topic == topic)
}

#[test]
fn an_outage_of_what_is_behind_the_listener_loses_nothing() {
    let outage = ListenerRule { from: secs(30), until: secs(50), ..fails() };
    let setup = Setup { messages: 200, duration: SimDuration::from_secs(140), ..Setup::default() }.listener(outage);
    let outcome = setup.run();
    assert_eq!((outcome.groups[0].consumed, outcome.groups[0].lag), (200, 0));
    // Sent from 25 to 45: 150 meet the outage, those of the first ten seconds a second time.
    let attempts = &outcome.groups[0].attempts;
    assert!(
        attempts[0] == 200 && (149..=151).contains(&attempts[1]) && (98..=101).contains(&attempts[2]),
        "{attempts:?}"
    );
    assert_eq!(attempts.len(), 3);
    assert_eq!((count(&outcome, Counter::DeadLetters), outcome.conservation.scheduled_waiting), (0, 0));
}

#[test]
fn a_message_stuck_in_the_listener_is_sent_back_and_if_it_fails_in_the_end_once_more() {
    for (fails_in_the_end, sent_back) in [(false, 1), (true, 2)] {
        let stuck = ListenerRule {
            attempts_below: 1,
            fails: fails_in_the_end,
            service_time: Some(Distribution::constant_duration(SimDuration::from_secs(120))),
            ..fails()
        };
        let mut setup =
            Setup { messages: 1, duration: SimDuration::from_secs(220), ..Setup::default() }.listener(stuck);
        setup.config.consume_timeout = SimDuration::from_secs(60);
        let outcome = setup.run();
        let timed_out = times(&outcome, |fact| matches!(fact, Fact::ConsumeTimedOut { .. }));
        assert_eq!(timed_out.len(), 1, "the second run of the clean-up, 60 s after the first");
        assert!(timed_out[0].since(secs(120)) < SimDuration::from_millis(200), "{timed_out:?}");
        assert_eq!(count(&outcome, Counter::ConsumeTimeouts), 1);
        assert_eq!(count(&outcome, Counter::SentBack), sent_back);
        assert_eq!(outcome.groups[0].attempts, [1, sent_back]);
        assert_eq!(outcome.groups[0].lag, 0);
        let duplicates: u64 = outcome.groups[0].duplicates.iter().map(|(_, count)| count).sum();
        assert_eq!(duplicates, 0);
    }
}

#[test]
fn the_fallback_buries_one_attempt_earlier_and_after_a_delay() {
    // Only the second broker has the retry topic: what comes from the first goes there by an ordinary send.
    let mut setup = Setup {
        brokers: 2,
        retry_brokers: vec![1],
        messages: 80,
        duration: SimDuration::from_secs(120),
        ..Setup::default()
    }
    .listener(fails());
    setup.config.max_reconsume_times = 1;
    let outcome = setup.run();
    let attempts = &outcome.groups[0].attempts;
    assert_eq!(attempts, &[80, 40], "half of them are tried once more");
    assert_eq!(count(&outcome, Counter::DeadLetters), 80);
    let buried = |attempts: u16| {
        let is = move |fact: &Fact| matches!(fact, Fact::DeadLettered { attempts: after, .. } if *after == attempts);
        times(&outcome, is)
    };
    // Message n is sent n/10 s after the first; those of the fallback wait at level 3.
    let waited = buried(1)[0].since(FIRST_SEND).as_secs_f64();
    assert!((10.0..10.8).contains(&waited), "{waited}");
    assert_eq!((buried(1).len(), buried(2).len()), (40, 40));
}

#[test]
fn without_any_broker_for_retries_messages_are_tried_again_in_place() {
    let twice = ListenerRule { attempts_below: 2, ..fails() };
    let setup = Setup { retry_brokers: vec![], messages: 20, ..Setup::default() }.listener(twice);
    let outcome = setup.run();
    assert_eq!((outcome.groups[0].consumed, outcome.groups[0].lag), (20, 0));
    assert_eq!((outcome.groups[0].delivered, count(&outcome, Counter::LocalRetries)), (60, 40));
    let first = outcome.groups[0].latency.end_to_end.min.as_secs_f64();
    assert!((10.0..10.1).contains(&first), "two pauses of 5 s: {first}");
    assert_eq!(count(&outcome, Counter::SentBack), 0);
}

#[test]
fn broadcasting_members_do_not_retry() {
    let mut setup = Setup { messages: 30, ..Setup::default() }.listener(ListenerRule { probability: 0.5, ..fails() });
    setup.config.message_model = MessageModel::Broadcasting;
    let outcome = setup.run();
    let dropped = count(&outcome, Counter::Dropped);
    assert!((5..25).contains(&dropped), "{dropped}");
    assert_eq!((outcome.groups[0].consumed + dropped, outcome.groups[0].lag), (30, 0));
    assert_eq!((count(&outcome, Counter::SentBack), outcome.groups[0].delivered), (0, 30));
}

#[test]
fn failures_while_members_are_killed_frozen_and_started_lose_nothing() {
    for seed in 1..=6 {
        let mut setup = Setup {
            brokers: 2,
            retry_brokers: vec![0, 1],
            members: 3,
            messages: 3000,
            rate: 50.0,
            duration: SimDuration::from_secs(700),
            seed,
            ..Setup::default()
        }
        .listener(ListenerRule { until: secs(100), probability: 0.3, ..fails() });
        setup.config.service_time = Distribution::Exponential { mean: 400_000_000 };
        setup.config.consume_message_batch_max_size = 1 + seed as u32 % 3;
        setup.config.ack_index = seed % 2 == 0;
        let mut plan = (*setup.plan()).clone();
        let at = |seconds, action| TimedAction { at: secs(seconds), action, label: String::new() };
        let (first, second) = (InstanceIx(0), InstanceIx(1));
        let client_id = plan.instances[0].start.unwrap().1;
        plan.timeline = vec![
            at(40, Action::KillConsumer { instance: first }),
            at(45, Action::FreezeConsumer { instance: second }),
            at(60, Action::StartConsumer { instance: first, client_id, fresh_host: false }),
            at(70, Action::ThawConsumer { instance: second }),
            at(80, Action::StopConsumer { instance: InstanceIx(2) }),
        ];
        let outcome = run(&plan.into());
        assert_eq!((outcome.groups[0].lag, outcome.conservation.scheduled_waiting), (0, 0), "seed {seed}");
        assert!(outcome.groups[0].consumed >= 3000, "seed {seed}: {}", outcome.groups[0].consumed);
        assert!(count(&outcome, Counter::SentBack) > 600, "seed {seed}");
        assert_eq!(count(&outcome, Counter::DeadLetters), 0, "seed {seed}");
    }
}

#[test]
fn poisonous_messages_fail_at_every_attempt_on_every_member() {
    let poison = ListenerRule { probability: 0.1, of_messages: true, ..fails() };
    let mut setup =
        Setup { members: 4, messages: 400, rate: 40.0, duration: SimDuration::from_secs(200), ..Setup::default() }
            .listener(poison);
    setup.config.max_reconsume_times = 2;
    let outcome = setup.run();
    let attempts = &outcome.groups[0].attempts;
    assert!(attempts[0] == 400 && (20..60).contains(&attempts[1]), "{attempts:?}");
    assert_eq!((attempts[1], attempts.len()), (attempts[2], 3), "who fails once fails always");
    assert_eq!(count(&outcome, Counter::DeadLetters), attempts[1]);
    assert_eq!(outcome.groups[0].consumed + attempts[1], 400);
}
