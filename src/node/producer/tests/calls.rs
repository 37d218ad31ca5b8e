//! `send()` calls where servers can fail.

use super::line::{Line, masters, mode, stored};
use super::*;
use crate::node::config::SendMode;
use crate::node::fact::{Disconnection, Fact};
use crate::node::outbox::{CallResult, SendError, Timer};
use crate::node::producer::{TransactionPlan, Transactions};
use crate::protocol::message::{CallError, ResponseCode, SendReply, SendStatus};
use crate::protocol::route::TEMPLATE_TOPIC;
use crate::store::catalog::TransactionOutcome;
use crate::store::ids::ProducerGroupIx;

const REFUSED: Body = Body::Failed(CallError::Refused);

#[test]
fn an_answered_call_says_where_its_message_is() {
    let mut line = Line::ready(ProducerConfig::default());
    line.call(at(10));
    assert_eq!(line.stage.producer.tally().under_way, 1);
    let (_, request) = line.answer(at(12), stored(SendStatus::SendOk));
    let result = CallResult::Stored { queue: request.queue, offset: 5, status: SendStatus::SendOk, epoch: 1 };
    assert_eq!(line.results(), [(0, 0, result)]);
    let tally = line.stage.producer.tally();
    assert_eq!((tally.accepted, tally.under_way), (1, 0));
}

#[test]
fn a_refused_call_is_tried_at_once_on_other_brokers_and_fails_after_the_third_attempt() {
    let mut line = Line::ready(ProducerConfig::default());
    line.call(at(10));
    let mut last = None;
    for attempt in 0..3 {
        let (to, request) = line.answer(at(11), REFUSED);
        assert_eq!(request.attempt, attempt);
        assert_ne!(last.replace(to), Some(to), "another broker");
    }
    assert_eq!(line.results(), [(0, 2, CallResult::Failed(SendError::Call(CallError::Refused)))]);
    assert!(line.sent.is_empty());
}

#[test]
fn a_call_without_an_answer_uses_up_its_budget_and_takes_its_connection_along() {
    let mut line = Line::ready(ProducerConfig::default());
    line.call(at(10));
    let server = line.sent[0].0;
    // A later call to the same broker, two queues further round the three brokers.
    (0..6).for_each(|later| line.call(at(1_000 + later)));
    line.sent.retain(|(to, _, request)| *to == server || request.call == 0);
    let same = line.sent.len();
    assert_eq!(line.fire(Timer::SendTimeout), at(3_010));
    assert_eq!(line.results(), [(0, 0, CallResult::Failed(SendError::Timeout))], "no attempt is left in time");
    assert_eq!(line.closed, [server]);
    let again: Vec<Address> = line.sent.drain(same..).map(|(to, ..)| to).collect();
    assert!(same >= 2 && again.len() == same - 1, "the others over it fail at once and are tried elsewhere");
    assert!(again.iter().all(|to| *to != server));
}

#[test]
fn which_broker_errors_are_tried_again_depends_on_their_code() {
    for (code, again) in [
        (ResponseCode::SystemError, true),
        (ResponseCode::ServiceNotAvailable, true),
        (ResponseCode::NoPermission, true),
        (ResponseCode::TopicNotExist, true),
        (ResponseCode::SystemBusy, false),
        (ResponseCode::MessageIllegal, false),
    ] {
        for mode in [SendMode::Sync, SendMode::Async] {
            let mut line = Line::ready(self::mode(mode));
            line.call(at(10));
            line.answer(at(12), Body::SendReply(SendReply::Error(code)));
            assert_eq!(line.sent.len(), usize::from(again && mode == SendMode::Sync), "{code:?} {mode:?}");
            assert_eq!(line.results().len(), usize::from(!again || mode == SendMode::Async));
        }
    }
}

#[test]
fn an_asynchronous_call_keeps_its_queue_id_on_the_next_broker() {
    let mut line = Line::ready(mode(SendMode::Async));
    line.call(at(10));
    let (to, first) = line.answer(at(11), REFUSED);
    let (next, second) = (line.sent[0].0, line.sent[0].2);
    assert_ne!(to, next);
    assert_eq!(second.queue.0 % 2, first.queue.0 % 2, "the same queue id");
}

#[test]
fn an_asynchronous_timeout_is_noticed_late_and_leaves_the_connection_alone() {
    let mut line = Line::ready(mode(SendMode::Async));
    line.call(at(500));
    assert_eq!(line.fire(Timer::SendTimeout), at(5_000), "3.5 s, a second on top, at the scanner's next run");
    assert_eq!(line.results(), [(0, 0, CallResult::Failed(SendError::Timeout))]);
    assert!(line.closed.is_empty() && line.sent.len() == 1);
}

