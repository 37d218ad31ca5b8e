//! Values with their places, and what fastjson makes of them when a Java type is asked for (`TypeUtils`).

use std::borrow::Cow;

use super::error::{Fault, shown};

/// A value and the byte it begins at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node<'a> {
    pub(super) at: u32,
    pub(super) value: Value<'a>,
}

/// What a value can be. Numbers stay as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<Entry<'a>>),
}

/// A key, which may be any value, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) key: Node<'a>,
    pub(super) value: Node<'a>,
}

impl<'a> Node<'a> {
    pub(super) fn is_number(&self) -> bool {
        matches!(self.value, Value::Number(_))
    }

    fn found(&self) -> String {
        match &self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(text) => format!("number {}", shown(text).trim_matches('"')),
            Value::Text(text) => format!("text {}", shown(text)),
            Value::List(items) => format!("a list of {}", items.len()),
            Value::Object(entries) => format!("an object of {}", entries.len()),
        }
    }

    pub(super) fn wrong(&self, what: &str, expected: &'static str) -> Fault {
        Fault::content(self.at, what, expected, self.found())
    }

    /// A bean; `None` for what stands for no bean at all: null, `[]`, an empty text
    /// (`JavaBeanDeserializer#deserialze`).
    pub(super) fn bean(&self, what: &str) -> Result<Option<&[Entry<'a>]>, Fault> {
        match &self.value {
            Value::Object(entries) => Ok(Some(entries)),
            Value::Null => Ok(None),
            Value::List(items) if items.is_empty() => Ok(None),
            Value::Text(text) if text.is_empty() => Ok(None),
            _ => Err(self.wrong(what, "an object")),
        }
    }

    /// A table; `None` for null.
    pub(super) fn table(&self, what: &str) -> Result<Option<&[Entry<'a>]>, Fault> {
        match &self.value {
            Value::Object(entries) => Ok(Some(entries)),
            Value::Null => Ok(None),
            _ => Err(self.wrong(what, "an object")),
        }
    }

    /// A key that is a text.
    pub(super) fn text_key(&self, what: &str) -> Result<&str, Fault> {
        match &self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.wrong(what, "a text as key")),
        }
    }

    /// A text, also made of a number or a truth value (`StringCodec#deserialze`); `None` for null.
    pub(super) fn text(&self, what: &str) -> Result<Option<String>, Fault> {
        match &self.value {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text.clone().into_owned())),
            Value::Number(text) => Ok(Some((*text).to_owned())),
            Value::Bool(value) => Ok(Some(value.to_string())),
            _ => Err(self.wrong(what, "a text")),
        }
    }

    /// A whole number within `Long`, fractions cut off (`TypeUtils#castToLong`); `None` for null and empty texts.
    pub(super) fn long(&self, what: &str) -> Result<Option<i64>, Fault> {
        let expected = "a whole number of 64 bits";
        let number = match &self.value {
            Value::Null => return Ok(None),
            Value::Bool(value) => return Ok(Some(i64::from(*value))),
            Value::Number(text) => whole(text),
            Value::Text(text) if matches!(&**text, "" | "null" | "NULL") => return Ok(None),
            // Thousands may be separated; a fraction of zeros is cut off.
            Value::Text(text) => whole_text(&text.replace(',', "")),
            _ => None,
        };
        let number = number.and_then(|number| i64::try_from(number).ok());
        number.map(Some).ok_or_else(|| self.wrong(what, expected))
    }

    /// A whole number within `Integer` (`TypeUtils#castToInt`); `None` for null and empty texts.
    pub(super) fn int(&self, what: &str) -> Result<Option<i32>, Fault> {
        let expected = "a whole number of 32 bits";
        let long = self.long(what).map_err(|_| self.wrong(what, expected))?;
        match long.map(i32::try_from) {
            None => Ok(None),
            Some(Ok(int)) => Ok(Some(int)),
            Some(Err(_)) => Err(self.wrong(what, expected)),
        }
    }

    /// A truth value (`TypeUtils#castToBoolean`); `None` for null and empty texts.
    pub(super) fn bool(&self, what: &str) -> Result<Option<bool>, Fault> {
        match &self.value {
            Value::Null => Ok(None),
            Value::Bool(value) => Ok(Some(*value)),
            Value::Number(_) => Ok(self.int(what)?.map(|number| number == 1)),
            Value::Text(text) => match text.to_ascii_lowercase().as_str() {
                "" | "null" => Ok(None),
                "true" | "1" | "y" | "t" => Ok(Some(true)),
                "false" | "0" | "n" | "f" => Ok(Some(false)),
                _ => Err(self.wrong(what, "true or false")),
            },
            _ => Err(self.wrong(what, "true or false")),
        }
    }
}

/// The last entry of a name, as a later setter call wins.
pub(super) fn field<'n, 'a>(entries: &'n [Entry<'a>], name: &str) -> Option<&'n Node<'a>> {
    let named = |entry: &&Entry<'a>| matches!(&entry.key.value, Value::Text(key) if key == name);
    entries.iter().rev().find(named).map(|entry| &entry.value)
}

/// The whole part of a number as it is written, with or without fraction and exponent.
fn whole(text: &str) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, mantissa),
    };
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let point = before.len() as i128 + i128::from(exponent);
    let digits = before.bytes().chain(after.bytes());
    let mut number: i128 = 0;
    let mut seen = 0_i128;
    for digit in digits {
        if seen >= point {
            return Some(sign * number);
        }
        number = number.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        seen += 1;
    }
    while seen < point && number != 0 {
        number = number.checked_mul(10)?;
        seen += 1;
    }
    Some(sign * number)
}

/// A text that Java's `parseLong` takes, behind it at most a point and zeros.
fn whole_text(text: &str) -> Option<i128> {
    let number = match text.split_once('.') {
        Some((number, zeros)) if zeros.bytes().all(|byte| byte == b'0') => number,
        _ => text,
    };
    let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
    let plain = !digits.is_empty() && digits.len() < 30 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_to_their_whole_part() {
        for (text, expected) in [
            ("7", Some(7)),
            ("-0", Some(0)),
            ("007", Some(7)),
            ("7.9", Some(7)),
            ("-7.9", Some(-7)),
            ("12.5e2", Some(1250)),
            ("125e-1", Some(12)),
            ("1e-999999999", Some(0)),
            ("0e999999999", Some(0)),
            ("1e999999999", None),
            ("9223372036854775808", Some(1_i128 << 63)),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_are_numbers_when_java_says_so() {
        let long = |text: &'static str| Node { at: 0, value: Value::Text(text.into()) }.long("x");
        assert_eq!(long("1,234"), Ok(Some(1234)));
        assert_eq!(long("7.000"), Ok(Some(7)));
        assert_eq!(long(""), Ok(None));
        assert!(long("7.5").is_err() && long(" 7").is_err() && long("9223372036854775808").is_err());
    }
}
