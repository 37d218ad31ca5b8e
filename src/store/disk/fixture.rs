//! A small store for tests.

use std::fs;
use std::path::Path;

use super::host::Host;
use super::index_file::IndexSizes;
use super::memory::MemoryFiles;
use super::recover::RecoverConfig;
use super::writer::{Body, Ending, RecordFacts, StoreSizes, StoreWriter};
use crate::store::delay::DelayLevels;

pub(super) const SIZES: StoreSizes = StoreSizes {
    commit_log_file_size: 1024,
    consume_queue_file_size: 60,
    index: IndexSizes { hash_slots: 4, entries: 8 },
};

pub(super) const FACTS: RecordFacts<'static> = RecordFacts {
    topic: "T",
    queue_id: 0,
    queue_offset: 0,
    flag: 0,
    sys_flag: 0,
    born_timestamp: 1_700_000_000_000,
    born_host: Host::v4([10, 0, 0, 1], 50_000),
    store_timestamp: 1_700_000_000_000,
    store_host: Host::v4([10, 1, 2, 3], 10_911),
    reconsume_times: 0,
    prepared_transaction_offset: 0,
    properties: "TAGS\u{1}a\u{2}KEYS\u{1}k1 k2",
    body: Body::Filled { seed: 1, len: 51 },
};

pub(super) fn config() -> RecoverConfig {
    RecoverConfig {
        commit_log_file_size: SIZES.commit_log_file_size,
        consume_queue_file_size: SIZES.consume_queue_file_size,
        index: SIZES.index,
        ..RecoverConfig::default()
    }
}

/// 20 records of 160 bytes, 6 a file, turn about in queues 0 and 1, a second apart.
pub(super) fn store(ending: Ending) -> MemoryFiles {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let mut writer = StoreWriter::create(&root, SIZES, DelayLevels::default(), 0).unwrap();
    for number in 0..20_u64 {
        let store_timestamp = FACTS.store_timestamp + 1000 * number.cast_signed();
        let queue_id = (number % 2) as i32;
        let facts = RecordFacts { queue_id, queue_offset: number / 2, store_timestamp, ..FACTS };
        writer.append(&facts).unwrap();
    }
    writer.finish(ending).unwrap();
    files(&root)
}

/// All files below a folder.
pub(super) fn files(root: &Path) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    collect(root, "", &mut files);
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut MemoryFiles) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else {
            files.0.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}
