//! Files of a fixed length that are written in parts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::super::error::StoreError;

/// A failed operation on a file.
pub(super) fn io_error(path: &Path, error: io::Error) -> StoreError {
    StoreError::new(path.display().to_string(), 0, error)
}

/// Creates a file of zeros with its folder.
pub(super) fn create_full(path: &Path, len: u64) -> Result<File, StoreError> {
    let create = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.set_len(len)?;
        Ok(file)
    };
    create().map_err(|error| io_error(path, error))
}

/// Writes into a file at a position.
pub(super) fn write_at(file: &mut File, path: &Path, position: u64, bytes: &[u8]) -> Result<(), StoreError> {
    let written = file.seek(SeekFrom::Start(position)).and_then(|_| file.write_all(bytes));
    written.map_err(|error| io_error(path, error))
}

/// Opens a file made by [`create_full`] again.
pub(super) fn reopen(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new().write(true).open(path).map_err(|error| io_error(path, error))
}