#[test]
fn a_one_way_call_ends_when_it_has_left_and_fails_only_if_there_is_no_connection() {
    let mut line = Line::strange(mode(SendMode::Oneway));
    line.call(at(10));
    assert!(line.ends.is_empty(), "it waits for its connection");
    let Address::Broker(broker) = line.sent[0].0 else { panic!("{:?}", line.sent) };
    line.connect(at(12), broker.0);
    assert_eq!(line.results(), [(0, 0, CallResult::Unknown)]);
    line.sent.clear();
    line.call(at(20));
    line.call(at(21));
    let refused = line.sent.iter().position(|(_, correlation, _)| *correlation != Correlation::ONEWAY);
    let (to, correlation, request) = line.sent[refused.expect("one goes to a broker without a connection")];
    line.results();
    line.tell(at(22), to, correlation, REFUSED);
    assert_eq!(line.results(), [(request.call, 0, CallResult::Failed(SendError::Call(CallError::Refused)))]);
}

#[test]
fn another_status_than_send_ok_is_the_result_unless_another_broker_is_wanted() {
    let mut line = Line::ready(ProducerConfig::default());
    line.call(at(10));
    line.answer(at(12), stored(SendStatus::FlushSlaveTimeout));
    let not_ok = |(_, retries, result): &(u64, u32, CallResult)| match result {
        CallResult::Stored { status: SendStatus::FlushSlaveTimeout, .. } => Some(*retries),
        _ => None,
    };
    assert_eq!(line.results().iter().map(not_ok).collect::<Vec<_>>(), [Some(0)]);
    let config = ProducerConfig { retry_another_broker_when_not_store_ok: true, ..ProducerConfig::default() };
    let mut line = Line::ready(config);
    line.call(at(10));
    line.answer(at(12), stored(SendStatus::FlushSlaveTimeout));
    line.answer(at(13), REFUSED);
    line.answer(at(14), REFUSED);
    assert_eq!(line.results().iter().map(not_ok).collect::<Vec<_>>(), [Some(2)], "the last such result counts");
}

#[test]
fn a_host_that_does_not_answer_costs_the_whole_budget_of_a_call() {
    let mut line = Line::strange(ProducerConfig::default());
    line.call(at(10));
    line.fire(Timer::SendTimeout);
    assert!(line.ends.is_empty(), "the network's word comes first");
    line.answer(at(3_010), Body::Failed(CallError::ConnectTimeout));
    assert_eq!(line.results(), [(0, 0, CallResult::Failed(SendError::Call(CallError::ConnectTimeout)))]);
    assert!(line.closed.is_empty());
}

#[test]
fn a_name_without_a_master_fails_like_an_unreachable_one() {
    let mut line = Line::new(ProducerConfig::default());
    let mut route = masters(&[0, 1, 2]);
    route.broker_datas.iter_mut().for_each(|data| data.addresses = vec![(1, BrokerIx(data.broker.0 + 3))]);
    route.order_topic_conf = Some((0..3).map(|broker| (BrokerIx(broker), 2)).collect());
    line.stage.producer.client.preset_route(TOPIC, &Rc::new(route));
    line.stage.producer.take_publish_list();
    line.call(at(10));
    assert_eq!(line.results(), [(0, 2, CallResult::Failed(SendError::NoMaster))]);
}

#[test]
fn a_reset_connection_fails_its_calls_at_once_and_a_fin_leaves_them_waiting() {
    for (how, again) in [(Disconnection::Closed, 0), (Disconnection::Reset, 1)] {
        let mut line = Line::ready(ProducerConfig::default());
        line.call(at(10));
        let (server, ..) = line.sent.remove(0);
        line.stage.producer.on_closed(at(700), server, how, &mut line.stage.out);
        line.sort();
        assert_eq!(line.sent.len(), again);
    }
}

#[test]
fn fault_tolerance_avoids_a_broker_that_failed_for_ten_minutes() {
    let config = ProducerConfig { send_latency_fault_enable: true, ..ProducerConfig::default() };
    let mut line = Line::ready(config);
    line.call(at(10));
    let (bad, _) = line.answer(at(11), REFUSED);
    assert!(
        line.facts
            .iter()
            .any(|fact| matches!(fact, Fact::Avoided { lasts, .. } if *lasts == SimDuration::from_secs(600)))
    );
    line.answer(at(12), stored(SendStatus::SendOk));
    for call in 0..20 {
        line.call(at(20 + call));
        assert_ne!(line.answer(at(20 + call), stored(SendStatus::SendOk)).0, bad);
    }
    for call in 0..2 {
        line.call(at(50 + call));
        line.answer(at(50 + call), REFUSED);
        line.sent.drain(..).for_each(drop);
    }
    let before = line.stage.producer.publish.clone();
    line.call(at(60));
    assert_ne!(line.stage.producer.publish, before, "with all of them avoided the publish list itself is rewritten");
}

