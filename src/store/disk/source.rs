//! Where the files of a store come from: a folder, or memory.

use std::io;

/// A file that is read at positions.
pub trait ReadAt {
    /// Bytes of the file.
    ///
    /// # Errors
    /// If the file cannot be looked at.
    fn file_len(&self) -> io::Result<u64>;

    /// Fills `out` from `position` on and says how many bytes there were; fewer only at the file's end.
    ///
    /// # Errors
    /// If the file cannot be read.
    fn read_at(&self, position: u64, out: &mut [u8]) -> io::Result<usize>;
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The name without its directory.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// The files of one store. Paths are relative to its root, with `/`.
pub trait StoreSource {
    /// The entries of a directory in the order of their names; none if it does not exist.
    ///
    /// # Errors
    /// If it cannot be read.
    fn list(&self, dir: &str) -> io::Result<Vec<DirEntry>>;

    /// Opens a file.
    ///
    /// # Errors
    /// If it does not exist or cannot be opened.
    fn open(&self, path: &str) -> io::Result<Box<dyn ReadAt + '_>>;

    /// Whether a file exists.
    fn exists(&self, path: &str) -> bool;
}

/// Reads a file forward through a buffer of bounded size.
pub struct Window<'a> {
    file: Box<dyn ReadAt + 'a>,
    len: u64,
    start: u64,
    buffer: Vec<u8>,
}

/// Bytes read at once.
const READ: usize = 256 << 10;

impl<'a> Window<'a> {
    /// A window at the start of a file.
    ///
    /// # Errors
    /// If the file cannot be looked at.
    pub fn new(file: Box<dyn ReadAt + 'a>) -> io::Result<Self> {
        let len = file.file_len()?;
        Ok(Self { file, len, start: 0, buffer: Vec::new() })
    }

    /// Bytes of the file when it was opened.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether the file has no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Up to `want` bytes from `position` on; fewer only at the file's end. Holds `want` bytes or a fixed number,
    /// whichever is more: the caller makes sure of `want`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn bytes(&mut self, position: u64, want: usize) -> io::Result<&[u8]> {
        let want = want.min(usize::try_from(self.len.saturating_sub(position)).unwrap_or(usize::MAX));
        let held =
            position.checked_sub(self.start).map_or(usize::MAX, |skip| usize::try_from(skip).unwrap_or(usize::MAX));
        let covered = held.checked_add(want).is_some_and(|end| end <= self.buffer.len());
        if !covered {
            self.buffer.resize(want.max(READ), 0);
            let read = self.file.read_at(position, &mut self.buffer)?;
            self.buffer.truncate(read);
            self.start = position;
        }
        let at = (position - self.start) as usize;
        let end = (at + want).min(self.buffer.len());
        Ok(&self.buffer[at.min(end)..end])
    }

    /// Fills `out` from `position` on without moving the window; `None` at the file's end.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn peek(&self, position: u64, out: &mut [u8]) -> io::Result<Option<()>> {
        Ok((self.file.read_at(position, out)? == out.len()).then_some(()))
    }
}
