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
                // What is ignored may go, all but the word that ends the expression.
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
