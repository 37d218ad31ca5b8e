//! Reports: what they say, and that they are well formed and the same every time.
#![allow(clippy::unwrap_used)]

mod failures;
mod fixture;
mod life;

use std::collections::BTreeMap;

use fixture::{Shape, outcome};
use quick_xml::events::Event;
use rocketmq_sim::kernel::time::SimTime;
use rocketmq_sim::report::{Style, files, summary_json, terminal};
use rocketmq_sim::run::outcome::{DuplicateCause, Fact, FactRecord, Outcome, RebalanceTrigger};
use rocketmq_sim::store::ids::{GroupIx, InstanceIx, QueueIx};
use serde_json::Value;

const MARKUP: &str = "<b>&amp;\"'</b>\u{1b}[31m\u{0}";
const LONG: &str = "a_very_long_name_that_somebody_generated_from_a_host_a_pod_and_a_release_of_1c9b2f64_in_the_north";

fn with_names(name: &'static str) -> Shape {
    Shape { name, topic: name, group: name, ..Shape::scale_out() }
}

fn shapes() -> Vec<Shape> {
    vec![
        Shape::scale_out(),
        Shape::big(),
        Shape::rolling(),
        Shape::smallest(),
        with_names(MARKUP),
        with_names(LONG),
        with_names("订单消费组_非常长的名字_订单消费组_非常长的名字"),
    ]
}

/// Nothing ran: no facts, no samples, no messages, no time.
fn nothing() -> Outcome {
    let mut nothing = outcome(&Shape::smallest());
    nothing.facts.clear();
    nothing.ownership.clear();
    nothing.instances.clear();
    nothing.producers.clear();
    nothing.expectations.clear();
    nothing.series = Default::default();
    nothing.end = SimTime::ZERO;
    nothing
}

fn texts(outcome: &Outcome) -> BTreeMap<String, String> {
    let files = files(outcome, "name: scale-out\n");
    files.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

fn assert_well_formed(path: &str, text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = true;
    config.allow_unmatched_ends = false;
    let mut depth = 0;
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{path} at {}: {error}", reader.buffer_position())) {
            Event::Start(start) => {
                depth += 1;
                assert!(start.attributes().all(|attribute| attribute.is_ok()), "{path}: {start:?}");
            }
            Event::End(_) => depth -= 1,
            Event::Empty(start) => assert!(start.attributes().all(|attribute| attribute.is_ok()), "{path}: {start:?}"),
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "{path}");
    let forbidden = |c: char| c.is_control() && c != '\n';
    assert!(!text.contains(forbidden), "{path} has a control character");
}

#[test]
fn pages_and_charts_are_well_formed_whatever_the_names() {
    for outcome in shapes().iter().map(outcome).chain([nothing()]) {
        for (path, text) in texts(&outcome) {
            if path.ends_with(".svg") || path.ends_with(".html") {
                assert_well_formed(&format!("{}/{path}", outcome.plan.name), &text);
            }
        }
    }
}

#[test]
fn a_name_is_never_markup_or_a_terminal_code() {
    let outcome = outcome(&with_names(MARKUP));
    let texts = texts(&outcome);
    assert!(texts["index.html"].contains("&lt;b&gt;&amp;amp;"));
    for (path, text) in &texts {
        let escapes = path.ends_with(".svg") || path.ends_with(".html");
        assert!(!escapes || !text.contains("<b>"), "{path}");
    }
    assert!(!texts["index.html"].contains("<script>"));
    assert!(!terminal(&outcome, Style::Plain).contains('\u{1b}'));
}

#[test]
fn a_second_report_of_the_same_outcome_has_the_same_bytes() {
    for shape in [Shape::scale_out(), Shape::rolling()] {
        assert_eq!(files(&outcome(&shape), "x\n"), files(&outcome(&shape), "x\n"));
        assert_eq!(terminal(&outcome(&shape), Style::Colour), terminal(&outcome(&shape), Style::Colour));
    }
}

