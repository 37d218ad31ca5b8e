//! The pull loop of a queue: flow control, answers, offsets.

use super::*;

#[test]
fn an_answer_to_a_queue_given_up_and_taken_again_does_not_reach_the_new_one() {
    let mut stage = Stage::owner(service(1));
    let request = one_queue(&mut stage);
    stage.notice(at(50));
    stage.come_up(at(50), &[0, 1]);
    stage.notice(at(60));
    stage.come_up(at(60), &[1]);
    assert!(stage.consumer.owns(QueueIx(0)));
    stage.found(at(70), request, 5);
    assert_eq!(stage.consumer.rows_of(QueueIx(0)).count(), 0);
    assert!(stage.pulls_sent().is_empty(), "the old pull request is dead");
}

#[test]
fn pulls_commit_the_offset_in_memory_only_above_0() {
    let mut stage = Stage::owner(service(1));
    let request = one_queue(&mut stage);
    assert_eq!((request.offset, request.commit_offset), (0, None));
    stage.found(at(100), request, 3);
    let next = stage.pulls_sent();
    assert_eq!((next[0].offset, next[0].commit_offset), (3, None), "nothing is finished");
    stage.found(at(200), next[0], 2);
    let next = stage.pulls_sent();
    assert_eq!((next[0].offset, next[0].commit_offset), (5, Some(3)));
}

#[test]
fn an_empty_answer_moves_the_offset_when_nothing_is_cached() {
    let mut stage = Stage::owner(service(100));
    let request = one_queue(&mut stage);
    stage.reply(at(50), request, PullCode::PullRetryImmediately, 40, Vec::new());
    let next = stage.pulls_sent();
    assert_eq!((next[0].offset, next[0].commit_offset), (40, Some(40)));
    stage.found(at(60), next[0], 1);
    let next = stage.pulls_sent();
    stage.reply(at(70), next[0], PullCode::PullNotFound, 45, Vec::new());
    let next = stage.pulls_sent();
    assert_eq!((next[0].offset, next[0].commit_offset), (45, Some(40)), "40 is being consumed");
}

#[test]
fn more_messages_than_the_threshold_put_the_pull_off_in_steps_of_50_ms() {
    let mut stage = Stage::owner(ConsumerConfig { pull_threshold_for_queue: 3, ..service(1_000) });
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 3);
    let next = stage.pulls_sent();
    assert_eq!(next.len(), 1, "three are not more than three");
    stage.found(at(100), next[0], 4);
    assert!(stage.pulls_sent().is_empty());
    assert_eq!(stage.pulls, [(request.token, at(150))]);
    stage.pulls.clear();
    stage.pull(at(150), request.token);
    assert_eq!(stage.pulls, [(request.token, at(200))]);
    assert_eq!(stage.consumer.counters.flow_controlled, 2);
    stage.pull(at(3_100), request.token);
    assert_eq!(stage.pulls_sent().len(), 1, "one is left after six of seven");
}

#[test]
fn whole_mebibytes_above_the_limit_put_the_pull_off() {
    let mut stage = Stage::owner(ConsumerConfig { pull_threshold_size_for_queue: 1, ..service(1_000) });
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    let big = |offset, body| {
        let mut big = pulled(offset);
        big.message.body = body;
        big
    };
    stage.reply(at(100), request, PullCode::Success, 1, vec![big(0, (2 << 20) - 1)]);
    let next = stage.pulls_sent();
    assert_eq!(next.len(), 1, "less than two whole MiB");
    stage.reply(at(100), next[0], PullCode::Success, 2, vec![big(1, 1)]);
    assert_eq!((stage.pulls_sent().len(), stage.pulls.len()), (0, 1));
}

#[test]
fn a_span_above_the_limit_puts_the_pull_off_even_when_few_messages_are_left() {
    let law = Distribution::Empirical(vec![(60_000_000_000, 0.1), (1_000_000, 0.9)]);
    let config = ConsumerConfig {
        service_time: law,
        consume_thread_min: 20,
        consume_concurrently_max_span: 60,
        ..ConsumerConfig::default()
    };
    let mut stage = Stage::owner(config);
    stage.pulls.clear();
    let mut request = one_queue(&mut stage);
    for round in 1..10 {
        stage.found(at(round * 100), request, 32);
        let Some(next) = stage.pulls_sent().first().copied() else { break };
        request = next;
    }
    let unfinished: Vec<u64> =
        stage.consumer.rows_of(QueueIx(0)).filter(|row| row.end > at(999)).map(|row| row.offset).collect();
    assert_eq!(stage.pulls.len(), 1);
    assert!(unfinished.last().unwrap() - unfinished[0] > 60, "{unfinished:?}");
    assert!(unfinished.len() < 40, "{unfinished:?}");
}

#[test]
fn thresholds_for_a_topic_are_divided_by_the_queues_of_the_consumer() {
    let mut stage = Stage::owner(ConsumerConfig { pull_threshold_for_topic: 9, ..service(1_000) });
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 3);
    assert_eq!((stage.pulls_sent().len(), stage.pulls.len()), (0, 1), "three are more than 9 / 4");
}

#[test]
fn a_refused_pull_is_tried_again_after_a_second() {
    let mut stage = Stage::owner(service(1));
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.reply(at(100), request, PullCode::SubscriptionNotLatest, 0, Vec::new());
    assert_eq!(stage.pulls, [(request.token, at(1_100))]);
    stage.pull(at(1_100), request.token);
    assert_eq!(stage.pulls_sent()[0].offset, request.offset);
}

#[test]
fn a_pull_interval_separates_pulls_that_found_something() {
    let mut stage = Stage::owner(ConsumerConfig { pull_interval: SimDuration::from_millis(30), ..service(1) });
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.found(at(100), request, 1);
    assert_eq!(stage.pulls, [(request.token, at(130))]);
    assert!(stage.pulls_sent().is_empty());
}

#[test]
fn an_illegal_offset_stops_its_queue_for_10_s_then_it_is_stored_and_the_queue_removed() {
    let mut stage = Stage::owner(service(1));
    stage.pulls.clear();
    let request = one_queue(&mut stage);
    stage.reply(at(100), request, PullCode::PullOffsetMoved, 777, Vec::new());
    assert!(stage.pulls.is_empty() && stage.pulls_sent().is_empty());
    assert_eq!(stage.fixes, [(request.token, at(10_100))]);
    assert!(stage.consumer.owns(QueueIx(0)));
    stage.consumer.on_fix_offset(at(10_100), request.token, &mut stage.out);
    stage.sort();
    assert_eq!(stage.offsets_sent(), [(QueueIx(0), 777)]);
    assert!(!stage.consumer.owns(QueueIx(0)), "the next rebalance brings it back");
    stage.notice(at(10_200));
    stage.come_up(at(10_200), &[1]);
    assert!(stage.consumer.owns(QueueIx(0)));
}
