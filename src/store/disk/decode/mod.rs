//! Lists what a store holds, in order, until something is wrong.
//!
//! The listing is stricter than a broker's start ([`super::recover`]), which silently cuts off what is damaged: a record
//! must lie where it says, a file must be written up to its end before the next one begins, and a consume queue's entry
//! must point at its message.

mod index;
mod log;
mod lookup;
mod queue;
#[cfg(test)]
mod tests;

use std::io;

use super::checkpoint::Checkpoint;
use super::error::StoreError;
use super::index_file::IndexHeader;
use super::queue_entry::QueueEntry;
use super::record::Record;
use super::source::StoreSource;

pub use self::index::{decode_checkpoint, decode_index};
pub use self::log::{decode_log, decode_log_prefix};
pub use self::queue::{decode_queue_prefix, decode_queues};

/// Something that a store holds.
#[derive(Clone, Copy, Debug)]
pub enum Listed<'a> {
    /// A record of the commit log.
    Record(&'a Record<'a>),
    /// The blank at a log file's end.
    Blank {
        /// Its offset in the log.
        physical_offset: u64,
        /// Its bytes.
        size: u64,
    },
    /// An entry of a consume queue.
    QueueEntry {
        /// Which queue; `None` if only a file was given.
        queue: Option<(&'a str, i32)>,
        /// Its number.
        queue_offset: u64,
        /// The entry.
        entry: QueueEntry,
    },
    /// Blank entries in front of a queue that starts late.
    QueueBlanks {
        /// Which queue; `None` if only a file was given.
        queue: Option<(&'a str, i32)>,
        /// Number of the first one.
        queue_offset: u64,
        /// How many.
        count: u64,
    },
    /// The header of an index file.
    Index {
        /// Bytes of the file.
        file_len: u64,
        /// The header.
        header: IndexHeader,
    },
    /// The checkpoint.
    Checkpoint(Checkpoint),
}

/// Where something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The file, relative to the store's root or as given.
    pub file: &'a str,
    /// Where it starts in the file.
    pub position: u64,
}

/// Why a listing ended early.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Something is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The listing cannot be written.
    #[error("{0}")]
    Sink(#[from] io::Error),
}

/// Takes what was found.
pub type Sink<'s> = dyn FnMut(Place<'_>, Listed<'_>) -> io::Result<()> + 's;

/// The file sizes of a store, as its files show them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FoundSizes {
    /// Bytes of a log file; `None` without any.
    pub commit_log: Option<u64>,
    /// Bytes of a consume queue file; `None` without any.
    pub consume_queue: Option<u64>,
}

/// Finds the sizes: that of the longest file of each kind, since files are cut off but do not grow.
///
/// # Errors
/// If a directory or file cannot be looked at.
pub fn find_sizes(source: &dyn StoreSource) -> Result<FoundSizes, StoreError> {
    let log = lookup::offset_files(source, "commitlog")?;
    let mut sizes = FoundSizes { commit_log: log.iter().map(|file| file.len).max(), consume_queue: None };
    for (_, _, dir) in queue::queue_dirs(source)? {
        for file in lookup::offset_files(source, &dir)? {
            sizes.consume_queue = sizes.consume_queue.max(Some(file.len));
        }
    }
    Ok(sizes)
}
