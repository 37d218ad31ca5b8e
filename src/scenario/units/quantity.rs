//! Durations, sizes, rates and percentiles.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use crate::kernel::time::{ParseDurationError, SimDuration};

/// A whole quantity with a unit: nanoseconds or bytes.
pub trait Quantity: Sized + Copy {
    /// In the smallest unit.
    fn units(self) -> u64;
    /// From the smallest unit.
    fn from_units(units: u64) -> Self;
}

/// A length of time (`250ms`, `1m30s`, `2h`), at most a century.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub SimDuration);

/// A length of time that RocketMQ configures in milliseconds: with a unit, or a bare number of milliseconds as in
/// RocketMQ's own files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub SimDuration);

/// A size (`512B`, `1KiB`, `1.5MiB`, `4KB`) or a bare number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// Events per second (`2000/s`, `120/m`, `0.5/s`).
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rate(pub f64);

/// Bytes per second (`10MiB/s`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bandwidth(pub u64);

/// How far a clock is off (`5s`, `-250ms`), in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockOffset(pub i64);

/// A percentile (`p99`, `p99.9`) in hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentile(pub u32);

/// A century: long enough for any run, and sums of a few never overflow.
const LONGEST: SimDuration = SimDuration::from_secs(100 * 366 * 86_400);
/// 16 TiB: more than a commit log holds here.
const LARGEST: u64 = 16 << 40;

fn parse_duration(text: &str) -> Result<SimDuration, String> {
    let duration: SimDuration = text.parse().map_err(|error: ParseDurationError| error.to_string())?;
    if duration > LONGEST { Err("longer than a century".to_owned()) } else { Ok(duration) }
}

fn bare_duration(number: i64) -> Result<SimDuration, String> {
    match number {
        0 => Ok(SimDuration::ZERO),
        n if n < 0 => Err(ParseDurationError::Negative.to_string()),
        n => Err(ParseDurationError::MissingUnit(n.to_string()).to_string()),
    }
}

fn bare_millis(number: i64) -> Result<SimDuration, String> {
    let millis = u64::try_from(number).map_err(|_| ParseDurationError::Negative.to_string())?;
    if millis > LONGEST.as_millis() {
        Err("longer than a century".to_owned())
    } else {
        Ok(SimDuration::from_millis(millis))
    }
}

const SIZES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("kB", 1_000),
    ("B", 1),
];

pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    if text.starts_with('-') {
        return Err("a size cannot be negative".to_owned());
    }
    let value: f64 = number.parse().map_err(|_| format!("expected a size like 512B or 1KiB, got `{text}`"))?;
    let size = match unit {
        "" => 1,
        _ => SIZES
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, size)| *size)
            .ok_or_else(|| format!("unknown unit `{unit}`; write B, KiB, MiB, GiB, TiB (or KB, MB, GB)"))?,
    };
    let bytes = value * size as f64;
    if bytes > LARGEST as f64 {
        return Err("larger than 16 TiB".to_owned());
    }
    Ok(bytes as u64)
}

fn bare_bytes(number: i64) -> Result<u64, String> {
    match u64::try_from(number) {
        Err(_) => Err("a size cannot be negative".to_owned()),
        Ok(bytes) if bytes > LARGEST => Err("larger than 16 TiB".to_owned()),
        Ok(bytes) => Ok(bytes),
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let wrong = || format!("expected a rate like 2000/s or 120/m, got `{text}`");
    let Some((number, unit)) = text.split_once('/') else {
        return match text.trim().parse::<f64>() {
            Ok(_) => Err(missing_rate_unit(text.trim())),
            Err(_) => Err(wrong()),
        };
    };
    let number = number.trim();
    if number.starts_with('-') {
        return Err("a rate cannot be negative".to_owned());
    }
    if !number.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Err(wrong());
    }
    let value: f64 = number.parse().map_err(|_| wrong())?;
    let per_second = match unit.trim() {
        "s" => value,
        "m" | "min" => value / 60.0,
        "h" => value / 3600.0,
        other => return Err(format!("unknown unit `/{other}`; write /s, /m or /h")),
    };
    if per_second > 1e9 { Err("more than 1,000,000,000/s".to_owned()) } else { Ok(per_second) }
}

