//! Why a text does not compile.

use super::token::Span;

/// Why a text does not compile, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct SqlError {
    /// What is wrong.
    pub kind: SqlErrorKind,
    /// The place, in bytes of the text.
    pub span: Span,
}

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlErrorKind {
    /// No word but blanks and comments, if anything at all.
    #[error("the expression is empty")]
    Empty,
    /// A character that begins no word.
    #[error("`{}` is not part of the language", .0.escape_debug())]
    Character(char),
    /// A string that does not end.
    #[error("the string has no closing quote")]
    OpenText,
    /// A comment that does not end.
    #[error("the comment has no closing `*/`")]
    OpenComment,
    /// A word that cannot stand there.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What could stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The whole, or a side of AND, OR or NOT, is a number, a string or a signed value.
    #[error("this is neither true nor false; a condition is needed here")]
    NoCondition,
    /// A side of `>`, `>=`, `<`, `<=` or BETWEEN is a string, TRUE, FALSE or NULL, or a condition.
    #[error("{0} has no order: `>`, `>=`, `<`, `<=` and BETWEEN compare numbers and properties")]
    NoOrder(&'static str),
    /// `=` or `<>` beside NULL.
    #[error("nothing is equal or unequal to NULL")]
    EqualNull,
    /// TRUE or FALSE on the left of another literal.
    #[error("TRUE and FALSE cannot be compared with this literal")]
    BooleanWithLiteral,
    /// The bounds of BETWEEN are literals in descending order.
    #[error("the bounds of BETWEEN are in the wrong order: nothing lies between {low} and {high}")]
    DescendingBounds {
        /// The lower bound as written.
        low: String,
        /// The upper bound as written.
        high: String,
    },
    /// IN behind something else than a name.
    #[error("only a property can be IN a list")]
    InWithoutName,
    /// An integer beyond 64 bits.
    #[error("{0} does not fit 64 bits; the largest integer is 9223372036854775807")]
    IntegerTooLarge(String),
    /// A floating number beyond the range.
    #[error("{0} is too large for a floating number")]
    FloatTooLarge(String),
    /// A floating number that is or becomes zero.
    #[error("{0} is below the smallest floating number, 4.9E-324")]
    FloatTooSmall(String),
    /// More levels than an expression may have.
    #[error("the expression is nested more than {0} levels deep")]
    TooDeep(usize),
    /// More bytes than an expression may have.
    #[error("the expression has {0} bytes; {max} are allowed", max = super::filter::MAX_TEXT)]
    TooLong(usize),
}

impl SqlError {
    pub(super) const fn new(kind: SqlErrorKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// The simple name of the exception that RocketMQ's parser dies of.
    #[must_use]
    pub const fn java_class(&self) -> &'static str {
        match self.kind {
            SqlErrorKind::Character(_) | SqlErrorKind::OpenText | SqlErrorKind::OpenComment => "TokenMgrError",
            SqlErrorKind::Empty | SqlErrorKind::Unexpected { .. } | SqlErrorKind::NoCondition => "ParseException",
            SqlErrorKind::IntegerTooLarge(_) => "NumberFormatException",
            SqlErrorKind::TooDeep(_) | SqlErrorKind::TooLong(_) => "StackOverflowError",
            _ => "RuntimeException",
        }
    }

    /// What to write instead, where that can be guessed from the `text` that was compiled.
    #[must_use]
    pub fn help(&self, text: &str) -> Option<&'static str> {
        let (before, rest) = text.split_at_checked(self.span.start as usize).unwrap_or_default();
        Some(match &self.kind {
            SqlErrorKind::Character('!') if rest.starts_with("!=") => "unequal is written `<>`",
            SqlErrorKind::Character('!') => "write NOT",
            SqlErrorKind::Character('&') => "write AND",
            SqlErrorKind::Character('|') => "write OR",
            SqlErrorKind::Character('"' | '`') => "strings stand in single quotes, names in none",
            SqlErrorKind::Character('*' | '/' | '%') => "there is no arithmetic",
            SqlErrorKind::Character('.' | ':' | '@') => "names consist of letters of ASCII, digits, `_` and `$`",
            SqlErrorKind::Character(other) if other.is_alphabetic() => {
                "names consist of letters of ASCII, digits, `_` and `$`"
            }
            SqlErrorKind::OpenText => "a quote inside a string is doubled: 'it''s'",
            SqlErrorKind::Unexpected { found, .. } if found == "`=`" && before.ends_with('=') => {
                "equality is written with one `=`"
            }
            SqlErrorKind::Unexpected { found, .. } if found == "`>`" && before.ends_with('=') => "write `>=`",
            SqlErrorKind::Unexpected { found, .. } if found == "`<`" && before.ends_with('=') => "write `<=`",
            SqlErrorKind::EqualNull => "write IS NULL or IS NOT NULL",
            SqlErrorKind::NoOrder("a condition") => {
                "NOT binds tighter than comparisons, and `1 < a < 3` is (1 < a) < 3: use parentheses and AND"
            }
            SqlErrorKind::NoOrder(_) => "strings can only be compared by `=`, `<>` and IN",
            SqlErrorKind::DescendingBounds { .. } => "write the smaller bound first",
            SqlErrorKind::InWithoutName => "NOT binds tighter than IN: write `a NOT IN (…)` or `NOT (a IN (…))`",
            SqlErrorKind::FloatTooSmall(_) => "write 0 for zero; compared with a property it asks for whole numbers",
            SqlErrorKind::Empty => "write a condition, like `a > 5 AND b IS NOT NULL`",
            _ => return None,
        })
    }
}
