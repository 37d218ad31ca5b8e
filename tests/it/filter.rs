//! SQL92 filters against outcomes recorded from RocketMQ's own classes, under arbitrary text, and at the command line.
#![allow(clippy::unwrap_used, reason = "a malformed vector should fail the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rocketmq_sim::filter::sql::SqlFilter;
use rocketmq_sim::filter::tag::TagFilter;
use serde_json::{Value, json};

/// The folder of the vectors: the repository's own, or the one that `ORACLE_DIR` names.
#[allow(clippy::disallowed_methods, reason = "chooses the vectors of a test, not a result")]
fn vectors(file: &str) -> PathBuf {
    let root = match std::env::var("ORACLE_DIR") {
        Ok(dir) => PathBuf::from(dir),
        Err(_) => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle"),
    };
    root.join("filter").join(file)
}

/// Result, delivery and exception class, in the vectors' words.
fn judged(expr: &str, properties: &BTreeMap<String, String>) -> [Value; 3] {
    let filter = match SqlFilter::compile(expr) {
        Ok(filter) => filter,
        Err(error) => return [json!("error:parse"), Value::Null, json!(error.java_class())],
    };
    let by_name = filter.evaluate(properties);
    let values: Vec<Option<&str>> =
        filter.names().iter().map(|name| properties.get(name).map(String::as_str)).collect();
    assert_eq!(by_name, filter.evaluate_slots(&values), "{expr}");
    let matches = json!(filter.matches(properties));
    match by_name {
        Ok(Some(value)) => [json!(value), matches, Value::Null],
        Ok(None) => [json!("null"), matches, Value::Null],
        Err(error) => [json!("error:eval"), matches, json!(error.java_class())],
    }
}

