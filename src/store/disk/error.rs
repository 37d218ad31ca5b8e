//! What is wrong with a store on disk, and where.

use std::io;

use super::record::RecordError;

/// Damage at one byte of one file.
#[derive(Debug, thiserror::Error)]
#[error("{file}: byte {offset}: {kind}")]
pub struct StoreError {
    /// The file, as it was named: relative to the store's root, or as the caller gave it.
    pub file: String,
    /// The byte in the file at which what is damaged begins.
    pub offset: u64,
    /// What is wrong.
    pub kind: StoreErrorKind,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum StoreErrorKind {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A commit log record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A blank that does not end where the file ends.
    #[error("a blank of {len} bytes, but {left} are left in the file")]
    BlankLength {
        /// What the blank says.
        len: i32,
        /// Bytes to the file's end.
        left: u64,
    },
    /// A log or queue file that is not written to its end, before another file.
    #[error("nothing is written here, but another file follows")]
    EndsEarly,
    /// A log file that ends without a blank.
    #[error("the file ends without a blank")]
    NoBlank,
    /// A queue file that ends inside an entry.
    #[error("an entry of 20 bytes, but only {left} are left in the file")]
    IncompleteEntry {
        /// Bytes to the file's end.
        left: u64,
    },
    /// Zeros where a record or an entry should be, and data behind them.
    #[error("nothing is written here, but there is data at byte {data_at}")]
    Hole {
        /// The first byte that is not zero.
        data_at: u64,
    },
    /// A file of another length than its neighbours or than configured.
    #[error("the file has {actual} bytes instead of {expected}")]
    FileLength {
        /// Bytes of the file.
        actual: u64,
        /// What it should have.
        expected: u64,
    },
    /// A file whose predecessor is missing.
    #[error("the file starts at offset {actual}, but the one before ends at {expected}")]
    MissingFile {
        /// Where the file starts.
        actual: u64,
        /// Where it should start.
        expected: u64,
    },
    /// A consume queue entry that no broker would have written.
    #[error("illegal consume queue entry: physical offset {physical_offset}, size {size}")]
    IllegalEntry {
        /// Its physical offset.
        physical_offset: i64,
        /// Its size.
        size: i32,
    },
    /// A consume queue entry whose record is not where it says.
    #[error("the entry points at physical offset {physical_offset}, where there is no record of it: {reason}")]
    DanglingEntry {
        /// Its physical offset.
        physical_offset: i64,
        /// What is there instead.
        reason: String,
    },
    /// An index header that no broker would have written.
    #[error("illegal index header: {0}")]
    IllegalIndexHeader(String),
    /// Something cannot be written in this format.
    #[error("{0}")]
    Unwritable(String),
}

impl StoreError {
    /// Damage at a byte of a file.
    pub fn new(file: impl Into<String>, offset: u64, kind: impl Into<StoreErrorKind>) -> Self {
        Self { file: file.into(), offset, kind: kind.into() }
    }
}
