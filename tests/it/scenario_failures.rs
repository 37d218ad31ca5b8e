//! What scenario files say of failures: replicas, actions on servers and links, chaos, and timelines written anew.

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::{FlushDiskType, Role, SendMode};
use rocketmq_sim::protocol::address::Address;
use rocketmq_sim::scenario::plan::{Action, LinkEffect, NodeAction, Plan, TimedAction};
use rocketmq_sim::scenario::{Overrides, Scenario};
use rocketmq_sim::store::ids::BrokerIx;

pub(crate) const EVERYTHING: &str = include_str!("../data/scenarios/failures.yaml");

pub(crate) fn read(text: &str) -> Scenario {
    read_with(text, None)
}

pub(crate) fn read_with(text: &str, seed: Option<u64>) -> Scenario {
    let overrides = Overrides { seed, ..Overrides::default() };
    Scenario::read("x.yaml", text, &overrides).unwrap_or_else(|error| panic!("{}", error.one_line()))
}

pub(crate) fn plan_of(text: &str) -> Plan {
    read(text).plan
}

/// `10s kill broker-a`, …
pub(crate) fn story(plan: &Plan) -> Vec<String> {
    let words = |timed: &TimedAction| {
        let what = match &timed.action {
            Action::Node { node, what } => {
                let what = match what {
                    NodeAction::Start { empty_disk: true } => "start empty".to_owned(),
                    NodeAction::Start { .. } => "start".to_owned(),
                    NodeAction::LoseHost { disk_lost: true } => "lose disk of".to_owned(),
                    NodeAction::LoseHost { .. } => "lose host of".to_owned(),
                    other => format!("{other:?}").to_lowercase(),
                };
                format!("{what} {}", plan.node_label(*node))
            }
            Action::StartConsumer { instance, .. } => format!("start {}", plan.instances[instance.at()].name),
            Action::StopConsumer { instance } => format!("stop {}", plan.instances[instance.at()].name),
            Action::KillConsumer { instance } => format!("kill {}", plan.instances[instance.at()].name),
            Action::FreezeConsumer { instance } => format!("freeze {}", plan.instances[instance.at()].name),
            Action::ThawConsumer { instance } => format!("thaw {}", plan.instances[instance.at()].name),
            Action::Link { rule, on } => format!("{} {rule}", if *on { "cut" } else { "heal" }),
            other => format!("{other:?}"),
        };
        format!("{}s {what}", timed.at.as_millis() as f64 / 1000.0)
    };
    plan.timeline.iter().map(words).collect()
}

pub(crate) const SMALL: &str = "topics: {t: {}}\nproducers: {p: {topic: t}}\ngroups: {g: {topics: t, instances: 2}}\n";

pub(crate) fn small(rest: &str) -> Plan {
    plan_of(&format!("{SMALL}{rest}\n"))
}

#[test]
fn the_resolved_form_of_everything_that_can_fail_is_the_same_plan() {
    let scenario = read(EVERYTHING);
    let resolved = scenario.resolved_yaml();
    let again = read(&resolved);
    assert_eq!(again.plan, scenario.plan, "{resolved}");
    assert_eq!(again.resolved_yaml(), resolved);
    assert!(resolved.contains("fallible: true"));
}

