//! Scenario files: what is shipped, what the resolved form and the overrides promise.

use std::path::{Path, PathBuf};

use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::scenario::plan::Action;
use rocketmq_sim::scenario::reference::markdown_reference;
use rocketmq_sim::scenario::schema::{json_schema, json_schema_text};
use rocketmq_sim::scenario::{Overrides, Scenario, load};

fn shipped() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
        .collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

fn read(path: &Path, text: &str) -> Scenario {
    let name = path.file_name().unwrap().to_str().unwrap();
    match Scenario::read(name, text, &Overrides::default()) {
        Ok(scenario) => scenario,
        Err(error) => panic!("{}", error.one_line()),
    }
}

#[test]
fn every_shipped_scenario_resolves_to_the_same_plan_as_its_resolved_form() {
    let files = shipped();
    assert!(!files.is_empty());
    let everything = include_str!("../data/scenarios/everything.yaml").to_owned();
    let messages = include_str!("../data/scenarios/messages.yaml").to_owned();
    let more = [("everything.yaml", everything), ("messages.yaml", messages)];
    for (path, text) in files.into_iter().chain(more.map(|(name, text)| (PathBuf::from(name), text))) {
        let scenario = read(&path, &text);
        let resolved = scenario.resolved_yaml();
        let again = read(&path, &resolved);
        assert_eq!(again.plan, scenario.plan, "{}:\n{resolved}", path.display());
        assert_eq!(again.resolved_yaml(), resolved, "{}", path.display());
    }
}

#[test]
fn every_shipped_scenario_points_editors_at_the_schema_and_says_what_it_teaches() {
    for (path, text) in shipped() {
        let plan = read(&path, &text).plan;
        assert_eq!(text.lines().next(), Some("# yaml-language-server: $schema=schema.json"), "{}", path.display());
        assert_eq!(Some(plan.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
        assert!(!plan.title.is_empty() && plan.title != plan.name, "{}", path.display());
        assert!(plan.description.len() > 200, "{}", path.display());
        assert!(!plan.sources.is_empty(), "{}", path.display());
        assert!(!plan.expect.is_empty(), "{}", path.display());
    }
}

#[test]
fn scale_out_lists_four_instances_of_which_three_run_from_the_beginning() {
    let text = include_str!("../../scenarios/scale-out.yaml");
    let plan = load("scale-out.yaml", text, &Overrides::default()).unwrap();
    let running = plan.instances.iter().filter(|instance| instance.start.is_some()).count();
    assert_eq!((plan.instances.len(), running, plan.timeline.len()), (4, 3, 1));
    let ids: Vec<&str> = plan.client_ids.iter().map(String::as_str).filter(|id| id.starts_with("10.")).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.is_sorted(), "{ids:?}");
}

/// Text that is made from the code; `UPDATE=1 cargo test --test it scenario` writes it anew.
#[allow(clippy::disallowed_methods, reason = "asked for by a person, and it changes no result")]
fn keep_current(path: &Path, fresh: &str) {
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(path, fresh).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == fresh, "{} is out of date; UPDATE=1 cargo test --test it scenario", path.display());
}

#[test]
fn the_checked_in_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/schema.json");
    keep_current(&path, &json_schema_text());
}

#[test]
fn the_reference_of_all_keys_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenarios.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("<!-- keys:").unwrap();
    let (remark, rest) = rest.split_once("-->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of keys -->").unwrap();
    let keys = markdown_reference();
    keep_current(&path, &format!("{before}<!-- keys:{remark}-->\n\n{keys}<!-- end of keys -->{after}"));
}

/// The default that a description states, if it is a plain value.
fn stated_default(description: &str) -> Option<&str> {
    let (_, default) = description.split_once("Default `")?;
    default.split_once('`').map(|(value, _)| value)
}

