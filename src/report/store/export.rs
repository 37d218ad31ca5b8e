//! One folder per broker with `commitlog/`, `consumequeue/`, `index/`, `checkpoint`, `abort` and `config/`.

use std::fs;
use std::path::{Path, PathBuf};

use super::configs;
use super::records::Maker;
use crate::run::image::{BrokerImage, StoreImage};
use crate::scenario::plan::Plan;
use crate::store::delay::DelayLevels;
use crate::store::disk::error::StoreError;
use crate::store::disk::writer::{Ending, StoreSizes, StoreWriter};
use crate::store::ids::BrokerIx;

/// What a broker's folder holds.
const PARTS: [&str; 6] = ["commitlog", "consumequeue", "index", "checkpoint", "abort", "config"];

/// Why a store could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store itself.
    #[error("broker {broker}: {error}")]
    Store {
        /// Whose.
        broker: String,
        /// What is wrong.
        error: StoreError,
    },
    /// There is a store already.
    #[error("{path} exists: there is a store already")]
    Taken {
        /// A part of it.
        path: PathBuf,
    },
    /// A folder or a configuration file.
    #[error("cannot write {path}: {error}")]
    File {
        /// Where.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

/// File sizes that replace those of the brokers' settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// `mappedFileSizeCommitLog`, bytes.
    pub commit_log: Option<u64>,
    /// `mappedFileSizeConsumeQueue`, bytes.
    pub consume_queue: Option<u64>,
    /// `maxHashSlotNum`; `maxIndexNum` is four times that, as in RocketMQ.
    pub index_slots: Option<u32>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The broker's folder.
    pub folder: PathBuf,
    /// Records in its log.
    pub records: u64,
    /// Bytes of its log.
    pub log_bytes: u64,
}

/// Writes the store of each broker to `root/<brokerName>`. The log is laid out anew with the properties that RocketMQ would
/// write, so positions in it are those of this log and not those of the run.
///
/// # Errors
/// A folder that holds a store already, sizes no broker can run with, or what the file system refuses.
pub fn export(plan: &Plan, image: &StoreImage, root: &Path, sizes: Sizes) -> Result<Vec<Exported>, ExportError> {
    check_folders(plan, root)?;
    let brokers = image.brokers.iter().enumerate();
    let written: Result<Vec<Exported>, ExportError> =
        brokers.map(|(index, broker)| one(plan, image, BrokerIx::new(index), broker, root, sizes)).collect();
    if written.is_err() {
        // A half-written store must not stand in the way of the next attempt; nothing else was in these folders.
        for broker in &plan.brokers {
            for part in PARTS {
                let path = root.join(&broker.name).join(part);
                let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            }
        }
    }
    written
}

/// Says whether stores can be written below `root`: no broker's folder holds one already.
///
/// # Errors
/// A folder with a store.
pub fn check_folders(plan: &Plan, root: &Path) -> Result<(), ExportError> {
    let paths = plan.brokers.iter().flat_map(|broker| PARTS.map(|part| root.join(&broker.name).join(part)));
    match paths.into_iter().find(|path| path.exists()) {
        Some(path) => Err(ExportError::Taken { path }),
        None => Ok(()),
    }
}

fn one(
    plan: &Plan,
    image: &StoreImage,
    me: BrokerIx,
    broker: &BrokerImage,
    root: &Path,
    sizes: Sizes,
) -> Result<Exported, ExportError> {
    let settings = &plan.brokers[me.at()];
    let folder = root.join(&settings.name);
    let wrong = |error| ExportError::Store { broker: settings.name.clone(), error };
    let levels = DelayLevels::of(&settings.config.message_delay_level);
    let mut files = StoreSizes {
        commit_log_file_size: sizes.commit_log.unwrap_or(settings.config.mapped_file_size_commit_log),
        consume_queue_file_size: sizes.consume_queue.unwrap_or(settings.config.consume_queue_file_entries * 20),
        ..StoreSizes::default()
    };
    if let Some(slots) = sizes.index_slots {
        files.index.hash_slots = slots;
        files.index.entries = slots.saturating_mul(4);
    }
    let mut writer = StoreWriter::create(&folder, files, levels, 0).map_err(wrong)?;
    let mut maker = Maker::new(plan, &image.catalog, me);
    for record in &broker.records {
        maker.write(record, &mut writer).map_err(wrong)?;
    }
    let written = writer.finish(Ending { killed: image.alive, checkpoint: None }).map_err(wrong)?;
    let config = folder.join("config");
    fs::create_dir_all(&config).map_err(|error| ExportError::File { path: config.clone(), error })?;
    for (name, text) in configs::files(plan, broker) {
        let path = config.join(name);
        fs::write(&path, text).map_err(|error| ExportError::File { path, error })?;
    }
    Ok(Exported { folder, records: written.records, log_bytes: written.log_end })
}
