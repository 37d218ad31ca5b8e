//! Numbers as Java reads them from text: `Integer#parseInt`, `Long#parseLong`, `Double#parseDouble`.

/// The first of ten decimal digits in a row, for all of Unicode's in the basic plane (`Character#digit` of one UTF-16
/// unit: digits beyond that plane are none).
const ZEROS: [u16; 37] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| c as u8 - b'0');
    }
    let unit = u16::try_from(u32::from(c)).ok()?;
    let zero = ZEROS[ZEROS.partition_point(|zero| *zero <= unit).checked_sub(1)?];
    (unit - zero < 10).then_some((unit - zero) as u8)
}

/// `Long#parseLong`: a sign, then digits of any script; no blanks, no suffix.
pub(super) fn parse_long(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    // Counted below zero, where there is room for one more.
    let mut value = 0_i64;
    for c in digits.chars() {
        value = value.checked_mul(10)?.checked_sub(i64::from(digit(c)?))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

/// `Integer#parseInt`.
pub(super) fn parse_int(text: &str) -> Option<i32> {
    parse_long(text).and_then(|value| i32::try_from(value).ok())
}

/// `Double#parseDouble`: blanks around do not count; sign; decimal or hexadecimal with an optional suffix; `NaN`;
/// `Infinity`.
pub(super) fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c| c <= ' ');
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = match rest.as_bytes() {
        b"NaN" => f64::NAN,
        b"Infinity" => f64::INFINITY,
        [b'0', b'x' | b'X', hex @ ..] => parse_hex(hex)?,
        bytes => {
            let number = decimal(bytes)?;
            // Both round to the nearest, so what Rust makes of it is what Java does.
            rest[..number].parse().ok()?
        }
    };
    Some(if negative { -value } else { value })
}