#[test]
fn a_topic_that_nobody_knows_is_sent_to_by_the_templates_route() {
    let mut line = Line::new(ProducerConfig::default());
    line.call(at(10));
    assert_eq!(line.route(at(11), None), TOPIC);
    assert_eq!(line.route(at(12), Some(masters(&[0, 1, 2]))), TEMPLATE_TOPIC);
    assert_eq!(line.sent.len(), 1);
    let mut line = Line::new(ProducerConfig::default());
    line.call(at(10));
    line.route(at(11), None);
    line.route(at(12), None);
    assert_eq!(line.results(), [(0, 0, CallResult::Failed(SendError::NoRoute))]);
}

#[test]
fn calls_end_with_their_process_and_the_next_one_asks_for_its_route_anew() {
    let mut line = Line::ready(ProducerConfig::default());
    line.call(at(10));
    line.stage.producer.on_killed(at(500), &mut line.stage.out);
    line.sort();
    assert_eq!(line.results(), [(0, 0, CallResult::Failed(SendError::ProcessEnded))]);
    assert_eq!(line.stage.producer.next_call(), SimTime::MAX);
    line.stage.producer.on_restart(at(5_000), false, &mut line.stage.out);
    line.sort();
    let next = line.stage.producer.next_call();
    assert!(next >= at(5_000) && next <= at(5_100), "what was due meanwhile was never sent: {next}");
    line.sent.clear();
    line.call(next);
    assert!(line.sent.is_empty() && line.asked.len() == 1);
}

#[test]
fn a_shutdown_tells_the_brokers_and_then_ends() {
    let mut line = Line::new(ProducerConfig::default());
    line.stage.producer.client.preset_route(TOPIC, &Rc::new(masters(&[0, 1])));
    line.stage.producer.on_stop(at(10), &mut line.stage.out);
    for broker in 0..2 {
        let told = line.stage.out.effects.iter().find_map(|effect| match effect {
            Effect::Send { to, correlation, body: Body::UnregisterClient(None), .. } => Some((*to, *correlation)),
            _ => None,
        });
        let (to, correlation) = told.expect("a broker is told");
        assert_eq!(to, Address::Broker(BrokerIx(broker)));
        line.stage.out.effects.clear();
        let me = Address::Producer(ProducerIx(0));
        let channel = Channel { client: me, epoch: 1 };
        let envelope = Envelope { from: to, to: me, channel, correlation, body: Body::UnregisterReply };
        line.stage.producer.on_message(at(11), envelope, &mut line.stage.out, &mut line.stage.sends);
    }
    line.sort();
    assert!(line.exited);
}

#[test]
fn a_half_message_runs_its_local_transaction_only_after_send_ok() {
    let plan = TransactionPlan {
        local_time: Distribution::Constant(1),
        outcome: [1.0, 0.0, 0.0],
        lost_end: 0.0,
        check_time: Distribution::Constant(1),
        check_outcome: [1.0, 0.0, 0.0],
    };
    for (status, outcome) in [
        (SendStatus::SendOk, TransactionOutcome::Commit),
        (SendStatus::FlushDiskTimeout, TransactionOutcome::Rollback),
        (SendStatus::SlaveNotAvailable, TransactionOutcome::Rollback),
    ] {
        let mut line = Line::ready(ProducerConfig::default());
        let stream = Streams::new(3).stream("p", "transactions");
        line.stage.producer.load.transactions = Some(Transactions::new(ProducerGroupIx(0), &plan, stream));
        line.call(at(10));
        line.answer(at(11), stored(status));
        assert_eq!(line.transactions, [outcome]);
    }
}

#[test]
fn a_selected_queue_is_never_left_for_another_one() {
    for (mode, attempts) in [(SendMode::Sync, 0), (SendMode::Async, 1)] {
        let config = ProducerConfig { selector: QueueSelector::KeyHash, mode, ..ProducerConfig::default() };
        let mut line = Line::ready(config);
        line.stage.producer.load.keys = Some((Zipf::new(1, 0.0), [3].into()));
        line.call(at(10));
        let (to, request) = line.answer(at(11), REFUSED);
        assert_eq!(line.sent.len(), attempts, "an asynchronous one is tried again on the same broker");
        assert!(line.sent.iter().all(|(again, _, second)| *again == to && second.queue == request.queue));
    }
}