#[test]
fn what_is_no_number_is_never_printed() {
    let mut outcome = outcome(&Shape::scale_out());
    outcome.groups[0].imbalance.jain = f64::NAN;
    outcome.groups[0].imbalance.max_over_mean = f64::INFINITY;
    outcome.groups[0].little.mean_in_system = f64::NEG_INFINITY;
    outcome.instances[0].utilisation = f64::NAN;
    outcome.series.utilisation[0][5] = Some(f64::NAN);
    outcome.series.groups[0].consumed_per_s[7] = f64::NAN;
    outcome.series.stored_per_s[0].1[9] = f64::INFINITY;
    let mut texts = texts(&outcome);
    texts.insert("terminal".to_owned(), terminal(&outcome, Style::Plain));
    for (path, text) in texts {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let bad: Vec<&str> = words.filter(|word| ["NaN", "nan", "inf", "Infinity"].contains(word)).collect();
        assert!(bad.is_empty(), "{path}: {bad:?}");
    }
}

#[test]
fn nothing_at_all_still_makes_a_report() {
    for outcome in [nothing(), outcome(&Shape::smallest())] {
        let texts = texts(&outcome);
        for path in ["index.html", "summary.json", "series.csv", "events.jsonl", "scenario.resolved.yaml"] {
            assert!(texts.contains_key(path), "{path}");
        }
        assert!(!terminal(&outcome, Style::Plain).is_empty());
    }
}

#[test]
fn a_thousand_consumers_on_ten_thousand_queues_make_a_report_one_can_open() {
    let outcome = outcome(&Shape::huge());
    let texts = texts(&outcome);
    for (path, text) in &texts {
        if path.starts_with("charts/") {
            assert!(text.len() < 300_000, "{path}: {} bytes", text.len());
            assert_well_formed(path, text);
        }
    }
    assert!(texts["index.html"].len() < 1_000_000, "{}", texts["index.html"].len());
    assert!(texts["charts/ownership.svg"].contains("the 64 with the most trouble of 10,000 queues"));
    assert!(terminal(&outcome, Style::Plain).lines().count() < 600);
}

#[test]
fn an_ordinary_report_is_small() {
    for shape in [Shape::scale_out(), Shape::rolling()] {
        let total: usize = files(&outcome(&shape), "x\n").iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(total < 1_000_000, "{}: {total} bytes", shape.name);
    }
}

/// The texts of an SVG with (x, anchor, size), by a reading of the elements themselves.
fn svg_texts(svg: &str) -> Vec<(String, i32, String, i32)> {
    let mut found = Vec::new();
    for line in svg.lines().filter(|line| line.starts_with("<text ")) {
        let attribute = |name: &str| {
            let from = line.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
            line[from..from + line[from..].find('"').unwrap()].to_owned()
        };
        let content = line[line.find('>').unwrap() + 1..].trim_end_matches("</text>").to_owned();
        let content = quick_xml::escape::unescape(&content).unwrap().into_owned();
        let number = |name: &str| attribute(name).parse::<i32>().unwrap();
        found.push((content, number("x"), attribute("text-anchor"), number("font-size")));
    }
    found
}

fn assert_no_text_leaves(outcome: &Outcome) {
    for (path, svg) in texts(outcome).iter().filter(|(path, _)| path.ends_with(".svg")) {
        for (text, x, anchor, size) in svg_texts(svg) {
            let width = (unicode_width::UnicodeWidthStr::width(text.as_str()) as f64 * f64::from(size) * 0.55) as i32;
            let (from, to) = match anchor.as_str() {
                "start" => (x, x + width),
                "end" => (x - width, x),
                _ => (x - width / 2, x + width / 2),
            };
            assert!(from >= -4 && to <= 1604, "{}/{path}: `{text}` from {from} to {to}", outcome.plan.name);
        }
    }
}

#[test]
fn no_text_leaves_the_sheet_of_its_chart() {
    shapes().iter().map(outcome).for_each(|outcome| assert_no_text_leaves(&outcome));
}