#[test]
fn slaves_and_members_begin_with_the_settings_of_their_broker_and_have_labels() {
    let plan = plan_of(EVERYTHING);
    let labels: Vec<&str> = plan.replicas.iter().map(|replica| replica.label.as_str()).collect();
    let members = ["broker-b/n1", "broker-b/n2", "broker-b/n3", "broker-b/n4", "broker-c/n1", "broker-c/n2"];
    assert_eq!(labels, [["broker-a/1", "broker-a/2"].as_slice(), &members].concat());
    assert_eq!(plan.process_label(BrokerIx::new(0)), "broker-a");
    assert_eq!(plan.process_label(BrokerIx::new(1)), "broker-b/n0");
    assert_eq!(plan.process_label(BrokerIx::new(4)), "broker-a/1");
    let master = &plan.brokers[0].config.replication;
    let slave = &plan.replicas[0].config;
    assert_eq!((master.broker_role, master.flush_disk_type), (Role::SyncMaster, FlushDiskType::SyncFlush));
    assert_eq!(slave.replication.broker_role, Role::Slave);
    assert_eq!(slave.replication.flush_disk_type, FlushDiskType::AsyncFlush);
    assert_eq!(slave.replication.ha_bandwidth, Some(10 << 20));
    assert_eq!(slave.pull_handling, Distribution::constant_duration(SimDuration::from_millis(1)));
    assert_eq!(master.sync_flush_timeout, SimDuration::from_secs(2));
    assert_eq!(plan.replicas[1].start_at, SimTime::from_secs(1));
    assert_eq!(plan.replicas[1].nameservers.iter().map(|ns| ns.0).collect::<Vec<_>>(), [1]);
    assert!(plan.replicas[2..].iter().all(|member| member.config.replication.broker_role == Role::Dledger));
    let group = plan.brokers[1].dledger.as_ref().unwrap();
    assert_eq!((group.members, group.preferred_leader), (5, Some(1)));
    assert_eq!(group.max_vote_interval, SimDuration::from_secs(2));
    assert_eq!(plan.replicas[2].nameservers, plan.brokers[1].nameservers);
    assert!(plan.brokers[0].dledger.is_none() && plan.brokers[2].dledger.is_some());
    assert_eq!(plan.nameservers[0].order_topics.len(), 1);
}

#[test]
fn replicas_of_the_cluster_are_those_of_every_broker_that_says_nothing_else() {
    let plan = small("cluster: {brokers: {a: {}, b: {slaves: 0}, c: {slaves: 2}, d: {dledger: {}}}, slaves: 1}");
    let labels: Vec<&str> = plan.replicas.iter().map(|replica| replica.label.as_str()).collect();
    assert_eq!(labels, ["a/1", "c/1", "c/2", "d/n1", "d/n2"]);
    let plan = small("cluster: {brokers: 2, dledger: {}}");
    assert_eq!(plan.replicas.len(), 4);
    assert!(plan.brokers.iter().all(|broker| broker.config.replication.broker_role == Role::Dledger));
}

#[test]
fn a_topic_to_come_has_the_queues_it_can_get_at_most_on_every_broker_that_creates_topics() {
    let plan = plan_of(EVERYTHING);
    let topic = plan.topics.iter().find(|topic| topic.name == "u").unwrap();
    assert!(topic.auto_create);
    let on: Vec<(u32, u32)> = topic.brokers.iter().map(|on| (on.broker.0, on.write_queue_nums)).collect();
    assert_eq!(on, [(0, 8), (1, 8), (2, 2)]);
    let u = plan.topics.iter().position(|topic| topic.name == "u").unwrap();
    assert_eq!(plan.queues.iter().filter(|queue| queue.topic.at() == u).count(), 18);
}

#[test]
fn producers_send_as_the_file_says() {
    let plan = plan_of(EVERYTHING);
    let configs: Vec<_> = plan.producers.iter().map(|producer| &producer.config).collect();
    assert_eq!(
        [configs[0].mode, configs[2].mode, configs[3].mode],
        [SendMode::Async, SendMode::Oneway, SendMode::Sync]
    );
    assert_eq!(configs[0].retry_times_when_send_async_failed, 1);
    assert!(configs[2].send_latency_fault_enable && configs[3].retry_another_broker_when_not_store_ok);
    assert_eq!(configs[2].default_topic_queue_nums, 16);
    assert_eq!(plan.producers[0].nameservers.len(), 1);
    assert_eq!(plan.instances[0].nameservers.iter().map(|ns| ns.0).collect::<Vec<_>>(), [1]);
    let h: Vec<usize> =
        plan.instances.iter().filter(|i| i.name.starts_with("h/")).map(|i| i.nameservers.len()).collect();
    assert_eq!(h, [1, 2]);
}

