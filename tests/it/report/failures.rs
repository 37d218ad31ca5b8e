//! What a report shows of servers that fail.

use std::sync::Arc;

use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::node::config::BrokerConfig;
use rocketmq_sim::node::fact::{CallKind, Disconnection, NodeStop, RaftRoleNow, RoleNow};
use rocketmq_sim::protocol::address::Address;
use rocketmq_sim::protocol::message::CallError;
use rocketmq_sim::report::{Style, files, terminal};
use rocketmq_sim::run::outcome::*;
use rocketmq_sim::scenario::plan::{Action, NodeAction, ReplicaPlan, TimedAction};
use rocketmq_sim::store::ids::*;

use super::fixture::{Shape, outcome};
use super::{assert_no_text_leaves, assert_well_formed, summary_json, texts};

const A: BrokerIx = BrokerIx(0);
const B: BrokerIx = BrokerIx(1);
/// The slave of `broker-a`.
const SLAVE: BrokerIx = BrokerIx(2);
const NAMESERVER: NameserverIx = NameserverIx(0);
const G: GroupIx = GroupIx(0);

fn ms(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

fn member(number: u32) -> Address {
    Address::Consumer(InstanceIx(number))
}

/// Two broker names, one with a slave, whose master is killed at 120 s and starts again at 200 s.
pub(super) fn failing() -> Outcome {
    let shape =
        Shape { name: "failing", brokers: 2, queues: 16, before: 4, after: 4, troubled: false, ..Shape::scale_out() };
    let mut outcome = outcome(&shape);
    let plan = Arc::make_mut(&mut outcome.plan);
    plan.fallible = true;
    plan.replicas = vec![ReplicaPlan {
        label: "broker-a/1".to_owned(),
        broker: A,
        id: 1,
        config: BrokerConfig::default(),
        start_at: SimTime::ZERO,
        nameservers: vec![NAMESERVER],
    }];
    let master = Address::Broker(A);
    plan.timeline = vec![
        TimedAction {
            at: ms(120_000),
            label: "kill broker-a for 80s".to_owned(),
            action: Action::Node { node: master, what: NodeAction::Kill },
        },
        TimedAction {
            at: ms(200_000),
            label: "start broker-a again".to_owned(),
            action: Action::Node { node: master, what: NodeAction::Start { empty_disk: false } },
        },
    ];
    outcome.facts.retain(|record| !matches!(record.fact, Fact::Action(_)));
    history(&mut outcome);
    outcome.facts.sort_by_key(|record| record.at);
    outcome.failures = failures(outcome.end);
    let samples = outcome.series.times.len();
    outcome.series.failures.replication_lag =
        vec![vec![0; samples], vec![0; samples], (0..samples).map(|n| (n as u64 % 60) * 40_000).collect()];
    outcome.series.failures.disk = vec![(0..samples).map(|n| 40 + (n / 6) as u8).collect(), Vec::new(), Vec::new()];
    outcome.counters.add_to_cluster(Counter::SendsOk, 590_000);
    outcome.counters.add_to_cluster(Counter::SendsNotOk, 120);
    outcome.counters.add_to_cluster(Counter::SendsFailed, 77);
    outcome.counters.add_to_cluster(Counter::AcknowledgedLost, 31);
    outcome
}

fn history(outcome: &mut Outcome) {
    let master = Address::Broker(A);
    let mut fact = |at: u64, fact: Fact| outcome.facts.push(FactRecord { at: ms(at), fact });
    fact(120_000, Fact::Action(0));
    fact(120_000, Fact::NodeStopped { node: master, how: NodeStop::Killed });
    fact(120_000, Fact::LogCut { broker: A, from: 9_000, to: 8_000, messages: 40, acknowledged: 31 });
    let how = Disconnection::Closed;
    fact(120_001, Fact::Disconnected { client: Address::Nameserver(NAMESERVER), server: master, how });
    fact(120_001, Fact::BrokerExpired { nameserver: NAMESERVER, broker: A });
    fact(120_001, Fact::Replicating { slave: SLAVE, master: A, connected: false });
    for number in 0..4 {
        let client = member(number);
        fact(120_001, Fact::Disconnected { client, server: master, how });
        let at = 124_000 + u64::from(number) * 7_000;
        fact(at, Fact::MasterSeen { client, name: A, master: None });
        let (what, waited) = (CallKind::Pull, SimDuration::from_millis(30_400));
        fact(151_000 + u64::from(number), Fact::CallTimedOut { client, server: master, what, waited });
        let pulls = Fact::PullsFrom { instance: InstanceIx(number), group: G, name: A, process: SLAVE };
        fact(151_100 + u64::from(number), pulls);
        fact(212_000 + u64::from(number), Fact::MasterSeen { client, name: A, master: Some(A) });
    }
    let producer = Address::Producer(ProducerIx(0));
    for n in 0..600 {
        fact(120_050 + n * 25, Fact::ConnectFailed { client: producer, server: master, error: CallError::Refused });
    }
    for message in 0..77 {
        fact(120_100 + message * 150, Fact::SendFailed { producer: ProducerIx(0), message });
    }
    fact(135_000, Fact::MasterSeen { client: producer, name: A, master: None });
    fact(200_000, Fact::Action(1));
    fact(200_000, Fact::NodeStarted { node: master, kept: Some(8_000) });
    fact(200_010, Fact::BrokerRegistered { nameserver: NAMESERVER, broker: A, changed: true });
    fact(205_000, Fact::Replicating { slave: SLAVE, master: A, connected: true });
    fact(210_000, Fact::OffsetsTakenOver { slave: SLAVE, entries: 16, back: 8 });
    // A line each of what this run would not have together.
    fact(220_000, Fact::RaftRole { broker: A, role: RaftRoleNow::Candidate, term: 4 });
    fact(220_400, Fact::RaftRole { broker: A, role: RaftRoleNow::Leader, term: 5 });
    fact(220_450, Fact::RoleChanged { broker: A, role: RoleNow::Master, term: 5 });
    fact(230_000, Fact::DiskLevel { broker: B, percent: 90, writable: false });
    fact(231_000, Fact::FilesDeleted { broker: B, min: 1 << 30 });
    fact(240_000, Fact::Busy { broker: B, busy: true });
    fact(242_000, Fact::Busy { broker: B, busy: false });
    let (latency, lasts) = (SimDuration::from_millis(900), SimDuration::from_secs(30));
    fact(243_000, Fact::Avoided { producer: ProducerIx(0), name: B, latency, lasts });
    fact(244_000, Fact::TopicCreated { broker: B, topic: TopicIx(0), queues: 4 });
    fact(245_000, Fact::Scaled { group: G, from: 4, to: 6, lag: 12_345 });
}

fn failures(end: SimTime) -> FailureOutcome {
    let master = |name, from, to| MasterInterval { name, process: name, from: ms(from), to: ms(to) };
    let gap = |queue, to| ConsumeGap { group: G, queue: QueueIx(queue), from: ms(120_010), to: ms(to) };
    let belief = |of, about, from, to| Belief { of, about, from: ms(from), to: ms(to) };
    let mut beliefs: Vec<Belief> = (0..4)
        .flat_map(|number| {
            let about = BeliefAbout::Master(A);
            let learnt = 124_000 + u64::from(number) * 7_000;
            [
                belief(member(number), about, 120_000, learnt),
                belief(member(number), about, 200_000, 212_000),
                belief(member(number), BeliefAbout::Route(TopicIx(0)), 120_000, learnt),
            ]
        })
        .collect();
    beliefs.push(belief(Address::Producer(ProducerIx(0)), BeliefAbout::Master(A), 120_000, 135_000));
    beliefs.push(belief(Address::Broker(B), BeliefAbout::Members(G), 60_000, 60_400));
    let raft = |process, role, term, from, to| RaftInterval { process, role, term, from: ms(from), to: ms(to) };
    FailureOutcome {
        masters: vec![
            master(A, 0, 120_000),
            MasterInterval { name: B, process: B, from: SimTime::ZERO, to: end },
            master(A, 200_000, 300_000),
        ],
        send_gaps: vec![
            SendGap { topic: TopicIx(0), name: Some(A), from: ms(119_990), to: ms(200_400), failed: 77 },
            SendGap { topic: TopicIx(0), name: None, from: ms(119_995), to: ms(123_100), failed: 12 },
        ],
        consume_gaps: (0..8).map(|queue| gap(queue, 151_150 + u64::from(queue) * 13)).collect(),
        beliefs,
        raft: vec![
            raft(A, RaftRoleNow::Leader, 1, 0, 120_000),
            raft(SLAVE, RaftRoleNow::Follower, 1, 0, 126_000),
            raft(SLAVE, RaftRoleNow::Candidate, 2, 126_000, 128_000),
            raft(SLAVE, RaftRoleNow::Leader, 2, 128_000, 300_000),
            raft(A, RaftRoleNow::Follower, 2, 200_000, 300_000),
        ],
    }
}

#[test]
fn charts_of_failures_are_drawn_well_formed_and_within_their_sheets() {
    let outcome = failing();
    let texts = texts(&outcome);
    for chart in ["waterfall", "availability", "views", "raft", "replication_lag", "disk"] {
        let path = format!("charts/{chart}.svg");
        let svg = texts.get(&path).unwrap_or_else(|| panic!("{path} is missing"));
        assert_well_formed(&path, svg);
        assert!(svg.len() < 40_000, "{path}: {} bytes", svg.len());
    }
    assert_no_text_leaves(&outcome);
    assert_well_formed("index.html", &texts["index.html"]);
    let waterfall = &texts["charts/waterfall.svg"];
    for part in [">route poll<", "pollNameServerInterval = 30 s", ">pull timeout<", "8 queues and sends to 1 topic"] {
        assert!(waterfall.contains(part), "{part}\n{waterfall}");
    }
    assert!(texts["charts/views.svg"].contains(">broker-a</text>"));
}

#[test]
fn the_terminal_tells_who_noticed_and_what_it_cost() {
    let text = terminal(&failing(), Style::Plain);
    for part in [
        "31  acknowledged messages lost",
        "broker-a is killed: the kernel closes its connections",
        "nameserver-0 forgets broker-a",
        "learns from the route that broker-a has no master",
        "order_consumer/0–3 pull the queues of broker-a from broker-a/1",
        "order_consumer/0–3: 4 pulls to broker-a without an answer, each up to 30.4 s",
        "600 attempts to connect to broker-a up to",
        "40 messages are lost at broker-a; producers had been told that 31 of them are stored",
        "8 queues stand still for order_consumer, for 31.1 s to 31.2 s",
        "no send to order_topic succeeds for 3.1",
        "broker-a/1 takes over the master's offsets: 8 offsets go back",
        "the disk of broker-b is 90 % full: it takes no messages",
        "broker-b begins to refuse sends: too busy",
        "scales order_consumer from 4 to 6 at a lag of 12,345 messages",
        "Timer budget of each outage",
        "pollNameServerInterval",
        "How sends ended",
    ] {
        assert!(text.contains(part), "missing: {part}\n{text}");
    }
    assert!(text.lines().filter(|line| line.contains("failed for good")).count() < 6, "never a line per failed send");
}

#[test]
fn failed_calls_of_one_second_are_one_event_with_their_number() {
    let outcome = failing();
    let events = &texts(&outcome)["events.jsonl"];
    let refused: Vec<serde_json::Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &serde_json::Value| event["event"] == "connect_failed")
        .collect();
    assert!(refused.len() < 20, "{}", refused.len());
    assert_eq!(refused.iter().map(|event| event["times"].as_u64().unwrap_or(1)).sum::<u64>(), 600);
    assert_eq!(refused[0]["client"], "order_producer/0");
    assert_eq!(refused[0]["server"], "broker-a");
}