fn bare_rate(number: i64) -> Result<f64, String> {
    match number {
        0 => Ok(0.0),
        n if n < 0 => Err("a rate cannot be negative".to_owned()),
        n => Err(missing_rate_unit(&n.to_string())),
    }
}

fn missing_rate_unit(number: &str) -> String {
    format!("missing unit after {number}; write {number}/s")
}

fn parse_bandwidth(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a bandwidth like 10MiB/s, got `{}`", text.trim());
    let size = text.trim().strip_suffix("/s").ok_or_else(wrong)?;
    match parse_bytes(size)? {
        0 => Err("a bandwidth of nothing at all".to_owned()),
        bytes => Ok(bytes),
    }
}

fn bare_bandwidth(number: i64) -> Result<u64, String> {
    parse_bandwidth(&number.to_string())
}

fn parse_offset(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let (sign, length) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let length = parse_duration(length)?;
    if !length.as_nanos().is_multiple_of(1_000_000) {
        return Err("a clock is off by whole milliseconds".to_owned());
    }
    Ok(sign * length.as_millis() as i64)
}

fn bare_offset(number: i64) -> Result<i64, String> {
    parse_offset(&number.to_string())
}

fn parse_percentile(text: &str) -> Result<u32, String> {
    let wrong = || format!("expected a percentile like p99 or p99.9, got `{text}`");
    let number = text.trim();
    let number = number.strip_prefix('p').unwrap_or(number);
    if !number.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Err(wrong());
    }
    let value: f64 = number.parse().map_err(|_| wrong())?;
    if value <= 0.0 || value > 100.0 {
        return Err("a percentile is above 0 and at most 100".to_owned());
    }
    Ok((value * 100.0 + 0.5) as u32)
}

fn bare_percentile(number: i64) -> Result<u32, String> {
    parse_percentile(&number.to_string())
}

macro_rules! quantity {
    ($name:ident, $expecting:literal, $parse:path, $bare:path, $schema:tt) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visit;
                impl Visitor<'_> for Visit {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $parse(text).map($name).map_err(E::custom)
                    }
                    fn visit_i64<E: de::Error>(self, number: i64) -> Result<$name, E> {
                        $bare(number).map($name).map_err(E::custom)
                    }
                    fn visit_f64<E: de::Error>(self, number: f64) -> Result<$name, E> {
                        $parse(&number.to_string()).map($name).map_err(E::custom)
                    }
                }
                deserializer.deserialize_any(Visit)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

const NUMBER_UNIT: &str = r"^\s*([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d)\s*)+$";

quantity!(Duration, "a duration like 30s", parse_duration, bare_duration, {
    "description": "A length of time: 250ms, 30s, 1m30s, 2h.",
    "type": ["string", "integer"],
    "pattern": NUMBER_UNIT,
    "maximum": 0,
    "minimum": 0
});
quantity!(Millis, "a duration like 30s", parse_duration, bare_millis, {
    "description": "A length of time: 250ms, 30s, 1m30s, 2h; or a bare number of milliseconds, as in RocketMQ's own files.",
    "type": ["string", "integer"],
    "pattern": NUMBER_UNIT,
    "minimum": 0
});
quantity!(Bytes, "a size like 1KiB", parse_bytes, bare_bytes, {
    "description": "A size: 512B, 1KiB, 1.5MiB; or a bare number of bytes.",
    "type": ["string", "integer"],
    "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*(B|KiB|MiB|GiB|TiB|KB|kB|MB|GB)?\s*$",
    "minimum": 0
});
quantity!(Rate, "a rate like 2000/s", parse_rate, bare_rate, {
    "description": "Events per time: 2000/s, 120/m, 3600/h.",
    "type": ["string", "integer"],
    "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*/\s*(s|m|min|h)\s*$",
    "maximum": 0,
    "minimum": 0
});
quantity!(Bandwidth, "a bandwidth like 10MiB/s", parse_bandwidth, bare_bandwidth, {
    "description": "Bytes per second: 10MiB/s, 500KB/s.",
    "type": "string",
    "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*(B|KiB|MiB|GiB|TiB|KB|kB|MB|GB)?/s\s*$"
});
quantity!(ClockOffset, "a time like 5s or -250ms", parse_offset, bare_offset, {
    "description": "A time ahead (5s) or behind (-250ms).",
    "type": ["string", "integer"],
    "pattern": r"^\s*[-+]?([0-9]+(\.[0-9]+)?(ms|s|m|h|d)\s*)+$",
    "maximum": 0,
    "minimum": 0
});
quantity!(Percentile, "a percentile like p99", parse_percentile, bare_percentile, {
    "description": "A percentile: p50, p99, p99.9.",
    "type": ["string", "number"],
    "pattern": r"^p?[0-9]+(\.[0-9]+)?$"
});

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, size) =
            SIZES[..4].iter().find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size)).unwrap_or(&("B", 1));
        write!(f, "{}{name}", self.0 / size)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", Bytes(self.0))
    }
}