#[test]
fn actions_on_servers_are_taken_apart_like_those_on_consumers() {
    let plan = small(
        "cluster: {slaves: 1, nameservers: 2}\nzones: {east: [broker-a, g/0]}\ntimeline:\n\
         - {at: 10s, kill: {node: broker-a, for: 5s, emptyDisk: true}}\n\
         - {at: 20s, freeze: {of: nameservers, for: 1s}}\n- {at: 30s, restart: {of: p, after: 2s, by: kill}}\n\
         - {at: 40s, loseHost: {of: east, disk: lost, for: 3s}}\n- {at: 50s, stop: broker-a/*}\n\
         - {at: 51s, start: brokers}\n- {at: 60s, kill: g}\n- {at: 61s, start: g/*}\n- {at: 70s, kill: broker-a/0}",
    );
    assert!(plan.fallible);
    let expected = [
        "10s kill broker-a",
        "15s start empty broker-a",
        "20s freeze nameserver-a",
        "20s freeze nameserver-b",
        "21s thaw nameserver-a",
        "21s thaw nameserver-b",
        "30s kill p/0",
        "32s start p/0",
        "40s lose disk of g/0",
        "40s lose disk of broker-a",
        "43s start g/0",
        "43s start empty broker-a",
        "50s stop broker-a",
        "50s stop broker-a/1",
        "51s start broker-a",
        "51s start broker-a/1",
        "60s kill g/0",
        "60s kill g/1",
        "61s start g/0",
        "61s start g/1",
        "70s kill broker-a",
    ];
    assert_eq!(story(&plan), expected);
    assert_eq!(plan.timeline[0].label, "kill broker-a for 5s, then with an empty disk");
    assert_eq!(plan.timeline[1].label, "start broker-a again");
}

#[test]
fn the_name_of_a_raft_group_is_all_its_members_and_that_of_a_master_only_the_master() {
    let plan = small(
        "cluster: {brokers: {a: {slaves: 1}, b: {dledger: {}}}}\ntimeline:\n- {at: 1s, freeze: {of: [a, b], for: 1s}}",
    );
    assert_eq!(plan.timeline.len(), 8);
    assert_eq!(story(&plan)[..4], ["1s freeze a", "1s freeze b/n0", "1s freeze b/n1", "1s freeze b/n2"]);
}

#[test]
fn links_break_between_the_named_sets_and_heal_by_time_by_name_or_all_together() {
    let plan = small(
        "cluster: {slaves: 1}\ntimeline:\n\
         - {at: 10s, partition: {between: [broker-a/1, others], for: 5s}}\n\
         - {at: 11s, partition: {between: [[broker-a, broker-a/1], nameservers], oneWay: true, name: cut}}\n\
         - {at: 12s, slowLink: {from: g, to: broker-a, latency: 5ms, loss: 0.1, bandwidth: 1KiB/s}}\n\
         - {at: 13s, heal: cut}\n- {at: 20s, heal: all}\n- {at: 30s, resetConnections: {between: [g, brokers]}}",
    );
    let expected =
        ["10s cut 0", "11s cut 1", "12s cut 2", "12s cut 3", "12s cut 4", "13s heal 1", "15s heal 0", "20s heal 2"];
    let story = story(&plan);
    assert_eq!(story[..8], expected);
    assert_eq!(story[8..10], ["20s heal 3", "20s heal 4"]);
    let rules = &plan.link_rules;
    assert_eq!(rules.len(), 6);
    let label = |node: &Address| plan.node_label(*node);
    assert_eq!(rules[0].from.iter().map(label).collect::<Vec<_>>(), ["broker-a/1"]);
    assert_eq!(rules[0].to.iter().map(label).collect::<Vec<_>>(), ["g/0", "g/1", "nameserver-a", "broker-a", "p/0"]);
    let both: Vec<bool> = rules.iter().map(|rule| rule.both_ways).collect();
    assert_eq!(both, [true, false, false, false, false, true]);
    assert_eq!(rules[2].effect, LinkEffect::Latency(Distribution::Constant(5_000_000)));
    assert_eq!((&rules[3].effect, &rules[4].effect), (&LinkEffect::Loss(0.1), &LinkEffect::Bandwidth(1024)));
    assert_eq!(plan.timeline[6].label, "the end of: partition between broker-a/1 and others for 5s");
    assert!(matches!(plan.timeline[10].action, Action::ResetConnections { rule: 5 }));
}

