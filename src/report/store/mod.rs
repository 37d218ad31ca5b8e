//! The brokers' stores as files: what the real brokers would leave on their disks.

mod configs;
mod export;
mod records;

pub use export::{ExportError, Exported, Sizes, check_folders, export};
