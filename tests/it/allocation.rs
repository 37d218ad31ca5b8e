//! The strategies against outcomes recorded from RocketMQ's own classes.

use std::path::{Path, PathBuf};

use rocketmq_sim::cli::allocate::cases::run_cases;
use rocketmq_sim::cli::allocate::{AllocateArgs, run};

/// The folder of the vectors: the repository's own, or the one that `ORACLE_DIR` names.
#[allow(clippy::disallowed_methods, reason = "chooses the vectors of a test, not a result")]
fn oracle_dir() -> PathBuf {
    match std::env::var("ORACLE_DIR") {
        Ok(dir) => PathBuf::from(dir),
        Err(_) => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle"),
    }
}

#[test]
fn strategies_answer_as_the_recorded_java_classes() {
    let path = oracle_dir().join("allocation.jsonl");
    if !path.exists() {
        println!("skipped: {} is absent", path.display());
        return;
    }
    let bytes = std::fs::read(&path).unwrap();
    let report = run_cases(&path.display().to_string(), &bytes).unwrap();
    let failed: Vec<String> = report.failed.iter().take(20).map(|case| format!("{case:#?}")).collect();
    assert!(failed.is_empty(), "{} passed, {} failed:\n{}", report.passed, report.failed.len(), failed.join("\n"));
    println!("{} passed", report.passed);
}

/// The command as `main` will call it: its answer, and whether all passed, or the error's words.
fn allocate(words: &str) -> Result<(String, bool), String> {
    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        args: AllocateArgs,
    }
    let words = std::iter::once("allocate").chain(words.split_whitespace());
    let command = <Command as clap::Parser>::try_parse_from(words).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    let passed = run(&command.args, &mut out).map_err(|error| error.to_string())?;
    Ok((String::from_utf8(out).expect("the answer is UTF-8"), passed))
}

#[test]
fn allocate_shows_who_gets_what_before_and_after() {
    let (text, passed) = allocate("--strategy averagely --queues 16 --consumers 3 --then 4").unwrap();
    assert!(passed);
    assert_eq!(
        text,
        "\
Topic TopicTest: 16 queues on broker-a
Strategy averagely (AVG): contiguous runs of equal length; the first consumers take one more

3 consumers
  consumer  queues
  c0             6  ██████  q0–q5
  c1             5  █████   q6–q10
  c2             5  █████   q11–q15
  fairness: max/mean 1.12, Jain's index 0.992; no idle consumer

4 consumers
  consumer  queues
  c0             4  ████  q0–q3
  c1             4  ████  q4–q7
  c2             4  ████  q8–q11
  c3             4  ████  q12–q15
  fairness: max/mean 1.00, Jain's index 1.000; no idle consumer

From 3 to 4 consumers: 9 of 16 queues move; even shares need 4 at least
  queues   from  to
  q4–q5    c0    c1
  q8–q10   c1    c2
  q12–q15  c2    c3
"
    );
}

#[test]
fn allocate_compares_all_strategies_that_apply() {
    let (text, _) = allocate("--queues 16 --consumers 3 --then 4 --compare").unwrap();
    for line in [
        "  c1        5: q6–q10   5: q1, q4, q7, q10, q13      6: q0, q3–q5, q7–q8",
        "  c3        4: q12–q15  4: q3, q7, q11, q15  2: q2–q3",
        "  averagely                4     4      1.00  1.000     0         0          0      9           4",
        "  consistent_hash          2     6      1.50  0.865     0         0          0      2           5",
        "  not shown: by_machine_room needs rooms",
    ] {
        assert!(text.lines().any(|printed| printed == line), "{line}\n{text}");
    }
    let (text, _) = allocate("--queues 4 --consumers 2 --rooms east,west --config 0 --compare").unwrap();
    assert!(!text.contains("not shown"), "{text}");
}

#[test]
fn allocate_spreads_brokers_and_consumers_over_rooms() {
    let words = "--strategy MACHINE_ROOM_NEARBY --brokers a:2,b:3 --broker-rooms a=east,b=west --client-ids x,y \
                 --client-rooms x=east,y=west";
    let (text, _) = allocate(words).unwrap();
    assert!(
        text.contains("  x         east       2  ██   a q0–q1\n  y         west       3  ███  b q0–q2\n"),
        "{text}"
    );
    let (text, _) =
        allocate("--strategy by_machine_room --rooms r1 --brokers r1@a,r2@b --queues 4 --consumers 1").unwrap();
    assert!(text.contains("  c0             2  ██  r1@a q0–q1\n"), "{text}");
    assert!(text.contains("  nobody has 2 queues: r2@b q0–q1\n"), "{text}");
}

#[test]
fn allocate_warns_of_a_shared_client_id() {
    let (text, _) = allocate("--queues 8 --client-ids a,b,a").unwrap();
    assert!(text.contains("warning: client id a stands more than once: "), "{text}");
    assert!(text.contains("  nobody has 3 queues: q3–q5\n  several consumers have 3 queues: q0–q2\n"), "{text}");
}

#[test]
fn allocate_answers_in_json_with_stable_fields() {
    let (text, _) = allocate("--queues 5 --consumers 2 --then x,c0 --format json --topic t").unwrap();
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let strategy = &answer["strategies"][0];
    assert_eq!(strategy["rocketmq_name"], "AVG");
    assert_eq!(strategy["before"]["consumers"][0]["queue_count"], 3);
    assert_eq!(strategy["change"]["moved_queue_count"], 2);
    assert_eq!(strategy["change"]["least_moved_queue_count_for_even_shares"], 2);
    assert_eq!(strategy["change"]["moved_queues"][0]["from_client_ids"][0], "c1");
    assert_eq!(strategy["after"]["idle_client_ids"], serde_json::json!([]));
}

