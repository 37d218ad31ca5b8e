//! The command line of `store`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::store::delay::DEFAULT_MESSAGE_DELAY_LEVEL;

/// Options of `store`.
#[derive(Debug, Args)]
pub(in crate::cli) struct StoreArgs {
    #[command(subcommand)]
    pub(super) command: StoreCommand,
}

/// What to do with a store.
#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// List what a broker's store directory holds, as JSON lines
    Decode(DecodeArgs),
}

/// Options of `store decode`.
#[derive(Debug, Args)]
pub(super) struct DecodeArgs {
    /// A broker's store directory (storePathRootDir)
    #[arg(value_name = "DIR", required_unless_present_any = ["commitlog", "consumequeue"])]
    pub(super) dir: Option<PathBuf>,
    /// A single commit log file, or the used beginning of one
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    pub(super) commitlog: Vec<PathBuf>,
    /// A single consume queue file, or the used beginning of one
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    pub(super) consumequeue: Vec<PathBuf>,
    /// List only these parts
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',', conflicts_with_all = ["commitlog", "consumequeue"])]
    pub(super) only: Vec<Part>,
    /// Write the bodies too, in hexadecimal
    #[arg(long)]
    pub(super) bodies: bool,
    /// The broker's delay levels, for the tags codes of delayed messages
    #[arg(long, value_name = "LEVELS", default_value = DEFAULT_MESSAGE_DELAY_LEVEL)]
    pub(super) message_delay_level: String,
}

/// A part of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Records of the commit log
    Log,
    /// Entries of the consume queues
    Queues,
    /// Headers of the index files
    Index,
    /// The checkpoint, and whether the broker was killed
    Checkpoint,
    /// Files of the configuration
    Config,
    /// Where log and queues begin and end when a broker opens the store
    Bounds,
}
