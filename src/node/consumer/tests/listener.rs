//! Listener calls: batches, results, pauses, new service times.

use super::*;

#[test]
fn a_queue_given_up_sends_its_lowest_unfinished_offset_and_ignores_later_results() {
    let mut stage = Stage::owner(service(10));
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 4);
    stage.sent();
    // Two threads: 0 and 1 end at 110, 2 and 3 at 120. At 112 the queue goes to another member.
    stage.notice(at(112));
    stage.come_up(at(112), &[0, 1]);
    assert!(!stage.consumer.owns(QueueIx(0)) && stage.consumer.owns(QueueIx(2)));
    assert_eq!(stage.offsets_sent(), [(QueueIx(0), 2), (QueueIx(1), 0)]);
    let revoked = |fact: &Fact| matches!(fact, Fact::Revoked { queues, .. } if *queues == [QueueIx(0), QueueIx(1)]);
    assert!(stage.facts.iter().any(revoked), "{:?}", stage.facts);
    use Fate::{Acknowledged, Ignored};
    assert_eq!(stage.settle(at(500)), [(0, Acknowledged), (1, Acknowledged), (2, Ignored), (3, Ignored)]);
    stage.fire(Timer::Scheduler);
    assert!(stage.offsets_sent().iter().all(|(queue, _)| queue.0 >= 2), "only queues of the table are persisted");
}

#[test]
fn what_waits_for_a_thread_is_discarded_with_its_queue_and_makes_room_for_the_others() {
    let mut stage = Stage::owner(service(1_000));
    let requests = stage.pulls_sent();
    let of = |queue| *requests.iter().find(|request| request.queue == QueueIx(queue)).unwrap();
    stage.found(at(100), of(0), 10);
    stage.found(at(100), of(2), 2);
    // The second of queue 2 would begin after ten of queue 0 on two threads.
    stage.notice(at(200));
    stage.come_up(at(200), &[0, 1]);
    let ends: Vec<u64> = stage.consumer.rows_of(QueueIx(2)).map(|row| row.end.as_millis()).collect();
    assert_eq!(ends, [2_100, 2_100], "both threads are free at 1100");
    use Fate::{Acknowledged, Ignored};
    assert_eq!(stage.settle(at(5_000)), [(0, Acknowledged), (1, Acknowledged), (0, Ignored), (1, Ignored)]);
}

#[test]
fn one_slow_message_holds_the_offset_back() {
    let slow_first = Distribution::Empirical(vec![(50_000_000, 0.5), (1_000_000, 0.5)]);
    let config = ConsumerConfig { service_time: slow_first, consume_thread_min: 20, ..ConsumerConfig::default() };
    let mut stage = Stage::owner(config);
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 16);
    let slow: Vec<u64> = stage
        .consumer
        .rows_of(QueueIx(0))
        .filter(|row| row.end.since(row.start) == SimDuration::from_millis(50))
        .map(|row| row.offset)
        .collect();
    let first_slow = slow[0];
    assert!(slow.len() > 2 && slow.len() < 14, "{slow:?}");
    let committed = |stage: &mut Stage, now| {
        stage.settle(now);
        stage.consumer.assigned_to(QueueIx(0)).unwrap().offset
    };
    assert_eq!(committed(&mut stage, at(120)), Some(first_slow));
    assert_eq!(committed(&mut stage, at(150)), Some(16));
}

#[test]
fn a_freeze_lets_running_calls_end_at_the_thaw_and_shifts_the_waiting_ones() {
    let mut stage = Stage::owner(service(100));
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 4);
    stage.consumer.on_frozen(at(1_050), &mut stage.out);
    assert!(stage.settle(at(9_000)).is_empty(), "nothing happens");
    let busy = stage.consumer.workload(at(9_000));
    assert_eq!((busy.busy, busy.processing, busy.cached), (SimDuration::from_millis(100), 2, 2));
    stage.consumer.on_thawed(at(10_000), &mut stage.out);
    stage.sort();
    let times: Vec<(u64, u64)> =
        stage.consumer.rows_of(QueueIx(0)).map(|row| (row.start.as_millis(), row.end.as_millis())).collect();
    assert_eq!(times, [(1_000, 10_000), (1_000, 10_000), (10_000, 10_100), (10_000, 10_100)]);
    stage.settle(at(20_000));
    assert_eq!(stage.consumer.workload(at(20_000)).busy, SimDuration::from_millis(300), "a pause is not work");
}

#[test]
fn a_new_service_time_is_for_calls_that_have_not_begun_frozen_ones_included() {
    for frozen in [false, true] {
        let mut stage = Stage::owner(service(100));
        let request = one_queue(&mut stage);
        stage.found(at(1_000), request, 4);
        let frozen_at = at(1_050);
        if frozen {
            stage.consumer.on_frozen(frozen_at, &mut stage.out);
        }
        stage.consumer.set_service_time(at(1_050), &constant(7), &mut stage.out);
        if frozen {
            stage.consumer.on_thawed(at(1_060), &mut stage.out);
        }
        let ends: Vec<u64> = stage.consumer.rows_of(QueueIx(0)).map(|row| row.end.as_millis()).collect();
        assert_eq!(ends, [1_100, 1_100, 1_107, 1_107], "frozen: {frozen}");
    }
}

#[test]
fn a_batch_is_one_call_whose_messages_end_together() {
    let config =
        ConsumerConfig { consume_message_batch_max_size: 3, service_time_per_call: constant(50), ..service(10) };
    let mut stage = Stage::owner(config);
    let request = one_queue(&mut stage);
    stage.found(at(1_000), request, 7);
    let times: Vec<(u64, u64, u16)> =
        stage.consumer.rows_of(QueueIx(0)).map(|row| (row.start.as_millis(), row.end.as_millis(), row.batch)).collect();
    let (first, second, third) = ((1_000, 1_080, 3), (1_000, 1_080, 3), (1_080, 1_140, 1));
    assert_eq!(times, [first, first, first, second, second, second, third]);
}
