//! What is wrong with a configuration file, and where.

/// A configuration file that is not what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {problem}")]
pub struct ConfigError {
    /// The file, as the caller names it.
    pub file: String,
    /// Line of the place, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// Byte of the file, from 0.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A byte that no UTF-8 text has there.
    #[error("not UTF-8: byte 0x{byte:02x}")]
    NotUtf8 {
        /// The byte.
        byte: u8,
    },
    /// Not even fastjson takes this for JSON.
    #[error("expected {expected}, found {found}")]
    Syntax {
        /// What would have been right.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// JSON, but of another content.
    #[error("{what}: expected {expected}, found {found}")]
    Content {
        /// The value, by its way through the file: `offsetTable.T@G.0`.
        what: String,
        /// What would have been right.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// More values inside each other than any real file has.
    #[error("more than {most} values inside each other")]
    TooDeep {
        /// The limit.
        most: usize,
    },
    /// More than is read into memory.
    #[error("more than {most} {of}")]
    TooLarge {
        /// The limit.
        most: usize,
        /// Of what.
        of: &'static str,
    },
}

/// What is wrong at a byte, before the file is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) problem: Problem,
}

impl Fault {
    pub(super) fn content(offset: u32, what: &str, expected: &'static str, found: impl Into<String>) -> Self {
        let problem = Problem::Content { what: what.to_owned(), expected, found: found.into() };
        Self { offset: offset as usize, problem }
    }

    /// With the file's name, and the offset also as line and column.
    pub(super) fn in_file(self, file: &str, text: &str) -> ConfigError {
        let offset = (0..=self.offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ConfigError {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            offset,
            problem: self.problem,
        }
    }
}

/// A text for a message: quoted, without control characters, at most 40 characters.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