#[test]
fn documented_defaults_are_those_that_are_filled_in() {
    let text = "topics: {t: {preload: {perQueue: 1}}}\nproducers: {p: {topic: t}}\ngroups: {g: {topics: t}}\n\
                timeline:\n- {at: 1s, scale: {group: g, instances: 1}}\n- {at: 2s, rollingRestart: {group: g, every: 1s}}\n\
                expect:\n- {orphanTime: {group: g, atMost: 1s}}\n- {movedQueues: {group: g, atMost: 1}}\n";
    let scenario = Scenario::read("x.yaml", text, &Overrides::default()).unwrap();
    let filled: serde_json::Value = serde_yaml::from_str(&scenario.resolved_yaml()).unwrap();
    let schema = json_schema();
    let places = [
        ("", ""),
        ("Cluster", "/cluster"),
        ("Network", "/cluster/network"),
        ("Handling", "/cluster/handling"),
        ("Nameserver", "/cluster/nameservers/nameserver-a"),
        ("Topic", "/topics/t"),
        ("Preload", "/topics/t/preload"),
        ("Producer", "/producers/p"),
        ("Group", "/groups/g"),
        ("Scale", "/timeline/0/scale"),
        ("Restart", "/timeline/1/rollingRestart"),
        ("SpanCheck", "/expect/0/orphanTime"),
        ("MovedCheck", "/expect/1/movedQueues"),
    ];
    let mut compared = 0;
    for (name, place) in places {
        let mapping = if name.is_empty() { &schema } else { &schema["$defs"][name] };
        for (key, value) in mapping["properties"].as_object().unwrap() {
            let description = value["description"].as_str().unwrap_or_default();
            let filled = filled.pointer(&format!("{place}/{key}"));
            let Some(default) = stated_default(description) else {
                continue;
            };
            let words = match filled {
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(serde_json::Value::Object(map)) => map.len().to_string(),
                Some(other) => other.to_string(),
                None => panic!("{place}/{key} is not filled in"),
            };
            assert_eq!(words, default, "{place}/{key}");
            compared += 1;
        }
    }
    assert!(compared >= 70, "only {compared} defaults were compared");
}

#[test]
fn every_key_says_what_it_means() {
    let schema = json_schema();
    let mut mappings = vec![("Scenario", &schema)];
    mappings.extend(schema["$defs"].as_object().unwrap().iter().map(|(name, mapping)| (name.as_str(), mapping)));
    for (name, mapping) in mappings {
        for (key, value) in mapping["properties"].as_object().into_iter().flatten() {
            assert!(value["description"].as_str().is_some_and(|words| words.len() > 3), "{name}.{key}");
        }
    }
}

fn plan_with(sets: &[&str]) -> rocketmq_sim::scenario::plan::Plan {
    let text = include_str!("../../scenarios/scale-out.yaml");
    let set = sets.iter().map(|set| (*set).to_owned()).collect();
    let overrides = Overrides { set, ..Overrides::default() };
    load("scale-out.yaml", text, &overrides).unwrap_or_else(|error| panic!("{}", error.one_line()))
}

#[test]
fn an_override_replaces_a_value_or_adds_a_key_that_the_file_leaves_out() {
    let plan = plan_with(&[
        "groups.order_consumer.consumeThreadMin=7",
        "cluster.network.clientToBroker={uniform: {min: 1ms, max: 2ms}}",
        "timeline.0.at=90s",
        "expect.1.at=91s",
        "seed=3",
        "seed=4",
    ]);
    assert!(plan.instances.iter().all(|instance| instance.config.consume_thread_min == 7));
    assert_eq!(plan.network.client_broker, Distribution::Uniform { min: 1_000_000, max: 2_000_000 });
    assert_eq!(plan.timeline[0].at, SimTime::from_secs(90));
    assert_eq!(plan.seed, 4);
}

