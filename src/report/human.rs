//! Numbers and names as people read them. Integer arithmetic throughout, so that every machine prints the same.

use std::borrow::Cow;

use crate::kernel::time::{SimDuration, SimTime};

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A duration to about three digits: `850 ns`, `1.2 ms`, `250 ms`, `12.3 s`, `1m 30s`, `2h 05m`, `3d 04h`.
#[must_use]
pub fn duration(duration: SimDuration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0 s".to_owned();
    }
    for (unit, size, limit) in [("ns", 1, 1_000), ("µs", MICRO, 1_000), ("ms", MILLI, 1_000), ("s", SECOND, 60)] {
        if let Some(text) = three_digits(nanos, size, limit) {
            return format!("{text} {unit}");
        }
    }
    if nanos < HOUR - SECOND / 20 {
        let tenths = (nanos + SECOND / 20) / (SECOND / 10);
        let (minutes, tenths) = (tenths / 600, tenths % 600);
        return if tenths.is_multiple_of(10) {
            format!("{minutes}m {:02}s", tenths / 10)
        } else {
            format!("{minutes}m {:02}.{}s", tenths / 10, tenths % 10)
        };
    }
    if nanos < DAY - MINUTE / 2 {
        let minutes = nanos.saturating_add(MINUTE / 2) / MINUTE;
        return format!("{}h {:02}m", minutes / 60, minutes % 60);
    }
    let hours = nanos.saturating_add(HOUR / 2) / HOUR;
    format!("{}d {:02}h", count(hours / 24), hours % 24)
}

/// `nanos` in `unit`s to three digits without trailing zeros; `None` when it rounds to `limit` or more.
fn three_digits(nanos: u64, unit: u64, limit: u64) -> Option<String> {
    let whole = nanos / unit;
    let scale: u64 = match whole {
        100.. => 1,
        10.. => 10,
        _ => 100,
    };
    let scaled = (u128::from(nanos) * u128::from(scale) + u128::from(unit) / 2) / u128::from(unit);
    let scaled = u64::try_from(scaled).ok()?;
    if scaled >= limit * scale {
        return None;
    }
    Some(decimal(scaled, scale))
}

/// `scaled / scale` without trailing zeros; `scale` is a power of ten.
fn decimal(scaled: u64, scale: u64) -> String {
    if scale == 1 {
        return scaled.to_string();
    }
    let digits = scale.to_string().len() - 1;
    let text = format!("{}.{:0digits$}", scaled / scale, scaled % scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A moment to the millisecond: `60.012 s`, from 1,000 s on `16m 40.012s`, `1h 02m 03.456s`.
#[must_use]
pub fn moment(at: SimTime) -> String {
    let millis = (at.as_nanos().saturating_add(MILLI / 2)) / MILLI;
    if millis < 1_000_000 {
        return format!("{}.{:03} s", millis / 1_000, millis % 1_000);
    }
    let seconds = millis / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let rest = format!("{minutes:02}m {seconds:02}.{:03}s", millis % 1_000);
    if hours == 0 { rest } else { format!("{}h {rest}", count(hours)) }
}

/// A tick of a time axis, exact: `0`, `500 ms`, `30 s`, `1m`, `1m 30s`, `2h`.
#[must_use]
pub fn tick(nanos: u64) -> String {
    if nanos == 0 {
        return "0".to_owned();
    }
    if nanos < MINUTE {
        for (unit, size) in [("s", SECOND), ("ms", MILLI), ("µs", MICRO)] {
            if nanos.is_multiple_of(size) {
                return format!("{} {unit}", nanos / size);
            }
        }
        return format!("{nanos} ns");
    }
    let mut text = String::new();
    let mut rest = nanos;
    for (unit, size) in [("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND)] {
        if rest >= size {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    text
}

/// A count with thousands separated: `12,345`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 queue`, `12 queues`.
#[must_use]
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A plain number to three digits at least: `1,234`, `12.3`, `0.12`. Not a number prints as a dash.
#[must_use]
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    let scale: u64 = if size >= 100.0 {
        1
    } else if size >= 10.0 {
        10
    } else {
        100
    };
    let scaled = (size * scale as f64 + 0.5) as u64;
    if scale == 1 { format!("{sign}{}", count(scaled)) } else { format!("{sign}{}", decimal(scaled, scale)) }
}

/// A rate: `2,000/s`, `12.3/s`.
#[must_use]
pub fn rate(per_second: f64) -> String {
    format!("{}/s", number(per_second))
}

/// A share of 1 as a percentage: `45.6 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// A size: `512 B`, `1.5 KiB`, `20 MiB`.
#[must_use]
pub fn bytes(n: u64) -> String {
    let mut size = 1u64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if n / size < 1_024 {
            break;
        }
        size *= 1_024;
        unit = next;
    }
    if size == 1 { format!("{n} B") } else { format!("{} {unit}", number(n as f64 / size as f64)) }
}

/// A text from a scenario, fit for a terminal and for XML: control characters, direction overrides and non-characters
/// become U+FFFD, line breaks a space.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| !unprintable(c)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|c| match c {
                '\n' | '\r' | '\t' => ' ',
                _ if unprintable(c) => '\u{fffd}',
                _ => c,
            })
            .collect(),
    )
}

fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{fffe}' | '\u{ffff}')
}

/// At most `width` columns of a text, with an ellipsis in the middle where something was cut: both ends of a name tell.
#[must_use]
pub fn shorten(text: &str, width: usize) -> Cow<'_, str> {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let room = width.saturating_sub(1);
    let (head_room, tail_room) = (room - room / 2, room / 2);
    let take = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut used = 0;
        chars
            .take_while(|c| {
                used += c.width().unwrap_or(0);
                used <= room
            })
            .collect::<Vec<char>>()
    };
    let head: String = take(&mut text.chars(), head_room).into_iter().collect();
    let tail: String = take(&mut text.chars().rev(), tail_room).into_iter().rev().collect();
    Cow::Owned(format!("{head}…{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_speech_and_never_round_to_a_full_unit_of_the_next() {
        for (nanos, text) in [
            (0, "0 s"),
            (850, "850 ns"),
            (1_200, "1.2 µs"),
            (999_999, "1 ms"),
            (1_234_000, "1.23 ms"),
            (250_000_000, "250 ms"),
            (999_900_000, "1 s"),
            (12_345_000_000, "12.3 s"),
            (59_970_000_000, "1m 00s"),
            (90_000_000_000, "1m 30s"),
            (90_500_000_000, "1m 30.5s"),
            (3_599_990_000_000, "1h 00m"),
            (7_500_000_000_000, "2h 05m"),
            (273_600_000_000_000, "3d 04h"),
        ] {
            assert_eq!(duration(SimDuration::from_nanos(nanos)), text, "{nanos}");
        }
    }

    #[test]
    fn the_longest_duration_and_moment_print() {
        assert_eq!(duration(SimDuration::MAX), "213,503d 23h");
        assert!(moment(SimTime::MAX).starts_with("5,124,095h"));
    }

    #[test]
    fn moments_keep_milliseconds() {
        assert_eq!(moment(SimTime::from_millis(60_012)), "60.012 s");
        assert_eq!(moment(SimTime::from_millis(3_723_456)), "1h 02m 03.456s");
    }

    #[test]
    fn ticks_are_exact() {
        for (nanos, text) in
            [(0, "0"), (500 * MILLI, "500 ms"), (30 * SECOND, "30 s"), (90 * SECOND, "1m 30s"), (2 * HOUR, "2h")]
        {
            assert_eq!(tick(nanos), text);
        }
    }

    #[test]
    fn numbers_group_thousands_and_print_a_dash_for_no_number() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(number(1_234.5), "1,235");
        assert_eq!(number(0.125), "0.13");
        assert_eq!(number(f64::NAN), "–");
        assert_eq!(rate(12.34), "12.3/s");
        assert_eq!(percent(0.456), "45.6 %");
        assert_eq!(bytes(1_536), "1.5 KiB");
    }

    #[test]
    fn cleaning_removes_what_terminals_and_xml_cannot_bear() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{0}"), "a\u{fffd}[31mb c\u{fffd}");
        assert_eq!(clean("订单消费组"), "订单消费组");
    }

    #[test]
    fn shortening_keeps_both_ends_and_counts_wide_characters_twice() {
        assert_eq!(shorten("order_consumer/12", 11), "order…er/12");
        assert_eq!(shorten("订单消费组订单", 8), "订单…单");
        assert_eq!(shorten("short", 8), "short");
    }
}
