//! Values while an expression is evaluated, and how two of them compare (`ComparisonExpression#__compare`).

use std::cmp::Ordering;

use super::evaluate::EvalErrorKind;
use super::number::{parse_double, parse_int, parse_long};

/// What a part of an expression is worth for a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// Java's null: a missing property and all that follows from it.
    Unknown,
    Bool(bool),
    Text(&'a str),
    Int(i32),
    Long(i64),
    Double(f64),
}

impl Value<'_> {
    pub(super) fn is_unknown(self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Prefix minus: unknown for all but numbers.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Int(value) => Self::Int(value.wrapping_neg()),
            Self::Long(value) => Self::Long(value.wrapping_neg()),
            Self::Double(value) => Self::Double(-value),
            Self::Unknown | Self::Bool(_) | Self::Text(_) => Self::Unknown,
        }
    }
}

/// `Double#compareTo`: -0.0 below 0.0, NaN above all and equal to itself.
fn compare_doubles(left: f64, right: f64) -> Ordering {
    // Only equal numbers and NaN are left to the second comparison; Java's bits know one NaN.
    left.partial_cmp(&right).filter(|order| order.is_ne()).unwrap_or_else(|| {
        let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() as i64 } else { value.to_bits() as i64 };
        match (left.is_nan(), right.is_nan()) {
            (false, false) => bits(left).cmp(&bits(right)),
            (left, right) => left.cmp(&right),
        }
    })
}

fn int(text: &str) -> Result<i32, EvalErrorKind> {
    parse_int(text).ok_or(EvalErrorKind::NoInt)
}

fn long(text: &str) -> Result<i64, EvalErrorKind> {
    parse_long(text).ok_or(EvalErrorKind::NoLong)
}

fn double(text: &str) -> Result<f64, EvalErrorKind> {
    parse_double(text).ok_or(EvalErrorKind::NoDouble)
}

/// Compares known values. A text beside a number is read as the number's type; numbers widen; types that have nothing in
/// common count as less, whichever stands left.
pub(super) fn compare(left: Value<'_>, right: Value<'_>) -> Result<Ordering, EvalErrorKind> {
    use Value::{Bool, Double, Int, Long, Text};
    Ok(match (left, right) {
        (Text(left), Text(right)) => left.cmp(right),
        (Text(left), Int(right)) => int(left)?.cmp(&right),
        (Int(left), Text(right)) => left.cmp(&int(right)?),
        (Text(left), Long(right)) => long(left)?.cmp(&right),
        (Long(left), Text(right)) => left.cmp(&long(right)?),
        (Text(left), Double(right)) => compare_doubles(double(left)?, right),
        (Double(left), Text(right)) => compare_doubles(left, double(right)?),
        (Text(left), Bool(right)) => left.eq_ignore_ascii_case("true").cmp(&right),
        // The Java class casts the wrong side.
        (Bool(_), Text(_)) => return Err(EvalErrorKind::BooleanLeftOfText),
        (Bool(left), Bool(right)) => left.cmp(&right),
        (Int(left), Int(right)) => left.cmp(&right),
        (Int(left), Long(right)) => i64::from(left).cmp(&right),
        (Long(left), Int(right)) => left.cmp(&i64::from(right)),
        (Long(left), Long(right)) => left.cmp(&right),
        (Int(left), Double(right)) => compare_doubles(f64::from(left), right),
        (Double(left), Int(right)) => compare_doubles(left, f64::from(right)),
        (Long(left), Double(right)) => compare_doubles(left as f64, right),
        (Double(left), Long(right)) => compare_doubles(left, right as f64),
        (Double(left), Double(right)) => compare_doubles(left, right),
        _ => Ordering::Less,
    })
}

/// Compares known values for an operator of order, which reads two texts as floating numbers.
pub(super) fn compare_order(left: Value<'_>, right: Value<'_>) -> Result<Ordering, EvalErrorKind> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Ok(compare_doubles(double(left)?, double(right)?)),
        _ => compare(left, right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_in_java_s_total_order() {
        let ordered = [f64::NEG_INFINITY, -1.0, -0.0, 0.0, 1.0, f64::INFINITY, f64::NAN];
        for (i, left) in ordered.iter().enumerate() {
            for (j, right) in ordered.iter().enumerate() {
                assert_eq!(compare_doubles(*left, *right), i.cmp(&j), "{left} {right}");
            }
        }
        assert_eq!(compare_doubles(f64::NAN, -f64::NAN), Ordering::Equal);
    }

    #[test]
    fn types_without_a_common_ground_count_as_less_from_either_side() {
        assert_eq!(compare(Value::Bool(true), Value::Int(1)), Ok(Ordering::Less));
        assert_eq!(compare(Value::Double(1.0), Value::Bool(false)), Ok(Ordering::Less));
        assert_eq!(compare(Value::Bool(true), Value::Text("true")), Err(EvalErrorKind::BooleanLeftOfText));
        assert_eq!(compare(Value::Text("TrUe"), Value::Bool(true)), Ok(Ordering::Equal));
    }

    #[test]
    fn a_long_beside_a_double_loses_its_last_bits() {
        let (odd, even) = (Value::Long(9_007_199_254_740_993), Value::Double(9_007_199_254_740_992.0));
        assert_eq!(compare(odd, even), Ok(Ordering::Equal));
        assert_eq!(compare(even, odd), Ok(Ordering::Equal));
    }
}
