//! Lists the index headers and the checkpoint.

use super::super::checkpoint::Checkpoint;
use super::super::error::{StoreError, StoreErrorKind};
use super::super::index_file::{INDEX_ENTRY_LEN, INDEX_HEADER_LEN, IndexHeader};
use super::super::source::StoreSource;
use super::{DecodeError, Listed, Place, Sink};

/// Lists the headers of the index files, oldest first.
///
/// # Errors
/// The first damage, after everything before it was listed.
pub fn decode_index(source: &dyn StoreSource, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let entries = source.list("index").map_err(|error| StoreError::new("index", 0, error))?;
    for entry in entries.into_iter().filter(|entry| !entry.is_dir) {
        let path = format!("index/{}", entry.name);
        let damage = |position: u64, kind: StoreErrorKind| StoreError::new(path.as_str(), position, kind);
        let file = source.open(&path).map_err(|error| damage(0, error.into()))?;
        let file_len = file.file_len().map_err(|error| damage(0, error.into()))?;
        let mut bytes = [0; INDEX_HEADER_LEN];
        let read = file.read_at(0, &mut bytes).map_err(|error| damage(0, error.into()))?;
        if read < INDEX_HEADER_LEN {
            let kind = StoreErrorKind::IllegalIndexHeader(format!("{read} of {INDEX_HEADER_LEN} bytes"));
            return Err(damage(file_len, kind).into());
        }
        let header = IndexHeader::decode(&bytes);
        if let Some((position, reason)) = implausible(&header, file_len) {
            return Err(damage(position, StoreErrorKind::IllegalIndexHeader(reason)).into());
        }
        sink(Place { file: &path, position: 0 }, Listed::Index { file_len, header })?;
    }
    Ok(())
}

/// What no broker would have written, and where in the header.
fn implausible(header: &IndexHeader, file_len: u64) -> Option<(u64, String)> {
    let most = (file_len - INDEX_HEADER_LEN as u64) / INDEX_ENTRY_LEN as u64;
    let IndexHeader { begin_physical_offset: begin, end_physical_offset: end, index_count, hash_slot_count, .. } =
        *header;
    if begin < 0 || end < begin {
        return Some((16, format!("physical offsets from {begin} to {end}")));
    }
    if u64::try_from(index_count).map_or(true, |count| count > most) {
        return Some((36, format!("a count of {index_count}, but there is room for {most} entries")));
    }
    if hash_slot_count < 0 || hash_slot_count > index_count {
        return Some((32, format!("{hash_slot_count} used slots with a count of {index_count}")));
    }
    None
}

/// Lists the checkpoint, if there is one.
///
/// # Errors
/// If it is too short.
pub fn decode_checkpoint(source: &dyn StoreSource, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    const FILE: &str = "checkpoint";
    if !source.exists(FILE) {
        return Ok(());
    }
    let mut bytes = [0; 24];
    let file = source.open(FILE).map_err(|error| StoreError::new(FILE, 0, error))?;
    let read = file.read_at(0, &mut bytes).map_err(|error| StoreError::new(FILE, 0, error))?;
    if read < bytes.len() {
        let kind = StoreErrorKind::FileLength { actual: read as u64, expected: 4096 };
        return Err(StoreError::new(FILE, read as u64, kind).into());
    }
    sink(Place { file: FILE, position: 0 }, Listed::Checkpoint(Checkpoint::decode(&bytes)))?;
    Ok(())
}
