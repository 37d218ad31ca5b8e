//! What a scenario says about messages, subscriptions and returned messages, as the plan has it.

use rocketmq_sim::kernel::time::SimTime;
use rocketmq_sim::node::config::{ConsumeMode, MessageModel};
use rocketmq_sim::scenario::plan::{Action, Check, ExpressionPlan, Plan, TopicRole};
use rocketmq_sim::scenario::{Overrides, Scenario, load};

fn big() -> Scenario {
    let text = include_str!("../data/scenarios/messages.yaml");
    match Scenario::read("messages.yaml", text, &Overrides::default()) {
        Ok(scenario) => scenario,
        Err(error) => panic!("{}", error.one_line()),
    }
}

fn plan_of(text: &str) -> Plan {
    load("x.yaml", text, &Overrides::default()).unwrap_or_else(|error| panic!("{}", error.one_line()))
}

/// The warnings of a scenario without its advice.
fn warnings(text: &str) -> Vec<String> {
    let scenario = Scenario::read("x.yaml", text, &Overrides::default()).unwrap_or_else(|e| panic!("{}", e.one_line()));
    scenario.warnings().iter().map(|warning| warning.message().to_owned()).collect()
}

#[test]
fn the_parts_of_a_plan_that_messages_need() {
    let plan = big().plan;
    let names = |topics: &[rocketmq_sim::store::ids::TopicIx]| -> Vec<String> {
        topics.iter().map(|topic| plan.topics[topic.at()].name.clone()).collect()
    };
    let mut text = String::new();
    for topic in &plan.topics {
        let queues: Vec<(u32, u32)> = topic.brokers.iter().map(|on| (on.broker.0, on.read_queue_nums)).collect();
        text.push_str(&format!("topic {} {:?} {queues:?}\n", topic.name, topic.role));
    }
    text.push_str(&format!("expressions {:#?}\n", plan.expressions));
    for producer in &plan.producers {
        let (tags, levels) = (&producer.tags, &producer.delay_levels);
        text.push_str(&format!("{}: tags {tags:?} delays {levels:?} {:?}\n", producer.name, producer.transaction));
        for property in &producer.properties {
            text.push_str(&format!("  {} {:?}\n", property.name, property.values));
        }
    }
    for group in &plan.groups {
        let topics = names(&group.topics);
        let (retry, dead) = (group.retry_topic.is_some(), group.dead_letter_topic.is_some());
        let limits = (group.retry_max_times, group.retry_queue_nums);
        let of = &group.broadcasting;
        text.push_str(&format!("group {} {topics:?} {of:?} retry {retry} {dead} {limits:?}\n", group.name));
    }
    for instance in &plan.instances {
        let config = &instance.config;
        let topics: Vec<(String, u32)> =
            names(&instance.topics).into_iter().zip(instance.expressions.iter().map(|e| e.0)).collect();
        text.push_str(&format!(
            "{} in {} {topics:?} {:?} {:?} max {} level {} ack {} timeout {} suspend {} retry {}\n",
            instance.name,
            plan.groups[instance.group.at()].name,
            config.message_model,
            config.consume_mode,
            config.max_reconsume_times,
            config.delay_level_when_next_consume,
            config.ack_index,
            config.consume_timeout,
            config.suspend_current_queue_time_millis,
            config.retry_topic
        ));
        for rule in &config.listener {
            text.push_str(&format!("  {rule:?}\n"));
        }
    }
    for timed in &plan.timeline {
        text.push_str(&format!("{} {}: {:?}\n", timed.at, timed.label, timed.action));
    }
    for expectation in &plan.expect {
        text.push_str(&format!("{:?} {}: {:?}\n", expectation.at, expectation.label, expectation.check));
    }
    for broker in &plan.brokers {
        let config = &broker.config;
        let levels: Vec<String> = config.message_delay_level.iter().map(ToString::to_string).collect();
        text.push_str(&format!(
            "{} levels {levels:?} deliver {:?} filter {} checks {} {} {}\n",
            broker.name,
            config.deliver_handling,
            config.enable_property_filter,
            config.transaction_check_interval,
            config.transaction_time_out,
            config.transaction_check_max
        ));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_scenario_in_which_nothing_can_come_back_has_no_topics_of_the_system() {
    let plan = plan_of("topics: {t: {}}\nproducers: {p: {topic: t}}\ngroups: {g: {topics: t}}\n");
    assert!(plan.topics.iter().all(|topic| topic.role == TopicRole::Normal));
    assert_eq!(plan.expressions, [ExpressionPlan::Tag("*".to_owned())]);
    assert!(!plan.instances[0].config.retry_topic && plan.groups[0].retry_topic.is_none());
}

#[test]
fn a_retry_topic_is_there_when_the_listener_fails_or_can_take_too_long_or_when_it_is_asked_for() {
    let has = |settings: &str| {
        let plan = plan_of(&format!("topics: {{t: {{}}}}\ngroups: {{g: {{topics: t, {settings}}}}}\n"));
        plan.groups[0].retry_topic.is_some()
    };
    assert!(has("listener: [{fail: true}]"));
    assert!(!has("listener: [{serviceTime: 1s}]"));
    assert!(has("serviceTime: {exponential: 2m}"));
    assert!(!has("serviceTime: {exponential: 1m}"));
    assert!(has("serviceTime: 50ms, consumeTimeout: 10ms"));
    assert!(has("retryTopic: true"));
    assert!(!has("consumeMode: ORDERLY, listener: [{fail: true}]"));
    assert!(has("consumeMode: ORDERLY, maxReconsumeTimes: 3, listener: [{fail: true}]"));
    assert!(!has("messageModel: BROADCASTING, listener: [{fail: true}]"));
    assert!(has("instances: [{listener: [{fail: true}]}, {}]"));
}

#[test]
fn each_member_of_a_broadcasting_group_is_a_group_of_its_own_with_a_client_id_of_its_host() {
    let plan = big().plan;
    let groups: Vec<&str> = plan.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(groups, ["billing", "ledger", "readers/0", "readers/1", "readers/2", "undertaker", "late"]);
    let members: Vec<_> = plan.instances.iter().filter(|i| i.name.starts_with("readers/")).collect();
    for member in &members {
        assert_eq!(plan.groups[member.group.at()].name, member.name);
        assert_eq!(member.config.message_model, MessageModel::Broadcasting);
        assert_eq!(member.config.consume_mode, ConsumeMode::Concurrently);
    }
    let client = |ix: rocketmq_sim::store::ids::ClientIx| plan.client_ids[ix.at()].clone();
    let first = client(members[0].start.unwrap().1);
    assert_eq!(first, "10.3.100.100@DEFAULT");
    let starts: Vec<(u64, String, bool)> = plan
        .timeline
        .iter()
        .filter_map(|timed| match timed.action {
            Action::StartConsumer { instance, client_id, fresh_host }
                if plan.instances[instance.at()].name == "readers/0" =>
            {
                Some((timed.at.as_millis() / 1000, client(client_id), fresh_host))
            }
            _ => None,
        })
        .collect();
    assert_eq!(starts.len(), 2);
    assert!(starts.iter().all(|(_, id, fresh)| *fresh && *id != first && id.ends_with("@DEFAULT")), "{starts:?}");
}

#[test]
fn a_host_keeps_its_offset_file_over_a_restart_and_a_pod_does_not() {
    let fresh = |identity: &str| {
        let plan = plan_of(&format!(
            "topics: {{t: {{}}}}\ngroups: {{g: {{topics: t, messageModel: BROADCASTING, restartIdentity: {identity}}}}}\n\
             timeline:\n- {{at: 10s, kill: {{instance: g/0, for: 5s}}}}\n"
        ));
        let first = plan.instances[0].start.unwrap().1;
        plan.timeline.iter().find_map(|timed| match timed.action {
            Action::StartConsumer { client_id, fresh_host, .. } => Some((fresh_host, client_id == first)),
            _ => None,
        })
    };
    assert_eq!(fresh("host"), Some((false, true)));
    assert_eq!(fresh("pod"), Some((true, false)));
}

#[test]
fn expectations_on_a_broadcasting_group_are_those_of_its_members_then() {
    let plan = big().plan;
    let owners: Vec<(Option<SimTime>, &str)> = plan
        .expect
        .iter()
        .filter(|e| matches!(e.check, Check::ExactlyOneOwner { .. } | Check::BalancedWithin { .. }))
        .map(|e| (e.at, e.label.as_str()))
        .collect();
    let (early, late) = (Some(SimTime::from_secs(20)), Some(SimTime::from_secs(100)));
    assert_eq!(
        owners,
        [
            (early, "readers/0: each queue has exactly one owner"),
            (early, "readers/1: each queue has exactly one owner"),
            (late, "everybody has all (readers/0)"),
            (late, "everybody has all (readers/1)"),
        ]
    );
}

#[test]
fn a_transaction_takes_the_delay_off_and_a_delay_of_level_0_is_none() {
    let plan = plan_of(
        "topics: {t: {}}\nproducers:\n  p: {topic: t, delayLevel: 3, transaction: {}}\n  q: {topic: t, delayLevel: 0}\n",
    );
    assert!(plan.producers.iter().all(|producer| producer.delay_levels.is_empty()));
    let transaction = plan.producers[0].transaction.as_ref().unwrap();
    assert_eq!((transaction.outcome, transaction.check_outcome), ([1.0, 0.0, 0.0], [1.0, 0.0, 0.0]));
}

#[test]
fn warnings_name_what_hurts_in_the_life_of_a_message() {
    let cases = [
        ("producers: {p: {topic: t, delayLevel: 3, transaction: {}}}", "`delayLevel` has no effect in a transaction"),
        ("producers: {p: {topic: t, delayLevel: 19}}", "broker-a has the delay levels 1 to 18, not 19"),
        (
            "producers: {p: {topic: t, transaction: {outcome: {unknown: 1}, checkOutcome: {unknown: 1}}}}",
            "transactions whose outcome is unknown are never decided",
        ),
        (
            "producers: {p: {topic: t, keys: {count: 3}}}\ngroups: {g: {topics: t, consumeMode: ORDERLY}}",
            "messages of one key go to all queues, but g consumes in order",
        ),
        ("groups: {g: {topics: {t: {sql: a > 5}}}}", "broker-a does not serve SQL92 subscriptions"),
        (
            "cluster: {enablePropertyFilter: true}\ngroups: {g: {topics: {t: {sql: a IS NULL b}}}}",
            "`b` is not looked at",
        ),
        (
            "producers: {p: {topic: t, tags: a}}\ngroups: {g: {topics: {t: a || b}}}",
            "no producer of t sends the tag `b`",
        ),
        (
            "groups: {g: {topics: {t: a}, instances: [{}, {topics: {t: b}}]}}",
            "g/1 subscribes with other expressions than its group",
        ),
        ("groups: {g: {topics: t, maxReconsumeTimes: 0, listener: [{fail: true}]}}", "g never tries a message again"),
        (
            "groups: {g: {topics: t, consumeTimeout: 1s, serviceTime: 2s}}",
            "a call of the listener takes 2s in the mean, longer than `consumeTimeout` 1s",
        ),
        (
            "groups: {g: {topics: t, consumeMode: ORDERLY, consumeThreadMin: 8}}",
            "g has 8 threads a member for 4 queues in all",
        ),
        (
            "groups: {g: {topics: t, suspendCurrentQueueTimeMillis: 60000}}",
            "`suspendCurrentQueueTimeMillis` 1m counts as 30s",
        ),
        (
            "groups: {g: {topics: t, messageModel: BROADCASTING, strategy: consistentHash}}",
            "`strategy` has no effect in a broadcasting group",
        ),
        (
            "groups: {g: {topics: t, messageModel: BROADCASTING, listener: [{fail: true}]}}",
            "what fails in g is dropped",
        ),
    ];
    for (text, warning) in cases {
        let found = warnings(&format!("topics: {{t: {{}}}}\n{text}\n"));
        assert!(found.iter().any(|known| known == warning), "{text}\n  expected {warning}\n  got {found:#?}");
    }
}