#[test]
fn what_an_entry_sets_for_a_time_is_as_configured_afterwards_unless_another_entry_came() {
    let plan = small(
        "cluster: {diskSize: 10GiB, diskUsed: 1GiB}\ntimeline:\n\
         - {at: 10s, slowFlush: {broker: broker-a, time: 9ms, for: 10s}}\n\
         - {at: 15s, slowFlush: {broker: broker-a, time: 50ms, for: 10s}}\n\
         - {at: 16s, diskUsed: {broker: broker-a, size: 9GiB, for: 1s}}\n\
         - {at: 17s, clock: {broker: broker-a, offset: -250ms, for: 1s}}\n\
         - {at: 18s, wipeWritePerm: {broker: broker-a, for: 1s}}",
    );
    let broker = BrokerIx::new(0);
    let flush =
        |millis: u64| Action::SetFlushTime { broker, flush_time: Some(Distribution::Constant(millis * 1_000_000)) };
    let actions: Vec<(u64, Action)> =
        plan.timeline.iter().map(|timed| (timed.at.as_millis() / 1000, timed.action.clone())).collect();
    let permission = |writable| Action::SetWritePerm { broker, nameserver: None, writable };
    let expected = [
        (10, flush(9)),
        (15, flush(50)),
        (16, Action::SetDiskUsed { broker, bytes: 9 << 30 }),
        (17, Action::SetDiskUsed { broker, bytes: 1 << 30 }),
        (17, Action::SetClock { broker, offset_ms: -250 }),
        (18, Action::SetClock { broker, offset_ms: 0 }),
        (18, permission(false)),
        (19, permission(true)),
        (25, Action::SetFlushTime { broker, flush_time: None }),
    ];
    assert_eq!(actions, expected);
}

#[test]
fn a_rolling_restart_takes_several_at_once_pauses_and_surges_with_new_members() {
    let roll = |how: &str| story(&small(&format!("timeline:\n- {{at: 10s, rollingRestart: {{group: g, {how}}}}}")));
    assert_eq!(roll("unavailable: 2, every: 20s"), ["10s stop g/0", "10s stop g/1", "15s start g/0", "15s start g/1"],);
    assert_eq!(
        roll("pause: 7s, downtime: 3s, by: kill"),
        ["10s kill g/0", "13s start g/0", "20s kill g/1", "23s start g/1"],
    );
    assert_eq!(
        roll("surge: 1, overlap: 4s, pause: 6s"),
        ["10s start g/2", "14s stop g/0", "20s start g/0", "24s stop g/1"],
    );
    let servers = small("cluster: {brokers: 2}\ntimeline:\n- {at: 10s, rollingRestart: {nodes: brokers, every: 1m}}");
    assert_eq!(story(&servers), ["10s stop broker-a", "15s start broker-a", "70s stop broker-b", "75s start broker-b"]);
}

