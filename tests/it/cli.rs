//! The command line: streams, exit codes, files.

use std::path::Path;

use assert_cmd::Command;

const SMALL: &str = "title: Small\nduration: 20s\ntopics: {t: {queues: 4}}\nproducers: {p: {topic: t, rate: 50/s}}\n\
                     groups: {g: {topics: t, instances: 2}}\nexpect:\n- exactlyOneOwner: g\n";

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn sim(folder: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rocketmq-sim"));
    let output = command.current_dir(folder).args(args).env_remove("CLICOLOR_FORCE").output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(home.path().join(name), text).unwrap();
    }
    home
}

#[test]
fn run_prints_the_story_and_writes_the_report() {
    let home = home(&[("small.yaml", SMALL)]);
    let ran = sim(home.path(), &["run", "small.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("Small\n"), "{}", ran.out);
    assert!(ran.out.contains("seed 1") && ran.out.contains("digest "), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "colour without a terminal");
    let report = home.path().join("reports/small");
    for file in ["index.html", "summary.json", "series.csv", "events.jsonl", "scenario.resolved.yaml"] {
        assert!(report.join(file).is_file(), "{file}");
    }
    assert!(ran.out.trim_end().ends_with("reports/small/index.html"), "{}", ran.out);
}

#[test]
fn the_resolved_scenario_of_a_report_runs_to_the_same_digest() {
    let home = home(&[("small.yaml", SMALL)]);
    let set = ["run", "small.yaml", "--seed", "9", "--set", "groups.g.instances=3", "--format", "json"];
    let first = sim(home.path(), &set);
    let resolved = home.path().join("reports/small/scenario.resolved.yaml");
    std::fs::copy(resolved, home.path().join("again.yaml")).unwrap();
    let second = sim(home.path(), &["run", "again.yaml", "--format", "json", "--no-report"]);
    assert_eq!(first.out, second.out);
}

#[test]
fn json_goes_to_standard_output_and_nothing_else_does() {
    let home = home(&[("small.yaml", SMALL)]);
    let ran = sim(home.path(), &["run", "small.yaml", "--format", "json", "--out", "here/there"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let summary: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert!(summary.is_object());
    let written = std::fs::read_to_string(home.path().join("here/there/summary.json")).unwrap();
    assert_eq!(written, ran.out);
}

#[test]
fn quiet_prints_nothing_when_all_is_well_and_failures_to_standard_error() {
    let failing = format!("{SMALL}- consumedAtLeast: {{group: g, messages: 1000000}}\n");
    let home = home(&[("small.yaml", SMALL), ("failing.yaml", &failing)]);
    let ran = sim(home.path(), &["run", "small.yaml", "--quiet"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    let ran = sim(home.path(), &["run", "failing.yaml", "--quiet"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.starts_with("FAILED at 20s: g: consumed at least 1000000 messages"), "{}", ran.err);
}

#[test]
fn verify_runs_twice_and_says_so() {
    let home = home(&[("small.yaml", SMALL)]);
    let ran = sim(home.path(), &["run", "small.yaml", "--verify", "--no-report"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("a second run gave the same digest"), "{}", ran.out);
    assert!(!home.path().join("reports").exists());
}

#[test]
fn test_counts_what_passed_and_failed_and_writes_junit() {
    let failing = format!("{SMALL}- idleConsumers: {{group: g, exactly: 2}}\n");
    let home = home(&[("a.yaml", SMALL), ("b.yaml", &failing)]);
    let ran = sim(home.path(), &["test", ".", "--junit", "junit.xml"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(ran.out.lines().last(), Some("2 passed, 1 failed"));
    assert!(ran.out.contains("FAILED at 20s: g: exactly 2 idle consumers; expected "), "{}", ran.out);
    let xml = std::fs::read_to_string(home.path().join("junit.xml")).unwrap();
    assert!(xml.contains(r#"tests="3""#) && xml.contains(r#"failures="1""#), "{xml}");
    let ran = sim(home.path(), &["test", "a.yaml"]);
    assert_eq!((ran.code, ran.out.lines().last()), (0, Some("1 passed, 0 failed")));
}

#[test]
fn a_file_that_cannot_be_run_does_not_keep_test_from_the_others() {
    let home = home(&[("a.yaml", SMALL), ("b.yaml", "topics: {t: {queues: 0}}\n")]);
    let ran = sim(home.path(), &["test", "a.yaml", "b.yaml"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.out.lines().last(), Some("1 passed, 0 failed"));
    assert!(ran.out.contains("1 of 2 files cannot be run"), "{}", ran.out);
    assert!(ran.err.contains("a topic of zero queues"), "{}", ran.err);
}

#[test]
fn test_gives_the_same_answer_with_any_number_of_threads() {
    let home = home(&[("a.yaml", SMALL), ("b.yaml", SMALL), ("c.yaml", SMALL)]);
    let answer = |threads: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rocketmq-sim"));
        command.current_dir(home.path()).env("RAYON_NUM_THREADS", threads).args(["test", ".", "--format", "json"]);
        command.output().unwrap().stdout
    };
    assert_eq!(answer("1"), answer("3"));
}

#[test]
fn a_folder_that_is_no_report_is_refused_before_the_run() {
    let home = home(&[("small.yaml", SMALL)]);
    let ran = sim(home.path(), &["run", "small.yaml", "--out", "."]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("holds something else than a report"), "{}", ran.err);
    assert!(home.path().join("small.yaml").is_file());
}

#[test]
fn check_warns_of_what_is_not_meant_and_is_content_with_the_rest() {
    let strange = "topics: {t: {queues: 2, readQueueNums: 1}, u: {}, v: {}}\n\
                   producers: {p: {topic: t, rate: 9000/s}, q: {topic: u}}\n\
                   groups:\n  g:\n    topics: [t, v]\n    consumeThreadMax: 64\n    serviceTime: 10ms\n\
                   \x20   instances: [{clientId: x}, {clientId: x}, {topics: t}, {}, {}]\n";
    let home = home(&[("small.yaml", SMALL), ("strange.yaml", strange)]);
    let ran = sim(home.path(), &["check", "small.yaml"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "small.yaml: ok\n", ""));
    let ran = sim(home.path(), &["check", "strange.yaml", "--format", "json"]);
    assert_eq!(ran.code, 0);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let warnings: Vec<&str> =
        answer[0]["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap()).collect();
    let expected = [
        "strange.yaml:1:25: 2 queues are written to, but only 1 are read",
        "strange.yaml:1:44: nobody consumes `u`",
        "strange.yaml:1:51: nothing is ever in `v`",
        "strange.yaml:6:5: `consumeThreadMax` has no effect",
        "strange.yaml:7:5: g cannot keep up: 9000 messages a second arrive",
        "strange.yaml:8:5: g has 5 members for 4 queues; 1 of them will be idle",
        "strange.yaml:8:43: g/0 and g/1 share the client id x",
        "strange.yaml:8:48: g/2 does not subscribe to the topics of its group",
    ];
    assert_eq!(warnings.len(), expected.len(), "{warnings:#?}");
    for (warning, expected) in warnings.iter().zip(expected) {
        assert!(warning.starts_with(expected), "{warning}");
    }
}

#[test]
fn usage_errors_have_exit_code_2_and_answers_0() {
    let home = home(&[]);
    for (args, code) in [
        (vec!["run"], 2),
        (vec!["fly"], 2),
        (vec!["run", "x.yaml", "--until", "soon"], 2),
        (vec!["--help"], 0),
        (vec!["--version"], 0),
        (vec!["schema"], 0),
        (vec!["completions", "zsh"], 0),
        (vec!["allocate", "--queues", "16", "--consumers", "3"], 0),
    ] {
        assert_eq!(sim(home.path(), &args).code, code, "{args:?}");
    }
}

#[test]
fn a_scenario_may_come_from_standard_input() {
    let home = home(&[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_rocketmq-sim"));
    command.current_dir(home.path()).args(["run", "-", "--no-report", "--format", "json"]).write_stdin(SMALL);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(summary.is_object());
}