#[test]
fn the_summary_has_the_outage_with_its_bars_and_a_run_without_failures_has_none() {
    let outcome_of = failing();
    let heads = texts(&outcome_of)["series.csv"].lines().next().unwrap().to_owned();
    assert!(heads.contains("replication_lag_bytes:broker-a/1,") && heads.contains("disk_percent:broker-a"), "{heads}");
    let summary = summary_json(&outcome_of);
    let outage = &summary["outages"][0];
    assert_eq!(outage["nodes"][0], "broker-a");
    assert_eq!(outage["acknowledged_lost_messages"], 31);
    assert_eq!(outage["failed_sends"], 77);
    let chain = &outage["chains"][0];
    let bars = chain["bars"].as_array().unwrap();
    let sum: f64 = bars.iter().map(|bar| bar["took_ms"].as_f64().unwrap()).sum();
    assert!((sum - chain["took_ms"].as_f64().unwrap()).abs() < 1e-6, "{chain}");
    assert!(bars.iter().any(|bar| bar["setting"] == "pollNameServerInterval"));
    assert!(summary["availability"]["longest_send_gap_ms"].as_f64().unwrap() > 3_000.0);
    let calm = summary_json(&outcome(&Shape { troubled: false, ..Shape::scale_out() }));
    for key in ["outages", "availability", "wrong_beliefs"] {
        assert!(calm.get(key).is_none(), "{key}");
    }
}

#[test]
#[ignore = "writes a report to look at into the target folder"]
fn writes_a_report_to_look_at() {
    let outcome = failing();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("look/failing");
    std::fs::create_dir_all(folder.join("charts")).unwrap();
    for (path, bytes) in files(&outcome, "name: x\n") {
        std::fs::write(folder.join(path), bytes).unwrap();
    }
    std::fs::write(folder.join("terminal.txt"), terminal(&outcome, Style::Plain)).unwrap();
}
