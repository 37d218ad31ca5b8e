//! Start, timers and end.

use super::*;

#[test]
fn a_start_asks_for_its_routes_heartbeats_to_all_brokers_then_rebalances() {
    let mut stage = Stage::with(ConsumerConfig::default());
    stage.start();
    assert_eq!(stage.armed(Timer::Scheduler), Some(at(10)), "the first route poll");
    assert_eq!(stage.armed(Timer::RebalanceWait), Some(at(20_000)));
    let asked = stage.come_up(at(5), &[0, 1]);
    let words: Vec<String> = asked
        .iter()
        .map(|(to, body)| match (to, body) {
            (_, Body::GetRoute(topic)) => format!("route {}", topic.0),
            (Address::Broker(broker), Body::Heartbeat(_)) => format!("heartbeat {}", broker.0),
            (_, Body::GetConsumerList(_)) => "members".into(),
            (Address::Broker(broker), Body::QueryOffset(_, queue)) => format!("offset {} at {}", queue.0, broker.0),
            other => panic!("{other:?}"),
        })
        .collect();
    // The second of two members gets the second half; the change is told to every broker.
    assert_eq!(
        words,
        [
            "route 0",
            "heartbeat 0",
            "heartbeat 1",
            "members",
            "offset 2 at 1",
            "offset 3 at 1",
            "heartbeat 0",
            "heartbeat 1"
        ]
    );
    assert!(stage.consumer.owns(QueueIx(2)) && stage.consumer.owns(QueueIx(3)) && stage.consumer.owned() == 2);
    assert_eq!(stage.armed(Timer::RebalanceWait), Some(at(20_005)), "20 s after the end of the run");
    assert_eq!(stage.pulls.len(), 2);
}

#[test]
fn a_start_delay_puts_off_everything() {
    let mut stage = Stage::with(ConsumerConfig { start_delay: constant(300), ..ConsumerConfig::default() });
    stage.start();
    assert!(stage.asked.is_empty() && stage.timers == [(Timer::Started, at(300))]);
    stage.fire(Timer::Started);
    assert_eq!(stage.armed(Timer::Scheduler), Some(at(310)));
}

#[test]
fn the_scheduler_polls_at_10_ms_heartbeats_at_1_s_and_persists_at_10_s_at_fixed_rates() {
    let mut stage = Stage::with(ConsumerConfig::default());
    stage.start();
    stage.come_up(at(1), &[1]);
    let mut kinds = Vec::new();
    while kinds.len() < 9 {
        let when = stage.fire(Timer::Scheduler);
        let asked = stage.come_up(when, &[1]);
        let kind = match asked.first() {
            Some((_, Body::GetRoute(_))) => "poll",
            Some((_, Body::Heartbeat(_))) => "heartbeat",
            _ if !stage.offsets_sent().is_empty() => "persist",
            _ => "nothing",
        };
        kinds.push((when.as_millis(), kind));
    }
    let expected = [
        (10, "poll"),
        (1_000, "heartbeat"),
        (10_000, "persist"),
        (15_000, "persist"),
        (20_000, "persist"),
        (25_000, "persist"),
        (30_000, "persist"),
        (30_010, "poll"),
        (31_000, "heartbeat"),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_shutdown_during_the_start_unregisters_and_ends_instead_of_going_on_with_the_start() {
    let mut stage = Stage::with(ConsumerConfig::default());
    stage.start();
    stage.answer(at(1), &[]);
    let heartbeat = stage.next_call();
    assert!(matches!(heartbeat.2, Body::Heartbeat(_)));
    stage.consumer.on_shutdown(at(2), &mut stage.out);
    stage.sort();
    stage.tell(at(3), heartbeat.0, heartbeat.1, Body::HeartbeatReply);
    let asked = stage.come_up(at(4), &[]);
    let brokers: Vec<Address> = asked.iter().map(|(to, _)| *to).collect();
    assert!(asked.iter().all(|(_, body)| matches!(body, Body::UnregisterClient(Some(GROUP)))), "{asked:?}");
    assert_eq!(brokers, [Address::Broker(BrokerIx(0)), Address::Broker(BrokerIx(1))]);
    assert!(stage.exited && stage.timers.is_empty(), "{:?}", stage.timers);
}

#[test]
fn a_shutdown_sends_the_offsets_before_it_unregisters_and_cuts_listener_calls_off() {
    let mut stage = Stage::owner(service(10));
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 4);
    stage.consumer.on_shutdown(at(115), &mut stage.out);
    stage.sort();
    let fates: Vec<(u64, Fate)> = stage.deliveries.iter().map(|delivery| (delivery.offset, delivery.fate)).collect();
    use Fate::{Acknowledged, CutOff};
    assert_eq!(fates, [(0, Acknowledged), (1, Acknowledged), (2, CutOff), (3, CutOff)]);
    let order: Vec<bool> = stage.asked.iter().map(|(_, _, body)| matches!(body, Body::UnregisterClient(_))).collect();
    assert_eq!(order.last(), Some(&true));
    assert_eq!(stage.offsets_sent()[0], (QueueIx(0), 2));
    assert_eq!(stage.consumer.owned(), 0);
}

#[test]
fn a_killed_process_says_nothing() {
    let mut stage = Stage::owner(service(100));
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 4);
    stage.sent();
    stage.consumer.on_killed(at(1_050), &mut stage.out);
    stage.sort();
    assert!(stage.asked.is_empty() && stage.exited);
    let fates: Vec<(u64, Fate)> = stage.deliveries.iter().map(|delivery| (delivery.offset, delivery.fate)).collect();
    assert_eq!(fates, [(0, Fate::CutOff), (1, Fate::CutOff)], "the others had not begun");
}
