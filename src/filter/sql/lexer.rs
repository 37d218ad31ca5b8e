//! Text to words. The longest word wins; what is no word is an error only when the parser gets there
//! (`SelectorParserTokenManager`).

use super::error::{SqlError, SqlErrorKind};
use super::token::{Kind, Span, Token};

/// Reads words one at a time.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
    /// The last line end of the text: a line comment beyond it does not end, and so is none.
    last_line_end: Option<usize>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        Self { bytes, text, at: 0, last_line_end: bytes.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')) }
    }

    fn byte(&self, at: usize) -> u8 {
        // No word contains NUL, so it can stand for the end.
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The next word; at the end, again and again, [`Kind::End`].
    pub(super) fn next(&mut self) -> Result<Token, SqlError> {
        self.skip()?;
        let start = self.at;
        if start == self.bytes.len() {
            return Ok(Token { kind: Kind::End, span: Span::new(start, start) });
        }
        let (kind, end) = self.word(start)?;
        self.at = end;
        Ok(Token { kind, span: Span::new(start, end) })
    }

    /// Passes blanks and comments.
    fn skip(&mut self) -> Result<(), SqlError> {
        loop {
            match (self.byte(self.at), self.byte(self.at + 1)) {
                (b' ' | b'\t' | b'\n' | b'\r' | 0x0C, _) => self.at += 1,
                (b'-', b'-') if self.last_line_end.is_some_and(|end| end >= self.at) => {
                    self.at = self.find(self.at, |byte| matches!(byte, b'\n' | b'\r'));
                }
                (b'/', b'*') => {
                    let body = &self.bytes[self.at + 2..];
                    let close = body.windows(2).position(|pair| pair == b"*/");
                    let Some(close) = close else {
                        let span = Span::new(self.at, self.bytes.len());
                        return Err(SqlError::new(SqlErrorKind::OpenComment, span));
                    };
                    self.at += close + 4;
                }
                _ => return Ok(()),
            }
        }
    }

    fn find(&self, from: usize, hit: impl Fn(u8) -> bool) -> usize {
        (from..self.bytes.len()).find(|at| hit(self.bytes[*at])).unwrap_or(self.bytes.len())
    }

    /// The kind and the end of the word at `start`.
    fn word(&self, start: usize) -> Result<(Kind, usize), SqlError> {
        let next = self.byte(start + 1);
        Ok(match self.byte(start) {
            b'=' => (Kind::Equal, start + 1),
            b'<' if next == b'>' => (Kind::NotEqual, start + 2),
            b'<' if next == b'=' => (Kind::LessEqual, start + 2),
            b'<' => (Kind::Less, start + 1),
            b'>' if next == b'=' => (Kind::GreaterEqual, start + 2),
            b'>' => (Kind::Greater, start + 1),
            b'(' => (Kind::Open, start + 1),
            b',' => (Kind::Comma, start + 1),
            b')' => (Kind::Close, start + 1),
            b'+' => (Kind::Plus, start + 1),
            b'-' => (Kind::Minus, start + 1),
            b'\'' => (Kind::Text, self.string(start)?),
            b'0'..=b'9' => self.number(start),
            b'.' if next.is_ascii_digit() => self.number(start),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => {
                let end = self.find(start, |byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')));
                (Kind::of_word(&self.text[start..end]), end)
            }
            _ => {
                let other = self.text[start..].chars().next().unwrap_or_default();
                let span = Span::new(start, start + other.len_utf8());
                return Err(SqlError::new(SqlErrorKind::Character(other), span));
            }
        })
    }

    /// The end of a string. A doubled quote belongs to it; but if no quote follows any more, the string ended before.
    fn string(&self, start: usize) -> Result<usize, SqlError> {
        let mut ended = None;
        let mut at = start + 1;
        loop {
            at = self.find(at, |byte| byte == b'\'');
            if at == self.bytes.len() {
                let span = Span::new(start, at);
                return ended.ok_or_else(|| SqlError::new(SqlErrorKind::OpenText, span));
            }
            ended = Some(at + 1);
            if self.byte(at + 1) != b'\'' {
                return Ok(at + 1);
            }
            at += 2;
        }
    }

    /// An integer is `0`, or digits that begin with another one and perhaps an `L`; with a point or an exponent it is a
    /// floating number.
    fn number(&self, start: usize) -> (Kind, usize) {
        let digits = |from: usize| self.find(from, |byte| !byte.is_ascii_digit());
        let whole = digits(start);
        let mut end = whole;
        if self.byte(end) == b'.' {
            end = digits(end + 1);
        }
        if matches!(self.byte(end), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(end + 1), b'+' | b'-'));
            if self.byte(end + 1 + sign).is_ascii_digit() {
                end = digits(end + 1 + sign);
            }
        }
        if end > whole {
            (Kind::Float, end)
        } else if self.byte(start) == b'0' {
            (Kind::Integer, start + 1)
        } else {
            (Kind::Integer, whole + usize::from(matches!(self.byte(whole), b'l' | b'L')))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut lexer = Lexer::new(text);
        let mut words = Vec::new();
        loop {
            match lexer.next() {
                Ok(Token { kind: Kind::End, .. }) => return words,
                Ok(token) => words.push(format!("{:?} {}", token.kind, token.span.of(text))),
                Err(error) => {
                    words.push(format!("{} {}..{}", error.kind, error.span.start, error.span.end));
                    return words;
                }
            }
        }
    }

    #[test]
    fn the_longest_number_wins() {
        assert_eq!(words("012"), ["Integer 0", "Integer 12"]);
        assert_eq!(words("0L 12l"), ["Integer 0", "Name L", "Integer 12l"]);
        assert_eq!(words("012.5e-3x"), ["Float 012.5e-3", "Name x"]);
        assert_eq!(words("1e+ 1.e2 .5"), ["Integer 1", "Name e", "Plus +", "Float 1.e2", "Float .5"]);
        assert_eq!(words("0x1_2"), ["Integer 0", "Name x1_2"]);
    }

    #[test]
    fn a_string_ends_at_the_last_quote_that_can_close_it() {
        assert_eq!(words("'it''s' x"), ["Text 'it''s'", "Name x"]);
        assert_eq!(words("'a'' b"), ["Text 'a'", "the string has no closing quote 3..6"]);
        assert_eq!(words("'''"), ["Text ''", "the string has no closing quote 2..3"]);
    }

    #[test]
    fn comments_need_their_end() {
        assert_eq!(words("a -- b\r\nc --d"), ["Name a", "Name c", "Minus -", "Minus -", "Name d"]);
        assert_eq!(words("/***/a/* ** / */b"), ["Name a", "Name b"]);
        assert_eq!(words("a /*/"), ["Name a", "the comment has no closing `*/` 2..5"]);
    }

    #[test]
    fn words_of_the_language_come_in_any_case_and_names_in_their_own() {
        assert_eq!(words("bEtWeEn nota $_1"), ["Between bEtWeEn", "Name nota", "Name $_1"]);
        assert_eq!(words("<><=>=<>>"), ["NotEqual <>", "LessEqual <=", "GreaterEqual >=", "NotEqual <>", "Greater >"]);
        assert_eq!(words("a é"), ["Name a", "`é` is not part of the language 2..4"]);
        assert_eq!(words("a\u{b}"), ["Name a", "`\\u{b}` is not part of the language 1..2"]);
        assert_eq!(words("."), ["`.` is not part of the language 0..1"]);
    }
}
