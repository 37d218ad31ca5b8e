//! `rocketmq-sim run`: simulate, print, write the report.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::allocate::OutputFormat;
use super::args::RunArgs;
use super::error::CliError;
use super::exit::Exit;
use super::terminal::Terminal;
use super::{export, files, folder, report_adapter};

pub(super) fn run(args: &RunArgs, terminal: &mut Terminal) -> Result<Exit, CliError> {
    let scenario = files::scenario(&args.file, &args.overrides.overrides())?;
    let target = (!args.no_report).then(|| report_folder(args, &scenario.plan.name));
    if let Some(target) = &target {
        folder::may_replace(target)?;
    }
    let watched = terminal.watched && !args.quiet;
    let exported = args.export.export_store.is_some();
    let outcome = if exported {
        export::run(args, &scenario, terminal, watched)?
    } else {
        report_adapter::simulate(&scenario.plan, args.trace.is_some(), args.verify, watched)?
    };
    if let Some(target) = &target {
        folder::replace(target, &report_adapter::files(&outcome, &scenario))?;
    }
    let failed: Vec<_> = outcome.expectations.iter().filter(|expectation| !expectation.passed).collect();
    match (args.format, args.quiet) {
        (OutputFormat::Json, _) => terminal.out.write_all(&report_adapter::summary(&outcome))?,
        (OutputFormat::Text, false) => {
            terminal.out.write_all(report_adapter::text(&outcome, terminal.colour).as_bytes())?;
            if args.verify {
                writeln!(terminal.out, "Verified: a second run gave the same digest {:016x}.", outcome.digest)?;
            }
            if let Some(target) = &target {
                writeln!(terminal.out, "Report: {}", shown(target).display())?;
            }
        }
        (OutputFormat::Text, true) => {
            for expectation in &failed {
                writeln!(
                    terminal.err,
                    "FAILED at {}: {}; expected {}, got {}",
                    expectation.at, expectation.label, expectation.expected, expectation.got
                )?;
            }
        }
    }
    Ok(if failed.is_empty() { Exit::Fine } else { Exit::Failed })
}

fn report_folder(args: &RunArgs, name: &str) -> PathBuf {
    args.out.clone().unwrap_or_else(|| Path::new("reports").join(name))
}

/// The page that people open.
fn shown(target: &Path) -> PathBuf {
    let page = target.join("index.html");
    if page.is_file() { page } else { target.to_owned() }
}
