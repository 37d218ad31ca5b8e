//! Broken scenarios, each with the one line that says what is wrong and where. Never a panic, never a report.

mod actions;
mod bounds;
mod failures;
mod groups;
mod load;
mod messages;
mod names;
mod replicas;
mod text;
mod values;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use rocketmq_sim::scenario::{Overrides, Scenario};

/// A broken scenario.
struct Bad {
    what: &'static str,
    yaml: &'static str,
    says: &'static str,
}

fn line_of(yaml: &str, set: &[&str]) -> String {
    let overrides = Overrides { set: set.iter().map(|s| (*s).to_owned()).collect(), ..Overrides::default() };
    match Scenario::read("x.yaml", yaml, &overrides) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.one_line(),
    }
}

fn all_say_what_is_wrong(cases: &[Bad]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|bad| (bad, line_of(bad.yaml, &[])))
        .filter(|(bad, says)| says != bad.says)
        .map(|(bad, says)| format!("{}\n  expected {}\n  got      {says}", bad.what, bad.says))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn text_that_is_no_scenario_is_refused_at_its_place() {
    all_say_what_is_wrong(text::CASES);
}

#[test]
fn undefined_names_are_refused_with_a_suggestion() {
    all_say_what_is_wrong(names::CASES);
}

#[test]
fn wrong_units_and_kinds_are_refused_with_what_to_write() {
    all_say_what_is_wrong(values::CASES);
}

#[test]
fn impossible_values_are_refused() {
    all_say_what_is_wrong(bounds::CASES);
}

#[test]
fn actions_and_expectations_that_cannot_be_are_refused() {
    all_say_what_is_wrong(actions::CASES);
}

#[test]
fn loads_and_strategies_that_cannot_be_are_refused() {
    all_say_what_is_wrong(load::CASES);
}

#[test]
fn message_contents_that_cannot_be_are_refused() {
    all_say_what_is_wrong(messages::CASES);
}

#[test]
fn subscriptions_and_listeners_that_cannot_be_are_refused() {
    all_say_what_is_wrong(groups::CASES);
}

#[test]
fn replicas_and_failures_that_cannot_be_are_refused() {
    all_say_what_is_wrong(replicas::CASES);
    all_say_what_is_wrong(failures::CASES);
}

#[test]
fn an_alias_bomb_is_refused_before_it_explodes() {
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (before, this) in ["ab", "bc", "cd", "de", "ef", "fg", "gh"].map(|pair| (&pair[..1], &pair[1..])) {
        let aliases = vec![format!("*{before}"); 10].join(",");
        bomb.push_str(&format!("{this}: &{this} [{aliases}]\n"));
    }
    let says = "x.yaml:6:11: the document expands to more values than a scenario may have; aliases repeat what they \
                name; 250,000 values are allowed";
    assert_eq!(line_of(&bomb, &[]), says);
}

#[test]
fn nesting_without_end_is_refused() {
    let yaml = format!("title: {}{}\n", "[".repeat(5000), "]".repeat(5000));
    let says = "x.yaml:1:263: nested too deeply; 64 levels are allowed; a scenario needs fewer than ten";
    assert_eq!(line_of(&yaml, &[]), says);
}

#[test]
fn overrides_are_checked_like_the_file_and_name_their_path() {
    let yaml = "topics: {t: {queues: 4}}\ngroups: {g: {topics: t}}\ntimeline:\n- {at: 10s, stop: g/0}\n";
    let cases = [
        ("groups.h.instances=4", "`groups` has no `h`; did you mean `g`?"),
        ("groups.g.instanses=4", "unknown key `instanses`; did you mean `instances`?"),
        ("groups.g.instances=four", "expected a whole number or a list of settings, got `four`"),
        ("groups.g.serviceTime=5", "missing unit after 5; write ns, us, ms, s, m, h or d"),
        ("groups.g.topics.0=u", "`groups.g.topics` is a single value, there is no `0` in it; set the value itself"),
        ("timeline.1.at=5s", "`timeline` has no entry `1`; its entries are 0 to 0"),
        ("timeline.0.stop=g/7", "undefined instance `g/7`; g has one instance, `g/0`"),
        ("topics.t.queues=0", "a topic of zero queues; `queues` must be at least 1"),
        (
            "topics.t.queues",
            "`topics.t.queues` is not path=value; write it like \
                             groups.order_consumer.instances=4 or timeline.0.at=90s",
        ),
        ("topics..queues=3", "an empty name in the path `topics..queues`"),
        ("topics.t={", "not valid YAML: unclosed bracket '{'"),
        ("=3", "an empty name in the path ``"),
        ("seed=1e999", "expected a whole number, 0 or more, got `.inf`"),
    ];
    for (set, says) in cases {
        assert_eq!(line_of(yaml, &[set]), format!("--set {set}: {says}"));
    }
}

