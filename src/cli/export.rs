//! `run --export-store`: the brokers' stores as files.

use std::io::Write;
use std::path::Path;

use super::args::RunArgs;
use super::error::CliError;
use super::report_adapter;
use super::terminal::Terminal;
use crate::kernel::time::SimTime;
use crate::report::store::{ExportError, Sizes, check_folders, export};
use crate::run::ImageAt;
use crate::run::outcome::Outcome;
use crate::scenario::Scenario;

/// Runs the scenario and writes the stores.
pub(super) fn run(
    args: &RunArgs,
    scenario: &Scenario,
    terminal: &mut Terminal,
    watched: bool,
) -> Result<Outcome, CliError> {
    let options = &args.export;
    let root = options.export_store.as_deref().unwrap_or(Path::new("store"));
    if args.verify {
        return Err(CliError::Input {
            message: "--verify and --export-store do not go together".to_owned(),
            help: Some("verify in a run of its own: an export changes nothing of the result".to_owned()),
        });
    }
    let when = match options.export_at {
        None => ImageAt::End,
        Some(at) if at < scenario.plan.duration => ImageAt::Time(SimTime::ZERO + at),
        Some(at) => {
            return Err(CliError::Input {
                message: format!("--export-at {at} is not before the end of the run at {}", scenario.plan.duration),
                help: Some("leave it out for the stores at the end".to_owned()),
            });
        }
    };
    let refused = |error: ExportError| CliError::Input {
        message: error.to_string(),
        help: matches!(error, ExportError::Taken { .. }).then(|| "give another folder, or remove the store".to_owned()),
    };
    check_folders(&scenario.plan, root).map_err(refused)?;
    let (outcome, image) = report_adapter::simulate_with_stores(&scenario.plan, args.trace.is_some(), watched, when)?;
    let sizes = Sizes {
        commit_log: options.export_log_size,
        consume_queue: options.export_queue_size,
        index_slots: options.export_index_slots,
    };
    let exported = export(&outcome.plan, &image, root, sizes).map_err(refused)?;
    if !args.quiet {
        for store in exported {
            let (folder, records, bytes) = (store.folder.display(), store.records, store.log_bytes);
            writeln!(terminal.err, "Store: {folder} ({records} records, {bytes} bytes of log)")?;
        }
    }
    Ok(outcome)
}
