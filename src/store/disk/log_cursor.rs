//! Goes through the records of one commit log file.

use std::io;

use super::record::{BLANK_MAGIC, Lengths, Opening, Record, RecordError};
use super::source::Window;

/// What stands at a position of a commit log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogItem<'a> {
    /// A record.
    Record(Record<'a>),
    /// The blank that fills the file's end; its length as it says.
    Blank(i32),
    /// Zeros: nothing was written here.
    Unwritten,
    /// The file's end.
    End,
    /// Neither.
    Damaged(RecordError),
}

/// Records up to this size are decoded without looking at their lengths first.
const AT_ONCE: u64 = 64 << 10;

/// Reads what stands at `position`. Memory is taken for a record only after its lengths were found to agree, so that no
/// damaged size makes it grow.
///
/// # Errors
/// If the file cannot be read.
pub fn item_at<'w>(window: &'w mut Window<'_>, position: u64) -> io::Result<LogItem<'w>> {
    let left = window.len().saturating_sub(position);
    if left == 0 {
        return Ok(LogItem::End);
    }
    let head = window.bytes(position, 8)?;
    if let Some(head) = head.first_chunk::<8>() {
        let (words, _) = head.as_chunks::<4>();
        if u32::from_be_bytes(words[1]) == BLANK_MAGIC {
            return Ok(LogItem::Blank(i32::from_be_bytes(words[0])));
        }
        if *head == [0; 8] {
            return Ok(LogItem::Unwritten);
        }
    }
    let opening = match Opening::of(head, left) {
        Ok(opening) => opening,
        Err(error) => return Ok(LogItem::Damaged(error)),
    };
    if u64::from(opening.size) > AT_ONCE
        && let Some(error) = check_lengths(window, position, opening)?
    {
        return Ok(LogItem::Damaged(error));
    }
    let bytes = window.bytes(position, opening.size as usize)?;
    Ok(match Record::decode(bytes) {
        Ok(record) => LogItem::Record(record),
        Err(error) => LogItem::Damaged(error),
    })
}

fn check_lengths(window: &Window<'_>, position: u64, opening: Opening) -> io::Result<Option<RecordError>> {
    let failed = std::cell::Cell::new(None);
    let lengths = Lengths::of(opening.version, opening.size, |at, out| match window.peek(position + at as u64, out) {
        Ok(found) => found,
        Err(error) => {
            failed.set(Some(error));
            None
        }
    });
    match failed.into_inner() {
        Some(error) => Err(error),
        None => Ok(lengths.err()),
    }
}

/// The first byte from `position` on that is not zero.
///
/// # Errors
/// If the file cannot be read.
pub fn first_data(window: &mut Window<'_>, position: u64) -> io::Result<Option<u64>> {
    const STEP: usize = 256 << 10;
    const BLOCK: usize = 128;
    let mut at = position;
    while at < window.len() {
        let bytes = window.bytes(at, STEP)?;
        if bytes.is_empty() {
            break;
        }
        // Most of a last file is zeros: whole blocks are looked at together.
        let (blocks, _) = bytes.as_chunks::<BLOCK>();
        let zeros = blocks.iter().take_while(|block| block.iter().fold(0, |all, byte| all | byte) == 0).count() * BLOCK;
        if let Some(found) = bytes[zeros..].iter().position(|&byte| byte != 0) {
            return Ok(Some(at + (zeros + found) as u64));
        }
        at += bytes.len() as u64;
    }
    Ok(None)
}
