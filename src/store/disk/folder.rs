//! A store's files in a folder of the file system.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::source::{DirEntry, ReadAt, StoreSource};

/// The folder that a broker calls `storePathRootDir`.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The store in `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, path: &str) -> PathBuf {
        path.split('/').fold(self.root.clone(), |path, part| path.join(part))
    }
}

/// A file that is sought before each read.
pub struct SeekFile(RefCell<File>);

impl SeekFile {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// As [`File::open`]; a directory is refused.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::other("is a directory"));
        }
        Ok(Self(RefCell::new(file)))
    }
}

impl ReadAt for SeekFile {
    fn file_len(&self) -> io::Result<u64> {
        Ok(self.0.borrow().metadata()?.len())
    }

    fn read_at(&self, position: u64, out: &mut [u8]) -> io::Result<usize> {
        let mut file = self.0.borrow_mut();
        file.seek(SeekFrom::Start(position))?;
        let mut done = 0;
        while done < out.len() {
            match file.read(&mut out[done..]) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

impl StoreSource for Folder {
    fn list(&self, dir: &str) -> io::Result<Vec<DirEntry>> {
        let entries = match fs::read_dir(self.path(dir)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut list = Vec::new();
        for entry in entries {
            let entry = entry?;
            let is_dir = fs::metadata(entry.path())?.is_dir();
            // A name that is not Unicode is none that RocketMQ gives.
            if let Ok(name) = entry.file_name().into_string() {
                list.push(DirEntry { name, is_dir });
            }
        }
        list.sort();
        Ok(list)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn ReadAt + '_>> {
        Ok(Box::new(SeekFile::open(&self.path(path))?))
    }

    fn exists(&self, path: &str) -> bool {
        self.path(path).is_file()
    }
}