#[test]
fn sql_answers_as_the_recorded_java_classes_down_to_the_exception() {
    let path = vectors("sql92.jsonl");
    if !path.exists() {
        println!("skipped: {} is absent", path.display());
        return;
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let (mut passed, mut failed) = (0, Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let case: Value = serde_json::from_str(line).unwrap();
        let properties = serde_json::from_value(case["properties"].clone()).unwrap();
        let got = judged(case["expr"].as_str().unwrap(), &properties);
        let recorded = ["result", "broker_matches", "detail"].map(|key| case[key].clone());
        if got == recorded { passed += 1 } else { failed.push(format!("{line}\n    got {got:?}")) }
    }
    assert!(failed.is_empty(), "{passed} passed, {} failed:\n{}", failed.len(), failed.join("\n"));
    println!("{passed} passed");
}

/// A word of the language, or nearly.
fn word() -> impl Strategy<Value = String> {
    let words = "a b NOT AND OR BETWEEN IN TRUE FALSE NULL IS ( ) , + - = <> < <= > >= 0 7 12L 1.5 .5 1e3 0.0 '' 'x' 'it''s' \
                 '1' 'true' '-- c\n /* c */ /* ' -- LIKE ? é 9223372036854775808 2147483648";
    proptest::sample::select(words.split(' ').map(str::to_owned).collect::<Vec<_>>())
}

/// A property's value that some type reads, or none.
fn value() -> impl Strategy<Value = String> {
    let values = [
        "",
        "1",
        "-0",
        "1.5",
        " 2 ",
        "2147483648",
        "true",
        "x",
        "NaN",
        "Infinity",
        "0x1p-1074",
        "0x.8p0f",
        "٣",
        "1e400",
    ];
    prop_oneof![proptest::sample::select(values.map(str::to_owned).to_vec()), ".{0,12}", "[-+0-9.eExXpPdDfF]{0,24}"]
}

/// Compiles and, when that works, evaluates; faults lie within the text.
fn judge_anything(text: &str, a: Option<String>, b: Option<String>) {
    let properties: BTreeMap<String, String> =
        [("a", a), ("b", b)].into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    match SqlFilter::compile(text) {
        Err(error) => {
            let (start, end) = (error.span.start as usize, error.span.end as usize);
            assert!(text.is_char_boundary(start) && text.is_char_boundary(end) && start <= end, "{text}: {error:?}");
            assert!(!error.to_string().is_empty());
            let _ = error.help(text);
        }
        Ok(filter) => {
            let _ = judged(text, &properties);
            if let Some(rest) = filter.ignored() {
                assert!(!rest.of(text).is_empty(), "{text}");
            }
            if let Err(error) = filter.evaluate(&properties) {
                assert!(!error.span.of(text).is_empty(), "{text}: {error:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_compiles_or_is_refused_with_a_place(text in ".{0,80}", a in proptest::option::of(value())) {
        judge_anything(&text, a, None);
    }

    #[test]
    fn any_soup_of_words_compiles_or_is_refused_with_a_place(
        words in proptest::collection::vec(word(), 0..24),
        glue in proptest::sample::select(vec!["", " ", "\n"]),
        a in proptest::option::of(value()),
        b in proptest::option::of(value()),
    ) {
        judge_anything(&words.join(glue), a, b);
    }

    #[test]
    fn conditions_over_any_values_are_judged_without_a_panic(
        terms in proptest::collection::vec(("(NOT )?\\(?", "[ab]|-a|1|1\\.5|3000000000|'1'|TRUE", "=|<>|>|<=", "[ab]|2|2\\.5|'x'|-3"), 1..6),
        joins in proptest::collection::vec("AND|OR", 5),
        a in proptest::option::of(value()),
        b in proptest::option::of(value()),
    ) {
        let mut text = String::new();
        for (index, (open, left, operator, right)) in terms.iter().enumerate() {
            let close = if open.contains('(') { ")" } else { "" };
            if index > 0 {
                text += &format!(" {} ", joins[index - 1]);
            }
            text += &format!("{open}{left} {operator} {right}{close}");
        }
        judge_anything(&text, a, b);
    }

    #[test]
    fn negation_turns_every_worth_round(text in "[ab] (=|<>|>|<=) ([ab]|2|2\\.5)", a in proptest::option::of(value())) {
        let properties: BTreeMap<String, String> = a.into_iter().map(|value| ("a".to_owned(), value)).collect();
        let plain = SqlFilter::compile(&text).unwrap().evaluate(&properties);
        let negated = SqlFilter::compile(&format!("NOT ({text})")).unwrap().evaluate(&properties);
        match plain {
            Ok(worth) => prop_assert_eq!(negated, Ok(worth.map(|value| !value))),
            Err(error) => prop_assert_eq!(negated.map_err(|error| error.kind), Err(error.kind)),
        }
    }

    #[test]
    fn any_tag_text_is_read_or_refused(text in "[ |*A-c\u{1}\u{a0}é]{0,12}", tag in "[A-c ]{0,3}") {
        let Ok(filter) = TagFilter::parse(Some(&text)) else {
            prop_assert!(text.len() >= 2 && text.chars().all(|c| c == '|'));
            return Ok(());
        };
        let tag = Some(tag.as_str());
        let code = rocketmq_sim::filter::tag::tags_code(tag);
        // A tag that the client takes is never held back by the broker.
        prop_assert!(filter.tags().is_empty() || !filter.matches_tag(tag) || filter.matches_code(code));
    }
}

/// The command as a process: exit code, standard output, standard error.
fn filter(words: &[&str]) -> (i32, String, String) {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_rocketmq-sim"));
    let output = command.arg("filter").args(words).env_remove("CLICOLOR_FORCE").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The lines of an answer.
fn answered(words: &[&str]) -> Vec<String> {
    let (code, out, err) = filter(words);
    assert_eq!((code, err.as_str()), (0, ""), "{words:?}");
    out.lines().map(str::to_owned).collect()
}

#[test]
fn filter_judges_one_message_by_an_expression() {
    const HELD: &str = "the broker does not deliver the message: only true delivers";
    let expression = "a > 5 AND b IS NOT NULL";
    assert_eq!(answered(&[expression, "a=7", "b=x"]), ["true", "the broker delivers the message"]);
    assert_eq!(answered(&[expression, "a=7"]), ["false", "the broker does not deliver the message"]);
    assert_eq!(answered(&[expression, "b="]), ["unknown", HELD]);
    assert_eq!(
        answered(&[expression, "a=7.5=", "b=x"]),
        ["error: in `a > 5`, the text is not an integer of 32 bits, the type of the number beside it", HELD]
    );
    let lines = answered(&["a LIKE 'x%'", "a=x"]);
    assert_eq!(lines[0], "false");
    assert!(lines[2].starts_with("warning: `LIKE 'x%'` has no effect: "), "{lines:?}");
}

#[test]
fn filter_judges_one_message_by_tags() {
    assert_eq!(answered(&["--tags", "A || B", "--tag", "B"])[0], "true");
    assert_eq!(
        answered(&["--tags", "A || B"]),
        ["false", "no tag, code 0: is held back at the broker, by code", "is held back at the client, by tag"]
    );
    assert_eq!(answered(&["--tags", "Aa", "--tag", "BB"])[1], "tag `BB`, code 2112: passes at the broker, by code");
    assert_eq!(answered(&["--tags", "*"])[0], "true");
}

#[test]
fn filter_answers_in_json_in_the_words_of_the_vectors() {
    let json = |words: &[&str]| -> Value {
        let (code, out, _) = filter(&[words, &["--format", "json"]].concat());
        assert_eq!(code, 0);
        serde_json::from_str(&out).unwrap()
    };
    let answer = json(&["a = 1 b", "a=1"]);
    assert_eq!(json!([answer["type"], answer["result"], answer["broker_matches"]]), json!(["SQL92", true, true]));
    assert!(answer["warning"].as_str().unwrap().starts_with("`b` has no effect"));
    assert_eq!(json(&["a = 1"])["result"], "null");
    assert_eq!(json(&["a = 1", "a=x"])["result"], "error:eval");
    let tags = json(&["--tags", "B||A", "--tag", "A"]);
    assert_eq!(json!([tags["tags_set"], tags["tags_code"], tags["client"]]), json!([["A", "B"], 65, true]));
}

#[test]
fn filter_shows_where_an_expression_is_wrong() {
    let (code, out, err) = filter(&["a = 1 AND b != 2"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        err,
        "  × `!` is not part of the language
   ╭─[expression:1:13]
 1 │ a = 1 AND b != 2
   ·             ┬
   ·             ╰── here
   ╰────
  help: unequal is written `<>`
"
    );
    let (_, _, err) = filter(&["(a = 1"]);
    assert!(err.contains("expected an operator or `)`, found the end") && err.contains("╰── here"), "{err}");
}

#[test]
fn filter_answers_bad_arguments_with_one_clear_line() {
    for (words, expected) in [
        (&[][..], "there is nothing to judge by"),
        (&["a = 1", "b"], "`b` is no property"),
        (&["a = 1", "=b"], "`=b` is no property"),
        (&["a = 1", "a=1", "a=2"], "property a is given twice"),
        (&["--tags", "||"], "a subscription needs a tag beside the separators `||`"),
        (&["a = 1", "--tags", "A"], "cannot be used with"),
        (&["--tag", "A"], "--tags"),
        (&["--cases", "absent.jsonl"], "cannot read absent.jsonl: "),
        (&[""], "the expression is empty"),
    ] {
        let (code, out, err) = filter(words);
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}");
        assert!(err.contains(expected), "{words:?}: {err}");
    }
}

#[test]
fn filter_cases_passes_the_recorded_vectors_of_both_forms() {
    let (sql, tags) = (vectors("sql92.jsonl"), vectors("tags.jsonl"));
    if !sql.exists() || !tags.exists() {
        println!("skipped: {} is absent", sql.display());
        return;
    }
    let (code, out, err) = filter(&["--cases", sql.to_str().unwrap(), "--cases", tags.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.ends_with(" passed, 0 failed\n") && out.lines().count() == 1, "{out}");
}

#[test]
fn filter_cases_prints_mismatches_and_counts_over_all_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let sql = path(
        "sql.jsonl",
        r#"{"expr":"a = 1","properties":{"a":"1"},"result":true,"broker_matches":true}

{"expr":"a = 1","properties":{"a":"x"},"result":"null","broker_matches":false}
{"expr":"a =","properties":{},"result":false,"broker_matches":null}
"#,
    );
    let tags = path(
        "tags.jsonl",
        r#"{"expr":"B||A","error":null,"sub_string":"B||A","tags_set":["B","A"],"code_set":[66,65],"messages":[{"tag":"A","tags_code":65,"broker":true,"client":true},{"tag":null,"tags_code":0,"broker":false,"client":true}]}
{"expr":"||","error":"subString split error"}
{"expr":"A","error":"subString split error"}"#,
    );
    let (code, out, _) = filter(&["--cases", &sql, "--cases", &tags]);
    assert_eq!(code, 1);
    let expected = format!(
        "\
FAILED {sql}:3 \"a = 1\"
  result
    expected \"null\"
    got      \"error:eval\" (the text is not an integer of 32 bits, the type of the number beside it)
FAILED {sql}:4 \"a =\"
  result
    expected false
    got      \"error:parse\" (expected a value, a name or `(`, found the end)
FAILED {tags}:1 \"B||A\"
  client of a message with no tag
    expected true
    got      false
FAILED {tags}:3 \"A\"
  error
    expected error: subString split error
    got      a subscription
2 passed, 4 failed
"
    );
    assert_eq!(out, expected);
    let (code, out, _) = filter(&["--cases", &sql, "--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["passed_count"], &report["failed"][0]["line"]), (1, &json!(1), &json!(3)));
}

#[test]
fn filter_cases_names_file_and_line_that_is_no_case() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cases.jsonl");
    let name = path.display().to_string();
    let good = r#"{"expr":"a","properties":{},"result":"null","broker_matches":false}"#;
    for (content, error) in [
        (b"\n \n".to_vec(), format!("{name} holds no cases")),
        (format!("{good}\nnope").into_bytes(), format!("{name}, line 2: expected ident (column 2)")),
        (b"\xff".to_vec(), format!("{name}, line 1: not UTF-8")),
        (b"[1]".to_vec(), format!("{name}, line 1: not an object")),
        (good.replace("null", "maybe").into_bytes(), format!("{name}, line 1: result is \"maybe\"; it may be true, ")),
        (good.replace("expr", "text").into_bytes(), format!("{name}, line 1: missing field `expr`")),
        (
            good.replace("{}", "{\"a\":1}").into_bytes(),
            format!("{name}, line 1: invalid type: integer `1`, expected a string"),
        ),
        (b"{\"expr\":\"a\"}".to_vec(), format!("{name}, line 1: neither result (SQL92), nor error, nor ")),
        (vec![b'['; 100_000], format!("{name}, line 1: recursion limit exceeded")),
    ] {
        std::fs::write(&path, content).unwrap();
        let (code, out, err) = filter(&["--cases", &name]);
        let unwrapped = err.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(unwrapped.contains(&error), "{error}\n{err}");
    }
}