#[test]
fn allocate_answers_bad_arguments_with_one_clear_line() {
    for (words, error) in [
        ("--queues 0 --consumers 3", "0 queues: there is nothing to divide"),
        ("--queues 4 --consumers 0", "0 consumers: nobody is there to take the queues"),
        ("--queues 4 --consumers 2 --then 0", "0 consumers: nobody is there to take the queues"),
        ("--consumers 3", "the number of queues is missing"),
        ("--queues 4", "the number of consumers is missing"),
        ("--queues 4 --consumers 2 --strategy averagly", "unknown strategy `averagly`"),
        ("--queues 4 --consumers 2 --strategy by_machine_room", "by_machine_room needs rooms"),
        (
            "--queues 4 --consumers 2 --strategy machine_room_nearby",
            "machine_room_nearby needs the room of every broker",
        ),
        ("--queues 4 --consumers 2 --strategy by_config", "by_config needs the configured queues"),
        ("--queues 4 --consumers 2 --config 2-4", "`2-4` names no queues of the 4"),
        ("--queues 4 --consumers 2 --brokers a,a", "broker a is named twice"),
        ("--queues 4 --consumers 2 --brokers a:x", "`x` of broker a is no number of queues"),
        ("--queues 4 --consumers 2 --brokers a:9", "--queues 4, but the brokers have 9"),
        ("--queues 4 --consumers 3 --client-ids a,b", "--consumers 3, but 2 client ids"),
        ("--queues 4 --client-ids a,,b", "a client id is empty"),
        ("--queues 4 --consumers 2 --rooms east,", "a room has no name"),
        ("--queues 4 --consumers 2 --client-rooms c9=east", "--client-rooms names c9, which is no consumer"),
        ("--queues 4 --consumers 2 --broker-rooms b=east", "--broker-rooms names b, which has no queues"),
        ("--queues 4000000000 --consumers 2", "4000000000 queues"),
        (
            "--queues 4 --consumers 2 --strategy consistent_hash --virtual-nodes 4000000000",
            "4000000000 virtual nodes for 2 consumers",
        ),
        (
            "--queues 4 --consumers 2 --rooms east --strategy machine_room_nearby --inner machine_room_nearby",
            "machine_room_nearby inside itself",
        ),
    ] {
        assert_eq!(allocate(words).unwrap_err(), error, "{words}");
    }
}

#[test]
fn allocate_cases_prints_mismatches_and_counts() {
    let queue = |id: u32| format!(r#"{{"topic":"t","broker":"a","queue_id":{id}}}"#);
    let case = |id: &str, result: &str| {
        let queues = [queue(0), queue(1)].join(",");
        format!(
            r#"{{"id":"{id}","rocketmq":"4.9.8","strategy":"averagely","params":{{}},"group":"g","clients":["c0","c1"],"queues":[{queues}],{result}}}"#
        )
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cases.jsonl");
    let good = case("good", r#""result":{"c0":[0],"c1":[1]}"#);
    std::fs::write(&path, format!("{good}\n\n{good}\n")).unwrap();
    let words = format!("--cases {}", path.display());
    assert_eq!(allocate(&words).unwrap(), ("2 passed, 0 failed\n".to_owned(), true));

    let swapped = case("swapped", r#""result":{"c0":[1],"c1":[1],"c2":[]}"#);
    let fails = case("fails", r#""error":"IllegalArgumentException","message":"mqAll is null or mqAll empty""#);
    std::fs::write(&path, format!("{swapped}\n{good}\n{fails}")).unwrap();
    let (text, passed) = allocate(&words).unwrap();
    assert!(!passed);
    let expected = "\
FAILED swapped (line 1)
  caller c0
    expected [1]
    got      [0]
  caller c2
    expected []
    got      no call
FAILED fails (line 3)
  caller c0
    expected {\"error\":\"IllegalArgumentException\",\"message\":\"mqAll is null or mqAll empty\"}
    got      [0]
";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.ends_with("\n1 passed, 2 failed\n"), "{text}");
}

#[test]
fn allocate_cases_names_the_line_that_is_no_case() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cases.jsonl");
    let name = path.display().to_string();
    let words = format!("--cases {name}");
    assert!(allocate(&words).unwrap_err().starts_with(&format!("cannot read {name}: ")));
    assert!(allocate(&format!("--cases {}", dir.path().display())).unwrap_err().starts_with("cannot read "));
    let head = r#"{"id":"x","rocketmq":"4.9.8","strategy":"averagely","clients":["c0"],"queues":[]"#;
    for (content, error) in [
        (&b"\n\n"[..], format!("{name} holds no cases")),
        (b"\nnope\n", format!("{name}, line 2: expected ident (column 2)")),
        (b"\xff\n", format!("{name}, line 1: not UTF-8")),
        (b"{\"id\":\"x\"}", format!("{name}, line 1: missing field `rocketmq` (column 10)")),
        (format!("{head}}}").as_bytes(), format!("{name}, line 1: give either result or error")),
        (
            format!("{},\"result\":{{}}}}", head.replace("averagely", "evenly")).as_bytes(),
            format!(
                "{name}, line 1: unknown strategy `evenly`; there are averagely, averagely_by_circle, by_config, \
                 by_machine_room, consistent_hash, machine_room_nearby"
            ),
        ),
        (
            format!("{},\"result\":{{}}}}", head.replace("4.9.8", "4.9.2")).as_bytes(),
            format!("{name}, line 1: version 4.9.2 is not modelled: give 4.7.1, or 4.9.4 and later"),
        ),
    ] {
        std::fs::write(&path, content).unwrap();
        assert_eq!(allocate(&words).unwrap_err(), error);
    }
}