#[test]
fn the_place_of_an_error_is_shown_in_the_source() {
    let yaml = "topics: {t: {queues: 4}}\ngroups:\n  g: {topics: u}\n";
    let error = Scenario::read("x.yaml", yaml, &Overrides::default()).unwrap_err();
    assert_eq!(error.line_and_column(), (3, 15));
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
    let mut shown = String::new();
    handler.render_report(&mut shown, error.report().as_ref()).unwrap();
    assert!(shown.contains("undefined topic `u`"), "{shown}");
    assert!(shown.contains("3 │   g: {topics: u}"), "{shown}");
    assert!(shown.contains("help: did you mean `t`?"), "{shown}");
}

fn command(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rocketmq-sim"));
    command.current_dir(folder).args(args).env_remove("CLICOLOR_FORCE").output().unwrap()
}

#[test]
fn files_that_cannot_be_read_are_refused_with_exit_code_2() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("latin.yaml"), b"title: caf\xe9\n").unwrap();
    std::fs::write(home.path().join("good.yaml"), "topics: {t: {}}\n").unwrap();
    std::fs::write(home.path().join("empty.yaml"), "").unwrap();
    std::fs::create_dir(home.path().join("folder.yaml")).unwrap();
    std::fs::create_dir(home.path().join("none")).unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["run", "latin.yaml"], "latin.yaml:1:11: not UTF-8: byte 0xe9"),
        (&["run", "missing.yaml"], "cannot read missing.yaml: no such file"),
        (&["run", "god.yaml"], "help: did you mean ./good.yaml?"),
        (&["run", "folder.yaml"], "folder.yaml is a folder, not a scenario file"),
        (&["run", "empty.yaml"], "the file is empty"),
        (&["test", "none"], "no scenario files (*.yaml) in none"),
    ];
    for (args, says) in cases {
        let output = command(home.path(), args);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {err}");
        assert!(err.contains(says), "{args:?}: {err}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(!home.path().join("reports").exists(), "{args:?} left a report");
    }
}

/// What people and programs put where something else belongs.
const STRANGE: [&str; 10] = ["0", "-1", "7", "18446744073709551615", "1e308", ".nan", "null", "abc", "[x]", "36000d"];

/// The text with the value of one line replaced.
fn with_value(lines: &[&str], index: usize, value: &str) -> Option<String> {
    let line = lines[index];
    let indent = line.len() - line.trim_start_matches([' ', '-']).len();
    let start = match line[indent..].find(": ") {
        Some(colon) => indent + colon + 2,
        None if line.trim_start().starts_with("- ") => indent,
        None => return None,
    };
    let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    changed[index] = format!("{}{value}", &line[..start]);
    Some(changed.join("\n"))
}

#[test]
fn any_value_replaced_by_anything_is_read_or_refused_with_a_place() {
    for text in [include_str!("../data/scenarios/everything.yaml"), include_str!("../data/scenarios/messages.yaml")] {
        replaced_by_anything(text, 1);
    }
}

#[test]
fn any_value_of_what_can_fail_replaced_by_anything_is_read_or_refused_with_a_place() {
    replaced_by_anything(include_str!("../data/scenarios/failures.yaml"), 7);
}

/// Every so many-th of all replacements.
fn replaced_by_anything(text: &str, every: usize) {
    let resolved = Scenario::read("x.yaml", text, &Overrides::default()).unwrap().resolved_yaml();
    let lines: Vec<&str> = resolved.lines().collect();
    let (mut read, mut refused) = (0, 0);
    for index in 0..lines.len() {
        let values =
            STRANGE.iter().enumerate().filter(|(value, _)| (index * STRANGE.len() + value).is_multiple_of(every));
        for changed in values.filter_map(|(_, value)| with_value(&lines, index, value)) {
            match Scenario::read("x.yaml", &changed, &Overrides::default()) {
                Ok(scenario) => {
                    let again = Scenario::read("x.yaml", &scenario.resolved_yaml(), &Overrides::default());
                    assert_eq!(again.map(|again| again.plan).as_ref(), Ok(&scenario.plan), "{}", lines[index]);
                    let _ = scenario.warnings();
                    read += 1;
                }
                Err(error) => {
                    assert!(error.line_and_column().0 <= lines.len(), "{}", error.one_line());
                    refused += 1;
                }
            }
        }
    }
    assert!(read * every > 200 && refused * every > 1500, "{read} read, {refused} refused");
}