#[test]
fn the_ownership_chart_shows_gaps_overlaps_and_frozen_owners_only_where_there_are_some() {
    let troubled = &texts(&outcome(&Shape::scale_out()))["charts/ownership.svg"];
    for part in
        ["url(#ownership-orphan)", "url(#ownership-frozen)", "two owners at once", "no owner for 4.5 s, from 270.000 s"]
    {
        assert!(troubled.contains(part), "{part}");
    }
    assert!(troubled.contains("order_consumer/3, 62.500 s to 300.000 s"));
    let mut calm = outcome(&Shape { troubled: false, ..Shape::scale_out() });
    for own in &mut calm.ownership {
        own.intervals.truncate(1);
        own.intervals[0].from = SimTime::ZERO;
        own.intervals[0].to = calm.end;
    }
    let calm = &texts(&calm)["charts/ownership.svg"];
    for part in ["orphan", "frozen", "two owners"] {
        assert!(!calm.contains(part), "{part}");
    }
}

#[test]
fn labels_without_room_are_counted_instead_of_overprinted() {
    let svg = &texts(&outcome(&Shape::rolling()))["charts/ownership.svg"];
    assert!(svg.contains(" without a label"));
    assert!(svg.contains(">scale order_consumer to 16</text>"));
}

#[test]
fn the_terminal_tells_who_was_told_by_whom_and_what_moved() {
    let text = terminal(&outcome(&Shape::scale_out()), Style::Plain);
    for part in [
        "seed 42 · version 0.1.0 · digest 0123456789abcdef",
        "order_consumer/0–2 start",
        "order_consumer: 6 rebalances by timer up to 40.251 s, nothing to change",
        "60.000 s ▶ scale order_consumer to 4",
        "broker-a learns of order_consumer/3: order_consumer has 4 members there",
        "broker-a tells order_consumer/0–2 that the members of order_consumer changed",
        "order_consumer/3, on its start, sees 4 members and 16 queues; takes q12–q15",
        "told by broker-a, sees 4 members and 16 queues; gives up q4, q5",
        "by its 20 s timer",
        "freezes: its connections stay open, nothing answers",
        "its connection was silent for 2m 00s",
        "goes back from",
        "is killed: its connections close",
        "q8–q11 are given up and left without an owner",
        "Allocation around 60.000 s: scale order_consumer to 4",
        "FAILS  latency p99 of order_consumer below 10ms",
        "adds up",
    ] {
        assert!(text.contains(part), "missing: {part}\n{text}");
    }
    let row = text.lines().find(|line| line.contains("order_consumer/0  q0–q5 (6)")).unwrap();
    assert!(row.contains("q0–q3 (4)") && row.contains("q4, q5"), "{row}");
}

#[test]
fn every_event_is_a_line_of_json_in_order_with_fields_by_name() {
    let outcome = outcome(&Shape::scale_out());
    let lines: Vec<Value> =
        texts(&outcome)["events.jsonl"].lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let routine = |record: &&FactRecord| {
        matches!(
            record.fact,
            Fact::OffsetsPersisted { .. }
                | Fact::Rebalanced { trigger: RebalanceTrigger::Timer, members: Some(_), gained: 0, lost: 0, .. }
        )
    };
    assert_eq!(lines.len(), outcome.facts.iter().filter(|record| !routine(record)).count());
    let times: Vec<u64> = lines.iter().map(|line| line["t_ns"].as_u64().unwrap()).collect();
    assert!(times.is_sorted());
    let assigned = lines.iter().find(|line| line["event"] == "assigned").unwrap();
    assert_eq!(
        *assigned,
        serde_json::json!({
            "t_ns": 250_000_000, "event": "assigned", "group": "order_consumer", "client": "10.1.100.0@4200#81",
            "instance": "order_consumer/0", "topic": "order_topic", "broker": "broker-a",
            "queue_ids": [0, 1, 2, 3, 4, 5],
        })
    );
    for event in [
        "client_started",
        "client_stopped",
        "rebalanced",
        "revoked",
        "route_changed",
        "members_changed_notice",
        "client_expired",
    ] {
        assert!(lines.iter().any(|line| line["event"] == event), "{event}");
    }
}

