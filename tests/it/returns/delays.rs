//! The schedule service under producers that delay their messages.

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::SimDuration;
use rocketmq_sim::node::config::BrokerConfig;
use rocketmq_sim::run::outcome::{Counter, Fact};
use rocketmq_sim::scenario::plan::ArrivalProcess;

use super::setup::{FIRST_SEND, GROUP, Setup, TOPIC};

#[test]
fn delayed_messages_arrive_within_100_ms_of_their_time_and_all_of_them() {
    let setup = Setup {
        messages: 2000,
        rate: 20.0,
        process: ArrivalProcess::RandomInSlot,
        duration: SimDuration::from_secs(200),
        delay_levels: vec![(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0)],
        ..Setup::default()
    };
    let outcome = setup.run();
    assert_eq!(outcome.groups[0].consumed, 2000);
    assert_eq!(outcome.conservation.scheduled_waiting, 0);
    let delivered = outcome.counters.get(Counter::DelayedDelivered, None);
    assert!((1500..1700).contains(&delivered), "four of five: {delivered}");
    assert_eq!(outcome.conservation.copies, delivered);
    let levels: Vec<u8> = outcome.delay_by_level.iter().map(|(level, _)| *level).collect();
    assert_eq!(levels, [1, 2, 3, 4]);
    for (level, late) in &outcome.delay_by_level {
        assert!(late.max <= SimDuration::from_millis(102), "level {level}: {:?}", late.max);
        let mean = late.mean.as_secs_f64();
        assert!((0.045..0.056).contains(&mean), "level {level}: uniform over the rhythm, mean {mean}");
    }
    assert_eq!(outcome.counters.get(Counter::Retries, Some(GROUP)), 0, "a delayed message is no retry");
}

#[test]
fn levels_above_the_highest_wait_as_the_highest() {
    let broker = BrokerConfig {
        message_delay_level: vec![SimDuration::from_secs(1), SimDuration::from_secs(3)],
        ..BrokerConfig::default()
    };
    let outcome = Setup { broker, delay_levels: vec![(9, 1.0)], ..Setup::default() }.run();
    assert_eq!(outcome.groups[0].consumed, 10);
    assert_eq!(outcome.delay_by_level.len(), 1);
    assert_eq!(outcome.delay_by_level[0].0, 2);
    let least = outcome.groups[0].latency.end_to_end.min;
    assert!((3.0..3.2).contains(&least.as_secs_f64()), "{least:?}");
}

#[test]
fn a_burst_is_worked_off_one_after_another_in_the_order_of_its_sends() {
    let messages = 20_000;
    let broker = BrokerConfig {
        deliver_handling: Distribution::constant_duration(SimDuration::from_micros(500)),
        ..BrokerConfig::default()
    };
    let setup = Setup {
        broker,
        messages,
        rate: 20_000.0,
        delay_levels: vec![(2, 1.0)],
        duration: SimDuration::from_secs(90),
        ..Setup::default()
    };
    let outcome = setup.run();
    assert_eq!(outcome.groups[0].consumed, messages);
    // 20,000 messages within a second need 10 s at 500 µs each; the last is due a second after the first.
    let late = &outcome.delay_lateness;
    assert!((8.9..9.3).contains(&late.max.as_secs_f64()), "{:?}", late.max);
    assert!((4.4..4.8).contains(&late.p50.as_secs_f64()), "{:?}", late.p50);
    let order: Vec<u64> = outcome
        .facts
        .iter()
        .filter_map(|record| match record.fact {
            Fact::DelayDelivered { from, .. } => Some(from.offset),
            _ => None,
        })
        .collect();
    assert!(order.is_sorted() && order.len() as u64 == messages);
    let last = outcome.facts.iter().rfind(|record| matches!(record.fact, Fact::DelayDelivered { .. }));
    let span = last.map(|record| record.at.since(FIRST_SEND)).expect("one");
    assert!((14.9..15.3).contains(&span.as_secs_f64()), "{span:?}");
}

#[test]
fn waiting_messages_are_kept_and_counted() {
    let setup =
        Setup { messages: 100, delay_levels: vec![(5, 1.0)], duration: SimDuration::from_secs(90), ..Setup::default() };
    let outcome = setup.run();
    // Sent from second 25 to 35, due from 85 to 95.
    let waiting = outcome.conservation.scheduled_waiting;
    assert!((48..=52).contains(&waiting), "{waiting}");
    assert_eq!(outcome.groups[0].consumed + waiting + outcome.conservation.groups[0].unread, 100);
    let stored = outcome.series.stored_per_s.iter().find(|(topic, _)| *topic == TOPIC).expect("it is there");
    assert!(stored.1[..84].iter().all(|rate| *rate == 0.0), "nothing is in the topic before its time");
}
