//! Text to values, as lenient as fastjson with its default features (`DefaultJSONParser`, `JSONScanner`): integers,
//! words and whole objects as keys, single quotes, comments, spare commas.

use std::borrow::Cow;

use super::error::{ConfigError, Fault, Problem, shown};
use super::tree::{Entry, Node, Value};

/// Largest file in bytes. The files of a broker with a hundred thousand groups have some ten megabytes.
pub const LARGEST_TEXT: usize = 64 << 20;
/// Most values of a file: bounds the memory.
const MOST_VALUES: usize = 8_000_000;
/// Most values inside each other. Real files have five.
const DEEPEST: usize = 100;

/// The text of a file's bytes.
///
/// # Errors
/// The first byte that is no UTF-8, or more bytes than [`LARGEST_TEXT`].
pub fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, ConfigError> {
    if bytes.len() > LARGEST_TEXT {
        let problem = Problem::TooLarge { most: LARGEST_TEXT, of: "bytes" };
        return Err(Fault { offset: 0, problem }.in_file(file, ""));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        let before = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
        Fault { offset: valid, problem: Problem::NotUtf8 { byte: bytes[valid] } }.in_file(file, before)
    })
}

/// Reads one value and nothing behind it. A text of blanks is null, as for fastjson.
pub(super) fn parse(text: &str) -> Result<Node<'_>, Fault> {
    if text.len() > LARGEST_TEXT {
        return Err(Fault { offset: 0, problem: Problem::TooLarge { most: LARGEST_TEXT, of: "bytes" } });
    }
    let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut parser = Parser { text, at, values: 0, depth: 0 };
    parser.skip()?;
    if parser.peek().is_none() {
        return Ok(Node { at: 0, value: Value::Null });
    }
    let node = parser.value()?;
    parser.skip()?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.expected("the end of the file")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    values: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fault(&self, offset: usize, problem: Problem) -> Fault {
        Fault { offset, problem }
    }

    /// The character here is not what should stand here.
    fn expected(&self, expected: &'static str) -> Fault {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let found = match rest {
            "" => "the end of the file".to_owned(),
            _ => shown(&rest[..word.max(first)]),
        };
        self.fault(self.at, Problem::Syntax { expected, found })
    }

    fn expected_at(&mut self, at: usize, expected: &'static str) -> Fault {
        self.at = at;
        self.expected(expected)
    }

    /// Goes past blanks and comments (`JSONLexerBase#skipWhitespace`).
    fn skip(&mut self) -> Result<(), Fault> {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            match rest {
                [b' ' | b'\t' | b'\n' | b'\r' | 0x0c | 0x08, ..] => self.at += 1,
                [b'/', b'/', ..] => self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
                [b'/', b'*', ..] => match self.text[self.at + 2..].find("*/") {
                    Some(end) => self.at += end + 4,
                    None => return Err(self.expected("a comment with an end")),
                },
                _ => return Ok(()),
            }
        }
    }

    fn node(&mut self, at: usize, value: Value<'a>) -> Result<Node<'a>, Fault> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(self.fault(at, Problem::TooLarge { most: MOST_VALUES, of: "values" }));
        }
        // Files end long before an offset leaves 32 bits.
        Ok(Node { at: at as u32, value })
    }

    fn value(&mut self) -> Result<Node<'a>, Fault> {
        let at = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(quote @ (b'"' | b'\'')) => Value::Text(self.string(quote)?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            _ => match self.word() {
                Some("null" | "undefined" | "NaN") => Value::Null,
                Some("true") => Value::Bool(true),
                Some("false") => Value::Bool(false),
                _ => return Err(self.expected_at(at, "a value")),
            },
        };
        self.node(at, value)
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Value<'a>, Fault>) -> Result<Value<'a>, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault(self.at, Problem::TooDeep { most: DEEPEST }));
        }
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// Goes past commas and what lies between them; how many there were.
    fn commas(&mut self) -> Result<usize, Fault> {
        let mut commas = 0;
        loop {
            self.skip()?;
            if self.peek() != Some(b',') {
                return Ok(commas);
            }
            self.at += 1;
            commas += 1;
        }
    }

    fn object(&mut self) -> Result<Value<'a>, Fault> {
        let mut entries: Vec<Entry<'a>> = Vec::new();
        let mut commas = self.commas()?;
        loop {
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(entries));
                }
                // A map with integer keys does without commas (`MapDeserializer#parseMap`).
                Some(_) if entries.last().is_some_and(|entry| commas == 0 && !entry.key.is_number()) => {
                    return Err(self.expected("`,` or `}`"));
                }
                _ => {}
            }
            let spare = commas > usize::from(!entries.is_empty());
            if spare && matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
                return Err(self.expected("a key that is no number after a spare comma"));
            }
            let key = self.key()?;
            self.skip()?;
            if self.peek() != Some(b':') {
                return Err(self.expected("`:`"));
            }
            self.at += 1;
            self.skip()?;
            let value = self.value()?;
            entries.push(Entry { key, value });
            commas = self.commas()?;
        }
    }

    fn key(&mut self) -> Result<Node<'a>, Fault> {
        match self.peek() {
            Some(b'"' | b'\'' | b'-' | b'0'..=b'9' | b'{' | b'[') => self.value(),
            _ => {
                let at = self.at;
                match self.word() {
                    Some(word) => self.node(at, Value::Text(Cow::Borrowed(word))),
                    None => Err(self.expected("a key or `}`")),
                }
            }
        }
    }

    fn list(&mut self) -> Result<Value<'a>, Fault> {
        let mut items: Vec<Node<'a>> = Vec::new();
        let mut commas = self.commas()?;
        loop {
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Value::List(items));
            }
            if commas == 0 && !items.is_empty() {
                return Err(self.expected("`,` or `]`"));
            }
            items.push(self.value()?);
            commas = self.commas()?;
        }
    }

    /// A word without quotes (`JSONLexerBase#scanSymbolUnQuoted`).
    fn word(&mut self) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
        let end = rest.find(|c: char| !part(c)).unwrap_or(rest.len());
        if end == 0 || rest.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.at += end;
        Some(&rest[..end])
    }

    /// The digits of a number; a type letter behind it (`7L`) is left out (`JSONLexerBase#scanNumber`).
    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let digits = self.digits();
        if digits == 0 {
            return Err(self.expected("a digit"));
        }
        let mut fraction = false;
        if self.peek() == Some(b'.') {
            self.at += 1;
            fraction = true;
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(self.expected("the digits of an exponent"));
            }
            fraction = true;
        }
        let end = self.at;
        match self.peek() {
            Some(b'L' | b'S' | b'B') if !fraction => self.at += 1,
            Some(b'F' | b'D') => self.at += 1,
            _ => {}
        }
        Ok(&self.text[start..end])
    }

    fn digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        digits
    }

    /// A text in quotes of one kind or the other (`JSONLexerBase#scanString`).
    fn string(&mut self, quote: u8) -> Result<Cow<'a, str>, Fault> {
        let opened = self.at;
        self.at += 1;
        let start = self.at;
        let mut owned: Option<String> = None;
        let mut copied = start;
        loop {
            match self.peek() {
                None => {
                    self.at = opened;
                    let found = "the end of the file".to_owned();
                    return Err(self.fault(opened, Problem::Syntax { expected: "a text with an end", found }));
                }
                Some(byte) if byte == quote => {
                    let rest = &self.text[copied..self.at];
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(rest),
                        Some(text) => Cow::Owned(text + rest),
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(&self.text[copied..self.at]);
                    let unescaped = self.escape()?;
                    owned.get_or_insert_default().push(unescaped);
                    copied = self.at;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// A backslash and what it escapes.
    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let at = self.at;
        self.escaped().ok_or_else(|| self.expected_at(at, "an escape like \\n or \\u0041"))
    }

    /// What stands behind a backslash. Half of a surrogate pair becomes U+FFFD.
    fn escaped(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\'' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' | b'F' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'v' => '\u{b}',
            b'0'..=b'7' => char::from(byte - b'0'),
            b'x' => char::from_u32(self.hex(2)?).unwrap_or('\u{fffd}'),
            b'u' => {
                let first = self.hex(4)?;
                let mut low = None;
                if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
                    let back = self.at;
                    self.at += 2;
                    low = self.hex(4).filter(|low| (0xdc00..0xe000).contains(low));
                    self.at = if low.is_some() { self.at } else { back };
                }
                let code = low.map_or(first, |low| 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00));
                char::from_u32(code).unwrap_or('\u{fffd}')
            }
            _ => return None,
        })
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text = self.text.get(self.at..self.at + digits)?;
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += digits;
        u32::from_str_radix(text, 16).ok()
    }
}