impl fmt::Display for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", SimDuration::from_millis(self.0.unsigned_abs()))
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", f64::from(self.0) / 100.0)
    }
}

impl Quantity for Duration {
    fn units(self) -> u64 {
        self.0.as_nanos()
    }
    fn from_units(units: u64) -> Self {
        Self(SimDuration::from_nanos(units))
    }
}

impl Quantity for Bytes {
    fn units(self) -> u64 {
        self.0
    }
    fn from_units(units: u64) -> Self {
        Self(units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_and_print_in_powers_of_1024() {
        assert_eq!(parse_bytes("1KiB"), Ok(1024));
        assert_eq!(parse_bytes("1.5 MiB"), Ok(1_572_864));
        assert_eq!((parse_bytes("4KB"), parse_bytes("17")), (Ok(4000), Ok(17)));
        assert_eq!(Bytes(6_000_000).to_string(), "6000000B");
        assert_eq!(Bytes(1 << 30).to_string(), "1GiB");
        assert_eq!(Bytes(1536).to_string(), "1536B");
        assert!(parse_bytes("1kib").unwrap_err().contains("unknown unit `kib`"));
        assert!(parse_bytes("-1B").unwrap_err().contains("negative"));
        assert!(parse_bytes("NaN").is_err());
    }

    #[test]
    fn rates_need_a_unit_and_print_exactly() {
        assert_eq!(parse_rate("2000/s"), Ok(2000.0));
        assert_eq!(parse_rate("120/m"), Ok(2.0));
        assert_eq!(parse_rate("2000").unwrap_err(), "missing unit after 2000; write 2000/s");
        assert!(parse_rate("-1/s").unwrap_err().contains("negative"));
        assert!(parse_rate("NaN/s").is_err() && parse_rate("inf/s").is_err());
        let third = Rate(1.0 / 3.0);
        assert_eq!(parse_rate(&third.to_string()), Ok(third.0));
    }

    #[test]
    fn bandwidths_and_clock_offsets_read_what_they_print() {
        assert_eq!(parse_bandwidth("10MiB/s"), Ok(10 << 20));
        assert_eq!(parse_bandwidth(&Bandwidth(1500).to_string()), Ok(1500));
        assert!(parse_bandwidth("10MiB").is_err() && parse_bandwidth("0B/s").is_err());
        for offset in [0, 1, -1, -250, 61_000] {
            assert_eq!(parse_offset(&ClockOffset(offset).to_string()), Ok(offset));
        }
        assert!(parse_offset("1us").is_err() && parse_offset("--5s").is_err() && parse_offset("5").is_err());
    }

    #[test]
    fn percentiles_keep_two_decimals() {
        assert_eq!(parse_percentile("p99"), Ok(9900));
        assert_eq!(parse_percentile("99.95"), Ok(9995));
        assert_eq!(Percentile(9990).to_string(), "p99.9");
        assert!(parse_percentile("p0").is_err() && parse_percentile("p101").is_err());
    }
}
