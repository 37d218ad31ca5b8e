//! `rocketmq-sim test`: run scenarios and check their expectations.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::allocate::OutputFormat;
use super::args::TestArgs;
use super::error::CliError;
use super::exit::Exit;
use super::terminal::Terminal;
use super::{files, report_adapter};
use crate::report::junit::junit;
use crate::run::outcome::Outcome;
use crate::scenario::Overrides;

/// What became of one file.
struct Tested {
    file: PathBuf,
    result: Result<Outcome, CliError>,
}

pub(super) fn run(args: &TestArgs, terminal: &mut Terminal) -> Result<Exit, CliError> {
    let paths = files::all(&args.paths)?;
    let overrides = args.overrides.overrides();
    // Runs are independent of each other, and results come back in the order of the files.
    let tested: Vec<Tested> =
        paths.into_par_iter().map(|file| Tested { result: one(&file, &overrides, args.verify), file }).collect();
    if let Some(path) = &args.junit {
        let results: Vec<(String, Result<&Outcome, String>)> = tested
            .iter()
            .map(|t| (t.file.display().to_string(), t.result.as_ref().map_err(CliError::one_line)))
            .collect();
        fs::write(path, junit(&results)).map_err(|error| CliError::io("write", path, &error))?;
    }
    match args.format {
        OutputFormat::Text => text(&tested, args.quiet, terminal)?,
        OutputFormat::Json => {
            let files: Vec<Value> = tested.iter().map(as_json).collect();
            let (passed, failed, broken) = tally(&tested);
            let all = json!({"passed": passed, "failed": failed, "broken": broken, "files": files});
            writeln!(terminal.out, "{all:#}")?;
        }
    }
    let failed = tally(&tested).1 > 0;
    let mut exit = if failed { Exit::Failed } else { Exit::Fine };
    for error in tested.into_iter().filter_map(|tested| tested.result.err()) {
        exit = exit.max(error.exit());
        terminal.out.flush()?;
        terminal.diagnose(error.into_report());
    }
    Ok(exit)
}

fn one(file: &Path, overrides: &Overrides, verify: bool) -> Result<Outcome, CliError> {
    let scenario = files::scenario(file, overrides)?;
    report_adapter::simulate(&scenario.plan, false, verify, false)
}

/// Expectations that held, that failed, and files that could not be run.
fn tally(tested: &[Tested]) -> (usize, usize, usize) {
    let ran = || tested.iter().filter_map(|tested| tested.result.as_ref().ok());
    let all = || ran().flat_map(|ran| &ran.expectations);
    let passed = all().filter(|expectation| expectation.passed).count();
    (passed, all().count() - passed, tested.len() - ran().count())
}

fn text(tested: &[Tested], quiet: bool, terminal: &mut Terminal) -> Result<(), CliError> {
    let (green, red, off) = if terminal.colour { ("\x1b[32m", "\x1b[1;31m", "\x1b[0m") } else { ("", "", "") };
    for Tested { file, result } in tested {
        let Ok(ran) = result else {
            writeln!(terminal.out, "{}\n  {red}cannot be run{off}", file.display())?;
            continue;
        };
        if quiet && ran.expectations.iter().all(|expectation| expectation.passed) {
            continue;
        }
        writeln!(terminal.out, "{} ({})", file.display(), ran.plan.title)?;
        for e in &ran.expectations {
            if e.passed && !quiet {
                writeln!(terminal.out, "  {green}ok{off}     at {}: {}; got {}", e.at, e.label, e.got)?;
            } else if !e.passed {
                writeln!(
                    terminal.out,
                    "  {red}FAILED{off} at {}: {}; expected {}, got {}",
                    e.at, e.label, e.expected, e.got
                )?;
            }
        }
        if ran.expectations.is_empty() {
            writeln!(terminal.out, "  expects nothing")?;
        }
    }
    let (passed, failed, broken) = tally(tested);
    if broken > 0 {
        writeln!(terminal.out, "{broken} of {} files cannot be run", tested.len())?;
    }
    writeln!(terminal.out, "{passed} passed, {failed} failed")?;
    Ok(())
}

fn as_json(tested: &Tested) -> Value {
    let file = tested.file.display().to_string();
    match &tested.result {
        Err(error) => json!({"file": file, "error": error.one_line()}),
        Ok(ran) => {
            let expectations: Vec<Value> = ran
                .expectations
                .iter()
                .map(|e| {
                    json!({
                        "label": e.label,
                        "at_ns": e.at.as_nanos(),
                        "passed": e.passed,
                        "expected": e.expected,
                        "got": e.got,
                    })
                })
                .collect();
            let digest = format!("{:016x}", ran.digest);
            json!({"file": file, "scenario": ran.plan.name, "digest": digest, "expectations": expectations})
        }
    }
}