fn digits(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The end of the number without its suffix, when nothing else stands there.
fn decimal(bytes: &[u8]) -> Option<usize> {
    let mut at = digits(bytes, 0);
    let mut count = at;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(bytes, at + 1);
        count += fraction;
        at += 1 + fraction;
    }
    if count == 0 {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(bytes, at.min(bytes.len()));
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    match &bytes[at..] {
        [] | [b'f' | b'F' | b'd' | b'D'] => Some(at),
        _ => None,
    }
}

/// What stands behind `0x`: hexadecimal digits, perhaps with a point, and a binary exponent that must not be missing.
fn parse_hex(bytes: &[u8]) -> Option<f64> {
    let mut significand = 0_u64;
    // Whether something was lost below the significand, and how far the binary point has moved.
    let (mut sticky, mut shift) = (false, 0_i64);
    let (mut count, mut point, mut at) = (0_usize, false, 0);
    while let Some(byte) = bytes.get(at) {
        match char::from(*byte).to_digit(16) {
            Some(digit) => {
                count += 1;
                if significand >> 60 == 0 {
                    significand = significand << 4 | u64::from(digit);
                    shift -= if point { 4 } else { 0 };
                } else {
                    sticky |= digit != 0;
                    shift += if point { 0 } else { 4 };
                }
            }
            None if *byte == b'.' && !point => point = true,
            None => break,
        }
        at += 1;
    }
    let (b'p' | b'P') = bytes.get(at)? else { return None };
    at += 1;
    let negative = bytes.get(at) == Some(&b'-');
    at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
    let written = digits(bytes, at.min(bytes.len()));
    if count == 0 || written == 0 || !matches!(&bytes[at + written..], [] | [b'f' | b'F' | b'd' | b'D']) {
        return None;
    }
    let exponent = bytes[at..at + written].iter().fold(0_i64, |exponent, byte| {
        // Java reads the exponent as 32 bits and takes what does not fit for infinite.
        (exponent * 10 + i64::from(byte - b'0')).min(1 << 40)
    });
    Some(assemble(significand, sticky, shift + if negative { -exponent } else { exponent }))
}

/// `significand * 2^exponent` and a little more if `sticky`, rounded to the nearest, ties to even.
fn assemble(significand: u64, sticky: bool, exponent: i64) -> f64 {
    if significand == 0 {
        return 0.0;
    }
    let zeros = i64::from(significand.leading_zeros());
    let top = significand << zeros;
    // The exponent of the highest bit, as IEEE 754 counts it.
    let power = exponent - zeros + 63;
    if power > 1023 {
        return f64::INFINITY;
    }
    // Subnormal numbers have fewer bits; below half of the smallest nothing is left.
    let drop = 11 + (-1022 - power).max(0);
    if drop > 64 {
        return 0.0;
    }
    let (kept, lost) = if drop == 64 { (0, top) } else { (top >> drop, top << (64 - drop)) };
    let half = 1_u64 << 63;
    let up = lost > half || (lost == half && (sticky || kept & 1 == 1));
    // A carry runs over into the exponent, which is just what is wanted.
    let base = if power >= -1022 { ((power + 1022) as u64) << 52 } else { 0 };
    f64::from_bits(base + kept + u64::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_a_sign_and_digits_of_any_script() {
        for (text, value) in [
            ("12", 12),
            ("+12", 12),
            ("-012", -12),
            ("-0", 0),
            ("٣", 3),
            ("-९८", -98),
            ("１2", 12),
            ("2147483647", i32::MAX),
            ("-2147483648", i32::MIN),
        ] {
            assert_eq!(parse_int(text), Some(value), "{text}");
        }
        for text in ["", "-", "+", "+-1", " 1", "1 ", "1L", "1.0", "0x1", "1e0", "2147483648", "𝟏", "²", "Ⅷ", "/", ":"]
        {
            assert_eq!(parse_int(text), None, "{text}");
        }
        assert_eq!(parse_long("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_long("+9223372036854775807"), Some(i64::MAX));
        assert_eq!(parse_long("9223372036854775808"), None);
        assert_eq!(parse_long("00000000000000000000000000000007"), Some(7));
    }

    #[test]
    fn floats_allow_blanks_suffixes_and_names() {
        for (text, value) in [
            (" \t1.5\n", 1.5),
            ("1.", 1.0),
            (".5f", 0.5),
            ("+1e2D", 100.0),
            ("-1E-2d", -0.01),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e999999999999999999999", f64::INFINITY),
            ("1e-999999999999999999999", 0.0),
            ("0.1e1", 1.0),
        ] {
            assert_eq!(parse_double(text), Some(value), "{text}");
        }
        assert!(parse_double("-NaN").unwrap().is_nan());
        assert!(parse_double("-0").unwrap().is_sign_negative());
        for text in
            ["", " ", ".", "-", "e1", "1e", "1e+", "1.2.3", "1L", "1ff", "nan", "inf", "infinity", "NaNf", "1_0"]
        {
            assert_eq!(parse_double(text), None, "{text}");
        }
        for text in ["\u{a0}1", "٣", "1 f", "- 1", "--1", "Infinityd", "0x1", "1p1"] {
            assert_eq!(parse_double(text), None, "{text}");
        }
    }

    #[test]
    fn hexadecimal_floats_need_an_exponent_and_round_to_even() {
        for (text, value) in [
            ("0x1p0", 1.0),
            ("-0X1.8P1f", -3.0),
            ("0x.8p0", 0.5),
            ("0xA.p-1d", 5.0),
            ("0x0p9999999999999", 0.0),
            ("0x1p1024", f64::INFINITY),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x1.fffffffffffff8p1023", f64::INFINITY),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.0000001p-1075", 5e-324),
            ("0x1.8p-1074", 1e-323),
            ("0x0.fffffffffffff8p-1022", f64::MIN_POSITIVE),
            ("0x10000000000000.8p0", 4_503_599_627_370_496.0),
            ("0x10000000000001.8p0", 4_503_599_627_370_498.0),
            ("0x10000000000000.80000000000000000001p0", 4_503_599_627_370_497.0),
            ("0x1p-99999999999", 0.0),
            ("0x100000000000000000000p-80", 1.0),
        ] {
            assert_eq!(parse_double(text), Some(value), "{text}");
        }
        for text in ["0x1", "0xp1", "0x.p1", "0x1.1.1p0", "0x1p", "0x1p+", "0x1p1ff", "x1p1", "0xgp1"] {
            assert_eq!(parse_double(text), None, "{text}");
        }
    }
}
