//! A store's files in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::source::{DirEntry, ReadAt, StoreSource};

/// Files by their path below the store's root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryFiles(pub BTreeMap<String, Vec<u8>>);

impl ReadAt for &[u8] {
    fn file_len(&self) -> io::Result<u64> {
        Ok(<[u8]>::len(self) as u64)
    }

    fn read_at(&self, position: u64, out: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(position).unwrap_or(usize::MAX).min(<[u8]>::len(self));
        let len = out.len().min(<[u8]>::len(self) - from);
        out[..len].copy_from_slice(&self[from..from + len]);
        Ok(len)
    }
}

impl StoreSource for MemoryFiles {
    fn list(&self, dir: &str) -> io::Result<Vec<DirEntry>> {
        let prefix = format!("{dir}/");
        let below = self.0.keys().filter_map(|path| path.strip_prefix(&prefix));
        let entries = below.map(|rest| match rest.split_once('/') {
            Some((name, _)) => DirEntry { name: name.to_owned(), is_dir: true },
            None => DirEntry { name: rest.to_owned(), is_dir: false },
        });
        Ok(entries.collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn ReadAt + '_>> {
        match self.0.get(path) {
            Some(bytes) => Ok(Box::new(bytes.as_slice())),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    fn exists(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }
}
