//! Words of the language and where they stand.

/// A stretch of the expression's text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: u32,
    /// The byte behind its last.
    pub end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        // The compiler refuses longer texts (`MAX_TEXT`) before anything is read.
        Self { start: start as u32, end: end as u32 }
    }

    /// The bytes of a text that the span covers.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// From the beginning of one to the end of another.
    pub(super) fn to(self, end: Self) -> Self {
        Self { start: self.start, end: end.end }
    }

    /// Number of bytes.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a place, not a container")]
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// What a word is (`SelectorParserConstants`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    Not,
    And,
    Or,
    Between,
    In,
    True,
    False,
    Null,
    Is,
    Integer,
    Float,
    Text,
    Name,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Open,
    Comma,
    Close,
    Plus,
    Minus,
}

/// The words that are no names, whatever their case.
const KEYWORDS: [(&str, Kind); 9] = [
    ("NOT", Kind::Not),
    ("AND", Kind::And),
    ("OR", Kind::Or),
    ("BETWEEN", Kind::Between),
    ("IN", Kind::In),
    ("TRUE", Kind::True),
    ("FALSE", Kind::False),
    ("NULL", Kind::Null),
    ("IS", Kind::Is),
];

impl Kind {
    /// Of a word made of letters.
    pub(super) fn of_word(word: &str) -> Self {
        let keyword = KEYWORDS.iter().find(|(keyword, _)| keyword.eq_ignore_ascii_case(word));
        keyword.map_or(Self::Name, |(_, kind)| *kind)
    }
}

/// A word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}