#[test]
fn until_leaves_out_what_would_come_later_and_survives_the_resolved_form() {
    let text = include_str!("../../scenarios/scale-out.yaml");
    let until = Some(SimDuration::from_secs(60));
    let overrides = Overrides { until, ..Overrides::default() };
    let scenario = Scenario::read("scale-out.yaml", text, &overrides).unwrap();
    assert_eq!(scenario.plan.duration, SimDuration::from_secs(60));
    assert_eq!((scenario.plan.timeline.len(), scenario.plan.expect.len()), (0, 1));
    let again = load("x.yaml", &scenario.resolved_yaml(), &Overrides::default()).unwrap();
    assert_eq!(again, scenario.plan);
}

#[test]
fn a_rate_is_shared_by_the_instances_of_a_producer() {
    let plan = plan_with(&["producers.order_producer.instances=4", "producers.order_producer.limit=10"]);
    let shares: Vec<f64> = plan.producers.iter().map(|producer| producer.arrivals.profile[0].rate).collect();
    let limits: Vec<u64> = plan.producers.iter().filter_map(|producer| producer.limit).collect();
    assert_eq!((shares, limits), (vec![100.0; 4], vec![3, 3, 2, 2]));
}

#[test]
fn start_jitter_of_one_member_does_not_depend_on_how_many_there_are() {
    let starts = |instances: u32| -> Vec<SimTime> {
        let count = format!("groups.order_consumer.instances={instances}");
        let plan = plan_with(&[&count, "groups.order_consumer.startJitter=20s", "timeline.0.scale.instances=9"]);
        plan.instances.iter().filter_map(|instance| instance.start.map(|(at, _)| at)).collect()
    };
    let (three, six) = (starts(3), starts(6));
    assert_eq!(three, six[..3]);
    let spread: std::collections::BTreeSet<SimTime> = six.iter().copied().collect();
    assert_eq!(spread.len(), 6);
    assert!(spread.iter().all(|at| (SimTime::from_secs(1)..=SimTime::from_secs(21)).contains(at)));
}

#[test]
fn a_pod_comes_back_with_another_address_and_a_host_with_its_own() {
    let text = |identity: &str| {
        format!(
            "topics: {{t: {{}}}}\ngroups: {{g: {{topics: t, instances: 2, restartIdentity: {identity}}}}}\n\
             timeline:\n- {{at: 10s, stop: {{instance: g/0, for: 5s}}}}\n"
        )
    };
    let addresses = |identity: &str| -> (String, String) {
        let plan = load("x.yaml", &text(identity), &Overrides::default()).unwrap();
        let id = |client: rocketmq_sim::store::ids::ClientIx| plan.client_ids[client.at()].clone();
        let first = id(plan.instances[0].start.unwrap().1);
        let again = plan.timeline.iter().find_map(|timed| match timed.action {
            Action::StartConsumer { client_id, .. } => Some(id(client_id)),
            _ => None,
        });
        (first, again.unwrap())
    };
    let ip = |id: &str| id.split('@').next().unwrap().to_owned();
    let (first, again) = addresses("host");
    assert!(first != again && ip(&first) == ip(&again), "{first} {again}");
    let (first, again) = addresses("pod");
    assert!(ip(&first) != ip(&again), "{first} {again}");
}

#[test]
fn client_ids_sort_like_the_numbers_of_a_thousand_members() {
    let plan = plan_with(&["groups.order_consumer.instances=1000"]);
    let clients: Vec<u32> = plan.instances.iter().filter_map(|instance| instance.start.map(|(_, c)| c.0)).collect();
    assert_eq!(clients.len(), 1000);
    assert!(clients.is_sorted());
}

