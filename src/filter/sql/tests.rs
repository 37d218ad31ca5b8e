//! The language as a whole; each part has its own tests.

use super::tree::MAX_DEPTH;
use super::*;

fn compiled(text: &str) -> SqlFilter {
    SqlFilter::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The worth of an expression as a word.
fn worth(text: &str, properties: &[(&str, &str)]) -> String {
    match compiled(text).evaluate(&properties) {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "unknown".to_owned(),
        Err(error) => format!("{} at {}", error.java_class(), error.span.of(text)),
    }
}

/// The refusal of an expression: its words and its place.
fn refusal(text: &str) -> String {
    let error = SqlFilter::compile(text).expect_err(text);
    format!("{error} [{}]", error.span.of(text))
}

#[test]
fn not_binds_tighter_than_comparisons() {
    // (NOT a) = 'x': a present name is false, so this compares true with text.
    assert_eq!(worth("NOT a = 'x'", &[("a", "y")]), "ClassCastException at NOT a = 'x'");
    assert_eq!(worth("NOT (a = 'x')", &[("a", "y")]), "true");
    assert_eq!(worth("NOT a IS NULL", &[("a", "y")]), "false");
}

#[test]
fn and_binds_tighter_than_or_and_parentheses_tightest() {
    assert_eq!(worth("TRUE OR FALSE AND FALSE", &[]), "true");
    assert_eq!(worth("(TRUE OR FALSE) AND FALSE", &[]), "false");
    assert_eq!(worth("1 = 2 = FALSE", &[]), "true", "equality chains from the left");
    assert_eq!(worth("a > 1 = TRUE", &[("a", "2")]), "true", "order binds tighter than equality");
}

#[test]
fn a_missing_property_differs_by_the_side_it_stands_on() {
    for (text, expected) in [
        ("a = 1", "unknown"),
        ("1 = a", "false"),
        ("a = b", "true"),
        ("a <> 1", "unknown"),
        ("1 <> a", "true"),
        ("a > 1", "unknown"),
        ("1 > a", "unknown"),
        ("a IS NULL", "true"),
        ("(a = 1) IS NULL", "true"),
        ("a IN ('1')", "unknown"),
        ("a NOT IN ('1')", "unknown"),
        ("a", "unknown"),
        ("NOT a", "unknown"),
        ("a BETWEEN 1 AND 2", "unknown"),
    ] {
        assert_eq!(worth(text, &[]), expected, "{text}");
    }
}

#[test]
fn logic_has_three_values_and_stops_when_it_is_certain() {
    assert_eq!(worth("x = 1 AND FALSE AND a > 1", &[("a", "word")]), "false");
    assert_eq!(worth("x = 1 OR TRUE OR a > 1", &[("a", "word")]), "true");
    assert_eq!(worth("x = 1 AND a > 1", &[("a", "word")]), "NumberFormatException at a > 1");
    assert_eq!(worth("x = 1 OR a > 1 OR FALSE", &[("a", "0")]), "unknown");
    assert_eq!(worth("x < -(a > 1)", &[("a", "word")]), "unknown", "the right side is not reached");
    assert_eq!(worth("5 < -(a > 1)", &[("a", "word")]), "NumberFormatException at a > 1");
}

#[test]
fn text_is_read_as_the_type_of_the_number_beside_it() {
    assert_eq!(worth("a = 10", &[("a", "10.5")]), "NumberFormatException at a = 10");
    assert_eq!(worth("a = 10.5", &[("a", "10.5")]), "true");
    assert_eq!(worth("a < 3000000000", &[("a", "2147483648")]), "true");
    assert_eq!(worth("a < 3", &[("a", "2147483648")]), "NumberFormatException at a < 3");
    assert_eq!(worth("a < b", &[("a", "9"), ("b", "10")]), "true", "two texts in an order are floats");
    assert_eq!(worth("a = b", &[("a", "1.0"), ("b", "1")]), "false", "but equal only as text");
    assert_eq!(worth("a > 0x5p0", &[("a", "1")]), "true", "there are no hexadecimal literals: 0, then ignored");
    assert_eq!(worth("a > 0.5", &[("a", "0x1p0")]), "true", "but such texts");
    assert_eq!(worth("a = 3", &[("a", "٣")]), "true");
    assert_eq!(worth("a >= 1.5", &[("a", "NaN")]), "true");
}

#[test]
fn a_sign_makes_numbers_negative_and_all_else_unknown() {
    assert_eq!(worth("a = -7", &[("a", "-7")]), "true");
    assert_eq!(worth("-a = 7", &[("a", "-7")]), "unknown");
    assert_eq!(worth("a = -+-7", &[("a", "7")]), "true");
    assert_eq!(worth("a BETWEEN 1 AND -1", &[("a", "0")]), "false", "a signed bound is no literal");
    assert_eq!(worth("+a IN ('x')", &[("a", "x")]), "true", "plus changes nothing");
    assert_eq!(worth("(a) IN ('x')", &[("a", "x")]), "true");
}

#[test]
fn lists_of_any_length_hold_exact_texts() {
    let many: Vec<String> = (0..50).map(|number| format!("'v{number}'")).collect();
    let text = format!("a IN ({})", many.join(","));
    assert_eq!(worth(&text, &[("a", "v49")]), "true");
    assert_eq!(worth(&text, &[("a", "V49")]), "false");
    assert_eq!(worth("a NOT IN ('it''s', '')", &[("a", "it's")]), "false");
}

#[test]
fn whatever_follows_a_whole_expression_is_ignored_and_told() {
    for (text, ignored) in [
        ("a LIKE '1%'", Some("LIKE '1%'")),
        ("a = 1 ) ??? ", Some(") ???")),
        ("a + 1 = 2", Some("+ 1 = 2")),
        ("a = 012", Some("12")),
        ("a = 1 /* all */", None),
        (" a = 1 ", None),
    ] {
        assert_eq!(compiled(text).ignored().map(|span| span.of(text)), ignored, "{text}");
    }
    assert_eq!(refusal("a = 1 ?"), "`?` is not part of the language [?]");
    assert_eq!(refusal("a = 1 NOT"), "expected BETWEEN or IN behind NOT, found the end []");
}

#[test]
fn refusals_name_fault_and_place() {
    for (text, expected) in [
        ("", "the expression is empty []"),
        ("a = 1 AND", "expected a value, a name or `(`, found the end []"),
        ("(a = 1", "expected an operator or `)`, found the end []"),
        ("a IN (1)", "expected a string in single quotes, found `1` [1]"),
        ("a IS 5", "expected NULL or NOT NULL, found `5` [5]"),
        ("5", "this is neither true nor false; a condition is needed here [5]"),
        ("a = 1 OR -b", "this is neither true nor false; a condition is needed here [-b]"),
        ("a > 'x'", "a string has no order: `>`, `>=`, `<`, `<=` and BETWEEN compare numbers and properties ['x']"),
        (
            "1 < a < 3",
            "a condition has no order: `>`, `>=`, `<`, `<=` and BETWEEN compare numbers and properties [1 < a]",
        ),
        ("a = NULL", "nothing is equal or unequal to NULL [NULL]"),
        ("TRUE = 1", "TRUE and FALSE cannot be compared with this literal [1]"),
        (
            "a BETWEEN 2.5 AND 1",
            "the bounds of BETWEEN are in the wrong order: nothing lies between 2.5 and 1 [2.5 AND 1]",
        ),
        ("NOT a IN ('x')", "only a property can be IN a list [NOT a]"),
        (
            "a = -9223372036854775808",
            "9223372036854775808 does not fit 64 bits; the largest integer is 9223372036854775807 [9223372036854775808]",
        ),
        ("a = 1e309", "1e309 is too large for a floating number [1e309]"),
        ("a = 0.0", "0.0 is below the smallest floating number, 4.9E-324 [0.0]"),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

#[test]
fn advice_fits_the_slip() {
    let advice = |text: &str| SqlFilter::compile(text).unwrap_err().help(text);
    assert_eq!(advice("a != 1"), Some("unequal is written `<>`"));
    assert_eq!(advice("a == 1"), Some("equality is written with one `=`"));
    assert_eq!(advice("= 1"), None);
    assert_eq!(advice("a => 1"), Some("write `>=`"));
    assert_eq!(advice("a = \"x\""), Some("strings stand in single quotes, names in none"));
    assert_eq!(advice("a = NULL"), Some("write IS NULL or IS NOT NULL"));
}

#[test]
fn names_are_numbered_as_they_appear() {
    let filter = compiled("b = 1 AND a = 2 OR b = a OR A IN ('x')");
    assert_eq!(filter.names(), ["b", "a", "A"]);
    assert_eq!(filter.evaluate_slots(&[Some("1"), Some("2"), None]), Ok(Some(true)));
    assert!(!filter.matches_slots(&[Some("1"), Some("3")]));
}

#[test]
fn nesting_has_a_limit_and_chains_have_none() {
    let nested = |open: &str, levels: usize, close: &str| format!("{}a{}", open.repeat(levels), close.repeat(levels));
    for (open, close) in [("(", ")"), ("NOT ", ""), ("NOT (", ")")] {
        let levels = MAX_DEPTH / open.split(' ').filter(|part| !part.is_empty()).count() - 2;
        let filter = compiled(&nested(open, levels, close));
        assert_eq!(filter.evaluate(&()), Ok(None));
        let error = SqlFilter::compile(&nested(open, 100_000, close)).unwrap_err();
        assert_eq!(error.kind, SqlErrorKind::TooDeep(MAX_DEPTH), "{open}");
    }
    for open in ["- ", "+", "(-"] {
        assert!(SqlFilter::compile(&nested(open, 100_000, "")).is_err());
    }
    assert!(SqlFilter::compile(&format!("a{}", " IS NULL".repeat(10_000))).is_err());
    let chain = vec!["a = 1"; 100_000].join(" AND ");
    assert_eq!(compiled(&chain).evaluate(&[("a", "1")]), Ok(Some(true)));
    let long = " ".repeat(2 << 20);
    assert_eq!(SqlFilter::compile(&long).unwrap_err().kind, SqlErrorKind::TooLong(2 << 20));
}

#[test]
fn hostile_texts_of_the_greatest_length_compile_in_linear_time() {
    // Each of these is quadratic in a careless implementation: dashes that may begin a comment, quotes that may be
    // doubled, many names, operators that nest to the left.
    let names: String = (0..100_000).map(|number| format!("n{number} = 1 OR ")).collect();
    for text in ["-".repeat(1 << 20), "'".repeat((1 << 20) - 1), format!("a = {}", "'a''".repeat(200_000)), names] {
        let _ = SqlFilter::compile(&text[..text.len().min(1 << 20)]);
    }
}
