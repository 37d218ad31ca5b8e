use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<u64, ParseDurationError> {
    text.parse::<SimDuration>().map(SimDuration::as_nanos)
}

#[test]
fn durations_are_read_with_units_and_fractions() {
    for (text, nanos) in [
        ("250ms", 250_000_000),
        ("1m30s", 90_000_000_000),
        ("1m 30s", 90_000_000_000),
        ("2h", 7_200_000_000_000),
        ("1d", 86_400_000_000_000),
        ("0.5ms", 500_000),
        ("1.5h", 5_400_000_000_000),
        ("0s", 0),
        ("7ns", 7),
        ("3us", 3_000),
        ("3µs", 3_000),
        (" 10s ", 10_000_000_000),
        ("0.0000000019s", 1),
        ("18446744073709551615ns", u64::MAX),
    ] {
        assert_eq!(parse(text), Ok(nanos), "{text}");
    }
}

#[test]
fn what_is_no_duration_is_refused_with_its_reason() {
    use ParseDurationError as E;
    for (text, error) in [
        ("", E::Empty),
        ("   ", E::Empty),
        ("-5s", E::Negative),
        ("5", E::MissingUnit("5".into())),
        ("1m30", E::MissingUnit("30".into())),
        ("5 s", E::MissingUnit("5".into())),
        ("5sec", E::UnknownUnit("sec".into())),
        ("5S", E::UnknownUnit("S".into())),
        ("s", E::NotANumber("s".into())),
        (".5s", E::NotANumber(".5s".into())),
        ("5.s", E::NotANumber("5.s".into())),
        ("1.2.3s", E::NotANumber("1.2.3s".into())),
        ("1e3s", E::UnknownUnit("e".into())),
        ("213504d", E::TooLong),
        ("18446744073709551616ns", E::TooLong),
        ("99999999999999999999999999999999999999999s", E::TooLong),
    ] {
        assert_eq!(parse(text), Err(error), "{text}");
    }
}

#[test]
fn durations_print_in_canonical_form() {
    for (nanos, text) in [
        (0, "0s"),
        (90_000_000_000, "1m30s"),
        (1_500_000_000, "1s500ms"),
        (86_400_000_000_001, "1d1ns"),
        (3_600_000_000_000, "1h"),
    ] {
        assert_eq!(SimDuration::from_nanos(nanos).to_string(), text);
        assert_eq!(SimTime::from_nanos(nanos).to_string(), text);
    }
    assert_eq!(format!("[{:>6}]", SimDuration::from_secs(5)), "[    5s]");
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_to_the_same(nanos in any::<u64>(), shift in 0u32..64) {
        let duration = SimDuration::from_nanos(nanos >> shift);
        prop_assert_eq!(duration.to_string().parse(), Ok(duration));
    }

    #[test]
    fn reading_never_panics(text in "[-0-9a-zµ. ]{0,24}") {
        let _ = text.parse::<SimDuration>();
    }

    #[test]
    fn fractions_are_read_to_the_nanosecond(seconds in 0u64..1_000_000, nanos in 0u64..1_000_000_000) {
        prop_assert_eq!(parse(&format!("{seconds}.{nanos:09}s")), Ok(seconds * 1_000_000_000 + nanos));
    }

    #[test]
    fn a_moment_and_a_duration_give_the_moment_back(start in 0..u64::MAX / 2, length in 0..u64::MAX / 2) {
        let (start, length) = (SimTime::from_nanos(start), SimDuration::from_nanos(length));
        let end = start + length;
        prop_assert_eq!(end - start, length);
        prop_assert_eq!(end.since(start), length);
        prop_assert_eq!(start.since(end), SimDuration::ZERO);
        prop_assert_eq!(end.saturating_sub(length), start);
    }
}

#[test]
fn arithmetic_saturates_only_where_it_says_so() {
    assert_eq!(SimTime::MAX.saturating_add(SimDuration::from_secs(1)), SimTime::MAX);
    assert_eq!(SimTime::from_secs(1).saturating_sub(SimDuration::from_secs(2)), SimTime::ZERO);
    assert!(std::panic::catch_unwind(|| SimTime::MAX + SimDuration::from_nanos(1)).is_err());
    assert!(std::panic::catch_unwind(|| SimTime::ZERO - SimTime::from_nanos(1)).is_err());
    assert!(std::panic::catch_unwind(|| SimDuration::MAX * 2).is_err());
}