#[test]
fn a_rolling_restart_is_taken_apart_into_stops_and_starts() {
    let text = "topics: {t: {}}\ngroups: {g: {topics: t, instances: 3}}\n\
                timeline:\n- {at: 10s, rollingRestart: {group: g, every: 20s, downtime: 5s}}\n";
    let plan = load("x.yaml", text, &Overrides::default()).unwrap();
    let steps: Vec<(u64, &str, u32)> = plan
        .timeline
        .iter()
        .map(|timed| match timed.action {
            Action::StopConsumer { instance } => (timed.at.as_millis() / 1000, "stop", instance.0),
            Action::StartConsumer { instance, .. } => (timed.at.as_millis() / 1000, "start", instance.0),
            _ => panic!("{timed:?}"),
        })
        .collect();
    let expected =
        [(10, "stop", 0), (15, "start", 0), (30, "stop", 1), (35, "start", 1), (50, "stop", 2), (55, "start", 2)];
    assert_eq!(steps, expected);
}

#[test]
fn scaling_stops_the_highest_and_starts_the_lowest_numbers() {
    let text = "topics: {t: {}}\ngroups: {g: {topics: t, instances: 4}}\n\
                timeline:\n- {at: 10s, kill: g/1}\n- {at: 20s, scale: {group: g, instances: 2}}\n\
                - {at: 30s, scale: {group: g, instances: 5, every: 1s}}\n";
    let plan = load("x.yaml", text, &Overrides::default()).unwrap();
    let steps: Vec<(u64, String)> = plan
        .timeline
        .iter()
        .map(|timed| {
            let words = match timed.action {
                Action::KillConsumer { instance } => format!("kill {}", instance.0),
                Action::StopConsumer { instance } => format!("stop {}", instance.0),
                Action::StartConsumer { instance, .. } => format!("start {}", instance.0),
                _ => panic!("{timed:?}"),
            };
            (timed.at.as_millis() / 1000, words)
        })
        .collect();
    let steps: Vec<(u64, &str)> = steps.iter().map(|(at, words)| (*at, words.as_str())).collect();
    assert_eq!(steps, [(10, "kill 1"), (20, "stop 3"), (30, "start 1"), (31, "start 3"), (32, "start 4")]);
}

#[test]
fn queues_of_every_time_are_numbered_by_topic_broker_and_id() {
    let text = "cluster: {brokers: 2}\ntopics: {b: {queues: 2}, a: {queues: 1, brokers: broker-b}}\n\
                timeline:\n- {at: 10s, setQueues: {topic: a, queues: 2, brokers: [broker-a]}}\n\
                - {at: 20s, setQueues: {topic: a, queues: 3}}\n";
    let plan = load("x.yaml", text, &Overrides::default()).unwrap();
    let names: Vec<String> = plan
        .queues
        .iter()
        .map(|q| format!("{}@{}:{}", plan.topics[q.topic.at()].name, plan.brokers[q.broker.at()].name, q.queue_id))
        .collect();
    let expected = "a@broker-a:0 a@broker-a:1 a@broker-a:2 a@broker-b:0 a@broker-b:1 a@broker-b:2 \
                    b@broker-a:0 b@broker-a:1 b@broker-b:0 b@broker-b:1";
    assert_eq!(names.join(" "), expected);
    let last: Vec<u32> = plan
        .timeline
        .iter()
        .filter_map(|timed| match timed.action {
            Action::SetTopicQueues { queues, .. } if timed.at == SimTime::from_secs(20) => Some(queues.broker.0),
            _ => None,
        })
        .collect();
    assert_eq!(last, [0, 1]);
}

#[test]
fn rocketmq_settings_take_bare_milliseconds_and_other_times_do_not() {
    let plan = plan_with(&["groups.order_consumer.heartbeatBrokerInterval=15000"]);
    assert_eq!(plan.groups[0].config.client.heartbeat_broker_interval, SimDuration::from_secs(15));
    let text = include_str!("../../scenarios/scale-out.yaml");
    let overrides = Overrides { set: vec!["duration=180".to_owned()], ..Overrides::default() };
    let error = load("scale-out.yaml", text, &overrides).unwrap_err();
    assert_eq!(error.message(), "missing unit after 180");
}