#[test]
fn traced_messages_are_events_and_not_part_of_the_story() {
    let mut outcome = outcome(&Shape::smallest());
    let (instance, group, queue) = (InstanceIx(0), GroupIx(0), QueueIx(0));
    let before = terminal(&outcome, Style::Plain);
    outcome.facts.extend(
        [
            Fact::Stored { queue, offset: 7, physical: 700, size: 99 },
            Fact::Duplicate { instance, group, queue, offset: 7, cause: DuplicateCause::NotPersistedAtDeath },
        ]
        .map(|fact| FactRecord { at: SimTime::from_secs(1), fact }),
    );
    assert_eq!(terminal(&outcome, Style::Plain), before);
    let events = &texts(&outcome)["events.jsonl"];
    assert!(events.contains(
        r#"{"t_ns":1000000000,"event":"stored","topic":"order_topic","broker":"broker-a","queue_id":0,"offset":7,"physical_offset":700,"size_bytes":99}"#
    ));
    assert!(events.contains(r#""event":"duplicate""#) && events.contains(r#""cause":"not_persisted_at_death""#));
}

#[test]
fn the_summary_has_units_in_its_keys_and_null_where_there_is_no_population() {
    let mut outcome = outcome(&Shape::scale_out());
    let summary = summary_json(&outcome);
    let group = &summary["groups"][0];
    assert_eq!(group["latency_p99_ms"], 28.8);
    assert_eq!(group["latency_count"], 600_000);
    assert_eq!(group["orphan_ms"], outcome.groups[0].orphan.as_nanos() as f64 / 1e6);
    assert_eq!(group["duplicates_by_cause"]["double_owner"], 640);
    let change = &summary["allocations"][0]["groups"][0];
    assert_eq!(change["before"]["order_consumer/0"], "order_topic/broker-a: 0-5");
    assert_eq!(change["before"]["order_consumer/3"], Value::Null, "not running yet");
    assert_eq!(change["after"]["order_consumer/3"], "order_topic/broker-a: 12-15");
    assert_eq!(summary["queues"][15]["owners_at_end"][0], "order_consumer/3");
    assert_eq!(summary["expectations"]["failed"], 1);
    outcome.groups[0].latency.end_to_end = Default::default();
    assert_eq!(summary_json(&outcome)["groups"][0]["latency_p99_ms"], Value::Null);
}

#[test]
fn the_series_is_a_rectangle_with_a_row_for_each_sample() {
    let outcome = outcome(&Shape::scale_out());
    let text = &texts(&outcome)["series.csv"];
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().clone();
    assert_eq!(&heads[0], "t_s");
    assert!(heads.iter().any(|head| head == "queue_lag_messages:order_consumer/order_topic/broker-a/15"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), outcome.series.times.len());
    let column = heads.iter().position(|head| head == "utilisation_percent:order_consumer/3").unwrap();
    assert_eq!(&rows[10][column], "", "a consumer that does not run has no utilisation");
    assert_ne!(&rows[100][column], "");
}

#[test]
#[ignore = "writes reports to look at into the target folder"]
fn writes_reports_to_look_at() {
    for shape in
        [Shape::scale_out(), Shape::smallest(), Shape::big(), Shape::rolling(), Shape::huge(), with_names(LONG)]
    {
        let outcome = outcome(&shape);
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("look").join(shape.name);
        std::fs::create_dir_all(folder.join("charts")).unwrap();
        for (path, bytes) in files(&outcome, "name: x\n") {
            std::fs::write(folder.join(path), bytes).unwrap();
        }
        std::fs::write(folder.join("terminal.txt"), terminal(&outcome, Style::Plain)).unwrap();
    }
}