#[test]
fn an_autoscaler_has_a_client_id_for_every_member_it_may_start() {
    let plan = plan_of(EVERYTHING);
    let [scaler] = plan.autoscalers.as_slice() else { panic!("one autoscaler") };
    assert_eq!((scaler.min, scaler.max, scaler.target_lag, scaler.graceful), (2, 6, 100, false));
    assert_eq!(scaler.instances.len(), 6);
    let running = scaler.instances.iter().filter(|(instance, _)| plan.instances[instance.at()].start.is_some()).count();
    assert_eq!(running, 2);
    let first = plan.instances[scaler.instances[0].0.at()].start.unwrap().1;
    assert!(scaler.instances.iter().all(|(_, client)| *client != first));
    let ids: Vec<&str> = scaler.instances.iter().map(|(_, client)| plan.client_ids[client.at()].as_str()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

#[test]
fn consumers_that_fail_by_themselves_make_no_plan_fallible_and_everything_else_does() {
    let fallible = |rest: &str| small(rest).fallible;
    for rest in [
        "timeline:\n- {at: 1s, kill: {instance: g/0, for: 3s}}\n- {at: 2s, freeze: g/1}",
        "autoscalers: {a: {group: g, targetLag: 9, min: 1, max: 3}}",
        "cluster: {brokers: 2, nameservers: 2, registerNameServerPeriod: 10s}",
        "chaos: {until: 1m, rates: {killConsumer: 6/m, freezeConsumer: 6/m}}",
        "timeline:\n- {at: 9s, rollingRestart: {group: g, surge: 1, every: 20s}}",
    ] {
        assert!(!fallible(rest), "{rest}");
    }
    for rest in [
        "fallible: true",
        "cluster: {slaves: 1}",
        "cluster: {dledger: {}}",
        "cluster: {flushDiskType: SYNC_FLUSH}",
        "cluster: {brokers: {a: {diskSize: 1TiB}}}",
        "cluster: {nameservers: 2, brokers: {a: {nameservers: nameserver-b}}}",
        "cluster: {nameservers: {n: {orderTopics: {t: {broker-a: 2}}}}}",
        "timeline:\n- {at: 1s, loseHost: g/0}",
        "timeline:\n- {at: 3s, kill: p/0}",
        "timeline:\n- {at: 1s, freeze: broker-a}",
        "timeline:\n- {at: 1s, partition: {between: [g, brokers]}}",
        "timeline:\n- {at: 1s, pageCacheBusy: {broker: broker-a, for: 1s}}",
        "chaos: {until: 1m, rates: {partition: 60/m}}",
    ] {
        assert!(fallible(rest), "{rest}");
    }
}

#[test]
fn warnings_name_what_never_heals_and_what_has_no_effect() {
    let cases = [
        ("timeline:\n- {at: 9s, partition: {between: [g, brokers]}}", "`partition between g and brokers` never heals"),
        ("timeline:\n- {at: 9s, kill: broker-a}", "broker-a is still away at the end"),
        ("chaos: {until: 170s, rates: {killBroker: 1/m}}", "chaos ends 10s before the run does"),
        ("cluster: {brokerRole: SYNC_MASTER}", "broker-a is a SYNC_MASTER without a slave"),
        ("cluster: {slaveReadEnable: true}", "`slaveReadEnable` has no effect: broker-a has no slave"),
        ("cluster: {slaveReadEnable: true, slaves: {2: {}}}", "broker-a has no slave 1 to send slow consumers to"),
        ("cluster: {haBandwidth: 1MiB/s}", "`haBandwidth` has no effect: broker-a has no slave"),
        ("cluster: {dledger: {members: 2}}", "broker-a is a Raft group of 2 members"),
        ("cluster: {dledger: {members: 1}}", "broker-a is a Raft group of one"),
        (
            "cluster: {nameservers: 2, brokers: {a: {nameservers: nameserver-a}}}",
            "no broker registers with nameserver-b",
        ),
        ("expect:\n- {acknowledgedLost: {equals: 0}}", "this is not measured"),
        ("expect:\n- {count: {counter: elections, atMost: 0}}", "this is not measured"),
    ];
    for (rest, warning) in cases {
        let found: Vec<String> =
            read(&format!("{SMALL}{rest}\n")).warnings().iter().map(|warning| warning.message().to_owned()).collect();
        assert!(found.iter().any(|known| known == warning), "{rest}\n  expected {warning}\n  got {found:#?}");
    }
    let own = |producer: &str| {
        let text =
            format!("topics: {{t: {{}}, u: {{autoCreate: true}}}}\nproducers: {{p: {{topic: t, {producer}}}}}\n");
        read(&text).warnings().iter().map(|warning| warning.message().to_owned()).collect::<Vec<_>>()
    };
    assert!(own("").contains(&"nobody sends to u, so it is never created".to_owned()));
    assert!(own("sendLatencyFaultEnable: true").contains(&"`sendLatencyFaultEnable` has no effect".to_owned()));
    let retries = "`retryTimesWhenSendAsyncFailed` has no effect".to_owned();
    assert!(own("retryTimesWhenSendAsyncFailed: 9").contains(&retries));
    assert!(!own("mode: async, retryTimesWhenSendAsyncFailed: 9").contains(&retries));
}
